/*
 * A stand-in for Plinth that only ends: for the tests of scripts/run.
 *
 * Prints "end" on the PL011, leaves the exit record that the test asks for
 * (KIND, and MAGIC as its first byte) and calls FUNCTION of PSCI by SMC.
 * SPIN=1 never ends. ECHO=n first echoes n bytes of input.
 */
	.arch	armv8-a
	.section .text._start, "ax"
	.globl	_start
_start:
	ldr	x1, =0x09000000
	mov	w2, #'e'
	str	w2, [x1]
	mov	w2, #'n'
	str	w2, [x1]
	mov	w2, #'d'
	str	w2, [x1]
	mov	w2, #'\n'
	str	w2, [x1]
	ldr	x3, =ECHO
echo:	cbz	x3, ended
	ldr	w2, [x1, #0x18]		/* UARTFR, RXFE */
	tbnz	w2, #4, echo
	ldr	w2, [x1]
	str	w2, [x1]
	sub	x3, x3, #1
	b	echo
ended:
#if SPIN
	wfi
	b	ended
#endif
	ldr	w0, =FUNCTION
	smc	#0
	b	.
	.ltorg

	.data
	.balign	8
	.globl	plinth_exit_record
plinth_exit_record:
	.ascii	MAGIC, "LNTHEND"
	.word	1, KIND
vm:	.ascii	"linux"
	.zero	32 - (. - vm)
reason:	.ascii	"the test's reason"
	.zero	80 - (. - reason)
