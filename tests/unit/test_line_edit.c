/* Line editing: what a line is after keys, and that the terminal shows it. */
#include <string.h>

#include <hyp/line_edit.h>

#include "../host/host.h"

/* A terminal of one line: what is on it, and where the cursor is. */
static struct {
	char text[512];
	unsigned at;
	unsigned nr_lines;
} tty;

static struct line_edit e;

static void put(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r') {
			tty.at = 0;
		} else if (text[i] == '\n') {
			memset(&tty.text, 0, sizeof(tty.text));
			tty.at = 0;
			tty.nr_lines++;
		} else if (text[i] == '\b') {
			assert_true(tty.at > 0);
			tty.at--;
		} else if (text[i] == '\x1b') {
			assert_memory_equal(text + i, "\x1b[K", 3);
			memset(tty.text + tty.at, 0, sizeof(tty.text) - tty.at);
			i += 2;
		} else {
			tty.text[tty.at++] = text[i];
		}
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&tty, 0, sizeof(tty));
	line_edit_init(&e, "> ", put, NULL);
	line_edit_begin(&e);
	return 0;
}

/* All but the last key leave the line open. */
static enum line_edit_event type(const char *keys)
{
	enum line_edit_event event = LINE_EDIT_MORE;

	for (; *keys; keys++) {
		assert_int_equal(event, LINE_EDIT_MORE);
		event = line_edit_byte(&e, (uint8_t)*keys);
	}
	return event;
}

static void assert_line(const char *line, unsigned at)
{
	assert_string_equal(e.line, line);
	assert_int_equal(e.len, strlen(line));
	assert_int_equal(e.at, at);
	assert_memory_equal(tty.text, "> ", 2);
	assert_string_equal(tty.text + 2, line);
	assert_int_equal(tty.at, at + 2);
}

static void each_key_does_its_own(void **state)
{
	static const struct {
		const char *keys, *line;
		unsigned at;
	} t[] = {
		{"abc", "abc", 3},
		{"abc\x1b[D", "abc", 2},
		{"abc\x1bOD\x1bOD", "abc", 1},
		{"abc\x02\x02\x06", "abc", 2},
		{"abc\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dx", "xabc", 1},
		{"abc\x1b[C", "abc", 3},
		{"abc\x1b[Hx\x1b[Fy", "xabcy", 5},
		{"abc\x1b[1~x\x1b[4~y", "xabcy", 5},
		{"abc\x01x\x05y", "xabcy", 5},
		{"abc\x7f", "ab", 2},
		{"abc\b\b\b\b", "", 0},
		{"abc\x1b[D\x7f", "ac", 1},
		{"abc\x1b[D\x1b[3~", "ab", 2},
		{"abc\x01\x04", "bc", 0},
		{"abc\x04", "abc", 3},
		{"abc\x1b[D\x15", "c", 0},
		{"abc\x1b[D\x0b", "ab", 2},
		{"one two  \x17", "one ", 4},
		{"one two\x1b[D\x17", "one o", 4},
		{"\x17\x15\x0b", "", 0},
		{"a\x1b[5~b\x1b[1;5Cc\x1bxd", "abcd", 4},
		{"a\x01\x07\x1c\x80\xff"
		 "b",
		 "ba", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %zu\n", i);
		(void)setup(NULL);
		assert_int_equal(type(t[i].keys), LINE_EDIT_MORE);
		assert_line(t[i].line, t[i].at);
	}
}

static void enter_ends_the_line_however_it_is_sent(void **state)
{
	(void)state;
	assert_int_equal(type("one\r"), LINE_EDIT_DONE);
	assert_string_equal(e.line, "one");
	line_edit_begin(&e);
	assert_int_equal(type("\ntwo\n"), LINE_EDIT_DONE); /* of CR LF */
	assert_string_equal(e.line, "two");
	line_edit_begin(&e);
	assert_int_equal(type("\n"), LINE_EDIT_DONE);
	assert_string_equal(e.line, "");
	assert_int_equal(tty.nr_lines, 3);
}

static void interrupt_drops_the_line(void **state)
{
	(void)state;
	assert_int_equal(type("never\x03"), LINE_EDIT_DONE);
	assert_string_equal(e.line, "");
}

static void earlier_lines_come_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINE_EDIT_HISTORY + 3; i++) {
		char line[] = "line a\r";

		line[5] = (char)('a' + i);
		assert_int_equal(type(line), LINE_EDIT_DONE);
		line_edit_begin(&e);
	}
	assert_int_equal(type("\r"), LINE_EDIT_DONE);
	line_edit_begin(&e);
	(void)type("new\x1b[A");
	assert_line("line k", 6);
	(void)type("\x10\x10");
	assert_line("line i", 6);
	(void)type("\x0e\x1b[B\x1b[B\x1b[B");
	assert_line("", 0);
	for (unsigned i = 0; i < LINE_EDIT_HISTORY + 3; i++)
		(void)type("\x1b[A");
	assert_line("line d", 6); /* the oldest that is kept */
	(void)type("\r");
	assert_string_equal(e.line, "line d");
}

static void line_has_an_end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINE_EDIT_MAX + 10; i++)
		(void)type("x");
	assert_int_equal(e.len, LINE_EDIT_MAX);
	(void)type("\x01y");
	assert_int_equal(e.len, LINE_EDIT_MAX);
	assert_int_equal(e.line[0], 'x');
}

static void tab_is_the_owners(void **state)
{
	(void)state;
	assert_int_equal(type("he\t"), LINE_EDIT_TAB);
	line_edit_insert(&e, "lp ");
	assert_line("help ", 5);
}

#define T(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_key_does_its_own),
		T(enter_ends_the_line_however_it_is_sent),
		T(interrupt_drops_the_line),
		T(earlier_lines_come_back),
		T(line_has_an_end),
		T(tab_is_the_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
