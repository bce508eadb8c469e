/* Races of commands with what guests do and with each other: one comes at every
 * moment at which a pCPU in another deed holds no lock. Afterwards the VM is
 * where the last aim says, the books are right and no page is lost. */
#include <string.h>

#include <hyp/lifecycle.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define KEEPER                                                                 \
	2 /* pCPU of a VM that does nothing, and so keeps the machine          \
	   */

typedef void (*deed)(unsigned cpu);

static enum vm_command order;

static void command_now(struct sim *s)
{
	(void)s;
	assert_true(vm_command(vm, order) <= 0); /* refused, or not */
}

static void command_on(unsigned cpu, enum vm_command cmd)
{
	order = cmd;
	sim_device_irq(&m, cpu, command_now);
}

#define COMMAND(name, cmd)                                                     \
	static void name(unsigned cpu)                                         \
	{                                                                      \
		command_on(cpu, cmd);                                          \
	}

COMMAND(do_create, VM_CREATE)
COMMAND(do_start, VM_START)
COMMAND(do_pause, VM_PAUSE)
COMMAND(do_resume, VM_RESUME)
COMMAND(do_reset, VM_RESET)
COMMAND(do_halt, VM_HALT)
COMMAND(do_destroy, VM_DESTROY)

static void call(unsigned cpu, uint64_t fn, uint64_t a, uint64_t b)
{
	if (sim_vcpu(&m, cpu))
		(void)sim_hvc(&m, cpu, fn, a, b, 0);
}

static void guest_off(unsigned cpu)
{
	call(cpu, SIM_PSCI_SYSTEM_OFF, 0, 0);
}

static void guest_reset(unsigned cpu)
{
	call(cpu, SIM_PSCI_SYSTEM_RESET, 0, 0);
}

static void guest_cpu_off(unsigned cpu)
{
	call(cpu, SIM_PSCI_CPU_OFF, 0, 0);
}

static void guest_cpu_on(unsigned cpu)
{
	call(cpu, SIM_PSCI_CPU_ON, 1, SIM_ENTRY);
}

static void guest_standby(unsigned cpu)
{
	call(cpu, SIM_PSCI_CPU_SUSPEND, 0, 0);
}

static void guest_power_down(unsigned cpu)
{
	call(cpu, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN, SIM_ENTRY);
}

static void guest_crash(unsigned cpu)
{
	if (!sim_vcpu(&m, cpu))
		return;
	m.pcpu[cpu].hw.el1.vbar = SIM_NOTHING;
	sim_fault(&m, cpu, SIM_NOTHING, SIM_NOTHING);
	sim_vcpu(&m, cpu)->regs.pc = SIM_NOTHING + 0x200;
	(void)sim_sync(&m, cpu, syn(0x20, SYN_TRANSLATION));
}

static void kick(unsigned cpu)
{
	(void)sim_irq(&m, cpu, HYP_SGI_KICK);
}

static const deed commands[] = {do_create, do_start, do_pause,  do_resume,
				do_reset,  do_halt,  do_destroy};
static const deed doings[] = {guest_off,    guest_reset,   guest_cpu_off,
			      guest_cpu_on, guest_standby, guest_power_down,
			      guest_crash,  kick};

#define NR (ARRAY_SIZE(commands) + ARRAY_SIZE(doings))

static deed deed_of(size_t i)
{
	return i < ARRAY_SIZE(commands) ? commands[i]
					: doings[i - ARRAY_SIZE(commands)];
}

static void bring_up(enum vm_restart policy)
{
	sim_init(&m, 3, 4096);
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 2});
	m.cfg[0].restart = policy;
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	for (unsigned i = 0; i < 3; i++)
		(void)sim_run(&m, i);
	sim_on(&m, 0);
	sim_bring_up(&m, 0, 1);
}

/* All that was begun is done: a VM is where it wants to be. */
static void assert_settled(void)
{
	for (unsigned i = 0; i < 4; i++)
		sim_timers(&m);
	sim_check(&m);
	assert_int_equal(m.nr_ends, 0);
	if (vm->state == VM_RESTARTING)
		assert_true(vm->cfg->restart != VM_RESTART_NEVER);
	else
		assert_int_equal(vm->state, vm->want);
	assert_int_equal(vm->counted, vm->want >= VM_PAUSED);
	assert_int_equal(m.h.nr_running, 1U + vm->counted);
	for (unsigned i = 0; i < 2; i++)
		assert_true(vm->state == VM_RUNNING || !sim_vcpu(&m, i) ||
			    sim_vcpu(&m, i)->vm != vm);
}

/* And from there it can be brought up again. */
static void assert_usable(void)
{
	command_on(KEEPER, VM_DESTROY);
	command_on(KEEPER, VM_CREATE);
	command_on(KEEPER, VM_START);
	assert_settled();
	assert_int_equal(vm->state, VM_RUNNING);
	assert_non_null(sim_vcpu(&m, vm->vcpus[0]->cpu->idx));
}

/* ----------------------------------------------------------- two at a time */

static deed others_deed;
static unsigned others_cpu;

static void meanwhile(struct sim *s)
{
	(void)s;
	others_deed(others_cpu);
}

/* Deed `a` on pCPU 0 and `b` on another, which comes at the n-th gap in it and
 * in what follows; false: there is no such gap. */
static bool race(deed first, deed a, deed b, unsigned cpu, unsigned n)
{
	bool raced;

	bring_up(VM_RESTART_ON_CRASH);
	if (first)
		first(KEEPER);
	sim_timers(&m);
	others_deed = b;
	others_cpu = cpu;
	sim_race(n, meanwhile);
	a(0);
	kick(0);
	raced = sim_raced();
	if (raced) {
		assert_settled();
		if (n % 4 == 0) /* it takes its time */
			assert_usable();
	}
	sim_free(&m);
	return raced;
}

/* What the other pCPU does: its guest lives on. */
static bool may(unsigned cpu, size_t b)
{
	return cpu != KEEPER || b < ARRAY_SIZE(commands);
}

static void race_all(deed first, unsigned cpu)
{
	unsigned nr = 0;

	for (size_t i = 0; i < NR * NR; i++) {
		size_t a = i / NR, b = i % NR;

		if (!may(cpu, b) ||
		    (a >= ARRAY_SIZE(commands) && b >= ARRAY_SIZE(commands)))
			continue; /* test_lifecycle_race.c has these */
		for (unsigned n = 0;
		     race(first, deed_of(a), deed_of(b), cpu, n); n++)
			nr++;
	}
	print_message("  %u interleavings\n", nr);
	assert_true(nr > 100);
}

static void command_at_any_moment_of_a_deed_ends_well(void **state)
{
	(void)state;
	race_all(NULL, 1);
}

static void command_at_any_moment_of_work_ends_well(void **state)
{
	(void)state;
	race_all(do_halt, KEEPER);
	race_all(do_destroy, KEEPER);
	race_all(do_pause, 1);
}

/* -------------------------------------------------------------- all at once */

static uint32_t dice_state;
static bool in_el2[SIM_CPUS];

static uint32_t dice(uint32_t sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 8) % sides;
}

static void any_deed(unsigned cpu)
{
	if (dice(3) == 0)
		commands[dice(ARRAY_SIZE(commands))](cpu);
	else if (cpu != KEEPER)
		doings[dice(ARRAY_SIZE(doings))](cpu);
	else
		(void)sim_irq(&m, cpu, dice(2) ? HYP_SGI_KICK : SIM_HTIMER);
	if (dice(4) == 0)
		fake_counter += 20000;
}

static void step(struct sim *s)
{
	unsigned cpu = dice(s->h.nr_cpus);

	if (!in_el2[cpu]) {
		in_el2[cpu] = true;
		sim_race(dice(12), step);
		any_deed(cpu);
		in_el2[cpu] = false;
	}
	sim_race(dice(12), step);
}

static void any_schedule_of_commands_and_deeds_ends_well(void **state)
{
	unsigned seen[VM_RUNNING + 1] = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		bring_up((enum vm_restart)(i % 3));
		dice_state = i;
		memset(in_el2, 0, sizeof(in_el2));
		for (unsigned k = 0; k < 150; k++) {
			step(&m);
			(void)sim_raced();
			sim_check(&m);
			seen[vm->state]++;
		}
		fake_counter += VM_BACKOFF_MOST_MS * 1000;
		assert_settled();
		assert_usable();
		sim_free(&m);
	}
	for (unsigned i = 0; i <= VM_RUNNING; i++) {
		print_message("  %u times %s\n", seen[i], vm_state_name(i));
		assert_true(seen[i] > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_at_any_moment_of_a_deed_ends_well),
		cmocka_unit_test(command_at_any_moment_of_work_ends_well),
		cmocka_unit_test(any_schedule_of_commands_and_deeds_ends_well),
	};

	return cmocka_run_group_tests_name("commands_race", tests, NULL, NULL);
}
