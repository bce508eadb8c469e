/*
 * Stage-2 leaf attributes, choice of the root, register values; the contract
 * is in stage2.h, the tables themselves are edited by pgtable.c.
 *
 * Normal memory is Inner and Outer Write-Back in stage 2, so the guest's own
 * stage 1 decides. Execute-never is bit 54 with bit 53 clear, which means "not
 * at EL1, not at EL0" with and without FEAT_XNX. Leaves out: FEAT_S2FWB,
 * hardware dirty state, 16-bit VMIDs, secure IPA space. Arm ARM DDI 0487.
 * Callers: guest memory, the stage-2 fault path, the monitor; VM lock held.
 */
#include <errno.h>

#include <arch/aarch64/stage2.h>

#define S2_MEMATTR        GENMASK(5, 2)
#define S2_MEMATTR_NORMAL 0xf /* Inner and Outer Write-Back */
#define S2_MEMATTR_NGNRE  0x1
#define S2_S2AP_R         BIT(6)
#define S2_SH             GENMASK(9, 8)
#define S2_AF             BIT(10)
#define S2_XN             BIT(54)

#define VTCR_EL2_T0SZ  GENMASK(5, 0)
#define VTCR_EL2_SL0   GENMASK(7, 6)
#define VTCR_EL2_IRGN0 GENMASK(9, 8)
#define VTCR_EL2_ORGN0 GENMASK(11, 10)
#define VTCR_EL2_SH0   GENMASK(13, 12)
#define VTCR_EL2_PS    GENMASK(18, 16) /* TG0, bits 15:14: 0 is 4 KiB */
#define VTCR_EL2_RES1  BIT(31)

#define VTTBR_EL2_VMID GENMASK(63, 48)

#define SH_INNER    3
#define RGN_WB_RAWA 1
#define PS_48_BITS  5

#define IPA_BITS_MIN 25 /* T0SZ is 39 at most */

/* ---- pgt_env on top of s2_env ---- */

static void *env_table_alloc(void *ctx)
{
	struct s2 *s2 = ctx;

	return s2->env.table_alloc(s2->env.ctx);
}

static void env_table_free(void *ctx, void *table)
{
	struct s2 *s2 = ctx;

	s2->env.table_free(s2->env.ctx, table);
}

static void env_tlbi(void *ctx, uint64_t addr, uint64_t size)
{
	struct s2 *s2 = ctx;

	s2->env.tlbi(s2->env.ctx, (ipa_t){addr}, size);
}

static void env_pte_sync(void *ctx)
{
	struct s2 *s2 = ctx;

	if (s2->env.pte_sync)
		s2->env.pte_sync(s2->env.ctx);
}

/* ---- the root ---- */

/*
 * Up to sixteen tables may be concatenated at the first level, which adds four
 * bits to it; level 1 needs at least 31 bits, level 0 at least 40 and a
 * machine with 44. Level 2 is used only as far as two pages go: 1 GiB blocks
 * need a root at level 1 or above.
 */
static unsigned root_level(unsigned ipa_bits)
{
	if (ipa_bits <= 31)
		return 2;
	return ipa_bits <= 43 ? 1 : 0;
}

int s2_init(struct s2 *s2, const struct s2_env *env, unsigned ipa_bits,
	    unsigned pa_range_bits)
{
	unsigned level, table_bits;

	*s2 = (struct s2){.env = *env};
	if (pa_range_bits < 32 || pa_range_bits > 52)
		return -EINVAL;
	pa_range_bits = (unsigned)min_u64(pa_range_bits, PGT_OA_BITS);
	if (ipa_bits > pa_range_bits)
		return -ERANGE;
	ipa_bits = (unsigned)max_u64(ipa_bits, IPA_BITS_MIN);
	level = root_level(ipa_bits);
	table_bits = 48 - 9 * level; /* that one table page translates */
	s2->root_pages =
		ipa_bits > table_bits ? 1U << (ipa_bits - table_bits) : 1;
	s2->pgt = (struct pgt){
		.env = {env_table_alloc, env_table_free, env_tlbi, env_pte_sync,
			s2},
		.bbm_attrs = S2_MEMATTR | S2_SH,
		.contiguous = true,
		.start_level = level,
		.addr_bits = ipa_bits,
		.oa_bits = pa_range_bits,
		.root = env->root_alloc(env->ctx, s2->root_pages),
	};
	return s2->pgt.root ? 0 : -ENOMEM;
}

void s2_destroy(struct s2 *s2)
{
	if (!s2->pgt.root)
		return;
	pgt_destroy(&s2->pgt);
	s2->env.root_free(s2->env.ctx, s2->pgt.root, s2->root_pages);
	s2->pgt.root = NULL;
}

uint64_t s2_nr_tables(const struct s2 *s2)
{
	return s2->pgt.nr_tables + s2->root_pages;
}

uint64_t s2_vtcr(const struct s2 *s2, unsigned pa_range_field)
{
	return VTCR_EL2_RES1 |
	       FIELD_PREP(VTCR_EL2_T0SZ, 64 - s2->pgt.addr_bits) |
	       FIELD_PREP(VTCR_EL2_SL0, 2 - s2->pgt.start_level) |
	       FIELD_PREP(VTCR_EL2_IRGN0, RGN_WB_RAWA) |
	       FIELD_PREP(VTCR_EL2_ORGN0, RGN_WB_RAWA) |
	       FIELD_PREP(VTCR_EL2_SH0, SH_INNER) |
	       FIELD_PREP(VTCR_EL2_PS, min_u64(pa_range_field, PS_48_BITS));
}

uint64_t s2_vttbr(const struct s2 *s2, uint16_t vmid)
{
	return hpa_of(s2->pgt.root).v | FIELD_PREP(VTTBR_EL2_VMID, vmid);
}

/* ---- mappings ---- */

/* 0 with *attrs set, or -EINVAL. */
static int attrs_of(unsigned prot, uint64_t *attrs)
{
	if (!(prot & PGT_R) || prot & ~PGT_PROT_ALL ||
	    (prot & PGT_X && prot & PGT_DEVICE))
		return -EINVAL;
	*attrs = S2_AF | S2_S2AP_R;
	*attrs |= prot & PGT_DEVICE
			  ? FIELD_PREP(S2_MEMATTR, S2_MEMATTR_NGNRE)
			  : FIELD_PREP(S2_MEMATTR, S2_MEMATTR_NORMAL) |
				    FIELD_PREP(S2_SH, SH_INNER);
	if (prot & PGT_W)
		*attrs |= S2_S2AP_W;
	if (!(prot & PGT_X))
		*attrs |= S2_XN;
	return 0;
}

static unsigned prot_of(uint64_t desc)
{
	unsigned prot = PGT_R;

	if (desc & S2_S2AP_W)
		prot |= PGT_W;
	if (!(desc & S2_XN))
		prot |= PGT_X;
	if (FIELD_GET(S2_MEMATTR, desc) == S2_MEMATTR_NGNRE)
		prot |= PGT_DEVICE;
	return prot;
}

int s2_map(struct s2 *s2, ipa_t ipa, hpa_t pa, uint64_t size, unsigned prot)
{
	uint64_t attrs;
	int err = attrs_of(prot, &attrs);

	return err ? err : pgt_map(&s2->pgt, ipa.v, pa.v, size, attrs);
}

int s2_check_free(const struct s2 *s2, ipa_t ipa, uint64_t size)
{
	return pgt_check_free(&s2->pgt, ipa.v, size);
}

int s2_unmap(struct s2 *s2, ipa_t ipa, uint64_t size)
{
	return pgt_unmap(&s2->pgt, ipa.v, size);
}

int s2_protect(struct s2 *s2, ipa_t ipa, uint64_t size, unsigned prot)
{
	uint64_t attrs;
	int err = attrs_of(prot, &attrs);

	return err ? err : pgt_protect(&s2->pgt, ipa.v, size, attrs);
}

int s2_remap(struct s2 *s2, ipa_t ipa, hpa_t pa, unsigned prot)
{
	uint64_t attrs;
	int err = attrs_of(prot, &attrs);

	return err ? err : pgt_remap(&s2->pgt, ipa.v, pa.v, attrs);
}

int s2_page_create(struct s2_page *pg, struct s2 *s2, ipa_t ipa, hpa_t pa,
		   unsigned prot)
{
	int err = s2_map(s2, ipa, pa, PAGE_SIZE, prot);

	if (err)
		return err;
	*pg = (struct s2_page){s2, pgt_entry(&s2->pgt, ipa.v), ipa};
	s2_page_hide(pg);
	return 0;
}

void s2_page_show(const struct s2_page *pg)
{
	pgt_entry_write(pg->entry, *pg->entry | PGT_DESC_VALID);
	env_pte_sync(pg->s2);
}

void s2_page_hide(const struct s2_page *pg)
{
	pgt_entry_write(pg->entry, *pg->entry & ~PGT_DESC_VALID);
	env_tlbi(pg->s2, pg->ipa.v, PAGE_SIZE);
}

int s2_walk(const struct s2 *s2, ipa_t ipa, struct s2_walk *w)
{
	int err = pgt_walk(&s2->pgt, ipa.v, &w->trace);

	w->hpa = (hpa_t){w->trace.pa};
	w->prot = err ? 0 : prot_of(w->trace.desc);
	return err;
}
