/*
 * Ticket spinlock (EL2 build). Fair; the waiter sleeps in WFE, woken by the
 * event that clearing its exclusive monitor generates (Arm ARM DDI
 * 0487, "WFE wake-up events"). Taken with IRQs masked, which is always so at
 * EL2.
 */
#ifndef PLINTH_PORT_SPINLOCK_H
#define PLINTH_PORT_SPINLOCK_H

#include <base/types.h>

struct spinlock {
	uint16_t owner;        /* ticket being served */
	uint16_t next;         /* next ticket to hand out */
} __attribute__((aligned(4))); /* an exclusive load of both */

static inline void spin_lock(struct spinlock *l)
{
	uint32_t old, tmp, fail;

	__asm__ volatile("1:	ldaxr	%w0, %3\n"
			 "	add	%w1, %w0, #0x10000\n"
			 "	stxr	%w2, %w1, %3\n"
			 "	cbnz	%w2, 1b\n"
			 "	eor	%w1, %w0, %w0, ror #16\n"
			 "	cbz	%w1, 3f\n"
			 "	sevl\n"
			 "2:	wfe\n"
			 "	ldaxrh	%w2, %4\n"
			 "	eor	%w1, %w2, %w0, lsr #16\n"
			 "	cbnz	%w1, 2b\n"
			 "3:\n"
			 : "=&r"(old), "=&r"(tmp), "=&r"(fail),
			   "+Q"(*(uint32_t *)(void *)l)
			 : "Q"(l->owner)
			 : "memory");
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

/* For assertions only: somebody holds it. */
static inline bool spin_is_held(const struct spinlock *l)
{
	return __atomic_load_n(&l->owner, __ATOMIC_RELAXED) !=
	       __atomic_load_n(&l->next, __ATOMIC_RELAXED);
}

#endif
