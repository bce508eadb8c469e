/* The monitor: what its commands say of a small machine, completion, output
 * that has to wait. */
#include <port/this_cpu.h>
#include <string.h>

#include <hyp/lifecycle.h>
#include <hyp/monitor.h>

#include "../host/sim.h"

static struct sim m;
static struct mux mux;
static struct monitor mon;

/* As boot/start_vms.c does it. */
static void tick(struct sched_event *e)
{
	mux_tick(container_of(e, struct hypervisor, mux_event)->mux);
}

static void set_tick(void *ctx, uint64_t at)
{
	struct hypervisor *h = ctx;

	sched_event_set(&h->mux_event, this_cpu(), at);
}

static int setup(void **state)
{
	static uint8_t ports[128 * 1024] __attribute__((aligned(64)));
	const struct mux_config cfg = {.console = &m.h.console,
				       .nr_vms = SIM_VMS,
				       .escape = MUX_ESCAPE,
				       .quiet = 1,
				       .flush = 1,
				       .stall = 1,
				       .alarm = set_tick,
				       .ctx = &m.h};

	(void)state;
	assert_true(mux_size(SIM_VMS) <= sizeof(ports));
	sim_init(&m, 2, 4096);
	memset(ports, 0, sizeof(ports));
	memset(&mon, 0, sizeof(mon));
	mux_init(&mux, &cfg, ports);
	m.h.mux = &mux;
	m.h.mux_event.fn = tick;
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
	sim_free(&m);
	return 0;
}

/* The UART's interrupt, until there is no more reason for it; and what follows
 * it between two vCPUs. */
static unsigned turns = 200;

static void settle(void)
{
	struct sched_event *e;

	for (unsigned i = 0; i < turns; i++) {
		console_pump(&m.h.console);
		monitor_wake(&mon);
		while ((e = sched_due(this_cpu())))
			e->fn(e);
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
		{"regs vm0.0\r", "\r\nvm0.0 runs:"},
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

/* ---------------------------------------- VMs that come and go meanwhile */

static const char *question;
static enum vm_command order;

static void command_now(struct sim *s)
{
	assert_true(vm_command(&s->vms[1], order) <= 0);
}

/* On the other pCPU, which is vm1's, up to the end of what the command begins.
 */
static void command_there(struct sim *s)
{
	sim_device_irq(s, 1, command_now);
	for (unsigned i = 0; i < 4; i++)
		(void)sim_irq(s, 1, HYP_SGI_KICK);
}

static void ask(struct sim *s)
{
	sim_on(s, 0);
	(void)type(question);
}

static void begin_race(void **state)
{
	(void)setup(state);
	(void)type("\x1dm");
	sim_settle(&m);
	sim_on(&m, 0);
	turns = 2; /* there is a gap at each lock */
	assert_int_equal(m.vms[1].vcpus[0]->cpu->idx, 1);
}

static unsigned nr_there, nr_gone;

/* It was answered to the end: with what was, or is, or not. */
static void end_race(void **state)
{
	const char *out;

	settle();
	out = fake_uart_text(&m.uart);
	assert_non_null(strstr(out, "\r\nplinth> "));
	nr_there += strstr(out, "rwx, by") != NULL;
	nr_gone += strstr(out, "vm1 is ") != NULL;
	sim_check(&m);
	(void)end(state);
	turns = 200;
}

static unsigned patience; /* of these calls the other pCPU lets pass */

/* It takes what it was asked while the monitor, which has vm.lock, waits. */
static void other_answers(const struct spinlock *l)
{
	const struct fake_spin monitor_s = fake_spin;

	if (l != &m.cpus[1].sched.lock || !mon.look.vcpu || patience--)
		return;
	fake_spin = (struct fake_spin){0};
	(void)sim_irq(&m, 1, HYP_SGI_KICK);
	sim_on(&m, 0);
	assert_int_equal(fake_spin.nr_held, 0);
	fake_spin = monitor_s;
}

/* vm1.0 runs on the other pCPU. */
static void registers_of_a_loaded_vcpu_are_those_that_its_cpu_has(void **state)
{
	const struct fake_spin was = fake_spin;
	const char *out;

	(void)state;
	(void)type("\x1dm");
	m.pcpu[1].hw.el1.far = 0x51005100;
	for (unsigned n = 0; n < 2; n++) {
		patience = n;
		fake_spin.after_unlock = other_answers;
		out = type("regs vm1.0\r");
		fake_spin = was;
		assert_non_null(strstr(out, "\r\nvm1.0 runs:"));
		assert_non_null(strstr(out, "\r\nfar   0000000051005100"));
		assert_ptr_equal(sim_vcpu(&m, 1), m.h.vms[1].vcpus[0]);
		assert_null(mon.look.vcpu);
	}
	assert_says("regs vm0.0\r", "\r\nfar   "); /* its own pCPU's */
}

static void cpu_that_does_not_answer_is_not_waited_for(void **state)
{
	(void)state;
	(void)type("\x1dm");
	assert_says("regs vm1.0\r",
		    "vm1.0 runs, and its CPU does not answer; at an earlier");
	sim_settle(&m); /* it comes too late, and nothing happens */
	assert_null(mon.look.vcpu);
}

static void race(void **state)
{
	bool raced = true;

	for (unsigned n = 0; raced; n++) { /* it comes while we answer */
		begin_race(state);
		sim_race(n, command_there);
		(void)type(question);
		raced = sim_raced();
		end_race(state);
	}
	for (unsigned n = 0, more = 1; more; n++) { /* we answer meanwhile */
		begin_race(state);
		m.uart.nr_out = 0;
		sim_race(n, ask);
		command_there(&m);
		more = sim_raced();
		if (!more)
			(void)type(question);
		end_race(state);
	}
}

static void vm_may_be_reset_or_destroyed_at_any_moment_of_an_answer(void **s)
{
	static const char *const questions[] = {"map vm1 0x40000000\r", "mem\r",
						"regs vm1.0\r"};
	static const enum vm_command orders[] = {VM_RESET, VM_DESTROY};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(questions); i++) {
		question = questions[i / 2];
		order = orders[i % 2];
		race(s);
	}
	print_message("  %u times there, %u gone\n", nr_there, nr_gone);
	assert_true(nr_there > 5 && nr_gone > 5);
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
		T(registers_of_a_loaded_vcpu_are_those_that_its_cpu_has),
		T(cpu_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(
			vm_may_be_reset_or_destroyed_at_any_moment_of_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
