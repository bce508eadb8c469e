/*
 * Volatile access to device registers, for drivers only. Addresses are EL2
 * virtual addresses of memory mapped as Device-nGnRnE, so accesses keep their
 * order and size and need no barrier among each other. Arm ARM DDI 0487,
 * "Device memory".
 */
#ifndef PLINTH_DRIVERS_IO_H
#define PLINTH_DRIVERS_IO_H

#include <base/types.h>

static inline uint32_t io_read32(uintptr_t at)
{
	return *(volatile uint32_t *)at;
}

static inline void io_write32(uintptr_t at, uint32_t v)
{
	*(volatile uint32_t *)at = v;
}

static inline uint64_t io_read64(uintptr_t at)
{
	return *(volatile uint64_t *)at;
}

static inline void io_write64(uintptr_t at, uint64_t v)
{
	*(volatile uint64_t *)at = v;
}

#endif
