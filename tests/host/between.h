/*
 * In front of every source of the build for the thread sanitizer: after each
 * atomic access others get a chance, so that what one thread does between a
 * look at a word and a change to it is met by what the others do. Without it, a
 * lost update is a matter of a few nanoseconds.
 */
#ifndef PLINTH_TESTS_BETWEEN_H
#define PLINTH_TESTS_BETWEEN_H

/* Of this thread; NULL: nothing. May use no atomics. */
extern _Thread_local void (*fake_between)(void);

#define FAKE_BETWEEN(access)                                                   \
	({                                                                     \
		__auto_type between_is = (access);                             \
		if (fake_between)                                              \
			fake_between();                                        \
		between_is;                                                    \
	})

#define __atomic_load_n(p, o)        FAKE_BETWEEN(__atomic_load_n(p, o))
#define __atomic_fetch_and(p, v, o)  FAKE_BETWEEN(__atomic_fetch_and(p, v, o))
#define __atomic_fetch_or(p, v, o)   FAKE_BETWEEN(__atomic_fetch_or(p, v, o))
#define __atomic_exchange_n(p, v, o) FAKE_BETWEEN(__atomic_exchange_n(p, v, o))
#define __atomic_compare_exchange_n(p, e, v, w, o, f)                          \
	FAKE_BETWEEN(__atomic_compare_exchange_n(p, e, v, w, o, f))

#endif
