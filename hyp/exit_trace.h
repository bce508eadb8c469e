/*
 * Reading of a pCPU's ring of last exits (struct cpu in <hyp/cpu.h>), newest
 * first, with the vCPU that each belongs to. For the crash report, so nothing
 * is believed that another pCPU, or the fault itself, may have spoilt: the ring
 * may be written meanwhile, and a vCPU is named only if there is one.
 * Plinth's own layout: docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_EXIT_TRACE_H
#define PLINTH_HYP_EXIT_TRACE_H

#include <hyp/hypervisor.h>

struct exit_trace {
	const struct cpu *cpu;
	const struct vcpu *vcpu;
	unsigned at;   /* the event that was looked at last */
	unsigned left; /* how many were not looked at */
};

struct exit_seen {
	uint64_t esr, pc;        /* as in struct cpu_exit; never CPU_EXIT_PUT */
	const struct vcpu *vcpu; /* NULL: not known */
};

/* Before the newest exit of that pCPU, which may go on writing. */
void exit_trace_begin(struct exit_trace *t, const struct cpu *c);

/* False: there are no more. */
bool exit_trace_next(struct exit_trace *t, struct exit_seen *seen);

/* The vCPU that is at this address, or NULL. */
const struct vcpu *exit_trace_vcpu(const struct hypervisor *h, uint64_t at);

/* A word for an exception class, VCPU_EXIT_IRQ and VCPU_EXIT_SERROR included;
 * NULL: it has none. */
const char *exit_class_name(unsigned class);

#endif
