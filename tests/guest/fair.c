/*
 * How much of a CPU a guest gets: computes for two seconds of its own time and
 * tells how far it came. Beside others of its kind, under
 * `-icount shift=0,sleep=off`, the numbers are to each other as the shares.
 *
 * Boot argument `sleeper`: sleeps instead and wakes by its timer each
 * millisecond; tells how late it was at worst, after a tenth of a second in
 * which it pays for its start. `period=US` and `seconds=N` are for another
 * period, and another time than two seconds.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "fair";

#define SECOND_US 1000000
#define WINDOW_US (2 * SECOND_US)
#define PERIOD_US 1000
#define SETTLE_US 100000

static void compute(void)
{
	uint64_t end = time_now() + time_ticks(WINDOW_US), n = 0;

	while (time_now() < end)
		n++;
	check_value("fair.count", n);
	CHECK("fair.came_forward", n > 1000);
}

static void on_irq(bool fiq)
{
	uint64_t iar = read_icc_iar1_el1();

	(void)fiq;
	write_cntv_ctl_el0(0);
	isb();
	if (iar < 1020)
		write_icc_eoir1_el1(iar);
}

static uint64_t argument(const char *key, uint64_t otherwise)
{
	uint64_t n = str_number(guest.bootargs, key);

	return n ? n : otherwise;
}

static uint64_t late_by(uint64_t us)
{
	uint64_t due = time_now() + time_ticks(us);

	write_cntv_cval_el0(due);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	while (read_cntv_ctl_el0() & CNT_CTL_ENABLE) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
	return time_now() - due;
}

static void sleep_and_wake(void)
{
	uint64_t worst = 0, start = time_now();
	uint64_t settled = start + time_ticks(SETTLE_US);
	uint64_t end = start + time_ticks(SECOND_US * argument("seconds=", 2));
	uint64_t period = argument("period=", PERIOD_US);

	gic_init_dist();
	gic_init_cpu();
	irq_handler = on_irq;
	gic_enable(PPI_VTIMER);
	while (time_now() < end) {
		uint64_t late = late_by(period);

		if (late > worst && time_now() > settled)
			worst = late;
	}
	check_value("fair.late_us", worst * 1000000 / read_cntfrq_el0());
	CHECK("fair.woke_up", true);
}

void payload_main(void)
{
	if (str_has_word(guest.bootargs, "sleeper"))
		sleep_and_wake();
	else
		compute();
}
