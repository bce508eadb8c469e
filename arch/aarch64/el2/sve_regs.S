/*
 * Scalable vector registers of a vCPU, at the length that ZCR_EL2 gives; the
 * only code at EL2 that names them. CPTR_EL2.TZ and TFP are clear whenever it
 * runs. Layout: arch/aarch64/sve.h. Left out: streaming mode (SME), in which
 * FFR may not be touched. Arm ARM DDI 0487, "SVE registers".
 */
#include "asm-offsets.h"

	.arch	armv8-a+sve
	.macro	each_z insn
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\insn	z\n, [x0, #\n, mul vl]
	.endr
	.endm

	.macro	each_p insn
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\insn	p\n, [x16, #\n, mul vl]
	.endr
	.endm

	/* x16: the predicates, behind 32 vectors */
	.macro	find_predicates
	addvl	x16, x0, #16
	addvl	x16, x16, #16
	.endm

	.text
/* uint64_t sve_vl(void): bytes of a vector. */
	.globl	sve_vl
	.type	sve_vl, %function
sve_vl:
	rdvl	x0, #1
	ret
	.size	sve_vl, . - sve_vl

/* void sve_regs_save(void *regs, struct fp_context *fp): FPCR and FPSR go to
 * fp. Clobbers x16, x17, P0. */
	.globl	sve_regs_save
	.type	sve_regs_save, %function
sve_regs_save:
	find_predicates
	each_z	str
	each_p	str
	rdffr	p0.b
	str	p0, [x16, #16, mul vl]
	mrs	x16, fpcr
	mrs	x17, fpsr
	str	x16, [x1, #FP_FPCR]
	str	x17, [x1, #FP_FPSR]
	ret
	.size	sve_regs_save, . - sve_regs_save

/* void sve_regs_restore(const void *regs, const struct fp_context *fp).
 * Clobbers x16, x17. */
	.globl	sve_regs_restore
	.type	sve_regs_restore, %function
sve_regs_restore:
	find_predicates
	ldr	p0, [x16, #16, mul vl]
	wrffr	p0.b
	each_z	ldr
	each_p	ldr
	ldr	x16, [x1, #FP_FPCR]
	ldr	x17, [x1, #FP_FPSR]
	msr	fpcr, x16
	msr	fpsr, x17
	ret
	.size	sve_regs_restore, . - sve_regs_restore
