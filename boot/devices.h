/*
 * The machine's devices that EL2 itself drives, bound to the hypervisor's
 * callbacks: console UART, interrupt controller, wall clock.
 * Left out: every other device of the machine, which nobody touches. Plinth's
 * own wiring; what the devices are is in drivers/.
 */
#ifndef PLINTH_BOOT_DEVICES_H
#define PLINTH_BOOT_DEVICES_H

#include <hyp/hypervisor.h>

#include "platform.h"

/* The console works after this. Errors: -ENOMEM, -EEXIST (mapping). */
MUST_CHECK int devices_console(struct hypervisor *h, const struct platform *p);

/* Maps and initialises the distributor, maps the redistributors, the RTC; the
 * RTC's interrupt goes to this pCPU, h->ops.set_alarm is set if it has one. */
MUST_CHECK int devices_init(struct hypervisor *h, const struct platform *p,
			    struct arena *a);

/* This pCPU's interrupt interface and private interrupts. */
MUST_CHECK int devices_init_cpu(const struct cpu *c);

/* Routes the console's interrupt to this pCPU. */
void devices_console_irq(const struct cpu *c);

/* hyp_ops: a physical interrupt of EL2's own, and the wall clock. */
void devices_irq(void *ctx, uint32_t intid);
uint64_t devices_wall_seconds(void *ctx);

#endif
