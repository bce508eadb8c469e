/*
 * virtio over MMIO, version 2, device side; virtio_mmio.h is the contract.
 *
 * Specification: virtio 1.2 sec. 4.2.2 (registers), 2.1 (status), 2.2
 * (features). Called by the MMIO bus on any vCPU of the VM; see the header for
 * the two locks.
 *
 * What is read is in cfg.regs: put there by whatever changes it, before anybody
 * is told.
 *
 * Left out: legacy (version 1) registers, shared memory regions (their lengths
 * and bases read all ones, as for a region that does not exist), and
 * VIRTIO_F_RING_RESET with its QueueReset register.
 */
#include <errno.h>
#include <string.h>

#include <arch/aarch64/mirror.h>

#include <hyp/vdev/virtio_mmio.h>

/* Register offsets, virtio 1.2 table 4.1. */
enum {
	MAGIC_VALUE = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	VENDOR_ID = 0x00c,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC_LOW = 0x080,
	QUEUE_DESC_HIGH = 0x084,
	QUEUE_DRIVER_LOW = 0x090,
	QUEUE_DRIVER_HIGH = 0x094,
	QUEUE_DEVICE_LOW = 0x0a0,
	QUEUE_DEVICE_HIGH = 0x0a4,
	SHM_SEL = 0x0ac,
	SHM_LEN_LOW = 0x0b0,
	SHM_LAST = 0x0c0, /* and SHMLenHigh, SHMBaseLow, SHMBaseHigh: to here */
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};

#define MAGIC  0x74726976U /* "virt" */
#define VENDOR 0x48544c50U /* "PLTH" */
#define STATUS_DRIVER                                                          \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |                    \
	 VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_FEATURES_OK |                 \
	 VIRTIO_STATUS_FAILED)
#define TRANSPORT_FEATURES                                                     \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

static void warn(struct virtio_mmio *t, const char *what, uint64_t detail)
{
	if (log_limit_ok(&t->warn)) {
		log_warn("%s: %s (0x%lx)", t->cfg.name, what, detail);
	}
}

/* The line follows InterruptStatus: high while a bit of it is set. */
static void int_update(struct virtio_mmio *t, uint32_t set, uint32_t clear)
{
	uint32_t before, after;

	spin_lock(&t->irq_lock);
	before = t->cfg.regs[INTERRUPT_STATUS / 4];
	after = (before | set) & ~clear;
	mirror_put(t->cfg.regs, INTERRUPT_STATUS, after);
	if (!before != !after)
		t->cfg.set_irq(t->cfg.irq_ctx, after != 0);
	spin_unlock(&t->irq_lock);
}

void virtio_mmio_used_locked(struct virtio_mmio *t, struct virtq *q)
{
	if (virtq_wants_interrupt(q))
		int_update(t, VIRTIO_INT_USED, 0);
}

static void set_status(struct virtio_mmio *t, uint32_t status)
{
	t->status = status;
	mirror_put(t->cfg.regs, STATUS, status);
}

void virtio_mmio_broken_locked(struct virtio_mmio *t, const char *why, int err)
{
	if (log_limit_ok(&t->warn)) {
		log_warn("%s: %s (error %d), needs a reset", t->cfg.name, why,
			 err);
	}
	set_status(t, t->status | VIRTIO_STATUS_NEEDS_RESET);
	if (t->status & VIRTIO_STATUS_DRIVER_OK)
		int_update(t, VIRTIO_INT_CONFIG, 0);
}

/* The queue that QueueSel names; NULL: there is none. */
static struct virtq *selected(struct virtio_mmio *t)
{
	return t->queue_sel < t->cfg.nr_queues ? &t->cfg.queues[t->queue_sel]
					       : NULL;
}

/* Half `sel` of a 64-bit feature set; further halves are empty. */
static uint32_t feature_word(uint64_t features, uint32_t sel)
{
	return sel < 2 ? (uint32_t)(features >> (32 * sel)) : 0;
}

/* After a change of DeviceFeaturesSel. */
static void show_features(struct virtio_mmio *t)
{
	mirror_put(t->cfg.regs, DEVICE_FEATURES,
		   feature_word(t->features, t->device_features_sel));
}

/* After a change of QueueSel, or of whether the queue is ready. */
static void show_queue(struct virtio_mmio *t)
{
	const struct virtq *q = selected(t);

	mirror_put(t->cfg.regs, QUEUE_NUM_MAX, q ? q->max : 0);
	mirror_put(t->cfg.regs, QUEUE_READY, q && q->ready);
}

static void reset_locked(struct virtio_mmio *t)
{
	for (unsigned i = 0; i < t->cfg.nr_queues; i++) {
		struct virtq *q = &t->cfg.queues[i];

		virtq_init(q, q->mem, q->bufs, q->max);
	}
	t->driver_features = 0;
	t->driver_features_high = false;
	t->device_features_sel = 0;
	t->driver_features_sel = 0;
	t->queue_sel = 0;
	if (t->cfg.ops && t->cfg.ops->reset)
		t->cfg.ops->reset(t->cfg.dev);
	t->status = 0;
	show_features(t);
	show_queue(t);
	if (t->cfg.set_irq)
		int_update(t, 0, ~0U);
	set_status(t, 0); /* who reads that 0 finds all else reset */
}

void virtio_mmio_reset(struct virtio_mmio *t)
{
	spin_lock(&t->lock);
	reset_locked(t);
	spin_unlock(&t->lock);
}

void virtio_mmio_init(struct virtio_mmio *t,
		      const struct virtio_mmio_config *cfg)
{
	uint32_t *regs = cfg->regs;

	*t = (struct virtio_mmio){.cfg = *cfg};
	regs[MAGIC_VALUE / 4] = MAGIC;
	regs[VERSION / 4] = 2;
	regs[VENDOR_ID / 4] = VENDOR;
	if (cfg->ops) {
		regs[DEVICE_ID / 4] = cfg->ops->device_id;
		memset(&regs[SHM_LEN_LOW / 4], 0xff, SHM_LAST - SHM_LEN_LOW);
		if (cfg->config)
			memcpy(&regs[CONFIG / 4], cfg->config, cfg->config_len);
		t->features = cfg->ops->features(cfg->dev) | TRANSPORT_FEATURES;
	}
	reset_locked(t);
}

static void set_low(uint64_t *v, uint32_t half)
{
	*v = (*v & ~UINT64_C(0xffffffff)) | half;
}

static void set_high(uint64_t *v, uint32_t half)
{
	*v = (*v & 0xffffffff) | (uint64_t)half << 32;
}

static void driver_features_write(struct virtio_mmio *t, uint32_t v)
{
	if (t->status & VIRTIO_STATUS_FEATURES_OK)
		return; /* settled until the next reset */
	if (t->driver_features_sel == 0) {
		set_low(&t->driver_features, v);
	} else if (t->driver_features_sel == 1) {
		set_high(&t->driver_features, v);
	} else if (v) {
		t->driver_features_high = true;
	}
}

static bool features_acceptable(const struct virtio_mmio *t)
{
	return !(t->driver_features & ~t->features) &&
	       !t->driver_features_high &&
	       (t->driver_features & VIRTIO_F_VERSION_1);
}

/* The driver only adds bits; one that it may not set stays clear. */
static void status_write(struct virtio_mmio *t, uint32_t v)
{
	uint32_t add = v & STATUS_DRIVER & ~t->status;

	if (v == 0) {
		reset_locked(t);
		return;
	}
	if ((add & VIRTIO_STATUS_FEATURES_OK) && !features_acceptable(t)) {
		warn(t, "driver features refused", t->driver_features);
		add &= ~VIRTIO_STATUS_FEATURES_OK;
	}
	if (!((t->status | add) & VIRTIO_STATUS_FEATURES_OK))
		add &= ~VIRTIO_STATUS_DRIVER_OK;
	set_status(t, t->status | add);
}

static void queue_ready_write(struct virtio_mmio *t, struct virtq *q,
			      uint32_t v)
{
	int err;

	if (!(v & 1)) {
		virtq_disable(q);
		if (t->cfg.ops->stop)
			t->cfg.ops->stop(t->cfg.dev, t->queue_sel);
		return;
	}
	if (q->ready)
		return;
	if (!(t->status & VIRTIO_STATUS_FEATURES_OK)) {
		warn(t, "queue made ready before FEATURES_OK", t->queue_sel);
		return;
	}
	q->setup.event_idx = t->driver_features & VIRTIO_F_EVENT_IDX;
	q->setup.indirect = t->driver_features & VIRTIO_F_INDIRECT_DESC;
	err = virtq_enable(q);
	if (err)
		virtio_mmio_broken_locked(t, "bad queue", err);
}

/* Registers of the selected queue that describe it; frozen while ready. */
static void queue_setup_write(struct virtio_mmio *t, uint64_t reg, uint32_t v)
{
	struct virtq *q = selected(t);

	if (!q)
		return;
	if (reg == QUEUE_READY) {
		queue_ready_write(t, q, v);
		show_queue(t);
		return;
	}
	if (q->ready)
		return;
	switch (reg) {
	case QUEUE_NUM:
		q->setup.num = v;
		break;
	case QUEUE_DESC_LOW:
		set_low(&q->setup.desc.v, v);
		break;
	case QUEUE_DESC_HIGH:
		set_high(&q->setup.desc.v, v);
		break;
	case QUEUE_DRIVER_LOW:
		set_low(&q->setup.driver.v, v);
		break;
	case QUEUE_DRIVER_HIGH:
		set_high(&q->setup.driver.v, v);
		break;
	case QUEUE_DEVICE_LOW:
		set_low(&q->setup.device.v, v);
		break;
	case QUEUE_DEVICE_HIGH:
		set_high(&q->setup.device.v, v);
		break;
	}
}

static int notify_locked(struct virtio_mmio *t, uint32_t idx)
{
	const uint32_t live =
		VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET;
	int err;

	if ((t->status & live) != VIRTIO_STATUS_DRIVER_OK ||
	    idx >= t->cfg.nr_queues || !t->cfg.queues[idx].ready)
		return 0;
	err = t->cfg.ops->notify(t->cfg.dev, idx);
	if (err == 0 || err == -EAGAIN)
		return err;
	virtio_mmio_broken_locked(t, "unusable ring or request", err);
	return 0;
}

static void reg_write_locked(struct virtio_mmio *t, uint64_t reg, uint32_t v)
{
	switch (reg) {
	case DEVICE_FEATURES_SEL:
		t->device_features_sel = v;
		show_features(t);
		break;
	case DRIVER_FEATURES:
		driver_features_write(t, v);
		break;
	case DRIVER_FEATURES_SEL:
		t->driver_features_sel = v;
		break;
	case QUEUE_SEL:
		t->queue_sel = v;
		show_queue(t);
		break;
	case STATUS:
		status_write(t, v);
		break;
	case SHM_SEL: /* no region exists, whichever is chosen */
		break;
	case QUEUE_NUM:
	case QUEUE_READY:
	case QUEUE_DESC_LOW ... QUEUE_DEVICE_HIGH:
		queue_setup_write(t, reg, v);
		break;
	default:
		warn(t, "write to a register that takes none", reg);
		break;
	}
}

static int reg_write(struct virtio_mmio *t, uint64_t reg, uint32_t v)
{
	int err = 0;

	if (!t->cfg.ops)
		return 0;
	if (reg == INTERRUPT_ACK) {
		int_update(t, 0, v);
		return 0;
	}
	spin_lock(&t->lock);
	if (reg == QUEUE_NOTIFY)
		err = notify_locked(t, v);
	else
		reg_write_locked(t, reg, v);
	spin_unlock(&t->lock);
	return err;
}

int virtio_mmio_access(void *dev, struct mmio_op *op)
{
	struct virtio_mmio *t = dev;

	if (!op->write) {
		op->value = mirror_read(t->cfg.regs, op->offset, op->size);
		return 0;
	}
	if (op->offset >= CONFIG)
		return 0;
	if (op->size != 4 || op->offset % 4) {
		warn(t, "store to a register that is not 32 bits wide",
		     op->offset);
		return 0;
	}
	return reg_write(t, op->offset, (uint32_t)op->value);
}
