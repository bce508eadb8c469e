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
	op->value = b->prio_word[(intid & 31) / 4] >> 8 * (intid & 3);
	if (op->size == 1)
		op->value &= 0xff;
	return 0;
}

int vgic_read_cfg(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		  const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	const struct vgic_bank *b = frame_bank(g, v, intid);
	unsigned i;

	op->value = 0;
	for (EACH_BIT(i, b ? b->edge >> (intid & 16) & 0xffff : 0))
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

static uint32_t change_enable(struct vgic *g, struct vgic_bank *b, uint32_t to)
{
	uint32_t was = b->open;

	b->enabled = to;
	vgic_update_open(g, b);
	return was ^ b->open;
}

uint32_t vgic_set_enable(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			 const struct mmio_op *op)
{
	(void)intid;
	return change_enable(g, b, b->enabled | (uint32_t)op->value);
}

uint32_t vgic_clear_enable(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			   const struct mmio_op *op)
{
	(void)intid;
	return change_enable(g, b, b->enabled & ~(uint32_t)op->value);
}

uint32_t vgic_set_group(struct vgic *g, struct vgic_bank *b, uint32_t intid,
			const struct mmio_op *op)
{
	uint32_t was = b->group;

	b->group = (uint32_t)op->value;
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

/* Four priorities, or one as the others' word with itself changed. */
uint32_t vgic_set_prio(struct vgic *g, struct vgic_bank *b, uint32_t intid,
		       const struct mmio_op *op)
{
	unsigned byte = 8 * (intid & 3);
	uint32_t mask = op->size == 4 ? ~0U : 0xffU << byte;
	uint32_t to = (uint32_t)op->value << byte & g->prio_mask * 0x01010101U;
	uint32_t *word = &b->prio_word[(intid & 31) / 4];
	uint32_t was = *word;

	*word = (was & ~mask) | (to & mask);
	return nonzero_bytes(was ^ *word) << (intid & 28);
}

/* Often it is what is there already: then nobody has to be told. */
int vgic_write_prio(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		    const struct vgic_row *row)
{
	uint32_t intid = row_intid(row, op);
	const struct vgic_bank *b = frame_bank(g, v, intid);
	uint32_t to = (uint32_t)op->value & g->prio_mask * 0x01010101U;

	if (b && op->size == 4 &&
	    __atomic_load_n(&b->prio_word[(intid & 31) / 4],
			    __ATOMIC_RELAXED) == to)
		return 0;
	return vgic_bank_write(g, op, v, row);
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
	b->edge = (was & ~(0xffffU << (intid & 16))) | edge;
	return was ^ b->edge;
}

/* Disabling takes effect when the owners of list registers have seen it. */
static void want_rwp(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
		     uint32_t mask, struct vgic_kicks *k)
{
	const struct vgic_shared *s;
	unsigned i;

	if (v) {
		if (mask & v->b.resident)
			vgic_mark(v, VGIC_STALE_RWP, k);
		return;
	}
	s = &vgic_spis_of(g, intid)->s;
	for (EACH_BIT(i, mask & s->b.resident))
		vgic_mark(&g->cpus[s->owner[i]], VGIC_STALE_RWP, k);
}

int vgic_bank_write(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		    const struct vgic_row *row)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	uint32_t intid = row_intid(row, op);
	struct vgic_bank *b = frame_bank(g, v, intid);
	uint32_t changed;

	if (!b)
		return 0;
	spin_lock(frame_lock(g, v));
	changed = row->change(g, b, intid, op);
	if (changed && v)
		vgic_touch_private_locked(v, changed, &k);
	else if (changed)
		vgic_touch_spis_locked(g, intid / 32, changed, &k);
	if (row->rwp)
		want_rwp(g, v, intid, changed, &k);
	spin_unlock(frame_lock(g, v));
	vgic_kick(g, &k);
	return 0;
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

int vgic_write_router(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		      const struct vgic_row *row)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	uint32_t intid = row_intid(row, op);
	uint32_t bit = 1U << (intid & 31);
	struct vgic_spis *s;
	uint64_t *r, was;

	(void)v;
	if (!vgic_spi_exists(g, intid))
		return 0;
	s = vgic_spis_of(g, intid);
	r = &s->irouter[intid & 31];
	/* A kernel writes each when it starts, and most are so already. */
	was = __atomic_load_n(r, __ATOMIC_RELAXED);
	if ((vgic_write_half(was, op) & GICD_IROUTER_MASK) == was)
		return 0;
	spin_lock(&g->lock);
	*r = vgic_write_half(*r, op) & GICD_IROUTER_MASK;
	s->any = *r & GICD_IROUTER_IRM ? s->any | bit : s->any & ~bit;
	vgic_reroute_locked(g, intid / 32, bit);
	vgic_touch_spis_locked(g, intid / 32, bit, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
	return 0;
}
