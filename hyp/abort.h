/*
 * Stage-2 aborts: MMIO emulation, guest RAM, or an external abort into the
 * guest. And the injection of exceptions that traps of all kinds end in.
 * Arm ARM DDI 0487, ESR_EL2 for aborts; docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_ABORT_H
#define PLINTH_HYP_ABORT_H

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>

#include <hyp/vcpu.h>

/* The vCPU is loaded on this pCPU; `esr` is ESR_EL2 of the present exit. */
void abort_data(struct vcpu *v, uint64_t esr);
void abort_instruction(struct vcpu *v, uint64_t esr);

/* UNDEFINED at the trapped instruction. */
void abort_undefined(struct vcpu *v);

/* A virtual SError, pending until the guest takes it. */
void abort_serror(struct vcpu *v);

/* Past the trapped instruction of AArch64 code, where all are 4 bytes. */
static inline void skip_a64(struct vcpu *v)
{
	v->regs.pc += 4;
	v->regs.pstate &= ~(PSTATE_SS | PSTATE_BTYPE);
}

/* Past the trapped instruction. */
static inline void skip_instruction(struct vcpu *v, uint64_t esr)
{
	if (__builtin_expect((v->regs.pstate & PSTATE_NRW) != 0, 0)) {
		inject_skip_insn(&v->regs.pc, &v->regs.pstate,
				 (esr & ESR_IL) != 0);
		return;
	}
	skip_a64(v);
}

#endif
