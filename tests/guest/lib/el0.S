/*
 * uint64_t el0_call(uint64_t (*fn)(uint64_t, void *), uint64_t x0, void *x1)
 *
 * Runs fn at EL0 with interrupts masked, on a stack of its own, and returns
 * what it returns. Stage 1 is off, so EL0 reaches what EL1 does. It comes
 * back by SVC #EL0_DONE, which the vectors' C half turns into a return to
 * el0_back at EL1.
 */
#define EL0_DONE 0xe10

	.text
	.globl	el0_call
el0_call:
	mrs	x4, daif
	stp	x29, x30, [sp, #-32]!
	str	x4, [sp, #16]
	adrp	x3, el0_stack_top
	add	x3, x3, :lo12:el0_stack_top
	msr	sp_el0, x3
	msr	elr_el1, x0
	mov	x3, #0x3c0
	msr	spsr_el1, x3
	mov	x0, x1
	mov	x1, x2
	adr	x30, 1f
	isb
	eret
1:	svc	#EL0_DONE

	.globl	el0_back
el0_back:
	ldr	x4, [sp, #16]
	ldp	x29, x30, [sp], #32
	msr	daif, x4
	ret

	.section .stack, "aw", %nobits
	.balign	16
	.skip	4096
el0_stack_top:
