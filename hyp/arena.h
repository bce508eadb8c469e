/*
 * Arena: the memory of one owner (a VM), carved from whole pages and given
 * back in one piece. Objects are zeroed and are never freed one by one, so a
 * half-built owner is destroyed by one call.
 *
 * Not locked: the owner's own lock, or single-threaded construction, guards it.
 *
 * Plinth's own structure: docs/design/05-stage2.md.
 */
#ifndef PLINTH_HYP_ARENA_H
#define PLINTH_HYP_ARENA_H

#include <base/types.h>

struct arena_env {
	/* `nr` contiguous pages, content unspecified, or NULL. */
	void *(*pages_alloc)(void *ctx, uint64_t nr);
	void (*pages_free)(void *ctx, void *pages, uint64_t nr);
	void *ctx;
};

struct arena {
	struct arena_env env;
	struct arena_chunk *chunks; /* newest first */
	char *carve;       /* next free byte of the page for small objects */
	uint64_t left;     /* bytes from there to the page's end */
	uint64_t nr_pages; /* of all chunks, for accounting */
};

/* Empty; holds no page until the first object. `env` is copied. */
void arena_init(struct arena *a, const struct arena_env *env);

/*
 * `size` zeroed bytes aligned to `align` (a power of two, at most a page), or
 * NULL when the page source is exhausted. Big objects take contiguous pages of
 * their own, with nothing else in them. Size 0 gives a valid pointer that may
 * not be dereferenced.
 */
MUST_CHECK void *arena_alloc(struct arena *a, uint64_t size, uint64_t align);

/* An array of nr zeroed elements; NULL also when nr * size overflows. */
MUST_CHECK void *arena_array(struct arena *a, uint64_t nr, uint64_t size,
			     uint64_t align);

/* A NUL-terminated copy, or NULL. */
MUST_CHECK char *arena_strdup(struct arena *a, const char *s);

/* Gives every page back; the arena is then as after arena_init(). */
void arena_destroy(struct arena *a);

#endif
