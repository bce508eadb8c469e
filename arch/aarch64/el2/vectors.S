/*
 * EL2 exception vectors and the world switch.
 *
 * While a guest runs, SP_EL2 points at the struct vcpu_regs of the vCPU that
 * is loaded on this pCPU; regs.stack holds the pCPU's EL2 stack, empty at that
 * moment. An exit saves x0-x30, ELR and SPSR, notes syndrome and ELR in the
 * pCPU's ring of exits, moves to the EL2 stack, keeps the vCPU in x19 and calls
 *	void trap_xxx(struct vcpu *v, uint64_t esr)
 * which returns to exit_tail: straight back into the guest unless somebody
 * wants something of this vCPU. FP/SIMD registers are the guest's all the
 * time: EL2 code does not touch them.
 *
 * An exception from EL2 itself is a broken invariant: it goes to the pCPU's
 * panic stack, because the present one may be what broke.
 *
 * To a debugger an exit is where a backtrace ends, and panic_entry is a frame
 * behind which it goes on with what was interrupted: the .cfi lines say so.
 *
 * Arm ARM DDI 0487, "Exception vectors"; docs/design/04-exceptions.md.
 */
#include "asm-offsets.h"

/* What an interrupt leaves in the ring of exits: CPU_EXIT_IRQ. */
#define EXIT_IRQ	(62 << 10), lsl #16

	/* In: nothing. The exit's syndrome is `esr` (an operand of MRS or MOV
	 * to x1), which stays in x1. */
	.macro	save_guest insn, esr:vararg
	stp	x0, x1, [sp, #REGS_X0]
	stp	x2, x3, [sp, #REGS_X0 + 16]
	stp	x4, x5, [sp, #REGS_X0 + 32]
	stp	x6, x7, [sp, #REGS_X0 + 48]
	stp	x8, x9, [sp, #REGS_X0 + 64]
	stp	x10, x11, [sp, #REGS_X0 + 80]
	stp	x12, x13, [sp, #REGS_X0 + 96]
	stp	x14, x15, [sp, #REGS_X0 + 112]
	stp	x16, x17, [sp, #REGS_X0 + 128]
	stp	x18, x19, [sp, #REGS_X0 + 144]
	stp	x20, x21, [sp, #REGS_X0 + 160]
	stp	x22, x23, [sp, #REGS_X0 + 176]
	stp	x24, x25, [sp, #REGS_X0 + 192]
	stp	x26, x27, [sp, #REGS_X0 + 208]
	stp	x28, x29, [sp, #REGS_X0 + 224]
	mrs	x2, elr_el2
	stp	x30, x2, [sp, #REGS_X0 + 240]
	mrs	x3, spsr_el2
	ldp	x4, x5, [sp, #REGS_STACK]	// and REGS_NEXT_EXIT
	\insn	x1, \esr
	str	x3, [sp, #REGS_PSTATE]
	stp	x1, x2, [x5], #16
	bic	x5, x5, #CPU_EXIT_WRAP
	str	x5, [sp, #REGS_NEXT_EXIT]
	mov	x0, sp
	mov	sp, x4
	mov	x29, xzr
	mov	x19, x0
	adr	x30, .Lexit_handled	// in backtraces: exit_tail+4
	.endm

	/* A slot is 32 instructions; an overfull one does not assemble. */
	.macro	slot_start offset
	.org	el2_vectors + \offset
	.endm

	.macro	slot_panic kind
	/* The guest's SP_EL0 and TPIDRRO_EL0 are lost: nothing resumes. */
	msr	sp_el0, x0
	mov	x0, sp
	msr	tpidrro_el0, x0
	mov	x0, #\kind
	b	panic_entry
	.endm

	.cfi_sections .debug_frame
	.section .vectors, "ax"
	.balign	2048
	.globl	el2_vectors
el2_vectors:
	.cfi_startproc
	.cfi_undefined x30
	slot_start 0x000
	slot_panic 0
	slot_start 0x080
	slot_panic 1
	slot_start 0x100
	slot_panic 2
	slot_start 0x180
	slot_panic 3
	slot_start 0x200
	slot_panic 4
	slot_start 0x280
	slot_panic 5
	slot_start 0x300
	slot_panic 6
	slot_start 0x380
	slot_panic 7

	slot_start 0x400		// lower EL, AArch64: synchronous
	save_guest mrs, esr_el2
	b	trap_sync
	slot_start 0x480		// IRQ
	save_guest movz, EXIT_IRQ
	b	trap_irq
	slot_start 0x500		// FIQ: group 0 is not used
	save_guest movz, EXIT_IRQ
	b	trap_irq
	slot_start 0x580		// SError
	save_guest mrs, esr_el2
	b	trap_serror

	slot_start 0x600		// lower EL, AArch32: EL0 only
	save_guest mrs, esr_el2
	b	trap_sync
	slot_start 0x680
	save_guest movz, EXIT_IRQ
	b	trap_irq
	slot_start 0x700
	save_guest movz, EXIT_IRQ
	b	trap_irq
	slot_start 0x780
	save_guest mrs, esr_el2
	b	trap_serror
	slot_start 0x800

/*
 * The end of every exit. In: x19 = struct vcpu *, on the EL2 stack. Another
 * pCPU that wants something after the two looks sends an SGI, which is taken
 * right after the ERET.
 */
exit_tail:
	nop				// not executed: a backtrace names the
					// instruction before a return address
.Lexit_handled:
	ldr	x1, [x19, #VCPU_ATTENTION]
	ldr	x2, [x19, #VCPU_VGIC_STALE]
	cbnz	x1, exit_attention
	ldr	x2, [x2]
	mov	x0, x19
	cbz	x2, vcpu_resume
	bl	trap_flush
	mov	x0, x19
	b	vcpu_resume
exit_attention:
	mov	x0, x19
	bl	trap_attention
	b	vcpu_resume

/*
 * In: x0 = struct vcpu_regs * of the vCPU that is loaded on this pCPU. Enters
 * the guest. The EL2 stack is given up.
 */
	.globl	vcpu_resume
vcpu_resume:
	mov	sp, x0
	ldp	x30, x2, [sp, #REGS_X0 + 240]
	ldr	x3, [sp, #REGS_PSTATE]
	msr	elr_el2, x2
	msr	spsr_el2, x3
	ldp	x0, x1, [sp, #REGS_X0]
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	ldp	x4, x5, [sp, #REGS_X0 + 32]
	ldp	x6, x7, [sp, #REGS_X0 + 48]
	ldp	x8, x9, [sp, #REGS_X0 + 64]
	ldp	x10, x11, [sp, #REGS_X0 + 80]
	ldp	x12, x13, [sp, #REGS_X0 + 96]
	ldp	x14, x15, [sp, #REGS_X0 + 112]
	ldp	x16, x17, [sp, #REGS_X0 + 128]
	ldp	x18, x19, [sp, #REGS_X0 + 144]
	ldp	x20, x21, [sp, #REGS_X0 + 160]
	ldp	x22, x23, [sp, #REGS_X0 + 176]
	ldp	x24, x25, [sp, #REGS_X0 + 192]
	ldp	x26, x27, [sp, #REGS_X0 + 208]
	ldp	x28, x29, [sp, #REGS_X0 + 224]
	eret
	dsb	nsh			// no speculation past ERET
	isb
	.cfi_endproc

/*
 * In: x0 = slot; SP_EL0 = interrupted x0, TPIDRRO_EL0 = interrupted SP, all
 * other registers as interrupted. Builds a struct panic_regs on the pCPU's
 * panic stack (on the boot stack before the pCPU has one) and does not return.
 */
panic_entry:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_undefined x30
	msr	tpidr_el0, x1
	mrs	x1, tpidr_el2
	cbz	x1, 1f
	ldr	x1, [x1, #CPU_PANIC_STACK_TOP]
	cbnz	x1, 2f
1:	adrp	x1, __boot_stack_top
	add	x1, x1, :lo12:__boot_stack_top
2:	mov	sp, x1
	sub	sp, sp, #(36 * 8)
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, tpidrro_el0
	stp	x30, x2, [sp, #240]	// lr, sp
	mrs	x3, sp_el0
	mrs	x4, tpidr_el0
	stp	x3, x4, [sp, #0]
	mrs	x5, elr_el2
	mrs	x6, spsr_el2
	stp	x5, x6, [sp, #256]
	mrs	x7, esr_el2
	mrs	x8, far_el2
	stp	x7, x8, [sp, #272]
	mov	x1, x0
	mov	x0, sp
	mov	x29, xzr
	/* struct panic_regs is at SP; DWARF's register 32 is the PC. */
	.cfi_def_cfa sp, 0
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	.cfi_offset x\n, 8 * \n
	.endr
	.cfi_offset sp, 248
	.cfi_offset 32, 256
	bl	panic_exception
	b	.
	.cfi_endproc
