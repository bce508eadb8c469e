/*
 * ESR_EL2 values for tests, with field positions from the Arm ARM (DDI 0487)
 * and not from the product's own masks.
 */
#ifndef PLINTH_TESTS_SYNDROME_H
#define PLINTH_TESTS_SYNDROME_H

#include <base/types.h>

#define SYN_IL (UINT64_C(1) << 25)

/* hvc #0, smc #0 */
#define SYN_HVC UINT64_C(0x5a000000)
#define SYN_SMC UINT64_C(0x5e000000)

/* DFSC and IFSC at level 3 where there is one. */
#define SYN_TRANSLATION  0x07U
#define SYN_ADDRESS_SIZE 0x03U
#define SYN_ACCESS_FLAG  0x0bU
#define SYN_PERMISSION   0x0fU
#define SYN_EXTERNAL     0x10U

#define SYN_DABT_WRITE (UINT64_C(1) << 6)
#define SYN_S1PTW      (UINT64_C(1) << 7)
#define SYN_DABT_CM    (UINT64_C(1) << 8)
#define SYN_FNV        (UINT64_C(1) << 10)
#define SYN_DABT_SF    (UINT64_C(1) << 15)
#define SYN_DABT_SSE   (UINT64_C(1) << 21)
#define SYN_DABT_ISV   (UINT64_C(1) << 24)

static inline uint64_t syn(unsigned ec, uint64_t iss)
{
	return (uint64_t)ec << 26 | SYN_IL | iss;
}

/* A data abort of a load or store of `size` bytes with register rt. */
static inline uint64_t syn_dabt(unsigned size, unsigned rt, uint64_t flags)
{
	uint64_t sas = size == 8 ? 3 : size / 2;

	return syn(0x24, SYN_DABT_ISV | sas << 22 | (uint64_t)rt << 16 |
				 SYN_TRANSLATION | flags);
}

/* MSR (read false) or MRS (read true) of S<op0>_<op1>_C<n>_C<m>_<op2>. */
static inline uint64_t syn_sys(unsigned op0, unsigned op1, unsigned crn,
			       unsigned crm, unsigned op2)
{
	return syn(0x18, (uint64_t)op0 << 20 | (uint64_t)op2 << 17 |
				 (uint64_t)op1 << 14 | (uint64_t)crn << 10 |
				 (uint64_t)crm << 1);
}

static inline uint64_t syn_mrs(uint64_t sys, unsigned rt)
{
	return sys | (uint64_t)rt << 5 | 1;
}

static inline uint64_t syn_msr(uint64_t sys, unsigned rt)
{
	return sys | (uint64_t)rt << 5;
}

#endif
