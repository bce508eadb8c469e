/*
 * What a payload knows about one vCPU. The boot CPU is number 0; the others
 * follow in device-tree order. start.S uses the first six members by offset.
 */
#ifndef PLINTH_GUEST_CPU_H
#define PLINTH_GUEST_CPU_H

#include "arm.h"

#define CPU_MAX        64
#define CPU_STACK_SIZE 16384

/* What the last expected exceptions looked like (see trap.h). */
struct trap_record {
	unsigned count;
	unsigned serrors;
	uint64_t esr, far, elr, spsr;
	uint64_t daif; /* in the handler */
};

struct cpu {
	uint64_t stack_top;
	/* The registers that CPU_ON left, before anything was changed. */
	uint64_t entry_daif, entry_sctlr, entry_el, entry_spsel;
	uint64_t entry_x0;

	unsigned idx;
	uint64_t mpidr;        /* affinity fields only */
	uint64_t gicr;         /* redistributor frame, set by gic_init_cpu() */
	void (*fn)(void *arg); /* what a secondary runs, then CPU_OFF */
	void *arg;
	volatile bool running;
	volatile bool expecting;
	volatile struct trap_record trap;
};

_Static_assert(offsetof(struct cpu, entry_x0) == 40, "start.S");

extern struct cpu cpus[CPU_MAX];

static inline struct cpu *this_cpu(void)
{
	return (struct cpu *)read_tpidr_el1();
}

#endif
