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
#include <arch/aarch64/mirror.h>

#include "vgic_internal.h"

#define PART_DIST 0x92
#define PART_RDST 0x93

/* ---------------------------------------------------------- identification */

/* CoreSight's: architecture revision 3, 64 KiB pages, Arm. */
uint32_t vgic_idreg(uint64_t reg, uint8_t part)
{
	static const uint8_t id[12] = {0x44, 0,    0,    0,     /* PIDR4..7 */
				       0,    0xb4, 0x3b, 0,     /* PIDR0..3 */
				       0x0d, 0xf0, 0x05, 0xb1}; /* CIDR0..3 */

	if (reg < GIC_IDREGS)
		return 0;
	return reg == GIC_PIDR0 ? part : id[(reg - GIC_IDREGS) / 4];
}

void vgic_fill_id_pages(struct vgic *g)
{
	uint32_t *dist = g->pages[g->nr_vcpus], *redist = dist + PAGE_SIZE / 4;

	for (uint64_t reg = GIC_IDREGS; reg < GIC_FRAME_SIZE; reg += 4) {
		dist[reg % PAGE_SIZE / 4] = vgic_idreg(reg, PART_DIST);
		redist[reg % PAGE_SIZE / 4] = vgic_idreg(reg, PART_RDST);
	}
}

/* ----------------------------------------------- what is read: vgic_cpu.regs
 */

void vgic_redist_ctlr(const struct vgic *g, struct vgic_cpu *v)
{
	uint64_t rwp = v->regs[GICR_CTLR / 4] & GICR_CTLR_RWP;

	mirror_put(v->regs, GICR_CTLR,
		   (uint32_t)(FIELD_PREP(GICR_CTLR_DPG, v->dpg) | rwp |
			      (g->its ? GICR_CTLR_CES | GICR_CTLR_IR : 0) |
			      (v->lpi_end ? GICR_CTLR_EnableLPIs : 0)));
}

void vgic_redist_until_flush(struct vgic_cpu *v, struct vgic_kicks *k)
{
	vgic_mark(v, VGIC_STALE_RWP, k);
	mirror_put(v->regs, GICR_CTLR,
		   v->regs[GICR_CTLR / 4] | (uint32_t)GICR_CTLR_RWP);
}

/* A vCPU that disables an interrupt of its own takes none before its flush. */
void vgic_redist_wait(struct vgic_cpu *v, struct vgic_kicks *k)
{
	if (v->index != k->self)
		vgic_redist_until_flush(v, k);
}

/* Children are asleep once nothing can be resident any more. */
static void put_waker(struct vgic_cpu *v, bool settled)
{
	uint64_t asleep = settled ? GICR_WAKER_ChildrenAsleep : 0;

	mirror_put(v->regs, GICR_WAKER,
		   v->sleep ? (uint32_t)(GICR_WAKER_ProcessorSleep | asleep)
			    : 0);
}

void vgic_redist_settled(struct vgic_cpu *v)
{
	mirror_put(v->regs, GICR_CTLR,
		   v->regs[GICR_CTLR / 4] & ~(uint32_t)GICR_CTLR_RWP);
	put_waker(v, true);
}

int vgic_read_gicr(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		   const struct vgic_row *row)
{
	uint64_t reg = op->offset & 0xffff;

	(void)row;
	switch (reg & ~UINT64_C(7)) {
	case GICR_PROPBASER:
		op->value = vgic_read_half(v->propbaser, op);
		break;
	case GICR_PENDBASER:
		op->value =
			vgic_read_half(v->pendbaser & ~GICR_PENDBASER_PTZ, op);
		break;
	case GICR_SYNCR:
		op->value = g->its && op->size == 4 && reg == GICR_SYNCR &&
					    vgic_lpi_busy(g, v->index, op->vcpu)
				    ? GICR_SYNCR_Busy
				    : 0;
		break;
	default:
		op->value = mirror_read(v->regs, reg, op->size);
		break;
	}
	return 0;
}

/* ------------------------------------------------------------------ writes */

static void waker_locked(struct vgic_cpu *v, bool sleep, struct vgic_kicks *k)
{
	v->sleep = sleep;
	v->quiet = sleep;
	__atomic_store_n(&v->direct, 0, __ATOMIC_RELAXED);
	vgic_mark(v, VGIC_STALE_ALL, k);
	put_waker(v, !v->loaded || v->index == k->self);
}

static void write_waker(struct vgic *g, struct vgic_cpu *v,
			const struct mmio_op *op)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	bool sleep = op->value & GICR_WAKER_ProcessorSleep;

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	if (sleep != v->sleep || sleep != v->quiet)
		waker_locked(v, sleep, &k);
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
	spin_lock(&v->lock);
	vgic_redist_ctlr(g, v);
	spin_unlock(&v->lock);
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
