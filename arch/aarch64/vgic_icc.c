/*
 * vGIC: CPU interface registers that trap while an active interrupt is not
 * resident: ICC_DIR_EL1 alone (ICH_HCR_EL2.TDIR), or on CPUs without that bit
 * the common registers (ICH_HCR_EL2.TC), which are then answered from
 * ICH_VMCR_EL2 and the active priorities as the hardware would.
 *
 * GICv3/v4 IHI 0069: ICV_DIR_EL1, ICV_CTLR_EL1, ICV_PMR_EL1, ICV_RPR_EL1.
 * Called by the system-register trap handler, for the vCPU loaded here.
 */
#include <port/gich.h>

#include "vgic_internal.h"

void vgic_write_dir(struct vgic *g, unsigned vcpu, uint64_t value)
{
	struct vgic_kicks k = vgic_kicks_init(vcpu);
	uint32_t intid = (uint32_t)value & 0xffffff;
	struct vgic_cpu *v = &g->cpus[vcpu];
	uint32_t bit = 1U << (intid & 31);

	if (!(ich_read_vmcr() & ICH_VMCR_VEOIM))
		return; /* EOImode 0: the EOI has deactivated already */
	if (intid < GIC_NR_PRIVATE) {
		spin_lock(&v->lock);
		vgic_change_active(g, 0, &v->b, bit, false);
		vgic_touch_private_locked(v, bit, &k);
		spin_unlock(&v->lock);
	} else if (vgic_spi_exists(g, intid)) {
		struct vgic_bank *b = &vgic_spis_of(g, intid)->s.b;

		spin_lock(&g->lock);
		vgic_change_active(g, intid / 32, b, bit, false);
		vgic_touch_spis_locked(g, intid / 32, bit, &k);
		spin_unlock(&g->lock);
	}
	vgic_kick(g, &k);
}

static uint64_t read_ctlr(const struct vgic *g)
{
	uint64_t vmcr = ich_read_vmcr();

	return (vmcr & ICH_VMCR_VCBPR ? ICC_CTLR_CBPR : 0) |
	       (vmcr & ICH_VMCR_VEOIM ? ICC_CTLR_EOImode : 0) |
	       FIELD_PREP(ICC_CTLR_PRIbits,
			  FIELD_GET(ICH_VTR_PRIbits, g->vtr)) |
	       FIELD_PREP(ICC_CTLR_IDbits, FIELD_GET(ICH_VTR_IDbits, g->vtr)) |
	       (g->vtr & ICH_VTR_SEIS ? ICC_CTLR_SEIS : 0) |
	       (g->vtr & ICH_VTR_A3V ? ICC_CTLR_A3V : 0);
}

bool vgic_icc_read(struct vgic *g, unsigned vcpu, enum vgic_icc reg,
		   uint64_t *value)
{
	switch (reg) {
	case VGIC_ICC_CTLR:
		*value = read_ctlr(g);
		return true;
	case VGIC_ICC_PMR:
		*value = FIELD_GET(ICH_VMCR_VPMR, ich_read_vmcr());
		return true;
	case VGIC_ICC_RPR:
		*value = vgic_running_priority(g, &g->cpus[vcpu]);
		if (*value > 0xff)
			*value = 0xff; /* idle */
		return true;
	default:
		return false;
	}
}

bool vgic_icc_write(struct vgic *g, unsigned vcpu, enum vgic_icc reg,
		    uint64_t value)
{
	uint64_t vmcr = ich_read_vmcr();

	switch (reg) {
	case VGIC_ICC_CTLR:
		vmcr &= ~(ICH_VMCR_VCBPR | ICH_VMCR_VEOIM);
		vmcr |= (value & ICC_CTLR_CBPR ? ICH_VMCR_VCBPR : 0) |
			(value & ICC_CTLR_EOImode ? ICH_VMCR_VEOIM : 0);
		ich_write_vmcr(vmcr);
		return true;
	case VGIC_ICC_PMR:
		vmcr &= ~ICH_VMCR_VPMR;
		vmcr |= FIELD_PREP(ICH_VMCR_VPMR, value & g->prio_mask);
		ich_write_vmcr(vmcr);
		return true;
	case VGIC_ICC_DIR:
		vgic_write_dir(g, vcpu, value);
		return true;
	default:
		return false;
	}
}
