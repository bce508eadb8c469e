/*
 * Pointer authentication, one instruction a function: x0 is the pointer, x1
 * the modifier, x0 the result. The hint forms exist on every CPU.
 */
	.arch	armv8.3-a
	.text

	.macro	routine name:req, insn:vararg
	.globl	\name
\name:
	\insn
	ret
	.endm

	routine	pac_ia, pacia x0, x1
	routine	pac_ib, pacib x0, x1
	routine	pac_da, pacda x0, x1
	routine	pac_db, pacdb x0, x1
	routine	aut_ia, autia x0, x1
	routine	aut_ib, autib x0, x1
	routine	aut_da, autda x0, x1
	routine	aut_db, autdb x0, x1
	routine	pac_ga, pacga x0, x0, x1
	routine	xpac_i, xpaci x0
	routine	xpac_d, xpacd x0

	/* As compilers use them: x30 signed by x17 and x16. */
	.globl	hint_pac
hint_pac:
	mov	x17, x0
	mov	x16, x1
	pacia1716
	mov	x0, x17
	ret

	.globl	hint_aut
hint_aut:
	mov	x17, x0
	mov	x16, x1
	autia1716
	mov	x0, x17
	ret
