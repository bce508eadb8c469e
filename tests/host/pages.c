/* See pages.h. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

static void *pages_alloc(void *ctx, uint64_t nr)
{
	struct host_pages *p = ctx;
	void *mem;

	p->calls++;
	if (p->fail_at && p->calls >= p->fail_at)
		return NULL;
	if (nr > MIB(1)) /* no machine of a test has 4 GiB */
		return NULL;
	mem = aligned_alloc(PAGE_SIZE, nr * PAGE_SIZE);
	if (!mem)
		abort();
	memset(mem, 0xa5, nr * PAGE_SIZE);
	p->out += nr;
	return mem;
}

static void pages_free(void *ctx, void *pages, uint64_t nr)
{
	struct host_pages *p = ctx;

	p->out -= nr;
	free(pages);
}

struct arena_env host_pages_env(struct host_pages *p)
{
	return (struct arena_env){pages_alloc, pages_free, p};
}
