/*
 * Single entries of translation tables, for who looks often or has a page that
 * comes and goes; the contract is in pgtable.h, the editor in pgtable.c. No
 * allocation, no locks.
 * Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors".
 */
#include <arch/aarch64/pgtable.h>

static uint64_t read_entry(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static bool is_table(uint64_t desc, unsigned level)
{
	const uint64_t table = PGT_DESC_TABLE | PGT_DESC_VALID;

	return level < PGT_LAST_LEVEL && (desc & table) == table;
}

/* The entry that ends the way to addr, which is below 2^addr_bits. */
static uint64_t *last_entry(const struct pgt *p, uint64_t addr, unsigned *level)
{
	uint64_t *entry = p->root + addr / pgt_level_size(p->start_level);
	uint64_t desc = read_entry(entry);

	for (*level = p->start_level; is_table(desc, *level);) {
		uint64_t *table = hpa_ptr((hpa_t){desc & PGT_DESC_ADDRESS});

		++*level;
		entry = table + addr / pgt_level_size(*level) % PGT_ENTRIES;
		desc = read_entry(entry);
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
	return read_entry(entry);
}

uint64_t *pgt_entry(const struct pgt *p, uint64_t addr)
{
	unsigned level;
	uint64_t *entry;

	if (addr >> p->addr_bits)
		return NULL;
	entry = last_entry(p, addr, &level);
	if (level != PGT_LAST_LEVEL || !(read_entry(entry) & PGT_DESC_VALID))
		return NULL;
	return entry;
}

void pgt_entry_write(uint64_t *entry, uint64_t desc)
{
	__atomic_store_n(entry, desc, __ATOMIC_RELEASE);
}
