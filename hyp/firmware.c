/*
 * Turns what PSCI decides (psci.h) into what happens to the VM (vm.h): the one
 * place where firmware calls meet the lifecycle; contract in firmware.h. PSCI
 * DEN 0022, SMCCC DEN 0028.
 */
#include <arch/aarch64/maint.h>

#include <hyp/firmware.h>
#include <hyp/hypervisor.h>
#include <hyp/vm.h>

#define ISAR0_RNDR GENMASK(63, 60)

static void power_action(struct vcpu *v, enum psci_action action)
{
	struct vm *vm = v->vm;

	switch (action) {
	case PSCI_RETURN:
		break;
	case PSCI_STANDBY:
		vm_vcpu_wait(vm, v, false);
		break;
	case PSCI_POWER_DOWN:
		vm_vcpu_wait(vm, v, true);
		break;
	case PSCI_STOP:
		vm_vcpu_off(v);
		break;
	case PSCI_VM_OFF:
		vm_stop(vm, VM_STOP_OFF, NULL);
		break;
	case PSCI_VM_RESET:
		vm_stop(vm, VM_STOP_RESET, NULL);
		break;
	case PSCI_VM_WARM_RESET:
		vm_stop(vm, VM_STOP_WARM_RESET, NULL);
		break;
	}
}

void firmware_call(struct vcpu *v)
{
	enum psci_action action = smccc_call(&v->vm->fw, v->idx, v->regs.x);

	if (__builtin_expect(action != PSCI_RETURN, 0))
		power_action(v, action);
}

static bool is_ram(void *ctx, ipa_t base, uint64_t len)
{
	struct vm *vm = ctx;

	return gmem_contains(&vm->mem, base, len);
}

static void vcpu_start(void *ctx, unsigned target)
{
	struct vm *vm = ctx;
	struct psci_entry e = psci_entry(&vm->fw.psci, target);

	vm_vcpu_start(vm, vm->vcpus[target], e.pc, e.context_id);
}

struct psci_ops firmware_psci_ops(struct vm *vm)
{
	return (struct psci_ops){is_ram, vcpu_start, vm};
}

static bool entropy(void *ctx, uint64_t word[3])
{
	struct vm *vm = ctx;

	return random_fresh(&vm->hyp->random, word, 3 * sizeof(*word));
}

static uint64_t stolen_time(void *ctx, unsigned self)
{
	struct vm *vm = ctx;

	return pvtime_ipa(&vm->pv, self).v;
}

static struct smccc_moment moment(void *ctx, unsigned self, bool physical)
{
	struct vm *vm = ctx;
	const struct vcpu_control *c = &vm->vcpus[self]->control;
	uint64_t now = counter_now();

	return (struct smccc_moment){
		.ns = wallclock_ns(&vm->hyp->clock,
				   hyp_nanoseconds(vm->hyp, now)),
		.count = now - (physical ? c->cntpoff_el2 : c->cntvoff_el2),
	};
}

struct smccc_ops firmware_smccc_ops(struct vm *vm)
{
	bool rng = FIELD_GET(ISAR0_RNDR, vm->hyp->hw_idregs[IDREG(6, 0)]) != 0;

	return (struct smccc_ops){rng ? entropy : NULL, stolen_time, moment,
				  vm};
}
