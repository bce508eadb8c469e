/*
 * The scheduler: queues, wake-ups, moves, EL2's timer; contract, states and
 * locks in sched.h. The order itself is hyp/runq.c. Called by hyp/run.c on
 * the pCPU itself, and for wake-ups from anywhere; IRQs are masked.
 * Leaves out: balance between pCPUs that are all busy.
 * docs/design/16-scheduler.md; Arm ARM DDI 0487, HCR_EL2.TWI and TWE.
 */
#include <port/barrier.h>
#include <port/gicc.h>
#include <port/htimer.h>
#include <port/this_cpu.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/sched_lists.h>
#include <hyp/sched_spin.h>

static struct vcpu *vcpu_of_member(struct runq_member *m)
{
	return m ? container_of(m, struct vcpu, sched.member) : NULL;
}

static void set_state(struct vcpu *v, enum sched_state s)
{
	__atomic_store_n(&v->sched.state, s, __ATOMIC_RELEASE);
}

static struct cpu *home_of(const struct vcpu *v)
{
	return __atomic_load_n(&v->cpu, __ATOMIC_ACQUIRE);
}

/* Locks the vCPU's pCPU, which may change until then. */
static struct cpu *lock_home(struct vcpu *v)
{
	for (;;) {
		struct cpu *c = home_of(v);

		spin_lock(&c->sched.lock);
		if (v->cpu == c)
			return c;
		spin_unlock(&c->sched.lock);
	}
}

static void lock_two(struct cpu *a, struct cpu *b)
{
	struct cpu *first = a->idx < b->idx ? a : b;

	spin_lock(&first->sched.lock);
	spin_lock(first == a ? &b->sched.lock : &a->sched.lock);
}

static void unlock_two(struct cpu *a, struct cpu *b)
{
	spin_unlock(&a->sched.lock);
	spin_unlock(&b->sched.lock);
}

/* --------------------------------------------------------------- the timer */

static void arm_locked(struct cpu *c)
{
	struct sched_cpu *s = &c->sched;
	uint64_t at = min_u64(runq_deadline(&s->q), s->probe_at);

	if (s->sleepers)
		at = min_u64(at, s->sleepers->sched.wake_at);
	at = min_u64(at, s->next_event);
	if (at == s->armed)
		return;
	s->armed = at;
	if (at == RUNQ_NEVER)
		htimer_off();
	else
		htimer_set(at);
}

/* --------------------------------------------------------------- wake-ups */

static bool is_loaded(const struct vcpu *v)
{
	return __atomic_load_n(&v->loaded, __ATOMIC_ACQUIRE);
}

/* An idle pCPU that may have this vCPU of `own`, or NULL. */
static struct cpu *idle_cpu(const struct vcpu *v, const struct cpu *own)
{
	struct hypervisor *h = own->hyp;

	for (unsigned i = 0; i < h->nr_cpus; i++) {
		struct cpu *c = &h->cpus[i];

		if (c != own && !sched_is_busy(&c->sched) &&
		    sched_may_move(v, c))
			return c;
	}
	return NULL;
}

/* The same where it cannot stay: its own is busy. */
static struct cpu *idle_cpu_for(const struct vcpu *v, const struct cpu *own)
{
	return is_loaded(v) || !sched_is_busy(&own->sched) ? NULL
							   : idle_cpu(v, own);
}

#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)

static void set_traps_locked(struct cpu *c, struct vcpu *v)
{
	uint64_t hcr = v->control.hcr_el2 & ~(HCR_TWI | HCR_TWE);

	if (c->sched.nr_live > 1)
		hcr |= HCR_TWI;
	if (c->sched.q.nr)
		hcr |= HCR_TWE;
	if (hcr == v->control.hcr_el2)
		return;
	v->control.hcr_el2 = hcr;
	if (c->loaded != v)
		return;
	vcpu_keep_serror(v);
	vcpu_control_load(&v->control);
}

/* The running vCPU of this pCPU goes on beside one that has just come to wait:
 * what a way through choose() would change. */
static void go_on_locked(struct cpu *c, struct vcpu *current, uint64_t now)
{
	sched_spin_watch(&c->sched, current, true, now);
	set_traps_locked(c, current);
	arm_locked(c);
}

/* The vCPU joins the queue. True: its pCPU has to look, soon. */
static bool enqueue_locked(struct cpu *c, struct vcpu *v,
			   const struct runq *from)
{
	struct sched_cpu *s = &c->sched;
	struct vcpu *current = vcpu_of_member(s->q.current);
	uint64_t now = counter_now();
	bool stays;

	runq_join(&s->q, &v->sched.member, from, now);
	set_state(v, SCHED_QUEUED);
	if (!current)
		return true;
	stays = !runq_preempts(&s->q, &v->sched.member, now);
	/* The timer is set for a slice already, and for a look as well where
	 * the new one may be waited for. */
	if (stays && s->q.nr > 1 &&
	    (current->vm != v->vm || s->probe_at != RUNQ_NEVER))
		return false;
	if (stays && now < s->q.slice_end && c == this_cpu() &&
	    c->loaded == current) {
		go_on_locked(c, current, now);
		return false;
	}
	vcpu_post(current, VCPU_REQ_RESCHED);
	return true;
}

static void poke(const struct cpu *c)
{
	if (c != this_cpu())
		gicc_send(c->kick);
}

static void wake_at_home(struct vcpu *v)
{
	struct cpu *c = lock_home(v);
	bool look = false;

	if (v->sched.state == SCHED_BLOCKED) {
		sched_sleeper_remove(&c->sched, v);
		look = enqueue_locked(c, v, NULL);
	}
	spin_unlock(&c->sched.lock);
	if (look)
		poke(c);
}

static void set_home_locked(struct vcpu *v, struct cpu *from, struct cpu *to)
{
	from->sched.nr_live--;
	to->sched.nr_live++;
	sched_move_place(v, to);
}

/* Wakes it on another pCPU, if things are still as they seemed. */
static bool wake_on(struct vcpu *v, struct cpu *own, struct cpu *to)
{
	bool moves, look = false;

	lock_two(own, to);
	moves = v->cpu == own && v->sched.state == SCHED_BLOCKED &&
		!is_loaded(v) && !sched_is_busy(&to->sched) &&
		sched_may_move(v, to);
	if (moves) {
		sched_sleeper_remove(&own->sched, v);
		set_home_locked(v, own, to);
		look = enqueue_locked(to, v, &own->sched.q);
	}
	unlock_two(own, to);
	if (look)
		poke(to);
	return moves;
}

void sched_wake(struct vcpu *v)
{
	struct cpu *own = home_of(v), *to = idle_cpu_for(v, own);

	if (!to || !wake_on(v, own, to))
		wake_at_home(v);
}

static void wake_due_locked(struct cpu *c, uint64_t now)
{
	struct vcpu *v;

	while ((v = c->sched.sleepers) && v->sched.wake_at <= now) {
		c->sched.sleepers = v->sched.next_sleeper;
		runq_join(&c->sched.q, &v->sched.member, NULL, now);
		set_state(v, SCHED_QUEUED);
	}
}

/* --------------------------------------------------- what a vCPU does here */

static void start_at_home(struct vcpu *v, struct cpu *own)
{
	bool look;

	spin_lock(&own->sched.lock);
	own->sched.nr_live++;
	look = enqueue_locked(own, v, NULL);
	spin_unlock(&own->sched.lock);
	if (look)
		poke(own);
}

/* False: `to` has no room for it any more. */
static bool start_on(struct vcpu *v, struct cpu *own, struct cpu *to)
{
	bool moves, look = false;

	lock_two(own, to);
	moves = sched_may_move(v, to);
	if (moves) {
		own->sched.nr_live++;
		set_home_locked(v, own, to);
		look = enqueue_locked(to, v, &own->sched.q);
	}
	unlock_two(own, to);
	if (look)
		poke(to);
	return moves;
}

/* As soon as it is QUEUED it may run, end, and be gone with its VM. */
void sched_start(struct vcpu *v)
{
	struct cpu *own = home_of(v), *to = idle_cpu_for(v, own);

	if (!to || !start_on(v, own, to))
		start_at_home(v, own);
}

void sched_stop(struct cpu *c, struct vcpu *v)
{
	spin_lock(&c->sched.lock);
	runq_end(&c->sched.q, counter_now());
	c->sched.nr_live--;
	set_state(v, SCHED_OFF);
	spin_unlock(&c->sched.lock);
}

/*
 * BLOCKED is seen before anything that is looked at next. One that is loaded
 * stays here and is looked at without the lock: its list registers may have to
 * be brought up to date for it, which may kick another vCPU. One that is not
 * may be gone as soon as the lock is.
 */
void sched_block(struct cpu *c, struct vcpu *v,
		 bool (*wanted)(const struct vcpu *v))
{
	const bool loaded = v->loaded;

	spin_lock(&c->sched.lock);
	runq_end(&c->sched.q, counter_now());
	set_state(v, SCHED_BLOCKED);
	smp_mb();
	if (!loaded && wanted(v))
		(void)enqueue_locked(c, v, NULL);
	else if (!loaded)
		sched_sleeper_add(&c->sched, v, vcpu_wake_time(v));
	spin_unlock(&c->sched.lock);
	if (loaded && wanted(v))
		sched_wake(v);
}

void sched_unloaded(struct cpu *c, struct vcpu *old)
{
	struct cpu *idle = NULL;

	spin_lock(&c->sched.lock);
	if (old->sched.state == SCHED_BLOCKED) {
		sched_sleeper_remove(&c->sched, old);
		sched_sleeper_add(&c->sched, old, vcpu_wake_time(old));
	} else if (old->sched.state == SCHED_QUEUED) {
		idle = idle_cpu(old, c);
	}
	__atomic_store_n(&old->loaded, false, __ATOMIC_RELEASE);
	spin_unlock(&c->sched.lock);
	if (idle)
		poke(idle);
}

void sched_loaded(struct cpu *c, const struct vcpu *v)
{
	spin_lock(&c->sched.lock);
	sched_spin_enter(&c->sched, v, counter_now());
	arm_locked(c);
	spin_unlock(&c->sched.lock);
}

/* The one that runs, if any, leaves its guest, and this pCPU looks around. */
static void interrupt_locked(struct cpu *c)
{
	struct vcpu *current = vcpu_of_member(c->sched.q.current);

	if (current)
		vcpu_post(current, VCPU_REQ_RESCHED);
}

/* It was only to be looked at whether the running one spins, and it does not.
 */
static bool goes_on_locked(struct sched_cpu *s, uint64_t now)
{
	struct vcpu *v = vcpu_of_member(s->q.current);

	if (!v || !v->loaded || now < s->probe_at ||
	    now >= runq_deadline(&s->q) ||
	    (s->sleepers && s->sleepers->sched.wake_at <= now) ||
	    (s->events && s->events->at <= now))
		return false;
	s->yield_to = sched_spin_probe(s, v);
	if (s->yield_to)
		return false;
	sched_spin_watch(s, v, true, now);
	return true;
}

void sched_timer(struct cpu *c)
{
	uint64_t now = counter_now();

	spin_lock(&c->sched.lock);
	c->sched.armed = RUNQ_NEVER;
	htimer_off();
	if (goes_on_locked(&c->sched, now))
		arm_locked(c);
	else
		interrupt_locked(c);
	spin_unlock(&c->sched.lock);
}

void sched_give_way(struct cpu *c, struct vcpu *v)
{
	spin_lock(&c->sched.lock);
	c->sched.yield_to = sched_peer(&c->sched, v);
	vcpu_post(v, VCPU_REQ_RESCHED);
	spin_unlock(&c->sched.lock);
}

/* ------------------------------------------------------------------ events */

void sched_event_cancel(struct sched_event *e)
{
	struct cpu *c = e->cpu;

	if (!c)
		return;
	spin_lock(&c->sched.lock);
	sched_event_remove(&c->sched, e);
	spin_unlock(&c->sched.lock);
}

void sched_event_set(struct sched_event *e, struct cpu *c, uint64_t at)
{
	bool first;

	sched_event_cancel(e);
	e->cpu = c;
	spin_lock(&c->sched.lock);
	e->at = at;
	first = sched_event_add(&c->sched, e);
	if (first && c == this_cpu()) {
		if (at <= counter_now())
			interrupt_locked(c);
		arm_locked(c);
	} else if (first) {
		__atomic_store_n(&c->sched.look, true, __ATOMIC_RELAXED);
	}
	spin_unlock(&c->sched.lock);
	if (first)
		poke(c);
}

struct sched_event *sched_due(struct cpu *c)
{
	uint64_t at = __atomic_load_n(&c->sched.next_event, __ATOMIC_RELAXED);
	struct sched_event *e;

	if (at == RUNQ_NEVER || at > counter_now())
		return NULL;
	spin_lock(&c->sched.lock);
	e = c->sched.events;
	if (e && e->at <= counter_now())
		sched_event_remove(&c->sched, e);
	else
		e = NULL;
	spin_unlock(&c->sched.lock);
	return e;
}

void sched_kicked(struct cpu *c)
{
	spin_lock(&c->sched.lock);
	c->sched.look = false;
	interrupt_locked(c);
	arm_locked(c);
	spin_unlock(&c->sched.lock);
}

void sched_work_begin(struct cpu *c)
{
	struct vcpu *current;

	spin_lock(&c->sched.lock);
	__atomic_store_n(&c->sched.working, true, __ATOMIC_RELAXED);
	current = vcpu_of_member(c->sched.q.current);
	runq_requeue(&c->sched.q, counter_now());
	if (current)
		set_state(current, SCHED_QUEUED);
	spin_unlock(&c->sched.lock);
}

void sched_offer(const struct cpu *c)
{
	struct hypervisor *h = c->hyp;

	if (!__atomic_load_n(&c->sched.q.nr, __ATOMIC_RELAXED))
		return;
	for (unsigned i = 0; i < h->nr_cpus; i++)
		if (!sched_is_busy(&h->cpus[i].sched))
			poke(&h->cpus[i]);
}

void sched_work_end(struct cpu *c)
{
	__atomic_store_n(&c->sched.working, false, __ATOMIC_RELAXED);
}

/* --------------------------------------------------------------- the choice */

static struct vcpu *choose(struct cpu *c)
{
	struct sched_cpu *s = &c->sched;
	struct vcpu *old, *v, *favourite;
	uint64_t now;

	spin_lock(&s->lock);
	now = counter_now();
	old = vcpu_of_member(s->q.current);
	wake_due_locked(c, now);
	favourite = s->yield_to;
	s->yield_to = NULL;
	v = vcpu_of_member(
		favourite ? runq_pick_this(&s->q, &favourite->sched.member, now)
			  : runq_pick(&s->q, now));
	if (old && old != v)
		set_state(old, SCHED_QUEUED);
	if (v) {
		vcpu_take(v, VCPU_REQ_RESCHED);
		set_state(v, SCHED_RUNNING);
		set_traps_locked(c, v);
	}
	sched_spin_watch(s, v, v == old, now);
	if (!v || v == c->loaded)
		arm_locked(c);
	spin_unlock(&s->lock);
	smp_mb(); /* RUNNING is seen before requests are looked at */
	return v;
}

/* Somebody who waits on `from` and may run here, or NULL. A pCPU that does
 * nothing has been told, and takes its own. */
static struct vcpu *movable_locked(const struct cpu *from, const struct cpu *to)
{
	if (!from->sched.q.current && !from->sched.working)
		return NULL;
	for (struct runq_member *m = from->sched.q.first; m; m = m->next) {
		struct vcpu *v = vcpu_of_member(m);

		if (!is_loaded(v) && v != from->sched.yield_to &&
		    sched_may_move(v, to))
			return v;
	}
	return NULL;
}

static bool steal_from(struct cpu *to, struct cpu *from)
{
	struct vcpu *v;
	uint64_t now;

	lock_two(to, from);
	v = movable_locked(from, to);
	if (v) {
		now = counter_now();
		runq_leave(&from->sched.q, &v->sched.member, now);
		set_home_locked(v, from, to);
		runq_join(&to->sched.q, &v->sched.member, &from->sched.q, now);
	}
	unlock_two(to, from);
	return v;
}

/* This pCPU has nothing to do: take what waits elsewhere. */
static bool steal(struct cpu *c)
{
	struct hypervisor *h = c->hyp;

	for (unsigned i = 0; i < h->nr_cpus; i++) {
		struct cpu *from = &h->cpus[i];

		if (from != c &&
		    __atomic_load_n(&from->sched.q.nr, __ATOMIC_RELAXED) &&
		    steal_from(c, from))
			return true;
	}
	return false;
}

struct vcpu *sched_next(struct cpu *c)
{
	struct vcpu *v = choose(c);

	while (!v && steal(c))
		v = choose(c);
	return v;
}

/* ------------------------------------------------------------- and the rest */

uint64_t sched_stolen(struct vcpu *v)
{
	struct cpu *c = lock_home(v);
	uint64_t ticks = v->sched.member.waited;

	if (v->sched.state == SCHED_QUEUED && !v->sched.member.at_once)
		ticks += counter_now() - v->sched.member.since;
	spin_unlock(&c->sched.lock);
	return ticks;
}
