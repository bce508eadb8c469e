/*
 * The firmware interface of one VM: what HVC and SMC with immediate 0 answer.
 * Both conduits are served alike and nothing is passed on to real firmware.
 *
 * SMC Calling Convention, Arm DEN 0028 (version 1.3): function identifiers,
 * SMCCC_VERSION, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_n, error codes
 * sign-extended to 64 bits, upper halves of arguments ignored in the 32-bit
 * convention, bit 16 of the identifier (no live SVE state) is only a hint.
 * Power control: arch/aarch64/psci.h.
 *
 * Registers: a call reads x0..x3 and writes x0 at most; x1..x30 are preserved.
 */
#ifndef PLINTH_ARCH_SMCCC_H
#define PLINTH_ARCH_SMCCC_H

#include <arch/aarch64/psci.h>

#define SMCCC_FAST  BIT(31)
#define SMCCC_64    BIT(30)
#define SMCCC_OWNER GENMASK(29, 24)
#define SMCCC_HINT  BIT(16)
#define SMCCC_FN    GENMASK(15, 0)

#define SMCCC_VERSION_1_3 0x10003

enum smccc_fid {
	SMCCC_VERSION = 0x80000000,
	SMCCC_ARCH_FEATURES = 0x80000001,
	SMCCC_ARCH_SOC_ID = 0x80000002,
	SMCCC_ARCH_WORKAROUND_3 = 0x80003fff,
	SMCCC_ARCH_WORKAROUND_2 = 0x80007fff,
	SMCCC_ARCH_WORKAROUND_1 = 0x80008000,
};

enum smccc_ret {
	SMCCC_SUCCESS = 0,
	SMCCC_NOT_SUPPORTED = -1,
	SMCCC_NOT_REQUIRED = -2,
	SMCCC_INVALID_PARAMETER = -3,
};

/*
 * What SMCCC_ARCH_FEATURES says of each workaround: 1 = callable but this CPU
 * does not need it, 0 = needed (the exit to EL2 performs it),
 * SMCCC_NOT_SUPPORTED, or SMCCC_NOT_REQUIRED (number 2 only). The call itself
 * succeeds without effect for 0 and 1.
 */
struct smccc_workarounds {
	int8_t w1; /* branch target injection, CVE-2017-5715 */
	int8_t w2; /* speculative store bypass, CVE-2018-3639 */
	int8_t w3; /* branch history injection, CVE-2022-23960 */
};

struct smccc {
	struct psci psci;
	struct smccc_workarounds workarounds;
};

/*
 * One HVC or SMC of vCPU `self`; x[] are its registers x0..x3 at least. The
 * result tells the run loop what to do; see enum psci_action. Takes the lock
 * of at most one vCPU's power state; callbacks run without it.
 */
enum psci_action smccc_call(struct smccc *s, unsigned self, uint64_t *x);

#endif
