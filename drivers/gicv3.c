/*
 * Physical GICv3: one-time set-up of distributor and redistributors, and the
 * CPU interface of each pCPU; contract in gicv3.h. What runs at every
 * interrupt is inline in port/gicc.h. Registers from GICv3/v4 IHI 0069.
 */
#include <errno.h>

#include <base/bits.h>

#include <drivers/gicv3.h>
#include <drivers/io.h>

#define GICD_CTLR        0x0000
#define GICD_TYPER       0x0004
#define GICD_IGROUPR     0x0080
#define GICD_ISENABLER   0x0100
#define GICD_ICENABLER   0x0180
#define GICD_ICPENDR     0x0280
#define GICD_ICACTIVER   0x0380
#define GICD_IPRIORITYR  0x0400
#define GICD_ICFGR       0x0c00
#define GICD_IROUTER     0x6000
#define GICD_CTLR_RWP    BIT(31)
#define GICD_CTLR_ARE_NS BIT(4)
#define GICD_CTLR_G1A    BIT(1)
#define GICD_CTLR_G1     BIT(0)

#define GICR_TYPER       0x0008
#define GICR_WAKER       0x0014
#define GICR_SGI         0x10000 /* the SGI frame, registers as in GICD */
#define GICR_CTLR        0x0000
#define GICR_CTLR_RWP    BIT(3)
#define GICR_STRIDE      0x20000
#define GICR_STRIDE_VLPI 0x40000
#define GICR_TYPER_LAST  BIT(4)
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_AFF   GENMASK(63, 32)
#define WAKER_SLEEP      BIT(1)
#define WAKER_CHILDREN   BIT(2)

#define PRIO_DEFAULT 0xa0a0a0a0U
#define ICC_SRE_ALL  7U /* SRE, DFB, DIB; of EL2 not Enable: EL1's traps */
#define ICC_EOIMODE1 BIT(1)
#define ICC_PMR_ALL  0xffU

#define ICC_WRITE(enc, v)                                                      \
	__asm__ volatile("msr " enc ", %0" ::"r"((uint64_t)(v)) : "memory")
#define DRIVER_ISB() __asm__ volatile("isb" ::: "memory")

/* The n-th of a row of 32-bit registers. */
static uintptr_t reg32(uintptr_t row, uint32_t n)
{
	return row + 4 * (uintptr_t)n;
}

static void wait_clear(uintptr_t at, uint64_t bit)
{
	while (io_read32(at) & bit)
		__asm__ volatile("yield" ::: "memory");
}

void gicv3_init(struct gicv3 *g, uintptr_t gicd,
		const struct gicv3_region *gicr, unsigned nr_gicr)
{
	uint32_t banks = (uint32_t)FIELD_GET(GENMASK(4, 0),
					     io_read32(gicd + GICD_TYPER)) +
			 1;

	*g = (struct gicv3){gicd, gicr, nr_gicr};
	io_write32(gicd + GICD_CTLR, 0);
	wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
	for (uint32_t b = 1; b < banks; b++) {
		io_write32(reg32(gicd + GICD_ICENABLER, b), ~0U);
		io_write32(reg32(gicd + GICD_ICPENDR, b), ~0U);
		io_write32(reg32(gicd + GICD_ICACTIVER, b), ~0U);
		io_write32(reg32(gicd + GICD_IGROUPR, b), ~0U);
		for (uint32_t i = 0; i < 8; i++)
			io_write32(reg32(gicd + GICD_IPRIORITYR, 8 * b + i),
				   PRIO_DEFAULT);
	}
	wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
	io_write32(gicd + GICD_CTLR,
		   (uint32_t)(GICD_CTLR_ARE_NS | GICD_CTLR_G1A | GICD_CTLR_G1));
	wait_clear(gicd + GICD_CTLR, GICD_CTLR_RWP);
}

/* Aff3..Aff0 packed as in GICR_TYPER[63:32]. */
static uint64_t packed_affinity(uint64_t mpidr)
{
	return (mpidr >> 8 & 0xff000000) | (mpidr & 0xffffff);
}

static uintptr_t find_in_region(const struct gicv3_region *r, uint64_t aff)
{
	uint64_t typer, off = 0;

	do {
		typer = io_read64(r->base + off + GICR_TYPER);
		if (FIELD_GET(GICR_TYPER_AFF, typer) == aff)
			return r->base + off;
		off += typer & GICR_TYPER_VLPIS ? GICR_STRIDE_VLPI
						: GICR_STRIDE;
	} while (!(typer & GICR_TYPER_LAST) && off < r->size);
	return 0;
}

static uintptr_t find_redistributor(const struct gicv3 *g, uint64_t mpidr)
{
	uintptr_t at = 0;

	for (unsigned i = 0; i < g->nr_gicr && !at; i++)
		at = find_in_region(&g->gicr[i], packed_affinity(mpidr));
	return at;
}

static void init_redistributor(uintptr_t gicr)
{
	uintptr_t sgi = gicr + GICR_SGI;

	io_write32(gicr + GICR_WAKER,
		   io_read32(gicr + GICR_WAKER) & ~(uint32_t)WAKER_SLEEP);
	wait_clear(gicr + GICR_WAKER, WAKER_CHILDREN);
	io_write32(sgi + GICD_ICENABLER, ~0U);
	io_write32(sgi + GICD_ICPENDR, ~0U);
	io_write32(sgi + GICD_ICACTIVER, ~0U);
	io_write32(sgi + GICD_IGROUPR, ~0U);
	for (uint32_t i = 0; i < 8; i++)
		io_write32(reg32(sgi + GICD_IPRIORITYR, i), PRIO_DEFAULT);
	io_write32(sgi + GICD_ICFGR + 4, 0);
	wait_clear(gicr + GICR_CTLR, GICR_CTLR_RWP);
}

int gicv3_init_cpu(struct gicv3 *g, uint64_t mpidr)
{
	uintptr_t gicr;

	ICC_WRITE("S3_4_C12_C9_5", ICC_SRE_ALL); /* ICC_SRE_EL2 */
	DRIVER_ISB();
	ICC_WRITE("S3_0_C12_C12_5", ICC_SRE_ALL); /* ICC_SRE_EL1 */
	ICC_WRITE("S3_4_C12_C11_0", 0); /* ICH_HCR_EL2: no guest yet */
	DRIVER_ISB();
	gicr = find_redistributor(g, mpidr);
	if (!gicr)
		return -ENODEV;
	init_redistributor(gicr);
	ICC_WRITE("S3_0_C4_C6_0", ICC_PMR_ALL);    /* ICC_PMR_EL1 */
	ICC_WRITE("S3_0_C12_C12_3", 0);            /* ICC_BPR1_EL1 */
	ICC_WRITE("S3_0_C12_C12_4", ICC_EOIMODE1); /* ICC_CTLR_EL1 */
	ICC_WRITE("S3_0_C12_C12_7", 1);            /* ICC_IGRPEN1_EL1 */
	DRIVER_ISB();
	return 0;
}

int gicv3_enable_private(struct gicv3 *g, uint64_t mpidr, uint32_t intid)
{
	uintptr_t gicr = find_redistributor(g, mpidr);

	if (!gicr)
		return -ENODEV;
	io_write32(gicr + GICR_SGI + GICD_ISENABLER, 1U << intid);
	return 0;
}

void gicv3_enable_spi(struct gicv3 *g, uint32_t intid, uint64_t mpidr)
{
	uintptr_t cfg = reg32(g->gicd + GICD_ICFGR, intid / 16);

	io_write32(cfg, io_read32(cfg) & ~(2U << 2 * (intid % 16)));
	io_write64(g->gicd + GICD_IROUTER + 8 * (uintptr_t)intid, mpidr);
	io_write32(reg32(g->gicd + GICD_ISENABLER, intid / 32),
		   1U << intid % 32);
}
