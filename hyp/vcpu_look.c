/*
 * A look at a vCPU's registers; contract in vcpu_look.h. In memory they are
 * complete only while it is not loaded, and an exit saves some of them only. So
 * its pCPU is asked, by an event between two vCPUs, to unload it and to copy
 * them. Arm ARM DDI 0487 for what they are.
 */
#include <port/barrier.h>
#include <port/this_cpu.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/run.h>
#include <hyp/vcpu_look.h>

static bool is_loaded(const struct vcpu *v)
{
	return __atomic_load_n(&v->loaded, __ATOMIC_ACQUIRE);
}

static struct vcpu *wanted(const struct vcpu_look *l)
{
	return __atomic_load_n(&l->vcpu, __ATOMIC_ACQUIRE);
}

static void want(struct vcpu_look *l, struct vcpu *v)
{
	__atomic_store_n(&l->vcpu, v, __ATOMIC_RELEASE);
}

static void copy(struct vcpu_look *l, const struct vcpu *v)
{
	l->regs = v->regs;
	l->el1 = v->el1;
}

/* On the pCPU that has it loaded; until the lock is taken who asked may have
 * lost patience. */
static void show(struct sched_event *e)
{
	struct vcpu_look *l = container_of(e, struct vcpu_look, event);
	struct vcpu *v = this_cpu()->loaded;

	if (!v || wanted(l) != v)
		return;
	run_unload(this_cpu());
	spin_lock(&l->lock);
	if (wanted(l) == v) {
		copy(l, v);
		want(l, NULL);
	}
	spin_unlock(&l->lock);
}

/* It is not loaded, before and after. */
static bool copy_as_it_lies(struct vcpu_look *l, const struct vcpu *v)
{
	if (is_loaded(v))
		return false;
	copy(l, v);
	smp_mb();
	return !is_loaded(v);
}

static bool ask(struct vcpu_look *l, struct vcpu *v, uint64_t end)
{
	struct cpu *c = v->cpu;
	bool shown;

	want(l, v);
	sched_event_set(&l->event, c, 0);
	while (wanted(l) && is_loaded(v) && v->cpu == c && counter_now() < end)
		cpu_relax();
	spin_lock(&l->lock);
	shown = !wanted(l);
	want(l, NULL);
	spin_unlock(&l->lock);
	sched_event_cancel(&l->event);
	return shown;
}

bool vcpu_look(struct vcpu_look *l, struct vcpu *v, uint64_t ticks)
{
	uint64_t end = counter_now() + ticks;

	if (this_cpu()->loaded == v)
		run_unload(this_cpu());
	while (!copy_as_it_lies(l, v) && !ask(l, v, end)) {
		if (counter_now() < end)
			continue;
		copy(l, v);
		return false;
	}
	return true;
}

void vcpu_look_init(struct vcpu_look *l)
{
	*l = (struct vcpu_look){.event.fn = show};
}
