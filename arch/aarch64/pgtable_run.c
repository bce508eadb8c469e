/*
 * The contiguous hint of translation tables: sixteen neighbouring leaves that
 * map one aligned piece to one aligned piece alike may be kept by a TLB as a
 * single entry. Contract in pgtable_internal.h; pgtable.c is the caller, with
 * the owner's lock held.
 *
 * A TLB may answer for all sixteen by any one of them, so they change together
 * or not at all: the run is made invalid as a whole, leaves the TLBs, and is
 * written anew, with the hint or without. That holds for permissions, too.
 *
 * Leaves out: giving the hint to entries that exist already, runs of 1 GiB
 * blocks.
 * Arm ARM DDI 0487, "The Contiguous bit", "Using break-before-make when
 * updating translation table entries".
 */
#include <arch/aarch64/pgtable_internal.h>

static bool has_runs(const struct pgt *p, unsigned level)
{
	return p->contiguous && level >= PGT_RUN_LEVEL;
}

uint64_t pgt_run_hint(const struct pgt *p, const uint64_t *pte, uint64_t left,
		      unsigned level, uint64_t addr, uint64_t pa)
{
	unsigned i;

	if (!has_runs(p, level) || left < PGT_RUN_ENTRIES ||
	    !is_aligned(addr | pa, pgt_run_size(level)))
		return 0;
	if (level == PGT_LAST_LEVEL) /* no table in the way */
		return PGT_DESC_CONTIGUOUS;
	for (i = 0; i < PGT_RUN_ENTRIES; i++)
		if (pte_is_valid(pte_read(&pte[i])))
			return 0;
	return PGT_DESC_CONTIGUOUS;
}

/* Whether `edge` lies within the run around `at`, not at its ends. */
static bool cuts(uint64_t edge, unsigned level, uint64_t at)
{
	uint64_t size = pgt_run_size(level);

	return !is_aligned(edge, size) &&
	       align_down(edge, size) == align_down(at, size);
}

uint64_t pgt_run_hint_split(const struct pgt *p, unsigned level, uint64_t at,
			    uint64_t addr, uint64_t end)
{
	return has_runs(p, level) && !cuts(addr, level, at) &&
			       !cuts(end, level, at)
		       ? PGT_DESC_CONTIGUOUS
		       : 0;
}

void pgt_run_rewrite(struct pgt *p, uint64_t *pte, unsigned level,
		     uint64_t addr, uint64_t attrs)
{
	uint64_t pa = pte_read(pte) & PGT_DESC_ADDRESS;
	unsigned i;

	for (i = 0; i < PGT_RUN_ENTRIES; i++)
		pte_write(&pte[i], 0);
	p->env.tlbi(p->env.ctx, addr, pgt_run_size(level));
	for (i = 0; i < PGT_RUN_ENTRIES; i++) {
		pte_write(&pte[i], pte_leaf(level, pa, attrs));
		pa += pgt_level_size(level);
	}
}

/* No run reaches across `edge`, which may be the end of all addresses. */
static void cut_at(struct pgt *p, uint64_t edge)
{
	struct pgt_path path;
	uint64_t base;

	if (edge >> p->addr_bits)
		return;
	pgt_path_find(p, edge, &path);
	if (!pte_is_valid(path.desc) || !(path.desc & PGT_DESC_CONTIGUOUS))
		return;
	base = align_down(edge, pgt_run_size(path.level));
	if (base == edge)
		return;
	pgt_run_rewrite(p,
			path.pte[path.level] -
				(edge - base) / pgt_level_size(path.level),
			path.level, base, pte_attrs(path.desc));
}

void pgt_runs_cut(struct pgt *p, uint64_t addr, uint64_t end)
{
	if (!p->contiguous)
		return;
	cut_at(p, addr);
	cut_at(p, end);
}
