/*
 * EL2's stage-1 leaf attributes and register values; the contract is in
 * stage1.h, the tables themselves are edited by pgtable.c.
 *
 * In a regime with one privilege level AP[1] is RES1, execute-never is bit 54
 * alone and nG is RES0. Leaves out: tagged and non-cacheable memory, guarded
 * pages (BTI), a second VA range. Arm ARM DDI 0487. Callers: early boot, then
 * whoever changes EL2's map, one at a time.
 */
#include <errno.h>

#include <arch/aarch64/stage1.h>

#define S1_ATTR_INDX GENMASK(4, 2)
#define S1_AP1_RES1  BIT(6)
#define S1_AP2_RO    BIT(7)
#define S1_SH        GENMASK(9, 8)
#define S1_AF        BIT(10)
#define S1_XN        BIT(54)

#define TCR_EL2_T0SZ  GENMASK(5, 0)
#define TCR_EL2_IRGN0 GENMASK(9, 8)
#define TCR_EL2_ORGN0 GENMASK(11, 10)
#define TCR_EL2_SH0   GENMASK(13, 12)
#define TCR_EL2_PS    GENMASK(18, 16) /* TG0, bits 15:14: 0 is 4 KiB */
#define TCR_EL2_RES1  (BIT(31) | BIT(23))

#define SH_INNER    3
#define RGN_WB_RAWA 1
#define PS_48_BITS  5

/* 0 with *attrs set, or -EINVAL. */
static int attrs_of(unsigned prot, uint64_t *attrs)
{
	if (!(prot & PGT_R) || prot & ~PGT_PROT_ALL ||
	    (prot & PGT_X && prot & (PGT_W | PGT_DEVICE)))
		return -EINVAL;
	*attrs = S1_AF | S1_AP1_RES1;
	*attrs |= prot & PGT_DEVICE ? FIELD_PREP(S1_ATTR_INDX, S1_MAIR_DEVICE)
				    : FIELD_PREP(S1_ATTR_INDX, S1_MAIR_NORMAL) |
					      FIELD_PREP(S1_SH, SH_INNER);
	if (!(prot & PGT_W))
		*attrs |= S1_AP2_RO;
	if (!(prot & PGT_X))
		*attrs |= S1_XN;
	return 0;
}

static unsigned prot_of(uint64_t desc)
{
	unsigned prot = PGT_R;

	if (!(desc & S1_AP2_RO))
		prot |= PGT_W;
	if (!(desc & S1_XN))
		prot |= PGT_X;
	if (FIELD_GET(S1_ATTR_INDX, desc) == S1_MAIR_DEVICE)
		prot |= PGT_DEVICE;
	return prot;
}

int s1_init(struct s1 *s1, const struct pgt_env *env, unsigned pa_range_bits)
{
	if (pa_range_bits < 32 || pa_range_bits > 52)
		return -EINVAL;
	s1->pgt = (struct pgt){
		.env = *env,
		.bbm_attrs = S1_ATTR_INDX | S1_SH,
		.start_level = 0,
		.addr_bits = S1_VA_BITS,
		.oa_bits = (unsigned)min_u64(pa_range_bits, PGT_OA_BITS),
	};
	s1->pgt.root = env->table_alloc(env->ctx);
	return s1->pgt.root ? 0 : -ENOMEM;
}

int s1_map(struct s1 *s1, uint64_t va, hpa_t pa, uint64_t size, unsigned prot)
{
	uint64_t attrs;
	int err = attrs_of(prot, &attrs);

	return err ? err : pgt_map(&s1->pgt, va, pa.v, size, attrs);
}

int s1_unmap(struct s1 *s1, uint64_t va, uint64_t size)
{
	return pgt_unmap(&s1->pgt, va, size);
}

int s1_protect(struct s1 *s1, uint64_t va, uint64_t size, unsigned prot)
{
	uint64_t attrs;
	int err = attrs_of(prot, &attrs);

	return err ? err : pgt_protect(&s1->pgt, va, size, attrs);
}

int s1_walk(const struct s1 *s1, uint64_t va, struct pgt_walk *w,
	    unsigned *prot)
{
	int err = pgt_walk(&s1->pgt, va, w);

	if (!err && prot)
		*prot = prot_of(w->desc);
	return err;
}

void s1_destroy(struct s1 *s1)
{
	pgt_destroy(&s1->pgt);
	s1->pgt.env.table_free(s1->pgt.env.ctx, s1->pgt.root);
	s1->pgt.root = NULL;
}

uint64_t s1_ttbr(const struct s1 *s1)
{
	return hpa_of(s1->pgt.root).v;
}

uint64_t s1_tcr(unsigned pa_range_field)
{
	return TCR_EL2_RES1 | FIELD_PREP(TCR_EL2_T0SZ, 64 - S1_VA_BITS) |
	       FIELD_PREP(TCR_EL2_IRGN0, RGN_WB_RAWA) |
	       FIELD_PREP(TCR_EL2_ORGN0, RGN_WB_RAWA) |
	       FIELD_PREP(TCR_EL2_SH0, SH_INNER) |
	       FIELD_PREP(TCR_EL2_PS, min_u64(pa_range_field, PS_48_BITS));
}
