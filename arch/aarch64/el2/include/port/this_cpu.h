/* The record of the pCPU that runs this code (EL2 build): TPIDR_EL2. */
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
