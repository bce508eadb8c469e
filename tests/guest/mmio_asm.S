/*
 * One function per form of access: x0 = address, x1 = struct mmio_regs. The
 * instruction has base x10, data x11, x12, v1..v4, offsets x13 = 16, x14 = 3.
 * Returns how far x10 moved.
 */
	.arch	armv8.3-a+rcpc

	.macro	op name:req, insn:vararg
	.globl	mmio_\name
mmio_\name:
	ldp	x11, x12, [x1]
	ldp	q1, q2, [x1, #16]
	ldp	q3, q4, [x1, #48]
	mov	x10, x0
	mov	x13, #16
	mov	x14, #3
	\insn
	stp	x11, x12, [x1]
	stp	q1, q2, [x1, #16]
	stp	q3, q4, [x1, #48]
	sub	x0, x10, x0
	ret
	.endm

	.text
	op	ldrb, ldrb w11, [x10, #5]
	op	ldrsb_w, ldrsb w11, [x10, #5]
	op	ldrsb_x, ldrsb x11, [x10, #5]
	op	ldr_w, ldr w11, [x10, #4]
	op	ldrsw, ldrsw x11, [x10, #4]
	op	ldr_x, ldr x11, [x10, #8]
	op	ldr_xzr, ldr xzr, [x10, #8]
	op	ldurb, ldurb w11, [x10, #1]
	op	ldur_x, ldur x11, [x10, #8]
	op	ldtr_w, ldtr w11, [x10, #4]
	op	ldtrsb_x, ldtrsb x11, [x10, #3]
	op	ldr_w_reg, ldr w11, [x10, x13]
	op	ldr_x_reg, ldr x11, [x10, w13, uxtw]
	op	ldr_x_scaled, ldr x11, [x10, x14, lsl #3]
	op	ldrb_post, ldrb w11, [x10], #1
	op	ldrsb_pre, ldrsb x11, [x10, #3]!
	op	ldr_w_post, ldr w11, [x10], #-4
	op	ldr_w_pre, ldr w11, [x10, #8]!
	op	ldrsw_post, ldrsw x11, [x10], #4
	op	ldr_x_post, ldr x11, [x10], #16
	op	ldr_x_pre, ldr x11, [x10, #16]!
	op	ldp_w, ldp w11, w12, [x10]
	op	ldp_x, ldp x11, x12, [x10, #16]
	op	ldpsw, ldpsw x11, x12, [x10]
	op	ldnp_w, ldnp w11, w12, [x10, #8]
	op	ldnp_x, ldnp x11, x12, [x10]
	op	ldp_w_post, ldp w11, w12, [x10], #8
	op	ldp_w_pre, ldp w11, w12, [x10, #16]!
	op	ldp_x_post, ldp x11, x12, [x10], #-16
	op	ldp_x_pre, ldp x11, x12, [x10, #8]!
	op	ldpsw_pre, ldpsw x11, x12, [x10, #4]!
	op	ldp_xzr, ldp xzr, x12, [x10]
	op	ldar_w, ldar w11, [x10]
	op	ldar_x, ldar x11, [x10]
	op	ldarb, ldarb w11, [x10]
	op	ldr_b, ldr b1, [x10, #3]
	op	ldr_s, ldr s1, [x10, #4]
	op	ldr_d, ldr d1, [x10, #8]
	op	ldr_q, ldr q1, [x10, #16]
	op	ldur_s, ldur s1, [x10, #4]
	op	ldr_s_post, ldr s1, [x10], #4
	op	ldr_d_pre, ldr d1, [x10, #8]!
	op	ldr_q_post, ldr q1, [x10], #16
	op	ldr_d_reg, ldr d1, [x10, x13]
	op	ldp_s, ldp s1, s2, [x10]
	op	ldp_d, ldp d1, d2, [x10, #16]
	op	ldp_q, ldp q1, q2, [x10]
	op	ldp_q_post, ldp q1, q2, [x10], #32
	op	ldnp_d, ldnp d1, d2, [x10]
	op	ld1_2d, ld1 {v1.2d}, [x10]
	op	ld1_2d_2d, ld1 {v1.2d, v2.2d}, [x10], #32
	op	ld1_4s, ld1 {v1.4s}, [x10]
	op	ld2_2d, ld2 {v1.2d, v2.2d}, [x10]
	op	ld2_2s, ld2 {v1.2s, v2.2s}, [x10]
	op	ld2_16b, ld2 {v1.16b, v2.16b}, [x10]
	op	ld3_2s, ld3 {v1.2s, v2.2s, v3.2s}, [x10]
	op	ld4_2s, ld4 {v1.2s, v2.2s, v3.2s, v4.2s}, [x10], x13
	op	ld1_b_lane, ld1 {v1.b}[13], [x10]
	op	ld1_s_lane, ld1 {v1.s}[2], [x10], #4
	op	ld1_d_lane, ld1 {v1.d}[1], [x10]
	op	ld2_s_lane, ld2 {v1.s, v2.s}[3], [x10]
	op	ld4_b_lane, ld4 {v1.b, v2.b, v3.b, v4.b}[15], [x10]
	op	ld1r_8b, ld1r {v1.8b}, [x10]
	op	ld1r_4s, ld1r {v1.4s}, [x10]
	op	ld2r_2d, ld2r {v1.2d, v2.2d}, [x10]

	op	strb, strb w11, [x10, #5]
	op	str_w, str w11, [x10, #4]
	op	str_x, str x11, [x10, #8]
	op	str_xzr, str xzr, [x10, #8]
	op	sturb, sturb w11, [x10, #1]
	op	stur_x, stur x11, [x10, #8]
	op	sttr_w, sttr w11, [x10, #4]
	op	str_w_reg, str w11, [x10, x13]
	op	strb_post, strb w11, [x10], #1
	op	str_w_post, str w11, [x10], #-4
	op	str_w_pre, str w11, [x10, #8]!
	op	str_x_post, str x11, [x10], #16
	op	str_x_pre, str x11, [x10, #16]!
	op	stp_w, stp w11, w12, [x10]
	op	stp_x, stp x11, x12, [x10, #16]
	op	stnp_w, stnp w11, w12, [x10, #8]
	op	stp_w_post, stp w11, w12, [x10], #8
	op	stp_w_pre, stp w11, w12, [x10, #16]!
	op	stp_x_post, stp x11, x12, [x10], #-16
	op	stp_x_pre, stp x11, x12, [x10, #8]!
	op	stp_xzr, stp x11, xzr, [x10]
	op	stlr_w, stlr w11, [x10]
	op	stlr_x, stlr x11, [x10]
	op	str_b, str b1, [x10, #3]
	op	str_s, str s1, [x10, #4]
	op	str_d, str d1, [x10, #8]
	op	str_q, str q1, [x10, #16]
	op	str_s_post, str s1, [x10], #4
	op	str_q_pre, str q1, [x10, #16]!
	op	stp_s, stp s1, s2, [x10]
	op	stp_d, stp d1, d2, [x10, #16]
	op	stp_q, stp q1, q2, [x10]
	op	stp_q_post, stp q1, q2, [x10], #32
	op	st1_2d, st1 {v1.2d}, [x10]
	op	st1_4s, st1 {v1.4s, v2.4s}, [x10]
	op	st2_2d, st2 {v1.2d, v2.2d}, [x10]
	op	st2_2s, st2 {v1.2s, v2.2s}, [x10]
	op	st2_16b, st2 {v1.16b, v2.16b}, [x10]
	op	st4_2s, st4 {v1.2s, v2.2s, v3.2s, v4.2s}, [x10], #32
	op	st1_b_lane, st1 {v1.b}[13], [x10]
	op	st1_s_lane, st1 {v1.s}[2], [x10], #4
	op	st2_s_lane, st2 {v1.s, v2.s}[3], [x10]

	.arch	armv8.1-a
	op	ldxr, ldxr w11, [x10]
	op	ldxp, ldxp w11, w12, [x10]
	op	ldadd, ldadd wzr, w11, [x10]
	op	swp, swp w11, w11, [x10]
	op	cas, cas w11, w11, [x10]
	op	dc_zva, dc zva, x10
	op	ldr_w_far, ldr w11, [x10, #64]!
	op	stp_w_far, stp w11, w12, [x10], #16

/*
 * uint64_t mmio_big(uint64_t (*fn)(uint64_t, void *), uint64_t x0, void *x1):
 * runs fn with SCTLR_EL1.EE set. Stage 1 is off: tables would be big too.
 */
	.globl	mmio_big
mmio_big:
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x9, x0
	mov	x0, x1
	mov	x1, x2
	mrs	x19, sctlr_el1
	orr	x2, x19, #(1 << 25)
	msr	sctlr_el1, x2
	isb
	blr	x9
	msr	sctlr_el1, x19
	isb
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
