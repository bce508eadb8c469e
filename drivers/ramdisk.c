/*
 * RAM disk with a copy-on-write overlay; ramdisk.h is the contract.
 *
 * A block of the disk is either clean (served from the image, whole runs in
 * one copy) or dirty (a page of the overlay). A page enters the table only
 * when it holds the block's full content, so a failed allocation loses nothing.
 * The last block may reach past the disk's end; the excess is zero and never
 * served.
 *
 * Left out: giving dirty blocks back on discard, and a quota: the page source
 * is where a VM's share is bounded.
 *
 * Plinth's own structure: docs/design/10-virtio.md.
 */
#include <errno.h>
#include <string.h>

#include <drivers/ramdisk.h>

#define BLOCKS_PER_LEAF (PAGE_SIZE / sizeof(void *))

struct ramdisk_leaf {
	uint8_t *block[BLOCKS_PER_LEAF]; /* NULL: clean */
};

_Static_assert(sizeof(struct ramdisk_leaf) == PAGE_SIZE, "a leaf is a page");

static uint64_t pages_for(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

static uint64_t dir_pages(const struct ramdisk *d)
{
	return pages_for(d->nr_leaves * sizeof(struct ramdisk_leaf *));
}

void ramdisk_init(struct ramdisk *d, const struct ramdisk_env *env, hpa_t image,
		  uint64_t size)
{
	uint64_t blocks;

	*d = (struct ramdisk){.env = *env, .image = hpa_ptr(image)};
	d->size = size - size % BLOCK_SECTOR_SIZE;
	blocks = pages_for(d->size);
	d->nr_leaves = (blocks + BLOCKS_PER_LEAF - 1) / BLOCKS_PER_LEAF;
}

static void *zeroed_pages(struct ramdisk *d, uint64_t nr)
{
	void *p = d->env.pages_alloc(d->env.ctx, nr);

	if (!p)
		return NULL;
	d->nr_pages += nr;
	return memset(p, 0, nr * PAGE_SIZE);
}

static void give_back(struct ramdisk *d, void *pages, uint64_t nr)
{
	d->env.pages_free(d->env.ctx, pages, nr);
	d->nr_pages -= nr;
}

static void free_leaf(struct ramdisk *d, struct ramdisk_leaf *leaf)
{
	for (size_t i = 0; i < BLOCKS_PER_LEAF; i++) {
		if (leaf->block[i])
			give_back(d, leaf->block[i], 1);
	}
	give_back(d, leaf, 1);
}

void ramdisk_destroy(struct ramdisk *d)
{
	if (!d->dir)
		return;
	for (uint64_t i = 0; i < d->nr_leaves; i++) {
		if (d->dir[i])
			free_leaf(d, d->dir[i]);
	}
	give_back(d, d->dir, dir_pages(d));
	d->dir = NULL;
}

static bool outside(const struct ramdisk *d, uint64_t off, uint64_t len)
{
	return len > d->size || off > d->size - len;
}

/*
 * Serves the first piece of [off, off + len): how many bytes of it are
 * together in memory, and where.
 */
static const uint8_t *piece(const struct ramdisk *d, uint64_t off,
			    uint64_t *len)
{
	uint64_t blk = off / PAGE_SIZE;
	uint64_t last = (off + *len - 1) / PAGE_SIZE;
	const struct ramdisk_leaf *leaf = d->dir[blk / BLOCKS_PER_LEAF];
	const uint8_t *dirty = NULL;

	if (leaf)
		dirty = leaf->block[blk % BLOCKS_PER_LEAF];
	if (dirty) {
		*len = min_u64(*len, PAGE_SIZE - off % PAGE_SIZE);
		return dirty + off % PAGE_SIZE;
	}
	while (++blk <= last) {
		leaf = d->dir[blk / BLOCKS_PER_LEAF];
		if (!leaf) {
			blk |= BLOCKS_PER_LEAF - 1; /* all of it is clean */
		} else if (leaf->block[blk % BLOCKS_PER_LEAF]) {
			break;
		}
	}
	*len = min_u64(*len, blk * PAGE_SIZE - off);
	return d->image + off;
}

/* Out of line, so that a disk never written to pays nothing for it. */
static __attribute__((noinline)) void
read_overlaid(const struct ramdisk *d, uint64_t off, uint8_t *to, uint64_t len)
{
	while (len) {
		uint64_t n = len;
		const uint8_t *from = piece(d, off, &n);

		memcpy(to, from, n);
		to += n;
		off += n;
		len -= n;
	}
}

int ramdisk_read(void *disk, uint64_t off, void *dst, uint64_t len)
{
	const struct ramdisk *d = disk;

	if (outside(d, off, len))
		return -EINVAL;
	if (d->dir) {
		read_overlaid(d, off, dst, len);
	} else {
		memcpy(dst, d->image + off, len);
	}
	return 0;
}

/* The table slot of a block, its leaf made if need be; NULL: out of memory. */
static uint8_t **slot_of(struct ramdisk *d, uint64_t blk)
{
	struct ramdisk_leaf **leaf;

	if (!d->dir)
		d->dir = zeroed_pages(d, dir_pages(d));
	if (!d->dir)
		return NULL;
	leaf = &d->dir[blk / BLOCKS_PER_LEAF];
	if (!*leaf)
		*leaf = zeroed_pages(d, 1);
	return *leaf ? &(*leaf)->block[blk % BLOCKS_PER_LEAF] : NULL;
}

/* A page for a block that is about to be overwritten from end to end. */
static uint8_t *blank_page(struct ramdisk *d)
{
	uint8_t *page = d->env.pages_alloc(d->env.ctx, 1);

	if (page)
		d->nr_pages++;
	return page;
}

/* A page with the image's content of block `blk`, zero past the disk's end. */
static uint8_t *copy_of_clean(struct ramdisk *d, uint64_t blk)
{
	uint64_t n = min_u64(PAGE_SIZE, d->size - blk * PAGE_SIZE);
	uint8_t *page = blank_page(d);

	if (!page)
		return NULL;
	memcpy(page, d->image + blk * PAGE_SIZE, n);
	memset(page + n, 0, PAGE_SIZE - n);
	return page;
}

/* `n` bytes, not crossing the end of their block. */
static int write_block(struct ramdisk *d, uint64_t off, const uint8_t *src,
		       uint64_t n)
{
	uint64_t blk = off / PAGE_SIZE;
	uint8_t **slot = slot_of(d, blk);

	if (!slot)
		return -ENOMEM;
	if (!*slot)
		*slot = n == PAGE_SIZE ? blank_page(d) : copy_of_clean(d, blk);
	if (!*slot)
		return -ENOMEM;
	memcpy(*slot + off % PAGE_SIZE, src, n);
	return 0;
}

int ramdisk_write(void *disk, uint64_t off, const void *src, uint64_t len)
{
	struct ramdisk *d = disk;
	const uint8_t *from = src;

	if (outside(d, off, len))
		return -EINVAL;
	while (len) {
		uint64_t n = min_u64(len, PAGE_SIZE - off % PAGE_SIZE);
		int err = write_block(d, off, from, n);

		if (err)
			return err;
		from += n;
		off += n;
		len -= n;
	}
	return 0;
}

static int ramdisk_flush(void *disk)
{
	(void)disk; /* memory is all there is */
	return 0;
}

struct block_dev ramdisk_block(struct ramdisk *d, bool read_only)
{
	static const struct block_ops ops = {
		.read = ramdisk_read,
		.write = ramdisk_write,
		.flush = ramdisk_flush,
	};

	return (struct block_dev){
		.ops = &ops,
		.ctx = d,
		.nr_sectors = d->size / BLOCK_SECTOR_SIZE,
		.read_only = read_only,
	};
}
