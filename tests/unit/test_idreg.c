/* Sanitised ID registers: nothing hidden leaks, nothing usable is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arch/aarch64/idreg.h>

#include "../host/host.h"

/* Indices by encoding: 8 * (CRm - 1) + op2. */
#define PFR0  (8 * 3 + 0)
#define PFR1  (8 * 3 + 1)
#define ZFR0  (8 * 3 + 4)
#define DFR0  (8 * 4 + 0)
#define ISAR0 (8 * 5 + 0)
#define ISAR1 (8 * 5 + 1)
#define ISAR2 (8 * 5 + 2)
#define MMFR0 (8 * 6 + 0)
#define MMFR1 (8 * 6 + 1)
#define MMFR2 (8 * 6 + 2)
#define MMFR3 (8 * 6 + 3)

static const struct idreg_limits ipa40 = {.ipa_bits = 40};

static uint64_t sanitised(unsigned reg, uint64_t value)
{
	uint64_t hw[IDREG_NR] = {0}, out[IDREG_NR];

	hw[PFR0] = 2;
	hw[reg] = value;
	idreg_sanitise(hw, &ipa40, out);
	return out[reg];
}

static unsigned field(uint64_t reg, unsigned lsb)
{
	return (unsigned)(reg >> lsb) & 15;
}

/* Rules out: false-feature */
static void cpu_of_all_ones_shows_nothing_hidden(void **state)
{
	static const struct {
		const char *feature;
		unsigned reg, lsb;
	} t[] = {
		{"EL2", PFR0, 8},         {"EL3", PFR0, 12},
		{"DF2", PFR1, 56},        {"SVE", PFR0, 32},
		{"Secure EL2", PFR0, 36}, {"MPAM", PFR0, 40},
		{"AMU", PFR0, 44},        {"RME", PFR0, 52},
		{"MTE", PFR1, 8},         {"PFAR", PFR1, 60},
		{"MPAM_frac", PFR1, 16},  {"SME", PFR1, 24},
		{"NMI", PFR1, 36},        {"MTE_frac", PFR1, 40},
		{"GCS", PFR1, 44},        {"ETM", DFR0, 4},
		{"PMU", DFR0, 8},         {"SPE", DFR0, 32},
		{"TRF", DFR0, 40},        {"TRBE", DFR0, 44},
		{"BRBE", DFR0, 52},       {"TME", ISAR0, 24},
		{"LS64", ISAR1, 60},      {"WFxT", ISAR2, 0},
		{"MOPS", ISAR2, 16},      {"FGT", MMFR0, 56},
		{"ECV", MMFR0, 60},       {"VMIDBits", MMFR1, 4},
		{"VHE", MMFR1, 8},        {"HCX", MMFR1, 40},
		{"XNX", MMFR1, 28},       {"TWED", MMFR1, 32},
		{"NV", MMFR2, 24},        {"FWB", MMFR2, 40},
		{"EVT", MMFR2, 56},       {"TCR2", MMFR3, 0},
		{"SCTLR2", MMFR3, 4},     {"S1PIE", MMFR3, 8},
		{"S1POE", MMFR3, 16},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].feature);
		assert_int_equal(
			field(sanitised(t[i].reg, UINT64_MAX), t[i].lsb), 0);
	}
}

static void usable_features_pass_with_the_cpus_value(void **state)
{
	static const struct {
		const char *feature;
		unsigned reg, lsb, value;
	} t[] = {
		{"AArch32 EL0", PFR0, 0, 2},
		{"FP16", PFR0, 16, 1},
		{"no FP at all", PFR0, 16, 15},
		{"AdvSIMD FP16", PFR0, 20, 1},
		{"GICv3 registers", PFR0, 24, 1},
		{"DIT", PFR0, 48, 1},
		{"CSV2", PFR0, 56, 1},
		{"CSV3", PFR0, 60, 1},
		{"RAS", PFR0, 28, 1},
		{"RAS v1.1", PFR0, 28, 2},
		{"RAS v1.1, the other way", PFR1, 12, 1},
		{"BTI", PFR1, 0, 1},
		{"SSBS", PFR1, 4, 2},
		{"debug v8.4", DFR0, 0, 9},
		{"6 breakpoints", DFR0, 12, 5},
		{"4 watchpoints", DFR0, 20, 3},
		{"no double lock", DFR0, 36, 15},
		{"PMULL", ISAR0, 4, 2},
		{"SHA512", ISAR0, 12, 2},
		{"LSE", ISAR0, 20, 2},
		{"TLBI range", ISAR0, 56, 2},
		{"RNDR", ISAR0, 60, 1},
		{"PAuth", ISAR1, 4, 1},
		{"LRCPC2", ISAR1, 20, 2},
		{"16-bit ASID", MMFR0, 4, 2},
		{"16 KiB granule", MMFR0, 20, 1},
		{"no 64 KiB granule", MMFR0, 24, 15},
		{"4 KiB granule with LPA2", MMFR0, 28, 1},
		{"DBM", MMFR1, 0, 2},
		{"LOR", MMFR1, 16, 1},
		{"PAN2", MMFR1, 20, 2},
		{"UAO", MMFR2, 4, 1},
		{"IESB", MMFR2, 12, 1},
		{"CCIDX", MMFR2, 20, 1},
		{"LSE2", MMFR2, 32, 1},
		{"TTL", MMFR2, 48, 1},
		{"BBM level 2", MMFR2, 52, 2},
		{"E0PD", MMFR2, 60, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t hw = (uint64_t)t[i].value << t[i].lsb;

		print_message("  %s\n", t[i].feature);
		assert_int_equal(field(sanitised(t[i].reg, hw), t[i].lsb),
				 t[i].value);
	}
}

static void values_newer_than_the_policy_are_capped(void **state)
{
	(void)state;
	assert_int_equal(field(sanitised(PFR0, 0x3000002), 24),
			 1);                                  /* GICv4.1 */
	assert_int_equal(field(sanitised(PFR0, 0x22), 4), 1); /* AArch32 EL1 */
	assert_int_equal(field(sanitised(PFR0, UINT64_C(3) << 56 | 2), 56), 1);
	assert_int_equal(field(sanitised(PFR0, UINT64_C(3) << 28 | 2), 28), 2);
	assert_int_equal(field(sanitised(DFR0, 11), 0), 10);
	assert_int_equal(field(sanitised(MMFR1, 3), 0), 2); /* HAFT */
	assert_int_equal(field(sanitised(ISAR0, UINT64_C(9) << 56), 56), 2);
}

/* Rules out: false-feature */
static void fields_and_registers_without_a_row_read_zero(void **state)
{
	static const unsigned reserved[] = {3,         8 * 2 + 3, 8 * 2 + 7,
					    8 * 3 + 3, 8 * 3 + 6, 8 * 4 + 3,
					    8 * 4 + 6, 8 * 5 + 4, 8 * 5 + 7,
					    8 * 6 + 5, 8 * 6 + 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		assert_int_equal(sanitised(reserved[i], UINT64_MAX), 0);
	assert_int_equal(sanitised(ISAR0, 0xf), 0); /* bits 3:0 are reserved */
	assert_int_equal(field(sanitised(ISAR2, UINT64_MAX), 60), 0);
}

static void physical_range_covers_the_vm_and_no_more(void **state)
{
	static const struct {
		unsigned hw, ipa_bits, shown;
	} t[] = {
		{5, 32, 0}, {5, 33, 1}, {5, 36, 1}, {5, 39, 2},
		{5, 40, 2}, {5, 41, 3}, {5, 43, 4}, {5, 48, 5},
		{6, 52, 6}, {2, 48, 2}, {4, 48, 4}, {7, 60, 6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t hw[IDREG_NR] = {0}, out[IDREG_NR];
		struct idreg_limits lim = {.ipa_bits = t[i].ipa_bits};

		print_message("  PARange %u, %u bits\n", t[i].hw,
			      t[i].ipa_bits);
		hw[MMFR0] = t[i].hw;
		idreg_sanitise(hw, &lim, out);
		assert_int_equal(out[MMFR0] & 15, t[i].shown);
	}
}

static void aarch32_group_is_zero_without_aarch32_at_el0(void **state)
{
	uint64_t hw[IDREG_NR], out[IDREG_NR];

	(void)state;
	for (unsigned i = 0; i < IDREG_NR; i++)
		hw[i] = UINT64_C(0x1111111111111111);
	idreg_sanitise(hw, &ipa40, out);
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(out[i], 0);
	hw[PFR0] = 0x1111111111111112;
	idreg_sanitise(hw, &ipa40, out);
	assert_int_equal(out[4], 0x11111111); /* ID_MMFR0: the CPU's */
	assert_int_equal(out[0], 0x11011111); /* ID_PFR0: no AMU */
	assert_int_equal(out[2], 0x00000001); /* ID_DFR0: no PMU, no trace */
}

static void pmu_is_shown_to_a_vm_that_has_one(void **state)
{
	static const struct idreg_limits with = {.ipa_bits = 40, .pmu = true};
	static const struct {
		uint64_t hw, shown;
	} t[] = {{0, 0}, {1, 1}, {5, 5}, {6, 6}, {9, 6}, {15, 0}};
	uint64_t hw[IDREG_NR] = {[PFR0] = 2}, out[IDREG_NR];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		hw[DFR0] = t[i].hw << 8;
		hw[2] = t[i].hw << 24; /* ID_DFR0_EL1.PerfMon */
		idreg_sanitise(hw, &with, out);
		assert_int_equal(field(out[DFR0], 8), t[i].shown);
		assert_int_equal(field(out[2], 24), t[i].shown);
		assert_int_equal(idreg_has_pmu(out), t[i].shown != 0);
		idreg_sanitise(hw, &ipa40, out);
		assert_int_equal(field(out[DFR0], 8), 0);
		assert_false(idreg_has_pmu(out));
	}
}

static void vectors_are_shown_where_they_can_be_switched(void **state)
{
	static const struct idreg_limits with = {.ipa_bits = 40, .sve = true};
	uint64_t hw[IDREG_NR] = {[PFR0] = 2 | UINT64_C(2) << 32}, out[IDREG_NR];

	(void)state;
	hw[ZFR0] = UINT64_MAX;
	idreg_sanitise(hw, &with, out);
	assert_int_equal(field(out[PFR0], 32), 1);
	/* Fields that the policy knows, each with its newest value. */
	assert_int_equal(out[ZFR0], UINT64_C(0x0110110101210022));
	idreg_sanitise(hw, &ipa40, out);
	assert_int_equal(field(out[PFR0], 32), 0);
	assert_int_equal(out[ZFR0], 0);
}

/* ID values of a Cortex-A57 r1p0, from its technical reference manual. */
static void cortex_a57_keeps_all_that_it_has(void **state)
{
	(void)state;
	assert_int_equal(sanitised(PFR0, 0x01002222), 0x01000012);
	assert_int_equal(sanitised(DFR0, 0x10305106), 0x10305006);
	assert_int_equal(sanitised(ISAR0, 0x00011120), 0x00011120);
	assert_int_equal(sanitised(MMFR0, 0x00001124), UINT64_C(0x11100000122));
	assert_int_equal(sanitised(MMFR1, 0), 0);
}

/* What is hidden of it is out of a guest's reach; all other registers of the
 * group are instruction sets and memory models of AArch32. */
static void cortex_a57_needs_no_trap_but_one_feature_more_does(void **state)
{
	static const struct idreg_limits with = {.ipa_bits = 31, .pmu = true};
	const uint64_t a57[IDREG_NR] = {
		[0] = 0x00000131,     [1] = 0x10011001,     [2] = 0x03010006,
		[4] = 0x10201105,     [PFR0] = 0x01002222,  [DFR0] = 0x10305106,
		[ISAR0] = 0x00011120, [MMFR0] = 0x00001124,
	};
	uint64_t hw[IDREG_NR], out[IDREG_NR];

	(void)state;
	memcpy(hw, a57, sizeof(hw));
	idreg_sanitise(hw, &with, out);
	assert_false(idreg_must_trap(hw, out));
	idreg_sanitise(hw, &ipa40, out); /* a VM without PMU */
	assert_true(idreg_must_trap(hw, out));
	hw[PFR0] |= UINT64_C(1) << 44; /* AMU */
	idreg_sanitise(hw, &with, out);
	assert_true(idreg_must_trap(hw, out));
	memcpy(hw, a57, sizeof(hw));
	hw[IDREG(7, 7)] = 1; /* a register that nobody knows */
	idreg_sanitise(hw, &with, out);
	assert_true(idreg_must_trap(hw, out));
}

/* Values that QEMU gives a Cortex-A76; Neoverse-N1's differ in PARange. Of its
 * features beyond Cortex-A57's, RAS, LOR and IESB have registers of their own.
 */
static void cortex_a76_needs_no_trap(void **state)
{
	static const struct idreg_limits with = {.ipa_bits = 31, .pmu = true};
	const uint64_t hw[IDREG_NR] = {
		[0] = 0x10010131,
		[1] = 0x10010000,
		[2] = 0x04010008,
		[4] = 0x10201105,
		[IDREG(3, 4)] = 0x11,
		[PFR0] = UINT64_C(0x1100000011111112),
		[PFR1] = 0x10,
		[DFR0] = 0x10305408,
		[ISAR0] = UINT64_C(0x0000100010211120),
		[ISAR1] = 0x00100001,
		[MMFR0] = 0x00101122,
		[MMFR1] = 0x10212122,
		[MMFR2] = 0x00001011,
	};
	uint64_t out[IDREG_NR];

	(void)state;
	idreg_sanitise(hw, &with, out);
	assert_false(idreg_must_trap(hw, out));
}

/* Those registers are UNKNOWN there; A64FX has a GIC field in one of them. */
static void aarch32_group_is_no_reason_to_trap_on_a_cpu_without(void **state)
{
	static const struct idreg_limits with = {.ipa_bits = 31, .pmu = true};
	uint64_t hw[IDREG_NR] = {
		[0] = 0x00100000, /* AMU, which is hidden */
		[1] = 0x10000000,
		[PFR0] = 0x01110111,
		[DFR0] = 0x10305408,
	};
	uint64_t out[IDREG_NR];

	(void)state;
	idreg_sanitise(hw, &with, out);
	assert_int_equal(out[1], 0);
	assert_false(idreg_must_trap(hw, out));
	hw[PFR0]++; /* AArch32 at EL0: they mean something */
	idreg_sanitise(hw, &with, out);
	assert_true(idreg_must_trap(hw, out));
}

static void policy_rows_fit_and_do_not_overlap(void **state)
{
	uint64_t seen[IDREG_NR] = {0};

	(void)state;
	for (unsigned i = 0; i < idreg_policy_nr; i++) {
		const struct idreg_field *f = &idreg_policy[i];
		uint64_t mask;

		assert_true(f->reg < IDREG_NR);
		assert_true(f->msb < 64 && f->lsb <= f->msb);
		mask = GENMASK(f->msb, f->lsb);
		assert_int_equal(seen[f->reg] & mask, 0);
		assert_true(FIELD_FITS(mask, f->value));
		seen[f->reg] |= mask;
	}
}

/* Rules out: id-space */
static void whole_id_space_is_recognised_and_nothing_else(void **state)
{
	unsigned hits = 0;

	(void)state;
	for (uint32_t reg = 0; reg < 1U << 22; reg += 2) {
		uint64_t esr = 0x62000001 | (reg & 0x3ffc1e) | 7 << 5;
		unsigned op0 = reg >> 20, op2 = reg >> 17 & 7;
		unsigned op1 = reg >> 14 & 7, crn = reg >> 10 & 15;
		unsigned crm = reg >> 1 & 15;
		bool in = op0 == 3 && !op1 && !crn && crm >= 1 && crm <= 7;

		if (reg & 0x3e0)
			continue; /* Rt: no part of the name */
		assert_int_equal(idreg_is(esr), in);
		if (in)
			assert_int_equal(idreg_index(esr), crm * 8 - 8 + op2);
		hits += in;
	}
	assert_int_equal(hits, IDREG_NR);
}

#define DOC      "docs/design/07b-cpu-identity.md"
#define DOC_MARK "<!-- policy table -->\n"

static void print_rule(FILE *f, unsigned rule, unsigned value)
{
	const char *moot = rule == IDREG_MOOT_SHOW ||
					   rule == IDREG_MOOT_FIXED ||
					   rule == IDREG_PARANGE
				   ? "; moot"
				   : "";

	if (rule == IDREG_SHOW || rule == IDREG_MOOT_SHOW)
		(void)fprintf(f, "shown, at most %u%s", value, moot);
	else if ((rule == IDREG_FIXED || rule == IDREG_MOOT_FIXED) && !value)
		(void)fprintf(f, "hidden%s", moot);
	else if (rule == IDREG_FIXED || rule == IDREG_MOOT_FIXED)
		(void)fprintf(f, "always %u%s", value, moot);
	else if (rule == IDREG_PMU)
		(void)fprintf(f, "at most %u, where the VM has a PMU", value);
	else if (rule == IDREG_SVE)
		(void)fprintf(f, "at most %u, where the CPUs have SVE", value);
	else
		(void)fprintf(f, "shown%s", moot);
}

/* The table of the documentation, from the rows that the code uses. */
static char *policy_as_markdown(void)
{
	static const struct {
		const char *reg, *name, *why;
		unsigned msb, lsb, rule, value;
	} rows[] = {
#define REG(name, crm, op2)
#define FIELD(reg, name, msb, lsb, rule, value, why)                           \
	{#reg, #name, why, msb, lsb, IDREG_##rule, value},
#include <arch/aarch64/idreg_policy.h>
#undef REG
#undef FIELD
	};
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	(void)fprintf(f, "| register | field | bits | a guest sees | why |\n");
	(void)fprintf(f, "|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)fprintf(f, "| %s | %s | %u:%u | ", rows[i].reg,
			      rows[i].name, rows[i].msb, rows[i].lsb);
		print_rule(f, rows[i].rule, rows[i].value);
		(void)fprintf(f, " | %s |\n", rows[i].why);
	}
	(void)fclose(f);
	return text;
}

/* Run with PLINTH_WRITE_DOCS=1 to renew the table. */
static void documented_table_is_the_policy(void **state)
{
	char *table = policy_as_markdown();
	char *doc = calloc(1, 1 << 20);
	FILE *f = fopen(DOC, "r+");
	char *mark;

	(void)state;
	assert_non_null(f);
	assert_non_null(doc);
	(void)fread(doc, 1, (1 << 20) - 1, f);
	mark = strstr(doc, DOC_MARK);
	assert_non_null(mark);
	mark += strlen(DOC_MARK);
	if (getenv("PLINTH_WRITE_DOCS")) {
		(void)fseek(f, mark - doc, SEEK_SET);
		(void)fputs(table, f);
		assert_int_equal(ftruncate(fileno(f), ftell(f)), 0);
	} else {
		assert_string_equal(mark, table);
	}
	(void)fclose(f);
	free(doc);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_of_all_ones_shows_nothing_hidden),
		cmocka_unit_test(usable_features_pass_with_the_cpus_value),
		cmocka_unit_test(values_newer_than_the_policy_are_capped),
		cmocka_unit_test(fields_and_registers_without_a_row_read_zero),
		cmocka_unit_test(physical_range_covers_the_vm_and_no_more),
		cmocka_unit_test(aarch32_group_is_zero_without_aarch32_at_el0),
		cmocka_unit_test(pmu_is_shown_to_a_vm_that_has_one),
		cmocka_unit_test(vectors_are_shown_where_they_can_be_switched),
		cmocka_unit_test(
			cortex_a57_needs_no_trap_but_one_feature_more_does),
		cmocka_unit_test(cortex_a76_needs_no_trap),
		cmocka_unit_test(
			aarch32_group_is_no_reason_to_trap_on_a_cpu_without),
		cmocka_unit_test(cortex_a57_keeps_all_that_it_has),
		cmocka_unit_test(policy_rows_fit_and_do_not_overlap),
		cmocka_unit_test(whole_id_space_is_recognised_and_nothing_else),
		cmocka_unit_test(documented_table_is_the_policy),
	};

	return cmocka_run_group_tests_name("idreg", tests, NULL, NULL);
}
