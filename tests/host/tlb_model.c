/* See tlb_model.h. */
#include "tlb_model.h"

#include <string.h>

void tlb_model_init(struct tlb_model *m)
{
	memset(m, 0, sizeof(*m));
}

static void note(struct tlb_model *m, struct tlb_event e)
{
	if (m->nr_events < TLB_MODEL_EVENTS)
		m->event[m->nr_events] = e;
	m->nr_events++;
}

void tlb_model_forget_events(struct tlb_model *m)
{
	m->nr_events = 0;
}

static struct tlb_line lookup(const struct tlb_model *m, uint64_t addr)
{
	struct tlb_line line = {0};
	struct pgt_walk w;
	unsigned l;

	if (pgt_walk(m->pgt, addr, &w) == 0)
		line.desc = w.desc;
	line.level = w.level;
	for (l = 0; l < PGT_LEVELS; l++)
		line.table[l] = w.step[l].table;
	return line;
}

/* Bit 52 of a leaf, by the Arm ARM and not by the editor's own headers. */
#define CONTIGUOUS (UINT64_C(1) << 52)

/* One of a run of sixteen leaves answers for all: they map one aligned piece to
 * one aligned piece, with the same attributes and the same hint. */
static void check_run(const uint64_t *entry, unsigned level, unsigned idx)
{
	uint64_t size = pgt_level_size(level), first = entry[idx - idx % 16];
	unsigned i;

	assert_true(level >= 2);
	assert_int_equal(first % (16 * size) & PGT_DESC_ADDRESS, 0);
	for (i = 0; i < 16; i++)
		assert_int_equal(entry[idx - idx % 16 + i], first + i * size);
}

static void check_table(const uint64_t *entry, unsigned level, unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr; i++) {
		if (!(entry[i] & 1))
			continue;
		if (level < 3 && (entry[i] & 2))
			check_table(
				hpa_ptr((hpa_t){entry[i] & PGT_DESC_ADDRESS}),
				level + 1, 512);
		else if (entry[i] & CONTIGUOUS)
			check_run(entry, level, i);
	}
}

void tlb_model_check_runs(const struct pgt *p)
{
	check_table(
		p->root, p->start_level,
		(unsigned)(BIT(p->addr_bits) / pgt_level_size(p->start_level)));
}

/* An entry that may be in a TLB may only change its permissions; one of a run
 * nothing at all. */
static void check_change(const struct tlb_model *m, const struct tlb_line *old,
			 const struct tlb_line *now)
{
	uint64_t fixed = m->pgt->bbm_attrs | PGT_DESC_ADDRESS | CONTIGUOUS;

	if (!old->desc || !now->desc)
		return;
	if (old->desc & CONTIGUOUS)
		fixed = UINT64_MAX;
	assert_int_equal(old->level, now->level);
	assert_int_equal(old->desc & fixed, now->desc & fixed);
}

void tlb_model_watch(struct tlb_model *m, const struct pgt *pgt, uint64_t base,
		     unsigned nr_pages)
{
	assert_true(nr_pages <= TLB_MODEL_PAGES);
	m->pgt = pgt;
	m->base = base;
	m->nr_pages = nr_pages;
	memset(m->line, 0, sizeof(m->line));
	tlb_model_run(m);
}

void tlb_model_run(struct tlb_model *m)
{
	unsigned i;

	tlb_model_check_runs(m->pgt);
	for (i = 0; i < m->nr_pages; i++) {
		struct tlb_line now = lookup(m, m->base + i * PAGE_SIZE);

		if (m->line[i].desc)
			assert_int_equal(m->line[i].desc, now.desc);
		m->line[i] = now;
	}
}

void *tlb_model_alloc(void *ctx)
{
	struct tlb_model *m = ctx;

	note(m, (struct tlb_event){.what = 'a'});
	if (m->fail_at && --m->fail_at == 0)
		return NULL;
	m->live++;
	return host_ram_alloc(PAGE_SIZE, PAGE_SIZE);
}

void tlb_model_free(void *ctx, void *page)
{
	struct tlb_model *m = ctx;
	unsigned i, l;

	for (i = 0; i < m->nr_pages; i++) {
		for (l = 0; l < PGT_LEVELS; l++)
			assert_ptr_not_equal(m->line[i].table[l], page);
	}
	note(m, (struct tlb_event){.what = 'f'});
	assert_true(m->live > 0);
	m->live--;
	host_ram_free(page);
}

/*
 * A TLBI by address forgets the leaf for that address and the table entries
 * that lead to it; the latter serve all other addresses of their span too.
 */
static void invalidate(struct tlb_model *m, unsigned i, uint64_t addr,
		       uint64_t size)
{
	uint64_t at = m->base + i * PAGE_SIZE, span;
	struct tlb_line now = lookup(m, at);
	unsigned l;

	for (l = m->pgt->start_level + 1; l < PGT_LEVELS; l++) {
		span = pgt_level_size(l - 1);
		if (ranges_overlap(align_down(at, span), span, addr, size))
			m->line[i].table[l] = now.table[l];
	}
	if (at < addr || at - addr >= size)
		return;
	check_change(m, &m->line[i], &now);
	m->line[i] = now;
}

void tlb_model_tlbi(void *ctx, uint64_t addr, uint64_t size)
{
	struct tlb_model *m = ctx;
	struct pgt_walk w = {0};
	unsigned i;

	assert_true(size != 0 && is_aligned(addr | size, PAGE_SIZE));
	if (m->pgt)
		(void)!pgt_walk(m->pgt, addr, &w);
	note(m, (struct tlb_event){'t', addr, size, w.desc});
	if (m->nr_pages)
		tlb_model_check_runs(m->pgt);
	for (i = 0; m->pgt && i < m->nr_pages; i++)
		invalidate(m, i, addr, size);
}

void tlb_model_sync(void *ctx)
{
	note(ctx, (struct tlb_event){.what = 's'});
}

struct pgt_env tlb_model_env(struct tlb_model *m)
{
	return (struct pgt_env){
		.table_alloc = tlb_model_alloc,
		.table_free = tlb_model_free,
		.tlbi = tlb_model_tlbi,
		.pte_sync = tlb_model_sync,
		.ctx = m,
	};
}
