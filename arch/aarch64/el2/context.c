/*
 * Saving and restoring a vCPU's EL1 context in the hardware: the part of the
 * world switch that happens only when another vCPU comes onto the pCPU, a vCPU
 * starts, or stops. IRQs are masked; HCR_EL2.E2H = 0.
 * Arm ARM DDI 0487: register descriptions, and "Pointer authentication". Left
 * out: what no guest is shown, by the ID registers or by a trap.
 */
#include <arch/aarch64/context.h>

#include "cpu_features.h"
#include "sysreg.h"

#define MDSCR_MDE BIT(15)

/*
 * Registers that every Armv8.0 core has, two a row, so that a pair goes to and
 * from memory by one instruction: they stand side by side in the context.
 */
#define EL1_REGS(X)                                                            \
	X(sctlr_el1, cpacr_el1)                                                \
	X(ttbr0_el1, ttbr1_el1)                                                \
	X(tcr_el1, esr_el1)                                                    \
	X(far_el1, afsr0_el1)                                                  \
	X(afsr1_el1, mair_el1)                                                 \
	X(amair_el1, vbar_el1)                                                 \
	X(contextidr_el1, tpidr_el0)                                           \
	X(tpidrro_el0, tpidr_el1)                                              \
	X(sp_el0, sp_el1)                                                      \
	X(elr_el1, spsr_el1)                                                   \
	X(csselr_el1, par_el1)                                                 \
	X(mdscr_el1, osdlr_el1)                                                \
	X(cntv_cval_el0, cntp_cval_el0)                                        \
	X(cntv_ctl_el0, cntp_ctl_el0)

/* Pointer authentication keys, low and high, FEAT_PAuth only (else UNDEFINED).
 */
#define PAUTH_REGS(X)                                                          \
	X(0, "S3_0_C2_C1_0", "S3_0_C2_C1_1")                                   \
	X(2, "S3_0_C2_C1_2", "S3_0_C2_C1_3")                                   \
	X(4, "S3_0_C2_C2_0", "S3_0_C2_C2_1")                                   \
	X(6, "S3_0_C2_C2_2", "S3_0_C2_C2_3")                                   \
	X(8, "S3_0_C2_C3_0", "S3_0_C2_C3_1")

/*
 * Breakpoints and watchpoints by index, as far as the CPU has them.
 * clang-format would move this list at every pass.
 */
/* clang-format off */
#define DEBUG_IDX(X)                                                           \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)    \
	X(13) X(14) X(15)
/* clang-format on */

#define READ(field, enc)  __asm__ volatile("mrs %0, " enc : "=r"(c->field));
#define WRITE(field, enc) __asm__ volatile("msr " enc ", %0" ::"r"(c->field));
#define READ_TWO(one, two, enc_one, enc_two)                                   \
	do {                                                                   \
		uint64_t a_, b_;                                               \
		__asm__ volatile("mrs %0, " enc_one "\n\tmrs %1, " enc_two     \
				 : "=r"(a_), "=r"(b_));                        \
		c->one = a_;                                                   \
		c->two = b_;                                                   \
	} while (0);
#define WRITE_TWO(one, two, enc_one, enc_two)                                  \
	__asm__ volatile("msr " enc_one ", %0\n\tmsr " enc_two                 \
			 ", %1" ::"r"(c->one),                                 \
			 "r"(c->two));
#define READ_PAIR(one, two)  READ_TWO(one, two, #one, #two)
#define WRITE_PAIR(one, two) WRITE_TWO(one, two, #one, #two)
#define READ_KEY(i, lo, hi)  READ_TWO(pauth[i], pauth[(i) + 1], lo, hi)
#define WRITE_KEY(i, lo, hi) WRITE_TWO(pauth[i], pauth[(i) + 1], lo, hi)
#define READ_BRP(i)                                                            \
	if ((i) < nr) {                                                        \
		READ(debug_bvr[i], "dbgbvr" #i "_el1")                         \
		READ(debug_bcr[i], "dbgbcr" #i "_el1")                         \
	}
#define WRITE_BRP(i)                                                           \
	if ((i) < nr) {                                                        \
		WRITE(debug_bvr[i], "dbgbvr" #i "_el1")                        \
		WRITE(debug_bcr[i], "dbgbcr" #i "_el1")                        \
	}
#define READ_WRP(i)                                                            \
	if ((i) < nr) {                                                        \
		READ(debug_wvr[i], "dbgwvr" #i "_el1")                         \
		READ(debug_wcr[i], "dbgwcr" #i "_el1")                         \
	}
#define WRITE_WRP(i)                                                           \
	if ((i) < nr) {                                                        \
		WRITE(debug_wvr[i], "dbgwvr" #i "_el1")                        \
		WRITE(debug_wcr[i], "dbgwcr" #i "_el1")                        \
	}

/* Whether a guest's access to a register of self-hosted debug traps. */
static void debug_trap(bool on)
{
	uint64_t mdcr = read_mdcr_el2();

	write_mdcr_el2(on ? mdcr | MDCR_TDA : mdcr & ~MDCR_TDA);
}

static void debug_save(struct el1_context *c)
{
	unsigned nr;

	c->debug_wanted = c->debug_live && (c->mdscr_el1 & MDSCR_MDE);
	if (!c->debug_live)
		return;
	c->debug_live = false;
	nr = cpu_nr_breakpoints();
	DEBUG_IDX(READ_BRP)
	nr = cpu_nr_watchpoints();
	DEBUG_IDX(READ_WRP)
	/* Not kept, as nothing of the communications channel is. */
	__asm__ volatile("msr mdccint_el1, xzr");
	debug_trap(true);
}

static void debug_restore(struct el1_context *c)
{
	unsigned nr = cpu_nr_breakpoints();

	c->debug_live = true;
	DEBUG_IDX(WRITE_BRP)
	nr = cpu_nr_watchpoints();
	DEBUG_IDX(WRITE_WRP)
	debug_trap(false);
}

bool el1_debug_open(struct el1_context *c)
{
	if (c->debug_live)
		return false;
	debug_restore(c);
	return true;
}

static void os_lock_save(struct el1_context *c)
{
	uint64_t oslsr;

	__asm__ volatile("mrs %0, oslsr_el1" : "=r"(oslsr));
	c->os_lock = (oslsr >> 1) & 1;
}

/* DISR_EL1 is EL2's; at EL1 HCR_EL2.AMO makes it VDISR_EL2. */
static uint64_t errors_save(struct el1_context *c)
{
	uint64_t disr, vdisr;

	if (!cpu_has_ras())
		return 0;
	esb();
	vdisr = read_vdisr_el2();
	if (vdisr) {
		c->vdisr_el2 = vdisr;
		write_vdisr_el2(0);
	}
	disr = read_disr_el1();
	if (disr)
		write_disr_el1(0);
	return disr;
}

static void errors_restore(struct el1_context *c, uint64_t vdisr)
{
	write_vdisr_el2(vdisr);
	c->vdisr_el2 = 0;
}

uint64_t el1_context_save(struct el1_context *c)
{
	EL1_REGS(READ_PAIR)
	READ(cntkctl_el1, "cntkctl_el1")
	if (cpu_has_pauth()) {
		PAUTH_REGS(READ_KEY)
	}
	os_lock_save(c);
	debug_save(c);
	/* The timers must not fire for a vCPU that is gone. */
	__asm__ volatile("msr cntv_ctl_el0, xzr\n\tmsr cntp_ctl_el0, xzr");
	isb();
	return errors_save(c);
}

void el1_context_restore(struct el1_context *c)
{
	uint64_t os_lock = c->os_lock, vdisr = c->vdisr_el2; /* one load */

	__asm__ volatile("msr oslar_el1, %0" ::"r"(os_lock));
	if (vdisr)
		errors_restore(c, vdisr);
	if (cpu_has_pauth()) {
		PAUTH_REGS(WRITE_KEY)
	}
	WRITE(cntkctl_el1, "cntkctl_el1")
	EL1_REGS(WRITE_PAIR)
	isb();
	if (c->debug_wanted) /* last: the rest needs no stack frame */
		debug_restore(c);
}

bool vcpu_serror_waits(void)
{
	return read_hcr_el2() & HCR_VSE;
}

void vcpu_control_load(const struct vcpu_control *c)
{
	/* Neighbours in memory are loaded by one instruction. */
	uint64_t hcr = c->hcr_el2, vmpidr = c->vmpidr_el2;
	uint64_t vpidr = c->vpidr_el2, vtcr = c->vtcr_el2;
	uint64_t vttbr = c->vttbr_el2, cntvoff = c->cntvoff_el2;

	write_hcr_el2(hcr);
	if ((hcr & HCR_VSE) && cpu_has_ras())
		write_vsesr_el2(c->vsesr_el2);
	write_vpidr_el2(vpidr);
	write_vmpidr_el2(vmpidr);
	write_vtcr_el2(vtcr);
	write_vttbr_el2(vttbr);
	write_cntvoff_el2(cntvoff);
	if (cpu_has_cntpoff())
		write_cntpoff_el2(c->cntpoff_el2);
	isb();
}
