/*
 * Ranges of host memory and lists of them: what they touch and what lies
 * within them, without sums that wrap. Empty ranges touch nothing. No state,
 * no locks; Plinth's own.
 */
#ifndef PLINTH_BASE_RANGE_H
#define PLINTH_BASE_RANGE_H

#include <base/addr.h>

struct hpa_range {
	hpa_t base;
	uint64_t size; /* bytes; not empty, does not wrap */
};

struct hpa_ranges {
	struct hpa_range *r;
	unsigned nr;
};

/* Whether [base, base + size) lies in one range of the list. */
static inline bool hpa_ranges_hold(const struct hpa_ranges *l, hpa_t base,
				   uint64_t size)
{
	for (unsigned i = 0; i < l->nr; i++)
		if (range_within(base.v, size, l->r[i].base.v, l->r[i].size))
			return true;
	return false;
}

/* The first range that shares a byte with [base, base + size), or NULL. */
static inline const struct hpa_range *
hpa_ranges_touch(const struct hpa_ranges *l, hpa_t base, uint64_t size)
{
	for (unsigned i = 0; i < l->nr; i++)
		if (ranges_overlap(base.v, size, l->r[i].base.v, l->r[i].size))
			return &l->r[i];
	return NULL;
}

#endif
