/*
 * virtio console device; virtio_console.h is the contract.
 *
 * Specification: virtio 1.2 sec. 5.3. There is no place in a buffer for an
 * error, so a chain that cannot be served breaks the device
 * (DEVICE_NEEDS_RESET): one of the transmitq with a writable part, one of the
 * receiveq with a readable part or without a byte, one that leaves RAM.
 *
 * Left out: VIRTIO_CONSOLE_F_SIZE, VIRTIO_CONSOLE_F_MULTIPORT with its control
 * queues; neither is offered.
 */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/virtio_console.h>

#define VIRTIO_CONSOLE_F_EMERG_WRITE BIT(2)

/* Of the slot: the configuration's emerg_wr, sec. 5.3.4. */
#define EMERG_WR 0x108U

#define RX VIRTIO_CONSOLE_RX
#define TX VIRTIO_CONSOLE_TX

/* ------------------------------------------------------------------ output */

/* Another chain is begun, if there is one and none is under way: as
 * virtq_pop(). */
static int next_chain(struct virtio_console *c, uint32_t *budget)
{
	struct virtq *q = &c->vq[TX];
	int got;

	if (c->sending)
		return 1;
	got = virtq_pop(q, &c->tx);
	if (got <= 0)
		return got;
	if (c->tx.in_len)
		return -EINVAL;
	*budget -= (uint32_t)min_u64(*budget, VIRTIO_CONSOLE_CHAIN_COST);
	c->sending = true;
	return 1;
}

/* The next bytes of the chain, `*budget` at most. -EBUSY: no room. */
static int send_some(struct virtio_console *c, uint32_t *budget)
{
	struct virtq_buf *b = c->tx.out;
	uint64_t n = min_u64(b->len, *budget);
	const uint8_t *p = NULL;
	uint32_t sent;

	if (gmem_contains(c->mem, b->at, b->len))
		p = gmem_ptr(c->mem, b->at, &n, GMEM_READ);
	if (!p)
		return -EFAULT;
	sent = (uint32_t)c->ops.tx(c->ops.ctx, p, n);
	*budget -= sent;
	c->tx.out_len -= sent;
	b->at = ipa_add(b->at, sent);
	b->len -= sent;
	if (b->len == 0)
		c->tx.out++;
	return sent < n ? -EBUSY : 0;
}

/* What is left of the chain. -EAGAIN: the budget is spent. */
static int send_chain(struct virtio_console *c, uint32_t *budget)
{
	int err;

	while (*budget) {
		if (c->tx.out_len == 0) {
			c->sending = false;
			return virtq_push(&c->vq[TX], &c->tx, 0);
		}
		err = send_some(c, budget);
		if (err)
			return err;
	}
	return -EAGAIN;
}

/* 0: all is sent, or no more can be now; -EAGAIN: a bounded part of it. */
static int drain_tx(struct virtio_console *c)
{
	uint32_t budget = VIRTIO_CONSOLE_EXIT_COST;
	int got;

	virtq_quiet(&c->vq[TX]);
	do {
		while ((got = next_chain(c, &budget)) > 0) {
			int err = send_chain(c, &budget);

			if (err)
				return err == -EBUSY ? 0 : err;
		}
	} while (got == 0 && virtq_listen(&c->vq[TX]));
	return got;
}

static void set_has_input(struct virtio_console *c, bool on)
{
	if (c->has_input == on)
		return;
	__atomic_store_n(&c->has_input, on, __ATOMIC_RELAXED);
	__atomic_store_n(&c->wake, true, __ATOMIC_RELEASE);
}

static int notify_tx(struct virtio_console *c)
{
	int err = drain_tx(c);

	virtio_mmio_used_locked(&c->mmio, &c->vq[TX]);
	if (c->sending || c->vq[TX].used_idx)
		set_has_input(c, true);
	return err;
}

static bool is_live(const struct virtio_console *c)
{
	const uint32_t live =
		VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET;

	return (c->mmio.status & live) == VIRTIO_STATUS_DRIVER_OK;
}

/* Something else than a notification has moved chains. */
static void moved(struct virtio_console *c, enum virtio_console_queue q,
		  int err)
{
	virtio_mmio_used_locked(&c->mmio, &c->vq[q]);
	if (err)
		virtio_mmio_broken_locked(&c->mmio, "unusable ring or buffer",
					  err);
}

/* What one call leaves, the console's next one takes: nobody stays here for as
 * long as a guest likes. */
void virtio_console_tx_ready(struct virtio_console *c)
{
	int err;

	spin_lock(&c->mmio.lock);
	if (c->sending && is_live(c)) {
		err = drain_tx(c);
		if (err == -EAGAIN)
			c->ops.want_room(c->ops.ctx);
		moved(c, TX, err == -EAGAIN ? 0 : err);
	}
	spin_unlock(&c->mmio.lock);
}

static int emergency_write(struct virtio_console *c, uint8_t byte)
{
	size_t sent;

	spin_lock(&c->mmio.lock);
	sent = c->ops.tx(c->ops.ctx, &byte, 1);
	spin_unlock(&c->mmio.lock);
	return sent ? 0 : -EAGAIN;
}

/* ------------------------------------------------------------------- input */

static uint32_t waiting(const struct virtio_console *c)
{
	return c->in_head - c->in_tail;
}

/* As much of the ring as the chain takes; the ring may have wrapped. */
static int fill(struct virtio_console *c, struct virtq_chain *chain)
{
	uint32_t left = (uint32_t)min_u64(waiting(c), chain->in_len);
	uint32_t written = left;

	while (left) {
		uint32_t at = c->in_tail % VIRTIO_CONSOLE_INPUT;
		uint32_t n = (uint32_t)min_u64(left, VIRTIO_CONSOLE_INPUT - at);
		int err = virtq_write(&c->vq[RX], chain, c->in + at, n);

		if (err)
			return err;
		c->in_tail += n;
		left -= n;
	}
	return virtq_push(&c->vq[RX], chain, written);
}

static int drain_rx(struct virtio_console *c)
{
	struct virtq *q = &c->vq[RX];
	struct virtq_chain chain;
	int got, err = 0;

	virtq_quiet(q);
	while (waiting(c) && !err) {
		got = virtq_pop(q, &chain);
		if (got < 0)
			return got;
		if (got == 0 && !virtq_listen(q))
			return 0;
		if (got > 0)
			err = chain.out_len || !chain.in_len ? -EINVAL
							     : fill(c, &chain);
	}
	return err;
}

static int notify_rx(struct virtio_console *c)
{
	int err = drain_rx(c);

	virtio_mmio_used_locked(&c->mmio, &c->vq[RX]);
	if (c->starved && waiting(c) < VIRTIO_CONSOLE_INPUT) {
		c->starved = false;
		__atomic_store_n(&c->wake, true, __ATOMIC_RELEASE);
	}
	return err;
}

bool virtio_console_has_input(const struct virtio_console *c)
{
	return __atomic_load_n(&c->has_input, __ATOMIC_RELAXED);
}

size_t virtio_console_rx_room(struct virtio_console *c)
{
	size_t room;

	spin_lock(&c->mmio.lock);
	room = VIRTIO_CONSOLE_INPUT - waiting(c);
	c->starved = room == 0;
	spin_unlock(&c->mmio.lock);
	return room;
}

bool virtio_console_rx_push(struct virtio_console *c, uint8_t byte)
{
	bool room;

	spin_lock(&c->mmio.lock);
	room = waiting(c) < VIRTIO_CONSOLE_INPUT;
	if (room)
		c->in[c->in_head++ % VIRTIO_CONSOLE_INPUT] = byte;
	else
		c->starved = true;
	spin_unlock(&c->mmio.lock);
	return room;
}

void virtio_console_rx_flush(struct virtio_console *c)
{
	spin_lock(&c->mmio.lock);
	if (waiting(c) && is_live(c))
		moved(c, RX, drain_rx(c));
	spin_unlock(&c->mmio.lock);
}

/* -------------------------------------------------------------- the device */

static uint64_t console_features(void *dev)
{
	(void)dev;
	return VIRTIO_CONSOLE_F_EMERG_WRITE;
}

static int console_notify(void *dev, unsigned q)
{
	return q == TX ? notify_tx(dev) : notify_rx(dev);
}

static void console_stop(void *dev, unsigned q)
{
	struct virtio_console *c = dev;

	if (q == TX)
		c->sending = false;
}

/* What was typed is not the guest's yet, and waits for its next driver. */
static void console_reset(void *dev)
{
	struct virtio_console *c = dev;

	console_stop(c, TX);
	set_has_input(c, false);
}

static const struct virtio_dev_ops console_ops = {
	.device_id = VIRTIO_ID_CONSOLE,
	.features = console_features,
	.notify = console_notify,
	.stop = console_stop,
	.reset = console_reset,
};

int virtio_console_access(void *dev, struct mmio_op *op)
{
	struct virtio_console *c = dev;
	int err;

	if (op->write && op->offset == EMERG_WR)
		return emergency_write(c, (uint8_t)op->value);
	err = virtio_mmio_access(&c->mmio, op);
	if (__atomic_load_n(&c->wake, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&c->wake, false, __ATOMIC_ACQ_REL))
		c->ops.rx_drained(c->ops.ctx);
	return err;
}

void virtio_console_init(struct virtio_console *c, const char *name,
			 struct gmem *mem, const struct virtio_console_ops *ops)
{
	const struct virtio_mmio_config t = {
		.name = name,
		.ops = &console_ops,
		.dev = c,
		.queues = c->vq,
		.nr_queues = VIRTIO_CONSOLE_QUEUES,
		.regs = ops->regs,
		.set_irq = ops->set_irq,
		.irq_ctx = ops->irq_ctx,
	};

	memset(c, 0, sizeof(*c));
	c->ops = *ops;
	c->mem = mem;
	for (unsigned i = 0; i < VIRTIO_CONSOLE_QUEUES; i++)
		virtq_init(&c->vq[i], mem, c->bufs[i],
			   VIRTIO_CONSOLE_QUEUE_MAX);
	virtio_mmio_init(&c->mmio, &t);
}
