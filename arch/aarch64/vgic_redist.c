/*
 * vGIC: a redistributor's control registers (RD_base): identification, sleep,
 * 1-of-N selection, and with an ITS the LPI tables. Its banked registers
 * (SGI_base) are in vgic_bank.c.
 *
 * GICR_CTLR.CES and IR are 1: LPIs may be switched off again, and there are
 * GICR_INVLPIR, GICR_INVALLR and GICR_SYNCR. GICR_SETLPIR and GICR_CLRLPIR are
 * not there (GICR_TYPER.DirectLPI), nor is GICR_STATUSR.
 *
 * GICv3/v4 IHI 0069: "Redistributor register map", GICR_CTLR, GICR_TYPER,
 * GICR_WAKER, GICR_PROPBASER, GICR_PENDBASER, GICR_INVLPIR. Called through
 * the register map; locks are taken here.
 */
#include "vgic_internal.h"

/* GICR_WAKER. Children are asleep once nothing can be resident any more. */
static uint64_t read_waker(const struct vgic_cpu *v)
{
	uint64_t stale = __atomic_load_n(v->stale, __ATOMIC_RELAXED);

	if (!v->sleep)
		return 0;
	return GICR_WAKER_ProcessorSleep |
	       (v->loaded && (stale & VGIC_STALE_ALL)
			? 0
			: GICR_WAKER_ChildrenAsleep);
}

static uint64_t read_ctlr(const struct vgic *g, const struct vgic_cpu *v)
{
	uint64_t stale = __atomic_load_n(v->stale, __ATOMIC_RELAXED);

	return FIELD_PREP(GICR_CTLR_DPG, v->dpg) |
	       (g->its ? GICR_CTLR_CES | GICR_CTLR_IR : 0) |
	       (v->lpi_end ? GICR_CTLR_EnableLPIs : 0) |
	       (stale & VGIC_STALE_RWP ? GICR_CTLR_RWP : 0);
}

static uint64_t read_word(struct vgic *g, struct vgic_cpu *v, uint64_t reg,
			  unsigned self)
{
	switch (reg) {
	case GICR_CTLR:
		return read_ctlr(g, v);
	case GICR_IIDR:
		return VGIC_IIDR;
	case GICR_WAKER:
		return read_waker(v);
	case GICR_SYNCR:
		return g->its && vgic_lpi_busy(g, v->index, self)
			       ? GICR_SYNCR_Busy
			       : 0;
	default:
		return 0;
	}
}

int vgic_read_gicr(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		   const struct vgic_row *row)
{
	uint64_t reg = op->offset & 0xffff;

	(void)row;
	switch (reg & ~UINT64_C(7)) {
	case GICR_TYPER:
		op->value = vgic_read_half(v->typer, op);
		break;
	case GICR_PROPBASER:
		op->value = vgic_read_half(v->propbaser, op);
		break;
	case GICR_PENDBASER:
		op->value =
			vgic_read_half(v->pendbaser & ~GICR_PENDBASER_PTZ, op);
		break;
	default:
		op->value = op->size == 4 ? read_word(g, v, reg, op->vcpu) : 0;
		break;
	}
	return 0;
}

static void write_waker(struct vgic *g, struct vgic_cpu *v,
			const struct mmio_op *op)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	bool sleep = op->value & GICR_WAKER_ProcessorSleep;

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	if (sleep != v->sleep || sleep != v->quiet) {
		v->sleep = sleep;
		v->quiet = sleep;
		v->direct = 0;
		vgic_mark(v, VGIC_STALE_ALL, &k);
	}
	spin_unlock(&v->lock);
	vgic_reroute_any_locked(g, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* Read-only while LPIs are on; a change then would be UNPREDICTABLE. */
static void write_base(struct vgic *g, struct vgic_cpu *v, uint64_t *reg,
		       uint64_t mask, const struct mmio_op *op)
{
	spin_lock(&g->lock);
	if (!v->lpi_end && !v->lpi_save)
		*reg = vgic_write_half(*reg, op) & mask;
	spin_unlock(&g->lock);
}

/* The registers that are there with an ITS only. */
static void write_lpi(struct vgic *g, struct vgic_cpu *v,
		      const struct mmio_op *op)
{
	uint64_t reg = op->offset & 0xffff;

	switch (reg) {
	case GICR_PROPBASER:
	case GICR_PROPBASER + 4:
		write_base(g, v, &v->propbaser, GICR_PROPBASER_MASK, op);
		break;
	case GICR_PENDBASER:
	case GICR_PENDBASER + 4:
		write_base(g, v, &v->pendbaser, GICR_PENDBASER_MASK, op);
		break;
	case GICR_INVLPIR:
		vgic_lpi_inv(g, v->index, (uint32_t)op->value, op->vcpu);
		break;
	case GICR_INVALLR:
		vgic_lpi_inv_all(g, v->index, op->vcpu);
		break;
	default:
		break;
	}
}

/* DPG1S is not there: one Security state. */
static void write_ctlr(struct vgic *g, struct vgic_cpu *v,
		       const struct mmio_op *op)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);

	spin_lock(&g->lock);
	v->dpg = (uint8_t)FIELD_GET(GICR_CTLR_DPG, op->value);
	vgic_reroute_any_locked(g, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
	if (g->its)
		vgic_lpi_enable(g, v, op->value & GICR_CTLR_EnableLPIs,
				op->vcpu);
}

int vgic_write_gicr(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		    const struct vgic_row *row)
{
	uint64_t reg = op->offset & 0xffff;

	(void)row;
	if (reg == GICR_WAKER && op->size == 4)
		write_waker(g, v, op);
	else if (reg == GICR_CTLR && op->size == 4)
		write_ctlr(g, v, op);
	else if (g->its)
		write_lpi(g, v, op);
	return 0;
}
