/*
 * Split virtqueue, device side (virtio 1.2 sec. 2.7), for every virtio device.
 *
 * Everything in the three ring areas belongs to the guest and may change under
 * our hands. Each descriptor is read once, into memory of ours; the device
 * keeps its own indices; every count and length is bounded before use. What
 * cannot be answered within the protocol is a negative return: the device then
 * asks for a reset (DEVICE_NEEDS_RESET), it never guesses.
 *
 * Typical use, under the device's lock:
 *
 *	virtq_quiet(q);
 *	do {
 *		got = virtq_pop(q, &chain);
 *		if (got > 0)
 *			... serve chain, then virtq_push(q, &chain, written) ...
 *	} while (got >= 0 && (virtq_has_seen(q) || virtq_listen(q)));
 *	if (virtq_wants_interrupt(q))
 *		... raise the used-buffer interrupt ...
 *
 * Ring addresses become host pointers once, in virtq_enable(); an area that is
 * not contiguous in host memory is looked up element by element. Indirect
 * tables are looked at through a window that stays where the last one was.
 * Pointers and window hold until virtq_disable(): whoever moves or takes away
 * guest RAM disables the VM's queues first.
 *
 * Locks: none of its own; the device's lock covers a queue and its chains.
 * Barriers: acquire after reading avail.idx,
 * release before writing used.idx, full barrier before reading what tells
 * whether the driver wants an interrupt, and between asking for notifications
 * and the last look at the ring.
 */
#ifndef PLINTH_HYP_VDEV_VIRTQ_H
#define PLINTH_HYP_VDEV_VIRTQ_H

#include <base/addr.h>

#include <hyp/gmem.h>

#define VIRTQ_NUM_MAX 32768U /* largest queue size that the spec allows */

/* Descriptor flags, virtio 1.2 sec. 2.7.5. */
#define VIRTQ_DESC_F_NEXT     1U
#define VIRTQ_DESC_F_WRITE    2U
#define VIRTQ_DESC_F_INDIRECT 4U

/* avail.flags and used.flags, sec. 2.7.6 and 2.7.8. */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1U
#define VIRTQ_USED_F_NO_NOTIFY     1U

/* One descriptor as it stands in guest memory, little endian. */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* One buffer of a chain: our copy. len is not 0. */
struct virtq_buf {
	ipa_t at;
	uint32_t len;
};

/*
 * A popped chain: out_len bytes for the device to read, in the buffers from
 * `out` on, and in_len bytes for it to write, in those from `in` up to `end`.
 * The buffers stand in the queue's own memory until the next pop and may be
 * consumed in place. Addresses are unchecked: gmem checks.
 */
struct virtq_chain {
	struct virtq_buf *out;
	struct virtq_buf *in; /* where the readable ones end */
	struct virtq_buf *end;
	uint64_t out_len;
	uint64_t in_len;
	uint32_t head;
};

/* One of the three areas of a ring. */
struct virtq_area {
	ipa_t at;
	uint8_t *host; /* NULL: not contiguous in host memory */
};

/* What the driver asks for, unchecked until virtq_enable(). */
struct virtq_setup {
	ipa_t desc;
	ipa_t driver; /* the available ring */
	ipa_t device; /* the used ring */
	uint32_t num;
	bool event_idx; /* VIRTIO_F_EVENT_IDX negotiated */
	bool indirect;  /* VIRTIO_F_INDIRECT_DESC negotiated */
};

struct virtq {
	struct gmem *mem;
	struct virtq_buf *bufs;   /* max entries */
	struct virtq_setup setup; /* not changed while ready */
	struct virtq_area desc;
	struct virtq_area avail;
	struct virtq_area used;
	struct gmem_window table; /* where indirect tables are */
	uint16_t max;             /* largest num, and longest chain */
	uint16_t num;
	bool ready;
	uint16_t avail_seen; /* avail.idx as last read */
	uint16_t avail_next; /* next available entry to take */
	uint16_t used_idx;   /* entries returned */
	uint16_t used_told;  /* used_idx when last asked about interrupts */
};

/*
 * A queue that is not ready. `max` is a power of two up to VIRTQ_NUM_MAX;
 * `bufs` has that many entries and lives as long as the queue.
 */
void virtq_init(struct virtq *q, struct gmem *mem, struct virtq_buf *bufs,
		uint16_t max);

/*
 * Makes the queue that q->setup describes ready, with fresh indices. -EINVAL:
 * num is 0, not a power of two or above max, or an area is not aligned (16, 2,
 * 4 bytes). -EFAULT: an area is not wholly in RAM. On error it is not ready.
 */
MUST_CHECK int virtq_enable(struct virtq *q);

/* Forgets the ring but not q->setup; the guest's memory stays as it is. */
void virtq_disable(struct virtq *q);

/*
 * Takes the next available chain: 1 and *c filled in, 0 when there is none (or
 * the queue is not ready), or what makes the ring unusable:
 * -EINVAL  avail.idx ahead by more than num; head, next or table length out of
 *          range; INDIRECT unnegotiated, nested or with NEXT; a readable
 *          descriptor after a writable one;
 * -ELOOP   chain longer than the queue's max;
 * -EFAULT  an indirect table not in RAM.
 */
MUST_CHECK int virtq_pop(struct virtq *q, struct virtq_chain *c);

/*
 * Returns a chain to the driver, `written` bytes of it written, counted from
 * the first writable buffer on. -EFAULT: the ring is no longer in RAM.
 */
MUST_CHECK int virtq_push(struct virtq *q, const struct virtq_chain *c,
			  uint32_t written);

/* Whether virtq_pop() need not look at the ring for the next one. If it would
 * have to, virtq_listen() looks as well. */
static inline bool virtq_has_seen(const struct virtq *q)
{
	return q->avail_seen != q->avail_next;
}

/* Asks the driver not to notify (a hint; with event index it needs none). */
void virtq_quiet(struct virtq *q);

/*
 * Asks for a notification of the next available chain, then looks at the ring
 * once more: true when there already is one, to be served now.
 */
MUST_CHECK bool virtq_listen(struct virtq *q);

/*
 * Whether the driver wants an interrupt for what was pushed since the last
 * call; false when nothing was. Ask once, after the pushes.
 */
MUST_CHECK bool virtq_wants_interrupt(struct virtq *q);

/*
 * Copies the next `len` bytes of the chain's readable part, however they are
 * spread over buffers, and takes them off the chain. -EINVAL: it is shorter;
 * -EFAULT: partly outside RAM. On error the chain may be partly consumed.
 */
MUST_CHECK int virtq_read(const struct virtq *q, struct virtq_chain *c,
			  void *dst, uint32_t len);

/* The same for the writable part: fills its next `len` bytes from `src`. */
MUST_CHECK int virtq_write(const struct virtq *q, struct virtq_chain *c,
			   const void *src, uint32_t len);

#endif
