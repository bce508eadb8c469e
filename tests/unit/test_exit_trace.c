/* The last exits of a pCPU as the crash report reads them. */
#include <hyp/exit_trace.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

static int two(void **state)
{
	(void)state;
	vm = sim_boot(&m, 2);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_free(&m);
	return 0;
}

static void assert_exit(struct exit_trace *t, uint64_t esr, uint64_t pc,
			const struct vcpu *v)
{
	struct exit_seen seen;

	assert_true(exit_trace_next(t, &seen));
	assert_int_equal(seen.esr, esr);
	assert_int_equal(seen.pc, pc);
	assert_ptr_equal(seen.vcpu, v);
}

static void assert_no_more(struct exit_trace *t)
{
	struct exit_seen seen;

	assert_false(exit_trace_next(t, &seen));
	assert_false(exit_trace_next(t, &seen));
}

static void exits_are_read_newest_first(void **state)
{
	struct vcpu *v = vm->vcpus[0];
	struct exit_trace t;

	(void)state;
	exit_trace_begin(&t, &m.cpus[0]);
	assert_no_more(&t);
	v->regs.pc = 0x1000;
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	v->regs.pc = 0x2000;
	(void)sim_irq(&m, 0, HYP_SGI_KICK);
	exit_trace_begin(&t, &m.cpus[0]);
	assert_exit(&t, CPU_EXIT_IRQ, 0x2000, v);
	assert_exit(&t, SYN_HVC, 0x1000, v);
	assert_no_more(&t);
}

static void full_ring_is_read_once_around(void **state)
{
	struct vcpu *v = vm->vcpus[0];
	struct exit_trace t;

	(void)state;
	for (unsigned i = 0; i < CPU_EXITS + 5; i++) {
		v->regs.pc = 0x1000 + 4 * i;
		(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	}
	exit_trace_begin(&t, &m.cpus[0]);
	for (unsigned i = 0; i < CPU_EXITS; i++)
		assert_exit(&t, SYN_HVC, 0x1000 + 4 * (CPU_EXITS + 4 - i), v);
	assert_no_more(&t);
}

static void exits_before_a_vcpu_went_are_its_own(void **state)
{
	struct vcpu *v = vm->vcpus[1];
	struct exit_trace t;

	(void)state;
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	sim_settle(&m);
	v->regs.pc = 0x3000;
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	exit_trace_begin(&t, &m.cpus[1]);
	assert_null(m.cpus[1].loaded);
	assert_exit(&t, SYN_HVC, 0x3000, v);
}

/* The ring of a pCPU that ran two vCPUs, and one that is no more. */
static void each_put_names_the_vcpu_of_the_older_exits(void **state)
{
	struct vcpu *a = vm->vcpus[0], *b = vm->vcpus[1];
	struct cpu c = {.hyp = &m.h, .next_exit = c.exits};
	struct exit_trace t;

	(void)state;
	c.next_exit = cpu_exit_note(c.next_exit, SYN_HVC, 1);
	c.next_exit = cpu_exit_note(c.next_exit, CPU_EXIT_PUT, 0xdead0);
	c.next_exit = cpu_exit_note(c.next_exit, SYN_HVC, 2);
	c.next_exit = cpu_exit_note(c.next_exit, CPU_EXIT_PUT,
				    (uint64_t)(uintptr_t)a);
	c.next_exit = cpu_exit_note(c.next_exit, SYN_HVC, 3);
	c.next_exit = cpu_exit_note(c.next_exit, CPU_EXIT_PUT,
				    (uint64_t)(uintptr_t)b);
	exit_trace_begin(&t, &c);
	assert_exit(&t, SYN_HVC, 3, b);
	assert_exit(&t, SYN_HVC, 2, a);
	assert_exit(&t, SYN_HVC, 1, NULL);
	assert_no_more(&t);
}

static void spoilt_pointers_are_not_followed(void **state)
{
	struct cpu c = {.hyp = &m.h,
			.loaded = (struct vcpu *)0x123456789a0,
			.next_exit = (struct cpu_exit *)0x8};
	struct exit_trace t;

	(void)state;
	for (unsigned i = 0; i < CPU_EXITS; i++)
		c.exits[i] = (struct cpu_exit){SYN_HVC, i};
	exit_trace_begin(&t, &c);
	for (unsigned i = CPU_EXITS; i-- > 0;)
		assert_exit(&t, SYN_HVC, i, NULL);
	assert_no_more(&t);
}

static void classes_have_names(void **state)
{
	(void)state;
	assert_string_equal(exit_class_name(0x16), "hvc");
	assert_string_equal(exit_class_name(0x2f), "serror");
	assert_string_equal(exit_class_name(CPU_EXIT_IRQ >> 26), "irq");
	assert_null(exit_class_name(0x3f - 2));
	assert_null(exit_class_name(64));
}

#define TWO(t) cmocka_unit_test_setup_teardown(t, two, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWO(exits_are_read_newest_first),
		TWO(full_ring_is_read_once_around),
		TWO(exits_before_a_vcpu_went_are_its_own),
		TWO(each_put_names_the_vcpu_of_the_older_exits),
		TWO(spoilt_pointers_are_not_followed),
		TWO(classes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
