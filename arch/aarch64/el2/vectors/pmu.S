/*
 * Part of vectors.S: accesses to the performance monitors while the loaded
 * vCPU's are in the hardware (pmu.live): what arch/aarch64/pmu.c would do, with
 * the same masks, by x0 to x3 alone. Begins at .Lpmu_register and .Lpmu_counter,
 * ends at
 *	.Lregister_answer	x0[x3] is what is read
 *	.Lregister_write	x0 is the address of what writes x1
 *	.Lregister_other	none of these: C code
 * all with
 *	x0-x3 saved, x1 = syndrome, x2 = ELR, SP = struct vcpu_regs *
 * Leaves to C code the first access, PMXEVCNTR_EL0, PMMIR_EL1, software
 * increments of several counters or past their end, and whatever is not there.
 *
 * Measured with `make bench`, against C code: a read of PMCR_EL0 118 -> 53, a
 * write 170 -> 52, a write of PMEVTYPER0_EL0 212 -> 66, one of PMSWINC_EL0 that
 * counts 251 -> 83.
 *
 * Arm ARM DDI 0487, PMCR_EL0 and its neighbours.
 */
#define SYS64_CRM_2	3		// bit
#define PMEV_GROUP	0x6230f81	// EC, op0 3, op1 3, CRn 14, CRm 8: above bit 3
#define PMU_NSH		27		// bits of a filter that a guest may not set
#define PMU_MT		25
#define PMCR_N		11
#define PMU_CYCLES	31		// PMCCFILTR_EL0 is this filter
#define PMU_P		31		// not at EL1, unless PMU_NSK is set, too
#define PMU_NSK		29		// and the bits below are the same of EL0
#define PMU_EVENT	0xffff		// 0 is SW_INCR
#define PMU_GROUP	(3 << SYS64_OP1 | 9 << 10 | 0x15) // from there, a write
#define PMU_LAST_CRM	2		// less 12
#define PMU_EL1_ROWS	6		// eights of .Lpmu_rows

/* In: w0 = twice CRm less 1 for the ID group, other groups behind. */
.Lpmu_register:
	mov	w3, #PMU_GROUP
	sub	w0, w0, w3		// twice CRm less 12, a read 1 more
	cmp	w0, #(2 * PMU_LAST_CRM + 1)
	ldrb	w3, [sp, #VCPU_PMU_LIVE]
	ccmp	w3, #0, #4, ls
	b.eq	.Lno_el0_pmu
.Lpmu:
	ubfx	w3, w1, #SYS64_OP2, #3
	add	w3, w3, w0, lsl #3
	adr	x0, .Lpmu_rows
	add	x0, x0, x3, lsl #3
	br	x0

	/* Of op1 0 the last CRm alone. In: w0 as above, w3 = pmu.live. */
.Lno_el0_pmu:
	add	w0, w0, #(3 << SYS64_OP1)
	sub	w0, w0, #(2 * PMU_LAST_CRM)
	cmp	w0, #1
	ccmp	w3, #0, #4, ls
	b.eq	.Lregister_other
	add	w0, w0, #PMU_EL1_ROWS
	b	.Lpmu

.Lpmu_answer:
	str	x0, [sp, #REGS_READ]
	mov	w3, #(REGS_READ / 8)
	mov	x0, sp
	b	.Lregister_answer

/*
 * PMEVCNTR<n>_EL0 and, with another bit of CRm, PMEVTYPER<n>_EL0 and
 * PMCCFILTR_EL0. An instruction has its n in its name, so this goes by
 * PMSELR_EL0, which is kept. As by_number() in arch/aarch64/pmu.c.
 */
.Lpmu_counter:
	and	w0, w1, #~(7 << SYS64_OP2)
	and	w0, w0, #~(31 << SYS64_RT)
	ldr	w3, .Lpmev_group
	lsr	w0, w0, #(SYS64_CRM_2 + 1)
	cmp	w0, w3
	ldrb	w0, [sp, #VCPU_PMU_LIVE]
	ccmp	w0, #0, #4, eq
	b.eq	.Lregister_other
	ubfx	w3, w1, #SYS64_OP2, #3
	ubfx	w0, w1, #1, #2		// CRm
	orr	w3, w3, w0, lsl #3	// n
.Ln:
	mrs	x0, pmcr_el0
	ubfx	w0, w0, #PMCR_N, #5
	cmp	w3, w0
	b.hs	.Lno_counter
.Lcounter:
	tbnz	w1, #0, .Lread_counter
	adr	x0, .Lset_counter
	b	.Lregister_write
	/* PMXEVTYPER_EL0, whose CRm has that bit as well. */
.Lselected_filter:
	mrs	x3, pmselr_el0
	and	w3, w3, #31
	b	.Ln
.Lno_counter:
	tbz	w1, #SYS64_CRM_2, .Lother
	cmp	w3, #PMU_CYCLES
	b.eq	.Lcounter
.Lother:
	b	.Lregister_other
.Lpmev_group:
	.word	PMEV_GROUP

	/* In: x1 = value, w3 = n; a filter, or PMSELR_EL0 may not be 31. */
.Lset_counter:
	mov	w0, #1
	lsl	w0, w0, w3
	and	w0, w0, #~(1 << PMU_CYCLES)
	ldr	w2, [sp, #VCPU_PMU_TOUCHED]
	orr	w2, w2, w0
	str	w2, [sp, #VCPU_PMU_TOUCHED]
	mrs	x2, esr_el2
	mrs	x0, pmselr_el0
	msr	pmselr_el0, x3
	isb
	tbnz	w2, #SYS64_CRM_2, 1f
	msr	pmxevcntr_el0, x1
	msr	pmselr_el0, x0
	b	.Lregister_done
1:	and	x1, x1, #~(1 << PMU_NSH)
	and	x1, x1, #~(1 << PMU_MT)
	msr	pmxevtyper_el0, x1
	msr	pmselr_el0, x0
	b	.Lregister_done

.Lread_counter:
	mrs	x0, pmselr_el0
	msr	pmselr_el0, x3
	isb
	tbnz	w1, #SYS64_CRM_2, 1f
	mrs	x3, pmxevcntr_el0
	b	2f
1:	mrs	x3, pmxevtyper_el0
2:	msr	pmselr_el0, x0
	mov	x0, x3
	b	.Lpmu_answer

	/* Rows of two instructions, by op2: those that are written, for CRm 12,
	 * and those that are read, and so on. In: x1 = syndrome, x2 = ELR. */
	.macro	pmu_row reg, how
	.ifc	\reg, 0
	b	.Lregister_other
	nop
	.else
	.ifc	\reg, filter
	b	.Lselected_filter
	nop
	.else
	\how	\reg
	.endif
	.endif
	.endm

	.macro	pmu_written reg
	adr	x0, .Lset_\reg
	b	.Lregister_write
	.endm

	.macro	pmu_read reg
	mrs	x0, \reg
	b	.Lpmu_answer
	.endm

	.macro	pmu_rows how, a, b, c, d, e=0, f=0, g=0, h=0
	.irp	reg, \a, \b, \c, \d, \e, \f, \g, \h
	pmu_row	\reg, \how
	.endr
	.endm

.Lpmu_rows:
	pmu_rows pmu_written, pmcr_el0, pmcntenset_el0, pmcntenclr_el0, \
		pmovsclr_el0, pmswinc_el0, pmselr_el0
	pmu_rows pmu_read, pmcr_el0, pmcntenset_el0, pmcntenclr_el0, \
		pmovsclr_el0, 0, pmselr_el0, pmceid0_el0, pmceid1_el0
	pmu_rows pmu_written, pmccntr_el0, filter, 0, 0
	pmu_rows pmu_read, pmccntr_el0, filter, 0, 0
	pmu_rows pmu_written, pmuserenr_el0, 0, 0, pmovsset_el0
	pmu_rows pmu_read, pmuserenr_el0, 0, 0, pmovsset_el0
	/* PMU_EL1_ROWS: op1 0, CRm 14. */
	pmu_rows pmu_written, 0, pmintenset_el1, pmintenclr_el1, 0
	pmu_rows pmu_read, 0, pmintenset_el1, pmintenclr_el1, 0

	.irp	reg, pmcr_el0, pmcntenset_el0, pmcntenclr_el0, pmovsclr_el0, \
		pmselr_el0, pmccntr_el0, pmuserenr_el0, pmovsset_el0, \
		pmintenset_el1, pmintenclr_el1
.Lset_\reg:
	msr	\reg, x1
	b	.Lregister_done
	.endr

/*
 * As software_increment() in arch/aarch64/pmu.c, of one counter that does not
 * reach its end. In: x1 = a bit a counter.
 */
.Lset_pmswinc_el0:
	mrs	x0, pmcr_el0
	tbz	w0, #0, .Lregister_done	// PMCR_EL0.E
	mrs	x0, pmcntenset_el0
	and	w0, w0, #~(1 << PMU_CYCLES)
	ands	w1, w1, w0
	b.eq	.Lregister_done
	sub	w0, w1, #1
	tst	w1, w0
	b.ne	.Lincrement_other	// a CHAIN behind the first may count
	clz	w3, w1
	eor	w3, w3, #31
	mrs	x2, pmselr_el0
	msr	pmselr_el0, x3
	isb
	mrs	x0, pmxevtyper_el0
	tst	w0, #PMU_EVENT
	b.ne	.Lincremented
	eor	w0, w0, w0, lsl #(PMU_P - PMU_NSK)
	mrs	x3, spsr_el2
	tst	w3, #0xc		// M: EL0?
	cset	w3, eq
	lsl	w0, w0, w3
	tbnz	w0, #PMU_P, .Lincremented
	mrs	x0, pmxevcntr_el0
	adds	w3, w0, #1
	b.cs	.Lwraps
	add	x0, x0, #1
	msr	pmxevcntr_el0, x0
	ldr	w0, [sp, #VCPU_PMU_TOUCHED]
	orr	w0, w0, w1
	str	w0, [sp, #VCPU_PMU_TOUCHED]
.Lincremented:
	msr	pmselr_el0, x2
	b	.Lregister_done
.Lwraps:
	msr	pmselr_el0, x2
	/* Back to the MSR, which C code will pass. */
.Lincrement_other:
	mrs	x1, elr_el2
	sub	x2, x1, #4
	msr	elr_el2, x2
	mrs	x1, esr_el2
	b	.Lregister_other
