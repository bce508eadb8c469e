/*
 * The PMU registers of the simulated machine: set and clear registers work on
 * one word, PMSELR selects, resets and software increments happen. Any access
 * that real hardware could answer UNDEFINED fails the test.
 */
#ifndef PLINTH_TESTS_FAKE_PMU_H
#define PLINTH_TESTS_FAKE_PMU_H

#include <port/pmu_hw.h>

struct fake_pmu {
	unsigned version, nr; /* PMUVer, PMCR_EL0.N */
	uint64_t pmcr, pmselr, pmuserenr, pmcnten, pminten, pmovs;
	uint64_t pmccntr, pmccfiltr, evcntr[31], evtyper[31];
	unsigned nr_accesses;
};

extern struct fake_pmu fake_pmu;

#endif
