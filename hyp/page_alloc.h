/*
 * Page allocator: all RAM of the machine that nobody else has claimed, in
 * naturally aligned blocks of 2^order pages (a binary buddy system).
 *
 * Any number of RAM ranges, of any size: the bookkeeping, one byte for a page
 * and a record for a range, lies in the managed RAM itself. Free blocks hold
 * their list links, so all managed RAM is mapped read-write at VA == PA before
 * page_alloc_init(), with the MMU and caches on (the lock wants exclusives).
 *
 * Lock: one spinlock inside, a leaf; every function but page_alloc_init() may
 * be called from any CPU with any other lock held.
 *
 * Contents of a block are unspecified when it is handed out: who takes one
 * scrubs it before anybody else can look.
 *
 * Plinth's own: docs/design/05-stage2.md.
 */
#ifndef PLINTH_HYP_PAGE_ALLOC_H
#define PLINTH_HYP_PAGE_ALLOC_H

#include <port/spinlock.h>

#include <base/addr.h>

#define PAGE_ORDER_MAX 18 /* 1 GiB */

/* [base, base + size), bytes of any alignment; size 0 is nothing. */
struct page_range {
	hpa_t base;
	uint64_t size;
};

/* Lists may be in any order; ranges may overlap or touch. */
struct page_alloc_map {
	const struct page_range *ram;
	unsigned nr_ram;
	const struct page_range *reserved; /* need not lie in RAM */
	unsigned nr_reserved;
};

struct page_alloc {
	struct spinlock lock; /* guards the next four, and all free blocks */
	uint32_t nonempty;    /* bit n: free[n] is not NULL */
	struct page_block *free[PAGE_ORDER_MAX + 1];
	uint64_t nr_free;     /* pages */
	uint64_t nr_promised; /* of these, kept for page_alloc_promised() */
	/* Fixed by page_alloc_init(): */
	uint64_t nr_pages; /* managed, i.e. nr_free when nothing is in use */
	struct page_zone *zones; /* sorted, disjoint */
	unsigned nr_zones;
};

/*
 * Manage the RAM of `map` less what is reserved and less the bookkeeping.
 * Whole pages only: RAM is rounded inwards, reservations outwards; page 0 is
 * never managed, so that no block is NULL. Reads nothing from RAM and writes a
 * few words for every maximal block: the cost does not grow with the size of
 * RAM, only with the number of ranges. `map` is not kept.
 * -EINVAL: a range wraps or ends above 2^56; -ENOMEM: no free piece is big
 * enough for the bookkeeping.
 */
MUST_CHECK int page_alloc_init(struct page_alloc *pa,
			       const struct page_alloc_map *map);

/* 2^order pages aligned to their size, or NULL (also for too big an order). */
MUST_CHECK void *page_alloc_block(struct page_alloc *pa, unsigned order);

/*
 * Gives back a block of page_alloc_block(), with its order. A block that is
 * not in use, or was handed out with another order, is a bug of ours: panic.
 */
void page_free_block(struct page_alloc *pa, void *block, unsigned order);

/*
 * `nr` contiguous pages, of which only `nr` are taken, or NULL; aligned to nr
 * rounded up to a power of two. NULL for nr 0 or above 2^PAGE_ORDER_MAX.
 */
MUST_CHECK void *page_alloc_contig(struct page_alloc *pa, uint64_t nr);

/* Gives back what page_alloc_contig() gave, all of it; panic as above. */
void page_free_contig(struct page_alloc *pa, void *pages, uint64_t nr);

/*
 * From now on each page of a block in use is a block of order 0 of its own;
 * panic as above.
 */
void page_split_block(struct page_alloc *pa, void *block, unsigned order);

/* Pages free now, the promised ones included: a snapshot. */
uint64_t page_alloc_nr_free(struct page_alloc *pa);

/* ---- pages for later ---- */

/*
 * Keeps `nr` pages for page_alloc_promised(): no other call gets them. Which
 * ones is open, so only single pages are sure to be had. -ENOMEM: fewer are
 * free and not promised.
 */
MUST_CHECK int page_promise(struct page_alloc *pa, uint64_t nr);

/* The caller, to whom `nr` pages are still promised, wants them no more. */
void page_promise_drop(struct page_alloc *pa, uint64_t nr);

/*
 * page_alloc_block() out of what was promised to the caller, at least 2^order
 * pages. Never NULL for order 0.
 */
MUST_CHECK void *page_alloc_promised(struct page_alloc *pa, unsigned order);

/* page_free_block() of such a block; its pages are promised again. */
void page_free_promised(struct page_alloc *pa, void *block, unsigned order);

/* Pages promised now: a snapshot. */
uint64_t page_alloc_nr_promised(struct page_alloc *pa);

#endif
