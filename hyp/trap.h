/*
 * Exits from a guest, as the vectors report them (el2/vectors.S). Each returns
 * the registers to resume. IRQs masked, on the pCPU's EL2 stack.
 */
#ifndef PLINTH_HYP_TRAP_H
#define PLINTH_HYP_TRAP_H

#include <arch/aarch64/context.h>

struct vcpu_regs *trap_sync(struct vcpu_regs *regs, uint64_t esr);
struct vcpu_regs *trap_irq(struct vcpu_regs *regs);
struct vcpu_regs *trap_serror(struct vcpu_regs *regs, uint64_t esr);

#endif
