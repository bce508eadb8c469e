/*
 * vGIC: from software state to list registers and back.
 *
 * Folding takes one list register's content into its bank; placing is the
 * reverse. Two ways to fill them: one at a time into free or idle registers
 * (the normal case), or vgic_lr_choose(): fold all, sort by priority, and arm
 * the maintenance interrupts for what has to stay outside.
 *
 * GICv3/v4 IHI 0069: ICH_LR<n>_EL2, ICH_HCR_EL2, "List register usage
 * resulting in maintenance interrupts". Called by vgic_run.c and
 * vgic_inject.c; locks as in vgic_internal.h.
 */
#include <port/gich.h>

#include "vgic_internal.h"

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

uint32_t vgic_mine(const struct vgic *g, const struct vgic_cpu *v, unsigned nr,
		   uint32_t mask, bool active)
{
	const struct vgic_spis *s;
	unsigned i;

	if (nr == 0)
		return mask;
	s = &g->spis[nr - 1];
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

		note(vgic_bank_of(g, v, intid), intid & 31, ich_read_lr(i),
		     v->placed_p & BIT(i));
	}
	v->direct &= v->b.hw | v->b.edge; /* a used-up hw needs a new one */
}

void vgic_apply_posts(struct vgic_bank *b, uint32_t mask)
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

void vgic_hw_settle(struct vgic *g, struct vgic_cpu *v, uint32_t mask, bool ask)
{
	struct vgic_bank *b = &v->b;
	uint32_t gone;
	unsigned i;

	mask &= b->hw & ~b->resident;
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

	note(b, intid & 31, lr, v->placed_p & slot);
	b->resident &= ~bit;
	v->used &= (uint16_t)~slot;
	v->spi_slots &= (uint16_t)~slot;
	vgic_apply_posts(b, bit);
	if (intid >= GIC_NR_PRIVATE)
		return;
	v->direct &= ~bit;
	vgic_hw_settle(g, v, bit, false);
}

/* Whether v is where the SPI goes, or it is private. */
static bool routed_here(struct vgic *g, const struct vgic_cpu *v,
			uint32_t intid)
{
	return intid < GIC_NR_PRIVATE ||
	       vgic_spis_of(g, intid)->route[intid & 31] == v->index;
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
static uint64_t lr_image(struct vgic *g, struct vgic_cpu *v, uint32_t intid)
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

static void lr_occupy(struct vgic *g, struct vgic_cpu *v, unsigned idx,
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
		vgic_spis_of(g, intid)->owner[intid & 31] = v->index;
	} else {
		v->slot_of[intid] = (uint8_t)idx;
		if ((lr & ICH_LR_Pending) && !v->overflow &&
		    ((lr & ICH_LR_HW) || (b->edge & bit)))
			v->direct |= bit;
	}
	ich_write_lr(idx, lr);
}

void vgic_lr_hand_over(struct vgic *g, const struct vgic_cpu *v, uint32_t intid,
		       struct vgic_kicks *k)
{
	uint32_t bit = 1U << (intid & 31);

	if (!routed_here(g, v, intid) &&
	    !(vgic_spis_of(g, intid)->b.active & bit))
		vgic_touch_spis_locked(g, intid / 32, bit, k);
}

void vgic_lr_refresh(struct vgic *g, struct vgic_cpu *v, unsigned idx,
		     struct vgic_kicks *k)
{
	uint32_t intid = v->lr_intid[idx];
	uint32_t bit = 1U << (intid & 31);
	uint64_t lr;

	vgic_lr_fold(g, v, idx);
	if (intid < GIC_NR_PRIVATE)
		vgic_hw_settle(g, v, bit, true);
	lr = lr_image(g, v, intid);
	if (lr) {
		lr_occupy(g, v, idx, intid, lr);
		return;
	}
	ich_write_lr(idx, 0);
	vgic_lr_hand_over(g, v, intid, k);
}

/* A list register that holds nothing, retiring what was in it; or -1. */
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
	if (!mask)
		return -1;
	idx = bit_lowest(mask);
	vgic_lr_fold(g, v, idx);
	return (int)idx;
}

bool vgic_lr_place(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
		   bool spis)
{
	uint64_t lr = lr_image(g, v, intid);
	int idx;

	if (!lr)
		return true;
	idx = lr_free(g, v, spis);
	if (idx < 0)
		return false;
	lr_occupy(g, v, (unsigned)idx, intid, lr);
	return true;
}

/* ---------------------------------------------------------------- overflow */

/* The most urgent interrupts of one kind, best first. */
struct picks {
	uint32_t key[VGIC_MAX_LRS];
	unsigned nr;
	unsigned total; /* seen */
};

/* Least is best. Priority in bits 23:16. */
#define PICK_INTID 0xffffU
#define PICK_LATER (1U << 24)

static void picks_add(struct picks *p, unsigned max, uint32_t key)
{
	unsigned i;

	p->total++;
	if (p->nr < max)
		i = p->nr++;
	else if (key < p->key[max - 1])
		i = max - 1;
	else
		return;
	for (; i > 0 && p->key[i - 1] > key; i--)
		p->key[i] = p->key[i - 1];
	p->key[i] = key;
}

static void collect(struct vgic *g, struct vgic_cpu *v, struct picks *act,
		    struct picks *pnd)
{
	uint64_t vmcr = ich_read_vmcr();

	for (unsigned nr = 0; nr <= g->nr_banks; nr++) {
		struct vgic_bank *b = vgic_bank_nr(g, v, nr);
		uint32_t a = b->active & ~b->resident;
		uint32_t p = vgic_ready(b) & ~b->active;
		unsigned i;

		for (EACH_BIT(i, vgic_mine(g, v, nr, a, true)))
			picks_add(act, g->nr_lrs,
				  (uint32_t)b->aprio[i] << 16 | nr * 32 | i);
		for (EACH_BIT(i,
			      v->quiet ? 0 : vgic_mine(g, v, nr, p, false))) {
			bool on = vmcr & (b->group >> i & 1 ? ICH_VMCR_VENG1
							    : ICH_VMCR_VENG0);

			picks_add(pnd, g->nr_lrs,
				  (on ? 0 : PICK_LATER) |
					  (uint32_t)b->prio[i] << 16 | nr * 32 |
					  i);
		}
	}
}

/* The active interrupt outside whose end an EOI without list register means. */
static void end_outside(struct vgic *g, struct vgic_cpu *v,
			struct vgic_kicks *k)
{
	struct picks out = {.nr = 0};
	struct vgic_bank *b;
	uint32_t intid;
	unsigned i;

	for (unsigned nr = 0; nr <= g->nr_banks; nr++) {
		uint32_t a;

		b = vgic_bank_nr(g, v, nr);
		a = b->active & ~b->resident;
		for (EACH_BIT(i, vgic_mine(g, v, nr, a, true)))
			picks_add(&out, 1,
				  (b->taken >> i & 1 ? 0 : PICK_LATER) |
					  (uint32_t)b->aprio[i] << 16 |
					  nr * 32 | i);
	}
	if (!out.nr)
		return;
	intid = out.key[0] & PICK_INTID;
	b = vgic_bank_of(g, v, intid);
	b->active &= ~(1U << (intid & 31));
	b->taken &= ~(1U << (intid & 31));
	vgic_lr_hand_over(g, v, intid, k);
}

void vgic_lr_eoi_count(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	uint64_t n;

	if (!(v->hcr & ICH_HCR_LRENPIE))
		return; /* nothing active was outside: not ours to account */
	if (ich_read_vmcr() & ICH_VMCR_VEOIM)
		return; /* an EOI ends nothing then, and every DIR traps */
	for (n = FIELD_GET(ICH_HCR_EOIcount, ich_read_hcr()); n; n--)
		end_outside(g, v, k);
	vgic_hw_settle(g, v, ~0U, false);
}

static void arm_maintenance(struct vgic *g, struct vgic_cpu *v, bool pending,
			    bool active)
{
	uint64_t vmcr = ich_read_vmcr();
	uint64_t hcr = ICH_HCR_En;

	/*
	 * What is pending outside is no more urgent than what is pending
	 * inside, so the next look is due when nothing pending is left
	 * inside, or when a group is switched on or off.
	 */
	if (pending) {
		hcr |= ICH_HCR_NPIE;
		hcr |= vmcr & ICH_VMCR_VENG0 ? ICH_HCR_VGrp0DIE
					     : ICH_HCR_VGrp0EIE;
		hcr |= vmcr & ICH_VMCR_VENG1 ? ICH_HCR_VGrp1DIE
					     : ICH_HCR_VGrp1EIE;
	}
	if (active) {
		hcr |= ICH_HCR_LRENPIE;
		hcr |= g->vtr & ICH_VTR_TDS ? ICH_HCR_TDIR : ICH_HCR_TC;
	}
	if (hcr != v->hcr || (hcr & ICH_HCR_LRENPIE))
		ich_write_hcr(hcr); /* EOIcount starts from 0 */
	v->hcr = (uint32_t)hcr;
}

void vgic_lr_choose(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	struct picks act = {.nr = 0};
	struct picks pnd = {.nr = 0};
	uint32_t was = v->used;
	unsigned nr_p;
	unsigned nr_a;
	unsigned i;

	vgic_lr_eoi_count(g, v, k);
	for (EACH_BIT(i, was)) {
		vgic_lr_fold(g, v, i);
		vgic_lr_hand_over(g, v, v->lr_intid[i], k);
	}
	vgic_apply_posts(&v->b, v->b.revisit | v->b.set_p);
	vgic_hw_settle(g, v, ~0U, true);
	collect(g, v, &act, &pnd);

	/* Active ones first, but the most urgent pending one always. */
	nr_p = pnd.nr ? 1 : 0;
	nr_a = act.nr < g->nr_lrs - nr_p ? act.nr : g->nr_lrs - nr_p;
	nr_p = pnd.nr < g->nr_lrs - nr_a ? pnd.nr : g->nr_lrs - nr_a;
	v->overflow = nr_a < act.total || nr_p < pnd.total;
	for (i = 0; i < nr_a + nr_p; i++) {
		uint32_t intid = (i < nr_a ? act.key[i] : pnd.key[i - nr_a]) &
				 PICK_INTID;

		lr_occupy(g, v, i, intid, lr_image(g, v, intid));
	}
	for (EACH_BIT(i, was & ~(uint32_t)v->used))
		ich_write_lr(i, 0);
	arm_maintenance(g, v, nr_p < pnd.total, nr_a < act.total);
}
