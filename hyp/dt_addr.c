/*
 * Addresses and interrupts of device-tree nodes: reg with the cell counts of
 * its parent, translated through the ranges of every bus up to the root, and
 * interrupts of an arm,gic-v3 parent as INTIDs.
 *
 * Leaves out: three-cell (PCI) addresses, dma-ranges, interrupts-extended and
 * interrupt-map: a node that needs them is refused with its name.
 * Specifications: Devicetree Specification 0.4 (reg, ranges,
 * interrupt-parent); the devicetree binding arm,gic-v3 (specifier cells);
 * GICv3 IHI 0069, INTIDs.
 * Called by the readers of hyp/dt.h. No locks.
 */
#include <errno.h>
#include <libfdt.h>

#include <hyp/dt.h>

/* The interrupt types of the arm,gic-v3 binding: first INTID, count. */
static const struct {
	uint32_t first;
	uint32_t nr;
} gic_types[] = {
	{32, 988},    /* SPI */
	{16, 16},     /* PPI */
	{4096, 1024}, /* extended SPI */
	{1056, 64},   /* extended PPI */
};

struct cells {
	uint32_t addr;
	uint32_t size;
};

int dt_cells(const struct dt *d, uint32_t n, const char *prop, uint32_t dflt,
	     uint32_t *v)
{
	int err;

	*v = dflt;
	if (!dt_has(d, n, prop))
		return 0;
	err = dt_u32(d, n, prop, v);
	if (!err && *v > 2)
		err = dt_fail(d, n, prop, "%u cells are not supported",
			      (unsigned)*v);
	return err;
}

/* The cell counts for the children of n. */
static int child_cells(const struct dt *d, uint32_t n, struct cells *c)
{
	int err = dt_cells(d, n, "#address-cells", 2, &c->addr);

	return err ? err : dt_cells(d, n, "#size-cells", 1, &c->size);
}

/* reg, the cell counts it has, and how many entries. */
static int reg_prop(const struct dt *d, uint32_t n, const uint32_t **reg,
		    struct cells *c, uint32_t *count)
{
	uint32_t parent = d->node[n].parent;
	uint32_t entry;
	int len = 0;
	int err;

	*reg = dt_prop(d, n, "reg", &len);
	if (!*reg)
		return dt_fail(d, n, "reg", "missing");
	err = child_cells(d, parent == DT_NONE ? n : parent, c);
	if (err)
		return err;
	entry = (c->addr + c->size) * 4;
	if (len == 0 || entry == 0 || (uint32_t)len % entry != 0) {
		return dt_fail(d, n, "reg",
			       "is %d bytes long, must be a multiple of %u",
			       len, (unsigned)entry);
	}
	*count = (uint32_t)len / entry;
	return 0;
}

int dt_reg_count(const struct dt *d, uint32_t n, uint32_t *count)
{
	const uint32_t *reg;
	struct cells c;

	return reg_prop(d, n, &reg, &c, count);
}

/* One bus: *r from its address space to its parent's, by `ranges`. */
static int through_ranges(const struct dt *d, uint32_t bus, struct dt_range *r)
{
	struct cells c, up;
	uint32_t entry;
	int len = 0;
	const uint32_t *p = dt_prop(d, bus, "ranges", &len);
	int err;

	if (!p)
		return dt_fail(d, bus, "ranges",
			       "missing, so %#lx cannot be reached", r->base);
	if (len == 0)
		return 0; /* same addresses on both sides */
	err = child_cells(d, bus, &c);
	if (!err)
		err = child_cells(d, d->node[bus].parent, &up);
	if (err)
		return err;
	entry = (c.addr + up.addr + c.size) * 4;
	if (entry == 0 || (uint32_t)len % entry != 0) {
		return dt_fail(d, bus, "ranges",
			       "is %d bytes long, must be a multiple of %u",
			       len, (unsigned)entry);
	}
	for (uint32_t i = (uint32_t)len / entry; i; i--) {
		uint64_t child = dt_take(&p, c.addr);
		uint64_t parent = dt_take(&p, up.addr);
		uint64_t size = dt_take(&p, c.size);

		if (range_within(r->base, r->size, child, size)) {
			r->base = r->base - child + parent;
			return 0;
		}
	}
	return dt_fail(d, bus, "ranges", "does not cover %#lx", r->base);
}

int dt_reg(const struct dt *d, uint32_t n, uint32_t idx, struct dt_range *r)
{
	const uint32_t *p = NULL;
	struct cells c = {0};
	uint32_t count = 0;
	int err = reg_prop(d, n, &p, &c, &count);

	if (err)
		return err;
	if (idx >= count)
		return dt_fail(d, n, "reg", "has no entry %u", (unsigned)idx);
	p += (size_t)idx * (c.addr + c.size);
	r->base = dt_take(&p, c.addr);
	r->size = dt_take(&p, c.size);
	for (uint32_t bus = d->node[n].parent; !err && bus && bus != DT_NONE;
	     bus = d->node[bus].parent)
		err = through_ranges(d, bus, r);
	if (!err && r->size && range_bad(r->base, r->size))
		err = dt_fail(d, n, "reg", "%#lx + %#lx wraps", r->base,
			      r->size);
	return err;
}

/* interrupt-parent of the node or of the nearest ancestor that has one. */
static int irq_parent(const struct dt *d, uint32_t n, uint32_t *phandle)
{
	uint32_t at = n;

	while (at != DT_NONE && !dt_has(d, at, "interrupt-parent"))
		at = d->node[at].parent;
	if (at == DT_NONE)
		return dt_fail(d, n, "interrupt-parent", "missing");
	return dt_u32(d, at, "interrupt-parent", phandle);
}

static int irq_cells(const struct dt *d, uint32_t gic, uint32_t *cells)
{
	int err = dt_u32(d, gic, "#interrupt-cells", cells);

	if (!err && (*cells < 3 || *cells > 4))
		err = dt_fail(d, gic, "#interrupt-cells", "%u is not 3 or 4",
			      (unsigned)*cells);
	return err;
}

static int to_intid(const struct dt *d, uint32_t n, const uint32_t *spec,
		    uint32_t *intid)
{
	uint32_t type = dt_cell(&spec[0]);
	uint32_t number = dt_cell(&spec[1]);

	if (type >= ARRAY_SIZE(gic_types) || number >= gic_types[type].nr) {
		return dt_fail(d, n, "interrupts",
			       "type %u number %u is no GIC interrupt",
			       (unsigned)type, (unsigned)number);
	}
	*intid = gic_types[type].first + number;
	return 0;
}

int dt_irq(const struct dt *d, uint32_t n, uint32_t idx, uint32_t gic,
	   uint32_t *intid)
{
	uint32_t phandle = 0, cells = 0;
	int len = 0;
	const uint32_t *spec = dt_prop(d, n, "interrupts", &len);
	int err;

	if (!spec)
		return dt_fail(d, n, "interrupts", "missing");
	err = irq_parent(d, n, &phandle);
	if (!err)
		err = irq_cells(d, gic, &cells);
	if (err)
		return err;
	if (phandle != d->node[gic].phandle)
		return dt_fail(d, n, "interrupt-parent", "is not the GIC");
	if ((uint32_t)len % (cells * 4) != 0 ||
	    idx >= (uint32_t)len / (cells * 4)) {
		return dt_fail(d, n, "interrupts",
			       "is %d bytes long, entry %u wanted", len,
			       (unsigned)idx);
	}
	return to_intid(d, n, spec + (size_t)idx * cells, intid);
}
