/*
 * Affinity map: open addressing, at most half full, so that a search ends
 * after one or two looks whatever the number of vCPUs. Multiplicative hash.
 * Contract in mpidr.h. Left out: removal, since affinities are for good.
 */
#include <errno.h>

#include <arch/aarch64/mpidr.h>

#define GOLDEN_RATIO UINT64_C(0x9e3779b97f4a7c15)
#define MAX_VCPUS    32767

unsigned mpidr_map_slots(unsigned nr)
{
	unsigned slots = 4;

	while (slots < 2 * nr)
		slots *= 2;
	return slots;
}

/* The slot that holds `aff`, or the free one where it belongs. */
static uint16_t *slot_of(const struct mpidr_map *m, uint64_t aff)
{
	uint64_t mask = ~UINT64_C(0) >> m->shift;
	uint64_t i = aff * GOLDEN_RATIO >> m->shift;

	for (;; i = (i + 1) & mask) {
		uint16_t v = m->slots[i & mask];

		if (v == 0 || m->mpidr[v - 1] == aff)
			return &m->slots[i & mask];
	}
}

int mpidr_map_init(struct mpidr_map *m, const uint64_t *mpidr, unsigned nr,
		   uint16_t *slots)
{
	if (nr == 0 || nr > MAX_VCPUS)
		return -EINVAL;
	m->mpidr = mpidr;
	m->nr = nr;
	m->slots = slots;
	m->shift = 64 - bit_lowest(mpidr_map_slots(nr));
	for (unsigned i = 0; i < nr; i++) {
		uint16_t *slot = slot_of(m, mpidr[i]);

		if (mpidr[i] & ~MPIDR_AFF_MASK)
			return -EINVAL;
		if (*slot)
			return -EEXIST;
		*slot = (uint16_t)(i + 1);
	}
	return 0;
}

int mpidr_map_find(const struct mpidr_map *m, uint64_t aff)
{
	return *slot_of(m, aff) - 1;
}
