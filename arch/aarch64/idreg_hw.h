/*
 * The CPU's own identification registers, read by the EL2 edge (el2/idregs.c)
 * on one pCPU for all. Left out: which of their fields a guest is shown
 * (idreg.h). Arm ARM DDI 0487, "ID registers", MIDR_EL1.
 */
#ifndef PLINTH_ARCH_IDREG_HW_H
#define PLINTH_ARCH_IDREG_HW_H

#include <arch/aarch64/idreg.h>

/* Fills the 56 registers of the TID3 group as this pCPU reads them. */
void idreg_read_hw(uint64_t hw[IDREG_NR]);

/* MIDR_EL1. */
uint64_t idreg_midr(void);

#endif
