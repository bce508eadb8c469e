/*
 * A guest's stage-1 table walk, followed in software as far as the table that
 * it could not read: the level is what the guest's syndrome has to tell, and
 * ESR_EL2 does not (its level is stage 2's).
 *
 * Arm ARM DDI 0487, "Translation table walk", TCR_EL1, TTBRn_EL1. Granules of
 * 4, 16 and 64 KiB; output addresses of 48 bits, which is all that stage 2
 * maps (a descriptor with more is outside the guest's memory either way).
 * Leaves out: LPA2 (hidden from guests), hierarchical attributes, which decide
 * permissions and not the walk.
 */
#ifndef PLINTH_ARCH_S1WALK_H
#define PLINTH_ARCH_S1WALK_H

#include <base/addr.h>

struct s1walk {
	uint64_t tcr, ttbr[2]; /* TCR_EL1, TTBR0_EL1, TTBR1_EL1 */
	bool big_endian;       /* SCTLR_EL1.EE: of descriptors */
	/* The 8 bytes at `at`, as they are in memory; false: not to be read. */
	bool (*read)(void *ctx, ipa_t at, uint64_t *desc);
	void *ctx;
};

/*
 * The level, 0 to 3, at which the walk for `va` meets a descriptor that
 * read() refuses. -ENOENT: none, as far as the tables say now, or the tables
 * cannot be walked (bad sizes, walk disabled).
 */
MUST_CHECK int s1walk_failing_level(const struct s1walk *w, uint64_t va);

#endif
