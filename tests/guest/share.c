/*
 * A VM whose image is large and is shared with other VMs: behind the program
 * stand pages of a known pattern, up to the size that the header tells. Every
 * page is as the file has it until this VM writes to it, and what it writes
 * stays what it wrote, whatever the others do meanwhile. Then it uses fresh
 * RAM.
 *
 * With the boot argument `fill` it writes to all of its RAM; with `wait` it
 * does not end, prints `waiting`, and sleeps. A failed check ends in a crash,
 * which the machine's status tells: of several VMs only one may have the
 * console.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/timer.h"

#define PAGE   4096U
#define MAGIC  UINT64_C(0x5348415245000000) /* | number of the page */
#define STRIDE 64U /* every so many-th page is written to */
#define ROUNDS 6U

const char payload_name[] = "share";

extern char _start[], _end[];

static uint64_t first, nr_pages; /* with the pattern; of the whole image */

static volatile uint64_t *page(uint64_t n)
{
	return (volatile uint64_t *)(_start + n * PAGE);
}

static bool is_mine(uint64_t n)
{
	return n % STRIDE == 0;
}

/* The first word is the file's, the last one as well, unless it was written. */
static bool page_ok(uint64_t n, bool written)
{
	uint64_t last = page(n)[PAGE / 8 - 1];

	return page(n)[0] == (MAGIC | n) &&
	       last == (written && is_mine(n) ? ~n + guest.ram_size : ~n);
}

static uint64_t bad_pages(bool written)
{
	uint64_t bad = 0;

	for (uint64_t n = first; n < nr_pages; n++)
		bad += !page_ok(n, written);
	return bad;
}

static bool check_image(void)
{
	bool ok = CHECK_EQ("image_is_as_the_file", bad_pages(false), 0);

	for (uint64_t n = first; n < nr_pages; n++)
		if (is_mine(n))
			page(n)[PAGE / 8 - 1] = ~n + guest.ram_size;
	for (unsigned i = 0; i < ROUNDS && ok; i++) {
		uint64_t until = time_now() + read_cntfrq_el0() / 50;

		ok = bad_pages(true) == 0;
		while (time_now() < until)
			cpu_relax();
	}
	return CHECK("writes_are_this_vms_alone", ok);
}

/* Behind the image, below where loader and tree may be. */
static bool check_ram(void)
{
	uint64_t at = align_up((uint64_t)(uintptr_t)_start + nr_pages * PAGE,
			       0x200000);
	uint64_t end = str_has_word(guest.bootargs, "fill") ? guest_ram_end()
							    : at + 0x40000;
	uint64_t bad = 0;

	for (; at + PAGE <= end; at += PAGE) {
		volatile uint64_t *p = (volatile uint64_t *)(uintptr_t)at;

		if (at <= (uint64_t)(uintptr_t)guest.dtb &&
		    (uint64_t)(uintptr_t)guest.dtb < at + 0x10000)
			break;
		bad += p[1] != 0;
		p[1] = at;
	}
	return CHECK_EQ("ram_is_fresh", bad, 0);
}

void payload_main(void)
{
	uint64_t nowhere = align_up(guest_ram_end(), GIB(1)) + GIB(4);
	bool ok;

	first = ((uintptr_t)_end - (uintptr_t)_start + PAGE - 1) / PAGE;
	nr_pages = page(0)[2] / PAGE; /* image_size */
	check_note("%lu pages with the pattern", nr_pages - first);
	ok = check_image();
	ok &= check_ram();
	if (ok && str_has_word(guest.bootargs, "wait")) {
		print("waiting\n");
		for (;;)
			wfi();
	}
	if (ok)
		return;
	write_vbar_el1(nowhere);
	isb();
	__asm__ volatile("br %0" ::"r"(nowhere));
}
