/*
 * Where breakpoints and steps stop, and accesses that watchpoints see.
 */
	.text

/* Returns 2; 1 when the instruction at dbg_here is skipped. */
	.globl	dbg_target, dbg_here
dbg_target:
	mov	x2, #1
dbg_here:
	mov	x2, #2
	mov	x0, x2
	ret

	.macro	access name:req, insn:vararg
	.globl	dbg_\name
dbg_\name:
	\insn
	ret
	.endm
	access	ldrb, ldrb w2, [x0]
	access	ldr_w, ldr w2, [x0]
	access	ldr_x, ldr x2, [x0]
	access	ldp_x, ldp x2, x3, [x0]
	access	ldtr, ldtr w2, [x0]
	access	strb, strb wzr, [x0]
	access	str_x, str xzr, [x0]
	access	sttr, sttr wzr, [x0]
	access	brk, brk #0x77

/*
 * uint64_t dbg_step(x0 = target, x1 = its x0, x2 = SPSR_EL1): an exception
 * return to target, which returns to here.
 */
	.globl	dbg_step
dbg_step:
	stp	x29, x30, [sp, #-16]!
	adr	x30, 1f
	msr	elr_el1, x0
	msr	spsr_el1, x2
	mov	x0, x1
	isb
	eret
1:	ldp	x29, x30, [sp], #16
	ret

	access	nop, nop
	access	ldp_w, ldp w2, w3, [x0]
	access	hvc, hvc #0
	access	mrs_id, mrs x0, S3_0_C0_C4_0
	access	mrs_ctl, mrs x0, cntv_ctl_el0
	.globl	dbg_branch, dbg_branched
dbg_branch:
	b	dbg_branched
	udf	#0
dbg_branched:
	ret
