/*
 * One level-1 table of 1 GiB blocks (4 KiB granule, T0SZ 25).
 */
#include "mmu.h"

#include "guest.h"

#define DESC_BLOCK   1
#define DESC_TABLE   3
#define DESC_AF      BIT(10)
#define DESC_ISH     (UINT64_C(3) << 8)
#define DESC_XN      (UINT64_C(3) << 53)
#define DESC_DEVICE  (UINT64_C(0) << 2) /* MAIR index */
#define DESC_NORMAL  (UINT64_C(1) << 2)
#define MAIR         UINT64_C(0xff04) /* 0: Device-nGnRE, 1: Normal WB RWA */
#define TCR_T0SZ     25
#define TCR_WBWA_ISH (UINT64_C(0x35) << 8) /* SH0, ORGN0, IRGN0 */
#define TCR_EPD1     BIT(23)

extern const char _start[], _end[]; /* guest.ld */

static uint64_t l1[512] __attribute__((aligned(4096)));
static bool l1_ready;

static uint64_t flat_entry(uint64_t gib)
{
	uint64_t first = guest.ram_base >> 30;
	uint64_t last = (guest_ram_end() - 1) >> 30;
	uint64_t at = gib << 30 | DESC_BLOCK | DESC_AF;

	if (gib >= first && gib <= last)
		return at | DESC_NORMAL | DESC_ISH;
	return at | DESC_DEVICE | DESC_XN;
}

static void tlb_flush(void)
{
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::
				 : "memory");
}

static void set_entry(uint64_t va, uint64_t desc)
{
	uint64_t *e = &l1[va >> 30 & 511];

	*e = 0;
	tlb_flush();
	*e = desc;
	dsb_sy();
	isb();
}

void mmu_set_table(uint64_t va, uint64_t table)
{
	set_entry(va, table | DESC_TABLE);
}

void mmu_set_flat(uint64_t va)
{
	set_entry(va, flat_entry(va >> 30));
}

static void cache_clean_inval(const void *p, uint64_t len)
{
	uint64_t at = (uint64_t)(uintptr_t)p, end = at + len;

	for (; at < end; at += 16) /* the smallest line there is */
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb_sy();
}

void mmu_on(void)
{
	uint64_t ips = read_id_aa64mmfr0_el1() & 7;

	if (!l1_ready) {
		for (uint64_t i = 0; i < 512; i++)
			l1[i] = flat_entry(i);
		l1_ready = true;
		cache_clean_inval(l1, sizeof(l1));
	}
	write_mair_el1(MAIR);
	write_tcr_el1(TCR_T0SZ | TCR_WBWA_ISH | TCR_EPD1 |
		      (ips > 5 ? 5 : ips) << 32);
	write_ttbr0_el1((uint64_t)(uintptr_t)l1);
	isb();
	tlb_flush();
	write_sctlr_el1(SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_I);
	isb();
}

void mmu_off(void)
{
	write_sctlr_el1(SCTLR_RES1);
	isb();
	cache_clean_inval(_start, addr_of(_end) - addr_of(_start));
	tlb_flush();
}
