/*
 * What the files of the translation-table editor share: single descriptors, the
 * way to an address, runs of entries with the contiguous hint. Nobody else
 * includes this; the contract for users is pgtable.h.
 *
 * Source: Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors",
 * "The Contiguous bit".
 */
#ifndef PLINTH_ARCH_PGTABLE_INTERNAL_H
#define PLINTH_ARCH_PGTABLE_INTERNAL_H

#include <arch/aarch64/pgtable.h>

/* The entries that lead to an address; pte[] is set from the root's level. */
struct pgt_path {
	uint64_t *pte[PGT_LEVELS];
	unsigned level; /* of the last one: a leaf or an invalid entry */
	uint64_t desc;  /* that one's content */
};

static inline uint64_t pte_read(const uint64_t *pte)
{
	return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

/* Release: a table's content is visible before the entry that links it. */
static inline void pte_write(uint64_t *pte, uint64_t desc)
{
	__atomic_store_n(pte, desc, __ATOMIC_RELEASE);
}

static inline bool pte_is_valid(uint64_t desc)
{
	return desc & PGT_DESC_VALID;
}

static inline bool pte_is_table(uint64_t desc, unsigned level)
{
	const uint64_t table = PGT_DESC_TABLE | PGT_DESC_VALID;

	return level < PGT_LAST_LEVEL && (desc & table) == table;
}

static inline uint64_t *pte_table(uint64_t desc)
{
	return hpa_ptr((hpa_t){desc & PGT_DESC_ADDRESS});
}

static inline uint64_t pte_of_table(const uint64_t *table)
{
	return hpa_of(table).v | PGT_DESC_TABLE | PGT_DESC_VALID;
}

static inline uint64_t pte_leaf(unsigned level, uint64_t pa, uint64_t attrs)
{
	uint64_t type = level == PGT_LAST_LEVEL
				? PGT_DESC_TABLE | PGT_DESC_VALID
				: PGT_DESC_VALID;

	return pa | attrs | type;
}

/* A leaf's attributes, without the hint, which is the editor's own. */
static inline uint64_t pte_attrs(uint64_t desc)
{
	return desc & ~(PGT_DESC_ADDRESS | PGT_DESC_CONTIGUOUS |
			PGT_DESC_TABLE | PGT_DESC_VALID);
}

/* Where addr, below 2^addr_bits, leads. */
void pgt_path_find(const struct pgt *p, uint64_t addr, struct pgt_path *path);

/* ---- runs of entries with the contiguous hint ---- */

/* Bytes that a run of this level spans: 32 MiB, 64 KiB. */
static inline uint64_t pgt_run_size(unsigned level)
{
	return PGT_RUN_ENTRIES * pgt_level_size(level);
}

/*
 * PGT_DESC_CONTIGUOUS when the sixteen entries from `pte` on, of which `left`
 * are for leaves from addr to pa, are to become a run; else 0.
 */
uint64_t pgt_run_hint(const struct pgt *p, const uint64_t *pte, uint64_t left,
		      unsigned level, uint64_t addr, uint64_t pa);

/*
 * The same for leaves that take the place of a block of the level above, of
 * which what lies in [addr, end) will be changed; `at` is in the block.
 */
uint64_t pgt_run_hint_split(const struct pgt *p, unsigned level, uint64_t at,
			    uint64_t addr, uint64_t end);

/*
 * Give all leaves of the run that begins with `pte`, for addr, the attributes
 * `attrs`, break-before-make; with PGT_DESC_CONTIGUOUS it stays a run.
 */
void pgt_run_rewrite(struct pgt *p, uint64_t *pte, unsigned level,
		     uint64_t addr, uint64_t attrs);

/* From here on no run reaches across addr or end, and so none that lies in
 * [addr, end) in part. Break-before-make. */
void pgt_runs_cut(struct pgt *p, uint64_t addr, uint64_t end);

#endif
