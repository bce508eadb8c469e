/*
 * Single entries of translation tables, for who looks often or has a page that
 * comes and goes; the contract is in pgtable.h, the editor in pgtable.c. No
 * allocation, no locks.
 * Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors".
 */
#include <arch/aarch64/pgtable_internal.h>

/* The entry that ends the way to addr, which is below 2^addr_bits, and what it
 * says; it is for 2^*shift bytes. */
static inline uint64_t *last_entry(const struct pgt *p, uint64_t addr,
				   uint64_t *desc, unsigned *shift)
{
	const uint64_t table = PGT_DESC_TABLE | PGT_DESC_VALID;
	unsigned s = PAGE_SHIFT + 9 * (PGT_LAST_LEVEL - p->start_level);
	uint64_t *entry = p->root + (addr >> s);
	uint64_t d = pte_read(entry);

	while (s > PAGE_SHIFT && (d & table) == table) {
		s -= 9;
		entry = pte_table(d) + (addr >> s) % PGT_ENTRIES;
		d = pte_read(entry);
	}
	*desc = d;
	*shift = s;
	return entry;
}

/*
 * Of neighbours that map memory in one piece, with the same attributes, each
 * entry is the one before plus its size. They are read with acquire: what is
 * in the memory of all but the first is reached without its own entry.
 */
struct pgt_piece pgt_find(const struct pgt *p, uint64_t addr, uint64_t want)
{
	uint64_t *entry, desc, next, size, len;
	unsigned shift;

	if (addr >> p->addr_bits)
		return (struct pgt_piece){0, 0};
	entry = last_entry(p, addr, &desc, &shift);
	size = BIT(shift);
	len = size - (addr & (size - 1));
	for (next = desc; len < want; len += size) {
		next += size;
		if (is_aligned((uintptr_t)++entry, PAGE_SIZE) ||
		    __atomic_load_n(entry, __ATOMIC_ACQUIRE) != next)
			break;
	}
	desc |= addr & (size - 1) & ~(PAGE_SIZE - 1);
	return (struct pgt_piece){desc, len};
}

uint64_t *pgt_entry(const struct pgt *p, uint64_t addr)
{
	uint64_t *entry, desc;
	unsigned shift;

	if (addr >> p->addr_bits)
		return NULL;
	entry = last_entry(p, addr, &desc, &shift);
	if (shift != PAGE_SHIFT || !pte_is_valid(desc))
		return NULL;
	return entry;
}

void pgt_entry_write(uint64_t *entry, uint64_t desc)
{
	pte_write(entry, desc);
}
