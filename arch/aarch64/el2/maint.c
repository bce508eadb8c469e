/*
 * TLB and cache maintenance: what maint.h promises, as instructions, each with
 * its barriers. Left out: maintenance by set and way, which no caller needs.
 * Arm ARM DDI 0487, "TLB maintenance instructions", "A64 Cache maintenance
 * instructions", "Ordering of instruction fetches".
 */
#include <base/bits.h>

#include <arch/aarch64/maint.h>

#include "sysreg.h"

/* Above this many pages one flush of the whole VMID is cheaper. */
#define IPA_FLUSH_PAGES_MAX 512

static void with_vttbr(uint64_t vttbr, uint64_t *saved)
{
	*saved = read_vttbr_el2();
	if (*saved != vttbr) {
		write_vttbr_el2(vttbr);
		isb();
	}
}

static void restore_vttbr(uint64_t vttbr, uint64_t saved)
{
	if (saved != vttbr) {
		write_vttbr_el2(saved);
		isb();
	}
}

void tlb_flush_vmid(uint64_t vttbr)
{
	uint64_t saved;

	dsb_ish();
	with_vttbr(vttbr, &saved);
	__asm__ volatile("tlbi vmalls12e1is");
	dsb_ish();
	isb();
	restore_vttbr(vttbr, saved);
}

void tlb_flush_local(void)
{
	__asm__ volatile("tlbi vmalle1\n\tic iallu\n\tdsb nsh" ::: "memory");
	isb();
}

void tlb_flush_ipa(uint64_t vttbr, ipa_t ipa, uint64_t size)
{
	uint64_t first = ipa.v >> PAGE_SHIFT;
	uint64_t nr = (size + PAGE_SIZE - 1) >> PAGE_SHIFT, saved;

	if (nr > IPA_FLUSH_PAGES_MAX) {
		tlb_flush_vmid(vttbr);
		return;
	}
	dsb_ish();
	with_vttbr(vttbr, &saved);
	for (uint64_t i = 0; i < nr; i++)
		__asm__ volatile("tlbi ipas2e1is, %0" ::"r"(first + i));
	dsb_ish();
	__asm__ volatile("tlbi vmalle1is");
	dsb_ish();
	isb();
	restore_vttbr(vttbr, saved);
}

/*
 * Eight lines from `at` on; returns where they end. All RAM of a VM goes by
 * here when it starts: single lines take twice as many instructions.
 */
static uint64_t clean_eight(uint64_t at, uint64_t line)
{
	__asm__ volatile(".rept 8\n\t"
			 "dc civac, %0\n\t"
			 "add %0, %0, %1\n\t"
			 ".endr"
			 : "+r"(at)
			 : "r"(line)
			 : "memory");
	return at;
}

void dcache_clean_poc(const void *p, uint64_t len)
{
	uint64_t line = UINT64_C(4)
			<< FIELD_GET(GENMASK(19, 16), read_ctr_el0());
	uint64_t at = align_down((uint64_t)(uintptr_t)p, line);
	uint64_t end = (uint64_t)(uintptr_t)p + len;

	while (at + 8 * line <= end)
		at = clean_eight(at, line);
	for (; at < end; at += line)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb_sy();
}

void icache_sync_poc(const void *p, uint64_t len)
{
	dcache_clean_poc(p, len);
	__asm__ volatile("ic ialluis" ::: "memory");
	dsb_ish();
	isb();
}

void el2_map_sync(void)
{
	dsb_ish();
	isb();
}

void tlb_flush_el2(void)
{
	dsb_ish();
	__asm__ volatile("tlbi alle2is");
	dsb_ish();
	isb();
}

uint64_t counter_now(void)
{
	isb();
	return read_cntpct_el0();
}
