/*
 * Spinlock (host build): same interface, and it dies at once on recursion or
 * on release of a free lock when only one thread uses it, which is how unit
 * tests run.
 */
#ifndef PLINTH_PORT_SPINLOCK_H
#define PLINTH_PORT_SPINLOCK_H

#include <stdlib.h>

#include <base/types.h>

struct spinlock {
	uint16_t owner;
	uint16_t next;
};

static inline void spin_lock(struct spinlock *l)
{
	if (l->owner != l->next)
		abort(); /* self-deadlock */
	l->next++;
}

static inline void spin_unlock(struct spinlock *l)
{
	if (l->owner == l->next)
		abort(); /* not held */
	l->owner++;
}

static inline bool spin_is_held(const struct spinlock *l)
{
	return l->owner != l->next;
}

#endif
