/* The bottom floor: bit fields, alignment, range arithmetic. */
#include <base/bits.h>

#include "../host/host.h"

static void fields_round_trip_at_both_ends(void **state)
{
	(void)state;
	assert_int_equal(FIELD_GET(GENMASK(63, 60), ~UINT64_C(0)), 15);
	assert_int_equal(FIELD_PREP(GENMASK(63, 63), 1), UINT64_C(1) << 63);
	assert_int_equal(FIELD_GET(BIT(0), 3), 1);
	assert_false(FIELD_FITS(GENMASK(7, 4), 16));
	assert_true(FIELD_FITS(GENMASK(7, 4), 15));
}

static void ranges_that_wrap_or_are_empty_are_bad(void **state)
{
	(void)state;
	assert_true(range_bad(0x1000, 0));
	assert_true(range_bad(UINT64_MAX, 2));
	assert_false(range_bad(UINT64_MAX, 1));
	assert_false(range_bad(0, UINT64_MAX));
}

static void overlap_is_exact_at_the_edges(void **state)
{
	(void)state;
	assert_false(ranges_overlap(0, 0x1000, 0x1000, 0x1000));
	assert_true(ranges_overlap(0, 0x1001, 0x1000, 0x1000));
	assert_true(ranges_overlap(UINT64_MAX - 1, 2, UINT64_MAX, 1));
}

/* Rules out: length-wraps */
static void within_does_not_overflow(void **state)
{
	(void)state;
	assert_true(range_within(0x1000, 0x1000, 0x1000, 0x1000));
	assert_false(range_within(0x1001, 0x1000, 0x1000, 0x1000));
	assert_false(range_within(0x1000, UINT64_MAX, 0x1000, 0x2000));
	assert_true(range_within(UINT64_MAX, 1, UINT64_MAX, 1));
}

static void bit_scans_find_the_ends(void **state)
{
	(void)state;
	assert_int_equal(bit_lowest(UINT64_C(1) << 63), 63);
	assert_int_equal(bit_highest(0x10), 4);
	assert_int_equal(align_up(0x1001, 0x1000), 0x2000);
	assert_int_equal(align_down(0x1fff, 0x1000), 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_round_trip_at_both_ends),
		cmocka_unit_test(ranges_that_wrap_or_are_empty_are_bad),
		cmocka_unit_test(overlap_is_exact_at_the_edges),
		cmocka_unit_test(within_does_not_overflow),
		cmocka_unit_test(bit_scans_find_the_ends),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
