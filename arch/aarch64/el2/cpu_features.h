/*
 * What this pCPU implements, as far as the EL2 edge itself must know before it
 * touches a register that not every CPU has. What guests are shown is another
 * matter (idreg.h). Arm ARM DDI 0487, ID_AA64*_EL1.
 */
#ifndef PLINTH_ARCH_EL2_CPU_FEATURES_H
#define PLINTH_ARCH_EL2_CPU_FEATURES_H

#include <base/bits.h>

#include "sysreg.h"

/* FEAT_PAuth: any of the three algorithms (ID_AA64ISAR1/2_EL1). */
static inline bool cpu_has_pauth(void)
{
	return (read_id_aa64isar1_el1() & (GENMASK(7, 4) | GENMASK(11, 8))) ||
	       (read_id_aa64isar2_el1() & GENMASK(15, 12));
}

/* FEAT_RNG: RNDR and RNDRRS. */
static inline bool cpu_has_rng(void)
{
	return FIELD_GET(GENMASK(63, 60), read_id_aa64isar0_el1()) != 0;
}

static inline unsigned cpu_nr_breakpoints(void)
{
	return (unsigned)FIELD_GET(GENMASK(15, 12), read_id_aa64dfr0_el1()) + 1;
}

static inline unsigned cpu_nr_watchpoints(void)
{
	return (unsigned)FIELD_GET(GENMASK(23, 20), read_id_aa64dfr0_el1()) + 1;
}

static inline bool cpu_has_fgt(void)
{
	return FIELD_GET(GENMASK(59, 56), read_id_aa64mmfr0_el1()) != 0;
}

/* FEAT_ECV with CNTPOFF_EL2. */
static inline bool cpu_has_cntpoff(void)
{
	return FIELD_GET(GENMASK(63, 60), read_id_aa64mmfr0_el1()) >= 2;
}

static inline bool cpu_has_hcx(void)
{
	return FIELD_GET(GENMASK(43, 40), read_id_aa64mmfr1_el1()) != 0;
}

static inline bool cpu_has_lor(void)
{
	return FIELD_GET(GENMASK(19, 16), read_id_aa64mmfr1_el1()) != 0;
}

static inline bool cpu_has_ras(void)
{
	return (read_id_aa64pfr0_el1() & GENMASK(31, 28)) != 0;
}

/* FEAT_MPAM, by version: 1.x or 0.1. */
static inline bool cpu_has_mpam(void)
{
	return FIELD_GET(GENMASK(43, 40), read_id_aa64pfr0_el1()) != 0 ||
	       FIELD_GET(GENMASK(19, 16), read_id_aa64pfr1_el1()) != 0;
}

static inline bool cpu_has_amu(void)
{
	return FIELD_GET(GENMASK(47, 44), read_id_aa64pfr0_el1()) != 0;
}

static inline bool cpu_has_sve(void)
{
	return FIELD_GET(GENMASK(35, 32), read_id_aa64pfr0_el1()) != 0;
}

/* PMUv3; 0xf means an implementation of another kind. */
static inline bool cpu_has_pmuv3(void)
{
	uint64_t v = FIELD_GET(GENMASK(11, 8), read_id_aa64dfr0_el1());

	return v != 0 && v != 0xf;
}

static inline bool cpu_has_spe(void)
{
	return FIELD_GET(GENMASK(35, 32), read_id_aa64dfr0_el1()) != 0;
}

#endif
