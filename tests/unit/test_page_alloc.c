/* Buddy allocator over odd RAM maps, with RAM that starts full of garbage. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hyp/page_alloc.h>

#include "../host/host.h"
#include "../host/rnd.h"

#define POOL  MIB(64)
#define PAGES (POOL / PAGE_SIZE)

struct fixture {
	uint8_t *ram; /* aligned to its size */
	struct page_alloc pa;
	struct page_range r[8], v[8];
	struct page_alloc_map map;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->ram = host_ram_alloc(POOL, POOL);
	/* What the worst boot loader leaves: bytes that look like heads. */
	memset(f->ram, 0x40, POOL / 2);
	memset(f->ram + POOL / 2, 0x83, POOL / 2);
	f->map = (struct page_alloc_map){f->r, 0, f->v, 0};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	host_ram_free(f->ram);
	free(f);
	return 0;
}

static void add_ram(struct fixture *f, uint64_t from, uint64_t to)
{
	f->r[f->map.nr_ram++] =
		(struct page_range){hpa_of(f->ram + from), to - from};
}

static void reserve(struct fixture *f, uint64_t from, uint64_t to)
{
	f->v[f->map.nr_reserved++] =
		(struct page_range){hpa_of(f->ram + from), to - from};
}

static void init(struct fixture *f, uint64_t pages)
{
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	assert_int_equal(page_alloc_nr_free(&f->pa), pages);
	assert_int_equal(f->pa.nr_pages, pages);
}

static uint64_t offset(const struct fixture *f, const void *p)
{
	assert_true((const uint8_t *)p >= f->ram);
	assert_true((const uint8_t *)p < f->ram + POOL);
	return (uint64_t)((const uint8_t *)p - f->ram);
}

/* Takes everything page by page; which pages were they? */
static uint64_t drain(struct fixture *f, uint8_t *seen)
{
	uint64_t nr = 0;
	void *p;

	memset(seen, 0, PAGES);
	while ((p = page_alloc_block(&f->pa, 0))) {
		assert_int_equal(seen[offset(f, p) >> PAGE_SHIFT]++, 0);
		memset(p, 0x40, PAGE_SIZE);
		nr++;
	}
	assert_int_equal(page_alloc_nr_free(&f->pa), 0);
	return nr;
}

static void refill(struct fixture *f, const uint8_t *seen)
{
	uint64_t i;

	for (i = 0; i < PAGES; i++) {
		if (seen[i])
			page_free_block(&f->pa, f->ram + i * PAGE_SIZE, 0);
	}
}

static void one_range_gives_all_but_its_bookkeeping(void **state)
{
	struct fixture *f = *state;
	uint8_t *seen = malloc(PAGES);

	add_ram(f, 0, POOL);
	/* 16384 state bytes and one zone: five pages. */
	init(f, PAGES - 5);
	assert_int_equal(drain(f, seen), PAGES - 5);
	refill(f, seen);
	assert_int_equal(page_alloc_nr_free(&f->pa), PAGES - 5);
	/* All merged again: half of the range is one block. */
	assert_non_null(page_alloc_block(&f->pa, 13));
	assert_non_null(page_alloc_block(&f->pa, 12));
	free(seen);
}

/* Rules out: module-given-away */
static void reserved_pages_are_never_handed_out(void **state)
{
	struct fixture *f = *state;
	uint8_t *seen = malloc(PAGES);
	uint64_t i, nr = 0;

	add_ram(f, MIB(1), MIB(40) + 0x800);
	add_ram(f, MIB(50) + 1, MIB(60));
	reserve(f, MIB(2) + 100, MIB(2) + 200);
	reserve(f, MIB(10), MIB(12));
	reserve(f, MIB(11), MIB(13) + 1);
	reserve(f, MIB(39), MIB(55));
	reserve(f, MIB(63), MIB(63)); /* nothing */
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	nr = drain(f, seen);
	assert_int_equal(nr, f->pa.nr_pages);
	/* 38 MiB - 1 page - 3 MiB - 1 page, 5 MiB, less bookkeeping. */
	assert_true(nr <= (35 + 5) * 256 - 2 && nr >= 40 * 256 - 2 - 5);
	for (i = 0; i < PAGES; i++) {
		uint64_t at = i * PAGE_SIZE;
		bool ok = (at >= MIB(1) && at < MIB(39) && at != MIB(2) &&
			   !(at >= MIB(10) && at <= MIB(13))) ||
			  (at >= MIB(55) && at < MIB(60));

		assert_true(ok || !seen[i]);
	}
	refill(f, seen);
	assert_int_equal(page_alloc_nr_free(&f->pa), nr);
	assert_int_equal(drain(f, seen), nr);
	free(seen);
}

static void ranges_that_touch_or_overlap_are_one(void **state)
{
	struct fixture *f = *state;

	add_ram(f, MIB(32), MIB(48));
	add_ram(f, 0, MIB(20));
	add_ram(f, MIB(16), MIB(32));
	add_ram(f, MIB(48), MIB(64));
	add_ram(f, MIB(4), MIB(5));
	init(f, PAGES - 5);
	assert_int_equal(f->pa.nr_zones, 1);
	/* 32 MiB across the seams */
	assert_non_null(page_alloc_block(&f->pa, 13));
}

static void blocks_do_not_merge_across_a_gap(void **state)
{
	struct fixture *f = *state;
	void *a, *b;

	add_ram(f, MIB(2), MIB(4));
	add_ram(f, MIB(6), MIB(8));
	reserve(f, MIB(7), MIB(7) + 1);
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	assert_int_equal(f->pa.nr_zones, 2);
	assert_null(page_alloc_block(&f->pa, 10));
	/* The bookkeeping lies in the smallest piece that has room. */
	a = page_alloc_block(&f->pa, 9);
	assert_int_equal(offset(f, a), MIB(2));
	assert_null(page_alloc_block(&f->pa, 9));
	b = page_alloc_block(&f->pa, 8);
	assert_int_equal(offset(f, b), MIB(6));
	page_free_block(&f->pa, a, 9);
	page_free_block(&f->pa, b, 8);
	assert_null(page_alloc_block(&f->pa, 10));
	assert_ptr_equal(page_alloc_block(&f->pa, 9), a);
}

static void every_block_is_aligned_to_its_size(void **state)
{
	struct fixture *f = *state;
	unsigned order;

	add_ram(f, 0x3000, POOL - 0x5000);
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	for (order = 0; order <= 12; order++) {
		void *p = page_alloc_block(&f->pa, order);

		assert_non_null(p);
		assert_true(is_aligned(hpa_of(p).v, PAGE_SIZE << order));
	}
	assert_null(page_alloc_block(&f->pa, 14));
	assert_null(page_alloc_block(&f->pa, 19));
	assert_null(page_alloc_block(&f->pa, 64));
}

static void a_contiguous_run_takes_no_page_too_many(void **state)
{
	struct fixture *f = *state;
	uint64_t nr, total;

	add_ram(f, 0, POOL);
	init(f, PAGES - 5);
	total = PAGES - 5;
	for (nr = 1; nr < 1100; nr += 1 + nr / 7) {
		void *p = page_alloc_contig(&f->pa, nr);
		void *q = page_alloc_contig(&f->pa, nr);

		assert_non_null(p);
		assert_non_null(q);
		memset(p, 0x83, nr * PAGE_SIZE);
		memset(q, 0x83, nr * PAGE_SIZE);
		assert_int_equal(page_alloc_nr_free(&f->pa), total - 2 * nr);
		page_free_contig(&f->pa, p, nr);
		page_free_contig(&f->pa, q, nr);
		assert_int_equal(page_alloc_nr_free(&f->pa), total);
	}
	assert_non_null(page_alloc_block(&f->pa, 13));
	assert_null(page_alloc_contig(&f->pa, 0));
	assert_null(page_alloc_contig(&f->pa, PAGES / 2));
	assert_null(page_alloc_contig(&f->pa, (UINT64_C(1) << 18) + 1));
	assert_null(page_alloc_contig(&f->pa, UINT64_MAX));
}

static void ram_that_is_all_reserved_or_too_small_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(page_alloc_init(&f->pa, &f->map), -ENOMEM);
	add_ram(f, 0x100, 0x1f00); /* not one whole page */
	assert_int_equal(page_alloc_init(&f->pa, &f->map), -ENOMEM);
	add_ram(f, MIB(1), MIB(2));
	reserve(f, MIB(1), MIB(2));
	assert_int_equal(page_alloc_init(&f->pa, &f->map), -ENOMEM);
	assert_null(page_alloc_block(&f->pa, 0));
	assert_int_equal(page_alloc_nr_free(&f->pa), 0);
}

static void ranges_that_wrap_are_refused(void **state)
{
	struct fixture *f = *state;

	f->r[0] = (struct page_range){{UINT64_MAX - 0xfff}, 0x2000};
	f->map.nr_ram = 1;
	assert_int_equal(page_alloc_init(&f->pa, &f->map), -EINVAL);
	f->r[0] = (struct page_range){{0x1000}, UINT64_C(1) << 56};
	assert_int_equal(page_alloc_init(&f->pa, &f->map), -EINVAL);
	f->map.nr_ram = 0;
	add_ram(f, 0, POOL);
	f->v[0] = (struct page_range){{UINT64_MAX}, 2};
	f->map.nr_reserved = 1;
	assert_int_equal(page_alloc_init(&f->pa, &f->map), -EINVAL);
}

/* Page 0 cannot be a block: in a host test the map alone shows it. */
static void page_zero_is_left_alone(void **state)
{
	struct fixture *f = *state;

	add_ram(f, MIB(1), MIB(2));
	f->r[1] = (struct page_range){{0}, PAGE_SIZE};
	f->map.nr_ram = 2;
	init(f, 255);
	assert_int_equal(f->pa.nr_zones, 1);
}

static void sixteen_gib_start_by_touching_a_handful_of_pages(void **state)
{
	uint64_t size = GIB(16), i, touched = 0, blocks = 0;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint8_t *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	uint8_t *in_core = malloc(size / PAGE_SIZE);
	struct page_range r = {hpa_of(ram), size};
	struct page_alloc_map map = {&r, 1, NULL, 0};
	struct page_alloc pa;

	(void)state;
	assert_ptr_not_equal(ram, MAP_FAILED);
	(void)madvise(ram, size, MADV_NOHUGEPAGE);
	assert_int_equal(page_alloc_init(&pa, &map), 0);
	assert_int_equal(mincore(ram, size, in_core), 0);
	for (i = 0; i < size / PAGE_SIZE; i++)
		touched += in_core[i] & 1;
	assert_true(touched > 0 && touched < 80);
	while (page_alloc_block(&pa, PAGE_ORDER_MAX))
		blocks++;
	assert_true(blocks >= 14);
	free(in_core);
	munmap(ram, size);
}

enum crime {
	FREE_TWICE,
	FREE_WITH_OTHER_ORDER,
	FREE_INSIDE,
	FREE_OUTSIDE,
	FREE_MERGED,
	FREE_MERGED_UPPER,
	FREE_UNALIGNED,
	NR_CRIMES
};

static void commit_crime(struct fixture *f, enum crime c)
{
	uint8_t *p = page_alloc_block(&f->pa, 3), *q;

	switch (c) {
	case FREE_TWICE:
		page_free_block(&f->pa, p, 3);
		page_free_block(&f->pa, p, 3);
		break;
	case FREE_WITH_OTHER_ORDER:
		page_free_block(&f->pa, p, 2);
		break;
	case FREE_INSIDE:
		page_free_block(&f->pa, p + PAGE_SIZE, 0);
		break;
	case FREE_OUTSIDE:
		page_free_block(&f->pa, f->ram + POOL, 0);
		break;
	case FREE_MERGED:
		(void)!page_alloc_block(&f->pa, 3);
		p = page_alloc_block(&f->pa, 0);
		page_free_block(&f->pa, p, 0);
		page_free_block(&f->pa, p, 0);
		break;
	case FREE_MERGED_UPPER:
		while ((uintptr_t)(q = page_alloc_block(&f->pa, 0)) !=
			       ((uintptr_t)p ^ PAGE_SIZE) ||
		       q < p)
			p = q;
		page_free_block(&f->pa, p, 0);
		page_free_block(&f->pa, q, 0);
		page_free_block(&f->pa, q, 0);
		break;
	default:
		page_free_block(&f->pa, p + 1, 3);
		break;
	}
}

static void freeing_what_is_not_in_use_is_a_panic(void **state)
{
	struct fixture *f = *state;
	int c, status;
	pid_t child;

	memset(f->ram, 0, POOL);
	add_ram(f, 0, POOL);
	init(f, PAGES - 5);
	for (c = 0; c < NR_CRIMES; c++) {
		print_message("  crime %d\n", c);
		child = fork();
		if (child == 0) {
			(void)!freopen("/dev/null", "w", stderr);
			commit_crime(f, c);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

/* ---- random use against an ownership map ---- */

struct run {
	uint8_t *p;
	uint64_t nr;
	int order; /* -1: contiguous run */
};

static void take(struct fixture *f, struct run *r, uint8_t *owner,
		 uint32_t *seed)
{
	uint64_t i, first;

	r->order = (int)rnd(seed, 10) - 1;
	r->nr = r->order < 0 ? 1 + rnd(seed, 300) : UINT64_C(1) << r->order;
	r->p = r->order < 0 ? page_alloc_contig(&f->pa, r->nr)
			    : page_alloc_block(&f->pa, (unsigned)r->order);
	if (!r->p)
		return;
	first = offset(f, r->p) >> PAGE_SHIFT;
	for (i = 0; i < r->nr; i++)
		assert_int_equal(owner[first + i]++, 0);
	memset(r->p, 0x40, r->nr * PAGE_SIZE); /* it is really ours */
}

static void give(struct fixture *f, struct run *r, uint8_t *owner)
{
	uint64_t first = offset(f, r->p) >> PAGE_SHIFT;

	memset(owner + first, 0, r->nr);
	if (r->order < 0) {
		page_free_contig(&f->pa, r->p, r->nr);
	} else {
		page_free_block(&f->pa, r->p, (unsigned)r->order);
	}
	r->p = NULL;
}

static void random_use_keeps_every_page_accounted_for(void **state)
{
	struct fixture *f = *state;
	uint8_t *owner = calloc(1, PAGES), *seen = malloc(PAGES);
	struct run run[200] = {{0}};
	uint64_t in_use = 0;
	uint32_t seed = 7;
	unsigned i, failed = 0;

	add_ram(f, MIB(1) + 0x3000, MIB(20));
	add_ram(f, MIB(21), MIB(30));
	reserve(f, MIB(7) + 0x5000, MIB(8));
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	for (i = 0; i < 20000; i++) {
		struct run *r = &run[rnd(&seed, 200)];

		if (r->p) {
			in_use -= r->nr;
			give(f, r, owner);
		} else {
			take(f, r, owner, &seed);
			in_use += r->p ? r->nr : 0;
			failed += !r->p;
		}
		assert_int_equal(page_alloc_nr_free(&f->pa),
				 f->pa.nr_pages - in_use);
	}
	assert_true(failed > 100 && failed < 10000);
	for (i = 0; i < ARRAY_SIZE(run); i++) {
		if (run[i].p)
			give(f, &run[i], owner);
	}
	assert_int_equal(page_alloc_nr_free(&f->pa), f->pa.nr_pages);
	assert_non_null(page_alloc_block(&f->pa, 11)); /* [8, 16) MiB again */
	page_free_block(&f->pa, f->ram + MIB(8), 11);
	assert_int_equal(drain(f, seen), f->pa.nr_pages);
	free(seen);
	free(owner);
}

/* Rules out: promise-broken */
static void what_is_promised_goes_to_nobody_else(void **state)
{
	struct fixture *f = *state;
	uint64_t spare;
	void *p, *block;

	add_ram(f, 0, MIB(4));
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	assert_int_equal(page_promise(&f->pa, f->pa.nr_pages + 1), -ENOMEM);
	assert_int_equal(page_promise(&f->pa, UINT64_MAX), -ENOMEM);
	assert_int_equal(page_promise(&f->pa, 600), 0);
	assert_int_equal(page_promise(&f->pa, f->pa.nr_pages - 599), -ENOMEM);
	assert_int_equal(page_alloc_nr_promised(&f->pa), 600);
	spare = f->pa.nr_pages - 600;
	assert_null(page_alloc_contig(&f->pa, spare + 1));
	assert_null(page_alloc_block(&f->pa, 9));
	for (; spare; spare--)
		assert_non_null(page_alloc_block(&f->pa, 0));
	assert_null(page_alloc_block(&f->pa, 0));
	assert_null(page_alloc_contig(&f->pa, 1));
	block = page_alloc_promised(&f->pa, 4);
	assert_non_null(block);
	assert_int_equal(page_alloc_nr_promised(&f->pa), 600 - 16);
	for (unsigned i = 0; i < 600 - 16; i++) {
		p = page_alloc_promised(&f->pa, 0);
		assert_non_null(p);
	}
	assert_int_equal(page_alloc_nr_free(&f->pa), 0);
	page_free_promised(&f->pa, block, 4);
	assert_int_equal(page_alloc_nr_promised(&f->pa), 16);
	assert_null(page_alloc_block(&f->pa, 0));
	page_promise_drop(&f->pa, 16);
	assert_ptr_equal(page_alloc_block(&f->pa, 4), block);
}

static void a_block_that_was_split_comes_back_page_by_page(void **state)
{
	struct fixture *f = *state;
	uint8_t *p;

	add_ram(f, 0, KIB(256));
	assert_int_equal(page_alloc_init(&f->pa, &f->map), 0);
	for (unsigned order = 0; order < 5; order++) {
		p = page_alloc_block(&f->pa, order);
		assert_non_null(p);
		page_split_block(&f->pa, p, order);
		for (unsigned i = 0; i < 1U << order; i++)
			page_free_block(&f->pa,
					p + (i ^ 1) % (1U << order) * PAGE_SIZE,
					0);
	}
	assert_int_equal(page_alloc_nr_free(&f->pa), f->pa.nr_pages);
	p = page_alloc_block(&f->pa, 5);
	assert_non_null(p); /* all merged again */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_range_gives_all_but_its_bookkeeping),
		T(reserved_pages_are_never_handed_out),
		T(ranges_that_touch_or_overlap_are_one),
		T(blocks_do_not_merge_across_a_gap),
		T(every_block_is_aligned_to_its_size),
		T(a_contiguous_run_takes_no_page_too_many),
		T(ram_that_is_all_reserved_or_too_small_is_refused),
		T(ranges_that_wrap_are_refused),
		T(page_zero_is_left_alone),
		cmocka_unit_test(
			sixteen_gib_start_by_touching_a_handful_of_pages),
		T(freeing_what_is_not_in_use_is_a_panic),
		T(what_is_promised_goes_to_nobody_else),
		T(a_block_that_was_split_comes_back_page_by_page),
		T(random_use_keeps_every_page_accounted_for),
	};

	return cmocka_run_group_tests_name("page_alloc", tests, NULL, NULL);
}
