/*
 * Stage-1 walks in software; contract in s1walk.h. Called by hyp/abort.c after
 * a stage-2 fault on a walk. The guest's tables may change meanwhile: every
 * descriptor is read once, and the number of steps does not depend on them.
 */
#include <errno.h>

#include <base/bits.h>

#include <arch/aarch64/s1walk.h>

#define TCR_T0SZ GENMASK(5, 0)
#define TCR_EPD0 BIT(7)
#define TCR_TG0  GENMASK(15, 14)
#define TCR_T1SZ GENMASK(21, 16)
#define TCR_EPD1 BIT(23)
#define TCR_TG1  GENMASK(31, 30)

#define VA_UPPER   BIT(55) /* which of the two tables, tags aside */
#define TTBR_BADDR GENMASK(47, 1)
#define DESC_TABLE 3 /* a table at levels 0 to 2, a page at level 3 */
#define LAST_LEVEL 3U

/* One half of the address space. */
struct half {
	uint64_t table;
	unsigned va_bits;
	unsigned page_shift; /* of the granule */
};

/* The granule by TG0's encoding; 0 for the reserved one. */
static unsigned granule0(uint64_t tg)
{
	static const uint8_t shift[4] = {12, 16, 14, 0};

	return shift[tg];
}

static unsigned granule1(uint64_t tg)
{
	static const uint8_t shift[4] = {0, 14, 12, 16};

	return shift[tg];
}

static bool choose_half(const struct s1walk *w, uint64_t va, struct half *h)
{
	bool upper = va & VA_UPPER;
	uint64_t size = upper ? FIELD_GET(TCR_T1SZ, w->tcr)
			      : FIELD_GET(TCR_T0SZ, w->tcr);

	h->table = w->ttbr[upper] & TTBR_BADDR;
	h->page_shift = upper ? granule1(FIELD_GET(TCR_TG1, w->tcr))
			      : granule0(FIELD_GET(TCR_TG0, w->tcr));
	if (w->tcr & (upper ? TCR_EPD1 : TCR_EPD0) || !h->page_shift)
		return false;
	/* 52 bits with the largest granule, if at all. */
	size = max_u64(size, h->page_shift == 16 ? 12 : 16);
	h->va_bits = (unsigned)(64 - min_u64(size, 48));
	return h->va_bits > h->page_shift;
}

static bool read_desc(const struct s1walk *w, uint64_t at, uint64_t *desc)
{
	if (!w->read(w->ctx, (ipa_t){at}, desc))
		return false;
	if (w->big_endian)
		*desc = __builtin_bswap64(*desc);
	return true;
}

int s1walk_failing_level(const struct s1walk *w, uint64_t va)
{
	struct half h;
	unsigned stride, levels, shift, top;

	if (!choose_half(w, va, &h))
		return -ENOENT;
	stride = h.page_shift - 3;
	levels = (h.va_bits - h.page_shift + stride - 1) / stride;
	top = h.va_bits; /* bits of the address that are still to resolve */
	for (unsigned level = LAST_LEVEL + 1 - levels;; level++) {
		uint64_t index, desc;

		shift = h.page_shift + stride * (LAST_LEVEL - level);
		index = (va & (BIT(top) - 1)) >> shift;
		h.table &= ~((UINT64_C(8) << (top - shift)) - 1);
		if (!read_desc(w, h.table + index * 8, &desc))
			return (int)level;
		if (level == LAST_LEVEL || (desc & 3) != DESC_TABLE)
			return -ENOENT;
		h.table = desc & GENMASK(47, 0) & ~(BIT(h.page_shift) - 1);
		top = shift;
	}
}
