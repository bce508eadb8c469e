/*
 * vGIC: which interrupts are resident when they do not all fit.
 *
 * Everything is folded and sorted by priority. Active interrupts are preferred
 * (their end needs no exit then), the most urgent first, but the most urgent
 * pending one always gets a list register. For what stays outside maintenance
 * interrupts are armed: no pending interrupt left inside, a group switched on
 * or off in the CPU interface, an EOI without a list register (EOIcount). A
 * DIR without one would not say of which interrupt, so DIR traps meanwhile.
 *
 * GICv3/v4 IHI 0069: ICH_HCR_EL2, ICH_MISR_EL2, "List register usage resulting
 * in maintenance interrupts". Called by vgic_run.c with both locks held.
 */
#include <port/gich.h>

#include "vgic_internal.h"

/* The most urgent interrupts of one kind, best first. */
struct picks {
	uint32_t key[VGIC_MAX_LRS];
	unsigned nr;
	unsigned total; /* seen */
};

/* Least is best. Priority in bits 23:16. */
#define PICK_INTID 0xffffU
#define PICK_PRIO  0xff0000U
#define PICK_LATER (1U << 24)
#define PICK_FOUND (1U << 31)

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

static uint32_t active_key(const struct vgic_bank *b, unsigned nr, unsigned i)
{
	return (uint32_t)b->aprio[i] << 16 | nr * 32 | i;
}

static void collect(struct vgic *g, struct vgic_cpu *v, struct picks *act,
		    struct picks *pnd)
{
	uint64_t vmcr = ich_read_vmcr();

	for (unsigned nr = 0; vgic_next_bank(g, v, &nr); nr++) {
		struct vgic_bank *b = vgic_bank_nr(g, v, nr);
		uint32_t a = b->active & ~b->resident;
		uint32_t p = vgic_ready(b) & ~b->active;
		unsigned i;

		for (EACH_BIT(i, vgic_mine(g, v, nr, a, true)))
			picks_add(act, g->nr_lrs, active_key(b, nr, i));
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

/* The most urgent interrupt that is active outside, as a key; 0: none. */
static uint32_t most_urgent_outside(struct vgic *g, const struct vgic_cpu *v,
				    struct vgic_bank *priv)
{
	struct picks out = {.nr = 0};
	unsigned i;

	for (unsigned nr = 0; nr <= g->nr_banks; nr++) {
		struct vgic_bank *b = nr ? &vgic_shared_nr(g, nr)->b : priv;
		uint32_t a = b->active & ~b->resident;

		for (EACH_BIT(i, vgic_mine(g, v, nr, a, true))) {
			uint32_t key = active_key(b, nr, i);

			if (!(b->taken >> i & 1)) /* no EOI is due */
				key |= PICK_LATER;
			picks_add(&out, 1, key);
		}
	}
	return out.nr ? out.key[0] | PICK_FOUND : 0;
}

/* The active interrupt outside whose end an EOI without list register means. */
static void end_outside(struct vgic *g, struct vgic_cpu *v,
			struct vgic_kicks *k)
{
	uint32_t key = most_urgent_outside(g, v, &v->b);
	uint32_t intid = key & PICK_INTID;
	unsigned lpi = vgic_lpi_active(g, v);
	struct vgic_bank *b;

	if (lpi != 0x100 &&
	    ((key & PICK_LATER) || lpi <= FIELD_GET(PICK_PRIO, key))) {
		vgic_lpi_end(g, v);
		return;
	}
	if (!key)
		return;
	b = vgic_bank_of(g, v, intid);
	b->active &= ~(1U << (intid & 31));
	b->taken &= ~(1U << (intid & 31));
	vgic_lr_hand_over(g, v, intid, k);
}

void vgic_count_eois(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	/*
	 * While nothing active was outside no count is ours. In EOImode 1 an
	 * EOI ends nothing but LPIs, and every DIR traps.
	 */
	if (!(v->hcr & ICH_HCR_LRENPIE) || (ich_read_vmcr() & ICH_VMCR_VEOIM)) {
		vgic_lpi_settle(g, v);
		return;
	}
	for (unsigned n = vgic_new_eois(v); n; n--)
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
	if (hcr != v->hcr || (hcr & ICH_HCR_LRENPIE)) {
		ich_write_hcr(hcr); /* EOIcount starts from 0 */
		v->eois = 0;
	}
	v->hcr = (uint32_t)hcr;
}

void vgic_choose(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	struct picks act = {.nr = 0};
	struct picks pnd = {.nr = 0};
	uint32_t was = v->used;
	unsigned nr_p;
	unsigned nr_a;
	unsigned i;

	ASSERT(spin_is_held(&g->lock) && spin_is_held(&v->lock));
	vgic_count_eois(g, v, k);
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

		vgic_lr_occupy(g, v, i, intid, vgic_lr_image(g, v, intid));
	}
	for (EACH_BIT(i, was & ~(uint32_t)v->used))
		ich_write_lr(i, 0);
	arm_maintenance(g, v, nr_p < pnd.total, nr_a < act.total);
}

/* Whether all that wants a list register has got one. */
static bool place_all(struct vgic *g, struct vgic_cpu *v)
{
	for (unsigned nr = 0; vgic_next_bank(g, v, &nr); nr++) {
		const struct vgic_bank *b = vgic_bank_nr(g, v, nr);
		uint32_t all = vgic_ready(b);
		unsigned i;

		if (nr && all)
			all = vgic_mine(g, v, nr, all & b->active, true) |
			      vgic_mine(g, v, nr, all & ~b->active, false);
		for (EACH_BIT(i, all)) {
			if (!vgic_lr_place(g, v, nr * 32 | i, true))
				return false;
		}
	}
	return true;
}

void vgic_choose_first(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	vgic_lpi_settle(g, v);
	vgic_apply_posts(&v->b, v->b.revisit | v->b.set_p);
	vgic_hw_settle(g, v, ~0U, true);
	v->overflow = false;
	if (place_all(g, v))
		arm_maintenance(g, v, false, false);
	else
		vgic_choose(g, v, k);
}
