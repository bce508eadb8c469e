/*
 * Entry points for CPU_ON with nothing set up: no stack, MMU off. Each CPU that
 * turns another on has one of its own (hotplug.c).
 */
	.arch	armv8-a
	.text

/*
 * hotplug_entries + 8 * n: notes in the struct visit, to which x0 points, that
 * it was come by, through which entry, stays until *leave is not 0 where
 * `leave` is not NULL, and turns the CPU off. HVC conduit.
 */
	.balign	8
	.globl	hotplug_entries
hotplug_entries:
	.set	n, 0
	.rept	64
	mov	x1, #n
	b	visit
	.set	n, n + 1
	.endr

visit:
	ldr	x2, [x0]		// runs
	add	x2, x2, #1
	str	x1, [x0, #8]		// entry
	str	x0, [x0, #16]		// context
	dsb	sy
	str	x2, [x0]
	dsb	sy
	ldr	x3, [x0, #24]		// leave
	cbz	x3, 2f
1:	ldr	x4, [x3]
	cbnz	x4, 2f
	yield
	b	1b
2:	mov	x0, #2
	movk	x0, #0x8400, lsl #16	// CPU_OFF
	hvc	#0
	b	.
