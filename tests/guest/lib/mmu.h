/*
 * Stage 1 of a payload: off at start; mmu_on() maps 512 GiB flat, the GiBs
 * that hold RAM as Normal write-back, everything else as Device-nGnRE.
 * Each CPU turns its own on; the tables are shared. Memory attributes matter
 * for exclusives, unaligned accesses and DMA on hardware.
 */
#ifndef PLINTH_GUEST_MMU_H
#define PLINTH_GUEST_MMU_H

#include "cpu.h"

#define MMU_VA_SIZE (UINT64_C(1) << 39)

void mmu_on(void);
void mmu_off(void);

/*
 * Replaces the flat entry of the GiB that holds `va` by a pointer to a
 * level-2 table at `table` (4 KiB aligned, any address), or restores it.
 */
void mmu_set_table(uint64_t va, uint64_t table);
void mmu_set_flat(uint64_t va);

#endif
