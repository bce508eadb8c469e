/*
 * What a VM is like when it starts: RAM, images, devices, virtual GIC, firmware
 * state and time, at the first start and at every reset alike; contract in
 * lifecycle.h. Called by hyp/lifecycle.c, with no vCPU of the VM running.
 * PSCI DEN 0022, SYSTEM_RESET; docs/design/08b-lifecycle.md.
 */
#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/lifecycle.h>
#include <hyp/stats.h>
#include <hyp/vm_devices.h>
#include <hyp/vm_dt.h>

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

static int load_images(struct vm *vm, bool warm)
{
	int err;

	if (warm)
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
	bool poff = hyp_has_cntpoff(vm->hyp);

	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		vm->vcpus[i]->control.cntvoff_el2 = now;
		vm->vcpus[i]->control.cntpoff_el2 = poff ? now : 0;
	}
}

int vm_load(struct vm *vm, bool warm)
{
	int err;

	vm_devices_reset(vm);
	pvtime_reset(vm);
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		vm->vcpus[i]->sched.member.waited = 0;
	vgic_reset(vm->vgic);
	psci_reset(&vm->fw.psci, 0, !warm);
	err = load_images(vm, warm);
	if (err) {
		log_err("VM %s: images cannot be loaded: %d", vm->cfg->name,
			err);
		return err;
	}
	/* What the VMID's former life, or VM, left in a TLB. */
	tlb_flush_vmid(s2_vttbr(&vm->s2, vm->vmid));
	start_time(vm);
	stats_reset(vm);
	return 0;
}
