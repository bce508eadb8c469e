/*
 * Spinlock (host build): same interface, and it dies at once on recursion or
 * on release of a free lock when only one thread uses it, which is how unit
 * tests run. What the thread holds is kept, and a test may look on, or play
 * another CPU, whenever a lock is about to be taken or has been released.
 */
#ifndef PLINTH_PORT_SPINLOCK_H
#define PLINTH_PORT_SPINLOCK_H

#include <stdlib.h>

#include <base/types.h>

struct spinlock {
	uint16_t owner;
	uint16_t next;
};

#define FAKE_SPIN_DEPTH 8

struct fake_spin {
	const struct spinlock *held[FAKE_SPIN_DEPTH];
	unsigned nr_held;
	/* NULL: nobody looks. `l` is not held. */
	void (*before_lock)(const struct spinlock *l);
	void (*after_unlock)(const struct spinlock *l);
};

extern struct fake_spin fake_spin;

void fake_spin_locked(const struct spinlock *l);
void fake_spin_unlocked(const struct spinlock *l);

static inline void spin_lock(struct spinlock *l)
{
	if (fake_spin.before_lock)
		fake_spin.before_lock(l);
	if (l->owner != l->next)
		abort(); /* self-deadlock */
	l->next++;
	fake_spin_locked(l);
}

static inline void spin_unlock(struct spinlock *l)
{
	if (l->owner == l->next)
		abort(); /* not held */
	l->owner++;
	fake_spin_unlocked(l);
	if (fake_spin.after_unlock)
		fake_spin.after_unlock(l);
}

static inline bool spin_is_held(const struct spinlock *l)
{
	return l->owner != l->next;
}

#endif
