/* Scalable vectors of vCPUs: first use, switches, a fresh life. */
#include <string.h>

#include "../host/sim.h"

#define SYN_SVE   syn(0x19, 0)
#define PFR0_SVE  (UINT64_C(1) << 32)
#define NR_QUADS  3U
#define LENGTHS   7U /* of 1, 2 and 3 quadwords */
#define Z(n)      ((n)*NR_QUADS * 16)
#define P(n)      (Z(32) + (n)*NR_QUADS * 2)
#define FFR       P(16)
#define REGS_SIZE SVE_REGS_SIZE(NR_QUADS)

static struct sim m;
static struct vm *vm;

/* Two vCPUs that compute, on one pCPU that has SVE. */
static int two_on_one(void **state)
{
	(void)state;
	sim_init(&m, 1, 2048);
	m.h.sve_lengths = LENGTHS;
	m.hw_idregs[IDREG(4, 0)] |= PFR0_SVE;
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 2});
	(void)sim_run(&m, 0);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	sim_settle(&m);
	sim_on(&m, 0);
	fake_log_reset();
	return 0;
}

static int one_without(void **state)
{
	(void)state;
	vm = sim_boot(&m, 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_free(&m);
	return 0;
}

static struct fake_pcpu *hw(void)
{
	return &m.pcpu[0].hw;
}

static struct vcpu *on(void)
{
	return sim_vcpu(&m, 0);
}

/* Its slices end until the vCPU runs. */
static void until(const struct vcpu *v)
{
	for (unsigned i = 0; on() != v; i++) {
		assert_true(i < 10);
		fake_counter += SIM_SLICE;
		(void)sim_irq(&m, 0, SIM_HTIMER);
	}
}

static bool all(const uint8_t *p, uint8_t value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
}

static void registers_have_the_size_of_the_specification(void **state)
{
	(void)state;
	assert_int_equal(SVE_REGS_SIZE(1), 32 * 16 + 17 * 2);
	assert_int_equal(SVE_REGS_SIZE(16), 32 * 256 + 17 * 32);
	assert_int_equal(FFR + NR_QUADS * 2, REGS_SIZE);
}

static void first_use_begins_with_the_simd_registers_and_zeros(void **state)
{
	uint64_t pc = on()->regs.pc;

	(void)state;
	assert_false(hw()->sve_open);
	memset(hw()->sve, 0xa5, sizeof(hw()->sve)); /* of somebody else */
	hw()->zcr = 15;
	for (unsigned i = 0; i < 32; i++)
		memset(hw()->fp.q[i], (int)i + 1, 16);
	hw()->fp.fpcr = 0x1000000;
	hw()->fp.fpsr = 0x10;
	(void)sim_sync(&m, 0, SYN_SVE);
	assert_true(hw()->sve_open);
	for (unsigned i = 0; i < 32; i++) {
		assert_true(all(hw()->sve + Z(i), (uint8_t)(i + 1), 16));
		assert_true(all(hw()->sve + Z(i) + 16, 0, NR_QUADS * 16 - 16));
	}
	assert_true(all(hw()->sve + P(0), 0, REGS_SIZE - P(0)));
	assert_int_equal(hw()->zcr, 0);
	assert_int_equal(hw()->fp.fpcr, 0x1000000);
	assert_int_equal(hw()->fp.fpsr, 0x10);
	assert_int_equal(on()->regs.pc, pc); /* executed again */
}

/* Rules out: vector-switch */
static void vectors_are_switched_whole_for_those_that_use_them(void **state)
{
	struct vcpu *a = on(), *b = vm->vcpus[a->idx ^ 1];

	(void)state;
	(void)sim_sync(&m, 0, SYN_SVE);
	for (unsigned i = 0; i < REGS_SIZE; i++)
		hw()->sve[i] = (uint8_t)(i * 7 + i / 256);
	hw()->zcr = 2;
	hw()->fp.fpsr = 0x80;
	until(b);
	assert_false(hw()->sve_open); /* b has never used them */
	hw()->fp.q[4][0] = 0x4444;
	until(a);
	assert_true(hw()->sve_open);
	for (unsigned i = 0; i < REGS_SIZE; i++)
		assert_int_equal(hw()->sve[i], (uint8_t)(i * 7 + i / 256));
	assert_int_equal(hw()->zcr, 2);
	assert_int_equal(hw()->fp.fpsr, 0x80);
	until(b);
	assert_int_equal(hw()->fp.q[4][0], 0x4444);
	(void)sim_sync(&m, 0, SYN_SVE);
	assert_true(all(hw()->sve + Z(5), 0, NR_QUADS * 16));
	assert_int_equal(hw()->zcr, 0);
}

static void vcpu_without_vectors_costs_no_switch_of_them(void **state)
{
	(void)state;
	until(vm->vcpus[on()->idx ^ 1]);
	until(vm->vcpus[on()->idx ^ 1]);
	assert_int_equal(fake_log_count(FAKE_SVE_SAVE), 0);
	assert_int_equal(fake_log_count(FAKE_SVE_RESTORE), 0);
}

/* Rules out: fp-carried-over, reset-state */
static void next_life_has_no_vectors_of_the_last(void **state)
{
	struct vcpu *second = vm->vcpus[1];

	(void)state;
	until(second);
	(void)sim_sync(&m, 0, SYN_SVE);
	memset(hw()->sve, 0xa5, REGS_SIZE);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	until(vm->vcpus[0]);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	until(second);
	assert_false(hw()->sve_open);
	(void)sim_sync(&m, 0, SYN_SVE);
	assert_true(all(hw()->sve, 0, REGS_SIZE));
}

static void every_vcpu_has_room_for_the_longest(void **state)
{
	(void)state;
	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		assert_non_null(vm->vcpus[i]->sve.regs);
		assert_int_equal(vm->vcpus[i]->sve.nr_quads, NR_QUADS);
		assert_int_equal((uintptr_t)vm->vcpus[i]->sve.regs % 16, 0);
	}
}

/* Rules out: false-feature */
static void guest_of_a_cpu_without_them_takes_undefined(void **state)
{
	struct vcpu_regs *g = &on()->regs;

	(void)state;
	g->pc = SIM_RAM + 0x100;
	hw()->el1.vbar = SIM_RAM;
	(void)sim_sync(&m, 0, SYN_SVE);
	assert_int_equal(g->pc, SIM_RAM + 0x200);
	assert_int_equal(hw()->el1.elr, SIM_RAM + 0x100);
	assert_int_equal(hw()->el1.esr, 0x02000000);
	assert_false(hw()->sve_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_have_the_size_of_the_specification),
		cmocka_unit_test_setup_teardown(
			first_use_begins_with_the_simd_registers_and_zeros,
			two_on_one, end),
		cmocka_unit_test_setup_teardown(
			vectors_are_switched_whole_for_those_that_use_them,
			two_on_one, end),
		cmocka_unit_test_setup_teardown(
			vcpu_without_vectors_costs_no_switch_of_them,
			two_on_one, end),
		cmocka_unit_test_setup_teardown(
			next_life_has_no_vectors_of_the_last, two_on_one, end),
		cmocka_unit_test_setup_teardown(
			every_vcpu_has_room_for_the_longest, two_on_one, end),
		cmocka_unit_test_setup_teardown(
			guest_of_a_cpu_without_them_takes_undefined,
			one_without, end),
	};

	return cmocka_run_group_tests_name("sve", tests, NULL, NULL);
}
