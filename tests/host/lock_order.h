/*
 * Watches the order in which locks are taken: a lock that is taken under
 * another comes after it, for ever, and a circle among them ends the test.
 * Two CPUs need not meet for that, one of them in each order is enough.
 */
#ifndef PLINTH_TESTS_LOCK_ORDER_H
#define PLINTH_TESTS_LOCK_ORDER_H

#include <port/spinlock.h>

/* Nothing known; also when memory that held locks has changed hands. */
void lock_order_forget(void);

/* For fake_spin.before_lock. */
void lock_order_watch(const struct spinlock *l);

/* Locks that were seen under `l`, or with it held. */
unsigned lock_order_below(const struct spinlock *l);

#endif
