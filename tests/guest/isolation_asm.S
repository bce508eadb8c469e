/*
 * One function per kind of access: x0 = address. Each returns 0 unless said
 * otherwise; the access may be skipped by the exception handler. Stores
 * store zero.
 */
	.arch	armv8.1-a
	.text

	.macro	op name:req, insn:vararg
	.globl	op_\name
op_\name:
	\insn
	mov	x0, #0
	ret
	.endm

	op	ldrb, ldrb w1, [x0]
	op	ldrh, ldrh w1, [x0]
	op	ldr_w, ldr w1, [x0]
	op	ldr_x, ldr x1, [x0]
	op	ldrsb, ldrsb x1, [x0]
	op	ldrsw, ldrsw x1, [x0]
	op	ldr_xzr, ldr xzr, [x0]
	op	ldar, ldar x1, [x0]
	op	ldp_w, ldp w1, w2, [x0]
	op	ldp_x, ldp x1, x2, [x0]
	op	ldpsw, ldpsw x1, x2, [x0]
	op	ldr_d, ldr d0, [x0]
	op	ldr_q, ldr q0, [x0]
	op	ldp_q, ldp q0, q1, [x0]
	op	ld1, ld1 {v0.16b, v1.16b}, [x0]
	op	ld4, ld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x0]
	op	ldxr, ldxr x1, [x0]
	op	ldaxp, ldaxp x1, x2, [x0]
	op	strb, strb wzr, [x0]
	op	strh, strh wzr, [x0]
	op	str_w, str wzr, [x0]
	op	str_x, str xzr, [x0]
	op	stlr, stlr xzr, [x0]
	op	stp_w, stp wzr, wzr, [x0]
	op	stp_x, stp xzr, xzr, [x0]
	op	str_q, str q31, [x0]
	op	stp_q, stp q31, q31, [x0]
	op	st1, st1 {v31.16b}, [x0]
	op	ldadd, ldadd xzr, x1, [x0]
	op	swp, swp xzr, x1, [x0]
	op	stadd, stadd xzr, [x0]
	op	dc_zva, dc zva, x0
	op	dc_cvac, dc cvac, x0
	op	dc_cvau, dc cvau, x0
	op	dc_civac, dc civac, x0
	op	dc_ivac, dc ivac, x0
	op	ic_ivau, ic ivau, x0
	op	prfm, prfm pldl1keep, [x0]

/* Exclusive pair; gives up on a failed store after a few tries. */
	.globl	op_ldxr_stxr
op_ldxr_stxr:
	mov	w3, #4
1:	ldxr	x1, [x0]
	stxr	w2, xzr, [x0]
	cbz	w2, 2f
	subs	w3, w3, #1
	b.ne	1b
2:	clrex
	mov	x0, #0
	ret

/* Compare and swap: may be a read or a write to the syndrome. */
	.globl	op_casal
op_casal:
	mov	x1, #0
	casal	x1, xzr, [x0]
	mov	x0, #0
	ret

/* Writeback forms return how far the base register moved. */
	.macro	op_writeback name:req, insn:vararg
	.globl	op_\name
op_\name:
	mov	x2, x0
	\insn
	sub	x0, x2, x0
	ret
	.endm

	op_writeback ldr_post, ldr x1, [x2], #8
	op_writeback ldr_pre, ldr x1, [x2, #0]!
	op_writeback str_post, str xzr, [x2], #8
	op_writeback ldp_post, ldp x1, x3, [x2], #16
	op_writeback stp_post, stp xzr, xzr, [x2], #16

/* Jumps to x0, to come back by the handler (or by a `ret` found there). */
	.globl	op_fetch
op_fetch:
	stp	x29, x30, [sp, #-16]!
	blr	x0
	ldp	x29, x30, [sp], #16
	mov	x0, #0
	ret

/* A load that leaves NZCV set: returns NZCV as it was after the load. */
	.globl	op_ldr_flags
op_ldr_flags:
	mov	x1, #0xa0000000		// N and C
	msr	nzcv, x1
	ldr	x1, [x0]
	mrs	x0, nzcv
	ret
