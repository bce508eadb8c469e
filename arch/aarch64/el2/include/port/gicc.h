/*
 * GICv3 CPU interface as EL2 itself uses it (EL2 build): physical interrupts
 * of this pCPU, group 1, EOImode 1 (priority drop and deactivation apart).
 * GIC IHI 0069, ICC_IAR1_EL1, ICC_EOIR1_EL1, ICC_DIR_EL1, ICC_SGI1R_EL1.
 */
#ifndef PLINTH_PORT_GICC_H
#define PLINTH_PORT_GICC_H

#include <base/types.h>

#define GICC_SPURIOUS 1020U /* and above: nothing to handle */

/* Acknowledge the highest-priority pending interrupt: its INTID. */
static inline uint32_t gicc_ack(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, S3_0_C12_C12_0" : "=r"(v)::"memory");
	return (uint32_t)v;
}

/* After the acknowledge of an SGI: what its sender stored before is seen by all
 * loads from here on, none of which was made earlier. Pairs with gicc_send().
 */
static inline void gicc_received(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

/* Priority drop: lower or equal priorities may be taken again. */
static inline void gicc_drop(uint32_t intid)
{
	__asm__ volatile("msr S3_0_C12_C12_1, %0" ::"r"((uint64_t)intid)
			 : "memory");
}

/* Active -> inactive; not for interrupts that a list register deactivates. */
static inline void gicc_deactivate(uint32_t intid)
{
	__asm__ volatile("msr S3_0_C12_C11_1, %0" ::"r"((uint64_t)intid)
			 : "memory");
}

/* SGI `intid` for the pCPU with this affinity (MPIDR layout), as
 * ICC_SGI1R_EL1 wants it. */
static inline uint64_t gicc_sgi(uint64_t mpidr, uint32_t intid)
{
	uint64_t aff3 = (mpidr >> 32) & 0xff, aff2 = (mpidr >> 16) & 0xff;
	uint64_t aff1 = (mpidr >> 8) & 0xff, aff0 = mpidr & 0xff;

	return aff3 << 48 | (aff0 >> 4) << 44 | aff2 << 32 |
	       (uint64_t)intid << 24 | aff1 << 16 | UINT64_C(1) << (aff0 & 0xf);
}

/* Sends it. */
static inline void gicc_send(uint64_t sgi)
{
	/* What the target will look at must be visible before the SGI is. */
	__asm__ volatile("dsb ishst\n\tmsr S3_0_C12_C11_5, %0\n\tisb" ::"r"(sgi)
			 : "memory");
}

/* Sleep until an interrupt is pending for this pCPU (PSTATE.I stays set). */
static inline void cpu_wfi(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

#endif
