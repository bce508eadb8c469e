/*
 * A vCPU's registers: their values at a start, and the way in and out of a
 * pCPU's hardware; contract in vcpu.h. Left out: who may run when (sched.c,
 * lifecycle.c). Arm ARM DDI 0487 and PSCI DEN 0022, "Initial core state".
 */
#include <port/barrier.h>
#include <port/gicc.h>
#include <port/this_cpu.h>
#include <string.h>

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>
#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/vcpu.h>
#include <hyp/vm.h>

void vcpu_reset(struct vcpu *v, ipa_t entry, uint64_t context)
{
	v->regs.whole = true;
	memset(v->regs.x, 0, sizeof(v->regs.x));
	v->regs.x[0] = context;
	v->regs.pc = entry.v;
	v->regs.pstate = PSTATE_EL1H | PSTATE_DAIF;
	el1_context_reset(&v->el1);
	memset(&v->fp, 0, sizeof(v->fp));
	v->sve.used = false;
	v->progress.done = 0;
	v->control.hcr_el2 &= ~HCR_VSE;
	pmu_reset(&v->pmu);
}

void vcpu_reset_keep_timers(struct vcpu *v, ipa_t entry, uint64_t context)
{
	struct el1_context old = v->el1;

	vcpu_reset(v, entry, context);
	v->el1.cntv_ctl_el0 = old.cntv_ctl_el0;
	v->el1.cntv_cval_el0 = old.cntv_cval_el0;
	v->el1.cntp_ctl_el0 = old.cntp_ctl_el0;
	v->el1.cntp_cval_el0 = old.cntp_cval_el0;
	v->el1.cntkctl_el1 = old.cntkctl_el1;
}

/*
 * vCPUs of one VM have the same VMID, and what one of them has cached without
 * telling the others is not for the next one: its TLB maintenance may have
 * been for itself alone. HCR_EL2.FB covers those that ran elsewhere.
 */
static void part_vcpus(const struct cpu *c, const struct vcpu *v)
{
	uint16_t *last = &v->vm->last_ran[c->idx];

	if (*last == v->idx)
		return;
	*last = (uint16_t)v->idx;
	tlb_flush_local();
}

bool vcpu_has_serror(const struct vcpu *v)
{
	return (v->control.hcr_el2 & HCR_VSE) && vcpu_serror_waits();
}

void vcpu_keep_serror(struct vcpu *v)
{
	if (!vcpu_has_serror(v))
		v->control.hcr_el2 &= ~HCR_VSE;
}

void vcpu_post_serror(struct vcpu *v, uint64_t esr)
{
	uint64_t told = esr_serror(esr);

	if ((v->control.hcr_el2 & HCR_VSE) && told != v->control.vsesr_el2)
		told = 0; /* uncategorized */
	v->control.vsesr_el2 = told;
	v->control.hcr_el2 |= HCR_VSE;
}

void vcpu_load(struct cpu *c, struct vcpu *v)
{
	uint64_t stack = c->stack_top;

	*(struct vcpu **)(uintptr_t)stack = v;
	v->regs.stack = stack;
	v->regs.next_exit = c->next_exit;
	vcpu_control_load(&v->control);
	part_vcpus(c, v);
	el1_context_restore(&v->el1);
	if (v->sve.used)
		sve_context_restore(&v->sve, &v->fp);
	else
		fp_context_restore(&v->fp);
	pmu_load(&v->pmu);
	vgic_load(v->vm->vgic, v->idx);
	c->loaded = v;
	v->loaded = true;
}

void vcpu_put(struct cpu *c)
{
	struct vcpu *v = c->loaded;
	uint64_t disr;

	vcpu_keep_serror(v);
	/* Stops timers and counters, so that what they raised can be
	 * deactivated. An error of this vCPU's is not for the next one. */
	disr = el1_context_save(&v->el1);
	if (disr)
		vcpu_post_serror(v, disr);
	pmu_put(&v->pmu);
	if (v->sve.used)
		sve_context_save(&v->sve, &v->fp);
	else
		fp_context_save(&v->fp);
	vgic_put(v->vm->vgic, v->idx);
	c->next_exit = cpu_exit_note(v->regs.next_exit, CPU_EXIT_PUT,
				     (uint64_t)(uintptr_t)v);
	c->loaded = NULL;
}

void vcpu_use_sve(struct vcpu *v)
{
	fp_context_save(&v->fp);
	sve_begin(&v->sve, &v->fp);
	sve_context_restore(&v->sve, &v->fp);
}

void vcpu_kick(struct vcpu *v)
{
	const struct cpu *c;
	uint32_t state;

	smp_mb(); /* what was posted is seen before the state is looked at */
	state = __atomic_load_n(&v->sched.state, __ATOMIC_ACQUIRE);
	if (state == SCHED_RUNNING) {
		c = __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
		if (c != this_cpu())
			gicc_send(c->kick);
	} else if (state == SCHED_BLOCKED) {
		sched_wake(v);
	} /* else it looks when it runs */
}

#define TIMER_ENABLE 1U
#define TIMER_IMASK  2U

/* `offset`: of the timer's count to the counter. */
static uint64_t deadline(const struct vcpu *v, uint64_t ctl, uint64_t cval,
			 uint64_t offset, uint32_t intid)
{
	if ((ctl & (TIMER_ENABLE | TIMER_IMASK)) != TIMER_ENABLE)
		return RUNQ_NEVER;
	if (vgic_private_noted(v->vm->vgic, v->idx, intid))
		return RUNQ_NEVER; /* its state is known, and wakes nobody */
	return cval + offset < cval ? RUNQ_NEVER : cval + offset;
}

uint64_t vcpu_wake_time(const struct vcpu *v)
{
	const struct el1_context *e = &v->el1;

	if (__atomic_load_n(&v->requests, __ATOMIC_RELAXED) & VCPU_REQ_PAUSE)
		return RUNQ_NEVER;
	if (v->control.hcr_el2 & HCR_VSE)
		return 0;
	return min_u64(deadline(v, e->cntv_ctl_el0, e->cntv_cval_el0,
				v->control.cntvoff_el2, VM_TIMER_VIRT_INTID),
		       deadline(v, e->cntp_ctl_el0, e->cntp_cval_el0,
				v->control.cntpoff_el2, VM_TIMER_PHYS_INTID));
}
