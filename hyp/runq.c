/*
 * Weighted fair order with reservations; contract in runq.h. Times are values
 * of the counter, virtual times are ticks at RUNQ_UNIT weight; both are 64 bits
 * wide and do not wrap. Called by hyp/sched.c under the queue's lock. Plinth's
 * own: docs/design/16-scheduler.md.
 */
#include <base/panic.h>

#include <hyp/runq.h>

void runq_init(struct runq *q, const struct runq_clock *clock)
{
	*q = (struct runq){.clock = clock};
}

void runq_member_init(struct runq_member *m, const struct runq_share *share)
{
	*m = (struct runq_member){.share = *share};
}

/* ------------------------------------------------------------ reservations */

static void pay(struct runq_member *m)
{
	uint64_t paid = min_u64(m->left, m->behind);

	m->left -= paid;
	m->behind -= paid;
}

static void refill(struct runq_member *m, uint64_t now)
{
	if (!m->share.budget || now < m->period_end)
		return;
	m->left = m->share.budget;
	pay(m);
	m->period_end += m->share.period;
	if (m->period_end <= now) /* it slept for more than a period */
		m->period_end = now + m->share.period;
}

static void refill_all(struct runq *q, uint64_t now)
{
	if (q->current)
		refill(q->current, now);
	for (struct runq_member *m = q->first; m; m = m->next)
		refill(m, now);
}

static bool has_budget(const struct runq_member *m)
{
	return m->left != 0;
}

/* ---------------------------------------------------------------- the queue */

static void insert(struct runq *q, struct runq_member *m)
{
	struct runq_member **at = &q->first;

	while (*at && (*at)->vtime <= m->vtime)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
	q->nr++;
}

static void take(struct runq *q, struct runq_member *m)
{
	struct runq_member **at = &q->first;

	while (*at && *at != m)
		at = &(*at)->next;
	ASSERT(*at);
	*at = m->next;
	m->next = NULL;
	q->nr--;
}

/* The least virtual time of all that are here, as far as it has risen. */
static void advance(struct runq *q)
{
	uint64_t least = q->current ? q->current->vtime : UINT64_MAX;

	if (q->first)
		least = min_u64(least, q->first->vtime);
	if (least != UINT64_MAX)
		q->vtime = max_u64(q->vtime, least);
}

static uint64_t slice_before(const struct runq *q)
{
	return q->vtime > q->clock->slice ? q->vtime - q->clock->slice : 0;
}

void runq_owe(struct runq_member *m, uint64_t ticks)
{
	m->owes += ticks;
	if (m->share.budget)
		m->behind = min_u64(m->behind + ticks, 2 * ticks);
}

void runq_join(struct runq *q, struct runq_member *m, const struct runq *from,
	       uint64_t now)
{
	runq_charge(q, now); /* what the newcomer is compared with */
	if (from) {          /* as far ahead, or behind, as it was there */
		m->vtime = m->vtime > from->vtime
				   ? q->vtime + (m->vtime - from->vtime)
				   : q->vtime;
	}
	m->vtime = max_u64(m->vtime, slice_before(q)) +
		   m->owes * RUNQ_UNIT / m->share.weight;
	m->owes = 0;
	m->since = now;
	m->at_once = !q->current && !q->first;
	refill(m, now);
	pay(m);
	insert(q, m);
}

void runq_leave(struct runq *q, struct runq_member *m, uint64_t now)
{
	if (!m->at_once)
		m->waited += now - m->since;
	m->at_once = false;
	m->since = now;
	take(q, m);
}

void runq_charge(struct runq *q, uint64_t now)
{
	struct runq_member *m = q->current;
	uint64_t ran;

	if (!m)
		return;
	ran = now - m->since;
	m->since = now;
	m->vtime += ran * RUNQ_UNIT / m->share.weight;
	m->left -= min_u64(m->left, ran);
	advance(q);
}

void runq_end(struct runq *q, uint64_t now)
{
	runq_charge(q, now);
	q->current = NULL;
	advance(q);
}

void runq_requeue(struct runq *q, uint64_t now)
{
	struct runq_member *m = q->current;

	if (!m)
		return;
	runq_charge(q, now);
	q->current = NULL;
	insert(q, m);
}

/* --------------------------------------------------------------- the choice */

/* Of those with budget, whose period ends first; NULL: nobody has any. */
static struct runq_member *most_urgent(const struct runq *q)
{
	struct runq_member *found = q->current;

	if (found && !has_budget(found))
		found = NULL;
	for (struct runq_member *m = q->first; m; m = m->next) {
		if (has_budget(m) &&
		    (!found || m->period_end < found->period_end))
			found = m;
	}
	return found;
}

static struct runq_member *best(const struct runq *q, uint64_t now)
{
	struct runq_member *m = most_urgent(q);

	if (m)
		return m;
	if (!q->current)
		return q->first;
	if (!q->first ||
	    (now < q->slice_end && !runq_preempts(q, q->first, now)))
		return q->current;
	return q->first->vtime < q->current->vtime ? q->first : q->current;
}

static struct runq_member *switch_to(struct runq *q, struct runq_member *m,
				     uint64_t now)
{
	struct runq_member *old = q->current;

	if (m == old) {
		if (m && now >= q->slice_end)
			q->slice_end = now + q->clock->slice;
		return m;
	}
	runq_leave(q, m, now);
	q->current = m;
	q->slice_end = now + q->clock->slice;
	if (old) {
		old->since = now;
		insert(q, old);
	}
	advance(q);
	return m;
}

struct runq_member *runq_pick(struct runq *q, uint64_t now)
{
	runq_charge(q, now);
	refill_all(q, now);
	return switch_to(q, best(q, now), now);
}

static void exchange(struct runq *q, struct runq_member *a,
		     struct runq_member *b)
{
	struct runq_member old = *a;

	take(q, b);
	a->vtime = b->vtime;
	a->left = b->left;
	a->period_end = b->period_end;
	b->vtime = old.vtime;
	b->left = old.left;
	b->period_end = old.period_end;
	insert(q, b);
}

/* Whether current's turn is better than that of `m`. */
static bool is_ahead(const struct runq *q, const struct runq_member *m)
{
	const struct runq_member *c = q->current;

	if (!c)
		return false;
	if (has_budget(c) != has_budget(m))
		return has_budget(c);
	return has_budget(c) ? c->period_end < m->period_end
			     : c->vtime < m->vtime;
}

/* Whether nobody else is much better. */
static bool is_fair(const struct runq *q, const struct runq_member *m)
{
	const struct runq_member *urgent = most_urgent(q);

	if (urgent)
		return has_budget(m) && m->period_end <= urgent->period_end;
	return m->vtime <= q->vtime + 2 * q->clock->slice;
}

struct runq_member *runq_pick_this(struct runq *q, struct runq_member *m,
				   uint64_t now)
{
	runq_charge(q, now);
	refill_all(q, now);
	if (is_ahead(q, m))
		exchange(q, q->current, m);
	q->slice_end = now; /* the current one gives up what is left of it */
	return switch_to(q, is_fair(q, m) ? m : best(q, now), now);
}

bool runq_preempts(const struct runq *q, const struct runq_member *m,
		   uint64_t now)
{
	const struct runq_member *c = q->current;
	uint64_t ahead;

	if (!c)
		return true;
	if (has_budget(m) || has_budget(c))
		return has_budget(m) &&
		       (!has_budget(c) || m->period_end < c->period_end);
	ahead = c->vtime + (now - c->since) * RUNQ_UNIT / c->share.weight;
	return ahead > m->vtime && ahead - m->vtime > q->clock->granule;
}

static uint64_t earlier_refill(uint64_t at, const struct runq_member *m)
{
	return m->share.budget ? min_u64(at, m->period_end) : at;
}

uint64_t runq_deadline(const struct runq *q)
{
	const struct runq_member *c = q->current;
	uint64_t at;

	if (!c || !q->first)
		return RUNQ_NEVER;
	at = q->slice_end;
	if (has_budget(c)) /* none of the waiting is more urgent until ... */
		at = c->since + c->left;
	at = earlier_refill(at, c);
	for (const struct runq_member *m = q->first; m; m = m->next)
		at = earlier_refill(at, m);
	return at;
}
