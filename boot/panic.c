/*
 * A broken invariant of Plinth: what broke, registers, a backtrace, the last
 * exits, what the other pCPUs did, what was not sent yet, then the end of the
 * machine with the panic status. Runs on a pCPU's panic stack after an
 * exception, on the current one after a failed assertion. Takes no lock.
 * docs/design/04-exceptions.md describes the report, boot/exit_record.h the
 * end.
 */
#include <port/this_cpu.h>
#include <stdarg.h>

#include <base/fmt.h>
#include <base/panic.h>

#include <arch/aarch64/el2/sysreg.h>

#include "crash_report.h"
#include "exit_record.h"
#include "panic_stop.h"

/* Built by panic_entry in el2/vectors.S. */
struct panic_regs {
	uint64_t x[31], sp, pc, pstate, esr, far;
};

void panic_exception(const struct panic_regs *r, uint64_t slot);

static const char *const slot_name[] = {
	"synchronous, SP_EL0", "IRQ, SP_EL0", "FIQ, SP_EL0", "SError, SP_EL0",
	"synchronous",         "IRQ",         "FIQ",         "SError",
};

/* The pCPU that reports: its struct cpu, or 0, each with bit 0 set; before
 * there are records there is one pCPU. */
static uint64_t reporter;
static unsigned nested; /* how often the reporter itself panicked */

/* The report has failed: one line, if that can be, and the end. */
static NORETURN void give_up(uint64_t pc)
{
	unsigned before = nested++;

	if (before == 0) {
		report_say("%s", ""); /* the line may be cut off */
		report_say("plinth: panic: panic while reporting a panic");
		report_address("at", pc, false);
	}
	if (before <= 1)
		machine_end(END_PANIC, NULL, "panic while reporting a panic");
	for (;;)
		__asm__ volatile("wfi");
}

/* One pCPU reports, and stops the others; one that panics meanwhile waits. */
static void become_reporter(uint64_t pc)
{
	struct cpu *c = this_cpu();
	uint64_t self = (uint64_t)(uintptr_t)c | 1, none = 0;

	if (!__atomic_compare_exchange_n(&reporter, &none, self, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (none == self)
			give_up(pc);
		panic_stop_too(pc);
	}
	panic_stop_others(c);
	if (c && c->hyp)
		console_panic_begin(&c->hyp->console);
}

static NORETURN void finish(const char *reason)
{
	report_exits();
	panic_stop_wait(this_cpu());
	report_cpus();
	report_unsent();
	machine_end(END_PANIC, NULL, reason);
}

void panic_exception(const struct panic_regs *r, uint64_t slot)
{
	become_reporter(r->pc);
	report_say("plinth: panic: exception at EL2: %s", slot_name[slot & 7]);
	report_where();
	report_say("  esr %016lx far %016lx pc %016lx pstate %016lx", r->esr,
		   r->far, r->pc, r->pstate);
	for (unsigned i = 0; i < 30; i += 3)
		report_say("  x%-2u %016lx x%-2u %016lx x%-2u %016lx", i,
			   r->x[i], i + 1, r->x[i + 1], i + 2, r->x[i + 2]);
	report_say("  x30 %016lx sp  %016lx", r->x[30], r->sp);
	report_address("at", r->pc, false);
	report_address("lr", r->x[30], true);
	report_backtrace(r->x[29]);
	finish("exception at EL2");
}

void panic(const char *fmt, ...)
{
	char line[FMT_LINE_MAX];
	va_list ap;

	become_reporter((uint64_t)(uintptr_t)__builtin_return_address(0) - 4);
	va_start(ap, fmt);
	(void)fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	report_say("plinth: panic: %s", line);
	report_where();
	report_say("  last exit: esr %016lx far %016lx pc %016lx pstate %016lx",
		   read_esr_el2(), read_far_el2(), read_elr_el2(),
		   read_spsr_el2());
	report_backtrace((uint64_t)(uintptr_t)__builtin_frame_address(0));
	finish(line);
}

void assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}
