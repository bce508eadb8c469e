/*
 * The crash report: what broke, registers, a backtrace by frame pointers, then
 * the end of the machine with the panic status. Runs on a pCPU's panic stack
 * after an exception, on the current one after a failed assertion. Takes no
 * lock; pCPUs that panic meanwhile stop.
 */
#include <port/this_cpu.h>
#include <stdarg.h>

#include <base/fmt.h>
#include <base/panic.h>

#include <arch/aarch64/el2/sysreg.h>

#include "exit_record.h"

/* Built by panic_entry in el2/vectors.S. */
struct panic_regs {
	uint64_t x[31], sp, pc, pstate, esr, far;
};

void panic_exception(const struct panic_regs *r, uint64_t slot);

static const char *const slot_name[] = {
	"synchronous, SP_EL0", "IRQ, SP_EL0", "FIQ, SP_EL0", "SError, SP_EL0",
	"synchronous",         "IRQ",         "FIQ",         "SError",
};

static const struct cpu *panicking; /* the pCPU that reports */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	char line[FMT_LINE_MAX];
	const struct cpu *c = this_cpu();
	va_list ap;

	if (!c || !c->hyp)
		return;
	va_start(ap, fmt);
	(void)fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_panic_puts(&c->hyp->console, line);
	console_panic_puts(&c->hyp->console, "\r\n");
}

/* One pCPU reports. Others stop; a fault while reporting ends it at once. */
static void become_reporter(void)
{
	const struct cpu *none = NULL, *self = this_cpu();

	if (__atomic_compare_exchange_n(&panicking, &none, self, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		if (self && self->hyp)
			console_panic_begin(&self->hyp->console);
		return;
	}
	if (none == self)
		machine_end(END_PANIC, NULL, "panic while reporting a panic");
	for (;;)
		__asm__ volatile("wfe");
}

static void say_where(void)
{
	const struct cpu *c = this_cpu();
	const struct vcpu *v = c ? c->loaded : NULL;

	if (v) {
		say("  CPU %u, VM %s, vCPU %u", c->idx, v->vm->cfg->name,
		    v->idx);
	} else if (c) {
		say("  CPU %u, no vCPU", c->idx);
	}
}

/* Frame records: [fp] = caller's fp, [fp + 8] = return address. */
static void backtrace(uint64_t fp)
{
	for (int depth = 0; depth < 16 && fp && is_aligned(fp, 16); depth++) {
		const uint64_t *frame = (const uint64_t *)fp;

		say("  from %016lx", frame[1]);
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
}

void panic_exception(const struct panic_regs *r, uint64_t slot)
{
	become_reporter();
	say("plinth: panic: exception at EL2: %s", slot_name[slot & 7]);
	say_where();
	say("  esr %016lx far %016lx pc %016lx pstate %016lx", r->esr, r->far,
	    r->pc, r->pstate);
	for (unsigned i = 0; i < 30; i += 3)
		say("  x%-2u %016lx x%-2u %016lx x%-2u %016lx", i, r->x[i],
		    i + 1, r->x[i + 1], i + 2, r->x[i + 2]);
	say("  x30 %016lx sp  %016lx", r->x[30], r->sp);
	say("  at %016lx", r->pc);
	backtrace(r->x[29]);
	machine_end(END_PANIC, NULL, "exception at EL2");
}

void panic(const char *fmt, ...)
{
	char line[FMT_LINE_MAX];
	va_list ap;

	become_reporter();
	va_start(ap, fmt);
	(void)fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("plinth: panic: %s", line);
	say_where();
	say("  last exit: esr %016lx far %016lx pc %016lx pstate %016lx",
	    read_esr_el2(), read_far_el2(), read_elr_el2(), read_spsr_el2());
	backtrace((uint64_t)(uintptr_t)__builtin_frame_address(0));
	machine_end(END_PANIC, NULL, line);
}

void assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}
