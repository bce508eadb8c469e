/*
 * The wall clock to the nanosecond: the machine's clock tells whole seconds,
 * its counter what lies between. All VMs of a machine see the same time.
 *
 * Each look at the machine's clock says that the time is in [s, s + 1): the
 * offset between counter and wall clock is moved by as little as makes that
 * true. So it is right to a second from the first look on, gets better with
 * others, and follows a clock that is set or drifts. No locks.
 *
 * Plinth's own: docs/design/08-psci.md.
 */
#ifndef PLINTH_HYP_WALLCLOCK_H
#define PLINTH_HYP_WALLCLOCK_H

#include <base/types.h>

#define NS_PER_S INT64_C(1000000000)

/* Zeroed: nobody has looked yet. */
struct wallclock {
	int64_t offset; /* ns since 1970 at count 0; atomic */
	bool set;       /* anybody has looked; atomic */
};

/* The machine's clock showed `seconds` since 1970, at most 2^33, when the
 * counter showed `ns` nanoseconds (hyp_nanoseconds()). */
void wallclock_observe(struct wallclock *c, uint64_t ns, uint64_t seconds);

/* Nanoseconds since 1970 when the counter shows `ns`. */
uint64_t wallclock_ns(const struct wallclock *c, uint64_t ns);

#endif
