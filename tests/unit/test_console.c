/* The physical console: order, back-pressure in both directions, log lines
 * between a guest's bytes. */
#include <errno.h>
#include <string.h>

#include <hyp/console.h>

#include "../host/fake_uart.h"
#include "../host/host.h"
#include "../host/lock_order.h"

static struct console c;

static struct fake_uart uart;

static struct {
	char got[256];
	unsigned nr_got, room, nr_ready, nr_refused;
	bool wants; /* send more from tx_ready() */
} guest;

static size_t sink_room(void *ctx)
{
	(void)ctx;
	return guest.room;
}

static bool sink_push(void *ctx, uint8_t byte)
{
	(void)ctx;
	if (!guest.room) {
		guest.nr_refused++;
		return false;
	}
	guest.room--;
	guest.got[guest.nr_got++] = (char)byte;
	return true;
}

static void sink_ready(void *ctx)
{
	(void)ctx;
	guest.nr_ready++;
	if (guest.wants)
		assert_true(console_put(&c, '!') >= 0);
}

static const struct console_sink sink = {
	.room = sink_room, .push = sink_push, .tx_ready = sink_ready};

static int setup(void **state)
{
	const struct console_uart u = fake_uart_ops(&uart);

	(void)state;
	memset(&uart, 0, sizeof(uart));
	memset(&guest, 0, sizeof(guest));
	uart.irq_lock = &c.tx_lock;
	console_init(&c, &u);
	lock_order_forget();
	fake_spin = (struct fake_spin){.before_lock = lock_order_watch};
	return 0;
}

static int end(void **state)
{
	(void)state;
	assert_int_equal(fake_spin.nr_held, 0);
	assert_int_equal(uart.nr_irq_unlocked, 0);
	fake_spin = (struct fake_spin){0};
	return 0;
}

static void say(const char *text)
{
	for (; *text; text++)
		assert_true(console_put(&c, (uint8_t)*text) > 0);
}

static void assert_out(const char *text)
{
	assert_string_equal(fake_uart_text(&uart), text);
}

/* The guest sends until it is told to wait; how many were taken. */
static unsigned send_all(void)
{
	unsigned n = 0;
	int room = 1;

	while (room > 0) {
		room = console_put(&c, (uint8_t)('a' + n % 26));
		n += room >= 0;
	}
	return n;
}

/* ------------------------------------------------------------------ output */

static void byte_goes_straight_to_a_uart_that_keeps_up(void **state)
{
	(void)state;
	uart.room = 100;
	assert_int_equal(console_put(&c, 'x'), CONSOLE_TX_RING);
	assert_out("x");
	assert_false(uart.tx_irq);
}

static void byte_goes_straight_or_nothing_has_happened(void **state)
{
	(void)state;
	assert_false(console_put_straight(&c, 'x'));
	assert_false(uart.tx_irq);
	uart.room = 1;
	assert_true(console_put_straight(&c, 'a'));
	say("b"); /* waits */
	uart.room = 100;
	assert_false(console_put_straight(&c, 'c')); /* not past it */
	console_pump(&c);
	assert_true(console_put_straight(&c, 'd'));
	console_line(&c, "own");
	assert_out("abd\r\nown\r\n");
	assert_true(console_put_straight(&c, '\n'));
	console_line(&c, "own");
	console_panic_begin(&c);
	assert_false(console_put_straight(&c, 'u'));
	assert_out("abd\r\nown\r\n\nown\r\n");
}

static void bytes_wait_in_order_while_the_uart_is_full(void **state)
{
	(void)state;
	uart.room = 2;
	say("abcdef");
	assert_out("ab");
	assert_true(uart.tx_irq);
	uart.room = 1;
	say("g"); /* not past those that wait */
	assert_out("ab");
	uart.room = 3;
	console_pump(&c);
	assert_out("abcde");
	assert_true(uart.tx_irq);
	uart.room = 3;
	console_pump(&c);
	assert_out("abcdefg");
	assert_false(uart.tx_irq);
	say("h");
	assert_out("abcdefgh");
}

static void room_that_is_told_is_room_that_is_there(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONSOLE_TX_RING; i++)
		assert_int_equal(console_put(&c, 'x'),
				 (int)(CONSOLE_TX_RING - 1 - i));
	assert_int_equal(console_put(&c, 'y'), -EAGAIN);
	assert_int_equal(console_put(&c, 'y'), -EAGAIN);
}

static void full_ring_takes_nothing_and_loses_nothing(void **state)
{
	unsigned n;

	(void)state;
	console_attach(&c, &sink);
	n = send_all();
	assert_int_equal(n, CONSOLE_TX_RING);
	assert_int_equal(console_put(&c, 'X'), -EAGAIN);
	assert_int_equal(guest.nr_ready, 0);
	uart.room = n + 10;
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 1);
	assert_int_equal(uart.nr_out, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(uart.out[i], 'a' + i % 26);
	assert_false(uart.tx_irq);
}

static void guest_is_told_of_room_once_and_only_when_it_waits(void **state)
{
	(void)state;
	console_attach(&c, &sink);
	say("abc");
	uart.room = 1;
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 0); /* it was never refused */
	(void)send_all();
	console_pump(&c); /* the UART is full: no room yet */
	assert_int_equal(guest.nr_ready, 0);
	uart.room = 1;
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 1);
	uart.room = 1;
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 1);
}

static void guest_may_send_as_soon_as_it_is_told(void **state)
{
	unsigned n;

	(void)state;
	console_attach(&c, &sink);
	n = send_all();
	guest.wants = true;
	uart.room = n;
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 1);
	uart.room = 10;
	console_pump(&c);
	assert_int_equal(uart.nr_out, n + 1);
	assert_int_equal(uart.out[n], '!');
}

static void ring_is_used_all_round(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		assert_true(console_put(&c, (uint8_t)('a' + n++ % 26)) >= 0);
		uart.room = i % 3;
		console_pump(&c);
	}
	uart.room = 2 * CONSOLE_TX_RING;
	console_pump(&c);
	assert_int_equal(uart.nr_out, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(uart.out[i], 'a' + i % 26);
}

/* --------------------------------------------------------------- log lines */

static void log_line_begins_a_line_of_its_own(void **state)
{
	(void)state;
	uart.room = 1000;
	console_line(&c, "one");
	assert_out("one\r\n");
	say("pro");
	console_line(&c, "two");
	assert_out("one\r\npro\r\ntwo\r\n");
	say("mpt\r\n");
	console_line(&c, "three");
	console_line(&c, "");
	assert_out("one\r\npro\r\ntwo\r\nmpt\r\nthree\r\n\r\n");
}

static void log_line_stays_behind_what_the_guest_said_before(void **state)
{
	(void)state;
	uart.room = 1;
	say("abc");
	console_line(&c, "log");
	say("d");
	uart.room = 100;
	console_pump(&c);
	assert_out("abc\r\nlog\r\nd");
}

static void log_line_waits_for_room_and_is_whole(void **state)
{
	unsigned n;

	(void)state;
	console_attach(&c, &sink);
	n = send_all();
	uart.refill = 4;
	console_line(&c, "line");
	assert_int_equal(uart.nr_out + (c.tx_head - c.tx_tail), n + 8);
	uart.refill = 0;
	uart.room = 2 * CONSOLE_TX_RING;
	console_pump(&c);
	assert_int_equal(uart.nr_out, n + 8);
	assert_memory_equal(uart.out + n, "\r\nline\r\n", 8);
}

static void log_line_that_empties_the_ring_leaves_no_guest_waiting(void **s)
{
	unsigned n;

	(void)s;
	console_attach(&c, &sink);
	n = send_all();
	uart.refill = 2 * CONSOLE_TX_RING; /* all of a sudden */
	console_line(&c, "line");
	assert_int_equal(uart.nr_out, n + 8);
	/* Nothing is left to send, and the guest does not know. */
	assert_true(guest.nr_ready == 1 || uart.tx_irq);
	console_pump(&c);
	assert_int_equal(guest.nr_ready, 1);
	assert_false(uart.tx_irq);
}

static void crash_report_needs_no_lock(void **state)
{
	(void)state;
	spin_lock(&c.tx_lock);
	spin_lock(&c.rx_lock);
	uart.refill = 1;
	console_panic_begin(&c);
	console_panic_puts(&c, "panic");
	spin_unlock(&c.rx_lock);
	spin_unlock(&c.tx_lock);
	assert_out("panic");
}

static void crash_report_begins_a_line_and_is_not_mixed_with_others(void **s)
{
	(void)s;
	console_attach(&c, &sink);
	uart.room = 100;
	assert_true(console_put(&c, 'g') > 0);
	console_panic_begin(&c);
	console_panic_puts(&c, "panic");
	assert_true(console_put(&c, 'u') > 0); /* a guest on another pCPU */
	console_pump(&c);
	console_panic_puts(&c, "\r\n");
	assert_out("g\r\npanic\r\n");
}

/* ------------------------------------------------------------------- input */

static void input_waits_in_the_uart_until_somebody_takes_it(void **state)
{
	(void)state;
	fake_uart_type(&uart, "hello");
	console_pump(&c);
	assert_int_equal(uart.nr_in, 5);
	assert_false(uart.rx_irq);
	guest.room = 16;
	console_attach(&c, &sink);
	assert_int_equal(guest.nr_got, 5);
	assert_memory_equal(guest.got, "hello", 5);
	assert_true(uart.rx_irq);
}

static void byte_that_the_guest_refuses_comes_first_next_time(void **state)
{
	(void)state;
	fake_uart_type(&uart, "xyz");
	console_attach(&c, &sink);
	assert_int_equal(guest.nr_got, 0);
	assert_int_equal(guest.nr_refused, 1); /* it knows that input waits */
	assert_int_equal(uart.nr_in, 2);
	assert_false(uart.rx_irq);
	guest.room = 3;
	console_pump(&c);
	assert_int_equal(guest.nr_got, 3);
	assert_memory_equal(guest.got, "xyz", 3);
}

static void guest_without_room_leaves_the_rest_to_the_sender(void **state)
{
	(void)state;
	console_attach(&c, &sink);
	assert_true(uart.rx_irq); /* what comes shall be known, room or not */
	fake_uart_type(&uart, "0123456789");
	guest.room = 4;
	console_pump(&c);
	assert_int_equal(guest.nr_got, 4);
	assert_int_equal(uart.nr_in, 5); /* and one is held */
	assert_false(uart.rx_irq);       /* or it would interrupt for ever */
	guest.room = 4;
	console_pump(&c);
	assert_int_equal(uart.nr_in, 1);
	assert_false(uart.rx_irq);
	guest.room = 4;
	console_pump(&c);
	assert_memory_equal(guest.got, "0123456789", 10);
	assert_true(uart.rx_irq);
}

static void receive_interrupt_stays_on_until_a_byte_is_refused(void **state)
{
	(void)state;
	console_attach(&c, &sink);
	fake_uart_type(&uart, "01");
	guest.room = 2;
	console_pump(&c);
	assert_true(uart.rx_irq);
	assert_int_equal(guest.nr_refused, 0);
	fake_uart_type(&uart, "2");
	console_pump(&c);
	assert_int_equal(guest.nr_refused, 1);
	assert_false(uart.rx_irq);
	guest.room = 1;
	console_pump(&c);
	assert_memory_equal(guest.got, "012", 3);
	assert_true(uart.rx_irq);
}

static void input_goes_to_whoever_is_attached_last(void **state)
{
	const struct console_sink deaf = {.room = sink_room, .push = sink_push};

	(void)state;
	guest.room = 1;
	console_attach(&c, &sink);
	console_attach(&c, &deaf); /* that does not care for room to send */
	fake_uart_type(&uart, "x");
	(void)send_all();
	uart.room = 1;
	console_pump(&c);
	assert_int_equal(guest.nr_got, 1);
	assert_int_equal(guest.nr_ready, 0);
}

static void receiver_and_sender_have_their_locks_in_one_order(void **state)
{
	(void)state;
	console_attach(&c, &sink);
	guest.wants = true;
	(void)send_all();
	fake_uart_type(&uart, "abc");
	guest.room = 9;
	uart.room = 1;
	console_pump(&c);
	assert_int_equal(lock_order_below(&c.rx_lock), 1);
	assert_int_equal(lock_order_below(&c.tx_lock), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(byte_goes_straight_to_a_uart_that_keeps_up),
		T(byte_goes_straight_or_nothing_has_happened),
		T(bytes_wait_in_order_while_the_uart_is_full),
		T(room_that_is_told_is_room_that_is_there),
		T(full_ring_takes_nothing_and_loses_nothing),
		T(guest_is_told_of_room_once_and_only_when_it_waits),
		T(guest_may_send_as_soon_as_it_is_told),
		T(ring_is_used_all_round),
		T(log_line_begins_a_line_of_its_own),
		T(log_line_stays_behind_what_the_guest_said_before),
		T(log_line_waits_for_room_and_is_whole),
		T(log_line_that_empties_the_ring_leaves_no_guest_waiting),
		T(crash_report_needs_no_lock),
		T(crash_report_begins_a_line_and_is_not_mixed_with_others),
		T(input_waits_in_the_uart_until_somebody_takes_it),
		T(byte_that_the_guest_refuses_comes_first_next_time),
		T(guest_without_room_leaves_the_rest_to_the_sender),
		T(receive_interrupt_stays_on_until_a_byte_is_refused),
		T(input_goes_to_whoever_is_attached_last),
		T(receiver_and_sender_have_their_locks_in_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
