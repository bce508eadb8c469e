/*
 * Who runs next: the order of the vCPUs that want one pCPU. Pure arithmetic on
 * what the caller says the time is; no lock, no hardware, no vCPU.
 *
 * Weighted fairness: a member that runs for t ticks gets t * RUNQ_UNIT / weight
 * of virtual time; the one with the least of it is next. It runs for a slice,
 * unless one wakes that is further behind than a granule. A member that has
 * slept comes back at most a slice behind the others, so it is served at once
 * and cannot claim what it slept through.
 *
 * Reservations: a member with a budget in each period goes before all without
 * one while it has some left, earliest end of period first (EDF). What it uses
 * counts as its fair share too: the reservation is a floor, not a bonus.
 *
 * Debts: time that was spent on a member while it was in no queue is paid when
 * it joins one, as if it had run for as long, and by its next budgets.
 *
 * Invariants, checked by the unit tests: the queue is sorted by virtual time;
 * nobody waits longer than a slice a member that is ahead of it, and any
 * member with budget left; over time shares are as the weights.
 *
 * Plinth's own: docs/design/16-scheduler.md.
 */
#ifndef PLINTH_HYP_RUNQ_H
#define PLINTH_HYP_RUNQ_H

#include <base/types.h>

#define RUNQ_UNIT       1024U
#define RUNQ_WEIGHT_MAX 65536U

#define RUNQ_NEVER UINT64_MAX /* no deadline */

struct runq_share {
	uint32_t weight; /* 1..RUNQ_WEIGHT_MAX; RUNQ_UNIT is usual */
	uint64_t budget; /* ticks in each period; 0: no reservation */
	uint64_t period; /* ticks, at least budget */
};

struct runq_member {
	struct runq_share share;
	struct runq_member *next; /* in the queue */
	uint64_t vtime;           /* virtual time it has had */
	uint64_t since;           /* runs, or waits, since; counter */
	uint64_t waited;          /* ticks in the queue behind others, in all */
	bool at_once;             /* nobody was there when it joined */
	uint64_t left;            /* budget of this period */
	uint64_t period_end;      /* when `left` is filled again; counter */
	uint64_t owes;            /* ticks of work that was done for it */
	uint64_t behind;          /* what of it its budgets have yet to pay: at
				   * most twice the last */
};

/* How patient a queue is, in ticks of the counter. */
struct runq_clock {
	uint64_t slice;
	uint64_t granule;
	uint64_t probe; /* how often a vCPU is looked at whether it spins while
			 * another of its VM waits; 0: never */
};

struct runq {
	const struct runq_clock *clock;
	struct runq_member *first;   /* waiting, sorted by vtime */
	struct runq_member *current; /* runs; not in the queue */
	unsigned nr;                 /* waiting */
	uint64_t vtime;              /* nobody that comes back has less than
				      * this, less a slice; never falls */
	uint64_t slice_end;          /* of current; counter */
};

/* Empty. `clock` is kept. */
void runq_init(struct runq *q, const struct runq_clock *clock);

/* A member that is in no queue. */
void runq_member_init(struct runq_member *m, const struct runq_share *share);

/* Joins the waiting, from sleep or from another queue (`from`, whose virtual
 * time it had; NULL: from sleep). */
void runq_join(struct runq *q, struct runq_member *m, const struct runq *from,
	       uint64_t now);

/* For a member in no queue somebody has worked for that many ticks. */
void runq_owe(struct runq_member *m, uint64_t ticks);

/* Takes a waiting member out. */
void runq_leave(struct runq *q, struct runq_member *m, uint64_t now);

/* Charges the current member for its time up to now. */
void runq_charge(struct runq *q, uint64_t now);

/* The current member runs no more and does not wait either. */
void runq_end(struct runq *q, uint64_t now);

/* The current member, if there is one, waits from now on; nobody runs. */
void runq_requeue(struct runq *q, uint64_t now);

/*
 * Who runs from now on: becomes q->current, the former one waits. NULL when
 * nobody is there. Charges the former one.
 */
struct runq_member *runq_pick(struct runq *q, uint64_t now);

/*
 * As runq_pick(), but `m`, which waits, is next, if that is not unfair to
 * others. The current one, of the same weight, gives it its turn: where that is
 * the better one, they exchange the time that they have had, and their budgets.
 */
struct runq_member *runq_pick_this(struct runq *q, struct runq_member *m,
				   uint64_t now);

/* Whether waiting member `m` should not wait for the end of the slice. */
bool runq_preempts(const struct runq *q, const struct runq_member *m,
		   uint64_t now);

/* When runq_pick() has to be called again at the latest, if nothing happens
 * until then: RUNQ_NEVER while nobody waits. */
uint64_t runq_deadline(const struct runq *q);

#endif
