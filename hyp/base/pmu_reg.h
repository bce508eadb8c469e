/*
 * The names of the PMU registers, as <port/pmu_hw.h> knows them: what pmu.h
 * does for a vCPU, it does through that. The counters themselves are reached
 * through PMSELR_EL0. Arm ARM DDI 0487, "The Performance Monitors Extension".
 */
#ifndef PLINTH_BASE_PMU_REG_H
#define PLINTH_BASE_PMU_REG_H

enum pmu_reg {
	PMU_PMCR,
	PMU_PMCNTENSET,
	PMU_PMCNTENCLR,
	PMU_PMOVSCLR,
	PMU_PMOVSSET,
	PMU_PMSELR,
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

/* ID_AA64DFR0_EL1.PMUVer. */
#define PMUVER_P1    4U
#define PMUVER_OTHER 15U /* a PMU of another kind */
#define PMUVER_P4    5U
#define PMUVER_P5    6U

#endif
