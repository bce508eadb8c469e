/* Translation-table editor: levels, blocks, order of operations, refusals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/panic.h>

#include "../host/pgt_fixture.h"

static struct pgt_walk at(const struct fixture *f, uint64_t addr)
{
	struct pgt_walk w;
	int err = pgt_walk(&f->p, addr, &w);

	assert_int_equal(err, w.desc & 1 ? 0 : -ENOENT);
	return w;
}

static void map_uses_the_largest_blocks_that_both_addresses_allow(void **state)
{
	struct fixture *f = *state;
	/* 4 KiB and 2 MiB steps up to a 1 GiB block and down again. */
	uint64_t lo = G(2) - M(2) - K(4), hi = G(3) + M(2) + K(4);

	assert_int_equal(pgt_map(&f->p, lo, G(8) + lo, hi - lo, RW), 0);
	assert_int_equal(at(f, lo).level, 3);
	assert_int_equal(at(f, lo).desc, (G(10) - M(2) - K(4)) | RW | 3);
	assert_int_equal(at(f, G(2) - M(2)).level, 2);
	assert_int_equal(at(f, G(2) - M(2)).desc, (G(10) - M(2)) | RW | 1);
	assert_int_equal(at(f, G(2)).level, 1);
	assert_int_equal(at(f, G(2)).desc, G(10) | RW | 1);
	assert_int_equal(at(f, G(3)).level, 2);
	assert_int_equal(at(f, hi - 1).level, 3);
	assert_int_equal(at(f, hi - 1).pa, G(8) + hi - 1);
	assert_int_equal(at(f, hi).desc, 0);
	assert_int_equal(at(f, lo - 1).desc, 0);
	assert_int_equal(f->p.nr_tables, 4);
	assert_int_equal(f->m.live, 4);
}

static void output_alignment_limits_the_block_size(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(4) + M(2), G(1), RW), 0);
	assert_int_equal(at(f, G(1)).level, 2);
	assert_int_equal(f->p.nr_tables, 1);
	assert_int_equal(pgt_map(&f->p, G(2), G(8) + K(4), M(4), RW), 0);
	assert_int_equal(at(f, G(2)).level, 3);
	assert_int_equal(at(f, G(2) + M(3) + 5).pa, G(8) + K(4) + M(3) + 5);
	assert_int_equal(f->p.nr_tables, 4);
}

static void map_takes_exactly_the_pages_that_it_uses(void **state)
{
	static const struct {
		uint64_t addr, pa, size;
		unsigned tables;
	} t[] = {
		{G(1), G(1), K(4), 2},
		{G(1), G(1), M(2), 1},
		{G(1), G(1), G(4), 0},
		{G(1) + K(4), G(1) + K(4), G(1), 4},
		{G(1) - K(4), G(4), K(8), 4},
		{G(1) + M(1), G(1) + M(1), M(2), 3},
		{G(1), K(4), G(1), 513},
		{G(1) - M(2), G(3), M(4), 2},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %#llx\n", (unsigned long long)t[i].addr);
		assert_int_equal(
			pgt_map(&f->p, t[i].addr, t[i].pa, t[i].size, RW), 0);
		assert_int_equal(f->p.nr_tables, t[i].tables);
		assert_int_equal(f->m.live, t[i].tables);
		assert_int_equal(pgt_unmap(&f->p, t[i].addr, t[i].size), 0);
		assert_int_equal(f->p.nr_tables, 0);
		assert_int_equal(f->m.live, 0);
	}
}

static void every_bad_range_is_refused(void **state)
{
	static const struct {
		uint64_t addr, pa, size;
	} t[] = {
		{G(1) + 1, G(1), K(4)},         {G(1), G(1) + 0x800, K(4)},
		{G(1), G(1), K(4) + 1},         {G(1), G(1), 0},
		{BIT(39), G(1), K(4)},          {BIT(39) - K(4), G(1), K(8)},
		{G(1), BIT(48), K(4)},          {G(1), BIT(48) - K(4), K(8)},
		{0 - K(4), G(1), K(8)},         {G(1), 0 - K(4), K(8)},
		{K(4), G(1), UINT64_MAX << 12}, {G(1), G(1), BIT(63)},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  row %zu\n", i);
		assert_int_equal(
			pgt_map(&f->p, t[i].addr, t[i].pa, t[i].size, RW),
			-EINVAL);
		if (range_within(t[i].addr, t[i].size, 0, BIT(39)) &&
		    is_aligned(t[i].addr | t[i].size, K(4)) && t[i].size)
			continue; /* only its pa is bad */
		assert_int_equal(pgt_unmap(&f->p, t[i].addr, t[i].size),
				 -EINVAL);
		assert_int_equal(pgt_protect(&f->p, t[i].addr, t[i].size, RO),
				 -EINVAL);
	}
	assert_int_equal(f->m.nr_events, 0);
	assert_int_equal(
		pgt_map(&f->p, BIT(39) - K(4), BIT(48) - K(4), K(4), RW), 0);
}

static void any_overlap_is_refused_and_changes_nothing(void **state)
{
	static const uint64_t bad[][2] = {
		{G(1), K(4)},        {G(1) + M(2) - K(4), K(4)},
		{G(1) - K(4), K(8)}, {G(1) + M(2) - K(4), M(4)},
		{G(1) - M(2), M(8)}, {0, G(4)},
		{G(5) + M(4), M(2)}, {G(5), G(1)},
		{G(4), G(2)},        {G(5) + M(4) + K(4), K(8)},
	};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(2), RW), 0);
	assert_int_equal(pgt_map(&f->p, G(5) + M(4) + K(8), 0, K(4), RW), 0);
	tlb_model_forget_events(&f->m);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("  row %zu\n", i);
		assert_int_equal(pgt_map(&f->p, bad[i][0], G(9), bad[i][1], RO),
				 -EEXIST);
	}
	assert_int_equal(f->m.nr_events, 0);
	assert_int_equal(f->p.nr_tables, 3);
	assert_int_equal(at(f, G(1)).desc, G(1) | RW | 1);
	assert_int_equal(pgt_map(&f->p, G(1) + M(2), G(9), K(4), RW), 0);
	assert_int_equal(pgt_map(&f->p, G(1) - K(4), G(9), K(4), RW), 0);
}

static void new_entries_are_synced_but_need_no_tlbi(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1) + K(4), G(1), M(4), RW), 0);
	assert_int_equal(f->m.nr_events, 5);
	assert_int_equal(f->m.event[3].what, 'a');
	assert_int_equal(f->m.event[4].what, 's');
}

static void a_missing_sync_callback_is_allowed(void **state)
{
	struct fixture *f = *state;

	f->p.env.pte_sync = NULL;
	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(4), RW), 0);
	assert_int_equal(pgt_protect(&f->p, G(1), M(4), RO), 0);
}

/* Rules out: break-before-make */
static void splitting_breaks_before_it_makes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(7), G(1), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 1024);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_unmap(&f->p, G(1) + M(2), K(4)), 0);
	tlb_model_run(&f->m);
	/* Pages first; the 1 GiB block is invalid while its TLBI runs, then
	 * the 2 MiB block, then what was asked for. */
	assert_int_equal(f->m.nr_events, 5);
	assert_int_equal(f->m.event[0].what, 'a');
	assert_int_equal(f->m.event[1].what, 'a');
	assert_int_equal(f->m.event[2].what, 't');
	assert_int_equal(f->m.event[2].addr, G(1));
	assert_int_equal(f->m.event[2].size, G(1));
	assert_int_equal(f->m.event[2].seen, 0);
	assert_int_equal(f->m.event[3].addr, G(1) + M(2));
	assert_int_equal(f->m.event[3].size, M(2));
	assert_int_equal(f->m.event[3].seen, 0);
	assert_int_equal(f->m.event[4].addr, G(1) + M(2));
	assert_int_equal(f->m.event[4].size, K(4));
	assert_int_equal(f->m.event[4].seen, 0);
	assert_int_equal(f->p.nr_tables, 2);
	assert_int_equal(at(f, G(1)).desc, G(7) | RW | 1);
	assert_int_equal(at(f, G(1)).level, 2);
	assert_int_equal(at(f, G(1) + M(2)).desc, 0);
	assert_int_equal(at(f, G(1) + M(2) + K(4)).desc,
			 (G(7) + M(2) + K(4)) | RW | 3);
	assert_int_equal(at(f, G(2) - 1).pa, G(8) - 1);
}

static void
a_hole_in_the_middle_of_a_block_splits_both_of_its_ends(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(7), G(3), RW), 0);
	/* Both ends within one block, then in two blocks. */
	assert_int_equal(pgt_unmap(&f->p, G(1) + K(4), G(1) - K(8)), 0);
	assert_int_equal(f->p.nr_tables, 3);
	assert_int_equal(pgt_unmap(&f->p, G(2) + M(4), G(1)), 0);
	assert_int_equal(f->p.nr_tables, 5);
	assert_int_equal(at(f, G(1)).pa, G(7));
	assert_int_equal(at(f, G(2) - K(4)).pa, G(8) - K(4));
	assert_int_equal(at(f, G(2) - K(8)).desc, 0);
	assert_int_equal(at(f, G(2) + M(4) - 1).pa, G(8) + M(4) - 1);
	assert_int_equal(at(f, G(2) + M(4)).desc, 0);
	assert_int_equal(at(f, G(3) + M(4)).pa, G(9) + M(4));
	assert_int_equal(pgt_unmap(&f->p, 0, BIT(39)), 0);
	assert_int_equal(f->m.live, 0);
}

/* Rules out: table-freed */
static void empty_tables_are_freed_after_the_tlbi(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), K(8), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 512);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_unmap(&f->p, G(1), K(4)), 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 1);
	assert_int_equal(f->p.nr_tables, 2);
	assert_int_equal(pgt_unmap(&f->p, G(1) + K(4), K(4)), 0);
	assert_int_equal(f->m.event[1].what, 't');
	assert_int_equal(f->m.event[2].what, 'f');
	assert_int_equal(f->m.event[3].what, 'f');
	assert_int_equal(f->m.nr_events, 4);
	assert_int_equal(f->p.nr_tables, 0);
}

static void unmap_skips_what_is_not_mapped(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(3) + K(4), G(1), K(4), RW), 0);
	assert_int_equal(pgt_map(&f->p, G(9), G(1), G(1), RW), 0);
	assert_int_equal(pgt_unmap(&f->p, 0, BIT(39)), 0);
	assert_int_equal(f->m.live, 0);
	assert_int_equal(pgt_unmap(&f->p, 0, BIT(39)), 0);
}

static void a_change_of_permissions_is_made_in_place_with_one_tlbi(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(8), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 2048);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_protect(&f->p, G(1), M(8), RO), 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 2);
	assert_int_equal(f->m.event[0].what, 's');
	assert_int_equal(f->m.event[1].what, 't');
	assert_int_equal(f->m.event[1].seen, G(1) | RO | 1);
	assert_int_equal(f->m.event[1].size, M(8));
	assert_int_equal(at(f, G(1) + M(6)).desc, (G(1) + M(6)) | RO | 1);
}

/* Rules out: break-before-make */
static void a_change_of_memory_type_breaks_before_it_makes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), K(8), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 512);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_protect(&f->p, G(1), K(8), DEV), 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 3);
	assert_int_equal(f->m.event[0].addr, G(1));
	assert_int_equal(f->m.event[0].seen, 0);
	assert_int_equal(f->m.event[1].addr, G(1) + K(4));
	assert_int_equal(f->m.event[1].seen, 0);
	assert_int_equal(f->m.event[2].what, 's');
	assert_int_equal(at(f, G(1) + K(4)).desc, (G(1) + K(4)) | DEV | 3);
}

static void protecting_to_the_same_needs_no_tlbi(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(2), RW), 0);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_protect(&f->p, G(1), M(2), RW), 0);
	assert_int_equal(f->m.nr_events, 1);
	assert_int_equal(f->m.event[0].what, 's');
}

static void protect_splits_the_ends_and_leaves_the_rest(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(6), RW), 0);
	tlb_model_watch(&f->m, &f->p, G(1), 2048);
	assert_int_equal(pgt_protect(&f->p, G(1) + M(1), M(4), RO), 0);
	tlb_model_run(&f->m);
	assert_int_equal(at(f, G(1) + M(1) - K(4)).desc,
			 (G(1) + M(1) - K(4)) | RW | 3);
	assert_int_equal(at(f, G(1) + M(1)).desc, (G(1) + M(1)) | RO | 3);
	assert_int_equal(at(f, G(1) + M(2)).desc, (G(1) + M(2)) | RO | 1);
	assert_int_equal(at(f, G(1) + M(5) - K(4)).desc,
			 (G(1) + M(5) - K(4)) | RO | 3);
	assert_int_equal(at(f, G(1) + M(5)).desc, (G(1) + M(5)) | RW | 3);
	assert_int_equal(f->p.nr_tables, 3);
}

static void protect_over_a_hole_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(pgt_map(&f->p, G(1), G(1), M(2), RW), 0);
	assert_int_equal(pgt_map(&f->p, G(1) + M(4), G(1), M(2), RW), 0);
	tlb_model_forget_events(&f->m);
	assert_int_equal(pgt_protect(&f->p, G(1) + M(1), M(4), RO), -ENOENT);
	assert_int_equal(pgt_protect(&f->p, G(1) + M(1), M(2), RO), -ENOENT);
	assert_int_equal(pgt_protect(&f->p, G(1) - K(4), M(1), RO), -ENOENT);
	assert_int_equal(f->m.nr_events, 0);
	assert_int_equal(f->p.nr_tables, 1);
	assert_int_equal(at(f, G(1)).desc, G(1) | RW | 1);
}

enum op {
	OP_MAP,
	OP_UNMAP,
	OP_PROTECT
};

static int run_op(struct fixture *f, enum op op)
{
	if (op == OP_MAP) {
		return pgt_map(&f->p, G(2) - K(4), G(4) - K(4), G(1) + K(8),
			       RW);
	}
	if (op == OP_UNMAP)
		return pgt_unmap(&f->p, G(5) + K(4), G(1));
	return pgt_protect(&f->p, G(5) + K(4), G(1), RO);
}

static void a_failed_allocation_changes_and_leaks_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t before[PGT_ENTRIES];
	unsigned op, n, live;

	assert_int_equal(pgt_map(&f->p, G(5), G(5), G(2), RW), 0);
	for (op = OP_MAP; op <= OP_PROTECT; op++) {
		memcpy(before, f->p.root, sizeof(before));
		live = f->m.live;
		for (n = 1; n <= 4; n++) {
			tlb_model_forget_events(&f->m);
			f->m.fail_at = n;
			assert_int_equal(run_op(f, op), -ENOMEM);
			assert_memory_equal(before, f->p.root, sizeof(before));
			assert_int_equal(f->m.live, live);
			assert_int_equal(f->p.nr_tables, live);
			/* n tries, the pages taken came back, no TLBI */
			assert_int_equal(f->m.nr_events, 2 * n - 1);
		}
		f->m.fail_at = 0;
		if (op == OP_UNMAP)
			continue;
		assert_int_equal(run_op(f, op), 0);
		assert_int_equal(f->m.live, live + 4);
	}
}

static void walk_shows_every_level_that_it_met(void **state)
{
	struct fixture *f = *state;
	struct pgt_walk w;

	assert_int_equal(pgt_map(&f->p, G(3) + M(6) + K(20), G(9), K(4), RW),
			 0);
	assert_int_equal(pgt_walk(&f->p, G(3) + M(6) + K(20) + 7, &w), 0);
	assert_null(w.step[0].table);
	assert_ptr_equal(w.step[1].table, f->p.root);
	assert_int_equal(w.step[1].idx, 3);
	assert_int_equal(w.step[1].desc,
			 (uint64_t)(uintptr_t)w.step[2].table | 3);
	assert_int_equal(w.step[2].idx, 3);
	assert_int_equal(w.step[2].desc,
			 (uint64_t)(uintptr_t)w.step[3].table | 3);
	assert_int_equal(w.step[3].idx, 5);
	assert_int_equal(w.step[3].desc, G(9) | RW | 3);
	assert_int_equal(w.pa, G(9) + 7);
	assert_int_equal(w.size, K(4));
	assert_int_equal(pgt_walk(&f->p, G(3), &w), -ENOENT);
	assert_int_equal(w.level, 2);
	assert_int_equal(w.pa, 0);
	assert_int_equal(w.size, M(2));
	assert_int_equal(pgt_walk(&f->p, BIT(39), &w), -EINVAL);
	assert_int_equal(pgt_walk(&f->p, UINT64_MAX, &w), -EINVAL);
}

static void roots_of_every_shape_reach_their_last_byte(void **state)
{
	static const struct {
		unsigned level, bits;
	} t[] = {{2, 25}, {2, 30}, {2, 31}, {1, 32}, {1, 39},
		 {1, 40}, {1, 43}, {0, 44}, {0, 48}};
	struct fixture f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t end = BIT(t[i].bits);

		print_message("  level %u, %u bits\n", t[i].level, t[i].bits);
		pgt_make(&f, t[i].level, t[i].bits);
		assert_int_equal(pgt_map(&f.p, 0, 0, end, RW), 0);
		assert_int_equal(at(&f, end - 1).pa, end - 1);
		assert_int_equal(f.p.nr_tables,
				 t[i].level == 0 ? end >> 39 : 0);
		assert_int_equal(pgt_unmap(&f.p, end - K(4), K(4)), 0);
		assert_int_equal(at(&f, end - 1).desc, 0);
		assert_int_equal(at(&f, end - K(8)).pa, end - K(8));
		pgt_unmake(&f);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, pgt_setup, pgt_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(map_uses_the_largest_blocks_that_both_addresses_allow),
		T(output_alignment_limits_the_block_size),
		T(map_takes_exactly_the_pages_that_it_uses),
		T(every_bad_range_is_refused),
		T(any_overlap_is_refused_and_changes_nothing),
		T(new_entries_are_synced_but_need_no_tlbi),
		T(a_missing_sync_callback_is_allowed),
		T(splitting_breaks_before_it_makes),
		T(a_hole_in_the_middle_of_a_block_splits_both_of_its_ends),
		T(empty_tables_are_freed_after_the_tlbi),
		T(unmap_skips_what_is_not_mapped),
		T(a_change_of_permissions_is_made_in_place_with_one_tlbi),
		T(a_change_of_memory_type_breaks_before_it_makes),
		T(protecting_to_the_same_needs_no_tlbi),
		T(protect_splits_the_ends_and_leaves_the_rest),
		T(protect_over_a_hole_changes_nothing),
		T(a_failed_allocation_changes_and_leaks_nothing),
		T(walk_shows_every_level_that_it_met),
		cmocka_unit_test(roots_of_every_shape_reach_their_last_byte),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
