/*
 * Start of every guest payload: an arm64 Image header, the boot CPU's and the
 * secondaries' entries, and the EL1 vectors. The image is linked at 0 and
 * runs at whatever 2 MiB boundary it was loaded to: code is PC-relative, and
 * pointers in initialised data are relocated here (R_AARCH64_RELATIVE is the
 * only kind that the link leaves).
 *
 * Boot entry:      x0 = device tree, MMU off, EL1. Never returns.
 * Secondary entry: x0 = struct cpu of this CPU, as CPU_ON's context id.
 */
#define SCTLR_RES1 0x30d00800
#define CPACR_FPEN (3 << 20)

/* struct trap_frame, trap.h */
#define FRAME_ELR  0xf8
#define FRAME_ESR  0x108
#define FRAME_SIZE 0x120

/* struct cpu, cpu.h */
#define CPU_STACK_TOP	0
#define CPU_ENTRY_DAIF	8
#define CPU_ENTRY_EL	24
#define CPU_ENTRY_X0	40

/* struct guest_boot, guest.h */
#define BOOT_DAIF	0
#define BOOT_X1		32

	.section .head, "ax"
	.globl _start
_start:
	b	entry
	.long	0
	.quad	0			// text_offset
	.quad	_end - _start		// image_size, .bss and stacks included
	.quad	0xa			// little endian, 4 KiB pages, anywhere
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
entry:
	adrp	x9, guest_boot
	add	x9, x9, :lo12:guest_boot
	stp	x1, x2, [x9, #BOOT_X1]
	str	x3, [x9, #BOOT_X1 + 16]
	mrs	x1, daif
	mrs	x2, sctlr_el1
	stp	x1, x2, [x9, #BOOT_DAIF]
	mrs	x1, currentel
	mrs	x2, spsel
	stp	x1, x2, [x9, #BOOT_DAIF + 16]
	msr	daifset, #0xf
	adrp	x1, _start
	adrp	x2, _rela_start
	add	x2, x2, :lo12:_rela_start
	adrp	x3, _rela_end
	add	x3, x3, :lo12:_rela_end
1:	cmp	x2, x3
	b.hs	2f
	ldp	x4, x5, [x2], #16	// r_offset, r_info
	ldr	x6, [x2], #8		// r_addend
	add	x6, x6, x1
	str	x6, [x1, x4]
	b	1b
2:	adrp	x2, _bss_start
	add	x2, x2, :lo12:_bss_start
	adrp	x3, _bss_end
	add	x3, x3, :lo12:_bss_end
3:	cmp	x2, x3
	b.hs	4f
	stp	xzr, xzr, [x2], #16
	b	3b
4:	adrp	x1, cpus
	add	x1, x1, :lo12:cpus
	adrp	x2, boot_stack_top
	add	x2, x2, :lo12:boot_stack_top
	bl	cpu_setup
	bl	guest_start		// (dtb); does not return
	b	.

	.globl	secondary_entry
secondary_entry:
	mrs	x1, daif
	mrs	x2, sctlr_el1
	stp	x1, x2, [x0, #CPU_ENTRY_DAIF]
	mrs	x1, currentel
	mrs	x2, spsel
	stp	x1, x2, [x0, #CPU_ENTRY_EL]
	str	x0, [x0, #CPU_ENTRY_X0]
	mov	x1, x0
	ldr	x2, [x0, #CPU_STACK_TOP]
	bl	cpu_setup
	bl	smp_secondary		// (cpu); does not return
	b	.

/* x1 = struct cpu, x2 = top of its stack; keeps x0, clobbers x2, x3. */
	.globl	cpu_setup
cpu_setup:
	msr	daifset, #0xf
	msr	spsel, #1
	mov	sp, x2
	msr	tpidr_el1, x1
	ldr	x3, =SCTLR_RES1
	msr	sctlr_el1, x3
	mov	x3, #CPACR_FPEN
	msr	cpacr_el1, x3
	adrp	x3, vectors
	add	x3, x3, :lo12:vectors
	msr	vbar_el1, x3
	isb
	ret

	.macro	slot n
	.org	vectors + \n * 0x80
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\n
	b	trap_save
	.endm

	.balign	0x800
	.globl	vectors
vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	slot	\n
	.endr

trap_save:
	stp	x2, x3, [sp, #0x10]
	stp	x4, x5, [sp, #0x20]
	stp	x6, x7, [sp, #0x30]
	stp	x8, x9, [sp, #0x40]
	stp	x10, x11, [sp, #0x50]
	stp	x12, x13, [sp, #0x60]
	stp	x14, x15, [sp, #0x70]
	stp	x16, x17, [sp, #0x80]
	stp	x18, x19, [sp, #0x90]
	stp	x20, x21, [sp, #0xa0]
	stp	x22, x23, [sp, #0xb0]
	stp	x24, x25, [sp, #0xc0]
	stp	x26, x27, [sp, #0xd0]
	stp	x28, x29, [sp, #0xe0]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	mrs	x5, far_el1
	str	x30, [sp, #0xf0]
	stp	x2, x3, [sp, #FRAME_ELR]
	stp	x4, x5, [sp, #FRAME_ESR]
	mov	x0, sp
	bl	trap_entry		// (frame, slot)
	ldp	x2, x3, [sp, #FRAME_ELR]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #0x10]
	ldp	x4, x5, [sp, #0x20]
	ldp	x6, x7, [sp, #0x30]
	ldp	x8, x9, [sp, #0x40]
	ldp	x10, x11, [sp, #0x50]
	ldp	x12, x13, [sp, #0x60]
	ldp	x14, x15, [sp, #0x70]
	ldp	x16, x17, [sp, #0x80]
	ldp	x18, x19, [sp, #0x90]
	ldp	x20, x21, [sp, #0xa0]
	ldp	x22, x23, [sp, #0xb0]
	ldp	x24, x25, [sp, #0xc0]
	ldp	x26, x27, [sp, #0xd0]
	ldp	x28, x29, [sp, #0xe0]
	ldr	x30, [sp, #0xf0]
	ldp	x0, x1, [sp]
	add	sp, sp, #FRAME_SIZE
	eret

	.section .stack, "aw", %nobits
	.balign	16
	.skip	65536
boot_stack_top:
