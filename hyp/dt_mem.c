/*
 * RAM and reserved ranges of a device tree, host's or guest's, as ascending
 * lists of disjoint ranges.
 *
 * Leaves out: reserved-memory that is still to be placed (`size` without
 * reg), NUMA distances, hot-pluggable memory.
 * Specification: Devicetree Specification 0.4, /memory, /reserved-memory,
 * memory reservation block.
 * Called by boot/platform.c and hyp/vm_dt_parse.c. No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/arena.h>
#include <hyp/dt_hw.h>

/* A list under construction: filled in tree order, then sorted. */
struct list {
	struct dt_ranges *out;
	unsigned room;
};

static bool is_memory(const struct dt *d, uint32_t n)
{
	int len = 0;
	const char *type = dt_prop(d, n, "device_type", &len);

	return type && len == 7 && memcmp(type, "memory", 7) == 0 &&
	       dt_enabled(d, n);
}

static int list_init(const struct dt *d, struct arena *a, struct list *l,
		     uint64_t room)
{
	l->room = (unsigned)room;
	*l->out = (struct dt_ranges){
		.r = arena_array(a, room, sizeof(struct dt_range),
				 _Alignof(struct dt_range)),
	};
	return l->out->r ? 0 : dt_nomem(d);
}

static void list_add(struct list *l, struct dt_range r)
{
	if (r.size && l->out->nr < l->room)
		l->out->r[l->out->nr++] = r;
}

/* Restores the heap (greatest base on top) of nr ranges below number i. */
static void sift_down(struct dt_range *r, unsigned i, unsigned nr)
{
	for (unsigned child; (child = 2 * i + 1) < nr; i = child) {
		struct dt_range top = r[i];

		if (child + 1 < nr && r[child + 1].base > r[child].base)
			child++;
		if (r[child].base <= top.base)
			return;
		r[i] = r[child];
		r[child] = top;
	}
}

/* Heap sort: in place, and no order of the tree's makes it slow. */
static void list_sort(struct list *l)
{
	struct dt_range *r = l->out->r;

	for (unsigned i = l->out->nr / 2; i-- > 0;)
		sift_down(r, i, l->out->nr);
	for (unsigned nr = l->out->nr; nr > 1; nr--) {
		struct dt_range greatest = r[0];

		r[0] = r[nr - 1];
		r[nr - 1] = greatest;
		sift_down(r, 0, nr - 1);
	}
}

/* Sorts and joins what touches; true when two of them overlapped. Ranges do
 * not wrap, so their last bytes are comparable. */
static bool list_merge(struct list *l)
{
	struct dt_range *r = l->out->r;
	bool overlap = false;
	unsigned kept = 0;

	list_sort(l);
	for (unsigned i = 1; i < l->out->nr; i++) {
		uint64_t last = r[kept].base + (r[kept].size - 1);

		if (r[i].base > last && r[i].base - last > 1) {
			r[++kept] = r[i];
			continue;
		}
		overlap |= r[i].base <= last;
		last = max_u64(last, r[i].base + (r[i].size - 1));
		/* All of the 2^64 bytes at once are no size. */
		r[kept].size =
			max_u64(last - r[kept].base + 1, last - r[kept].base);
	}
	if (l->out->nr)
		l->out->nr = kept + 1;
	return overlap;
}

static int add_regs(const struct dt *d, uint32_t n, struct list *l)
{
	struct dt_range r;
	uint32_t count;
	int err = dt_reg_count(d, n, &count);

	for (uint32_t i = 0; !err && i < count; i++) {
		err = dt_reg(d, n, i, &r);
		if (!err)
			list_add(l, r);
	}
	return err;
}

/* The reg entries of all RAM nodes together. */
static int count_memory(const struct dt *d, uint64_t *total)
{
	uint32_t count;
	int err = 0;

	*total = 0;
	for (uint32_t n = 0; !err && n < d->nr_nodes; n++) {
		if (!is_memory(d, n))
			continue;
		err = dt_reg_count(d, n, &count);
		if (!err)
			*total += count;
	}
	return err;
}

int dt_hw_memory(const struct dt *d, struct arena *a, struct dt_ranges *out)
{
	struct list l = {.out = out};
	uint64_t total;
	int err = count_memory(d, &total);

	if (!err)
		err = list_init(d, a, &l, total);
	for (uint32_t n = 0; !err && n < d->nr_nodes; n++)
		if (is_memory(d, n))
			err = add_regs(d, n, &l);
	if (!err && out->nr == 0)
		err = dt_fail(d, DT_ROOT, NULL, "no node memory with RAM");
	if (!err && list_merge(&l))
		err = dt_fail(d, DT_ROOT, NULL, "nodes memory overlap");
	return err;
}

/* ------------------------------------------------------- reserved ranges */

static bool is_reserved(const struct dt *d, uint32_t n)
{
	return dt_has(d, n, "reg") && dt_enabled(d, n);
}

static int count_reserved(const struct dt *d, uint32_t parent, uint64_t *total)
{
	uint32_t n, count;
	int err = 0;

	*total = 0;
	if (parent == DT_NONE)
		return 0;
	for (n = dt_first_child(d, parent); !err && n != DT_NONE;
	     n = dt_next_sibling(d, n)) {
		if (!is_reserved(d, n))
			continue;
		err = dt_reg_count(d, n, &count);
		if (!err)
			*total += count;
	}
	return err;
}

static int add_reserved_nodes(const struct dt *d, uint32_t parent,
			      struct list *l)
{
	uint32_t n;
	int err = 0;

	if (parent == DT_NONE)
		return 0;
	for (n = dt_first_child(d, parent); !err && n != DT_NONE;
	     n = dt_next_sibling(d, n))
		if (is_reserved(d, n))
			err = add_regs(d, n, l);
	return err;
}

static int add_reservation_block(const struct dt *d, struct list *l)
{
	int nr = fdt_num_mem_rsv(d->fdt);
	struct dt_range r;

	for (int i = 0; i < nr; i++) {
		if (fdt_get_mem_rsv(d->fdt, i, &r.base, &r.size))
			return -EINVAL;
		if (r.size && range_bad(r.base, r.size)) {
			return dt_fail(d, DT_ROOT, NULL,
				       "reservation %#lx + %#lx wraps", r.base,
				       r.size);
		}
		list_add(l, r);
	}
	return 0;
}

int dt_hw_reserved(const struct dt *d, struct arena *a, struct dt_ranges *out)
{
	uint32_t parent = dt_lookup(d, "/reserved-memory", 16);
	struct list l = {.out = out};
	uint64_t total;
	int err = count_reserved(d, parent, &total);

	if (!err)
		err = list_init(d, a, &l,
				total + (uint64_t)fdt_num_mem_rsv(d->fdt));
	if (!err)
		err = add_reservation_block(d, &l);
	if (!err)
		err = add_reserved_nodes(d, parent, &l);
	if (!err)
		(void)list_merge(&l);
	return err;
}
