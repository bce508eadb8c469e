/*
 * Instructions that a hypervisor may trap, one function each. Tables of
 * two-instruction entries (access, ret) are indexed from C.
 */
	.arch	armv8.1-a+crypto
	.text

/* mrs x0, S3_0_C0_Cm_op2 for m = 0..7, op2 = 0..7: the ID register space. */
	.globl	id_space
id_space:
	.irp	m, 0, 1, 2, 3, 4, 5, 6, 7
	.irp	o, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, S3_0_C0_C\m\()_\o
	ret
	.endr
	.endr

/* Each must be UNDEFINED at EL1. */
	.globl	undef_table, undef_table_end
	.macro	undef insn:vararg
	\insn
	ret
	.endm
undef_table:
	undef	mrs x0, hcr_el2
	undef	mrs x0, vttbr_el2
	undef	mrs x0, esr_el2
	undef	mrs x0, hpfar_el2
	undef	mrs x0, elr_el2
	undef	mrs x0, vbar_el2
	undef	mrs x0, tpidr_el2
	undef	mrs x0, cnthctl_el2
	undef	mrs x0, cntvoff_el2
	undef	mrs x0, S3_4_C12_C11_0	// ICH_HCR_EL2
	undef	mrs x0, S3_4_C12_C12_0	// ICH_LR0_EL2
	undef	mrs x0, S3_5_C12_C0_0	// VBAR_EL12
	undef	mrs x0, S3_5_C1_C0_0	// SCTLR_EL12
	undef	mrs x0, S3_6_C1_C1_0	// SCR_EL3
	undef	mrs x0, S3_6_C1_C0_0	// SCTLR_EL3
	undef	msr hcr_el2, xzr
	undef	msr vttbr_el2, xzr
	undef	msr vtcr_el2, xzr
	undef	msr vbar_el2, xzr
	undef	msr sctlr_el2, xzr
	undef	msr ttbr0_el2, xzr
	undef	msr tpidr_el2, xzr
	undef	msr cntvoff_el2, xzr
	undef	msr S3_4_C12_C11_0, xzr	// ICH_HCR_EL2
	undef	msr S3_4_C12_C12_0, xzr	// ICH_LR0_EL2
	undef	tlbi alle1
	undef	tlbi alle1is
	undef	tlbi alle2is
	undef	tlbi vmalls12e1is
	undef	tlbi ipas2e1is, x0
	undef	at s12e1r, x0
	undef	at s1e2r, x0
	undef	msr S3_0_C0_C0_0, x0	// MIDR_EL1
	undef	msr S3_0_C0_C4_0, x0	// ID_AA64PFR0_EL1
	undef	msr S3_0_C0_C0_5, x0	// MPIDR_EL1
	undef	mrs x0, S2_0_C1_C0_4	// OSLAR_EL1, write-only
	undef	mrs x0, S3_0_C12_C12_1	// ICC_EOIR1_EL1, write-only
	undef	msr S3_0_C12_C12_0, x0	// ICC_IAR1_EL1, read-only
	undef	mrs x0, S2_7_C15_C15_7
	undef	mrs x0, S3_7_C13_C5_6
undef_table_end:

	.macro	routine name:req, insn:vararg
	.globl	\name
\name:
	\insn
	ret
	.endm

	routine	do_udf, .inst 0x00000000
	routine	do_hlt, hlt #0xf000
	routine	do_brk, brk #0x123
	routine	do_dcps1, dcps1
	routine	do_dcps2, dcps2
	routine	do_drps, drps
	routine	do_svc, svc #0x456
	routine	do_hvc_imm, hvc #0x1234
	routine	do_smc_imm, smc #0xffff

	.globl	do_wfe_ready
do_wfe_ready:
	sevl
	wfe
	ret

/* One access that a feature of the ID registers promises. */
	routine	use_pauth, mrs x0, S3_0_C2_C1_0		// APIAKeyLo_EL1
	routine	use_sve, .inst 0x04bf5020		// rdvl x0, #1
	routine	use_sme, .inst 0x04bf5820		// rdsvl x0, #1
	routine	use_mte, .inst 0x9adf1000		// irg x0, x0
	routine	use_rndr, mrs x0, S3_3_C2_C4_0
	routine	use_ras, mrs x0, S3_0_C5_C3_0		// ERRIDR_EL1
	routine	use_pmu, mrs x0, S3_3_C9_C12_0		// PMCR_EL0
	routine	use_spe, mrs x0, S3_0_C9_C9_0		// PMSCR_EL1
	routine	use_amu, mrs x0, S3_3_C13_C2_0		// AMCR_EL0
	routine	use_mpam, mrs x0, S3_0_C10_C5_1		// MPAM0_EL1
	routine	use_trace, mrs x0, S2_1_C0_C1_0		// TRCPRGCTLR
	routine	use_trf, mrs x0, S3_0_C1_C2_1		// TRFCR_EL1
	routine	use_pan, mrs x0, S3_0_C4_C2_3
	routine	use_uao, mrs x0, S3_0_C4_C2_4
	routine	use_dit, mrs x0, S3_3_C4_C2_5
	routine	use_ssbs, mrs x0, S3_3_C4_C2_6
	routine	use_lor, mrs x0, S3_0_C10_C4_7		// LORID_EL1

/* With no LORegions their other registers are RES0, and these accesses as LDAR
 * and STLR. lor_ones(cell): all of what any bit was set in. */
	.globl	lor_ones
lor_ones:
	mov	x1, #-1
	mov	x2, #0
	.irp	o, 0, 1, 2, 3		// LORSA, LOREA, LORN, LORC
	msr	S3_0_C10_C4_\o, x1
	isb
	mrs	x3, S3_0_C10_C4_\o
	orr	x2, x2, x3
	.endr
	ldlar	x3, [x0]
	stllr	x3, [x0]
	mov	x0, x2
	ret

	routine	use_scxtnum, mrs x0, S3_0_C13_C0_7	// SCXTNUM_EL1
	routine	use_crc32, crc32x w0, w0, x0
	routine	use_aes, aese v0.16b, v0.16b
	routine	use_lse, ldadd xzr, x1, [x0]

/*
 * hvc_keeps(fn, bad): calls `fn` with a pattern in x4-x30 and the SIMD
 * registers; returns how many of them came back different, x1-x3 excluded.
 */
	.globl	hvc_keeps
hvc_keeps:
	sub	sp, sp, #192
	stp	x29, x30, [sp]
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x18, [sp, #96]
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, #0x1100 + \n
	movk	x\n, #0xa500 + \n, lsl #48
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().16b, #\n + 1
	.endr
	hvc	#0
	mov	x1, #0
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x2, #0x1100 + \n
	movk	x2, #0xa500 + \n, lsl #48
	cmp	x2, x\n
	cinc	x1, x1, ne
	.endr
	ldr	x3, =0x0101010101010101
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mov	x0, #\n + 1
	mul	x0, x0, x3
	umov	x2, v\n\().d[0]
	cmp	x2, x0
	cinc	x1, x1, ne
	umov	x2, v\n\().d[1]
	cmp	x2, x0
	cinc	x1, x1, ne
	.endr
	mov	x0, x1
	ldr	x18, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp]
	add	sp, sp, #192
	ret
