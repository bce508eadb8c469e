/*
 * uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
 * Calls the firmware. SMCCC DEN 0028: results in x0-x3 (x0 is returned), x4-x17
 * may be clobbered: all of them are caller-saved.
 */
	.text
	.globl	smc_call
	.type	smc_call, %function
smc_call:
	smc	#0
	ret
	.size	smc_call, . - smc_call
