/*
 * Buddy allocator; the contract is in page_alloc.h.
 *
 * A zone is one contiguous range of RAM with one state byte for each page. The
 * byte counts only for the first page of a block: free or in use, and of which
 * order. Bytes of other pages are "no head" if they ever were heads, and
 * whatever RAM held if not; nobody needs them, so nothing of the size of RAM
 * is ever cleared. What must be known of a page that never was a head is
 * whether it is the free buddy of a maximal block: page_alloc_init() marks
 * those. A merge cannot go beyond a maximal block, because the next bigger one
 * would reach into memory that is not managed.
 *
 * Leaves out: per-CPU caches, NUMA, giving reserved memory back later.
 * Callers: tables, arenas, guest memory. Lock: pa->lock, a leaf.
 *
 * Plinth's own: docs/design/05-stage2.md.
 */
#include <errno.h>

#include <base/bits.h>
#include <base/panic.h>

#include <hyp/page_alloc.h>

/* In the first words of a free block. */
struct page_block {
	struct page_block *next, *prev; /* prev NULL: first of its list */
};

struct page_zone {
	uint64_t base, end; /* bytes, whole pages */
	uint8_t *state;     /* by page */
};

enum {
	STATE_NO_HEAD = 0,
	STATE_FREE = 0x40, /* | order */
	STATE_USED = 0x80, /* | order */
};

static uint64_t order_size(unsigned order)
{
	return PAGE_SIZE << order;
}

/* The order of the biggest block that starts at `at`, not 0, by `end`. */
static unsigned order_fitting(uint64_t at, uint64_t end)
{
	uint64_t pages = (end - at) >> PAGE_SHIFT;
	uint64_t order = min_u64(bit_highest(pages), PAGE_ORDER_MAX);

	return (unsigned)min_u64(order, bit_lowest(at) - PAGE_SHIFT);
}

static uint8_t *state_of(const struct page_zone *z, uint64_t addr)
{
	return &z->state[(addr - z->base) >> PAGE_SHIFT];
}

static struct page_zone *zone_of(const struct page_alloc *pa, uint64_t addr)
{
	unsigned i;

	for (i = 0; i < pa->nr_zones; i++) {
		if (addr >= pa->zones[i].base && addr < pa->zones[i].end)
			return &pa->zones[i];
	}
	return NULL;
}

/* ---- free lists ---- */

static void list_push(struct page_alloc *pa, const struct page_zone *z,
		      uint64_t addr, unsigned order)
{
	struct page_block *b = hpa_ptr((hpa_t){addr});

	*state_of(z, addr) = (uint8_t)(STATE_FREE | order);
	b->prev = NULL;
	b->next = pa->free[order];
	if (b->next)
		b->next->prev = b;
	pa->free[order] = b;
	pa->nonempty |= 1U << order;
}

static void list_remove(struct page_alloc *pa, uint64_t addr, unsigned order)
{
	struct page_block *b = hpa_ptr((hpa_t){addr});

	if (b->next)
		b->next->prev = b->prev;
	*(b->prev ? &b->prev->next : &pa->free[order]) = b->next;
	if (!pa->free[order])
		pa->nonempty &= ~(1U << order);
}

/* ---- blocks ---- */

static void *alloc_locked(struct page_alloc *pa, unsigned order)
{
	uint32_t usable = pa->nonempty >> order << order;
	struct page_zone *z;
	uint64_t addr;
	unsigned o;

	if (!usable)
		return NULL;
	o = bit_lowest(usable);
	addr = hpa_of(pa->free[o]).v;
	z = zone_of(pa, addr);
	list_remove(pa, addr, o);
	while (o > order) {
		o--;
		list_push(pa, z, addr + order_size(o), o);
	}
	*state_of(z, addr) = (uint8_t)(STATE_USED | order);
	pa->nr_free -= UINT64_C(1) << order;
	return hpa_ptr((hpa_t){addr});
}

RARE static void free_locked(struct page_alloc *pa, uint64_t addr,
			     unsigned order)
{
	struct page_zone *z = zone_of(pa, addr);

	ASSERT(z && order <= PAGE_ORDER_MAX &&
	       is_aligned(addr, order_size(order)));
	ASSERT(*state_of(z, addr) == (STATE_USED | order));
	pa->nr_free += UINT64_C(1) << order;
	for (; order < PAGE_ORDER_MAX; order++) {
		uint64_t buddy = addr ^ order_size(order);

		if (buddy < z->base || buddy >= z->end ||
		    *state_of(z, buddy) != (STATE_FREE | order))
			break;
		list_remove(pa, buddy, order);
		*state_of(z, max_u64(addr, buddy)) = STATE_NO_HEAD;
		addr = min_u64(addr, buddy);
	}
	list_push(pa, z, addr, order);
}

/* Whether so many pages may go to somebody to whom none were promised. */
static bool spare_locked(const struct page_alloc *pa, uint64_t nr)
{
	return nr <= pa->nr_free - pa->nr_promised;
}

void *page_alloc_block(struct page_alloc *pa, unsigned order)
{
	void *block = NULL;

	if (order > PAGE_ORDER_MAX)
		return NULL;
	spin_lock(&pa->lock);
	if (spare_locked(pa, BIT(order)))
		block = alloc_locked(pa, order);
	spin_unlock(&pa->lock);
	return block;
}

void page_free_block(struct page_alloc *pa, void *block, unsigned order)
{
	spin_lock(&pa->lock);
	free_locked(pa, hpa_of(block).v, order);
	spin_unlock(&pa->lock);
}

/* ---- runs that are no power of two ---- */

/*
 * Turn a block in use into two runs of smaller ones: [addr, mid) in use, the
 * rest free. The two runs are a partition of the block by halves, so every
 * later merge finds a head where it looks for one.
 */
static void trim_locked(struct page_alloc *pa, uint64_t addr, uint64_t mid,
			uint64_t end)
{
	struct page_zone *z = zone_of(pa, addr);
	uint64_t at;
	unsigned order;

	for (at = addr; at < mid; at += order_size(order)) {
		order = order_fitting(at, mid);
		*state_of(z, at) = (uint8_t)(STATE_USED | order);
	}
	for (; at < end; at += order_size(order)) {
		order = order_fitting(at, end);
		list_push(pa, z, at, order);
		pa->nr_free += UINT64_C(1) << order;
	}
}

RARE void *page_alloc_contig(struct page_alloc *pa, uint64_t nr)
{
	unsigned order;
	uint64_t addr;
	void *pages;

	if (nr == 0 || nr > UINT64_C(1) << PAGE_ORDER_MAX)
		return NULL;
	order = nr == 1 ? 0 : bit_highest(nr - 1) + 1;
	spin_lock(&pa->lock);
	pages = spare_locked(pa, nr) ? alloc_locked(pa, order) : NULL;
	addr = hpa_of(pages).v;
	if (pages) {
		trim_locked(pa, addr, addr + (nr << PAGE_SHIFT),
			    addr + order_size(order));
	}
	spin_unlock(&pa->lock);
	return pages;
}

RARE void page_free_contig(struct page_alloc *pa, void *pages, uint64_t nr)
{
	uint64_t at = hpa_of(pages).v, end = at + (nr << PAGE_SHIFT);
	unsigned order;

	ASSERT(nr > 0 && nr <= UINT64_C(1) << PAGE_ORDER_MAX);
	ASSERT(is_aligned(at, PAGE_SIZE));
	spin_lock(&pa->lock);
	for (; at < end; at += order_size(order)) {
		order = order_fitting(at, end);
		free_locked(pa, at, order);
	}
	spin_unlock(&pa->lock);
}

void page_split_block(struct page_alloc *pa, void *block, unsigned order)
{
	uint64_t addr = hpa_of(block).v;
	uint8_t *state;

	spin_lock(&pa->lock);
	state = state_of(zone_of(pa, addr), addr);
	ASSERT(*state == (STATE_USED | order));
	for (uint64_t i = 0; i < BIT(order); i++)
		state[i] = STATE_USED;
	spin_unlock(&pa->lock);
}

/* ---- promises ---- */

int page_promise(struct page_alloc *pa, uint64_t nr)
{
	int err = -ENOMEM;

	spin_lock(&pa->lock);
	if (spare_locked(pa, nr)) {
		pa->nr_promised += nr;
		err = 0;
	}
	spin_unlock(&pa->lock);
	return err;
}

void page_promise_drop(struct page_alloc *pa, uint64_t nr)
{
	spin_lock(&pa->lock);
	ASSERT(nr <= pa->nr_promised);
	pa->nr_promised -= nr;
	spin_unlock(&pa->lock);
}

void *page_alloc_promised(struct page_alloc *pa, unsigned order)
{
	void *block;

	spin_lock(&pa->lock);
	ASSERT(order <= PAGE_ORDER_MAX && BIT(order) <= pa->nr_promised);
	block = alloc_locked(pa, order);
	if (block)
		pa->nr_promised -= BIT(order);
	spin_unlock(&pa->lock);
	return block;
}

void page_free_promised(struct page_alloc *pa, void *block, unsigned order)
{
	spin_lock(&pa->lock);
	free_locked(pa, hpa_of(block).v, order);
	pa->nr_promised += BIT(order);
	spin_unlock(&pa->lock);
}

uint64_t page_alloc_nr_promised(struct page_alloc *pa)
{
	uint64_t nr;

	spin_lock(&pa->lock);
	nr = pa->nr_promised;
	spin_unlock(&pa->lock);
	return nr;
}

uint64_t page_alloc_nr_free(struct page_alloc *pa)
{
	uint64_t nr;

	spin_lock(&pa->lock);
	nr = pa->nr_free;
	spin_unlock(&pa->lock);
	return nr;
}

/* ---- start ---- */

/* What is RAM and what of it is taken; all bounds are whole pages. */
struct plan {
	const struct page_alloc_map *map;
	bool skip_reserved;      /* false: look at RAM alone */
	uint64_t meta, meta_end; /* the bookkeeping; empty until placed */
};

static bool ranges_sane(const struct page_range *r, unsigned nr)
{
	for (; nr; nr--, r++) {
		if (!range_within(r->base.v, r->size, 0, BIT(56)))
			return false;
	}
	return true;
}

/* If `at` is taken, where that taken piece ends; else `at`. */
static uint64_t past_reserved(const struct plan *p, uint64_t at)
{
	const struct page_range *r = p->map->reserved;
	unsigned i;

	if (at < PAGE_SIZE)
		return PAGE_SIZE;
	if (!p->skip_reserved)
		return at;
	if (at >= p->meta && at < p->meta_end)
		return p->meta_end;
	for (i = 0; i < p->map->nr_reserved; i++) {
		if (r[i].size && at >= align_down(r[i].base.v, PAGE_SIZE) &&
		    at < r[i].base.v + r[i].size)
			return align_up(r[i].base.v + r[i].size, PAGE_SIZE);
	}
	return at;
}

/* The first page at or above `at` that lies in RAM, or UINT64_MAX. */
static uint64_t next_ram(const struct plan *p, uint64_t at)
{
	const struct page_range *r = p->map->ram;
	uint64_t best = UINT64_MAX;
	unsigned i;

	for (i = 0; i < p->map->nr_ram; i++) {
		uint64_t lo = align_up(r[i].base.v, PAGE_SIZE);
		uint64_t hi = align_down(r[i].base.v + r[i].size, PAGE_SIZE);

		if (hi > lo && hi > at)
			best = min_u64(best, max_u64(lo, at));
	}
	return best;
}

/* How far RAM goes on from `at`, which lies in RAM, without a gap. */
static uint64_t ram_end(const struct plan *p, uint64_t at)
{
	const struct page_range *r = p->map->ram;
	uint64_t end;
	unsigned i;

	do {
		end = at;
		for (i = 0; i < p->map->nr_ram; i++) {
			uint64_t hi =
				align_down(r[i].base.v + r[i].size, PAGE_SIZE);

			if (align_up(r[i].base.v, PAGE_SIZE) <= at)
				at = max_u64(at, hi);
		}
	} while (at != end);
	return end;
}

/* Where the first taken piece above `at` begins, if below `end`. */
static uint64_t next_reserved(const struct plan *p, uint64_t at, uint64_t end)
{
	const struct page_range *r = p->map->reserved;
	unsigned i;

	if (!p->skip_reserved)
		return end;
	if (p->meta > at)
		end = min_u64(end, p->meta);
	for (i = 0; i < p->map->nr_reserved; i++) {
		if (r[i].size && r[i].base.v > at)
			end = min_u64(end, align_down(r[i].base.v, PAGE_SIZE));
	}
	return end;
}

/*
 * The next piece of RAM at or above *end, maximal: [*base, *end). Looks the
 * lists up again for each, so they need no sorting and no copy.
 */
static bool next_piece(const struct plan *p, uint64_t *base, uint64_t *end)
{
	uint64_t at = *end, was;

	do {
		was = at = next_ram(p, at);
		if (at == UINT64_MAX)
			return false;
		at = past_reserved(p, at);
	} while (at != was);
	*base = at;
	*end = next_reserved(p, at, ram_end(p, at));
	return true;
}

/* Bytes of bookkeeping: the zones, then a byte for each page of each. */
static uint64_t meta_size(const struct plan *p, unsigned *nr_zones)
{
	uint64_t base, end = 0, size = 0;

	for (*nr_zones = 0; next_piece(p, &base, &end); ++*nr_zones)
		size += sizeof(struct page_zone) + ((end - base) >> PAGE_SHIFT);
	return align_up(size, PAGE_SIZE);
}

/* In the smallest piece that holds it, so that big ones stay whole. */
static int meta_place(struct plan *p, uint64_t size)
{
	uint64_t base, end = 0, best = UINT64_MAX;

	while (next_piece(p, &base, &end)) {
		if (end - base >= size && end - base < best) {
			best = end - base;
			p->meta = base;
			p->meta_end = base + size;
		}
	}
	return best == UINT64_MAX ? -ENOMEM : 0;
}

static void zones_init(struct page_alloc *pa, const struct plan *ram,
		       uint64_t meta)
{
	uint64_t base, end = 0;
	struct page_zone *z;
	uint8_t *state;

	z = pa->zones = hpa_ptr((hpa_t){meta});
	state = (uint8_t *)(z + pa->nr_zones);
	for (; next_piece(ram, &base, &end); z++) {
		*z = (struct page_zone){base, end, state};
		state += (end - base) >> PAGE_SHIFT;
	}
}

/* No maximal block has a buddy to merge with: say so where it would look. */
static void mark_edges(struct page_alloc *pa, uint64_t at, uint64_t end)
{
	struct page_zone *z = zone_of(pa, at);
	unsigned order;

	for (; at < end; at += order_size(order)) {
		uint64_t buddy;

		order = order_fitting(at, end);
		buddy = at ^ order_size(order);
		if (buddy >= z->base && buddy < z->end)
			*state_of(z, buddy) = STATE_NO_HEAD;
	}
}

static void add_blocks(struct page_alloc *pa, uint64_t at, uint64_t end)
{
	struct page_zone *z = zone_of(pa, at);
	unsigned order;

	for (; at < end; at += order_size(order)) {
		order = order_fitting(at, end);
		list_push(pa, z, at, order);
		pa->nr_free += UINT64_C(1) << order;
	}
}

RARE int page_alloc_init(struct page_alloc *pa,
			 const struct page_alloc_map *map)
{
	struct plan ram = {.map = map};
	struct plan plan = {.map = map, .skip_reserved = true};
	uint64_t base, end;
	int err;

	*pa = (struct page_alloc){0};
	if (!ranges_sane(map->ram, map->nr_ram) ||
	    !ranges_sane(map->reserved, map->nr_reserved))
		return -EINVAL;
	err = meta_place(&plan, meta_size(&ram, &pa->nr_zones));
	if (err)
		return err;
	zones_init(pa, &ram, plan.meta);
	for (end = 0; next_piece(&plan, &base, &end);)
		mark_edges(pa, base, end);
	for (end = 0; next_piece(&plan, &base, &end);)
		add_blocks(pa, base, end);
	pa->nr_pages = pa->nr_free;
	return 0;
}
