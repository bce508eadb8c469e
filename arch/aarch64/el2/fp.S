/*
 * FP/SIMD registers of a vCPU: the only code at EL2 that names them.
 * CPTR_EL2.TFP is clear whenever it runs. Layout: struct fp_context.
 * Left out: SVE (sve_regs.S), and SME, which no guest has.
 * Arm ARM DDI 0487, FPCR, FPSR and "SIMD and floating-point registers".
 */
#include "asm-offsets.h"

	.arch	armv8-a+fp+simd
	.macro	each_pair insn
	\insn	q0, q1, [x0, #0]
	\insn	q2, q3, [x0, #32]
	\insn	q4, q5, [x0, #64]
	\insn	q6, q7, [x0, #96]
	\insn	q8, q9, [x0, #128]
	\insn	q10, q11, [x0, #160]
	\insn	q12, q13, [x0, #192]
	\insn	q14, q15, [x0, #224]
	\insn	q16, q17, [x0, #256]
	\insn	q18, q19, [x0, #288]
	\insn	q20, q21, [x0, #320]
	\insn	q22, q23, [x0, #352]
	\insn	q24, q25, [x0, #384]
	\insn	q26, q27, [x0, #416]
	\insn	q28, q29, [x0, #448]
	\insn	q30, q31, [x0, #480]
	.endm

	.text
/* void fp_context_save(struct fp_context *c). Clobbers x16, x17. */
	.globl	fp_context_save
	.type	fp_context_save, %function
fp_context_save:
	each_pair stp
	mrs	x16, fpcr
	mrs	x17, fpsr
	str	x16, [x0, #FP_FPCR]
	str	x17, [x0, #FP_FPSR]
	ret
	.size	fp_context_save, . - fp_context_save

/* void fp_context_restore(const struct fp_context *c). Clobbers x16, x17. */
	.globl	fp_context_restore
	.type	fp_context_restore, %function
fp_context_restore:
	each_pair ldp
	ldr	x16, [x0, #FP_FPCR]
	ldr	x17, [x0, #FP_FPSR]
	msr	fpcr, x16
	msr	fpsr, x17
	ret
	.size	fp_context_restore, . - fp_context_restore

/*
 * One register by its number: a jump into a row of slots of two instructions.
 * void fp_read(unsigned n, uint64_t v[2]);
 * void fp_write(unsigned n, const uint64_t v[2]);
 * x0 = n < 32, x1 = v. Clobber x16.
 */
	.macro	each_register insn
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\insn	q\n, [x1]
	ret
	.endr
	.endm

	.globl	fp_read
	.type	fp_read, %function
fp_read:
	adr	x16, 1f
	add	x16, x16, w0, uxtw #3
	br	x16
1:	each_register str
	.size	fp_read, . - fp_read

	.globl	fp_write
	.type	fp_write, %function
fp_write:
	adr	x16, 1f
	add	x16, x16, w0, uxtw #3
	br	x16
1:	each_register ldr
	.size	fp_write, . - fp_write
