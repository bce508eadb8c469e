/*
 * virtio-blk requests (virtio 1.2 sec. 5.2.6) on the queue of virtio.h, one
 * at a time: header, data segments, status byte as a chain from descriptor 0.
 */
#ifndef PLINTH_GUEST_BLKREQ_H
#define PLINTH_GUEST_BLKREQ_H

#include "virtio.h"

#define SECTOR 512

#define BLK_T_IN     0
#define BLK_T_OUT    1
#define BLK_T_FLUSH  4
#define BLK_T_GET_ID 8
#define BLK_S_OK     0
#define BLK_S_IOERR  1
#define BLK_S_UNSUPP 2
#define BLK_F_FLUSH  BIT(9)

#define BLK_FEATURES (F_VERSION_1 | BLK_F_FLUSH)
#define BLK_MAX_SEGS 8

struct blk_hdr {
	uint32_t type, reserved;
	uint64_t sector;
};

struct blk_seg {
	void *at;
	uint32_t len;
};

extern struct blk_hdr blk_hdr; /* of the next request */
extern volatile uint8_t blk_status;
extern uint32_t blk_used_len; /* of the last request */
extern struct vq_desc blk_indirect[BLK_MAX_SEGS + 2];

void blk_set_desc(struct vq_desc *d, uint64_t addr, uint32_t len,
		  unsigned flags, unsigned next);
/* The chain of blk_hdr, `n` segments and blk_status; its length. */
unsigned blk_build(struct vq_desc *d, const struct blk_seg *segs, unsigned n);
/* Offers the chain at 0; its status byte, or -1 when it does not come back. */
int blk_submit(void);
/* The same, with another way to tell the device, virtio_kick(). */
int blk_submit_by(void (*kick)(void));
int blk_request(uint32_t type, uint64_t sector, const struct blk_seg *segs,
		unsigned n);
int blk_request1(uint32_t type, uint64_t sector, void *at, uint32_t len);

/* Whether a virtio-blk device of version 2 is there; checks by that name. */
bool blk_check_device(void);

#endif
