/*
 * Translation tables of the VMSAv8-64 long-descriptor format with the 4 KiB
 * granule: one editor for EL2's own stage 1 and for every VM's stage 2. It
 * knows levels, blocks and order of operations; what a leaf's attributes mean
 * is its users' business (stage1.h, stage2.h), and the world (memory for
 * tables, TLB maintenance) is handed in.
 *
 * Addresses: `addr` is the input address (VA or IPA), `pa` the output address;
 * both, and every size, are bytes in multiples of 4 KiB. Tables are reached at
 * VA == PA.
 *
 * Locks: none here. Changes to one pgt are serialised by its owner; hardware
 * walkers may read it all the time.
 *
 * Source: Arm ARM DDI 0487, "VMSAv8-64 translation table format descriptors"
 * and "Using break-before-make when updating translation table entries".
 */
#ifndef PLINTH_ARCH_PGTABLE_H
#define PLINTH_ARCH_PGTABLE_H

#include <base/addr.h>
#include <base/bits.h>

#define PGT_LEVELS     4 /* 0..3; pages are at level 3 */
#define PGT_LAST_LEVEL 3
#define PGT_ENTRIES    512 /* in one table page */
#define PGT_OA_BITS    48  /* widest output address without FEAT_LPA2 */

#define PGT_DESC_VALID      BIT(0)
#define PGT_DESC_TABLE      BIT(1) /* level 0..2: a table; level 3: a page */
#define PGT_DESC_ADDRESS    GENMASK(47, 12)
/* A leaf's: a TLB may keep the aligned run of entries that it is in as one. */
#define PGT_DESC_CONTIGUOUS BIT(52)

#define PGT_RUN_ENTRIES 16 /* in a run, with the 4 KiB granule */
#define PGT_RUN_LEVEL   2  /* and deeper: of 2 MiB blocks, of pages */

/* What a mapping allows, for stage1.h and stage2.h alike. */
enum pgt_prot {
	PGT_R = 1,
	PGT_W = 2,
	PGT_X = 4,
	PGT_DEVICE = 8, /* Device-nGnRE; without it Normal Write-Back */
};

#define PGT_PROT_ALL 15U

/* Physical address bits that ID_AA64MMFR0_EL1.PARange says; 48 for a value that
 * is reserved. */
static inline unsigned pgt_pa_bits(uint64_t pa_range_field)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 52};

	return pa_range_field < ARRAY_SIZE(bits) ? bits[pa_range_field] : 48;
}

struct pgt_env {
	/* One zeroed, aligned 4 KiB page, or NULL. */
	void *(*table_alloc)(void *ctx);
	void (*table_free)(void *ctx, void *table);
	/*
	 * Earlier descriptor stores are visible to all walkers, and nothing
	 * of [addr, addr + size), leaf or table, of any level, is cached by
	 * any CPU or used by an access in flight when this returns.
	 */
	void (*tlbi)(void *ctx, uint64_t addr, uint64_t size);
	/*
	 * Entries have become valid: make them visible to walkers before
	 * what the caller does next (DSB ISHST, and ISB for a CPU's own
	 * regime). NULL where the caller sees to that itself.
	 */
	void (*pte_sync)(void *ctx);
	void *ctx;
};

struct pgt {
	struct pgt_env env;
	uint64_t *root; /* nr_root_entries descriptors; the owner's memory */
	uint64_t nr_tables; /* table pages in use, the root apart */
	uint64_t bbm_attrs; /* leaf bits that a live entry may not change */
	/* Runs get the contiguous hint. Not where the owner cannot bear that
	 * sixteen entries are invalid for a moment when one changes. */
	bool contiguous;
	unsigned start_level;
	unsigned addr_bits; /* input addresses are below 2^addr_bits */
	unsigned oa_bits;   /* output addresses are below 2^oa_bits */
};

/* What a lookup met, for fault paths, tests and debuggers. */
struct pgt_step {
	const uint64_t *table; /* that holds the entry; NULL: level not used */
	unsigned idx;
	uint64_t desc;
};

struct pgt_walk {
	struct pgt_step step[PGT_LEVELS]; /* by level */
	unsigned level;                   /* where the walk ended */
	uint64_t desc; /* there; bit 0 clear when nothing is mapped */
	uint64_t pa;   /* of the very byte asked for; 0 when not mapped */
	uint64_t size; /* bytes that this entry spans */
};

/* Whether a walk ended at a leaf of a run that a TLB may keep as one. */
static inline bool pgt_in_run(const struct pgt_walk *w)
{
	return w->desc & PGT_DESC_VALID && w->desc & PGT_DESC_CONTIGUOUS;
}

/* Bytes that one entry of `level` spans: 512 GiB, 1 GiB, 2 MiB, 4 KiB. */
static inline uint64_t pgt_level_size(unsigned level)
{
	return BIT(39 - 9 * level);
}

/*
 * Map [addr, addr + size) to [pa, ...) with leaf attributes `attrs` (no type
 * or address bits, no hint), in the largest blocks that both addresses allow,
 * with the contiguous hint where sixteen of them are aligned alike. All or
 * nothing. Only invalid entries change, so no TLBI is needed and none is made.
 * -EINVAL: alignment, empty, wrapping, or beyond addr_bits or oa_bits.
 * -EEXIST: any part is mapped already. -ENOMEM: no page for a table.
 */
MUST_CHECK int pgt_map(struct pgt *p, uint64_t addr, uint64_t pa, uint64_t size,
		       uint64_t attrs);

/* 0 when [addr, addr + size) could be mapped, pages for tables apart; else what
 * pgt_map() would say. */
MUST_CHECK int pgt_check_free(const struct pgt *p, uint64_t addr,
			      uint64_t size);

/*
 * Unmap [addr, addr + size); what is not mapped is skipped. A run that lies
 * partly outside loses its hint, a block is split first, break-before-make:
 * another CPU that touches them just then takes a translation fault and must be
 * let try again.
 * Tables that become empty are freed, after the TLBI.
 * -EINVAL as above; -ENOMEM: no page for a split, nothing was changed.
 */
MUST_CHECK int pgt_unmap(struct pgt *p, uint64_t addr, uint64_t size);

/*
 * Give all leaves of [addr, addr + size) the attributes `attrs`. An entry
 * whose bits in bbm_attrs change goes through break-before-make, and so does a
 * run of entries with the hint; another change of permissions is made in place;
 * the TLBI is done in all cases. Runs and blocks partly outside are treated as
 * above; they are not joined again.
 * -EINVAL, -ENOMEM as above; -ENOENT: a part is not mapped. Nothing was
 * changed when an error is returned.
 */
MUST_CHECK int pgt_protect(struct pgt *p, uint64_t addr, uint64_t size,
			   uint64_t attrs);

/*
 * Put the page at `pa` in the place of what is mapped at page `addr`,
 * break-before-make; a run there loses its hint, a block is split first, as
 * above.
 * -EINVAL: alignment, range; -ENOENT: nothing is mapped; -ENOMEM: no page for
 * a split. Nothing was changed when an error is returned.
 */
MUST_CHECK int pgt_remap(struct pgt *p, uint64_t addr, uint64_t pa,
			 uint64_t attrs);

/* Memory from an address on. */
struct pgt_piece {
	uint64_t desc; /* the leaf as a page's own would be; without
			* PGT_DESC_VALID: nothing is mapped, len is of no use */
	uint64_t len;  /* bytes, in one piece and with the same attributes */
};

/*
 * What is mapped at `addr`, at once: to the end of the leaf, and if that is
 * less than `want` bytes, as far on in the same table as it continues.
 */
struct pgt_piece pgt_find(const struct pgt *p, uint64_t addr, uint64_t want);

/*
 * The entry of the page mapped at `addr`, which is a level-3 leaf; NULL: none
 * is. Its owner may clear and set PGT_DESC_VALID there by pgt_entry_write():
 * an entry without it counts as free for pgt_map(), and keeps its table.
 */
uint64_t *pgt_entry(const struct pgt *p, uint64_t addr);

/* One 64-bit store with release. TLBI and barriers are the caller's. */
void pgt_entry_write(uint64_t *entry, uint64_t desc);

/* Look one address up. 0, -ENOENT (`w` tells how far it came), -EINVAL. */
MUST_CHECK int pgt_walk(const struct pgt *p, uint64_t addr, struct pgt_walk *w);

/*
 * Free every table but the root, which is left with dangling entries: no CPU
 * uses the tables any more, and the owner frees the root next.
 */
void pgt_destroy(struct pgt *p);

#endif
