/* A vCPU's performance monitors on a PMU that is simulated. */
#include <string.h>

#include <arch/aarch64/pmu.h>
#include <arch/aarch64/sysreg.h>

#include "../host/fake_pmu.h"
#include "../host/host.h"

#define NSH BIT(27)
#define MT  BIT(25)

static struct pmu_context c;

static int fresh(void **state)
{
	(void)state;
	fake_pmu = (struct fake_pmu){.version = PMUVER_P4, .nr = 6};
	pmu_reset(&c);
	return 0;
}

static uint64_t get(uint32_t sysreg)
{
	uint64_t v = 0xbad;

	assert_true(pmu_access(&c, sysreg, true, false, &v));
	return v;
}

static void set(uint32_t sysreg, uint64_t v)
{
	assert_true(pmu_access(&c, sysreg, false, false, &v));
}

static void set_from_el0(uint32_t sysreg, uint64_t v)
{
	assert_true(pmu_access(&c, sysreg, false, true, &v));
}

static void assert_undefined(uint32_t sysreg, bool read)
{
	uint64_t v = 0;

	assert_false(pmu_access(&c, sysreg, read, false, &v));
}

/* ---------------------------------------------------------------- accesses */

static void registers_are_those_of_the_hardware(void **state)
{
	(void)state;
	set(SYS_PMCR_EL0, 0x41);
	assert_int_equal(get(SYS_PMCR_EL0), 0x41 | 6 << 11);
	set(SYS_PMCNTENSET_EL0, 0x8000000f);
	set(SYS_PMCNTENCLR_EL0, 5);
	assert_int_equal(get(SYS_PMCNTENSET_EL0), 0x8000000a);
	set(SYS_PMINTENSET_EL1, 3);
	assert_int_equal(get(SYS_PMINTENCLR_EL1), 3);
	set(SYS_PMOVSSET_EL0, 6);
	set(SYS_PMOVSCLR_EL0, 2);
	assert_int_equal(get(SYS_PMOVSCLR_EL0), 4);
	set(SYS_PMCCNTR_EL0, UINT64_C(0x123456789abcdef));
	assert_int_equal(get(SYS_PMCCNTR_EL0), UINT64_C(0x123456789abcdef));
	set(SYS_PMUSERENR_EL0, 0xf);
	assert_int_equal(fake_pmu.pmuserenr, 0xf);
	assert_int_equal(get(SYS_PMCEID0_EL0), 0xce1d0);
	assert_int_equal(get(SYS_PMCEID1_EL0), 0xce1d1);
	assert_int_equal(get(SYS_PMMIR_EL1), 0x414);
}

static void counters_have_a_name_and_a_selector(void **state)
{
	(void)state;
	set(SYS_PMSELR_EL0, 3);
	set(SYS_PMEVCNTR_EL0(5), 55);
	set(SYS_PMEVTYPER_EL0(5), 0x11);
	assert_int_equal(get(SYS_PMSELR_EL0), 3);
	assert_int_equal(fake_pmu.evcntr[5], 55);
	assert_int_equal(fake_pmu.evtyper[5], 0x11);
	set(SYS_PMXEVCNTR_EL0, 33);
	assert_int_equal(get(SYS_PMEVCNTR_EL0(3)), 33);
	set(SYS_PMSELR_EL0, 31);
	set(SYS_PMXEVTYPER_EL0, BIT(31));
	assert_int_equal(get(SYS_PMCCFILTR_EL0), BIT(31));
}

static void counters_that_do_not_exist_are_not_touched(void **state)
{
	(void)state;
	for (unsigned n = 6; n < 31; n++) {
		assert_undefined(SYS_PMEVCNTR_EL0(n), true);
		assert_undefined(SYS_PMEVTYPER_EL0(n), false);
		set(SYS_PMSELR_EL0, n);
		set(SYS_PMXEVCNTR_EL0, 1);
		set(SYS_PMXEVTYPER_EL0, 1);
		assert_int_equal(get(SYS_PMXEVCNTR_EL0), 0);
		assert_int_equal(get(SYS_PMXEVTYPER_EL0), 0);
	}
	set(SYS_PMSELR_EL0, 31); /* a filter, but no event counter */
	set(SYS_PMXEVCNTR_EL0, 1);
	assert_int_equal(get(SYS_PMXEVCNTR_EL0), 0);
}

static void el2_and_other_threads_are_never_counted(void **state)
{
	(void)state;
	set(SYS_PMEVTYPER_EL0(0), NSH | MT | 0x8);
	assert_int_equal(get(SYS_PMEVTYPER_EL0(0)), 0x8);
	set(SYS_PMCCFILTR_EL0, NSH | BIT(30));
	assert_int_equal(fake_pmu.pmccfiltr, BIT(30));
	set(SYS_PMSELR_EL0, 1);
	set(SYS_PMXEVTYPER_EL0, ~UINT64_C(0));
	assert_int_equal(fake_pmu.evtyper[1] & (NSH | MT), 0);
}

static void what_is_not_there_is_undefined(void **state)
{
	(void)state;
	assert_undefined(SYS_PMSWINC_EL0, true);
	assert_undefined(SYS_PMCEID0_EL0, false);
	assert_undefined(SYS_PMMIR_EL1, false);
	assert_undefined(SYSREG(3, 3, 9, 4, 0), true);  /* PMICNTR_EL0 */
	assert_undefined(SYSREG(3, 3, 9, 6, 0), true);  /* PMICFILTR_EL0 */
	assert_undefined(SYSREG(3, 0, 9, 14, 0), true); /* PMUSERENR's place */
	assert_undefined(SYS_ACTLR_EL1, true);
	fake_pmu.version = PMUVER_P1;
	assert_undefined(SYS_PMMIR_EL1, true);
}

/* ------------------------------------------------------ software increments */

static void software_increment_counts_where_it_is_the_event(void **state)
{
	(void)state;
	set(SYS_PMCNTENSET_EL0, 7);
	set(SYS_PMEVTYPER_EL0(1), 0x8); /* another event */
	set(SYS_PMSWINC_EL0, 0xf);
	assert_int_equal(fake_pmu.evcntr[0], 0); /* PMCR_EL0.E is clear */
	set(SYS_PMCR_EL0, 1);
	set(SYS_PMSELR_EL0, 4);
	set(SYS_PMSWINC_EL0, ~UINT64_C(0) & ~UINT64_C(4));
	assert_int_equal(fake_pmu.evcntr[0], 1);
	assert_int_equal(fake_pmu.evcntr[1], 0);
	assert_int_equal(fake_pmu.evcntr[2], 0); /* not asked for */
	assert_int_equal(fake_pmu.evcntr[3], 0); /* not enabled */
	assert_int_equal(get(SYS_PMSELR_EL0), 4);
}

static void software_increment_obeys_the_filter(void **state)
{
	static const struct {
		uint64_t typer;
		bool el1, el0;
	} t[] = {
		{0, true, true},
		{BIT(31), false, true},
		{BIT(30), true, false},
		{BIT(31) | BIT(29), true, true},
		{BIT(30) | BIT(28), true, true},
		{BIT(29), false, true},
		{BIT(28), true, false},
	};

	(void)state;
	set(SYS_PMCNTENSET_EL0, 1);
	set(SYS_PMCR_EL0, 1);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		set(SYS_PMEVTYPER_EL0(0), t[i].typer);
		set(SYS_PMEVCNTR_EL0(0), 0);
		set(SYS_PMSWINC_EL0, 1);
		assert_int_equal(fake_pmu.evcntr[0], t[i].el1);
		set(SYS_PMEVCNTR_EL0(0), 0);
		set_from_el0(SYS_PMSWINC_EL0, 1);
		assert_int_equal(fake_pmu.evcntr[0], t[i].el0);
	}
}

static void software_increment_wraps_at_32_or_64_bits(void **state)
{
	(void)state;
	set(SYS_PMCNTENSET_EL0, 3);
	set(SYS_PMEVTYPER_EL0(1), 0x1e); /* CHAIN */
	set(SYS_PMCR_EL0, 1);
	set(SYS_PMEVCNTR_EL0(0), UINT32_MAX);
	set(SYS_PMSWINC_EL0, 1);
	assert_int_equal(fake_pmu.pmovs, 1);
	assert_int_equal(fake_pmu.evcntr[1], 1);
	set(SYS_PMOVSCLR_EL0, 1);
	set(SYS_PMCR_EL0, 1 | BIT(7));
	set(SYS_PMEVCNTR_EL0(0), UINT32_MAX);
	set(SYS_PMSWINC_EL0, 1);
	assert_int_equal(fake_pmu.pmovs, 0);
	set(SYS_PMEVCNTR_EL0(0), UINT64_MAX);
	set(SYS_PMSWINC_EL0, 1);
	assert_int_equal(fake_pmu.pmovs, 1);
	assert_int_equal(fake_pmu.evcntr[1], 2);
}

/* --------------------------------------------------------------- load, put */

static void vcpu_that_never_looks_at_it_costs_no_access(void **state)
{
	(void)state;
	pmu_load(&c);
	pmu_put(&c);
	assert_int_equal(fake_pmu.nr_accesses, 0);
}

static void first_access_finds_the_registers_reset(void **state)
{
	(void)state;
	fake_pmu.pmcr = 0x41;
	fake_pmu.pmcnten = fake_pmu.pmovs = fake_pmu.pminten = 0xff;
	fake_pmu.evcntr[2] = fake_pmu.pmccntr = 0x5ec7e7;
	fake_pmu.evtyper[5] = fake_pmu.pmccfiltr = 0x8000011;
	pmu_quiet();
	assert_int_equal(get(SYS_PMCNTENSET_EL0), 0);
	assert_int_equal(get(SYS_PMOVSSET_EL0), 0);
	assert_int_equal(get(SYS_PMINTENSET_EL1), 0);
	assert_int_equal(get(SYS_PMEVCNTR_EL0(2)), 0);
	assert_int_equal(get(SYS_PMEVTYPER_EL0(5)), 0);
	assert_int_equal(get(SYS_PMCCNTR_EL0), 0);
	assert_int_equal(get(SYS_PMCCFILTR_EL0), 0);
	assert_int_equal(fake_pmu.pmcr & 1, 0);
}

static void fill(struct fake_pmu *p)
{
	set(SYS_PMEVCNTR_EL0(0), 10);
	set(SYS_PMEVCNTR_EL0(5), 15);
	set(SYS_PMEVTYPER_EL0(0), 0x8);
	set(SYS_PMEVTYPER_EL0(5), 0x11);
	set(SYS_PMCCFILTR_EL0, BIT(31));
	set(SYS_PMCCNTR_EL0, 77);
	set(SYS_PMSELR_EL0, 2);
	set(SYS_PMUSERENR_EL0, 1);
	set(SYS_PMINTENSET_EL1, 0x21);
	set(SYS_PMOVSSET_EL0, 0x20);
	set(SYS_PMCNTENSET_EL0, 0x80000021);
	set(SYS_PMCR_EL0, 0x41);
	*p = fake_pmu;
}

static void put_and_load_lose_nothing(void **state)
{
	struct pmu_context other;
	struct fake_pmu before;
	uint64_t v = 0xbad;

	(void)state;
	fill(&before);
	pmu_put(&c);
	pmu_reset(&other);
	pmu_load(&other);
	assert_true(pmu_access(&other, SYS_PMEVCNTR_EL0(5), true, false, &v));
	assert_int_equal(v, 0);
	assert_int_equal(fake_pmu.pmcnten, 0);
	pmu_put(&other);
	pmu_load(&c);
	before.nr_accesses = fake_pmu.nr_accesses;
	assert_memory_equal(&fake_pmu, &before, sizeof(before));
}

/* Everything that a vCPU has set, when its PMU is off. */
static void pmu_that_is_off_is_switched_at_the_first_access(void **state)
{
	struct fake_pmu before;
	unsigned nr;

	(void)state;
	fill(&before);
	set(SYS_PMCR_EL0, 0x40);
	set(SYS_PMUSERENR_EL0, 0);
	before = fake_pmu;
	pmu_put(&c);
	nr = fake_pmu.nr_accesses;
	pmu_load(&c);
	pmu_put(&c);
	pmu_load(&c);
	assert_int_equal(fake_pmu.nr_accesses, nr);
	assert_int_equal(get(SYS_PMCNTENSET_EL0), 0x80000021);
	before.nr_accesses = fake_pmu.nr_accesses;
	assert_memory_equal(&fake_pmu, &before, sizeof(before));
}

/* Each reason for which the hardware works without being asked. */
static void pmu_that_has_something_to_do_is_loaded_at_once(void **state)
{
	static const struct {
		const char *what;
		uint32_t sysreg[3];
		uint64_t value[3];
		bool loaded;
	} t[] = {
		{"EL0 may read", {SYS_PMUSERENR_EL0}, {8}, true},
		{"E alone", {SYS_PMCR_EL0}, {1}, false},
		{"cycles",
		 {SYS_PMCNTENSET_EL0, SYS_PMCR_EL0},
		 {BIT(31), 1},
		 true},
		{"cycles without E", {SYS_PMCNTENSET_EL0}, {BIT(31)}, false},
		{"overflow",
		 {SYS_PMOVSSET_EL0, SYS_PMINTENSET_EL1, SYS_PMCR_EL0},
		 {4, 4, 1},
		 true},
		{"overflow of another",
		 {SYS_PMOVSSET_EL0, SYS_PMINTENSET_EL1, SYS_PMCR_EL0},
		 {4, 2, 1},
		 false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		(void)fresh(state);
		for (unsigned k = 0; k < 3 && t[i].sysreg[k]; k++)
			set(t[i].sysreg[k], t[i].value[k]);
		pmu_put(&c);
		pmu_load(&c);
		assert_int_equal(c.live, t[i].loaded);
	}
}

static void software_increment_alone_is_kept(void **state)
{
	(void)state;
	set(SYS_PMCNTENSET_EL0, 8);
	set(SYS_PMCR_EL0, 1);
	set(SYS_PMSWINC_EL0, 8);
	pmu_put(&c);
	assert_int_equal(fake_pmu.evcntr[3], 0);
	pmu_load(&c);
	assert_int_equal(get(SYS_PMEVCNTR_EL0(3)), 1);
}

static void pmu_of_a_vcpu_that_is_gone_is_silent(void **state)
{
	struct fake_pmu before;

	(void)state;
	fill(&before);
	assert_true(pmu_asserts());
	pmu_put(&c);
	assert_false(pmu_asserts());
	assert_int_equal(fake_pmu.pmcr & 1, 0);
	assert_int_equal(fake_pmu.pmcnten, 0);
	assert_int_equal(fake_pmu.pminten, 0);
	assert_int_equal(fake_pmu.pmovs, 0);
	assert_int_equal(fake_pmu.pmuserenr, 0); /* closed to EL0 */
	assert_int_equal(fake_pmu.pmccntr, 0);
	assert_int_equal(fake_pmu.pmccfiltr, 0);
	for (unsigned i = 0; i < fake_pmu.nr; i++)
		assert_int_equal(fake_pmu.evcntr[i] | fake_pmu.evtyper[i], 0);
}

static void overflow_asserts_when_enabled(void **state)
{
	(void)state;
	set(SYS_PMOVSSET_EL0, 4);
	assert_false(pmu_asserts());
	set(SYS_PMINTENSET_EL1, 4);
	assert_false(pmu_asserts());
	set(SYS_PMCR_EL0, 1);
	assert_true(pmu_asserts());
	set(SYS_PMOVSCLR_EL0, 4);
	assert_false(pmu_asserts());
}

#define FRESH(t) cmocka_unit_test_setup(t, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(registers_are_those_of_the_hardware),
		FRESH(counters_have_a_name_and_a_selector),
		FRESH(counters_that_do_not_exist_are_not_touched),
		FRESH(el2_and_other_threads_are_never_counted),
		FRESH(what_is_not_there_is_undefined),
		FRESH(software_increment_counts_where_it_is_the_event),
		FRESH(software_increment_obeys_the_filter),
		FRESH(software_increment_wraps_at_32_or_64_bits),
		FRESH(vcpu_that_never_looks_at_it_costs_no_access),
		FRESH(first_access_finds_the_registers_reset),
		FRESH(put_and_load_lose_nothing),
		FRESH(pmu_that_is_off_is_switched_at_the_first_access),
		FRESH(pmu_that_has_something_to_do_is_loaded_at_once),
		FRESH(software_increment_alone_is_kept),
		FRESH(pmu_of_a_vcpu_that_is_gone_is_silent),
		FRESH(overflow_asserts_when_enabled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
