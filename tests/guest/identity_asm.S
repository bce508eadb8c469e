/* The ID registers that a hypervisor may trap, two instructions each. */
	.text
	.globl	identity_table
identity_table:
	.irp	m, 1, 2, 3, 4, 5, 6, 7
	.irp	o, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, S3_0_C0_C\m\()_\o
	ret
	.endr
	.endr
