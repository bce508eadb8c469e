/* Translation-table editor: runs of entries with the contiguous hint, how they
 * come and how they end. Arm ARM DDI 0487, "The Contiguous bit". */
#include <errno.h>

#include "../host/pgt_fixture.h"
#include "../host/rnd.h"

#define HINT (UINT64_C(1) << 52)

static int setup(void **state)
{
	struct fixture *f;

	pgt_setup(state);
	f = *state;
	f->p.contiguous = true;
	return 0;
}

static uint64_t desc_at(const struct fixture *f, uint64_t addr)
{
	struct pgt_walk w;

	(void)!pgt_walk(&f->p, addr, &w);
	return w.desc;
}

/* How many leaves of `size` bytes in [addr, addr + len) have the hint. */
static unsigned hints(const struct fixture *f, uint64_t addr, uint64_t len,
		      uint64_t size)
{
	unsigned nr = 0;
	uint64_t at;

	for (at = addr; at < addr + len; at += size)
		nr += (desc_at(f, at) & HINT) != 0;
	tlb_model_check_runs(&f->p);
	return nr;
}

static void aligned_runs_of_pages_and_blocks_get_the_hint(void **state)
{
	static const struct {
		uint64_t addr, pa, size, leaf;
		unsigned hints;
	} t[] = {
		{G(1), G(4), K(64), K(4), 16},
		{G(1) + K(64), G(4) + M(1), K(64), K(4), 16},
		{G(1), G(4), K(60), K(4), 0},
		{G(1) + K(4), G(4) + K(4), K(64), K(4), 0},
		{G(1) + K(4), G(4) + K(4), K(128), K(4), 16},
		{G(1), G(4) + K(4), K(256), K(4), 0}, /* not aligned alike */
		{G(1), G(4) + K(64), M(1), K(4), 256},
		{G(1), G(4), M(32), M(2), 16},
		{G(1), G(4), M(30), M(2), 0},
		{G(1) + M(2), G(4) + M(2), M(32), M(2), 0},
		{G(1) + M(2), G(4) + M(2), M(64), M(2), 16},
		{G(1), G(4) + M(2), M(64), M(2), 0},
		{G(1), G(4) + M(32), M(512), M(2), 256},
		{G(4), G(64), G(16), G(1), 0}, /* not of 1 GiB blocks */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  row %zu\n", i);
		assert_int_equal(
			pgt_map(&f->p, t[i].addr, t[i].pa, t[i].size, RW), 0);
		assert_int_equal(hints(f, t[i].addr, t[i].size, t[i].leaf),
				 t[i].hints);
		assert_int_equal(pgt_unmap(&f->p, t[i].addr, t[i].size), 0);
		assert_int_equal(f->m.live, 0);
	}
}

static void tables_without_the_hint_stay_without(void **state)
{
	struct fixture *f = *state;

	f->p.contiguous = false;
	assert_int_equal(pgt_map(&f->p, G(1), G(4), M(64), RW), 0);
	assert_int_equal(pgt_protect(&f->p, G(1) + M(1), K(4), RO), 0);
	assert_int_equal(hints(f, G(1), M(2), K(4)), 0);
	assert_int_equal(hints(f, G(1) + M(32), M(32), M(2)), 0);
}

static void table_in_the_way_leaves_its_run_without_hint(void **state)
{
	struct fixture *f = *state;
	uint64_t *hidden;

	/* An entry that is not valid and not empty keeps a table at level 3. */
	assert_int_equal(pgt_map(&f->p, G(1) + M(6), G(9), K(4), RW), 0);
	hidden = pgt_entry(&f->p, G(1) + M(6));
	pgt_entry_write(hidden, *hidden & ~UINT64_C(1));
	assert_int_equal(pgt_map(&f->p, G(1), G(4), M(64), RW), 0);
	assert_int_equal(hints(f, G(1), M(6), M(2)), 0);
	assert_int_equal(hints(f, G(1) + M(6), M(2), K(4)), 512);
	assert_int_equal(hints(f, G(1) + M(8), M(24), M(2)), 0);
	assert_int_equal(hints(f, G(1) + M(32), M(32), M(2)), 16);
}

static void root_of_sixteen_entries_may_be_one_run(void **state)
{
	struct fixture f = {0};

	(void)state;
	pgt_make(&f, 2, 25);
	f.p.contiguous = true;
	assert_int_equal(pgt_map(&f.p, 0, G(4), M(32), RW), 0);
	assert_int_equal(hints(&f, 0, M(32), M(2)), 16);
	assert_int_equal(pgt_protect(&f.p, M(30), M(2), RO), 0);
	assert_int_equal(hints(&f, 0, M(32), M(2)), 0);
	assert_int_equal(desc_at(&f, M(30)), (G(4) + M(30)) | RO | 1);
	pgt_unmake(&f);
}

/* The run is invalid as a whole while its TLBI runs. */
static void expect_broken_run(const struct fixture *f, unsigned event,
			      uint64_t addr, uint64_t size)
{
	assert_int_equal(f->m.event[event].what, 't');
	assert_int_equal(f->m.event[event].addr, addr);
	assert_int_equal(f->m.event[event].size, size);
	assert_int_equal(f->m.event[event].seen, 0);
}

/* Rules out: break-before-make */
static void run_that_loses_a_page_loses_the_hint_first(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), K(128), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 64);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_unmap(&f->p, G(1) + K(20), K(4)), 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 2);
	expect_broken_run(f, 0, G(1), K(64));
	assert_int_equal(f->m.event[1].size, K(4));
	assert_int_equal(hints(f, G(1), K(64), K(4)), 0);
	assert_int_equal(hints(f, G(1) + K(64), K(64), K(4)), 16);
	assert_int_equal(desc_at(f, G(1) + K(20)), 0);
	assert_int_equal(desc_at(f, G(1) + K(24)), (G(4) + K(24)) | RW | 3);
}

static void run_that_goes_as_a_whole_is_not_rewritten(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), K(192), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 64);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_unmap(&f->p, G(1) + K(64), K(64)), 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 1);
	assert_int_equal(hints(f, G(1), K(192), K(4)), 32);
}

/* Rules out: break-before-make */
static void permissions_of_a_run_change_by_break_before_make(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), K(192), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 64);
	tlb_model_forget_events(&f->m);
	/* One run whole, of the next a part. */
	assert_int_equal(pgt_protect(&f->p, G(1), K(80), RO), 0);
	tlb_model_run(&f->m);
	expect_broken_run(f, 0, G(1) + K(64), K(64));
	expect_broken_run(f, 1, G(1), K(64));
	assert_int_equal(desc_at(f, G(1) + K(60)),
			 (G(4) + K(60)) | HINT | RO | 3);
	assert_int_equal(desc_at(f, G(1) + K(76)), (G(4) + K(76)) | RO | 3);
	assert_int_equal(desc_at(f, G(1) + K(80)), (G(4) + K(80)) | RW | 3);
	assert_int_equal(hints(f, G(1), K(192), K(4)), 32);
	/* What is so already needs nothing. */
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_protect(&f->p, G(1), K(64), RO), 0);
	assert_int_equal(f->m.nr_events, 1);
	assert_int_equal(f->m.event[0].what, 's');
}

/* Rules out: break-before-make */
static void page_put_in_a_block_leaves_the_other_runs_whole(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), M(64), RO), 0);
	assert_int_equal(hints(f, G(1), M(64), M(2)), 32);
	tlb_model_watch(&f->m, &f->p, G(1), 1024);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_remap(&f->p, G(1) + K(64), G(9), RW), 0);
	tlb_model_run(&f->m);
	/* The table's page, the run of blocks, the block, the page. */
	expect_broken_run(f, 1, G(1), M(32));
	expect_broken_run(f, 2, G(1), M(2));
	expect_broken_run(f, 3, G(1) + K(64), K(4));
	assert_int_equal(hints(f, G(1), M(2), K(4)), 512 - 16);
	assert_int_equal(hints(f, G(1) + K(64), K(64), K(4)), 0);
	assert_int_equal(hints(f, G(1) + M(2), M(62), M(2)), 16);
	assert_int_equal(desc_at(f, G(1) + K(64)), G(9) | RW | 3);
	/* The next page of that run finds it without the hint, one of another
	 * run takes it away. */
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_remap(&f->p, G(1) + K(68), G(8), RW), 0);
	assert_int_equal(f->m.nr_events, 2);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_remap(&f->p, G(1) + K(128), G(7), RW), 0);
	tlb_model_run(&f->m);
	expect_broken_run(f, 0, G(1) + K(128), K(64));
	assert_int_equal(hints(f, G(1), M(2), K(4)), 512 - 32);
}

static void edges_of_the_range_cut_the_runs_of_split_blocks(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), G(1), RW), 0);
	assert_int_equal(
		pgt_protect(&f->p, G(1) + M(34) + K(4), M(32) + K(64), RO), 0);
	tlb_model_check_runs(&f->p);
	assert_int_equal(hints(f, G(1), M(32), M(2)), 16);
	assert_int_equal(hints(f, G(1) + M(32), M(34), M(2)), 0);
	assert_int_equal(hints(f, G(1) + M(68), M(28), M(2)), 0);
	assert_int_equal(hints(f, G(1) + M(96), M(928), M(2)), 464);
	assert_int_equal(hints(f, G(1) + M(34), M(2), K(4)), 512 - 16);
	assert_int_equal(hints(f, G(1) + M(66), M(2), K(4)), 512 - 16);
}

static void failed_change_leaves_the_hint(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4), M(32), RW), 0);
	f->m.fail_at = 1;
	assert_int_equal(pgt_unmap(&f->p, G(1) + K(4), K(4)), -ENOMEM);
	f->m.fail_at = 1;
	assert_int_equal(pgt_remap(&f->p, G(1) + K(4), G(9), RW), -ENOMEM);
	f->m.fail_at = 0;
	assert_int_equal(pgt_protect(&f->p, G(1) + M(30), M(4), RO), -ENOENT);
	assert_int_equal(hints(f, G(1), M(32), M(2)), 16);
}

/* A range that is often whole runs, of pages or of blocks. */
static void random_range(uint32_t *seed, uint64_t *addr, uint64_t *size)
{
	static const uint64_t grains[] = {K(4), K(64), M(2), M(32)};
	uint64_t grain = grains[rnd(seed, ARRAY_SIZE(grains))];
	uint32_t nr = (uint32_t)(M(128) / grain);
	uint32_t first = rnd(seed, nr);

	*addr = G(1) - M(64) + first * grain;
	*size = (1 + rnd(seed, (uint32_t)min_u64(nr - first, 20))) * grain;
}

/* Rules out: break-before-make */
static void random_edits_leave_every_run_uniform(void **state)
{
	static const uint64_t attrs[] = {RW, RO, DEV};
	struct fixture *f = *state;
	uint32_t seed = 7;
	unsigned done[4] = {0}, seen = 0;
	uint64_t addr, size;

	tlb_model_watch(&f->m, &f->p, G(1) - M(2), 1024);
	for (unsigned i = 0; i < 4000; i++) {
		uint64_t a = attrs[rnd(&seed, 3)];
		unsigned op = rnd(&seed, 4);
		int err;

		random_range(&seed, &addr, &size);
		/* Aligned alike more often than not. */
		err = op == 0   ? pgt_map(&f->p, addr,
					  G(16) + addr + K(4) * !rnd(&seed, 8),
					  size, a)
		      : op == 1 ? pgt_unmap(&f->p, addr, size)
		      : op == 2 ? pgt_protect(&f->p, addr, size, a)
				: pgt_remap(&f->p, addr,
					    G(32) + K(4) * rnd(&seed, 64), a);
		assert_true(!err || err == -EEXIST || err == -ENOENT);
		done[op] += !err;
		tlb_model_run(&f->m);
		seen += (desc_at(f, addr) & HINT) != 0;
	}
	for (unsigned op = 0; op < 4; op++)
		assert_true(done[op] > 100);
	assert_true(seen > 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, pgt_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_of_sixteen_entries_may_be_one_run),
		T(aligned_runs_of_pages_and_blocks_get_the_hint),
		T(tables_without_the_hint_stay_without),
		T(table_in_the_way_leaves_its_run_without_hint),
		T(run_that_loses_a_page_loses_the_hint_first),
		T(run_that_goes_as_a_whole_is_not_rewritten),
		T(permissions_of_a_run_change_by_break_before_make),
		T(page_put_in_a_block_leaves_the_other_runs_whole),
		T(edges_of_the_range_cut_the_runs_of_split_blocks),
		T(failed_change_leaves_the_hint),
		T(random_edits_leave_every_run_uniform),
	};

	return cmocka_run_group_tests_name("pgtable_run", tests, NULL, NULL);
}
