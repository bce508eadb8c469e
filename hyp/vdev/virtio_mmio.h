/*
 * virtio over MMIO, version 2: the transport of every virtio device
 * (virtio 1.2 sec. 4.2, sec. 2 and 3 for status, features and queues).
 *
 * A device model (block, and others to come) supplies struct virtio_dev_ops and
 * its queues; the transport owns the register file, feature negotiation, the
 * status machine, queue set-up, and the interrupt line. One struct virtio_mmio
 * is one slot of 0x200 bytes; a slot without a device answers DeviceID 0.
 *
 * Locks, in this order:
 *   virtio_mmio.lock      registers, queues, and the device model's own state:
 *                         every op of virtio_dev_ops runs under it
 *   virtio_mmio.irq_lock  InterruptStatus and the level of the line; a leaf
 *                         but for set_irq(), which takes the interrupt
 *                         controller's lock
 * set_irq() runs under irq_lock so that two CPUs cannot deliver a rise and a
 * fall in the wrong order; it must not come back to this device.
 * Registers are read without a lock, and InterruptStatus is in `regs` before
 * the line rises. It is acknowledged under irq_lock alone, so a vCPU that
 * serves an interrupt never waits for another that is inside a long request.
 */
#ifndef PLINTH_HYP_VDEV_VIRTIO_MMIO_H
#define PLINTH_HYP_VDEV_VIRTIO_MMIO_H

#include <port/spinlock.h>

#include <base/bits.h>
#include <base/log.h>
#include <base/mmio.h>

#include <hyp/vdev/virtq.h>

#define VIRTIO_MMIO_SIZE 0x200U /* bytes of one slot */

/* Device IDs, virtio 1.2 sec. 5. */
#define VIRTIO_ID_NONE    0U
#define VIRTIO_ID_BLK     2U
#define VIRTIO_ID_CONSOLE 3U

/* Feature bits of the transport, sec. 6; offered for every device. */
#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)

/* Device status, sec. 2.1. */
#define VIRTIO_STATUS_ACKNOWLEDGE 1U
#define VIRTIO_STATUS_DRIVER      2U
#define VIRTIO_STATUS_DRIVER_OK   4U
#define VIRTIO_STATUS_FEATURES_OK 8U
#define VIRTIO_STATUS_NEEDS_RESET 64U
#define VIRTIO_STATUS_FAILED      128U

/* InterruptStatus, sec. 4.2.2. */
#define VIRTIO_INT_USED   1U
#define VIRTIO_INT_CONFIG 2U

/*
 * A device model. `dev` is what virtio_mmio_init() was given; all run under
 * virtio_mmio.lock. stop and reset may be NULL.
 */
struct virtio_dev_ops {
	uint32_t device_id;
	/* Bits of the device type (0..23, and above 32 as it needs). */
	uint64_t (*features)(void *dev);
	/*
	 * The driver rang for queue `q`, which is ready, with DRIVER_OK set.
	 * 0: served. -EAGAIN: a bounded part is served, the guest executes its
	 * store again and so comes back for the rest. Any other error: the
	 * device is broken until the driver resets it.
	 */
	int (*notify)(void *dev, unsigned q);
	/* The driver took queue `q` away, and with it what was under way. */
	void (*stop)(void *dev, unsigned q);
	/* Back to the state after init; the queues are disabled already. */
	void (*reset)(void *dev);
};

struct virtio_mmio_config {
	const char *name; /* for the log; lives as long as the device */
	const struct virtio_dev_ops *ops; /* NULL: an empty slot */
	void *dev;
	struct virtq *queues; /* initialised by virtq_init(); of the device */
	unsigned nr_queues;
	/*
	 * The slot as the driver reads it, VIRTIO_MMIO_SIZE bytes, zeroed: it
	 * may do so without an exit (mirror.h). Of the device's configuration
	 * the first bytes are copied; the others read 0, and no store has a
	 * meaning there.
	 */
	uint32_t *regs;
	const void *config; /* NULL: none */
	unsigned config_len;
	/* Level of the interrupt line; see the lock order above. */
	void (*set_irq)(void *ctx, bool level);
	void *irq_ctx;
};

struct virtio_mmio {
	struct virtio_mmio_config cfg;
	uint64_t features; /* offered */

	struct spinlock lock; /* guards all down to irq_lock, and the queues */
	uint32_t status;
	uint64_t driver_features;
	bool driver_features_high; /* a bit above 63 was asked for */
	uint32_t device_features_sel;
	uint32_t driver_features_sel;
	uint32_t queue_sel;
	struct log_limit warn;

	struct spinlock irq_lock; /* guards InterruptStatus and the line */
};

/* `cfg` is copied; its queues are disabled. */
void virtio_mmio_init(struct virtio_mmio *t,
		      const struct virtio_mmio_config *cfg);

/*
 * One access to the slot, for the MMIO bus (mmio_fn of base/mmio.h). A read, of
 * any size, gives bytes of cfg.regs. Registers are written by 32 bits; any
 * other store is ignored. Returns 0, or -EAGAIN as notify does, only for
 * QueueNotify.
 */
int virtio_mmio_access(void *dev, struct mmio_op *op);

/*
 * As the driver's write of 0 to Status: queues forgotten, line low. For a VM's
 * reset, before its memory changes hands. Takes the lock.
 */
void virtio_mmio_reset(struct virtio_mmio *t);

/*
 * Raises the used-buffer interrupt if the driver wants one for what was pushed
 * to `q`. The caller holds t->lock.
 */
void virtio_mmio_used_locked(struct virtio_mmio *t, struct virtq *q);

/* DEVICE_NEEDS_RESET; `why` goes to the log. The caller holds t->lock. */
void virtio_mmio_broken_locked(struct virtio_mmio *t, const char *why, int err);

#endif
