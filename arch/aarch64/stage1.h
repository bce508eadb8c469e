/*
 * EL2's own stage-1 translation: TTBR0_EL2 in the EL2 regime without VHE
 * (HCR_EL2.E2H = 0), 48-bit virtual addresses, 4 KiB granule, root at level 0.
 *
 * Usable before anything else runs: no lock, no log, no state but struct s1,
 * no memory but what table_alloc hands out (a static pool will do), plain
 * aligned loads and stores only, so it works with the MMU off. Then the tables
 * are written around the caches: whoever turns the MMU on sees to it that no
 * stale line of the pool is cached.
 *
 * W^X holds by construction: a mapping is writable or executable, never both,
 * and S1_SCTLR_VALUE sets WXN as well.
 *
 * Do not unmap or protect a part of a block that the running code, its stack
 * or the tables themselves need: splitting goes through an invalid entry.
 *
 * Source: Arm ARM DDI 0487, TCR_EL2, MAIR_EL2, SCTLR_EL2, "Stage 1 block and
 * page descriptors", for a regime that supports one privilege level.
 */
#ifndef PLINTH_ARCH_STAGE1_H
#define PLINTH_ARCH_STAGE1_H

#include <arch/aarch64/pgtable.h>

#define S1_VA_BITS 48

/* AttrIndx values, and the MAIR_EL2 that gives them their meaning. */
#define S1_MAIR_NORMAL 0 /* Write-Back, Read- and Write-Allocate */
#define S1_MAIR_DEVICE 1 /* Device-nGnRE */
#define S1_MAIR_VALUE                                                          \
	(UINT64_C(0xff) << (8 * S1_MAIR_NORMAL) |                              \
	 UINT64_C(0x04) << (8 * S1_MAIR_DEVICE))

#define SCTLR_EL2_M    BIT(0)
#define SCTLR_EL2_C    BIT(2)
#define SCTLR_EL2_SA   BIT(3)
#define SCTLR_EL2_I    BIT(12)
#define SCTLR_EL2_WXN  BIT(19)
/* Bits 4, 5, 11, 16, 18, 22, 23, 28, 29: RES1, or 1 as in Armv8.0. */
#define SCTLR_EL2_RES1 UINT64_C(0x30c50830)

/* MMU and caches on, stack alignment checked, little endian, W^X. */
#define S1_SCTLR_VALUE                                                         \
	(SCTLR_EL2_RES1 | SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_SA |           \
	 SCTLR_EL2_I | SCTLR_EL2_WXN)

struct s1 {
	struct pgt pgt;
};

/*
 * Empty tables; the root comes from env->table_alloc. `pa_range_bits` is the
 * machine's physical address width in bits (32..52; capped at 48).
 * -EINVAL, -ENOMEM.
 */
MUST_CHECK int s1_init(struct s1 *s1, const struct pgt_env *env,
		       unsigned pa_range_bits);

/*
 * Map [va, va + size) to [pa, ...), 4 KiB multiples, all or nothing; no TLBI.
 * `prot`: PGT_R, with PGT_W or PGT_X or neither; PGT_DEVICE excludes PGT_X.
 * -EINVAL: prot, alignment, range; -EEXIST: any overlap; -ENOMEM.
 */
MUST_CHECK int s1_map(struct s1 *s1, uint64_t va, hpa_t pa, uint64_t size,
		      unsigned prot);

/* As pgt_unmap() and pgt_protect(). */
MUST_CHECK int s1_unmap(struct s1 *s1, uint64_t va, uint64_t size);
MUST_CHECK int s1_protect(struct s1 *s1, uint64_t va, uint64_t size,
			  unsigned prot);

/* As pgt_walk(); *prot (may be NULL) gets the PGT_ flags when it returns 0. */
MUST_CHECK int s1_walk(const struct s1 *s1, uint64_t va, struct pgt_walk *w,
		       unsigned *prot);

/* Frees every table, the root included; no CPU uses them any more. */
void s1_destroy(struct s1 *s1);

/* TTBR0_EL2. */
uint64_t s1_ttbr(const struct s1 *s1);

/* TCR_EL2; `pa_range_field` is ID_AA64MMFR0_EL1.PARange as read. */
uint64_t s1_tcr(unsigned pa_range_field);

#endif
