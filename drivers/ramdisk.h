/*
 * RAM disk: a disk image in memory, with what was written since kept aside.
 *
 * The image itself is only ever read. Writes go to an overlay of 4 KiB blocks
 * found through a two-level table (a directory of leaves, 512 blocks a leaf),
 * all of it allocated when first written to. The overlay lives until
 * ramdisk_destroy(): a VM's reset does not undo what its disk holds.
 *
 * Locks: none; the device model that owns the disk calls one at a time.
 * Plinth's own structure: docs/design/10-virtio.md. It drives no device.
 */
#ifndef PLINTH_DRIVERS_RAMDISK_H
#define PLINTH_DRIVERS_RAMDISK_H

#include <base/addr.h>
#include <base/block.h>

struct ramdisk_env {
	/* `nr` contiguous pages, content unspecified, or NULL. */
	void *(*pages_alloc)(void *ctx, uint64_t nr);
	void (*pages_free)(void *ctx, void *pages, uint64_t nr);
	void *ctx;
};

struct ramdisk_leaf;

struct ramdisk {
	struct ramdisk_env env;
	const uint8_t *image;
	uint64_t size;             /* bytes: whole sectors of the image */
	struct ramdisk_leaf **dir; /* NULL until the first write */
	uint64_t nr_leaves;        /* entries of dir */
	uint64_t nr_pages;         /* held by the overlay and its tables */
};

/*
 * `size` is the image's length in bytes, of any value; the disk has as many
 * whole sectors as fit. Allocates nothing.
 */
void ramdisk_init(struct ramdisk *d, const struct ramdisk_env *env, hpa_t image,
		  uint64_t size);

/* Gives the overlay's pages back; the disk then holds the image again. */
void ramdisk_destroy(struct ramdisk *d);

/* The disk as a device model's backend; `d` must outlive it. */
struct block_dev ramdisk_block(struct ramdisk *d, bool read_only);

/*
 * Bytes [off, off + len). -EINVAL when that leaves the disk: nothing moves.
 * A write that finds no page for a block returns -ENOMEM: blocks before it are
 * written, it and those after keep what they held.
 */
MUST_CHECK int ramdisk_read(void *disk, uint64_t off, void *dst, uint64_t len);
MUST_CHECK int ramdisk_write(void *disk, uint64_t off, const void *src,
			     uint64_t len);

#endif
