/*
 * The PMU registers (host build): those of the simulated machine, see
 * tests/host/fake_pmu.h. Arm ARM DDI 0487, PMCR_EL0 and its neighbours.
 */
#ifndef PLINTH_PORT_PMU_HW_H
#define PLINTH_PORT_PMU_HW_H

#include <base/pmu_reg.h>
#include <base/types.h>

uint64_t pmu_hw_read(enum pmu_reg r);
void pmu_hw_write(enum pmu_reg r, uint64_t v);
void pmu_hw_isb(void);
unsigned pmu_hw_version(void);

#endif
