/* Emulated PL011: offsets, bits and reset values from DDI 0183. */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/pl011.h>

#include "../host/fake_el2.h"
#include "../host/host.h"

#define DR    0x00
#define RSR   0x04
#define FR    0x18
#define IBRD  0x24
#define FBRD  0x28
#define LCR_H 0x2c
#define CR    0x30
#define IFLS  0x34
#define IMSC  0x38
#define RIS   0x3c
#define MIS   0x40
#define ICR   0x44
#define DMACR 0x48

#define TXFF 0x20
#define RXFE 0x10
#define RXFF 0x40
#define TXFE 0x80
#define BUSY 0x08

#define RXI 0x10
#define TXI 0x20
#define RTI 0x40
#define OEI 0x400
#define ON  0x301 /* UARTEN, TXE, RXE */
#define AT  UINT64_C(0x9000000)
#define LBE 0x80

static struct fix {
	struct pl011 uart;
	char out[256];
	size_t nr_out, out_room;
	char in[4096]; /* what the console holds back */
	size_t in_pos, in_len;
	bool irq;
	unsigned irq_changes, drained_calls;
	/* The mirror: what the guest reads, and what of it has been cleaned. */
	uint32_t regs[PL011_SIZE / 4], clean[PL011_SIZE / 4];
	bool shown;
	unsigned nr_shows, nr_hides, nr_exits;
} fx;

static int tx(void *ctx, uint8_t byte)
{
	struct fix *f = ctx;

	assert_true(spin_is_held(&f->uart.lock));
	if (f->out_room == 0)
		return -EAGAIN;
	f->out[f->nr_out++ % sizeof(f->out)] = (char)byte;
	f->out_room--;
	return (int)f->out_room;
}

static void feed(struct fix *f)
{
	while (f->in_pos < f->in_len &&
	       pl011_rx_push(&f->uart, (uint8_t)f->in[f->in_pos]))
		f->in_pos++;
}

static void rx_drained(void *ctx)
{
	struct fix *f = ctx;

	assert_false(spin_is_held(&f->uart.lock));
	f->drained_calls++;
	feed(f);
}

static void set_irq(void *ctx, bool level)
{
	struct fix *f = ctx;

	assert_true(level != f->irq);
	/* Who comes because of it must not read what was. */
	if (f->shown)
		assert_int_equal(f->clean[MIS / 4] != 0, level);
	f->irq = level;
	f->irq_changes++;
}

static void show(void *ctx)
{
	struct fix *f = ctx;

	assert_true(spin_is_held(&f->uart.lock));
	assert_false(f->shown);
	f->shown = true;
	f->nr_shows++;
}

static void hide(void *ctx)
{
	struct fix *f = ctx;

	assert_true(spin_is_held(&f->uart.lock));
	assert_true(f->shown);
	f->shown = false;
	f->nr_hides++;
}

static void clean(const void *p, uint64_t len)
{
	size_t at = (size_t)((const char *)p - (const char *)fx.regs);

	assert_true(at + len <= sizeof(fx.regs));
	memcpy((char *)fx.clean + at, p, len);
}

static const struct pl011_mirror mirror = {fx.regs, show, hide, &fx};

static int setup(void **state)
{
	static const struct pl011_ops ops = {tx, rx_drained, set_irq, &fx};

	(void)state;
	memset(&fx, 0, sizeof(fx));
	fake_hooks.clean = clean;
	fx.out_room = 1000000;
	pl011_init(&fx.uart, &ops);
	pl011_set_text(&fx.uart, AT);
	return 0;
}

static int setup_mirror(void **state)
{
	(void)setup(state);
	pl011_set_mirror(&fx.uart, &mirror);
	return 0;
}

/*
 * A store of a byte, or any other access; in every test. What may go past the
 * device changes nothing in it, so that it makes no difference whether it did.
 * And whatever an access was, it leaves nothing to be brought up to date.
 */
static int exit_to(struct mmio_op *op)
{
	static struct pl011 before;
	bool text = op->offset == DR && op->write && op->size <= 4 &&
		    pl011_text(&fx.uart) == AT && fx.out_room > 1;
	int err;

	memcpy(&before, &fx.uart, sizeof(before));
	err = pl011_mmio(&fx.uart, op);
	if (text) {
		before.lock = fx.uart.lock;
		before.polls = fx.uart.polls;
		assert_memory_equal(&before, &fx.uart, sizeof(before));
		assert_int_equal(err, 0);
	}
	memcpy(&before, &fx.uart, sizeof(before));
	pl011_set_text(&fx.uart, fx.uart.text_at);
	before.lock = fx.uart.lock;
	assert_memory_equal(&before, &fx.uart, sizeof(before));
	return err;
}

/* A guest that looks past caches reads what was cleaned. */
static int access(uint64_t reg, unsigned size, bool write, uint64_t *value)
{
	struct mmio_op op = {.offset = reg,
			     .size = (uint8_t)size,
			     .write = write,
			     .value = write ? *value : ~UINT64_C(0)};
	int err;

	if (!write && fx.shown) {
		*value = 0;
		memcpy(value, (const char *)fx.clean + reg, size);
		return 0;
	}
	fx.nr_exits++;
	err = exit_to(&op);
	*value = op.value;
	return err;
}

static uint32_t rd(uint64_t reg)
{
	uint64_t v;

	assert_int_equal(access(reg, 4, false, &v), 0);
	return (uint32_t)v;
}

static void wr(uint64_t reg, uint64_t v)
{
	assert_int_equal(access(reg, 4, true, &v), 0);
}

static void type(const char *s)
{
	strcpy(fx.in + fx.in_len, s);
	fx.in_len += strlen(s);
	feed(&fx);
}

static void open_port(void)
{
	wr(LCR_H, 0x70);
	wr(CR, ON);
	wr(IMSC, RXI | RTI);
}

/* Reads all that is there, as a driver's interrupt handler does. */
static size_t drain(char *buf, size_t max)
{
	size_t n = 0;

	while (n < max && !(rd(FR) & RXFE))
		buf[n++] = (char)rd(DR);
	buf[n] = '\0';
	return n;
}

static void reset_values_are_the_manuals(void **state)
{
	static const struct {
		uint64_t reg;
		uint32_t value;
	} t[] = {
		{RSR, 0},      {FR, 0x97},    {0x20, 0},     {IBRD, 0},
		{FBRD, 0},     {LCR_H, 0},    {CR, 0x300},   {IFLS, 0x12},
		{IMSC, 0},     {RIS, 0},      {MIS, 0},      {ICR, 0},
		{DMACR, 0},    {0xfe0, 0x11}, {0xfe4, 0x10}, {0xfe8, 0x34},
		{0xfec, 0},    {0xff0, 0x0d}, {0xff4, 0xf0}, {0xff8, 0x05},
		{0xffc, 0xb1}, {0x80, 0},     {0x4c, 0},     {0xfdc, 0},
	};

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(t); i++)
			assert_int_equal(rd(t[i].reg), t[i].value);
		open_port();
		wr(IBRD, 1);
		type("x");
		assert_true(fx.irq);
		pl011_reset(&fx.uart);
		assert_false(fx.irq);
	}
}

static void stored_registers_keep_their_writable_bits(void **state)
{
	static const struct {
		uint64_t reg;
		uint32_t mask;
	} t[] = {
		{0x20, 0xff}, {IBRD, 0xffff}, {FBRD, 0x3f},  {LCR_H, 0xff},
		{CR, 0xff87}, {IFLS, 0x3f},   {IMSC, 0x7ff}, {DMACR, 7},
		{0x80, 0},    {0x4c, 0},      {0xfe0, 0x11}, {0x08, 0},
		{0x14, 0},    {0x1c, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		wr(t[i].reg, 0xffffffff);
		assert_int_equal(rd(t[i].reg), t[i].mask);
	}
}

static void every_read_and_stores_of_8_16_32_bits_work(void **state)
{
	uint64_t v;

	(void)state;
	v = 'a';
	assert_int_equal(access(DR, 1, true, &v), 0);
	v = 'b';
	assert_int_equal(access(DR, 2, true, &v), 0);
	v = 'c';
	assert_int_equal(access(DR, 4, true, &v), 0);
	v = 'd'; /* no byte lane of DR but the first sends */
	assert_int_equal(access(DR + 1, 1, true, &v), 0);
	assert_int_equal(access(DR + 2, 2, true, &v), 0);
	assert_string_equal(fx.out, "abc");
	assert_int_equal(access(DR, 8, true, &v), -ENXIO);
	assert_int_equal(access(DR + 1, 2, true, &v), -ENXIO);
	assert_int_equal(access(CR, 8, false, &v), 0);
	assert_int_equal(v, UINT64_C(0x1200000300)); /* and IFLS */
	assert_int_equal(access(CR + 1, 8, false, &v), 0);
	assert_int_equal(v, UINT64_C(0x12000003)); /* and IMSC */
	wr(IMSC, 0x7a5);
	assert_int_equal(access(CR + 1, 8, false, &v), 0);
	assert_int_equal(v, UINT64_C(0xa500000012000003));
	assert_int_equal(access(CR + 2, 4, false, &v), 0);
	assert_int_equal(v, 0x120000);
	assert_int_equal(access(CR, 1, false, &v), 0);
	assert_int_equal(v, 0x00);
	assert_int_equal(access(CR + 1, 1, false, &v), 0);
	assert_int_equal(v, 0x03);
	assert_int_equal(access(CR, 2, false, &v), 0);
	assert_int_equal(v, 0x300);
	assert_int_equal(access(CR + 2, 2, false, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(fx.nr_out, 3);
}

static void bytes_are_sent_without_any_setup(void **state)
{
	(void)state;
	for (const char *s = "hello"; *s; s++) {
		assert_int_equal(rd(FR) & (TXFF | BUSY), 0);
		wr(DR, (unsigned char)*s);
		assert_int_equal(rd(FR) & (TXFF | BUSY | TXFE), TXFE);
	}
	assert_string_equal(fx.out, "hello");
}

static void full_console_shows_txff_and_loses_nothing(void **state)
{
	uint64_t v = 'c';

	(void)state;
	open_port();
	fx.out_room = 2;
	wr(DR, 'a');
	assert_int_equal(rd(FR) & (TXFF | BUSY | TXFE), TXFE);
	wr(DR, 'b');
	assert_int_equal(rd(FR) & (TXFF | BUSY | TXFE), TXFF | BUSY);
	assert_int_equal(access(DR, 4, true, &v), -EAGAIN);
	assert_int_equal(rd(FR) & TXFF, TXFF);
	fx.out_room = 10;
	pl011_tx_ready(&fx.uart);
	assert_int_equal(rd(FR) & (TXFF | BUSY | TXFE), TXFE);
	wr(DR, 'c');
	assert_string_equal(fx.out, "abc");
}

static void transmit_interrupt_follows_written_bytes_and_room(void **state)
{
	(void)state;
	wr(CR, ON);
	wr(IMSC, TXI);
	assert_false(fx.irq); /* nothing has been sent yet */
	wr(DR, 'a');
	assert_true(fx.irq);
	assert_int_equal(rd(MIS), TXI);
	wr(ICR, TXI);
	assert_false(fx.irq);
	wr(DR, 'b');
	assert_true(fx.irq);
	wr(IMSC, 0);
	assert_false(fx.irq);
	assert_int_equal(rd(RIS), TXI);
	wr(IMSC, TXI); /* what a driver does that found room: at once */
	assert_true(fx.irq);
	fx.out_room = 1;
	wr(DR, 'c');
	assert_false(fx.irq); /* full: above the trigger level */
	fx.out_room = 1;
	pl011_tx_ready(&fx.uart);
	assert_true(fx.irq);
	wr(ICR, TXI);
	pl011_tx_ready(&fx.uart); /* without a full FIFO: no event */
	assert_false(fx.irq);
}

static void input_before_the_port_opens_is_held_back(void **state)
{
	char got[64];

	(void)state;
	type("early bird\n");
	assert_int_equal(rd(FR) & (RXFE | RXFF), RXFE);
	assert_int_equal(rd(RIS), 0);
	assert_int_equal(fx.in_pos, 0);
	open_port();
	assert_true(fx.irq);
	assert_int_equal(drain(got, 63), 11);
	assert_string_equal(got, "early bird\n");
	assert_false(fx.irq);
}

/* The order in which Linux prepares, probes with both receive interrupts
 * on, turns them off, starts the UART, empties the FIFO, then listens. */
static void startup(char *lost)
{
	wr(ICR, 0x7d0);
	wr(IMSC, RXI | RTI);
	wr(IMSC, 0);
	wr(IFLS, 0x12);
	wr(CR, rd(CR) | ON);
	(void)rd(FR);
	wr(ICR, RXI | RTI);
	for (unsigned i = 0; i < 64; i++) {
		if (rd(FR) & RXFE)
			break;
		*lost++ = (char)rd(DR);
	}
	*lost = '\0';
	wr(IMSC, RXI | RTI);
}

static void shutdown_port(void)
{
	wr(IMSC, 0);
	wr(ICR, 0xffff);
	wr(CR, 0x101);
	wr(LCR_H, rd(LCR_H) & 0xeeU);
}

/* Rules out: early-input */
static void linux_startup_drains_nothing(void **state)
{
	char lost[80], got[80];

	(void)state;
	type("uname -r; poweroff -f\n");
	for (const char *s = "Booting Linux on physical CPU 0\n"; *s; s++) {
		assert_int_equal(rd(FR) & TXFF, 0);
		wr(DR, (unsigned char)*s);
		assert_int_equal(rd(FR) & BUSY, 0);
	}
	wr(LCR_H, 0x70);
	startup(lost);
	assert_string_equal(lost, "");
	assert_true(fx.irq);
	(void)drain(got, 79);
	assert_string_equal(got, "uname -r; poweroff -f\n");
}

static void linux_startup_after_running_firmware_drains_nothing(void **state)
{
	char lost[80], got[80];

	(void)state;
	wr(LCR_H, 0x70);
	wr(CR, ON);
	for (unsigned i = 0; i < 2 * PL011_POLLS; i++)
		(void)rd(FR); /* firmware polled: the gate is open */
	type("late");
	startup(lost);
	assert_string_equal(lost, "");
	(void)drain(got, 79);
	assert_string_equal(got, "late");
}

static void closing_and_opening_again_keeps_unread_input(void **state)
{
	char lost[80], got[80];

	(void)state;
	startup(lost);
	wr(LCR_H, 0x70);
	type("abcdefgh");
	assert_int_equal(rd(RIS) & RTI, RTI);
	assert_int_equal(rd(DR), 'a');
	shutdown_port();
	assert_false(fx.irq);
	assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_int_equal(rd(DR), 0);
	type("ij");
	wr(LCR_H, 0x70);
	startup(lost);
	assert_string_equal(lost, "");
	(void)drain(got, 79);
	assert_string_equal(got, "bcdefghij");
}

static void polling_opens_the_gate(void **state)
{
	char got[16];
	unsigned n = 0;

	(void)state;
	type("q");
	while (rd(FR) & RXFE)
		assert_true(++n < 100);
	assert_int_equal(n, PL011_POLLS);
	assert_int_equal(drain(got, 15), 1);
	assert_string_equal(got, "q");
}

static void polling_the_raw_interrupt_status_opens_it_too(void **state)
{
	unsigned n = 0;

	(void)state;
	type("q");
	while (!(rd(RIS) & RXI))
		assert_true(++n < 100);
	assert_int_equal(rd(DR), 'q');
}

static void console_output_does_not_count_as_polling(void **state)
{
	(void)state;
	type("x");
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned k = 0; k < PL011_POLLS - 1; k++)
			assert_int_equal(rd(FR) & RXFE, RXFE);
		wr(DR, '.');
	}
	assert_int_equal(fx.in_pos, 0);
}

static void waiting_for_room_to_send_does_not_count_as_polling(void **state)
{
	(void)state;
	type("x");
	fx.out_room = 1;
	wr(DR, '.');
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rd(FR) & (TXFF | RXFE), TXFF | RXFE);
	pl011_tx_ready(&fx.uart);
	(void)rd(FR);
	assert_int_equal(fx.in_pos, 0);
}

static void switched_off_receiver_never_opens(void **state)
{
	(void)state;
	type("x");
	wr(CR, 0x101); /* no RXE */
	wr(IMSC, RXI | RTI);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_false(fx.irq);
	wr(CR, ON); /* interrupts are enabled already: now it listens */
	assert_true(fx.irq);
	assert_int_equal(rd(DR), 'x');
}

static void masking_in_a_handler_does_not_hide_the_fifo(void **state)
{
	(void)state;
	open_port();
	type("ab");
	assert_int_equal(rd(MIS) & RTI, RTI); /* top half looks, then masks */
	wr(IMSC, 0);
	assert_int_equal(rd(FR) & RXFE, 0);
	assert_int_equal(rd(DR), 'a');
	wr(IMSC, RXI | RTI);
	assert_true(fx.irq);
	assert_int_equal(rd(DR), 'b');
	assert_false(fx.irq);
}

static void blindly_masking_handler_is_served_in_the_end(void **state)
{
	unsigned rounds = 0;

	(void)state;
	open_port();
	type("z");
	for (;; rounds++) {
		assert_true(rounds < 3 * PL011_POLLS);
		wr(IMSC, 0);
		if (!(rd(FR) & RXFE))
			break;
		wr(IMSC, RXI | RTI);
	}
	assert_int_equal(rd(DR), 'z');
}

static void receive_interrupt_follows_the_trigger_level(void **state)
{
	static const uint8_t level[] = {4, 8, 16, 24, 28};

	(void)state;
	for (unsigned sel = 0; sel < ARRAY_SIZE(level); sel++) {
		(void)setup(state);
		open_port();
		wr(IFLS, sel << 3);
		wr(IMSC, RXI);
		for (unsigned i = 1; i < level[sel]; i++)
			type("x");
		assert_false(fx.irq);
		assert_int_equal(rd(RIS) & (RXI | RTI), RTI);
		type("x");
		assert_true(fx.irq);
		assert_int_equal(rd(RIS) & (RXI | RTI), RXI | RTI);
		(void)rd(DR);
		assert_false(fx.irq);
	}
}

static void time_out_interrupt_lasts_until_the_fifo_is_empty(void **state)
{
	(void)state;
	open_port();
	type("abc");
	assert_int_equal(rd(RIS), RTI);
	assert_true(fx.irq);
	wr(ICR, RTI);
	assert_false(fx.irq);
	assert_int_equal(rd(DR), 'a'); /* more is waiting */
	assert_true(fx.irq);
	assert_int_equal(rd(DR), 'b');
	assert_int_equal(rd(DR), 'c');
	assert_false(fx.irq);
	assert_int_equal(rd(RIS), 0);
}

static void
cleared_receive_interrupt_comes_back_with_the_next_byte(void **state)
{
	(void)state;
	open_port();
	wr(IFLS, 0);
	type("abcd");
	wr(ICR, RXI | RTI);
	assert_false(fx.irq);
	type("e");
	assert_int_equal(rd(RIS), RXI | RTI);
}

static void without_fifo_there_is_one_entry(void **state)
{
	(void)state;
	wr(CR, ON);
	wr(IMSC, RXI);
	type("ab");
	assert_int_equal(fx.in_pos, 1);
	assert_int_equal(rd(FR) & (RXFF | RXFE), RXFF);
	assert_true(fx.irq);
	assert_int_equal(rd(DR), 'a');
	assert_int_equal(fx.in_pos, 2); /* refilled by rx_drained() */
	assert_int_equal(rd(DR), 'b');
	assert_int_equal(rd(FR) & (RXFF | RXFE), RXFE);
	assert_false(fx.irq);
}

static void fifo_takes_32_and_asks_again_when_half_is_free(void **state)
{
	(void)state;
	open_port();
	for (unsigned i = 0; i < 40; i++)
		type("x");
	assert_int_equal(fx.in_pos, 32);
	assert_int_equal(rd(FR) & RXFF, RXFF);
	assert_false(pl011_rx_push(&fx.uart, 'y'));
	fx.drained_calls = 0;
	for (unsigned i = 0; i < 15; i++)
		assert_int_equal(rd(DR), 'x');
	assert_int_equal(rd(FR) & (RXFF | RXFE), 0);
	assert_int_equal(fx.drained_calls, 0);
	assert_int_equal(rd(DR), 'x');
	assert_int_equal(fx.drained_calls, 1);
	assert_int_equal(fx.in_pos, 40);
}

static void console_that_is_content_is_not_called(void **state)
{
	(void)state;
	open_port();
	fx.drained_calls = 0;
	type("abc");
	(void)rd(DR);
	(void)rd(DR);
	(void)rd(DR);
	assert_int_equal(fx.drained_calls, 0);
}

static void shrinking_the_fifo_loses_nothing(void **state)
{
	char got[16];

	(void)state;
	open_port();
	type("abcdef");
	wr(LCR_H, 0x60);
	assert_int_equal(rd(RIS) & RXI, RXI);
	wr(LCR_H, 0x70);
	(void)drain(got, 15);
	assert_string_equal(got, "abcdef");
}

static void interrupts_go_out_only_when_the_level_changes(void **state)
{
	(void)state;
	open_port();
	for (unsigned i = 0; i < 20; i++)
		type("x");
	assert_int_equal(fx.irq_changes, 1); /* set_irq() asserts a change */
}

static void loopback_returns_bytes_and_modem_lines(void **state)
{
	(void)state;
	wr(LCR_H, 0x70);
	wr(CR, ON | LBE);
	assert_int_equal(rd(FR) & 0x107, 0);
	assert_int_equal(rd(RIS) & 0xf, 0xe); /* CTS, DCD, DSR fell */
	wr(ICR, 0xf);
	wr(DR, 0x41);
	assert_int_equal(rd(FR) & RXFE, 0);
	assert_int_equal(rd(DR), 0x41);
	assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_int_equal(fx.nr_out, 0);
	wr(CR, ON | LBE | 0x0400); /* DTR */
	assert_int_equal(rd(FR) & 0x107, 0x002);
	assert_int_equal(rd(RIS) & 0xf, 0x8);
	wr(CR, ON | LBE | 0x0800); /* RTS */
	assert_int_equal(rd(FR) & 0x107, 0x001);
	wr(CR, ON | LBE | 0x1000); /* Out1 */
	assert_int_equal(rd(FR) & 0x107, 0x004);
	wr(CR, ON | LBE | 0x2000); /* Out2 */
	assert_int_equal(rd(FR) & 0x107, 0x100);
	assert_int_equal(rd(RIS) & 0xf, 0xf);
	wr(CR, ON);
	assert_int_equal(rd(FR) & 0x107, 0x007);
}

static void loopback_keeps_console_input_out(void **state)
{
	(void)state;
	open_port();
	wr(CR, ON | LBE);
	type("k");
	assert_int_equal(fx.in_pos, 0);
	wr(DR, 'l');
	assert_int_equal(rd(DR), 'l');
	wr(CR, ON);
	assert_int_equal(fx.in_pos, 1);
	assert_int_equal(rd(DR), 'k');
}

static void only_loopback_can_overrun(void **state)
{
	(void)state;
	wr(LCR_H, 0x70);
	wr(CR, ON | LBE);
	wr(IMSC, OEI);
	for (unsigned i = 0; i < 32; i++)
		wr(DR, i);
	assert_false(fx.irq);
	assert_int_equal(rd(RSR), 0);
	wr(DR, 99);
	assert_true(fx.irq);
	assert_int_equal(rd(RSR), 8);
	wr(RSR, 0);
	assert_int_equal(rd(RSR), 0);
	wr(ICR, OEI);
	assert_false(fx.irq);
	assert_int_equal(rd(DR), 0);
	wr(DR, 100); /* carries the mark of the byte that was lost */
	for (unsigned i = 1; i < 32; i++)
		assert_int_equal(rd(DR), i);
	assert_int_equal(rd(DR), 0x864);
	wr(DR, 101);
	assert_int_equal(rd(DR), 101);
}

static void reset_keeps_unread_input_behind_the_closed_gate(void **state)
{
	(void)state;
	open_port();
	type("abc");
	pl011_reset(&fx.uart);
	assert_int_equal(rd(FR), 0x97);
	type("d");
	open_port(); /* the console is asked again without having been told */
	for (const char *s = "abcd"; *s; s++)
		assert_int_equal(rd(DR), *s);
}

static void reset_forgets_what_the_guest_sent_to_itself(void **state)
{
	(void)state;
	open_port();
	wr(CR, 0x381); /* LBE */
	wr(DR, 'x');
	pl011_reset(&fx.uart);
	type("d");
	open_port();
	assert_int_equal(rd(DR), 'd');
}

static void a_thousand_lines_arrive_whole(void **state)
{
	size_t sent = 0, got = 0;

	(void)state;
	open_port();
	while (got < 65536) {
		char buf[64];
		size_t n;

		while (fx.in_len - fx.in_pos < 100 && sent < 65536) {
			if (fx.in_len == sizeof(fx.in)) {
				memmove(fx.in, fx.in + fx.in_pos,
					fx.in_len - fx.in_pos);
				fx.in_len -= fx.in_pos;
				fx.in_pos = 0;
			}
			fx.in[fx.in_len++] = (char)(sent++ * 7 % 251);
		}
		feed(&fx);
		n = drain(buf, 1 + got % 60);
		assert_true(n > 0);
		for (size_t i = 0; i < n; i++, got++)
			assert_int_equal((uint8_t)buf[i], got * 7 % 251);
	}
}

/* ------------------------------------------------------------------ mirror */

static void reads_without_input_cost_no_exit(void **state)
{
	(void)state;
	assert_int_equal(rd(FR), 0x97);
	assert_int_equal(fx.nr_exits, 1);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(rd(FR) & (TXFF | RXFE), RXFE);
	assert_int_equal(rd(DR), 0);
	assert_int_equal(rd(0xff8), 0x05);
	assert_int_equal(fx.nr_exits, 1);
}

static void only_the_flag_register_brings_the_mirror(void **state)
{
	(void)state;
	for (uint64_t reg = 0; reg < PL011_SIZE; reg += 4) {
		if (reg != FR)
			(void)rd(reg);
	}
	assert_false(fx.shown);
	(void)rd(FR);
	assert_true(fx.shown);
}

static void mirror_goes_before_a_byte_comes(void **state)
{
	char got[16];

	(void)state;
	open_port();
	(void)rd(RIS); /* it looks */
	assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_true(fx.shown);
	type("ab");
	assert_false(fx.shown);
	assert_true(fx.irq);
	assert_int_equal(rd(RIS), RTI);
	assert_int_equal(rd(FR) & RXFE, 0);
	assert_false(fx.shown);
	(void)drain(got, 15); /* its last look finds nothing */
	assert_string_equal(got, "ab");
	assert_true(fx.shown);
}

static void byte_that_waits_behind_the_gate_takes_the_mirror_away(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 10 * PL011_POLLS; i++)
		(void)rd(FR);
	assert_true(fx.shown);
	type("q");
	assert_false(fx.shown);
	while (rd(FR) & RXFE)
		assert_true(++n < 2 * PL011_POLLS);
	assert_int_equal(rd(DR), 'q');
	(void)rd(FR);
	assert_true(fx.shown);
}

static void unread_bytes_of_a_closed_port_keep_the_mirror_away(void **state)
{
	(void)state;
	open_port();
	(void)rd(RIS);
	type("x");
	wr(CR, 0);
	for (unsigned i = 0; i < 3 * PL011_POLLS; i++)
		assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_false(fx.shown);
}

static void look_that_is_not_seen_loses_nothing(void **state)
{
	char got[16];

	(void)state;
	(void)rd(FR);
	open_port();
	assert_true(fx.shown);
	(void)rd(MIS); /* a handler, of a transmit interrupt say, ... */
	wr(IMSC, 0);   /* ... masks */
	type("ab");    /* behind the gate, then */
	wr(IMSC, RXI | RTI);
	assert_true(fx.irq);
	(void)drain(got, 15);
	assert_string_equal(got, "ab");
}

static void mirror_says_what_every_store_changed(void **state)
{
	(void)state;
	(void)rd(FR);
	wr(IBRD, 0x1234);
	wr(CR, 0x101);
	wr(IMSC, TXI);
	wr(DR, 'a');
	assert_int_equal(rd(RIS), TXI);
	assert_int_equal(rd(MIS), TXI);
	wr(ICR, TXI);
	assert_int_equal(rd(RIS), 0);
	assert_int_equal(rd(MIS), 0);
	assert_int_equal(rd(IBRD), 0x1234);
	assert_int_equal(rd(CR), 0x101);
	assert_int_equal(rd(IMSC), TXI);
	assert_true(fx.shown);
	assert_int_equal(fx.nr_shows, 1);
	assert_int_equal(fx.nr_exits, 6);
}

static void guest_that_waits_for_room_sees_it_without_an_exit(void **state)
{
	(void)state;
	(void)rd(FR);
	fx.out_room = 1;
	wr(DR, 'a');
	assert_int_equal(rd(FR) & (TXFF | BUSY), TXFF | BUSY);
	fx.out_room = 9;
	pl011_tx_ready(&fx.uart);
	assert_int_equal(rd(FR) & (TXFF | BUSY | TXFE), TXFE);
	assert_true(fx.shown);
}

static void text_may_go_past_the_device_while_a_byte_changes_nothing(void **s)
{
	(void)s;
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	wr(DR, 'a'); /* raises TXRIS */
	assert_int_equal(pl011_text(&fx.uart), AT);
	wr(DR, 'b');
	assert_int_equal(pl011_text(&fx.uart), AT);
	wr(ICR, TXI);
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	wr(DR, 'c');
	assert_int_equal(pl011_text(&fx.uart), AT);
	wr(CR, ON | LBE);
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	wr(CR, ON);
	assert_int_equal(pl011_text(&fx.uart), AT);
	fx.out_room = 1;
	wr(DR, 'd');
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	fx.out_room = 9;
	pl011_tx_ready(&fx.uart);
	assert_int_equal(pl011_text(&fx.uart), AT);
	pl011_reset(&fx.uart);
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	wr(DR, 'e');
	pl011_set_text(&fx.uart, PL011_NO_TEXT);
	assert_int_equal(pl011_text(&fx.uart), PL011_NO_TEXT);
	assert_memory_equal(fx.out, "abcde", 5);
}

/* A byte that goes past the device is not seen to end a row of polls. */
static void polls_before_the_mirror_do_not_count_after_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PL011_POLLS / 2; i++)
		(void)rd(RIS);
	(void)rd(FR);
	assert_true(fx.shown);
	type("y");
	for (unsigned i = 0; i < PL011_POLLS; i++)
		assert_int_equal(rd(FR) & RXFE, RXFE);
	assert_int_equal(rd(DR), 'y');
}

static void loopback_has_no_mirror(void **state)
{
	(void)state;
	(void)rd(FR);
	wr(CR, ON | LBE);
	assert_false(fx.shown);
	(void)rd(FR);
	assert_false(fx.shown);
	wr(CR, ON);
	(void)rd(FR);
	assert_true(fx.shown);
}

static void reset_hides_the_mirror_and_a_new_one_is_hidden(void **state)
{
	(void)state;
	wr(IBRD, 7);
	(void)rd(FR);
	pl011_reset(&fx.uart);
	assert_false(fx.shown);
	(void)rd(FR);
	assert_true(fx.shown);
	assert_int_equal(rd(IBRD), 0);
	pl011_set_mirror(&fx.uart, NULL);
	assert_false(fx.shown);
	(void)rd(FR);
	type("x");
	assert_int_equal(fx.nr_hides, 2);
	pl011_set_mirror(&fx.uart, &mirror);
	(void)rd(FR);
	assert_false(fx.shown); /* the byte still waits */
}

/* Every rule of the device, with and without a mirror. */
#define T(f)                                                                   \
	cmocka_unit_test_setup(f, setup),                                      \
		cmocka_unit_test_setup(f, setup_mirror)
#define M(f) cmocka_unit_test_setup(f, setup_mirror)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reset_values_are_the_manuals),
		T(stored_registers_keep_their_writable_bits),
		T(every_read_and_stores_of_8_16_32_bits_work),
		T(bytes_are_sent_without_any_setup),
		T(full_console_shows_txff_and_loses_nothing),
		T(transmit_interrupt_follows_written_bytes_and_room),
		T(input_before_the_port_opens_is_held_back),
		T(linux_startup_drains_nothing),
		T(linux_startup_after_running_firmware_drains_nothing),
		T(closing_and_opening_again_keeps_unread_input),
		T(polling_opens_the_gate),
		T(polling_the_raw_interrupt_status_opens_it_too),
		T(console_output_does_not_count_as_polling),
		T(waiting_for_room_to_send_does_not_count_as_polling),
		T(switched_off_receiver_never_opens),
		T(masking_in_a_handler_does_not_hide_the_fifo),
		T(blindly_masking_handler_is_served_in_the_end),
		T(receive_interrupt_follows_the_trigger_level),
		T(time_out_interrupt_lasts_until_the_fifo_is_empty),
		T(cleared_receive_interrupt_comes_back_with_the_next_byte),
		T(without_fifo_there_is_one_entry),
		T(fifo_takes_32_and_asks_again_when_half_is_free),
		T(console_that_is_content_is_not_called),
		T(shrinking_the_fifo_loses_nothing),
		T(interrupts_go_out_only_when_the_level_changes),
		T(loopback_returns_bytes_and_modem_lines),
		T(loopback_keeps_console_input_out),
		T(only_loopback_can_overrun),
		T(reset_keeps_unread_input_behind_the_closed_gate),
		T(reset_forgets_what_the_guest_sent_to_itself),
		T(a_thousand_lines_arrive_whole),
		M(reads_without_input_cost_no_exit),
		M(only_the_flag_register_brings_the_mirror),
		M(mirror_goes_before_a_byte_comes),
		M(byte_that_waits_behind_the_gate_takes_the_mirror_away),
		M(unread_bytes_of_a_closed_port_keep_the_mirror_away),
		M(look_that_is_not_seen_loses_nothing),
		M(mirror_says_what_every_store_changed),
		M(guest_that_waits_for_room_sees_it_without_an_exit),
		T(text_may_go_past_the_device_while_a_byte_changes_nothing),
		M(polls_before_the_mirror_do_not_count_after_it),
		M(loopback_has_no_mirror),
		M(reset_hides_the_mirror_and_a_new_one_is_hidden),
	};

	return cmocka_run_group_tests_name("pl011", tests, NULL, NULL);
}
