/*
 * Split virtqueue, device side; virtq.h is the contract.
 *
 * Specification: virtio 1.2 sec. 2.7. Callers: the device models in hyp/vdev,
 * each under its device's lock. The driver on the other side is the enemy: a
 * value from the ring is loaded once (single-copy atomic, so the compiler
 * cannot load it again), checked, and only then used.
 *
 * Left out: VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER, VIRTIO_F_RING_RESET and
 * VIRTIO_F_NOTIFICATION_DATA; none of them is offered.
 */
#include <errno.h>
#include <port/barrier.h>
#include <string.h>

#include <hyp/vdev/virtq.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "ring fields are loaded and stored as they are");
_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2 sec. 2.7.5");

/* Offsets and sizes in bytes, virtio 1.2 sec. 2.7.6 and 2.7.8. */
#define AVAIL_FLAGS         0U
#define AVAIL_IDX           2U
#define AVAIL_RING(i)       (4U + 2U * (uint32_t)(i))
#define AVAIL_USED_EVENT(n) AVAIL_RING(n)
#define AVAIL_SIZE(n)       (6U + 2U * (uint32_t)(n))
#define USED_FLAGS          0U
#define USED_IDX            2U
#define USED_RING(i)        (4U + 8U * (uint32_t)(i))
#define USED_AVAIL_EVENT(n) USED_RING(n)
#define USED_SIZE(n)        (6U + 8U * (uint32_t)(n))
#define DESC_SIZE           16U

/* A descriptor as the two words it is loaded in. */
struct desc {
	uint64_t addr;
	uint64_t rest; /* len, flags, next from bit 0 up */
};

#define DESC_LEN(d)    ((uint32_t)(d).rest)
#define DESC_HAS(d, f) (((d).rest & (uint64_t)(f) << 32) != 0)
#define DESC_NEXT(d)   ((uint16_t)((d).rest >> 48))

#define LIKELY(x) __builtin_expect((x) != 0, 1)
/* Kept out of line, so that the usual way saves no register for it. */
#define COLD      static __attribute__((noinline, cold))

/* A table of descriptors: the queue's own or an indirect one. */
struct table {
	const struct desc *host; /* NULL: read through gmem */
	ipa_t at;
	uint32_t nr;
	bool indirect;
};

/* Bytes of an indirect table that are looked at in one go, as a driver's whole
 * table is; a longer one may be of any length. */
#define TABLE_MAX (DESC_SIZE * 1024U)

/* A chain while it is collected. */
struct walk {
	struct virtq_buf *b;   /* where the next buffer goes */
	struct virtq_buf *in;  /* the first writable one; NULL: none yet */
	uint64_t len;          /* bytes so far */
	uint64_t out_len;      /* bytes before `in` */
	struct virtq_buf *end; /* a descriptor without a byte lowers it */
};

void virtq_init(struct virtq *q, struct gmem *mem, struct virtq_buf *bufs,
		uint16_t max)
{
	*q = (struct virtq){.mem = mem, .bufs = bufs, .max = max};
}

COLD void *field_scattered(const struct virtq *q, const struct virtq_area *a,
			   uint32_t off, uint64_t size)
{
	return gmem_ptr(q->mem, ipa_add(a->at, off), &size, GMEM_WRITE);
}

/*
 * The address of a ring field: aligned to its size, so it never straddles a
 * page and one look-up serves it. NULL when guest memory is gone.
 */
static inline void *field(const struct virtq *q, const struct virtq_area *a,
			  uint32_t off, uint64_t size)
{
	if (LIKELY(a->host))
		return a->host + off;
	return field_scattered(q, a, off, size);
}

static int load16(const struct virtq *q, const struct virtq_area *a,
		  uint32_t off, uint16_t *v)
{
	const uint16_t *p = field(q, a, off, sizeof(*p));

	if (!p)
		return -EFAULT;
	*v = __atomic_load_n(p, __ATOMIC_ACQUIRE);
	return 0;
}

static int store16(const struct virtq *q, const struct virtq_area *a,
		   uint32_t off, uint16_t v)
{
	uint16_t *p = field(q, a, off, sizeof(*p));

	if (!p)
		return -EFAULT;
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
	return 0;
}

static int store32(const struct virtq *q, const struct virtq_area *a,
		   uint32_t off, uint32_t v)
{
	uint32_t *p = field(q, a, off, sizeof(*p));

	if (!p)
		return -EFAULT;
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
	return 0;
}

/*
 * Resolved for writing, also where we only read: a page that could still be
 * replaced when the guest writes to it gets its final place now.
 */
static int area_set(struct virtq *q, struct virtq_area *a, ipa_t at,
		    uint64_t size)
{
	uint64_t len = size;
	void *p = gmem_ptr(q->mem, at, &len, GMEM_WRITE);

	if (!p)
		return -EFAULT;
	a->at = at;
	a->host = len == size ? p : NULL;
	return 0;
}

int virtq_enable(struct virtq *q)
{
	const struct virtq_setup *s = &q->setup;
	int err;

	virtq_disable(q);
	if (s->num == 0 || s->num > q->max || (s->num & (s->num - 1)) ||
	    !is_aligned(s->desc.v, 16) || !is_aligned(s->driver.v, 2) ||
	    !is_aligned(s->device.v, 4))
		return -EINVAL;
	err = area_set(q, &q->desc, s->desc, (uint64_t)DESC_SIZE * s->num);
	if (!err)
		err = area_set(q, &q->avail, s->driver, AVAIL_SIZE(s->num));
	if (!err)
		err = area_set(q, &q->used, s->device, USED_SIZE(s->num));
	if (err)
		return err;
	q->num = (uint16_t)s->num;
	q->ready = true;
	return 0;
}

void virtq_disable(struct virtq *q)
{
	struct virtq_setup setup = q->setup;

	virtq_init(q, q->mem, q->bufs, q->max);
	q->setup = setup;
}

/*
 * Loads an entry once: the fence keeps the compiler from going back to memory
 * for a value that it was told to check.
 */
static inline struct desc load_desc(const struct desc *p)
{
	struct desc d = *p;

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return d;
}

/* Loads entry `i`, which is within the table, from wherever it is. */
static int fetch(const struct virtq *q, const struct table *t, uint32_t i,
		 struct desc *d)
{
	if (!t->host) {
		return gmem_read(q->mem,
				 ipa_add(t->at, (uint64_t)DESC_SIZE * i), d,
				 sizeof(*d));
	}
	*d = load_desc(&t->host[i]);
	return 0;
}

/*
 * Turns to the indirect table that descriptor `d` names, sec. 2.7.5.3. It is
 * got for writing, so that the window may stay there.
 */
static inline int enter_indirect(struct virtq *q, struct table *t,
				 struct desc d)
{
	uint32_t len = DESC_LEN(d);

	if (!q->setup.indirect || t->indirect || len == 0 || len % DESC_SIZE ||
	    DESC_HAS(d, VIRTQ_DESC_F_NEXT))
		return -EINVAL;
	t->indirect = true;
	t->at = (ipa_t){d.addr};
	t->nr = len / DESC_SIZE;
	t->host = NULL;
	if (LIKELY(len <= TABLE_MAX && is_aligned(d.addr, sizeof(uint64_t))))
		t->host = gmem_window_ptr(q->mem, &q->table, t->at, len);
	return LIKELY(t->host) || gmem_contains(q->mem, t->at, len) ? 0
								    : -EFAULT;
}

/* Adds what descriptor `d` names to the chain. */
static inline int collect(struct walk *w, struct desc d)
{
	uint32_t len = DESC_LEN(d);

	if (w->b == w->end)
		return -ELOOP;
	if (!DESC_HAS(d, VIRTQ_DESC_F_WRITE)) {
		if (w->in)
			return -EINVAL; /* readable ones come first */
	} else if (!w->in) {
		w->in = w->b;
		w->out_len = w->len;
	}
	if (LIKELY(len)) {
		*w->b++ = (struct virtq_buf){{d.addr}, len};
	} else {
		w->end--;
	}
	w->len += len;
	return 0;
}

/* Gives the collected chain the form that a device is shown. */
static inline int finish(const struct virtq *q, struct walk *w,
			 struct virtq_chain *c)
{
	if (!w->in) {
		w->in = w->b;
		w->out_len = w->len;
	}
	c->out = q->bufs;
	c->in = w->in;
	c->end = w->b;
	c->out_len = w->out_len;
	c->in_len = w->len - w->out_len;
	return 1;
}

/*
 * Any chain: tables that are not contiguous in host memory or not aligned, an
 * indirect table at the end of a direct chain.
 */
COLD int walk_any(struct virtq *q, struct virtq_chain *c)
{
	struct table t = {(const void *)q->desc.host, q->desc.at, q->num, 0};
	struct walk w = {.b = q->bufs, .end = q->bufs + q->max};
	uint32_t i = c->head;
	struct desc d;
	int err;

	for (;;) {
		if (i >= t.nr)
			return -EINVAL;
		err = fetch(q, &t, i, &d);
		if (err)
			return err;
		if (DESC_HAS(d, VIRTQ_DESC_F_INDIRECT)) {
			err = enter_indirect(q, &t, d);
			i = 0;
		} else {
			err = collect(&w, d);
			if (!err && !DESC_HAS(d, VIRTQ_DESC_F_NEXT))
				return finish(q, &w, c);
			i = DESC_NEXT(d);
		}
		if (err)
			return err;
	}
}

/*
 * The usual chain: all of it in one table, the queue's own or an indirect one,
 * reached by pointer, from entry `i` on, which is within the table. A function
 * without calls. What is unusual starts anew in walk_any(), so nothing that was
 * loaded before is trusted.
 */
static __attribute__((noinline)) int walk_table(struct virtq *q,
						struct virtq_chain *c,
						const struct desc *table,
						uint32_t nr, uint32_t i)
{
	struct walk w = {.b = q->bufs, .end = q->bufs + q->max};

	do {
		struct desc d = load_desc(&table[i]);
		int err;

		if (!LIKELY(!DESC_HAS(d, VIRTQ_DESC_F_INDIRECT)))
			return walk_any(q, c);
		err = collect(&w, d);
		if (err)
			return err;
		if (!DESC_HAS(d, VIRTQ_DESC_F_NEXT))
			return finish(q, &w, c);
		i = DESC_NEXT(d);
	} while (i < nr);
	return -EINVAL;
}

/* Follows the chain from c->head on; as virtq_pop(). */
static inline int walk(struct virtq *q, struct virtq_chain *c)
{
	struct table t = {(const void *)q->desc.host, q->desc.at, q->num, 0};
	struct desc d;
	int err;

	if (c->head >= t.nr)
		return -EINVAL;
	if (!LIKELY(t.host))
		return walk_any(q, c);
	d = load_desc(&t.host[c->head]);
	if (!DESC_HAS(d, VIRTQ_DESC_F_INDIRECT))
		return walk_table(q, c, t.host, t.nr, c->head);
	err = enter_indirect(q, &t, d);
	if (err)
		return err;
	return t.host ? walk_table(q, c, t.host, t.nr, 0) : walk_any(q, c);
}

/* Looks for further available chains: 1, 0 or an error. */
COLD int look(struct virtq *q)
{
	uint16_t idx;
	int err;

	if (!q->ready)
		return 0;
	err = load16(q, &q->avail, AVAIL_IDX, &idx);
	if (err)
		return err;
	if ((uint16_t)(idx - q->avail_next) > q->num)
		return -EINVAL;
	q->avail_seen = idx;
	return idx != q->avail_next;
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	const uint16_t *p;

	if (q->avail_seen == q->avail_next) {
		int got = look(q);

		if (got <= 0)
			return got;
	}
	p = field(q, &q->avail, AVAIL_RING(q->avail_next & (q->num - 1U)),
		  sizeof(*p));
	if (!p)
		return -EFAULT;
	q->avail_next++;
	c->head = __atomic_load_n(p, __ATOMIC_RELAXED);
	return walk(q, c);
}

COLD int push_scattered(struct virtq *q, uint32_t at, uint32_t head,
			uint32_t written)
{
	int err = store32(q, &q->used, at, head);

	if (!err)
		err = store32(q, &q->used, at + 4, written);
	if (err)
		return err;
	q->used_idx++;
	return store16(q, &q->used, USED_IDX, q->used_idx);
}

int virtq_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint32_t at = USED_RING(q->used_idx & (q->num - 1U));
	uint8_t *used = q->used.host;
	uint32_t *elem;

	if (!LIKELY(used))
		return push_scattered(q, at, c->head, written);
	elem = (void *)(used + at);
	__atomic_store_n(&elem[0], c->head, __ATOMIC_RELAXED);
	__atomic_store_n(&elem[1], written, __ATOMIC_RELAXED);
	__atomic_store_n((uint16_t *)(void *)(used + USED_IDX), ++q->used_idx,
			 __ATOMIC_RELEASE);
	return 0;
}

void virtq_quiet(struct virtq *q)
{
	if (q->ready && !q->setup.event_idx)
		(void)store16(q, &q->used, USED_FLAGS, VIRTQ_USED_F_NO_NOTIFY);
}

bool virtq_listen(struct virtq *q)
{
	uint16_t idx;
	int err;

	if (!q->ready)
		return false;
	if (q->setup.event_idx) {
		err = store16(q, &q->used, USED_AVAIL_EVENT(q->num),
			      q->avail_next);
	} else {
		err = store16(q, &q->used, USED_FLAGS, 0);
	}
	if (err)
		return false;
	smp_mb(); /* the request is seen before we look */
	err = load16(q, &q->avail, AVAIL_IDX, &idx);
	return !err && idx != q->avail_next;
}

bool virtq_wants_interrupt(struct virtq *q)
{
	uint16_t told = q->used_told;
	uint16_t word;
	uint32_t at;

	q->used_told = q->used_idx;
	if (!q->ready || told == q->used_idx)
		return false;
	smp_mb(); /* used.idx is seen before we read what the driver wants */
	at = q->setup.event_idx ? AVAIL_USED_EVENT(q->num) : AVAIL_FLAGS;
	if (load16(q, &q->avail, at, &word))
		return false;
	/* sec. 2.7.10: did used_idx pass used_event? */
	if (q->setup.event_idx) {
		return (uint16_t)(q->used_idx - word - 1U) <
		       (uint16_t)(q->used_idx - told);
	}
	return !(word & VIRTQ_AVAIL_F_NO_INTERRUPT);
}

/* Takes `n` bytes off the front of a list of buffers. */
static void consume(struct virtq_buf **bufs, uint32_t n)
{
	struct virtq_buf *b = *bufs;

	b->at = ipa_add(b->at, n);
	b->len -= n;
	if (b->len == 0)
		(*bufs)++;
}

int virtq_read(const struct virtq *q, struct virtq_chain *c, void *dst,
	       uint32_t len)
{
	uint8_t *to = dst;

	if (len > c->out_len)
		return -EINVAL;
	c->out_len -= len;
	while (len) {
		uint32_t n = (uint32_t)min_u64(len, c->out->len);
		int err = gmem_read(q->mem, c->out->at, to, n);

		if (err)
			return err;
		consume(&c->out, n);
		to += n;
		len -= n;
	}
	return 0;
}

int virtq_write(const struct virtq *q, struct virtq_chain *c, const void *src,
		uint32_t len)
{
	const uint8_t *from = src;

	if (len > c->in_len)
		return -EINVAL;
	c->in_len -= len;
	while (len) {
		uint32_t n = (uint32_t)min_u64(len, c->in->len);
		int err = gmem_write(q->mem, c->in->at, from, n);

		if (err)
			return err;
		consume(&c->in, n);
		from += n;
		len -= n;
	}
	return 0;
}
