/*
 * Entry points that CPU_ON and CPU_SUSPEND jump to with nothing set up.
 */
	.arch	armv8-a
	.text

/*
 * Records what a CPU finds at its start in raw_state (psci.c) and turns the
 * CPU off again. HVC conduit.
 */
	.globl	raw_entry
raw_entry:
	adrp	x1, raw_state
	add	x1, x1, :lo12:raw_state
	mrs	x2, currentel
	mrs	x3, daif
	stp	x0, x2, [x1]
	mrs	x2, sctlr_el1
	stp	x3, x2, [x1, #16]
	mrs	x2, spsel
	mrs	x3, mpidr_el1
	stp	x2, x3, [x1, #32]
	mrs	x2, cntv_ctl_el0
	mrs	x3, S3_0_C12_C12_7	// ICC_IGRPEN1_EL1
	stp	x2, x3, [x1, #48]
	dsb	sy
	mov	x2, #1
	str	x2, [x1, #64]		// valid
	dsb	sy
	mov	x0, #2
	movk	x0, #0x8400, lsl #16	// CPU_OFF
	hvc	#0
	b	.

/*
 * suspend_call(fn, state, entry_or_0): CPU_SUSPEND with suspend_resume as
 * entry point when the third argument is 0, and a context record as context
 * id. Returns its result, or 0x100 when it came back by the entry point.
 */
	.macro	save_context
	sub	sp, sp, #128
	stp	x29, x30, [sp]
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mrs	x4, tpidr_el1
	str	x4, [sp, #96]
	adr	x4, suspend_resume
	.endm

	/* The same for calls without a state: (fn, entry_or_0). */
	.globl	suspend_stateless
suspend_stateless:
	save_context
	cmp	x1, #0
	csel	x1, x4, x1, eq
	mov	x2, sp
	hvc	#0
	b	1f

	.globl	suspend_call
suspend_call:
	save_context
	cmp	x2, #0
	csel	x2, x4, x2, eq
	mov	x3, sp
	hvc	#0
1:	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp]
	add	sp, sp, #128
	ret
suspend_resume:
	mov	x19, x0			// the context id: the stack
	mov	x2, x0
	ldr	x1, [x0, #96]
	bl	cpu_setup
	mov	sp, x19
	mov	x0, #0x100
	b	1b
