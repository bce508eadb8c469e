/*
 * vGIC: the register map. One const row per kind of register (offset, access
 * sizes, read, write); the offset divided by 0x80 finds the row, so every
 * access costs the same. Registers that have no row are RAZ/WI: GICD_ITARGETSR,
 * GICD_SGIR and its companions (affinity routing is always on), GICD_IGRPMODR
 * and GICD_NSACR (one Security state).
 *
 * GICv3/v4 IHI 0069: "Distributor register map", "Redistributor register
 * map", GICD_CTLR, GICD_TYPER, GICR_TYPER, GICR_WAKER. Entry points for the
 * MMIO bus; locks are taken here.
 */
#include <errno.h>

#include <arch/aarch64/mirror.h>

#include "vgic_internal.h"

/* Kinds of registers: index of map.rows. */
enum row_id {
	ROW_NONE,
	ROW_GICD,
	ROW_GICR,
	ROW_IDREGS,
	ROW_IGROUPR,
	ROW_ISENABLER,
	ROW_ICENABLER,
	ROW_ISPENDR,
	ROW_ICPENDR,
	ROW_ISACTIVER,
	ROW_ICACTIVER,
	ROW_IPRIORITYR,
	ROW_ICFGR,
	ROW_IROUTER,
	NR_ROWS,
};

/* ------------------------------------------------------- control registers */

/* GICD_CTLR.RWP: somebody has not yet seen a disable. */
static bool writes_pending(const struct vgic *g)
{
	for (unsigned i = 0; i < g->nr_vcpus; i++) {
		if (__atomic_load_n(g->cpus[i].stale, __ATOMIC_RELAXED) &
		    VGIC_STALE_RWP)
			return true;
	}
	return false;
}

static int read_gicd(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		     const struct vgic_row *row)
{
	(void)v;
	(void)row;
	switch (op->offset) {
	case GICD_TYPER:
		op->value = g->typer;
		break;
	case GICD_CTLR:
		op->value = __atomic_load_n(&g->ctlr, __ATOMIC_RELAXED) |
			    GICD_CTLR_ARE | GICD_CTLR_DS |
			    (writes_pending(g) ? GICD_CTLR_RWP : 0);
		break;
	case GICD_IIDR:
		op->value = VGIC_IIDR;
		break;
	default: /* TYPER2: no vLPIs, SGIs as ever; STATUSR: absent; SETSPI: WO
		  */
		return vgic_read_zero(op);
	}
	return 0;
}

/* The group enables changed: everything that opens or closes is touched. */
static void update_groups_locked(struct vgic *g, struct vgic_kicks *k)
{
	for (unsigned nr = 1; nr <= g->nr_banks; nr++) {
		struct vgic_bank *b = &g->spis[nr - 1].s.b;
		uint32_t was = b->open;

		vgic_update_open(g, b);
		vgic_touch_spis_locked(g, nr, was ^ b->open, k);
	}
	for (unsigned i = 0; i < g->nr_vcpus; i++) {
		struct vgic_cpu *v = &g->cpus[i];
		uint32_t was;

		spin_lock(&v->lock);
		was = v->b.open;
		vgic_update_open(g, &v->b);
		vgic_touch_private_locked(v, was ^ v->b.open, k);
		if (v->used)
			vgic_mark(v, VGIC_STALE_RWP, k);
		spin_unlock(&v->lock);
	}
	vgic_lpi_groups_locked(g, k);
}

static void write_ctlr(struct vgic *g, const struct mmio_op *op)
{
	struct vgic_kicks k = vgic_kicks_init(op->vcpu);
	uint32_t to = (uint32_t)op->value &
		      (uint32_t)(GICD_CTLR_EnableGrp0 | GICD_CTLR_EnableGrp1);

	spin_lock(&g->lock);
	if (to != g->ctlr) {
		__atomic_store_n(&g->ctlr, to, __ATOMIC_RELAXED);
		update_groups_locked(g, &k);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* The _SR registers of messages are not there. */
static int write_gicd(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		      const struct vgic_row *row)
{
	uint32_t intid = (uint32_t)(op->value & GICD_SETSPI_INTID);

	(void)v;
	(void)row;
	if (op->offset == GICD_CTLR)
		write_ctlr(g, op);
	else if (op->offset == GICD_SETSPI_NSR)
		vgic_message(g, intid, true, op->vcpu);
	else if (op->offset == GICD_CLRSPI_NSR)
		vgic_message(g, intid, false, op->vcpu);
	return 0;
}

static int read_idregs(struct vgic *g, struct mmio_op *op, struct vgic_cpu *v,
		       const struct vgic_row *row)
{
	(void)row;
	op->value = mirror_read(vgic_id_page(g, v != NULL),
				op->offset % PAGE_SIZE, op->size);
	return 0;
}

/* ---------------------------------------------------------- the register map
 */

#define WORD(w) ((uint8_t)offsetof(struct vgic_bank, w))

/* The whole map; dist and redist are indexed by offset / 0x80. */
static const struct {
	struct vgic_row rows[NR_ROWS];
	uint8_t dist[GIC_FRAME_SIZE >> 7];
	uint8_t redist[GIC_REDIST_SIZE >> 7];
} map = {
	.rows =
		{
			[ROW_NONE] = {.name = "reserved"},
			[ROW_GICD] = {.name = "GICD_CTLR..CLRSPI",
				      .sizes = 4,
				      .read = read_gicd,
				      .write = write_gicd},
			[ROW_GICR] = {.name = "GICR_CTLR..SYNCR",
				      .sizes = 4 | 8,
				      .read = vgic_read_gicr,
				      .write = vgic_write_gicr},
			[ROW_IDREGS] = {.name = "PIDR, CIDR",
					.sizes = 4,
					.read = read_idregs,
					.write = vgic_odd},
			[ROW_IGROUPR] = {.name = "IGROUPR",
					 .base = GICD_IGROUPR,
					 .sizes = 4,
					 .word = WORD(group),
					 .read = vgic_read_word,
					 .write = vgic_bank_write,
					 .change = vgic_set_group},
			[ROW_ISENABLER] = {.name = "ISENABLER",
					   .base = GICD_ISENABLER,
					   .sizes = 4,
					   .word = WORD(enabled),
					   .read = vgic_read_word,
					   .write = vgic_write_enable},
			[ROW_ICENABLER] = {.name = "ICENABLER",
					   .base = GICD_ICENABLER,
					   .sizes = 4,
					   .word = WORD(enabled),
					   .read = vgic_read_word,
					   .write = vgic_write_enable,
					   .rwp = true},
			[ROW_ISPENDR] = {.name = "ISPENDR",
					 .base = GICD_ISPENDR,
					 .sizes = 4,
					 .read = vgic_read_pending,
					 .write = vgic_bank_write,
					 .change = vgic_set_pending},
			[ROW_ICPENDR] = {.name = "ICPENDR",
					 .base = GICD_ICPENDR,
					 .sizes = 4,
					 .read = vgic_read_pending,
					 .write = vgic_bank_write,
					 .change = vgic_clear_pending},
			[ROW_ISACTIVER] = {.name = "ISACTIVER",
					   .base = GICD_ISACTIVER,
					   .sizes = 4,
					   .read = vgic_read_active,
					   .write = vgic_bank_write,
					   .change = vgic_set_active},
			[ROW_ICACTIVER] = {.name = "ICACTIVER",
					   .base = GICD_ICACTIVER,
					   .sizes = 4,
					   .read = vgic_read_active,
					   .write = vgic_bank_write,
					   .change = vgic_clear_active},
			[ROW_IPRIORITYR] = {.name = "IPRIORITYR",
					    .base = GICD_IPRIORITYR,
					    .sizes = 1 | 4,
					    .shift = 3,
					    .read = vgic_read_prio,
					    .write = vgic_write_prio},
			[ROW_ICFGR] = {.name = "ICFGR",
				       .base = GICD_ICFGR,
				       .sizes = 4,
				       .shift = 1,
				       .read = vgic_read_cfg,
				       .write = vgic_bank_write,
				       .change = vgic_set_cfg},
			[ROW_IROUTER] = {.name = "IROUTER",
					 .base = GICD_IROUTER,
					 .sizes = 4 | 8,
					 .shift = 6,
					 .read = vgic_read_router,
					 .write = vgic_write_router},
		},
	.dist =
		{
			[GICD_CTLR >> 7] = ROW_GICD,
			[GICD_IGROUPR >> 7] = ROW_IGROUPR,
			[GICD_ISENABLER >> 7] = ROW_ISENABLER,
			[GICD_ICENABLER >> 7] = ROW_ICENABLER,
			[GICD_ISPENDR >> 7] = ROW_ISPENDR,
			[GICD_ICPENDR >> 7] = ROW_ICPENDR,
			[GICD_ISACTIVER >> 7] = ROW_ISACTIVER,
			[GICD_ICACTIVER >> 7] = ROW_ICACTIVER,
			[GICD_IPRIORITYR >> 7 ...(GICD_ITARGETSR >> 7) - 1] =
				ROW_IPRIORITYR,
			[GICD_ICFGR >> 7 ...(GICD_IGRPMODR >> 7) - 1] =
				ROW_ICFGR,
			[GICD_IROUTER >> 7 ... GICD_IROUTER1023 >> 7] =
				ROW_IROUTER,
			[GIC_IDREGS_PAGE >> 7] = ROW_IDREGS,
		},
	.redist =
		{
			[GICR_CTLR >> 7] = ROW_GICR,
			[GICR_INVLPIR >> 7] = ROW_GICR,
			[GIC_IDREGS_PAGE >> 7] = ROW_IDREGS,
			[(GICR_SGI_BASE + GICD_IGROUPR) >> 7] = ROW_IGROUPR,
			[(GICR_SGI_BASE + GICD_ISENABLER) >> 7] = ROW_ISENABLER,
			[(GICR_SGI_BASE + GICD_ICENABLER) >> 7] = ROW_ICENABLER,
			[(GICR_SGI_BASE + GICD_ISPENDR) >> 7] = ROW_ISPENDR,
			[(GICR_SGI_BASE + GICD_ICPENDR) >> 7] = ROW_ICPENDR,
			[(GICR_SGI_BASE + GICD_ISACTIVER) >> 7] = ROW_ISACTIVER,
			[(GICR_SGI_BASE + GICD_ICACTIVER) >> 7] = ROW_ICACTIVER,
			[(GICR_SGI_BASE + GICD_IPRIORITYR) >> 7] =
				ROW_IPRIORITYR,
			[(GICR_SGI_BASE + GICD_ICFGR) >> 7] = ROW_ICFGR,
		},
};

static inline int mmio_row(struct vgic *g, struct mmio_op *op,
			   struct vgic_cpu *v, size_t row_id)
{
	const struct vgic_row *row = &map.rows[row_id];
	bool odd = !(row->sizes & op->size) || (op->offset & (op->size - 1U));

	if (odd)
		return vgic_odd(g, op, v, row);
	if (op->write)
		return row->write(g, op, v, row);
	return row->read(g, op, v, row);
}

int vgic_dist_mmio(void *vgic, struct mmio_op *op)
{
	unsigned at = op->offset % GIC_FRAME_SIZE >> 7;

	return mmio_row(vgic, op, NULL, map.dist[at]);
}

int vgic_redist_mmio(void *vgic, struct mmio_op *op)
{
	struct vgic *g = vgic;
	unsigned at = op->offset % GIC_REDIST_SIZE >> 7;
	uint64_t frame = op->offset / GIC_REDIST_SIZE;

	if (frame >= g->nr_vcpus)
		return -ENXIO;
	return mmio_row(g, op, &g->cpus[frame], map.redist[at]);
}
