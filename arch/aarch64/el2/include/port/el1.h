/*
 * Registers of the loaded vCPU that live in the hardware (EL2 build): what
 * exception injection needs, and the fault registers of the present exit.
 * Arm ARM DDI 0487; HCR_EL2.E2H = 0, so the _EL1 names reach EL1's registers.
 */
#ifndef PLINTH_PORT_EL1_H
#define PLINTH_PORT_EL1_H

#include <base/types.h>

#define EL1_READ(name)                                                         \
	static inline uint64_t el1_read_##name(void)                           \
	{                                                                      \
		uint64_t v;                                                    \
		__asm__ volatile("mrs %0, " #name "_el1" : "=r"(v));           \
		return v;                                                      \
	}
#define EL1_WRITE(name)                                                        \
	static inline void el1_write_##name(uint64_t v)                        \
	{                                                                      \
		__asm__ volatile("msr " #name "_el1, %0" ::"r"(v) : "memory"); \
	}

EL1_READ(sctlr)
EL1_READ(vbar)
EL1_READ(elr)
EL1_READ(spsr)
EL1_READ(far)
EL1_WRITE(elr)
EL1_WRITE(spsr)
EL1_WRITE(esr)
EL1_WRITE(far)

#undef EL1_READ
#undef EL1_WRITE

/* FAR_EL2 of the present exit: the faulting virtual address. */
static inline uint64_t fault_far(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, far_el2" : "=r"(v));
	return v;
}

/*
 * HPFAR_EL2 of the present exit. Valid for stage-2 translation, access-flag
 * and address-size faults and for stage-1 walks; not for permission faults.
 */
static inline uint64_t fault_hpfar(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, hpfar_el2" : "=r"(v));
	return v;
}

/* CNTx_CTL_EL0: enabled, not masked, condition met. */
#define TIMER_CTL_MASK 7U
#define TIMER_CTL_FIRE 5U

/* Whether the loaded vCPU's virtual / physical timer asserts its interrupt. */
static inline bool el1_vtimer_asserts(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntv_ctl_el0" : "=r"(v));
	return (v & TIMER_CTL_MASK) == TIMER_CTL_FIRE;
}

static inline bool el1_ptimer_asserts(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntp_ctl_el0" : "=r"(v));
	return (v & TIMER_CTL_MASK) == TIMER_CTL_FIRE;
}

#endif
