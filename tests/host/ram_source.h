/*
 * A source of guest RAM blocks for tests, with the callbacks of struct
 * gmem_env: scattered (no two blocks handed out in turn are neighbours), full
 * of garbage, can be made to fail, and knows what a CPU with its caches off
 * would see.
 */
#ifndef PLINTH_TESTS_RAM_SOURCE_H
#define PLINTH_TESTS_RAM_SOURCE_H

#include <base/types.h>

#define RAM_SOURCE_SIZE  MIB(4)
#define RAM_SOURCE_PAGES (RAM_SOURCE_SIZE / PAGE_SIZE)

struct ram_source {
	uint8_t *pool;
	uint8_t *clean; /* by pool byte: as it was when last synced */
	uint8_t used[RAM_SOURCE_PAGES]; /* 0 free, else order + 1 */
	unsigned calls, fail_at; /* fail the n-th ram_block_alloc(); 0: none */
	unsigned max_order;      /* what it serves at most */
	uint64_t live;           /* pages out */
	uint64_t synced;         /* bytes */
};

void ram_source_init(struct ram_source *r);
void ram_source_fini(struct ram_source *r);

/* ctx is the source. */
void *ram_block_alloc(void *ctx, unsigned order);
void ram_block_free(void *ctx, void *block, unsigned order);
void ram_sync_to_poc(void *ctx, const void *p, uint64_t len);

#endif
