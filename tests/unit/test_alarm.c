/* Alarms of the VMs' clocks, which share the machine's one. PL031 registers:
 * DDI 0224. */
#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define RTC_INTID 34U
#define NOW       UINT64_C(1767225600)

enum rtc {
	MR = 4,
	IMSC = 0x10,
	RIS = 0x14,
	ICR = 0x1c
};

static int one(void **state)
{
	(void)state;
	vm = sim_boot(&m, 1);
	m.wall = NOW;
	return 0;
}

static int two_vms(void **state)
{
	(void)state;
	sim_init(&m, 2, 2048);
	for (unsigned i = 0; i < 2; i++)
		(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	for (unsigned i = 0; i < 2; i++)
		(void)sim_run(&m, i);
	sim_on(&m, 0);
	m.wall = NOW;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static void set(unsigned cpu, uint64_t at)
{
	sim_store(&m, cpu, SIM_RTC + MR, 4, at);
	sim_store(&m, cpu, SIM_RTC + IMSC, 4, 1);
}

/* The machine's clock reaches that second and interrupts. */
static void ring(uint64_t at)
{
	m.wall = at;
	sim_on(&m, 0);
	hyp_alarm(&m.h);
}

static bool line(const struct vm *v)
{
	struct vgic_irq_state st;

	assert_true(vgic_irq_state(v->vgic, VGIC_NO_VCPU, 0, RTC_INTID, &st));
	return st.line;
}

static void alarm_rings_when_its_second_has_come(void **state)
{
	(void)state;
	assert_int_equal(m.alarm, 0);
	sim_store(&m, 0, SIM_RTC + MR, 4, NOW + 5);
	assert_int_equal(m.alarm, 0); /* masked */
	sim_store(&m, 0, SIM_RTC + IMSC, 4, 1);
	assert_int_equal(m.alarm, NOW + 5);
	ring(NOW + 5);
	assert_true(line(vm));
	assert_int_equal(m.alarm, 0);
	assert_int_equal(sim_load(&m, 0, SIM_RTC + RIS, 4), 1);
	sim_store(&m, 0, SIM_RTC + ICR, 4, 1);
	assert_false(line(vm));
}

static void alarm_that_rings_early_is_set_again(void **state)
{
	(void)state;
	set(0, NOW + 5);
	for (uint64_t t = NOW; t < NOW + 5; t++) {
		ring(t);
		assert_false(line(vm));
		assert_int_equal(m.alarm, NOW + 5);
	}
	ring(NOW + 7); /* and late is better than never */
	assert_true(line(vm));
}

static void alarm_wakes_a_suspended_vm(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	set(0, NOW + 5);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_SUSPEND, SIM_ENTRY, 7, 0);
	assert_null(sim_vcpu(&m, 0));
	m.wall = NOW + 5;
	sim_on(&m, 0);
	hyp_alarm(&m.h);
	(void)sim_irq(&m, 0, HYP_SGI_KICK);
	assert_non_null(sim_vcpu(&m, 0));
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, SIM_ENTRY);
}

static void alarm_that_is_masked_or_reset_is_withdrawn(void **state)
{
	(void)state;
	set(0, NOW + 5);
	sim_store(&m, 0, SIM_RTC + IMSC, 4, 0);
	assert_int_equal(m.alarm, 0);
	sim_store(&m, 0, SIM_RTC + IMSC, 4, 1);
	assert_int_equal(m.alarm, NOW + 5);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(m.alarm, 0);
	ring(NOW + 6);
	assert_false(line(vm));
}

static void machines_alarm_is_the_first_of_all_vms(void **state)
{
	(void)state;
	set(0, NOW + 9);
	set(1, NOW + 4);
	assert_int_equal(m.alarm, NOW + 4);
	ring(NOW + 4);
	assert_false(line(&m.vms[0]));
	assert_true(line(&m.vms[1]));
	assert_int_equal(m.alarm, NOW + 9);
	set(1, NOW + 20);
	assert_int_equal(m.alarm, NOW + 9);
	ring(NOW + 30); /* both at once */
	assert_true(line(&m.vms[0]) && line(&m.vms[1]));
	assert_int_equal(m.alarm, 0);
}

static void clock_without_an_alarm_shows_a_match_at_the_next_look(void **s)
{
	(void)s;
	sim_init(&m, 1, 2048);
	m.h.ops.set_alarm = NULL;
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	(void)sim_run(&m, 0);
	set(0, 5);
	m.wall = 5;
	assert_false(line(vm));
	assert_int_equal(sim_load(&m, 0, SIM_RTC + RIS, 4), 1);
	assert_true(line(vm));
	(void)end(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define ONE(t) cmocka_unit_test_setup_teardown(t, one, end)
#define TWO(t) cmocka_unit_test_setup_teardown(t, two_vms, end)
		ONE(alarm_rings_when_its_second_has_come),
		ONE(alarm_that_rings_early_is_set_again),
		ONE(alarm_wakes_a_suspended_vm),
		ONE(alarm_that_is_masked_or_reset_is_withdrawn),
		TWO(machines_alarm_is_the_first_of_all_vms),
		cmocka_unit_test(
			clock_without_an_alarm_shows_a_match_at_the_next_look),
	};

	return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}
