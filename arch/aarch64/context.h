/*
 * Register contexts of a vCPU: what the exception vectors save
 * (struct vcpu_regs), what is switched when another vCPU comes onto the pCPU
 * (struct el1_context, struct fp_context).
 *
 * While a vCPU is loaded, its EL1 and FP registers live in the hardware and
 * the contexts here are stale. Arm ARM DDI 0487, "The AArch64 System level
 * programmers' model".
 */
#ifndef PLINTH_ARCH_CONTEXT_H
#define PLINTH_ARCH_CONTEXT_H

#include <base/types.h>

struct cpu_exit;

/*
 * Layout known to el2/vectors.S through generated offsets. An exit brings the
 * registers here that EL2's own code may change, x0 to x9, x16, x17, x29, x30;
 * the others follow when somebody else is to look at them: then they are whole.
 */
struct vcpu_regs {
	uint64_t x[31];
	uint64_t pc;
	uint64_t pstate;
	uint64_t whole; /* 0: some are in the CPU where the vCPU is loaded */
	/* Of the pCPU on which the vCPU is loaded: */
	uint64_t stack;             /* its EL2 stack, empty */
	const void *handlers;       /* of exits, by class: hyp/trap.h */
	struct cpu_exit *next_exit; /* in its ring of exits */
	const uint64_t *idregs;     /* what they read, by idreg_index() */
	uint64_t read;              /* scratch of the vectors */
};

/* Switched EL1 and EL0 registers, in the order of the context routines. */
struct el1_context {
	uint64_t sctlr_el1, cpacr_el1, ttbr0_el1, ttbr1_el1, tcr_el1;
	uint64_t esr_el1, far_el1, afsr0_el1, afsr1_el1;
	uint64_t mair_el1, amair_el1, vbar_el1, contextidr_el1;
	uint64_t tpidr_el0, tpidrro_el0, tpidr_el1;
	uint64_t sp_el0, sp_el1, elr_el1, spsr_el1;
	uint64_t csselr_el1, par_el1, mdscr_el1, osdlr_el1;
	uint64_t cntv_cval_el0, cntp_cval_el0, cntv_ctl_el0, cntp_ctl_el0;
	uint64_t cntkctl_el1;
	uint64_t pauth[10]; /* APIA, APIB, APDA, APDB, APGA: lo, hi */
	uint64_t os_lock;   /* OSLSR_EL1.OSLK as 0 or 1 */
	/* FEAT_RAS: the guest's DISR_EL1; 0 while it is in the hardware. */
	uint64_t vdisr_el2;
	/* Breakpoints and watchpoints are switched when they are in use: the
	 * next restore brings them; they are in the hardware now. */
	bool debug_wanted, debug_live;
	uint64_t debug_bvr[16], debug_bcr[16], debug_wvr[16], debug_wcr[16];
};

struct fp_context {
	uint64_t q[32][2];
	uint64_t fpcr, fpsr;
} __attribute__((aligned(16)));

#define HCR_VSE (UINT64_C(1) << 8) /* a virtual SError waits to be taken */

/* Trap controls and identities that belong to one vCPU. */
struct vcpu_control {
	uint64_t hcr_el2;
	uint64_t vmpidr_el2;
	uint64_t vpidr_el2;
	uint64_t vtcr_el2;
	uint64_t vttbr_el2; /* with VMID */
	uint64_t cntvoff_el2;
	uint64_t cntpoff_el2; /* FEAT_ECV with CNTPOFF_EL2, else 0 */
	uint64_t vsesr_el2;   /* FEAT_RAS: what the waiting SError tells */
};

/*
 * Values at a vCPU's start: SCTLR_EL1 with MMU, caches and alignment checks
 * off, timers off, everything that the architecture leaves UNKNOWN zero.
 */
void el1_context_reset(struct el1_context *c);

/*
 * IRQs masked, on the pCPU itself. A restore leaves breakpoints and watchpoints
 * out unless MDSCR_EL1.MDE lets them act, or the vCPU has just started; then
 * the first access to a register of self-hosted debug traps, and
 * el1_debug_open() brings them until the save. False: they are there already.
 *
 * With FEAT_RAS a save is an error synchronization barrier: an SError caused up
 * to here is pending no longer, and DISR_EL1 of it is returned. 0: none.
 */
MUST_CHECK uint64_t el1_context_save(struct el1_context *c);
void el1_context_restore(struct el1_context *c);
MUST_CHECK bool el1_debug_open(struct el1_context *c);
void fp_context_save(struct fp_context *c);
void fp_context_restore(const struct fp_context *c);
/* One live SIMD&FP register, n < 32, of the loaded vCPU. */
void fp_read(unsigned n, uint64_t v[2]);
void fp_write(unsigned n, const uint64_t v[2]);
void vcpu_control_load(const struct vcpu_control *c);
/* Of the loaded vCPU's HCR_EL2: whether a virtual SError still waits. */
bool vcpu_serror_waits(void);

#endif
