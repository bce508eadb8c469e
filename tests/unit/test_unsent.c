/* What a crash report tells of output that nobody will send any more. */
#include <stdlib.h>
#include <string.h>

#include <hyp/unsent.h>

#include "../host/fake_el2.h"
#include "../host/fake_uart.h"
#include "../host/host.h"

#define VMS 2

static struct fake_uart uart;
static struct console c;
static struct mux m;
static struct mux_port *port[VMS];
static char said[1 << 17];
static size_t nr_said;

static int setup(void **state)
{
	const struct console_uart u = fake_uart_ops(&uart);
	const struct mux_config cfg = {.console = &c,
				       .nr_vms = VMS,
				       .escape = MUX_ESCAPE,
				       .terminal = true,
				       .quiet = 1000,
				       .flush = 1000};
	const struct console_sink sink = {0};

	(void)state;
	memset(&uart, 0, sizeof(uart));
	nr_said = 0;
	console_init(&c, &u);
	mux_init(&m, &cfg, calloc(1, mux_size(VMS)));
	port[0] = mux_attach(&m, "alpha", &sink);
	port[1] = mux_attach(&m, "beta", &sink);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(m.ports);
	return 0;
}

static void write_text(unsigned vm, const char *text)
{
	for (; *text; text++)
		assert_true(mux_put(port[vm], (uint8_t)*text) >= 0);
}

static void say(const char *line)
{
	size_t len = strlen(line);

	assert_true(len && len < 200 && nr_said + len + 2 < sizeof(said));
	memcpy(said + nr_said, line, len);
	nr_said += len;
	said[nr_said++] = '\n';
}

/* As in a panic: whoever held a lock holds it for ever. */
static void look(const struct mux *mux)
{
	spin_lock(&c.rx_lock);
	spin_lock(&m.lock);
	spin_lock(&c.tx_lock);
	unsent_say(&c, mux, say);
	spin_unlock(&c.tx_lock);
	spin_unlock(&m.lock);
	spin_unlock(&c.rx_lock);
	said[nr_said] = '\0';
}

static void nothing_waits_and_nothing_is_said(void **state)
{
	(void)state;
	uart.room = 1000;
	write_text(0, "a line\nand a prompt # ");
	write_text(1, "");
	look(&m);
	assert_string_equal(said, "");
}

static void line_that_waits_for_its_turn_or_its_end_is_said_whole(void **state)
{
	(void)state;
	uart.room = 1000;
	write_text(0, "open");
	console_line(&c, "plinth: last words");
	write_text(1, "half");
	for (const char *k = "an answer\nprompt> "; *k; k++)
		assert_true(mux_put(&m.ports[MUX_MONITOR], (uint8_t)*k) >= 0);
	look(&m);
	assert_string_equal(said, "plinth: last words\nan answer\n"
				  "[beta] half\n");
	nr_said = 0;
	uart.room = 0;
	for (unsigned i = 0; i < CONSOLE_TX_RING; i++)
		assert_true(console_put(&c, '.') >= 0);
	write_text(0, " sesame\n");
	look(NULL);
	assert_null(strstr(said, "sesame"));
	look(&m);
	assert_non_null(strstr(said, "\n[alpha] open sesame\n"));
}

static void bytes_that_the_uart_did_not_take_come_first(void **state)
{
	(void)state;
	uart.room = 5;
	write_text(0, "one\r\n\ntwo\n");
	look(&m);
	/* The colour of the tag took the room. */
	assert_string_equal(said, "[alpha] one\n[alpha] \n[alpha] two\n");
	assert_int_equal(uart.nr_out, 5);
}

static void terminal_is_asked_for_nothing(void **state)
{
	(void)state;
	uart.room = 1000;
	write_text(0, "open");
	write_text(
		1,
		"\x1b[2J\x1b[31mred\x1b(B\x07 \x1b[6n\ttext\r\n\x1b[\nnext\n");
	look(&m);
	assert_string_equal(said, "[beta] redB \ttext\n[beta] next\n");
}

static void a_long_wait_is_told_from_its_end_and_in_pieces(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MUX_PENDING + CONSOLE_TX_RING; i++)
		if (mux_put(port[1], i % 1000 ? 'x' : '\n') < 0)
			break;
	for (unsigned i = 0; i < 200; i++)
		mux_log(&m, "plinth: a line of the log that nobody reads");
	look(&m);
	assert_true(nr_said > UNSENT_MAX);
	assert_true(nr_said < 4 * UNSENT_MAX);
	assert_string_equal(said + nr_said - 3, "xx\n");
}

/* Whoever spoilt memory may have spoilt these, too. */
static void positions_are_not_trusted(void **state)
{
	static const uint32_t at[] = {0, 1, 77777, UINT32_MAX, 0x80000000};

	(void)state;
	for (unsigned i = 0; i < 625; i++) {
		unsigned n = i;
		uint32_t *field[] = {&c.tx_tail, &c.tx_head, &port[0]->shown,
				     &port[0]->head};

		for (unsigned f = 0; f < 4; f++, n /= 5)
			*field[f] = at[n % 5];
		port[0]->line = at[i % 4];
		memset(c.tx, 'a', sizeof(c.tx));
		memset(port[0]->out, 'b', sizeof(port[0]->out));
		memset(port[0]->tag, 'c', sizeof(port[0]->tag));
		nr_said = 0;
		look(&m);
		assert_true(nr_said < 3 * UNSENT_MAX);
	}
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_waits_and_nothing_is_said),
		T(line_that_waits_for_its_turn_or_its_end_is_said_whole),
		T(bytes_that_the_uart_did_not_take_come_first),
		T(terminal_is_asked_for_nothing),
		T(a_long_wait_is_told_from_its_end_and_in_pieces),
		T(positions_are_not_trusted),
	};

	return cmocka_run_group_tests_name("unsent", tests, NULL, NULL);
}
