/* Guest memory against a flat map of bytes, with RAM in many small pieces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arch/aarch64/stage2.h>

#include <hyp/gmem.h>

#include "../host/host.h"
#include "../host/ram_source.h"
#include "../host/rnd.h"

#define RAM UINT64_C(0x40000000)

struct fixture {
	struct ram_source src;
	unsigned tables; /* stage-2 pages out */
	struct s2 s2;
	struct gmem m;
};

static void *root_alloc(void *ctx, unsigned nr)
{
	(void)ctx;
	return host_ram_alloc(nr * PAGE_SIZE, nr * PAGE_SIZE);
}

static void root_free(void *ctx, void *root, unsigned nr)
{
	(void)ctx, (void)nr;
	host_ram_free(root);
}

static void *table_alloc(void *ctx)
{
	struct fixture *f = ctx;

	if (++f->src.calls == f->src.fail_at)
		return NULL;
	f->tables++;
	return host_ram_alloc(PAGE_SIZE, PAGE_SIZE);
}

static void table_free(void *ctx, void *table)
{
	struct fixture *f = ctx;

	f->tables--;
	host_ram_free(table);
}

static void tlbi(void *ctx, ipa_t ipa, uint64_t size)
{
	(void)ctx, (void)ipa, (void)size;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct s2_env e2 = {
		root_alloc, root_free, table_alloc, table_free, tlbi, NULL, f};
	struct gmem_env e = {.block_alloc = ram_block_alloc,
			     .block_free = ram_block_free,
			     .sync_to_poc = ram_sync_to_poc,
			     .max_order = 10,
			     .ctx = &f->src};

	ram_source_init(&f->src);
	assert_int_equal(s2_init(&f->s2, &e2, 32, 48), 0);
	gmem_init(&f->m, &e, &f->s2);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	gmem_destroy(&f->m);
	s2_destroy(&f->s2);
	assert_int_equal(f->tables, 0);
	ram_source_fini(&f->src);
	free(f);
	return 0;
}

static int add(struct fixture *f, uint64_t base, uint64_t size)
{
	return gmem_add(&f->m, (ipa_t){base}, size, GMEM_EAGER);
}

static ipa_t ipa(uint64_t v)
{
	return (ipa_t){v};
}

/* Every page of [base, base + size) is mapped to where gmem_ptr() points. */
static void assert_mapped(struct fixture *f, uint64_t base, uint64_t size)
{
	uint64_t at, len;
	struct s2_walk w;

	for (at = base; at < base + size; at += PAGE_SIZE) {
		len = PAGE_SIZE;
		assert_int_equal(s2_walk(&f->s2, ipa(at), &w), 0);
		assert_int_equal(w.prot, PGT_R | PGT_W | PGT_X);
		assert_int_equal(
			w.hpa.v,
			hpa_of(gmem_ptr(&f->m, ipa(at), &len, GMEM_WRITE)).v);
		assert_int_equal(len, PAGE_SIZE);
	}
}

static void blocks_are_the_biggest_that_both_sides_allow(void **state)
{
	/* What 4 MiB at these places falls into when memory is plenty. */
	static const struct {
		uint64_t base, size;
		unsigned nr;
		unsigned order[6];
	} t[] = {
		{RAM, KIB(1024), 1, {8}},
		{0, KIB(1024), 1, {8}},
		{RAM + KIB(4), KIB(1024), 6, {0, 1, 2, 3, 4, 5}},
		{RAM, KIB(1024 + 512 + 4), 3, {8, 7, 0}},
	};
	struct fixture *f = *state;
	size_t i;
	unsigned j;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(add(f, t[i].base, t[i].size), 0);
		assert_true(f->m.nr_extents >= t[i].nr);
		for (j = 0; j < t[i].nr; j++)
			assert_int_equal(f->m.extents[j].order, t[i].order[j]);
		assert_mapped(f, t[i].base, t[i].size);
		assert_int_equal(s2_unmap(&f->s2, ipa(0), BIT(32)), 0);
		gmem_destroy(&f->m);
		f->m.s2 = &f->s2;
	}
}

static void ram_in_2_mib_blocks_needs_no_table_beyond_the_root(void **state)
{
	struct fixture *f = *state;
	struct s2_env e = f->s2.env;
	struct s2_walk w;

	s2_destroy(&f->s2);
	assert_int_equal(s2_init(&f->s2, &e, 31, 48), 0);
	f->m.env.max_order = 9;
	assert_int_equal(add(f, RAM, MIB(2)), 0);
	assert_int_equal(s2_walk(&f->s2, ipa(RAM), &w), 0);
	assert_int_equal(w.trace.level, 2);
	assert_int_equal(f->tables, 0);
}

static void fragmented_memory_still_makes_one_flat_space(void **state)
{
	struct fixture *f = *state;

	f->m.env.max_order = 0;
	assert_int_equal(add(f, RAM, KIB(1200)), 0);
	assert_int_equal(f->m.nr_extents, 300);
	assert_int_equal(f->m.extents_order, 1);
	assert_mapped(f, RAM, KIB(1200));
}

static void each_order_fails_once_at_most(void **state)
{
	struct fixture *f = *state;

	f->src.max_order = 0;
	f->m.env.max_order = 10;
	assert_int_equal(add(f, RAM, KIB(400)), 0);
	/* 100 pages, the array, and orders 6 to 1 refused. */
	assert_int_equal(f->src.calls - f->tables, 100 + 1 + 6);
}

/* Rules out: image-in-cache, leftover-memory */
static void new_ram_is_zero_for_caches_and_for_those_without(void **state)
{
	struct fixture *f = *state;
	uint64_t at, len;
	const char *p;

	assert_int_equal(add(f, RAM + KIB(4), KIB(124)), 0);
	for (at = 0; at < KIB(124); at++) {
		len = 1;
		p = gmem_ptr(&f->m, ipa(RAM + KIB(4) + at), &len, GMEM_READ);
		assert_int_equal(*p, 0);
		assert_int_equal(f->src.clean[(const uint8_t *)p - f->src.pool],
				 0);
	}
	assert_int_equal(f->src.synced, KIB(124));
}

static void bad_ranges_are_refused_and_take_nothing(void **state)
{
	static const struct {
		uint64_t base, size;
		int err;
	} t[] = {
		{RAM, 0, -EINVAL},
		{RAM + 1, 0x1000, -EINVAL},
		{RAM, 0x1800, -EINVAL},
		{0 - UINT64_C(0x1000), 0x1000, -EINVAL},
		{0 - UINT64_C(0x1000), 0x2000, -EINVAL},
		{RAM, 0 - UINT64_C(0x1000), -EINVAL},
		{UINT64_C(1) << 52, 0x1000, -EINVAL},
		{UINT64_C(1) << 32, 0x1000, -EINVAL}, /* stage 2 ends here */
		{(UINT64_C(1) << 32) - 0x1000, 0x2000, -EINVAL},
		{RAM, MIB(8), -ENOMEM},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  row %zu\n", i);
		assert_int_equal(add(f, t[i].base, t[i].size), t[i].err);
		assert_int_equal(f->m.nr_extents, 0);
		assert_int_equal(f->tables, 0);
		assert_true(f->src.live <= 4); /* the extents' own array */
	}
	assert_int_equal(gmem_add(&f->m, ipa(RAM), 0x1000, 77), -EINVAL);
	assert_int_equal(f->src.synced, 0);
}

static void overlap_with_ram_or_mappings_is_refused(void **state)
{
	static const uint64_t bad[][2] = {
		{RAM, KIB(4)},
		{RAM + KIB(60), KIB(8)},
		{RAM - KIB(4), KIB(8)},
		{RAM - KIB(4), KIB(128)},
		{RAM + KIB(124), KIB(8)},
		{RAM + KIB(64), KIB(68)},
		{0x09000000, KIB(64)},
		{0x08fff000, KIB(8)},
	};
	struct fixture *f = *state;
	struct s2_walk w;
	uint64_t live;
	size_t i;

	assert_int_equal(
		s2_map(&f->s2, ipa(0x09000000), (hpa_t){0x5000}, KIB(4), PGT_R),
		0);
	assert_int_equal(add(f, RAM, KIB(64)), 0);
	assert_int_equal(add(f, RAM + KIB(128), KIB(64)), 0);
	live = f->src.live;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("  row %zu\n", i);
		assert_int_equal(add(f, bad[i][0], bad[i][1]), -EEXIST);
		assert_int_equal(f->src.live, live);
	}
	assert_int_equal(s2_walk(&f->s2, ipa(0x08fff000), &w), -ENOENT);
	assert_int_equal(s2_walk(&f->s2, ipa(0x09000000), &w), 0);
	assert_int_equal(w.hpa.v, 0x5000);
	assert_int_equal(add(f, RAM + KIB(64), KIB(64)), 0);
	assert_mapped(f, RAM, KIB(192));
}

/* A block that is refused is made up for by smaller ones, a table is not. */
static int add_with_failure(unsigned n, bool *reached)
{
	struct fixture *f;
	struct s2_walk w;
	uint64_t at;
	void *state;
	int err;

	(void)setup(&state);
	f = state;
	f->src.max_order = 3;
	f->src.fail_at = n;
	err = add(f, RAM + KIB(4), KIB(800));
	*reached = f->src.calls >= n;
	if (err) {
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(f->m.nr_extents, 0);
		assert_true(f->src.live <= 1); /* the extents' own array */
		for (at = RAM; at < RAM + MIB(1); at += PAGE_SIZE)
			assert_int_equal(s2_walk(&f->s2, ipa(at), &w), -ENOENT);
	} else {
		assert_mapped(f, RAM + KIB(4), KIB(800));
	}
	(void)teardown(&state);
	return err;
}

static void no_failure_of_an_allocation_leaks_or_half_maps(void **state)
{
	unsigned n, refused = 0;
	bool reached = true;

	(void)state;
	for (n = 1; reached; n++)
		refused += add_with_failure(n, &reached) != 0;
	/* The array, two tables, first and last page (order 0 already). */
	assert_int_equal(refused, 5);
	assert_true(n > 20);
}

/* Rules out: memory-exhausted */
static void every_single_page_failure_is_clean(void **state)
{
	struct fixture *f = *state;
	unsigned n, failures = 0;
	int err;

	f->m.env.max_order = 0;
	for (n = 1; n < 1000; n++) {
		f->src.calls = 0;
		f->src.fail_at = n;
		err = add(f, RAM, MIB(1));
		if (!err)
			break;
		failures++;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(f->m.nr_extents, 0);
		assert_int_equal(f->tables, 0);
	}
	/* 256 pages, and 2 tables; the extents' array as it grows. */
	assert_true(failures >= 258 && failures <= 260);
	assert_mapped(f, RAM, MIB(1));
}

static void pointers_are_lowered_to_what_is_contiguous(void **state)
{
	struct fixture *f = *state;
	uint64_t len = KIB(12);
	uint8_t *p;

	f->src.max_order = 1;
	assert_int_equal(add(f, RAM, KIB(32)), 0);
	p = gmem_ptr(&f->m, ipa(RAM + 0x100), &len, GMEM_READ);
	assert_non_null(p);
	assert_int_equal(len, KIB(8) - 0x100);
	len = KIB(8) - 0x100;
	assert_ptr_equal(gmem_ptr(&f->m, ipa(RAM + 0x100), &len, GMEM_WRITE),
			 p);
	assert_int_equal(len, KIB(8) - 0x100);
	len = KIB(32);
	assert_non_null(gmem_ptr(&f->m, ipa(RAM), &len, GMEM_READ));
	assert_int_equal(len, KIB(8));
}

static void a_window_stays_where_it_has_what_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct gmem_window w = {.len = 0}, was;
	uint8_t *p;

	f->src.max_order = 1;
	assert_int_equal(add(f, RAM, KIB(32)), 0);
	p = gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(8) + 7), 16);
	assert_int_equal(w.at.v, RAM + KIB(8));
	assert_int_equal(w.len, KIB(8));
	assert_ptr_equal(p, w.host + 7);
	was = w;
	p = gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(16) - 1), 1);
	assert_ptr_equal(p, w.host + KIB(8) - 1);
	assert_ptr_equal(gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(8)), KIB(8)),
			 w.host);
	assert_memory_equal(&was, &w, sizeof(w));
	assert_non_null(gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(8) - 1), 1));
	assert_int_equal(w.at.v, RAM);
}

/* Rules out: foreign-memory */
static void a_window_never_has_what_is_not_ram_in_one_piece(void **state)
{
	static const struct {
		uint64_t at, len;
	} t[] = {
		{RAM - 1, 1},       {RAM - 1, 2},
		{RAM + KIB(8), 0},  {RAM + KIB(16) - 4, 8}, /* two blocks */
		{RAM + KIB(32), 1}, {RAM + KIB(32) - 1, 2},
		{UINT64_MAX, 1},    {UINT64_MAX, 2},
		{RAM, UINT64_MAX},  {RAM + KIB(8) + 1, UINT64_MAX},
	};
	struct fixture *f = *state;
	struct gmem_window w = {.len = 0}, was;

	f->src.max_order = 1;
	assert_null(gmem_window_ptr(&f->m, &w, ipa(RAM), 1)); /* no RAM yet */
	assert_int_equal(add(f, RAM, KIB(32)), 0);
	for (unsigned round = 0; round < 2; round++) {
		was = w;
		for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
			assert_null(gmem_window_ptr(&f->m, &w, ipa(t[i].at),
						    t[i].len));
			assert_memory_equal(&was, &w, sizeof(w));
		}
		assert_non_null(
			gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(8)), 1));
	}
}

/* Rules out: foreign-memory */
static void nothing_partly_outside_is_touched(void **state)
{
	static const struct {
		uint64_t at, len;
	} t[] = {
		{RAM - 1, 1},
		{RAM - 1, 2},
		{RAM + KIB(32), 1},
		{RAM + KIB(32) - 1, 2},
		{0, 1},
		{UINT64_MAX, 1},
		{UINT64_MAX, 2},
		{RAM, UINT64_MAX},
		{RAM, KIB(32) + 1},
		{RAM + 5, UINT64_MAX - RAM},
		{RAM, KIB(128)},
		{RAM + 1, UINT64_MAX},
		{RAM + KIB(31), 0 - RAM},
	};
	static uint8_t buf[KIB(129)];
	struct fixture *f = *state;
	uint64_t len;
	size_t i;

	f->src.max_order = 1;
	assert_false(gmem_contains(&f->m, ipa(RAM), 1)); /* no RAM at all */
	len = 1;
	assert_null(gmem_ptr(&f->m, ipa(RAM), &len, GMEM_READ));
	assert_int_equal(add(f, RAM, KIB(32)), 0);
	assert_int_equal(add(f, RAM + KIB(64), KIB(64)), 0);
	memset(buf, 0x77, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  row %zu\n", i);
		len = t[i].len;
		assert_null(gmem_ptr(&f->m, ipa(t[i].at), &len, GMEM_READ));
		assert_false(gmem_contains(&f->m, ipa(t[i].at), t[i].len));
		assert_int_equal(gmem_write(&f->m, ipa(t[i].at), buf, t[i].len),
				 -EFAULT);
		assert_int_equal(gmem_load(&f->m, ipa(t[i].at), buf, t[i].len),
				 -EFAULT);
		assert_int_equal(gmem_read(&f->m, ipa(t[i].at), buf, t[i].len),
				 -EFAULT);
	}
	for (i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], 0x77);
	assert_int_equal(gmem_read(&f->m, ipa(RAM), buf, KIB(32)), 0);
	for (i = 0; i < KIB(32); i++)
		assert_int_equal(buf[i], 0);
}

static void length_zero_copies_nothing_anywhere(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 0;

	assert_int_equal(add(f, RAM, KIB(4)), 0);
	assert_int_equal(gmem_read(&f->m, ipa(0), NULL, 0), 0);
	assert_int_equal(gmem_write(&f->m, ipa(UINT64_MAX), NULL, 0), 0);
	assert_int_equal(gmem_load(&f->m, ipa(0), NULL, 0), 0);
	assert_null(gmem_ptr(&f->m, ipa(RAM), &len, GMEM_READ));
	assert_false(gmem_contains(&f->m, ipa(RAM), 0));
}

/* Rules out: image-in-cache */
static void loaded_images_reach_memory_and_reset_wipes_them(void **state)
{
	static uint8_t image[KIB(20)];
	struct fixture *f = *state;
	uint64_t i, len;
	const uint8_t *p;

	f->src.max_order = 1;
	for (i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 31 + 1);
	assert_int_equal(add(f, RAM, KIB(64)), 0);
	f->src.synced = 0;
	assert_int_equal(
		gmem_load(&f->m, ipa(RAM + 0x1234), image, sizeof(image)), 0);
	assert_int_equal(f->src.synced, sizeof(image));
	for (i = 0; i < sizeof(image); i++) {
		len = 1;
		p = gmem_ptr(&f->m, ipa(RAM + 0x1234 + i), &len, GMEM_READ);
		assert_int_equal(*p, image[i]);
		assert_int_equal(f->src.clean[p - f->src.pool], image[i]);
	}
	gmem_reset(&f->m);
	for (i = 0; i < KIB(64); i++) {
		len = 1;
		p = gmem_ptr(&f->m, ipa(RAM + i), &len, GMEM_READ);
		assert_int_equal(*p, 0);
		assert_int_equal(f->src.clean[p - f->src.pool], 0);
	}
}

static void sync_reaches_memory_and_changes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t i, len;
	uint8_t b;
	const uint8_t *p;

	f->src.max_order = 1;
	assert_int_equal(add(f, RAM, KIB(64)), 0);
	for (i = 0; i < KIB(64); i++) {
		b = (uint8_t)(i * 7 + 3);
		assert_int_equal(gmem_write(&f->m, ipa(RAM + i), &b, 1), 0);
	}
	f->src.synced = 0;
	gmem_sync(&f->m);
	assert_int_equal(f->src.synced, KIB(64));
	for (i = 0; i < KIB(64); i++) {
		len = 1;
		p = gmem_ptr(&f->m, ipa(RAM + i), &len, GMEM_READ);
		assert_int_equal(*p, (uint8_t)(i * 7 + 3));
		assert_int_equal(f->src.clean[p - f->src.pool], *p);
	}
}

static void a_vm_without_stage_2_can_be_tested_too(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0x12345678, r = 0;

	f->m.s2 = NULL;
	assert_int_equal(add(f, 0, KIB(8)), 0);
	assert_int_equal(gmem_write(&f->m, ipa(KIB(4) - 2), &v, 4), 0);
	assert_int_equal(gmem_read(&f->m, ipa(KIB(4) - 2), &r, 4), 0);
	assert_int_equal(r, v);
	f->src.fail_at = f->src.calls + 2;
	assert_int_equal(add(f, MIB(1), KIB(12)), -ENOMEM);
	assert_int_equal(f->m.nr_extents, 1);
}

/* ---- against a flat map ---- */

#define SPACE KIB(1024)

struct ref {
	uint8_t byte[SPACE];
	bool ram[SPACE];
};

static bool ref_has(const struct ref *r, uint64_t at, uint64_t len)
{
	for (; len; at++, len--) {
		if (at >= SPACE || !r->ram[at])
			return false;
	}
	return true;
}

static void ref_add(struct fixture *f, struct ref *r, uint32_t *seed)
{
	uint64_t first = rnd(seed, 256), nr = 1 + rnd(seed, 20), i;
	uint64_t base = first * PAGE_SIZE, size;
	bool clash = false;
	int err;

	size = min_u64(nr, 256 - first) * PAGE_SIZE;
	for (i = 0; i < size; i++)
		clash |= r->ram[base + i];
	f->src.max_order = rnd(seed, 4);
	f->src.fail_at = rnd(seed, 4) ? 0 : f->src.calls + 1 + rnd(seed, 9);
	err = add(f, RAM + base, size);
	f->src.fail_at = 0;
	if (err == -ENOMEM)
		return;
	assert_int_equal(err, clash ? -EEXIST : 0);
	if (!err)
		memset(&r->ram[base], true, size);
}

static void ref_access(struct fixture *f, struct ref *r, uint32_t *seed)
{
	static uint8_t buf[KIB(20)];
	uint64_t at = rnd(seed, SPACE), len = 1 + rnd(seed, sizeof(buf) - 1);
	unsigned op = rnd(seed, 4);
	int want;

	if (rnd(seed, 2))
		len = 1 + rnd(seed, 16);
	want = ref_has(r, at, len) ? 0 : -EFAULT;
	memset(buf, (int)rnd(seed, 256), len);
	if (op == 0) {
		assert_int_equal(gmem_read(&f->m, ipa(RAM + at), buf, len),
				 want);
		assert_true(want || !memcmp(buf, &r->byte[at], len));
	} else if (op == 1) {
		uint64_t n = len;
		void *p = gmem_ptr(&f->m, ipa(RAM + at), &n, GMEM_READ);

		assert_int_equal(!p, !!want);
		assert_true(!p || (n > 0 && n <= len));
		assert_true(!p || !memcmp(p, &r->byte[at], n));
	} else {
		assert_int_equal(
			op == 2 ? gmem_write(&f->m, ipa(RAM + at), buf, len)
				: gmem_load(&f->m, ipa(RAM + at), buf, len),
			want);
		if (!want)
			memcpy(&r->byte[at], buf, len);
	}
	assert_int_equal(gmem_contains(&f->m, ipa(RAM + at), len), !want);
}

static void random_use_agrees_with_a_flat_map(void **state)
{
	struct fixture *f = *state;
	struct ref *r = calloc(1, sizeof(*r));
	static uint8_t page[PAGE_SIZE];
	uint32_t seed = 11;
	unsigned i;

	for (i = 0; i < 20000; i++) {
		if (i % 200 == 0)
			ref_add(f, r, &seed);
		ref_access(f, r, &seed);
	}
	for (i = 0; i < SPACE / PAGE_SIZE; i++) {
		uint64_t at = i * PAGE_SIZE;

		if (!r->ram[at])
			continue;
		assert_int_equal(
			gmem_read(&f->m, ipa(RAM + at), page, PAGE_SIZE), 0);
		assert_memory_equal(page, &r->byte[at], PAGE_SIZE);
		assert_mapped(f, RAM + at, PAGE_SIZE);
	}
	assert_true(f->m.nr_extents > 50);
	free(r);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(blocks_are_the_biggest_that_both_sides_allow),
		T(ram_in_2_mib_blocks_needs_no_table_beyond_the_root),
		T(fragmented_memory_still_makes_one_flat_space),
		T(each_order_fails_once_at_most),
		T(new_ram_is_zero_for_caches_and_for_those_without),
		T(bad_ranges_are_refused_and_take_nothing),
		T(overlap_with_ram_or_mappings_is_refused),
		T(no_failure_of_an_allocation_leaks_or_half_maps),
		T(every_single_page_failure_is_clean),
		T(pointers_are_lowered_to_what_is_contiguous),
		T(a_window_stays_where_it_has_what_is_asked_for),
		T(a_window_never_has_what_is_not_ram_in_one_piece),
		T(nothing_partly_outside_is_touched),
		T(length_zero_copies_nothing_anywhere),
		T(loaded_images_reach_memory_and_reset_wipes_them),
		T(sync_reaches_memory_and_changes_nothing),
		T(a_vm_without_stage_2_can_be_tested_too),
		T(random_use_agrees_with_a_flat_map),
	};

	return cmocka_run_group_tests_name("gmem", tests, NULL, NULL);
}
