/*
 * Guest memory that comes on demand; contracts in gmem.h and gmem_demand.h.
 *
 * A page of RAM that begins as zeroes comes with the chunk around it, so that a
 * guest pays one fault for sixteen pages and a device finds its buffers in one
 * piece; where memory is promised to this VM alone, with 2 MiB. A page of an
 * image is mapped with all of the 2 MiB around it, in one block where image and
 * IPA are aligned alike, and is copied alone. A page is complete, and
 * out of the caches, before an entry leads to it.
 *
 * Whoever only looks reads the tables without the lock: no table is freed
 * while vCPUs run, and an entry that is invalid, be it for the moment of a
 * break-before-make, sends him to the lock.
 *
 * Leaves out: giving pages back that the guest uses no more.
 * Callers and locks: gmem.h. Arm ARM DDI 0487, "Using break-before-make when
 * updating translation table entries".
 */
#include <errno.h>
#include <string.h>

#include <base/bits.h>
#include <base/panic.h>

#include <hyp/gmem_demand.h>

#define WINDOW MIB(2) /* of an image, mapped at once */

static uint64_t order_size(unsigned order)
{
	return PAGE_SIZE << order;
}

static bool is_image(const struct gmem_extent *e)
{
	return e->hpa.v != GMEM_ZEROES;
}

/* The walk's leaf allows it. */
static bool allows(const struct s2_walk *w, enum gmem_access access)
{
	return w->prot & (access == GMEM_WRITE ? PGT_W : PGT_R);
}

/* ---- pages come ---- */

/* The aligned 2^order pages around `at`, when they are in e. */
static bool window_in(const struct gmem_extent *e, uint64_t at, unsigned order,
		      ipa_t *base)
{
	base->v = align_down(at, order_size(order));
	return range_within(base->v, order_size(order), e->ipa.v,
			    gmem_extent_size(e));
}

/* Nothing is mapped in them either: `w` is what a walk to one of them saw. */
static bool window_empty(const struct s2_walk *w, unsigned order)
{
	const struct pgt_step *last = &w->trace.step[PGT_LAST_LEVEL];
	unsigned first = last->idx & ~((1U << order) - 1);

	if (w->trace.size >= order_size(order))
		return true;
	if (order == GMEM_BLOCK_ORDER)
		return false; /* it would not become one block */
	for (unsigned i = 0; i < 1U << order; i++)
		if (last->table[first + i])
			return false;
	return true;
}

static void *zeroed_block(struct gmem *m, unsigned order)
{
	void *block = m->env.block_alloc(m->env.ctx, order);

	if (!block)
		return NULL;
	memset(block, 0, order_size(order));
	m->env.sync_to_poc(m->env.ctx, block, order_size(order));
	return block;
}

/* 2^order pages of zeroes at `base`. Blocks of less than a table's worth are
 * given back page by page. */
static int add_zeroes(struct gmem *m, ipa_t base, unsigned order)
{
	void *block = zeroed_block(m, order);
	int err;

	if (!block)
		return -ENOMEM;
	err = s2_map(m->s2, base, hpa_of(block), order_size(order),
		     GMEM_RAM_PROT);
	if (err) {
		m->env.block_free(m->env.ctx, block, order);
		return err;
	}
	if (order && order < GMEM_BLOCK_ORDER)
		m->env.block_split(m->env.ctx, block, order);
	m->nr_touched += 1U << order;
	return 0;
}

static int populate(struct gmem *m, const struct gmem_extent *e, uint64_t at,
		    unsigned max, const struct s2_walk *w)
{
	static const unsigned orders[] = {GMEM_BLOCK_ORDER, GMEM_CHUNK_ORDER,
					  0};
	int err = -ENOMEM;
	ipa_t base;

	for (unsigned i = 0; i < ARRAY_SIZE(orders) && err == -ENOMEM; i++) {
		if (orders[i] <= max && window_in(e, at, orders[i], &base) &&
		    window_empty(w, orders[i]))
			err = add_zeroes(m, base, orders[i]);
	}
	return err;
}

/* The image's pages around `at`, as they are. */
static int map_image(struct gmem *m, const struct gmem_extent *e, uint64_t at)
{
	uint64_t base = max_u64(align_down(at, WINDOW), e->ipa.v);
	uint64_t end = min_u64(align_down(at, WINDOW) + WINDOW,
			       e->ipa.v + gmem_extent_size(e));
	hpa_t from = hpa_add(e->hpa, base - e->ipa.v);

	/* The boot loader may have left it in caches. */
	m->env.sync_to_poc(m->env.ctx, hpa_ptr(from), end - base);
	return s2_map(m->s2, (ipa_t){base}, from, end - base, GMEM_IMAGE_PROT);
}

static int copy_page(struct gmem *m, uint64_t at, hpa_t image)
{
	void *page = m->env.block_alloc(m->env.ctx, 0);
	int err;

	if (!page)
		return -ENOMEM;
	memcpy(page, hpa_ptr(image), PAGE_SIZE);
	m->env.sync_to_poc(m->env.ctx, page, PAGE_SIZE);
	err = s2_remap(m->s2, (ipa_t){at}, hpa_of(page), GMEM_RAM_PROT);
	if (err) {
		m->env.block_free(m->env.ctx, page, 0);
		return err;
	}
	m->nr_touched++;
	m->nr_copied++;
	return 0;
}

/* What another CPU has done meanwhile is done. */
static int touch_locked(struct gmem *m, const struct gmem_extent *e,
			uint64_t at, enum gmem_access access, unsigned order)
{
	struct s2_walk w;
	int err = s2_walk(m->s2, (ipa_t){at}, &w);

	m->touched = true;
	if (err && !is_image(e))
		return populate(m, e, at, order, &w);
	if (err) {
		err = map_image(m, e, at);
		if (!err)
			err = s2_walk(m->s2, (ipa_t){at}, &w);
	}
	return err || allows(&w, access) ? err : copy_page(m, at, w.hpa);
}

static int touch(struct gmem *m, const struct gmem_extent *e, ipa_t at,
		 enum gmem_access access, unsigned order)
{
	int err;

	spin_lock(&m->lock);
	err = touch_locked(m, e, align_down(at.v, PAGE_SIZE), access, order);
	spin_unlock(&m->lock);
	if (err && m->env.exhausted)
		m->env.exhausted(m->env.ctx);
	return err;
}

int gmem_touch(struct gmem *m, ipa_t at, enum gmem_access access)
{
	const struct gmem_extent *e = gmem_extent_at(m, at);

	if (!e)
		return -EFAULT;
	return gmem_on_demand(e) ? touch(m, e, at, access, m->env.touch_order)
				 : 0;
}

/* ---- what is there ---- */

/* Host memory at `at` as far as it goes in one piece, which may be less than
 * the bytes wanted, or more. */
static inline struct gmem_span look(const struct gmem *m, ipa_t at,
				    uint64_t want, enum gmem_access access)
{
	struct s2_run r = s2_find(m->s2, at, access == GMEM_WRITE, want);

	if (!r.len)
		return (struct gmem_span){NULL, 0};
	return (struct gmem_span){hpa_ptr(r.at), r.len};
}

struct gmem_span gmem_demand_look(const struct gmem *m, ipa_t at,
				  enum gmem_access access)
{
	return look(m, at, 1, access);
}

/* The same where a page may have to come first. It is there then, but another
 * CPU may just be changing a neighbour of its run: once for each of them. */
static struct gmem_span take(struct gmem *m, const struct gmem_extent *e,
			     ipa_t at, uint64_t want, enum gmem_access access)
{
	struct gmem_span s = look(m, at, want, access);

	for (unsigned n = 0; !s.p && n < PGT_RUN_ENTRIES; n++) {
		if (touch(m, e, at, access, GMEM_CHUNK_ORDER))
			break;
		s = look(m, at, want, access);
	}
	return s;
}

/* In several looks. */
static __attribute__((noinline)) struct gmem_span
take_all(struct gmem *m, const struct gmem_extent *e, ipa_t at, uint64_t want,
	 enum gmem_access access)
{
	struct gmem_span s = take(m, e, at, want, access);

	while (s.p && s.len < want) {
		struct gmem_span next =
			take(m, e, ipa_add(at, s.len), want - s.len, access);

		if (next.p != s.p + s.len)
			break;
		s.len += next.len;
	}
	return s;
}

struct gmem_span gmem_demand_span(struct gmem *m, const struct gmem_extent *e,
				  ipa_t at, uint64_t want,
				  enum gmem_access access)
{
	struct gmem_span s = look(m, at, want, access);

	if (s.len >= want)
		return s;
	return take_all(m, e, at, want, access);
}

/* ---- pages go ---- */

/* Calls fn for every page or block of the VM's own. */
static void each_own(struct gmem *m, const struct gmem_extent *e,
		     void (*fn)(struct gmem *m, void *block, unsigned order))
{
	uint64_t at = e->ipa.v, end = at + gmem_extent_size(e);
	struct s2_walk w;

	for (; at < end; at = align_down(at, w.trace.size) + w.trace.size) {
		if (s2_walk(m->s2, (ipa_t){at}, &w) || !(w.prot & PGT_W))
			continue;
		fn(m, hpa_ptr(w.hpa),
		   w.trace.level == PGT_LAST_LEVEL ? 0 : GMEM_BLOCK_ORDER);
	}
}

static void free_one(struct gmem *m, void *block, unsigned order)
{
	m->env.block_free(m->env.ctx, block, order);
	m->nr_touched -= 1U << order;
}

static void sync_one(struct gmem *m, void *block, unsigned order)
{
	m->env.sync_to_poc(m->env.ctx, block, order_size(order));
}

void gmem_demand_free(struct gmem *m, const struct gmem_extent *e)
{
	uint64_t before = m->nr_touched;

	each_own(m, e, free_one);
	if (is_image(e))
		m->nr_copied -= before - m->nr_touched;
}

/* No vCPU runs that could reach a page between its end and its mapping's. */
RARE void gmem_demand_drop(struct gmem *m, const struct gmem_extent *e)
{
	int err = 0;

	spin_lock(&m->lock);
	if (m->touched) { /* not so at a VM's first start */
		gmem_demand_free(m, e);
		err = s2_unmap(m->s2, e->ipa, gmem_extent_size(e));
	}
	spin_unlock(&m->lock);
	ASSERT(!err); /* whole leaves: nothing is split */
}

void gmem_demand_sync(struct gmem *m, const struct gmem_extent *e)
{
	each_own(m, e, sync_one);
}

uint64_t gmem_demand_restore(struct gmem *m, ipa_t at, const void *src,
			     uint64_t len)
{
	const struct gmem_extent *e = gmem_extent_at(m, at);

	if (!e || !gmem_on_demand(e) || e->ipa.v != at.v ||
	    e->hpa.v != hpa_of(src).v || len < gmem_extent_size(e))
		return 0;
	gmem_demand_drop(m, e);
	return gmem_extent_size(e);
}

/* ---- how much ---- */

/* Entries of 2^shift bytes that hold a part of e. */
static uint64_t nr_entries(const struct gmem_extent *e, unsigned shift)
{
	return ((e->ipa.v + gmem_extent_size(e) - 1) >> shift) -
	       (e->ipa.v >> shift) + 1;
}

uint64_t gmem_demand_max(const struct gmem *m)
{
	uint64_t nr = 0;

	for (unsigned i = 0; i < m->nr_extents; i++) {
		const struct gmem_extent *e = &m->extents[i];

		if (gmem_on_demand(e)) {
			nr += e->nr_pages + nr_entries(e, 21) +
			      nr_entries(e, 30) + nr_entries(e, 39);
		}
	}
	return nr;
}
