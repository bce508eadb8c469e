/*
 * A whole block device on a RAM disk, driven by register accesses and by
 * changes of guest memory that the input dictates. Held to: the line follows
 * InterruptStatus, no lock stays taken, a notification is done after a bounded
 * number of exits, the disk's image and everything outside RAM stay untouched
 * (the sanitizers watch), and pages that the overlay took come back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drivers/ramdisk.h>
#include <hyp/vdev/virtio_blk.h>

#include "../host/fake_guest.h"
#include "../host/host.h"
#include "../host/virtio_regs.h"

#define IMAGE 70000
#define PAGES 12 /* of overlay: soon used up */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct fake_guest g;
	struct ramdisk d;
	uint32_t regs[VIRTIO_MMIO_SIZE / 4];
	struct virtio_blk b;
	unsigned held;
	bool line;
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

static void *pages_alloc(void *ctx, uint64_t nr)
{
	struct world *w = ctx;

	if (w->held + nr > PAGES)
		return NULL;
	w->held += (unsigned)nr;
	return host_ram_alloc(nr * PAGE_SIZE, PAGE_SIZE);
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	struct world *w = ctx;

	w->held -= (unsigned)nr;
	host_ram_free(pages);
}

static void set_irq(void *ctx, bool level)
{
	struct world *w = ctx;

	must(level != w->line);
	w->line = level;
}

static uint64_t mmio(struct world *w, uint64_t off, unsigned size, bool write,
		     uint64_t v)
{
	struct mmio_op op = {.offset = off,
			     .value = v,
			     .size = (uint8_t)size,
			     .write = write};
	unsigned exits = 0;
	int err;

	do {
		err = virtio_mmio_access(&w->b.mmio, &op);
		must(err == 0 || (err == -EAGAIN && off == 0x50 && write));
		must(++exits <= 256 + 1);
	} while (err == -EAGAIN);
	must(w->line == (w->regs[0x60 / 4] != 0));
	must(virtio_regs_are_true(&w->b.mmio));
	must(!spin_is_held(&w->b.mmio.lock));
	must(!spin_is_held(&w->b.mmio.irq_lock));
	return op.value;
}

static void wr(struct world *w, uint64_t off, uint64_t v)
{
	(void)mmio(w, off, 4, true, (uint32_t)v);
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
	fake_driver_queue(&d, 0, &w->g);
	fake_driver_ok(&d);
}

static void put_desc(struct world *w, uint64_t table, struct input *in)
{
	uint32_t i = take(in, 1) & 15, addr = take(in, 3), len = take(in, 2);

	fake_desc(&w->g, table, i, FAKE_RAM + (addr & 0x1fffff),
		  len & 1 ? len << 8 : len >> 1, (uint16_t)(take(in, 1) & 7),
		  (uint16_t)(take(in, 1) & 15));
}

/* A header, somewhere that descriptors can name. */
static void put_header(struct world *w, struct input *in)
{
	uint8_t h[16] = {(uint8_t)take(in, 1)};

	h[8] = (uint8_t)take(in, 1);
	h[9] = (uint8_t)(take(in, 1) & 1);
	fake_put(&w->g, FAKE_DATA + (take(in, 1) & 15) * 16, h, sizeof(h));
}

/* A request as drivers make it, but for what the input says. */
static void put_request(struct world *w, struct input *in)
{
	uint32_t type = take(in, 1), len = take(in, 2) & 0x7e00;
	uint16_t dir = type & 1 ? 0 : DESC_WRITE;
	uint8_t h[16] = {(uint8_t)(type & 15)};

	h[8] = (uint8_t)take(in, 1);
	fake_put(&w->g, FAKE_DATA, h, sizeof(h));
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 16, DESC_NEXT, 1);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA + take(in, 2), len + 20,
		  (uint16_t)(DESC_NEXT | dir), 2);
	if (!(type & 16))
		fake_desc(&w->g, w->g.desc, 1, FAKE_DATA + take(in, 2), len,
			  (uint16_t)(DESC_NEXT | dir), 2);
	fake_desc(&w->g, w->g.desc, 2, FAKE_DATA + 0x800, 1, DESC_WRITE, 0);
	fake_offer(&w->g, 0);
	wr(w, 0x050, 0);
}

static void step(struct world *w, struct input *in)
{
	static const uint8_t sizes[] = {1, 2, 4, 8, 4, 4, 4, 4};
	uint32_t what = take(in, 1), size = sizes[what >> 5];

	switch (what % 10) {
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
		put_desc(w, w->g.desc, in);
		break;
	case 4:
		put_desc(w, FAKE_DATA + 0x400, in);
		break;
	case 5:
		put_header(w, in);
		break;
	case 6:
		fake_offer(&w->g, (uint16_t)take(in, 1) & 31);
		break;
	case 7:
		fake_put16(&w->g, FAKE_RAM + take(in, 2),
			   (uint16_t)take(in, 2));
		break;
	case 8:
		put_request(w, in);
		break;
	default:
		wr(w, 0x050, 0);
		break;
	}
}

static void build(struct world *w, uint8_t *image, uint32_t how)
{
	const struct ramdisk_env env = {pages_alloc, pages_free, w};
	struct virtio_blk_config cfg = {
		.name = "fuzz",
		.id = "fuzz",
		.mem = &w->g.mem,
		.regs = w->regs,
		.set_irq = set_irq,
		.irq_ctx = w,
	};

	fake_guest_init(&w->g, how & 1 ? 0 : 8);
	ramdisk_init(&w->d, &env, hpa_of(image), IMAGE);
	cfg.disk = ramdisk_block(&w->d, how & 2);
	virtio_blk_init(&w->b, &cfg);
	bring_up(w, how >> 2);
}

/* Rules out: double-fetch */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct world *w = calloc(1, sizeof(*w));
	uint8_t *image = malloc(IMAGE);

	memset(image, 0xa1, IMAGE);
	build(w, image, take(&in, 1));
	for (unsigned i = 0; i < 400 && in.left; i++)
		step(w, &in);
	for (unsigned i = 0; i < IMAGE; i++)
		must(image[i] == 0xa1);
	virtio_mmio_reset(&w->b.mmio);
	must(!w->line);
	ramdisk_destroy(&w->d);
	must(w->held == 0);
	fake_guest_destroy(&w->g);
	free(image);
	free(w);
	return 0;
}
