/*
 * Registers that guests read as memory, without an exit: what holds of every
 * page that stage 2 shows, read-only, where a device's registers are. The page
 * is the register file, so an emulated read of it gives the same. Only EL2
 * writes to it, under the device's lock, and before anybody can know better.
 *
 * Pages are Device memory to the guest: it reads past the caches.
 * docs/design/09-mmio.md.
 */
#ifndef PLINTH_ARCH_MIRROR_H
#define PLINTH_ARCH_MIRROR_H

#include <base/types.h>

/* The 32-bit register at byte `reg` of `regs` reads `value` from here on; who
 * reads that finds in memory what was stored there before. */
void mirror_put(uint32_t *regs, uint64_t reg, uint32_t value);

/* What a load of 1, 2, 4 or 8 bytes at byte `at` gives, of any alignment. */
MUST_CHECK uint64_t mirror_read(const uint32_t *regs, uint64_t at,
				unsigned size);

#endif
