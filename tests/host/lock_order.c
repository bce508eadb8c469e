/* Order of locks; see lock_order.h. */
#include "lock_order.h"

#include <stdio.h>

#define LOCKS 64

static const struct spinlock *lock[LOCKS];
static uint64_t below[LOCKS]; /* bit i: lock[i] was taken under this one */
static unsigned nr_locks;

void lock_order_forget(void)
{
	nr_locks = 0;
}

static unsigned index_of(const struct spinlock *l)
{
	for (unsigned i = 0; i < nr_locks; i++) {
		if (lock[i] == l)
			return i;
	}
	if (nr_locks == LOCKS)
		abort(); /* more locks than a test may have */
	lock[nr_locks] = l;
	below[nr_locks] = 0;
	return nr_locks++;
}

/* All that is below lock i, at any depth. */
static uint64_t reach(unsigned i)
{
	uint64_t seen = below[i], before = 0;

	while (seen != before) {
		before = seen;
		for (unsigned k = 0; k < nr_locks; k++)
			seen |= before >> k & 1 ? below[k] : 0;
	}
	return seen;
}

void lock_order_watch(const struct spinlock *l)
{
	unsigned to;

	if (!fake_spin.nr_held)
		return;
	to = index_of(l);
	for (unsigned i = 0; i < fake_spin.nr_held; i++) {
		unsigned from = index_of(fake_spin.held[i]);

		below[from] |= UINT64_C(1) << to;
		if (reach(to) >> from & 1) {
			(void)fprintf(stderr, "locks %p and %p: both orders\n",
				      (const void *)fake_spin.held[i],
				      (const void *)l);
			abort();
		}
	}
}

unsigned lock_order_below(const struct spinlock *l)
{
	return (unsigned)__builtin_popcountll(reach(index_of(l)));
}
