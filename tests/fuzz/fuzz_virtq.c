/*
 * The split virtqueue over a ring made of the input. Held to: a chain never
 * has more buffers than the queue allows, its sums are right, and reading and
 * writing it stays inside guest RAM (the sanitizers watch).
 */
#include <stdlib.h>
#include <string.h>

#include <hyp/vdev/virtq.h>

#include "../host/fake_guest.h"

#define MAX   64
#define STEPS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t left;
};

static uint32_t take(struct input *in, unsigned bytes)
{
	uint32_t v = 0;

	for (; bytes && in->left; bytes--, in->left--)
		v = v << 8 | *in->p++;
	return v;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Descriptors with addresses that are often inside RAM. */
static void fuzz_desc(struct fake_guest *g, uint64_t table, struct input *in)
{
	uint32_t i = take(in, 1) % MAX, addr = take(in, 4), len = take(in, 2);
	uint64_t at = addr & 1 ? FAKE_RAM + (addr >> 1) % FAKE_RAM_SIZE
			       : (uint64_t)addr << 32 | addr;

	if (len & 0x8000)
		len <<= 17;
	fake_desc(g, table, i, at, len, (uint16_t)take(in, 1),
		  (uint16_t)take(in, 1));
}

static void fuzz_memory(struct fake_guest *g, struct input *in)
{
	switch (take(in, 1) % 5) {
	case 0:
		fuzz_desc(g, g->desc, in);
		break;
	case 1: /* an indirect table, reachable from any of the first entries */
		fuzz_desc(g, FAKE_DATA + 4096 - 24, in);
		fake_desc(g, g->desc, take(in, 1) % 8, FAKE_DATA + 4096 - 24,
			  16 * (take(in, 1) & 127), DESC_INDIRECT, 0);
		break;
	case 2:
		fake_offer(g, (uint16_t)take(in, 1) % MAX);
		break;
	case 3:
		fake_put16(g, g->avail + 2, (uint16_t)take(in, 2));
		break;
	default:
		fake_put16(g, FAKE_RAM + take(in, 2) % 0x8000,
			   (uint16_t)take(in, 2));
		break;
	}
}

static void check_chain(const struct virtq *q, struct virtq_chain *c)
{
	uint64_t out = 0, in = 0;
	uint8_t buf[256];

	must(c->out <= c->in && c->in <= c->end && c->end - c->out <= MAX);
	for (const struct virtq_buf *b = c->out; b != c->in; b++)
		out += b->len;
	for (const struct virtq_buf *b = c->in; b != c->end; b++)
		in += b->len;
	must(out == c->out_len && in == c->in_len && c->head < q->num);
	if (virtq_read(q, c, buf, (uint32_t)min_u64(out, sizeof(buf))) == 0)
		must(c->out_len == out - min_u64(out, sizeof(buf)));
	memset(buf, 0x5a, sizeof(buf));
	if (virtq_write(q, c, buf, (uint32_t)min_u64(in, sizeof(buf))) == 0)
		must(c->in_len == in - min_u64(in, sizeof(buf)));
}

static void fuzz_device(struct fake_guest *g, struct virtq *q, struct input *in)
{
	struct virtq_chain c;

	for (unsigned i = 0; i < STEPS && in->left; i++) {
		int got;

		fuzz_memory(g, in);
		virtq_quiet(q);
		got = virtq_pop(q, &c);
		if (got < 0)
			return; /* broken: the device is reset */
		if (got == 0)
			continue;
		check_chain(q, &c);
		must(virtq_push(q, &c, 1) == 0);
		(void)virtq_listen(q);
		(void)virtq_wants_interrupt(q);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct virtq_buf *bufs = calloc(MAX, sizeof(*bufs));
	struct fake_guest g;
	struct virtq q;
	uint32_t how = take(&in, 1);

	fake_guest_init(&g, how & 1 ? 0 : 8);
	fake_ring(&g, (uint16_t)(1U << (how >> 1 & 7)));
	virtq_init(&q, &g.mem, bufs, MAX);
	q.setup = (struct virtq_setup){
		.desc = {g.desc},
		.driver = {g.avail},
		.device = {g.used},
		.num = g.num,
		.event_idx = how & 16,
		.indirect = how & 32,
	};
	if (how & 64)
		q.setup.device.v = FAKE_RAM_END - take(&in, 2);
	if (virtq_enable(&q) == 0)
		fuzz_device(&g, &q, &in);
	fake_guest_destroy(&g);
	free(bufs);
	return 0;
}
