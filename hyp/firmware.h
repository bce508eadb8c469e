/*
 * A guest's call to its firmware: PSCI and SMCCC, by HVC or SMC, answered by
 * Plinth alone; nothing is handed to the machine's own firmware. PSCI DEN
 * 0022, SMCCC DEN 0028; docs/design/08-psci.md.
 */
#ifndef PLINTH_HYP_FIRMWARE_H
#define PLINTH_HYP_FIRMWARE_H

#include <arch/aarch64/smccc.h>

#include <hyp/vcpu.h>

/*
 * Serves the call in x0..x3 of the loaded vCPU; the PC is already past the
 * instruction. May stop the vCPU or its VM. DEN 0022, DEN 0028.
 */
void firmware_call(struct vcpu *v);

/* What PSCI asks of this VM. */
struct psci_ops firmware_psci_ops(struct vm *vm);

/* What other calls ask of it. There is entropy where the CPU has FEAT_RNG: the
 * machine's rng-seed is a seed and no source. */
struct smccc_ops firmware_smccc_ops(struct vm *vm);

#endif
