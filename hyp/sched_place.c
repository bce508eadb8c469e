/*
 * The scheduler: which pCPU a vCPU belongs to when its VM is created, and which
 * one works for a VM; contract in sched.h. From any pCPU, for several VMs at a
 * time. docs/design/16-scheduler.md.
 */
#include <errno.h>

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
	v->placed = v->cpu = c;
	return 0;
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
	struct cpu *c = v->placed;

	if (!c)
		return;
	spin_lock(&c->sched.lock);
	c->sched.nr_placed--;
	c->sched.reserved_ppm -= share_ppm(&v->sched.member.share);
	spin_unlock(&c->sched.lock);
	v->placed = v->cpu = NULL;
}
