/* Stand-in of guest memory for tests: the contract of hyp/gmem.h, by search. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/gmem.h>

void gmem_init(struct gmem *m, const struct gmem_env *env, struct s2 *s2)
{
	*m = (struct gmem){.env = *env, .s2 = s2};
}

int gmem_add(struct gmem *m, ipa_t base, uint64_t size, enum gmem_policy policy)
{
	uint64_t step = PAGE_SIZE << m->env.max_order;

	(void)policy;
	for (uint64_t at = 0; at < size; at += step) {
		struct gmem_extent *e;

		m->extents = realloc(m->extents,
				     (m->nr_extents + 1) * sizeof(*m->extents));
		e = &m->extents[m->nr_extents++];
		*e = (struct gmem_extent){
			.ipa = ipa_add(base, at),
			.hpa = hpa_of(m->env.block_alloc(m->env.ctx,
							 m->env.max_order)),
			.order = m->env.max_order,
		};
		memset(hpa_ptr(e->hpa), 0, step);
	}
	return 0;
}

static const struct gmem_extent *find(const struct gmem *m, ipa_t at)
{
	for (unsigned i = 0; i < m->nr_extents; i++) {
		const struct gmem_extent *e = &m->extents[i];

		if (at.v >= e->ipa.v &&
		    at.v - e->ipa.v < (PAGE_SIZE << e->order))
			return e;
	}
	return NULL;
}

bool gmem_contains(const struct gmem *m, ipa_t at, uint64_t len)
{
	if (range_bad(at.v, len))
		return false;
	for (;;) {
		const struct gmem_extent *e = find(m, at);
		uint64_t n;

		if (!e)
			return false;
		n = (PAGE_SIZE << e->order) - (at.v - e->ipa.v);
		if (n >= len)
			return true;
		at.v += n;
		len -= n;
	}
}

void *gmem_ptr(struct gmem *m, ipa_t at, uint64_t *len, enum gmem_access access)
{
	const struct gmem_extent *e;
	uint64_t off;

	(void)access;
	if (!gmem_contains(m, at, *len))
		return NULL;
	e = find(m, at);
	off = at.v - e->ipa.v;
	*len = min_u64(*len, (PAGE_SIZE << e->order) - off);
	return (uint8_t *)hpa_ptr(e->hpa) + off;
}

int gmem_read(struct gmem *m, ipa_t at, void *dst, uint64_t len)
{
	uint8_t *to = dst;

	if (len && !gmem_contains(m, at, len))
		return -EFAULT;
	while (len) {
		uint64_t n = len;
		void *p = gmem_ptr(m, at, &n, GMEM_READ);

		memcpy(to, p, n);
		to += n;
		at.v += n;
		len -= n;
	}
	return 0;
}

int gmem_write(struct gmem *m, ipa_t at, const void *src, uint64_t len)
{
	const uint8_t *from = src;

	if (len && !gmem_contains(m, at, len))
		return -EFAULT;
	while (len) {
		uint64_t n = len;
		void *p = gmem_ptr(m, at, &n, GMEM_WRITE);

		memcpy(p, from, n);
		from += n;
		at.v += n;
		len -= n;
	}
	return 0;
}

void gmem_destroy(struct gmem *m)
{
	for (unsigned i = 0; i < m->nr_extents; i++)
		m->env.block_free(m->env.ctx, hpa_ptr(m->extents[i].hpa),
				  m->extents[i].order);
	free(m->extents);
	m->extents = NULL;
	m->nr_extents = 0;
}
