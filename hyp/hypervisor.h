/*
 * The one object that owns all mutable state of the hypervisor itself;
 * boot/main.c holds it and wires drivers to it through `ops`.
 * Fields name their lock. Plinth's own: docs/design/00-overview.md.
 */
#ifndef PLINTH_HYP_HYPERVISOR_H
#define PLINTH_HYP_HYPERVISOR_H

#include <port/spinlock.h>

#include <hyp/console.h>
#include <hyp/cpu.h>
#include <hyp/mux.h>
#include <hyp/page_alloc.h>
#include <hyp/random.h>
#include <hyp/vm.h>
#include <hyp/wallclock.h>

struct monitor;

/* SGI that makes a pCPU look at what was asked of it. */
#define HYP_SGI_KICK 0U
/* SGI that ends a pCPU, because another one panicked; no guest's write to an
 * SGI register reaches the physical ones. */
#define HYP_SGI_STOP 1U

enum end_kind { /* values are the exit record's, see exit_record.h */
	END_SUCCESS = 1,
	END_VM_CRASH = 2,
	END_BOOT_ERROR = 3,
	END_PANIC = 4
};

struct hyp_ops {
	/* Ends the machine; `vm` and `reason` go into the exit record. */
	NORETURN void (*end)(enum end_kind kind, const char *vm,
			     const char *reason);
	/* Seconds since the epoch, from the machine's clock. */
	uint64_t (*wall_seconds)(void *ctx);
	/* A physical interrupt that EL2 itself enabled and hyp/run.c does not
	 * know: an SPI, or HYP_SGI_STOP. IRQs masked. */
	void (*irq)(void *ctx, uint32_t intid);
	void *ctx;
	/* Call hyp_alarm() when that clock shows `seconds` or more; replaces
	 * the alarm before. 0: none. NULL when the clock has no alarm. */
	void (*set_alarm)(void *ctx, uint64_t seconds);
};

/* INTIDs of the machine's private interrupts. */
struct hyp_ppis {
	uint32_t vtimer, ptimer, maintenance, hyp_timer;
	uint32_t pmu; /* GICC_SPURIOUS or above: there is none */
};

struct hypervisor {
	/* Constant after boot. */
	struct hyp_ops ops;
	struct hyp_ppis ppi;
	struct cpu *cpus;
	unsigned nr_cpus;
	uint64_t counter_hz;  /* of counter_now(), CNTFRQ_EL0 */
	uint64_t *hw_idregs;  /* as the boot CPU reads them */
	uint32_t sve_lengths; /* of every CPU: see sve_hw_lengths() */
	struct vm *vms;
	unsigned nr_vms;
	enum log_level log_level; /* lines above it are not printed */
	bool boot_incomplete;     /* a VM was refused: the end is no success */
	bool stats;               /* print counts when a VM resets or ends */
	struct mux *mux; /* of the console; NULL: it is the first VM's */
	struct monitor *monitor;      /* there is one where there is a mux */
	struct sched_event mux_event; /* its mux_tick(); under mux->lock */

	struct page_alloc pages; /* locks itself */
	struct console console;  /* locks itself */
	struct random random;    /* locks itself */
	struct wallclock clock;  /* needs no lock */

	struct spinlock alarm_lock; /* guards vm.alarm of all VMs, and
				     * ops.set_alarm(); a leaf */

	struct spinlock lock;     /* guards what follows */
	unsigned nr_running;      /* VMs that run, or will; under lock */
	enum end_kind end;        /* worst end so far; under lock */
	char end_vm[VM_NAME_MAX]; /* which VM caused it; under lock */
	const char *end_reason;   /* under lock */
};

/* Ticks of the counter as nanoseconds. */
static inline uint64_t hyp_nanoseconds(const struct hypervisor *h,
				       uint64_t ticks)
{
	return ticks / h->counter_hz * 1000000000 +
	       ticks % h->counter_hz * 1000000000 / h->counter_hz;
}

/* Seconds since 1970, from the machine's clock; h->clock learns of it. */
uint64_t hyp_wall_seconds(struct hypervisor *h);

/* Microseconds as ticks of the counter. */
static inline uint64_t hyp_ticks(const struct hypervisor *h, uint64_t us)
{
	return us * h->counter_hz / 1000000;
}

/* A VM's clock wants pl031_alarm() at that second of hyp_wall_seconds(); 0: not
 * any more. May be called with that clock's lock held. */
void hyp_set_alarm(struct hypervisor *h, struct vm *vm, uint64_t seconds);

/* The alarm of the machine's clock; early or spurious calls do no harm. */
void hyp_alarm(struct hypervisor *h);

/* Whether CNTPOFF_EL2 is there and counts. */
bool hyp_has_cntpoff(const struct hypervisor *h);

/* A VM is going to run; with its lock held. */
void hyp_vm_began(struct hypervisor *h);

struct vm_end {
	const char *vm;  /* its name */
	const char *why; /* it crashed; NULL: it did not */
};

/* A VM that began has gone off, and nothing will start it by itself; ends the
 * machine when it was the last. */
void hyp_vm_ended(struct hypervisor *h, const struct vm_end *end);

#endif
