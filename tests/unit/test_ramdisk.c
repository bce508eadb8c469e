/* The RAM disk: pristine image, overlay, tail, exhaustion. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <drivers/ramdisk.h>

#include "../host/host.h"

#define BLOCKS 1300 /* spans three leaves of 512 blocks */
#define TAIL   1536 /* three sectors of a last, partial block */
#define REST   100  /* bytes that make no sector */
#define DISK   (BLOCKS * PAGE_SIZE + TAIL)
#define IMAGE  (DISK + REST)

struct world {
	struct ramdisk d;
	uint8_t *image; /* exactly IMAGE bytes, so that ASan sees the end */
	uint8_t *pristine;
	uint64_t allowed; /* pages still to be had */
	uint64_t held;    /* pages out */
};

static void *pages_alloc(void *ctx, uint64_t nr)
{
	struct world *w = ctx;
	void *p;

	if (nr > w->allowed)
		return NULL;
	w->allowed -= nr;
	w->held += nr;
	p = host_ram_alloc(nr * PAGE_SIZE, PAGE_SIZE);
	return memset(p, 0xa5, nr * PAGE_SIZE); /* contents unspecified */
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	struct world *w = ctx;

	w->held -= nr;
	host_ram_free(pages);
}

static void open_disk(struct world *w, uint64_t size)
{
	const struct ramdisk_env env = {pages_alloc, pages_free, w};

	ramdisk_init(&w->d, &env, hpa_of(w->image), size);
}

static int setup(void **state)
{
	static struct world w;
	uint32_t rng = 7;

	memset(&w, 0, sizeof(w));
	w.allowed = UINT64_MAX;
	w.image = malloc(IMAGE);
	w.pristine = malloc(IMAGE);
	if (!w.image || !w.pristine)
		return -1;
	for (size_t i = 0; i < IMAGE; i++) {
		rng = rng * 1664525 + 1013904223;
		w.image[i] = (uint8_t)(rng >> 24);
	}
	memcpy(w.pristine, w.image, IMAGE);
	open_disk(&w, IMAGE);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	ramdisk_destroy(&w->d);
	assert_int_equal(w->held, 0);
	assert_int_equal(w->d.nr_pages, 0);
	assert_memory_equal(w->image, w->pristine, IMAGE);
	free(w->image);
	free(w->pristine);
	return 0;
}

static void put(struct world *w, uint64_t off, uint8_t byte, uint64_t len)
{
	uint8_t *b = malloc(len ? len : 1);

	memset(b, byte, len);
	assert_int_equal(ramdisk_write(&w->d, off, b, len), 0);
	free(b);
}

static void expect(struct world *w, uint64_t off, const uint8_t *want,
		   uint64_t len)
{
	uint8_t *b = malloc(len ? len : 1);

	assert_int_equal(ramdisk_read(&w->d, off, b, len), 0);
	assert_memory_equal(b, want, len);
	free(b);
}

static void capacity_is_the_whole_sectors_of_the_image(void **state)
{
	static const struct {
		uint64_t bytes, sectors;
	} t[] = {{0, 0},    {511, 0},  {512, 1},  {4095, 7},
		 {4096, 8}, {4097, 8}, {4608, 9}, {IMAGE, DISK / 512}};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		open_disk(w, t[i].bytes);
		assert_int_equal(ramdisk_block(&w->d, false).nr_sectors,
				 t[i].sectors);
	}
}

static void a_fresh_disk_reads_as_the_image_and_holds_no_page(void **state)
{
	struct world *w = *state;

	expect(w, 0, w->pristine, DISK);
	expect(w, 12345, w->pristine + 12345, 54321);
	assert_int_equal(w->held, 0);
}

static void a_disk_without_a_sector_takes_only_nothing(void **state)
{
	struct world *w = *state;
	uint8_t b = 0;

	open_disk(w, 100);
	assert_int_equal(ramdisk_read(&w->d, 0, &b, 0), 0);
	assert_int_equal(ramdisk_read(&w->d, 0, &b, 1), -EINVAL);
	assert_int_equal(ramdisk_write(&w->d, 0, &b, 1), -EINVAL);
	assert_int_equal(w->held, 0);
}

static void accesses_past_the_end_move_nothing(void **state)
{
	static const struct {
		uint64_t off, len;
	} t[] = {{DISK, 1},       {DISK - 1, 2},           {0, DISK + 1},
		 {UINT64_MAX, 1}, {UINT64_MAX - 511, 512}, {512, UINT64_MAX},
		 {0, UINT64_MAX}};
	struct world *w = *state;
	uint8_t b[2] = {1, 2};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(ramdisk_read(&w->d, t[i].off, b, t[i].len),
				 -EINVAL);
		assert_int_equal(ramdisk_write(&w->d, t[i].off, b, t[i].len),
				 -EINVAL);
	}
	assert_int_equal(b[0], 1);
	assert_int_equal(w->held, 0);
	assert_int_equal(ramdisk_read(&w->d, DISK, b, 0), 0);
}

static void a_write_of_one_byte_keeps_the_rest_of_its_block(void **state)
{
	struct world *w = *state;
	uint8_t want[PAGE_SIZE];

	put(w, 2 * PAGE_SIZE + 77, 0x11, 1);
	memcpy(want, w->pristine + 2 * PAGE_SIZE, PAGE_SIZE);
	want[77] = 0x11;
	expect(w, 2 * PAGE_SIZE, want, PAGE_SIZE);
	expect(w, 0, w->pristine, 2 * PAGE_SIZE);
	expect(w, 3 * PAGE_SIZE, w->pristine + 3 * PAGE_SIZE, PAGE_SIZE);
}

static void pages_are_taken_for_what_is_written_and_nothing_else(void **state)
{
	struct world *w = *state;

	put(w, 0, 1, 1); /* directory, leaf, block */
	assert_int_equal(w->held, 3);
	assert_int_equal(w->d.nr_pages, 3);
	put(w, 100, 2, 3000); /* the same block */
	assert_int_equal(w->held, 3);
	put(w, 4000, 3, 200); /* and the next */
	assert_int_equal(w->held, 4);
	put(w, 600 * PAGE_SIZE, 4, 1); /* leaf, block */
	assert_int_equal(w->held, 6);
	put(w, 0, 5, 0);
	assert_int_equal(w->held, 6);
}

static void the_partial_last_block_can_be_written(void **state)
{
	struct world *w = *state;
	uint8_t want[TAIL];

	memcpy(want, w->pristine + BLOCKS * PAGE_SIZE, TAIL);
	put(w, DISK - 1, 0x77, 1);
	want[TAIL - 1] = 0x77;
	expect(w, DISK - TAIL, want, TAIL);
	put(w, DISK - TAIL, 0x66, TAIL);
	memset(want, 0x66, TAIL);
	expect(w, DISK - TAIL, want, TAIL);
}

static void a_read_crosses_clean_and_dirty_blocks(void **state)
{
	struct world *w = *state;
	uint8_t *want = malloc(DISK);

	memcpy(want, w->pristine, DISK);
	for (uint64_t b = 1; b < BLOCKS; b += b < 8 ? 2 : 97) {
		put(w, b * PAGE_SIZE + 9, (uint8_t)b, 600);
		memset(want + b * PAGE_SIZE + 9, (uint8_t)b, 600);
	}
	expect(w, 0, want, DISK);
	expect(w, 5 * PAGE_SIZE + 1, want + 5 * PAGE_SIZE + 1, 1);
	free(want);
}

static void a_write_out_of_memory_fails_and_loses_nothing(void **state)
{
	struct world *w = *state;
	uint8_t *b = calloc(1, 4 * PAGE_SIZE);
	uint8_t *want = malloc(DISK);

	memcpy(want, w->pristine, DISK);
	for (uint64_t pages = 0; pages < 3; pages++) {
		w->allowed = pages - w->d.nr_pages; /* in all */
		assert_int_equal(ramdisk_write(&w->d, 100, b, 10), -ENOMEM);
		expect(w, 0, want, DISK);
	}
	/* two whole blocks fit, the third does not */
	w->allowed = 5 - w->d.nr_pages - 1;
	assert_int_equal(ramdisk_write(&w->d, 0, b, 4 * PAGE_SIZE), -ENOMEM);
	memset(want, 0, 2 * PAGE_SIZE);
	expect(w, 0, want, DISK);
	/* what has its page can still be written */
	put(w, PAGE_SIZE + 5, 0x31, 20);
	memset(want + PAGE_SIZE + 5, 0x31, 20);
	expect(w, 0, want, DISK);
	/* and so can the rest, when memory is back */
	w->allowed = 100;
	put(w, 2 * PAGE_SIZE, 0x32, 1);
	want[2 * PAGE_SIZE] = 0x32;
	expect(w, 0, want, DISK);
	free(want);
	free(b);
}

static void destroy_brings_the_image_back(void **state)
{
	struct world *w = *state;

	put(w, 0, 9, 100000);
	put(w, 1000 * PAGE_SIZE, 9, 100000);
	ramdisk_destroy(&w->d);
	assert_int_equal(w->held, 0);
	expect(w, 0, w->pristine, DISK);
	ramdisk_destroy(&w->d); /* once more does no harm */
}

static void random_operations_agree_with_a_flat_disk(void **state)
{
	struct world *w = *state;
	uint8_t *flat = malloc(DISK), *buf = malloc(DISK);
	uint64_t rng = 42;

	memcpy(flat, w->pristine, DISK);
	for (unsigned i = 0; i < 4000; i++) {
		uint64_t off, len;

		rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
		off = (rng >> 20) % DISK;
		len = (rng >> 40) % (i % 50 ? 20000 : 3000000);
		if (i & 2) {
			off &= ~UINT64_C(511);
			len &= ~UINT64_C(4095);
		}
		len = min_u64(len, DISK - off);
		if (i % 3) {
			expect(w, off, flat + off, len);
			continue;
		}
		memset(buf, (int)(rng >> 56), len);
		memcpy(flat + off, buf, len);
		assert_int_equal(ramdisk_write(&w->d, off, buf, len), 0);
	}
	expect(w, 0, flat, DISK);
	free(flat);
	free(buf);
}

static void as_a_block_device_it_does_the_same(void **state)
{
	struct world *w = *state;
	struct block_dev b = ramdisk_block(&w->d, true);
	uint8_t got;

	assert_true(b.read_only);
	b = ramdisk_block(&w->d, false);
	assert_false(b.read_only);
	assert_int_equal(b.ops->write(b.ctx, 600, "x", 1), 0);
	assert_int_equal(b.ops->read(b.ctx, 600, &got, 1), 0);
	assert_int_equal(got, 'x');
	assert_int_equal(b.ops->flush(b.ctx), 0);
}

static void a_disk_above_one_gigabyte_has_a_directory_of_pages(void **state)
{
	struct world *w = *state;

	/* reads of clean blocks would touch the image, so none is made */
	open_disk(w, GIB(5));
	put(w, GIB(5) - PAGE_SIZE, 0x42, PAGE_SIZE);
	put(w, 0, 0x43, PAGE_SIZE);
	assert_int_equal(w->d.nr_leaves, 2560);
	assert_int_equal(w->held, 5 + 2 + 2);
	ramdisk_destroy(&w->d);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(capacity_is_the_whole_sectors_of_the_image),
		CASE(a_fresh_disk_reads_as_the_image_and_holds_no_page),
		CASE(a_disk_without_a_sector_takes_only_nothing),
		CASE(accesses_past_the_end_move_nothing),
		CASE(a_write_of_one_byte_keeps_the_rest_of_its_block),
		CASE(pages_are_taken_for_what_is_written_and_nothing_else),
		CASE(the_partial_last_block_can_be_written),
		CASE(a_read_crosses_clean_and_dirty_blocks),
		CASE(a_write_out_of_memory_fails_and_loses_nothing),
		CASE(destroy_brings_the_image_back),
		CASE(random_operations_agree_with_a_flat_disk),
		CASE(as_a_block_device_it_does_the_same),
		CASE(a_disk_above_one_gigabyte_has_a_directory_of_pages),
	};

	return cmocka_run_group_tests_name("ramdisk", tests, NULL, NULL);
}
