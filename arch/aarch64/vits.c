/*
 * vITS: registers and command queue; contract in vits.h.
 *
 * One access executes a bounded number of commands (a command that visits all
 * LPIs ends the bout), so that no queue keeps a pCPU from its interrupts. What
 * is left is marked on the vCPU and goes on at its exits.
 *
 * GICv3/v4 IHI 0069: "ITS register descriptions", "The ITS command interface".
 * Entry points for the MMIO bus, the flush and devices; vits->lock is taken
 * here.
 */
#include <errno.h>
#include <string.h>

#include "vgic_internal.h"
#include "vits_internal.h"

#define VITS_PART 0x94 /* PIDR0 */

/* Commands of one access. */
#define BOUT 64U

#define TYPER                                                                  \
	(GITS_TYPER_Physical | FIELD_PREP(GITS_TYPER_ITT_entry_size, 7) |      \
	 FIELD_PREP(GITS_TYPER_IDbits, 15) |                                   \
	 FIELD_PREP(GITS_TYPER_Devbits, 15))

int vits_create(struct vgic *g, const struct vgic_config *cfg)
{
	g->its = cfg->alloc(cfg->alloc_ctx, sizeof(*g->its),
			    _Alignof(struct vits));
	if (!g->its)
		return -ENOMEM;
	g->its->g = g;
	return 0;
}

void vits_reset(struct vgic *g)
{
	static const uint64_t types[VITS_NR_TABLES] = {
		[VITS_DEVICES] = GITS_BASER_TYPE_DEVICE,
		[VITS_COLLECTIONS] = GITS_BASER_TYPE_COLLECTION,
	};
	struct vits *its = g->its;

	spin_lock(&its->lock);
	for (unsigned i = 0; i < VITS_NR_TABLES; i++)
		its->baser[i] = FIELD_PREP(GITS_BASER_Type, types[i]) |
				FIELD_PREP(GITS_BASER_Entry_Size, 7);
	its->cbaser = 0;
	its->creadr = 0;
	its->cwriter = 0;
	its->enabled = false;
	its->stalled = false;
	spin_unlock(&its->lock);
}

/* ------------------------------------------------------------ command queue */

static uint32_t queue_size(const struct vits *its)
{
	return (uint32_t)(FIELD_GET(GITS_CBASER_Size, its->cbaser) + 1) << 12;
}

static bool has_work(const struct vits *its)
{
	return its->enabled && (its->cbaser & GITS_CBASER_Valid) &&
	       !its->stalled && its->creadr != its->cwriter;
}

/* Visits all LPIs: as much as a bout may do. */
static bool is_long(const uint64_t cmd[4])
{
	uint64_t nr = FIELD_GET(ITS_DW0_COMMAND, cmd[0]);

	return nr == ITS_INVALL || nr == ITS_MOVALL;
}

/* One command. False: the bout is over. */
static bool step_locked(struct vits *its, unsigned self)
{
	const struct vgic *g = its->g;
	ipa_t at = {(its->cbaser & GITS_CBASER_PA) + its->creadr};
	enum vits_result result = VITS_STALL;
	uint64_t cmd[4];

	if (!g->ops->ram_read(g->ctx, at, cmd, sizeof(cmd)))
		result = vits_command(its, cmd, self);
	if (result == VITS_DONE) {
		its->creadr += ITS_CMD_SIZE;
		if (its->creadr == queue_size(its))
			its->creadr = 0;
		return !is_long(cmd);
	}
	its->stalled = result == VITS_STALL;
	return false;
}

/* A bout; whether work is left. */
static bool work_locked(struct vits *its, unsigned self)
{
	for (unsigned i = 0; i < BOUT && has_work(its); i++) {
		if (!step_locked(its, self))
			break;
	}
	return has_work(its);
}

/* The vCPU goes on at its next exit tail, which is the present one. */
static void mark_work(struct vgic *g, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);

	vgic_mark(&g->cpus[self], VGIC_STALE_ITS, &k);
}

void vits_work(struct vgic *g, unsigned self)
{
	struct vits *its = g->its;
	bool more;

	spin_lock(&its->lock);
	more = work_locked(its, self);
	spin_unlock(&its->lock);
	if (more) { /* after what other interrupts there are */
		mark_work(g, self);
		g->ops->exit_again(g->ctx, self);
	}
}

/* ---------------------------------------------------------------- registers */

static uint64_t *baser_of(struct vits *its, uint64_t reg)
{
	uint64_t n = (reg - GITS_BASER) / 8;

	return reg >= GITS_BASER && n < VITS_NR_TABLES ? &its->baser[n] : NULL;
}

static uint64_t read_word(const struct vits *its, uint64_t reg)
{
	if (reg == GITS_CTLR)
		return its->enabled ? GITS_CTLR_Enabled : GITS_CTLR_Quiescent;
	if (reg == GITS_IIDR)
		return VGIC_IIDR;
	return reg >= GIC_IDREGS_PAGE ? vgic_idreg(reg, VITS_PART) : 0;
}

static void read_locked(struct vits *its, struct mmio_op *op)
{
	uint64_t reg = op->offset & ~UINT64_C(7);
	uint64_t stalled = its->stalled ? GITS_CREADR_Stalled : 0;
	const uint64_t *baser = baser_of(its, reg);

	if (baser) {
		op->value = vgic_read_half(*baser, op);
		return;
	}
	switch (reg) {
	case GITS_TYPER:
		op->value = vgic_read_half(TYPER, op);
		break;
	case GITS_CBASER:
		op->value = vgic_read_half(its->cbaser, op);
		break;
	case GITS_CWRITER:
		op->value = vgic_read_half(its->cwriter, op);
		break;
	case GITS_CREADR:
		op->value = vgic_read_half(its->creadr | stalled, op);
		break;
	default:
		if (op->size == 4)
			op->value = read_word(its, op->offset);
		break;
	}
}

/* An offset outside the queue is ignored. */
static void write_cwriter(struct vits *its, const struct mmio_op *op)
{
	uint64_t to = vgic_write_half(its->cwriter, op);

	if ((to & GITS_CQ_Offset) >= queue_size(its))
		return;
	its->cwriter = (uint32_t)(to & GITS_CQ_Offset);
	if (!(op->offset & 4) && (op->value & GITS_CWRITER_Retry))
		its->stalled = false;
}

/* Where queue and tables are cannot be changed while the ITS is enabled. */
static void write_locked(struct vits *its, const struct mmio_op *op)
{
	uint64_t reg = op->offset & ~UINT64_C(7);
	uint64_t *baser = baser_of(its, reg);

	if (reg == GITS_CWRITER) {
		write_cwriter(its, op);
	} else if (op->offset == GITS_CTLR && op->size == 4) {
		its->enabled = op->value & GITS_CTLR_Enabled;
	} else if (its->enabled) {
		return;
	} else if (baser) {
		*baser = (vgic_write_half(*baser, op) & ~GITS_BASER_RO) |
			 (*baser & GITS_BASER_RO);
	} else if (reg == GITS_CBASER) {
		its->cbaser =
			vgic_write_half(its->cbaser, op) & GITS_CBASER_MASK;
		its->creadr = 0;
		its->cwriter = 0;
		its->stalled = false;
	}
}

/* 8 bytes where there are 64-bit registers, 4 anywhere. */
static bool size_ok(const struct mmio_op *op)
{
	if (op->offset & (op->size - 1U))
		return false;
	return op->size == 4 || (op->size == 8 && op->offset >= GITS_TYPER &&
				 op->offset < GITS_BASER_END);
}

int vits_mmio(void *vgic, struct mmio_op *op)
{
	struct vgic *g = vgic;
	struct vits *its = g->its;
	bool more = false;

	if (!op->write)
		op->value = 0;
	if (op->offset >= GIC_FRAME_SIZE || !size_ok(op))
		return 0; /* GITS_TRANSLATER: write-only, and not for vCPUs */
	spin_lock(&its->lock);
	if (op->write) {
		write_locked(its, op);
		more = work_locked(its, op->vcpu);
	} else {
		if ((op->offset & ~UINT64_C(7)) == GITS_CREADR)
			more = work_locked(its, op->vcpu);
		read_locked(its, op);
	}
	spin_unlock(&its->lock);
	if (more)
		mark_work(g, op->vcpu);
	return 0;
}

void vits_inject(struct vgic *g, uint32_t device, uint32_t event)
{
	struct vits *its = g->its;
	struct vits_route r;
	bool found;

	if (!its)
		return;
	spin_lock(&its->lock);
	found = its->enabled && !vits_translate(its, device, event, &r);
	if (found)
		vgic_lpi_set(g, r.vcpu, r.intid, true, VGIC_NO_VCPU);
	spin_unlock(&its->lock);
}
