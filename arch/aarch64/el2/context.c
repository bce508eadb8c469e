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

/* One row a register that every Armv8.0 core has: name, encoding. */
#define EL1_REGS(X)                                                            \
	X(sctlr_el1, "sctlr_el1")                                              \
	X(cpacr_el1, "cpacr_el1")                                              \
	X(ttbr0_el1, "ttbr0_el1")                                              \
	X(ttbr1_el1, "ttbr1_el1")                                              \
	X(tcr_el1, "tcr_el1")                                                  \
	X(esr_el1, "esr_el1")                                                  \
	X(far_el1, "far_el1")                                                  \
	X(afsr0_el1, "afsr0_el1")                                              \
	X(afsr1_el1, "afsr1_el1")                                              \
	X(mair_el1, "mair_el1")                                                \
	X(amair_el1, "amair_el1")                                              \
	X(vbar_el1, "vbar_el1")                                                \
	X(contextidr_el1, "contextidr_el1")                                    \
	X(tpidr_el0, "tpidr_el0")                                              \
	X(tpidrro_el0, "tpidrro_el0")                                          \
	X(tpidr_el1, "tpidr_el1")                                              \
	X(sp_el0, "sp_el0")                                                    \
	X(sp_el1, "sp_el1")                                                    \
	X(elr_el1, "elr_el1")                                                  \
	X(spsr_el1, "spsr_el1")                                                \
	X(csselr_el1, "csselr_el1")                                            \
	X(par_el1, "par_el1")                                                  \
	X(mdscr_el1, "mdscr_el1")                                              \
	X(osdlr_el1, "osdlr_el1")                                              \
	X(cntkctl_el1, "cntkctl_el1")                                          \
	X(cntv_cval_el0, "cntv_cval_el0")                                      \
	X(cntp_cval_el0, "cntp_cval_el0")                                      \
	X(cntv_ctl_el0, "cntv_ctl_el0")                                        \
	X(cntp_ctl_el0, "cntp_ctl_el0")

/* Pointer authentication keys, FEAT_PAuth only (else UNDEFINED). */
#define PAUTH_REGS(X)                                                          \
	X(0, "S3_0_C2_C1_0")                                                   \
	X(1, "S3_0_C2_C1_1")                                                   \
	X(2, "S3_0_C2_C1_2")                                                   \
	X(3, "S3_0_C2_C1_3")                                                   \
	X(4, "S3_0_C2_C2_0")                                                   \
	X(5, "S3_0_C2_C2_1")                                                   \
	X(6, "S3_0_C2_C2_2")                                                   \
	X(7, "S3_0_C2_C2_3")                                                   \
	X(8, "S3_0_C2_C3_0")                                                   \
	X(9, "S3_0_C2_C3_1")

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
#define READ_KEY(i, enc)  READ(pauth[i], enc)
#define WRITE_KEY(i, enc) WRITE(pauth[i], enc)
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

static void debug_save(struct el1_context *c)
{
	unsigned nr = cpu_nr_breakpoints();
	uint64_t oslsr;

	DEBUG_IDX(READ_BRP)
	nr = cpu_nr_watchpoints();
	DEBUG_IDX(READ_WRP)
	__asm__ volatile("mrs %0, oslsr_el1" : "=r"(oslsr));
	c->os_lock = (oslsr >> 1) & 1;
}

static void debug_restore(const struct el1_context *c)
{
	unsigned nr = cpu_nr_breakpoints();

	DEBUG_IDX(WRITE_BRP)
	nr = cpu_nr_watchpoints();
	DEBUG_IDX(WRITE_WRP)
	WRITE(os_lock, "oslar_el1")
	/* Not kept, as nothing of the communications channel is. */
	__asm__ volatile("msr mdccint_el1, xzr");
}

void el1_context_save(struct el1_context *c)
{
	EL1_REGS(READ)
	if (cpu_has_pauth()) {
		PAUTH_REGS(READ_KEY)
	}
	debug_save(c);
	/* The timers must not fire for a vCPU that is gone. */
	__asm__ volatile("msr cntv_ctl_el0, xzr\n\tmsr cntp_ctl_el0, xzr");
	isb();
}

void el1_context_restore(const struct el1_context *c)
{
	debug_restore(c);
	if (cpu_has_pauth()) {
		PAUTH_REGS(WRITE_KEY)
	}
	EL1_REGS(WRITE)
	isb();
}

void vcpu_control_load(const struct vcpu_control *c)
{
	write_hcr_el2(c->hcr_el2);
	write_vpidr_el2(c->vpidr_el2);
	write_vmpidr_el2(c->vmpidr_el2);
	write_vtcr_el2(c->vtcr_el2);
	write_vttbr_el2(c->vttbr_el2);
	write_cntvoff_el2(c->cntvoff_el2);
	if (cpu_has_cntpoff())
		write_cntpoff_el2(c->cntpoff_el2);
	isb();
}
