/*
 * System registers are each CPU's own, over sleep, firmware calls and whoever
 * else uses the CPU meanwhile: thread and context identities, translation,
 * exception and debug registers, OS double lock, a timer's compare value (Arm
 * ARM DDI 0487). Vector registers are in simd.c, keys in pauth.c.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "sysregs";

#define SYSREGS_NR 28U /* sysregs_asm.S */
#define OSDLR      22U
#define CONTROLS   23U /* DBGBCR, DBGWCR: so many */
#define CONTROLS_E 27U
#define MDSCR      27U
#define ROUNDS     300U

#define DBGCR_E    BIT(0)
#define DBGCR_EL1  BIT(1)
#define DBGCR_BAS  UINT64_C(0x1e0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)

SYSREG_RW(dbgbvr0_el1)
SYSREG_RW(dbgbcr0_el1)

void sysregs_store(uint64_t *regs), sysregs_load(const uint64_t *regs);
uint64_t sysregs_target(void);
extern const char sysregs_break[];

static volatile uint64_t bad_regs[CPU_MAX];
static volatile unsigned bad_breaks[CPU_MAX];
static volatile bool finished[CPU_MAX];

static void fill(uint64_t *regs, unsigned cpu, unsigned round)
{
	uint64_t seed = cpu * UINT64_C(0x100000001b3) + round;

	for (unsigned i = 0; i < SYSREGS_NR; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963;
		regs[i] = seed ^ seed >> 31;
	}
	regs[OSDLR] = (cpu + round) & 1;
	for (unsigned i = CONTROLS; i < CONTROLS_E; i++)
		regs[i] &= ~DBGCR_E;
	regs[MDSCR] &= MDSCR_TDCC | MDSCR_KDE;
}

/*
 * Some CPUs have a breakpoint in a function that all of them call, the others
 * have one that must not act; none of them looks at it meanwhile.
 */
static void live_with_breakpoint(unsigned cpu)
{
	bool armed = cpu & 1;

	write_oslar_el1(0);
	write_dbgbvr0_el1(addr_of(sysregs_break) + 0x1000 * cpu * !armed);
	write_dbgbcr0_el1(DBGCR_E | DBGCR_EL1 | DBGCR_BAS);
	write_mdscr_el1(MDSCR_KDE | (armed ? MDSCR_MDE : 0));
	__asm__ volatile("msr daifclr, #8\n\tisb" ::: "memory");
	for (unsigned round = 0; round < ROUNDS; round++) {
		sleep_us(30 + 10 * (uint64_t)cpu);
		trap_expect();
		if (sysregs_target() != (armed ? 1 : 2))
			bad_breaks[cpu]++;
		if (trap_end().count != armed)
			bad_breaks[cpu]++;
	}
	if (read_dbgbvr0_el1() !=
	    addr_of(sysregs_break) + 0x1000 * cpu * !armed)
		bad_breaks[cpu]++;
	write_mdscr_el1(0);
	write_dbgbcr0_el1(0);
	isb();
}

static void live(void *arg)
{
	uint64_t regs[SYSREGS_NR], want[SYSREGS_NR], was[SYSREGS_NR];
	unsigned cpu = this_cpu()->idx;

	(void)arg;
	sysregs_store(was);
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	for (unsigned round = 0; round < ROUNDS; round++) {
		fill(regs, cpu, round);
		sysregs_load(regs);
		sysregs_store(want); /* without the bits that are not there */
		sleep_us(30 + 10 * (uint64_t)cpu);
		psci_call(PSCI_VERSION, 0, 0, 0);
		sysregs_store(regs);
		for (unsigned i = 0; i < SYSREGS_NR; i++) {
			if (regs[i] != want[i])
				bad_regs[cpu] |= BIT(i);
		}
	}
	sysregs_load(was);
	live_with_breakpoint(cpu);
	dsb_sy();
	finished[cpu] = true;
}

/* What every CPU has of them is held as written. */
static void check_held(void)
{
	uint64_t regs[SYSREGS_NR], got[SYSREGS_NR], was[SYSREGS_NR];

	sysregs_store(was);
	fill(regs, 0, 0);
	sysregs_load(regs);
	sysregs_store(got);
	sysregs_load(was);
	CHECK_EQ("tpidr_el0_holds_64_bits", got[0], regs[0]);
	CHECK_EQ("tpidrro_el0_holds_64_bits", got[1], regs[1]);
	CHECK_EQ("elr_holds_64_bits", got[6], regs[6]);
	CHECK_EQ("sp_el0_holds_64_bits", got[8], regs[8]);
	CHECK_EQ("mair_holds_64_bits", got[13], regs[13]);
	CHECK_EQ("physical_compare_value_holds_64_bits", got[21], regs[21]);
}

void payload_main(void)
{
	uint64_t late = 0;

	gic_init_dist();
	check_held();
	for (unsigned i = 1; i < guest.nr_cpus; i++)
		if (smp_start(i, live, NULL))
			late |= BIT(i);
	live(NULL);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		if (!WAIT_FOR(finished[i]))
			late |= BIT(i);
	CHECK_EQ("every_cpu_came_to_its_end", late, 0);
	late = 0;
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		late |= bad_regs[i];
	/* Rules out: sysreg-switch */
	CHECK_EQ("every_cpu_keeps_its_own", late, 0);
	late = 0;
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		late += bad_breaks[i];
	CHECK_EQ("breakpoints_stop_their_own_cpu", late, 0);
}
