/*
 * The virtio console under a driver, a terminal and a console that the input
 * dictates. Held to: the line follows InterruptStatus, no lock stays taken, one
 * call sends a bounded part, nothing outside RAM is read or written (the
 * sanitizers watch), input that was taken is there until a buffer has it, and a
 * driver that keeps to the rules afterwards gets that input, in order, and has
 * its output sent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/vdev/virtio_console.h>

#include "../host/fake_guest.h"
#include "../host/host.h"
#include "../host/virtio_regs.h"

#define RINGS (FAKE_RAM + 0x8000) /* of the transmitq */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct fake_guest g;
	uint32_t regs[VIRTIO_MMIO_SIZE / 4];
	struct virtio_console c;
	size_t room, sent; /* sent: by one call */
	uint8_t typed;     /* a counter is what is typed */
	uint16_t avail[2];
	bool line, drained;
};

struct input {
	const uint8_t *p;
	size_t left;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static uint32_t take(struct input *in, unsigned bytes)
{
	uint32_t v = 0;

	for (; bytes && in->left; bytes--, in->left--)
		v = v << 8 | *in->p++;
	return v;
}

static size_t tx(void *ctx, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	size_t n = len < w->room ? len : w->room;
	volatile uint8_t sum = 0;

	must(spin_is_held(&w->c.mmio.lock));
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + data[i]);
	w->room -= n;
	w->sent += n;
	return n;
}

static void want_room(void *ctx)
{
	(void)ctx;
}

static void rx_drained(void *ctx)
{
	struct world *w = ctx;

	must(!spin_is_held(&w->c.mmio.lock));
	w->drained = true;
}

static void set_irq(void *ctx, bool level)
{
	struct world *w = ctx;

	must(level != w->line);
	w->line = level;
}

static void check(struct world *w)
{
	must(w->line == (w->regs[0x60 / 4] != 0));
	must(virtio_regs_are_true(&w->c.mmio));
	must(!spin_is_held(&w->c.mmio.lock));
	must(!spin_is_held(&w->c.mmio.irq_lock));
	must(w->sent <= VIRTIO_CONSOLE_EXIT_COST);
	must(w->c.in_head - w->c.in_tail <= VIRTIO_CONSOLE_INPUT);
	w->sent = 0;
}

/* An access that has to be made again may be given up: an interrupt came. */
static uint64_t mmio(struct world *w, uint64_t off, unsigned size, bool write,
		     uint64_t v)
{
	struct mmio_op op = {.offset = off,
			     .value = v,
			     .size = (uint8_t)size,
			     .write = write};
	int err = -EAGAIN;

	for (unsigned i = 0; i < 4 && err == -EAGAIN; i++) {
		err = virtio_console_access(&w->c, &op);
		must(err == 0 || (err == -EAGAIN && write &&
				  (off == 0x50 || off == 0x108)));
		check(w);
	}
	return op.value;
}

static void wr(struct world *w, uint64_t off, uint64_t v)
{
	(void)mmio(w, off, 4, true, (uint32_t)v);
}

static void use(struct world *w, unsigned q)
{
	w->g.desc = q ? RINGS : FAKE_DESC;
	w->g.avail = q ? RINGS + 0x1000 : FAKE_AVAIL;
	w->g.used = q ? RINGS + 0x2000 : FAKE_USED;
}

static void driver_wr(void *ctx, uint64_t off, uint32_t v)
{
	wr(ctx, off, v);
}

static void bring_up(struct world *w, uint32_t how)
{
	const struct fake_driver d = {driver_wr, w};

	fake_ring(&w->g, (uint16_t)(1U << (how & 7)));
	fake_driver_begin(&d, (how >> 3 & 3) << 28);
	for (unsigned q = 0; q < 2; q++) {
		use(w, q);
		w->avail[q] = 0;
		fake_driver_queue(&d, q, &w->g);
	}
	fake_driver_ok(&d);
}

static void offer(struct world *w, unsigned q, uint16_t head)
{
	use(w, q);
	w->g.avail_idx = w->avail[q];
	fake_offer(&w->g, head);
	w->avail[q] = w->g.avail_idx;
}

static void put_desc(struct world *w, uint64_t table, struct input *in)
{
	uint32_t i = take(in, 1) & 15, addr = take(in, 3), len = take(in, 2);

	fake_desc(&w->g, table, i, FAKE_RAM + (addr & 0x1fffff),
		  len & 1 ? len << 8 : len >> 1, (uint16_t)(take(in, 1) & 7),
		  (uint16_t)(take(in, 1) & 15));
}

/* A buffer as drivers make it. */
static void put_buffer(struct world *w, struct input *in)
{
	uint32_t q = take(in, 1) & 1, len = take(in, 1);

	use(w, q);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA + 0x1000, len,
		  q ? 0 : DESC_WRITE, 0);
	offer(w, q, 0);
	wr(w, 0x050, q);
}

static void type(struct world *w, uint32_t n)
{
	while (n-- && virtio_console_rx_room(&w->c))
		must(virtio_console_rx_push(&w->c, w->typed++));
	virtio_console_rx_flush(&w->c);
	check(w);
}

static void step(struct world *w, struct input *in)
{
	static const uint8_t sizes[] = {1, 2, 4, 8, 4, 4, 4, 4};
	uint32_t what = take(in, 1), size = sizes[what >> 5];

	switch (what % 12) {
	case 0:
		(void)mmio(w, (take(in, 1) * 2) & ~(size - 1), size, true,
			   take(in, 4));
		break;
	case 1:
		(void)mmio(w, (take(in, 1) * 2) & ~(size - 1), size, false, 0);
		break;
	case 2:
		bring_up(w, take(in, 1));
		break;
	case 3:
		put_desc(w, take(in, 1) & 1 ? RINGS : FAKE_DESC, in);
		break;
	case 4:
		put_desc(w, FAKE_DATA + 0x400, in);
		break;
	case 5:
		w->room = take(in, 2);
		virtio_console_tx_ready(&w->c);
		check(w);
		break;
	case 6:
		offer(w, take(in, 1) & 1, (uint16_t)take(in, 1) & 31);
		break;
	case 7:
		fake_put16(&w->g, FAKE_RAM + take(in, 2),
			   (uint16_t)take(in, 2));
		break;
	case 8:
		put_buffer(w, in);
		break;
	case 9:
	case 10:
		type(w, take(in, 1));
		break;
	default:
		wr(w, 0x050, take(in, 1) & 1);
		break;
	}
}

/* What the device holds is what was typed last, and a good driver gets it. */
static void drain(struct world *w)
{
	uint32_t held = w->c.in_head - w->c.in_tail;
	uint8_t next = (uint8_t)(w->typed - held);

	bring_up(w, 4);
	use(w, 0);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 2 * VIRTIO_CONSOLE_INPUT,
		  DESC_WRITE, 0);
	offer(w, 0, 0);
	wr(w, 0x050, 0);
	must(w->c.in_head == w->c.in_tail);
	for (uint32_t i = 0; i < held; i++)
		must(fake_get8(&w->g, FAKE_DATA + i) == next++);
	w->room = 100;
	use(w, 1);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 100, 0, 0);
	offer(w, 1, 0);
	w->drained = false;
	wr(w, 0x050, 1);
	must(w->room == 0);
	must(w->drained && virtio_console_has_input(&w->c));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct world *w = calloc(1, sizeof(*w));
	const struct virtio_console_ops ops = {
		tx, want_room, rx_drained, w, set_irq, w, w->regs};
	uint32_t how = take(&in, 1);

	fake_guest_init(&w->g, how & 1 ? 0 : 8);
	virtio_console_init(&w->c, "fuzz", &w->g.mem, &ops);
	bring_up(w, how >> 2);
	for (unsigned i = 0; i < 400 && in.left; i++)
		step(w, &in);
	drain(w);
	virtio_mmio_reset(&w->c.mmio);
	must(!w->line);
	fake_guest_destroy(&w->g);
	free(w);
	return 0;
}
