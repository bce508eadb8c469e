/*
 * Live EL1 and fault registers (host build): variables of the simulated pCPU;
 * see tests/host/fake_el2.h.
 */
#ifndef PLINTH_PORT_EL1_H
#define PLINTH_PORT_EL1_H

#include <base/types.h>

uint64_t el1_read_sctlr(void);
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
bool el1_vtimer_asserts(void);
bool el1_ptimer_asserts(void);

#endif
