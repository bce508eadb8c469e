/*
 * EL2 exception vectors and the world switch.
 *
 * While a guest runs, SP_EL2 points at the struct vcpu_regs of the vCPU that
 * is loaded on this pCPU; regs.stack holds the pCPU's EL2 stack, empty at that
 * moment, with the vCPU's address at its top. An exit notes syndrome and ELR in
 * the pCPU's ring of exits, counts itself, saves what its handler may change,
 * moves to the EL2 stack and calls, by the table regs.handlers,
 *	void handler(struct vcpu *v, uint64_t esr)
 * and then goes straight back into the guest unless somebody wants something of
 * this vCPU. ELR_EL2 and SPSR_EL2 stay where they are: a handler that wants
 * another PC changes the register.
 *
 * Which general registers an exit saves is what counts here, for a store and a
 * load are an instruction each: of the budget of a hypercall, 90, saving them
 * all was 35.
 *	x0-x8, x16, x17, x30	changed by C code: saved, x9 and x29 beside them
 *	x9-x15, x18		EL2 is compiled without them (EL2_FIXED in the
 *				Makefile): the guest's all the time
 *	x19-x28			C code keeps them (AAPCS64)
 * A handler that may be asked for any register (.Lall_registers), and whoever
 * puts another vCPU in this one's place (.Lattention), find all in vcpu_regs.
 * An ID register is read, and a PMU's read or written, with four registers and no
 * stack at all. FP/SIMD registers are the guest's all the time, too.
 *
 * Measured with `make bench`, against a save of all registers, ELR and SPSR at
 * every exit and C code for all else: HVC 102 -> 72, GICD_TYPER 179 -> 154,
 * interrupt 110 -> 82, SGI to itself 151 -> 127, an ID register 104 -> 41; and
 * with SGIs told from other registers first: SGI to itself 108 -> 101.
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

/* ESR_EL2. */
#define EC_SHIFT	26
#define EC_ABORTS	31		// bit: 0x20 and above
#define EC_REGISTERS	29		// bit: 0x18 among others
#define DABT_PLAIN	0x93		// bits 31:24: data abort, IL, ISV
#define DABT_WNR	0x10		// these two are of bits 8:2
#define FSC_TRANSLATION	0x01
#define FSC_PERMISSION	0x03
#define DABT_RT		16
#define SYS64_OP2	17
#define SYS64_RT	5
#define ID_FIRST	0x62300003	// MRS of op0 3, op1, CRn 0, CRm 1, op2 0
#define ID_LAST_CRM	6		// less 1
#define SYS64_CRN_2	12		// bit: CRn 4 to 7 and 12 to 15
#define SYS64_OP1	14
#define LAST_SAVED	9		// registers up to this one are always saved

	.macro	save_four
	stp	x0, x1, [sp, #REGS_X0]
	stp	x2, x3, [sp, #REGS_X0 + 16]
	.endm

	/* Notes the exit. In: x1 = syndrome. Out: x2 = ELR. Clobbers x0. */
	.macro	note_exit
	mrs	x2, elr_el2
	ldr	x0, [sp, #REGS_NEXT_EXIT]
	stp	x1, x2, [x0], #16
	bic	x0, x0, #CPU_EXIT_WRAP
	str	x0, [sp, #REGS_NEXT_EXIT]
	.endm

	/* Counts it by its class, which goes from x1 to x3, or by a fixed one.
	 * Clobbers x0, x2. */
	.macro	count_class
	lsr	w3, w1, #EC_SHIFT
	add	x0, sp, x3, lsl #3
	ldr	x2, [x0, #VCPU_EXITS]
	add	x2, x2, #1
	str	x2, [x0, #VCPU_EXITS]
	.endm

	.macro	count_one offset
	ldr	x2, [sp, #\offset]
	add	x2, x2, #1
	str	x2, [sp, #\offset]
	.endm

	/* Past a trapped MSR or MRS. In: x2 = ELR. Clobbers it. */
	.macro	skip_register_access
	add	x2, x2, #4
	msr	elr_el2, x2
	mrs	x2, spsr_el2
	and	x2, x2, #~(3 << 10)	// BTYPE
	and	x2, x2, #~(1 << 21)	// SS
	msr	spsr_el2, x2
	.endm

	/* To the row, of 2^\shift bytes, of the syndrome's register. In: x1 =
	 * syndrome. Clobbers x1, x2. */
	.macro	to_row table, shift
	ubfx	w1, w1, #SYS64_RT, #5
	adr	x2, \table
	add	x2, x2, x1, lsl #\shift
	br	x2
	.endm

	/* What C code changes, beside x0-x3. */
	.macro	save_clobbered
	stp	x4, x5, [sp, #REGS_X0 + 32]
	stp	x6, x7, [sp, #REGS_X0 + 48]
	stp	x8, x9, [sp, #REGS_X0 + 64]
	stp	x16, x17, [sp, #REGS_X0 + 128]
	stp	x29, x30, [sp, #REGS_X0 + 232]
	.endm

	/* Out: x0 = struct vcpu *, x5 = its handlers, on the EL2 stack. */
	.macro	to_stack
	ldp	x4, x5, [sp, #REGS_STACK]	// and REGS_HANDLERS
	mov	x0, sp
	mov	sp, x4
	.endm

	.macro	all_others insn, base
	\insn	x10, x11, [\base, #REGS_X0 + 80]
	\insn	x12, x13, [\base, #REGS_X0 + 96]
	\insn	x14, x15, [\base, #REGS_X0 + 112]
	\insn	x18, x19, [\base, #REGS_X0 + 144]
	\insn	x20, x21, [\base, #REGS_X0 + 160]
	\insn	x22, x23, [\base, #REGS_X0 + 176]
	\insn	x24, x25, [\base, #REGS_X0 + 192]
	\insn	x26, x27, [\base, #REGS_X0 + 208]
	\insn	x28, x29, [\base, #REGS_X0 + 224]
	.endm

	/*
	 * The end of an exit, in two parts with a branch between them. Out: x0
	 * = struct vcpu *; x1 = 0: straight back. Another pCPU that wants
	 * something after this look sends an SGI, which is taken right after
	 * the ERET.
	 */
	.macro	look
	ldr	x0, [sp]
	ldp	x1, x2, [x0, #VCPU_ATTENTION]	// and VCPU_VGIC_STALE
	orr	x1, x1, x2
	.endm

	.macro	leave
	mov	sp, x0
	ldr	x30, [sp, #REGS_X0 + 240]
	ldp	x16, x17, [sp, #REGS_X0 + 128]
	ldp	x8, x9, [sp, #REGS_X0 + 64]
	ldp	x6, x7, [sp, #REGS_X0 + 48]
	ldp	x4, x5, [sp, #REGS_X0 + 32]
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	ldp	x0, x1, [sp, #REGS_X0]
	enter
	.endm

	.macro	enter
	eret
	dsb	nsh			// no speculation past ERET
	isb
	.endm

	.macro	slot_sync
	save_four
	mrs	x1, esr_el2
	count_class
	note_exit
	tbnz	w1, #EC_ABORTS, .Labort
	tbnz	w1, #EC_REGISTERS, .Lregister
	save_clobbered
	to_stack
	ldr	x5, [x5, x3, lsl #3]
	blr	x5
	look
	cbz	x1, .Lleave
	b	exit_tail
	.endm

	.macro	slot_irq
	save_four
	movz	x1, EXIT_IRQ
	count_one VCPU_EXITS_IRQ
	note_exit
	save_clobbered
	to_stack
	bl	trap_irq
	look
	cbz	x1, .Lleave
	b	exit_tail
	.endm

	.macro	slot_serror
	save_four
	mrs	x1, esr_el2
	count_one VCPU_EXITS_SERROR
	note_exit
	save_clobbered
	to_stack
	bl	trap_serror
	look
	cbz	x1, .Lleave
	b	exit_tail
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
	slot_sync
	slot_start 0x480		// IRQ
	slot_irq
	slot_start 0x500		// FIQ: group 0 is not used
	slot_irq
	slot_start 0x580		// SError
	slot_serror

	slot_start 0x600		// lower EL, AArch32: EL0 only
	slot_sync
	slot_start 0x680
	slot_irq
	slot_start 0x700
	slot_irq
	slot_start 0x780
	slot_serror
	slot_start 0x800

/*
 * An abort. Tried first is one load or store of a general register where
 * nothing is mapped, TRAP_DEVICE; what that needs is looked at in one chain of
 * comparisons, with its register the last.
 * In: x0-x3 saved, x1 = syndrome, x3 = class.
 */
.Labort:
	save_clobbered
	to_stack
	lsr	w4, w1, #24
	cmp	w4, #DABT_PLAIN
	ubfx	w6, w1, #2, #7		// CM, S1PTW, WnR, FSC without the level
	and	w2, w6, #~DABT_WNR
	ccmp	w2, #FSC_TRANSLATION, #0, eq
	add	w2, w1, #(1 << DABT_RT)	// XZR, 31, becomes 0
	ubfx	w2, w2, #DABT_RT, #5
	ccmp	w2, #(LAST_SAVED + 1), #2, eq	// else: HI
	b.hi	.Lother_abort
	ldr	x5, [x5, #TRAP_DEVICE_OFFSET]
.Lsaved_is_enough:
	blr	x5
	look
	cbnz	x1, exit_tail
.Lleave:
	leave

/* Of the others a store to what may only be read, TRAP_MIRROR, is most.
 * In: w2 = its register plus 1, 0 for XZR; w4, w6 = what is to be compared. */
.Lother_abort:
	cmp	w4, #DABT_PLAIN
	ccmp	w6, #(DABT_WNR | FSC_PERMISSION), #0, eq
	ccmp	w2, #(LAST_SAVED + 1), #2, eq
	b.hi	.Lodd_abort
	ldr	x5, [x5, #TRAP_MIRROR_OFFSET]
	b	.Lsaved_is_enough

/* The same two of another register. After a store they need not be loaded: it
 * changes none. */
.Lodd_abort:
	cmp	w4, #DABT_PLAIN
	b.ne	.Lall_registers
	cmp	w6, #(DABT_WNR | FSC_PERMISSION)
	mov	w4, #(TRAP_MIRROR_OFFSET / 8)
	b.eq	.Lstore
	mov	w4, #(TRAP_DEVICE_OFFSET / 8)
	cmp	w6, #(DABT_WNR | FSC_TRANSLATION)
	b.eq	.Lstore
	cmp	w6, #FSC_TRANSLATION
	csel	w3, w4, w3, eq
	b	.Lall_registers
.Lstore:
	all_others stp, x0
	ldr	x5, [x5, x4, lsl #3]
	b	.Lsaved_is_enough

/*
 * An access to a system register, or a class that is treated alike. A read of
 * an ID register (idreg_is()) has its answer in a table (idreg_index()); a PMU's
 * are read and written in vectors/pmu.S. A row of code for each destination,
 * and for each source. No look at the vCPU: nothing was done here that would
 * want one. SGIs pass by all this, by two bits. A write of an ID register never
 * comes here: it is UNDEFINED at EL1.
 * In: x0-x3 saved, x1 = syndrome, x2 = ELR, x3 = class.
 */
.Lregister:
	tbnz	w1, #SYS64_CRN_2, .Lhigh_crn
	and	w0, w1, #~(7 << SYS64_OP2)
	and	w0, w0, #~(31 << SYS64_RT)
	ldr	w3, .Lid_first
	sub	w0, w0, w3		// twice CRm less 1
	cmp	w0, #(2 * ID_LAST_CRM)
	b.hi	.Lpmu_register
	ubfx	w3, w1, #SYS64_OP2, #3
	add	w3, w3, w0, lsl #2
	ldr	x0, [sp, #REGS_IDREGS]
	/* In: x0 = table, x3 = index; x1 = syndrome, x2 = ELR. */
.Lregister_answer:
	skip_register_access
	to_row	.Lid_rows, 5
.Lid_first:
	.word	ID_FIRST

	/*
	 * Past the MSR, and to x0 with the operand in x1; x3 is kept. From
	 * there to .Lregister_done.
	 * In: x1 = syndrome, x2 = ELR.
	 */
.Lregister_write:
	skip_register_access
	to_row	.Lsources, 3
.Lregister_done:
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	ldp	x0, x1, [sp, #REGS_X0]
	enter

	/* Two instructions for each. */
.Lsources:
	.irp	n, 0, 1, 2, 3
	ldr	x1, [sp, #(REGS_X0 + 8 * \n)]
	br	x0
	.endr
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, \
		20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, zr
	mov	x1, x\n
	br	x0
	.endr

	/* In: x1 = syndrome. */
.Lregister_other:
	lsr	w3, w1, #EC_SHIFT
	b	.Lother_register

#include "vectors/pmu.S"

.Lhigh_crn:
	tbnz	w1, #SYS64_OP1, .Lpmu_counter
.Lother_register:
	save_clobbered
	to_stack
	ubfx	w2, w1, #SYS64_RT, #5	// XZR, 31, goes by all
	cmp	w2, #LAST_SAVED
	b.hi	.Lall_registers
	ldr	x5, [x5, x3, lsl #3]
	blr	x5
	look
	cbnz	x1, exit_tail
	leave

	/* A row: 8 instructions. In: x0 = table, x3 = index. */
	.balign	32
.Lid_rows:
	ldr	x0, [x0, x3, lsl #3]
	ldr	x1, [sp, #REGS_X0 + 8]
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	enter
	.balign	32
	ldr	x1, [x0, x3, lsl #3]
	ldr	x0, [sp, #REGS_X0]
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	enter
	.balign	32
	ldr	x2, [x0, x3, lsl #3]
	ldr	x3, [sp, #REGS_X0 + 24]
	ldp	x0, x1, [sp, #REGS_X0]
	enter
	.balign	32
	ldr	x3, [x0, x3, lsl #3]
	ldr	x2, [sp, #REGS_X0 + 16]
	ldp	x0, x1, [sp, #REGS_X0]
	enter
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, \
		20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, zr
	.balign	32
	ldr	x\n, [x0, x3, lsl #3]
	ldp	x2, x3, [sp, #REGS_X0 + 16]
	ldp	x0, x1, [sp, #REGS_X0]
	enter
	.endr
	.balign	32

/* As above, for a handler that may be asked for any register.
 * In: x0 = struct vcpu *, x1 = syndrome, x3 = class, x5 = handlers. */
.Lall_registers:
	all_others stp, x0
	ldr	x5, [x5, x3, lsl #3]
	blr	x5
	ldr	x0, [sp]
	all_others ldp, x0
	look
	cbz	x1, .Lleave

/*
 * Somebody wants something. In: x0 = struct vcpu *, on the EL2 stack, x1 is
 * not 0.
 */
exit_tail:
	ldr	x1, [x0, #VCPU_ATTENTION]
	cbnz	x1, .Lattention
	bl	trap_flush
	ldr	x0, [sp]
	b	.Lleave
.Lattention:
	all_others stp, x0
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [x0, #REGS_PC]	// and REGS_PSTATE
	mov	x4, #1
	str	x4, [x0, #REGS_WHOLE]
	bl	trap_attention

/*
 * In: x0 = struct vcpu_regs * of the vCPU that is loaded on this pCPU. Enters
 * the guest. The EL2 stack is given up.
 */
	.globl	vcpu_resume
vcpu_resume:
	str	xzr, [x0, #REGS_WHOLE]
	ldp	x2, x3, [x0, #REGS_PC]	// and REGS_PSTATE
	msr	elr_el2, x2
	msr	spsr_el2, x3
	all_others ldp, x0
	leave
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
