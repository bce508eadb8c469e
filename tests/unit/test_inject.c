/* Exception entry to EL1: values worked out by hand from the Arm ARM's
 * AArch64.TakeException and the format of SPSR_ELx. */
#include <arch/aarch64/inject.h>

#include "../host/host.h"

#define VBAR  UINT64_C(0xffff800010002000)
#define PC    UINT64_C(0xffff800010123454)
#define SPAN  (UINT64_C(1) << 23)
#define DSSBS (UINT64_C(1) << 44)

static struct inject_regs regs(uint64_t pstate)
{
	return (struct inject_regs){.pc = PC,
				    .pstate = pstate,
				    .sctlr = SPAN,
				    .vbar = VBAR,
				    .far = 0x5555};
}

/* Rules out: injected-entry */
static void vector_follows_source_level_stack_and_state(void **state)
{
	static const struct {
		const char *from;
		uint64_t pstate, sync, serror;
	} t[] = {
		{"EL1t", 0x4, 0x000, 0x180},
		{"EL1h", 0x5, 0x200, 0x380},
		{"EL0t", 0x0, 0x400, 0x580},
		{"AArch32 user", 0x10, 0x600, 0x780},
		{"AArch32 user, Thumb, carry", 0x20000030, 0x600, 0x780},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct inject_regs r = regs(t[i].pstate);

		print_message("  %s\n", t[i].from);
		inject_undef(&r);
		assert_int_equal(r.pc, VBAR + t[i].sync);
		assert_int_equal(r.elr, PC);
		assert_int_equal(r.spsr, t[i].pstate);
		r = regs(t[i].pstate);
		inject_serror(&r, 0);
		assert_int_equal(r.pc, VBAR + t[i].serror);
		assert_int_equal(r.esr, 0xbe000000);
	}
}

static void reserved_bits_of_vbar_are_ignored(void **state)
{
	struct inject_regs r = regs(5);

	(void)state;
	r.vbar = VBAR | 0x7ff;
	inject_undef(&r);
	assert_int_equal(r.pc, VBAR + 0x200);
}

static void undef_reports_unknown_reason_with_il_set(void **state)
{
	struct inject_regs r = regs(0);

	(void)state;
	inject_undef(&r);
	assert_int_equal(r.esr, 0x02000000);
	assert_int_equal(r.far, 0x5555);
}

/* Rules out: injected-entry */
static void handler_runs_masked_on_its_own_stack(void **state)
{
	static const struct {
		const char *what;
		uint64_t pstate, sctlr;
		unsigned features;
		uint64_t handler;
	} t[] = {
		{"plain EL0", 0x0, SPAN, 0, 0x3c5},
		{"flags and DIT stay", 0xf1000004, SPAN, 0, 0xf10003c5},
		{"UAO, SS, IL, BTYPE, TCO go", 0x02b00c05, SPAN, 0, 0x3c5},
		{"PAN stays", 0x00400005, SPAN, INJECT_PAN, 0x4003c5},
		{"PAN set when SPAN is 0", 0x5, 0, INJECT_PAN, 0x4003c5},
		{"PAN off stays off", 0x5, SPAN, INJECT_PAN, 0x3c5},
		{"no PAN without the feature", 0x00400005, 0, 0, 0x3c5},
		{"SSBS from DSSBS", 0x5, SPAN | DSSBS, INJECT_SSBS, 0x13c5},
		{"SSBS cleared", 0x1005, SPAN, INJECT_SSBS, 0x3c5},
		{"no SSBS without the feature", 0x1005, SPAN | DSSBS, 0, 0x3c5},
		{"TCO set with MTE", 0x5, SPAN, INJECT_MTE, 0x020003c5},
		{"AArch32: N, DIT, PAN stay, T, IT, GE, Q go", 0x8f4ffe30, SPAN,
		 INJECT_PAN, 0x814003c5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct inject_regs r = regs(t[i].pstate);

		print_message("  %s\n", t[i].what);
		r.sctlr = t[i].sctlr;
		r.features = t[i].features;
		inject_undef(&r);
		assert_int_equal(r.pstate, t[i].handler);
		assert_int_equal(r.spsr, t[i].pstate);
	}
}

static void aborts_report_level_direction_and_address(void **state)
{
	static const struct {
		const char *what;
		uint64_t pstate;
		struct inject_abort a;
		uint64_t esr, far;
	} t[] = {
		{"EL0 load",
		 0x0,
		 {.far = 0x1234, .fsc = 0x10},
		 0x92000010,
		 0x1234},
		{"EL1 load",
		 0x5,
		 {.far = 0x1234, .fsc = 0x10},
		 0x96000010,
		 0x1234},
		{"EL1t store",
		 0x4,
		 {.far = 0x8, .fsc = 0x10, .write = true},
		 0x96000050,
		 0x8},
		{"AArch32 store",
		 0x10,
		 {.far = 0x8, .fsc = 0x10, .write = true},
		 0x92000050,
		 0x8},
		{"EL0 fetch",
		 0x0,
		 {.far = PC, .fsc = 0x10, .fetch = true},
		 0x82000010,
		 PC},
		{"EL1 fetch",
		 0x5,
		 {.far = PC, .fsc = 0x10, .fetch = true, .write = true},
		 0x86000010,
		 PC},
		{"DC CIVAC",
		 0x5,
		 {.far = 0x40, .fsc = 0x10, .cache_op = true},
		 0x96000150,
		 0x40},
		{"walk, level 3",
		 0x5,
		 {.far = 0x40, .fsc = 0x17},
		 0x96000017,
		 0x40},
		{"FAR unknown",
		 0x5,
		 {.far = 0x40, .fsc = 0x10, .far_unknown = true},
		 0x96000410,
		 0x5555},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct inject_regs r = regs(t[i].pstate);

		print_message("  %s\n", t[i].what);
		inject_abort(&r, &t[i].a);
		assert_int_equal(r.esr, t[i].esr);
		assert_int_equal(r.far, t[i].far);
		assert_int_equal(r.elr, PC);
	}
}

static void any_class_can_be_forwarded(void **state)
{
	struct inject_regs r = regs(0);

	(void)state;
	inject_sync(&r, ESR_EC_FP, 0x1e00000);
	assert_int_equal(r.esr, 0x1fe00000);
}

/* Rules out: step-left-behind */
static void skipped_instruction_leaves_no_step_and_no_btype(void **state)
{
	uint64_t pc = 0x1000, ps = 0x00200c05;

	(void)state;
	inject_skip_insn(&pc, &ps, true);
	assert_int_equal(pc, 0x1004);
	assert_int_equal(ps, 0x5);
	ps = 0x60200030; /* Thumb outside an IT block */
	inject_skip_insn(&pc, &ps, false);
	assert_int_equal(pc, 0x1006);
	assert_int_equal(ps, 0x60000030);
}

/* ITTE EQ: ITSTATE 0000 0110 with the first instruction next; each one
 * shifts the mask, and the base condition's low bit, up by one. */
static void skipping_moves_an_it_block_on(void **state)
{
	static const uint8_t it[] = {0x06, 0x0c, 0x18, 0x00};
	uint64_t pc = 0, ps = 0x04000430; /* IT[7:2] 1, IT[1:0] 2 */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(it); i++) {
		assert_int_equal((ps >> 10 & 0x3f) << 2 | (ps >> 25 & 3),
				 it[i]);
		inject_skip_insn(&pc, &ps, false);
	}
	assert_int_equal(ps, 0x30);
	assert_int_equal(pc, 8);
}

static void features_come_from_the_shown_id_registers(void **state)
{
	uint64_t id[56] = {0};

	(void)state;
	assert_int_equal(inject_features(id), 0);
	id[8 * 6 + 1] = 0x100000; /* ID_AA64MMFR1_EL1.PAN */
	assert_int_equal(inject_features(id), INJECT_PAN);
	id[8 * 3 + 1] = 0x220; /* ID_AA64PFR1_EL1: MTE 2, SSBS 2 */
	assert_int_equal(inject_features(id),
			 INJECT_PAN | INJECT_SSBS | INJECT_MTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_follows_source_level_stack_and_state),
		cmocka_unit_test(reserved_bits_of_vbar_are_ignored),
		cmocka_unit_test(undef_reports_unknown_reason_with_il_set),
		cmocka_unit_test(handler_runs_masked_on_its_own_stack),
		cmocka_unit_test(aborts_report_level_direction_and_address),
		cmocka_unit_test(any_class_can_be_forwarded),
		cmocka_unit_test(
			skipped_instruction_leaves_no_step_and_no_btype),
		cmocka_unit_test(skipping_moves_an_it_block_on),
		cmocka_unit_test(features_come_from_the_shown_id_registers),
	};

	return cmocka_run_group_tests_name("inject", tests, NULL, NULL);
}
