/*
 * The performance monitors: registers hold what is written, counters count
 * this CPU's work, their overflow interrupts. One CPU is enough; the second
 * one, where there is one, has counters of its own.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "pmu";

SYSREG_RO(id_aa64dfr0_el1)
SYSREG_RW(pmcr_el0)
SYSREG_RW(pmcntenset_el0)
SYSREG_RW(pmcntenclr_el0)
SYSREG_RW(pmovsclr_el0)
SYSREG_RW(pmovsset_el0)
SYSREG_WO(pmswinc_el0)
SYSREG_RW(pmselr_el0)
SYSREG_RO(pmceid0_el0)
SYSREG_RW(pmccntr_el0)
SYSREG_RW(pmxevtyper_el0)
SYSREG_RW(pmxevcntr_el0)
SYSREG_RW(pmuserenr_el0)
SYSREG_RW(pmintenset_el1)
SYSREG_RW(pmintenclr_el1)
SYSREG_RW(pmccfiltr_el0)
SYSREG_RW(pmevcntr0_el0)
SYSREG_RW(pmevcntr1_el0)
SYSREG_RW(pmevtyper0_el0)
SYSREG_RW(pmevtyper1_el0)
SYSREG_RW(pmevcntr2_el0)
SYSREG_RW(pmevtyper2_el0)

#define PPI_PMU  23
#define PMCR_E   BIT(0)
#define PMCR_P   BIT(1)
#define PMCR_C   BIT(2)
#define PMCR_LC  BIT(6)
#define PMCR_N   GENMASK(15, 11)
#define CYCLES   BIT(31)
#define ALL      GENMASK(31, 0)
#define SW_INCR  0x00 /* events that every PMUv3 has */
#define CHAIN    0x1e
#define USER_SW  BIT(1) /* PMUSERENR_EL0 */
#define EL0_ONLY BIT(31)
#define EL1_ONLY BIT(30)
#define NSH      BIT(27) /* EL2 as well */
#define MT       BIT(25) /* all threads of the core */

static void pmu_off(void)
{
	write_pmcr_el0(PMCR_LC | PMCR_P | PMCR_C);
	write_pmcntenclr_el0(ALL);
	write_pmintenclr_el1(ALL);
	write_pmovsclr_el0(ALL);
	write_pmccfiltr_el0(0);
	write_pmselr_el0(0);
	isb();
}

static void check_registers(void)
{
	uint64_t mask = CYCLES | 7;

	pmu_off();
	CHECK_EQ("off_is_off", read_pmcr_el0() & (PMCR_E | PMCR_P | PMCR_C), 0);
	write_pmcntenset_el0(mask);
	CHECK_EQ("enables_are_set", read_pmcntenset_el0(), mask);
	write_pmcntenclr_el0(5);
	CHECK_EQ("enables_are_cleared", read_pmcntenclr_el0(), mask & ~5UL);
	write_pmintenset_el1(mask);
	write_pmintenclr_el1(1);
	CHECK_EQ("interrupt_enables", read_pmintenset_el1(), mask & ~1UL);
	write_pmintenclr_el1(ALL);
	write_pmovsset_el0(6);
	write_pmovsclr_el0(2);
	CHECK_EQ("overflow_flags", read_pmovsset_el0(), 4);
	write_pmuserenr_el0(0xf);
	CHECK_EQ("user_enable", read_pmuserenr_el0(), 0xf);
	write_pmuserenr_el0(0);
	pmu_off();
}

/* The same counter by its selector and by its own name. */
static void check_names(void)
{
	pmu_off();
	write_pmselr_el0(2);
	isb();
	write_pmxevtyper_el0(EL1_ONLY | SW_INCR);
	write_pmxevcntr_el0(0x1234);
	isb();
	CHECK_EQ("selected_filter", read_pmevtyper2_el0(), EL1_ONLY | SW_INCR);
	CHECK_EQ("selected_counter", read_pmevcntr2_el0(), 0x1234);
	write_pmevtyper0_el0(EL0_ONLY | SW_INCR);
	write_pmevcntr0_el0(0x77);
	isb();
	CHECK_EQ("selector_is_kept", read_pmselr_el0(), 2);
	CHECK_EQ("other_counter_is_kept", read_pmxevcntr_el0(), 0x1234);
	CHECK_EQ("named_counter", read_pmevcntr0_el0(), 0x77);
	write_pmselr_el0(31);
	isb();
	write_pmxevtyper_el0(EL0_ONLY);
	isb();
	CHECK_EQ("selector_31_is_the_cycle_filter", read_pmccfiltr_el0(),
		 EL0_ONLY);
	pmu_off();
	isb();
	CHECK_EQ("reset_of_counters", read_pmevcntr2_el0(), 0);
}

/* Of EL2 and of other threads nothing is counted, whoever asks by which
 * register, the first time and later. */
static void check_filters_beyond(void)
{
	const uint64_t asked = NSH | MT | EL1_ONLY | SW_INCR;
	uint64_t event = 0, selected = 0, cycle = 0, selector = 0;

	if (guest.native)
		return;
	pmu_off();
	for (unsigned i = 0; i < 2; i++) {
		write_pmevtyper0_el0(asked);
		write_pmselr_el0(2);
		isb();
		write_pmxevtyper_el0(asked);
		write_pmccfiltr_el0(NSH | MT | EL1_ONLY);
		isb();
		event |= read_pmevtyper0_el0() ^ (EL1_ONLY | SW_INCR);
		selected |= read_pmevtyper2_el0() ^ (EL1_ONLY | SW_INCR);
		cycle |= read_pmccfiltr_el0() ^ EL1_ONLY;
		selector |= read_pmselr_el0() ^ 2;
	}
	CHECK_EQ("no_event_beyond", event, 0);
	CHECK_EQ("no_selected_event_beyond", selected, 0);
	CHECK_EQ("no_cycles_beyond", cycle, 0);
	CHECK_EQ("selector_stays_with_bits_beyond", selector, 0);
	pmu_off();
}

/* As a reset leaves its filter, a counter counts software increments. */
static void check_software_increment(void)
{
	pmu_off();
	write_pmevtyper0_el0(SW_INCR);
	write_pmcntenset_el0(1);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	isb();
	for (unsigned i = 0; i < 5; i++)
		write_pmswinc_el0(5);
	isb();
	CHECK_EQ("software_increment", read_pmevcntr0_el0(), 5);
	CHECK_EQ("disabled_counter_stays", read_pmevcntr2_el0(), 0);
	write_pmcntenset_el0(4);
	write_pmswinc_el0(5);
	write_pmswinc_el0(4);
	write_pmswinc_el0(0);
	isb();
	CHECK_EQ("several_increments_at_once", read_pmevcntr0_el0(), 6);
	CHECK_EQ("increment_of_another", read_pmevcntr2_el0(), 2);
	write_pmevcntr0_el0(ALL);
	write_pmswinc_el0(1);
	isb();
	CHECK_EQ("counter_wraps", read_pmevcntr0_el0() & ALL, 0);
	CHECK_EQ("wrap_is_flagged", read_pmovsset_el0(), 1);
	CHECK_EQ("selector_stays_of_increments", read_pmselr_el0(), 0);
	pmu_off();
}

/* Counters of one exception level each, and one of another event. */
static void count_by_level(void)
{
	pmu_off();
	write_pmevtyper0_el0(EL0_ONLY | SW_INCR);
	write_pmevtyper1_el0(EL1_ONLY | SW_INCR);
	write_pmevtyper2_el0(EL1_ONLY | CHAIN);
	write_pmcntenset_el0(7 | CYCLES);
	isb();
}

static uint64_t increment_each(uint64_t times, void *unused)
{
	(void)unused;
	for (uint64_t i = 0; i < times; i++) {
		write_pmswinc_el0(1);
		write_pmswinc_el0(2);
		write_pmswinc_el0(4);
	}
	write_pmswinc_el0(CYCLES);
	return times;
}

static void check_what_is_no_increment(void)
{
	count_by_level();
	increment_each(1, NULL);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	isb();
	increment_each(3, NULL);
	isb();
	CHECK_EQ("filtered_increment", read_pmevcntr0_el0(), 0);
	CHECK_EQ("increment_of_this_level", read_pmevcntr1_el0(), 3);
	CHECK_EQ("increment_of_another_event", read_pmevcntr2_el0(), 0);
	count_by_level();
	write_pmcr_el0(PMCR_LC | PMCR_E);
	write_pmuserenr_el0(USER_SW);
	isb();
	CHECK_EQ("el0_may_increment", el0_call(increment_each, 4, NULL), 4);
	CHECK_EQ("increment_of_el0", read_pmevcntr0_el0(), 4);
	CHECK_EQ("filtered_increment_of_el0", read_pmevcntr1_el0(), 0);
	write_pmuserenr_el0(0);
	pmu_off();
}

static uint64_t cycles(void)
{
	isb();
	return read_pmccntr_el0();
}

static void check_cycles(void)
{
	uint64_t before;

	pmu_off();
	before = cycles();
	delay_us(100);
	CHECK_EQ("stopped_cycles_stay", cycles(), before);
	write_pmcntenset_el0(CYCLES);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	before = cycles();
	CHECK("cycles_count", WAIT_FOR(cycles() > before));
	write_pmccfiltr_el0(EL0_ONLY); /* EL1 is filtered out */
	before = cycles();
	delay_us(100);
	CHECK_EQ("filtered_cycles_stay", cycles(), before);
	write_pmccntr_el0(0x123456789abc);
	CHECK_EQ("cycles_are_written", cycles(), 0x123456789abc);
	write_pmcr_el0(PMCR_LC | PMCR_E | PMCR_C);
	CHECK_EQ("reset_of_cycles", cycles(), 0);
	pmu_off();
}

static void hook_overflow(unsigned intid)
{
	(void)intid;
	write_pmovsclr_el0(ALL);
	isb();
}

static bool overflow_taken(void)
{
	return irq_take(1) && irq_log()->intid[0] == PPI_PMU && irq_none() &&
	       irq_log()->nr == 1;
}

static void check_overflow(void)
{
	pmu_off();
	gic_enable(PPI_PMU);
	irq_log_start(hook_overflow);
	write_pmevtyper0_el0(SW_INCR);
	write_pmevcntr0_el0(ALL);
	write_pmcntenset_el0(1);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	isb();
	write_pmswinc_el0(1);
	CHECK("overflow_without_enable_is_silent", irq_none());
	write_pmintenset_el1(1);
	CHECK("overflow_interrupts", overflow_taken());
	irq_log_start(hook_overflow);
	write_pmovsset_el0(1);
	CHECK("flag_that_is_set_interrupts", overflow_taken());
	pmu_off();

	irq_log_start(hook_overflow);
	write_pmccntr_el0(-UINT64_C(1000));
	write_pmintenset_el1(CYCLES);
	write_pmcntenset_el0(CYCLES);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	CHECK("cycle_overflow_interrupts", overflow_taken());
	pmu_off();
	gic_disable(PPI_PMU);
}

/* What a CPU sets, waits with, and should find again. */
#define KEPT   10U
#define ROUNDS 200U

static volatile uint64_t bad_kept[CPU_MAX];
static volatile bool finished[CPU_MAX];

static void set_kept(uint64_t seed)
{
	write_pmevtyper0_el0(EL0_ONLY | (seed & 0x3f));
	write_pmevcntr0_el0(seed * 3 & ALL);
	write_pmevtyper2_el0(EL0_ONLY | (seed * 5 & 0x3f));
	write_pmevcntr2_el0(seed * 7 & ALL);
	write_pmccfiltr_el0(EL0_ONLY);
	write_pmccntr_el0(seed * 11);
	write_pmcntenset_el0(CYCLES | (seed & 7));
	write_pmintenset_el1(seed & 6);
	write_pmovsset_el0(seed >> 1 & 1);
	write_pmselr_el0(seed % 3);
}

static void get_kept(uint64_t kept[KEPT])
{
	isb();
	kept[0] = read_pmevtyper0_el0();
	kept[1] = read_pmevcntr0_el0();
	kept[2] = read_pmevtyper2_el0();
	kept[3] = read_pmevcntr2_el0();
	kept[4] = read_pmccfiltr_el0();
	kept[5] = read_pmccntr_el0();
	kept[6] = read_pmcntenset_el0();
	kept[7] = read_pmintenset_el1();
	kept[8] = read_pmovsset_el0();
	kept[9] = read_pmselr_el0();
}

/* With the PMU off, or on and nothing that it could count. */
static void keep(uint64_t cpu, uint64_t round)
{
	uint64_t want[KEPT], got[KEPT];
	uint64_t pmcr = PMCR_LC | (round & 1 ? PMCR_E : 0), got_pmcr;

	pmu_off();
	set_kept(round * 64 + cpu * 9 + 1);
	write_pmcr_el0(pmcr);
	get_kept(want);
	sleep_us(20 + 10 * cpu);
	got_pmcr = read_pmcr_el0();
	get_kept(got);
	for (unsigned i = 0; i < KEPT; i++)
		if (got[i] != want[i])
			bad_kept[cpu] |= BIT(i);
	if ((got_pmcr & (PMCR_LC | PMCR_E)) != pmcr)
		bad_kept[cpu] |= BIT(KEPT);
}

static void live(void *arg)
{
	unsigned cpu = this_cpu()->idx;

	(void)arg;
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	for (unsigned round = 0; round < ROUNDS; round++)
		keep(cpu, round);
	pmu_off();
	gic_disable(PPI_VTIMER);
	dsb_sy();
	finished[cpu] = true;
}

static void check_all_cpus(void)
{
	uint64_t late, bad = 0;

	if (guest.nr_cpus < 2) {
		check_skip("counters_are_the_cpus_own", "needs 2 CPUs");
		return;
	}
	late = smp_live_all(live, finished);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		bad |= bad_kept[i];
	CHECK_EQ("every_cpu_came_to_its_end", late, 0);
	CHECK_EQ("counters_are_the_cpus_own", bad, 0);
}

void payload_main(void)
{
	uint64_t version = FIELD_GET(GENMASK(11, 8), read_id_aa64dfr0_el1());

	check_value("version", version);
	if (version == 0 || version == 15)
		return;
	gic_init_dist();
	gic_init_cpu();
	smp_init();
	check_value("counters", FIELD_GET(PMCR_N, read_pmcr_el0()));
	check_value("events", read_pmceid0_el0());
	check_registers();
	check_names();
	check_filters_beyond();
	check_software_increment();
	check_what_is_no_increment();
	check_cycles();
	check_overflow();
	check_all_cpus();
}
