/*
 * The record of the pCPU that runs this code: TPIDR_EL2 in the EL2 build, a
 * variable of the test in the host build's header of the same name. Set by the
 * pCPU's first C code. Arm ARM DDI 0487, TPIDR_EL2.
 */
#ifndef PLINTH_PORT_THIS_CPU_H
#define PLINTH_PORT_THIS_CPU_H

struct cpu;

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__("mrs %0, tpidr_el2" : "=r"(c));
	return c;
}

#endif
