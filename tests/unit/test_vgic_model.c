/*
 * The vGIC and a reference model, driven by random numbers: a million
 * operations of devices, of one CPU on another, of guests and their interrupt
 * handlers, and no divergence.
 */
#include "../host/host.h"
#include "../host/vgic_model.h"

/* xorshift64 */
static uint32_t next(void *ctx)
{
	uint64_t *s = ctx;

	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (uint32_t)(*s >> 20);
}

static unsigned long operations;

static void run(unsigned nr_lr, bool eoimode, unsigned long steps,
		uint64_t seed)
{
	struct vgic_model_result r =
		vgic_model_run(nr_lr, eoimode, steps, next, &seed);

	print_message("%u list registers, EOImode %d: %lu operations, %lu "
		      "interrupts taken, %lu of them LPIs\n",
		      nr_lr, eoimode, r.operations, r.taken, r.lpis);
	assert_true(r.taken > steps / 20);
	assert_true(r.lpis > steps / 200);
	operations += r.operations;
}

/* Rules out: lr-overflow */
static void two_list_registers_behave_as_the_reference(void **state)
{
	(void)state;
	run(2, false, 60000, 0x1234567);
	run(2, true, 60000, 0x7654321);
}

static void four_list_registers_behave_as_the_reference(void **state)
{
	(void)state;
	run(4, false, 60000, 0x5eed);
	run(4, true, 60000, 0xfeed);
}

/* Rules out: lr-overflow */
static void one_and_sixteen_list_registers_behave_as_the_reference(void **state)
{
	(void)state;
	run(1, false, 20000, 0xabcd);
	run(1, true, 20000, 0xdcba);
	run(16, false, 20000, 0x1111);
	run(16, true, 20000, 0x2222);
}

static void that_was_a_million_operations(void **state)
{
	(void)state;
	print_message("%lu operations\n", operations);
	assert_true(operations >= 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_list_registers_behave_as_the_reference),
		cmocka_unit_test(four_list_registers_behave_as_the_reference),
		cmocka_unit_test(
			one_and_sixteen_list_registers_behave_as_the_reference),
		cmocka_unit_test(that_was_a_million_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
