/*
 * The little that a payload needs of a flattened device tree (Devicetree
 * Specification, chapter 5): memory, CPUs, PSCI method, boot arguments.
 */
#ifndef PLINTH_GUEST_FDT_H
#define PLINTH_GUEST_FDT_H

#include <base/types.h>

/* Total size in bytes, 0 when there is no tree at `dtb`. */
uint32_t fdt_size(const void *dtb);

/* Fills `guest` and the mpidr of `cpus`. 0, or -1 when unusable. */
MUST_CHECK int fdt_read_guest(const void *dtb);

#endif
