/*
 * Stage-2 translation of one VM: IPA to PA for its EL1 and EL0. 4 KiB granule,
 * blocks of 1 GiB and 2 MiB, the smallest root that covers the VM's IPA space.
 *
 * Locks: all functions but s2_init() and s2_destroy() want the VM's memory
 * lock held; hardware walks the tables meanwhile. struct s2 does not move
 * after s2_init().
 *
 * Source: Arm ARM DDI 0487, VTCR_EL2, VTTBR_EL2, "Stage 2 block and page
 * descriptors", "Concatenated translation tables".
 */
#ifndef PLINTH_ARCH_STAGE2_H
#define PLINTH_ARCH_STAGE2_H

#include <arch/aarch64/pgtable.h>

#define S2_S2AP_W BIT(7) /* of a leaf: writing is allowed */

struct s2_env {
	/*
	 * The root: `nr_pages` (1, 2, 4, 8 or 16) zeroed contiguous pages
	 * aligned to their total size, or NULL.
	 */
	void *(*root_alloc)(void *ctx, unsigned nr_pages);
	void (*root_free)(void *ctx, void *root, unsigned nr_pages);
	/* One zeroed 4 KiB page, or NULL. */
	void *(*table_alloc)(void *ctx);
	void (*table_free)(void *ctx, void *table);
	/*
	 * Forget [ipa, ipa + size), bytes, on all CPUs, at all levels, and
	 * whatever stage 1 combined with it; complete on return, earlier
	 * descriptor stores included (DSB ISHST; TLBI IPAS2E1IS...; DSB ISH;
	 * TLBI VMALLE1IS; DSB ISH; ISB).
	 */
	void (*tlbi)(void *ctx, ipa_t ipa, uint64_t size);
	/* New entries become visible to walkers (DSB ISHST); may be NULL. */
	void (*pte_sync)(void *ctx);
	void *ctx;
};

struct s2 {
	struct pgt pgt;
	struct s2_env env;
	unsigned root_pages; /* concatenated, 1..16 */
};

/* What s2_walk() found. */
struct s2_walk {
	hpa_t hpa;             /* of the very byte asked for */
	unsigned prot;         /* PGT_ flags; 0 when not mapped */
	struct pgt_walk trace; /* level by level */
};

/*
 * Empty tables for IPAs below 2^ipa_bits (raised to the architecture's least,
 * 25) on a machine whose physical addresses have `pa_range_bits` bits (32..52;
 * capped at 48). The root is at level 2 up to 31 bits, at level 1 up to 43,
 * else at level 0.
 * -EINVAL: pa_range_bits; -ERANGE: more IPA bits than the machine has physical
 * address bits; -ENOMEM.
 */
MUST_CHECK int s2_init(struct s2 *s2, const struct s2_env *env,
		       unsigned ipa_bits, unsigned pa_range_bits);

/* VTCR_EL2; `pa_range_field` is ID_AA64MMFR0_EL1.PARange as read. 8-bit VMIDs
 * (VS = 0). */
uint64_t s2_vtcr(const struct s2 *s2, unsigned pa_range_field);

/* VTTBR_EL2; vmid is 1..255 while VTCR_EL2.VS = 0. */
uint64_t s2_vttbr(const struct s2 *s2, uint16_t vmid);

/*
 * Map [ipa, ipa + size) to [pa, ...), 4 KiB multiples. All or nothing.
 * `prot`: PGT_R with any of PGT_W and PGT_X, or PGT_DEVICE without PGT_X.
 * Uses the largest blocks that fit, and the contiguous hint for sixteen of them
 * or of pages where both addresses allow that. New entries need no TLBI; none
 * is issued.
 * -EINVAL: prot, alignment, range; -EEXIST: any overlap; -ENOMEM.
 */
MUST_CHECK int s2_map(struct s2 *s2, ipa_t ipa, hpa_t pa, uint64_t size,
		      unsigned prot);

/* 0 when [ipa, ipa + size) is free, else -EINVAL or -EEXIST as s2_map(). */
MUST_CHECK int s2_check_free(const struct s2 *s2, ipa_t ipa, uint64_t size);

/*
 * Unmap [ipa, ipa + size); holes are skipped. TLBI is done, empty tables are
 * freed. A block that reaches outside is split, and a run loses the hint: a
 * vCPU that touches it just then takes a translation fault, whose handler looks
 * the IPA up again under the lock and resumes the guest.
 * -EINVAL: alignment, range; -ENOMEM: no page for a split, nothing changed.
 */
MUST_CHECK int s2_unmap(struct s2 *s2, ipa_t ipa, uint64_t size);

/*
 * Change what [ipa, ipa + size), all of it mapped, allows. TLBI is done;
 * break-before-make where the memory type changes, a block is split or entries
 * have the contiguous hint.
 * -EINVAL, -ENOMEM as above; -ENOENT: a part is not mapped. All or nothing.
 */
MUST_CHECK int s2_protect(struct s2 *s2, ipa_t ipa, uint64_t size,
			  unsigned prot);

/*
 * Put page `pa` in the place of what is mapped at page `ipa`, by
 * break-before-make: a vCPU that touches it just then takes a translation
 * fault, as in s2_unmap().
 * -EINVAL: prot, alignment, range; -ENOENT: nothing is mapped; -ENOMEM: no page
 * for a split. Nothing was changed when an error is returned.
 */
MUST_CHECK int s2_remap(struct s2 *s2, ipa_t ipa, hpa_t pa, unsigned prot);

/*
 * A page that comes and goes while guests run, without allocation and without
 * the VM's memory lock: showing and hiding it changes one bit of one entry.
 * Whoever has a lock of its own for the page calls s2_page_show() and
 * s2_page_hide() under that.
 */
struct s2_page {
	struct s2 *s2; /* NULL: there is none */
	uint64_t *entry;
	ipa_t ipa;
};

/*
 * Makes room for page `pa` at page `ipa`, hidden: nothing is mapped there. No
 * CPU runs with the tables yet. Nobody else may map or unmap that address.
 * Errors as of s2_map().
 */
MUST_CHECK int s2_page_create(struct s2_page *pg, struct s2 *s2, ipa_t ipa,
			      hpa_t pa, unsigned prot);

/* Mapped from here on. */
void s2_page_show(const struct s2_page *pg);

/* Mapped no more: no access that follows, or is on its way, reaches the page
 * when this returns. TLBI is done. */
void s2_page_hide(const struct s2_page *pg);

/* Memory from an IPA on. */
struct s2_run {
	hpa_t at;
	uint64_t len; /* 0: there is none for such an access */
};

/*
 * What an access at one IPA reaches, to the end of the leaf, and if that is
 * less than `want` bytes, as far on as memory is in one piece. Inline, for
 * devices look up every buffer of theirs by it.
 */
static inline struct s2_run s2_find(const struct s2 *s2, ipa_t ipa, bool write,
				    uint64_t want)
{
	struct pgt_piece r = pgt_find(&s2->pgt, ipa.v, want);
	uint64_t need = PGT_DESC_VALID | (write ? S2_S2AP_W : 0);
	uint64_t pa = (r.desc & PGT_DESC_ADDRESS) + ipa.v % PAGE_SIZE;

	return (struct s2_run){{pa}, (r.desc & need) == need ? r.len : 0};
}

/* Look up one IPA: 0, -ENOENT (trace filled), -EINVAL (beyond the space). */
MUST_CHECK int s2_walk(const struct s2 *s2, ipa_t ipa, struct s2_walk *w);

/* Table pages in use, the root's pages included. */
uint64_t s2_nr_tables(const struct s2 *s2);

/*
 * Frees every table and the root. No CPU runs with them, and the caller has
 * invalidated the VMID. Harmless on a zeroed struct and after a failed
 * s2_init().
 */
void s2_destroy(struct s2 *s2);

#endif
