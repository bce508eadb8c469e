/*
 * The CPU's random number generator (FEAT_RNG), read by the EL2 edge
 * (el2/rndr.c). Arm ARM DDI 0487, RNDR and RNDRRS.
 */
#ifndef PLINTH_ARCH_RNDR_H
#define PLINTH_ARCH_RNDR_H

#include <base/types.h>

/*
 * A random number into *v. False, and *v unchanged, when this CPU has no
 * generator or when it gave nothing in a bounded number of attempts.
 */
MUST_CHECK bool rndr_read(uint64_t *v);

/* The same of a generator that was reseeded for this read. */
MUST_CHECK bool rndrrs_read(uint64_t *v);

#endif
