/*
 * memcpy and memset of EL2: hot in image loading and block transfers. A large
 * copy goes through vector registers, which it gives back as they were: a round
 * of 1024 bytes takes 34 instructions, 0.033 a byte, and a copy 18 more, 26 where a
 * guest uses SVE. Through general registers it was 0.129 a byte, of 4 KiB 370
 * instructions more. Zeroing large ranges goes by DC ZVA where the CPU and the
 * memory type (MMU on) allow it, eight blocks in 18 instructions, less than half of
 * what a loop over single blocks takes.
 * ISO C 7.24 for what they do; Arm ARM DDI 0487, DCZID_EL0 and DC ZVA; "SVE
 * vector registers" for what a write to a SIMD&FP register does to them.
 */
#define CPTR_TZ		8	// bit: SVE is closed
#define VECTORS_FROM	512	// bytes that repay the saving of registers

	.arch	armv8-a+sve
	.text

/* void *memcpy(void *dst, const void *src, size_t n). Clobbers x3-x7, x16
 * and x17. */
	.globl	memcpy
	.type	memcpy, %function
memcpy:
	mov	x3, x0
	orr	x4, x0, x1
	tst	x4, #7
	b.ne	5f
	subs	x2, x2, #64
	b.lo	2f
	tst	x4, #15
	b.ne	1f
	cmp	x2, #(VECTORS_FROM - 64)
	b.hs	memcpy_vectors
1:	ldp	x4, x5, [x1], #64
	ldp	x6, x7, [x1, #-48]
	ldp	x16, x17, [x1, #-32]
	stp	x4, x5, [x3], #64
	ldp	x4, x5, [x1, #-16]
	stp	x6, x7, [x3, #-48]
	stp	x16, x17, [x3, #-32]
	stp	x4, x5, [x3, #-16]
	subs	x2, x2, #64
	b.hs	1b
2:	add	x2, x2, #64
3:	subs	x2, x2, #8
	b.lo	4f
	ldr	x4, [x1], #8
	str	x4, [x3], #8
	b	3b
4:	add	x2, x2, #8
5:	cbz	x2, 6f
	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	sub	x2, x2, #1
	b	5b
6:	ret
	.size	memcpy, . - memcpy

	.macro	copy_512
	.rept	4
	ld1	{v0.16b-v3.16b}, [x1], #64
	ld1	{v4.16b-v7.16b}, [x1], #64
	st1	{v0.16b-v3.16b}, [x3], #64
	st1	{v4.16b-v7.16b}, [x3], #64
	.endr
	.endm

	.macro	each_used insn
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	\insn	z\n, [sp, #\n, mul vl]
	.endr
	.endm

/*
 * The rest of memcpy for what is large and aligned to 16 bytes, as an access to
 * device memory (MMU off) wants it. The registers are a guest's, loaded or about
 * to be saved, so they are kept, on the stack: as vectors where SVE is open, for
 * then the guest has some, and writing a SIMD&FP register zeroes the rest of
 * one; that is at most 2 KiB. CPTR_EL2.TFP is clear (boot/start.S).
 * In: x3 = destination, x1 = source, x2 = bytes - 64.
 */
	.type	memcpy_vectors, %function
memcpy_vectors:
	mrs	x4, cptr_el2
	tbz	x4, #CPTR_TZ, 14f
	stp	q0, q1, [sp, #-128]!
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
10:	sub	x2, x2, #(1024 - 64)
	tbz	x2, #9, 11f		// an odd number of halves: the second first
	add	x2, x2, #512
	b	16f
11:	copy_512
16:	copy_512
	subs	x2, x2, #1024
	b.hs	11b
	adds	x2, x2, #(1024 - 64)
	b.mi	13f
12:	ld1	{v0.16b-v3.16b}, [x1], #64
	st1	{v0.16b-v3.16b}, [x3], #64
	subs	x2, x2, #64
	b.hs	12b
13:	tbz	x4, #CPTR_TZ, 15f
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	ldp	q0, q1, [sp], #128
	b	2b
14:	addvl	sp, sp, #-8
	each_used str
	b	10b
15:	each_used ldr
	addvl	sp, sp, #8
	b	2b
	.size	memcpy_vectors, . - memcpy_vectors

/* void *memset(void *dst, int c, size_t n). Clobbers x3-x7. */
	.globl	memset
	.type	memset, %function
memset:
	mov	x3, x0
	and	x1, x1, #0xff
	mov	x4, #0x0101010101010101
	mul	x1, x1, x4
1:	tst	x3, #7			// up to alignment
	b.eq	2f
	cbz	x2, 8f
	strb	w1, [x3], #1
	sub	x2, x2, #1
	b	1b
2:	cbnz	x1, 5f
	cmp	x2, #1024
	b.lo	5f
	mrs	x4, sctlr_el2
	tbz	x4, #0, 5f		// MMU off: DC ZVA would fault
	mrs	x4, dczid_el0
	tbnz	x4, #4, 5f
	and	x4, x4, #0xf
	mov	x5, #4
	lsl	x4, x5, x4		// block size in bytes
	sub	x5, x4, #1
	lsl	x6, x4, #1
	cmp	x2, x6
	b.lo	5f
3:	tst	x3, x5
	b.eq	4f
	str	xzr, [x3], #8
	sub	x2, x2, #8
	b	3b
4:	lsl	x6, x4, #3		// eight blocks a round, then one
	subs	x2, x2, x6
	b.lo	12f
11:	.rept	8
	dc	zva, x3
	add	x3, x3, x4
	.endr
	subs	x2, x2, x6
	b.hs	11b
12:	add	x2, x2, x6
13:	cmp	x2, x4
	b.lo	5f
	sub	x2, x2, x4
	dc	zva, x3
	add	x3, x3, x4
	b	13b
5:	subs	x2, x2, #64
	b.lo	6f
	stp	x1, x1, [x3]
	stp	x1, x1, [x3, #16]
	stp	x1, x1, [x3, #32]
	stp	x1, x1, [x3, #48]
	add	x3, x3, #64
	b	5b
6:	add	x2, x2, #64
7:	subs	x2, x2, #8
	b.lo	9f
	str	x1, [x3], #8
	b	7b
9:	add	x2, x2, #8
	cbz	x2, 8f
10:	strb	w1, [x3], #1
	subs	x2, x2, #1
	b.ne	10b
8:	ret
	.size	memset, . - memset
