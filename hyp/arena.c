/*
 * Arena; the contract is in arena.h.
 *
 * Small objects are carved from single pages; what does not fit in the rest of
 * one starts the next. Big ones get pages of their own, so a page table or a
 * ring wastes nothing. Every piece of memory has a record: a small page bears
 * its own at its start, the record of a big piece is a small object, and so
 * always lies in a page that was taken earlier. Freeing newest first therefore
 * never touches a record whose page is gone.
 *
 * Callers: whoever builds an owner (a VM). No lock; see arena.h.
 *
 * Left out: freeing one object. Plinth's own: docs/design/05-stage2.md.
 */
#include <string.h>

#include <base/panic.h>

#include <hyp/arena.h>

struct arena_chunk {
	struct arena_chunk *next; /* older */
	void *pages;
	uint64_t nr;
};

/* Above this, pages of its own: at most a quarter of a page is left over. */
#define SMALL_MAX (PAGE_SIZE / 4)

void arena_init(struct arena *a, const struct arena_env *env)
{
	*a = (struct arena){.env = *env};
}

static void *pages_take(struct arena *a, uint64_t nr)
{
	void *pages = a->env.pages_alloc(a->env.ctx, nr);

	if (pages)
		a->nr_pages += nr;
	return pages;
}

static void chunk_record(struct arena *a, struct arena_chunk *c, void *pages,
			 uint64_t nr)
{
	*c = (struct arena_chunk){a->chunks, pages, nr};
	a->chunks = c;
}

static bool carve_page(struct arena *a)
{
	char *page = pages_take(a, 1);

	if (!page)
		return false;
	chunk_record(a, (struct arena_chunk *)(void *)page, page, 1);
	a->carve = page + sizeof(struct arena_chunk);
	a->left = PAGE_SIZE - sizeof(struct arena_chunk);
	return true;
}

/* From the current page; NULL when there is none, or it has no room. */
static void *carve(struct arena *a, uint64_t size, uint64_t align)
{
	uint64_t pad = -(uint64_t)(uintptr_t)a->carve & (align - 1);
	char *p;

	if (a->left < pad || a->left - pad < size)
		return NULL;
	p = a->carve + pad;
	a->carve = p + size;
	a->left -= pad + size;
	return p;
}

static void *alloc_small(struct arena *a, uint64_t size, uint64_t align)
{
	void *p = carve(a, size, align);

	if (!p && carve_page(a))
		p = carve(a, size, align);
	return p;
}

static void *alloc_big(struct arena *a, uint64_t size)
{
	uint64_t nr = ((size - 1) >> PAGE_SHIFT) + 1;
	struct arena_chunk *c;
	void *pages;

	c = alloc_small(a, sizeof(*c), _Alignof(struct arena_chunk));
	pages = c ? pages_take(a, nr) : NULL;
	if (pages)
		chunk_record(a, c, pages, nr);
	return pages;
}

void *arena_alloc(struct arena *a, uint64_t size, uint64_t align)
{
	void *p;

	ASSERT(align && !(align & (align - 1)) && align <= PAGE_SIZE);
	size = max_u64(size, 1);
	p = size > SMALL_MAX || align > SMALL_MAX ? alloc_big(a, size)
						  : alloc_small(a, size, align);
	return p ? memset(p, 0, size) : NULL;
}

void *arena_array(struct arena *a, uint64_t nr, uint64_t size, uint64_t align)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes, align);
}

char *arena_strdup(struct arena *a, const char *s)
{
	uint64_t len = strlen(s) + 1;
	char *copy = arena_alloc(a, len, 1);

	return copy ? memcpy(copy, s, len) : NULL;
}

void arena_destroy(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk c = *a->chunks;

		a->env.pages_free(a->env.ctx, c.pages, c.nr);
		a->chunks = c.next;
	}
	a->carve = NULL;
	a->left = a->nr_pages = 0;
}
