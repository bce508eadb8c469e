/*
 * Sanitised ID registers: what a guest is told about its CPU. The space that
 * HCR_EL2.TID3 traps is op0 = 3, op1 = 0, CRn = 0, CRm = 1..7: 56 registers,
 * named or reserved. Every one has an answer: fields listed in
 * arch/aarch64/idreg_policy.h show what works in a guest, all others read 0,
 * so a feature of a later CPU is absent until its row is written.
 *
 * The answers are computed once per VM; the trap path (el2/vectors.S) is one
 * table load:
 *
 *	value = vm->idregs[idreg_index(esr)];
 *
 * What EL2 owes for the rows that are shown: HCR_EL2.API and APK set and the
 * PAuth keys of a vCPU kept, SPSR bits (SSBS, DIT, UAO, PAN, BTYPE) kept,
 * HCR_EL2.RW set, FP/SIMD owned by the vCPU, TLBI range and Outer Shareable
 * forms not trapped; HCR_EL2.AMO set and VDISR_EL2 of a vCPU kept, and nothing
 * but zeros in error records and LORegions (TERR, TLOR). For the rows hidden:
 * CPTR_EL2 and MDCR_EL2 trap their registers, and the trap answers UNDEFINED.
 *
 * Arm ARM DDI 0487, ID_AA64*_EL1 and ID_*_EL1; "Principles of the ID scheme".
 */
#ifndef PLINTH_ARCH_IDREG_H
#define PLINTH_ARCH_IDREG_H

#include <arch/aarch64/sysreg.h>

#define IDREG_NR 56

/* Index of a register of the group: CRm 1..7, op2 0..7. */
#define IDREG(crm, op2) (8 * ((crm)-1) + (op2))

enum idreg_rule {
	IDREG_SHOW,  /* the CPU's value, at most `value`: unsigned fields */
	IDREG_RAW,   /* the CPU's value: fields where 0 does not mean absent */
	IDREG_FIXED, /* always `value`, 0 = hidden */
	IDREG_PMU,   /* as SHOW, where the VM has performance monitors */
	IDREG_SVE,   /* as SHOW, where the machine's CPUs agree about SVE */
	/* The same, but moot: it makes no difference to what a guest can do,
	 * so it is no reason to trap. */
	IDREG_MOOT_SHOW,
	IDREG_MOOT_FIXED,
	IDREG_PARANGE, /* moot: the CPU's, at most what covers the VM's IPA
			  space */
};

struct idreg_field {
	uint8_t reg; /* IDREG() */
	uint8_t msb;
	uint8_t lsb;
	uint8_t rule; /* enum idreg_rule */
	uint8_t value;
};

struct idreg_limits {
	unsigned ipa_bits; /* size of the VM's IPA space, 32..52 */
	bool pmu;          /* it may have performance monitors */
	bool sve;          /* its vCPUs have scalable vectors */
};

extern const struct idreg_field idreg_policy[];
extern const unsigned idreg_policy_nr;

/*
 * hw: the CPU's registers by IDREG() (on a machine of unlike CPUs, each the
 * common value), out: what the guest reads. CRm 1..3, the AArch32 group,
 * reads 0 when EL0 cannot use AArch32. No locks; `hw` and `out` may not
 * overlap.
 */
void idreg_sanitise(const uint64_t hw[IDREG_NR],
		    const struct idreg_limits *limits, uint64_t out[IDREG_NR]);

/*
 * Whether the CPU's own registers would tell a guest of something that `out`
 * hides from it and that it could use; if not, they need no trap. Those of the
 * AArch32 group are UNKNOWN, and tell nothing, when EL0 cannot use AArch32.
 */
bool idreg_must_trap(const uint64_t hw[IDREG_NR], const uint64_t out[IDREG_NR]);

/*
 * Whether a guest that reads these registers may have stage-1 tables with
 * pages of 2^page_shift bytes: 12, 14 or 16.
 */
bool idreg_has_granule(const uint64_t idregs[IDREG_NR], unsigned page_shift);

/* Whether sanitised registers show PMUv3. */
bool idreg_has_pmu(const uint64_t regs[IDREG_NR]);

/* Whether a trapped MSR/MRS names a register of the group. */
static inline bool idreg_is(uint64_t esr)
{
	uint32_t reg = esr_sysreg(esr);

	return (reg & ~(ESR_SYS64_CRM | ESR_SYS64_OP2)) ==
		       SYSREG(3, 0, 0, 0, 0) &&
	       FIELD_GET(ESR_SYS64_CRM, reg) - 1 < 7;
}

/* Only when idreg_is(). */
static inline unsigned idreg_index(uint64_t esr)
{
	return (unsigned)(8 * FIELD_GET(ESR_SYS64_CRM, esr) - 8 +
			  FIELD_GET(ESR_SYS64_OP2, esr));
}

#endif
