/* ChaCha20's block function against RFC 8439, and what the generator owes. */
#include <string.h>

#include <hyp/random.h>

#include "../host/fake_el2.h"
#include "../host/host.h"
#include "../host/lock_order.h"

static const uint8_t seed[64] = "bytes that nobody outside of here has seen";

static int setup(void **state)
{
	(void)state;
	fake_rndr = (struct fake_rndr){0};
	fake_counter = 0x1000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_rndr = (struct fake_rndr){0};
	fake_spin = (struct fake_spin){0};
	return 0;
}

/* ------------------------------------------------------------------ ChaCha20
 */

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void block_of_section_2_3_2(void **state)
{
	static const uint32_t expected[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
		0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0};
	uint32_t key[8], out[16];
	uint8_t bytes[32];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	for (unsigned i = 0; i < 8; i++)
		key[i] = le32(&bytes[4 * i]);
	chacha20_block(out, key, 1, nonce);
	assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 8439, appendix A.1: key and nonce are zero but for what is named. */
static const struct {
	uint32_t counter, key0, key7, nonce2;
	const char *keystream;
} vectors[] = {
	{0, 0, 0, 0,
	 "\x76\xb8\xe0\xad\xa0\xf1\x3d\x90\x40\x5d\x6a\xe5\x53\x86\xbd\x28"
	 "\xbd\xd2\x19\xb8\xa0\x8d\xed\x1a\xa8\x36\xef\xcc\x8b\x77\x0d\xc7"
	 "\xda\x41\x59\x7c\x51\x57\x48\x8d\x77\x24\xe0\x3f\xb8\xd8\x4a\x37"
	 "\x6a\x43\xb8\xf4\x15\x18\xa1\x1c\xc3\x87\xb6\x69\xb2\xee\x65\x86"},
	{1, 0, 0, 0,
	 "\x9f\x07\xe7\xbe\x55\x51\x38\x7a\x98\xba\x97\x7c\x73\x2d\x08\x0d"
	 "\xcb\x0f\x29\xa0\x48\xe3\x65\x69\x12\xc6\x53\x3e\x32\xee\x7a\xed"
	 "\x29\xb7\x21\x76\x9c\xe6\x4e\x43\xd5\x71\x33\xb0\x74\xd8\x39\xd5"
	 "\x31\xed\x1f\x28\x51\x0a\xfb\x45\xac\xe1\x0a\x1f\x4b\x79\x4d\x6f"},
	{1, 0, 0x01000000, 0,
	 "\x3a\xeb\x52\x24\xec\xf8\x49\x92\x9b\x9d\x82\x8d\xb1\xce\xd4\xdd"
	 "\x83\x20\x25\xe8\x01\x8b\x81\x60\xb8\x22\x84\xf3\xc9\x49\xaa\x5a"
	 "\x8e\xca\x00\xbb\xb4\xa7\x3b\xda\xd1\x92\xb5\xc4\x2f\x73\xf2\xfd"
	 "\x4e\x27\x36\x44\xc8\xb3\x61\x25\xa6\x4a\xdd\xeb\x00\x6c\x13\xa0"},
	{2, 0xff00, 0, 0,
	 "\x72\xd5\x4d\xfb\xf1\x2e\xc4\x4b\x36\x26\x92\xdf\x94\x13\x7f\x32"
	 "\x8f\xea\x8d\xa7\x39\x90\x26\x5e\xc1\xbb\xbe\xa1\xae\x9a\xf0\xca"
	 "\x13\xb2\x5a\xa2\x6c\xb4\xa6\x48\xcb\x9b\x9d\x1b\xe6\x5b\x2c\x09"
	 "\x24\xa6\x6c\x54\xd5\x45\xec\x1b\x73\x74\xf4\x87\x2e\x99\xf0\x96"},
	{0, 0, 0, 0x02000000,
	 "\xc2\xc6\x4d\x37\x8c\xd5\x36\x37\x4a\xe2\x04\xb9\xef\x93\x3f\xcd"
	 "\x1a\x8b\x22\x88\xb3\xdf\xa4\x96\x72\xab\x76\x5b\x54\xee\x27\xc7"
	 "\x8a\x97\x0e\x0e\x95\x5c\x14\xf3\xa8\x8e\x74\x1b\x97\xc2\x86\xf7"
	 "\x5f\x8f\xc2\x99\xe8\x14\x83\x62\xfa\x19\x8a\x39\x53\x1b\xed\x6d"},
};

static void blocks_of_appendix_a_1(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const uint32_t key[8] = {
			[0] = vectors[i].key0, [7] = vectors[i].key7};
		const uint32_t nonce[3] = {[2] = vectors[i].nonce2};
		uint32_t out[16];

		print_message("  vector %zu\n", i + 1);
		chacha20_block(out, key, vectors[i].counter, nonce);
		for (unsigned w = 0; w < 16; w++)
			assert_int_equal(
				out[w],
				le32((const uint8_t *)vectors[i].keystream +
				     (size_t)4 * w));
	}
}

/* --------------------------------------------------------------- the output */

static void output_comes_with_the_next_key_from_one_block(void **state)
{
	static const uint32_t nonce[3];
	uint32_t block[16], out[8];
	struct random r;

	(void)state;
	random_init(&r, seed, sizeof(seed));
	chacha20_block(block, r.key, 0, nonce);
	random_bytes(&r, out, sizeof(out));
	assert_memory_equal(r.key, block, 32);
	assert_memory_equal(out, block + 8, 32);
}

/* Whether the `len` bytes at `what` are somewhere in the `in_len` at `in`. */
static bool found(const void *in, size_t in_len, const void *what, size_t len)
{
	for (size_t i = 0; i + len <= in_len; i++)
		if (memcmp((const uint8_t *)in + i, what, len) == 0)
			return true;
	return false;
}

static void neither_old_key_nor_output_stays_in_the_state(void **state)
{
	struct random r, before;
	uint8_t out[200];

	(void)state;
	random_init(&r, seed, sizeof(seed));
	for (size_t len = 0; len <= sizeof(out); len += 8) {
		before = r;
		random_bytes(&r, out, len);
		for (size_t i = 0; i < sizeof(r.key) / 4; i++)
			assert_false(found(&r, sizeof(r), &before.key[i], 4));
		for (size_t i = 0; i + 4 <= len; i += 4)
			assert_false(found(&r, sizeof(r), out + i, 4));
	}
}

static void no_eight_bytes_are_given_twice(void **state)
{
	static uint64_t words[1024];
	uint8_t *at = (uint8_t *)words, *end = at + sizeof(words);
	struct random r;

	(void)state;
	random_init(&r, seed, sizeof(seed));
	for (size_t len = 8; at < end; at += len, len = len % 520 + 8) {
		if (len > (size_t)(end - at))
			len = (size_t)(end - at);
		random_bytes(&r, at, len);
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t k = 0; k < i; k++)
			assert_true(words[i] != words[k]);
}

static void exactly_the_asked_bytes_are_written(void **state)
{
	uint8_t buf[300];
	struct random r;

	(void)state;
	random_init(&r, seed, sizeof(seed));
	for (size_t len = 0; len <= 260; len++) {
		memset(buf, 0xa5, sizeof(buf));
		random_bytes(&r, buf + 8, len);
		for (size_t i = 0; i < 8; i++)
			assert_int_equal(buf[i], 0xa5);
		for (size_t i = 8 + len; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xa5);
		if (len >= 16) /* and to the end: 2^-64 otherwise */
			assert_false(found(buf + len, 8,
					   "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5",
					   8));
	}
}

static void half_of_all_bits_are_set(void **state)
{
	static uint8_t buf[1 << 16];
	unsigned per_bit[8] = {0};
	struct random r;

	(void)state;
	random_init(&r, seed, sizeof(seed));
	random_bytes(&r, buf, sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		for (unsigned b = 0; b < 8; b++)
			per_bit[b] += buf[i] >> b & 1;
	for (unsigned b = 0; b < 8; b++) /* six standard deviations */
		assert_in_range(per_bit[b], 32768 - 768, 32768 + 768);
}

/* ---------------------------------------------------------------- the input */

static void first_bytes(const void *in, size_t len, uint8_t out[32])
{
	struct random r;

	random_init(&r, in, len);
	random_bytes(&r, out, 32);
}

static void same_seed_gives_the_same_bytes(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	first_bytes(seed, sizeof(seed), a);
	first_bytes(seed, sizeof(seed), b);
	assert_memory_equal(a, b, 32);
}

static void every_bit_and_the_length_of_a_seed_matter(void **state)
{
	uint8_t in[65] = {0}, plain[32], out[32];

	(void)state;
	first_bytes(in, 64, plain);
	for (unsigned bit = 0; bit < 512; bit++) {
		in[bit / 8] = (uint8_t)(1U << bit % 8);
		first_bytes(in, 64, out);
		in[bit / 8] = 0;
		assert_memory_not_equal(out, plain, 32);
	}
	for (size_t len = 0; len <= 65; len++) {
		first_bytes(in, len, out);
		if (len != 64)
			assert_memory_not_equal(out, plain, 32);
	}
}

static void mixing_changes_the_output_and_counts_nothing(void **state)
{
	static const uint8_t zeros[64];
	uint8_t a[32], b[32];
	struct random r, s;

	(void)state;
	random_init(&r, NULL, 0);
	for (unsigned i = 0; i < 100; i++)
		random_mix(&r, seed, sizeof(seed));
	assert_false(random_seeded(&r));
	random_init(&s, seed, sizeof(seed));
	r = s;
	random_mix(&r, zeros, sizeof(zeros));
	random_bytes(&r, a, 32);
	random_bytes(&s, b, 32);
	assert_memory_not_equal(a, b, 32);
	assert_true(random_seeded(&r));
}

/* The output is the block function of (0, 0, 0, 0); no input may be. */
static void chosen_input_does_not_show_what_comes_next(void **state)
{
	static const uint8_t zeros[16];
	struct random r, s;
	uint32_t out[8];

	(void)state;
	for (size_t len = 0; len <= sizeof(zeros); len++) {
		random_init(&r, seed, sizeof(seed));
		s = r;
		random_mix(&r, zeros, len);
		random_bytes(&s, out, sizeof(out));
		if (len)
			assert_memory_not_equal(r.key, s.key, 32);
		assert_memory_not_equal(r.key, out, 32);
	}
}

static void
thirty_two_bytes_of_entropy_are_enough_and_fewer_are_not(void **state)
{
	struct random r;

	(void)state;
	random_init(&r, seed, 31);
	assert_false(random_seeded(&r));
	random_add(&r, seed, 1);
	assert_true(random_seeded(&r));
	random_init(&r, seed, 32);
	assert_true(random_seeded(&r));
	for (unsigned i = 0; i < 100; i++)
		random_add(&r, seed, sizeof(seed));
	assert_true(random_seeded(&r));
	random_init(&r, NULL, 0);
	assert_false(random_seeded(&r));
}

/* ------------------------------------------------------------------ the CPU */

static void counter_is_mixed_in_and_is_no_entropy(void **state)
{
	struct random r, s;

	(void)state;
	random_init(&r, NULL, 0);
	s = r;
	for (unsigned i = 0; i < 100; i++)
		random_refresh(&r);
	assert_false(random_seeded(&r));
	random_init(&r, NULL, 0);
	random_refresh(&r);
	random_refresh(&s); /* one tick later */
	assert_memory_not_equal(r.key, s.key, 32);
}

static void cpu_with_a_generator_needs_no_other_source(void **state)
{
	struct random r, s;

	(void)state;
	fake_rndr.left = 100;
	random_init(&r, NULL, 0);
	random_refresh(&r);
	assert_true(random_seeded(&r));
	assert_int_equal(fake_rndr.left, 96); /* 32 bytes and no more */
	fake_counter = 0x1000;                /* only RNDR's values differ */
	random_init(&s, NULL, 0);
	random_refresh(&s);
	assert_memory_not_equal(r.key, s.key, 32);
}

static void generator_that_runs_dry_counts_for_what_it_gave(void **state)
{
	struct random r;

	(void)state;
	fake_rndr.left = 3;
	random_init(&r, NULL, 0);
	random_refresh(&r);
	assert_false(random_seeded(&r));
	random_refresh(&r);
	assert_false(random_seeded(&r));
	fake_rndr.left = 1;
	random_refresh(&r);
	assert_true(random_seeded(&r));
}

/* ------------------------------------------------------------ fresh entropy */

static void fresh_bytes_take_256_bits_from_a_reseeded_source(void **state)
{
	uint8_t a[RANDOM_FRESH_MAX], b[RANDOM_FRESH_MAX];
	struct random r, s;

	(void)state;
	random_init(&r, seed, sizeof(seed));
	s = r;
	fake_rndr = (struct fake_rndr){.next = 1, .left = 8};
	assert_true(random_fresh(&r, a, sizeof(a)));
	assert_int_equal(fake_rndr.left, 4);
	assert_int_equal(fake_rndr.reseeds, 4);
	/* The rest being equal, they depend on what the source gave. */
	assert_true(random_fresh(&s, b, sizeof(b)));
	assert_memory_equal(r.key, s.key, sizeof(r.key));
	assert_memory_not_equal(a, b, sizeof(a));
	/* And not on that alone: it may be worse than it says. */
	fake_rndr = (struct fake_rndr){.next = 1, .left = 4};
	assert_true(random_fresh(&r, b, sizeof(b)));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void fresh_bytes_without_a_source_are_none(void **state)
{
	uint8_t buf[RANDOM_FRESH_MAX], none[RANDOM_FRESH_MAX];
	struct random r;

	(void)state;
	memset(none, 0x5a, sizeof(none));
	random_init(&r, seed, sizeof(seed));
	for (unsigned left = 0; left < 4; left++) {
		memcpy(buf, none, sizeof(buf));
		fake_rndr = (struct fake_rndr){.left = left};
		assert_false(random_fresh(&r, buf, sizeof(buf)));
		assert_memory_equal(buf, none, sizeof(buf));
	}
	fake_rndr.left = 4;
	assert_true(random_fresh(&r, buf, 1));
	assert_memory_equal(buf + 1, none + 1, sizeof(buf) - 1);
}

/* ---------------------------------------------------------- lock and memory */

static void lock_is_a_leaf_and_free_while_much_is_made(void **state)
{
	static uint8_t buf[4096];
	struct random r;

	(void)state;
	lock_order_forget();
	fake_spin.before_lock = lock_order_watch;
	fake_rndr.left = 4;
	random_init(&r, seed, sizeof(seed));
	random_refresh(&r);
	random_bytes(&r, buf, sizeof(buf));
	assert_int_equal(lock_order_below(&r.lock), 0);
	assert_int_equal(fake_spin.nr_held, 0);
	lock_order_forget();
}

static void wiped_secret_is_gone_and_its_neighbours_are_not(void **state)
{
	uint8_t buf[16];

	(void)state;
	memset(buf, 7, sizeof(buf));
	random_wipe(buf + 4, 8);
	assert_memory_equal(buf, "\7\7\7\7\0\0\0\0\0\0\0\0\7\7\7\7", 16);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(block_of_section_2_3_2),
		T(blocks_of_appendix_a_1),
		T(output_comes_with_the_next_key_from_one_block),
		T(neither_old_key_nor_output_stays_in_the_state),
		T(no_eight_bytes_are_given_twice),
		T(exactly_the_asked_bytes_are_written),
		T(half_of_all_bits_are_set),
		T(same_seed_gives_the_same_bytes),
		T(every_bit_and_the_length_of_a_seed_matter),
		T(mixing_changes_the_output_and_counts_nothing),
		T(chosen_input_does_not_show_what_comes_next),
		T(thirty_two_bytes_of_entropy_are_enough_and_fewer_are_not),
		T(counter_is_mixed_in_and_is_no_entropy),
		T(cpu_with_a_generator_needs_no_other_source),
		T(generator_that_runs_dry_counts_for_what_it_gave),
		T(fresh_bytes_take_256_bits_from_a_reseeded_source),
		T(fresh_bytes_without_a_source_are_none),
		T(lock_is_a_leaf_and_free_while_much_is_made),
		T(wiped_secret_is_gone_and_its_neighbours_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
