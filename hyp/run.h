/*
 * What a pCPU does when it is not in a guest: take its interrupts, look for a
 * vCPU that can run, sleep when there is none.
 * PSCI DEN 0022 for the states of a vCPU; docs/design/08-psci.md. No locks
 * held.
 */
#ifndef PLINTH_HYP_RUN_H
#define PLINTH_HYP_RUN_H

#include <hyp/vcpu.h>

/*
 * Finds the next vCPU for this pCPU, loads it when needed, and returns its
 * registers; sleeps until there is one. IRQs masked. Called at the bottom of
 * the EL2 stack: whatever the caller held is forgotten.
 */
struct vcpu_regs *run_next(struct cpu *c);

/* Acknowledges and handles the most urgent pending physical interrupt of this
 * pCPU, if there is one; others are taken at the next exit or wake-up. */
void run_irqs(struct cpu *c);

/* From run_next() on this pCPU: no vCPU is loaded on it. It is again when it
 * runs. */
void run_unload(struct cpu *c);

/*
 * Around something that takes long, from run_next() on this pCPU: its vCPUs
 * wait, or go on elsewhere.
 */
void run_work_begin(struct cpu *c);
void run_work_end(struct cpu *c);

#endif
