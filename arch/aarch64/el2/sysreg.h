/*
 * System-register accessors of the EL2 edge, one line a register. There is no
 * hidden ISB: the caller writes isb() where the architecture asks for one.
 * Registers newer than the assembler's base architecture are named by their
 * encoding, S<op0>_<op1>_C<n>_C<m>_<op2>.
 * Arm ARM DDI 0487 has their meaning. Left out: registers that one file alone
 * uses, which stand there.
 */
#ifndef PLINTH_ARCH_EL2_SYSREG_H
#define PLINTH_ARCH_EL2_SYSREG_H

#include <base/bits.h>

#define SYSREG_RO_AS(name, enc)                                                \
	static inline uint64_t read_##name(void)                               \
	{                                                                      \
		uint64_t v;                                                    \
		__asm__ volatile("mrs %0, " enc : "=r"(v));                    \
		return v;                                                      \
	}
#define SYSREG_WO_AS(name, enc)                                                \
	static inline void write_##name(uint64_t v)                            \
	{                                                                      \
		__asm__ volatile("msr " enc ", %0" : : "r"(v) : "memory");     \
	}
#define SYSREG_RO(name)         SYSREG_RO_AS(name, #name)
#define SYSREG_WO(name)         SYSREG_WO_AS(name, #name)
#define SYSREG_RW_AS(name, enc) SYSREG_RO_AS(name, enc) SYSREG_WO_AS(name, enc)
#define SYSREG_RW(name)         SYSREG_RW_AS(name, #name)

#define isb()     __asm__ volatile("isb" ::: "memory")
#define esb()     __asm__ volatile("hint #16" ::: "memory")
#define dsb_ish() __asm__ volatile("dsb ish" ::: "memory")
#define dsb_sy()  __asm__ volatile("dsb sy" ::: "memory")

SYSREG_RO(currentel)
SYSREG_RO(mpidr_el1)
SYSREG_RO(midr_el1)
SYSREG_RO(ctr_el0)
SYSREG_RO(dczid_el0)
SYSREG_RO(cntfrq_el0)
SYSREG_RO(cntpct_el0)
SYSREG_RO(id_aa64pfr0_el1)
SYSREG_RO(id_aa64pfr1_el1)
SYSREG_RO(id_aa64dfr0_el1)
SYSREG_RO(id_aa64isar0_el1)
SYSREG_RO(id_aa64isar1_el1)
SYSREG_RO_AS(id_aa64isar2_el1, "S3_0_C0_C6_2")
SYSREG_RO(id_aa64mmfr0_el1)
SYSREG_RO(id_aa64mmfr1_el1)
SYSREG_RO(id_aa64mmfr2_el1)

SYSREG_RW(esr_el2)
SYSREG_RW(elr_el2)
SYSREG_RW(spsr_el2)
SYSREG_RW(far_el2)
SYSREG_RW(hpfar_el2)
SYSREG_RW(sctlr_el2)
SYSREG_RW(hcr_el2)
SYSREG_RW(cptr_el2)
SYSREG_RW(mdcr_el2)
SYSREG_RW(hstr_el2)
SYSREG_RW(hacr_el2)
SYSREG_RW(vpidr_el2)
SYSREG_RW(vmpidr_el2)
SYSREG_RW(vtcr_el2)
SYSREG_RW(vttbr_el2)
SYSREG_RW(vbar_el2)
SYSREG_RW(tpidr_el2)
SYSREG_RW(cnthctl_el2)
SYSREG_RW(cntvoff_el2)
SYSREG_RW(cnthp_ctl_el2)
SYSREG_RW(cnthp_cval_el2)
SYSREG_RW(pmcr_el0)
SYSREG_WO(afsr0_el2)
SYSREG_WO(afsr1_el2)

/* CPTR_EL2, E2H = 0. */
#define CPTR_RES1 (GENMASK(13, 13) | GENMASK(9, 9) | GENMASK(7, 0))
#define CPTR_TAM  BIT(30)
#define CPTR_TTA  BIT(20)
#define CPTR_TSM  BIT(12)
#define CPTR_TZ   BIT(8)

#define MDCR_TDA BIT(9) /* debug registers, but for those of the OS locks */

/* HCRX_EL2 (FEAT_HCX), fine-grained traps (FEAT_FGT), CNTPOFF_EL2 (ECV). */
SYSREG_WO_AS(hcrx_el2, "S3_4_C1_C2_2")
SYSREG_WO_AS(hfgrtr_el2, "S3_4_C1_C1_4")
SYSREG_WO_AS(hfgwtr_el2, "S3_4_C1_C1_5")
SYSREG_WO_AS(hfgitr_el2, "S3_4_C1_C1_6")
SYSREG_WO_AS(hdfgrtr_el2, "S3_4_C3_C1_4")
SYSREG_WO_AS(hdfgwtr_el2, "S3_4_C3_C1_5")
SYSREG_WO_AS(hafgrtr_el2, "S3_4_C3_C1_6")
SYSREG_WO_AS(vsesr_el2, "S3_4_C5_C2_3")
SYSREG_RW_AS(vdisr_el2, "S3_4_C12_C1_1")
SYSREG_RW_AS(disr_el1, "S3_0_C12_C1_1")
SYSREG_WO_AS(lorc_el1, "S3_0_C10_C4_3")
SYSREG_WO_AS(cntpoff_el2, "S3_4_C14_C0_6")

/* Memory partitioning (FEAT_MPAM). */
SYSREG_RO_AS(mpamidr_el1, "S3_0_C10_C4_4")
SYSREG_WO_AS(mpam0_el1, "S3_0_C10_C5_1")
SYSREG_WO_AS(mpam1_el1, "S3_0_C10_C5_0")
SYSREG_WO_AS(mpam2_el2, "S3_4_C10_C5_0")
SYSREG_WO_AS(mpamhcr_el2, "S3_4_C10_C4_0")

/* GICv3 CPU interface, EL2's physical view. */
SYSREG_RW_AS(icc_sre_el2, "S3_4_C12_C9_5")
SYSREG_RW_AS(icc_sre_el1, "S3_0_C12_C12_5")
SYSREG_RW_AS(icc_ctlr_el1, "S3_0_C12_C12_4")
SYSREG_RW_AS(icc_pmr_el1, "S3_0_C4_C6_0")
SYSREG_RW_AS(icc_bpr1_el1, "S3_0_C12_C12_3")
SYSREG_RW_AS(icc_igrpen1_el1, "S3_0_C12_C12_7")

#endif
