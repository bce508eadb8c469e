/*
 * Translation-table editor, stages 1 and 2; the contract is in pgtable.h.
 *
 * Every change is made in two halves: the first looks, counts the table pages
 * that will be needed and takes them all; the second changes entries and
 * cannot fail. So a refusal leaves the tables as they were, without an undo
 * that would need TLB maintenance of its own.
 *
 * Pages not in use (reserved, or cut off and waiting for the TLBI) are chained
 * through their first word. A walker that still holds a pointer to a page that
 * was cut off reads an aligned address there, which is an invalid descriptor.
 *
 * The contiguous hint is pgtable_run.c's; here only whole runs are changed.
 *
 * Leaves out: joining split blocks, hardware management of the access flag and
 * dirty state, FEAT_LPA2, FEAT_BBM.
 * Arm ARM DDI 0487. Called with the owner's lock held.
 */
#include <errno.h>

#include <base/panic.h>

#include <arch/aarch64/pgtable_internal.h>

/* Entries in one table; the root may be several pages, or part of one. */
static uint64_t nr_entries(const struct pgt *p, unsigned level)
{
	return level == p->start_level
		       ? BIT(p->addr_bits) / pgt_level_size(level)
		       : PGT_ENTRIES;
}

/* Index of addr in the table of this level on its path. */
static uint64_t idx_of(const struct pgt *p, unsigned level, uint64_t addr)
{
	return addr / pgt_level_size(level) & (nr_entries(p, level) - 1);
}

void pgt_path_find(const struct pgt *p, uint64_t addr, struct pgt_path *path)
{
	uint64_t *table = p->root;
	unsigned level = p->start_level;

	for (;; level++) {
		path->pte[level] = &table[idx_of(p, level, addr)];
		path->desc = pte_read(path->pte[level]);
		if (!pte_is_table(path->desc, level))
			break;
		table = pte_table(path->desc);
	}
	path->level = level;
}

/* First address behind the entry of this level that covers addr. */
static uint64_t entry_end(unsigned level, uint64_t addr)
{
	return align_down(addr, pgt_level_size(level)) + pgt_level_size(level);
}

static bool range_ok(uint64_t base, uint64_t size, unsigned bits)
{
	return is_aligned(base | size, PAGE_SIZE) && size != 0 &&
	       range_within(base, size, 0, BIT(bits));
}

/*
 * Table pages needed below entries of `level`, in place of which leaves for
 * [addr, end) with output from pa shall be: at each level, one page for every
 * entry touched that cannot itself be a leaf.
 */
static uint64_t tables_below(unsigned level, uint64_t addr, uint64_t end,
			     uint64_t pa)
{
	uint64_t nr = 0;

	for (; level < PGT_LAST_LEVEL; level++) {
		uint64_t size = pgt_level_size(level);
		uint64_t lo = align_up(addr, size), hi = align_down(end, size);
		uint64_t whole = 0;

		if (level > 0 && is_aligned(addr ^ pa, size) && hi > lo)
			whole = hi - lo;
		nr += (align_up(end, size) - align_down(addr, size) - whole) /
		      size;
	}
	return nr;
}

/* ---- table pages in hand ---- */

static void pages_push(uint64_t **pages, uint64_t *page)
{
	pte_write(page, hpa_of(*pages).v);
	*pages = page;
}

/* One zeroed page of those reserved. */
static uint64_t *pages_pop(uint64_t **pages)
{
	uint64_t *page = *pages;

	ASSERT(page);
	*pages = hpa_ptr((hpa_t){*page});
	*page = 0;
	return page;
}

static void pages_free(struct pgt *p, uint64_t *pages)
{
	while (pages)
		p->env.table_free(p->env.ctx, pages_pop(&pages));
}

static int pages_reserve(struct pgt *p, uint64_t nr, uint64_t **pages)
{
	for (*pages = NULL; nr; nr--) {
		uint64_t *page = p->env.table_alloc(p->env.ctx);

		if (!page) {
			pages_free(p, *pages);
			return -ENOMEM;
		}
		pages_push(pages, page);
	}
	return 0;
}

static void sync(const struct pgt *p)
{
	if (p->env.pte_sync)
		p->env.pte_sync(p->env.ctx);
}

/* ---- map ---- */

/* Where the free entries end, `end` at most, that begin with the one that path
 * ends at, in its table. */
static uint64_t free_end(const struct pgt *p, const struct pgt_path *path,
			 uint64_t addr, uint64_t end)
{
	const uint64_t *pte = path->pte[path->level];
	uint64_t left =
		nr_entries(p, path->level) - idx_of(p, path->level, addr);
	uint64_t next = entry_end(path->level, addr);

	while (--left && next < end && !pte_is_valid(pte_read(++pte)))
		next += pgt_level_size(path->level);
	return min_u64(next, end);
}

/* All of [addr, end) is free: how many table pages will mapping it take? */
static int map_plan(const struct pgt *p, uint64_t addr, uint64_t end,
		    uint64_t pa, uint64_t *nr)
{
	struct pgt_path path;
	uint64_t next;

	for (*nr = 0; addr < end; pa += next - addr, addr = next) {
		pgt_path_find(p, addr, &path);
		if (pte_is_valid(path.desc))
			return -EEXIST;
		next = free_end(p, &path, addr, end);
		*nr += tables_below(path.level, addr, next, pa);
	}
	return 0;
}

/* The lowest-numbered level, `level` or deeper, that can map addr to pa. */
static unsigned leaf_level(unsigned level, uint64_t addr, uint64_t end,
			   uint64_t pa)
{
	for (level = level ? level : 1; level < PGT_LAST_LEVEL; level++) {
		uint64_t size = pgt_level_size(level);

		if (is_aligned(addr | pa, size) && end - addr >= size)
			break;
	}
	return level;
}

/* The entry for addr at `level`, below the invalid entry that path ends at. */
static uint64_t *path_extend(struct pgt *p, struct pgt_path *path,
			     uint64_t addr, unsigned level, uint64_t **pages)
{
	uint64_t *pte = path->pte[path->level];
	unsigned l;

	for (l = path->level; l < level; l++) {
		uint64_t *table = pages_pop(pages);

		p->nr_tables++;
		pte_write(pte, pte_of_table(table));
		pte = &table[idx_of(p, l + 1, addr)];
	}
	return pte;
}

/*
 * Fill as much of one table as takes leaves of the same level. The level that
 * is best for the first entry is best up to the table's end: a bigger block
 * can start only there. Returns the bytes mapped.
 */
static uint64_t map_run(struct pgt *p, uint64_t addr, uint64_t end,
			uint64_t first_desc, struct pgt_path *path,
			uint64_t **pages)
{
	uint64_t pa = first_desc & PGT_DESC_ADDRESS;
	unsigned level = leaf_level(path->level, addr, end, pa);
	uint64_t size = pgt_level_size(level), done = 0;
	uint64_t *pte = path_extend(p, path, addr, level, pages);
	uint64_t idx = idx_of(p, level, addr), hint = 0;
	uint64_t i, nr = nr_entries(p, level) - idx;

	nr = min_u64(nr, (end - addr) / size);
	for (i = 0; i < nr && !pte_is_valid(pte_read(&pte[i])); i++) {
		if ((idx + i) % PGT_RUN_ENTRIES == 0)
			hint = pgt_run_hint(p, &pte[i], nr - i, level,
					    addr + done, pa + done);
		pte_write(&pte[i], pte_leaf(level, pa + done,
					    pte_attrs(first_desc) | hint));
		done += size;
	}
	return done;
}

int pgt_map(struct pgt *p, uint64_t addr, uint64_t pa, uint64_t size,
	    uint64_t attrs)
{
	uint64_t end = addr + size, nr, done;
	uint64_t *pages;
	struct pgt_path path;
	int err;

	if (!range_ok(addr, size, p->addr_bits) ||
	    !range_ok(pa, size, p->oa_bits))
		return -EINVAL;
	err = map_plan(p, addr, end, pa, &nr);
	if (!err)
		err = pages_reserve(p, nr, &pages);
	if (err)
		return err;
	for (; addr < end; addr += done, pa += done) {
		pgt_path_find(p, addr, &path);
		done = map_run(p, addr, end, pa | attrs, &path, &pages);
	}
	ASSERT(!pages);
	sync(p);
	return 0;
}

int pgt_check_free(const struct pgt *p, uint64_t addr, uint64_t size)
{
	uint64_t nr;

	return range_ok(addr, size, p->addr_bits)
		       ? map_plan(p, addr, addr + size, 0, &nr)
		       : -EINVAL;
}

/* ---- unmap and protect ---- */

/* Table pages that splitting the leaf at addr takes, if it sticks out of
 * [addr, end) on either side. */
static uint64_t split_need(const struct pgt_path *path, uint64_t addr,
			   uint64_t end)
{
	end = min_u64(end, entry_end(path->level, addr));
	return pte_is_valid(path->desc)
		       ? tables_below(path->level, addr, end, addr)
		       : 0;
}

/* The same for a whole range: only its two ends can lie inside a leaf. */
RARE static uint64_t range_split_need(const struct pgt *p, uint64_t addr,
				      uint64_t end)
{
	struct pgt_path path;
	uint64_t nr, first_end, last;

	pgt_path_find(p, addr, &path);
	nr = split_need(&path, addr, end);
	first_end = entry_end(path.level, addr);
	if (end <= first_end)
		return nr;
	pgt_path_find(p, end - 1, &path);
	last = align_down(end - 1, pgt_level_size(path.level));
	return nr + split_need(&path, last, end);
}

/* Whether the entry at the path's end, a leaf, reaches out of [addr, end). */
static bool sticks_out(const struct pgt_path *path, uint64_t addr, uint64_t end)
{
	uint64_t size = pgt_level_size(path->level);

	return !is_aligned(addr, size) || end - addr < size;
}

/*
 * Replace the block that covers addr, and that [addr, end) is a part of, by a
 * table of next-level leaves.
 */
static void split(struct pgt *p, const struct pgt_path *path, uint64_t addr,
		  uint64_t end, uint64_t **pages)
{
	uint64_t size = pgt_level_size(path->level);
	uint64_t step = pgt_level_size(path->level + 1);
	uint64_t base = align_down(addr, size), hint = 0;
	uint64_t pa = path->desc & PGT_DESC_ADDRESS;
	uint64_t *table = pages_pop(pages);
	unsigned i;

	for (i = 0; i < PGT_ENTRIES; i++) {
		if (i % PGT_RUN_ENTRIES == 0)
			hint = pgt_run_hint_split(p, path->level + 1,
						  base + i * step, addr, end);
		table[i] = pte_leaf(path->level + 1, pa + i * step,
				    pte_attrs(path->desc) | hint);
	}
	pte_write(path->pte[path->level], 0);
	p->env.tlbi(p->env.ctx, base, size);
	pte_write(path->pte[path->level], pte_of_table(table));
	p->nr_tables++;
}

static bool table_empty(const uint64_t *table)
{
	uint64_t any = 0;
	unsigned i;

	for (i = 0; i < PGT_ENTRIES; i++)
		any |= pte_read(&table[i]);
	return !any;
}

/* Cut off the tables on the path that have become empty, deepest first. */
static void prune(struct pgt *p, struct pgt_path *path, uint64_t **cut)
{
	unsigned level;

	for (level = path->level; level > p->start_level; level--) {
		uint64_t *table = pte_table(pte_read(path->pte[level - 1]));

		if (!table_empty(table))
			break;
		pte_write(path->pte[level - 1], 0);
		pages_push(cut, table);
		p->nr_tables--;
	}
}

/* Clear the whole leaves from addr on in one table; returns the bytes. */
static uint64_t clear_run(struct pgt *p, uint64_t addr, uint64_t end,
			  struct pgt_path *path, uint64_t **cut)
{
	unsigned level = path->level;
	uint64_t size = pgt_level_size(level), done = 0;
	uint64_t *pte = path->pte[level];
	uint64_t i, nr = nr_entries(p, level) - idx_of(p, level, addr);

	nr = min_u64(nr, (end - addr) / size);
	for (i = 0; i < nr && !pte_is_table(pte_read(&pte[i]), level); i++) {
		pte_write(&pte[i], 0);
		done += size;
	}
	prune(p, path, cut);
	return done;
}

/* One step of unmapping; returns the address where the next begins. */
static uint64_t unmap_step(struct pgt *p, uint64_t addr, uint64_t end,
			   uint64_t **pages, uint64_t **cut)
{
	struct pgt_path path;

	pgt_path_find(p, addr, &path);
	if (!pte_is_valid(path.desc))
		return entry_end(path.level, addr);
	if (sticks_out(&path, addr, end)) {
		split(p, &path, addr, end, pages);
		return addr;
	}
	return addr + clear_run(p, addr, end, &path, cut);
}

RARE int pgt_unmap(struct pgt *p, uint64_t addr, uint64_t size)
{
	uint64_t *pages, *cut = NULL;
	uint64_t at, end = addr + size;
	int err;

	if (!range_ok(addr, size, p->addr_bits))
		return -EINVAL;
	err = pages_reserve(p, range_split_need(p, addr, end), &pages);
	if (err)
		return err;
	pgt_runs_cut(p, addr, end);
	for (at = addr; at < end;)
		at = unmap_step(p, at, end, &pages, &cut);
	ASSERT(!pages);
	p->env.tlbi(p->env.ctx, addr, size);
	pages_free(p, cut);
	return 0;
}

static bool all_mapped(const struct pgt *p, uint64_t addr, uint64_t end)
{
	struct pgt_path path;

	for (; addr < end; addr = entry_end(path.level, addr)) {
		pgt_path_find(p, addr, &path);
		if (!pte_is_valid(path.desc))
			return false;
	}
	return true;
}

/* Rewrite one whole leaf, or a run; true when its old form must leave the TLBs
 * yet. */
static bool change_leaf(struct pgt *p, const struct pgt_path *path,
			uint64_t addr, uint64_t attrs)
{
	uint64_t *pte = path->pte[path->level];
	uint64_t diff = pte_attrs(path->desc) ^ attrs;

	if (diff && path->desc & PGT_DESC_CONTIGUOUS) {
		pgt_run_rewrite(p, pte, path->level, addr,
				attrs | PGT_DESC_CONTIGUOUS);
		return false;
	}
	if (diff & p->bbm_attrs) {
		pte_write(pte, 0);
		p->env.tlbi(p->env.ctx, addr, pgt_level_size(path->level));
		pte_write(pte, path->desc ^ diff);
		return false;
	}
	pte_write(pte, path->desc ^ diff);
	return diff;
}

RARE int pgt_protect(struct pgt *p, uint64_t addr, uint64_t size,
		     uint64_t attrs)
{
	uint64_t at = addr, end = addr + size;
	uint64_t *pages;
	struct pgt_path path;
	bool stale = false;
	int err;

	if (!range_ok(addr, size, p->addr_bits))
		return -EINVAL;
	if (!all_mapped(p, addr, end))
		return -ENOENT;
	err = pages_reserve(p, range_split_need(p, addr, end), &pages);
	if (err)
		return err;
	pgt_runs_cut(p, addr, end);
	while (at < end) {
		pgt_path_find(p, at, &path);
		if (sticks_out(&path, at, end)) {
			split(p, &path, at, end, &pages);
			continue;
		}
		stale |= change_leaf(p, &path, at, attrs);
		at = entry_end(path.level, at);
	}
	ASSERT(!pages);
	sync(p);
	if (stale)
		p->env.tlbi(p->env.ctx, addr, size);
	return 0;
}

int pgt_remap(struct pgt *p, uint64_t addr, uint64_t pa, uint64_t attrs)
{
	uint64_t *pages;
	struct pgt_path path;
	int err;

	if (!range_ok(addr, PAGE_SIZE, p->addr_bits) ||
	    !range_ok(pa, PAGE_SIZE, p->oa_bits))
		return -EINVAL;
	pgt_path_find(p, addr, &path);
	if (!pte_is_valid(path.desc))
		return -ENOENT;
	err = pages_reserve(p, split_need(&path, addr, addr + PAGE_SIZE),
			    &pages);
	if (err)
		return err;
	pgt_runs_cut(p, addr, addr + PAGE_SIZE);
	for (pgt_path_find(p, addr, &path); path.level < PGT_LAST_LEVEL;
	     pgt_path_find(p, addr, &path))
		split(p, &path, addr, addr + PAGE_SIZE, &pages);
	ASSERT(!pages);
	pte_write(path.pte[PGT_LAST_LEVEL], 0);
	p->env.tlbi(p->env.ctx, addr, PAGE_SIZE);
	pte_write(path.pte[PGT_LAST_LEVEL],
		  pte_leaf(PGT_LAST_LEVEL, pa, attrs));
	sync(p);
	return 0;
}

/* ---- look and leave ---- */

int pgt_walk(const struct pgt *p, uint64_t addr, struct pgt_walk *w)
{
	struct pgt_path path;
	unsigned l;

	*w = (struct pgt_walk){0};
	if (addr >> p->addr_bits)
		return -EINVAL;
	pgt_path_find(p, addr, &path);
	for (l = p->start_level; l <= path.level; l++) {
		w->step[l].idx = (unsigned)idx_of(p, l, addr);
		w->step[l].table = path.pte[l] - w->step[l].idx;
		w->step[l].desc = pte_read(path.pte[l]);
	}
	w->level = path.level;
	w->desc = path.desc;
	w->size = pgt_level_size(path.level);
	if (!pte_is_valid(path.desc))
		return -ENOENT;
	w->pa = (path.desc & PGT_DESC_ADDRESS) + (addr & (w->size - 1));
	return 0;
}

/* The next table that the entries from *idx on point to, or NULL. */
static uint64_t *next_child(const struct pgt *p, const uint64_t *table,
			    unsigned level, uint64_t *idx)
{
	while (*idx < nr_entries(p, level)) {
		uint64_t desc = pte_read(&table[(*idx)++]);

		if (pte_is_table(desc, level))
			return pte_table(desc);
	}
	return NULL;
}

RARE void pgt_destroy(struct pgt *p)
{
	uint64_t *table[PGT_LEVELS] = {NULL}, *child;
	uint64_t idx[PGT_LEVELS] = {0};
	unsigned level = p->start_level;

	table[level] = p->root;
	for (;;) {
		child = next_child(p, table[level], level, &idx[level]);
		if (child) {
			table[++level] = child;
			idx[level] = 0;
			continue;
		}
		if (level == p->start_level)
			break;
		p->env.table_free(p->env.ctx, table[level--]);
		p->nr_tables--;
	}
	ASSERT(p->nr_tables == 0);
}
