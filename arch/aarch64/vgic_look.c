/*
 * Looking at an interrupt without touching it: for the monitor. GICv3/v4
 * IHI 0069 for the states; contract in vgic.h.
 */
#include <arch/aarch64/vgic_internal.h>

static void look(const struct vgic_bank *b, uint32_t intid, struct vgic_look *l)
{
	uint32_t bit = UINT32_C(1) << intid % 32;

	l->intid = intid;
	l->priority = b->prio[intid % 32];
	l->enabled = b->enabled & bit;
	l->pending = vgic_pend(b) & bit;
	l->active = b->active & bit;
	l->edge = b->edge & bit;
}

static void look_spi(const struct vgic_shared *s, uint32_t intid,
		     struct vgic_look *l)
{
	uint32_t bit = UINT32_C(1) << intid % 32;
	uint16_t at = (s->b.resident | s->b.active) & bit
			      ? s->owner[intid % 32]
			      : s->route[intid % 32];

	look(&s->b, intid, l);
	l->vcpu = at == VGIC_NOWHERE ? VGIC_NO_VCPU : at;
}

bool vgic_look(struct vgic *g, unsigned vcpu, uint32_t intid,
	       struct vgic_look *l)
{
	if (vgic_spi_exists(g, intid)) {
		spin_lock(&g->lock);
		look_spi(vgic_shared_of(g, intid), intid, l);
		spin_unlock(&g->lock);
		return true;
	}
	if (!vgic_private_exists(g, vcpu, intid))
		return false;
	spin_lock(&g->cpus[vcpu].lock);
	look(&g->cpus[vcpu].b, intid, l);
	if (vgic_sent(&g->cpus[vcpu]) >> intid & 1)
		l->pending = true;
	spin_unlock(&g->cpus[vcpu].lock);
	l->vcpu = vcpu;
	return true;
}
