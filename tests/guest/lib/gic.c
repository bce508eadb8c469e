/*
 * GICv3 set-up for payloads. The distributor belongs to the boot CPU; each
 * CPU initialises its own redistributor and CPU interface.
 */
#include "gic.h"

#define REG32_PER_BIT(intid) ((intid) / 32 * UINT64_C(4))

static void gicd_wait_rwp(void)
{
	while (mmio_read32(GICD_BASE + GICD_CTLR) & GICD_CTLR_RWP)
		cpu_relax();
}

unsigned gic_nr_intids(void)
{
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
	unsigned nr = 32 * ((typer & 0x1f) + 1);

	return nr > 1020 ? 1020 : nr;
}

static void frame_init(uint64_t frame, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i += 32) {
		uint64_t at = frame + REG32_PER_BIT(i);

		mmio_write32(at + GIC_ICENABLER, ~0U);
		mmio_write32(at + GIC_ICPENDR, ~0U);
		mmio_write32(at + GIC_ICACTIVER, ~0U);
		mmio_write32(at + GIC_IGROUPR, ~0U);
	}
	for (unsigned i = first; i < end; i += 4)
		mmio_write32(frame + GIC_IPRIORITYR + i,
			     PRIO_DEFAULT * 0x01010101U);
}

void gic_init_dist(void)
{
	mmio_write32(GICD_BASE + GICD_CTLR, 0);
	gicd_wait_rwp();
	frame_init(GICD_BASE, 32, gic_nr_intids());
	for (unsigned i = 32; i < gic_nr_intids(); i++)
		gic_route(i, this_cpu()->mpidr);
	gicd_wait_rwp();
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	gicd_wait_rwp();
}

uint64_t gic_find_redist(uint64_t mpidr)
{
	uint64_t aff = (mpidr >> 32 & 0xff) << 24 | (mpidr & 0xffffff);
	uint64_t at = GICR_BASE, typer;

	for (;; at += GICR_STRIDE) {
		typer = mmio_read64(at + GICR_TYPER);
		if (typer >> 32 == aff)
			return at;
		if (typer & GICR_TYPER_LAST)
			return 0;
	}
}

static void redist_wake(uint64_t gicr)
{
	uint32_t v = mmio_read32(gicr + GICR_WAKER);

	mmio_write32(gicr + GICR_WAKER, v & ~(uint32_t)WAKER_SLEEP);
	while (mmio_read32(gicr + GICR_WAKER) & WAKER_ASLEEP)
		cpu_relax();
}

void gic_init_cpu(void)
{
	struct cpu *c = this_cpu();

	c->gicr = gic_find_redist(c->mpidr);
	redist_wake(c->gicr);
	frame_init(c->gicr + GICR_SGI_BASE, 0, 32);
	write_icc_sre_el1(read_icc_sre_el1() | 1);
	isb();
	write_icc_pmr_el1(PRIO_MASK_NONE);
	write_icc_bpr1_el1(0);
	write_icc_ctlr_el1(0);
	write_icc_igrpen1_el1(1);
	isb();
}

uint64_t gic_frame(const struct cpu *c, unsigned intid)
{
	return intid < 32 ? c->gicr + GICR_SGI_BASE : GICD_BASE;
}

bool gic_bit_on(const struct cpu *c, uint64_t reg, unsigned intid)
{
	uint64_t at = gic_frame(c, intid) + reg + REG32_PER_BIT(intid);

	return mmio_read32(at) >> intid % 32 & 1;
}

void gic_set_bit_on(const struct cpu *c, uint64_t reg, unsigned intid)
{
	uint64_t at = gic_frame(c, intid) + reg + REG32_PER_BIT(intid);

	mmio_write32(at, 1U << intid % 32);
	dsb_sy();
}

uint8_t gic_prio(unsigned intid)
{
	return mmio_read8(gic_frame(this_cpu(), intid) + GIC_IPRIORITYR +
			  intid);
}

void gic_set_prio(unsigned intid, uint8_t prio)
{
	mmio_write8(gic_frame(this_cpu(), intid) + GIC_IPRIORITYR + intid,
		    prio);
	dsb_sy();
}

void gic_set_edge(unsigned intid, bool edge)
{
	uint64_t at = gic_frame(this_cpu(), intid) + GIC_ICFGR +
		      intid / 16 * UINT64_C(4);
	uint32_t bit = 2U << intid % 16 * 2;
	uint32_t v = mmio_read32(at);

	mmio_write32(at, edge ? v | bit : v & ~bit);
	dsb_sy();
}

void gic_route(unsigned intid, uint64_t mpidr)
{
	mmio_write64(GICD_BASE + GICD_IROUTER + UINT64_C(8) * intid, mpidr);
	dsb_sy();
}

uint64_t gic_sgi_to(uint64_t mpidr, unsigned intid)
{
	uint64_t aff0 = mpidr & 0xff;

	return (mpidr >> 32 & 0xff) << 48 | aff0 / 16 << 44 |
	       (mpidr >> 16 & 0xff) << 32 | (uint64_t)intid << 24 |
	       (mpidr >> 8 & 0xff) << 16 | UINT64_C(1) << aff0 % 16;
}
