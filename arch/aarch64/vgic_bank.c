/*
 * vGIC: registers that exist once per 32 INTIDs, for the distributor (SPIs)
 * and for redistributors (SGIs and PPIs) alike. The row of the register map
 * tells how many bits an INTID has, so one reader or writer serves both.
 *
 * Writes never wait: what concerns a resident interrupt is posted to its
 * owner. Reads of pending and active state are exact: the reader's own list
 * registers are looked at, other running vCPUs are asked to publish theirs,
 * and the read answers -EAGAIN until they have.
 *
 * GICv3/v4 IHI 0069: GICD_IGROUPR<n> to GICD_IROUTER<n>, GICR_IGROUPR0 to
 * GICR_ICFGR1. Called through vgic_rows[]; locks are taken here.
 */
#include <errno.h>

#include "vgic_internal.h"

/* First INTID that the access covers. */
static uint32_t row_intid(const struct vgic_row *row, const struct mmio_op *op)
{
	return (uint32_t)(((op->offset & 0xffff) - row->base) * 8 >>
			  row->shift);
}

/*
 * The bank of an INTID as seen in that frame, NULL: RAZ/WI. Redistributor
 * frames hold bank 0 only; with affinity routing the distributor does not.
 */
static struct vgic_bank *frame_bank(struct vgic *g, struct vgic_cpu *v,
				    uint32_t intid)
{
	if (v)
		return intid < GIC_NR_PRIVATE ? &v->b : NULL;
	return vgic_spi_exists(g, intid) ? &vgic_spis_of(g, intid)->s.b : NULL;
}

static struct spinlock *frame_lock(struct vgic *g, struct vgic_cpu *v)
{
	return v ? &v->lock : &g->lock;
}

/* ------------------------------------------------- reads of plain state */

int vgic_read_word(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		   const struct vgic_row *row)
{
	const struct vgic_bank *b;
	const void *at;

	if (v) /* the first register of the row, or none */
		b = (op->offset & 0xffff) == row->base ? &v->b : NULL;
	else
		b = frame_bank(g, v, row_intid(row, op));
	if (!b)
		return vgic_read_zero(op);
	at = (const char *)b + row->word;
	op->value = __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
	return 0;
}

int vgic_read_prio(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		   const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	const struct vgic_bank *b = frame_bank(g, v, intid);

	if (!b)
		return vgic_read_zero(op);
	op->value = __atomic_load_n(&b->prio_word[(intid & 31) / 4],
				    __ATOMIC_RELAXED) >>
		    8 * (intid & 3);
	if (op->size == 1)
		op->value &= 0xff;
	return 0;
}

int vgic_read_cfg(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		  const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	const struct vgic_bank *b = frame_bank(g, v, intid);
	uint32_t edge = b ? __atomic_load_n(&b->edge, __ATOMIC_RELAXED) : 0;
	unsigned i;

	op->value = 0;
	for (EACH_BIT(i, edge >> (intid & 16) & 0xffff))
		op->value |= UINT64_C(2) << 2 * i;
	return 0;
}

int vgic_read_router(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		     const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);

	(void)v;
	if (!vgic_spi_exists(g, intid))
		return vgic_read_zero(op);
	spin_lock(&g->lock);
	op->value =
		vgic_read_half(vgic_spis_of(g, intid)->irouter[intid & 31], op);
	spin_unlock(&g->lock);
	return 0;
}

/* ------------------------------------- reads of pending and active state */

/* Whether v has published since `self` asked; else ask. */
static bool published(struct vgic *g, struct vgic_cpu *self, struct vgic_cpu *v,
		      uint64_t key, struct vgic_kicks *k)
{
	if (self->sync_key != key) { /* a new read */
		self->sync_key = key;
		self->sync_req =
			__atomic_add_fetch(&g->sync_seq, 1, __ATOMIC_ACQ_REL);
	}
	if ((int32_t)(v->sync_done - self->sync_req) >= 0)
		return true;
	if (!(__atomic_load_n(v->stale, __ATOMIC_RELAXED) & VGIC_STALE_SYNC))
		vgic_mark(v, VGIC_STALE_SYNC, k);
	return false;
}

/* Bank 0 of v as `op` shall see it; v->lock is held. */
static bool settle_private(struct vgic *g, struct vgic_cpu *v,
			   const struct mmio_op *op, struct vgic_kicks *k)
{
	struct vgic_bank *b = &v->b;
	unsigned i;

	if (!v->loaded || !(b->resident | b->hw))
		return true;
	if (v->index != op->vcpu)
		return published(g, &g->cpus[op->vcpu], v, op->offset | BIT(62),
				 k);
	for (EACH_BIT(i, b->hw & b->resident)) /* its line may be low now */
		vgic_lr_refresh(g, v, v->slot_of[i], k);
	vgic_hw_settle(g, v, ~0U, true);
	vgic_lr_peek(g, v, ~(uint32_t)v->spi_slots);
	return true;
}

/* The SPI bank as `op` shall see it; vgic->lock is held. */
static bool settle_spis(struct vgic *g, unsigned nr, const struct mmio_op *op,
			struct vgic_kicks *k)
{
	const struct vgic_shared *s = &g->spis[nr - 1].s;
	struct vgic_cpu *self = &g->cpus[op->vcpu];
	bool ok = true;
	bool own = false;
	unsigned i;

	for (EACH_BIT(i, s->b.resident)) {
		if (s->owner[i] == op->vcpu)
			own = true;
		else if (!published(g, self, &g->cpus[s->owner[i]],
				    op->offset | BIT(63), k))
			ok = false;
	}
	if (own) {
		spin_lock(&self->lock);
		vgic_lr_peek(g, self, self->spi_slots);
		spin_unlock(&self->lock);
	}
	return ok;
}

static int read_settled(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
			const struct vgic_row *row,
			uint32_t (*get)(const struct vgic_bank *))
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	uint32_t intid = row_intid(row, op);
	struct vgic_bank *b = frame_bank(g, v, intid);
	bool ok;

	if (!b)
		return vgic_read_zero(op);
	spin_lock(frame_lock(g, v));
	if (v)
		vgic_take_sgis_locked(v);
	ok = v ? settle_private(g, v, op, &k)
	       : settle_spis(g, intid / 32, op, &k);
	op->value = get(b);
	spin_unlock(frame_lock(g, v));
	vgic_kick(g, &k);
	if (!ok)
		return -EAGAIN;
	g->cpus[op->vcpu].sync_key = 0;
	return 0;
}

static uint32_t get_pending(const struct vgic_bank *b)
{
	return (((b->latch & ~b->clr_p) | b->set_p) | (b->line & ~b->edge));
}

static uint32_t get_active(const struct vgic_bank *b)
{
	return (b->active & ~b->clr_a) | b->set_a;
}

int vgic_read_pending(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		      const struct vgic_row *row)
{
	return read_settled(g, op, v, row, get_pending);
}

int vgic_read_active(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		     const struct vgic_row *row)
{
	return read_settled(g, op, v, row, get_active);
}

/* ------------------------------------------------------------------ writes */

static void post(uint32_t *to, uint32_t *from, uint32_t mask)
{
	*to |= mask;
	*from &= ~mask;
}

/*
 * State of a hardware-mapped interrupt is always changed on its own pCPU,
 * because a physical interrupt may have to be deactivated there.
 */
void vgic_change_pending(struct vgic_bank *b, uint32_t mask, bool set)
{
	uint32_t posted = mask & (b->resident | b->hw);

	mask &= ~posted;
	if (set) {
		b->latch |= mask;
		post(&b->set_p, &b->clr_p, posted);
	} else {
		b->latch &= ~mask;
		post(&b->clr_p, &b->set_p, posted);
	}
}

void vgic_change_active(struct vgic *g, unsigned nr, struct vgic_bank *b,
			uint32_t mask, bool set)
{
	uint32_t posted = mask & (b->resident | b->hw);
	uint32_t now = mask & ~posted;
	unsigned i;

	for (EACH_BIT(i, nr && set ? now & ~b->active : 0))
		g->spis[nr - 1].s.owner[i] = g->spis[nr - 1].s.route[i];
	if (set)
		post(&b->set_a, &b->clr_a, mask);
	else
		post(&b->clr_a, &b->set_a, mask);
	vgic_apply_posts(b, now);
}

/* ISENABLER or ICENABLER, 0x80 behind it. */
static inline uint32_t change_enable(struct vgic *g, struct vgic_bank *b,
				     uint32_t intid, const struct mmio_op *op)
{
	uint32_t was = b->open, bits = (uint32_t)op->value;

	(void)intid;
	/* Reads take no lock. */
	__atomic_store_n(&b->enabled,
			 op->offset & (GICD_ICENABLER - GICD_ISENABLER)
				 ? b->enabled & ~bits
				 : b->enabled | bits,
			 __ATOMIC_RELAXED);
	vgic_update_open(g, b);
	return was ^ b->open;
}

uint32_t vgic_set_group(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			const struct mmio_op *op)
{
	uint32_t was = b->group;

	/* A sender of SGIs reads it without the lock. */
	__atomic_store_n(&b->group, (uint32_t)op->value, __ATOMIC_RELAXED);
	vgic_update_open(g, b);
	if (intid >= GIC_NR_PRIVATE) /* GICR_CTLR.DPG<n> */
		vgic_reroute_locked(g, intid / 32, vgic_spis_of(g, intid)->any);
	return was ^ b->group;
}

uint32_t vgic_set_pending(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			  const struct mmio_op *op)
{
	(void)g;
	(void)intid;
	vgic_change_pending(b, (uint32_t)op->value, true);
	return (uint32_t)op->value;
}

uint32_t vgic_clear_pending(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			    const struct mmio_op *op)
{
	(void)g;
	if (intid < GIC_NR_PRIVATE)
		vgic_take_sgis_locked(container_of(b, struct vgic_cpu, b));
	vgic_change_pending(b, (uint32_t)op->value, false);
	return (uint32_t)op->value;
}

uint32_t vgic_set_active(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			 const struct mmio_op *op)
{
	vgic_change_active(g, intid / 32, b, (uint32_t)op->value, true);
	return (uint32_t)op->value;
}

uint32_t vgic_clear_active(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			   const struct mmio_op *op)
{
	vgic_change_active(g, intid / 32, b, (uint32_t)op->value, false);
	return (uint32_t)op->value;
}

/* A bit for each byte that is not 0. */
static uint32_t nonzero_bytes(uint32_t word)
{
	uint32_t low = 0x7f7f7f7f; /* no carry goes into the next byte */
	uint32_t set = (((word & low) + low) | word) & ~low;

	return (set >> 7) * 0x01020408 >> 24 & 0xf;
}

/* Bit 0 of each pair is reserved; SGIs are always edge-triggered. */
uint32_t vgic_set_cfg(struct vgic *g, struct vgic_bank *b, uint32_t intid,
		      const struct mmio_op *op)
{
	uint32_t was = b->edge;
	uint32_t edge = 0;

	(void)g;
	if (intid < GIC_NR_SGIS)
		return 0;
	for (unsigned i = 0; i < 16; i++)
		edge |= (uint32_t)(op->value >> (2 * i + 1) & 1) << i;
	edge <<= intid & 16;
	edge |= was & ~(0xffffU << (intid & 16));
	__atomic_store_n(&b->edge, edge, __ATOMIC_RELAXED);
	return was ^ edge;
}

/* Disabling takes effect when the owners of list registers have seen it. */
static void want_rwp(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
		     uint32_t mask, struct vgic_kicks *k)
{
	const struct vgic_shared *s;
	unsigned i;

	if (v) {
		if (mask & v->b.resident)
			vgic_redist_wait(v, k);
		return;
	}
	s = &vgic_spis_of(g, intid)->s;
	for (EACH_BIT(i, mask & s->b.resident))
		vgic_mark(&g->cpus[s->owner[i]], VGIC_STALE_RWP, k);
}

/* The owner of list registers, or who is to get one, shall see the change. The
 * bank's lock is held, and dropped here. */
static __attribute__((noinline)) int
tell_and_unlock(struct vgic *g, const struct mmio_op *op, struct vgic_cpu *v,
		const struct vgic_row *row, uint32_t changed)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	uint32_t intid = row_intid(row, op);

	if (v)
		vgic_touch_private_locked(v, changed, &k);
	else
		vgic_touch_spis_locked(g, intid / 32, changed, &k);
	if (row->rwp)
		want_rwp(g, v, intid, changed, &k);
	spin_unlock(frame_lock(g, v));
	vgic_kick(g, &k);
	return 0;
}

/* What is in list registers, or wants one. */
static inline uint32_t concerned(const struct vgic_bank *b)
{
	return b->resident | b->hw | vgic_ready(b);
}

/* What is in no list register and wants none is the bank's alone: so it is with
 * most of what a kernel sets up. */
static inline __attribute__((always_inline)) int
write_bank(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
	   const struct vgic_row *row, vgic_change_fn *change)
{
	uint32_t intid = row_intid(row, op);
	struct vgic_bank *b = frame_bank(g, v, intid);
	uint32_t changed;

	if (!b)
		return 0;
	spin_lock(frame_lock(g, v));
	changed = change(g, b, intid, op);
	if (changed & concerned(b))
		return tell_and_unlock(g, op, v, row, changed);
	spin_unlock(frame_lock(g, v));
	return 0;
}

int vgic_bank_write(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		    const struct vgic_row *row)
{
	return write_bank(g, op, v, row, row->change);
}

int vgic_write_enable(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		      const struct vgic_row *row)
{
	return write_bank(g, op, v, row, change_enable);
}

/* Four priorities, or one. */
static __attribute__((noinline)) int
change_prio(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
	    const struct vgic_row *row, struct vgic_bank *b)
{
	uint32_t intid = row_intid(row, op);
	unsigned byte = 8 * (intid & 3);
	uint32_t mask =
		g->prio_mask * (op->size == 4 ? 0x01010101U : 1U << byte);
	uint32_t to = (uint32_t)op->value << byte, diff, told;
	uint32_t *word;

	word = &b->prio_word[(intid & 31) / 4];
	spin_lock(frame_lock(g, v));
	diff = (*word ^ to) & mask;
	__atomic_store_n(word, *word ^ diff, __ATOMIC_RELAXED);
	told = concerned(b);
	if (told) {
		told &= nonzero_bytes(diff) << (intid & 28);
		if (told)
			return tell_and_unlock(g, op, v, row, told);
	}
	spin_unlock(frame_lock(g, v));
	return 0;
}

/* Often they are there already: then there is nothing to lock. */
int vgic_write_prio(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		    const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	struct vgic_bank *b = frame_bank(g, v, intid);
	uint32_t four = (uint32_t)op->value & g->prio_mask * 0x01010101U;

	if (!b ||
	    (op->size == 4 && __atomic_load_n(&b->prio_word[(intid & 31) / 4],
					      __ATOMIC_RELAXED) == four))
		return 0;
	return change_prio(g, op, v, row, b);
}

/* Messages may be written with 16 bits; of the rest nothing is architected. */
int vgic_odd(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
	     const struct vgic_row *row)
{
	uint32_t intid = (uint32_t)(op->value & GICD_SETSPI_INTID);

	(void)row;
	if (!op->write)
		op->value = 0;
	if (v || !op->write || op->size != 2)
		return 0;
	if (op->offset == GICD_SETSPI_NSR || op->offset == GICD_CLRSPI_NSR)
		vgic_message(g, intid, op->offset == GICD_SETSPI_NSR, op->vcpu);
	return 0;
}

static __attribute__((noinline)) int
change_router(struct vgic *g, const struct mmio_op *op, uint32_t intid)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	struct vgic_spis *s = vgic_spis_of(g, intid);
	uint64_t *r = &s->irouter[intid & 31];
	uint32_t bit = 1U << (intid & 31);

	spin_lock(&g->lock);
	__atomic_store_n(r, vgic_write_half(*r, op) & GICD_IROUTER_MASK,
			 __ATOMIC_RELAXED);
	s->any = *r & GICD_IROUTER_IRM ? s->any | bit : s->any & ~bit;
	vgic_reroute_locked(g, intid / 32, bit);
	vgic_touch_spis_locked(g, intid / 32, bit, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
	return 0;
}

int vgic_write_router(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		      const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	uint64_t was;

	(void)v;
	if (!vgic_spi_exists(g, intid))
		return 0;
	/* A kernel writes each when it starts, and most are so already. */
	was = __atomic_load_n(&vgic_spis_of(g, intid)->irouter[intid & 31],
			      __ATOMIC_RELAXED);
	if ((vgic_write_half(was, op) & GICD_IROUTER_MASK) == was)
		return 0;
	return change_router(g, op, intid);
}
