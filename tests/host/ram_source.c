/* See ram_source.h. */
#include "ram_source.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"

void ram_source_init(struct ram_source *r)
{
	memset(r, 0, sizeof(*r));
	r->pool = host_ram_alloc(RAM_SOURCE_SIZE, RAM_SOURCE_SIZE);
	r->clean = host_ram_alloc(RAM_SOURCE_SIZE, PAGE_SIZE);
	memset(r->pool, 0xdd, RAM_SOURCE_SIZE);
	memset(r->clean, 0xee, RAM_SOURCE_SIZE);
	r->max_order = 10;
}

void ram_source_fini(struct ram_source *r)
{
	assert_int_equal(r->live, 0);
	host_ram_free(r->pool);
	host_ram_free(r->clean);
}

void *ram_block_alloc(void *ctx, unsigned order)
{
	struct ram_source *r = ctx;
	uint64_t nr = UINT64_C(1) << order, i, j, at;

	if (++r->calls == r->fail_at || order > r->max_order)
		return NULL;
	for (i = 0; i < RAM_SOURCE_PAGES / nr; i++) {
		at = (i * 7 + 3) % (RAM_SOURCE_PAGES / nr) * nr;
		for (j = 0; j < nr && !r->used[at + j]; j++)
			;
		if (j < nr)
			continue;
		memset(&r->used[at], (int)order + 1, nr);
		r->live += nr;
		return r->pool + at * PAGE_SIZE;
	}
	return NULL;
}

void ram_block_free(void *ctx, void *block, unsigned order)
{
	struct ram_source *r = ctx;
	uint64_t at = (uint64_t)((uint8_t *)block - r->pool) / PAGE_SIZE, j;
	uint64_t nr = UINT64_C(1) << order;

	assert_true(is_aligned(at, nr) && at + nr <= RAM_SOURCE_PAGES);
	for (j = 0; j < nr; j++)
		assert_int_equal(r->used[at + j], order + 1);
	memset(&r->used[at], 0, nr);
	memset(block, 0xdd, nr * PAGE_SIZE);
	r->live -= nr;
}

void ram_sync_to_poc(void *ctx, const void *p, uint64_t len)
{
	struct ram_source *r = ctx;

	memcpy(r->clean + ((const uint8_t *)p - r->pool), p, len);
	r->synced += len;
}
