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
 * Wake-ups are not lost: who blocks publishes BLOCKED, then looks again; who
 * posts something for a vCPU makes it visible, then looks at the state
 * (vcpu_kick()). One of the two sees the other.
 *
 * Locks: devices' locks > cpu.sched.lock > vGIC locks; two of them in order of
 * cpu.idx. Nobody holds vm->lock or a vGIC lock when he takes one.
 *
 * Plinth's own: docs/design/16-scheduler.md.
 */
#ifndef PLINTH_HYP_SCHED_H
#define PLINTH_HYP_SCHED_H

#include <port/spinlock.h>

#include <hyp/runq.h>

struct cpu;
struct vcpu;

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
};

/* Of a pCPU. */
struct sched_cpu {
	struct spinlock lock; /* guards what follows */
	struct runq q;
	struct vcpu *sleepers; /* blocked, not loaded, with a timer; sorted */
	struct vcpu *yield_to; /* for whom the running one makes way */
	unsigned nr_live;      /* vCPUs here that are not OFF */
	unsigned nr_placed;    /* those that are, too */
	uint32_t reserved_ppm; /* of its time, by reservations */
	/* Touched by this pCPU only, `armed` under the lock as well. */
	uint64_t armed; /* what the timer is set for; RUNQ_NEVER: off */
	uint64_t alarm; /* sched_alarm() was called for; RUNQ_NEVER: not */
};

#define SCHED_SLICE_US     3000U
#define SCHED_GRANULE_US   500U
#define SCHED_RESERVED_PPM 950000U /* of each pCPU, at most */

/* Before any vCPU is placed there. `clock` is kept. */
void sched_cpu_init(struct cpu *c, const struct runq_clock *clock);

/*
 * Finds a pCPU of the VM's set (vm_config.pcpus) for a vCPU: the one with the
 * fewest, among those that have room for its reservation. -ENODEV: there is
 * none. sched_unplace() takes it off again; OFF, or never placed.
 */
MUST_CHECK int sched_place(struct vcpu *v, const struct runq_share *share);
void sched_unplace(struct vcpu *v);

/* OFF -> QUEUED: its registers are ready. Wakes its pCPU. */
void sched_start(struct vcpu *v);

/* The running vCPU of this pCPU, not loaded, goes OFF / sleeps. After
 * sched_block() look again whether it may sleep. */
void sched_stop(struct cpu *c, struct vcpu *v);
void sched_block(struct cpu *c, struct vcpu *v);

/* BLOCKED -> QUEUED; otherwise nothing. From anywhere. */
void sched_wake(struct vcpu *v);

/*
 * Whom this pCPU shall run; NULL: nobody, it may sleep. Sets trap controls of
 * that vCPU and EL2's timer, and takes VCPU_REQ_RESCHED back.
 */
struct vcpu *sched_next(struct cpu *c);

/* `old` has just been put here by vcpu_put(). */
void sched_unloaded(struct cpu *c, struct vcpu *old);

/* EL2's timer has fired on this pCPU. True: an alarm is due. */
MUST_CHECK bool sched_timer(struct cpu *c);

/*
 * Ends the sleep of this pCPU, or its guest's run, when the counter shows `at`,
 * or at the earlier one of two; sched_timer() tells. Takes no lock, and may be
 * called under any but sched_cpu.lock.
 */
void sched_alarm(struct cpu *c, uint64_t at);

/* The running vCPU waits for another of its VM (a trapped WFE): one that is
 * queued here goes first. */
void sched_give_way(struct cpu *c, struct vcpu *v);

/* Ticks of the counter that the vCPU wanted to run and could not, since its VM
 * started: stolen time. A value from some moment during the call. */
uint64_t sched_stolen(struct vcpu *v);

#endif
