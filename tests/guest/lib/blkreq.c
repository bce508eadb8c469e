/*
 * Requests of a driver that may be told to misbehave: the chain can be spoilt
 * between blk_build() and blk_submit().
 */
#include "blkreq.h"

#include "check.h"
#include "timer.h"

struct blk_hdr blk_hdr;
volatile uint8_t blk_status;
uint32_t blk_used_len;
struct vq_desc blk_indirect[BLK_MAX_SEGS + 2] __attribute__((aligned(16)));

void blk_set_desc(struct vq_desc *d, uint64_t addr, uint32_t len,
		  unsigned flags, unsigned next)
{
	d->addr = addr;
	d->len = len;
	d->flags = (uint16_t)flags;
	d->next = (uint16_t)next;
}

unsigned blk_build(struct vq_desc *d, const struct blk_seg *segs, unsigned n)
{
	unsigned dir = blk_hdr.type == BLK_T_OUT ? 0 : DESC_WRITE;

	blk_set_desc(&d[0], addr_of(&blk_hdr), sizeof(blk_hdr), DESC_NEXT, 1);
	for (unsigned i = 1; i <= n; i++)
		blk_set_desc(&d[i], addr_of(segs[i - 1].at), segs[i - 1].len,
			     DESC_NEXT | dir, i + 1);
	blk_set_desc(&d[n + 1], addr_of(&blk_status), 1, DESC_WRITE, 0);
	return n + 2;
}

int blk_submit(void)
{
	return blk_submit_by(virtio_kick);
}

int blk_submit_by(void (*kick)(void))
{
	struct vq_used_elem e;

	blk_status = 0xee;
	virtio_offer(0);
	kick();
	if (!WAIT_FOR(vq.used_idx != vq.last_used || virtio_needs_reset()) ||
	    vq.used_idx == vq.last_used)
		return -1;
	e = virtio_take();
	blk_used_len = e.len;
	return e.id == 0 ? blk_status : -1;
}

int blk_request(uint32_t type, uint64_t sector, const struct blk_seg *segs,
		unsigned n)
{
	blk_hdr = (struct blk_hdr){.type = type, .sector = sector};
	blk_build(vq.desc, segs, n);
	return blk_submit();
}

int blk_request1(uint32_t type, uint64_t sector, void *at, uint32_t len)
{
	struct blk_seg s = {at, len};

	return blk_request(type, sector, &s, 1);
}

bool blk_check_device(void)
{
	CHECK_EQ("magic", vm_read(VM_MAGIC), 0x74726976);
	CHECK_EQ("version", vm_read(VM_VERSION), 2);
	return CHECK_EQ("device_id", vm_read(VM_DEVICE_ID), 2);
}
