/*
 * Whether the vCPU that runs spins for another of its VM that waits for the
 * same pCPU: hyp/sched_spin.c for hyp/sched.c. All with the pCPU's lock held.
 * docs/design/16-scheduler.md, "What is trapped".
 */
#ifndef PLINTH_HYP_SCHED_SPIN_H
#define PLINTH_HYP_SCHED_SPIN_H

#include <hyp/sched.h>

/* Another of its VM that waits there, one that has not spun if possible; or
 * NULL. */
struct vcpu *sched_peer(const struct sched_cpu *s, const struct vcpu *v);

/* A look at `v`, which runs and is loaded: it seems to spin, and who goes first
 * then, or NULL. */
struct vcpu *sched_spin_probe(struct sched_cpu *s, struct vcpu *v);

/* `v` runs from now on, or (`again`) goes on; NULL: nobody. */
void sched_spin_watch(struct sched_cpu *s, struct vcpu *v, bool again,
		      uint64_t now);

/* `v` has been loaded and enters its guest: the time to the look begins now. */
void sched_spin_enter(struct sched_cpu *s, const struct vcpu *v, uint64_t now);

#endif
