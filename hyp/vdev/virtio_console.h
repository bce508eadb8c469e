/*
 * virtio console device (virtio 1.2 sec. 5.3): one port, two queues.
 *
 * Offered: EMERG_WRITE. Not SIZE, since nobody knows how large the terminal is,
 * and not MULTIPORT.
 *
 * What the guest sends goes to the console within the QueueNotify write that
 * announces it, a bounded part of it (VIRTIO_CONSOLE_EXIT_COST) in one exit. A
 * chain is returned when its last byte was taken; while the console has no room
 * the queue stands still and nobody waits at EL2.
 *
 * Input waits in a small ring, and from there goes to the guest's buffers, a
 * batch to a buffer. What finds no buffer stays in the ring, what finds no room
 * in the ring with the console; a reset keeps it. The guest has another UART,
 * so the device takes input only from the first byte that is sent by it until
 * its reset, virtio_console_has_input().
 *
 * Locks: virtio_mmio.lock guards all but `has_input` and `wake`. tx() and
 * set_irq() are called with it held, and must not come back; rx_drained() is
 * called without it.
 */
#ifndef PLINTH_HYP_VDEV_VIRTIO_CONSOLE_H
#define PLINTH_HYP_VDEV_VIRTIO_CONSOLE_H

#include <hyp/vdev/virtio_mmio.h>

#define VIRTIO_CONSOLE_QUEUE_MAX 64U
#define VIRTIO_CONSOLE_INPUT     256U /* bytes, a power of two */

/* Bytes that one exit sends at most, each chain counted as some. */
#define VIRTIO_CONSOLE_EXIT_COST  4096U
#define VIRTIO_CONSOLE_CHAIN_COST 64U

enum virtio_console_queue {
	VIRTIO_CONSOLE_RX, /* receiveq, to the guest */
	VIRTIO_CONSOLE_TX, /* transmitq, from it */
	VIRTIO_CONSOLE_QUEUES
};

struct virtio_console_ops {
	/* Bytes of the guest's, which may change while they are read. Returns
	 * how many were taken; after less than `len` the console calls
	 * virtio_console_tx_ready(). */
	size_t (*tx)(void *ctx, const uint8_t *data, size_t len);
	/* virtio_console_tx_ready() comes soon. Under the device's lock. */
	void (*want_room)(void *ctx);
	/* Input goes elsewhere now, or there is room for it again. */
	void (*rx_drained)(void *ctx);
	void *ctx;
	void (*set_irq)(void *ctx, bool level); /* see virtio_mmio.h */
	void *irq_ctx;
	uint32_t *regs; /* there, too */
};

struct virtio_console {
	struct virtio_mmio mmio;       /* first: what the MMIO bus is given */
	struct virtio_console_ops ops; /* constant */
	struct gmem *mem;
	bool has_input; /* also read without the lock */
	bool wake;      /* atomic: rx_drained() is due */
	bool starved;   /* the console found no room */
	bool sending;   /* tx is what is left of a chain */
	struct virtq_chain tx;
	uint32_t in_head, in_tail; /* free running */
	uint8_t in[VIRTIO_CONSOLE_INPUT];
	struct virtq vq[VIRTIO_CONSOLE_QUEUES];
	struct virtq_buf bufs[VIRTIO_CONSOLE_QUEUES][VIRTIO_CONSOLE_QUEUE_MAX];
};

/* `name` is for the log and lives as long as the device, as do mem and ctx.
 * Nothing to destroy. */
void virtio_console_init(struct virtio_console *c, const char *name,
			 struct gmem *mem,
			 const struct virtio_console_ops *ops);

/* mmio_fn, in the place of virtio_mmio_access(). -EAGAIN: see there, and where
 * there is no room for an emergency write. */
int virtio_console_access(void *dev, struct mmio_op *op);

/* Whether input is for this device, and not for the guest's other UART. */
bool virtio_console_has_input(const struct virtio_console *c);

/* Bytes that virtio_console_rx_push() will take now. 0: wait for
 * rx_drained(). */
size_t virtio_console_rx_room(struct virtio_console *c);

/* One byte of input. False: no room; rx_drained() follows. */
MUST_CHECK bool virtio_console_rx_push(struct virtio_console *c, uint8_t byte);

/* The guest is given what was pushed, as far as it has buffers. There may be
 * room again afterwards. */
void virtio_console_rx_flush(struct virtio_console *c);

/* The console has room again for what the guest sends. */
void virtio_console_tx_ready(struct virtio_console *c);

#endif
