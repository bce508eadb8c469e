/*
 * One physical CPU. TPIDR_EL2 holds its address from the pCPU's first C code
 * on (<port/this_cpu.h>).
 */
#ifndef PLINTH_HYP_CPU_H
#define PLINTH_HYP_CPU_H

#include <base/types.h>

struct hypervisor;
struct vcpu;

struct cpu {
	/* Written before the pCPU starts; read by the vectors. */
	uint64_t stack_top;
	uint64_t panic_stack_top;

	/* Constant after boot. */
	struct hypervisor *hyp;
	uint64_t mpidr; /* affinity fields of MPIDR_EL1 */
	unsigned idx;

	/* The vCPU placed here; set once, before the pCPU first idles. */
	struct vcpu *home;

	/* Touched by this pCPU only, with IRQs masked. */
	struct vcpu *loaded; /* whose EL1 registers are in the hardware */

	bool online; /* release by the pCPU, acquire by the boot CPU */
};

#endif
