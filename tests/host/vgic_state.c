/* Contract in vgic_state.h. */
#include "vgic_state.h"

#include <arch/aarch64/vgic_internal.h>

static int slot_find(const struct vgic *g, const struct vgic_cpu *v,
		     uint32_t intid)
{
	for (int i = 0; i < g->nr_lrs; i++) {
		if ((v->used >> i & 1) && v->lr_intid[i] == intid)
			return i;
	}
	return -1;
}

static void irq_state_locked(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
			     struct vgic_irq_state *out)
{
	const struct vgic_bank *b = vgic_bank_of(g, v, intid);
	unsigned i = intid & 31;
	uint32_t sent = intid < GIC_NR_SGIS ? vgic_sent(v) : 0;
	uint32_t latch = (b->latch & ~b->clr_p) | b->set_p | sent;
	uint32_t active = (b->active & ~b->clr_a) | b->set_a;

	out->pending = (latch | (b->line & ~b->edge)) >> i & 1;
	out->active = active >> i & 1;
	out->enabled = b->enabled >> i & 1;
	out->line = b->line >> i & 1;
	out->edge = b->edge >> i & 1;
	out->hw = (b->hw & (latch | active)) >> i & 1;
	out->group = b->group >> i & 1;
	out->prio = b->prio[i];
	out->target = intid < GIC_NR_PRIVATE
			      ? v->index
			      : vgic_shared_of(g, intid)->route[i];
	out->owner = v->index;
	out->lr = (int8_t)(b->resident >> i & 1 ? slot_find(g, v, intid) : -1);
}

bool vgic_irq_state(struct vgic *g, unsigned self, unsigned vcpu,
		    uint32_t intid, struct vgic_irq_state *out)
{
	bool shared = vgic_spi_exists(g, intid) || vgic_lpi_exists(g, intid);
	struct vgic_cpu *v;

	if (!shared && !vgic_private_exists(g, vcpu, intid))
		return false;
	spin_lock(&g->lock);
	if (shared)
		vcpu = vgic_shared_of(g, intid)->owner[intid & 31];
	v = &g->cpus[vcpu];
	spin_lock(&v->lock);
	if (v->index == self)
		vgic_lr_peek(g, v, v->used);
	irq_state_locked(g, v, intid, out);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	return true;
}

uint32_t vgic_in_registers(const struct vgic *g, unsigned vcpu)
{
	return g->cpus[vcpu].b.resident & g->cpus[vcpu].b.open;
}

bool vgic_redist_is_true(const struct vgic *g, unsigned vcpu, bool *withdrawn)
{
	const struct vgic_cpu *v = &g->cpus[vcpu];
	uint64_t ctlr = FIELD_PREP(GICR_CTLR_DPG, v->dpg) |
			(g->its ? GICR_CTLR_CES | GICR_CTLR_IR : 0) |
			(v->lpi_end ? GICR_CTLR_EnableLPIs : 0);
	bool due = v->loaded && *v->stale & VGIC_STALE_ALL;
	uint32_t waker = v->regs[GICR_WAKER / 4];

	*withdrawn &= v->loaded && (*v->stale & VGIC_STALE_RWP);
	ctlr |= *withdrawn ? GICR_CTLR_RWP : 0;
	return v->regs[GICR_CTLR / 4] == ctlr &&
	       (v->sleep ? waker == 6 || (due && waker == 2) : waker == 0);
}
