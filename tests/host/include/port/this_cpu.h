/* The pCPU that a test, or a thread of it, plays (host build): a variable. */
#ifndef PLINTH_PORT_THIS_CPU_H
#define PLINTH_PORT_THIS_CPU_H

struct cpu;

extern _Thread_local struct cpu *fake_this_cpu;

static inline struct cpu *this_cpu(void)
{
	return fake_this_cpu;
}

#endif
