/*
 * Vector registers of a payload, all at once; contract in simd.h. The compiler
 * is told to use none of them.
 */
	.arch	armv8-a+sve
	.text

	.macro	routine name
	.globl	\name
	.type	\name, %function
\name:
	.endm

	.macro	each_n32 macro
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\macro	\n
	.endr
	.endm

	.macro	each_n16 macro
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\macro	\n
	.endr
	.endm

	.macro	str_q n
	str	q\n, [x0, #16 + 16 * \n]
	.endm
	.macro	ldr_q n
	ldr	q\n, [x0, #16 + 16 * \n]
	.endm
	.macro	str_z n
	str	z\n, [x1, #\n, mul vl]
	.endm
	.macro	ldr_z n
	ldr	z\n, [x1, #\n, mul vl]
	.endm
	.macro	str_p n
	str	p\n, [x2, #\n, mul vl]
	.endm
	.macro	ldr_p n
	ldr	p\n, [x2, #\n, mul vl]
	.endm

/* Clobber x1 to x4; sve_store keeps P0 as well. x0: the image. */
	.macro	store_control
	mrs	x3, fpcr
	mrs	x4, fpsr
	stp	x3, x4, [x0]
	.endm
	.macro	load_control
	ldp	x3, x4, [x0]
	msr	fpcr, x3
	msr	fpsr, x4
	.endm
	.macro	sve_places
	add	x1, x0, #16
	addvl	x2, x1, #16
	addvl	x2, x2, #16
	.endm

routine fp_store
	store_control
	each_n32 str_q
	ret

routine fp_load
	load_control
	each_n32 ldr_q
	ret

routine sve_store
	store_control
	sve_places
	each_n32 str_z
	each_n16 str_p
	rdffr	p0.b
	str	p0, [x2, #16, mul vl]
	ldr	p0, [x2]
	ret

routine sve_load
	load_control
	sve_places
	ldr	p0, [x2, #16, mul vl]
	wrffr	p0.b
	each_n32 ldr_z
	each_n16 ldr_p
	ret

routine sve_bytes
	rdvl	x0, #1
	ret

routine write_d5
	fmov	d5, x0
	ret
