/*
 * The performance monitors of a vCPU: PMUv3 up to FEAT_PMUv3p5, counting in the
 * CPU's own counters what the guest does at EL1 and EL0, nothing of EL2 and of
 * nobody else.
 *
 * Every access traps (MDCR_EL2.TPM, TPMCR). The first one since the vCPU was
 * loaded brings its registers into the hardware (`live`), and accesses are made
 * there on its behalf, here or by el2/vectors/pmu.S, which does as this does;
 * but a software increment, which would be an event of EL2's, is done by hand.
 * A load brings them where the hardware has something to do of its own accord,
 * so a PMU that is off costs nothing to switch. What a guest may not choose is
 * masked: filter bits that would count EL2 (NSH) or other hardware threads
 * (MT). An event counter that the CPU lacks is RAZ/WI through PMXEV*_EL0 and
 * UNDEFINED by its own name.
 *
 * Leaves out: PMICNTR_EL0 and other registers of later versions (UNDEFINED),
 * snapshots and the profiling extensions, which the ID registers hide.
 *
 * Arm ARM DDI 0487, "The Performance Monitors Extension"; PMCR_EL0,
 * PMEVTYPER<n>_EL0, PMCCFILTR_EL0, MDCR_EL2.
 */
#ifndef PLINTH_ARCH_PMU_H
#define PLINTH_ARCH_PMU_H

#include <base/types.h>

#define PMU_COUNTERS 31U /* event counters that the architecture can have */

struct pmu_context {
	bool live; /* what follows is in the hardware; read by the vectors */
	uint32_t touched; /* event counters that may be other than reset;
			   * the vectors add to it */
	uint64_t pmcr, pmselr, pmuserenr;
	uint64_t pmcntenset, pmintenset, pmovsset; /* a bit a counter */
	uint64_t pmccntr, pmccfiltr;
	uint64_t pmevcntr[PMU_COUNTERS], pmevtyper[PMU_COUNTERS];
};

/* This pCPU starts: the registers are UNKNOWN. It has a PMUv3. */
void pmu_quiet(void);

/* As after a reset: all zero. Not live. */
void pmu_reset(struct pmu_context *c);

/*
 * The vCPU comes onto this pCPU, or leaves it; IRQs masked. While no vCPU's
 * registers are live, the PMU counts nothing and asserts nothing, and its
 * counters and filters are zero.
 */
void pmu_load(struct pmu_context *c);
void pmu_put(struct pmu_context *c);

/*
 * A trapped access of the loaded vCPU to the register `sysreg` (SYSREG()).
 * `el0`: from EL0. *value: read, or to be written. False: there is no such
 * register, or it cannot be accessed so.
 */
MUST_CHECK bool pmu_access(struct pmu_context *c, uint32_t sysreg, bool read,
			   bool el0, uint64_t *value);

/* Whether the loaded vCPU's counters assert the overflow interrupt. */
bool pmu_asserts(void);

#endif
