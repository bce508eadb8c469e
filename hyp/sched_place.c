/*
 * The scheduler: which pCPU a vCPU belongs to when its VM is created, and which
 * one works for a VM; contract in sched.h. What is reserved of a pCPU moves
 * with its vCPUs. From any pCPU, for several VMs at a time.
 * docs/design/16-scheduler.md.
 */
#include <errno.h>
#include <port/gicc.h>

#include <hyp/hypervisor.h>
#include <hyp/sched.h>

static uint32_t share_ppm(const struct runq_share *s)
{
	return s->budget ? (uint32_t)(s->budget * 1000000 / s->period) : 0;
}

static bool has_room(const struct cpu *c, uint32_t ppm)
{
	uint32_t ppm_there =
		__atomic_load_n(&c->sched.reserved_ppm, __ATOMIC_RELAXED);

	return ppm_there + ppm <= SCHED_RESERVED_PPM;
}

static unsigned nr_placed(const struct cpu *c)
{
	return __atomic_load_n(&c->sched.nr_placed, __ATOMIC_RELAXED);
}

static struct cpu *emptiest(const struct vcpu *v, uint32_t ppm)
{
	struct hypervisor *h = v->vm->hyp;
	struct cpu *best = NULL;

	for (unsigned i = 0; i < h->nr_cpus; i++) {
		struct cpu *c = &h->cpus[i];

		if (vm_config_allows_pcpu(v->vm->cfg, i) && has_room(c, ppm) &&
		    (!best || nr_placed(c) < nr_placed(best)))
			best = c;
	}
	return best;
}

/* False: another VM was faster, and has left no room. */
static bool reserve(struct cpu *c, uint32_t ppm)
{
	bool fits;

	spin_lock(&c->sched.lock);
	fits = has_room(c, ppm);
	if (fits) {
		c->sched.nr_placed++;
		c->sched.reserved_ppm += ppm;
	}
	spin_unlock(&c->sched.lock);
	return fits;
}

int sched_place(struct vcpu *v, const struct runq_share *share)
{
	uint32_t ppm = share_ppm(share);
	struct cpu *c;

	do {
		c = emptiest(v, ppm);
		if (!c)
			return -ENODEV;
	} while (!reserve(c, ppm));
	runq_member_init(&v->sched.member, share);
	v->cpu = c;
	return 0;
}

bool sched_may_move(const struct vcpu *v, const struct cpu *to)
{
	return vm_config_allows_pcpu(v->vm->cfg, to->idx) &&
	       has_room(to, share_ppm(&v->sched.member.share));
}

static void count_locked(struct cpu *c, const struct vcpu *v, int sign)
{
	uint32_t ppm = share_ppm(&v->sched.member.share);

	c->sched.nr_placed += (unsigned)sign;
	c->sched.reserved_ppm += (uint32_t)sign * ppm;
}

void sched_move_place(struct vcpu *v, struct cpu *to)
{
	count_locked(v->cpu, v, -1);
	count_locked(to, v, 1);
	__atomic_store_n(&v->cpu, to, __ATOMIC_RELEASE);
}

struct cpu *sched_quiet_cpu(struct hypervisor *h, const struct vm_config *cfg)
{
	struct cpu *found = NULL;

	for (unsigned i = 0; i < h->nr_cpus; i++) {
		struct cpu *c = &h->cpus[i];

		if (vm_config_allows_pcpu(cfg, i) &&
		    (!found || (sched_is_busy(&found->sched) &&
				!sched_is_busy(&c->sched))))
			found = c;
	}
	return found;
}

void sched_unplace(struct vcpu *v)
{
	struct cpu *c = v->cpu;

	if (!c)
		return;
	spin_lock(&c->sched.lock);
	count_locked(c, v, -1);
	spin_unlock(&c->sched.lock);
	v->cpu = NULL;
}

void sched_cpu_init(struct cpu *c, const struct runq_clock *clock)
{
	runq_init(&c->sched.q, clock);
	c->kick = gicc_sgi(c->mpidr, HYP_SGI_KICK);
	c->sched.armed = c->sched.probe_at = RUNQ_NEVER;
	c->sched.next_event = RUNQ_NEVER;
}

struct vcpu *sched_current(const struct cpu *c)
{
	struct runq_member *m = c->sched.q.current;

	return m ? container_of(m, struct vcpu, sched.member) : NULL;
}
