/* Arena: alignment, zeroes, accounting, failure, giving all back. */
#include <stdlib.h>
#include <string.h>

#include <hyp/arena.h>

#include "../host/host.h"

struct fixture {
	struct arena a;
	uint64_t live;           /* pages out */
	unsigned calls, fail_at; /* fail the n-th call; 0: none */
	bool run_failed;
};

static void *pages_alloc(void *ctx, uint64_t nr)
{
	struct fixture *f = ctx;
	void *p;

	assert_true(nr > 0);
	if (++f->calls == f->fail_at || nr > 1000) {
		f->run_failed = true;
		return NULL;
	}
	f->live += nr;
	p = host_ram_alloc(nr * PAGE_SIZE, PAGE_SIZE);
	return memset(p, 0xa5, nr * PAGE_SIZE);
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	struct fixture *f = ctx;

	/* The heap's checker sees a wrong nr as an overflow. */
	memset(pages, 0x5a, nr * PAGE_SIZE);
	assert_true(f->live >= nr);
	f->live -= nr;
	host_ram_free(pages);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->a, &(struct arena_env){pages_alloc, pages_free, f});
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_destroy(&f->a);
	assert_int_equal(f->live, 0);
	free(f);
	return 0;
}

static bool all_zero(const void *p, uint64_t len)
{
	const char *c = p;

	while (len && !*c)
		c++, len--;
	return len == 0;
}

/* Rules out: leftover-memory */
static void objects_are_zeroed_aligned_and_disjoint(void **state)
{
	static const uint64_t sizes[] = {1,    7,    24,   100,  1000, 1024,
					 1025, 3000, 4096, 4097, 20000};
	struct fixture *f = *state;
	uint64_t align;
	size_t i;
	char *p;

	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			p = arena_alloc(&f->a, sizes[i], align);
			assert_non_null(p);
			assert_true(is_aligned((uintptr_t)p, align));
			/* dirtied: a later object that overlaps shows it */
			assert_true(all_zero(p, sizes[i]));
			memset(p, 0xff, sizes[i]);
		}
	}
	assert_int_equal(f->live, f->a.nr_pages);
}

static void small_objects_share_a_page(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < 100; i++)
		assert_non_null(arena_alloc(&f->a, 32, 8));
	assert_int_equal(f->a.nr_pages, 1);
}

static void a_whole_page_takes_one_page_and_a_record(void **state)
{
	struct fixture *f = *state;
	unsigned i;

	for (i = 0; i < 100; i++)
		assert_non_null(arena_alloc(&f->a, PAGE_SIZE, PAGE_SIZE));
	assert_int_equal(f->a.nr_pages, 101);
	assert_non_null(arena_alloc(&f->a, PAGE_SIZE + 1, 8));
	assert_int_equal(f->a.nr_pages, 103);
}

static void size_zero_is_a_pointer_of_its_own(void **state)
{
	struct fixture *f = *state;
	void *a = arena_alloc(&f->a, 0, 16), *b = arena_alloc(&f->a, 0, 16);

	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_non_null(arena_array(&f->a, 0, 64, 8));
}

static void an_array_whose_size_overflows_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_null(arena_array(&f->a, UINT64_MAX, 2, 8));
	assert_null(
		arena_array(&f->a, UINT64_C(1) << 32, UINT64_C(1) << 32, 8));
	assert_int_equal(f->calls, 0);
	assert_null(arena_alloc(&f->a, UINT64_MAX, 8));
	assert_null(arena_alloc(&f->a, UINT64_MAX - 4000, 8));
	assert_non_null(arena_array(&f->a, 1000, 5, 8));
}

static void a_string_is_copied_with_its_end(void **state)
{
	struct fixture *f = *state;
	char s[] = "console", big[5000];
	char *copy = arena_strdup(&f->a, s);

	memset(s, 'x', sizeof(s));
	assert_string_equal(copy, "console");
	assert_string_equal(arena_strdup(&f->a, ""), "");
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_string_equal(arena_strdup(&f->a, big), big);
}

static void destroy_gives_all_back_and_the_arena_can_be_used_again(void **state)
{
	struct fixture *f = *state;
	unsigned round;

	for (round = 0; round < 3; round++) {
		assert_non_null(arena_alloc(&f->a, 10, 1));
		assert_non_null(arena_alloc(&f->a, 100000, 8));
		assert_non_null(arena_alloc(&f->a, 900, 8));
		assert_non_null(arena_alloc(&f->a, 5000, 8));
		assert_true(f->live > 0);
		arena_destroy(&f->a);
		assert_int_equal(f->live, 0);
		assert_int_equal(f->a.nr_pages, 0);
	}
	arena_destroy(&f->a);
}

static void build(struct fixture *f)
{
	unsigned i;

	for (i = 0; i < 12; i++) {
		void *p = i % 3 ? arena_alloc(&f->a, i * UINT64_C(500), 8)
				: arena_strdup(&f->a, "name");

		if (!p)
			return;
	}
}

static void no_failure_of_the_page_source_leaks(void **state)
{
	struct fixture *f = *state;
	unsigned n;

	for (n = 1, f->run_failed = true; f->run_failed; n++) {
		f->run_failed = false;
		f->calls = 0;
		f->fail_at = n;
		build(f);
		assert_int_equal(f->live, f->a.nr_pages);
		/* still usable, still destroyable */
		f->fail_at = 0;
		assert_non_null(arena_alloc(&f->a, 2000, 8));
		arena_destroy(&f->a);
		assert_int_equal(f->live, 0);
	}
	assert_true(n > 5);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(objects_are_zeroed_aligned_and_disjoint),
		T(small_objects_share_a_page),
		T(a_whole_page_takes_one_page_and_a_record),
		T(size_zero_is_a_pointer_of_its_own),
		T(an_array_whose_size_overflows_is_refused),
		T(a_string_is_copied_with_its_end),
		T(destroy_gives_all_back_and_the_arena_can_be_used_again),
		T(no_failure_of_the_page_source_leaks),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
