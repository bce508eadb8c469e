/* The wall clock between the ticks of the machine's. */
#include <hyp/hypervisor.h>

#include "../host/host.h"

#define S  UINT64_C(1000000000)
#define T0 UINT64_C(1767225600) /* 2026-01-01 */

static void first_look_makes_it_right_to_a_second(void **state)
{
	struct wallclock c = {0};

	(void)state;
	wallclock_observe(&c, 5 * S, T0);
	assert_int_equal(wallclock_ns(&c, 5 * S), T0 * S);
	assert_int_equal(wallclock_ns(&c, 6 * S + S / 2), (T0 + 1) * S + S / 2);
	assert_int_equal(wallclock_ns(&c, 5 * S + 16), T0 * S + 16);
}

static void later_looks_find_where_the_second_begins(void **state)
{
	struct wallclock c = {0};

	(void)state;
	wallclock_observe(&c, 0, T0); /* really T0 + 0.7 */
	for (uint64_t i = 1; i <= 100; i++)
		wallclock_observe(&c, i * S / 10, T0 + (7 + i) / 10);
	assert_int_equal(wallclock_ns(&c, 10 * S), (T0 + 10) * S + 7 * S / 10);
	/* What agrees changes nothing. */
	wallclock_observe(&c, 11 * S, T0 + 11);
	assert_int_equal(wallclock_ns(&c, 10 * S), (T0 + 10) * S + 7 * S / 10);
}

static void clock_that_is_set_is_followed(void **state)
{
	struct wallclock c = {0};

	(void)state;
	wallclock_observe(&c, 0, T0);
	wallclock_observe(&c, S, T0 + 5000);
	assert_int_equal(wallclock_ns(&c, S), (T0 + 5000) * S);
	wallclock_observe(&c, 2 * S, T0);
	assert_int_equal(wallclock_ns(&c, 2 * S) / S, T0);
}

static void time_goes_on_for_centuries_and_any_counter(void **state)
{
	static const uint64_t hz[] = {1,        1000000,    24000000,
				      62500000, 1000000000, UINT32_MAX};
	const uint64_t century = UINT64_C(100) * 365 * 86400;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(hz); i++) {
		struct hypervisor h = {.counter_hz = hz[i]};

		for (uint64_t s = 0; s < century; s = s * 3 + 1)
			assert_int_equal(hyp_nanoseconds(&h, s * hz[i]), s * S);
		assert_true(hyp_nanoseconds(&h, hz[i] - 1) < S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_look_makes_it_right_to_a_second),
		cmocka_unit_test(later_looks_find_where_the_second_begins),
		cmocka_unit_test(clock_that_is_set_is_followed),
		cmocka_unit_test(time_goes_on_for_centuries_and_any_counter),
	};

	return cmocka_run_group_tests_name("wallclock", tests, NULL, NULL);
}
