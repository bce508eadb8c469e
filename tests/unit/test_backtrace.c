/* Walks along frame records, sound ones and spoilt ones. Each stack is an
 * allocation of its own, so a record that is read outside of one is found. */
#include <stdlib.h>

#include <hyp/backtrace.h>

#include "../host/host.h"

#define WORDS 16U /* of a stack: eight records */

static uint64_t *stack[2];
static struct stack_range ranges[3]; /* the last one is no stack */

static uint64_t address(unsigned s, unsigned word)
{
	return (uint64_t)(uintptr_t)stack[s] + 8 * word;
}

static int stacks(void **state)
{
	(void)state;
	for (unsigned s = 0; s < 2; s++) {
		stack[s] = host_ram_alloc(WORDS * 8, 16);
		ranges[s] =
			(struct stack_range){address(s, 0), address(s, WORDS)};
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	host_ram_free(stack[0]);
	host_ram_free(stack[1]);
	return 0;
}

static void record(unsigned s, unsigned word, uint64_t next, uint64_t ret)
{
	stack[s][word] = next;
	stack[s][word + 1] = ret;
}

static struct backtrace from(uint64_t fp)
{
	return (struct backtrace){ranges, ARRAY_SIZE(ranges), fp};
}

static void assert_next(struct backtrace *b, uint64_t ret)
{
	uint64_t got = 0;

	assert_true(backtrace_next(b, &got));
	assert_int_equal(got, ret);
}

static void assert_end(struct backtrace *b)
{
	uint64_t ret;

	assert_false(backtrace_next(b, &ret));
}

static void chain_is_followed_to_its_end(void **state)
{
	struct backtrace b = from(address(0, 2));

	(void)state;
	record(0, 2, address(0, 6), 0x100);
	record(0, 6, address(0, 14), 0x200);
	record(0, 14, 0, 0x300);
	assert_next(&b, 0x100);
	assert_next(&b, 0x200);
	assert_next(&b, 0x300);
	assert_int_equal(b.fp, 0);
	assert_end(&b);
}

static void record_outside_of_the_stacks_is_not_read(void **state)
{
	const uint64_t bad[] = {0,
				8,
				16,
				address(0, 1),
				address(0, 15),
				address(0, WORDS),
				address(0, 0) - 16,
				address(0, 0) - 8,
				~UINT64_C(0) - 15,
				UINT64_C(0x00dead0000dead00)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct backtrace b = from(bad[i]);

		print_message("  %lx\n", bad[i]);
		assert_end(&b);
	}
}

static void chain_that_leaves_the_stacks_ends_there(void **state)
{
	struct backtrace b = from(address(0, 0));

	(void)state;
	record(0, 0, UINT64_C(0x00dead0000dead00), 0x100);
	assert_next(&b, 0x100);
	assert_end(&b);
	assert_int_equal(b.fp, UINT64_C(0x00dead0000dead00));
}

static void chain_that_goes_down_or_round_ends(void **state)
{
	struct backtrace b = from(address(0, 4));

	(void)state;
	record(0, 4, address(0, 4), 0x100);
	assert_next(&b, 0x100);
	assert_end(&b);
	record(0, 4, address(0, 2), 0x100);
	record(0, 2, address(0, 4), 0x200);
	b = from(address(0, 4));
	assert_next(&b, 0x100);
	assert_end(&b);
}

static void chain_goes_on_in_a_stack_above(void **state)
{
	unsigned low = stack[0] < stack[1] ? 0 : 1, high = 1 - low;
	struct backtrace b = from(address(low, 0));

	(void)state;
	record(low, 0, address(high, 8), 0x100);
	record(high, 8, 0, 0x200);
	assert_next(&b, 0x100);
	assert_next(&b, 0x200);
	assert_end(&b);
}

#define STACKS(t) cmocka_unit_test_setup_teardown(t, stacks, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STACKS(chain_is_followed_to_its_end),
		STACKS(record_outside_of_the_stacks_is_not_read),
		STACKS(chain_that_leaves_the_stacks_ends_there),
		STACKS(chain_that_goes_down_or_round_ends),
		STACKS(chain_goes_on_in_a_stack_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
