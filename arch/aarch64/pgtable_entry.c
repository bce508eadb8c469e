/*
 * Single entries of translation tables, for who looks often or has a page that
 * comes and goes; the contract is in pgtable.h, the editor in pgtable.c. No
 * allocation, no locks.
 * Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors".
 */
#include <arch/aarch64/pgtable_internal.h>

/* The entry that ends the way to addr, which is below 2^addr_bits. */
static uint64_t *last_entry(const struct pgt *p, uint64_t addr, unsigned *level)
{
	uint64_t *entry = p->root + addr / pgt_level_size(p->start_level);
	uint64_t desc = pte_read(entry);

	for (*level = p->start_level; pte_is_table(desc, *level);) {
		uint64_t *table = pte_table(desc);

		++*level;
		entry = table + addr / pgt_level_size(*level) % PGT_ENTRIES;
		desc = pte_read(entry);
	}
	return entry;
}

uint64_t pgt_leaf(const struct pgt *p, uint64_t addr, uint64_t *size)
{
	unsigned level;
	uint64_t *entry;

	if (addr >> p->addr_bits)
		return 0;
	entry = last_entry(p, addr, &level);
	*size = pgt_level_size(level);
	return pte_read(entry);
}

uint64_t *pgt_entry(const struct pgt *p, uint64_t addr)
{
	unsigned level;
	uint64_t *entry;

	if (addr >> p->addr_bits)
		return NULL;
	entry = last_entry(p, addr, &level);
	if (level != PGT_LAST_LEVEL || !pte_is_valid(pte_read(entry)))
		return NULL;
	return entry;
}

void pgt_entry_write(uint64_t *entry, uint64_t desc)
{
	pte_write(entry, desc);
}
