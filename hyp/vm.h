/*
 * A virtual machine: what its configuration became, and its life.
 *
 * Locks, outermost first:
 *	console.rx_lock > pl011.lock > mux.lock > console.tx_lock
 *			  pl011.lock > vgic lock > vgic_cpu lock
 *	virtio_mmio.lock > virtio_mmio.irq_lock > vgic lock > vgic_cpu lock
 *	pl031.lock > vgic lock > vgic_cpu lock
 *	vm->lock > vgic lock > vgic_cpu lock
 * hypervisor.alarm_lock, psci_vcpu.lock and page_alloc.lock are leaves; log
 * lines take tx_lock.
 * vm->lock guards state, stop, nr_live, every vcpu.state and VCPU_REQ_OFF.
 *
 * Life: vm_create -> vm_start -> (running) -> vm_stop asked by a vCPU; every
 * vCPU leaves the guest on its own pCPU; the last to do so finishes the stop:
 * reset and start again, or off. Nothing waits in a loop for another CPU.
 *
 * PSCI DEN 0022 for the stops; docs/design/08-psci.md.
 */
#ifndef PLINTH_HYP_VM_H
#define PLINTH_HYP_VM_H

#include <port/spinlock.h>

#include <base/log.h>

#include <arch/aarch64/psci.h>
#include <arch/aarch64/smccc.h>
#include <arch/aarch64/stage2.h>
#include <arch/aarch64/vgic.h>

#include <hyp/arena.h>
#include <hyp/gmem.h>
#include <hyp/loader.h>
#include <hyp/mmio.h>
#include <hyp/pvtime.h>
#include <hyp/vcpu.h>
#include <hyp/vdev/pl011.h>
#include <hyp/vdev/pl031.h>
#include <hyp/vm_config.h>

struct hypervisor;
struct mux_port;
struct vm_slot;

enum vm_state {
	VM_OFF,
	VM_RUNNING,
	VM_STOPPING
};

enum vm_stop {
	VM_STOP_NONE,
	VM_STOP_OFF,        /* the guest powered itself off */
	VM_STOP_RESET,      /* the guest wants to start again */
	VM_STOP_WARM_RESET, /* the same, with RAM kept */
	VM_STOP_CRASH       /* it can make no progress */
};

/* Pages that are promised to a VM and not taken yet. */
struct vm_promise {
	bool made;
	uint64_t left;
};

struct vm {
	/* Constant after vm_create(). */
	struct hypervisor *hyp;
	const struct vm_config *cfg;
	struct vcpu **vcpus;
	unsigned nr_vcpus;
	uint16_t vmid;
	struct load_plan plan;
	void *dtb;        /* what the guest is given; written at each start */
	uint64_t dtb_cap; /* bytes */
	const uint64_t *idregs; /* sanitised, one an encoding */
	bool trap_idregs; /* they differ from the CPU's where it matters */
	unsigned inject_features; /* enum inject_feature */
	bool pmu;                 /* its vCPUs have performance monitors */
	uint16_t *last_ran; /* by pCPU: the vCPU it loaded last; its alone */

	struct s2 s2;
	struct gmem mem;
	struct vm_promise promise; /* under mem.lock while vCPUs run */
	struct pvtime pv;
	struct mmio_bus bus;
	struct vgic *vgic;
	struct smccc fw; /* firmware calls and power states */
	struct pl011 uart;
	struct mux_port *port; /* where uart is; NULL: it has the console */
	struct pl031 rtc;
	uint64_t alarm; /* of rtc, in seconds, 0: none; hyp->alarm_lock */
	struct vm_slot *slots; /* one a virtio slot, see vm_devices.h */
	unsigned nr_slots;
	bool ram_used;      /* RAM is no longer as gmem_add() left it */
	struct arena arena; /* all that the VM allocates piecemeal */

	struct spinlock lock; /* guards the next four; of each vCPU its state,
				 `starting`, `power_down`, VCPU_REQ_OFF */
	enum vm_state state;
	enum vm_stop stop;
	unsigned nr_live; /* vCPUs that are not OFF or have not yet left */
	const char *why;  /* of a crash: a constant string */

	struct log_limit warn;
};

/*
 * Builds a VM from a validated configuration; allocates and maps its RAM but
 * does not load it. `cfg` outlives the VM. An error costs one line in the log;
 * nothing is left behind.
 */
MUST_CHECK int vm_create(struct vm *vm, struct hypervisor *hyp,
			 const struct vm_config *cfg, uint16_t vmid);

/* Gives everything back, its pCPUs too. No vCPU of it runs.
 * Safe on a half-built VM, and twice. */
void vm_destroy(struct vm *vm);

/*
 * Loads pristine images into zeroed RAM, or over what is in it at a warm reset
 * (vm->stop), resets every device, and starts vCPU 0. The VM is off, and each
 * of its vCPUs has its pCPU. Errors name the module.
 */
MUST_CHECK int vm_start(struct vm *vm);

/*
 * Asks the VM to stop; the first reason wins. Called by one of its vCPUs at
 * an exit. `why`: a constant string, for VM_STOP_CRASH.
 */
void vm_stop(struct vm *vm, enum vm_stop how, const char *why);

/* PSCI CPU_ON and the first start: OFF -> RUNNABLE. The vCPU is OFF. */
void vm_vcpu_start(struct vm *vm, struct vcpu *v, ipa_t entry,
		   uint64_t context);

/* PSCI CPU_OFF of the loaded vCPU, at its exit. */
void vm_vcpu_off(struct vcpu *v);

/*
 * PSCI CPU_SUSPEND of the loaded vCPU, at its exit: WAITING until an interrupt
 * is pending. `power_down`: it then starts at psci_entry().
 */
void vm_vcpu_wait(struct vm *vm, struct vcpu *v, bool power_down);

/* WAITING -> RUNNABLE; false when the VM has stopped it meanwhile. */
MUST_CHECK bool vm_vcpu_wake(struct vm *vm, struct vcpu *v);

/* The vCPU, no longer loaded, is out of the guest for good, and has no request
 * any more. The last one of a VM takes the VM with it. */
void vm_vcpu_left(struct vm *vm, struct vcpu *v);

#endif
