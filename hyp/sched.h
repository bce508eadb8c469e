/*
 * The scheduler: which vCPU has which pCPU. Any number of vCPUs of any VMs
 * share a pCPU by the order of hyp/runq.h; a vCPU keeps to its pCPU, moves to
 * an idle one of its set when it wakes and its own is busy, or when an idle
 * one takes it.
 *
 * State of a vCPU (vcpu.sched.state), written under the lock of its pCPU:
 *
 *	OFF --sched_start()--> BLOCKED --sched_wake()--> QUEUED
 *	 ^                        ^                        |  ^
 *	 | sched_stop()           | sched_block()          v  | another is next
 *	 +------------------------+---------------------- RUNNING
 *
 * RUNNING is the one that its pCPU is in, or decides about. Registers stay in
 * the hardware (vcpu.loaded) until another one is loaded there: a pCPU whose
 * only vCPU sleeps switches nothing. A vCPU that is loaded does not move.
 *
 * A pCPU with one vCPU has no tick and traps no WFI; WFE is trapped while
 * somebody waits. EL2's own timer (CNTHP) is set for the end of a slice and
 * for the timers of vCPUs that sleep and are not loaded.
 *
 * Wake-ups are not lost: who blocks publishes BLOCKED, then looks again, before
 * anybody can take the vCPU away; who posts something for a vCPU makes it
 * visible, then looks at the state (vcpu_kick()). One of the two sees the
 * other.
 *
 * Beside vCPUs a pCPU has events: functions that it calls when their time has
 * come, outside of guests and with no lock held.
 *
 * Locks: vm->lock, devices' locks > cpu.sched.lock > vGIC locks; two of them in
 * order of cpu.idx. Nobody holds a vGIC lock when he takes one.
 *
 * Plinth's own: docs/design/16-scheduler.md.
 */
#ifndef PLINTH_HYP_SCHED_H
#define PLINTH_HYP_SCHED_H

#include <port/spinlock.h>

#include <hyp/runq.h>

struct cpu;
struct hypervisor;
struct vcpu;
struct vm_config;

enum sched_state {
	SCHED_OFF,
	SCHED_BLOCKED,
	SCHED_QUEUED,
	SCHED_RUNNING,
};

/* Of a vCPU. Written under the lock of its pCPU; `state` is read without. */
struct sched_vcpu {
	struct runq_member member;
	uint32_t state;   /* enum sched_state, atomic */
	uint64_t wake_at; /* its timer, while it is a sleeper */
	struct vcpu *next_sleeper;
	bool spun; /* when it ran last, it seemed to wait for another */
};

/*
 * Something to do on a pCPU, once. Whoever owns the event calls set and cancel
 * one at a time. `fn` may be on its way already when the event is cancelled or
 * set again: it looks for itself whether there is something to do.
 */
struct sched_event {
	void (*fn)(struct sched_event *e); /* constant */
	struct cpu *cpu;          /* it was set for last; the owner's */
	uint64_t at;              /* counter; under cpu's lock */
	struct sched_event *next; /* under cpu's lock */
};

/* Of a pCPU. */
struct sched_cpu {
	struct spinlock lock; /* guards what follows */
	struct runq q;
	struct vcpu *sleepers; /* blocked, not loaded, with a timer; sorted */
	struct sched_event *events; /* sorted */
	uint64_t next_event;        /* the first's time; RUNQ_NEVER: there is
				     * none; read without */
	bool look; /* an event is new, the timer not set for it; read without */
	bool working;          /* in something that takes long; read without */
	struct vcpu *yield_to; /* for whom the running one makes way */
	unsigned nr_live;      /* vCPUs here that are not OFF */
	unsigned nr_placed;    /* those that are, too; read without */
	uint32_t reserved_ppm; /* of its time, by reservations; read without */
	uint64_t probe_at;   /* whether the running one spins; RUNQ_NEVER: no */
	uint64_t probe_step; /* ticks from the last look to that */
	uint64_t probe_frame; /* of it at the last look, x29; 0: none */
	unsigned nr_vain;     /* looks in a row with everybody spinning */
	uint64_t armed;       /* what the timer is set for; RUNQ_NEVER: off */
	uint64_t probe_pc; /* of it when it was loaded, or at the last look */
};

/* It has something to do, or soon will; without the lock. */
static inline bool sched_is_busy(const struct sched_cpu *s)
{
	return __atomic_load_n(&s->q.current, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->q.nr, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&s->working, __ATOMIC_RELAXED);
}

#define SCHED_SLICE_US     3000U
#define SCHED_GRANULE_US   500U
#define SCHED_PROBE_US     10U
#define SCHED_PROBE_MOST   64U     /* times that, between two looks */
#define SCHED_RESERVED_PPM 950000U /* of each pCPU, at most */

/* Before any vCPU is placed there; c->mpidr is known. `clock` is kept. */
void sched_cpu_init(struct cpu *c, const struct runq_clock *clock);

/*
 * Finds a pCPU of the VM's set (vm_config.pcpus) for a vCPU: the one with the
 * fewest, among those that have room for its reservation. -ENODEV: there is
 * none. sched_unplace() takes it off again; OFF, or never placed.
 */
MUST_CHECK int sched_place(struct vcpu *v, const struct runq_share *share);
void sched_unplace(struct vcpu *v);

/* Whether the vCPU may move to `to`, by its VM's set and `to`'s room for its
 * reservation; exact with to's lock held. sched_move_place(): it does; both
 * locks are held. */
bool sched_may_move(const struct vcpu *v, const struct cpu *to);
void sched_move_place(struct vcpu *v, struct cpu *to);

/* OFF -> QUEUED: its registers are ready. Wakes its pCPU. */
void sched_start(struct vcpu *v);

/* The running vCPU of this pCPU, not loaded, goes OFF. */
void sched_stop(struct cpu *c, struct vcpu *v);

/* It sleeps, unless `wanted` says that it should not: called when everybody can
 * see that it is BLOCKED, under the pCPU's lock where it is not loaded. *v may
 * be gone then. EL2's timer follows in sched_next(). */
void sched_block(struct cpu *c, struct vcpu *v,
		 bool (*wanted)(const struct vcpu *v));

/* BLOCKED -> QUEUED; otherwise nothing. From anywhere. */
void sched_wake(struct vcpu *v);

/*
 * Whom this pCPU shall run; NULL: nobody, it may sleep. Sets trap controls of
 * that vCPU, and takes VCPU_REQ_RESCHED back. Sets EL2's timer as well, unless
 * that vCPU has yet to be loaded: then sched_loaded() does.
 */
struct vcpu *sched_next(struct cpu *c);

/* The RUNNING one, on the pCPU itself; NULL: none. */
struct vcpu *sched_current(const struct cpu *c);

/* Calls e->fn on that pCPU when the counter is `at` or more; at once for 0.
 * What it was set for before is forgotten. */
void sched_event_set(struct sched_event *e, struct cpu *c, uint64_t at);
void sched_event_cancel(struct sched_event *e);

/* An event of this pCPU whose time has come, taken out; or NULL. */
struct sched_event *sched_due(struct cpu *c);

/* HYP_SGI_KICK was taken on this pCPU, and `look` is set. */
void sched_kicked(struct cpu *c);

/*
 * This pCPU does something that takes long, and runs no vCPU meanwhile: its
 * own waits, like those that are queued here, and idle pCPUs may take them as
 * soon as sched_offer() has told them. A vCPU that is loaded is put between
 * the two.
 */
void sched_work_begin(struct cpu *c);
void sched_offer(const struct cpu *c);
void sched_work_end(struct cpu *c);

/* A pCPU that a VM may use, an idle one if there is one. */
struct cpu *sched_quiet_cpu(struct hypervisor *h, const struct vm_config *cfg);

/*
 * `old` has just been put here by vcpu_put(), `v` loaded by vcpu_load(). EL2's
 * timer follows in sched_loaded() or sched_next(). Once it is not loaded, `old`
 * may go to another pCPU, end, and be gone; one that waits for this pCPU is
 * offered to an idle one.
 */
void sched_unloaded(struct cpu *c, struct vcpu *old);
void sched_loaded(struct cpu *c, const struct vcpu *v);

/* EL2's timer has fired on this pCPU. */
void sched_timer(struct cpu *c);

/* The running vCPU waits for another of its VM (a trapped WFE): one that is
 * queued here goes first. */
void sched_give_way(struct cpu *c, struct vcpu *v);

/* Ticks of the counter that the vCPU wanted to run and could not, since its VM
 * started: stolen time. A value from some moment during the call. */
uint64_t sched_stolen(struct vcpu *v);

#endif
