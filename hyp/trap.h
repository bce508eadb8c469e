/*
 * Exits from a guest, as the vectors report them (el2/vectors.S). The vCPU is
 * loaded on this pCPU, IRQs are masked, the EL2 stack is empty.
 * Arm ARM DDI 0487, ESR_EL2; docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_TRAP_H
#define PLINTH_HYP_TRAP_H

#include <hyp/vcpu.h>

/*
 * One exit: synchronous with its syndrome, a physical interrupt, an SError with
 * its syndrome. Return to the guest's next or same instruction, or with
 * vcpu.attention set for another end.
 */
void trap_sync(struct vcpu *v, uint64_t esr);
void trap_irq(struct vcpu *v);
void trap_serror(struct vcpu *v, uint64_t esr);

/* Whether the time is measured that exits take (vcpu.timed). Off at first. */
void trap_measure(bool on);

/* The end of an exit, when vcpu.attention is not 0: what to resume. */
struct vcpu_regs *trap_attention(struct vcpu *v);

/* The end of an exit, when the list registers are out of date. */
void trap_flush(struct vcpu *v);

#endif
