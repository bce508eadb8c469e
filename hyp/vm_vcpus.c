/*
 * The vCPUs of a VM as its life moves them: started, asleep, held by a pause,
 * told to leave; contracts in vm.h and lifecycle.h. Nobody waits here for
 * another CPU: requests are posted under vm->lock, to vCPUs that are not off,
 * and are taken back under it: a vCPU that is off has none.
 * PSCI DEN 0022; docs/design/08b-lifecycle.md.
 */
#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/lifecycle.h>

static void set_state(struct vcpu *v, enum vcpu_state s)
{
	__atomic_store_n(&v->state, s, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------ start, sleep, wake-up
 */

static void start_locked(struct vm *vm, struct vcpu *v, ipa_t entry,
			 uint64_t context)
{
	vcpu_reset(v, entry, context);
	vgic_cpu_reset(vm->vgic, v->idx);
	v->starting = true;
	v->power_down = false;
	vm->nr_live++;
	set_state(v, VCPU_RUNNABLE);
	if (vm->state == VM_PAUSING)
		vcpu_post(v, VCPU_REQ_PAUSE);
}

void vm_boot_vcpu_locked(struct vm *vm, bool paused)
{
	vm->state = paused ? VM_PAUSING : VM_RUNNING;
	vm->stop = VM_STOP_NONE;
	vm->why = NULL;
	vm->commanded = false;
	start_locked(vm, vm->vcpus[0], vm->plan.entry, vm->plan.dtb.base.v);
}

void vm_vcpu_start(struct vm *vm, struct vcpu *v, ipa_t entry, uint64_t context)
{
	bool start;

	spin_lock(&vm->lock);
	/* The caller is in EL2, and not held: the VM is not PAUSED. */
	start = (vm->state == VM_RUNNING || vm->state == VM_PAUSING) &&
		v->state == VCPU_OFF;
	if (start)
		start_locked(vm, v, entry, context);
	spin_unlock(&vm->lock);
	if (start)
		sched_start(v);
}

void vm_vcpu_off(struct vcpu *v)
{
	vcpu_post(v, VCPU_REQ_OFF);
}

void vm_vcpu_wait(struct vm *vm, struct vcpu *v, bool power_down)
{
	spin_lock(&vm->lock);
	if (v->state == VCPU_RUNNABLE) {
		v->power_down = power_down;
		set_state(v, VCPU_WAITING);
	}
	spin_unlock(&vm->lock);
}

bool vm_vcpu_wake(struct vm *vm, struct vcpu *v)
{
	bool wake;

	spin_lock(&vm->lock);
	wake = v->state == VCPU_WAITING;
	if (wake)
		set_state(v, VCPU_RUNNABLE);
	spin_unlock(&vm->lock);
	return wake;
}

/* -------------------------------------------------------------- all of them */

static void ask_all_locked(struct vm *vm, uint32_t request)
{
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->state != VCPU_OFF)
			vcpu_post(vm->vcpus[i], request);
}

/* Under the lock, because without it the VM may end and be gone meanwhile. */
static void kick_all_locked(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->state != VCPU_OFF)
			vcpu_kick(vm->vcpus[i]);
}

bool vm_stop_locked(struct vm *vm, enum vm_stop how, const char *why)
{
	if (vm->state < VM_PAUSING)
		return false;
	vm->state = VM_STOPPING;
	vm->stop = how;
	vm->why = why;
	ask_all_locked(vm, VCPU_REQ_OFF);
	kick_all_locked(vm);
	return true;
}

void vm_stop(struct vm *vm, enum vm_stop how, const char *why)
{
	spin_lock(&vm->lock);
	(void)vm_stop_locked(vm, how, why);
	spin_unlock(&vm->lock);
}

void vm_pause_locked(struct vm *vm)
{
	vm->state = VM_PAUSING;
	ask_all_locked(vm, VCPU_REQ_PAUSE);
	kick_all_locked(vm);
}

/* The time of the pause has not been, for any of them. */
static void skip_time_locked(struct vm *vm, uint64_t ticks)
{
	bool poff = hyp_has_cntpoff(vm->hyp);

	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		vm->vcpus[i]->control.cntvoff_el2 += ticks;
		vm->vcpus[i]->control.cntpoff_el2 += poff ? ticks : 0;
	}
}

void vm_resume_locked(struct vm *vm)
{
	if (vm->state == VM_PAUSED)
		skip_time_locked(vm, counter_now() - vm->paused_at);
	vm->state = VM_RUNNING;
	vm->nr_held = 0;
	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		vm->vcpus[i]->held = false;
		vcpu_take(vm->vcpus[i], VCPU_REQ_PAUSE);
	}
	kick_all_locked(vm);
}

uint64_t vm_virtual_now(struct vm *vm)
{
	uint64_t now;

	spin_lock(&vm->lock);
	now = vm->state == VM_PAUSED ? vm->paused_at : counter_now();
	now -= vm->vcpus[0]->control.cntvoff_el2;
	spin_unlock(&vm->lock);
	return now;
}

uint64_t vm_virtual_date(struct vm *vm, uint64_t at)
{
	uint64_t date;

	spin_lock(&vm->lock);
	date = at + vm->vcpus[0]->control.cntvoff_el2;
	if (date < at || vm->state == VM_PAUSED)
		date = RUNQ_NEVER;
	spin_unlock(&vm->lock);
	return date;
}

/* True: the pause begins now. */
static bool all_held_locked(struct vm *vm)
{
	bool all = vm->state == VM_PAUSING && vm->nr_held == vm->nr_live;

	if (all) {
		vm->state = VM_PAUSED;
		vm->paused_at = counter_now();
	}
	return all;
}

static void say_paused(const struct vm *vm, bool paused)
{
	if (paused)
		log_info("VM %s: paused", vm->cfg->name);
}

void vm_vcpu_held(struct vm *vm, struct vcpu *v)
{
	bool paused = false;

	spin_lock(&vm->lock);
	if (vm->state == VM_PAUSING && !v->held) {
		v->held = true;
		vm->nr_held++;
		paused = all_held_locked(vm);
	}
	spin_unlock(&vm->lock);
	say_paused(vm, paused);
}

void vm_vcpu_left(struct vm *vm, struct vcpu *v)
{
	bool last, paused = false;

	vgic_cpu_off(vm->vgic, v->idx);
	spin_lock(&vm->lock);
	vcpu_take(v, VCPU_REQ_OFF | VCPU_REQ_PAUSE | VCPU_REQ_NO_MEMORY);
	set_state(v, VCPU_OFF);
	vm->nr_held -= v->held;
	v->held = false;
	/* As soon as the lock is free it may be started again. */
	psci_vcpu_stopped(&vm->fw.psci, v->idx);
	last = --vm->nr_live == 0;
	if (last) { /* and nobody is left to turn a vCPU on: that is off, too */
		(void)vm_stop_locked(vm, VM_STOP_OFF, NULL);
		vm->state = VM_BUSY;
	} else {
		paused = all_held_locked(vm);
	}
	spin_unlock(&vm->lock);
	say_paused(vm, paused);
	if (last)
		vm_stopped(vm);
}
