/* Races in a VM's life: other vCPUs act at every moment at which a pCPU holds
 * no lock, and the books are right afterwards. */
#include <string.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

/* -------------------------------------------------------- two deeds at once */

typedef void (*deed)(unsigned cpu);

static void do_off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void do_reset(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void do_crash(unsigned cpu)
{
	m.pcpu[cpu].hw.el1.vbar = SIM_NOTHING;
	sim_fault(&m, cpu, SIM_NOTHING, SIM_NOTHING);
	sim_vcpu(&m, cpu)->regs.pc = SIM_NOTHING + 0x200;
	(void)sim_sync(&m, cpu, syn(0x20, SYN_TRANSLATION));
}

static void do_cpu_off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_OFF, 0, 0, 0);
}

static void do_cpu_on(unsigned cpu)
{
	(void)sim_cpu_on(&m, cpu, 2);
}

static void do_standby(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
}

static void do_power_down(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN, SIM_ENTRY,
		      0);
}

static void do_system_suspend(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_SUSPEND, SIM_ENTRY, 0, 0);
}

static void do_warm_reset(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_RESET2, 0, 0, 0);
}

static void do_irq(unsigned cpu)
{
	(void)sim_irq(&m, cpu, HYP_SGI_KICK);
}

static const deed deeds[] = {
	do_off,     do_reset,      do_crash, do_cpu_off,        do_cpu_on,
	do_standby, do_power_down, do_irq,   do_system_suspend, do_warm_reset};

static deed others_deed;
static unsigned others_cpu;
static bool others_settle;

/* What happens meanwhile: a deed of another vCPU, and what follows from it. */
static void meanwhile(struct sim *s)
{
	if (sim_vcpu(s, others_cpu))
		others_deed(others_cpu);
	for (unsigned i = 0; others_settle && i < 3; i++) {
		if (i != 1 - others_cpu && !s->nr_ends)
			(void)sim_irq(s, i, HYP_SGI_KICK);
	}
}

static bool is_reset(deed d)
{
	return d == do_reset || d == do_warm_reset;
}

/* The VM is where it must be when both deeds are done. */
static void assert_outcome(size_t a, size_t b)
{
	bool off = deeds[a] == do_off || deeds[b] == do_off;
	bool crash = deeds[a] == do_crash || deeds[b] == do_crash;
	bool reset = is_reset(deeds[a]) || is_reset(deeds[b]);
	bool both_off = deeds[a] == do_cpu_off && deeds[b] == do_cpu_off;

	if (m.nr_ends) {
		assert_true(off || crash || both_off);
		assert_int_equal(vm->state, VM_OFF);
		if (!crash)
			assert_int_equal(m.end, END_SUCCESS);
		return;
	}
	assert_int_equal(vm->state, VM_RUNNING);
	assert_false(both_off || off || crash ? !reset : false);
	if (reset) {
		assert_ptr_equal(sim_vcpu(&m, 0), vm->vcpus[0]);
		assert_int_equal(vm->nr_live, 1);
		sim_bring_up(&m, 0, 1);
		sim_bring_up(&m, 0, 2);
	}
}

/* One deed of vCPU 0 or 1, the other's at the n-th gap in it; false: there is
 * no such gap. */
static bool race(size_t a, size_t b, unsigned cpu, unsigned n)
{
	bool raced;

	vm = sim_boot(&m, 3);
	sim_bring_up(&m, 0, 1);
	others_deed = deeds[b];
	others_cpu = 1 - cpu;
	sim_race(n, meanwhile);
	deeds[a](cpu);
	raced = sim_raced();
	if (raced) {
		if (!m.nr_ends)
			sim_settle(&m);
		sim_check(&m);
		assert_outcome(a, b);
	}
	sim_free(&m);
	return raced;
}

static void race_all(unsigned cpu)
{
	unsigned nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(deeds) * ARRAY_SIZE(deeds); i++) {
		size_t a = i / ARRAY_SIZE(deeds), b = i % ARRAY_SIZE(deeds);
		unsigned n = 0;

		while (race(a, b, cpu, n))
			n++;
		nr += n;
	}
	print_message("  %u interleavings\n", nr);
	assert_true(nr > 100);
}

/* Rules out: cpu-on-race */
static void two_deeds_at_once_end_as_one_after_the_other(void **state)
{
	(void)state;
	others_settle = false;
	race_all(0);
	race_all(1);
}

static void deed_and_its_consequences_meanwhile_end_well_too(void **state)
{
	(void)state;
	others_settle = true;
	race_all(0);
	race_all(1);
}

/* vCPU 1 leaves; before it is out of EL2 the VM has had a reset and vCPU 0
 * turned vCPU 1 on again. */
static unsigned nr_gap;

static void try_again(struct sim *s)
{
	(void)s;
	assert_true(sim_cpu_on(&m, 0, 1) < 0); /* on, or about to be */
	nr_gap++;
	sim_race(0, try_again);
}

static void reset_and_turn_on(struct sim *s)
{
	(void)s;
	do_reset(0);
	if (sim_vcpu(&m, 0) && vm->state == VM_RUNNING) {
		assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
		nr_gap++;
		sim_race(0, try_again);
	}
}

/* Rules out: late-leaver */
static void vcpu_that_leaves_late_does_not_undo_its_next_start(void **state)
{
	bool raced = true;

	(void)state;
	nr_gap = 0;
	for (unsigned n = 0; raced; n++) {
		vm = sim_boot(&m, 3);
		sim_bring_up(&m, 0, 1);
		sim_race(n, reset_and_turn_on);
		do_cpu_off(1);
		raced = sim_raced() || vm->stop == VM_STOP_NONE;
		sim_settle(&m);
		sim_check(&m);
		if (vm->vcpus[1]->state != VCPU_OFF)
			assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
		raced = raced && n < 20;
		sim_free(&m);
	}
	assert_true(nr_gap > 0);
}

/*
 * Everything at once: four vCPUs in one VM or two, each at any moment in its
 * guest, asleep, or somewhere in EL2 while the others go on.
 */
static uint32_t dice_state;
static bool in_el2[SIM_CPUS];

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static void any_deed(unsigned cpu)
{
	static const deed some[] = {do_off,     do_reset,   do_crash,
				    do_cpu_off, do_cpu_off, do_standby,
				    do_standby, do_irq};
	const struct vcpu *v = sim_vcpu(&m, cpu);

	if (!v)
		(void)sim_irq(&m, cpu, dice(2) ? HYP_SGI_KICK : SIM_VTIMER);
	else if (dice(3) == 0)
		some[dice(ARRAY_SIZE(some))](cpu);
	else if (dice(8) == 0)
		do_power_down(cpu);
	else
		(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_ON, dice(v->vm->nr_vcpus),
			      SIM_ENTRY, 0);
}

static void step(struct sim *s)
{
	unsigned cpu = dice(s->h.nr_cpus);

	if (!s->nr_ends && !in_el2[cpu]) {
		in_el2[cpu] = true;
		sim_race(dice(12), step);
		any_deed(cpu);
		in_el2[cpu] = false;
	}
	sim_race(dice(12), step);
}

static void play(unsigned nr_vms, unsigned steps)
{
	sim_init(&m, 4, 2048);
	for (unsigned i = 0; i < nr_vms; i++)
		vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 4 / nr_vms});
	for (unsigned i = 0; i < 4; i++)
		(void)sim_run(&m, i);
	while (steps-- && !m.nr_ends) {
		step(&m);
		(void)sim_raced();
		sim_check(&m);
	}
	if (!m.nr_ends)
		sim_settle(&m);
	sim_check(&m);
	sim_free(&m);
}

static void any_schedule_of_deeds_keeps_the_books(void **state)
{
	unsigned ended = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		dice_state = i;
		memset(in_el2, 0, sizeof(in_el2));
		play(i % 2 + 1, 200);
		ended += m.nr_ends;
	}
	assert_true(ended > 50 && ended < 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_deeds_at_once_end_as_one_after_the_other),
		cmocka_unit_test(
			deed_and_its_consequences_meanwhile_end_well_too),
		cmocka_unit_test(
			vcpu_that_leaves_late_does_not_undo_its_next_start),
		cmocka_unit_test(any_schedule_of_deeds_keeps_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
