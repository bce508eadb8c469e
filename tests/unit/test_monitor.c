/* The monitor: what its commands say of a small machine, completion, output
 * that has to wait. */
#include <string.h>

#include <hyp/monitor.h>

#include "../host/sim.h"

static struct sim m;
static struct mux mux;
static struct monitor mon;

static int setup(void **state)
{
	static uint8_t ports[128 * 1024] __attribute__((aligned(64)));
	const struct mux_config cfg = {.console = &m.h.console,
				       .nr_vms = SIM_VMS,
				       .escape = MUX_ESCAPE,
				       .quiet = 1,
				       .flush = 1};

	(void)state;
	assert_true(mux_size(SIM_VMS) <= sizeof(ports));
	sim_init(&m, 2, 4096);
	memset(ports, 0, sizeof(ports));
	memset(&mon, 0, sizeof(mon));
	mux_init(&mux, &cfg, ports);
	m.h.mux = &mux;
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 2});
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	monitor_init(&mon, &m.h);
	mux_open(&mux);
	(void)sim_run(&m, 0);
	(void)sim_run(&m, 1);
	sim_on(&m, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	trap_measure(false);
	sim_free(&m);
	return 0;
}

/* The UART's interrupt, until there is no more reason for it. */
static void settle(void)
{
	for (unsigned i = 0; i < 200; i++) {
		console_pump(&m.h.console);
		monitor_run(&mon);
	}
}

/* Typed at the monitor; what the terminal shows then. */
static const char *type(const char *keys)
{
	m.uart.nr_out = 0;
	fake_uart_type(&m.uart, keys);
	settle();
	return fake_uart_text(&m.uart);
}

static void assert_says(const char *keys, const char *text)
{
	const char *out = type(keys);

	if (!strstr(out, text))
		fail_msg("%s: %s", keys, out);
}

static void commands_say_what_is(void **state)
{
	static const struct {
		const char *keys, *text;
	} t[] = {
		{"help\r", "vcpus"},
		{"vms\r", "\r\nvm0 running 2 2 1024 "},
		{"vm pause vm0\r", "\r\nplinth> "},
		{"vm resume vm0\r", "\r\nplinth> "},
		{"vms\r", "\r\nvm1 running 1 2 1024 "},
		{"vcpus\r", "\r\nvm0.0 runs 0 "},
		{"vcpus\r", "\r\nvm0.1 off "},
		{"vcpus\r", "\r\nvm1.0 "},
		{"vcpus vm1\r", "stolen-us\r\nvm1.0 "},
		{"regs vm0.0\r", "\r\nvm0.0 runs, at its last exit:"},
		{"regs vm0.0\r", "\r\npc    0000000040000000"},
		{"regs vm0.1\r", "\r\nsctlr "},
		{"exits\r", "\r\nreason exits average-ns\r\n"},
		{"irqs vm0\r", "\r\nplinth> "},
		{"mem\r", "\r\nvm0 2048 2048 0 0 "},
		{"map vm0 0x40000000\r", " rwx, by "},
		{"map vm0 1073741824\r", "40000000 -> "},
		{"map vm0 0x9000000\r", "9000000: not mapped"},
		{"map vm0 0xffffffffffff\r", "beyond the VM's addresses"},
		{"log\r", "plinth: console: monitor\r\n"},
	};

	(void)state;
	(void)type("\x1dm");
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].keys);
		assert_says(t[i].keys, t[i].text);
	}
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *keys, *text;
	} t[] = {
		{"reboot\r", "reboot: unknown"},
		{"vm\r", "usage: vm VERB VM"},
		{"vm start\r", "usage: vm VERB VM"},
		{"vm boot vm0\r", "usage: vm VERB VM"},
		{"vm start x\r", "there is no VM x"},
		{"vm start vm0\r", "vm0 is running, or will be soon"},
		{"vcpus x\r", "there is no VM x"},
		{"exits x\r", "there is no VM x"},
		{"regs\r", "usage: regs VM.VCPU"},
		{"regs vm0\r", "usage: regs VM.VCPU"},
		{"regs vm0.x\r", "usage: regs VM.VCPU"},
		{"regs vm0.2\r", "vm0 has no vCPU 2"},
		{"regs x.0\r", "there is no VM x"},
		{"irqs\r", "usage: irqs VM"},
		{"map vm0\r", "usage: map VM IPA"},
		{"map vm0 0x\r", "usage: map VM IPA"},
		{"map vm0 12x\r", "usage: map VM IPA"},
		{"map vm0 0x123456789abcdef01\r", "usage: map VM IPA"},
	};

	(void)state;
	(void)type("\x1dm");
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].keys);
		assert_says(t[i].keys, t[i].text);
	}
}

static void prompt_is_there_when_it_is_opened_and_after_each_line(void **state)
{
	(void)state;
	assert_string_equal(type("\x1dm"),
			    "plinth: console: monitor\r\nplinth> ");
	assert_string_equal(type("\r\r"), "\r\nplinth> \r\nplinth> ");
}

static void interrupts_are_listed_that_mean_something(void **state)
{
	(void)state;
	(void)type("\x1dm");
	sim_guest_gic(&m, 0);
	vgic_set_line(m.vms[0].vgic, VGIC_NO_VCPU, 40, true);
	assert_says("irqs vm0\r", "\r\n40 vcpu ");
	assert_says("irqs vm0\r", " enabled pending level\r\n");
}

static void time_of_exits_is_measured_once_the_monitor_is_used(void **state)
{
	(void)state;
	(void)type("\x1dm");
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	assert_says("exits vm0\r", "\r\nhvc 1 -\r\n");
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	assert_says("exits vm0\r", "\r\nhvc 2 1000\r\n");
}

static void tab_completes_commands_and_vms(void **state)
{
	(void)state;
	(void)type("\x1dm");
	assert_string_equal(type("he\t"), "help ");
	(void)type("\x15");
	assert_string_equal(type("v\t"),
			    "v\r\nvcpus\r\nvm\r\nvms\r\nplinth> v");
	(void)type("\x15");
	assert_string_equal(type("vm res\t"),
			    "vm res\r\nresume\r\nreset\r\nplinth> vm res");
	assert_string_equal(type("u\t"), "ume ");
	(void)type("\x15");
	assert_string_equal(type("exits \t"), "exits vm");
	assert_string_equal(type("1\t"), "1 ");
	(void)type("\x15");
	assert_string_equal(type("xyz\t"), "xyz");
}

static void long_answer_waits_for_the_uart_and_is_whole(void **state)
{
	unsigned before;

	(void)state;
	(void)type("\x1dm");
	m.uart.room = 0;
	for (unsigned i = 0; i < 20; i++)
		(void)type("help\r");
	assert_non_null(mon.running);
	before = m.uart.nr_out;
	m.uart.room = ~0U;
	for (unsigned i = 0; i < 40; i++)
		settle();
	assert_null(mon.running);
	assert_true(m.uart.nr_out > before);
	before = 0;
	for (const char *p = fake_uart_text(&m.uart);
	     (p = strstr(p, "virtual mach")); p++)
		before++;
	assert_int_equal(before, 20);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(commands_say_what_is),
		T(what_is_wrong_is_said),
		T(prompt_is_there_when_it_is_opened_and_after_each_line),
		T(interrupts_are_listed_that_mean_something),
		T(time_of_exits_is_measured_once_the_monitor_is_used),
		T(tab_completes_commands_and_vms),
		T(long_answer_waits_for_the_uart_and_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
