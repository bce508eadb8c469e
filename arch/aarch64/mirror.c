/*
 * Registers as memory; contract in mirror.h. Callers are devices that are read
 * so: their locks. Arm ARM DDI 0487, "Mismatched memory attributes".
 */
#include <string.h>

#include <base/bits.h>

#include <arch/aarch64/maint.h>
#include <arch/aarch64/mirror.h>

void mirror_put(uint32_t *regs, uint64_t reg, uint32_t value)
{
	uint32_t *at = &regs[reg / 4];

	if (*at == value)
		return;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	dcache_clean_poc(at, sizeof(*at));
}

uint64_t mirror_read(const uint32_t *regs, uint64_t at, unsigned size)
{
	uint64_t value = 0;

	if (size == sizeof(uint32_t) && is_aligned(at, size))
		return __atomic_load_n(&regs[at / 4], __ATOMIC_ACQUIRE);
	memcpy(&value, (const char *)regs + at, size);
	return value;
}
