/* MMIO bus: every address finds its region, at the same price. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/mmio.h>

#include "../host/host.h"

struct fix {
	struct arena arena;
	struct mmio_bus bus;
	unsigned pages_left;
};

static void *pages_alloc(void *ctx, uint64_t nr)
{
	struct fix *f = ctx;

	if (nr > f->pages_left)
		return NULL;
	f->pages_left -= (unsigned)nr;
	return host_ram_alloc(nr * PAGE_SIZE, PAGE_SIZE);
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	struct fix *f = ctx;

	f->pages_left += (unsigned)nr;
	host_ram_free(pages);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct arena_env env = {pages_alloc, pages_free, f};

	f->pages_left = 10000;
	arena_init(&f->arena, &env);
	mmio_bus_init(&f->bus, &f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	arena_destroy(&f->arena);
	free(f);
	return 0;
}

/* The device's value is its identity: `dev` itself. */
static int access_id(void *dev, struct mmio_op *op)
{
	if (op->write)
		return -EAGAIN;
	op->value = (uint64_t)(uintptr_t)dev;
	return 0;
}

static int add(struct fix *f, uint64_t base, uint64_t size, uintptr_t id)
{
	struct mmio_region r = {.base = {base},
				.size = size,
				.access = access_id,
				.dev = (void *)id,
				.name = "dev"};

	return mmio_bus_add(&f->bus, &r);
}

static void add_ok(struct fix *f, uint64_t base, uint64_t size, uintptr_t id)
{
	assert_int_equal(add(f, base, size, id), 0);
}

static void seal(struct fix *f)
{
	assert_int_equal(mmio_bus_seal(&f->bus), 0);
}

static int read_at(struct fix *f, uint64_t at, unsigned size, uint64_t *id,
		   uint64_t *offset)
{
	struct mmio_op op = {.size = (uint8_t)size, .offset = ~UINT64_C(0)};
	int err = mmio_dispatch(&f->bus, (ipa_t){at}, &op);

	*id = op.value;
	*offset = op.offset;
	return err;
}

static void expect(struct fix *f, uint64_t at, uintptr_t id, uint64_t offset)
{
	uint64_t got_id, got_offset;

	assert_int_equal(read_at(f, at, 4, &got_id, &got_offset), 0);
	assert_int_equal(got_id, id);
	assert_int_equal(got_offset, offset);
	assert_ptr_equal(mmio_region_at(&f->bus, (ipa_t){at})->dev, id);
}

static void expect_nothing(struct fix *f, uint64_t at)
{
	uint64_t id, offset;

	assert_int_equal(read_at(f, at, 4, &id, &offset), -ENXIO);
	assert_null(mmio_region_at(&f->bus, (ipa_t){at}));
}

static void familiar_map_routes_every_edge(void **state)
{
	struct fix *f = *state;

	add_ok(f, 0x0a000000, 0x200, 10); /* order of adding is free */
	add_ok(f, 0x09000000, 0x1000, 3);
	add_ok(f, 0x08000000, 0x10000, 1);
	add_ok(f, 0x080a0000, 0x20000 * 8, 2);
	for (unsigned i = 1; i < 32; i++)
		add_ok(f, 0x0a000000 + 0x200 * i, 0x200, 10 + i);
	add_ok(f, 0x09010000, 0x1000, 4);
	seal(f);
	expect(f, 0x08000000, 1, 0);
	expect(f, 0x0800fffc, 1, 0xfffc);
	expect_nothing(f, 0x08010000);
	expect_nothing(f, 0x0809fffc);
	expect(f, 0x080a0000, 2, 0);
	expect(f, 0x0819fffc, 2, 0xffffc);
	expect_nothing(f, 0x081a0000);
	expect(f, 0x09000ffc, 3, 0xffc);
	expect_nothing(f, 0x09001000);
	expect(f, 0x09010000, 4, 0);
	for (unsigned i = 0; i < 32; i++) {
		expect(f, 0x0a000000 + 0x200 * i, 10 + i, 0);
		expect(f, 0x0a0001fc + 0x200 * i, 10 + i, 0x1fc);
	}
	expect_nothing(f, 0x0a004000);
	expect_nothing(f, 0x07fffffc);
	expect_nothing(f, 0);
	expect_nothing(f, UINT64_C(1) << 40 | 0x08000000);
	expect_nothing(f, UINT64_MAX - 3);
}

/* Rules out: half-done-access */
static void access_that_straddles_the_end_is_a_miss(void **state)
{
	struct fix *f = *state;
	uint64_t id, offset;

	add_ok(f, 0x1000, 0x200, 1);
	add_ok(f, 0x1200, 0x200, 2); /* a neighbour does not take the rest */
	seal(f);
	assert_int_equal(read_at(f, 0x11ff, 1, &id, &offset), 0);
	assert_int_equal(read_at(f, 0x11ff, 2, &id, &offset), -ENXIO);
	assert_int_equal(read_at(f, 0x11fd, 4, &id, &offset), -ENXIO);
	assert_int_equal(read_at(f, 0x11f9, 8, &id, &offset), -ENXIO);
	assert_int_equal(read_at(f, 0x11f8, 8, &id, &offset), 0);
	assert_int_equal(offset, 0x1f8);
	assert_int_equal(read_at(f, 0xfff, 2, &id, &offset), -ENXIO);
	assert_int_equal(read_at(f, 0x13fe, 4, &id, &offset), -ENXIO);
}

static void what_the_device_returns_is_passed_on(void **state)
{
	struct fix *f = *state;
	struct mmio_op op = {.size = 4, .write = true};

	add_ok(f, 0, 0x200, 1);
	seal(f);
	assert_int_equal(mmio_dispatch(&f->bus, (ipa_t){0}, &op), -EAGAIN);
}

static void bad_regions_are_refused(void **state)
{
	struct fix *f = *state;

	assert_int_equal(add(f, 0x1000, 0, 1), -EINVAL);
	assert_int_equal(add(f, 0x1001, 0x200, 1), -EINVAL);
	assert_int_equal(add(f, 0x1100, 0x200, 1), -EINVAL);
	assert_int_equal(add(f, 0x1000, 0x300, 1), -EINVAL);
	assert_int_equal(add(f, UINT64_MAX - 0x1ff, 0x400, 1), -EINVAL);
	add_ok(f, 0x1000, 0x1000, 1);
	assert_int_equal(add(f, 0x1000, 0x1000, 2), -EEXIST);
	assert_int_equal(add(f, 0x0e00, 0x400, 2), -EEXIST);
	assert_int_equal(add(f, 0x1e00, 0x400, 2), -EEXIST);
	assert_int_equal(add(f, 0x1400, 0x200, 2), -EEXIST);
	assert_int_equal(add(f, 0x0000, 0x4000, 2), -EEXIST);
	add_ok(f, 0x0e00, 0x200, 2);
	add_ok(f, 0x2000, 0x200, 3);
	seal(f);
	expect(f, 0x1ffc, 1, 0xffc);
	expect(f, 0x2000, 3, 0);
	expect(f, 0x0ffc, 2, 0x1fc);
}

static void bus_without_regions_answers_nothing(void **state)
{
	struct fix *f = *state;

	seal(f);
	expect_nothing(f, 0);
	expect_nothing(f, 0x09000000);
	expect_nothing(f, UINT64_MAX - 3);
}

static void regions_at_both_ends_of_the_space_work(void **state)
{
	struct fix *f = *state;

	add_ok(f, 0, 0x200, 1);
	add_ok(f, 0x200, 0x200, 2);
	add_ok(f, UINT64_C(1) << 47, 0x200, 3);
	add_ok(f, (UINT64_C(1) << 47) + 0x200, 0x10000000, 4);
	add_ok(f, UINT64_MAX - 0x3ff, 0x200, 5);
	add_ok(f, UINT64_MAX - 0x1ff, 0x200, 6);
	seal(f);
	expect(f, 0x1fc, 1, 0x1fc);
	expect(f, 0x200, 2, 0);
	expect(f, UINT64_C(1) << 47, 3, 0);
	expect(f, (UINT64_C(1) << 47) + 0x100001fc, 4, 0xffffffc);
	expect_nothing(f, (UINT64_C(1) << 47) + 0x10000200);
	expect(f, UINT64_MAX - 0x3ff, 5, 0);
	expect(f, UINT64_MAX - 3, 6, 0x1fc);
	expect_nothing(f, 0x400);
}

static void huge_regions_cost_no_huge_tables(void **state)
{
	struct fix *f = *state;
	unsigned before = f->pages_left;

	add_ok(f, 0x08000000, 0x10000, 1);
	add_ok(f, 0x080a0000, UINT64_C(0x20000) * 512, 2);
	add_ok(f, 0x10000000, 0x200, 3);
	add_ok(f, 0x10000200, 0x200, 4);
	add_ok(f, UINT64_C(0x8000000000), UINT64_C(1) << 39, 5);
	seal(f);
	assert_true(before - f->pages_left <= 16);
	expect(f, 0x080a0000 + UINT64_C(0x20000) * 512 - 4, 2,
	       UINT64_C(0x20000) * 512 - 4);
	expect(f, 0x10000200, 4, 0);
	expect(f, UINT64_C(0xfffffffffc), 5, (UINT64_C(1) << 39) - 4);
}

static void exhausted_memory_is_an_error_not_a_crash(void **state)
{
	struct fix *f = *state;
	int err = 0;

	f->pages_left = 1;
	for (unsigned i = 0; !err && i < 1000; i++)
		err = add(f, 0x1000 * i, 0x200, 1);
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(mmio_bus_seal(&f->bus), -ENOMEM);
	f->pages_left = 8;
	assert_int_equal(mmio_bus_seal(&f->bus), 0);
}

static void child_without_memory_fails_the_seal(void **state)
{
	struct fix *f = *state;

	for (uint64_t i = 0; i < 40; i++) {
		add_ok(f, i << 40, 0x200, 1);
		add_ok(f, (i << 40) + 0x200, 0x200, 2);
		add_ok(f, (i << 40) + 0x80000, 0x200, 3);
	}
	f->pages_left = 3;
	assert_int_equal(mmio_bus_seal(&f->bus), -ENOMEM);
}

/* Against a list walked from the start, for maps of every density. */
static void random_maps_agree_with_a_linear_search(void **state)
{
	struct fix *f = *state;

	srand(1);
	for (unsigned round = 0; round < 40; round++) {
		struct {
			uint64_t base, size;
		} map[64];
		unsigned nr = 0, shift = 9 + round % 30;

		mmio_bus_init(&f->bus, &f->arena);
		for (unsigned i = 0; i < 64; i++) {
			uint64_t b = ((uint64_t)rand() & 0xfff) << shift;
			uint64_t s = (1 + ((uint64_t)rand() & 7)) << 9;

			if (add(f, b, s, nr + 1) == 0) {
				map[nr].base = b;
				map[nr++].size = s;
			}
		}
		seal(f);
		for (unsigned i = 0; i < 2000; i++) {
			uint64_t at = ((uint64_t)rand() & 0xfff) << shift;
			unsigned hit = 0;

			at += (uint64_t)rand() & 0x1ffc;
			for (unsigned k = 0; k < nr; k++)
				if (range_within(at, 4, map[k].base,
						 map[k].size))
					hit = k + 1;
			if (hit)
				expect(f, at, hit, at - map[hit - 1].base);
			else
				expect_nothing(f, at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(familiar_map_routes_every_edge),
		T(access_that_straddles_the_end_is_a_miss),
		T(what_the_device_returns_is_passed_on),
		T(bad_regions_are_refused),
		T(bus_without_regions_answers_nothing),
		T(regions_at_both_ends_of_the_space_work),
		T(huge_regions_cost_no_huge_tables),
		T(exhausted_memory_is_an_error_not_a_crash),
		T(child_without_memory_fails_the_seal),
		T(random_maps_agree_with_a_linear_search),
	};

	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
