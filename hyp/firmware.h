/* A guest's call to its firmware: PSCI and SMCCC, by HVC or SMC. */
#ifndef PLINTH_HYP_FIRMWARE_H
#define PLINTH_HYP_FIRMWARE_H

#include <arch/aarch64/psci.h>

#include <hyp/vcpu.h>

/*
 * Serves the call in x0..x7 of the loaded vCPU; the PC is already past the
 * instruction. May stop the vCPU or its VM. DEN 0022, DEN 0028.
 */
void firmware_call(struct vcpu *v);

/* What PSCI asks of this VM. */
struct psci_ops firmware_psci_ops(struct vm *vm);

#endif
