/* Stage-1 walks that leave the guest's memory: at which level. */
#include <errno.h>
#include <string.h>

#include <arch/aarch64/s1walk.h>

#include "../host/host.h"

#define RAM_SIZE 0x100000U

static uint64_t ram[RAM_SIZE / 8];
static unsigned nr_reads;

static bool read_ram(void *ctx, ipa_t at, uint64_t *desc)
{
	(void)ctx;
	nr_reads++;
	assert_int_equal(at.v % 8, 0);
	if (at.v >= RAM_SIZE)
		return false;
	*desc = ram[at.v / 8];
	return true;
}

static struct s1walk walk(uint64_t tcr)
{
	memset(ram, 0, sizeof(ram));
	nr_reads = 0;
	return (struct s1walk){
		.tcr = tcr, .ttbr = {0x10000, 0x20000}, .read = read_ram};
}

/* TCR_EL1: T0SZ, T1SZ, TG0, TG1. */
#define TCR(t0, t1, tg0, tg1)                                                  \
	((uint64_t)(t0) | (uint64_t)(t1) << 16 | (uint64_t)(tg0) << 14 |       \
	 (uint64_t)(tg1) << 30)

static void the_level_is_that_of_the_table_outside(void **state)
{
	struct s1walk w = walk(TCR(16, 16, 0, 2)); /* 4 KiB, 48 bits */
	uint64_t va = UINT64_C(0x0000a18304050678);
	/* 9 bits each: 0x143, 0x0c, 0x20, 0x50 */

	(void)state;
	w.ttbr[0] = RAM_SIZE;
	assert_int_equal(s1walk_failing_level(&w, va), 0);
	w.ttbr[0] = 0x10000;
	ram[0x10000 / 8 + 0x143] = UINT64_C(0x100000003);
	assert_int_equal(s1walk_failing_level(&w, va), 1);
	ram[0x10000 / 8 + 0x143] = 0x11003;
	ram[0x11000 / 8 + 0x0c] = 0x200003;
	assert_int_equal(s1walk_failing_level(&w, va), 2);
	ram[0x11000 / 8 + 0x0c] = 0x12003;
	ram[0x12000 / 8 + 0x20] = 0xfffff003 | UINT64_C(0x7ff0000000000000);
	assert_int_equal(s1walk_failing_level(&w, va), 3);
	ram[0x12000 / 8 + 0x20] = 0x13003;
	assert_int_equal(s1walk_failing_level(&w, va), -ENOENT);
}

static void the_upper_half_has_its_own_table_whatever_the_tag(void **state)
{
	struct s1walk w = walk(TCR(16, 25, 0, 2)); /* 39 bits: from level 1 */
	uint64_t va = UINT64_C(0xffffffc000201000);

	(void)state;
	ram[0x20000 / 8 + 0x100] = RAM_SIZE | 3;
	assert_int_equal(s1walk_failing_level(&w, va), 2);
	assert_int_equal(s1walk_failing_level(&w, va & ~(UINT64_C(0xff) << 56)),
			 2);
	assert_int_equal(s1walk_failing_level(&w, va & ~(UINT64_C(1) << 55)),
			 -ENOENT);
	w.tcr |= UINT64_C(1) << 23; /* EPD1 */
	assert_int_equal(s1walk_failing_level(&w, va), -ENOENT);
}

static void every_granule_is_walked(void **state)
{
	static const struct {
		const char *what;
		uint64_t tcr;
		unsigned entry; /* of the first table */
		int level;      /* of the second */
	} t[] = {
		{"4 KiB, 48 bits", TCR(16, 16, 0, 2), 1, 1},
		{"4 KiB, 32 bits", TCR(32, 16, 0, 2), 0, 2},
		{"4 KiB, 16 bits", TCR(48, 16, 0, 2), 0, -ENOENT},
		{"16 KiB, 48 bits", TCR(16, 16, 2, 1), 1, 1},
		{"16 KiB, 47 bits", TCR(17, 16, 2, 1), 8, 2},
		{"16 KiB, 36 bits", TCR(28, 16, 2, 1), 8, 3},
		{"64 KiB, 52 bits", TCR(12, 16, 1, 3), 0, 2},
		{"64 KiB, 42 bits", TCR(22, 16, 1, 3), 0, 3},
	};
	uint64_t va[] = {
		UINT64_C(1) << 39, 0, 0, UINT64_C(1) << 47, UINT64_C(8) << 36,
		UINT64_C(8) << 25, 0, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct s1walk w = walk(t[i].tcr);

		print_message("  %s\n", t[i].what);
		ram[0x10000 / 8 + t[i].entry] = RAM_SIZE | 3;
		assert_int_equal(s1walk_failing_level(&w, va[i]), t[i].level);
	}
}

static void blocks_and_holes_end_the_walk(void **state)
{
	struct s1walk w = walk(TCR(25, 16, 0, 2));

	(void)state;
	for (unsigned type = 0; type < 3; type++) {
		ram[0x10000 / 8] = RAM_SIZE | type;
		assert_int_equal(s1walk_failing_level(&w, 0), -ENOENT);
	}
	w.tcr |= 3U << 14; /* no granule */
	assert_int_equal(s1walk_failing_level(&w, 0), -ENOENT);
	w.tcr = 0xff; /* EPD0 */
	assert_int_equal(s1walk_failing_level(&w, 0), -ENOENT);
}

static void descriptors_are_read_in_the_guests_byte_order(void **state)
{
	struct s1walk w = walk(TCR(25, 16, 0, 2));

	(void)state;
	w.big_endian = true;
	ram[0x10000 / 8] = __builtin_bswap64(RAM_SIZE | 3);
	assert_int_equal(s1walk_failing_level(&w, 0), 2);
}

/* A table that names itself costs as many steps as there are levels. */
static void a_loop_of_tables_ends(void **state)
{
	struct s1walk w = walk(TCR(16, 16, 0, 2));

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		ram[0x10000 / 8 + i] = 0x10003;
	assert_int_equal(s1walk_failing_level(&w, 0x123456789000), -ENOENT);
	assert_int_equal(nr_reads, 4);
}

#define ON(test) cmocka_unit_test(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(the_level_is_that_of_the_table_outside),
		ON(the_upper_half_has_its_own_table_whatever_the_tag),
		ON(every_granule_is_walked),
		ON(blocks_and_holes_end_the_walk),
		ON(descriptors_are_read_in_the_guests_byte_order),
		ON(a_loop_of_tables_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
