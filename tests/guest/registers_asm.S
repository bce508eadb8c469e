/*
 * Instructions that trap, each executed with all general registers loaded from a
 * block, and all stored there afterwards: void regs_OP_N(uint64_t x[31]). N is
 * the register that the instruction reads or writes. Called by registers.c;
 * TPIDR_EL0 is used.
 */
	.macro	each_pair insn, base
	\insn	x2, x3, [\base, #16]
	\insn	x4, x5, [\base, #32]
	\insn	x6, x7, [\base, #48]
	\insn	x8, x9, [\base, #64]
	\insn	x10, x11, [\base, #80]
	\insn	x12, x13, [\base, #96]
	\insn	x14, x15, [\base, #112]
	\insn	x16, x17, [\base, #128]
	\insn	x18, x19, [\base, #144]
	\insn	x20, x21, [\base, #160]
	\insn	x22, x23, [\base, #176]
	\insn	x24, x25, [\base, #192]
	\insn	x26, x27, [\base, #208]
	\insn	x28, x29, [\base, #224]
	.endm

	.macro	op name, insn:vararg
	.globl	regs_\name
regs_\name:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	each_pair ldp, x0
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	\insn
	msr	tpidr_el0, x0
	ldr	x0, [sp, #96]
	each_pair stp, x0
	str	x30, [x0, #240]
	mrs	x2, tpidr_el0
	stp	x2, x1, [x0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret
	.endm

	/* The name of the register that an address or a second operand is in. */
	.macro	each_op n, other
	op	load_\n, ldr w\n, [x\other]
	op	load_signed_\n, ldrsb x\n, [x\other]
	op	store_\n, str w\n, [x\other]
	op	pair_\n, ldp w\n, w\other, [x\other]
	op	idreg_\n, mrs x\n, id_aa64pfr0_el1
	op	aidreg_\n, mrs x\n, id_mmfr0_el1
	op	pmureg_\n, mrs x\n, pmcntenset_el0
	op	pmuset_\n, msr pmccntr_el0, x\n
	op	counter_\n, mrs x\n, pmevcntr1_el0
	op	counterset_\n, msr pmevcntr1_el0, x\n
	op	sgi_\n, msr icc_sgi1r_el1, x\n
	.endm

	.macro	wait
	.rept	4000
	isb
	.endr
	.endm

	.text
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	each_op	\n, 30
	.endr
	each_op	30, 29
	op	store_31, str wzr, [x30]
	op	load_31, ldr wzr, [x30]
	op	idreg_31, mrs xzr, id_aa64pfr0_el1
	op	pmureg_31, mrs xzr, pmcntenset_el0
	op	pmuset_31, msr pmccntr_el0, xzr
	op	counter_31, mrs xzr, pmevcntr1_el0
	op	counterset_31, msr pmevcntr1_el0, xzr
	op	hvc_0, hvc #0
	op	smc_0, smc #0
	op	wait_0, wait
