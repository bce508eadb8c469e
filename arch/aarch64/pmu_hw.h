/*
 * The PMU registers of this pCPU by name, one at a time: what pmu.h does for a
 * vCPU, it does through these; the EL2 edge supplies them. The counters
 * themselves are reached through PMSELR_EL0. Arm ARM DDI 0487, "The
 * Performance Monitors Extension".
 */
#ifndef PLINTH_ARCH_PMU_HW_H
#define PLINTH_ARCH_PMU_HW_H

#include <base/types.h>

enum pmu_reg {
	PMU_PMCR,
	PMU_PMCNTENSET,
	PMU_PMCNTENCLR,
	PMU_PMOVSCLR,
	PMU_PMOVSSET,
	PMU_PMSELR,  /* a write takes effect at once */
	PMU_PMCEID0, /* read only */
	PMU_PMCEID1, /* read only */
	PMU_PMCCNTR,
	PMU_PMXEVTYPER, /* PMSELR names a counter that exists, or 31 */
	PMU_PMXEVCNTR,  /* PMSELR names a counter that exists */
	PMU_PMUSERENR,
	PMU_PMINTENSET,
	PMU_PMINTENCLR,
	PMU_PMMIR, /* read only; FEAT_PMUv3p4 */
	PMU_REGS
};

/* On this pCPU, which has a PMU. A write has taken effect when it returns; one
 * to a register that is read only is ignored. */
uint64_t pmu_hw_read(enum pmu_reg r);
void pmu_hw_write(enum pmu_reg r, uint64_t v);

/* ID_AA64DFR0_EL1.PMUVer. */
#define PMUVER_P1    4U
#define PMUVER_OTHER 15U /* a PMU of another kind */
#define PMUVER_P4    5U
#define PMUVER_P5    6U
unsigned pmu_hw_version(void);

#endif
