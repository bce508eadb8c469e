/* See fake_guest.h. */
#include "fake_guest.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"

static void *block_alloc(void *ctx, unsigned order)
{
	(void)ctx;
	return host_ram_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
}

static void block_free(void *ctx, void *block, unsigned order)
{
	(void)ctx;
	(void)order;
	host_ram_free(block);
}

static void sync_nothing(void *ctx, const void *p, uint64_t len)
{
	(void)ctx;
	(void)p;
	(void)len;
}

static void need(bool ok)
{
	if (!ok)
		abort();
}

void fake_guest_init(struct fake_guest *g, unsigned order)
{
	const struct gmem_env env = {
		.block_alloc = block_alloc,
		.block_free = block_free,
		.sync_to_poc = sync_nothing,
		.max_order = order,
	};

	memset(g, 0, sizeof(*g));
	gmem_init(&g->mem, &env, NULL);
	need(!gmem_add(&g->mem, (ipa_t){FAKE_RAM}, FAKE_RAM_SIZE, GMEM_EAGER));
	fake_ring(g, 16);
}

void fake_guest_destroy(struct fake_guest *g)
{
	gmem_destroy(&g->mem);
}

void fake_put(struct fake_guest *g, uint64_t ipa, const void *src, uint64_t len)
{
	need(!gmem_write(&g->mem, (ipa_t){ipa}, src, len));
}

void fake_get(struct fake_guest *g, uint64_t ipa, void *dst, uint64_t len)
{
	need(!gmem_read(&g->mem, (ipa_t){ipa}, dst, len));
}

void fake_fill(struct fake_guest *g, uint64_t ipa, uint8_t byte, uint64_t len)
{
	while (len) {
		uint64_t n = len;
		void *p = gmem_ptr(&g->mem, (ipa_t){ipa}, &n, GMEM_WRITE);

		need(p != NULL);
		memset(p, byte, n);
		ipa += n;
		len -= n;
	}
}

void fake_put16(struct fake_guest *g, uint64_t ipa, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};

	fake_put(g, ipa, b, sizeof(b));
}

uint8_t fake_get8(struct fake_guest *g, uint64_t ipa)
{
	uint8_t v;

	fake_get(g, ipa, &v, 1);
	return v;
}

uint16_t fake_get16(struct fake_guest *g, uint64_t ipa)
{
	return (uint16_t)(fake_get8(g, ipa) | fake_get8(g, ipa + 1) << 8);
}

uint32_t fake_get32(struct fake_guest *g, uint64_t ipa)
{
	return fake_get16(g, ipa) | (uint32_t)fake_get16(g, ipa + 2) << 16;
}

void fake_ring(struct fake_guest *g, uint16_t num)
{
	g->desc = FAKE_DESC;
	g->avail = FAKE_AVAIL;
	g->used = FAKE_USED;
	g->num = num;
	g->avail_idx = 0;
	fake_fill(g, FAKE_RAM, 0, FAKE_DATA - FAKE_RAM);
}

void fake_desc(struct fake_guest *g, uint64_t table, uint32_t i, uint64_t addr,
	       uint32_t len, uint16_t flags, uint16_t next)
{
	uint64_t at = table + UINT64_C(16) * i;

	for (unsigned k = 0; k < 4; k++)
		fake_put16(g, at + 2 * k, (uint16_t)(addr >> (16 * k)));
	fake_put16(g, at + 8, (uint16_t)len);
	fake_put16(g, at + 10, (uint16_t)(len >> 16));
	fake_put16(g, at + 12, flags);
	fake_put16(g, at + 14, next);
}

void fake_offer(struct fake_guest *g, uint16_t head)
{
	fake_put16(g, g->avail + 4 + 2U * (g->avail_idx % g->num), head);
	fake_put16(g, g->avail + 2, ++g->avail_idx);
}

uint16_t fake_used_idx(struct fake_guest *g)
{
	return fake_get16(g, g->used + 2);
}

uint32_t fake_used_id(struct fake_guest *g, uint16_t i)
{
	return fake_get32(g, g->used + 4 + 8U * (i % g->num));
}

uint32_t fake_used_len(struct fake_guest *g, uint16_t i)
{
	return fake_get32(g, g->used + 8 + 8U * (i % g->num));
}

void fake_set_used_event(struct fake_guest *g, uint16_t v)
{
	fake_put16(g, g->avail + 4 + 2U * g->num, v);
}

uint16_t fake_avail_event(struct fake_guest *g)
{
	return fake_get16(g, g->used + 4 + 8U * g->num);
}

void fake_driver_begin(const struct fake_driver *d, uint32_t features)
{
	d->wr(d->ctx, 0x070, 0);
	d->wr(d->ctx, 0x070, 3);
	d->wr(d->ctx, 0x024, 1);
	d->wr(d->ctx, 0x020, 1);
	d->wr(d->ctx, 0x024, 0);
	d->wr(d->ctx, 0x020, features);
	d->wr(d->ctx, 0x070, 11);
}

static void put_address(const struct fake_driver *d, uint64_t off, uint64_t at)
{
	d->wr(d->ctx, off, (uint32_t)at);
	d->wr(d->ctx, off + 4, (uint32_t)(at >> 32));
}

void fake_driver_queue(const struct fake_driver *d, unsigned q,
		       const struct fake_guest *g)
{
	d->wr(d->ctx, 0x030, q);
	d->wr(d->ctx, 0x038, g->num);
	put_address(d, 0x080, g->desc);
	put_address(d, 0x090, g->avail);
	put_address(d, 0x0a0, g->used);
	d->wr(d->ctx, 0x044, 1);
}

void fake_driver_ok(const struct fake_driver *d)
{
	d->wr(d->ctx, 0x070, 15);
}
