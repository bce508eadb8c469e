/* Guest memory on demand: first touch, copy-on-write, what a guest would see
 * through the tables and a TLB that forgets nothing by itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arch/aarch64/stage2.h>

#include <hyp/gmem.h>

#include "../host/host.h"
#include "../host/ram_source.h"
#include "../host/rnd.h"
#include "../host/tlb_model.h"

#define RAM   UINT64_C(0x40000000)
#define IMG   (RAM + MIB(4))
#define PAGES 512U /* of the image: 2 MiB */
#define RWX   (PGT_R | PGT_W | PGT_X)
#define RX    (PGT_R | PGT_X)

struct fixture {
	struct ram_source src;
	struct tlb_model tlb;
	struct s2 s2;
	struct gmem m;
	uint8_t *image;
	bool clean[2 * PAGES]; /* by page of the image */
	unsigned told;         /* env.exhausted */
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
	return tlb_model_alloc(&((struct fixture *)ctx)->tlb);
}

static void table_free(void *ctx, void *table)
{
	tlb_model_free(&((struct fixture *)ctx)->tlb, table);
}

static void tlbi(void *ctx, ipa_t ipa, uint64_t size)
{
	tlb_model_tlbi(&((struct fixture *)ctx)->tlb, ipa.v, size);
}

static void pte_sync(void *ctx)
{
	tlb_model_sync(&((struct fixture *)ctx)->tlb);
}

static void *block_alloc(void *ctx, unsigned order)
{
	return ram_block_alloc(&((struct fixture *)ctx)->src, order);
}

static void block_free(void *ctx, void *block, unsigned order)
{
	ram_block_free(&((struct fixture *)ctx)->src, block, order);
}

static void block_split(void *ctx, void *block, unsigned order)
{
	struct ram_source *r = &((struct fixture *)ctx)->src;
	uint64_t at = (uint64_t)((uint8_t *)block - r->pool) / PAGE_SIZE;

	for (unsigned i = 0; i < 1U << order; i++) {
		assert_int_equal(r->used[at + i], order + 1);
		r->used[at + i] = 1;
	}
}

static void sync_to_poc(void *ctx, const void *p, uint64_t len)
{
	struct fixture *f = ctx;
	const uint8_t *b = p;

	if (b >= f->image && b < f->image + 2 * PAGES * PAGE_SIZE)
		memset(&f->clean[(uint64_t)(b - f->image) / PAGE_SIZE], true,
		       len / PAGE_SIZE);
	else
		ram_sync_to_poc(&f->src, p, len);
}

static void exhausted(void *ctx)
{
	((struct fixture *)ctx)->told++;
}

static uint8_t image_byte(uint64_t at)
{
	return (uint8_t)(at * 7 + at / PAGE_SIZE + 1);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct s2_env e2 = {root_alloc, root_free, table_alloc,
			    table_free, tlbi,      pte_sync,
			    f};
	struct gmem_env e = {block_alloc, block_free, sync_to_poc,     10, f,
			     block_split, exhausted,  GMEM_CHUNK_ORDER};

	ram_source_init(&f->src);
	tlb_model_init(&f->tlb);
	f->image = host_ram_alloc(2 * PAGES * PAGE_SIZE, MIB(2));
	for (uint64_t i = 0; i < 2 * PAGES * PAGE_SIZE; i++)
		f->image[i] = image_byte(i);
	assert_int_equal(s2_init(&f->s2, &e2, 32, 48), 0);
	gmem_init(&f->m, &e, &f->s2);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (uint64_t i = 0; i < 2 * PAGES * PAGE_SIZE; i++)
		assert_true(f->image[i] == image_byte(i));
	f->tlb.nr_pages = 0;
	gmem_destroy(&f->m);
	s2_destroy(&f->s2);
	assert_int_equal(f->tlb.live, 0);
	ram_source_fini(&f->src);
	host_ram_free(f->image);
	free(f);
	return 0;
}

static ipa_t ipa(uint64_t v)
{
	return (ipa_t){v};
}

static void add_zeroes(struct fixture *f, uint64_t base, uint64_t size)
{
	assert_int_equal(gmem_add(&f->m, ipa(base), size, GMEM_FIRST_TOUCH), 0);
	tlb_model_watch(&f->tlb, &f->s2.pgt, base, (unsigned)(size >> 12));
}

static void add_image(struct fixture *f, uint64_t base, uint64_t from)
{
	assert_int_equal(gmem_add_image(&f->m, ipa(base), MIB(2),
					hpa_of(f->image + from)),
			 0);
	tlb_model_watch(&f->tlb, &f->s2.pgt, base, PAGES);
}

static int touch(struct fixture *f, uint64_t at, enum gmem_access access)
{
	int err = gmem_touch(&f->m, ipa(at), access);

	tlb_model_run(&f->tlb);
	return err;
}

/* Where the guest finds a byte, for such an access; it faults until it may. */
static uint8_t *guest(struct fixture *f, uint64_t at, enum gmem_access access)
{
	unsigned need = access == GMEM_WRITE ? PGT_W : PGT_R;
	struct s2_walk w;

	for (unsigned faults = 0; faults < 3; faults++) {
		if (!s2_walk(&f->s2, ipa(at), &w) && w.prot & need)
			return hpa_ptr(w.hpa);
		if (touch(f, at, access))
			return NULL;
	}
	fail_msg("faults for ever at %lx", at);
	return NULL;
}

static uint64_t own(struct fixture *f)
{
	return gmem_usage(&f->m).own;
}

/* Pages out, the array of extents apart. */
static uint64_t taken(struct fixture *f)
{
	return f->src.live - (f->m.extents ? 1U << f->m.extents_order : 0);
}

static unsigned prot_at(struct fixture *f, uint64_t at)
{
	struct s2_walk w;

	return s2_walk(&f->s2, ipa(at), &w) ? 0 : w.prot;
}

/* ------------------------------------------------------------- first touch */

static void nothing_is_taken_before_it_is_touched(void **state)
{
	struct fixture *f = *state;
	struct gmem_usage u;

	add_zeroes(f, RAM, MIB(2));
	add_image(f, IMG, 0);
	u = gmem_usage(&f->m);
	assert_int_equal(u.ram, 2 * PAGES);
	assert_int_equal(u.own, 0);
	assert_int_equal(u.image, PAGES);
	assert_int_equal(u.shared, PAGES);
	assert_int_equal(taken(f), 0);
	assert_int_equal(f->tlb.live, 0);
	assert_true(gmem_contains(&f->m, ipa(RAM), MIB(2)));
	assert_false(gmem_contains(&f->m, ipa(RAM), MIB(2) + 1));
}

/* Rules out: leftover-memory, image-in-cache */
static void first_touch_brings_a_chunk_of_zeroes(void **state)
{
	struct fixture *f = *state;
	uint8_t *p;

	add_zeroes(f, RAM, MIB(2));
	p = guest(f, RAM + KIB(64) + 0x5123, GMEM_READ);
	assert_non_null(p);
	p -= 0x5123;
	for (uint64_t i = 0; i < KIB(64); i++) {
		assert_int_equal(p[i], 0);
		assert_int_equal(f->src.clean[p + i - f->src.pool], 0);
	}
	assert_int_equal(prot_at(f, RAM + KIB(64)), RWX);
	assert_int_equal(prot_at(f, RAM + KIB(128) - 1), RWX);
	assert_int_equal(prot_at(f, RAM + KIB(64) - 1), 0);
	assert_int_equal(prot_at(f, RAM + KIB(128)), 0);
	assert_int_equal(own(f), 16);
	assert_int_equal(taken(f), 16);
	assert_int_equal(touch(f, RAM + KIB(64), GMEM_WRITE), 0);
	assert_int_equal(own(f), 16);
}

static void a_peek_brings_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 256;

	add_zeroes(f, RAM, MIB(2));
	assert_null(gmem_peek(&f->m, (ipa_t){RAM + 0x1000}, &len));
	len = 256;
	assert_null(gmem_peek(&f->m, (ipa_t){RAM + MIB(2)}, &len));
	assert_int_equal(taken(f), 0);
	assert_int_equal(touch(f, RAM, GMEM_WRITE), 0);
	len = 256;
	assert_ptr_equal(gmem_peek(&f->m, (ipa_t){RAM + 0xff80}, &len),
			 guest(f, RAM + 0xff80, GMEM_READ));
	assert_int_equal(len, 128); /* the end of what is there */
	assert_int_equal(taken(f), 16);
}

static void chunks_that_reach_beyond_ram_are_single_pages(void **state)
{
	struct fixture *f = *state;

	add_zeroes(f, RAM + KIB(4), KIB(64));
	assert_int_equal(touch(f, RAM + KIB(8), GMEM_WRITE), 0);
	assert_int_equal(own(f), 1);
	assert_int_equal(touch(f, RAM + KIB(64), GMEM_WRITE), 0);
	assert_int_equal(own(f), 2);
	assert_int_equal(prot_at(f, RAM), 0);
	assert_int_equal(touch(f, RAM, GMEM_READ), -EFAULT);
	assert_int_equal(touch(f, RAM + KIB(68), GMEM_READ), -EFAULT);
}

static void memory_that_is_promised_comes_in_blocks(void **state)
{
	struct fixture *f = *state;
	struct s2_walk w;
	uint8_t b = 1;

	f->m.env.touch_order = GMEM_BLOCK_ORDER;
	add_zeroes(f, RAM, MIB(4));
	assert_int_equal(touch(f, RAM + 0x1234, GMEM_READ), 0);
	assert_int_equal(s2_walk(&f->s2, ipa(RAM), &w), 0);
	assert_int_equal(w.trace.level, 2);
	assert_int_equal(own(f), 512);
	/* A device asks for no more than a chunk; then the rest is in chunks.
	 */
	assert_int_equal(gmem_write(&f->m, ipa(RAM + MIB(2)), &b, 1), 0);
	assert_int_equal(own(f), 512 + 16);
	assert_int_equal(touch(f, RAM + MIB(4) - 1, GMEM_READ), 0);
	assert_int_equal(own(f), 512 + 32);
	gmem_reset(&f->m);
	tlb_model_run(&f->tlb);
	assert_int_equal(taken(f), 0);
}

static void where_blocks_are_short_single_pages_do(void **state)
{
	struct fixture *f = *state;

	add_zeroes(f, RAM, MIB(2));
	f->src.max_order = 0;
	assert_int_equal(touch(f, RAM + KIB(20), GMEM_WRITE), 0);
	assert_int_equal(own(f), 1);
	f->src.max_order = 10;
	/* Its chunk is begun: no chunk fits there any more. */
	assert_int_equal(touch(f, RAM + KIB(24), GMEM_WRITE), 0);
	assert_int_equal(own(f), 2);
	assert_int_equal(touch(f, RAM + KIB(64), GMEM_WRITE), 0);
	assert_int_equal(own(f), 18);
}

static void a_device_finds_its_buffer_in_one_piece(void **state)
{
	struct fixture *f = *state;
	uint64_t len = KIB(16);
	uint8_t *p;

	add_zeroes(f, RAM, KIB(256));
	p = gmem_ptr(&f->m, ipa(RAM + KIB(4)), &len, GMEM_WRITE);
	assert_non_null(p);
	assert_int_equal(len, KIB(16));
	assert_ptr_equal(p, guest(f, RAM + KIB(4), GMEM_WRITE));
	len = KIB(64);
	p = gmem_ptr(&f->m, ipa(RAM + KIB(60)), &len, GMEM_WRITE);
	assert_ptr_equal(p, guest(f, RAM + KIB(60), GMEM_WRITE));
	assert_int_equal(len, KIB(4)); /* chunks are not neighbours here */
	len = KIB(200);
	assert_null(gmem_ptr(&f->m, ipa(RAM + KIB(60)), &len, GMEM_WRITE));
}

/* ----------------------------------------------------------- copy-on-write */

static void an_image_is_mapped_in_the_largest_leaves(void **state)
{
	static const struct {
		uint64_t from;
		unsigned level;
	} t[] = {{0, 2}, {KIB(4), 3}, {MIB(2), 2}};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct fixture *f;
		struct s2_walk w;
		void *s = *state;

		if (i) {
			assert_int_equal(teardown(&s), 0);
			assert_int_equal(setup(&s), 0);
			*state = s;
		}
		f = s;
		add_image(f, IMG, t[i].from);
		assert_int_equal(touch(f, IMG + 0x4567, GMEM_READ), 0);
		assert_int_equal(s2_walk(&f->s2, ipa(IMG), &w), 0);
		assert_int_equal(w.trace.level, t[i].level);
		assert_int_equal(w.prot, RX);
		assert_ptr_equal(hpa_ptr(w.hpa), f->image + t[i].from);
		assert_int_equal(own(f), 0);
		/* Rules out: image-in-cache */
		for (unsigned p = 0; p < PAGES; p++)
			assert_true(f->clean[t[i].from / PAGE_SIZE + p]);
	}
}

/* Rules out: break-before-make */
static void first_write_copies_that_page_alone(void **state)
{
	struct fixture *f = *state;
	uint64_t at = IMG + 5 * PAGE_SIZE;
	uint8_t *p;

	add_image(f, IMG, 0);
	assert_int_equal(touch(f, at, GMEM_READ), 0);
	p = guest(f, at, GMEM_WRITE);
	assert_true(p >= f->src.pool && p < f->src.pool + RAM_SOURCE_SIZE);
	assert_memory_equal(p, f->image + 5 * PAGE_SIZE, PAGE_SIZE);
	/* A guest whose caches are off, and one that executes it, sees it. */
	assert_memory_equal(f->src.clean + (p - f->src.pool), p, PAGE_SIZE);
	assert_int_equal(prot_at(f, at), RWX);
	assert_int_equal(prot_at(f, at - 1), RX);
	assert_int_equal(prot_at(f, at + PAGE_SIZE), RX);
	assert_int_equal(own(f), 1);
	assert_int_equal(gmem_usage(&f->m).shared, PAGES - 1);
	p[1] = 0xaa;
	assert_int_equal(*guest(f, at + 1, GMEM_READ), 0xaa);
}

static void a_write_may_be_the_first_that_happens_to_a_page(void **state)
{
	struct fixture *f = *state;

	add_image(f, IMG, KIB(4));
	assert_int_equal(touch(f, IMG, GMEM_WRITE), 0);
	assert_int_equal(prot_at(f, IMG), RWX);
	assert_int_equal(prot_at(f, IMG + PAGE_SIZE), RX);
	assert_int_equal(own(f), 1);
}

static void accessors_write_to_copies_and_read_the_image(void **state)
{
	struct fixture *f = *state;
	uint8_t buf[3 * PAGE_SIZE], *p;
	uint64_t len = 8;

	add_image(f, IMG, 0);
	assert_int_equal(gmem_read(&f->m, ipa(IMG + 100), buf, sizeof(buf)), 0);
	assert_memory_equal(buf, f->image + 100, sizeof(buf));
	p = gmem_ptr(&f->m, ipa(IMG + 8), &len, GMEM_READ);
	assert_ptr_equal(p, f->image + 8);
	assert_int_equal(own(f), 0);

	memset(buf, 0x5a, sizeof(buf));
	assert_int_equal(gmem_write(&f->m, ipa(IMG + PAGE_SIZE - 8), buf, 16),
			 0);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), 2);
	p = gmem_ptr(&f->m, ipa(IMG + 8), &len, GMEM_WRITE);
	assert_ptr_equal(p, guest(f, IMG + 8, GMEM_READ));
	assert_ptr_not_equal(p, f->image + 8);
	assert_int_equal(gmem_load(&f->m, ipa(IMG + MIB(1)), buf, 4), 0);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), 3);
	assert_int_equal(*guest(f, IMG + PAGE_SIZE - 1, GMEM_READ), 0x5a);
	assert_int_equal(*guest(f, IMG + PAGE_SIZE + 7, GMEM_READ), 0x5a);
	assert_int_equal(*guest(f, IMG + MIB(1) + 3, GMEM_READ), 0x5a);
}

static void a_piece_for_reading_ends_where_a_copy_begins(void **state)
{
	struct fixture *f = *state;
	uint64_t len = MIB(2);

	add_image(f, IMG, 0);
	assert_ptr_equal(gmem_ptr(&f->m, ipa(IMG), &len, GMEM_READ), f->image);
	assert_int_equal(len, MIB(2));
	assert_int_equal(touch(f, IMG + 7 * PAGE_SIZE, GMEM_WRITE), 0);
	len = MIB(2) - 1;
	assert_ptr_equal(gmem_ptr(&f->m, ipa(IMG + 1), &len, GMEM_READ),
			 f->image + 1);
	assert_int_equal(len, 7 * PAGE_SIZE - 1);
}

static void a_window_is_got_for_writing(void **state)
{
	struct fixture *f = *state;
	struct gmem_window w = {.len = 0};
	uint8_t *p;

	add_zeroes(f, RAM, KIB(128));
	add_image(f, IMG, 0);
	p = gmem_window_ptr(&f->m, &w, ipa(IMG + KIB(8) + 100), 16);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), 1); /* the page is no more the image's */
	assert_int_equal(w.at.v, IMG + KIB(8));
	assert_int_equal(w.len, PAGE_SIZE);
	assert_ptr_equal(p, guest(f, IMG + KIB(8) + 100, GMEM_WRITE));
	assert_memory_equal(p, f->image + KIB(8) + 100, 16);
	/* Across pages only where these are in one piece. */
	assert_null(gmem_window_ptr(&f->m, &w, ipa(IMG + KIB(12) - 8), 16));
	assert_int_equal(w.at.v, IMG + KIB(8));
	p = gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(12) - 8), 16);
	assert_ptr_equal(p, guest(f, RAM + KIB(12) - 8, GMEM_WRITE));
	assert_int_equal(w.at.v, RAM + KIB(8));
	assert_int_equal(w.len, KIB(8));
	assert_null(gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(128) - 8), 16));
}

static void a_window_without_memory_stays_where_it_is(void **state)
{
	struct fixture *f = *state;
	struct gmem_window w = {.len = 0};

	add_zeroes(f, RAM, KIB(128));
	assert_non_null(gmem_window_ptr(&f->m, &w, ipa(RAM), 1));
	f->src.max_order = 0;
	f->src.fail_at = f->src.calls + 2; /* the chunk has just failed */
	assert_null(gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(64)), 1));
	assert_int_equal(f->told, 1);
	assert_int_equal(w.at.v, RAM);
	assert_non_null(gmem_window_ptr(&f->m, &w, ipa(RAM + KIB(64)), 1));
}

/* ------------------------------------------------------------------- reset */

static void reset_gives_copies_back_and_shows_the_image_again(void **state)
{
	struct fixture *f = *state;

	add_zeroes(f, RAM, MIB(2));
	add_image(f, IMG, 0);
	for (uint64_t at = 0; at < MIB(2); at += KIB(12))
		*guest(f, IMG + at, GMEM_WRITE) = 0x99;
	*guest(f, RAM + 5, GMEM_WRITE) = 0x99;
	assert_true(own(f) > 170);
	gmem_reset(&f->m);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), 0);
	assert_int_equal(taken(f), 0);
	assert_int_equal(f->tlb.live, 0);
	assert_int_equal(gmem_usage(&f->m).shared, PAGES);
	assert_ptr_equal(guest(f, IMG + KIB(12), GMEM_READ),
			 f->image + KIB(12));
	assert_int_equal(*guest(f, RAM + 5, GMEM_READ), 0);
}

static void reset_forgets_what_was_only_read(void **state)
{
	struct fixture *f = *state;

	add_image(f, IMG, 0);
	(void)guest(f, IMG, GMEM_READ);
	assert_int_not_equal(prot_at(f, IMG), 0);
	gmem_reset(&f->m);
	tlb_model_run(&f->tlb);
	assert_int_equal(prot_at(f, IMG), 0);
	gmem_reset(&f->m); /* once again, with nothing there */
	assert_int_equal(prot_at(f, IMG), 0);
}

static void loading_the_image_itself_shares_it_again(void **state)
{
	struct fixture *f = *state;

	add_image(f, IMG, 0);
	*guest(f, IMG + 77, GMEM_WRITE) = 0x99;
	assert_int_equal(
		gmem_load(&f->m, ipa(IMG), f->image, PAGES * PAGE_SIZE), 0);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), 0);
	assert_ptr_equal(guest(f, IMG + 77, GMEM_READ), f->image + 77);
	/* Another one is no such thing, nor is a part of it. */
	assert_int_equal(gmem_load(&f->m, ipa(IMG), f->image + PAGE_SIZE,
				   PAGES * PAGE_SIZE),
			 0);
	tlb_model_run(&f->tlb);
	assert_int_equal(own(f), PAGES);
	assert_int_equal(*guest(f, IMG, GMEM_READ), image_byte(PAGE_SIZE));
	assert_int_equal(gmem_load(&f->m, ipa(IMG), f->image, PAGE_SIZE), 0);
	assert_int_equal(own(f), PAGES);
	assert_int_equal(*guest(f, IMG, GMEM_READ), image_byte(0));
}

static void an_image_with_a_tail_is_mapped_and_its_tail_copied(void **state)
{
	struct fixture *f = *state;
	uint8_t tail[100];

	add_image(f, IMG, 0);
	add_zeroes(f, IMG + MIB(2), KIB(64));
	assert_int_equal(gmem_load(&f->m, ipa(IMG), f->image,
				   PAGES * PAGE_SIZE + sizeof(tail)),
			 0);
	assert_int_equal(gmem_usage(&f->m).shared, PAGES);
	assert_int_equal(
		gmem_read(&f->m, ipa(IMG + MIB(2)), tail, sizeof(tail)), 0);
	assert_memory_equal(tail, f->image + MIB(2), sizeof(tail));
	assert_int_equal(*guest(f, IMG + MIB(2) + sizeof(tail), GMEM_READ), 0);
}

static void warm_reset_syncs_what_is_there_and_takes_nothing(void **state)
{
	struct fixture *f = *state;
	uint8_t *p, *q;

	add_zeroes(f, RAM, MIB(2));
	add_image(f, IMG, 0);
	p = guest(f, RAM, GMEM_WRITE);
	q = guest(f, IMG, GMEM_WRITE);
	*p = 0x11;
	*q = 0x22;
	gmem_sync(&f->m);
	assert_int_equal(f->src.clean[p - f->src.pool], 0x11);
	assert_int_equal(f->src.clean[q - f->src.pool], 0x22);
	assert_int_equal(own(f), 17);
}

/* ---------------------------------------------------------------- failures */

static void bad_images_are_refused(void **state)
{
	struct fixture *f = *state;
	hpa_t img = hpa_of(f->image);

	assert_int_equal(
		gmem_add_image(&f->m, ipa(IMG), KIB(4), hpa_add(img, 0x800)),
		-EINVAL);
	assert_int_equal(gmem_add_image(&f->m, ipa(IMG + 0x800), KIB(4), img),
			 -EINVAL);
	assert_int_equal(gmem_add_image(&f->m, ipa(IMG), 0, img), -EINVAL);
	assert_int_equal(
		gmem_add_image(&f->m, ipa(BIT(32) - KIB(4)), KIB(8), img),
		-EINVAL);
	add_image(f, IMG, 0);
	assert_int_equal(gmem_add_image(&f->m, ipa(IMG + KIB(4)), KIB(4), img),
			 -EEXIST);
	assert_int_equal(gmem_add(&f->m, ipa(IMG + MIB(1)), MIB(2), GMEM_EAGER),
			 -EEXIST);
	assert_int_equal(
		s2_map(&f->s2, ipa(RAM), hpa_of(f->image), KIB(4), PGT_R), 0);
	assert_int_equal(gmem_add(&f->m, ipa(RAM), KIB(64), GMEM_FIRST_TOUCH),
			 -EEXIST);
	f->m.s2 = NULL;
	assert_int_equal(
		gmem_add(&f->m, ipa(MIB(64)), KIB(64), GMEM_FIRST_TOUCH),
		-EINVAL);
	f->m.s2 = &f->s2;
}

/* One write with the n-th allocation failing, of blocks or of tables. */
static bool write_with_failure(struct fixture *f, uint64_t at, unsigned n,
			       bool tables)
{
	uint64_t before = own(f);
	unsigned calls = f->src.calls;
	int err;

	f->src.fail_at = tables ? 0 : calls + n;
	f->tlb.fail_at = tables ? n : 0;
	f->told = 0;
	err = touch(f, at, GMEM_WRITE);
	f->src.fail_at = f->tlb.fail_at = 0;
	assert_int_equal(f->told, err ? 1 : 0);
	assert_int_equal(taken(f), own(f));
	if (!err)
		return false;
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(own(f), before);
	assert_false(prot_at(f, at) & PGT_W);
	return true;
}

/* Rules out: memory-exhausted */
static void no_failure_of_an_allocation_leaks_or_half_maps(void **state)
{
	struct fixture *f = *state;
	unsigned failed = 0;

	f->src.max_order = 0;
	add_zeroes(f, RAM, MIB(2));
	add_image(f, IMG, 0);
	for (unsigned tables = 0; tables < 2; tables++) {
		for (unsigned i = 0; i < 2; i++) {
			uint64_t at = i ? IMG : RAM;

			for (unsigned n = 1;
			     write_with_failure(f, at, n, tables); n++)
				failed++;
			gmem_reset(&f->m);
			tlb_model_run(&f->tlb);
		}
	}
	/* A page each; the chunk counts as a page here. Tables: two for
	 * zeroes; one for the image's block, one to split it. */
	assert_in_range(failed, 5, 8);
}

static void a_device_without_memory_gets_no_pointer(void **state)
{
	struct fixture *f = *state;
	uint64_t len = 16;
	uint8_t b[16] = {0};

	add_zeroes(f, RAM, KIB(64));
	f->src.max_order = 0;
	f->src.fail_at = f->src.calls + 2; /* the chunk has just failed */
	assert_null(gmem_ptr(&f->m, ipa(RAM), &len, GMEM_WRITE));
	assert_int_equal(f->told, 1);
	f->src.fail_at = f->src.calls + 2;
	assert_int_equal(gmem_write(&f->m, ipa(RAM), b, 16), -ENOMEM);
	f->src.fail_at = f->src.calls + 2;
	assert_int_equal(gmem_read(&f->m, ipa(RAM), b, 16), -ENOMEM);
	f->src.fail_at = f->src.calls + 2;
	assert_int_equal(gmem_load(&f->m, ipa(RAM), b, 16), -ENOMEM);
	assert_int_equal(f->told, 4);
	assert_int_equal(own(f), 0);
	assert_int_equal(gmem_write(&f->m, ipa(RAM), b, 16), 0);
}

static void most_that_can_be_taken_is_never_exceeded(void **state)
{
	struct fixture *f = *state;
	uint64_t max;

	add_zeroes(f, RAM, KIB(512));
	assert_int_equal(gmem_add_image(&f->m, ipa(RAM + MIB(3)), MIB(2),
					hpa_of(f->image + KIB(4))),
			 0);
	max = gmem_demand_max(&f->m);
	for (uint64_t at = 0; at < KIB(512); at += PAGE_SIZE)
		assert_non_null(guest(f, RAM + at, GMEM_WRITE));
	for (uint64_t at = 0; at < MIB(2); at += PAGE_SIZE)
		assert_non_null(guest(f, RAM + MIB(3) + at, GMEM_WRITE));
	assert_int_equal(own(f), 128 + 512);
	assert_true(own(f) + f->tlb.live <= max);
	assert_true(max <= own(f) + f->tlb.live + 4);
}

/* ------------------------------------------------------------------- races */

static struct fixture *race_f;
static uint64_t race_at;
static enum gmem_access race_access;

/* Another CPU is first at the lock. */
static void other_cpu(const struct spinlock *l)
{
	if (l != &race_f->m.lock)
		return;
	fake_spin.before_lock = NULL;
	assert_int_equal(touch(race_f, race_at, race_access), 0);
}

/* Rules out: fault-race */
static void two_cpus_that_fault_on_one_page_get_one_page(void **state)
{
	static const enum gmem_access a[] = {GMEM_READ, GMEM_WRITE};
	struct fixture *f = *state;

	race_f = f;
	f->src.max_order = 0;
	add_zeroes(f, RAM, MIB(2));
	add_image(f, IMG, 0);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t base = i & 1 ? IMG : RAM;

		race_at = base + 100;
		race_access = a[i >> 1 & 1];
		fake_spin.before_lock = other_cpu;
		assert_int_equal(touch(f, base + 200, a[i >> 2 & 1]), 0);
		assert_null(fake_spin.before_lock);
		assert_int_equal(own(f), base == RAM || (i & 6) ? 1 : 0);
		assert_int_equal(taken(f), own(f));
		gmem_reset(&f->m);
		tlb_model_run(&f->tlb);
	}
}

/* ------------------------------------------------------- against a flat map */

#define SPACE (MIB(2) + KIB(512)) /* image, then zeroes */

static void ref_reset(uint8_t *ref)
{
	for (uint64_t i = 0; i < MIB(2); i++)
		ref[i] = image_byte(i + KIB(4));
	memset(ref + MIB(2), 0, SPACE - MIB(2));
}

static void random_access(struct fixture *f, uint8_t *ref, uint32_t *seed)
{
	static uint8_t buf[KIB(20)];
	uint64_t at = rnd(seed, SPACE), n, len = 1 + rnd(seed, sizeof(buf) - 1);
	struct gmem_window w = {.len = 0};
	uint8_t *p;

	len = min_u64(rnd(seed, 2) ? 1 + rnd(seed, 16) : len, SPACE - at);
	memset(buf, (int)rnd(seed, 256), len);
	n = len;
	switch (rnd(seed, 7)) {
	case 6:
		p = gmem_window_ptr(&f->m, &w, ipa(IMG + at), len);
		assert_true(!p || w.len >= len);
		if (p)
			memcpy(p, buf, len);
		if (p)
			memcpy(ref + at, buf, len);
		break;
	case 0:
		assert_int_equal(gmem_read(&f->m, ipa(IMG + at), buf, len), 0);
		assert_memory_equal(buf, ref + at, len);
		break;
	case 1:
		p = gmem_ptr(&f->m, ipa(IMG + at), &n, GMEM_READ);
		assert_true(p && n > 0 && n <= len);
		assert_memory_equal(p, ref + at, n);
		break;
	case 2:
		p = gmem_ptr(&f->m, ipa(IMG + at), &n, GMEM_WRITE);
		assert_true(p && n > 0 && n <= len);
		memcpy(p, buf, n);
		memcpy(ref + at, buf, n);
		break;
	case 3:
		assert_int_equal(gmem_write(&f->m, ipa(IMG + at), buf, len), 0);
		memcpy(ref + at, buf, len);
		break;
	case 4:
		ref[at] = *guest(f, IMG + at, GMEM_WRITE) = buf[0];
		break;
	default:
		assert_int_equal(*guest(f, IMG + at, GMEM_READ), ref[at]);
	}
}

/* One in which nothing goes wrong but an allocation, now and then. */
static void random_failure(struct fixture *f, uint32_t *seed)
{
	f->src.fail_at = f->src.calls + 1 + rnd(seed, 2);
	f->tlb.fail_at = rnd(seed, 3);
	(void)!touch(f, IMG + rnd(seed, SPACE), rnd(seed, 2));
	f->src.fail_at = f->tlb.fail_at = 0;
}

static void random_use_agrees_with_a_flat_map(void **state)
{
	struct fixture *f = *state;
	uint8_t *ref = malloc(SPACE);
	uint32_t seed = 5;

	add_image(f, IMG, KIB(4));
	add_zeroes(f, IMG + MIB(2), SPACE - MIB(2));
	tlb_model_watch(&f->tlb, &f->s2.pgt, IMG, SPACE / PAGE_SIZE);
	ref_reset(ref);
	for (unsigned i = 0; i < 6000; i++) {
		f->src.max_order = rnd(&seed, 8) ? 10 : 0;
		random_access(f, ref, &seed);
		tlb_model_run(&f->tlb);
		if (i % 16 == 0)
			random_failure(f, &seed);
		assert_int_equal(taken(f), own(f));
		if (i % 1500 == 1499) {
			gmem_reset(&f->m);
			tlb_model_run(&f->tlb);
			assert_int_equal(own(f), 0);
			ref_reset(ref);
		}
	}
	for (uint64_t at = 0; at < SPACE; at += 509)
		assert_int_equal(*guest(f, IMG + at, GMEM_READ), ref[at]);
	free(ref);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_taken_before_it_is_touched),
		T(first_touch_brings_a_chunk_of_zeroes),
		T(a_peek_brings_nothing),
		T(chunks_that_reach_beyond_ram_are_single_pages),
		T(memory_that_is_promised_comes_in_blocks),
		T(where_blocks_are_short_single_pages_do),
		T(a_device_finds_its_buffer_in_one_piece),
		T(an_image_is_mapped_in_the_largest_leaves),
		T(first_write_copies_that_page_alone),
		T(a_write_may_be_the_first_that_happens_to_a_page),
		T(a_window_is_got_for_writing),
		T(a_window_without_memory_stays_where_it_is),
		T(accessors_write_to_copies_and_read_the_image),
		T(a_piece_for_reading_ends_where_a_copy_begins),
		T(reset_gives_copies_back_and_shows_the_image_again),
		T(reset_forgets_what_was_only_read),
		T(loading_the_image_itself_shares_it_again),
		T(an_image_with_a_tail_is_mapped_and_its_tail_copied),
		T(warm_reset_syncs_what_is_there_and_takes_nothing),
		T(bad_images_are_refused),
		T(no_failure_of_an_allocation_leaks_or_half_maps),
		T(a_device_without_memory_gets_no_pointer),
		T(most_that_can_be_taken_is_never_exceeded),
		T(two_cpus_that_fault_on_one_page_get_one_page),
		T(random_use_agrees_with_a_flat_map),
	};

	return cmocka_run_group_tests_name("gmem_demand", tests, NULL, NULL);
}
