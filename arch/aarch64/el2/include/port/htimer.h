/*
 * EL2's own timer of this pCPU (EL2 build): the physical one, CNTHP, which
 * compares with CNTPCT_EL0. Its interrupt is level sensitive and goes away
 * with htimer_off(). Arm ARM DDI 0487, CNTHP_CTL_EL2, CNTHP_CVAL_EL2.
 */
#ifndef PLINTH_PORT_HTIMER_H
#define PLINTH_PORT_HTIMER_H

#include <base/types.h>

static inline void htimer_set(uint64_t deadline)
{
	__asm__ volatile("msr cnthp_cval_el2, %0\n\t"
			 "msr cnthp_ctl_el2, %1\n\t"
			 "isb" ::"r"(deadline),
			 "r"(UINT64_C(1))
			 : "memory");
}

static inline void htimer_off(void)
{
	__asm__ volatile("msr cnthp_ctl_el2, xzr\n\tisb" ::: "memory");
}

#endif
