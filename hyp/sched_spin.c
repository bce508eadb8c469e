/*
 * Whether a vCPU spins for another of its VM that waits for the same pCPU, by
 * looking at it now and then; contract in sched_spin.h. Called by hyp/sched.c,
 * with the pCPU's lock held, and the vCPU out of its guest.
 *
 * A guest that waits with WFE is known by the trap, where the CPU has one. But
 * a loop need not have a WFE, and QEMU traps none. So: at EL1, in the same
 * stack frame as at the last look. Work that looks alike loses the rest of a
 * slice by it, and no time. AAPCS64 for the frame; docs/design/16-scheduler.md.
 */
#include <arch/aarch64/inject.h>

#include <hyp/sched_spin.h>
#include <hyp/vcpu.h>

/* The holder of a lock may have run for long, and be behind those that wait for
 * it in the queue: they have spun, and so are passed over. */
struct vcpu *sched_peer(const struct sched_cpu *s, const struct vcpu *v)
{
	struct vcpu *first = NULL;

	for (struct runq_member *m = s->q.first; m; m = m->next) {
		struct vcpu *other = container_of(m, struct vcpu, sched.member);

		if (other->vm != v->vm)
			continue;
		if (!other->sched.spun)
			return other;
		if (!first)
			first = other;
	}
	return first;
}

/* It does not change while a kernel spins; 0: there is none. */
static uint64_t frame_of(const struct vcpu *v)
{
	return pstate_is_el1(vcpu_pstate(v)) ? v->regs.x[29] : 0;
}

struct vcpu *sched_spin_probe(const struct sched_cpu *s, struct vcpu *v,
			      uint64_t now)
{
	if (!v || now < s->probe_at || !s->probe_frame ||
	    s->probe_frame != frame_of(v))
		return NULL;
	v->sched.spun = true;
	return sched_peer(s, v);
}

/* Soon after it came, for it may have been spinning when it went; then less and
 * less often. */
static uint64_t next_probe(struct sched_cpu *s, bool again)
{
	uint64_t first = s->q.clock->probe;

	s->probe_step =
		again ? min_u64(2 * s->probe_step, first * SCHED_PROBE_MOST)
		      : first;
	return s->probe_step;
}

void sched_spin_watch(struct sched_cpu *s, struct vcpu *v, bool again,
		      uint64_t now)
{
	bool watch = v && s->q.clock->probe && sched_peer(s, v);

	if (v)
		v->sched.spun = false;
	if (watch && again && now < s->probe_at && s->probe_at != RUNQ_NEVER)
		return;
	again = again && s->probe_at != RUNQ_NEVER;
	s->probe_frame = watch ? frame_of(v) : 0;
	s->probe_at = watch ? now + next_probe(s, again) : RUNQ_NEVER;
}
