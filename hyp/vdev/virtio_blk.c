/*
 * virtio block device; virtio_blk.h is the contract.
 *
 * Specification: virtio 1.2 sec. 5.2.6. A request is a byte stream, whatever
 * buffers it is cut into (sec. 2.7.4): 16 bytes of header, then data to write;
 * data read, then the status as the very last writable byte. Data moves
 * straight between guest RAM and the backend, one copy.
 *
 * A request with room for a status always ends with one; a chain without room
 * cannot be answered and breaks the device (DEVICE_NEEDS_RESET).
 *
 * Left out: DISCARD, WRITE_ZEROES, SECURE_ERASE, several queues, write-back
 * control, geometry and topology; none of them is offered.
 */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/virtio_blk.h>

/* Feature bits, sec. 5.2.3. */
#define VIRTIO_BLK_F_SIZE_MAX BIT(1)
#define VIRTIO_BLK_F_SEG_MAX  BIT(2)
#define VIRTIO_BLK_F_RO       BIT(5)
#define VIRTIO_BLK_F_BLK_SIZE BIT(6)
#define VIRTIO_BLK_F_FLUSH    BIT(9)

/* Request types, sec. 5.2.6. */
enum {
	BLK_T_IN = 0,
	BLK_T_OUT = 1,
	BLK_T_FLUSH = 4,
	BLK_T_GET_ID = 8
};

enum blk_status {
	BLK_S_OK = 0,
	BLK_S_IOERR = 1,
	BLK_S_UNSUPP = 2
};

struct blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* The configuration as far as its fields are offered, sec. 5.2.4. */
struct blk_layout {
	uint64_t capacity; /* sectors of 512 bytes */
	uint32_t size_max;
	uint32_t seg_max;
	uint32_t geometry;
	uint32_t blk_size;
};

_Static_assert(sizeof(struct blk_header) == 16, "virtio 1.2 sec. 5.2.6");
_Static_assert(offsetof(struct blk_layout, blk_size) == 20,
	       "virtio 1.2 sec. 5.2.4");

static uint64_t blk_features(void *dev)
{
	const struct virtio_blk *b = dev;

	return VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX |
	       VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH |
	       (b->disk.read_only ? VIRTIO_BLK_F_RO : 0);
}

/*
 * Whether `len` bytes from `sector` on are a run of whole sectors we have. No
 * data at all is an error: a driver that put its buffer into the wrong part of
 * the chain must not read success.
 */
static bool on_disk(const struct virtio_blk *b, uint64_t sector, uint64_t len)
{
	return len && len % BLOCK_SECTOR_SIZE == 0 &&
	       len <= VIRTIO_BLK_REQUEST_MAX &&
	       range_within(sector, len / BLOCK_SECTOR_SIZE, 0,
			    b->disk.nr_sectors);
}

/*
 * Moves `len` bytes between the buffers from `buf` on and the disk at byte
 * `off`, in pieces that are contiguous in host memory, until one fails.
 * Returns the bytes moved. Inlined, so that each direction has its own loop.
 */
static inline uint64_t move(struct virtio_blk *b, struct virtq_buf *buf,
			    uint64_t len, uint64_t off, enum gmem_access access)
{
	const struct block_dev *disk = &b->disk;
	uint64_t left = len;

	while (left) {
		uint64_t n = min_u64(buf->len, left);
		void *p = gmem_ptr(b->mem, buf->at, &n, access);

		if (!p || (access == GMEM_WRITE
				   ? disk->ops->read(disk->ctx, off, p, n)
				   : disk->ops->write(disk->ctx, off, p, n)))
			break;
		off += n;
		left -= n;
		if (__builtin_expect(n == buf->len, 1)) {
			buf++;
		} else {
			buf->at = ipa_add(buf->at, n);
			buf->len -= (uint32_t)n;
		}
	}
	return len - left;
}

static enum blk_status blk_in(struct virtio_blk *b, struct virtq_chain *c,
			      uint64_t sector, uint32_t *written)
{
	uint64_t done;

	if (!on_disk(b, sector, c->in_len))
		return BLK_S_IOERR;
	done = move(b, c->in, c->in_len, sector * BLOCK_SECTOR_SIZE,
		    GMEM_WRITE);
	*written = (uint32_t)done;
	return done == c->in_len ? BLK_S_OK : BLK_S_IOERR;
}

static enum blk_status blk_out(struct virtio_blk *b, struct virtq_chain *c,
			       uint64_t sector)
{
	uint64_t done;

	if (b->disk.read_only || !on_disk(b, sector, c->out_len))
		return BLK_S_IOERR;
	done = move(b, c->out, c->out_len, sector * BLOCK_SECTOR_SIZE,
		    GMEM_READ);
	return done == c->out_len ? BLK_S_OK : BLK_S_IOERR;
}

static enum blk_status blk_get_id(struct virtio_blk *b, struct virtq_chain *c,
				  uint32_t *written)
{
	if (c->in_len != sizeof(b->id) ||
	    virtq_write(&b->vq, c, b->id, sizeof(b->id)))
		return BLK_S_IOERR;
	*written = sizeof(b->id);
	return BLK_S_OK;
}

/*
 * Takes the header off the chain. Drivers put it whole and aligned, and often
 * near the last one: two loads through the window. Whatever else there is goes
 * through a copy.
 */
static inline int blk_header(struct virtio_blk *b, struct virtq_chain *c,
			     struct blk_header *h)
{
	const struct virtq_buf *buf = c->out;
	struct blk_header copy;
	const uint64_t *p = NULL;
	int err;

	if (c->out_len >= sizeof(*h) && buf->len == sizeof(*h) &&
	    is_aligned(buf->at.v, sizeof(uint64_t)))
		p = gmem_window_ptr(b->mem, &b->meta, buf->at, sizeof(*h));
	if (__builtin_expect(p != NULL, 1)) {
		h->type = (uint32_t)__atomic_load_n(p, __ATOMIC_RELAXED);
		h->sector = __atomic_load_n(p + 1, __ATOMIC_RELAXED);
		c->out++;
		c->out_len -= sizeof(*h);
		return 0;
	}
	err = virtq_read(&b->vq, c, &copy, sizeof(copy));
	*h = copy;
	return err;
}

/* The chain without its status byte; *written of its data are written. */
static enum blk_status blk_request(struct virtio_blk *b, struct virtq_chain *c,
				   uint32_t *written)
{
	struct blk_header h;

	if (blk_header(b, c, &h))
		return BLK_S_IOERR;
	switch (h.type) {
	case BLK_T_IN:
		return blk_in(b, c, h.sector, written);
	case BLK_T_OUT:
		return blk_out(b, c, h.sector);
	case BLK_T_FLUSH:
		return b->disk.ops->flush(b->disk.ctx) ? BLK_S_IOERR : BLK_S_OK;
	case BLK_T_GET_ID:
		return blk_get_id(b, c, written);
	default:
		return BLK_S_UNSUPP;
	}
}

/* Serves one chain and returns it; an error breaks the device. */
static int blk_serve(struct virtio_blk *b, struct virtq_chain *c)
{
	const struct virtq_buf *last = c->end - 1;
	uint32_t written = 0;
	enum blk_status result;
	uint8_t *status;
	ipa_t at;

	if (c->in_len == 0)
		return -EINVAL; /* nowhere to put the status */
	at = ipa_add(last->at, last->len - 1U);
	c->in_len--;
	result = blk_request(b, c, &written);
	status = gmem_window_ptr(b->mem, &b->meta, at, 1);
	if (!status)
		return -EFAULT;
	*status = (uint8_t)result;
	return virtq_push(&b->vq, c, written + 1);
}

/* Whether there is a chain to serve; quiet again where listening found one. */
static bool more(struct virtq *q)
{
	if (virtq_has_seen(q))
		return true;
	if (!virtq_listen(q))
		return false;
	virtq_quiet(q);
	return true;
}

/* Serves what is there: 0 all of it, -EAGAIN a bounded part of it. */
static int blk_drain(struct virtio_blk *b)
{
	struct virtq_chain c;
	uint64_t cost = 0;

	virtq_quiet(&b->vq);
	do {
		int err = virtq_pop(&b->vq, &c);

		if (err > 0) {
			cost += VIRTIO_BLK_REQUEST_COST + c.out_len + c.in_len;
			err = blk_serve(b, &c);
		}
		if (err < 0)
			return err;
		if (cost >= VIRTIO_BLK_EXIT_COST)
			return -EAGAIN;
	} while (more(&b->vq));
	return 0;
}

static int blk_notify(void *dev, unsigned q)
{
	struct virtio_blk *b = dev;
	int err = blk_drain(b);

	(void)q;
	virtio_mmio_used_locked(&b->mmio, &b->vq);
	return err;
}

static void blk_reset(void *dev)
{
	struct virtio_blk *b = dev;

	b->meta = (struct gmem_window){.len = 0};
}

static const struct virtio_dev_ops blk_ops = {
	.device_id = VIRTIO_ID_BLK,
	.features = blk_features,
	.notify = blk_notify,
	.reset = blk_reset,
};

void virtio_blk_init(struct virtio_blk *b, const struct virtio_blk_config *cfg)
{
	const struct blk_layout layout = {
		.capacity = cfg->disk.nr_sectors,
		.size_max = VIRTIO_BLK_SIZE_MAX,
		.seg_max = VIRTIO_BLK_SEG_MAX,
		.blk_size = BLOCK_SECTOR_SIZE,
	};
	struct virtio_mmio_config t = {
		.name = cfg->name,
		.ops = &blk_ops,
		.dev = b,
		.queues = &b->vq,
		.nr_queues = 1,
		.regs = cfg->regs,
		.config = &layout,
		.config_len = sizeof(layout),
		.set_irq = cfg->set_irq,
		.irq_ctx = cfg->irq_ctx,
	};

	memset(b, 0, sizeof(*b));
	b->mem = cfg->mem;
	b->disk = cfg->disk;
	memcpy(b->id, cfg->id, strnlen(cfg->id, sizeof(b->id)));
	virtq_init(&b->vq, cfg->mem, b->bufs, VIRTIO_BLK_QUEUE_MAX);
	virtio_mmio_init(&b->mmio, &t);
}
