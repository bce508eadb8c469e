/*
 * The first C of the boot CPU, partly with the MMU off: aligned accesses only,
 * no exclusives. Contract in early.h. The tables that
 * are built here serve all pCPUs; Arm ARM DDI 0487, MAIR_EL2, TCR_EL2.
 */
#include "early.h"

#include <errno.h>
#include <string.h>

#include <base/bits.h>

#include <arch/aarch64/el2/sysreg.h>
#include <arch/aarch64/maint.h>

#include <hyp/page_alloc.h>

#include "platform.h"

#define POOL_PAGES   64U
#define STACK_WINDOW UINT64_C(0x7f0000000000) /* virtual; above all RAM */
#define PARANGE      GENMASK(3, 0)

struct early early;
uint64_t boot_ttbr0, boot_mair, boot_tcr; /* read by start.S, MMU off */
uint64_t boot_written_end; /* likewise: of the image, with caches off */

/* Behind the BSS, which is all that start.S clears. */
static uint8_t pool[POOL_PAGES][PAGE_SIZE]
	__attribute__((section(".noinit"), aligned(4096)));
static uint64_t pool_used;

void *early_pages(uint64_t nr)
{
	void *p = pool[pool_used];

	if (nr > POOL_PAGES - pool_used)
		return NULL;
	pool_used += nr;
	return p;
}

static void *pool_alloc(void *ctx, uint64_t nr)
{
	(void)ctx;
	return early_pages(nr);
}

/* What was taken last can be given back: scratch memory of the parsers. */
static void pool_free(void *ctx, void *pages, uint64_t nr)
{
	(void)ctx;
	if (pages == pool[pool_used - nr])
		pool_used -= nr;
}

const struct arena_env early_arena_env = {pool_alloc, pool_free, NULL};

/* Boot is single threaded; no page of either source is clear. */
static void *table_alloc(void *ctx)
{
	struct early *e = ctx;
	void *t = e->pages ? page_alloc_block(e->pages, 0) : early_pages(1);

	return t ? memset(t, 0, PAGE_SIZE) : NULL;
}

static void table_free(void *ctx, void *table)
{
	struct early *e = ctx;

	if (e->pages)
		page_free_block(e->pages, table, 0);
}

static void table_tlbi(void *ctx, uint64_t addr, uint64_t size)
{
	(void)ctx;
	(void)addr;
	(void)size;
	tlb_flush_el2();
}

static void table_sync(void *ctx)
{
	(void)ctx;
	el2_map_sync();
}

int early_map(hpa_t pa, uint64_t size, unsigned prot)
{
	uint64_t from = align_down(pa.v, PAGE_SIZE);
	uint64_t to = align_up(pa.v + size, PAGE_SIZE);

	return s1_map(&early.s1, from, (hpa_t){from}, to - from, prot);
}

static int map_section(const char *from, const char *to, unsigned prot)
{
	return from == to
		       ? 0
		       : early_map(hpa_of(from), (uint64_t)(to - from), prot);
}

static int map_image(void)
{
	int err = map_section(__image_start, __text_end, PGT_R | PGT_X);

	if (!err)
		err = map_section(__text_end, __rodata_end, PGT_R);
	if (!err)
		err = map_section(__rodata_end, __boot_stack_guard,
				  PGT_R | PGT_W);
	if (!err)
		err = map_section(__boot_stack_bottom, __image_end,
				  PGT_R | PGT_W);
	return err;
}

static bool is_tree(const void *at)
{
	return platform_is_host_tree(&early.tree, at, HOST_TREE_MAX,
				     hpa_of(__image_start));
}

/* x0, or RAM base by convention: a 1 GiB boundary at or below the image. */
static const void *find_tree(const void *x0)
{
	uint64_t at = align_down(hpa_of(__image_start).v, GIB(1));

	if (x0 && is_aligned((uintptr_t)x0, 8) && is_tree(x0))
		return x0;
	for (;; at -= GIB(1)) {
		if (is_tree(hpa_ptr((hpa_t){at})))
			return hpa_ptr((hpa_t){at});
		if (at == 0)
			return NULL;
	}
}

static uint64_t tree_size(const void *fdt)
{
	return __builtin_bswap32(((const uint32_t *)fdt)[1]);
}

/* Without a tree there is no console to complain to: stay in a debugger's
 * sight. */
static NORETURN void no_tree(void)
{
	for (;;)
		__asm__ volatile("wfe");
}

uint64_t boot_early(const void *x0)
{
	const struct pgt_env env = {table_alloc, table_free, table_tlbi,
				    table_sync, &early};
	unsigned field = (unsigned)FIELD_GET(PARANGE, read_id_aa64mmfr0_el1());

	early.fdt = find_tree(x0);
	if (!early.fdt)
		no_tree();
	early.fdt_size = tree_size(early.fdt);
	early.next_stack = STACK_WINDOW;
	if (s1_init(&early.s1, &env, pgt_pa_bits(field)) || map_image() ||
	    early_map(hpa_of(early.fdt), early.fdt_size, PGT_R))
		no_tree();
	boot_ttbr0 = s1_ttbr(&early.s1);
	boot_tcr = s1_tcr(field);
	boot_mair = S1_MAIR_VALUE;
	boot_written_end = hpa_of(pool[pool_used]).v;
	return boot_ttbr0;
}

void early_use_pages(struct page_alloc *pages)
{
	early.pages = pages;
}

uint64_t early_map_stack(void *pages, uint64_t nr)
{
	uint64_t bottom = early.next_stack + PAGE_SIZE;

	if (s1_map(&early.s1, bottom, hpa_of(pages), nr * PAGE_SIZE,
		   PGT_R | PGT_W))
		return 0;
	early.next_stack = bottom + nr * PAGE_SIZE;
	return early.next_stack;
}
