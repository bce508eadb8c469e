/*
 * A VM with several lives: it counts them on its disk, the only thing that
 * lasts from one to the next, and ends each in the same way until the last.
 * Boot arguments: `lives=N`, and how: `crash` (vectors and the next instruction
 * where there is no memory), `stack` (a handler that stores where there is no
 * memory, so that it aborts as it begins), `hang` (as a kernel with broken
 * vectors and its MMU on: it goes round for ever, and a watchdog waits),
 * `reset` (SYSTEM_RESET), `off` (SYSTEM_OFF) or `wait` (it does not end, and
 * sleeps); with `slow` none ends before 10 s. Prints `life N` in each, and in
 * the last the totals. Needs a disk of 1 MiB or more, zeroed.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/print.h"
#include "lib/psci.h"
#include "lib/string.h"
#include "lib/timer.h"

const char payload_name[] = "lives";

#define MARK UINT64_C(0x0ddba11)

static uint64_t sector[SECTOR / 8] __attribute__((aligned(512)));
static volatile uint64_t noinit_mark __attribute__((noinit));

static void next_life(void)
{
	CHECK("disk_starts", virtio_start(BLK_FEATURES));
	CHECK_EQ("disk_is_read",
		 (uint64_t)blk_request1(BLK_T_IN, 0, sector, SECTOR), BLK_S_OK);
	sector[0]++;
	CHECK_EQ("disk_is_written",
		 (uint64_t)blk_request1(BLK_T_OUT, 0, sector, SECTOR),
		 BLK_S_OK);
}

/* Through stage 2, with the MMU off: stage 1 would keep it to itself. */
NORETURN static void crash(void)
{
	uint64_t nowhere = align_up(guest_ram_end(), GIB(1)) + GIB(4);

	write_vbar_el1(nowhere);
	isb();
	__asm__ volatile("br %0" ::"r"(nowhere + 0x1000));
	__builtin_unreachable();
}

extern char storing_vectors[];

__asm__(".balign 2048\n"
	"storing_vectors:\n"
	"	.skip 0x200\n"
	"	stp x29, x30, [sp, #-16]!\n"
	"	b .\n"
	"	.balign 2048\n");

NORETURN static void lose_stack(void)
{
	uint64_t nowhere = align_up(guest_ram_end(), GIB(1)) + GIB(4);

	write_vbar_el1((uint64_t)(uintptr_t)storing_vectors);
	isb();
	__asm__ volatile("mov sp, %0\n"
			 "str xzr, [sp, #-16]!" ::"r"(nowhere));
	__builtin_unreachable();
}

#define WDT_CONTROL UINT64_C(0x09100000) /* arm,sbsa-gwdt */
#define WDT_WCS     0x000
#define WDT_WOR     0x008
#define WDT_US      200000

NORETURN static void hang(void)
{
	mmio_write32(WDT_CONTROL + WDT_WOR, (uint32_t)time_ticks(WDT_US));
	mmio_write32(WDT_CONTROL + WDT_WCS, 1);
	mmu_on();
	crash();
}

static void live_long(void)
{
	gic_init_dist();
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	sleep_us(10000000);
}

void payload_main(void)
{
	uint64_t lives = str_number(guest.bootargs, "lives=");

	CHECK("memory_is_fresh", noinit_mark != MARK);
	CHECK("time_begins_anew", time_now() < time_ticks(2 * WAIT_US));
	noinit_mark = MARK;
	next_life();
	print("life %lu\n", sector[0]);
	if (sector[0] >= lives)
		check_done();
	if (str_has_word(guest.bootargs, "slow"))
		live_long();
	if (str_has_word(guest.bootargs, "crash"))
		crash();
	if (str_has_word(guest.bootargs, "stack"))
		lose_stack();
	if (str_has_word(guest.bootargs, "hang"))
		hang();
	while (str_has_word(guest.bootargs, "wait"))
		wfi();
	psci_call(str_has_word(guest.bootargs, "off") ? PSCI_SYSTEM_OFF
						      : PSCI_SYSTEM_RESET,
		  0, 0, 0);
	check_fail("end_of_a_life", "the call returned");
}
