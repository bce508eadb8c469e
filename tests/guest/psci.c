/*
 * PSCI 1.1 (Arm DEN 0022) as a guest sees it: CPU_ON and its races, CPU_OFF,
 * AFFINITY_INFO, CPU_SUSPEND, FEATURES, invalid parameters. Uses every CPU of
 * the device tree; races need three. Ends in SYSTEM_OFF on a secondary CPU
 * while the others run.
 */
#include "lib/psci.h"

#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smp.h"
#include "lib/timer.h"

const char payload_name[] = "psci";

#define CONTEXT      UINT64_C(0xfeedc0de12345678)
#define RACE_ROUNDS  50
#define CYCLE_ROUNDS 100
#define SUSPENDED    0x100 /* suspend_call() came back by the entry point */

/* What a CPU found at its start; psci_asm.S writes it. */
struct raw_state {
	uint64_t x0, el, daif, sctlr, spsel, mpidr, cntv_ctl, igrpen1;
	volatile uint64_t valid;
};

_Static_assert(offsetof(struct raw_state, valid) == 64, "psci_asm.S");

extern struct raw_state raw_state;
struct raw_state raw_state;

void raw_entry(void);
int64_t suspend_call(uint64_t fn, uint64_t state, uint64_t entry);
int64_t suspend_stateless(uint64_t fn, uint64_t entry);

static uint64_t bad_mpidr(void)
{
	return UINT64_C(0x7f00ffff7f); /* no machine has it */
}

static uint64_t code_addr(void (*fn)(void))
{
	return (uint64_t)(uintptr_t)fn;
}

static void check_psci(const char *name, int64_t got, int64_t want)
{
	check_eq(name, (uint64_t)got, (uint64_t)want);
}

static int64_t features(uint64_t fn)
{
	return psci_call(PSCI_FEATURES, fn, 0, 0);
}

/* What QEMU's own firmware has not got, and what nobody has. */
static void check_more_features(void)
{
	static const struct {
		const char *name;
		uint32_t fn;
		int64_t want;
	} t[] = {
		{"features_system_reset2", PSCI_SYSTEM_RESET2_64, 0},
		{"features_system_suspend32", PSCI_SYSTEM_SUSPEND32, 0},
		{"features_system_suspend64", PSCI_SYSTEM_SUSPEND64, 0},
		{"features_default_suspend32", PSCI_DEFAULT_SUSPEND32, 0},
		{"features_default_suspend64", PSCI_DEFAULT_SUSPEND64, 0},
		{"features_mem_protect", PSCI_MEM_PROTECT, 0},
		{"features_mem_check_range32", PSCI_MEM_CHECK_RANGE32, 0},
		{"features_mem_check_range64", PSCI_MEM_CHECK_RANGE64, 0},
		{"no_mem_protect64", 0xc4000013, PSCI_NOT_SUPPORTED},
		{"no_migrate", 0xc4000005, PSCI_NOT_SUPPORTED},
		{"no_migrate_info_up_cpu", 0xc4000007, PSCI_NOT_SUPPORTED},
		{"no_cpu_freeze", 0x8400000b, PSCI_NOT_SUPPORTED},
		{"no_node_hw_state", 0xc400000d, PSCI_NOT_SUPPORTED},
		{"no_set_suspend_mode", 0x8400000f, PSCI_NOT_SUPPORTED},
		{"no_stat_residency", 0xc4000010, PSCI_NOT_SUPPORTED},
		{"no_stat_count", 0xc4000011, PSCI_NOT_SUPPORTED},
	};

	uint64_t answered = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		check_psci(t[i].name, features(t[i].fn), t[i].want);
		if (t[i].want &&
		    psci_call(t[i].fn, 0, 0, 0) != PSCI_NOT_SUPPORTED)
			answered |= BIT(i);
	}
	CHECK_EQ("absent_calls_say_so", answered, 0);
}

static void check_identity(void)
{
	static const struct {
		const char *name;
		uint32_t fn;
	} there[] = {
		{"features_version", PSCI_VERSION},
		{"features_cpu_off", PSCI_CPU_OFF},
		{"features_cpu_on32", PSCI_CPU_ON32},
		{"features_cpu_on64", PSCI_CPU_ON64},
		{"features_affinity_info32", PSCI_AFFINITY_INFO32},
		{"features_affinity_info64", PSCI_AFFINITY_INFO64},
		{"features_migrate_info_type", PSCI_MIGRATE_INFO_TYPE},
		{"features_system_off", PSCI_SYSTEM_OFF},
		{"features_system_reset", PSCI_SYSTEM_RESET},
		{"features_features", PSCI_FEATURES},
		{"features_cpu_suspend32", PSCI_CPU_SUSPEND32},
		{"features_cpu_suspend64", PSCI_CPU_SUSPEND64},
	};
	int64_t version = psci_call(PSCI_VERSION, 0, 0, 0);

	CHECK_EQ("version_major", (uint64_t)version >> 16, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
		check_psci(there[i].name, features(there[i].fn), 0);
	check_psci("features_unknown", features(0x8400ff00),
		   PSCI_NOT_SUPPORTED);
	check_psci("features_not_psci", features(0x12345678),
		   PSCI_NOT_SUPPORTED);
	check_psci("migrate_info_type",
		   psci_call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
	if (guest.native)
		return;
	CHECK("version_minor", (version & 0xffff) >= 1);
	check_psci("features_smccc_version", features(SMCCC_VERSION), 0);
	check_more_features();
	CHECK("smccc_version", psci_call(SMCCC_VERSION, 0, 0, 0) >= 0x10001);
}

static void check_affinity_at_boot(void)
{
	uint64_t bad = 0;

	check_psci("self_is_on", psci_affinity_info(cpus[0].mpidr),
		   PSCI_AFFINITY_ON);
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (psci_affinity_info(cpus[i].mpidr) != PSCI_AFFINITY_OFF)
			bad = i;
	}
	CHECK_EQ("others_are_off", bad, 0);
	check_psci("affinity_info_bad_mpidr", psci_affinity_info(bad_mpidr()),
		   PSCI_INVALID_PARAMS);
	check_psci("affinity_info_32bit",
		   psci_call(PSCI_AFFINITY_INFO32, cpus[0].mpidr, 0, 0),
		   PSCI_AFFINITY_ON);
	if (guest.native)
		return;
	check_psci("affinity_info_bad_level",
		   psci_call(PSCI_AFFINITY_INFO64, cpus[0].mpidr, 4, 0),
		   PSCI_INVALID_PARAMS);
}

static void check_bad_cpu_on(void)
{
	uint64_t entry = code_addr(raw_entry), target = cpus[0].mpidr;

	check_psci("cpu_on_self", psci_call(PSCI_CPU_ON64, target, entry, 0),
		   PSCI_ALREADY_ON);
	check_psci("cpu_on_bad_mpidr",
		   psci_call(PSCI_CPU_ON64, bad_mpidr(), entry, 0),
		   PSCI_INVALID_PARAMS);
	if (guest.native || guest.nr_cpus < 2)
		return;
	target = cpus[1].mpidr;
	check_psci("cpu_on_entry_below_ram",
		   psci_call(PSCI_CPU_ON64, target, 0x1000, 0),
		   PSCI_INVALID_ADDRESS);
	/* Rules out: cpu-on-argument */
	check_psci("cpu_on_entry_at_ram_end",
		   psci_call(PSCI_CPU_ON64, target, guest_ram_end(), 0),
		   PSCI_INVALID_ADDRESS);
	check_psci("cpu_on_entry_in_device",
		   psci_call(PSCI_CPU_ON64, target, 0x09000000, 0),
		   PSCI_INVALID_ADDRESS);
	check_psci("cpu_on_entry_far_away",
		   psci_call(PSCI_CPU_ON64, target, entry | BIT(47), 0),
		   PSCI_INVALID_ADDRESS);
	check_psci("cpu_on_mpidr_reserved_bits",
		   psci_call(PSCI_CPU_ON64, target | BIT(31), entry, 0),
		   PSCI_INVALID_PARAMS);
	check_psci("refused_target_is_still_off", psci_affinity_info(target),
		   PSCI_AFFINITY_OFF);
}

/* CPU 1 by a raw entry point: the state that CPU_ON promises. */
static void check_entry_state(void)
{
	raw_state.valid = 0;
	dsb_sy();
	/* Rules out: entry-state */
	check_psci("cpu_on_raw",
		   psci_call(PSCI_CPU_ON64, cpus[1].mpidr, code_addr(raw_entry),
			     CONTEXT),
		   PSCI_SUCCESS);
	if (!CHECK("cpu_on_raw_ran", WAIT_FOR(raw_state.valid)))
		return;
	CHECK_EQ("entry_context_id", raw_state.x0, CONTEXT);
	CHECK_EQ("entry_level", raw_state.el >> 2, 1);
	CHECK_EQ("entry_interrupts_masked", raw_state.daif & 0x3c0, 0x3c0);
	CHECK_EQ("entry_mmu_and_caches_off",
		 raw_state.sctlr & (SCTLR_M | SCTLR_C), 0);
	CHECK_EQ("entry_spsel", raw_state.spsel, 1);
	CHECK_EQ("entry_mpidr", raw_state.mpidr & MPIDR_AFFINITY,
		 cpus[1].mpidr);
	CHECK_EQ("entry_timer_off", raw_state.cntv_ctl & CNT_CTL_ENABLE, 0);
	CHECK_EQ("entry_group1_off", raw_state.igrpen1, 0);
	CHECK("raw_cpu_is_off", smp_wait_off(1));
	raw_state.valid = 0;
	check_psci("cpu_on_32bit",
		   psci_call(PSCI_CPU_ON32, cpus[1].mpidr, code_addr(raw_entry),
			     0x89abcdef),
		   PSCI_SUCCESS);
	CHECK("cpu_on_32bit_ran", WAIT_FOR(raw_state.valid));
	CHECK_EQ("cpu_on_32bit_context_id", raw_state.x0, 0x89abcdef);
	CHECK("cpu_on_32bit_off_again", smp_wait_off(1));
}

/* The CPUs idle in here until told to go off. */
static volatile bool stay;
static volatile uint64_t runs[CPU_MAX];

static void idle_until_told(void *arg)
{
	(void)arg;
	runs[this_cpu()->idx]++;
	dsb_sy();
	while (stay)
		cpu_relax();
}

static void check_all_on(void)
{
	uint64_t bad = 0, wrong_mpidr = 0;

	stay = true;
	CHECK("all_cpus_start", smp_start_all(idle_until_told));
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		const struct cpu *c = &cpus[i];

		if (psci_affinity_info(c->mpidr) != PSCI_AFFINITY_ON ||
		    smp_start(i, idle_until_told, NULL) != PSCI_ALREADY_ON)
			bad |= BIT(i);
		if (c->entry_x0 != (uint64_t)(uintptr_t)c ||
		    !(c->entry_daif & 0x80))
			wrong_mpidr |= BIT(i);
	}
	CHECK_EQ("all_are_on", bad, 0);
	CHECK_EQ("all_got_their_context", wrong_mpidr, 0);
	stay = false;
	dsb_sy();
	CHECK("all_go_off", smp_wait_all_off());
}

static bool start_and_see(unsigned idx)
{
	uint64_t before = runs[idx];

	return smp_start(idx, idle_until_told, NULL) == PSCI_SUCCESS &&
	       WAIT_FOR(runs[idx] != before) && smp_wait_off(idx);
}

static void check_cycles(void)
{
	uint64_t before = runs[1];
	bool ok = true;

	for (unsigned i = 0; ok && i < CYCLE_ROUNDS; i++)
		ok = start_and_see(1);
	CHECK("off_and_on_again", ok);
	CHECK_EQ("each_start_ran_once", runs[1] - before, CYCLE_ROUNDS);
}

/* From the moment that CPU_ON succeeds, the CPU is not off. */
static void check_not_off_once_started(void)
{
	uint64_t off = 0;

	stay = true;
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (smp_start(i, idle_until_told, NULL) != PSCI_SUCCESS ||
		    psci_affinity_info(cpus[i].mpidr) == PSCI_AFFINITY_OFF)
			off |= BIT(i);
	}
	/* Rules out: affinity-info */
	CHECK_EQ("not_off_once_started", off, 0);
	stay = false;
	dsb_sy();
	CHECK("all_go_off_again", smp_wait_all_off());
}

/* CPU_ON of a CPU that is going off: refused, or it really starts again. */
static void check_on_while_going_off(void)
{
	uint64_t before = runs[1], starts = 0;
	int64_t r;

	for (unsigned i = 0; i < 1000000 && starts < CYCLE_ROUNDS; i++) {
		r = smp_start(1, idle_until_told, NULL);
		if (r == PSCI_SUCCESS)
			starts++;
		else if (r != PSCI_ALREADY_ON && r != PSCI_ON_PENDING)
			break;
		cpu_relax();
	}
	/* Rules out: cpu-on-race */
	CHECK("cpu_on_against_cpu_off", smp_wait_off(1));
	CHECK_EQ("cpu_on_against_cpu_off_starts", starts, CYCLE_ROUNDS);
	CHECK_EQ("cpu_on_against_cpu_off_runs", runs[1] - before, starts);
}

static volatile uint64_t race_go, race_done;
static volatile int64_t race_result;

static void racer(void *arg)
{
	(void)arg;
	for (uint64_t round = 1; round <= RACE_ROUNDS; round++) {
		while (race_go < round)
			cpu_relax();
		race_result = smp_start(2, idle_until_told, NULL);
		dsb_sy();
		race_done = round;
		dsb_sy();
	}
}

static bool lost(int64_t r)
{
	return r == PSCI_ALREADY_ON || r == PSCI_ON_PENDING;
}

static bool race_round(uint64_t round)
{
	int64_t mine, other;

	stay = true;
	race_go = round;
	dsb_sy();
	mine = smp_start(2, idle_until_told, NULL);
	if (!WAIT_FOR(race_done == round))
		return false;
	other = race_result;
	stay = false;
	dsb_sy();
	return smp_wait_off(2) && ((mine == PSCI_SUCCESS && lost(other)) ||
				   (other == PSCI_SUCCESS && lost(mine)));
}

static void check_race(void)
{
	uint64_t before = runs[2], won = 0;

	smp_start(1, racer, NULL);
	for (uint64_t round = 1; round <= RACE_ROUNDS; round++)
		won += race_round(round);
	CHECK_EQ("race_has_one_winner", won, RACE_ROUNDS);
	CHECK_EQ("race_target_ran_once", runs[2] - before, RACE_ROUNDS);
	CHECK("racer_goes_off", smp_wait_off(1));
}

/* Each CPU starts the next one. */
static void chain(void *arg)
{
	unsigned next = this_cpu()->idx + 1;

	(void)arg;
	runs[this_cpu()->idx]++;
	if (next < guest.nr_cpus)
		smp_start(next, chain, NULL);
}

static void check_chain(void)
{
	unsigned last = guest.nr_cpus - 1;
	uint64_t before = runs[last];

	smp_start(1, chain, NULL);
	CHECK("secondaries_start_secondaries", WAIT_FOR(runs[last] > before));
	CHECK("chain_goes_off", smp_wait_all_off());
}

static void arm_timer(void)
{
	write_cntv_cval_el0(time_now() + time_ticks(1000));
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
}

static void check_suspend(void)
{
	uint64_t start = time_now();
	int64_t r;

	gic_init_dist();
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	arm_timer();
	check_psci("suspend_standby", suspend_call(PSCI_CPU_SUSPEND64, 0, 0),
		   PSCI_SUCCESS);
	CHECK("suspend_lasts_until_timer",
	      time_now() - start >= time_ticks(1000));
	check_psci("suspend_with_wakeup_pending",
		   suspend_call(PSCI_CPU_SUSPEND64, 0, 0), PSCI_SUCCESS);
	check_psci("suspend_standby_32bit",
		   suspend_call(PSCI_CPU_SUSPEND32, 0, 0), PSCI_SUCCESS);
	arm_timer();
	r = suspend_call(PSCI_CPU_SUSPEND64, 0x10000, 0);
	CHECK("suspend_power_down",
	      r == PSCI_SUCCESS || r == SUSPENDED || r == PSCI_INVALID_PARAMS);
	check_psci("suspend_bad_state",
		   suspend_call(PSCI_CPU_SUSPEND64, 0xffffffff, 0),
		   PSCI_INVALID_PARAMS);
	write_cntv_ctl_el0(0);
	isb();
	if (guest.native)
		return;
	arm_timer();
	r = suspend_call(PSCI_CPU_SUSPEND64, 0x10000, 0x1000);
	CHECK("suspend_bad_entry",
	      r == PSCI_INVALID_ADDRESS || r == PSCI_INVALID_PARAMS);
	write_cntv_ctl_el0(0);
}

static int64_t mem_range(uint64_t base, uint64_t len)
{
	return psci_call(PSCI_MEM_CHECK_RANGE64, base, len, 0);
}

static void check_mem_protect(void)
{
	uint64_t base = guest.ram_base, size = guest.ram_size;

	check_psci("mem_range_all_ram", mem_range(base, size), PSCI_SUCCESS);
	check_psci("mem_range_beyond", mem_range(base, size + 1), PSCI_DENIED);
	check_psci("mem_range_before", mem_range(base - 1, 2), PSCI_DENIED);
	check_psci("mem_range_empty", mem_range(base, 0), PSCI_DENIED);
	check_psci("mem_range_wraps", mem_range(base + 8, -UINT64_C(8)),
		   PSCI_DENIED);
	check_psci("mem_range_device", mem_range(0x09000000, 4), PSCI_DENIED);
	check_psci("mem_range_32bit",
		   psci_call(PSCI_MEM_CHECK_RANGE32, BIT(40) | base,
			     BIT(40) | 4096, 0),
		   PSCI_SUCCESS);
	check_psci("mem_protect_on", psci_call(PSCI_MEM_PROTECT, 1, 0, 0), 0);
	check_psci("mem_protect_off", psci_call(PSCI_MEM_PROTECT, 0, 0, 0), 1);
	check_psci("mem_protect_bad", psci_call(PSCI_MEM_PROTECT, 2, 0, 0),
		   PSCI_INVALID_PARAMS);
	check_psci("mem_protect_is_off", psci_call(PSCI_MEM_PROTECT, 0, 0, 0),
		   0);
	check_psci("reset2_bad_type", psci_call(PSCI_SYSTEM_RESET2_64, 1, 0, 0),
		   PSCI_INVALID_PARAMS);
	check_psci("reset2_bad_vendor_type",
		   psci_call(PSCI_SYSTEM_RESET2_64, 0x80000002, 0, 0),
		   PSCI_INVALID_PARAMS);
}

/* A power-down by `fn` that the virtual timer ends; `name` is its area. */
static void check_sleep(const char *name, uint64_t fn)
{
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	arm_timer();
	check_area(name);
	check_psci("resumes", suspend_stateless(fn, 0), SUSPENDED);
	CHECK("lasts_until_timer", time_now() >= read_cntv_cval_el0());
	CHECK_EQ("keeps_the_timer", read_cntv_ctl_el0() & CNT_CTL_ENABLE,
		 CNT_CTL_ENABLE);
	check_area("psci");
	write_cntv_ctl_el0(0);
	isb();
}

/* SYSTEM_SUSPEND and CPU_DEFAULT_SUSPEND; the others are off. */
static void check_system_suspend(void)
{
	check_sleep("psci.system_suspend", PSCI_SYSTEM_SUSPEND64);
	check_sleep("psci.system_suspend_32bit", PSCI_SYSTEM_SUSPEND32);
	check_sleep("psci.default_suspend", PSCI_DEFAULT_SUSPEND64);
	check_psci("system_suspend_bad_entry",
		   suspend_stateless(PSCI_SYSTEM_SUSPEND64, 0x1000),
		   PSCI_INVALID_ADDRESS);
	check_psci("default_suspend_bad_entry",
		   suspend_stateless(PSCI_DEFAULT_SUSPEND64, 0x1000),
		   PSCI_INVALID_ADDRESS);
}

static void check_suspend_denied(void)
{
	stay = true;
	smp_start(1, idle_until_told, NULL);
	check_psci("system_suspend_denied",
		   suspend_stateless(PSCI_SYSTEM_SUSPEND64, 0), PSCI_DENIED);
	stay = false;
	dsb_sy();
	CHECK("denier_goes_off", smp_wait_off(1));
	check_sleep("psci.system_suspend_when_all_are_off",
		    PSCI_SYSTEM_SUSPEND64);
}

/*
 * QEMU's own firmware leaves a window after CPU_ON in which a second call
 * succeeds too and AFFINITY_INFO says off; a guest of Plinth never sees it.
 */
static void check_races(void)
{
	check_not_off_once_started();
	check_on_while_going_off();
	if (guest.nr_cpus > 2)
		check_race();
	else
		check_note("two cpus: no race for a third");
}

static void finish_on_secondary(void *arg)
{
	(void)arg;
	check_done();
}

void payload_main(void)
{
	check_identity();
	check_affinity_at_boot();
	check_bad_cpu_on();
	check_suspend();
	if (!guest.native) {
		check_mem_protect();
		check_system_suspend();
	}
	if (guest.nr_cpus < 2) {
		check_note("one cpu: nothing to turn on");
		return;
	}
	check_entry_state();
	check_all_on();
	check_cycles();
	if (!guest.native) {
		check_suspend_denied();
		check_races();
	}
	check_chain();
	smp_start(1, finish_on_secondary, NULL);
	for (;;)
		cpu_relax();
}
