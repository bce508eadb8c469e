/*
 * Names of the system registers and SYS instructions that a guest's access
 * can bring to EL2, as they appear in ESR_EL2.ISS of a trapped MSR, MRS or
 * SYS: op0, op1, CRn, CRm, op2 in place, Rt and the direction left out.
 *
 * Arm ARM DDI 0487: ISS encoding for exception class 0x18; "System register
 * encodings" of each register.
 */
#ifndef PLINTH_ARCH_SYSREG_H
#define PLINTH_ARCH_SYSREG_H

#include <arch/aarch64/esr.h>

#define SYSREG(op0, op1, crn, crm, op2)                                        \
	(((uint32_t)(op0) << 20) | ((uint32_t)(op2) << 17) |                   \
	 ((uint32_t)(op1) << 14) | ((uint32_t)(crn) << 10) |                   \
	 ((uint32_t)(crm) << 1))

/* The bits of a syndrome that name the register. */
#define ESR_SYS64_REG                                                          \
	(ESR_SYS64_OP0 | ESR_SYS64_OP2 | ESR_SYS64_OP1 | ESR_SYS64_CRN |       \
	 ESR_SYS64_CRM)

static inline uint32_t esr_sysreg(uint64_t esr)
{
	return (uint32_t)(esr & ESR_SYS64_REG);
}

static inline bool esr_sysreg_read(uint64_t esr)
{
	return (esr & ESR_SYS64_READ) != 0;
}

/* Identification */
#define SYS_MIDR_EL1    SYSREG(3, 0, 0, 0, 0)
#define SYS_MPIDR_EL1   SYSREG(3, 0, 0, 0, 5)
#define SYS_REVIDR_EL1  SYSREG(3, 0, 0, 0, 6)
#define SYS_CCSIDR_EL1  SYSREG(3, 1, 0, 0, 0)
#define SYS_CLIDR_EL1   SYSREG(3, 1, 0, 0, 1)
#define SYS_CCSIDR2_EL1 SYSREG(3, 1, 0, 0, 2)
#define SYS_GMID_EL1    SYSREG(3, 1, 0, 0, 4)
#define SYS_SMIDR_EL1   SYSREG(3, 1, 0, 0, 6)
#define SYS_AIDR_EL1    SYSREG(3, 1, 0, 0, 7)
#define SYS_CSSELR_EL1  SYSREG(3, 2, 0, 0, 0)
#define SYS_CTR_EL0     SYSREG(3, 3, 0, 0, 1)
#define SYS_DCZID_EL0   SYSREG(3, 3, 0, 0, 7)

/* The ID group that HCR_EL2.TID3 traps; see arch/aarch64/idreg.h. */
#define SYS_ID_PFR0_EL1      SYSREG(3, 0, 0, 1, 0)
#define SYS_MVFR2_EL1        SYSREG(3, 0, 0, 3, 2)
#define SYS_ID_AA64PFR0_EL1  SYSREG(3, 0, 0, 4, 0)
#define SYS_ID_AA64PFR1_EL1  SYSREG(3, 0, 0, 4, 1)
#define SYS_ID_AA64DFR0_EL1  SYSREG(3, 0, 0, 5, 0)
#define SYS_ID_AA64ISAR0_EL1 SYSREG(3, 0, 0, 6, 0)
#define SYS_ID_AA64MMFR0_EL1 SYSREG(3, 0, 0, 7, 0)
#define SYS_ID_AA64MMFR1_EL1 SYSREG(3, 0, 0, 7, 1)
#define SYS_ID_AA64MMFR2_EL1 SYSREG(3, 0, 0, 7, 2)

/* Control: HCR_EL2.TACR, TVM and TRVM, TIDCP, TLOR */
#define SYS_SCTLR_EL1      SYSREG(3, 0, 1, 0, 0)
#define SYS_ACTLR_EL1      SYSREG(3, 0, 1, 0, 1)
#define SYS_CPACR_EL1      SYSREG(3, 0, 1, 0, 2)
#define SYS_TRFCR_EL1      SYSREG(3, 0, 1, 2, 1)
#define SYS_TTBR0_EL1      SYSREG(3, 0, 2, 0, 0)
#define SYS_TTBR1_EL1      SYSREG(3, 0, 2, 0, 1)
#define SYS_TCR_EL1        SYSREG(3, 0, 2, 0, 2)
#define SYS_AFSR0_EL1      SYSREG(3, 0, 5, 1, 0)
#define SYS_AFSR1_EL1      SYSREG(3, 0, 5, 1, 1)
#define SYS_ESR_EL1        SYSREG(3, 0, 5, 2, 0)
#define SYS_FAR_EL1        SYSREG(3, 0, 6, 0, 0)
#define SYS_MAIR_EL1       SYSREG(3, 0, 10, 2, 0)
#define SYS_AMAIR_EL1      SYSREG(3, 0, 10, 3, 0)
#define SYS_LORSA_EL1      SYSREG(3, 0, 10, 4, 0)
#define SYS_LOREA_EL1      SYSREG(3, 0, 10, 4, 1)
#define SYS_LORN_EL1       SYSREG(3, 0, 10, 4, 2)
#define SYS_LORC_EL1       SYSREG(3, 0, 10, 4, 3)
#define SYS_LORID_EL1      SYSREG(3, 0, 10, 4, 7)
#define SYS_CONTEXTIDR_EL1 SYSREG(3, 0, 13, 0, 1)
#define SYS_SCXTNUM_EL1    SYSREG(3, 0, 13, 0, 7)
#define SYS_SCXTNUM_EL0    SYSREG(3, 3, 13, 0, 7)
#define SYS_RNDR_EL0       SYSREG(3, 3, 2, 4, 0)
#define SYS_RNDRRS_EL0     SYSREG(3, 3, 2, 4, 1)

/* RAS error records: HCR_EL2.TERR, and FIEN for the PFG ones. */
#define SYS_ERRIDR_EL1    SYSREG(3, 0, 5, 3, 0)
#define SYS_ERRSELR_EL1   SYSREG(3, 0, 5, 3, 1)
#define SYS_ERXFR_EL1     SYSREG(3, 0, 5, 4, 0)
#define SYS_ERXCTLR_EL1   SYSREG(3, 0, 5, 4, 1)
#define SYS_ERXSTATUS_EL1 SYSREG(3, 0, 5, 4, 2)
#define SYS_ERXADDR_EL1   SYSREG(3, 0, 5, 4, 3)
#define SYS_ERXPFGF_EL1   SYSREG(3, 0, 5, 4, 4)
#define SYS_ERXPFGCTL_EL1 SYSREG(3, 0, 5, 4, 5)
#define SYS_ERXPFGCDN_EL1 SYSREG(3, 0, 5, 4, 6)
#define SYS_ERXMISC0_EL1  SYSREG(3, 0, 5, 5, 0)
#define SYS_ERXMISC1_EL1  SYSREG(3, 0, 5, 5, 1)
#define SYS_ERXMISC2_EL1  SYSREG(3, 0, 5, 5, 2)
#define SYS_ERXMISC3_EL1  SYSREG(3, 0, 5, 5, 3)

/* Set/way cache maintenance: HCR_EL2.TSW */
#define SYS_DC_ISW  SYSREG(1, 0, 7, 6, 2)
#define SYS_DC_CSW  SYSREG(1, 0, 7, 10, 2)
#define SYS_DC_CISW SYSREG(1, 0, 7, 14, 2)

/* GIC CPU interface: ICH_HCR_EL2.TC, TALL0, TALL1; HCR_EL2.IMO, FMO; SRE */
#define SYS_ICC_PMR_EL1     SYSREG(3, 0, 4, 6, 0)
#define SYS_ICC_DIR_EL1     SYSREG(3, 0, 12, 11, 1)
#define SYS_ICC_RPR_EL1     SYSREG(3, 0, 12, 11, 3)
#define SYS_ICC_SGI1R_EL1   SYSREG(3, 0, 12, 11, 5)
#define SYS_ICC_ASGI1R_EL1  SYSREG(3, 0, 12, 11, 6)
#define SYS_ICC_SGI0R_EL1   SYSREG(3, 0, 12, 11, 7)
#define SYS_ICC_CTLR_EL1    SYSREG(3, 0, 12, 12, 4)
#define SYS_ICC_SRE_EL1     SYSREG(3, 0, 12, 12, 5)
#define SYS_ICC_IGRPEN0_EL1 SYSREG(3, 0, 12, 12, 6)
#define SYS_ICC_IGRPEN1_EL1 SYSREG(3, 0, 12, 12, 7)

/* Generic timer: CNTHCTL_EL2 */
#define SYS_CNTPCT_EL0    SYSREG(3, 3, 14, 0, 1)
#define SYS_CNTVCT_EL0    SYSREG(3, 3, 14, 0, 2)
#define SYS_CNTPCTSS_EL0  SYSREG(3, 3, 14, 0, 5)
#define SYS_CNTVCTSS_EL0  SYSREG(3, 3, 14, 0, 6)
#define SYS_CNTP_TVAL_EL0 SYSREG(3, 3, 14, 2, 0)
#define SYS_CNTP_CTL_EL0  SYSREG(3, 3, 14, 2, 1)
#define SYS_CNTP_CVAL_EL0 SYSREG(3, 3, 14, 2, 2)
#define SYS_CNTV_TVAL_EL0 SYSREG(3, 3, 14, 3, 0)
#define SYS_CNTV_CTL_EL0  SYSREG(3, 3, 14, 3, 1)
#define SYS_CNTV_CVAL_EL0 SYSREG(3, 3, 14, 3, 2)

/* Self-hosted debug: MDCR_EL2.TDOSA, TDRA, TDA */
#define SYS_OSDTRRX_EL1       SYSREG(2, 0, 0, 0, 2)
#define SYS_MDCCINT_EL1       SYSREG(2, 0, 0, 2, 0)
#define SYS_MDSCR_EL1         SYSREG(2, 0, 0, 2, 2)
#define SYS_OSDTRTX_EL1       SYSREG(2, 0, 0, 3, 2)
#define SYS_OSECCR_EL1        SYSREG(2, 0, 0, 6, 2)
#define SYS_DBGBVR_EL1(n)     SYSREG(2, 0, 0, n, 4)
#define SYS_DBGBCR_EL1(n)     SYSREG(2, 0, 0, n, 5)
#define SYS_DBGWVR_EL1(n)     SYSREG(2, 0, 0, n, 6)
#define SYS_DBGWCR_EL1(n)     SYSREG(2, 0, 0, n, 7)
#define SYS_MDRAR_EL1         SYSREG(2, 0, 1, 0, 0)
#define SYS_OSLAR_EL1         SYSREG(2, 0, 1, 0, 4)
#define SYS_OSLSR_EL1         SYSREG(2, 0, 1, 1, 4)
#define SYS_OSDLR_EL1         SYSREG(2, 0, 1, 3, 4)
#define SYS_DBGPRCR_EL1       SYSREG(2, 0, 1, 4, 4)
#define SYS_DBGCLAIMSET_EL1   SYSREG(2, 0, 7, 8, 6)
#define SYS_DBGCLAIMCLR_EL1   SYSREG(2, 0, 7, 9, 6)
#define SYS_DBGAUTHSTATUS_EL1 SYSREG(2, 0, 7, 14, 6)
#define SYS_MDCCSR_EL0        SYSREG(2, 3, 0, 1, 0)
#define SYS_DBGDTR_EL0        SYSREG(2, 3, 0, 4, 0)
#define SYS_DBGDTRRX_EL0      SYSREG(2, 3, 0, 5, 0) /* write: DBGDTRTX_EL0 */

/* Performance monitors: MDCR_EL2.TPM, TPMCR */
#define SYS_PMINTENSET_EL1   SYSREG(3, 0, 9, 14, 1)
#define SYS_PMINTENCLR_EL1   SYSREG(3, 0, 9, 14, 2)
#define SYS_PMMIR_EL1        SYSREG(3, 0, 9, 14, 6)
#define SYS_PMCR_EL0         SYSREG(3, 3, 9, 12, 0)
#define SYS_PMCNTENSET_EL0   SYSREG(3, 3, 9, 12, 1)
#define SYS_PMCNTENCLR_EL0   SYSREG(3, 3, 9, 12, 2)
#define SYS_PMOVSCLR_EL0     SYSREG(3, 3, 9, 12, 3)
#define SYS_PMSWINC_EL0      SYSREG(3, 3, 9, 12, 4)
#define SYS_PMSELR_EL0       SYSREG(3, 3, 9, 12, 5)
#define SYS_PMCEID0_EL0      SYSREG(3, 3, 9, 12, 6)
#define SYS_PMCEID1_EL0      SYSREG(3, 3, 9, 12, 7)
#define SYS_PMCCNTR_EL0      SYSREG(3, 3, 9, 13, 0)
#define SYS_PMXEVTYPER_EL0   SYSREG(3, 3, 9, 13, 1)
#define SYS_PMXEVCNTR_EL0    SYSREG(3, 3, 9, 13, 2)
#define SYS_PMUSERENR_EL0    SYSREG(3, 3, 9, 14, 0)
#define SYS_PMOVSSET_EL0     SYSREG(3, 3, 9, 14, 3)
#define SYS_PMEVCNTR_EL0(n)  SYSREG(3, 3, 14, 8 + (n) / 8, (n) % 8)
#define SYS_PMEVTYPER_EL0(n) SYSREG(3, 3, 14, 12 + (n) / 8, (n) % 8)
#define SYS_PMCCFILTR_EL0    SYSREG(3, 3, 14, 15, 7)

_Static_assert(SYS_ID_AA64PFR0_EL1 == 0x300008, "op0 3, CRm 4");
_Static_assert(SYS_ICC_SGI1R_EL1 == 0x3a3016, "op2 5, CRn 12, CRm 11");
_Static_assert((SYSREG(3, 7, 15, 15, 7) & ~ESR_SYS64_REG) == 0, "in place");

#endif
