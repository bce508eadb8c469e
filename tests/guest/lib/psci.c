/*
 * SMCCC calls with up to three arguments; x4-x17 are preserved by the callee
 * as SMCCC 1.1 says, which the psci payload checks by itself.
 */
#include "psci.h"

#include "arm.h"
#include "guest.h"

#define SMCCC_CALL(insn)                                                       \
	static uint64_t insn##_raw(uint64_t fn, uint64_t a1, uint64_t a2,      \
				   uint64_t a3)                                \
	{                                                                      \
		register uint64_t x0 __asm__("x0") = fn;                       \
		register uint64_t x1 __asm__("x1") = a1;                       \
		register uint64_t x2 __asm__("x2") = a2;                       \
		register uint64_t x3 __asm__("x3") = a3;                       \
                                                                               \
		__asm__ volatile(#insn " #0"                                   \
				 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)      \
				 :                                             \
				 : "x4", "x5", "x6", "x7", "x8", "x9", "x10",  \
				   "x11", "x12", "x13", "x14", "x15", "x16",   \
				   "x17", "memory");                           \
		return x0;                                                     \
	}

SMCCC_CALL(hvc)
SMCCC_CALL(smc)

uint64_t hvc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return hvc_raw(fn, a1, a2, a3);
}

uint64_t smc_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return smc_raw(fn, a1, a2, a3);
}

int64_t psci_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
	if (guest.psci_smc)
		return (int64_t)smc_call(fn, a1, a2, a3);
	return (int64_t)hvc_call(fn, a1, a2, a3);
}

void psci_system_off(void)
{
	psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wfi();
}
