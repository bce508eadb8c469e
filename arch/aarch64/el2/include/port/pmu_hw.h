/*
 * The PMU registers of this pCPU, which has a PMU, one at a time (EL2 build).
 * Inline, for most are named by a constant: one instruction then. Arm ARM DDI
 * 0487, PMCR_EL0 and its neighbours.
 */
#ifndef PLINTH_PORT_PMU_HW_H
#define PLINTH_PORT_PMU_HW_H

#include <base/bits.h>
#include <base/pmu_reg.h>

/* Those that are both read and written, and those that are read only. */
#define PMU_RW(X)                                                              \
	X(PMCR, "pmcr_el0")                                                    \
	X(PMCNTENSET, "pmcntenset_el0")                                        \
	X(PMCNTENCLR, "pmcntenclr_el0")                                        \
	X(PMOVSCLR, "pmovsclr_el0")                                            \
	X(PMOVSSET, "pmovsset_el0")                                            \
	X(PMSELR, "pmselr_el0")                                                \
	X(PMCCNTR, "pmccntr_el0")                                              \
	X(PMXEVTYPER, "pmxevtyper_el0")                                        \
	X(PMXEVCNTR, "pmxevcntr_el0")                                          \
	X(PMUSERENR, "pmuserenr_el0")                                          \
	X(PMINTENSET, "pmintenset_el1")                                        \
	X(PMINTENCLR, "pmintenclr_el1")
#define PMU_RO(X)                                                              \
	X(PMCEID0, "pmceid0_el0")                                              \
	X(PMCEID1, "pmceid1_el0")                                              \
	X(PMMIR, "S3_0_C9_C14_6")

#define PMU_READ(name, enc)                                                    \
	case PMU_##name:                                                       \
		__asm__ volatile("mrs %0, " enc : "=r"(v));                    \
		break;
#define PMU_WRITE(name, enc)                                                   \
	case PMU_##name:                                                       \
		__asm__ volatile("msr " enc ", %0" ::"r"(v) : "memory");       \
		break;

static inline uint64_t pmu_hw_read(enum pmu_reg r)
{
	uint64_t v = 0;

	switch (r) {
		PMU_RW(PMU_READ)
		PMU_RO(PMU_READ)
	default:
		break;
	}
	return v;
}

/* To one that is read only: ignored. In effect after a pmu_hw_isb(), or when
 * the guest is entered. */
static inline void pmu_hw_write(enum pmu_reg r, uint64_t v)
{
	switch (r) {
		PMU_RW(PMU_WRITE)
	default:
		break;
	}
}

static inline void pmu_hw_isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* ID_AA64DFR0_EL1.PMUVer. */
static inline unsigned pmu_hw_version(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, id_aa64dfr0_el1" : "=r"(v));
	return (unsigned)FIELD_GET(GENMASK(11, 8), v);
}

#undef PMU_RW
#undef PMU_RO
#undef PMU_READ
#undef PMU_WRITE

#endif
