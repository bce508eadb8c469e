/* Two VMs on one machine, and how the machine ends when they do. */
#include "../host/sim.h"

static struct sim m;

static int two_vms(void **state)
{
	(void)state;
	sim_init(&m, SIM_CPUS, 2048);
	for (unsigned i = 0; i < 2; i++)
		(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 2});
	for (unsigned i = 0; i < SIM_CPUS; i++)
		(void)sim_run(&m, i);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

/* Rules out: vmid-shared, foreign-memory */
static void vms_have_memory_tables_and_identity_of_their_own(void **state)
{
	struct vm *a = &m.vms[0], *b = &m.vms[1];
	uint8_t byte = 0x55;

	(void)state;
	assert_int_equal(m.pcpu[0].hw.control.vttbr_el2 >> 48, 1);
	assert_int_equal(m.pcpu[2].hw.control.vttbr_el2 >> 48, 2);
	assert_int_equal(m.pcpu[2].hw.control.vmpidr_el2, 0x80000000);
	assert_int_equal(
		gmem_write(&a->mem, (ipa_t){SIM_RAM + MIB(1)}, &byte, 1), 0);
	assert_int_equal(
		gmem_read(&b->mem, (ipa_t){SIM_RAM + MIB(1)}, &byte, 1), 0);
	assert_int_equal(byte, 0);
}

/* Rules out: reset-neighbour */
static void end_of_one_vm_is_not_the_end_of_the_machine(void **state)
{
	(void)state;
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(m.nr_ends, 0);
	assert_int_equal(m.vms[0].state, VM_OFF);
	assert_null(sim_vcpu(&m, 0));
	assert_int_equal(sim_hvc(&m, 2, SIM_PSCI_CPU_ON, 1, SIM_RAM, 0), 0);
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 3), m.vms[1].vcpus[1]);
	(void)sim_hvc(&m, 3, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_SUCCESS);
	assert_null(m.end_reason);
}

/* Rules out: reset-neighbour */
static void reset_of_one_vm_leaves_its_neighbour_alone(void **state)
{
	const struct vcpu *v = m.vms[1].vcpus[0];
	uint8_t byte = 0x55;

	(void)state;
	assert_int_equal(
		gmem_write(&m.vms[1].mem, (ipa_t){SIM_RAM + MIB(1)}, &byte, 1),
		0);
	sim_vcpu(&m, 2)->regs.x[5] = 5;
	fake_log_reset();
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_ptr_equal(sim_vcpu(&m, 2), v);
	assert_int_equal(v->regs.x[5], 5);
	assert_int_equal(
		gmem_read(&m.vms[1].mem, (ipa_t){SIM_RAM + MIB(1)}, &byte, 1),
		0);
	assert_int_equal(byte, 0x55);
	/* Not a translation of its is flushed, not a CPU of its kicked. */
	assert_int_equal(
		fake_log_find_a(FAKE_TLBI_VMID, 0, v->control.vttbr_el2),
		FAKE_LOG_MAX);
	assert_int_equal(fake_log_count(FAKE_SGI), 0);
}

static void crash(unsigned cpu)
{
	m.pcpu[cpu].hw.el1.vbar = SIM_NOTHING;
	sim_fault(&m, cpu, SIM_NOTHING, SIM_NOTHING);
	sim_vcpu(&m, cpu)->regs.pc = SIM_NOTHING + 0x200;
	(void)sim_sync(&m, cpu, syn(0x20, SYN_TRANSLATION));
}

static void off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void worst_end_of_any_vm_is_the_machines(void **state)
{
	static const struct {
		void (*first)(unsigned), (*second)(unsigned);
		bool incomplete;
		enum end_kind end;
		const char *vm;
	} t[] = {
		{off, off, false, END_SUCCESS, ""},
		{off, off, true, END_BOOT_ERROR, ""},
		{crash, off, false, END_VM_CRASH, "vm0"},
		{off, crash, false, END_VM_CRASH, "vm1"},
		{crash, crash, false, END_VM_CRASH, "vm0"}, /* the first */
		{crash, off, true, END_VM_CRASH, "vm0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		(void)two_vms(state);
		m.h.boot_incomplete = t[i].incomplete;
		t[i].first(0);
		assert_int_equal(m.nr_ends, 0);
		t[i].second(2);
		assert_int_equal(m.nr_ends, 1);
		assert_int_equal(m.end, t[i].end);
		assert_string_equal(m.end_vm, t[i].vm);
		if (t[i].end == END_BOOT_ERROR)
			assert_string_equal(m.end_reason, "a VM was refused");
		(void)end(state);
	}
}

#define TWO(t) cmocka_unit_test_setup_teardown(t, two_vms, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWO(vms_have_memory_tables_and_identity_of_their_own),
		TWO(end_of_one_vm_is_not_the_end_of_the_machine),
		TWO(reset_of_one_vm_leaves_its_neighbour_alone),
		cmocka_unit_test(worst_end_of_any_vm_is_the_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
