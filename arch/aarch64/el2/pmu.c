/*
 * Reads and writes this pCPU's PMU registers by name; contract in pmu_hw.h.
 * Called by arch/aarch64/pmu.c, for a trapped access and at loads and puts of a
 * vCPU that uses the PMU. Arm ARM DDI 0487, PMCR_EL0 and its neighbours.
 */
#include <base/bits.h>

#include <arch/aarch64/pmu_hw.h>

#include "sysreg.h"

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

#define READ(name, enc)                                                        \
	case PMU_##name:                                                       \
		__asm__ volatile("mrs %0, " enc : "=r"(v));                    \
		break;
#define WRITE(name, enc)                                                       \
	case PMU_##name:                                                       \
		__asm__ volatile("msr " enc ", %0" ::"r"(v) : "memory");       \
		break;

uint64_t pmu_hw_read(enum pmu_reg r)
{
	uint64_t v = 0;

	switch (r) {
		PMU_RW(READ)
		PMU_RO(READ)
	default:
		break;
	}
	return v;
}

void pmu_hw_write(enum pmu_reg r, uint64_t v)
{
	switch (r) {
		PMU_RW(WRITE)
	default:
		break;
	}
	isb();
}

unsigned pmu_hw_version(void)
{
	return (unsigned)FIELD_GET(GENMASK(11, 8), read_id_aa64dfr0_el1());
}
