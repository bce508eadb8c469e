/*
 * Bottom of the house: integer types and the small helpers that every layer
 * uses. Freestanding C; no state, no locks.
 * Plinth's own; plain ISO C 11 and what gcc and clang share beyond it.
 */
#ifndef PLINTH_BASE_TYPES_H
#define PLINTH_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK         __attribute__((warn_unused_result))
/* Small code, in a file whose other code is fast. */
#define RARE               __attribute__((cold))
#define NORETURN           __attribute__((noreturn))
#define PRINTF_LIKE(f, a)  __attribute__((format(printf, f, a)))
#define CACHE_LINE_ALIGNED __attribute__((aligned(64)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The object of type `type` whose member `member` is at `ptr`. */
#define container_of(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* `align` is a power of two in all three. align_up wraps past 2^64. */
static inline bool is_aligned(uint64_t v, uint64_t align)
{
	return (v & (align - 1)) == 0;
}

static inline uint64_t align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

static inline uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* True when [base, base + size) is empty or wraps past 2^64. */
static inline bool range_bad(uint64_t base, uint64_t size)
{
	return size == 0 || base + (size - 1) < base;
}

/* Whether two non-empty, non-wrapping ranges share a byte. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_size, uint64_t b,
				  uint64_t b_size)
{
	return a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

/* Whether [base, base + size) lies within [outer, outer + outer_size). */
static inline bool range_within(uint64_t base, uint64_t size, uint64_t outer,
				uint64_t outer_size)
{
	return base >= outer && size <= outer_size &&
	       base - outer <= outer_size - size;
}

#endif
