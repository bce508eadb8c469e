/*
 * vGIC: from software state to one list register and back.
 *
 * Folding takes a list register's content into its bank; placing is the
 * reverse. An interrupt keeps its register after the guest has ended it, until
 * another one needs it: the next time, setting one bit makes it pending.
 *
 * GICv3/v4 IHI 0069: ICH_LR<n>_EL2, ICH_ELRSR_EL2. Called by vgic_run.c,
 * vgic_choose.c, vgic_inject.c and vgic_bank.c; locks as in vgic_internal.h.
 */
#include <port/gich.h>

#include "vgic_internal.h"

/*
 * An LPI has no active state, but QEMU's list registers give it one until its
 * EOI.
 */
static inline uint64_t lr_state(uint32_t intid, uint64_t lr)
{
	return intid < GIC_LPI_FIRST ? lr : lr & ~ICH_LR_Active;
}

/* What EL2 now knows of the interrupt in a list register. */
static void note(struct vgic_bank *b, unsigned i, uint64_t lr, bool placed_p)
{
	uint32_t bit = 1U << i;

	if ((lr & (ICH_LR_HW | ICH_LR_State)) == ICH_LR_HW)
		b->hw &= ~bit; /* the guest's deactivation reached the GIC */
	/*
	 * The pending bit of a level-sensitive one may stand for its line, not
	 * its latch; either way the ack ends what ISPENDR had latched.
	 */
	if (placed_p && !(lr & ICH_LR_Pending))
		b->latch &= ~bit;
	else if (placed_p)
		b->latch |= (b->edge | b->hw) & bit;
	if (!(lr & ICH_LR_Active)) {
		b->active &= ~bit;
		b->taken &= ~bit;
	} else if (!(b->active & bit)) {
		b->active |= bit;
		b->taken |= bit;
		b->aprio[i] = (uint8_t)FIELD_GET(ICH_LR_Priority, lr);
		b->agroup =
			lr & ICH_LR_Group ? b->agroup | bit : b->agroup & ~bit;
	}
}

uint32_t vgic_mine_shared(const struct vgic *g, const struct vgic_cpu *v,
			  unsigned nr, uint32_t mask, bool active)
{
	const struct vgic_shared *s;
	unsigned i;

	if (nr >= VGIC_LPI_BANK && !v->lpi_end)
		return 0;
	s = vgic_shared_nr(g, nr);
	for (EACH_BIT(i, mask)) {
		if ((active ? s->owner : s->route)[i] != v->index)
			mask &= ~(1U << i);
	}
	return mask;
}

void vgic_lr_peek(struct vgic *g, struct vgic_cpu *v, uint32_t slots)
{
	unsigned i;

	for (EACH_BIT(i, slots & v->used)) {
		uint32_t intid = v->lr_intid[i];

		note(vgic_bank_of(g, v, intid), intid & 31,
		     lr_state(intid, ich_read_lr(i)), v->placed_p & BIT(i));
	}
	/* a used-up hw needs a new one */
	__atomic_store_n(&v->direct, v->direct & (v->b.hw | v->b.edge),
			 __ATOMIC_RELAXED);
}

void vgic_apply_some(struct vgic_bank *b, uint32_t mask)
{
	uint32_t was = b->active;
	unsigned i;

	b->latch = (b->latch & ~(b->clr_p & mask)) | (b->set_p & mask);
	b->active = (b->active & ~(b->clr_a & mask)) | (b->set_a & mask);
	b->taken &= b->active;
	b->agroup ^= (b->agroup ^ b->group) & b->active & ~was;
	for (EACH_BIT(i, b->active & ~was))
		b->aprio[i] = b->prio[i];
	b->set_p &= ~mask;
	b->clr_p &= ~mask;
	b->set_a &= ~mask;
	b->clr_a &= ~mask;
	b->revisit &= ~mask;
}

void vgic_hw_settle_some(struct vgic *g, struct vgic_cpu *v, uint32_t mask,
			 bool ask)
{
	struct vgic_bank *b = &v->b;
	uint32_t gone;
	unsigned i;

	if (ask && g->ops->hw_line) {
		for (EACH_BIT(i, mask & b->latch & ~b->active)) {
			if (!g->ops->hw_line(g->ctx, v->index, i))
				b->latch &= ~(1U << i);
		}
	}
	gone = mask & ~(b->latch | b->active);
	b->hw &= ~gone;
	for (EACH_BIT(i, gone))
		g->ops->hw_deactivate(g->ctx, v->pintid[i]);
}

void vgic_lr_fold(struct vgic *g, struct vgic_cpu *v, unsigned idx)
{
	uint32_t intid = v->lr_intid[idx];
	uint32_t bit = 1U << (intid & 31);
	uint16_t slot = (uint16_t)BIT(idx);
	struct vgic_bank *b = vgic_bank_of(g, v, intid);
	uint64_t lr = ich_read_lr(idx);

	note(b, intid & 31, lr_state(intid, lr), v->placed_p & slot);
	b->resident &= ~bit;
	v->used &= (uint16_t)~slot;
	v->spi_slots &= (uint16_t)~slot;
	vgic_apply_posts(b, bit);
	if (intid >= GIC_LPI_FIRST)
		vgic_lpi_folded_locked(g, v, intid, lr);
	if (intid >= GIC_NR_PRIVATE) {
		if (intid < GIC_LPI_FIRST)
			vgic_spis_of(g, intid)->direct &= ~bit;
		return;
	}
	__atomic_store_n(&v->direct, v->direct & ~bit, __ATOMIC_RELAXED);
	vgic_hw_settle(g, v, bit, false);
}

/* Whether v is where the SPI or LPI goes, or it is private. */
static bool routed_here(struct vgic *g, const struct vgic_cpu *v,
			uint32_t intid)
{
	return intid < GIC_NR_PRIVATE ||
	       (vgic_shared_of(g, intid)->route[intid & 31] == v->index &&
		(intid < GIC_LPI_FIRST || v->lpi_end));
}

/*
 * The list register for an interrupt that is not resident, or 0 when it has
 * no business in one of v.
 *
 * An active interrupt keeps the priority and group of its activation. Where
 * its pending state needs others, or has a physical interrupt of its own, or
 * goes elsewhere, or would stand in front of more urgent ones outside, only the
 * active part is placed, and its end is reported (EOI). So is that of a
 * level-sensitive one whose line is still high.
 */
uint64_t vgic_lr_image(struct vgic *g, struct vgic_cpu *v, uint32_t intid)
{
	const struct vgic_bank *b = vgic_bank_of(g, v, intid);
	unsigned i = intid & 31;
	uint32_t bit = 1U << i;
	bool want = (vgic_pend(b) & b->open & bit) != 0;
	bool p = want && !v->quiet && routed_here(g, v, intid);
	bool a = (b->active & bit) != 0;
	uint32_t grp = a ? b->agroup : b->group;
	uint8_t prio = a ? b->aprio[i] : b->prio[i];
	uint64_t lr;

	if (!p && !a)
		return 0;
	if (a && (v->overflow || b->hw & bit || prio != b->prio[i] ||
		  ((grp ^ b->group) & bit)))
		p = false;
	lr = intid | FIELD_PREP(ICH_LR_Priority, prio) |
	     (grp & bit ? ICH_LR_Group : 0) | (p ? ICH_LR_Pending : 0) |
	     (a ? ICH_LR_Active : 0);
	if ((b->hw & bit) && p == want)
		return lr | ICH_LR_HW | FIELD_PREP(ICH_LR_pINTID, v->pintid[i]);
	if (p != want || (p && (b->line & ~b->edge & bit)))
		lr |= ICH_LR_EOI;
	return lr;
}

/* An SPI has been placed: whether its line may be followed there. */
static void spi_placed(struct vgic_spis *s, const struct vgic_cpu *v,
		       unsigned idx, unsigned i, uint64_t lr)
{
	uint32_t bit = 1U << i;

	s->slot[i] = (uint8_t)idx;
	if ((lr & ICH_LR_Pending) && !v->overflow && !(s->s.b.edge & bit))
		s->direct |= bit;
}

void vgic_lr_occupy(struct vgic *g, struct vgic_cpu *v, unsigned idx,
		    uint32_t intid, uint64_t lr)
{
	struct vgic_bank *b = vgic_bank_of(g, v, intid);
	uint32_t bit = 1U << (intid & 31);
	uint16_t slot = (uint16_t)BIT(idx);

	b->resident |= bit;
	v->used |= slot;
	v->lr_intid[idx] = intid;
	v->placed_p &= (uint16_t)~slot;
	if (lr & ICH_LR_Pending)
		v->placed_p |= slot;
	if (intid >= GIC_NR_PRIVATE) {
		v->spi_slots |= slot;
		vgic_shared_of(g, intid)->owner[intid & 31] = v->index;
		if (intid < GIC_LPI_FIRST)
			spi_placed(vgic_spis_of(g, intid), v, idx, intid & 31,
				   lr);
	} else {
		v->slot_of[intid] = (uint8_t)idx;
		if ((lr & ICH_LR_Pending) && !v->overflow &&
		    ((lr & ICH_LR_HW) || (b->edge & bit)))
			__atomic_store_n(&v->direct, v->direct | bit,
					 __ATOMIC_RELAXED);
	}
	ich_write_lr(idx, lr);
}

void vgic_lr_hand_over(struct vgic *g, const struct vgic_cpu *v, uint32_t intid,
		       struct vgic_kicks *k)
{
	uint32_t bit = 1U << (intid & 31);

	if (routed_here(g, v, intid))
		return;
	if (intid >= GIC_LPI_FIRST)
		vgic_touch_lpis_locked(g, intid / 32, bit, k);
	else if (!(vgic_shared_of(g, intid)->b.active & bit))
		vgic_touch_spis_locked(g, intid / 32, bit, k);
}

void vgic_lr_refresh(struct vgic *g, struct vgic_cpu *v, unsigned idx,
		     struct vgic_kicks *k)
{
	uint32_t intid = v->lr_intid[idx];
	uint32_t bit = 1U << (intid & 31);
	uint64_t lr;

	ASSERT(spin_is_held(&v->lock));
	vgic_lr_fold(g, v, idx);
	if (intid < GIC_NR_PRIVATE)
		vgic_hw_settle(g, v, bit, true);
	lr = vgic_lr_image(g, v, intid);
	if (lr) {
		vgic_lr_occupy(g, v, idx, intid, lr);
		return;
	}
	ich_write_lr(idx, 0);
	vgic_lr_hand_over(g, v, intid, k);
}

void vgic_lr_pend(const struct vgic_cpu *v, unsigned intid)
{
	ich_or_lr(v->slot_of[intid], ICH_LR_Pending);
}

/*
 * A list register that holds nothing, retiring what was in it; or -1. What goes
 * to another vCPU now stays: it may have become pending, and only those who
 * look at all of them hand it over (vgic_choose.c).
 */
static int lr_free(struct vgic *g, struct vgic_cpu *v, bool spis)
{
	uint32_t mask = g->lr_mask & ~(uint32_t)v->used;
	unsigned idx;

	if (mask)
		return (int)bit_lowest(mask);
	ich_isb();
	mask = (uint32_t)ich_read_elrsr() & v->used;
	if (!spis)
		mask &= ~(uint32_t)v->spi_slots;
	for (EACH_BIT(idx, mask)) {
		if (!routed_here(g, v, v->lr_intid[idx]))
			continue;
		vgic_lr_fold(g, v, idx);
		return (int)idx;
	}
	return -1;
}

bool vgic_lr_place(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
		   bool spis)
{
	uint64_t lr = vgic_lr_image(g, v, intid);
	int idx;

	if (!lr)
		return true;
	idx = lr_free(g, v, spis);
	if (idx < 0)
		return false;
	vgic_lr_occupy(g, v, (unsigned)idx, intid, lr);
	return true;
}
