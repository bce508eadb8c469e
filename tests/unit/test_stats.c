/* What `stats` prints at the end of a life: exits of that life, free pages. */
#include <stdio.h>

#include <hyp/stats.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

static int setup(void **state)
{
	(void)state;
	vm = sim_boot(&m, 2);
	host_log_reset();
	m.h.stats = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static const char *memory_line(void)
{
	static char line[64];

	(void)snprintf(line, sizeof(line), "VM vm0: memory: %lu pages free",
		       page_alloc_nr_free(&m.h.pages));
	return line;
}

static void version(unsigned times)
{
	while (times--)
		(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
}

/* Rules out: reset-leak */
static void every_life_ends_with_the_pages_that_are_free(void **state)
{
	void *leak;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		assert_int_equal(host_log_said(memory_line()), i);
	}
	leak = page_alloc_contig(&m.h.pages, 1);
	assert_non_null(leak);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(host_log_said(memory_line()), 1);
	assert_int_equal(host_log_said(" pages free"), 4);
	page_free_contig(&m.h.pages, leak, 1);
}

static char said[4][256];
static unsigned nr_said;

static void say(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, &m);
	(void)snprintf(said[nr_said++ & 3], sizeof(said[0]), "%s", text);
}

/* 2 MiB of RAM, all at once; one page of the image would be 4 KiB. */
static void memory_is_told_for_the_machine_and_each_vm(void **state)
{
	char want[256];

	(void)state;
	nr_said = 0;
	stats_memory(&m.h, say, &m);
	assert_int_equal(nr_said, 2);
	(void)snprintf(want, sizeof(want),
		       "memory: %lu KiB managed, %lu KiB free, 0 KiB of that "
		       "promised",
		       m.h.pages.nr_pages * 4,
		       page_alloc_nr_free(&m.h.pages) * 4);
	assert_string_equal(said[0], want);
	(void)snprintf(want, sizeof(want),
		       "VM vm0: memory: 2048 KiB RAM, 2048 KiB own, 0 of "
		       "0 KiB of images shared, 5 tables, 2 of them for "
		       "devices, %lu KiB of Plinth's",
		       m.h.vms[0].arena.nr_pages * 4);
	assert_string_equal(said[1], want);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(host_log_said(said[1]), 1);
}

static void exits_are_those_of_one_life(void **state)
{
	(void)state;
	version(4);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(host_log_said("VM vm0: exits: hvc 5"), 1);
	assert_int_equal(host_log_said("VM vm0: exits: total 5"), 1);
	version(1);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(host_log_said("VM vm0: exits: hvc 2"), 1);
	assert_int_equal(host_log_said("exits: "), 4);
}

static void exits_of_all_vcpus_are_added(void **state)
{
	(void)state;
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	sim_settle(&m);
	vm->vcpus[1]->exits[VCPU_EXIT_IRQ] = 0;
	(void)sim_irq(&m, 1, HYP_SGI_KICK);
	(void)sim_hvc(&m, 1, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(host_log_said("VM vm0: exits: hvc 2"), 1);
	assert_int_equal(host_log_said("VM vm0: exits: irq 2"), 1);
}

static void nothing_is_printed_unless_asked_for(void **state)
{
	(void)state;
	m.h.stats = false;
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(host_log_said("exits: ") + host_log_said("memory: "),
			 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(memory_is_told_for_the_machine_and_each_vm),
		T(every_life_ends_with_the_pages_that_are_free),
		T(exits_are_those_of_one_life),
		T(exits_of_all_vcpus_are_added),
		T(nothing_is_printed_unless_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
