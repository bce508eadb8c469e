/*
 * GICv3 CPU interface of the hypervisor (host build): a bit for each pending
 * and each active interrupt of the simulated pCPU; see tests/host/fake_el2.h.
 */
#ifndef PLINTH_PORT_GICC_H
#define PLINTH_PORT_GICC_H

#include <base/types.h>

#define GICC_SPURIOUS 1020U

uint32_t gicc_ack(void);
void gicc_received(void);
void gicc_drop(uint32_t intid);
void gicc_deactivate(uint32_t intid);
/* As in the register, but the affinity is MPIDR's, packed. */
uint64_t gicc_sgi(uint64_t mpidr, uint32_t intid);
void gicc_send(uint64_t sgi);
void cpu_wfi(void);

#endif
