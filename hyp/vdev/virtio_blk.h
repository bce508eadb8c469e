/*
 * virtio block device (virtio 1.2 sec. 5.2) over any struct block_dev.
 *
 * One request queue. A request is served to its end within the QueueNotify
 * write that announces it; what one such exit may cost is bounded (see
 * VIRTIO_BLK_EXIT_COST), the guest's store is executed again for the rest.
 *
 * Offered: SIZE_MAX, SEG_MAX, BLK_SIZE (512), FLUSH, RO when the backend is
 * read-only. Request types IN, OUT, FLUSH, GET_ID; others end UNSUPP.
 *
 * Locks: everything here runs under the transport's lock.
 */
#ifndef PLINTH_HYP_VDEV_VIRTIO_BLK_H
#define PLINTH_HYP_VDEV_VIRTIO_BLK_H

#include <base/block.h>

#include <hyp/vdev/virtio_mmio.h>

#define VIRTIO_BLK_QUEUE_MAX 256U
#define VIRTIO_BLK_ID_BYTES  20U

/* A chain holds a header, a status, and this many data segments. */
#define VIRTIO_BLK_SEG_MAX  (VIRTIO_BLK_QUEUE_MAX - 2)
#define VIRTIO_BLK_SIZE_MAX 65536U
/* So no driver that keeps to the two sends more; more ends IOERR. */
#define VIRTIO_BLK_REQUEST_MAX                                                 \
	((uint64_t)VIRTIO_BLK_SEG_MAX * VIRTIO_BLK_SIZE_MAX)

/*
 * One exit takes requests until their bytes, with a charge for the handling of
 * each, reach VIRTIO_BLK_EXIT_COST: so at most that and one request, and never
 * more than 64 chains.
 */
#define VIRTIO_BLK_EXIT_COST    MIB(1)
#define VIRTIO_BLK_REQUEST_COST KIB(16)

struct virtio_blk {
	struct virtio_mmio mmio; /* what the MMIO bus is given */
	struct gmem *mem;
	struct block_dev disk;
	char id[VIRTIO_BLK_ID_BYTES]; /* NUL-padded, not terminated */
	struct virtq vq;
	struct gmem_window meta; /* where headers and status bytes are */
	struct virtq_buf bufs[VIRTIO_BLK_QUEUE_MAX];
};

struct virtio_blk_config {
	const char *name; /* for the log; lives as long as the device */
	const char *id;   /* GET_ID; what is beyond 20 bytes is cut off */
	struct gmem *mem;
	struct block_dev disk; /* its backend outlives the device */
	uint32_t *regs;        /* of the slot, see virtio_mmio.h */
	void (*set_irq)(void *ctx, bool level); /* see virtio_mmio.h */
	void *irq_ctx;
};

/* Nothing to destroy: no memory but the struct, no reference but the disk. */
void virtio_blk_init(struct virtio_blk *b, const struct virtio_blk_config *cfg);

#endif
