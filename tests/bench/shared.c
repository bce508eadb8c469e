/*
 * What sharing a CPU costs in executed instructions, as bench.c counts them:
 * phases, apart by virtual time, of two VMs on one pCPU
 * (tests/bench/shared.dts).
 *
 * The VM `shared` first passes the CPU to and fro between its two vCPUs, by an
 * SGI and a WFI, while the other VM sleeps. Then both compute, and it notes how
 * long it is away. Then it sleeps again and again while the other computes, and
 * notes by how much each of its timer's interrupts is late: from CNTV_CVAL to
 * the first instruction of the handler.
 * The VM `load` (boot argument) computes, looking at the clock, and notes how
 * long it was away for the other's turns.
 *
 * With `late` the first phase waits until other VMs have started.
 * With `idle` a VM sleeps for two seconds. With `native` there is
 * no other VM: on two CPUs it is what the guest itself executes for a pass, on
 * one the latency of the machine.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/simd.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "shared";

#define SGI        1
#define PASSES     1500 /* many more, and one would be ahead of the other */
#define LATE_US    20000
#define WAKES      10000
#define SLEEP_US   30
#define LOAD_BEGIN 100000 /* us; passing the CPU has ended by then */
#define TURN_END   110000 /* both have computed, each a slice at least */
#define WAKE_BEGIN 120000
#define SPINS      200 /* between two looks at the clock */
#define IDLE_END   2000000
#define LOAD_END   520000 /* waking has ended by then */
#define AWAY_TICKS 10    /* between two looks at the clock: somebody else ran */
#define TICKS_MOST 16384 /* what takes longer counts as this */

static volatile uint64_t taken[2]; /* by CPU */
static volatile uint64_t late;     /* ticks, of the last timer interrupt */
static volatile bool leave;

/* How often a time of so many ticks was seen. */
static struct {
	uint32_t nr[TICKS_MOST + 1];
	uint64_t all, worst;
} seen;

static void on_irq(bool fiq)
{
	uint64_t now = read_cntvct_el0();
	uint64_t iar = read_icc_iar1_el1();

	(void)fiq;
	if (iar == PPI_VTIMER) {
		late = now - read_cntv_cval_el0();
		write_cntv_ctl_el0(0);
		isb();
	}
	if (iar < 1020)
		write_icc_eoir1_el1(iar);
	taken[this_cpu()->idx]++;
}

static void note(uint64_t ticks)
{
	seen.nr[ticks < TICKS_MOST ? ticks : TICKS_MOST]++;
	seen.all++;
	if (ticks > seen.worst)
		seen.worst = ticks;
}

/* The time that `share` percent of those seen do not exceed. */
static uint64_t quantile(uint64_t share)
{
	uint64_t below = 0, ticks = 0;

	while (ticks < TICKS_MOST &&
	       (below += seen.nr[ticks]) * 100 <= seen.all * share)
		ticks++;
	return ticks;
}

static void report(const char *name, uint64_t ticks, uint64_t rounds)
{
	uint64_t ns = ticks * (UINT64_C(1000000000) / read_cntfrq_el0());
	uint64_t each = (ns * 100 + rounds / 2) / rounds;

	print("bench %s %lu.%02lu\n", name, each / 100, each % 100);
}

/* Asleep until this CPU has taken another interrupt. */
static void wait_for_irq(uint64_t before)
{
	while (taken[this_cpu()->idx] == before) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
}

/* Whatever other interrupts come in between: the last pass leaves an SGI. */
static void sleep_until(uint64_t us)
{
	while (time_now() < time_ticks(us)) {
		uint64_t before = taken[0];

		write_cntv_cval_el0(time_ticks(us));
		write_cntv_ctl_el0(CNT_CTL_ENABLE);
		isb();
		wait_for_irq(before);
	}
}

/* ---------------------------------------------------------- passing the CPU */

static volatile bool with_fp, with_pmu, with_sve;

static void pass_to(unsigned cpu)
{
	uint64_t v;

	if (with_fp)
		write_d5(1);
	if (with_pmu)
		__asm__ volatile("mrs %0, pmcr_el0" : "=r"(v));
	gic_send_sgi(gic_sgi_to(cpus[cpu].mpidr, SGI));
}

static void other(void *arg)
{
	uint64_t before = taken[1];
	bool uses = false;

	(void)arg;
	mmu_on();
	gic_init_cpu();
	gic_enable(SGI);
	sve_allow(0);
	pass_to(0);
	while (!leave) {
		wait_for_irq(before);
		before++;
		if (with_sve && !uses) {
			use_sve();
			uses = true;
		}
		pass_to(0);
	}
}

/* There and back is two times a switch. */
static void bench_pass(const char *name)
{
	uint64_t start = time_now();

	for (unsigned i = 0; i < PASSES; i++) {
		uint64_t before = taken[0];

		pass_to(1);
		wait_for_irq(before);
	}
	report(name, time_now() - start, 2 * PASSES);
}

static void bench_passes(void)
{
	uint64_t before = taken[0];

	smp_start(1, other, NULL);
	wait_for_irq(before);
	bench_pass("vcpu_switch");
	with_pmu = true;
	bench_pass("vcpu_switch_pmu");
	with_pmu = false;
	with_fp = true;
	bench_pass("vcpu_switch_fp");
	with_sve = true;
	use_sve();
	bench_pass("vcpu_switch_sve");
	sve_allow(0);
	leave = true;
	pass_to(1);
	CHECK("other_goes_off", smp_wait_off(1));
	CHECK_EQ("passes", taken[1], 4 * PASSES + 1);
	CHECK("passes_in_time", time_now() < time_ticks(LOAD_BEGIN));
}

/* ------------------------------------------------------------------ latency */

/*
 * Computes, as the other VM does in the end, and notes the longest time that it
 * is away. It has to compute meanwhile: from the first pass to the last wake
 * the CPU never idles. QEMU leaves an idle CPU's time to another host thread,
 * and on a busy host that may put it forward by some hundred instructions.
 */
static void bench_turn(void)
{
	uint64_t last = time_now(), now = last, longest = 0;

	while (now < time_ticks(TURN_END)) {
		for (unsigned k = 0; k < SPINS; k++)
			__asm__ volatile("" ::: "memory");
		now = time_now();
		if (now - last > longest)
			longest = now - last;
		last = now;
	}
	report("turn_longest", longest, 1);
	sleep_until(WAKE_BEGIN);
}

static void bench_wakes(void)
{
	for (unsigned i = 0; i < WAKES; i++) {
		uint64_t before = taken[0];

		for (unsigned k = 0; k < (i & 15); k++)
			__asm__ volatile("" ::: "memory");
		write_cntv_cval_el0(time_now() + time_ticks(SLEEP_US));
		write_cntv_ctl_el0(CNT_CTL_ENABLE);
		isb();
		wait_for_irq(before);
		note(late);
	}
	report("latency_least", quantile(0), 1);
	report("latency_median", quantile(50), 1);
	report("latency_99", quantile(99), 1);
	report("latency_worst", seen.worst, 1);
	CHECK_EQ("wakes", seen.all, WAKES);
	CHECK("wakes_in_time",
	      guest.native || time_now() < time_ticks(LOAD_END));
}

static void compute(void)
{
	uint64_t last = time_now(), now = last;

	while (now < time_ticks(LOAD_END)) {
		now = time_now();
		if (now - last >= AWAY_TICKS)
			note(now - last);
		last = now;
	}
	report("vm_switch", quantile(50), 2);
	CHECK("away", seen.all >= WAKES / 2);
}

void payload_main(void)
{
	mmu_on();
	gic_init_dist();
	gic_init_cpu();
	irq_handler = on_irq;
	gic_enable(SGI);
	gic_enable(PPI_VTIMER);
	sve_allow(0);
	if (str_has_word(guest.bootargs, "load")) {
		sleep_until(LOAD_BEGIN);
		compute();
		return;
	}
	if (str_has_word(guest.bootargs, "idle")) {
		sleep_until(IDLE_END);
		return;
	}
	if (str_has_word(guest.bootargs, "late"))
		delay_us(LATE_US);
	if (guest.nr_cpus > 1)
		bench_passes();
	if (!guest.native)
		bench_turn();
	bench_wakes();
}
