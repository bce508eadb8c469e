/*
 * A virtual machine: what its configuration became, and its life.
 *
 * Locks, outermost first:
 *	console.rx_lock > pl011.lock > mux.lock > console.tx_lock
 *	console.rx_lock > virtio_mmio.lock > mux.lock > console.tx_lock
 *			  pl011.lock > vgic lock > vgic_cpu lock
 *	virtio_mmio.lock > virtio_mmio.irq_lock > vgic lock > vgic_cpu lock
 *	pl031.lock > vgic lock > vgic_cpu lock
 *	vm->lock > vgic lock > vgic_cpu lock
 * hypervisor.alarm_lock, psci_vcpu.lock and page_alloc.lock are leaves; log
 * lines take tx_lock.
 *	vm->lock > sched_cpu.lock > vgic locks
 *	vm->lock > hypervisor.lock
 *
 * Life: VM_ABSENT -> vm_create() -> VM_OFF -> vm_start() -> VM_RUNNING -> ...
 * What can happen then, and who does it, is hyp/lifecycle.h. Nothing waits in a
 * loop for another CPU.
 *
 * PSCI DEN 0022 for the stops; docs/design/08b-lifecycle.md.
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
#include <hyp/vdev/gwdt.h>
#include <hyp/vdev/pl011.h>
#include <hyp/vdev/pl031.h>
#include <hyp/vm_config.h>

struct hypervisor;
struct mux_port;
struct virtio_console;
struct vm_slot;

/* The order matters: further down is less. */
enum vm_state {
	VM_ABSENT, /* nothing of it is there but its configuration */
	VM_OFF,    /* created, not loaded */
	VM_BUSY,   /* a pCPU creates, loads or destroys it, or is about to */
	VM_RESTARTING, /* off, until vm.retry_at */
	VM_STOPPING,   /* vCPUs are told to leave */
	VM_PAUSING,    /* vCPUs are told to wait */
	VM_PAUSED,     /* none is in its guest, and its time stands still */
	VM_RUNNING,
};

enum vm_stop {
	VM_STOP_NONE,
	VM_STOP_OFF,        /* the guest powered itself off */
	VM_STOP_RESET,      /* the guest wants to start again */
	VM_STOP_WARM_RESET, /* the same, with RAM kept */
	VM_STOP_CRASH,      /* it can make no progress */
	VM_STOP_COMMAND     /* somebody else wants it */
};

/* Pages that are promised to a VM and not taken yet. */
struct vm_promise {
	bool made;
	uint64_t left;
};

struct vm {
	/* Constant after the first vm_create(). */
	struct hypervisor *hyp;
	const struct vm_config *cfg;
	uint16_t vmid;

	struct spinlock lock; /* guards the next lines, up to `warn`; of each
				 vCPU its state, `starting`, `power_down`,
				 `held`, VCPU_REQ_OFF, VCPU_REQ_PAUSE */
	enum vm_state state;
	enum vm_state want;  /* ABSENT, OFF, PAUSED or RUNNING: where it goes */
	enum vm_state floor; /* how far down on the way there: ABSENT, OFF, or
			      * RUNNING for nowhere */
	enum vm_stop stop;
	bool commanded;     /* `want` is a command's, whatever the guest did */
	bool counted;       /* in hyp->nr_running */
	bool posted;        /* `work` was set, and has something to do */
	unsigned nr_live;   /* vCPUs that are not OFF or have not yet left */
	unsigned nr_held;   /* of those, held by a pause */
	const char *why;    /* of a crash: a constant string */
	uint64_t paused_at; /* counter */
	uint64_t retry_at;  /* counter */
	unsigned delay_ms;  /* before the last start by policy; 0: none */
	struct sched_event work;

	struct log_limit warn;

	/* Their own locks; others call them whatever the VM's state. */
	struct pl011 uart;
	struct pl031 rtc;
	struct gwdt wdt;
	struct sched_event wdt_event; /* under wdt.lock */
	uint64_t alarm; /* of rtc, in seconds, 0: none; hyp->alarm_lock */

	/* Made by vm_create(), all 0 while the VM is absent; constant between,
	 * or with rules of their own. */
	struct vcpu **vcpus; /* NULL: it is absent */
	unsigned nr_vcpus;
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
	struct s2_page uart_page;  /* the mirror of uart; s2 NULL: none */
	uint32_t *uart_regs;       /* it */
	uint64_t nr_device_tables; /* of s2, for registers that are read as
				    * memory, the UART's apart */
	struct vm_promise promise; /* under mem.lock while vCPUs run */
	struct pvtime pv;
	struct mmio_bus bus;
	struct vgic *vgic;
	struct smccc fw;       /* firmware calls and power states */
	struct mux_port *port; /* where uart is; NULL: it has the console */
	struct virtio_console *vcon; /* NULL: none; see vm_console.h */
	struct vm_slot *slots;       /* one a virtio slot, see vm_devices.h */
	unsigned nr_slots;
	bool ram_used;      /* RAM is no longer as gmem_add() left it */
	struct arena arena; /* all that the VM allocates piecemeal */
};

/*
 * Builds a VM from a validated configuration; allocates and maps its RAM but
 * does not load it. ABSENT -> OFF. `cfg` outlives the VM; *vm is zeroed, or has
 * been another VM before. An error costs one line in the log; nothing is left
 * behind. Nobody else changes the VM's state: the boot, or who made it BUSY.
 */
MUST_CHECK int vm_create(struct vm *vm, struct hypervisor *hyp,
			 const struct vm_config *cfg, uint16_t vmid);

/* Gives everything back, scrubbed, its pCPUs too: the VM is ABSENT. No vCPU of
 * it runs, and as for vm_create(). Safe on a half-built VM, and twice. */
void vm_destroy(struct vm *vm);

/*
 * OFF -> RUNNING, at once, on this pCPU: vm_load() and vCPU 0. For the boot;
 * later vm_command() does it. -EINVAL: it is not off.
 */
MUST_CHECK int vm_start(struct vm *vm);

/*
 * Asks the VM to stop; the first reason wins. By one of its vCPUs at an exit,
 * or by a device of its. `why`: a constant string, for VM_STOP_CRASH.
 */
void vm_stop(struct vm *vm, enum vm_stop how, const char *why);

/* The virtual counter of a VM that runs or is paused, and when it will show
 * `at`: a value of the counter, RUNQ_NEVER while the VM is paused. */
uint64_t vm_virtual_now(struct vm *vm);
uint64_t vm_virtual_date(struct vm *vm, uint64_t at);

/* PSCI CPU_ON: OFF -> RUNNABLE. The vCPU is OFF. */
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
 * any more. The last one of a VM takes the VM with it: what follows is done
 * here, and *v may be gone then. */
void vm_vcpu_left(struct vm *vm, struct vcpu *v);

/* The vCPU, no longer loaded, waits for the end of a pause. */
void vm_vcpu_held(struct vm *vm, struct vcpu *v);

#endif
