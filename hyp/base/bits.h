/*
 * Bit fields as masks: pure ISO C, valid in initialisers and static
 * assertions; the division folds to a shift.
 * Left out: fields of more than 64 bits. Plinth's own; plain ISO C 11.
 */
#ifndef PLINTH_BASE_BITS_H
#define PLINTH_BASE_BITS_H

#include <base/types.h>

#define BIT(n)           (UINT64_C(1) << (n))
#define GENMASK(h, l)    ((~UINT64_C(0) >> (63 - (h))) & (~UINT64_C(0) << (l)))
#define FIELD_LSB(m)     ((m) & (~(m) + 1))
#define FIELD_GET(m, r)  (((uint64_t)(r) & (m)) / FIELD_LSB(m))
#define FIELD_PREP(m, v) (((uint64_t)(v)*FIELD_LSB(m)) & (m))
#define FIELD_FITS(m, v) ((uint64_t)(v) <= (m) / FIELD_LSB(m))

_Static_assert(FIELD_GET(GENMASK(31, 26), 0x93c08006) == 0x24, "FIELD_GET");
_Static_assert(FIELD_PREP(GENMASK(7, 4), 0x1f) == 0xf0, "FIELD_PREP");

/* Index of the lowest set bit; v is not 0. */
static inline unsigned bit_lowest(uint64_t v)
{
	return (unsigned)__builtin_ctzll(v);
}

/* Index of the highest set bit; v is not 0. */
static inline unsigned bit_highest(uint64_t v)
{
	return 63U - (unsigned)__builtin_clzll(v);
}

/* for (EACH_BIT(i, mask)): i, unsigned, is each set bit, lowest first. */
#define EACH_BIT(i, mask)                                                      \
	uint64_t m_ = (mask);                                                  \
	m_ && ((i) = bit_lowest(m_), true);                                    \
	m_ &= m_ - 1

#endif
