/*
 * The pCPU's loop outside guests and its physical interrupts; contract in
 * run.h. Who runs is the scheduler's choice; here is what becomes of it: the
 * requests that others have posted, sleep, the world switch.
 * docs/design/16-scheduler.md; 08-psci.md, "States of a vCPU".
 */
#include <port/gicc.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/run.h>

/*
 * A timer of the loaded vCPU, which may be asleep, or its PMU: dropped here,
 * deactivated by the guest's EOI through the list register. With no vCPU loaded
 * they are off.
 */
static __attribute__((noinline)) void guest_irq(struct cpu *c, uint32_t intid,
						uint32_t virq)
{
	struct vcpu *v = c->loaded;

	gicc_drop(intid);
	if (!v) {
		gicc_deactivate(intid);
		return;
	}
	vgic_inject_hw(v->gic, virq, intid);
	if (v->sched.state == SCHED_BLOCKED)
		sched_wake(v);
}

/* A line that is still high makes its interrupt pending again, maybe of a vCPU
 * that has gone to sleep since it ended it. */
static void maintenance_irq(struct vcpu *v)
{
	if (!v)
		return;
	vgic_maintenance(v->vm->vgic, v->idx);
	if (v->sched.state == SCHED_BLOCKED &&
	    vgic_has_pending(v->vm->vgic, v->idx))
		sched_wake(v);
}

/* The exit was the purpose, mostly: the look at its end may not have been made
 * before this kick, with which a later one may have become one. */
static inline void kick_irq(struct cpu *c)
{
	gicc_received();
	gicc_drop(HYP_SGI_KICK);
	gicc_deactivate(HYP_SGI_KICK);
	if (__atomic_load_n(&c->sched.look, __ATOMIC_RELAXED))
		sched_kicked(c);
}

static __attribute__((noinline)) void own_irq(struct cpu *c, uint32_t intid)
{
	gicc_drop(intid);
	if (intid == c->hyp->ppi.maintenance)
		maintenance_irq(c->loaded);
	else if (intid == c->hyp->ppi.hyp_timer)
		sched_timer(c);
	else
		c->hyp->ops.irq(c->hyp->ops.ctx, intid);
	gicc_deactivate(intid);
}

void run_irqs(struct cpu *c)
{
	const struct hyp_ppis *ppi = &c->hyp->ppi;
	uint32_t intid = gicc_ack();

	if (intid == ppi->vtimer)
		guest_irq(c, intid, VM_TIMER_VIRT_INTID);
	else if (intid == HYP_SGI_KICK)
		kick_irq(c);
	else if (intid == ppi->ptimer)
		guest_irq(c, intid, VM_TIMER_PHYS_INTID);
	else if (intid == ppi->pmu && intid < GICC_SPURIOUS)
		guest_irq(c, intid, VM_PMU_INTID);
	else if (intid < GICC_SPURIOUS)
		own_irq(c, intid);
}

void run_unload(struct cpu *c)
{
	struct vcpu *old = c->loaded;

	if (old) {
		vcpu_put(c);
		sched_unloaded(c, old);
	}
}

static void put_if_loaded(struct cpu *c, const struct vcpu *v)
{
	if (c->loaded == v)
		run_unload(c);
}

static void leave(struct cpu *c, struct vcpu *v)
{
	put_if_loaded(c, v);
	sched_stop(c, v);
	vm_vcpu_left(v->vm, v);
}

/* An interrupt is pending for a vCPU that waits for one. */
static bool wake(struct cpu *c, struct vcpu *v)
{
	if (v->power_down) {
		struct psci_entry e = psci_entry(&v->vm->fw.psci, v->idx);

		put_if_loaded(c, v);
		vcpu_reset_keep_timers(v, e.pc, e.context_id);
		vgic_cpu_reset(v->vm->vgic, v->idx);
		v->power_down = false;
	}
	return vm_vcpu_wake(v->vm, v);
}

/* Whether a vCPU that waits has what it waits for, masked or not. The timers of
 * a loaded one tell by an interrupt. */
static bool has_reason(const struct vcpu *v)
{
	return vgic_has_pending(v->vm->vgic, v->idx) ||
	       (v->loaded ? vcpu_has_serror(v)
			  : vcpu_wake_time(v) <= counter_now());
}

static uint32_t requested(const struct vcpu *v)
{
	return __atomic_load_n(&v->requests, __ATOMIC_ACQUIRE) &
	       ~VCPU_REQ_RESCHED;
}

/* Once again, after has_reason() has said no. What is posted to a loaded vCPU
 * meanwhile shows in a word. */
static bool wanted(const struct vcpu *v)
{
	bool reason = v->loaded ? __atomic_load_n(&v->vgic_stale,
						  __ATOMIC_RELAXED) != 0
				: has_reason(v);

	return reason || requested(v);
}

static bool held_no_more(const struct vcpu *v)
{
	return requested(v) != VCPU_REQ_PAUSE;
}

/*
 * The VM is paused. Out of the hardware first, then counted, then asleep: when
 * all are counted none of them has seen a later time. Kicks wake it, it comes
 * back here.
 */
static void hold(struct cpu *c, struct vcpu *v)
{
	put_if_loaded(c, v);
	vm_vcpu_held(v->vm, v);
	sched_block(c, v, held_no_more);
}

/* Whether the vCPU that the scheduler chose may enter its guest now. */
static bool runnable(struct cpu *c, struct vcpu *v)
{
	uint32_t asked = requested(v);

	if (asked & VCPU_REQ_OFF) {
		leave(c, v);
		return false;
	}
	if (asked & VCPU_REQ_NO_MEMORY) {
		vcpu_take(v, VCPU_REQ_NO_MEMORY);
		vm_stop(v->vm, VM_STOP_CRASH, "the machine's memory is full");
		return false;
	}
	if (asked & VCPU_REQ_PAUSE) {
		hold(c, v);
		return false;
	}
	if (__atomic_load_n(&v->state, __ATOMIC_ACQUIRE) == VCPU_RUNNABLE)
		return true;
	if (has_reason(v))
		return wake(c, v);
	sched_block(c, v, wanted);
	return false;
}

/*
 * The vCPU that was in its guest until now waits for an interrupt. Then it is
 * no candidate, so that the scheduler need not choose it to find out.
 */
static void doze(struct cpu *c)
{
	struct vcpu *v = sched_current(c);

	if (!v ||
	    __atomic_load_n(&v->state, __ATOMIC_ACQUIRE) != VCPU_WAITING ||
	    requested(v))
		return;
	if (has_reason(v))
		(void)wake(c, v);
	else
		sched_block(c, v, wanted);
}

static void load(struct cpu *c, struct vcpu *v)
{
	run_unload(c);
	vcpu_load(c, v);
	sched_loaded(c, v);
	pvtime_update(v->vm, v->idx,
		      hyp_nanoseconds(c->hyp, v->sched.member.waited));
	if (v->starting) {
		v->starting = false;
		psci_vcpu_started(&v->vm->fw.psci, v->idx);
	}
}

void run_work_begin(struct cpu *c)
{
	sched_work_begin(c);
	run_unload(c);
	sched_offer(c);
}

void run_work_end(struct cpu *c)
{
	sched_work_end(c);
}

/* What is due on this pCPU beside guests. */
static void run_events(struct cpu *c)
{
	struct sched_event *e;

	while ((e = sched_due(c)))
		e->fn(e);
}

struct vcpu_regs *run_next(struct cpu *c)
{
	doze(c);
	for (;;) {
		struct vcpu *v;

		run_events(c);
		v = sched_next(c);
		if (!v) {
			c->asleep = true;
			cpu_wfi();
			run_irqs(c);
			c->asleep = false;
			continue;
		}
		if (!runnable(c, v)) {
			/* However often it is woken for nothing. */
			run_irqs(c);
			continue;
		}
		if (c->loaded != v)
			load(c, v);
		if (v->vgic_stale)
			vgic_flush(v->gic);
		return &v->regs;
	}
}
