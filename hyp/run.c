/*
 * The pCPU's loop outside guests and its physical interrupts; contract in
 * run.h. One vCPU has one pCPU for good: with fewer pCPUs than vCPUs a VM is
 * refused. A lone vCPU runs with no tick and no WFI trap.
 * Left out: a scheduler. docs/design/08-psci.md, "States of a vCPU".
 */
#include <errno.h>
#include <port/gicc.h>

#include <hyp/hypervisor.h>
#include <hyp/run.h>

int run_place(struct cpu *c, struct vcpu *v)
{
	if (c->home)
		return -EBUSY;
	v->cpu = c;
	__atomic_store_n(&c->home, v, __ATOMIC_RELEASE);
	return 0;
}

void run_unplace(struct vcpu *v)
{
	if (!v->cpu)
		return;
	__atomic_store_n(&v->cpu->home, NULL, __ATOMIC_RELEASE);
	v->cpu = NULL;
}

/*
 * A timer of the loaded vCPU, or its PMU: dropped here, deactivated by the
 * guest's EOI through the list register. With no vCPU loaded they are off.
 */
static void guest_irq(struct cpu *c, uint32_t intid, uint32_t virq)
{
	gicc_drop(intid);
	if (c->loaded) {
		vgic_inject_hw(c->loaded->vm->vgic, c->loaded->idx, virq,
			       intid);
	} else {
		gicc_deactivate(intid);
	}
}

static void own_irq(struct cpu *c, uint32_t intid)
{
	gicc_drop(intid);
	if (intid == c->hyp->ppi.maintenance && c->loaded)
		vgic_maintenance(c->loaded->vm->vgic, c->loaded->idx);
	else if (intid != HYP_SGI_KICK)
		c->hyp->ops.irq(c->hyp->ops.ctx, intid);
	gicc_deactivate(intid);
}

void run_irqs(struct cpu *c)
{
	const struct hyp_ppis *ppi = &c->hyp->ppi;
	uint32_t intid = gicc_ack();

	if (intid == ppi->vtimer)
		guest_irq(c, intid, VM_TIMER_VIRT_INTID);
	else if (intid == ppi->ptimer)
		guest_irq(c, intid, VM_TIMER_PHYS_INTID);
	else if (intid == ppi->pmu && intid < GICC_SPURIOUS)
		guest_irq(c, intid, VM_PMU_INTID);
	else if (intid < GICC_SPURIOUS)
		own_irq(c, intid);
}

static void leave_home(struct cpu *c, struct vcpu *v)
{
	if (c->loaded == v)
		vcpu_put(c);
	vm_vcpu_left(v->vm, v);
}

/* An interrupt is pending for a vCPU in CPU_SUSPEND. */
static bool wake(struct cpu *c, struct vcpu *v)
{
	if (v->power_down) {
		struct psci_entry e = psci_entry(&v->vm->fw.psci, v->idx);

		if (c->loaded == v)
			vcpu_put(c);
		vcpu_reset_keep_timers(v, e.pc, e.context_id);
		vgic_cpu_reset(v->vm->vgic, v->idx);
		v->power_down = false;
	}
	return vm_vcpu_wake(v->vm, v);
}

/* Whether the vCPU may enter its guest now. */
static bool runnable(struct cpu *c, struct vcpu *v)
{
	if (__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE) & VCPU_REQ_OFF)
		leave_home(c, v);
	switch (__atomic_load_n(&v->state, __ATOMIC_ACQUIRE)) {
	case VCPU_RUNNABLE:
		return true;
	case VCPU_WAITING:
		if (!vgic_has_pending(v->vm->vgic, v->idx))
			return false;
		return wake(c, v);
	case VCPU_OFF:
		if (c->loaded == v)
			vcpu_put(c);
		return false;
	}
	return false;
}

static void load(struct cpu *c, struct vcpu *v)
{
	vcpu_load(c, v);
	if (v->starting) {
		v->starting = false;
		psci_vcpu_started(&v->vm->fw.psci, v->idx);
	}
}

struct vcpu_regs *run_next(struct cpu *c)
{
	for (;;) {
		struct vcpu *v = __atomic_load_n(&c->home, __ATOMIC_ACQUIRE);

		if (v && runnable(c, v)) {
			if (c->loaded != v)
				load(c, v);
			if (*v->vgic_stale)
				vgic_flush(v->vm->vgic, v->idx);
			return &v->regs;
		}
		c->asleep = true;
		cpu_wfi();
		run_irqs(c);
		c->asleep = false;
	}
}
