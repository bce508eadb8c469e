/*
 * Structure offsets for the assembler: compiled to assembly text, from which
 * the build takes the lines that the markers produce.
 * Leaves out constants of the architecture, which the assembler knows itself.
 * Layouts are Plinth's own: docs/design/04-exceptions.md.
 */
#include <arch/aarch64/context.h>

#include <hyp/cpu.h>
#include <hyp/trap.h>
#include <hyp/vcpu.h>

#define OFFSET(name, type, member)                                             \
	__asm__ volatile("\n.ascii \"->" #name " %0\""                         \
			 :                                                     \
			 : "i"(offsetof(type, member)))

#define VALUE(name, value)                                                     \
	__asm__ volatile("\n.ascii \"->" #name " %0\"" : : "i"(value))

void asm_offsets(void);
void asm_offsets(void)
{
	OFFSET(REGS_X0, struct vcpu_regs, x[0]);
	OFFSET(REGS_PC, struct vcpu_regs, pc);
	OFFSET(REGS_PSTATE, struct vcpu_regs, pstate);
	OFFSET(REGS_WHOLE, struct vcpu_regs, whole);
	OFFSET(REGS_STACK, struct vcpu_regs, stack);
	OFFSET(REGS_HANDLERS, struct vcpu_regs, handlers);
	OFFSET(REGS_IDREGS, struct vcpu_regs, idregs);
	OFFSET(REGS_READ, struct vcpu_regs, read);
	OFFSET(REGS_NEXT_EXIT, struct vcpu_regs, next_exit);
	OFFSET(CPU_EXIT_WRAP, struct cpu, exits[CPU_EXITS]);
	OFFSET(VCPU_ATTENTION, struct vcpu, attention);
	OFFSET(VCPU_VGIC_STALE, struct vcpu, vgic_stale);
	OFFSET(VCPU_EXITS, struct vcpu, exits);
	OFFSET(VCPU_EXITS_IRQ, struct vcpu, exits[VCPU_EXIT_IRQ]);
	OFFSET(VCPU_EXITS_SERROR, struct vcpu, exits[VCPU_EXIT_SERROR]);
	OFFSET(VCPU_PMU_LIVE, struct vcpu, pmu.live);
	OFFSET(VCPU_PMU_TOUCHED, struct vcpu, pmu.touched);
	VALUE(TRAP_DEVICE_OFFSET, TRAP_DEVICE * sizeof(trap_fn *));
	VALUE(TRAP_MIRROR_OFFSET, TRAP_MIRROR * sizeof(trap_fn *));
	OFFSET(CPU_STACK_TOP, struct cpu, stack_top);
	OFFSET(CPU_PANIC_STACK_TOP, struct cpu, panic_stack_top);
	OFFSET(FP_FPCR, struct fp_context, fpcr);
	OFFSET(FP_FPSR, struct fp_context, fpsr);
}
