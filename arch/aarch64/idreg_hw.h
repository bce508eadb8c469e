/* The CPU's own identification registers, read by the EL2 edge. */
#ifndef PLINTH_ARCH_IDREG_HW_H
#define PLINTH_ARCH_IDREG_HW_H

#include <arch/aarch64/idreg.h>

/* Fills the 56 registers of the TID3 group as this pCPU reads them. */
void idreg_read_hw(uint64_t hw[IDREG_NR]);

/* MIDR_EL1. */
uint64_t idreg_midr(void);

#endif
