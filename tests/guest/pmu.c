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
SYSREG_RW(pmevtyper0_el0)
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
#define EL0_ONLY BIT(31)
#define EL1_ONLY BIT(30)

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

static void check_software_increment(void)
{
	pmu_off();
	write_pmevtyper0_el0(SW_INCR);
	write_pmevtyper2_el0(SW_INCR);
	write_pmcntenset_el0(1);
	write_pmcr_el0(PMCR_LC | PMCR_E);
	isb();
	for (unsigned i = 0; i < 5; i++)
		write_pmswinc_el0(5);
	isb();
	CHECK_EQ("software_increment", read_pmevcntr0_el0(), 5);
	CHECK_EQ("disabled_counter_stays", read_pmevcntr2_el0(), 0);
	write_pmevcntr0_el0(ALL);
	write_pmswinc_el0(1);
	isb();
	CHECK_EQ("counter_wraps", read_pmevcntr0_el0() & ALL, 0);
	CHECK_EQ("wrap_is_flagged", read_pmovsset_el0(), 1);
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

static volatile uint64_t other_counter;

static void other_cpu(void *arg)
{
	(void)arg;
	pmu_off();
	write_pmevcntr0_el0(0x99);
	write_pmcntenset_el0(8);
	isb();
	other_counter = read_pmevcntr0_el0();
}

static void check_other_cpu(void)
{
	pmu_off();
	if (guest.nr_cpus < 2) {
		check_skip("counters_are_the_cpus_own", "needs 2 CPUs");
		return;
	}
	write_pmevcntr0_el0(0x11);
	write_pmcntenset_el0(2);
	isb();
	/* A firmware may say OFF before the CPU has started. */
	CHECK("counters_are_the_cpus_own",
	      smp_start(1, other_cpu, NULL) == 0 && WAIT_FOR(other_counter) &&
		      smp_wait_off(1) && other_counter == 0x99 &&
		      read_pmevcntr0_el0() == 0x11 &&
		      read_pmcntenset_el0() == 2);
	pmu_off();
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
	check_software_increment();
	check_cycles();
	check_overflow();
	check_other_cpu();
}
