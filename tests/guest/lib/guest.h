/*
 * The machine as the device tree at entry describes it, and the payload's own
 * entry point. Filled by the boot CPU before payload_main() runs.
 */
#ifndef PLINTH_GUEST_GUEST_H
#define PLINTH_GUEST_GUEST_H

#include "cpu.h"

struct guest {
	const void *dtb;
	uint64_t ram_base, ram_size; /* the first memory range */
	unsigned nr_cpus;            /* the boot CPU is cpus[0] */
	bool psci_smc;               /* /psci method is "smc" */
	const char *bootargs;        /* "" when there are none */
	/*
	 * The word `native` in the boot arguments: this is QEMU itself, which
	 * has more devices than the payload may assume and no second SMC
	 * conduit; checks that only a hypervisor can meet are left out.
	 */
	bool native;
};

extern struct guest guest;

/* What the boot CPU found at its very entry; start.S fills it by offset. */
struct guest_boot {
	uint64_t daif, sctlr, el, spsel;
	uint64_t x[3]; /* x1, x2, x3 */
};

_Static_assert(offsetof(struct guest_boot, x) == 32, "start.S");

extern struct guest_boot guest_boot;

static inline uint64_t guest_ram_end(void)
{
	return guest.ram_base + guest.ram_size;
}

/* The payload: its name, and what it does. Returning ends the program. */
extern const char payload_name[];
void payload_main(void);

NORETURN void guest_start(const void *dtb);

#endif
