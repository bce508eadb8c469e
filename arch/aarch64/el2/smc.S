/*
 * uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
 * Calls the firmware. SMCCC DEN 0028: results in x0-x3 (x0 is returned), x4-x17
 * may be clobbered; of these the guest's (docs/design/04-exceptions.md) are
 * kept here.
 */
	.text
	.globl	smc_call
	.type	smc_call, %function
smc_call:
	stp	x9, x10, [sp, #-64]!
	stp	x11, x12, [sp, #16]
	stp	x13, x14, [sp, #32]
	stp	x15, x18, [sp, #48]
	smc	#0
	ldp	x11, x12, [sp, #16]
	ldp	x13, x14, [sp, #32]
	ldp	x15, x18, [sp, #48]
	ldp	x9, x10, [sp], #64
	ret
	.size	smc_call, . - smc_call
