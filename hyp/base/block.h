/*
 * What a block device model (hyp/vdev) asks of whatever holds the sectors
 * (drivers/). Synchronous: when a call returns, the bytes are moved.
 *
 * Offsets and lengths are in bytes and need not be multiples of a sector: a
 * guest may spread one sector over several buffers. The caller has checked
 * [off, off + len) against nr_sectors; an implementation checks again and
 * answers -EINVAL. One caller at a time: the device model's lock.
 *
 * Plinth's own interface: docs/design/10-virtio.md.
 */
#ifndef PLINTH_BASE_BLOCK_H
#define PLINTH_BASE_BLOCK_H

#include <base/types.h>

#define BLOCK_SECTOR_SIZE 512U

struct block_ops {
	/* 0, or -Exxx: how much of dst was written is then unspecified. */
	int (*read)(void *ctx, uint64_t off, void *dst, uint64_t len);
	/* 0, or -Exxx: bytes of the range hold their old or new value. */
	int (*write)(void *ctx, uint64_t off, const void *src, uint64_t len);
	/* Everything written before is as durable as it will get. */
	int (*flush)(void *ctx);
};

struct block_dev {
	const struct block_ops *ops;
	void *ctx;
	uint64_t nr_sectors; /* of BLOCK_SECTOR_SIZE; at most 2^55 */
	bool read_only;      /* write is never called */
};

#endif
