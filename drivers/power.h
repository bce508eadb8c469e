/*
 * Firmware of the machine: PSCI (DEN 0022) over SMC. Below EL2 there is no
 * other conduit: HVC at EL2 would trap to Plinth itself.
 */
#ifndef PLINTH_DRIVERS_POWER_H
#define PLINTH_DRIVERS_POWER_H

#include <base/addr.h>

/* Starts the pCPU `mpidr` at `entry` (MMU off) with x0 = context. 0 or -EIO. */
MUST_CHECK int power_cpu_on(uint64_t mpidr, hpa_t entry, uint64_t context);

/* SYSTEM_OFF: the machine ends well. SYSTEM_RESET: it ends badly. */
NORETURN void power_system_off(void);
NORETURN void power_system_reset(void);

#endif
