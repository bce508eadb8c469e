/*
 * One physical CPU. TPIDR_EL2 holds its address from the pCPU's first C code
 * on (<port/this_cpu.h>).
 * Each pCPU writes its own; `home` is set by who places a vCPU. Plinth's own;
 * vectors.S knows parts of the layout. docs/design/13-locking.md.
 */
#ifndef PLINTH_HYP_CPU_H
#define PLINTH_HYP_CPU_H

#include <base/types.h>

#include <hyp/sched.h>

struct hypervisor;
struct vcpu;

/*
 * The last exits of a pCPU, for the crash report and for debuggers: a ring of
 * CPU_EXITS events. An exit writes one (el2/vectors.S), which costs it three
 * instructions, so an event says no more than the syndrome and the guest's PC:
 *	esr == 0	never written; a syndrome has IL or a class
 *	class IRQ	an interrupt: the syndrome register says nothing then
 *	class PUT	no exit: pc is the struct vcpu * that was put
 *	other		ESR_EL2 of the exit, SError (0x2f) included
 * No event names its vCPU. Going back from the newest, they are those of
 * cpu.loaded as far as the first PUT, from there on those of the vCPU that it
 * names, as far as the next PUT, and so on.
 */
#define CPU_EXITS    16U
#define CPU_EXIT_PUT (UINT64_C(61) << 26) /* unallocated classes */
#define CPU_EXIT_IRQ (UINT64_C(62) << 26)

struct cpu_exit {
	uint64_t esr, pc;
};

enum cpu_stop {
	CPU_STOP_NO,
	CPU_STOP_ASKED, /* it took HYP_SGI_STOP: in a guest, or asleep */
	CPU_STOP_PANIC  /* it panicked itself, but was not the first */
};

/* Bytes of the stacks below stack_top and panic_stack_top; and of the former's
 * memory above it. */
#define CPU_STACK_ABOVE      16
#define CPU_STACK_SIZE       (4 * PAGE_SIZE - CPU_STACK_ABOVE)
#define CPU_PANIC_STACK_SIZE (2 * PAGE_SIZE)

struct cpu {
	/*
	 * The ring. Aligned to twice its size: a pointer that has left it has
	 * the bit CPU_EXIT_WRAP set. The next event goes to the loaded vCPU's
	 * regs.next_exit, or to next_exit while none is loaded; the oldest
	 * event is there, too.
	 */
	struct cpu_exit exits[CPU_EXITS] __attribute__((aligned(512)));
	struct cpu_exit *next_exit;

	/* Written before the pCPU starts; read by the vectors. The end of an
	 * exit finds `loaded` where stack_top points. */
	uint64_t stack_top;
	uint64_t panic_stack_top;

	/* Constant after boot. */
	struct hypervisor *hyp;
	uint64_t mpidr; /* affinity fields of MPIDR_EL1 */
	uint64_t kick;  /* for gicc_send(): HYP_SGI_KICK for this one */
	unsigned idx;

	/* Touched by this pCPU only, with IRQs masked. */
	struct vcpu *loaded; /* whose EL1 registers are in the hardware */

	bool asleep; /* in run_next(), until there is an interrupt */

	/* How the pCPU ended when another one reports a panic (enum cpu_stop,
	 * release by the pCPU, acquire by the reporter), and where it was. */
	uint32_t stopped;
	uint64_t stop_pc; /* CPU_STOP_PANIC only */

	struct sched_cpu sched;

	bool online; /* it takes interrupts; written by the pCPU; atomic */
};

#define CPU_EXIT_WRAP sizeof(((struct cpu *)0)->exits)

_Static_assert(CPU_EXIT_WRAP == 256, "the alignment of the ring");

/* Writes an event; returns where the next one goes. */
static inline struct cpu_exit *cpu_exit_note(struct cpu_exit *at, uint64_t esr,
					     uint64_t pc)
{
	at->esr = esr;
	at->pc = pc;
	return (struct cpu_exit *)((uintptr_t)(at + 1) & ~CPU_EXIT_WRAP);
}

#endif
