/*
 * The wall clock between two looks at the machine's clock; contract in
 * wallclock.h. One 64-bit offset, read and written atomically.
 * docs/design/08-psci.md.
 */
#include <hyp/wallclock.h>

/* CPUs that look at the same time do no harm: each keeps its own promise. */
void wallclock_observe(struct wallclock *c, uint64_t ns, uint64_t seconds)
{
	int64_t least = (int64_t)seconds * NS_PER_S - (int64_t)ns;
	int64_t offset = __atomic_load_n(&c->offset, __ATOMIC_RELAXED);
	bool set = __atomic_load_n(&c->set, __ATOMIC_ACQUIRE);

	if (!set || offset < least)
		offset = least;
	else if (offset > least + (NS_PER_S - 1))
		offset = least + (NS_PER_S - 1);
	__atomic_store_n(&c->offset, offset, __ATOMIC_RELAXED);
	__atomic_store_n(&c->set, true, __ATOMIC_RELEASE);
}

uint64_t wallclock_ns(const struct wallclock *c, uint64_t ns)
{
	return (uint64_t)__atomic_load_n(&c->offset, __ATOMIC_RELAXED) + ns;
}
