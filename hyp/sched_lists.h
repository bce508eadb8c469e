/*
 * A pCPU's sleepers and events: hyp/sched_lists.c for hyp/sched.c. All with the
 * pCPU's lock held, times are values of the counter.
 * docs/design/16-scheduler.md.
 */
#ifndef PLINTH_HYP_SCHED_LISTS_H
#define PLINTH_HYP_SCHED_LISTS_H

#include <hyp/sched.h>

/* A vCPU that is BLOCKED, and not loaded, has a timer for `at`; RUNQ_NEVER: it
 * has none. */
void sched_sleeper_add(struct sched_cpu *s, struct vcpu *v, uint64_t at);

/* It may be there or not. */
void sched_sleeper_remove(struct sched_cpu *s, const struct vcpu *v);

/* By e->at, behind others of that time. True: it is the first now. */
bool sched_event_add(struct sched_cpu *s, struct sched_event *e);

/* It may be there or not. */
void sched_event_remove(struct sched_cpu *s, const struct sched_event *e);

#endif
