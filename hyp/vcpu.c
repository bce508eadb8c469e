/*
 * A vCPU's registers: their values at a start, and the way in and out of a
 * pCPU's hardware; contract in vcpu.h. Left out: who may run when (run.c,
 * lifecycle.c). Arm ARM DDI 0487 and PSCI DEN 0022, "Initial core state".
 */
#include <port/gicc.h>
#include <port/this_cpu.h>
#include <string.h>

#include <arch/aarch64/inject.h>

#include <hyp/hypervisor.h>
#include <hyp/vcpu.h>
#include <hyp/vm.h>

void vcpu_reset(struct vcpu *v, ipa_t entry, uint64_t context)
{
	memset(v->regs.x, 0, sizeof(v->regs.x));
	v->regs.x[0] = context;
	v->regs.pc = entry.v;
	v->regs.pstate = PSTATE_EL1H | PSTATE_DAIF;
	el1_context_reset(&v->el1);
	memset(&v->fp, 0, sizeof(v->fp));
	v->progress.done = 0;
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

void vcpu_load(struct cpu *c, struct vcpu *v)
{
	v->regs.stack = c->stack_top;
	v->regs.next_exit = c->next_exit;
	vcpu_control_load(&v->control);
	el1_context_restore(&v->el1);
	fp_context_restore(&v->fp);
	pmu_load(&v->pmu);
	vgic_load(v->vm->vgic, v->idx);
	c->loaded = v;
}

void vcpu_put(struct cpu *c)
{
	struct vcpu *v = c->loaded;

	/* Stops timers and counters, so that what they raised can be
	 * deactivated. */
	el1_context_save(&v->el1);
	pmu_put(&v->pmu);
	fp_context_save(&v->fp);
	vgic_put(v->vm->vgic, v->idx);
	c->next_exit = cpu_exit_note(v->regs.next_exit, CPU_EXIT_PUT,
				     (uint64_t)(uintptr_t)v);
	c->loaded = NULL;
}

void vcpu_kick(struct vcpu *v)
{
	if (v->cpu != this_cpu())
		gicc_send_sgi(v->cpu->mpidr, HYP_SGI_KICK);
}
