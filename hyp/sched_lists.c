/*
 * What a pCPU waits for beside its queue, each list sorted by time; contract in
 * sched_lists.h. A list, because few are in it. docs/design/16-scheduler.md.
 */
#include <hyp/sched_lists.h>
#include <hyp/vcpu.h>

void sched_sleeper_add(struct sched_cpu *s, struct vcpu *v, uint64_t at)
{
	struct vcpu **p = &s->sleepers;

	if (at == RUNQ_NEVER)
		return;
	v->sched.wake_at = at;
	while (*p && (*p)->sched.wake_at <= at)
		p = &(*p)->sched.next_sleeper;
	v->sched.next_sleeper = *p;
	*p = v;
}

void sched_sleeper_remove(struct sched_cpu *s, const struct vcpu *v)
{
	struct vcpu **p = &s->sleepers;

	while (*p && *p != v)
		p = &(*p)->sched.next_sleeper;
	if (*p)
		*p = v->sched.next_sleeper;
}

static void note_first_event(struct sched_cpu *s)
{
	__atomic_store_n(&s->next_event, s->events ? s->events->at : RUNQ_NEVER,
			 __ATOMIC_RELAXED);
}

void sched_event_remove(struct sched_cpu *s, const struct sched_event *e)
{
	struct sched_event **p = &s->events;

	while (*p && *p != e)
		p = &(*p)->next;
	if (*p)
		*p = e->next;
	note_first_event(s);
}

bool sched_event_add(struct sched_cpu *s, struct sched_event *e)
{
	struct sched_event **p = &s->events;

	while (*p && (*p)->at <= e->at)
		p = &(*p)->next;
	e->next = *p;
	*p = e;
	note_first_event(s);
	return p == &s->events;
}
