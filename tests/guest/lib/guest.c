/*
 * From the boot CPU's entry to the payload.
 */
#include "guest.h"

#include "check.h"
#include "fdt.h"
#include "print.h"
#include "smp.h"
#include "string.h"
#include "uart.h"

struct guest guest;
struct guest_boot guest_boot __attribute__((noinit));

static void guest_number_cpus(void)
{
	uint64_t self = read_mpidr_el1() & MPIDR_AFFINITY;

	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if (cpus[i].mpidr == self) {
			cpus[i].mpidr = cpus[0].mpidr;
			cpus[0].mpidr = self;
		}
	}
	smp_init();
}

void guest_start(const void *dtb)
{
	guest.bootargs = "";
	check_area(payload_name);
	guest.dtb = dtb;
	uart_init();
	if (fdt_read_guest(dtb)) {
		check_fail("device_tree", "no usable device tree at 0x%lx",
			   (uint64_t)(uintptr_t)dtb);
		check_done();
	}
	guest.native = str_has_word(guest.bootargs, "native");
	guest_number_cpus();
	print("# payload %s: %u cpus, RAM 0x%lx + 0x%lx%s\n", payload_name,
	      guest.nr_cpus, guest.ram_base, guest.ram_size,
	      guest.native ? ", native" : "");
	payload_main();
	check_done();
}
