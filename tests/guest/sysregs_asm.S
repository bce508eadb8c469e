/*
 * Registers that a CPU keeps for its program and that nothing changes while
 * interrupts are masked and stage 1 is off: all at once to and from memory.
 */
	.text

	.macro	each_kept op
	.irp	reg, tpidr_el0, tpidrro_el0, contextidr_el1, par_el1, far_el1, \
		esr_el1, elr_el1, spsr_el1, sp_el0, csselr_el1, afsr0_el1, \
		afsr1_el1, amair_el1, mair_el1, ttbr0_el1, ttbr1_el1, \
		cntkctl_el1, dbgbvr0_el1, dbgbvr1_el1, dbgwvr0_el1, \
		dbgwvr1_el1, cntp_cval_el0, osdlr_el1, dbgbcr0_el1, \
		dbgbcr1_el1, dbgwcr0_el1, dbgwcr1_el1, mdscr_el1
	\op	\reg
	.endr
	.endm

	.macro	store reg
	mrs	x1, \reg
	str	x1, [x0], #8
	.endm

	.macro	load reg
	ldr	x1, [x0], #8
	msr	\reg, x1
	.endm

/* x0: SYSREGS_NR words; clobber x0, x1 */
	.globl	sysregs_store
sysregs_store:
	each_kept store
	ret

	.globl	sysregs_load
sysregs_load:
	each_kept load
	isb
	ret

/* Returns 2; 1 when the instruction at sysregs_break is skipped. */
	.globl	sysregs_target, sysregs_break
sysregs_target:
	mov	x0, #1
sysregs_break:
	mov	x0, #2
	ret
