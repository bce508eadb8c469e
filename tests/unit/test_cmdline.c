/* The hypervisor's command line: what is understood, and what is not. */
#include <string.h>

#include "../host/host.h"
#include "boot/cmdline.h"

static struct cmdline parse(const char *args)
{
	struct cmdline c;

	memset(&c, 0xa5, sizeof(c));
	/* An exact copy, so that the sanitizer sees any overrun. */
	char *copy = host_ram_alloc(strlen(args) + 1, 1);

	strcpy(copy, args);
	cmdline_parse(&c, copy);
	host_ram_free(copy);
	return c;
}

static void empty_line_gives_the_defaults(void **state)
{
	static const char *const t[] = {"", " ", "\t  \t"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct cmdline c = parse(t[i]);

		assert_int_equal(c.manifest, 0);
		assert_int_equal(c.log_level, LOG_INFO);
		assert_false(c.stats);
		assert_string_equal(c.bad, "");
	}
}

static void words_come_in_any_order_between_blanks(void **state)
{
	struct cmdline c =
		parse("\t stats  loglevel=debug\tmanifest=0x46000000 ");

	(void)state;
	assert_int_equal(c.manifest, 0x46000000);
	assert_int_equal(c.log_level, LOG_DEBUG);
	assert_true(c.stats);
	assert_string_equal(c.bad, "");
}

static void numbers_are_decimal_or_hexadecimal_up_to_64_bits(void **state)
{
	static const struct {
		const char *args;
		uint64_t value;
	} t[] = {
		{"manifest=0", 0},
		{"manifest=1234", 1234},
		{"manifest=010", 10},
		{"manifest=0x1F", 0x1f},
		{"manifest=0Xabcdef", 0xabcdef},
		{"manifest=18446744073709551615", UINT64_MAX},
		{"manifest=0xffffffffffffffff", UINT64_MAX},
		{"manifest=0x0000000000000000000000012", 0x12},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct cmdline c = parse(t[i].args);

		print_message("  %s\n", t[i].args);
		assert_int_equal(c.manifest, t[i].value);
		assert_string_equal(c.bad, "");
	}
}

static void every_level_has_its_name(void **state)
{
	static const struct {
		const char *args;
		enum log_level level;
	} t[] = {
		{"loglevel=err", LOG_ERR},
		{"loglevel=warn", LOG_WARN},
		{"loglevel=info", LOG_INFO},
		{"loglevel=debug", LOG_DEBUG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct cmdline c = parse(t[i].args);

		assert_int_equal(c.log_level, t[i].level);
		assert_string_equal(c.bad, "");
	}
}

static void bad_word_is_named_and_changes_nothing(void **state)
{
	static const char *const t[] = {
		"nonsense",
		"stat",
		"statss",
		"stats=1",
		"manifest",
		"manifest=",
		"manifest=0x",
		"manifest=x",
		"manifest=12z",
		"manifest=0x12g",
		"manifest=-1",
		"manifest=+1",
		"manifest=0x100000000000000000",
		"manifest=18446744073709551616",
		"manifest=99999999999999999999999",
		"manifest=\xc1\xe1",
		"Manifest=1",
		"loglevel=",
		"loglevel=er",
		"loglevel=error",
		"loglevel=INFO",
		"loglevel=1",
		"=",
		"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		char line[128] = "manifest=77 loglevel=warn ";
		struct cmdline c = parse(strcat(line, t[i]));

		assert_int_equal(strncmp(c.bad, t[i], sizeof(c.bad) - 1), 0);
		assert_int_equal(c.manifest, 77);
		assert_int_equal(c.log_level, LOG_WARN);
		assert_false(c.stats);
	}
}

static void first_bad_word_is_kept_and_good_ones_still_count(void **state)
{
	struct cmdline c = parse("one stats two manifest=5 three");

	(void)state;
	assert_string_equal(c.bad, "one");
	assert_true(c.stats);
	assert_int_equal(c.manifest, 5);
}

static void long_bad_word_is_cut_and_terminated(void **state)
{
	struct cmdline c = parse("0123456789012345678901234567890123456789");

	(void)state;
	assert_string_equal(c.bad, "0123456789012345678901234567890");
}

static void last_of_equal_words_counts(void **state)
{
	struct cmdline c = parse("manifest=1 manifest=2");

	(void)state;
	assert_int_equal(c.manifest, 2);
}

static void console_is_chosen_by_words(void **state)
{
	static const struct {
		const char *args;
		enum cmdline_console console;
		uint8_t escape;
		bool terminal, bad;
	} t[] = {
		{"", CONSOLE_AUTO, 0x1d, false, false},
		{"console=mux", CONSOLE_MUX, 0x1d, false, false},
		{"console=raw terminal", CONSOLE_RAW, 0x1d, true, false},
		{"console=mux console=auto", CONSOLE_AUTO, 0x1d, false, false},
		{"escape=^T", CONSOLE_AUTO, 0x14, false, false},
		{"escape=^t", CONSOLE_AUTO, 0x14, false, false},
		{"escape=^_", CONSOLE_AUTO, 0x1f, false, false},
		{"escape=^[", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=^M", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=^J", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=^@", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=^1", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=^", CONSOLE_AUTO, 0x1d, false, true},
		{"escape=x", CONSOLE_AUTO, 0x1d, false, true},
		{"console=", CONSOLE_AUTO, 0x1d, false, true},
		{"terminals", CONSOLE_AUTO, 0x1d, false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct cmdline c = parse(t[i].args);

		print_message("  %s\n", t[i].args);
		assert_int_equal(c.console, t[i].console);
		assert_int_equal(c.escape, t[i].escape);
		assert_int_equal(c.terminal, t[i].terminal);
		assert_int_equal(c.bad[0] != '\0', t[i].bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_line_gives_the_defaults),
		cmocka_unit_test(words_come_in_any_order_between_blanks),
		cmocka_unit_test(
			numbers_are_decimal_or_hexadecimal_up_to_64_bits),
		cmocka_unit_test(every_level_has_its_name),
		cmocka_unit_test(console_is_chosen_by_words),
		cmocka_unit_test(bad_word_is_named_and_changes_nothing),
		cmocka_unit_test(
			first_bad_word_is_kept_and_good_ones_still_count),
		cmocka_unit_test(long_bad_word_is_cut_and_terminated),
		cmocka_unit_test(last_of_equal_words_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
