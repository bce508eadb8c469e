/* Trapped system registers: listed ones answer, all others are UNDEFINED. */
#include <arch/aarch64/vsysreg.h>

#include "../host/host.h"

static struct vsysreg v;

static int setup(void **state)
{
	(void)state;
	vsysreg_reset(&v);
	return 0;
}

/* Syndrome of an A64 MRS, MSR or SYS with Rt = x3. */
static uint64_t esr_of(uint32_t insn)
{
	uint32_t f = insn >> 5;
	bool read = insn & 1U << 21;

	return 0x62000060 |
	       SYSREG(f >> 14 & 3, f >> 11 & 7, f >> 7 & 15, f >> 3 & 15,
		      f & 7) |
	       read;
}

static uint64_t mrs(uint32_t insn)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vsysreg_access(&v, esr_of(insn), &value),
			 VSYSREG_DONE);
	return value;
}

static enum vsysreg_result msr(uint32_t insn, uint64_t value)
{
	return vsysreg_access(&v, esr_of(insn & ~(1U << 21)), &value);
}

static void os_lock_is_set_at_reset_and_follows_oslar(void **state)
{
	(void)state;
	assert_int_equal(mrs(0xd5301180), 0xa);             /* oslsr_el1 */
	assert_int_equal(msr(0xd5101080, 0), VSYSREG_DONE); /* oslar_el1 */
	assert_int_equal(mrs(0xd5301180), 0x8);
	assert_int_equal(msr(0xd5101080, 1), VSYSREG_DONE);
	assert_int_equal(mrs(0xd5301180), 0xa);
}

static void claim_tags_set_and_clear(void **state)
{
	(void)state;
	assert_int_equal(mrs(0xd53078c0), 0xff);
	assert_int_equal(msr(0xd53078c0, 0x85), VSYSREG_DONE);
	assert_int_equal(mrs(0xd53079c0), 0x85);
	assert_int_equal(msr(0xd53079c0, 0x04), VSYSREG_DONE);
	assert_int_equal(mrs(0xd53079c0), 0x81);
}

static void mdscr_keeps_its_own_bits_only(void **state)
{
	(void)state;
	assert_int_equal(msr(0xd5300240, UINT64_MAX), VSYSREG_DONE);
	assert_int_equal(mrs(0xd5300240), 0xb001);
	vsysreg_reset(&v);
	assert_int_equal(mrs(0xd5300240), 0);
}

static void listed_registers_are_raz_wi(void **state)
{
	static const uint32_t insn[] = {
		0xd5381020, /* actlr_el1 */
		0xd5301380, /* osdlr_el1 */
		0xd5301480, /* dbgprcr_el1 */
		0xd5300200, /* mdccint_el1 */
		0xd5300640, /* oseccr_el1 */
		0xd5300040, /* osdtrrx_el1 */
		0xd5300340, /* osdtrtx_el1 */
		0xd5330400, /* dbgdtr_el0 */
		0xd5330500, /* dbgdtrrx_el0, dbgdtrtx_el0 */
		0xd5300080, /* dbgbvr0_el1 */
		0xd5300fa0, /* dbgbcr15_el1 */
		0xd53003c0, /* dbgwvr3_el1 */
		0xd53000e0, /* dbgwcr0_el1 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(insn); i++) {
		assert_int_equal(msr(insn[i], UINT64_MAX), VSYSREG_DONE);
		assert_int_equal(mrs(insn[i]), 0);
	}
}

static void read_only_registers_refuse_a_write(void **state)
{
	static const uint32_t insn[] = {
		0xd5301180, /* oslsr_el1 */
		0xd5301000, /* mdrar_el1 */
		0xd5330100, /* mdccsr_el0 */
		0xd5307ec0, /* dbgauthstatus_el1 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(insn); i++) {
		(void)mrs(insn[i]);
		assert_int_equal(msr(insn[i], 0), VSYSREG_UNDEF);
	}
}

static void everything_else_is_undefined_and_changes_nothing(void **state)
{
	static const uint32_t insn[] = {
		0xd5301080, /* mrs oslar_el1: write-only */
		0xd53b9c00, /* pmcr_el0 */
		0xd53b9d00, /* pmccntr_el0 */
		0xd5389e20, /* pmintenset_el1 */
		0xd53be800, /* pmevcntr0_el0 */
		0xd53befe0, /* pmccfiltr_el0 */
		0xd5381220, /* trfcr_el1 */
		0xd538a460, /* lorc_el1 */
		0xd538d0e0, /* scxtnum_el1 */
		0xd539f200, /* s3_1_c15_c2_0: implementation defined */
		0xd5338080, /* op1 3 where the breakpoints have op1 0 */
		0xd5300060, /* s2_0_c0_c0_3 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(insn); i++) {
		uint64_t value = 0x1234;

		assert_int_equal(vsysreg_access(&v, esr_of(insn[i]), &value),
				 VSYSREG_UNDEF);
		assert_int_equal(value, 0x1234);
		if (i > 0)
			assert_int_equal(msr(insn[i], 0), VSYSREG_UNDEF);
	}
}

static void set_way_maintenance_is_the_callers(void **state)
{
	(void)state;
	assert_int_equal(msr(0xd5087640, 0), VSYSREG_SET_WAY);
	assert_int_equal(msr(0xd5087a40, 0), VSYSREG_SET_WAY);
	assert_int_equal(msr(0xd5087e40, 0), VSYSREG_SET_WAY);
	assert_int_equal(msr(0xd50b7e20, 0), VSYSREG_UNDEF); /* dc civac */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, setup)
		T(os_lock_is_set_at_reset_and_follows_oslar),
		T(claim_tags_set_and_clear),
		T(mdscr_keeps_its_own_bits_only),
		T(listed_registers_are_raz_wi),
		T(read_only_registers_refuse_a_write),
		T(everything_else_is_undefined_and_changes_nothing),
		T(set_way_maintenance_is_the_callers),
	};

	return cmocka_run_group_tests_name("vsysreg", tests, NULL, NULL);
}
