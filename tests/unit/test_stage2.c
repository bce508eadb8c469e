/* Stage 2: roots, register values, descriptors, order, nothing leaks. */
#include <errno.h>
#include <stdlib.h>

#include <arch/aarch64/stage2.h>

#include "../host/tlb_model.h"

#define RAM  UINT64_C(0x40000000)
#define G(n) ((uint64_t)(n) << 30)
#define M(n) ((uint64_t)(n) << 20)
#define K(n) ((uint64_t)(n) << 10)
#define RWX  (PGT_R | PGT_W | PGT_X)

struct fixture {
	struct tlb_model m;
	struct s2 s2;
	unsigned root_live; /* pages of roots handed out */
	bool no_root;
};

static void *root_alloc(void *ctx, unsigned nr_pages)
{
	struct fixture *f = ctx;

	assert_true(nr_pages >= 1 && nr_pages <= 16);
	assert_true((nr_pages & (nr_pages - 1)) == 0);
	if (f->no_root)
		return NULL;
	f->root_live += nr_pages;
	return host_ram_alloc(nr_pages * PAGE_SIZE, nr_pages * PAGE_SIZE);
}

static void root_free(void *ctx, void *root, unsigned nr_pages)
{
	struct fixture *f = ctx;

	f->root_live -= nr_pages;
	host_ram_free(root);
}

static void *table_alloc(void *ctx)
{
	struct fixture *f = ctx;

	return tlb_model_alloc(&f->m);
}

static void table_free(void *ctx, void *table)
{
	struct fixture *f = ctx;

	tlb_model_free(&f->m, table);
}

static void tlbi(void *ctx, ipa_t ipa, uint64_t size)
{
	struct fixture *f = ctx;

	tlb_model_tlbi(&f->m, ipa.v, size);
}

static void pte_sync(void *ctx)
{
	struct fixture *f = ctx;

	tlb_model_sync(&f->m);
}

static const struct s2_env env = {
	root_alloc, root_free, table_alloc, table_free, tlbi, pte_sync, NULL};

static int make(struct fixture *f, unsigned ipa_bits, unsigned pa_bits)
{
	struct s2_env e = env;

	e.ctx = f;
	return s2_init(&f->s2, &e, ipa_bits, pa_bits);
}

static void unmake(struct fixture *f)
{
	f->m.nr_pages = 0;
	s2_destroy(&f->s2);
	assert_int_equal(f->m.live, 0);
	assert_int_equal(f->root_live, 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(make(f, 33, 40), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	unmake(*state);
	free(*state);
	return 0;
}

static int map(struct fixture *f, uint64_t ipa, uint64_t pa, uint64_t size,
	       unsigned prot)
{
	return s2_map(&f->s2, (ipa_t){ipa}, (hpa_t){pa}, size, prot);
}

static struct s2_walk at(const struct fixture *f, uint64_t ipa)
{
	struct s2_walk w;

	(void)!s2_walk(&f->s2, (ipa_t){ipa}, &w);
	return w;
}

/* Levels, sizes and limits as in the Arm ARM's tables for the 4 KiB granule;
 * VTCR_EL2 = RES1 | PS | SH0, ORGN0, IRGN0 = 0x3500 | SL0 | T0SZ. */
/* Rules out: stage2-size */
static void the_root_is_the_smallest_that_covers_the_space(void **state)
{
	static const struct {
		unsigned ipa, pa, parange;
		unsigned level, pages;
		uint64_t vtcr;
	} t[] = {
		{0, 32, 0, 2, 1, 0x80003527}, /* raised to 25 bits */
		{25, 40, 2, 2, 1, 0x80023527}, {30, 40, 2, 2, 1, 0x80023522},
		{31, 40, 2, 2, 2, 0x80023521}, {32, 32, 0, 1, 1, 0x80003560},
		{36, 36, 1, 1, 1, 0x8001355c}, {39, 40, 2, 1, 1, 0x80023559},
		{40, 40, 2, 1, 2, 0x80023558}, {41, 42, 3, 1, 4, 0x80033557},
		{42, 44, 4, 1, 8, 0x80043556}, {43, 44, 4, 1, 16, 0x80043555},
		{44, 44, 4, 0, 1, 0x80043594}, {48, 48, 5, 0, 1, 0x80053590},
		{48, 52, 6, 0, 1, 0x80053590},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		struct fixture f = {0};

		print_message("  %u bits of %u\n", t[i].ipa, t[i].pa);
		assert_int_equal(make(&f, t[i].ipa, t[i].pa), 0);
		assert_int_equal(f.s2.pgt.start_level, t[i].level);
		assert_int_equal(f.s2.root_pages, t[i].pages);
		assert_int_equal(f.root_live, t[i].pages);
		assert_int_equal(s2_nr_tables(&f.s2), t[i].pages);
		assert_int_equal(s2_vtcr(&f.s2, t[i].parange), t[i].vtcr);
		unmake(&f);
	}
}

/* Rules out: stage2-size */
static void a_space_wider_than_the_machine_is_refused(void **state)
{
	static const struct {
		unsigned ipa, pa;
		int err;
	} t[] = {{41, 40, -ERANGE}, {33, 32, -ERANGE}, {49, 52, -ERANGE},
		 {64, 48, -ERANGE}, {32, 31, -EINVAL}, {32, 53, -EINVAL}};
	struct fixture f = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(make(&f, t[i].ipa, t[i].pa), t[i].err);
		unmake(&f); /* harmless */
	}
	f.no_root = true;
	assert_int_equal(make(&f, 32, 40), -ENOMEM);
	unmake(&f);
}

/* Rules out: vmid-stale */
static void vttbr_holds_root_and_vmid(void **state)
{
	struct fixture *f = *state;
	uint64_t root = (uint64_t)(uintptr_t)f->s2.pgt.root;

	assert_int_equal(s2_vttbr(&f->s2, 1), root | UINT64_C(1) << 48);
	assert_int_equal(s2_vttbr(&f->s2, 255), root | UINT64_C(255) << 48);
}

static void each_kind_of_page_has_its_architected_descriptor(void **state)
{
	/* Bits: 54 XN, 10 AF, 9:8 SH, 7:6 S2AP, 5:2 MemAttr, 1:0 page. */
	static const struct {
		const char *what;
		unsigned prot;
		uint64_t desc;
	} t[] = {
		{"ram", PGT_R | PGT_W | PGT_X, 0x00000001000007ff},
		{"text", PGT_R | PGT_X, 0x000000010000077f},
		{"data", PGT_R | PGT_W, 0x00400001000007ff},
		{"rodata", PGT_R, 0x004000010000077f},
		{"device", PGT_R | PGT_W | PGT_DEVICE, 0x00400001000004c7},
		{"ro device", PGT_R | PGT_DEVICE, 0x0040000100000447},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		struct s2_walk w;

		print_message("  %s\n", t[i].what);
		assert_int_equal(map(f, RAM, G(4), K(4), t[i].prot), 0);
		w = at(f, RAM + 0x123);
		assert_int_equal(w.trace.desc, t[i].desc);
		assert_int_equal(w.prot, t[i].prot);
		assert_int_equal(w.hpa.v, G(4) + 0x123);
		assert_int_equal(s2_unmap(&f->s2, (ipa_t){RAM}, K(4)), 0);
	}
}

static void senseless_permissions_are_refused(void **state)
{
	static const unsigned bad[] = {0,          PGT_W,
				       PGT_X,      PGT_W | PGT_X,
				       PGT_DEVICE, PGT_R | PGT_X | PGT_DEVICE,
				       PGT_R | 16, UINT32_MAX};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(map(f, RAM, G(4), K(4), PGT_R), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(map(f, G(2), G(4), K(4), bad[i]), -EINVAL);
		assert_int_equal(s2_protect(&f->s2, (ipa_t){RAM}, K(4), bad[i]),
				 -EINVAL);
	}
	assert_int_equal(at(f, G(2)).prot, 0);
	assert_int_equal(at(f, RAM).prot, PGT_R);
}

static void half_a_gib_of_ram_at_1_gib_needs_only_the_root(void **state)
{
	struct fixture f = {0};
	uint64_t mem;

	(void)state;
	/* The biggest RAM whose end still fits in 31 bits, and a bigger one
	 * with 1 GiB blocks. */
	for (mem = M(2); mem <= G(1); mem *= 2) {
		assert_int_equal(make(&f, 31, 44), 0);
		assert_int_equal(map(&f, RAM, G(3), mem, RWX), 0);
		assert_int_equal(s2_nr_tables(&f.s2), 2);
		assert_int_equal(at(&f, RAM + mem - 1).hpa.v, G(3) + mem - 1);
		assert_int_equal(at(&f, RAM + mem).prot, 0);
		unmake(&f);
	}
	assert_int_equal(make(&f, 34, 44), 0);
	assert_int_equal(map(&f, RAM, G(3), G(8), RWX), 0);
	assert_int_equal(s2_nr_tables(&f.s2), 1);
	assert_int_equal(at(&f, RAM).trace.level, 1);
	unmake(&f);
}

static void addresses_outside_both_spaces_are_refused(void **state)
{
	struct fixture *f = *state;
	struct s2_walk w;

	assert_int_equal(map(f, G(8), G(4), K(4), RWX), -EINVAL);
	assert_int_equal(map(f, G(8) - K(4), G(4), K(8), RWX), -EINVAL);
	assert_int_equal(map(f, RAM, BIT(40), K(4), RWX), -EINVAL);
	assert_int_equal(map(f, RAM, BIT(40) - K(4), K(4), RWX), 0);
	assert_int_equal(map(f, RAM + 0x800, G(4), K(4), RWX), -EINVAL);
	assert_int_equal(map(f, RAM, 0 - K(4), K(8), RWX), -EINVAL);
	assert_int_equal(map(f, RAM, G(4), UINT64_MAX, RWX), -EINVAL);
	assert_int_equal(s2_unmap(&f->s2, (ipa_t){G(8)}, K(4)), -EINVAL);
	assert_int_equal(s2_protect(&f->s2, (ipa_t){G(8)}, K(4), PGT_R),
			 -EINVAL);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(8)}, &w), -EINVAL);
	assert_int_equal(w.prot, 0);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){UINT64_MAX}, &w), -EINVAL);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(4)}, &w), -ENOENT);
}

/* Rules out: break-before-make */
static void the_order_is_invalid_then_tlbi_then_new_entry(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map(f, RAM, G(4), M(4), RWX), 0);
	tlb_model_watch(&f->m, &f->s2.pgt, RAM, 1024);
	tlb_model_forget_events(&f->m);
	assert_int_equal(s2_protect(&f->s2, (ipa_t){RAM + K(4)}, K(4), PGT_R),
			 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 4);
	assert_int_equal(f->m.event[0].what, 'a');
	assert_int_equal(f->m.event[1].what, 't'); /* the block, ... */
	assert_int_equal(f->m.event[1].addr, RAM);
	assert_int_equal(f->m.event[1].size, M(2));
	assert_int_equal(f->m.event[1].seen, 0); /* invalid just then */
	assert_int_equal(f->m.event[2].what, 's');
	assert_int_equal(f->m.event[3].what, 't'); /* the page, in place */
	assert_int_equal(f->m.event[3].addr, RAM + K(4));
	assert_int_equal(f->m.event[3].size, K(4));
	assert_int_equal(f->m.event[3].seen,
			 0x0040000000000000 | (G(4) + K(4)) | 0x77f);
	assert_int_equal(at(f, RAM).prot, RWX);
	assert_int_equal(at(f, RAM + M(2)).trace.level, 2);
	/* Normal to Device: break, TLBI, make. */
	tlb_model_forget_events(&f->m);
	assert_int_equal(s2_protect(&f->s2, (ipa_t){RAM + M(2)}, M(2),
				    PGT_R | PGT_DEVICE),
			 0);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 2);
	assert_int_equal(f->m.event[0].seen, 0);
	assert_int_equal(at(f, RAM + M(2)).prot, PGT_R | PGT_DEVICE);
}

static void a_sync_callback_is_optional(void **state)
{
	struct fixture *f = *state;

	f->s2.env.pte_sync = NULL;
	assert_int_equal(map(f, RAM, G(4), K(4), RWX), 0);
	assert_int_equal(f->m.nr_events, 2);
}

/* Rules out: break-before-make */
static void one_page_of_a_block_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct s2_walk w;

	assert_int_equal(s2_map(&f->s2, (ipa_t){G(1)}, (hpa_t){G(8)}, G(1),
				PGT_R | PGT_X),
			 0);
	tlb_model_watch(&f->m, &f->s2.pgt, G(1), 2048);
	assert_int_equal(
		s2_remap(&f->s2, (ipa_t){G(1) + K(8)}, (hpa_t){M(1)}, RWX), 0);
	tlb_model_run(&f->m);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(1) + K(8) + 5}, &w), 0);
	assert_int_equal(w.hpa.v, M(1) + 5);
	assert_int_equal(w.prot, RWX);
	assert_int_equal(w.trace.level, 3);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(1) + K(12)}, &w), 0);
	assert_int_equal(w.hpa.v, G(8) + K(12));
	assert_int_equal(w.prot, PGT_R | PGT_X);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(1) + M(2)}, &w), 0);
	assert_int_equal(w.trace.level, 2);
	f->m.nr_pages = 0;
}

static void bad_replacements_are_refused_and_change_nothing(void **state)
{
	static const struct {
		uint64_t ipa, pa;
		unsigned prot;
		int err;
	} t[] = {
		{G(1) + 8, M(1), PGT_R, -EINVAL},
		{G(1), M(1) + 8, PGT_R, -EINVAL},
		{G(1), G(1) << 10, PGT_R, -EINVAL},
		{G(8), M(1), PGT_R, -EINVAL},
		{G(1), M(1), PGT_W, -EINVAL},
		{G(3), M(1), PGT_R, -ENOENT},
	};
	struct fixture *f = *state;
	struct s2_walk w;

	assert_int_equal(
		s2_map(&f->s2, (ipa_t){G(1)}, (hpa_t){G(8)}, G(1), PGT_R), 0);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		assert_int_equal(s2_remap(&f->s2, (ipa_t){t[i].ipa},
					  (hpa_t){t[i].pa}, t[i].prot),
				 t[i].err);
	for (unsigned n = 1; n <= 2; n++) {
		f->m.fail_at = n; /* a block of 1 GiB: two tables */
		assert_int_equal(
			s2_remap(&f->s2, (ipa_t){G(1)}, (hpa_t){M(1)}, RWX),
			-ENOMEM);
	}
	assert_int_equal(f->m.live, 0);
	assert_int_equal(s2_walk(&f->s2, (ipa_t){G(1)}, &w), 0);
	assert_int_equal(w.trace.level, 1);
}

static void what_is_free_is_found_without_taking_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(s2_check_free(&f->s2, (ipa_t){RAM}, M(4)), 0);
	assert_int_equal(
		s2_map(&f->s2, (ipa_t){RAM + M(2)}, (hpa_t){M(1)}, K(4), PGT_R),
		0);
	assert_int_equal(s2_check_free(&f->s2, (ipa_t){RAM}, M(4)), -EEXIST);
	assert_int_equal(s2_check_free(&f->s2, (ipa_t){RAM}, M(2)), 0);
	assert_int_equal(s2_check_free(&f->s2, (ipa_t){RAM}, 8), -EINVAL);
	assert_int_equal(s2_check_free(&f->s2, (ipa_t){G(8)}, K(4)), -EINVAL);
}

static void protect_of_a_hole_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(map(f, RAM, G(4), K(4), RWX), 0);
	assert_int_equal(s2_protect(&f->s2, (ipa_t){RAM}, K(8), PGT_R),
			 -ENOENT);
	assert_int_equal(at(f, RAM).prot, RWX);
	assert_int_equal(map(f, RAM, G(5), K(8), RWX), -EEXIST);
	assert_int_equal(at(f, RAM).hpa.v, G(4));
	assert_int_equal(at(f, RAM + K(4)).prot, 0);
}

/* A little life of a VM, for failing each of its allocations in turn. */
static int life(struct fixture *f)
{
	int err = make(f, 33, 40);

	if (!err)
		err = map(f, RAM, G(4), G(1), RWX);
	if (!err)
		err = map(f, 0x09000000, G(5) + K(4), K(8), PGT_R);
	if (!err)
		err = s2_protect(&f->s2, (ipa_t){RAM + M(3)}, M(4), PGT_R);
	if (!err)
		err = s2_unmap(&f->s2, (ipa_t){RAM + M(512)}, K(4));
	if (!err)
		err = map(f, RAM + M(512), G(6), K(4), RWX);
	s2_destroy(&f->s2);
	return err;
}

static struct s2_page page_at(struct fixture *f, uint64_t ipa)
{
	struct s2_page pg = {0};

	assert_int_equal(s2_page_create(&pg, &f->s2, (ipa_t){ipa},
					(hpa_t){G(5)}, PGT_R | PGT_DEVICE),
			 0);
	return pg;
}

static void page_is_hidden_until_it_is_shown(void **state)
{
	struct fixture *f = *state;
	struct s2_page pg = page_at(f, RAM + K(8));
	uint64_t tables = s2_nr_tables(&f->s2);

	assert_int_equal(at(f, RAM + K(8)).prot, 0);
	s2_page_show(&pg);
	assert_int_equal(at(f, RAM + K(8)).prot, PGT_R | PGT_DEVICE);
	assert_int_equal(at(f, RAM + K(8)).hpa.v, G(5));
	assert_int_equal(at(f, RAM + K(4)).prot, 0);
	s2_page_hide(&pg);
	assert_int_equal(at(f, RAM + K(8)).prot, 0);
	assert_int_equal(s2_nr_tables(&f->s2), tables);
}

/* Rules out: break-before-make */
static void hidden_page_has_left_the_tlbs(void **state)
{
	struct fixture *f = *state;
	struct s2_page pg = page_at(f, RAM + K(8));

	tlb_model_watch(&f->m, &f->s2.pgt, RAM, 16);
	s2_page_show(&pg);
	tlb_model_run(&f->m);
	tlb_model_forget_events(&f->m);
	s2_page_hide(&pg);
	tlb_model_run(&f->m);
	assert_int_equal(f->m.nr_events, 1);
	assert_int_equal(f->m.event[0].what, 't');
	assert_int_equal(f->m.event[0].addr, RAM + K(8));
	assert_int_equal(f->m.event[0].size, K(4));
	assert_int_equal(f->m.event[0].seen & 1, 0); /* invalid just then */
	s2_page_show(&pg);
	tlb_model_run(&f->m);
}

static void hidden_page_keeps_its_table_when_its_neighbours_go(void **state)
{
	struct fixture *f = *state;
	struct s2_page pg = page_at(f, RAM + K(8));
	uint64_t tables = s2_nr_tables(&f->s2);

	assert_int_equal(map(f, RAM, G(4), K(8), RWX), 0);
	assert_int_equal(s2_unmap(&f->s2, (ipa_t){RAM}, K(8)), 0);
	assert_int_equal(s2_nr_tables(&f->s2), tables);
	s2_page_show(&pg);
	assert_int_equal(at(f, RAM + K(8)).hpa.v, G(5));
}

/* Bytes of memory that such an access finds at RAM + off; 0: none. */
static uint64_t finds(const struct fixture *f, uint64_t off, bool write,
		      uint64_t want)
{
	struct s2_run r = s2_find(&f->s2, (ipa_t){RAM + off}, write, want);

	if (r.len)
		assert_int_equal(r.at.v, at(f, RAM + off).hpa.v);
	return r.len;
}

static void what_is_found_is_what_a_walk_shows(void **state)
{
	static const uint64_t off[] = {0, 0x123, K(4), M(2) + 5, M(4) + K(8)};
	struct fixture *f = *state;

	assert_int_equal(map(f, RAM, G(4), M(4), RWX), 0);
	assert_int_equal(map(f, RAM + M(4), G(5), K(64), PGT_R), 0);
	assert_int_equal(s2_unmap(&f->s2, (ipa_t){RAM + K(4)}, K(4)), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(off); i++) {
		struct s2_walk w = at(f, RAM + off[i]);
		uint64_t left = w.trace.size - (off[i] & (w.trace.size - 1));

		assert_int_equal(finds(f, off[i], false, 1), w.prot ? left : 0);
		assert_int_equal(finds(f, off[i], true, 1),
				 w.prot & PGT_W ? left : 0);
	}
	assert_int_equal(finds(f, G(8), false, 1), 0);
	assert_int_equal(finds(f, UINT64_MAX - RAM, false, 1), 0);
}

static void what_is_found_goes_as_far_as_memory_is_in_one_piece(void **state)
{
	static const struct {
		uint64_t off, want, len;
	} t[] = {
		{0, 1, K(4)},
		{0, K(4), K(4)},
		{0, K(4) + 1, K(8)},
		{0x10, K(8), K(12) - 0x10},
		{0, M(1), K(16)},          /* other attributes follow */
		{K(20), M(1), K(12)},      /* other memory follows */
		{K(32), K(9), K(12)},      /* no more than was asked for */
		{K(48), M(4), K(16)},      /* nothing follows */
		{M(2) - K(4), K(8), K(4)}, /* the end of the table */
		{M(2), M(3), M(4)},        /* blocks */
		{M(2) + 1, M(8), M(4) - 1},
	};
	struct fixture *f = *state;

	assert_int_equal(map(f, RAM, G(4), K(16), RWX), 0);
	assert_int_equal(map(f, RAM + K(16), G(4) + K(16), K(16), PGT_R), 0);
	assert_int_equal(map(f, RAM + K(32), G(5), K(32), PGT_R), 0);
	assert_int_equal(
		map(f, RAM + M(2) - K(4), G(6) + M(2) - K(4), K(4), RWX), 0);
	assert_int_equal(map(f, RAM + M(2), G(6) + M(2), M(4), RWX), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %lx\n", (unsigned long)t[i].off);
		assert_int_equal(finds(f, t[i].off, false, t[i].want),
				 t[i].len);
	}
}

static void page_has_no_place_where_something_is_mapped(void **state)
{
	struct fixture *f = *state;
	struct s2_page pg = {0};

	assert_int_equal(map(f, RAM, G(4), M(2), RWX), 0);
	assert_int_equal(
		s2_page_create(&pg, &f->s2, (ipa_t){RAM}, (hpa_t){G(5)}, PGT_R),
		-EEXIST);
	assert_null(pg.s2);
}

/* Rules out: memory-exhausted */
static void no_failure_anywhere_leaks_a_page(void **state)
{
	struct fixture f = {.no_root = true};
	unsigned n;
	int err;

	(void)state;
	assert_int_equal(life(&f), -ENOMEM);
	f.no_root = false;
	for (n = 1;; n++) {
		f.m.fail_at = n;
		err = life(&f);
		assert_int_equal(f.m.live, 0);
		assert_int_equal(f.root_live, 0);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
	}
	/* 2 for the device pages, 3 and 1 for the splits; never more. */
	assert_int_equal(n, 7);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_root_is_the_smallest_that_covers_the_space),
		cmocka_unit_test(a_space_wider_than_the_machine_is_refused),
		cmocka_unit_test(
			half_a_gib_of_ram_at_1_gib_needs_only_the_root),
		cmocka_unit_test(no_failure_anywhere_leaks_a_page),
		T(vttbr_holds_root_and_vmid),
		T(each_kind_of_page_has_its_architected_descriptor),
		T(senseless_permissions_are_refused),
		T(addresses_outside_both_spaces_are_refused),
		T(the_order_is_invalid_then_tlbi_then_new_entry),
		T(a_sync_callback_is_optional),
		T(one_page_of_a_block_is_replaced),
		T(bad_replacements_are_refused_and_change_nothing),
		T(what_is_free_is_found_without_taking_it),
		T(protect_of_a_hole_is_refused),
		T(page_is_hidden_until_it_is_shown),
		T(hidden_page_has_left_the_tlbs),
		T(hidden_page_keeps_its_table_when_its_neighbours_go),
		T(what_is_found_is_what_a_walk_shows),
		T(what_is_found_goes_as_far_as_memory_is_in_one_piece),
		T(page_has_no_place_where_something_is_mapped),
	};

	return cmocka_run_group_tests_name("stage2", tests, NULL, NULL);
}
