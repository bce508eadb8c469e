/* PSCI and SMCCC: numbers from DEN 0022 and DEN 0028, written out here; other
 * services are in test_smccc.c. */
#include <errno.h>
#include <string.h>

#include <arch/aarch64/smccc.h>

#include "../host/host.h"

#define NR         4
#define RAM_BASE   UINT64_C(0x40000000)
#define RAM_SIZE   UINT64_C(0x10000000)
#define OK         UINT64_C(0)
#define ERR(n)     ((uint64_t) - (n)) /* sign-extended */
#define CPU_ON32   0x84000003
#define CPU_ON64   0xc4000003
#define CPU_OFF    0x84000002
#define SUSPEND32  0x84000001
#define SUSPEND64  0xc4000001
#define AFFINITY32 0x84000004
#define AFFINITY64 0xc4000004
#define FEATURES   0x8400000a

static const uint64_t mpidr[NR] = {0x0, 0x1, 0x100, UINT64_C(0x100000001)};

static struct vm {
	struct smccc s;
	struct mpidr_map map;
	uint16_t slots[8];
	struct psci_vcpu vcpus[NR];
	unsigned nr_starts, last_target;
	uint64_t race_mpidr; /* called again from vcpu_start when not ~0 */
	uint64_t race_result;
} vm;

static uint64_t call4(unsigned self, uint64_t fid, uint64_t a, uint64_t b,
		      uint64_t c, enum psci_action want)
{
	uint64_t x[4] = {fid, a, b, c};

	assert_int_equal(smccc_call(&vm.s, self, x), want);
	assert_int_equal(x[1], a);
	assert_int_equal(x[2], b);
	assert_int_equal(x[3], c);
	return x[0];
}

static uint64_t call(uint64_t fid, uint64_t a, uint64_t b, uint64_t c)
{
	return call4(0, fid, a, b, c, PSCI_RETURN);
}

static bool is_ram(void *ctx, ipa_t base, uint64_t len)
{
	assert_ptr_equal(ctx, &vm);
	return len && range_within(base.v, len, RAM_BASE, RAM_SIZE);
}

static void vcpu_start(void *ctx, unsigned target)
{
	assert_ptr_equal(ctx, &vm);
	vm.nr_starts++;
	vm.last_target = target;
	if (vm.race_mpidr != UINT64_MAX) {
		uint64_t m = vm.race_mpidr;

		vm.race_mpidr = UINT64_MAX;
		vm.race_result =
			call4(1, CPU_ON64, m, RAM_BASE + 64, 9, PSCI_RETURN);
	}
}

static int setup(void **state)
{
	static const struct psci_ops ops = {is_ram, vcpu_start, &vm};

	(void)state;
	memset(&vm, 0, sizeof(vm));
	vm.race_mpidr = UINT64_MAX;
	vm.s.workarounds = (struct smccc_workarounds){1, -2, -1};
	assert_int_equal(mpidr_map_init(&vm.map, mpidr, NR, vm.slots), 0);
	psci_init(&vm.s.psci, &ops, &vm.map, vm.vcpus);
	return 0;
}

static void version_is_1_1_and_leaves_other_registers(void **state)
{
	(void)state;
	assert_int_equal(call(0x84000000, 11, 22, 33), 0x10001);
	/* Upper half of x0 is no part of a function identifier. */
	assert_int_equal(call(UINT64_C(0xdead000084000000), 0, 0, 0), 0x10001);
}

/* Rules out: call-convention */
static void sve_hint_bit_is_masked_before_comparing(void **state)
{
	(void)state;
	assert_int_equal(call(0x84010000, 0, 0, 0), 0x10001);
	assert_int_equal(call(0x80010000, 0, 0, 0), 0x10003);
	assert_int_equal(call(0x84030000, 0, 0, 0), ERR(1));
}

static void features_lists_exactly_what_is_answered(void **state)
{
	static const uint32_t yes[] = {
		0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
		0xc4000003, 0x84000004, 0xc4000004, 0x84000006, 0x84000008,
		0x84000009, 0x8400000a, 0x8400000c, 0xc400000c, 0x8400000e,
		0xc400000e, 0x84000012, 0xc4000012, 0x84000013, 0x84000014,
		0xc4000014, 0x80000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_int_equal(call(FEATURES, yes[i], 0, 0), OK);
	for (unsigned n = 0; n < 0x40; n++) {
		for (unsigned form = 0; form < 2; form++) {
			uint32_t fid = 0x84000000 | form << 30 | n;
			bool listed = false;

			for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
				listed |= yes[i] == fid;
			assert_int_equal(call(FEATURES, fid, 0, 0),
					 listed ? OK : ERR(1));
			if (!listed)
				assert_int_equal(call(fid, 0, 0, 0), ERR(1));
		}
	}
	assert_int_equal(call(FEATURES, 0x84010000, 0, 0), ERR(1));
	assert_int_equal(call(FEATURES, 0, 0, 0), ERR(1));
}

/* Rules out: call-convention */
static void unknown_calls_answer_minus_one_in_64_bits(void **state)
{
	static const uint64_t fid[] = {
		0x0,        0x04000000, 0xc4000013, 0xc4000000, 0xc400000a,
		0x84000005, 0xc4000005, 0x84000007, 0xc4000007, 0x8400000b,
		0x8400000d, 0xc400000d, 0x8400000f, 0x84000010, 0xc4000010,
		0x84000011, 0xc4000011, 0x84000015, 0x85000000, 0xc5000020,
		0x86000002, 0x8600ff00, 0xbf00ff01, 0xffffffff, 0x80000002,
		0xc0000000, 0xc0008000, 0x32000000, 0x840000ff, 0x84000050,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fid); i++)
		assert_int_equal(call(fid[i], 0, 0, 0), UINT64_MAX);
}

static void cpu_on_starts_an_off_vcpu_once(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 0x100, RAM_BASE, 0xabcdef0123456789),
			 OK);
	assert_int_equal(vm.nr_starts, 1);
	assert_int_equal(vm.last_target, 2);
	assert_int_equal(psci_entry(&vm.s.psci, 2).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 2).context_id,
			 0xabcdef0123456789);
	assert_int_equal(call(CPU_ON64, 0x100, RAM_BASE, 0), ERR(5));
	assert_int_equal(call(AFFINITY64, 0x100, 0, 0), 2);
	psci_vcpu_started(&vm.s.psci, 2);
	assert_int_equal(call(CPU_ON64, 0x100, RAM_BASE, 0), ERR(4));
	assert_int_equal(call(AFFINITY64, 0x100, 0, 0), 0);
	assert_int_equal(vm.nr_starts, 1);
}

static void cpu_on_of_oneself_is_already_on(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 0, RAM_BASE, 0), ERR(4));
	assert_int_equal(vm.nr_starts, 0);
}

/* Rules out: cpu-on-race */
static void racing_cpu_on_has_one_winner_and_keeps_its_entry(void **state)
{
	(void)state;
	vm.race_mpidr = 1;
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE, 5), OK);
	assert_int_equal(vm.race_result, ERR(5));
	assert_int_equal(vm.nr_starts, 1);
	assert_int_equal(psci_entry(&vm.s.psci, 1).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 1).context_id, 5);
}

/* Rules out: cpu-on-argument */
static void cpu_on_refuses_bad_targets_and_entries(void **state)
{
	static const struct {
		const char *what;
		uint64_t target, entry, result;
	} t[] = {
		{"no such Aff0", 2, RAM_BASE, ERR(2)},
		{"no such Aff3", UINT64_C(0x200000001), RAM_BASE, ERR(2)},
		{"MPIDR RES1 bit", 0x80000001, RAM_BASE, ERR(2)},
		{"bits above Aff3", UINT64_C(1) << 40 | 1, RAM_BASE, ERR(2)},
		{"entry below RAM", 1, RAM_BASE - 4, ERR(9)},
		{"entry above RAM", 1, RAM_BASE + RAM_SIZE, ERR(9)},
		{"entry at 0", 1, 0, ERR(9)},
		{"unaligned entry", 1, RAM_BASE + 2, ERR(9)},
		{"both bad", 7, 0, ERR(2)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		assert_int_equal(call(CPU_ON64, t[i].target, t[i].entry, 0),
				 t[i].result);
	}
	assert_int_equal(vm.nr_starts, 0);
	assert_int_equal(call(AFFINITY64, 1, 0, 0), 1);
}

/* Rules out: call-convention */
static void thirty_two_bit_calls_ignore_upper_halves(void **state)
{
	uint64_t junk = UINT64_C(0xfeed) << 32;

	(void)state;
	assert_int_equal(call(CPU_ON32, junk | 1, junk | RAM_BASE, junk | 7),
			 OK);
	assert_int_equal(psci_entry(&vm.s.psci, 1).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 1).context_id, 7);
	assert_int_equal(call(AFFINITY32, junk | 1, junk, 0), 2);
	assert_int_equal(call(FEATURES, junk | 0x84000000, 0, 0), OK);
	/* The 64-bit form sees them. */
	assert_int_equal(call(CPU_ON64, 0x100, junk | RAM_BASE, 0), ERR(9));
	assert_int_equal(call(AFFINITY64, junk | 1, 0, 0), ERR(2));
}

/* Rules out: off-too-early */
static void cpu_off_counts_as_on_until_the_vcpu_has_stopped(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE, 0), OK);
	psci_vcpu_started(&vm.s.psci, 1);
	(void)call4(1, CPU_OFF, 0, 0, 0, PSCI_STOP);
	assert_int_equal(call(AFFINITY64, 1, 0, 0), 0);
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE, 0), ERR(4));
	psci_vcpu_stopped(&vm.s.psci, 1);
	assert_int_equal(call(AFFINITY64, 1, 0, 0), 1);
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE + 8, 0), OK);
	assert_int_equal(vm.nr_starts, 2);
}

/* Rules out: affinity-info */
static void affinity_info_sums_up_each_level(void **state)
{
	(void)state;
	/* Level 1: 0.0.0.x is on; 0.0.1.x and 1.0.0.x are off. */
	assert_int_equal(call(AFFINITY64, 0xff, 1, 0), 0);
	assert_int_equal(call(AFFINITY64, 0x100, 1, 0), 1);
	assert_int_equal(call(AFFINITY64, 0x200, 1, 0), ERR(2));
	assert_int_equal(call(AFFINITY64, 0xffff, 2, 0), 0);
	assert_int_equal(call(AFFINITY64, 0x10000, 2, 0), ERR(2));
	assert_int_equal(call(AFFINITY64, UINT64_C(0x1000000ff), 1, 0), 1);
	assert_int_equal(call(AFFINITY64, UINT64_C(0x100ffffff), 3, 0), 1);
	assert_int_equal(call(AFFINITY64, UINT64_C(0x200000000), 3, 0), ERR(2));
	assert_int_equal(call(AFFINITY64, 0, 4, 0), ERR(2));
	assert_int_equal(call(AFFINITY64, 0, 0xffffffff, 0), ERR(2));
	/* Pending outranks off, on outranks pending. */
	assert_int_equal(call(CPU_ON64, UINT64_C(0x100000001), RAM_BASE, 0),
			 OK);
	assert_int_equal(call(AFFINITY64, UINT64_C(0x100000000), 3, 0), 2);
	psci_vcpu_started(&vm.s.psci, 3);
	assert_int_equal(call(AFFINITY64, UINT64_C(0x100000000), 3, 0), 0);
	assert_int_equal(call(AFFINITY64, 3, 0, 0), ERR(2));
}

static void pending_then_off_is_pending_whatever_the_order(void **state)
{
	(void)state;
	psci_reset(&vm.s.psci, 2, true);
	assert_int_equal(call4(2, CPU_ON64, 0, RAM_BASE, 0, PSCI_RETURN), OK);
	assert_int_equal(call4(2, AFFINITY64, 0, 1, 0, PSCI_RETURN), 2);
	psci_reset(&vm.s.psci, 2, true);
	assert_int_equal(call4(2, CPU_ON64, 1, RAM_BASE, 0, PSCI_RETURN), OK);
	assert_int_equal(call4(2, AFFINITY64, 0, 1, 0, PSCI_RETURN), 2);
}

static void standby_suspend_returns_success_after_a_wait(void **state)
{
	(void)state;
	assert_int_equal(call4(0, SUSPEND64, 0x0, 0, 0, PSCI_STANDBY), OK);
	assert_int_equal(call4(0, SUSPEND32, 0x0100ffff, 1, 2, PSCI_STANDBY),
			 OK);
}

static void power_down_suspend_resumes_at_its_entry(void **state)
{
	(void)state;
	(void)call4(0, SUSPEND64, 0x00010000, RAM_BASE + 0x80, 42,
		    PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE + 0x80);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 42);
	/* Still ON for the others. */
	assert_int_equal(call4(1, CPU_ON64, 0, RAM_BASE, 0, PSCI_RETURN),
			 ERR(4));
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 42);
	(void)call4(0, SUSPEND32, UINT64_C(0x1302010000) | 5,
		    UINT64_C(1) << 32 | RAM_BASE, UINT64_C(1) << 32 | 3,
		    PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 3);
}

static void suspend_refuses_reserved_bits_and_bad_entries(void **state)
{
	(void)state;
	for (unsigned bit = 17; bit < 32; bit++) {
		if (bit == 24 || bit == 25)
			continue; /* PowerLevel */
		assert_int_equal(
			call(SUSPEND64, UINT64_C(1) << bit, RAM_BASE, 0),
			ERR(2));
	}
	assert_int_equal(call(SUSPEND64, 0x10000, 0x1000, 0), ERR(9));
	assert_int_equal(call(SUSPEND64, 0x10000, RAM_BASE + 1, 0), ERR(9));
}

static void system_calls_become_actions(void **state)
{
	(void)state;
	(void)call4(0, 0x84000008, 0, 0, 0, PSCI_VM_OFF);
	(void)call4(3, 0x84000009, 0, 0, 0, PSCI_VM_RESET);
	(void)call4(0, 0x84000012, 0, 0, 0, PSCI_VM_WARM_RESET);
	(void)call4(0, 0xc4000012, UINT64_C(1) << 32, 7, 0, PSCI_VM_WARM_RESET);
	assert_int_equal(call(0xc4000012, 1, 0, 0), ERR(2));
	assert_int_equal(call(0xc4000012, 0x7fffffff, 0, 0), ERR(2));
	assert_int_equal(call(0xc4000012, 0x80000000, 0, 0), ERR(2));
	assert_int_equal(call(0x84000012, 0x80000002, 0, 0), ERR(2));
	assert_int_equal(call(0x84000006, 0, 0, 0), 2);
}

static void default_suspend_is_a_power_down_without_a_power_state(void **state)
{
	(void)state;
	(void)call4(0, 0xc400000c, RAM_BASE + 0x40, 77, 0, PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE + 0x40);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 77);
	(void)call4(0, 0x8400000c, UINT64_C(1) << 32 | RAM_BASE,
		    UINT64_C(1) << 32 | 3, 0, PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 3);
	assert_int_equal(call(0xc400000c, 0x1000, 0, 0), ERR(9));
	assert_int_equal(call(0xc400000c, RAM_BASE + 2, 0, 0), ERR(9));
}

#define SYSTEM_SUSPEND32 0x8400000e
#define SYSTEM_SUSPEND64 0xc400000e

static void system_suspend_of_the_only_cpu_resumes_at_its_entry(void **state)
{
	(void)state;
	(void)call4(0, SYSTEM_SUSPEND64, RAM_BASE + 8, UINT64_C(7) << 32, 5,
		    PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE + 8);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, UINT64_C(7)
								       << 32);
	(void)call4(0, SYSTEM_SUSPEND32, UINT64_C(9) << 32 | RAM_BASE,
		    UINT64_C(9) << 32 | 4, 0, PSCI_POWER_DOWN);
	assert_int_equal(psci_entry(&vm.s.psci, 0).pc.v, RAM_BASE);
	assert_int_equal(psci_entry(&vm.s.psci, 0).context_id, 4);
	assert_int_equal(call(AFFINITY64, 0, 0, 0), 0); /* on, for all that */
	assert_int_equal(call(SYSTEM_SUSPEND64, 0x1000, 0, 0), ERR(9));
	assert_int_equal(call(SYSTEM_SUSPEND64, RAM_BASE + 1, 0, 0), ERR(9));
}

static void system_suspend_is_denied_until_all_others_are_off(void **state)
{
	(void)state;
	for (unsigned i = 1; i < NR; i++) {
		assert_int_equal(call(CPU_ON64, mpidr[i], RAM_BASE, 0), OK);
		assert_int_equal(call(SYSTEM_SUSPEND64, RAM_BASE, 0, 0),
				 ERR(3)); /* pending */
		psci_vcpu_started(&vm.s.psci, i);
		assert_int_equal(call(SYSTEM_SUSPEND32, RAM_BASE, 0, 0),
				 ERR(3));
		(void)call4(i, CPU_OFF, 0, 0, 0, PSCI_STOP);
		assert_int_equal(call(SYSTEM_SUSPEND64, RAM_BASE, 0, 0),
				 ERR(3)); /* still there */
		psci_vcpu_stopped(&vm.s.psci, i);
		(void)call4(0, SYSTEM_SUSPEND64, RAM_BASE, 0, 0,
			    PSCI_POWER_DOWN);
	}
	/* Refused calls of CPU_ON count nothing. */
	assert_int_equal(call(CPU_ON64, 0, RAM_BASE, 0), ERR(4));
	assert_int_equal(call(CPU_ON64, 1, 0, 0), ERR(9));
	(void)call4(0, SYSTEM_SUSPEND64, RAM_BASE, 0, 0, PSCI_POWER_DOWN);
}

static void cpu_that_is_started_by_another_denies_a_suspend(void **state)
{
	(void)state;
	/* vCPU 1 turns 2 on, then goes off. */
	vm.race_mpidr = 0x100;
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE, 0), OK);
	assert_int_equal(vm.race_result, OK);
	psci_vcpu_started(&vm.s.psci, 1);
	psci_vcpu_stopped(&vm.s.psci, 1);
	assert_int_equal(call(SYSTEM_SUSPEND64, RAM_BASE, 0, 0), ERR(3));
}

#define MEM_PROTECT   0x84000013
#define CHECK_RANGE32 0x84000014
#define CHECK_RANGE64 0xc4000014

static void mem_protect_answers_what_was_and_outlives_a_cold_reset(void **state)
{
	(void)state;
	assert_int_equal(call(MEM_PROTECT, 0, 0, 0), 0);
	assert_int_equal(call(MEM_PROTECT, 1, 0, 0), 0);
	assert_int_equal(call(MEM_PROTECT, UINT64_C(5) << 32 | 1, 0, 0), 1);
	assert_int_equal(call(MEM_PROTECT, 2, 0, 0), ERR(2));
	psci_reset(&vm.s.psci, 0, true);
	assert_int_equal(call(MEM_PROTECT, 1, 0, 0), 1);
	psci_reset(&vm.s.psci, 0, false);
	assert_int_equal(call(MEM_PROTECT, 1, 0, 0), 0);
	assert_int_equal(call(MEM_PROTECT, 0, 0, 0), 1);
	assert_int_equal(call(MEM_PROTECT, 0, 0, 0), 0);
}

static void mem_protect_covers_ram_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE, RAM_SIZE, 0), OK);
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE + 3, 1, 0), OK);
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE, RAM_SIZE + 1, 0),
			 ERR(3));
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE - 1, 2, 0), ERR(3));
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE, 0, 0), ERR(3));
	assert_int_equal(call(CHECK_RANGE64, RAM_BASE + 1, UINT64_MAX, 0),
			 ERR(3));
	assert_int_equal(call(CHECK_RANGE32, UINT64_C(1) << 32 | RAM_BASE,
			      UINT64_C(1) << 32 | 4096, 0),
			 OK);
	assert_int_equal(
		call(CHECK_RANGE64, UINT64_C(1) << 32 | RAM_BASE, 4, 0),
		ERR(3));
}

static void reset_leaves_only_the_boot_vcpu_on(void **state)
{
	(void)state;
	assert_int_equal(call(CPU_ON64, 1, RAM_BASE, 0), OK);
	assert_int_equal(call(CPU_ON64, 0x100, RAM_BASE, 0), OK);
	psci_vcpu_started(&vm.s.psci, 1);
	psci_reset(&vm.s.psci, 0, true);
	assert_int_equal(psci_vcpu_state(&vm.s.psci, 0), PSCI_STATE_ON);
	for (unsigned i = 1; i < NR; i++)
		assert_int_equal(psci_vcpu_state(&vm.s.psci, i),
				 PSCI_STATE_OFF);
}

static void smccc_says_1_3_and_which_workarounds(void **state)
{
	(void)state;
	assert_int_equal(call(0x80000000, 0, 0, 0), 0x10003);
	assert_int_equal(call(0x80000001, 0x80000000, 0, 0), OK);
	assert_int_equal(call(0x80000001, 0x80000001, 0, 0), OK);
	assert_int_equal(call(0x80000001, 0x80008000, 0, 0), 1);
	assert_int_equal(call(0x80000001, 0x80007fff, 0, 0), ERR(2));
	assert_int_equal(call(0x80000001, 0x80003fff, 0, 0), ERR(1));
	assert_int_equal(call(0x80000001, 0x80000002, 0, 0), ERR(1));
	assert_int_equal(call(0x80000001, 0xc4000003, 0, 0), ERR(1));
	assert_int_equal(call(0x80008000, 0, 0, 0), OK);
	assert_int_equal(call(0x80007fff, 1, 0, 0), ERR(1));
	assert_int_equal(call(0x80003fff, 0, 0, 0), ERR(1));
}

static void affinity_map_finds_each_of_many_and_no_other(void **state)
{
	static uint64_t aff[512];
	static uint16_t slots[2048];
	struct mpidr_map m;

	(void)state;
	assert_int_equal(mpidr_map_slots(512), 1024);
	for (unsigned i = 0; i < 512; i++)
		aff[i] =
			(uint64_t)(i / 256) << 32 | (i / 16 % 16) << 8 | i % 16;
	assert_int_equal(mpidr_map_init(&m, aff, 512, slots), 0);
	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(mpidr_map_find(&m, aff[i]), i);
		assert_int_equal(mpidr_map_find(&m, aff[i] | 0x10), -1);
	}
	assert_int_equal(mpidr_map_find(&m, UINT64_MAX), -1);
}

static void affinity_map_refuses_what_it_cannot_hold(void **state)
{
	static const uint64_t twice[] = {5, 5}, res1[] = {0x80000000};
	uint16_t slots[4];
	struct mpidr_map m;

	(void)state;
	memset(slots, 0, sizeof(slots));
	assert_int_equal(mpidr_map_init(&m, twice, 2, slots), -EEXIST);
	memset(slots, 0, sizeof(slots));
	assert_int_equal(mpidr_map_init(&m, res1, 1, slots), -EINVAL);
	assert_int_equal(mpidr_map_init(&m, twice, 0, slots), -EINVAL);
	assert_int_equal(mpidr_map_init(&m, twice, 32768, slots), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, setup)
		T(version_is_1_1_and_leaves_other_registers),
		T(sve_hint_bit_is_masked_before_comparing),
		T(features_lists_exactly_what_is_answered),
		T(unknown_calls_answer_minus_one_in_64_bits),
		T(cpu_on_starts_an_off_vcpu_once),
		T(cpu_on_of_oneself_is_already_on),
		T(racing_cpu_on_has_one_winner_and_keeps_its_entry),
		T(cpu_on_refuses_bad_targets_and_entries),
		T(thirty_two_bit_calls_ignore_upper_halves),
		T(cpu_off_counts_as_on_until_the_vcpu_has_stopped),
		T(affinity_info_sums_up_each_level),
		T(pending_then_off_is_pending_whatever_the_order),
		T(standby_suspend_returns_success_after_a_wait),
		T(power_down_suspend_resumes_at_its_entry),
		T(suspend_refuses_reserved_bits_and_bad_entries),
		T(system_calls_become_actions),
		T(default_suspend_is_a_power_down_without_a_power_state),
		T(system_suspend_of_the_only_cpu_resumes_at_its_entry),
		T(system_suspend_is_denied_until_all_others_are_off),
		T(cpu_that_is_started_by_another_denies_a_suspend),
		T(mem_protect_answers_what_was_and_outlives_a_cold_reset),
		T(mem_protect_covers_ram_and_nothing_else),
		T(reset_leaves_only_the_boot_vcpu_on),
		T(smccc_says_1_3_and_which_workarounds),
		T(affinity_map_finds_each_of_many_and_no_other),
		T(affinity_map_refuses_what_it_cannot_hold),
	};

	return cmocka_run_group_tests_name("psci", tests, NULL, NULL);
}
