/*
 * The physical GICv3 (IHI 0069) as EL2 uses it: one Security state's group 1,
 * affinity routing on, EOImode 1. Guests never reach it; their GIC is
 * arch/aarch64/vgic.h. The CPU interface's hot part is <port/gicc.h>.
 */
#ifndef PLINTH_DRIVERS_GICV3_H
#define PLINTH_DRIVERS_GICV3_H

#include <base/types.h>

struct gicv3_region {
	uintptr_t base; /* EL2 virtual address */
	uint64_t size;  /* bytes */
};

struct gicv3 {
	uintptr_t gicd;
	const struct gicv3_region *gicr;
	unsigned nr_gicr;
};

/* Once: every SPI disabled, inactive, group 1; the distributor is enabled. */
void gicv3_init(struct gicv3 *g, uintptr_t gicd,
		const struct gicv3_region *gicr, unsigned nr_gicr);

/*
 * On every pCPU: wakes the redistributor whose affinity is `mpidr`, resets its
 * private interrupts, enables the CPU interface with EOImode 1.
 * -ENODEV: no redistributor has that affinity.
 */
MUST_CHECK int gicv3_init_cpu(struct gicv3 *g, uint64_t mpidr);

/* Enables an SGI or PPI of this pCPU (mpidr), level sensitive. */
MUST_CHECK int gicv3_enable_private(struct gicv3 *g, uint64_t mpidr,
				    uint32_t intid);

/* Routes an SPI to one pCPU and enables it, level sensitive. */
void gicv3_enable_spi(struct gicv3 *g, uint32_t intid, uint64_t mpidr);

#endif
