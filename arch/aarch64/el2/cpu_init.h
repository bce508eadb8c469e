/*
 * One pCPU's EL2 state at start, for boot/ only; what each register holds, and
 * why, is in cpu_init.c. Stage 1 of EL2 is on by then (start.S). Arm ARM DDI
 * 0487, "Reset behavior": EL2's control registers are UNKNOWN until written.
 */
#ifndef PLINTH_ARCH_EL2_CPU_INIT_H
#define PLINTH_ARCH_EL2_CPU_INIT_H

#include <base/bits.h>

/* Aff3..Aff0 of MPIDR_EL1. */
#define MPIDR_AFFINITY (GENMASK(39, 32) | GENMASK(23, 0))

/* Writes every EL2 control register of this pCPU. MMU on or off. */
void cpu_init_el2(void);

/* Affinity of this pCPU. */
uint64_t cpu_mpidr(void);

#endif
