/* Translation-table editor: random edits against a flat map of pages, with a
 * TLB that keeps all it may. */
#include <errno.h>
#include <stdlib.h>

#include "../host/pgt_fixture.h"
#include "../host/rnd.h"

static struct pgt_walk at(const struct fixture *f, uint64_t addr)
{
	struct pgt_walk w;

	(void)!pgt_walk(&f->p, addr, &w);
	return w;
}

#define PAGES 2048
#define BASE  (G(1) - M(4)) /* the window crosses a level-1 entry */

struct ref {
	uint64_t pa[PAGES], attrs[PAGES]; /* attrs 0: not mapped */
};

/* Whether any page of the range is mapped, or is not. */
static bool ref_any(const struct ref *r, unsigned at, unsigned nr, bool mapped)
{
	unsigned i;

	for (i = at; i < at + nr; i++) {
		if (!r->attrs[i] != mapped)
			return true;
	}
	return false;
}

static void ref_set(struct ref *r, unsigned at, unsigned nr, uint64_t pa,
		    uint64_t attrs)
{
	unsigned i;

	for (i = 0; i < nr; i++) {
		r->attrs[at + i] = attrs;
		if (pa != UINT64_MAX)
			r->pa[at + i] = pa + i * PAGE_SIZE;
	}
}

static void ref_check(const struct fixture *f, const struct ref *r)
{
	unsigned i;

	for (i = 0; i < PAGES; i++) {
		struct pgt_walk w = at(f, BASE + i * PAGE_SIZE);

		if (!r->attrs[i]) {
			assert_int_equal(w.desc, 0);
			continue;
		}
		assert_int_equal(w.pa, r->pa[i]);
		assert_int_equal(w.desc & 0x7fc, r->attrs[i]);
	}
}

/* One random operation on both; refusals must agree. True: it was done. */
static bool random_op(struct fixture *f, struct ref *r, uint32_t *seed)
{
	static const uint64_t attrs[] = {RW, RO, DEV};
	unsigned grain = rnd(seed, 2) ? 1 : 512;
	unsigned first = rnd(seed, PAGES / grain) * grain;
	unsigned nr =
		(rnd(seed, (uint32_t)min_u64(6, (PAGES - first) / grain)) + 1) *
		grain;
	uint64_t addr = BASE + first * PAGE_SIZE, size = nr * PAGE_SIZE;
	uint64_t pa = G(64) + M(2) * rnd(seed, 64);
	uint64_t a = attrs[rnd(seed, 3)];
	unsigned op = rnd(seed, 5);
	bool oom = rnd(seed, 8) == 0;
	int want = 0, err;

	if (op == 4) { /* of one page */
		nr = 1;
		size = PAGE_SIZE;
	}
	f->m.fail_at = oom;
	err = op == 4   ? pgt_remap(&f->p, addr, pa, a)
	      : op < 2  ? pgt_map(&f->p, addr, pa, size, a)
	      : op == 2 ? pgt_unmap(&f->p, addr, size)
			: pgt_protect(&f->p, addr, size, a);
	if (op < 2 && ref_any(r, first, nr, true))
		want = -EEXIST;
	if (op >= 3 && ref_any(r, first, nr, false))
		want = -ENOENT;
	if (!want && oom && err == -ENOMEM)
		return false;
	assert_int_equal(err, want);
	f->m.fail_at = 0;
	if (!err) {
		ref_set(r, first, nr, op < 2 || op == 4 ? pa : UINT64_MAX,
			op == 2 ? 0 : a);
	}
	return !err;
}

static void edit(struct fixture *f)
{
	struct ref *r = calloc(1, sizeof(*r));
	uint32_t seed = 42;
	unsigned i, done = 0;

	tlb_model_watch(&f->m, &f->p, BASE, PAGES);
	for (i = 0; i < 1500; i++) {
		done += random_op(f, r, &seed);
		f->m.fail_at = 0;
		tlb_model_run(&f->m);
		if (i % 8 == 0)
			ref_check(f, r);
		assert_int_equal(f->m.live, f->p.nr_tables);
	}
	ref_check(f, r);
	assert_true(done > 500);
	assert_int_equal(pgt_unmap(&f->p, 0, BIT(39)), 0);
	assert_int_equal(f->m.live, 0);
	free(r);
}

/* Rules out: break-before-make */
static void random_edits_agree_with_a_flat_map_and_a_greedy_tlb(void **state)
{
	edit(*state);
}

/* Rules out: break-before-make */
static void and_so_they_do_where_runs_have_the_contiguous_hint(void **state)
{
	struct fixture *f = *state;

	f->p.contiguous = true;
	edit(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			random_edits_agree_with_a_flat_map_and_a_greedy_tlb,
			pgt_setup, pgt_teardown),
		cmocka_unit_test_setup_teardown(
			and_so_they_do_where_runs_have_the_contiguous_hint,
			pgt_setup, pgt_teardown),
	};

	return cmocka_run_group_tests_name("pgtable_random", tests, NULL, NULL);
}
