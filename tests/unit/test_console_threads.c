/*
 * Text of several vCPUs, a thread each, at one PL011: some bytes go straight to
 * the machine's UART as a store of text does that exits (hyp/abort.c), the
 * others by the device; meanwhile the UART's interrupt empties the ring, and
 * one vCPU changes what decides between the two ways. Each byte arrives once,
 * and those of a vCPU in its order.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include <hyp/console.h>
#include <hyp/vdev/pl011.h>

#include "../host/fake_el2.h"
#include "../host/fake_uart.h"
#include "../host/host.h"
#include "../host/rnd.h"

#define WRITERS 3U
#define BYTES   12000U /* of each: less than fake_uart.out has room for */
#define AT      0x09000000U
#define IMSC    0x38U

static struct fake_uart hw;
static struct console con;
static struct pl011 uart;
static unsigned writing;  /* vCPUs that do; atomic */
static unsigned straight; /* bytes that went past the device; atomic */
static _Thread_local uint32_t seed;

static int tx(void *ctx, uint8_t byte)
{
	(void)ctx;
	return console_put(&con, byte);
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void no_line(void *ctx, bool level)
{
	(void)ctx;
	(void)level;
}

static void tx_ready(void *ctx)
{
	pl011_tx_ready(ctx);
}

static bool no_room(void *ctx, uint8_t byte)
{
	(void)ctx;
	(void)byte;
	return false;
}

static void jitter(void)
{
	if (rnd(&seed, 16) == 0)
		thrd_yield();
}

static void store(uint64_t reg, uint64_t value)
{
	struct mmio_op op = {
		.offset = reg, .size = 4, .write = true, .value = value};
	int err;

	while ((err = pl011_mmio(&uart, &op)) == -EAGAIN)
		thrd_yield();
	if (err)
		abort();
}

static void put(uint8_t byte)
{
	if (pl011_text(&uart) == AT && console_put_straight(&con, byte))
		(void)__atomic_add_fetch(&straight, 1, __ATOMIC_RELAXED);
	else
		store(0, byte);
}

/* Bytes tell who sends them, and a number. */
static void *writer(void *which)
{
	unsigned self = *(unsigned *)which;

	seed = self;
	fake_between = jitter;
	for (unsigned i = 0; i < BYTES; i++) {
		put((uint8_t)(self << 6 | (i & 63)));
		if (self == 0 && i % 8 == 0)
			store(IMSC, rnd(&seed, 2) << 5); /* TXIM */
	}
	(void)__atomic_sub_fetch(&writing, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Rules out: pending-afar */
static void text_of_several_vcpus_arrives_once_and_in_order(void **state)
{
	const struct console_uart ops = fake_uart_ops(&hw);
	const struct pl011_ops dev = {tx, nothing, no_line, NULL};
	const struct console_sink sink = {
		.push = no_room, .tx_ready = tx_ready, .ctx = &uart};
	unsigned self[WRITERS], came[WRITERS] = {0};
	pthread_t thread[WRITERS];

	(void)state;
	hw.room = hw.refill = 37;
	console_init(&con, &ops);
	pl011_init(&uart, &dev);
	pl011_set_text(&uart, AT);
	console_attach(&con, &sink);
	writing = WRITERS;
	for (unsigned i = 0; i < WRITERS; i++) {
		self[i] = i;
		assert_int_equal(
			pthread_create(&thread[i], NULL, writer, &self[i]), 0);
	}
	while (__atomic_load_n(&writing, __ATOMIC_ACQUIRE)) {
		console_pump(&con);
		thrd_yield();
	}
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	while (!console_drain(&con))
		;
	assert_int_equal(hw.nr_out, WRITERS * BYTES);
	for (unsigned i = 0; i < hw.nr_out; i++) {
		uint8_t byte = (uint8_t)hw.out[i];

		assert_int_equal(byte & 63, came[byte >> 6]++ & 63);
	}
	assert_in_range(straight, 1, WRITERS * BYTES - 1); /* both ways */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			text_of_several_vcpus_arrives_once_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
