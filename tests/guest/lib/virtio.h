/*
 * virtio 1.2, the driver's side of the memory-mapped transport (sec. 4.2) and
 * of one split virtqueue (sec. 2.7): enough to use a device properly and to
 * misuse it on purpose. One device, one queue, boot CPU only, MMU on.
 */
#ifndef PLINTH_GUEST_VIRTIO_H
#define PLINTH_GUEST_VIRTIO_H

#include "arm.h"

#define VIRTIO_BASE   UINT64_C(0x0a000000)
#define VIRTIO_STRIDE 0x200
#define VIRTIO_INTID  48

#define VM_MAGIC            0x000
#define VM_VERSION          0x004
#define VM_DEVICE_ID        0x008
#define VM_VENDOR_ID        0x00c
#define VM_DEVICE_FEATURES  0x010
#define VM_DEVICE_FEAT_SEL  0x014
#define VM_DRIVER_FEATURES  0x020
#define VM_DRIVER_FEAT_SEL  0x024
#define VM_QUEUE_SEL        0x030
#define VM_QUEUE_NUM_MAX    0x034
#define VM_QUEUE_NUM        0x038
#define VM_QUEUE_READY      0x044
#define VM_QUEUE_NOTIFY     0x050
#define VM_INTERRUPT_STATUS 0x060
#define VM_INTERRUPT_ACK    0x064
#define VM_STATUS           0x070
#define VM_QUEUE_DESC       0x080
#define VM_QUEUE_DRIVER     0x090
#define VM_QUEUE_DEVICE     0x0a0
#define VM_CONFIG_GEN       0x0fc
#define VM_CONFIG           0x100

#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER      2
#define STATUS_DRIVER_OK   4
#define STATUS_FEATURES_OK 8
#define STATUS_NEEDS_RESET 0x40
#define STATUS_FAILED      0x80

#define F_INDIRECT_DESC BIT(28)
#define F_EVENT_IDX     BIT(29)
#define F_VERSION_1     BIT(32)

#define DESC_NEXT     1
#define DESC_WRITE    2 /* by the device */
#define DESC_INDIRECT 4

#define VQ_SIZE 32

struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct vq_used_elem {
	uint32_t id, len;
};

struct vq {
	struct vq_desc desc[VQ_SIZE] __attribute__((aligned(16)));
	volatile uint16_t avail_flags, avail_idx;
	volatile uint16_t avail_ring[VQ_SIZE];
	volatile uint16_t used_event;
	volatile uint16_t used_flags __attribute__((aligned(4)));
	volatile uint16_t used_idx;
	volatile struct vq_used_elem used_ring[VQ_SIZE];
	volatile uint16_t avail_event;
	uint16_t last_used; /* the driver's own */
};

extern struct vq vq;
extern uint64_t virtio_base; /* of the device; the first one's at the start */

static inline unsigned virtio_intid(void)
{
	return VIRTIO_INTID +
	       (unsigned)((virtio_base - VIRTIO_BASE) / VIRTIO_STRIDE);
}

static inline uint32_t vm_read(uint64_t reg)
{
	return mmio_read32(virtio_base + reg);
}

static inline void vm_write(uint64_t reg, uint32_t v)
{
	mmio_write32(virtio_base + reg, v);
}

uint64_t virtio_features(void);
/* Writes 0 to Status, waits for it to read 0, empties the queue. */
void virtio_reset(void);
/* ACKNOWLEDGE, DRIVER, FEATURES_OK; whether the device kept FEATURES_OK. */
bool virtio_negotiate(uint64_t features);
/* Queue 0 with `num` entries of `vq`; returns what QueueReady then reads. */
bool virtio_set_queue(uint32_t num);
/* All of it, DRIVER_OK included. */
bool virtio_start(uint64_t features);

/* Makes the chain that begins at `head` available; virtio_kick() tells. */
void virtio_offer(uint16_t head);
void virtio_kick(void);
/* Whether `n` more buffers came back than were taken, within WAIT_US. */
bool virtio_wait(uint16_t n);
/* The oldest returned buffer that was not taken. */
struct vq_used_elem virtio_take(void);

static inline bool virtio_needs_reset(void)
{
	return vm_read(VM_STATUS) & STATUS_NEEDS_RESET;
}

#endif
