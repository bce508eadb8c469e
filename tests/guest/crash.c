/*
 * A VM that can never make progress again: its vectors and its next
 * instruction lie where there is no memory, so every exception leads to the
 * next one. Prints `crashing`, and nothing more; the hypervisor has to notice.
 * With the boot argument `smp` the other CPUs spin on meanwhile.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/print.h"
#include "lib/smp.h"
#include "lib/string.h"

const char payload_name[] = "crash";

static void spin(void *arg)
{
	(void)arg;
	for (;;)
		cpu_relax();
}

void payload_main(void)
{
	uint64_t nowhere = align_up(guest_ram_end(), GIB(1)) + GIB(4);

	if (str_has_word(guest.bootargs, "smp"))
		CHECK("others_run", smp_start_all(spin));
	print("crashing\n");
	write_vbar_el1(nowhere);
	isb();
	__asm__ volatile("br %0" ::"r"(nowhere + 0x1000));
}
