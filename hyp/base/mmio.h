/*
 * One trapped access to a memory-mapped register: what a device model gets.
 * The bus (hyp/mmio.h) finds the device and sets `offset`; the device sets
 * `value` on a read. Sizes are 1, 2, 4 or 8 bytes; an access never straddles
 * the end of a region. Sign extension and register width are the caller's.
 * Plinth's own interface: docs/design/09-mmio.md.
 */
#ifndef PLINTH_BASE_MMIO_H
#define PLINTH_BASE_MMIO_H

#include <base/types.h>

struct mmio_op {
	uint64_t offset; /* bytes from the region's base */
	uint64_t value;  /* write: zero-extended data; read: the result */
	uint16_t vcpu;   /* index in its VM of the vCPU that accesses */
	uint8_t size;    /* bytes: 1, 2, 4 or 8 */
	bool write;
};

/*
 * Returns 0 when done; -ENXIO when the device gives no answer (the caller
 * injects a synchronous external abort); -EAGAIN when the access must be
 * executed again by the guest (nothing changed that a repeat would double).
 */
typedef int (*mmio_fn)(void *dev, struct mmio_op *op);

#endif
