/*
 * Stage-2 aborts: MMIO emulation, guest RAM, or an external abort into the
 * guest. And the injection of exceptions that traps of all kinds end in.
 * Arm ARM DDI 0487, ESR_EL2 for aborts; docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_ABORT_H
#define PLINTH_HYP_ABORT_H

#include <port/el1.h>

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>

#include <hyp/vcpu.h>

/*
 * Handlers of exits, as in hyp/trap.h: `esr` is ESR_EL2 of the present one. A
 * data abort of any kind, and those of TRAP_DEVICE and TRAP_MIRROR.
 */
void abort_data(struct vcpu *v, uint64_t esr);
void abort_device(struct vcpu *v, uint64_t esr);
void abort_mirror(struct vcpu *v, uint64_t esr);
void abort_instruction(struct vcpu *v, uint64_t esr);

/* UNDEFINED at the trapped instruction. */
void abort_undefined(struct vcpu *v);

/* A virtual SError, pending until the guest takes it; `esr` as ESR_EL2 is. */
void abort_serror(struct vcpu *v, uint64_t esr);

/* Past the trapped instruction of AArch64 code, where all are 4 bytes. */
static inline void skip_a64(struct vcpu *v)
{
	exit_step(&v->regs, PSTATE_SS, PSTATE_BTYPE);
}

/* Past the trapped instruction. */
static inline void skip_instruction(struct vcpu *v, uint64_t esr)
{
	uint64_t pc, pstate = exit_pstate(&v->regs);

	if (__builtin_expect((pstate & PSTATE_NRW) == 0, 1)) {
		skip_a64(v);
		return;
	}
	pc = exit_pc(&v->regs);
	inject_skip_insn(&pc, &pstate, (esr & ESR_IL) != 0);
	exit_set_pc(&v->regs, pc);
	exit_set_pstate(&v->regs, pstate);
}

#endif
