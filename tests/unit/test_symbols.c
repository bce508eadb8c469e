/* Names of functions: what an address is in, from a table as the build makes.
 */
#include <string.h>

#include <hyp/symbols.h>

#include "../host/host.h"

#define BASE UINT64_C(0x40200000)

/* Two sections with a gap, one function after another, a label of one
 * instruction, two functions with one name. */
static const struct {
	struct symbols_header h;
	struct symbol_entry e[5];
	char names[33];
} table = {
	{5, 33},
	{{0x40, 4, 0},
	 {0x50, 1, 6},
	 {0x54, 3, 12},
	 {0x1000, 2, 19},
	 {0x1008, 2, 12}},
	"start\0label\0helper\0after_the_gap",
};

static const struct {
	uint64_t pc;
	const char *name; /* NULL: none */
	uint64_t offset, size;
} cases[] = {
	{0, NULL, 0, 0},
	{BASE - 4, NULL, 0, 0},
	{BASE, NULL, 0, 0}, /* before the first */
	{BASE + 0x3c, NULL, 0, 0},
	{BASE + 0x40, "start", 0, 16}, /* exact */
	{BASE + 0x48, "start", 8, 16}, /* middle */
	{BASE + 0x4f, "start", 15, 16},
	{BASE + 0x50, "label", 0, 4},
	{BASE + 0x54, "helper", 0, 12},
	{BASE + 0x5c, "helper", 8, 12},
	{BASE + 0x60, NULL, 0, 0}, /* the gap */
	{BASE + 0xffc, NULL, 0, 0},
	{BASE + 0x1004, "after_the_gap", 4, 8},
	{BASE + 0x1008, "helper", 0, 8}, /* another file's static function */
	{BASE + 0x100c, "helper", 4, 8},
	{BASE + 0x1010, NULL, 0, 0}, /* after the last */
	{BASE + UINT64_C(0x100000040), NULL, 0, 0},
	{~UINT64_C(0), NULL, 0, 0},
};

static struct symbols opened(void)
{
	return symbols_open(&table, sizeof(table), BASE);
}

static void address_has_the_name_of_the_function_that_holds_it(void **state)
{
	const struct symbols s = opened();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t offset = 0, size = 0;
		const char *name = symbol_name(&s, cases[i].pc, &offset, &size);

		print_message("  %lx\n", cases[i].pc);
		if (!cases[i].name) {
			assert_null(name);
			continue;
		}
		assert_non_null(name);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(offset, cases[i].offset);
		assert_int_equal(size, cases[i].size);
	}
}

static void image_may_run_anywhere(void **state)
{
	const uint64_t at = UINT64_C(0x8000200000);
	const struct symbols s = symbols_open(&table, sizeof(table), at);
	uint64_t offset, size;

	(void)state;
	assert_string_equal(symbol_name(&s, at + 0x54, &offset, &size),
			    "helper");
	assert_null(symbol_name(&s, BASE + 0x54, &offset, &size));
}

static void assert_printed(uint64_t insn, uint64_t pc, const char *text)
{
	const struct symbols s = opened();
	char buf[40];

	assert_int_equal(symbol_print(&s, insn, pc, buf, sizeof(buf)),
			 strlen(text));
	assert_string_equal(buf, text);
}

static void name_is_printed_with_offset_and_size(void **state)
{
	(void)state;
	assert_printed(BASE + 0x48, BASE + 0x48, "start+0x8/0x10");
	assert_printed(BASE + 0x60, BASE + 0x60, "?");
}

static void return_address_belongs_to_the_function_that_called(void **state)
{
	(void)state;
	assert_printed(BASE + 0x4c, BASE + 0x50, "start+0x10/0x10");
	assert_printed(BASE + 0x5c, BASE + 0x60, "helper+0xc/0xc");
}

static void table_that_is_cut_short_names_nothing(void **state)
{
	uint64_t offset, size;

	(void)state;
	for (uint64_t len = 0; len < sizeof(table.h) + sizeof(table.e) + 33;
	     len++) {
		const struct symbols s = symbols_open(&table, len, BASE);

		assert_int_equal(s.nr, 0);
		assert_null(symbol_name(&s, BASE + 0x40, &offset, &size));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			address_has_the_name_of_the_function_that_holds_it),
		cmocka_unit_test(image_may_run_anywhere),
		cmocka_unit_test(name_is_printed_with_offset_and_size),
		cmocka_unit_test(
			return_address_belongs_to_the_function_that_called),
		cmocka_unit_test(table_that_is_cut_short_names_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
