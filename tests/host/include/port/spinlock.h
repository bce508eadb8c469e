/*
 * Spinlock (host build): the same ticket lock, and it dies at once on recursion
 * and on release of a free lock. What a thread holds is kept, and a test may
 * look on, or play another CPU, whenever a lock is about to be taken or has
 * been released; most have one thread, which plays all CPUs.
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

extern _Thread_local struct fake_spin fake_spin;

/* Dies if this thread holds it. */
void fake_spin_locking(const struct spinlock *l);
/* Another thread has it; dies if it has it for ever. */
void fake_spin_waits(unsigned turn);
void fake_spin_locked(const struct spinlock *l);
void fake_spin_unlocked(const struct spinlock *l);

static inline bool spin_is_held(const struct spinlock *l)
{
	return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&l->next, __ATOMIC_RELAXED);
}

static inline void spin_lock(struct spinlock *l)
{
	uint16_t ticket;

	if (fake_spin.before_lock)
		fake_spin.before_lock(l);
	fake_spin_locking(l);
	ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	for (unsigned turn = 0;
	     __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket; turn++)
		fake_spin_waits(turn);
	fake_spin_locked(l);
}

static inline void spin_unlock(struct spinlock *l)
{
	if (!spin_is_held(l))
		abort();
	fake_spin_unlocked(l);
	(void)__atomic_fetch_add(&l->owner, 1, __ATOMIC_RELEASE);
	if (fake_spin.after_unlock)
		fake_spin.after_unlock(l);
}

#endif
