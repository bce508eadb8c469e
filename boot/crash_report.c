/*
 * The parts of the crash report, one function a part; contract in
 * crash_report.h. The order is boot/panic.c's. docs/design/04-exceptions.md.
 */
#include "crash_report.h"

#include <port/this_cpu.h>
#include <stdarg.h>

#include <base/fmt.h>

#include <arch/aarch64/esr.h>

#include <hyp/backtrace.h>
#include <hyp/exit_trace.h>
#include <hyp/symbols.h>
#include <hyp/unsent.h>

#include "early.h"

#define BACKTRACE_MAX 32U
#define NAME_LEN      100U
#define VCPU_LEN      (VM_NAME_MAX + 24U)

void report_say(const char *fmt, ...)
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

/* "VM name, vCPU 1", or "no vCPU". */
static const char *vcpu_text(const struct vcpu *v, char *buf)
{
	if (!v)
		return "no vCPU";
	(void)fmt_line(buf, VCPU_LEN, "VM %s, vCPU %u", v->vm->cfg->name,
		       v->idx);
	return buf;
}

static const struct vcpu *loaded_on(const struct cpu *c)
{
	return exit_trace_vcpu(c->hyp, (uint64_t)(uintptr_t)c->loaded);
}

void report_where(void)
{
	const struct cpu *c = this_cpu();
	char text[VCPU_LEN];

	if (c)
		report_say("  CPU %u, %s", c->idx,
			   vcpu_text(loaded_on(c), text));
}

static const char *name_of(uint64_t insn, uint64_t pc, char *buf)
{
	uint64_t len = (uintptr_t)__symbols_end - (uintptr_t)__symbols_start;
	struct symbols s = symbols_open(__symbols_start, len,
					(uint64_t)(uintptr_t)__image_start);

	(void)symbol_print(&s, insn, pc, buf, NAME_LEN);
	return buf;
}

void report_address(const char *word, uint64_t pc, bool ret)
{
	char name[NAME_LEN];

	report_say("  %-4s %016lx %s", word, pc,
		   name_of(ret ? pc - 4 : pc, pc, name));
}

static struct stack_range below(uint64_t top, uint64_t size)
{
	return top ? (struct stack_range){top - size, top}
		   : (struct stack_range){0, 0};
}

/* The vectors have called: what x29 was there is the guest's. */
static bool is_exit(uint64_t ret)
{
	return ret - (uint64_t)(uintptr_t)el2_vectors <=
	       (uint64_t)(uintptr_t)vcpu_resume -
		       (uint64_t)(uintptr_t)el2_vectors;
}

void report_backtrace(uint64_t fp)
{
	const struct cpu *c = this_cpu();
	const struct stack_range stacks[] = {
		below(c ? c->stack_top : 0, CPU_STACK_SIZE),
		below(c ? c->panic_stack_top : 0, CPU_PANIC_STACK_SIZE),
		{(uint64_t)(uintptr_t)__boot_stack_bottom,
		 (uint64_t)(uintptr_t)__boot_stack_top},
	};
	struct backtrace b = {stacks, ARRAY_SIZE(stacks), fp};
	unsigned nr = 0;
	uint64_t ret;

	while (nr < BACKTRACE_MAX && backtrace_next(&b, &ret)) {
		report_address("from", ret, true);
		if (is_exit(ret))
			return;
		nr++;
	}
	if (nr == BACKTRACE_MAX)
		report_say("  and so on");
	else if (b.fp)
		report_say("  from a frame at %016lx: not in a stack", b.fp);
}

static const char *exit_name(uint64_t esr)
{
	const char *name = exit_class_name(esr_ec(esr));

	return name ? name : "other";
}

void report_exits(void)
{
	const struct cpu *c = this_cpu();
	struct exit_trace t;
	struct exit_seen seen;
	char text[VCPU_LEN];

	if (!c || !c->hyp)
		return;
	exit_trace_begin(&t, c);
	while (exit_trace_next(&t, &seen)) {
		report_say("  exit %s, esr %lx, guest pc %016lx, %s",
			   exit_name(seen.esr), seen.esr, seen.pc,
			   vcpu_text(seen.vcpu, text));
	}
}

/* What a pCPU that did not answer was about: all that is known from here. */
static void report_silent(const struct cpu *c)
{
	struct exit_trace t;
	struct exit_seen seen;
	char text[VCPU_LEN];

	exit_trace_begin(&t, c);
	if (exit_trace_next(&t, &seen)) {
		report_say("  CPU %u does not answer: %s, last exit %s, esr "
			   "%lx, guest pc %016lx",
			   c->idx, vcpu_text(seen.vcpu, text),
			   exit_name(seen.esr), seen.esr, seen.pc);
	} else {
		report_say("  CPU %u does not answer: %s, no exit so far",
			   c->idx, vcpu_text(loaded_on(c), text));
	}
}

static void report_stopped(const struct cpu *c)
{
	const struct vcpu *v = loaded_on(c);
	struct exit_trace t;
	struct exit_seen seen;
	char text[VCPU_LEN];

	exit_trace_begin(&t, c);
	if (c->asleep || !v || !exit_trace_next(&t, &seen)) {
		report_say("  CPU %u stopped: asleep, %s", c->idx,
			   vcpu_text(v, text));
	} else {
		report_say("  CPU %u stopped: %s, guest pc %016lx", c->idx,
			   vcpu_text(v, text), seen.pc);
	}
}

static void report_cpu(const struct cpu *c)
{
	char name[NAME_LEN], text[VCPU_LEN];

	switch (__atomic_load_n(&c->stopped, __ATOMIC_ACQUIRE)) {
	case CPU_STOP_ASKED:
		report_stopped(c);
		break;
	case CPU_STOP_PANIC:
		report_say("  CPU %u panicked, too: %s, at %016lx %s", c->idx,
			   vcpu_text(loaded_on(c), text), c->stop_pc,
			   name_of(c->stop_pc, c->stop_pc, name));
		break;
	default:
		if (__atomic_load_n(&c->online, __ATOMIC_ACQUIRE))
			report_silent(c);
		else
			report_say("  CPU %u is not online", c->idx);
	}
}

void report_cpus(void)
{
	const struct cpu *self = this_cpu();

	for (unsigned i = 0; self && i < self->hyp->nr_cpus; i++)
		if (&self->hyp->cpus[i] != self)
			report_cpu(&self->hyp->cpus[i]);
}

static void say_unsent(const char *line)
{
	report_say("  unsent: %s", line);
}

void report_unsent(void)
{
	const struct cpu *c = this_cpu();

	if (c && c->hyp)
		unsent_say(&c->hyp->console, c->hyp->mux, say_unsent);
}
