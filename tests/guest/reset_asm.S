/*
 * Registers that C code of a payload does not name, or does not touch: FP/SIMD,
 * pointer authentication keys, debug, and what EL0 or nobody uses.
 */
	.arch	armv8-a+simd
	.text

	/* do \op with each register that every CPU has and nobody set up */
	.macro	each_sysreg op
	.irp	reg, tpidr_el0, tpidrro_el0, contextidr_el1, par_el1, far_el1, \
		cntkctl_el1, csselr_el1, afsr0_el1, afsr1_el1, mair_el1, \
		ttbr0_el1, ttbr1_el1, dbgbvr0_el1, dbgwvr0_el1, dbgbcr0_el1, \
		dbgwcr0_el1, cntv_cval_el0, cntp_cval_el0
	\op	\reg
	.endr
	.endm

	.macro	each_key op
	.irp	reg, S3_0_C2_C1_0, S3_0_C2_C1_1, S3_0_C2_C1_2, S3_0_C2_C1_3, \
		S3_0_C2_C2_0, S3_0_C2_C2_1, S3_0_C2_C2_2, S3_0_C2_C2_3, \
		S3_0_C2_C3_0, S3_0_C2_C3_1
	\op	\reg
	.endr
	.endm

	.macro	each_q op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	\n
	.endr
	.endm

	.macro	gather reg
	mrs	x1, \reg
	orr	x2, x2, x1
	.endm

	.macro	scatter reg
	msr	\reg, x1
	.endm

	.macro	gather_q n
	mov	x1, v\n\().d[0]
	orr	x2, x2, x1
	mov	x1, v\n\().d[1]
	orr	x2, x2, x1
	.endm

	.macro	scatter_q n
	dup	v\n\().2d, x1
	.endm

/* x0: whether the CPU has keys -> x0: all bits that are set in any of them */
	.globl	reset_residue
reset_residue:
	mov	x2, #0
	each_sysreg gather
	each_q	gather_q
	mrs	x1, fpcr
	orr	x2, x2, x1
	mrs	x1, fpsr
	orr	x2, x2, x1
	cbz	x0, 1f
	each_key gather
1:	mov	x0, x2
	ret

/* x0: as above, x1: what goes into each of them, as far as it can */
	.globl	reset_fill
reset_fill:
	each_sysreg scatter
	each_q	scatter_q
	mov	x2, #0x07c00000		// FPCR: AHP, DN, FZ, RMode
	msr	fpcr, x2
	mov	x2, #0x9f		// FPSR: flags that stick
	msr	fpsr, x2
	cbz	x0, 1f
	each_key scatter
1:	isb
	ret
