/* The watchdog: its registers and signals (Arm BSA, "Generic Watchdog"), and
 * what becomes of a VM that it watches. */
#include <errno.h>
#include <string.h>

#include <hyp/lifecycle.h>

#include "../host/sim.h"

#define WRR    0x000
#define WCS    0x000
#define WOR    0x008
#define WCV    0x010
#define W_IIDR 0xfcc

/* ---------------------------------------------------------------- the device
 */

static struct gwdt dog;
static uint64_t clock_now, timer;
static bool line;
static unsigned nr_expired;

static uint64_t now(void *ctx)
{
	(void)ctx;
	return clock_now;
}

static void set_irq(void *ctx, bool level)
{
	(void)ctx;
	assert_true(line != level);
	line = level;
}

static void set_timer(void *ctx, uint64_t at)
{
	(void)ctx;
	timer = at;
}

static void expired(void *ctx)
{
	(void)ctx;
	assert_int_equal(fake_spin.nr_held, 0);
	nr_expired++;
}

static int setup(void **state)
{
	const struct gwdt_ops ops = {now, set_irq, set_timer, expired, NULL};

	(void)state;
	memset(&dog, 0, sizeof(dog));
	gwdt_init(&dog, &ops);
	gwdt_reset(&dog);
	clock_now = 1000;
	line = false;
	nr_expired = 0;
	return 0;
}

static uint32_t rd(uint64_t reg)
{
	struct mmio_op op = {.offset = reg, .size = 4};

	assert_int_equal(gwdt_control_mmio(&dog, &op), 0);
	return (uint32_t)op.value;
}

static void wr(uint64_t reg, uint32_t value)
{
	struct mmio_op op = {
		.offset = reg, .size = 4, .write = true, .value = value};

	assert_int_equal(gwdt_control_mmio(&dog, &op), 0);
}

static void refresh(uint64_t reg)
{
	struct mmio_op op = {.offset = reg, .size = 4, .write = true};

	assert_int_equal(gwdt_refresh_mmio(&dog, &op), 0);
}

/* The timer fires when it is due, until then. */
static void pass(uint64_t ticks)
{
	uint64_t then = clock_now + ticks;

	while (timer <= then) {
		clock_now = timer > clock_now ? timer : clock_now;
		gwdt_timer(&dog);
	}
	clock_now = then;
}

static void first_time_out_is_a_signal_the_second_the_end(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, 1);
	assert_int_equal(timer, 1100);
	pass(99);
	assert_int_equal(rd(WCS), 1);
	pass(1);
	assert_true(line);
	assert_int_equal(rd(WCS), 3);
	assert_int_equal(nr_expired, 0);
	assert_int_equal(timer, 1200);
	pass(100);
	assert_int_equal(nr_expired, 1);
	assert_int_equal(rd(WCS), 7);
	assert_int_equal(timer, UINT64_MAX);
	pass(10000);
	assert_int_equal(nr_expired, 1);
}

static void refresh_starts_anew_and_takes_the_signal_back(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, 1);
	for (unsigned i = 0; i < 10; i++) {
		pass(150);
		assert_true(line);
		refresh(i % 2 ? 0x10 : WRR);
		assert_int_equal(line, i % 2);
		if (line)
			wr(i % 4 == 1 ? WOR : WCS, i % 4 == 1 ? 100 : 1);
		assert_false(line);
	}
	assert_int_equal(nr_expired, 0);
	assert_int_equal(rd(WCV), (uint32_t)clock_now + 100);
}

static void watchdog_that_is_off_says_nothing(void **state)
{
	(void)state;
	wr(WOR, 10);
	pass(1000);
	wr(WCS, 1);
	wr(WCS, 0);
	assert_int_equal(timer, UINT64_MAX);
	pass(1000);
	assert_false(line);
	wr(WCS, 1);
	pass(15);
	assert_true(line);
	gwdt_reset(&dog);
	assert_false(line);
	assert_int_equal(timer, UINT64_MAX);
	assert_int_equal(rd(WCS) | rd(WOR) | rd(WCV), 0);
}

static void registers_are_48_and_64_bits_wide(void **state)
{
	(void)state;
	wr(WOR + 4, 0x12345678);
	wr(WOR, 0x9abcdef0);
	assert_int_equal(rd(WOR + 4), 0x5678);
	assert_int_equal(rd(WOR), 0x9abcdef0);
	assert_int_equal(rd(WCV + 4), 0x5678);
	wr(WCS, 1);
	wr(WCV + 4, 0);
	wr(WCV, 1500);
	assert_int_equal(timer, 1500);
	pass(500);
	assert_true(line);
	clock_now = UINT64_MAX - 5; /* a date that never comes */
	refresh(WRR);
	assert_int_equal(rd(WCV), 0xffffffff);
	assert_int_equal(rd(W_IIDR), 0x10000); /* version 1 */
	assert_int_equal(rd(0x100), 0);
}

static void accesses_are_four_aligned_bytes(void **state)
{
	static const struct {
		uint8_t size, offset;
	} t[] = {{1, 0}, {2, 0}, {8, 0}, {8, 8}, {4, 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct mmio_op op = {.offset = t[i].offset, .size = t[i].size};

		assert_int_equal(gwdt_control_mmio(&dog, &op), -ENXIO);
		assert_int_equal(gwdt_refresh_mmio(&dog, &op), -ENXIO);
	}
}

/* -------------------------------------------------------------------- in a VM
 */

static struct sim m;
static struct vm *vm;

#define CONTROL VM_WDT_BASE
#define REFRESH (VM_WDT_BASE + KIB(64))
#define TICKS   5000U

static int watched(void **state)
{
	(void)state;
	sim_init(&m, 2, 2048);
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1, .watchdog = true});
	m.cfg[0].restart = VM_RESTART_ON_CRASH;
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	(void)sim_run(&m, 0);
	(void)sim_run(&m, 1);
	sim_on(&m, 0);
	sim_guest_gic(&m, 0);
	sim_store(&m, 0, CONTROL + WOR, 4, TICKS);
	sim_store(&m, 0, CONTROL + WCS, 4, 1);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static void guest_that_never_refreshes_is_started_again(void **state)
{
	(void)state;
	fake_counter += TICKS;
	sim_timers(&m);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), VM_WDT_INTID);
	sim_store(&m, 0, REFRESH + WRR, 4, 0);
	fake_counter += TICKS;
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RUNNING);
	fake_counter += TICKS;
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RESTARTING);
	assert_string_equal(vm->why, "its watchdog has expired");
	fake_counter += VM_BACKOFF_FIRST_MS * 1000;
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RUNNING);
	fake_counter += 10 * TICKS; /* it is off at a start */
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RUNNING);
}

static enum vm_command order;

static void command_now(struct sim *s)
{
	(void)s;
	assert_int_equal(vm_command(vm, order), 0);
}

static void command(enum vm_command cmd)
{
	order = cmd;
	sim_device_irq(&m, 1, command_now);
	sim_timers(&m);
}

static void pause_is_no_time_for_the_watchdog(void **state)
{
	(void)state;
	fake_counter += TICKS / 2;
	command(VM_PAUSE);
	for (unsigned i = 0; i < 5; i++) {
		fake_counter += 10 * TICKS;
		sim_timers(&m);
		assert_int_equal(vm->state, VM_PAUSED);
	}
	command(VM_RESUME);
	assert_false(vm->wdt.ws0);
	fake_counter += TICKS;
	sim_timers(&m);
	assert_true(vm->wdt.ws0);
	assert_int_equal(vm->state, VM_RUNNING);
	fake_counter += 2 * TICKS;
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RESTARTING);
}

static void reset_and_destruction_end_the_watch(void **state)
{
	static const enum vm_command cmd[] = {VM_RESET, VM_HALT, VM_DESTROY};

	for (size_t i = 0; i < ARRAY_SIZE(cmd); i++) {
		if (i) {
			(void)end(state);
			(void)watched(state);
		}
		command(cmd[i]);
		assert_false(vm->wdt.enabled);
		fake_counter += 10 * TICKS;
		sim_timers(&m);
		assert_int_equal(vm->state, vm->want);
	}
}

#define D(t) cmocka_unit_test_setup(t, setup)
#define V(t) cmocka_unit_test_setup_teardown(t, watched, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		D(first_time_out_is_a_signal_the_second_the_end),
		D(refresh_starts_anew_and_takes_the_signal_back),
		D(watchdog_that_is_off_says_nothing),
		D(registers_are_48_and_64_bits_wide),
		D(accesses_are_four_aligned_bytes),
		V(guest_that_never_refreshes_is_started_again),
		V(pause_is_no_time_for_the_watchdog),
		V(reset_and_destruction_end_the_watch),
	};

	return cmocka_run_group_tests_name("gwdt", tests, NULL, NULL);
}
