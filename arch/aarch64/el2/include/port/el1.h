/*
 * Registers of the loaded vCPU that live in the hardware (EL2 build): what
 * exception injection needs, and the fault registers of the present exit.
 * Arm ARM DDI 0487; HCR_EL2.E2H = 0, so the _EL1 names reach EL1's registers.
 */
#ifndef PLINTH_PORT_EL1_H
#define PLINTH_PORT_EL1_H

#include <base/types.h>

struct vcpu_regs;

#define EL1_READ(name)                                                         \
	static inline uint64_t el1_read_##name(void)                           \
	{                                                                      \
		uint64_t v;                                                    \
		__asm__ volatile("mrs %0, " #name "_el1" : "=r"(v));           \
		return v;                                                      \
	}
#define EL1_WRITE(name)                                                        \
	static inline void el1_write_##name(uint64_t v)                        \
	{                                                                      \
		__asm__ volatile("msr " #name "_el1, %0" ::"r"(v) : "memory"); \
	}

EL1_READ(sctlr)
EL1_READ(tcr)
EL1_READ(ttbr0)
EL1_READ(ttbr1)
EL1_READ(vbar)
EL1_READ(elr)
EL1_READ(spsr)
EL1_READ(far)
EL1_WRITE(elr)
EL1_WRITE(spsr)
EL1_WRITE(esr)
EL1_WRITE(far)

/* The two stack pointers; SP_EL0 and SP_EL1 are the guest's while it is
 * loaded. */
static inline uint64_t el1_read_sp(bool of_el1)
{
	uint64_t v;

	if (of_el1)
		__asm__ volatile("mrs %0, sp_el1" : "=r"(v));
	else
		__asm__ volatile("mrs %0, sp_el0" : "=r"(v));
	return v;
}

static inline void el1_write_sp(bool of_el1, uint64_t v)
{
	if (of_el1)
		__asm__ volatile("msr sp_el1, %0" ::"r"(v) : "memory");
	else
		__asm__ volatile("msr sp_el0, %0" ::"r"(v) : "memory");
}

/* An access whose permissions a translation checks. */
enum el1_at {
	EL1_AT_READ,
	EL1_AT_WRITE,
	EL1_AT_READ_EL0,
	EL1_AT_WRITE_EL0
};

#define PAR_F  1U
#define PAR_PA UINT64_C(0x000ffffffffff000)

/*
 * Translates `va` by the loaded guest's stage 1. True, and the page's IPA;
 * false where the walk faults or the access is not allowed. The guest's
 * PAR_EL1 stays as it is.
 */
static inline bool el1_translate(uint64_t va, enum el1_at how, uint64_t *ipa)
{
	uint64_t par, saved;

	__asm__ volatile("mrs %0, par_el1" : "=r"(saved));
	switch (how) {
	case EL1_AT_READ:
		__asm__ volatile("at s1e1r, %0" ::"r"(va) : "memory");
		break;
	case EL1_AT_WRITE:
		__asm__ volatile("at s1e1w, %0" ::"r"(va) : "memory");
		break;
	case EL1_AT_READ_EL0:
		__asm__ volatile("at s1e0r, %0" ::"r"(va) : "memory");
		break;
	case EL1_AT_WRITE_EL0:
		__asm__ volatile("at s1e0w, %0" ::"r"(va) : "memory");
		break;
	}
	__asm__ volatile("isb\n\tmrs %0, par_el1\n\tmsr par_el1, %1"
			 : "=&r"(par)
			 : "r"(saved)
			 : "memory");
	*ipa = par & PAR_PA;
	return !(par & PAR_F);
}

#undef EL1_READ
#undef EL1_WRITE

/*
 * The registers of the guest that has just left to here, which stay in the
 * hardware during an exit: not in what run_next() calls, where vcpu_regs are
 * whole.
 */
static inline uint64_t exit_pc(const struct vcpu_regs *r)
{
	uint64_t v;

	(void)r;
	__asm__ volatile("mrs %0, elr_el2" : "=r"(v));
	return v;
}

static inline void exit_set_pc(struct vcpu_regs *r, uint64_t v)
{
	(void)r;
	__asm__ volatile("msr elr_el2, %0" ::"r"(v) : "memory");
}

static inline uint64_t exit_pstate(const struct vcpu_regs *r)
{
	uint64_t v;

	(void)r;
	__asm__ volatile("mrs %0, spsr_el2" : "=r"(v));
	return v;
}

static inline void exit_set_pstate(struct vcpu_regs *r, uint64_t v)
{
	(void)r;
	__asm__ volatile("msr spsr_el2, %0" ::"r"(v) : "memory");
}

/* Past an instruction of 4 bytes; these bits of PSTATE become 0. Two masks, for
 * AND takes each as it is, and both together not. */
static inline void exit_step(struct vcpu_regs *r, uint64_t bits, uint64_t more)
{
	uint64_t v;

	(void)r;
	__asm__ volatile("mrs	%0, elr_el2\n"
			 "	add	%0, %0, #4\n"
			 "	msr	elr_el2, %0\n"
			 "	mrs	%0, spsr_el2\n"
			 "	and	%0, %0, %1\n"
			 "	and	%0, %0, %2\n"
			 "	msr	spsr_el2, %0"
			 : "=&r"(v)
			 : "L"(~bits), "L"(~more)
			 : "memory");
}

/* FAR_EL2 of the present exit: the faulting virtual address. */
static inline uint64_t fault_far(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, far_el2" : "=r"(v));
	return v;
}

/*
 * HPFAR_EL2 of the present exit. Valid for stage-2 translation, access-flag
 * and address-size faults and for stage-1 walks; not for permission faults.
 */
static inline uint64_t fault_hpfar(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, hpfar_el2" : "=r"(v));
	return v;
}

/* CNTx_CTL_EL0: enabled, not masked, condition met. */
#define TIMER_CTL_MASK 7U
#define TIMER_CTL_FIRE 5U

/* Whether the loaded vCPU's virtual / physical timer asserts its interrupt. */
static inline bool el1_vtimer_asserts(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntv_ctl_el0" : "=r"(v));
	return (v & TIMER_CTL_MASK) == TIMER_CTL_FIRE;
}

static inline bool el1_ptimer_asserts(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntp_ctl_el0" : "=r"(v));
	return (v & TIMER_CTL_MASK) == TIMER_CTL_FIRE;
}

#endif
