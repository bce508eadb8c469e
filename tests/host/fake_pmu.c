/* The simulated PMU; contract in fake_pmu.h. */
#include "fake_pmu.h"

#include <base/panic.h>

struct fake_pmu fake_pmu = {.version = PMUVER_P4, .nr = 6};

static unsigned sel(void)
{
	return (unsigned)fake_pmu.pmselr & 31;
}

/* What PMXEVCNTR or PMXEVTYPER name. */
static uint64_t *selected(enum pmu_reg r)
{
	if (r == PMU_PMXEVTYPER && sel() == 31)
		return &fake_pmu.pmccfiltr;
	if (sel() >= fake_pmu.nr)
		panic("counter %u does not exist", sel());
	return r == PMU_PMXEVTYPER ? &fake_pmu.evtyper[sel()]
				   : &fake_pmu.evcntr[sel()];
}

static uint64_t *word(enum pmu_reg r)
{
	switch (r) {
	case PMU_PMCR:
		return &fake_pmu.pmcr;
	case PMU_PMCNTENSET:
	case PMU_PMCNTENCLR:
		return &fake_pmu.pmcnten;
	case PMU_PMOVSSET:
	case PMU_PMOVSCLR:
		return &fake_pmu.pmovs;
	case PMU_PMINTENSET:
	case PMU_PMINTENCLR:
		return &fake_pmu.pminten;
	case PMU_PMSELR:
		return &fake_pmu.pmselr;
	case PMU_PMCCNTR:
		return &fake_pmu.pmccntr;
	case PMU_PMUSERENR:
		return &fake_pmu.pmuserenr;
	case PMU_PMXEVTYPER:
	case PMU_PMXEVCNTR:
		return selected(r);
	default:
		panic("no such PMU register: %u", (unsigned)r);
	}
}

uint64_t pmu_hw_read(enum pmu_reg r)
{
	fake_pmu.nr_accesses++;
	switch (r) {
	case PMU_PMCEID0:
		return 0xce1d0;
	case PMU_PMCEID1:
		return 0xce1d1;
	case PMU_PMMIR:
		if (fake_pmu.version < PMUVER_P4)
			panic("PMMIR_EL1 is UNDEFINED");
		return 0x414;
	case PMU_PMCR:
		return fake_pmu.pmcr | (uint64_t)fake_pmu.nr << 11;
	default:
		return *word(r);
	}
}

static void write_pmcr(uint64_t v)
{
	for (unsigned i = 0; v & 2 && i < fake_pmu.nr; i++)
		fake_pmu.evcntr[i] = 0;
	if (v & 4)
		fake_pmu.pmccntr = 0;
	fake_pmu.pmcr = v & 0xf9;
}

void pmu_hw_write(enum pmu_reg r, uint64_t v)
{
	fake_pmu.nr_accesses++;
	switch (r) {
	case PMU_PMCR:
		write_pmcr(v);
		break;
	case PMU_PMCNTENSET:
	case PMU_PMINTENSET:
	case PMU_PMOVSSET:
		*word(r) |= v;
		break;
	case PMU_PMCNTENCLR:
	case PMU_PMINTENCLR:
	case PMU_PMOVSCLR:
		*word(r) &= ~v;
		break;
	default:
		*word(r) = v;
	}
}

void pmu_hw_isb(void)
{
}

unsigned pmu_hw_version(void)
{
	return fake_pmu.version;
}
