/*
 * A small machine that runs the whole hypervisor core: pCPUs, a page allocator
 * over a buffer, a console, VMs made from the default hardware with a kernel
 * Image in memory. A test plays the guests: it changes registers of the vCPU
 * that is on a pCPU and reports exits as the vectors would.
 *
 * Where a pCPU is: in a guest (sim_vcpu() names the vCPU), or asleep in
 * run_next(). SGIs become pending on their pCPU and are taken by sim_settle().
 */
#ifndef PLINTH_TESTS_SIM_H
#define PLINTH_TESTS_SIM_H

#include <hyp/hypervisor.h>
#include <hyp/run.h>
#include <hyp/trap.h>
#include <hyp/vm_devices.h>

#include "fake_el2.h"
#include "fake_uart.h"
#include "gich.h"
#include "host.h"
#include "pages.h"
#include "syndrome.h"
#include "vgic_state.h"

#define SIM_CPUS    4
#define SIM_VMS     3
#define SIM_RAM     UINT64_C(0x40000000) /* IPA */
#define SIM_ENTRY   (SIM_RAM + 0x1000)
#define SIM_GICD    UINT64_C(0x08000000)
#define SIM_GICR    UINT64_C(0x080a0000)
#define SIM_UART    UINT64_C(0x09000000)
#define SIM_RTC     UINT64_C(0x09010000)
#define SIM_VIRTIO  UINT64_C(0x0a000000)
#define SIM_NOTHING UINT64_C(0x0b000000)

#define SIM_SLICE UINT64_C(3000) /* ticks, of 1 us */

/* INTIDs of the machine's private interrupts. */
#define SIM_MAINT  25U
#define SIM_HTIMER 26U
#define SIM_VTIMER 27U
#define SIM_PTIMER 30U
#define SIM_PMU    23U

struct sim_cpu {
	struct fake_pcpu hw;
	struct gich gich;
	struct vcpu_regs *guest; /* NULL: asleep */
	struct vcpu *stack_top[2];
	jmp_buf out;
};

struct sim {
	struct hypervisor h;
	struct cpu cpus[SIM_CPUS];
	struct sim_cpu pcpu[SIM_CPUS];
	struct vm vms[SIM_VMS];
	struct vm_config cfg[SIM_VMS];
	struct arena arena[SIM_VMS]; /* of the configurations */
	struct host_pages config_pages;

	uint64_t hw_idregs[56];
	uint8_t *kernel; /* pristine */
	uint8_t *disk;   /* pristine, SIM_DISK bytes */
	struct fake_uart uart;

	/* How the machine ended. */
	unsigned nr_ends;
	enum end_kind end;
	char end_vm[VM_NAME_MAX];
	const char *end_reason;

	uint64_t wall;
	uint64_t alarm;   /* of the machine's clock, 0: none */
	uint32_t irqs[8]; /* that went to ops.irq */
	unsigned nr_irqs;
	void (*on_irq)(struct sim *s); /* what a device's does; NULL: nothing */
};

#define SIM_KERNEL 4096U /* bytes of the kernel's file */
#define SIM_DISK   4096U

/* What a VM is made of, where the usual is not wanted. */
struct sim_vm {
	unsigned nr_vcpus;
	uint64_t ram; /* bytes, 0: 2 MiB */
	bool watchdog;
	bool disk; /* a virtio-blk device in slot 0 */
	bool vcon; /* a virtio console in slot 1 */
	bool share_images, first_touch, overcommit;
};

/* nr_cpus up to SIM_CPUS, `pages` for VMs; no VM yet. */
void sim_init(struct sim *s, unsigned nr_cpus, uint64_t pages);
/* Destroys what is left of the VMs; a page that is missing then fails the
 * test. */
void sim_free(struct sim *s);

/* The configuration of the next VM, s->cfg[s->h.nr_vms]. */
struct vm_config *sim_config(struct sim *s, const struct sim_vm *what);
/* As the boot does: creates, places on the next pCPUs and starts a VM. */
struct vm *sim_add_vm(struct sim *s, const struct sim_vm *what);

/* The usual: one VM of nr vCPUs on as many pCPUs, each in run_next() by now;
 * vCPU 0 is in its guest. */
struct vm *sim_boot(struct sim *s, unsigned nr_vcpus);

/* Code runs on that pCPU from here on. */
void sim_on(struct sim *s, unsigned cpu);

/* The vCPU whose guest runs on that pCPU, or NULL. */
struct vcpu *sim_vcpu(struct sim *s, unsigned cpu);

/* Each ends with that pCPU in a guest, asleep, or the machine's end. */
struct vcpu *sim_run(struct sim *s, unsigned cpu);
struct vcpu *sim_sync(struct sim *s, unsigned cpu, uint64_t esr);
struct vcpu *sim_serror(struct sim *s, unsigned cpu, uint64_t esr);
/* An interrupt becomes pending there, and is taken. */
struct vcpu *sim_irq(struct sim *s, unsigned cpu, uint32_t intid);

/* Every pCPU takes what is pending for it, until nothing is. */
void sim_settle(struct sim *s);

/* HVC #0 with these x0..x3; the answer in x0 when the guest goes on. */
uint64_t sim_hvc(struct sim *s, unsigned cpu, uint64_t x0, uint64_t x1,
		 uint64_t x2, uint64_t x3);

/* PSCI CPU_ON of vCPU `target` at SIM_ENTRY, with context 0x1234 + target. */
int64_t sim_cpu_on(struct sim *s, unsigned cpu, unsigned target);

/* vCPU `target`, turned on by the guest on that pCPU, is in its guest. */
void sim_bring_up(struct sim *s, unsigned cpu, unsigned target);

/* An interrupt of a device of Plinth's on that pCPU: `fn` is called. */
void sim_device_irq(struct sim *s, unsigned cpu, void (*fn)(struct sim *s));

/* EL2's timers fire where the counter is as far, and all is settled. */
void sim_timers(struct sim *s);

/* A load or store of the guest on that pCPU, which traps. x1 is used. */
void sim_store(struct sim *s, unsigned cpu, uint64_t ipa, unsigned size,
	       uint64_t value);
uint64_t sim_load(struct sim *s, unsigned cpu, uint64_t ipa, unsigned size);
/* The fault registers of an abort at that address. */
void sim_fault(struct sim *s, unsigned cpu, uint64_t va, uint64_t ipa);

/* The guest switches its GIC on: groups, all interrupts, all priorities. */
void sim_guest_gic(struct sim *s, unsigned cpu);

/*
 * Races: the next time that a pCPU is about to take a lock, or has released
 * one, and holds none, for the (at + 1)-th time, `fn` is called in between; it
 * plays other pCPUs. sim_raced(): it was, and no more comes.
 */
void sim_race(unsigned at, void (*fn)(struct sim *s));
bool sim_raced(void);

/* Whether that word, aligned to its size, is anywhere in what the page
 * allocator gives away. */
bool sim_pool_has(uint64_t word);

/* Dies unless what is always true between two steps is true. */
void sim_check(struct sim *s);

/* PSCI function identifiers, Arm DEN 0022. */
#define SIM_PSCI_VERSION        UINT64_C(0x84000000)
#define SIM_PSCI_CPU_SUSPEND    UINT64_C(0xc4000001)
#define SIM_PSCI_CPU_OFF        UINT64_C(0x84000002)
#define SIM_PSCI_CPU_ON         UINT64_C(0xc4000003)
#define SIM_PSCI_AFFINITY_INFO  UINT64_C(0xc4000004)
#define SIM_PSCI_SYSTEM_OFF     UINT64_C(0x84000008)
#define SIM_PSCI_SYSTEM_RESET   UINT64_C(0x84000009)
#define SIM_PSCI_SYSTEM_SUSPEND UINT64_C(0xc400000e)
#define SIM_PSCI_SYSTEM_RESET2  UINT64_C(0xc4000012)
#define SIM_POWER_DOWN          UINT64_C(0x10000)

#endif
