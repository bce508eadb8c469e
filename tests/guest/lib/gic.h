/*
 * GICv3 (Arm IHI 0069) of QEMU virt's map, one security state (DS=1):
 * initialisation and one accessor set for every INTID below 1020. INTIDs
 * below 32 mean the calling CPU's redistributor unless a CPU is named.
 */
#ifndef PLINTH_GUEST_GIC_H
#define PLINTH_GUEST_GIC_H

#include "cpu.h"

#define GICD_BASE     UINT64_C(0x08000000)
#define GICD_SIZE     UINT64_C(0x10000)
#define GICR_BASE     UINT64_C(0x080a0000)
#define GICR_STRIDE   UINT64_C(0x20000)
#define GICR_SGI_BASE UINT64_C(0x10000)

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IIDR       0x0008
#define GIC_IGROUPR     0x0080
#define GIC_ISENABLER   0x0100
#define GIC_ICENABLER   0x0180
#define GIC_ISPENDR     0x0200
#define GIC_ICPENDR     0x0280
#define GIC_ISACTIVER   0x0300
#define GIC_ICACTIVER   0x0380
#define GIC_IPRIORITYR  0x0400
#define GIC_ICFGR       0x0c00
#define GIC_IGRPMODR    0x0d00
#define GICD_IROUTER    0x6000 /* + 8 * INTID */
#define GICD_PIDR2      0xffe8
#define GICR_CTLR       0x0000
#define GICR_IIDR       0x0004
#define GICR_TYPER      0x0008
#define GICR_WAKER      0x0014
#define GICD_CTLR_GRP0  BIT(0)
#define GICD_CTLR_GRP1  BIT(1)
#define GICD_CTLR_ARE   BIT(4)
#define GICD_CTLR_DS    BIT(6)
#define GICD_CTLR_RWP   BIT(31)
#define GICR_TYPER_LAST BIT(4)
#define WAKER_SLEEP     BIT(1)
#define WAKER_ASLEEP    BIT(2)
#define IROUTER_IRM     BIT(31)

#define ICC_CTLR_EOIMODE BIT(1)
#define ICC_SGI_IRM      BIT(40)
#define INTID_SPURIOUS   1023
#define PRIO_MASK_NONE   0xff /* PMR that lets everything through */
#define PRIO_IDLE        0xff /* RPR when nothing runs */
#define PRIO_DEFAULT     0xa0

/* Distributor: group 1 for every SPI, everything disabled, ARE, forwarding. */
void gic_init_dist(void);
/* The calling CPU: redistributor awake, PPIs disabled, group 1 forwarded. */
void gic_init_cpu(void);

/* 32 or more: 32 * (ITLinesNumber + 1), the first INTID that is not there. */
unsigned gic_nr_intids(void);

/* One of the bit-per-interrupt registers, by its set-register's offset. */
bool gic_bit_on(const struct cpu *c, uint64_t reg, unsigned intid);
void gic_set_bit_on(const struct cpu *c, uint64_t reg, unsigned intid);

static inline bool gic_bit(uint64_t reg, unsigned intid)
{
	return gic_bit_on(this_cpu(), reg, intid);
}

static inline void gic_set_bit(uint64_t reg, unsigned intid)
{
	gic_set_bit_on(this_cpu(), reg, intid);
}

uint8_t gic_prio(unsigned intid);
void gic_set_prio(unsigned intid, uint8_t prio);
void gic_set_edge(unsigned intid, bool edge);
void gic_route(unsigned intid, uint64_t mpidr);

static inline void gic_enable(unsigned intid)
{
	gic_set_bit(GIC_ISENABLER, intid);
}

static inline void gic_disable(unsigned intid)
{
	gic_set_bit(GIC_ICENABLER, intid);
}

/* Base of the register frame that holds `intid` for CPU `c`. */
uint64_t gic_frame(const struct cpu *c, unsigned intid);
/* The redistributor frame of affinity `mpidr`, 0 when there is none. */
uint64_t gic_find_redist(uint64_t mpidr);

/* ICC_SGI1R value for one target CPU; sent by write_icc_sgi1r_el1(). */
uint64_t gic_sgi_to(uint64_t mpidr, unsigned intid);

static inline void gic_send_sgi(uint64_t sgir)
{
	dsb_sy();
	write_icc_sgi1r_el1(sgir);
	isb();
}

#endif
