/* Syndrome decoding against words from the assembler and from the
 * architecture's bit tables, not against our own macros. */
#include <arch/aarch64/sysreg.h>

#include "../host/host.h"

static void exception_class_is_the_top_six_bits(void **state)
{
	static const struct {
		const char *what;
		uint32_t esr;
		enum esr_ec ec;
	} t[] = {
		{"wfi", 0x07e00000, ESR_EC_WFX},
		{"hvc #0", 0x5a000000, ESR_EC_HVC64},
		{"smc #1", 0x5e000001, ESR_EC_SMC64},
		{"svc #0", 0x56000000, ESR_EC_SVC64},
		{"mrs x0, id_aa64pfr0_el1", 0x62300009, ESR_EC_SYS64},
		{"fmov with CPTR_EL2.TFP", 0x1fe00000, ESR_EC_FP},
		{"ptrue with CPTR_EL2.TZ", 0x66000000, ESR_EC_SVE},
		{"fetch from nowhere", 0x82000006, ESR_EC_IABT_LOW},
		{"ldr w1, [x0]", 0x93810006, ESR_EC_DABT_LOW},
		{"same level data abort", 0x96000010, ESR_EC_DABT_CUR},
		{"brk #0", 0xf2000000, ESR_EC_BRK64},
		{"SError", 0xbe000000, ESR_EC_SERROR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		assert_int_equal(esr_ec(t[i].esr), t[i].ec);
	}
}

static void data_abort_syndrome_decodes_like_the_instruction(void **state)
{
	static const struct {
		const char *insn;
		uint32_t esr;
		unsigned size, srt;
		bool write, isv;
	} t[] = {
		{"ldrb w3, [x0]", 0x93030006, 1, 3, false, true},
		{"strh w4, [x0]", 0x93440046, 2, 4, true, true},
		{"ldr w1, [x0]", 0x93810006, 4, 1, false, true},
		{"str xzr, [x0]", 0x93df8046, 8, 31, true, true},
		{"ldp x0, x1, [x2]", 0x92000006, 1, 0, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].insn);
		assert_int_equal(esr_dabt_isv(t[i].esr), t[i].isv);
		assert_int_equal(esr_dabt_size(t[i].esr), t[i].size);
		assert_int_equal(esr_dabt_srt(t[i].esr), t[i].srt);
		assert_int_equal(esr_dabt_write(t[i].esr), t[i].write);
		assert_int_equal(esr_fsc_type(t[i].esr), ESR_FSC_TRANSLATION);
	}
}

static void fault_status_separates_type_and_level(void **state)
{
	(void)state;
	assert_int_equal(esr_fsc_type(0x93810007), ESR_FSC_TRANSLATION);
	assert_int_equal(FIELD_GET(ESR_FSC_LEVEL, 0x93810007), 3);
	assert_int_equal(esr_fsc_type(0x9381004f), ESR_FSC_PERMISSION);
	assert_int_equal(esr_fsc_type(0x9381000a), ESR_FSC_ACCESS_FLAG);
	assert_int_equal(FIELD_GET(ESR_ABT_FSC, 0x92000021), ESR_FSC_ALIGNMENT);
	assert_int_equal(FIELD_GET(ESR_ABT_FSC, 0x92000010), ESR_FSC_EXTERNAL);
	assert_true((0x92000087 & ESR_ABT_S1PTW) != 0);
	assert_true((0x92000147 & ESR_DABT_CM) != 0);
}

/* Rules out: load-extension */
static void loads_extend_as_the_syndrome_says(void **state)
{
	static const struct {
		const char *insn;
		uint32_t esr;
		uint64_t in, out;
	} t[] = {
		{"ldrb w0", 0x93000006, 0xff80, 0x80},
		{"ldrsb w0", 0x93200006, 0x80, 0xffffff80},
		{"ldrsb x0", 0x93208006, 0x80, 0xffffffffffffff80},
		{"ldrh w0", 0x93400006, 0xabcd8001, 0x8001},
		{"ldrsh w0", 0x93600006, 0x8001, 0xffff8001},
		{"ldrsh x0, positive", 0x93608006, 0x7001, 0x7001},
		{"ldr w0", 0x93800006, 0x1ffffffff, 0xffffffff},
		{"ldrsw x0", 0x93a08006, 0x80000000, 0xffffffff80000000},
		{"ldr x0", 0x93c08006, UINT64_MAX, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].insn);
		assert_int_equal(esr_dabt_extend(t[i].esr, t[i].in), t[i].out);
	}
}

/* Rules out: hpfar-offset */
static void hpfar_holds_the_page_of_the_ipa(void **state)
{
	(void)state;
	assert_int_equal(hpfar_ipa(0x90000).v, 0x09000000);
	assert_int_equal(hpfar_ipa(0x800a00).v, 0x800a0000);
	/* NS and reserved bits are no part of the address. */
	assert_int_equal(hpfar_ipa(UINT64_C(1) << 63 | 0x90000).v, 0x09000000);
	assert_int_equal(hpfar_ipa(UINT64_C(0xfffffffffff0)).v,
			 UINT64_C(0xfffffffffff000));
}

static void made_syndrome_has_class_and_32_bit_length(void **state)
{
	(void)state;
	assert_int_equal(esr_make(ESR_EC_UNKNOWN, 0), 0x02000000);
	assert_int_equal(esr_make(ESR_EC_DABT_CUR, 0x10), 0x96000010);
	assert_int_equal(esr_make(ESR_EC_UNKNOWN, UINT64_MAX), 0x03ffffff);
}

static void immediate_and_wfx_fields_are_in_place(void **state)
{
	(void)state;
	assert_int_equal(esr_imm16(0x5a00beef), 0xbeef);
	assert_int_equal(FIELD_GET(ESR_WFX_TI, 0x07e00001), ESR_WFX_WFE);
	assert_int_equal(FIELD_GET(ESR_WFX_TI, 0x07e00066), ESR_WFX_WFIT);
	assert_int_equal(FIELD_GET(ESR_WFX_RN, 0x07e00066), 3);
}

/* A64 MRS, MSR and SYS carry op0..op2 in bits 20:5 (op0 in 20:19). */
static uint32_t reg_of_insn(uint32_t insn)
{
	uint32_t f = insn >> 5;

	return SYSREG(f >> 14 & 3, f >> 11 & 7, f >> 7 & 15, f >> 3 & 15,
		      f & 7);
}

static void names_match_the_assemblers_encodings(void **state)
{
	static const struct {
		const char *insn;
		uint32_t word, reg;
	} t[] = {
		{"mrs x0, id_pfr0_el1", 0xd5380100, SYS_ID_PFR0_EL1},
		{"mrs x0, mvfr2_el1", 0xd5380340, SYS_MVFR2_EL1},
		{"mrs x0, id_aa64pfr0_el1", 0xd5380400, SYS_ID_AA64PFR0_EL1},
		{"mrs x0, id_aa64mmfr0_el1", 0xd5380700, SYS_ID_AA64MMFR0_EL1},
		{"mrs x0, id_aa64mmfr2_el1", 0xd5380740, SYS_ID_AA64MMFR2_EL1},
		{"mrs x0, midr_el1", 0xd5380000, SYS_MIDR_EL1},
		{"mrs x0, actlr_el1", 0xd5381020, SYS_ACTLR_EL1},
		{"mrs x0, ccsidr_el1", 0xd5390000, SYS_CCSIDR_EL1},
		{"mrs x0, ctr_el0", 0xd53b0020, SYS_CTR_EL0},
		{"msr icc_sgi0r_el1, x0", 0xd518cbe0, SYS_ICC_SGI0R_EL1},
		{"msr icc_sgi1r_el1, x0", 0xd518cba0, SYS_ICC_SGI1R_EL1},
		{"msr icc_asgi1r_el1, x0", 0xd518cbc0, SYS_ICC_ASGI1R_EL1},
		{"mrs x0, icc_sre_el1", 0xd538cca0, SYS_ICC_SRE_EL1},
		{"mrs x0, cntp_tval_el0", 0xd53be200, SYS_CNTP_TVAL_EL0},
		{"mrs x0, cntp_ctl_el0", 0xd53be220, SYS_CNTP_CTL_EL0},
		{"mrs x0, cntp_cval_el0", 0xd53be240, SYS_CNTP_CVAL_EL0},
		{"mrs x0, cntpct_el0", 0xd53be020, SYS_CNTPCT_EL0},
		{"mrs x0, cntv_ctl_el0", 0xd53be320, SYS_CNTV_CTL_EL0},
		{"msr oslar_el1, x0", 0xd5101080, SYS_OSLAR_EL1},
		{"mrs x0, oslsr_el1", 0xd5301180, SYS_OSLSR_EL1},
		{"mrs x0, osdlr_el1", 0xd5301380, SYS_OSDLR_EL1},
		{"mrs x0, dbgprcr_el1", 0xd5301480, SYS_DBGPRCR_EL1},
		{"mrs x0, mdscr_el1", 0xd5300240, SYS_MDSCR_EL1},
		{"mrs x0, mdccsr_el0", 0xd5330100, SYS_MDCCSR_EL0},
		{"mrs x0, mdccint_el1", 0xd5300200, SYS_MDCCINT_EL1},
		{"mrs x0, mdrar_el1", 0xd5301000, SYS_MDRAR_EL1},
		{"mrs x0, oseccr_el1", 0xd5300640, SYS_OSECCR_EL1},
		{"mrs x0, osdtrrx_el1", 0xd5300040, SYS_OSDTRRX_EL1},
		{"mrs x0, osdtrtx_el1", 0xd5300340, SYS_OSDTRTX_EL1},
		{"mrs x0, dbgdtr_el0", 0xd5330400, SYS_DBGDTR_EL0},
		{"mrs x0, dbgdtrrx_el0", 0xd5330500, SYS_DBGDTRRX_EL0},
		{"mrs x0, dbgbvr0_el1", 0xd5300080, SYS_DBGBVR_EL1(0)},
		{"mrs x0, dbgbcr15_el1", 0xd5300fa0, SYS_DBGBCR_EL1(15)},
		{"mrs x0, dbgwvr3_el1", 0xd53003c0, SYS_DBGWVR_EL1(3)},
		{"mrs x0, dbgwcr0_el1", 0xd53000e0, SYS_DBGWCR_EL1(0)},
		{"mrs x0, dbgclaimset_el1", 0xd53078c0, SYS_DBGCLAIMSET_EL1},
		{"mrs x0, dbgclaimclr_el1", 0xd53079c0, SYS_DBGCLAIMCLR_EL1},
		{"mrs x0, dbgauthstatus_el1", 0xd5307ec0,
		 SYS_DBGAUTHSTATUS_EL1},
		{"mrs x0, pmcr_el0", 0xd53b9c00, SYS_PMCR_EL0},
		{"mrs x0, pmccntr_el0", 0xd53b9d00, SYS_PMCCNTR_EL0},
		{"mrs x0, pmuserenr_el0", 0xd53b9e00, SYS_PMUSERENR_EL0},
		{"mrs x0, pmintenset_el1", 0xd5389e20, SYS_PMINTENSET_EL1},
		{"mrs x0, pmintenclr_el1", 0xd5389e40, SYS_PMINTENCLR_EL1},
		{"mrs x0, pmevcntr0_el0", 0xd53be800, SYS_PMEVCNTR_EL0(0)},
		{"mrs x0, pmevtyper30_el0", 0xd53befc0, SYS_PMEVTYPER_EL0(30)},
		{"mrs x0, pmccfiltr_el0", 0xd53befe0, SYS_PMCCFILTR_EL0},
		{"dc isw, x0", 0xd5087640, SYS_DC_ISW},
		{"dc csw, x0", 0xd5087a40, SYS_DC_CSW},
		{"dc cisw, x0", 0xd5087e40, SYS_DC_CISW},
		{"mrs x0, sctlr_el1", 0xd5381000, SYS_SCTLR_EL1},
		{"mrs x0, ttbr1_el1", 0xd5382020, SYS_TTBR1_EL1},
		{"mrs x0, tcr_el1", 0xd5382040, SYS_TCR_EL1},
		{"mrs x0, esr_el1", 0xd5385200, SYS_ESR_EL1},
		{"mrs x0, far_el1", 0xd5386000, SYS_FAR_EL1},
		{"mrs x0, afsr1_el1", 0xd5385120, SYS_AFSR1_EL1},
		{"mrs x0, mair_el1", 0xd538a200, SYS_MAIR_EL1},
		{"mrs x0, amair_el1", 0xd538a300, SYS_AMAIR_EL1},
		{"mrs x0, contextidr_el1", 0xd538d020, SYS_CONTEXTIDR_EL1},
		{"mrs x0, erridr_el1", 0xd5385300, SYS_ERRIDR_EL1},
		{"mrs x0, errselr_el1", 0xd5385320, SYS_ERRSELR_EL1},
		{"mrs x0, erxstatus_el1", 0xd5385440, SYS_ERXSTATUS_EL1},
		{"mrs x0, erxmisc3_el1", 0xd5385560, SYS_ERXMISC3_EL1},
		{"mrs x0, lorc_el1", 0xd538a460, SYS_LORC_EL1},
		{"mrs x0, lorid_el1", 0xd538a4e0, SYS_LORID_EL1},
		{"mrs x0, trfcr_el1", 0xd5381220, SYS_TRFCR_EL1},
		{"mrs x0, rndr", 0xd53b2400, SYS_RNDR_EL0},
		{"mrs x0, scxtnum_el1", 0xd538d0e0, SYS_SCXTNUM_EL1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].insn);
		assert_int_equal(reg_of_insn(t[i].word), t[i].reg);
	}
}

static void sysreg_syndrome_gives_register_direction_and_rt(void **state)
{
	/* mrs x5, id_aa64pfr0_el1; msr icc_sgi1r_el1, xzr */
	uint64_t rd = 0x62000000 | 3 << 20 | 5 << 5 | 4 << 1 | 1;
	uint64_t wr = 0x62000000 | 0x3a3016 | 31 << 5;

	(void)state;
	assert_int_equal(esr_sysreg(rd), SYS_ID_AA64PFR0_EL1);
	assert_true(esr_sysreg_read(rd));
	assert_int_equal(esr_sys64_rt(rd), 5);
	assert_int_equal(esr_sysreg(wr), SYS_ICC_SGI1R_EL1);
	assert_false(esr_sysreg_read(wr));
	assert_int_equal(esr_sys64_rt(wr), 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exception_class_is_the_top_six_bits),
		cmocka_unit_test(
			data_abort_syndrome_decodes_like_the_instruction),
		cmocka_unit_test(fault_status_separates_type_and_level),
		cmocka_unit_test(loads_extend_as_the_syndrome_says),
		cmocka_unit_test(hpfar_holds_the_page_of_the_ipa),
		cmocka_unit_test(made_syndrome_has_class_and_32_bit_length),
		cmocka_unit_test(immediate_and_wfx_fields_are_in_place),
		cmocka_unit_test(names_match_the_assemblers_encodings),
		cmocka_unit_test(
			sysreg_syndrome_gives_register_direction_and_rt),
	};

	return cmocka_run_group_tests_name("esr", tests, NULL, NULL);
}
