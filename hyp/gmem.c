/*
 * Guest memory: look-up, copies, and RAM that is there from the beginning; the
 * contract is in gmem.h. What comes on demand is gmem_demand.c's.
 *
 * RAM is an array of extents sorted by IPA. An access looks its extent up by
 * bisection, without a branch that depends on the data and without a cache
 * that CPUs would share; with one extent, the usual case for RAM of a power of
 * two, that is one compare. The array lives in a block of its own, which is
 * exchanged for one of twice the size when it is full. For an extent on demand
 * the first look says "no byte of it is here", so that the way of all others
 * does not have to ask.
 *
 * Callers and locks: gmem.h.
 * Plinth's own: docs/design/05-stage2.md.
 */
#include <errno.h>
#include <string.h>

#include <base/bits.h>
#include <base/panic.h>

#include <arch/aarch64/stage2.h>

#include <hyp/gmem_demand.h>

static uint64_t order_size(unsigned order)
{
	return PAGE_SIZE << order;
}

/* ---- look-up ---- */

/* The way of every descriptor and small buffer stays a leaf function. */
#define HOT  static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline, cold))

/* The last extent that begins at or below `at`, or the first; not if empty. */
HOT const struct gmem_extent *extent_near(const struct gmem *m, uint64_t at)
{
	const struct gmem_extent *e = m->extents;
	unsigned n = m->nr_extents, half;

	for (; n > 1; n -= half) {
		half = n / 2;
		e += e[half].ipa.v <= at ? half : 0;
	}
	return e;
}

/* The host memory from `at` to the end of that extent; none where that comes
 * on demand. */
HOT struct gmem_span span_in(const struct gmem_extent *e, uint64_t at)
{
	uint64_t size = order_size(e->order);
	uint64_t off = at - e->ipa.v; /* huge when `at` lies below */

	if (off >= size)
		return (struct gmem_span){NULL, 0};
	return (struct gmem_span){hpa_ptr(hpa_add(e->hpa, off)), size - off};
}

HOT struct gmem_span span_at(const struct gmem *m, uint64_t at)
{
	if (!m->nr_extents)
		return (struct gmem_span){NULL, 0};
	return span_in(extent_near(m, at), at);
}

/* 1 <= len <= the span's length, in one compare; false outside RAM. */
HOT bool span_holds(struct gmem_span s, uint64_t len)
{
	return len - 1 < s.len;
}

/* Bytes of `e` from `at` on; 0: it is not there. */
HOT uint64_t left_in(const struct gmem_extent *e, uint64_t at)
{
	uint64_t off = at - e->ipa.v, size = gmem_extent_size(e);

	return off < size ? size - off : 0;
}

const struct gmem_extent *gmem_extent_at(const struct gmem *m, ipa_t at)
{
	const struct gmem_extent *e;

	if (!m->nr_extents)
		return NULL;
	e = extent_near(m, at.v);
	return left_in(e, at.v) ? e : NULL;
}

bool gmem_contains(const struct gmem *m, ipa_t at, uint64_t len)
{
	const struct gmem_extent *e;
	uint64_t left = 0;

	for (; (e = gmem_extent_at(m, at)); at.v += left, len -= left) {
		left = left_in(e, at.v);
		if (len <= left)
			return len != 0;
	}
	return false;
}

/*
 * The first host piece of [at, at + len), which lies in RAM; none when a page
 * that it needs cannot be had.
 */
static struct gmem_span span_first(struct gmem *m, ipa_t at, uint64_t len,
				   enum gmem_access access)
{
	const struct gmem_extent *e = gmem_extent_at(m, at);
	struct gmem_span s;

	ASSERT(e);
	if (gmem_on_demand(e)) {
		len = min_u64(len, left_in(e, at.v));
		s = gmem_demand_span(m, e, at, len, access);
	} else {
		s = span_at(m, at.v);
	}
	s.len = min_u64(s.len, len);
	return s;
}

COLD void *ptr_across(struct gmem *m, ipa_t at, uint64_t *len,
		      enum gmem_access access)
{
	struct gmem_span s;

	if (!gmem_contains(m, at, *len))
		return NULL;
	s = span_first(m, at, *len, access);
	*len = s.len;
	return s.p;
}

/* What is not at hand: it comes on demand in the extent nearest to it, or is
 * across extents, or is no RAM. */
static __attribute__((noinline)) void *
ptr_on_demand(struct gmem *m, ipa_t at, uint64_t *len, enum gmem_access access,
	      const struct gmem_extent *e)
{
	struct gmem_span s;

	if (!gmem_on_demand(e) || *len - 1 >= left_in(e, at.v))
		return ptr_across(m, at, len, access);
	s = gmem_demand_span(m, e, at, *len, access);
	*len = min_u64(*len, s.len);
	return s.p;
}

void *gmem_ptr(struct gmem *m, ipa_t at, uint64_t *len, enum gmem_access access)
{
	const struct gmem_extent *e;
	struct gmem_span s;

	if (!m->nr_extents)
		return NULL;
	e = extent_near(m, at.v);
	s = span_in(e, at.v);
	return span_holds(s, *len) ? s.p : ptr_on_demand(m, at, len, access, e);
}

/*
 * All of the extent, or where that comes on demand, from the start of the page
 * on.
 */
void *gmem_window_move(struct gmem *m, struct gmem_window *w, ipa_t at,
		       uint64_t len)
{
	const struct gmem_extent *e = gmem_extent_at(m, at);
	ipa_t from;
	struct gmem_span s;

	if (!e || len - 1 >= left_in(e, at.v))
		return NULL;
	if (gmem_on_demand(e)) {
		from.v = align_down(at.v, PAGE_SIZE);
		len += at.v - from.v;
		s = gmem_demand_span(m, e, from, len, GMEM_WRITE);
		s.len = min_u64(s.len, left_in(e, from.v));
	} else {
		from = e->ipa;
		len = gmem_extent_size(e);
		s = span_in(e, from.v);
	}
	if (s.len < len)
		return NULL;
	*w = (struct gmem_window){from, s.len, (uint8_t *)s.p};
	return w->host + (at.v - from.v);
}

const void *gmem_peek(const struct gmem *m, ipa_t at, uint64_t *len)
{
	struct gmem_span s = span_at(m, at.v);

	if (!s.p && gmem_extent_at(m, at))
		s = gmem_demand_look(m, at, GMEM_READ);
	*len = min_u64(*len, s.len);
	return s.p;
}

/* ---- copies ---- */

COLD int read_across(struct gmem *m, ipa_t at, char *dst, uint64_t len)
{
	struct gmem_span s;

	if (!len)
		return 0;
	if (!gmem_contains(m, at, len))
		return -EFAULT;
	for (; len; len -= s.len, dst += s.len, at.v += s.len) {
		s = span_first(m, at, len, GMEM_READ);
		if (!s.p)
			return -ENOMEM;
		memcpy(dst, s.p, s.len);
	}
	return 0;
}

int gmem_read(struct gmem *m, ipa_t at, void *dst, uint64_t len)
{
	struct gmem_span s = span_at(m, at.v);

	if (!span_holds(s, len))
		return read_across(m, at, dst, len);
	memcpy(dst, s.p, len);
	return 0;
}

COLD int write_across(struct gmem *m, ipa_t at, const char *src, uint64_t len)
{
	struct gmem_span s;

	if (!len)
		return 0;
	if (!gmem_contains(m, at, len))
		return -EFAULT;
	for (; len; len -= s.len, src += s.len, at.v += s.len) {
		s = span_first(m, at, len, GMEM_WRITE);
		if (!s.p)
			return -ENOMEM;
		memcpy(s.p, src, s.len);
	}
	return 0;
}

int gmem_write(struct gmem *m, ipa_t at, const void *src, uint64_t len)
{
	struct gmem_span s = span_at(m, at.v);

	if (!span_holds(s, len))
		return write_across(m, at, src, len);
	memcpy(s.p, src, len);
	return 0;
}

/* One piece of an image, into memory that is written. */
static int load_piece(struct gmem *m, ipa_t at, const char *src, uint64_t *len)
{
	struct gmem_span s = span_first(m, at, *len, GMEM_WRITE);

	if (!s.p)
		return -ENOMEM;
	memcpy(s.p, src, s.len);
	m->env.sync_to_poc(m->env.ctx, s.p, s.len);
	*len = s.len;
	return 0;
}

int gmem_load(struct gmem *m, ipa_t at, const void *src, uint64_t len)
{
	const char *from = src;
	uint64_t done;
	int err = 0;

	if (len && !gmem_contains(m, at, len))
		return -EFAULT;
	for (; !err && len; len -= done, at.v += done, from += done) {
		done = gmem_demand_restore(m, at, from, len);
		if (done)
			continue;
		done = len;
		err = load_piece(m, at, from, &done);
	}
	return err;
}

static void extents_zero(struct gmem *m, unsigned from, unsigned to)
{
	unsigned i;

	for (i = from; i < to; i++) {
		uint64_t size = order_size(m->extents[i].order);
		void *p = hpa_ptr(m->extents[i].hpa);

		memset(p, 0, size);
		m->env.sync_to_poc(m->env.ctx, p, size);
	}
}

void gmem_reset(struct gmem *m)
{
	for (unsigned i = 0; i < m->nr_extents; i++) {
		if (gmem_on_demand(&m->extents[i]))
			gmem_demand_drop(m, &m->extents[i]);
		else
			extents_zero(m, i, i + 1);
	}
}

void gmem_sync(struct gmem *m)
{
	for (unsigned i = 0; i < m->nr_extents; i++) {
		const struct gmem_extent *e = &m->extents[i];

		if (gmem_on_demand(e))
			gmem_demand_sync(m, e);
		else
			m->env.sync_to_poc(m->env.ctx, hpa_ptr(e->hpa),
					   order_size(e->order));
	}
}

/* ---- ranges ---- */

void gmem_init(struct gmem *m, const struct gmem_env *env, struct s2 *s2)
{
	*m = (struct gmem){.env = *env, .s2 = s2};
}

/* Room for one extent more. */
static int extents_grow(struct gmem *m)
{
	unsigned order = m->extents ? m->extents_order + 1 : 0;
	struct gmem_extent *bigger;

	if (m->nr_extents < m->cap_extents)
		return 0;
	bigger = m->env.block_alloc(m->env.ctx, order);
	if (!bigger)
		return -ENOMEM;
	if (m->extents) {
		memcpy(bigger, m->extents, m->nr_extents * sizeof(*bigger));
		m->env.block_free(m->env.ctx, m->extents, m->extents_order);
	}
	m->extents = bigger;
	m->extents_order = order;
	m->cap_extents = (unsigned)(order_size(order) / sizeof(*bigger));
	return 0;
}

static void extents_move(struct gmem *m, unsigned from, unsigned to)
{
	if (m->nr_extents > from) {
		memmove(&m->extents[to], &m->extents[from],
			(m->nr_extents - from) * sizeof(*m->extents));
	}
	m->nr_extents = m->nr_extents + to - from;
}

/* The biggest order that `ipa` is aligned to and `size` bytes hold. */
static unsigned order_fitting(uint64_t ipa, uint64_t size, unsigned max)
{
	unsigned order = bit_highest(size >> PAGE_SHIFT);

	if (ipa)
		order = (unsigned)min_u64(order, bit_lowest(ipa) - PAGE_SHIFT);
	return (unsigned)min_u64(order, max);
}

/*
 * One extent at index `at`, for `ipa` and at most `size` bytes. *max is lowered
 * to what the allocator still has, so that each order fails once at most.
 */
static int extent_add(struct gmem *m, unsigned at, ipa_t ipa, uint64_t size,
		      unsigned *max)
{
	unsigned order = order_fitting(ipa.v, size, *max);
	void *block;
	int err = extents_grow(m);

	if (err)
		return err;
	while (!(block = m->env.block_alloc(m->env.ctx, order))) {
		if (!order)
			return -ENOMEM;
		*max = --order;
	}
	if (m->s2) {
		err = s2_map(m->s2, ipa, hpa_of(block), order_size(order),
			     GMEM_RAM_PROT);
	}
	if (err) {
		m->env.block_free(m->env.ctx, block, order);
		return err;
	}
	extents_move(m, at, at + 1);
	m->extents[at] =
		(struct gmem_extent){ipa, hpa_of(block), order, 1U << order};
	return 0;
}

/* Undo extent_add() for [from, to); unmapping whole extents splits nothing. */
RARE static void extents_drop(struct gmem *m, unsigned from, unsigned to)
{
	unsigned i;

	for (i = from; i < to; i++) {
		const struct gmem_extent *e = &m->extents[i];
		int err = 0;

		if (gmem_on_demand(e))
			continue;
		if (m->s2)
			err = s2_unmap(m->s2, e->ipa, order_size(e->order));
		ASSERT(!err);
		m->env.block_free(m->env.ctx, hpa_ptr(e->hpa), e->order);
	}
	extents_move(m, to, from);
}

/* Where RAM at [base, base + size) belongs; -EEXIST when some is there. */
static int extents_place(const struct gmem *m, uint64_t base, uint64_t size,
			 unsigned *at)
{
	unsigned i;

	for (i = 0; i < m->nr_extents; i++) {
		const struct gmem_extent *e = &m->extents[i];

		if (ranges_overlap(base, size, e->ipa.v, gmem_extent_size(e)))
			return -EEXIST;
		if (e->ipa.v > base)
			break;
	}
	*at = i;
	return 0;
}

static bool range_bad_ram(uint64_t base, uint64_t size)
{
	return !size || !is_aligned(base | size, PAGE_SIZE) ||
	       !range_within(base, size, 0, BIT(52));
}

static int add_eager(struct gmem *m, unsigned first, ipa_t base, uint64_t size)
{
	unsigned at, max = m->env.max_order;
	uint64_t done = 0;
	int err;

	for (at = first; done < size; at++) {
		err = extent_add(m, at, ipa_add(base, done), size - done, &max);
		if (err) {
			extents_drop(m, first, at);
			return err;
		}
		done += order_size(m->extents[at].order);
	}
	extents_zero(m, first, at);
	return 0;
}

RARE static int add_on_demand(struct gmem *m, unsigned at, ipa_t base,
			      uint64_t size, hpa_t image)
{
	int err;

	if (!m->s2 || size >> PAGE_SHIFT > UINT32_MAX)
		return -EINVAL;
	err = s2_check_free(m->s2, base, size);
	if (!err)
		err = extents_grow(m);
	if (err)
		return err;
	extents_move(m, at, at + 1);
	m->extents[at] = (struct gmem_extent){base, image, GMEM_ON_DEMAND,
					      (uint32_t)(size >> PAGE_SHIFT)};
	return 0;
}

RARE int gmem_add(struct gmem *m, ipa_t base, uint64_t size,
		  enum gmem_policy policy)
{
	unsigned at;
	int err;

	if ((policy != GMEM_EAGER && policy != GMEM_FIRST_TOUCH) ||
	    range_bad_ram(base.v, size))
		return -EINVAL;
	err = extents_place(m, base.v, size, &at);
	if (err)
		return err;
	if (policy == GMEM_EAGER)
		return add_eager(m, at, base, size);
	return add_on_demand(m, at, base, size, (hpa_t){GMEM_ZEROES});
}

RARE int gmem_add_image(struct gmem *m, ipa_t base, uint64_t size, hpa_t image)
{
	unsigned at;
	int err;

	if (range_bad_ram(base.v, size) || range_bad_ram(image.v, size))
		return -EINVAL;
	err = extents_place(m, base.v, size, &at);
	return err ? err : add_on_demand(m, at, base, size, image);
}

RARE struct gmem_usage gmem_usage(struct gmem *m)
{
	struct gmem_usage u = {0};

	for (unsigned i = 0; i < m->nr_extents; i++) {
		const struct gmem_extent *e = &m->extents[i];

		u.ram += e->nr_pages;
		if (!gmem_on_demand(e))
			u.own += e->nr_pages;
		else if (e->hpa.v != GMEM_ZEROES)
			u.image += e->nr_pages;
	}
	spin_lock(&m->lock);
	u.own += m->nr_touched;
	u.shared = u.image - m->nr_copied;
	u.tables = m->s2 ? s2_nr_tables(m->s2) : 0;
	spin_unlock(&m->lock);
	return u;
}

void gmem_destroy(struct gmem *m)
{
	struct gmem_env env = m->env;

	for (unsigned i = 0; i < m->nr_extents; i++)
		if (gmem_on_demand(&m->extents[i]))
			gmem_demand_free(m, &m->extents[i]);
	m->s2 = NULL;
	extents_drop(m, 0, m->nr_extents);
	if (m->extents)
		m->env.block_free(m->env.ctx, m->extents, m->extents_order);
	gmem_init(m, &env, NULL);
}

int gmem_walk(struct gmem *m, ipa_t at, struct s2_walk *w)
{
	int err;

	spin_lock(&m->lock);
	err = m->s2 ? s2_walk(m->s2, at, w) : -EINVAL;
	spin_unlock(&m->lock);
	return err;
}
