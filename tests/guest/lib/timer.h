/*
 * Generic timer helpers: virtual time in counter ticks and microseconds.
 */
#ifndef PLINTH_GUEST_TIMER_H
#define PLINTH_GUEST_TIMER_H

#include "arm.h"

#define CNT_CTL_ENABLE  BIT(0)
#define CNT_CTL_IMASK   BIT(1)
#define CNT_CTL_ISTATUS BIT(2)

#define PPI_VTIMER 27
#define PPI_PTIMER 30

static inline uint64_t time_now(void)
{
	isb();
	return read_cntvct_el0();
}

static inline uint64_t time_ticks(uint64_t us)
{
	return read_cntfrq_el0() * us / 1000000;
}

/* Long enough for a busy host: what is waited for comes at once or never. */
#define WAIT_US 10000000

/* Spins until `cond` or WAIT_US; its value is whether `cond` became true. */
#define WAIT_FOR(cond)                                                         \
	({                                                                     \
		uint64_t end_ = time_now() + time_ticks(WAIT_US);              \
		bool ok_;                                                      \
		while (!(ok_ = (cond)) && time_now() < end_)                   \
			cpu_relax();                                           \
		ok_;                                                           \
	})

static inline void delay_us(uint64_t us)
{
	uint64_t end = time_now() + time_ticks(us);

	while (time_now() < end)
		cpu_relax();
}

/* Sleeps until its virtual timer fires, and ends what that raised: IRQs are
 * masked, nobody takes it as an exception. */
static inline void sleep_us(uint64_t us)
{
	uint64_t iar;

	write_cntv_cval_el0(time_now() + time_ticks(us));
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	wfi();
	write_cntv_ctl_el0(0);
	isb();
	iar = read_icc_iar1_el1();
	if (iar < 1020)
		write_icc_eoir1_el1(iar);
	isb();
}

#endif
