/* Stand-in for hyp/arena.c: one page run per object, newest first. */
#include <arena.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *next;
	uint64_t nr;
};

void arena_init(struct arena *a, const struct arena_env *env)
{
	*a = (struct arena){.env = *env};
}

void *arena_alloc(struct arena *a, uint64_t size, uint64_t align)
{
	uint64_t at, nr;
	struct arena_chunk *c = a->chunks;

	if (size > GIB(1))
		return NULL;
	at = align_up(a->used, align);
	if (!c || at + size > c->nr * PAGE_SIZE) {
		at = align_up(sizeof(*c), align);
		nr = align_up(at + size, PAGE_SIZE) / PAGE_SIZE;
		c = a->env.pages_alloc(a->env.ctx, nr);
		if (!c)
			return NULL;
		*c = (struct arena_chunk){a->chunks, nr};
		a->chunks = c;
		a->nr_pages += nr;
	}
	a->used = at + size;
	return memset((char *)c + at, 0, size);
}

void *arena_array(struct arena *a, uint64_t nr, uint64_t size, uint64_t align)
{
	if (size && nr > UINT64_MAX / size)
		return NULL;
	return arena_alloc(a, nr * size, align);
}

char *arena_strdup(struct arena *a, const char *s)
{
	char *d = arena_alloc(a, strlen(s) + 1, 1);

	return d ? memcpy(d, s, strlen(s) + 1) : NULL;
}

void arena_destroy(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		a->env.pages_free(a->env.ctx, c, c->nr);
	}
	a->used = 0;
	a->nr_pages = 0;
}
