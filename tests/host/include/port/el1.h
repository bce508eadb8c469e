/*
 * Live EL1 and fault registers (host build): variables of the simulated pCPU;
 * see tests/host/fake_el2.h.
 */
#ifndef PLINTH_PORT_EL1_H
#define PLINTH_PORT_EL1_H

#include <arch/aarch64/context.h>

/* The simulated pCPU saves and restores all registers at each exit. */
static inline uint64_t exit_pc(const struct vcpu_regs *r)
{
	return r->pc;
}

static inline void exit_set_pc(struct vcpu_regs *r, uint64_t v)
{
	r->pc = v;
}

static inline uint64_t exit_pstate(const struct vcpu_regs *r)
{
	return r->pstate;
}

static inline void exit_set_pstate(struct vcpu_regs *r, uint64_t v)
{
	r->pstate = v;
}

/* Past an instruction of 4 bytes; these bits of PSTATE become 0. */
static inline void exit_step(struct vcpu_regs *r, uint64_t bits, uint64_t more)
{
	r->pc += 4;
	r->pstate &= ~(bits | more);
}

uint64_t el1_read_sctlr(void);
uint64_t el1_read_tcr(void);
uint64_t el1_read_ttbr0(void);
uint64_t el1_read_ttbr1(void);
uint64_t el1_read_sp(bool of_el1);
void el1_write_sp(bool of_el1, uint64_t v);
uint64_t el1_read_vbar(void);
uint64_t el1_read_elr(void);
uint64_t el1_read_spsr(void);
uint64_t el1_read_far(void);
void el1_write_elr(uint64_t v);
void el1_write_spsr(uint64_t v);
void el1_write_esr(uint64_t v);
void el1_write_far(uint64_t v);
uint64_t fault_far(void);
uint64_t fault_hpfar(void);

enum el1_at {
	EL1_AT_READ,
	EL1_AT_WRITE,
	EL1_AT_READ_EL0,
	EL1_AT_WRITE_EL0
};

bool el1_translate(uint64_t va, enum el1_at how, uint64_t *ipa);
bool el1_vtimer_asserts(void);
bool el1_ptimer_asserts(void);

#endif
