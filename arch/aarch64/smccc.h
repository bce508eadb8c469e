/*
 * The firmware interface of one VM: what HVC and SMC with immediate 0 answer.
 * Both conduits are served alike and nothing is passed on to real firmware.
 *
 * SMC Calling Convention, Arm DEN 0028 (version 1.3): function identifiers,
 * SMCCC_VERSION, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_n, error codes
 * sign-extended to 64 bits, upper halves of arguments ignored in the 32-bit
 * convention, bit 16 of the identifier (no live SVE state) is only a hint.
 * Power control: arch/aarch64/psci.h. Entropy: TRNG 1.0, Arm DEN 0098. Stolen
 * time: Arm DEN 0057. As a KVM host: the calls that Linux's
 * include/linux/arm-smccc.h names ARM_SMCCC_VENDOR_HYP_KVM_*: features, and
 * PTP, the wall clock together with a counter.
 *
 * Registers: a call reads x0..x3. It writes x0, and x1..x3 where it has more
 * results: TRNG_GET_UUID, TRNG_RND, the UID call, KVM features, a PTP call
 * that succeeds. All others are preserved.
 */
#ifndef PLINTH_ARCH_SMCCC_H
#define PLINTH_ARCH_SMCCC_H

#include <arch/aarch64/idreg.h>
#include <arch/aarch64/psci.h>

#define SMCCC_FAST  BIT(31)
#define SMCCC_64    BIT(30)
#define SMCCC_OWNER GENMASK(29, 24)
#define SMCCC_HINT  BIT(16)
#define SMCCC_FN    GENMASK(15, 0)

#define SMCCC_VERSION_1_3 0x10003

/* SMCCC_OWNER */
enum smccc_owner {
	SMCCC_OWNER_ARCH = 0,
	SMCCC_OWNER_STANDARD = 4,
	SMCCC_OWNER_STANDARD_HYP = 5,
	SMCCC_OWNER_VENDOR_HYP = 6,
};

enum smccc_fid {
	SMCCC_VERSION = 0x80000000,
	SMCCC_ARCH_FEATURES = 0x80000001,
	SMCCC_ARCH_SOC_ID = 0x80000002,
	SMCCC_ARCH_WORKAROUND_3 = 0x80003fff,
	SMCCC_ARCH_WORKAROUND_2 = 0x80007fff,
	SMCCC_ARCH_WORKAROUND_1 = 0x80008000,
	SMCCC_TRNG_VERSION = 0x84000050,
	SMCCC_TRNG_FEATURES = 0x84000051,
	SMCCC_TRNG_GET_UUID = 0x84000052,
	SMCCC_TRNG_RND32 = 0x84000053,
	SMCCC_TRNG_RND64 = 0xc4000053,
	SMCCC_PV_TIME_FEATURES = 0xc5000020,
	SMCCC_PV_TIME_ST = 0xc5000021,
	SMCCC_KVM_FEATURES = 0x86000000,
	SMCCC_KVM_PTP = 0x86000001,
	SMCCC_VENDOR_HYP_UID = 0x8600ff01,
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

/* One moment, by the wall clock and by a counter of the vCPU that asks. */
struct smccc_moment {
	uint64_t ns;    /* since 1970 */
	uint64_t count; /* CNTVCT_EL0 or CNTPCT_EL0, as the guest reads it */
};

struct smccc_ops {
	/* 192 bits of full entropy, or false: none at present. NULL: the
	 * machine has no source, and the VM no TRNG. */
	bool (*entropy)(void *ctx, uint64_t word[3]);
	/* Where vCPU `self` has its structure of stolen time; IPA. */
	uint64_t (*stolen_time)(void *ctx, unsigned self);
	struct smccc_moment (*moment)(void *ctx, unsigned self, bool physical);
	void *ctx;
};

struct smccc {
	struct psci psci;
	struct smccc_workarounds workarounds;
	struct smccc_ops ops;
};

/*
 * What a CPU of that MIDR_EL1, with these ID registers as the CPU itself shows
 * them, needs of a firmware that has nothing to offer.
 */
struct smccc_workarounds
smccc_workarounds_of(uint64_t midr, const uint64_t hw_idregs[IDREG_NR]);

/*
 * One HVC or SMC of vCPU `self`; x[] are its registers x0..x3 at least. The
 * result tells the run loop what to do; see enum psci_action. Takes the lock
 * of at most one vCPU's power state; callbacks run without it.
 */
enum psci_action smccc_call(struct smccc *s, unsigned self, uint64_t *x);

#endif
