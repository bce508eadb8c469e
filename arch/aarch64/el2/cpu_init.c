/*
 * EL2 control registers of one pCPU, all of them: they are UNKNOWN at reset
 * (Arm ARM DDI 0487), so each is written whole, and a register that belongs to
 * a feature only where the CPU has it. Called on every pCPU at its start and
 * at every warm start; the registers that belong to a vCPU follow when one is
 * loaded (vcpu_control_load).
 */
#include <port/pmu_hw.h>

#include <arch/aarch64/el2/cpu_init.h>
#include <arch/aarch64/pmu.h>

#include "cpu_features.h"
#include "sysreg.h"

/* MDCR_EL2: PMU and trace-filter registers trap; debug ones until the loaded
 * vCPU uses them (context.c). */
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM   BIT(6)
#define MDCR_TPMS  BIT(14)
#define MDCR_TTRF  BIT(19)
#define MDCR_HPMN  GENMASK(4, 0)
#define MDCR_HPMD  BIT(17) /* no event counting at EL2, FEAT_PMUv3p1 */
#define MDCR_HCCD  BIT(23) /* no cycle counting at EL2, FEAT_PMUv3p5 */
#define PMCR_N     GENMASK(15, 11)

/* CNTHCTL_EL2, E2H = 0: EL1 and EL0 reach the physical counter and timer. */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN  BIT(1)
#define CNTHCTL_ECV      BIT(12) /* CNTPOFF_EL2 counts */

/* All counters are EL1's, none of them counts at EL2. */
static uint64_t mdcr_pmu(void)
{
	unsigned version = pmu_hw_version();
	uint64_t mdcr =
		FIELD_PREP(MDCR_HPMN, FIELD_GET(PMCR_N, read_pmcr_el0()));

	if (version >= PMUVER_P1)
		mdcr |= MDCR_HPMD;
	if (version >= PMUVER_P5)
		mdcr |= MDCR_HCCD;
	return mdcr;
}

static void init_traps(void)
{
	uint64_t mdcr = MDCR_TPMCR | MDCR_TPM | MDCR_TTRF | MDCR_TDA;

	if (cpu_has_pmuv3())
		mdcr |= mdcr_pmu();
	if (cpu_has_spe())
		mdcr |= MDCR_TPMS;
	write_mdcr_el2(mdcr);
	/* Not FP/SIMD; SVE until a vCPU that uses it is loaded. */
	write_cptr_el2(CPTR_RES1 | CPTR_TTA | CPTR_TZ | CPTR_TSM | CPTR_TAM);
	write_hstr_el2(0);
	write_hacr_el2(0);
	if (cpu_has_fgt()) {
		write_hfgrtr_el2(0);
		write_hfgwtr_el2(0);
		write_hfgitr_el2(0);
		write_hdfgrtr_el2(0);
		write_hdfgwtr_el2(0);
		if (cpu_has_amu())
			write_hafgrtr_el2(0);
	}
	if (cpu_has_hcx())
		write_hcrx_el2(0);
	if (cpu_has_lor())
		write_lorc_el1(0); /* no LORegions, for nobody */
}

/* Those of a vCPU come with it (context.c); DISR_EL1 is EL2's own. */
static void init_errors(void)
{
	if (!cpu_has_ras())
		return;
	write_vsesr_el2(0);
	write_vdisr_el2(0);
	write_disr_el1(0);
}

/* MPAM2_EL2, MPAMHCR_EL2: a guest's accesses trap. */
#define MPAM2_TRAPMPAM1EL1       BIT(48)
#define MPAM2_TRAPMPAM0EL1       BIT(49)
#define MPAMHCR_TRAP_MPAMIDR_EL1 BIT(31)
#define MPAMIDR_HAS_HCR          BIT(17)

/* All that EL2 and guests do counts for the default partition. */
static void init_partitions(void)
{
	if (!cpu_has_mpam())
		return;
	write_mpam2_el2(MPAM2_TRAPMPAM1EL1 | MPAM2_TRAPMPAM0EL1);
	write_mpam1_el1(0);
	write_mpam0_el1(0);
	if (read_mpamidr_el1() & MPAMIDR_HAS_HCR)
		write_mpamhcr_el2(MPAMHCR_TRAP_MPAMIDR_EL1);
}

static void init_timers(void)
{
	uint64_t cnthctl = CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN;

	if (cpu_has_cntpoff()) {
		write_cntpoff_el2(0);
		cnthctl |= CNTHCTL_ECV;
	}
	write_cnthctl_el2(cnthctl);
	write_cntvoff_el2(0);
	write_cnthp_ctl_el2(0);
	__asm__ volatile("msr cntv_ctl_el0, xzr\n\tmsr cntp_ctl_el0, xzr");
}

void cpu_init_el2(void)
{
	init_traps();
	init_errors();
	init_partitions();
	init_timers();
	if (cpu_has_pmuv3())
		pmu_quiet();
	write_vttbr_el2(0);
	write_vtcr_el2(BIT(31));
	write_vpidr_el2(read_midr_el1());
	write_vmpidr_el2(read_mpidr_el1());
	write_afsr0_el2(0);
	write_afsr1_el2(0);
	write_esr_el2(0);
	write_far_el2(0);
	isb();
}

uint64_t cpu_mpidr(void)
{
	return read_mpidr_el1() & MPIDR_AFFINITY;
}
