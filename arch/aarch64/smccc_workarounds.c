/*
 * Which of the workarounds for speculative execution a CPU can do without, by
 * what it says of itself. Plinth has none to offer: a CPU that would need one
 * gets the answer that there is none.
 *
 * Arm DEN 0028, SMCCC_ARCH_WORKAROUND_1..3; Arm ARM DDI 0487,
 * ID_AA64PFR0_EL1.CSV2, ID_AA64PFR1_EL1.SSBS, ID_AA64MMFR1_EL1.ECBHB; Arm's
 * list of CPUs that the three do not concern.
 */
#include <arch/aarch64/smccc.h>

#define MIDR_IMPLEMENTER GENMASK(31, 24)
#define MIDR_PART        GENMASK(15, 4)

#define PFR0_CSV2   GENMASK(59, 56)
#define MMFR1_ECBHB GENMASK(63, 60)

#define IMPLEMENTER_ARM 0x41
#define CORTEX_A53      0xd03
#define CORTEX_A35      0xd04
#define CORTEX_A55      0xd05

/* These speculate, but not as far. */
static bool is_unaffected(uint64_t midr)
{
	uint64_t part = FIELD_GET(MIDR_PART, midr);

	return FIELD_GET(MIDR_IMPLEMENTER, midr) == IMPLEMENTER_ARM &&
	       (part == CORTEX_A35 || part == CORTEX_A53 || part == CORTEX_A55);
}

/*
 * 2: where PSTATE.SSBS exists a guest uses that, and firmware says that it has
 * nothing to do with it; where it does not, nobody knows.
 */
struct smccc_workarounds
smccc_workarounds_of(uint64_t midr, const uint64_t hw_idregs[IDREG_NR])
{
	uint64_t csv2 = FIELD_GET(PFR0_CSV2, hw_idregs[IDREG(4, 0)]);
	uint64_t ecbhb = FIELD_GET(MMFR1_ECBHB, hw_idregs[IDREG(7, 1)]);
	bool none = is_unaffected(midr);

	return (struct smccc_workarounds){
		.w1 = none || csv2 >= 1 ? 1 : SMCCC_NOT_SUPPORTED,
		.w2 = none ? SMCCC_NOT_REQUIRED : SMCCC_NOT_SUPPORTED,
		.w3 = none || csv2 >= 3 || ecbhb ? 1 : SMCCC_NOT_SUPPORTED,
	};
}
