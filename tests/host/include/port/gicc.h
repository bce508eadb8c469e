/* GICv3 CPU interface of the hypervisor (host build): a recording fake. */
#ifndef PLINTH_PORT_GICC_H
#define PLINTH_PORT_GICC_H

#include <base/types.h>

#define GICC_SPURIOUS 1020U

struct fake_gicc {
	uint32_t pending[16]; /* INTIDs that gicc_ack() will return, in order */
	unsigned nr_pending, next;
	uint32_t dropped[16], deactivated[16], sgi[16];
	uint64_t sgi_mpidr[16];
	unsigned nr_dropped, nr_deactivated, nr_sgi, nr_wfi;
};

extern struct fake_gicc fake_gicc;

uint32_t gicc_ack(void);
void gicc_drop(uint32_t intid);
void gicc_deactivate(uint32_t intid);
void gicc_send_sgi(uint64_t mpidr, uint32_t intid);
void cpu_wfi(void);

#endif
