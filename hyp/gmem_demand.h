/*
 * Guest memory that comes on demand: between gmem.c, which owns the extents,
 * and gmem_demand.c, which gives them pages. The stage-2 tables are the only
 * record of which page is where: a leaf that allows writing is a page of the
 * VM's own, one that does not is the image's.
 *
 * Locks: m->lock is taken inside, by those functions that run while vCPUs do
 * (gmem_touch, gmem_demand_span).
 * Plinth's own: docs/design/05-stage2.md.
 */
#ifndef PLINTH_HYP_GMEM_DEMAND_H
#define PLINTH_HYP_GMEM_DEMAND_H

#include <arch/aarch64/stage2.h>

#include <hyp/gmem.h>

#define GMEM_RAM_PROT   (PGT_R | PGT_W | PGT_X)
#define GMEM_IMAGE_PROT (PGT_R | PGT_X)

/* A piece of host memory. */
struct gmem_span {
	char *p; /* NULL: there is none */
	uint64_t len;
};

static inline bool gmem_on_demand(const struct gmem_extent *e)
{
	return e->order == GMEM_ON_DEMAND;
}

static inline uint64_t gmem_extent_size(const struct gmem_extent *e)
{
	return (uint64_t)e->nr_pages << PAGE_SHIFT;
}

/* The extent that holds `at`, or NULL. */
const struct gmem_extent *gmem_extent_at(const struct gmem *m, ipa_t at);

/* Host memory at `at`, up to the end of its leaf; none when nothing is there
 * for such an access. */
struct gmem_span gmem_demand_look(const struct gmem *m, ipa_t at,
				  enum gmem_access access);

/*
 * Contiguous host memory at `at`, with pages for it if there were none: as much
 * of `want` bytes as lies in one piece, perhaps more. [at, at + want) is in e.
 * None when a page cannot be had for the first byte; env.exhausted was told.
 */
struct gmem_span gmem_demand_span(struct gmem *m, const struct gmem_extent *e,
				  ipa_t at, uint64_t want,
				  enum gmem_access access);

/*
 * When `at` is where an extent begins that started as a copy of what is at
 * `src`, and `len` covers it: it becomes that again; returns its size. Else
 * does nothing and returns 0.
 */
uint64_t gmem_demand_restore(struct gmem *m, ipa_t at, const void *src,
			     uint64_t len);

/* No page is there any more, as in the beginning. */
void gmem_demand_drop(struct gmem *m, const struct gmem_extent *e);

/* The same, but the tables keep what they say: they are destroyed next. */
void gmem_demand_free(struct gmem *m, const struct gmem_extent *e);

/* gmem_sync() of one extent. */
void gmem_demand_sync(struct gmem *m, const struct gmem_extent *e);

#endif
