/* The console multiplexer: whose bytes are where on the terminal, who gets
 * what is typed, who waits for whom. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/mux.h>

#include "../host/fake_el2.h"
#include "../host/fake_uart.h"
#include "../host/host.h"
#include "../host/lock_order.h"

#define VMS   3
#define QUIET 1000U
#define FLUSH 5000U
#define STALL 9000U

static struct console c;
static struct mux m;
static struct mux_port *port[VMS];

static struct fake_uart uart;

static struct guest {
	char got[8192];
	unsigned nr_got, room, nr_ready;
} guest[VMS];

static uint64_t alarm_at;

static size_t sink_room(void *ctx)
{
	return ((struct guest *)ctx)->room;
}

static bool sink_push(void *ctx, uint8_t byte)
{
	struct guest *g = ctx;

	assert_true(g->room > 0);
	g->room--;
	g->got[g->nr_got++] = (char)byte;
	return true;
}

static void sink_ready(void *ctx)
{
	((struct guest *)ctx)->nr_ready++;
}

static void set_alarm(void *ctx, uint64_t at)
{
	(void)ctx;
	assert_true(spin_is_held(&m.lock)); /* the last one to say is right */
	alarm_at = at;
}

static void begin(unsigned nr_vms, bool terminal)
{
	static const char *const name[VMS] = {"alpha", "beta", "beton"};
	const struct console_uart u = fake_uart_ops(&uart);
	struct mux_config cfg = {.console = &c,
				 .nr_vms = nr_vms,
				 .escape = MUX_ESCAPE,
				 .terminal = terminal,
				 .quiet = QUIET,
				 .flush = FLUSH,
				 .stall = STALL,
				 .alarm = set_alarm};

	free(m.ports);
	console_init(&c, &u);
	mux_init(&m, &cfg, calloc(1, mux_size(nr_vms)));
	for (unsigned i = 0; i < nr_vms; i++) {
		const struct console_sink sink = {.room = sink_room,
						  .push = sink_push,
						  .tx_ready = sink_ready,
						  .ctx = &guest[i]};

		port[i] = mux_attach(&m, name[i], &sink);
		assert_ptr_equal(port[i], &m.ports[MUX_VM + i]);
	}
	mux_open(&m);
}

static int setup(void **state)
{
	(void)state;
	memset(&uart, 0, sizeof(uart));
	memset(guest, 0, sizeof(guest));
	uart.room = sizeof(uart.out);
	fake_counter = 0;
	alarm_at = UINT64_MAX;
	lock_order_forget();
	fake_spin = (struct fake_spin){.before_lock = lock_order_watch};
	begin(VMS, false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	assert_int_equal(fake_spin.nr_held, 0);
	fake_spin = (struct fake_spin){0};
	free(m.ports);
	m.ports = NULL;
	return 0;
}

static void say(unsigned vm, const char *text)
{
	for (; *text; text++)
		assert_true(mux_put(port[vm], (uint8_t)*text) >= 0);
}

static void type_bytes(const char *text, size_t len)
{
	uart.in = text;
	uart.nr_in = len;
	console_pump(&c);
}

static void type(const char *text)
{
	type_bytes(text, strlen(text));
}

/* Time goes by, and the alarm rings. */
static void wait(uint64_t ticks)
{
	uint64_t until = fake_counter + ticks;

	while (alarm_at <= until) {
		if (fake_counter < alarm_at)
			fake_counter = alarm_at;
		alarm_at = UINT64_MAX;
		mux_tick(&m);
	}
	fake_counter = until;
}

/* The UART has room, and says so. */
static void settle(void)
{
	while (uart.tx_irq)
		console_pump(&c);
}

static void assert_out(const char *text)
{
	assert_string_equal(fake_uart_text(&uart), text);
}

static void forget_out(void)
{
	uart.nr_out = 0;
}

static void assert_got(unsigned vm, const char *text)
{
	assert_int_equal(guest[vm].nr_got, strlen(text));
	assert_memory_equal(guest[vm].got, text, strlen(text));
}

/* ------------------------------------------------------------------- lines */

static void lines_are_tagged_and_whole(void **state)
{
	(void)state;
	say(1, "from ");
	say(2, "I am");
	say(1, "beta\r\n");
	say(2, " beton\n");
	assert_out("[beta] from beta\r\n[beton] I am beton\r\n");
}

static void focus_is_shown_as_it_writes(void **state)
{
	(void)state;
	say(0, "log");
	assert_out("[alpha] log");
	say(0, "in: ");
	assert_out("[alpha] login: ");
}

static void line_of_another_waits_for_the_end_of_the_open_one(void **state)
{
	(void)state;
	say(0, "one");
	say(1, "two\n");
	assert_out("[alpha] one");
	say(0, " and a half\n");
	assert_out("[alpha] one and a half\r\n[beta] two\r\n");
}

static void line_of_another_breaks_into_one_that_is_quiet(void **state)
{
	(void)state;
	say(0, "prompt# ");
	say(1, "news\n");
	wait(2 * QUIET);
	assert_out("[alpha] prompt#  ...\r\n[beta] news\r\n");
	say(0, "typed\r\n");
	assert_out("[alpha] prompt#  ...\r\n[beta] news\r\n"
		   "[alpha] prompt# typed\r\n");
}

static void terminal_shows_colours_and_no_broken_line(void **state)
{
	(void)state;
	begin(VMS, true);
	say(0, "prompt# ");
	say(1, "news\n");
	wait(2 * QUIET);
	assert_out("\x1b[31m[alpha]\x1b[0m prompt# \r\x1b[K"
		   "\x1b[32m[beta]\x1b[0m news\r\n"
		   "\x1b[31m[alpha]\x1b[0m prompt# ");
}

static void prompt_of_another_is_shown_after_a_while(void **state)
{
	(void)state;
	say(1, "login: ");
	assert_out("");
	wait(2 * FLUSH);
	assert_out("[beta] login:  ...\r\n");
	wait(2 * FLUSH);
	say(1, "root\n");
	assert_out("[beta] login:  ...\r\n[beta] login: root\r\n");
}

static void line_without_end_is_cut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MUX_LINE; i++)
		say(1, "x");
	settle();
	assert_int_equal(uart.nr_out, strlen("[beta] ") + MUX_LINE + 2);
}

static void focus_that_never_ends_its_line_lets_others_in(void **state)
{
	(void)state;
	say(1, "I wait\n");
	forget_out();
	for (unsigned i = 0; i < MUX_LINE + 1; i++) {
		say(0, "x");
		if (i == 0)
			say(1, "me, too\n");
	}
	assert_non_null(strstr(fake_uart_text(&uart), "[beta] me, too\r\n"));
}

static void carriage_return_brings_the_tag_again(void **state)
{
	(void)state;
	say(0, "10%\r20%\r\r\n\r\n");
	assert_out("[alpha] 10%\r[alpha] 20%\r\n[alpha] \r\n");
}

static void others_move_no_cursor(void **state)
{
	(void)state;
	say(1, "\x1b[2J\x1b[1;31mred\x1b[0m\a \x1b"
	       "c\tx\x7f\n");
	assert_out("[beta] red c\tx\r\n");
	forget_out();
	say(0, "\x1b[1;31mred\x1b[6n\n");
	assert_out("[alpha] \x1b[1;31mred\x1b[6n\r\n");
}

static void log_lines_are_among_the_others(void **state)
{
	(void)state;
	console_line(&c, "plinth: one");
	say(0, "half a ");
	console_line(&c, "plinth: two");
	say(0, "line\n");
	assert_out("plinth: one\r\n[alpha] half a line\r\nplinth: two\r\n");
}

static void one_vm_alone_has_its_bytes_untouched(void **state)
{
	static const char bytes[] = "\x1b[2J\rfull\rscreen\n\x1b[6nno tag\r\n";

	(void)state;
	begin(1, true);
	say(0, bytes);
	assert_out(bytes);
	forget_out();
	say(0, "open");
	console_line(&c, "plinth: log");
	wait(2 * QUIET);
	say(0, " end\n");
	assert_out("open\r\nplinth: log\r\n end\n");
}

/* -------------------------------------------------------------------- turns */

static unsigned count(const char *text)
{
	unsigned n = 0;

	for (const char *p = fake_uart_text(&uart); (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* Writes lines until it is refused. */
static void flood(unsigned vm)
{
	for (unsigned i = 0; mux_put(port[vm], (uint8_t) "flood\n"[i % 6]) > 0;
	     i++)
		;
}

static void vm_that_floods_waits_and_loses_nothing(void **state)
{
	(void)state;
	uart.room = 0;
	for (unsigned i = 0; i < MUX_PENDING + CONSOLE_TX_RING; i++)
		if (mux_put(port[1], 'x') < 0)
			break;
	assert_int_equal(mux_put(port[1], 'y'), -EAGAIN);
	assert_int_equal(guest[1].nr_ready, 0);
	assert_true(uart.tx_irq);
	for (unsigned i = 0; i < 100; i++) {
		uart.room = 512;
		console_pump(&c);
	}
	assert_int_equal(guest[1].nr_ready, 1);
	assert_int_equal(count("y"), 0);
	assert_true(mux_put(port[1], 'z') > 0);
}

static void everybody_has_a_turn_beside_a_flood(void **state)
{
	(void)state;
	uart.room = 0;
	flood(0);
	flood(1);
	say(2, "quiet voice\n");
	for (unsigned i = 0; i < 20 && !count("quiet"); i++) {
		uart.room = 512;
		console_pump(&c);
		flood(0);
		flood(1);
	}
	/* What was on its way to the UART before, then two lines at most. */
	assert_int_equal(count("[beton] quiet voice\r\n"), 1);
}

static void who_waits_is_told_by_the_interrupt_only(void **state)
{
	(void)state;
	uart.room = 0;
	flood(1);
	uart.room = sizeof(uart.out);
	assert_true(mux_put(port[2], (uint8_t)0x78) > 0);
	assert_int_equal(guest[1].nr_ready, 0);
	assert_true(uart.tx_irq);
	for (unsigned i = 0; i < 64 && !guest[1].nr_ready; i++)
		console_pump(&c);
	assert_int_equal(guest[1].nr_ready, 1);
}

static void log_that_finds_no_room_counts_what_is_lost(void **state)
{
	char line[129];

	(void)state;
	memset(line, 'l', 128);
	line[128] = '\0';
	uart.room = 0;
	for (unsigned i = 0; i < 200; i++)
		console_line(&c, line); /* and comes back */
	uart.room = sizeof(uart.out);
	for (unsigned i = 0; i < 100; i++)
		console_pump(&c);
	console_line(&c, "last");
	assert_int_equal(count("lines are lost\r\nlast\r\n"), 1);
}

static void flush_shows_all_and_gives_up_on_a_dead_uart(void **state)
{
	(void)state;
	say(0, "open");
	say(1, "half");
	console_line(&c, "plinth: end");
	mux_flush(&m);
	assert_out("[alpha] open ...\r\nplinth: end\r\n[beta] half\r\n");
	uart.room = 0;
	flood(1);
	mux_flush(&m); /* and comes back */
}

/* -------------------------------------------------------------------- input */

static void what_is_typed_is_the_focus_s(void **state)
{
	(void)state;
	guest[0].room = guest[1].room = 100;
	type("abc");
	assert_got(0, "abc");
	type("\x1d"
	     "1def");
	assert_got(0, "abc");
	assert_got(1, "def");
}

static size_t nobodys_room(void *ctx)
{
	(void)ctx;
	return 0;
}

static void each_key_does_its_own(void **state)
{
	static const struct {
		const char *keys;
		int focus; /* port, from the log on */
	} t[] = {
		{"\x1d"
		 "0",
		 MUX_VM},
		{"\x1d"
		 "2",
		 MUX_VM + 2},
		{"\x1d"
		 "7",
		 MUX_VM},
		{"\x1d"
		 "m",
		 MUX_MONITOR},
		{"\x1d"
		 "beta\r",
		 MUX_VM + 1},
		{"\x1d"
		 "beto\r",
		 MUX_VM + 2},
		{"\x1d"
		 "bet\r",
		 MUX_VM},
		{"\x1d:alpha\n", MUX_VM},
		{"\x1d"
		 "betx\x7fon\r",
		 MUX_VM + 2},
		{"\x1d"
		 "a\x1b",
		 MUX_VM},
		{"\x1d\r", MUX_VM},
		{"\x1d\x1d", MUX_VM},
		{"\x1d"
		 "?",
		 MUX_VM},
		{"\x1d"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r",
		 MUX_VM},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %u\n", i);
		begin(VMS, false);
		m.ports[MUX_MONITOR].sink.room = nobodys_room;
		type(t[i].keys);
		assert_ptr_equal(m.focus, &m.ports[t[i].focus]);
		guest[0].room = guest[1].room = guest[2].room = 100;
	}
}

static void escape_twice_is_one_literal(void **state)
{
	(void)state;
	guest[0].room = 100;
	type("a\x1d\x1d"
	     "b\x1d\x1d\x1d\x1d"
	     "c");
	assert_got(0, "a\x1d"
		      "b\x1d\x1d"
		      "c");
}

static void list_says_who_is_where(void **state)
{
	(void)state;
	mux_detach(port[2]);
	type("\x1d?");
	assert_out("plinth: console: 0 alpha, here\r\n"
		   "plinth: console: 1 beta\r\n"
		   "plinth: console: 2 beton, nobody\r\n");
}

static void input_waits_for_its_vm_whoever_has_the_focus(void **state)
{
	(void)state;
	type("early\x1d"
	     "1late");
	assert_got(0, "");
	guest[0].room = 2;
	mux_drained(port[0]);
	assert_got(0, "ea");
	guest[0].room = 10;
	mux_drained(port[0]);
	assert_got(0, "early");
	guest[1].room = 10;
	mux_drained(port[1]);
	assert_got(1, "late");
}

static void full_ring_stops_the_uart_and_loses_nothing(void **state)
{
	static char typed[MUX_INPUT + 100];

	(void)state;
	for (unsigned i = 0; i < sizeof(typed); i++)
		typed[i] = (char)('a' + i % 26);
	type_bytes(typed, sizeof(typed));
	assert_int_equal(uart.nr_in, 99); /* one is held */
	assert_false(uart.rx_irq);
	guest[0].room = sizeof(guest[0].got);
	mux_drained(port[0]);
	assert_int_equal(uart.nr_in, 0);
	assert_true(uart.rx_irq);
	assert_int_equal(guest[0].nr_got, sizeof(typed));
	assert_memory_equal(guest[0].got, typed, sizeof(typed));
}

static void input_survives_the_vm_and_is_the_next_one_s(void **state)
{
	const struct console_sink sink = {.room = sink_room,
					  .push = sink_push,
					  .tx_ready = sink_ready,
					  .ctx = &guest[2]};

	(void)state;
	type("typed");
	mux_detach(port[0]);
	type(" ahead");
	guest[2].room = 100;
	assert_ptr_equal(mux_attach(&m, "alpha", &sink), port[0]);
	assert_got(2, "typed ahead");
}

static void there_are_no_more_ports_than_vms(void **state)
{
	const struct console_sink sink = {.room = sink_room,
					  .push = sink_push,
					  .tx_ready = sink_ready,
					  .ctx = &guest[0]};

	(void)state;
	assert_null(mux_attach(&m, "one too many", &sink));
}

/* -------------------------------------------------------------- the focus */

static void focus_brings_the_scroll_back(void **state)
{
	(void)state;
	say(1, "first\nsecond\nprompt# ");
	forget_out();
	type("\x1d"
	     "1");
	assert_out("plinth: console: beta\r\n"
		   "[beta] first\r\n[beta] second\r\n[beta] prompt# ");
	say(1, "typed\n");
	say(0, "hidden no more\n");
	forget_out();
	type("\x1d"
	     "0");
	assert_out("plinth: console: alpha\r\n[alpha] hidden no more\r\n");
}

static void scroll_back_begins_with_a_whole_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		say(1, "0123456789\n");
	forget_out();
	type("\x1d"
	     "1");
	settle();
	assert_int_equal(count("[beta] 0123456789\r\n"), MUX_RING / 11);
	assert_int_equal(count("[beta]"), MUX_RING / 11);
}

static void scroll_back_asks_the_terminal_nothing(void **state)
{
	(void)state;
	say(0, "\x1b[6nask\x1b[c\x1b[1m\n");
	forget_out();
	type("\x1d"
	     "1\x1d"
	     "0");
	assert_out("plinth: console: beta\r\nplinth: console: alpha\r\n"
		   "[alpha] ask\x1b[1m\r\n");
}

static void scroll_back_is_not_overwritten_while_it_is_shown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		say(1, "0123456789\n");
	uart.room = 0;
	type("\x1d"
	     "1");
	assert_int_equal(mux_put(port[1], 'x'), -EAGAIN);
}

static void open_line_stays_behind_when_the_focus_goes(void **state)
{
	(void)state;
	say(0, "prompt# ");
	type("\x1d"
	     "1");
	say(0, "more\n");
	assert_out("[alpha] prompt# \r\nplinth: console: beta\r\n"
		   "[alpha] more\r\n");
}

static void zoom_shows_the_focus_alone_and_raw(void **state)
{
	static const char bytes[] = "\x1b[2Jfull\r\nscreen\rx\n";

	(void)state;
	type("\x1dz");
	say(0, bytes);
	say(1, "not now\n");
	console_line(&c, "plinth: later");
	wait(10 * FLUSH);
	assert_out(bytes);
	forget_out();
	type("\x1dz");
	assert_out("\r\nplinth: later\r\n");
	forget_out();
	type("\x1d"
	     "1");
	assert_out("plinth: console: beta\r\n[beta] not now\r\n");
}

/* It could keep the CPU of the console's interrupt busy, and nothing of what it
 * says is shown. */
static void hidden_guest_is_told_of_room_by_the_clock(void **state)
{
	(void)state;
	type("\x1dz");
	wait(10 * FLUSH);
	uart.tx_irq = false;
	assert_int_equal(mux_send(port[1], (const uint8_t *)"x", 1), 1);
	mux_want_room(port[1]);
	assert_false(uart.tx_irq);
	wait(FLUSH / 2);
	assert_int_equal(guest[1].nr_ready, 0);
	wait(FLUSH / 2);
	assert_int_equal(guest[1].nr_ready, 1);
	wait(10 * FLUSH);
	assert_int_equal(guest[1].nr_ready, 1);
}

static void shown_guest_is_told_of_room_by_the_interrupt(void **state)
{
	(void)state;
	uart.tx_irq = false;
	mux_want_room(port[1]);
	assert_true(uart.tx_irq);
	console_pump(&c);
	assert_int_equal(guest[1].nr_ready, 1);
}

static void locks_are_taken_in_one_order(void **state)
{
	(void)state;
	guest[0].room = 100;
	type("x\x1d"
	     "1\x1d?\x1dzy");
	say(0, "a\n");
	console_line(&c, "log");
	wait(FLUSH);
	assert_int_equal(lock_order_below(&c.rx_lock), 2);
	assert_int_equal(lock_order_below(&m.lock), 1);
	assert_int_equal(lock_order_below(&c.tx_lock), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_are_tagged_and_whole),
		T(focus_is_shown_as_it_writes),
		T(line_of_another_waits_for_the_end_of_the_open_one),
		T(line_of_another_breaks_into_one_that_is_quiet),
		T(terminal_shows_colours_and_no_broken_line),
		T(prompt_of_another_is_shown_after_a_while),
		T(line_without_end_is_cut),
		T(focus_that_never_ends_its_line_lets_others_in),
		T(carriage_return_brings_the_tag_again),
		T(others_move_no_cursor),
		T(log_lines_are_among_the_others),
		T(one_vm_alone_has_its_bytes_untouched),
		T(vm_that_floods_waits_and_loses_nothing),
		T(everybody_has_a_turn_beside_a_flood),
		T(who_waits_is_told_by_the_interrupt_only),
		T(log_that_finds_no_room_counts_what_is_lost),
		T(flush_shows_all_and_gives_up_on_a_dead_uart),
		T(what_is_typed_is_the_focus_s),
		T(each_key_does_its_own),
		T(escape_twice_is_one_literal),
		T(list_says_who_is_where),
		T(input_waits_for_its_vm_whoever_has_the_focus),
		T(full_ring_stops_the_uart_and_loses_nothing),
		T(input_survives_the_vm_and_is_the_next_one_s),
		T(there_are_no_more_ports_than_vms),
		T(focus_brings_the_scroll_back),
		T(scroll_back_begins_with_a_whole_line),
		T(scroll_back_asks_the_terminal_nothing),
		T(scroll_back_is_not_overwritten_while_it_is_shown),
		T(open_line_stays_behind_when_the_focus_goes),
		T(zoom_shows_the_focus_alone_and_raw),
		T(hidden_guest_is_told_of_room_by_the_clock),
		T(shown_guest_is_told_of_room_by_the_interrupt),
		T(locks_are_taken_in_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
