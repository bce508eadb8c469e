/*
 * A VM's life after its creation: start, stop, reset, and the states of its
 * vCPUs; contracts in vm.h. Nobody waits here for another CPU: a stop is asked
 * for, and the pCPU of the last vCPU that leaves the guest finishes it.
 * PSCI DEN 0022, SYSTEM_OFF and SYSTEM_RESET; docs/design/08-psci.md.
 */
#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/stats.h>
#include <hyp/vm.h>
#include <hyp/vm_devices.h>
#include <hyp/vm_dt.h>

#define MMFR0_ECV GENMASK(63, 60)

static void set_state(struct vcpu *v, enum vcpu_state s)
{
	__atomic_store_n(&v->state, s, __ATOMIC_RELEASE);
}

/* Without the lock: it may have changed by now. */
static enum vcpu_state state_of(const struct vcpu *v)
{
	return __atomic_load_n(&v->state, __ATOMIC_RELAXED);
}

void vm_vcpu_start(struct vm *vm, struct vcpu *v, ipa_t entry, uint64_t context)
{
	bool start;

	spin_lock(&vm->lock);
	start = vm->state == VM_RUNNING && v->state == VCPU_OFF;
	if (start) {
		vcpu_reset(v, entry, context);
		vgic_cpu_reset(vm->vgic, v->idx);
		v->starting = true;
		v->power_down = false;
		vm->nr_live++;
		set_state(v, VCPU_RUNNABLE);
	}
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

/*
 * Requests are posted under the lock, to vCPUs that are not off, and are taken
 * back with the step to OFF under it: a vCPU that is off has none.
 */
static bool stop_locked(struct vm *vm, enum vm_stop how, const char *why)
{
	if (vm->state != VM_RUNNING)
		return false;
	vm->state = VM_STOPPING;
	vm->stop = how;
	vm->why = why;
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i]->state != VCPU_OFF)
			vcpu_post(vm->vcpus[i], VCPU_REQ_OFF);
	return true;
}

void vm_stop(struct vm *vm, enum vm_stop how, const char *why)
{
	bool first;

	spin_lock(&vm->lock);
	first = stop_locked(vm, how, why);
	spin_unlock(&vm->lock);
	/* The caller is live: nobody finishes the stop before it returns. */
	for (unsigned i = 0; first && i < vm->nr_vcpus; i++)
		if (state_of(vm->vcpus[i]) != VCPU_OFF)
			vcpu_kick(vm->vcpus[i]);
}

/* Every vCPU is out of the guest: nobody else touches the VM now. */
static void finish_stop(struct vm *vm)
{
	enum vm_stop how = vm->stop;

	vm->state = VM_OFF;
	if (vm->hyp->stats)
		stats_print(vm);
	if (how == VM_STOP_RESET || how == VM_STOP_WARM_RESET) {
		log_info("VM %s: reset", vm->cfg->name);
		if (vm_start(vm) == 0)
			return;
		vm->stop = VM_STOP_CRASH;
		vm->why = "cannot be loaded again";
	}
	vm_devices_reset(vm);
	if (vm->stop == VM_STOP_CRASH)
		log_err("VM %s: crashed: %s", vm->cfg->name, vm->why);
	else
		log_info("VM %s: off", vm->cfg->name);
	hyp_vm_ended(vm->hyp, vm);
}

void vm_vcpu_left(struct vm *vm, struct vcpu *v)
{
	bool last;

	vgic_cpu_off(vm->vgic, v->idx);
	spin_lock(&vm->lock);
	vcpu_take(v, VCPU_REQ_OFF | VCPU_REQ_NO_MEMORY);
	set_state(v, VCPU_OFF);
	/* As soon as the lock is free it may be started again. */
	psci_vcpu_stopped(&vm->fw.psci, v->idx);
	last = --vm->nr_live == 0;
	if (last) /* and nobody is left to turn a vCPU on: that is off, too */
		(void)stop_locked(vm, VM_STOP_OFF, NULL);
	spin_unlock(&vm->lock);
	if (last)
		finish_stop(vm);
}

/* Whoever has no entropy gives no seed, rather than one that can be guessed. */
static int write_dtb(struct vm *vm)
{
	struct random *random = &vm->hyp->random;
	struct vm_dt_seed seed;
	struct vm_dt_boot boot = {.initrd = vm->plan.initrd};
	int err;

	random_refresh(random);
	if (random_seeded(random)) {
		random_bytes(random, &seed.kaslr, sizeof(seed.kaslr));
		random_bytes(random, seed.rng, sizeof(seed.rng));
		boot.seed = &seed;
	}
	err = vm_dt_write(vm->cfg, &boot, vm->dtb, vm->dtb_cap);
	random_wipe(&seed, sizeof(seed));
	return err;
}

static int load(struct vm *vm)
{
	int err;

	if (vm->stop == VM_STOP_WARM_RESET)
		gmem_sync(&vm->mem);
	else if (vm->ram_used)
		gmem_reset(&vm->mem);
	vm->ram_used = true;
	err = write_dtb(vm);
	if (!err)
		err = loader_copy(&vm->plan, vm->cfg, vm->dtb,
				  vm->plan.dtb.size, &vm->mem);
	return err;
}

/* Counters begin anew: the physical one too, where the CPU can offset it. */
static void start_time(struct vm *vm)
{
	uint64_t now = counter_now();
	bool ecv = FIELD_GET(MMFR0_ECV, vm->hyp->hw_idregs[IDREG(7, 0)]) >= 2;

	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		vm->vcpus[i]->control.cntvoff_el2 = now;
		vm->vcpus[i]->control.cntpoff_el2 = ecv ? now : 0;
	}
}

int vm_start(struct vm *vm)
{
	int err;

	vm_devices_reset(vm);
	pvtime_reset(vm);
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		vm->vcpus[i]->sched.member.waited = 0;
	vgic_reset(vm->vgic);
	psci_reset(&vm->fw.psci, 0, vm->stop != VM_STOP_WARM_RESET);
	err = load(vm);
	if (err) {
		log_err("VM %s: images cannot be loaded: %d", vm->cfg->name,
			err);
		return err;
	}
	/* What the VMID's former life, or VM, left in a TLB. */
	tlb_flush_vmid(s2_vttbr(&vm->s2, vm->vmid));
	start_time(vm);
	stats_reset(vm);
	vm->state = VM_RUNNING;
	vm->stop = VM_STOP_NONE;
	vm_vcpu_start(vm, vm->vcpus[0], vm->plan.entry, vm->plan.dtb.base.v);
	return 0;
}
