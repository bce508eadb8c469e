/*
 * The virtual interface control registers (host build): ordinary memory of
 * the simulated CPU that `gich` points at, checked like the hardware would
 * not: a wrong index, a state the architecture forbids, one INTID in two list
 * registers, or a status read with no ich_isb() after a write end the test.
 * What a guest does to them is modelled in tests/host/gich.h.
 */
#ifndef PLINTH_PORT_GICH_H
#define PLINTH_PORT_GICH_H

#include <base/types.h>

void ich_isb(void);
uint64_t ich_read_vtr(void);
uint64_t ich_read_hcr(void);
void ich_write_hcr(uint64_t v);
uint64_t ich_read_misr(void);
uint64_t ich_read_eisr(void);
uint64_t ich_read_elrsr(void);
uint64_t ich_read_vmcr(void);
void ich_write_vmcr(uint64_t v);
uint64_t ich_read_lr(unsigned n);
void ich_write_lr(unsigned n, uint64_t v);
void ich_or_lr(unsigned n, uint64_t v);
uint64_t ich_read_ap0r(unsigned n);
void ich_write_ap0r(unsigned n, uint64_t v);
uint64_t ich_read_ap1r(unsigned n);
void ich_write_ap1r(unsigned n, uint64_t v);

#endif
