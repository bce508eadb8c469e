/*
 * One virtual CPU: its registers, where it is, what others ask of it.
 *
 * Life: OFF -> RUNNABLE (vm_vcpu_start, under vm->lock) -> WAITING (WFI,
 * CPU_SUSPEND) -> ... -> OFF (CPU_OFF, or the VM stops). Which pCPU it has, and
 * when, is the scheduler's (hyp/sched.h).
 * Registers are in `regs` while it is not loaded; EL1, FP and GIC state is in
 * the hardware from vcpu_load() to vcpu_put().
 *
 * docs/design/04-exceptions.md for the switch, 08-psci.md for the states.
 */
#ifndef PLINTH_HYP_VCPU_H
#define PLINTH_HYP_VCPU_H

#include <port/el1.h>

#include <base/addr.h>

#include <arch/aarch64/context.h>
#include <arch/aarch64/insn.h>
#include <arch/aarch64/pmu.h>
#include <arch/aarch64/sve.h>

#include <hyp/sched.h>

struct cpu;
struct vm;

enum vcpu_state {
	VCPU_RUNNABLE,
	VCPU_WAITING,
	VCPU_OFF
};

/* Bits of vcpu.requests; set by anyone, taken by the vCPU's pCPU. */
#define VCPU_REQ_OFF                                                           \
	1U /* leave the guest: CPU_OFF, or the VM stops;                       \
	    * never set while the vCPU is OFF */
#define VCPU_REQ_RESCHED                                                       \
	2U /* somebody else may be next; set under the lock of the pCPU        \
	    * on which it runs, taken by sched_next() */
#define VCPU_REQ_PAUSE                                                         \
	4U /* wait until it is gone: the VM is paused;                         \
	    * never set while the vCPU is OFF */

#define VCPU_REQ_NO_MEMORY                                                     \
	8U /* its VM needed a page and there is none: it has crashed; posted   \
	    * by the pCPU that has it loaded, at an exit */

#define VCPU_EXIT_CLASSES 64 /* one an exception class of ESR_EL2 */
#define VCPU_EXIT_IRQ     62 /* unallocated classes, used for the others */
#define VCPU_EXIT_SERROR  63

/* A load or store of several elements of which some are done and one has to be
 * tried again (hyp/emulate.h). */
struct emulate_progress {
	uint64_t pc, va, sp; /* whose it is: instruction, address, stack */
	uint32_t word;
	uint8_t done; /* bytes; 0: there is none */
	uint8_t mem[INSN_MAX_BYTES];
};

struct vcpu {
	struct vcpu_regs regs; /* first: the vectors know only this part */

	struct vm *vm;
	struct vgic_cpu *gic; /* its part of vm->vgic */
	/* The pCPU on which it runs, or will, and where it counts: changes
	 * under the locks of both pCPUs, while it does not run. */
	struct cpu *cpu;
	unsigned idx; /* in vm->vcpus */

	/*
	 * The end of an exit looks at these, the GIC's word as well: all zero
	 * is the straight way back into the guest.
	 */
	union {
		struct {
			uint32_t requests; /* atomic */
			/* enum vcpu_state; written under vm->lock, read
			 * without it by its own pCPU. */
			uint32_t state;
		};
		uint64_t attention;
	};
	uint64_t vgic_stale; /* vgic_flush() is due; vgic_attach() */

	/* Written by its pCPU only; readers accept a torn count. */
	uint64_t exits[VCPU_EXIT_CLASSES];

	bool starting;   /* PSCI shall hear of the first entry; vm->lock */
	bool power_down; /* WAITING: registers are lost at the wake-up; as
			  * state */
	bool held;       /* it counts in vm->nr_held; vm->lock */

	struct sched_vcpu sched;
	/* Its registers are in the hardware of `cpu`, and it stays there;
	 * written there, the release makes the saved ones visible. */
	bool loaded;

	/* Valid while not loaded; touched by the pCPU and, while OFF, by
	 * the holder of vm->lock. */
	struct el1_context el1;
	struct sve_context sve;
	struct fp_context fp; /* q: until it uses SVE */
	struct pmu_context pmu;
	struct vcpu_control control;

	struct emulate_progress progress; /* touched by its pCPU only */

	/* Of the exits by exception, while trap_measure() is on. */
	struct {
		uint64_t nr, ticks;
	} timed[VCPU_EXIT_CLASSES];
};

_Static_assert(VCPU_RUNNABLE == 0, "attention is 0 while nothing is wanted");
_Static_assert(offsetof(struct vcpu, regs) == 0, "the vectors pass regs");
_Static_assert(offsetof(struct vcpu, vgic_stale) ==
		       offsetof(struct vcpu, attention) + sizeof(uint64_t),
	       "the end of an exit reads both at once");

static inline struct vcpu *vcpu_of(struct vcpu_regs *regs)
{
	return container_of(regs, struct vcpu, regs);
}

/* PC and PSTATE of a vCPU that has left its guest; this pCPU's, or not loaded.
 */
static inline uint64_t vcpu_pc(const struct vcpu *v)
{
	return v->regs.whole ? v->regs.pc : exit_pc(&v->regs);
}

static inline uint64_t vcpu_pstate(const struct vcpu *v)
{
	return v->regs.whole ? v->regs.pstate : exit_pstate(&v->regs);
}

/*
 * Registers for a start at `entry` (guest IPA; MMU off) with x0 = context:
 * everything else as after a reset, FP included. The vCPU is OFF.
 * PSCI DEN 0022, "Initial core state"; Linux arm64 boot protocol.
 */
void vcpu_reset(struct vcpu *v, ipa_t entry, uint64_t context);

/* The same after a power-down, in which the timers keep running. */
void vcpu_reset_keep_timers(struct vcpu *v, ipa_t entry, uint64_t context);

/* A virtual SError waits for this vCPU, which is loaded here. */
bool vcpu_has_serror(const struct vcpu *v);

/* Before the loaded vCPU's controls are loaded again, or it is put: a virtual
 * SError waits on, and one that the guest has taken does not come again. */
void vcpu_keep_serror(struct vcpu *v);

/*
 * A virtual SError, when the vCPU's controls are loaded next;
 * vcpu_keep_serror() has been called if they are. `esr`: ESR_EL2 or DISR_EL1 of
 * the error, which the guest is told where the CPU has FEAT_RAS. Of two that
 * wait, which are one to the guest, it is told nothing if they differ: that is
 * the worst of errors.
 */
void vcpu_post_serror(struct vcpu *v, uint64_t esr);

/*
 * The loaded vCPU's first use of SVE since its start, which the CPU has
 * trapped: when it executes the instruction again it will have its vectors.
 */
void vcpu_use_sve(struct vcpu *v);

/*
 * Bring a vCPU's state into / out of this pCPU's hardware. IRQs masked.
 * vcpu_load: the pCPU has none loaded. vcpu_put: one is, and it stays marked
 * as loaded, so that it stays here, until sched_unloaded().
 */
void vcpu_load(struct cpu *c, struct vcpu *v);
void vcpu_put(struct cpu *c);

/* Post requests to a vCPU; its pCPU looks at them at its next exit. */
static inline void vcpu_post(struct vcpu *v, uint32_t requests)
{
	__atomic_or_fetch(&v->requests, requests, __ATOMIC_RELEASE);
}

/* The requests are done, or have become pointless. */
static inline void vcpu_take(struct vcpu *v, uint32_t requests)
{
	__atomic_and_fetch(&v->requests, ~requests, __ATOMIC_ACQ_REL);
}

/*
 * Something was posted for the vCPU, or its interrupts have changed: it leaves
 * its guest, unless it is this pCPU's, or its sleep.
 */
void vcpu_kick(struct vcpu *v);

/*
 * When a timer of a vCPU that has been put will fire, as a value of the
 * counter; 0: a virtual SError waits; RUNQ_NEVER: no timer will, or what fires
 * is pending and masked already, or the VM is paused.
 */
uint64_t vcpu_wake_time(const struct vcpu *v);

#endif
