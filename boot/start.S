/*
 * Entry of the image: arm64 Image header, primary and secondary start.
 *
 * Entered at EL2 with MMU and caches off: by QEMU's -kernel (x0 = 0, the host
 * device tree at the base of RAM), by a boot loader that follows the arm64
 * boot protocol (x0 = device tree), or by a firmware's PSCI CPU_ON
 * (secondary_entry, x0 = struct cpu *). Documentation: Linux
 * Documentation/arch/arm64/booting.rst for the header; Arm ARM DDI 0487 for
 * reset values, all of which are UNKNOWN and so written whole.
 */
#include "asm-offsets.h"

#define SCTLR_EL2_RES1	0x30c50830	/* as in arch/aarch64/stage1.h */
#define CPTR_EL2_FIRST	0x33ff		/* RES1, TSM, TZ; memcpy() may use SIMD */
#define SCTLR_EL2_ON	(SCTLR_EL2_RES1 | (1 << 12) | (1 << 3) | (1 << 2) | (1 << 0) | (1 << 19))

	.cfi_sections .debug_frame
	.section .head.text, "ax"
	.globl	_start
_start:
	b	primary_entry
	.word	0
	.quad	0			// text_offset: any 2 MiB boundary
	.quad	__image_end - . + 16	// image_size
	.quad	0xa			// little endian, 4 KiB pages, anywhere
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.word	0

/*
 * Writes EL2's own controls that decide how this code itself runs.
 * In: nothing. Clobbers x9.
 */
	.macro	el2_prepare
	msr	daifset, #0xf
	mov	x9, #0x80000000		// HCR_EL2: RW only; E2H, TGE off
	msr	hcr_el2, x9
	mov	x9, #CPTR_EL2_FIRST
	msr	cptr_el2, x9
	isb
	mov	x9, #(SCTLR_EL2_RES1 & 0xffff)
	movk	x9, #(SCTLR_EL2_RES1 >> 16), lsl #16
	msr	sctlr_el2, x9
	isb
	msr	spsel, #1
	adrp	x9, el2_vectors
	add	x9, x9, :lo12:el2_vectors
	msr	vbar_el2, x9
	.endm

/* Not at EL2: nothing can be printed yet, so stay visible in a debugger. */
	.macro	require_el2
	mrs	x9, currentel
	cmp	x9, #0x8
	b.ne	not_el2
	.endm

	.globl	not_el2
not_el2:
	wfe
	b	not_el2

primary_entry:
	.cfi_startproc
	.cfi_undefined x30	// a backtrace ends here
	require_el2
	mov	x20, x0
	el2_prepare
	msr	tpidr_el2, xzr

	/* What is written below with caches off must not be shadowed. */
	adrp	x0, __data_start_page
	adrp	x1, __image_end		// both begin a page
	bl	dcache_invalidate_early

	adrp	x0, __bss_start		// a page's
	adrp	x1, __bss_end		// a multiple of 64
	add	x1, x1, :lo12:__bss_end
1:	stp	xzr, xzr, [x0], #64
	stp	xzr, xzr, [x0, #-48]
	stp	xzr, xzr, [x0, #-32]
	stp	xzr, xzr, [x0, #-16]
	cmp	x0, x1
	b.lo	1b

	/* Words that hold an address get the distance that the image was moved by:
	   scripts/linking/relocations.py says how the table tells them. */
	adrp	x0, __relr_start
	add	x0, x0, :lo12:__relr_start
	adrp	x1, __relr_end
	add	x1, x1, :lo12:__relr_end
	adrp	x2, _start
	add	x2, x2, :lo12:_start
	adrp	x3, link_start
	ldr	x3, [x3, :lo12:link_start]
	subs	x2, x2, x3		// run address - link address
	b.eq	7f
2:	cmp	x0, x1
	b.hs	7f
	ldr	x4, [x0], #8
	tbnz	x4, #0, 3f
	add	x5, x4, x2		// one word
	ldr	x6, [x5]
	add	x6, x6, x2
	str	x6, [x5], #8
	b	2b
3:	mov	x7, x5			// of the next 63 words those with a bit
4:	lsr	x4, x4, #1
	cbz	x4, 6f
	tbz	x4, #0, 5f
	ldr	x6, [x7]
	add	x6, x6, x2
	str	x6, [x7]
5:	add	x7, x7, #8
	b	4b
6:	add	x5, x5, #63*8
	b	2b
7:
	adrp	x9, __boot_stack_top
	add	x9, x9, :lo12:__boot_stack_top
	mov	sp, x9
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	bl	boot_early		// maps image and tree; returns TTBR0
	mov	x21, x0

	adrp	x0, __text_end		// constants are relocated
	adrp	x1, boot_written_end
	ldr	x1, [x1, :lo12:boot_written_end]
	bl	dcache_invalidate_early
	mov	x0, x21
	bl	el2_mmu_on
	bl	boot_main
	b	.
	.cfi_endproc

/* Where the linker put _start; read before it is itself relocated. */
	.section .data.link_start, "aw"
	.balign	8
link_start:
	.quad	_start
	.section .head.text, "ax"

/*
 * Secondary CPUs: x0 = struct cpu * as given to PSCI CPU_ON. The tables and
 * the record were cleaned to the point of coherency by the primary.
 */
	.globl	secondary_entry
secondary_entry:
	.cfi_startproc
	.cfi_undefined x30
	require_el2
	mov	x20, x0
	el2_prepare
	msr	tpidr_el2, x20
	adrp	x0, boot_ttbr0
	ldr	x0, [x0, :lo12:boot_ttbr0]
	bl	el2_mmu_on
	ldr	x9, [x20, #CPU_STACK_TOP]
	mov	sp, x9
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x20
	bl	boot_secondary
	b	.
	.cfi_endproc

/*
 * In: x0 = TTBR0_EL2. Turns the MMU and the caches on; the caller's text is
 * mapped at its own address. Clobbers x9, x10.
 */
el2_mmu_on:
	msr	ttbr0_el2, x0
	adrp	x9, boot_mair
	ldr	x10, [x9, :lo12:boot_mair]
	msr	mair_el2, x10
	adrp	x9, boot_tcr
	ldr	x10, [x9, :lo12:boot_tcr]
	msr	tcr_el2, x10
	tlbi	alle2
	tlbi	alle1			// a flush for a VMID missed CPUs that were off
	ic	iallu
	dsb	nsh
	isb
	mov	x9, #(SCTLR_EL2_ON & 0xffff)
	movk	x9, #(SCTLR_EL2_ON >> 16), lsl #16
	msr	sctlr_el2, x9
	isb
	ret

/*
 * In: x0, x1 = start and end. Invalidates the data cache lines by address to
 * the point of coherency, eight in a round. Clobbers x2, x3, x9, x10.
 */
dcache_invalidate_early:
	mrs	x9, ctr_el0
	ubfx	x9, x9, #16, #4
	mov	x10, #4
	lsl	x9, x10, x9		// line size in bytes
	sub	x10, x9, #1
	bic	x0, x0, x10
	lsl	x2, x9, #3
1:	sub	x3, x1, x0
	cmp	x3, x2
	b.lo	2f
	.rept	8
	dc	ivac, x0
	add	x0, x0, x9
	.endr
	b	1b
2:	cmp	x0, x1
	b.hs	3f
	dc	ivac, x0
	add	x0, x0, x9
	b	2b
3:	dsb	sy
	ret

/*
 * void call_on_stack(void *stack_top, void (*fn)(void *), void *arg)
 * Leaves the present stack for ever.
 */
	.globl	call_on_stack
call_on_stack:
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x2
	br	x1
