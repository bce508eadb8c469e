/*
 * PL011 under a random guest and a random console. Whatever the guest does,
 * the bytes that come out of DR (loopback apart) are those that the console
 * put in, in order, none twice and none missing; the interrupt line is
 * MIS != 0 after every step; and the mirror, which a guest reads instead while
 * it is shown, says what the device would and hides no input.
 */
#include <errno.h>
#include <string.h>

#include <base/panic.h>

#include <hyp/vdev/pl011.h>

struct fuzz {
	struct pl011 uart;
	uint8_t pushed, popped; /* counters that are the data */
	uint8_t sent, accepted;
	int out_room;
	bool irq;
	bool shown;
	uint32_t regs[PL011_SIZE / 4];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int tx(void *ctx, uint8_t byte)
{
	struct fuzz *f = ctx;

	if (f->out_room == 0)
		return -EAGAIN;
	ASSERT(byte == f->sent);
	f->accepted++;
	return --f->out_room;
}

static void rx_drained(void *ctx)
{
	struct fuzz *f = ctx;

	if (pl011_rx_push(&f->uart, f->pushed))
		f->pushed++;
}

static void show(void *ctx)
{
	struct fuzz *f = ctx;

	ASSERT(!f->shown);
	f->shown = true;
}

static void hide(void *ctx)
{
	struct fuzz *f = ctx;

	ASSERT(f->shown);
	f->shown = false;
}

/* Before a read that the mirror answers: the device would say the same. */
static void compare(const struct fuzz *f)
{
	struct pl011 copy = f->uart;

	ASSERT(f->uart.count == 0);
	copy.mirror = (struct pl011_mirror){0};
	copy.offer = false;
	for (uint64_t reg = 0; reg < 0x50; reg += 4) {
		struct mmio_op op = {.offset = reg, .size = 4};

		ASSERT(pl011_mmio(&copy, &op) == 0);
		ASSERT(op.value == f->regs[reg / 4]);
	}
}

static void set_irq(void *ctx, bool level)
{
	struct fuzz *f = ctx;

	ASSERT(level != f->irq);
	f->irq = level;
}

static uint64_t guest(struct fuzz *f, uint64_t reg, unsigned size, bool write,
		      uint64_t value)
{
	struct mmio_op op = {.offset = reg,
			     .size = (uint8_t)size,
			     .write = write,
			     .value = value};
	int err;

	if (f->shown)
		compare(f);
	if (f->shown && !write) {
		memcpy(&op.value, (const char *)f->regs + reg, size);
		return op.value;
	}
	err = pl011_mmio(&f->uart, &op);
	ASSERT(err == 0 || err == -ENXIO || (err == -EAGAIN && write));
	return op.value;
}

/* The look at FR may let a byte in, so DR may have more than FR said. */
static void read_data(struct fuzz *f)
{
	bool any = f->uart.count > 0;
	bool seen = !(guest(f, 0x18, 4, false, 0) & 0x10);
	uint8_t head = f->uart.head;
	uint64_t dr = guest(f, 0x00, 4, false, 0);
	bool taken = f->uart.head != head;

	ASSERT(any || !seen);
	ASSERT(taken || !seen);
	if (taken)
		ASSERT(dr == f->popped++);
	else
		ASSERT(dr == 0);
}

static void write_data(struct fuzz *f)
{
	uint8_t before = f->accepted;

	(void)guest(f, 0x00, 1, true, f->sent);
	if (f->accepted != before)
		f->sent++;
}

/* What the line shall be; reading MIS would count as looking. */
static bool line(const struct pl011 *p)
{
	return (p->ris & p->regs[0x38 / 4]) != 0;
}

static void step(struct fuzz *f, uint8_t op, uint8_t a, uint8_t b)
{
	/* No loopback: its bytes would not be the console's. */
	uint64_t value = (a | (uint64_t)b << 8) & ~UINT64_C(0x80);

	switch (op % 8) {
	case 0:
		if (pl011_rx_push(&f->uart, f->pushed))
			f->pushed++;
		break;
	case 1:
		while (pl011_rx_push(&f->uart, f->pushed))
			f->pushed++;
		break;
	case 2:
		read_data(f);
		break;
	case 3:
		write_data(f);
		break;
	case 4:
		f->out_room = a % 64;
		if (f->out_room)
			pl011_tx_ready(&f->uart);
		break;
	case 5:
		(void)guest(f, 4 + 4 * (a % 31), 4, false, 0);
		break;
	case 6:
		(void)guest(f, 4 + 4 * (op / 8 % 19), 4, true, value);
		break;
	default:
		/* Not DR: that would be data; and nothing that the bus refuses.
		 */
		if (a & 0xfc && (a | (b & 15U) << 8) <= PL011_SIZE - 8)
			(void)guest(f, a | (b & 15U) << 8, 1U << (op / 8 % 4),
				    op & 0x80, value & 0x7f);
		break;
	}
}

/* Rules out: early-input */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz f;
	struct pl011_ops ops = {tx, rx_drained, set_irq, &f};
	struct pl011_mirror mirror = {f.regs, show, hide, &f};

	memset(&f, 0, sizeof(f));
	f.out_room = 8;
	pl011_init(&f.uart, &ops);
	pl011_set_mirror(&f.uart, &mirror);
	for (size_t i = 0; i + 3 <= size; i += 3) {
		step(&f, data[i], data[i + 1], data[i + 2]);
		ASSERT(line(&f.uart) == f.irq);
		ASSERT((uint8_t)(f.pushed - f.popped) <= PL011_FIFO);
	}
	/* What was accepted comes out in the end. */
	(void)guest(&f, 0x30, 4, true, 0x301);
	(void)guest(&f, 0x38, 4, true, 0);
	(void)guest(&f, 0x38, 4, true, 0x50);
	while (f.popped != f.pushed)
		read_data(&f);
	return 0;
}
