/*
 * MMIO bus: a radix tree from address to region. A node covers the span of
 * the regions below it with up to 1024 equal slots; a slot that one region
 * has to itself names the region, one that several share names a node of its
 * own. An address outside the span falls into some slot too; the region's own
 * bounds are the one and last check. Neighbours share a slot only when they
 * are closer than a slot is wide, so a usual map takes one step for the
 * interrupt controller and two for a row of small devices.
 *
 * Construction is single threaded; the tree is immutable when vCPUs run.
 *
 * Left out: taking a region away. Plinth's own: docs/design/09-mmio.md.
 */
#include <errno.h>

#include <base/bits.h>

#include <hyp/mmio.h>

#define NODE_SLOTS 1024

struct mmio_entry {
	struct mmio_region region;
	struct mmio_entry *next;
};

/* What free slots name: it holds every access and answers none. */
static int nobody_access(void *dev, struct mmio_op *op)
{
	(void)dev;
	(void)op;
	return -ENXIO;
}

static const struct mmio_region nobody = {.size = UINT64_MAX,
					  .access = nobody_access};

#define SLOT_FREE   ((const char *)&nobody)
#define SLOT_SHARED ((const char *)NULL) /* a node is yet to be built */

static uint64_t region_last(const struct mmio_region *r)
{
	return r->base.v + (r->size - 1);
}

void mmio_bus_init(struct mmio_bus *bus, struct arena *arena)
{
	*bus = (struct mmio_bus){.arena = arena};
}

/* The link that the entry after `base` hangs from, or NULL on overlap. */
static struct mmio_entry **place_for(struct mmio_bus *bus,
				     const struct mmio_region *region)
{
	struct mmio_entry **link = &bus->regions;

	while (*link && region_last(&(*link)->region) < region->base.v)
		link = &(*link)->next;
	if (*link && (*link)->region.base.v <= region_last(region))
		return NULL;
	return link;
}

int mmio_bus_add(struct mmio_bus *bus, const struct mmio_region *region)
{
	struct mmio_entry **link, *e;

	if (range_bad(region->base.v, region->size) ||
	    !is_aligned(region->base.v | region->size, MMIO_GRAIN))
		return -EINVAL;
	link = place_for(bus, region);
	if (!link)
		return -EEXIST;
	e = arena_alloc(bus->arena, sizeof(*e), _Alignof(struct mmio_entry));
	if (!e)
		return -ENOMEM;
	*e = (struct mmio_entry){.region = *region, .next = *link};
	*link = e;
	return 0;
}

static unsigned shift_of(const struct mmio_node *n)
{
	return n->geometry & 63;
}

static const char **slot_nr(struct mmio_node *n, uint64_t i)
{
	return &n->slots[i & n->geometry >> 32];
}

static struct mmio_node *node_alloc(struct arena *arena, uint64_t first,
				    uint64_t last)
{
	struct mmio_node *n;
	uint64_t shift = MMIO_GRAIN_SHIFT, nr = 1;

	while ((last >> shift) - (first >> shift) >= NODE_SLOTS)
		shift++;
	while (nr <= (last >> shift) - (first >> shift))
		nr *= 2;
	n = arena_alloc(arena, sizeof(*n) + nr * sizeof(n->slots[0]),
			_Alignof(struct mmio_node));
	if (!n)
		return NULL;
	n->geometry = (nr - 1) << 32 | shift;
	n->first = first;
	n->last = last;
	for (uint64_t i = 0; i < nr; i++)
		n->slots[i] = SLOT_FREE;
	return n;
}

/* Enters the part of a region that lies in the node's span. */
static void node_fill(struct mmio_node *n, const struct mmio_region *r)
{
	uint64_t first = max_u64(r->base.v, n->first) >> shift_of(n);
	uint64_t last = min_u64(region_last(r), n->last) >> shift_of(n);

	if (region_last(r) < n->first || r->base.v > n->last)
		return;
	for (uint64_t i = first; i <= last; i++) {
		const char **slot = slot_nr(n, i);

		*slot = *slot == SLOT_FREE ? (const char *)r : SLOT_SHARED;
	}
}

/* The part of [first, last] that regions use; some do. */
static void tighten(const struct mmio_bus *bus, uint64_t *first, uint64_t *last)
{
	uint64_t lo = *last, hi = *first;

	for (const struct mmio_entry *e = bus->regions; e; e = e->next) {
		const struct mmio_region *r = &e->region;

		if (region_last(r) < *first || r->base.v > *last)
			continue;
		lo = min_u64(lo, max_u64(r->base.v, *first));
		hi = max_u64(hi, min_u64(region_last(r), *last));
	}
	*first = lo;
	*last = hi;
}

static struct mmio_node *node_build(struct mmio_bus *bus, uint64_t first,
				    uint64_t last)
{
	struct mmio_node *n;

	tighten(bus, &first, &last);
	n = node_alloc(bus->arena, first, last);
	if (!n)
		return NULL;
	for (const struct mmio_entry *e = bus->regions; e; e = e->next)
		node_fill(n, &e->region);
	return n;
}

/* Gives each shared slot a node, appended after *tail. -ENOMEM. */
static int node_split(struct mmio_bus *bus, struct mmio_node *n,
		      struct mmio_node **tail)
{
	unsigned shift = shift_of(n);
	uint64_t size = BIT(shift);

	for (uint64_t i = n->first >> shift; i <= n->last >> shift; i++) {
		const char **slot = slot_nr(n, i);
		struct mmio_node *child;

		if (*slot != SLOT_SHARED)
			continue;
		child = node_build(bus, i * size, i * size + (size - 1));
		if (!child)
			return -ENOMEM;
		*slot = (const char *)child + MMIO_SLOT_NODE;
		(*tail)->next = child;
		*tail = child;
	}
	return 0;
}

/*
 * Breadth first. A child spans one slot of its parent, 1/512 or less of the
 * parent's span, so the tree is seven deep at most, and that only for maps
 * that spread over the whole 64-bit space.
 */
int mmio_bus_seal(struct mmio_bus *bus)
{
	struct mmio_node *root, *tail;

	root = bus->regions ? node_build(bus, 0, UINT64_MAX)
			    : node_alloc(bus->arena, 0, 0);
	if (!root)
		return -ENOMEM;
	tail = root;
	for (struct mmio_node *n = root; n; n = n->next) {
		int err = node_split(bus, n, &tail);

		if (err)
			return err;
	}
	bus->root = root;
	return 0;
}

const struct mmio_region *mmio_region_at(const struct mmio_bus *bus, ipa_t at)
{
	const struct mmio_region *r = mmio_candidate(bus, at.v);

	return r != &nobody && at.v - r->base.v < r->size ? r : NULL;
}
