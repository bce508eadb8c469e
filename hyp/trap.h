/*
 * Exits from a guest, as the vectors report them (el2/vectors.S). The vCPU is
 * loaded on this pCPU, IRQs are masked, the EL2 stack is empty. PC and PSTATE
 * are exit_pc() and exit_pstate() (<port/el1.h>). Of the general registers
 * vcpu_regs have those up to trap_saved(); all of them where it says so.
 * Arm ARM DDI 0487, ESR_EL2; docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_TRAP_H
#define PLINTH_HYP_TRAP_H

#include <arch/aarch64/esr.h>

#include <hyp/vcpu.h>

struct hypervisor;

/*
 * One exit. Return to the guest's next or same instruction, or with
 * vcpu.attention set for another end. Synchronous ones have a table, for each
 * class of ESR_EL2 a handler, which vcpu_regs.handlers names:
 *	a system register	all registers, unless trap_saved() its operand
 *	TRAP_DEVICE, TRAP_MIRROR	the same
 *	an abort		all registers
 *	another class		those that are always saved
 */
typedef void trap_fn(struct vcpu *v, uint64_t esr);
void trap_irq(struct vcpu *v);
void trap_serror(struct vcpu *v, uint64_t esr);

/* Behind the classes: the two data aborts that guests make most. */
#define TRAP_DEVICE ESR_EC_NR
#define TRAP_MIRROR (ESR_EC_NR + 1)
#define TRAP_NR     (ESR_EC_NR + 2)

/* Whether register `rt` of an instruction is saved at every exit. */
static inline bool trap_saved(unsigned rt)
{
	return rt <= 9 || rt == 31;
}

/*
 * The row of the table for a syndrome, as the vectors find it. Of a general
 * register, by an instruction of 32 bits: TRAP_DEVICE is a load or store where
 * nothing is mapped, TRAP_MIRROR a store to what may only be read.
 */
static inline unsigned trap_row(uint64_t esr)
{
	const uint64_t what = ESR_EC | ESR_IL | ESR_DABT_ISV | ESR_FSC_TYPE |
			      ESR_DABT_CM | ESR_ABT_S1PTW;
	const uint64_t plain =
		FIELD_PREP(ESR_EC, ESR_EC_DABT_LOW) | ESR_IL | ESR_DABT_ISV;

	if ((esr & what) == (plain | ESR_FSC_TRANSLATION))
		return TRAP_DEVICE;
	if ((esr & what) == (plain | ESR_FSC_PERMISSION) && esr_dabt_write(esr))
		return TRAP_MIRROR;
	return esr_ec(esr);
}

/* A new vCPU's handlers. */
void trap_init(struct vcpu *v);

/* Whether the time is measured that exits of all vCPUs take (vcpu.timed). Off
 * at first; asked for by one pCPU at a time. */
void trap_measure(struct hypervisor *h, bool on);

/* The end of an exit, when vcpu.attention is not 0: what to resume.
 * vcpu_regs are whole. */
struct vcpu_regs *trap_attention(struct vcpu *v);

/* The end of an exit, when the list registers are out of date. */
void trap_flush(struct vcpu *v);

#endif
