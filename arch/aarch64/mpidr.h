/*
 * From an affinity to a vCPU: a VM's vCPUs may have any distinct affinities,
 * so the index is found by a hash table that is built once and then only
 * read. Used by PSCI and wherever a guest names a CPU.
 *
 * Arm ARM DDI 0487, MPIDR_EL1: Aff3 in bits 39:32, Aff2..Aff0 in 23:0.
 * No locks: immutable after mpidr_map_init().
 */
#ifndef PLINTH_ARCH_MPIDR_H
#define PLINTH_ARCH_MPIDR_H

#include <base/bits.h>

#define MPIDR_AFF_MASK UINT64_C(0xff00ffffff)
#define MPIDR_RES1     BIT(31)

/* The affinity fields at `level` (0..3) and above. */
static inline uint64_t mpidr_level_mask(unsigned level)
{
	return MPIDR_AFF_MASK & ~UINT64_C(0) << (level == 3 ? 32 : 8 * level);
}

struct mpidr_map {
	const uint64_t *mpidr; /* by vCPU index; only Aff fields are set */
	unsigned nr;
	uint16_t *slots; /* vCPU index + 1, 0 = free */
	unsigned shift;  /* 64 - log2 of the number of slots */
};

/* How many slots a map of nr vCPUs (1..32767) wants: a power of two. */
unsigned mpidr_map_slots(unsigned nr);

/*
 * `slots`: mpidr_map_slots(nr) zeroed elements. Both arrays outlive the map.
 * -EINVAL bits outside the affinity fields, or nr out of range; -EEXIST two
 * vCPUs of one affinity.
 */
MUST_CHECK int mpidr_map_init(struct mpidr_map *m, const uint64_t *mpidr,
			      unsigned nr, uint16_t *slots);

/* Index of the vCPU with exactly this affinity, or -1. */
int mpidr_map_find(const struct mpidr_map *m, uint64_t aff);

#endif
