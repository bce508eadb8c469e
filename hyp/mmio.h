/*
 * MMIO bus of one VM: which device answers at a guest physical address.
 *
 * Built once, then only read: regions are added, mmio_bus_seal() makes the
 * index, and from then on any number of vCPUs dispatch without a lock. The
 * index is a radix tree over the addresses that are used, so what a lookup
 * costs follows from the map's layout, one to three steps, and not from how
 * many devices there are or in which order they came.
 *
 * Lifetime: regions and index live in the VM's arena.
 *
 * Plinth's own: docs/design/09-mmio.md.
 */
#ifndef PLINTH_HYP_MMIO_H
#define PLINTH_HYP_MMIO_H

#include <errno.h>

#include <base/addr.h>
#include <base/mmio.h>

#include <hyp/arena.h>

/* Regions begin and end at multiples of this many bytes. */
#define MMIO_GRAIN_SHIFT 9
#define MMIO_GRAIN       (1U << MMIO_GRAIN_SHIFT)

struct mmio_region {
	ipa_t base;
	uint64_t size;    /* bytes */
	mmio_fn access;   /* gets op->offset from base */
	void *dev;        /* for access() */
	const char *name; /* outlives the bus */
};

/* One of the index; hyp/mmio.c. */
struct mmio_node {
	/* A slot is 2^shift bytes, aligned: bits 5:0. Slot of address a:
	 * (a >> shift) & mask: bits 63:32. One word, so that a step is six
	 * instructions and not eight. */
	uint64_t geometry;
	uint64_t first; /* the span; construction only, like next */
	uint64_t last;
	struct mmio_node *next; /* built after this one */
	const char *slots[];    /* a region, or a node + MMIO_SLOT_NODE */
};

#define MMIO_SLOT_NODE 1 /* tag: the slot names a node */

struct mmio_bus {
	struct arena *arena;
	const struct mmio_node *root; /* the index; NULL until sealed */
	struct mmio_entry *regions;   /* sorted by base */
};

/* No region yet. The arena outlives the bus. */
void mmio_bus_init(struct mmio_bus *bus, struct arena *arena);

/*
 * Adds a copy of `region`. -EINVAL: empty, wraps, base or size not a multiple
 * of MMIO_GRAIN; -EEXIST: overlaps another; -ENOMEM. Not after the seal.
 */
MUST_CHECK int mmio_bus_add(struct mmio_bus *bus,
			    const struct mmio_region *region);

/* Builds the index. -ENOMEM. Called once, before the first dispatch;
 * a bus without regions is sealed too. */
MUST_CHECK int mmio_bus_seal(struct mmio_bus *bus);

static inline const char *mmio_slot(const struct mmio_node *n, uint64_t at)
{
	return n->slots[at >> (n->geometry & 63) & n->geometry >> 32];
}

/* The only region that may hold `at`; whether it does is the caller's test. */
static inline const struct mmio_region *
mmio_candidate(const struct mmio_bus *bus, uint64_t at)
{
	const char *slot = mmio_slot(bus->root, at);

	while ((uintptr_t)slot & MMIO_SLOT_NODE)
		slot = mmio_slot((const void *)(slot - MMIO_SLOT_NODE), at);
	return (const struct mmio_region *)(const void *)slot;
}

/*
 * One access of op->size bytes at `at`: sets op->offset and calls the device.
 * -ENXIO when no region holds all of the access, otherwise what the device
 * returns (base/mmio.h). Inline, for every exit of a device comes by.
 */
MUST_CHECK static inline int mmio_dispatch(const struct mmio_bus *bus, ipa_t at,
					   struct mmio_op *op)
{
	const struct mmio_region *r = mmio_candidate(bus, at.v);
	uint64_t offset = at.v - r->base.v;

	if (__builtin_expect(offset > r->size - op->size, 0))
		return -ENXIO;
	op->offset = offset;
	return r->access(r->dev, op);
}

/* The region that holds `at`, or NULL; for reports and the monitor. */
const struct mmio_region *mmio_region_at(const struct mmio_bus *bus, ipa_t at);

#endif
