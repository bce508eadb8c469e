/*
 * The MMIO transport with a device of two queues that does as it is told.
 * Register offsets and bits are those of virtio 1.2 sec. 4.2.2 and 2.1.
 */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/virtio_mmio.h>

#include "../host/fake_el2.h"
#include "../host/fake_guest.h"
#include "../host/host.h"
#include "../host/virtio_regs.h"

enum {
	S_ACK = 1,
	S_DRIVER = 2,
	S_DRIVER_OK = 4,
	S_FEATURES_OK = 8
};
enum {
	S_NEEDS_RESET = 64,
	S_FAILED = 128
};

struct world {
	struct fake_guest g;
	struct virtio_mmio t;
	struct virtq vq[2];
	struct virtq_buf bufs[2][64];
	uint32_t regs[VIRTIO_MMIO_SIZE / 4];
	/* of these what a driver has that reads past the caches */
	uint32_t seen[VIRTIO_MMIO_SIZE / 4];
	/* what the device and the line saw */
	unsigned notified[2];
	unsigned resets;
	int notify_result;
	bool line;
	unsigned edges;
};

static uint64_t dev_features(void *dev)
{
	(void)dev;
	return UINT64_C(0x21) | UINT64_C(1) << 40;
}

static int dev_notify(void *dev, unsigned q)
{
	struct world *w = dev;
	struct virtq_chain c;

	assert_true(spin_is_held(&w->t.lock));
	w->notified[q]++;
	while (virtq_pop(&w->vq[q], &c) > 0)
		assert_int_equal(virtq_push(&w->vq[q], &c, 0), 0);
	virtio_mmio_used_locked(&w->t, &w->vq[q]);
	return w->notify_result;
}

static void dev_reset(void *dev)
{
	struct world *w = dev;

	assert_false(w->vq[0].ready);
	w->resets++;
}

static const struct virtio_dev_ops dev_ops = {
	.device_id = 18,
	.features = dev_features,
	.notify = dev_notify,
	.reset = dev_reset,
};

static void set_irq(void *ctx, bool level)
{
	struct world *w = ctx;

	assert_true(level != w->line); /* told of changes only */
	assert_int_equal(w->seen[0x60 / 4] != 0, level);
	w->line = level;
	w->edges++;
}

static struct world world;

/* Of the slot, or of the page that it is in. */
static void cleaned(const void *p, uint64_t len)
{
	const char *from = (const char *)world.regs;
	uint64_t at = (uint64_t)((const char *)p - from);

	if (at < sizeof(world.regs))
		memcpy((char *)world.seen + at, p, len);
}

static void build(struct world *w, const struct virtio_dev_ops *ops)
{
	static const uint32_t config[] = {0x55667788, 0x11223344};
	const struct virtio_mmio_config cfg = {
		.name = "dev",
		.ops = ops,
		.dev = w,
		.queues = w->vq,
		.nr_queues = ops ? 2 : 0,
		.regs = w->regs,
		.config = config,
		.config_len = ops == &dev_ops ? sizeof(config) : 0,
		.set_irq = set_irq,
		.irq_ctx = w,
	};

	virtq_init(&w->vq[0], &w->g.mem, w->bufs[0], 64);
	virtq_init(&w->vq[1], &w->g.mem, w->bufs[1], 16);
	memset(w->regs, 0, sizeof(w->regs));
	virtio_mmio_init(&w->t, &cfg);
	memcpy(w->seen, w->regs, sizeof(w->seen));
	w->resets = 0;
}

static int setup(void **state)
{
	struct world *w = &world;

	memset(w, 0, sizeof(*w));
	fake_hooks.clean = cleaned;
	fake_guest_init(&w->g, 8);
	build(w, &dev_ops);
	host_log_reset();
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	assert_false(spin_is_held(&w->t.lock));
	assert_false(spin_is_held(&w->t.irq_lock));
	fake_hooks.clean = NULL;
	fake_guest_destroy(&w->g);
	return 0;
}

static int access_size(struct world *w, uint64_t off, bool write, unsigned size,
		       uint64_t *value)
{
	struct mmio_op op = {
		.offset = off,
		.value = *value,
		.size = (uint8_t)size,
		.write = write,
	};
	int err = virtio_mmio_access(&w->t, &op);

	assert_false(spin_is_held(&w->t.lock));
	assert_memory_equal(w->seen, w->regs, sizeof(w->seen));
	assert_true(virtio_regs_are_true(&w->t));
	*value = op.value;
	return err;
}

static uint32_t rd(struct world *w, uint64_t off)
{
	uint64_t v = 0xdeadbeefdeadbeef;

	assert_int_equal(access_size(w, off, false, 4, &v), 0);
	assert_int_equal(v >> 32, 0);
	return (uint32_t)v;
}

static int wr_err(struct world *w, uint64_t off, uint64_t v)
{
	return access_size(w, off, true, 4, &v);
}

static void wr(struct world *w, uint64_t off, uint32_t v)
{
	assert_int_equal(wr_err(w, off, v), 0);
}

static void write_features(struct world *w, uint64_t f)
{
	wr(w, 0x024, 0);
	wr(w, 0x020, (uint32_t)f);
	wr(w, 0x024, 1);
	wr(w, 0x020, (uint32_t)(f >> 32));
}

static uint32_t negotiate(struct world *w, uint64_t f)
{
	wr(w, 0x070, 0);
	wr(w, 0x070, S_ACK);
	wr(w, 0x070, S_ACK | S_DRIVER);
	write_features(w, f);
	wr(w, 0x070, S_ACK | S_DRIVER | S_FEATURES_OK);
	return rd(w, 0x070) & S_FEATURES_OK;
}

#define V1 (UINT64_C(1) << 32)

static void describe_queue(struct world *w, uint32_t q, uint32_t num)
{
	fake_ring(&w->g, (uint16_t)num);
	wr(w, 0x030, q);
	wr(w, 0x038, num);
	wr(w, 0x080, (uint32_t)w->g.desc);
	wr(w, 0x084, (uint32_t)(w->g.desc >> 32));
	wr(w, 0x090, (uint32_t)w->g.avail);
	wr(w, 0x094, (uint32_t)(w->g.avail >> 32));
	wr(w, 0x0a0, (uint32_t)w->g.used);
	wr(w, 0x0a4, (uint32_t)(w->g.used >> 32));
}

/* As a driver does it: features, one queue of 16, DRIVER_OK. */
static void bring_up(struct world *w, uint32_t q, uint64_t features)
{
	assert_true(negotiate(w, features));
	describe_queue(w, q, 16);
	wr(w, 0x044, 1);
	wr(w, 0x070, S_ACK | S_DRIVER | S_FEATURES_OK | S_DRIVER_OK);
	assert_int_equal(rd(w, 0x070), 15);
}

static void offer_one(struct world *w)
{
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 8, DESC_WRITE, 0);
	fake_offer(&w->g, 0);
}

static void identity_is_that_of_a_version_2_device(void **state)
{
	struct world *w = *state;

	assert_int_equal(rd(w, 0x000), 0x74726976);
	assert_int_equal(rd(w, 0x004), 2);
	assert_int_equal(rd(w, 0x008), 18);
	assert_memory_equal(&(uint32_t){rd(w, 0x00c)}, "PLTH", 4);
}

static void an_empty_slot_answers_device_id_0_and_nothing_else(void **state)
{
	struct world *w = *state;
	uint64_t v;

	build(w, NULL);
	assert_int_equal(rd(w, 0x000), 0x74726976);
	assert_int_equal(rd(w, 0x004), 2);
	assert_int_equal(rd(w, 0x008), 0);
	assert_memory_equal(&(uint32_t){rd(w, 0x00c)}, "PLTH", 4);
	for (uint64_t off = 0x10; off < 0x200; off += 4) {
		wr(w, off, ~0U);
		if (off != 0x60)
			assert_int_equal(rd(w, off), 0);
	}
	v = 5;
	assert_int_equal(access_size(w, 0x108, false, 8, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(w->edges, 0);
	virtio_mmio_reset(&w->t);
}

static void features_are_read_by_halves(void **state)
{
	struct world *w = *state;

	wr(w, 0x014, 0);
	assert_int_equal(rd(w, 0x010), 0x21 | 1U << 28 | 1U << 29);
	wr(w, 0x014, 1);
	assert_int_equal(rd(w, 0x010), 1 | 1U << 8);
	wr(w, 0x014, 2);
	assert_int_equal(rd(w, 0x010), 0);
	wr(w, 0x014, ~0U);
	assert_int_equal(rd(w, 0x010), 0);
}

static void features_that_are_offered_are_accepted(void **state)
{
	struct world *w = *state;

	assert_true(negotiate(w, V1));
	assert_true(negotiate(w, V1 | 0x21));
	assert_true(
		negotiate(w, V1 | 0x21 | 1ULL << 28 | 1ULL << 29 | 1ULL << 40));
}

/* Rules out: unknown-feature */
static void features_ok_is_refused_for_what_was_not_offered(void **state)
{
	struct world *w = *state;

	for (unsigned bit = 0; bit < 64; bit++) {
		bool offered = bit == 0 || bit == 5 || bit == 28 || bit == 29 ||
			       bit == 32 || bit == 40;

		assert_int_equal(negotiate(w, V1 | UINT64_C(1) << bit) != 0,
				 offered);
	}
}

static void features_ok_is_refused_without_version_1(void **state)
{
	struct world *w = *state;

	assert_false(negotiate(w, 0));
	assert_false(negotiate(w, 0x21));
	assert_int_equal(rd(w, 0x070), S_ACK | S_DRIVER);
	/* the driver may try again with better ones */
	write_features(w, V1);
	wr(w, 0x070, S_ACK | S_DRIVER | S_FEATURES_OK);
	assert_int_equal(rd(w, 0x070), S_ACK | S_DRIVER | S_FEATURES_OK);
}

static void features_ok_is_refused_for_bits_above_63(void **state)
{
	struct world *w = *state;

	wr(w, 0x024, 2);
	wr(w, 0x020, 0); /* asks for nothing: fine */
	write_features(w, V1);
	wr(w, 0x070, S_ACK | S_DRIVER | S_FEATURES_OK);
	assert_true(rd(w, 0x070) & S_FEATURES_OK);
	wr(w, 0x070, 0);
	wr(w, 0x024, 2);
	wr(w, 0x020, 4);
	write_features(w, V1);
	wr(w, 0x070, S_ACK | S_DRIVER | S_FEATURES_OK);
	assert_false(rd(w, 0x070) & S_FEATURES_OK);
}

static void features_are_settled_by_features_ok(void **state)
{
	struct world *w = *state;

	assert_true(negotiate(w, V1));
	write_features(w, V1 | 0x21);
	assert_int_equal(w->t.driver_features, V1);
}

static void driver_ok_needs_features_ok(void **state)
{
	struct world *w = *state;

	wr(w, 0x070, S_ACK | S_DRIVER | S_DRIVER_OK);
	assert_int_equal(rd(w, 0x070), S_ACK | S_DRIVER);
	wr(w, 0x070, 15); /* no VERSION_1, so neither */
	assert_int_equal(rd(w, 0x070), S_ACK | S_DRIVER);
}

static void the_driver_sets_its_own_status_bits_and_clears_none(void **state)
{
	struct world *w = *state;

	wr(w, 0x070, S_ACK | S_NEEDS_RESET | 16 | 32 | 0x100);
	assert_int_equal(rd(w, 0x070), S_ACK);
	wr(w, 0x070, S_FAILED);
	assert_int_equal(rd(w, 0x070), S_ACK | S_FAILED);
	assert_int_equal(w->resets, 0);
	wr(w, 0x070, 0x100); /* not the zero that resets */
	assert_int_equal(rd(w, 0x070), S_ACK | S_FAILED);
}

/* Rules out: device-reset */
static void writing_status_0_resets_everything(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	offer_one(w);
	wr(w, 0x050, 0);
	assert_true(w->line);
	wr(w, 0x014, 1);
	wr(w, 0x070, 0);
	assert_int_equal(w->resets, 2); /* one by negotiate() */
	assert_false(w->line);
	assert_int_equal(rd(w, 0x060), 0);
	assert_int_equal(rd(w, 0x070), 0);
	assert_int_equal(rd(w, 0x044), 0);
	assert_false(w->vq[0].ready);
	assert_int_equal(w->vq[0].setup.desc.v, 0);
	assert_int_equal(w->vq[0].max, 64);
	assert_int_equal(rd(w, 0x010), 0x30000021); /* selector 0 again */
	bring_up(w, 0, V1); /* and it can be used again */
	offer_one(w);
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), 1);
}

static void the_reset_of_the_vm_does_the_same(void **state)
{
	struct world *w = *state;

	bring_up(w, 1, V1);
	offer_one(w);
	wr(w, 0x050, 1);
	virtio_mmio_reset(&w->t);
	assert_false(w->line);
	assert_int_equal(rd(w, 0x070), 0);
	assert_null(w->vq[1].desc.host);
}

static void queue_registers_belong_to_the_selected_queue(void **state)
{
	struct world *w = *state;

	wr(w, 0x030, 0);
	assert_int_equal(rd(w, 0x034), 64);
	wr(w, 0x030, 1);
	assert_int_equal(rd(w, 0x034), 16);
	bring_up(w, 1, V1);
	assert_int_equal(rd(w, 0x044), 1);
	wr(w, 0x030, 0);
	assert_int_equal(rd(w, 0x044), 0);
	assert_int_equal(w->vq[0].setup.num, 0);
	assert_int_equal(w->vq[1].setup.num, 16);
}

static void addresses_are_put_together_from_their_halves(void **state)
{
	struct world *w = *state;

	wr(w, 0x080, 0x11111110);
	wr(w, 0x084, 0x22222222);
	wr(w, 0x094, 0x44444444);
	wr(w, 0x090, 0x33333330);
	wr(w, 0x0a0, 0x55555550);
	wr(w, 0x0a4, 0x66666666);
	assert_int_equal(w->vq[0].setup.desc.v, 0x2222222211111110);
	assert_int_equal(w->vq[0].setup.driver.v, 0x4444444433333330);
	assert_int_equal(w->vq[0].setup.device.v, 0x6666666655555550);
}

static void
a_queue_that_does_not_exist_has_size_0_and_takes_nothing(void **state)
{
	struct world *w = *state;

	assert_true(negotiate(w, V1));
	for (uint32_t q = 2; q; q = q == 2 ? ~0U : 0) {
		wr(w, 0x030, q);
		assert_int_equal(rd(w, 0x034), 0);
		wr(w, 0x038, 16);
		wr(w, 0x080, 0x40000000);
		wr(w, 0x044, 1);
		assert_int_equal(rd(w, 0x044), 0);
	}
	assert_int_equal(rd(w, 0x070) & S_NEEDS_RESET, 0);
}

static void a_queue_is_not_ready_before_features_ok(void **state)
{
	struct world *w = *state;

	wr(w, 0x070, S_ACK | S_DRIVER);
	describe_queue(w, 0, 16);
	wr(w, 0x044, 1);
	assert_int_equal(rd(w, 0x044), 0);
	assert_int_equal(host_log_count(), 1);
}

static void a_queue_that_cannot_be_breaks_the_device(void **state)
{
	static const uint32_t bad_num[] = {0, 3, 65, 128, 65536 + 16, ~0U};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad_num); i++) {
		assert_true(negotiate(w, V1));
		describe_queue(w, 0, 16);
		wr(w, 0x038, bad_num[i]);
		wr(w, 0x044, 1);
		assert_int_equal(rd(w, 0x044), 0);
		assert_true(rd(w, 0x070) & S_NEEDS_RESET);
	}
	assert_true(negotiate(w, V1));
	describe_queue(w, 0, 16);
	wr(w, 0x0a4, 1); /* used ring outside RAM */
	wr(w, 0x044, 1);
	assert_true(rd(w, 0x070) & S_NEEDS_RESET);
	assert_false(w->line); /* no interrupt before DRIVER_OK */
}

static void a_ready_queue_is_frozen_until_it_is_stopped(void **state)
{
	struct world *w = *state;
	struct virtq_setup was;

	bring_up(w, 0, V1);
	was = w->vq[0].setup;
	wr(w, 0x038, 8);
	wr(w, 0x080, 0);
	wr(w, 0x094, 7);
	wr(w, 0x0a0, 0);
	assert_memory_equal(&w->vq[0].setup, &was, sizeof(was));
	offer_one(w);
	wr(w, 0x050, 0);
	wr(w, 0x044, 1); /* once more changes nothing */
	assert_int_equal(w->vq[0].avail_next, 1);
	wr(w, 0x044, 0);
	assert_int_equal(rd(w, 0x044), 0);
	wr(w, 0x038, 8);
	assert_int_equal(w->vq[0].setup.num, 8);
}

static void negotiated_ring_features_reach_the_queue(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	assert_false(w->vq[0].setup.event_idx);
	assert_false(w->vq[0].setup.indirect);
	bring_up(w, 0, V1 | 1U << 28);
	assert_false(w->vq[0].setup.event_idx);
	assert_true(w->vq[0].setup.indirect);
	bring_up(w, 0, V1 | 1U << 29);
	assert_true(w->vq[0].setup.event_idx);
	assert_false(w->vq[0].setup.indirect);
}

static void a_notification_reaches_a_queue_that_lives(void **state)
{
	struct world *w = *state;

	bring_up(w, 1, V1);
	wr(w, 0x050, 1);
	assert_int_equal(w->notified[1], 1);
	assert_int_equal(w->notified[0], 0);
}

static void a_notification_is_ignored_where_nothing_may_be_taken(void **state)
{
	struct world *w = *state;

	wr(w, 0x050, 0);
	assert_true(negotiate(w, V1));
	describe_queue(w, 0, 16);
	wr(w, 0x044, 1);
	offer_one(w);
	wr(w, 0x050, 0); /* not DRIVER_OK yet */
	assert_int_equal(w->notified[0], 0);
	assert_int_equal(fake_used_idx(&w->g), 0);
	wr(w, 0x070, 15);
	wr(w, 0x050, 1); /* not ready */
	wr(w, 0x050, 2); /* not there */
	wr(w, 0x050, ~0U);
	wr(w, 0x050, 0x10000);
	assert_int_equal(w->notified[0] + w->notified[1], 0);
	wr(w, 0x050, 0);
	assert_int_equal(w->notified[0], 1);
}

static void a_device_that_is_not_done_has_the_store_executed_again(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	w->notify_result = -EAGAIN;
	assert_int_equal(wr_err(w, 0x050, 0), -EAGAIN);
	assert_int_equal(rd(w, 0x070), 15);
	w->notify_result = 0;
	wr(w, 0x050, 0);
	assert_int_equal(w->notified[0], 2);
}

static void a_broken_ring_asks_for_a_reset_and_interrupts(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	w->notify_result = -EINVAL;
	wr(w, 0x050, 0);
	assert_int_equal(rd(w, 0x070), 15 | S_NEEDS_RESET);
	assert_int_equal(rd(w, 0x060), 2);
	assert_true(w->line);
	assert_non_null(strstr(host_log_last(), "dev"));
	wr(w, 0x050, 0); /* nothing more is taken */
	assert_int_equal(w->notified[0], 1);
	w->notify_result = 0;
	bring_up(w, 0, V1); /* the reset that it asked for */
	assert_false(w->line);
	wr(w, 0x050, 0);
	assert_int_equal(w->notified[0], 2);
}

static void the_line_is_high_while_a_cause_is_unacknowledged(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	offer_one(w);
	wr(w, 0x050, 0);
	assert_true(w->line);
	assert_int_equal(rd(w, 0x060), 1);
	offer_one(w);
	wr(w, 0x050, 0);
	assert_int_equal(w->edges, 1);
	spin_lock(&w->t.lock);
	virtio_mmio_broken_locked(&w->t, "a cause", -EFAULT);
	spin_unlock(&w->t.lock);
	assert_int_equal(rd(w, 0x060), 3);
	wr(w, 0x064, 1);
	assert_int_equal(rd(w, 0x060), 2);
	assert_true(w->line);
	wr(w, 0x064, 0xfffffffc); /* other bits acknowledge nothing */
	assert_true(w->line);
	wr(w, 0x064, 2);
	assert_false(w->line);
	assert_int_equal(w->edges, 2);
	wr(w, 0x064, 3);
	assert_int_equal(w->edges, 2);
}

static void interrupt_registers_do_not_wait_for_the_device(void **state)
{
	struct world *w = *state;
	struct mmio_op status = {.offset = 0x060, .size = 4};
	struct mmio_op ack = {
		.offset = 0x064, .value = 1, .size = 4, .write = true};

	bring_up(w, 0, V1);
	offer_one(w);
	wr(w, 0x050, 0);
	spin_lock(&w->t.lock); /* another vCPU is inside a long request */
	assert_int_equal(virtio_mmio_access(&w->t, &status), 0);
	assert_int_equal(virtio_mmio_access(&w->t, &ack), 0);
	spin_unlock(&w->t.lock);
	assert_int_equal(status.value, 1);
	assert_false(w->line);
}

static void a_driver_that_wants_no_interrupt_gets_none(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	fake_put16(&w->g, w->g.avail, 1);
	offer_one(w);
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), 1);
	assert_int_equal(rd(w, 0x060), 0);
	assert_int_equal(w->edges, 0);
}

/* Which registers were changed, in order. */
static uint64_t order[8];
static unsigned nr_changes;

static void changed(const void *p, uint64_t len)
{
	cleaned(p, len);
	order[nr_changes++] =
		(uint64_t)((const char *)p - (const char *)world.regs);
}

static void a_reset_is_over_when_status_reads_0(void **state)
{
	struct world *w = *state;

	bring_up(w, 0, V1);
	offer_one(w);
	wr(w, 0x050, 0);
	assert_true(w->line);
	nr_changes = 0;
	fake_hooks.clean = changed;
	wr(w, 0x070, 0);
	assert_true(nr_changes >= 3); /* QueueReady, InterruptStatus */
	assert_int_equal(order[nr_changes - 1], 0x070);
}

/* Rules out: config-torn */
static void configuration_and_its_generation_never_change(void **state)
{
	struct world *w = *state;
	uint32_t generation = rd(w, 0x0fc), low = rd(w, 0x100);

	bring_up(w, 0, V1);
	offer_one(w);
	wr(w, 0x050, 0);
	wr(w, 0x100, ~low);
	spin_lock(&w->t.lock);
	virtio_mmio_broken_locked(&w->t, "a test", -EFAULT);
	spin_unlock(&w->t.lock);
	assert_int_equal(rd(w, 0x100), low);
	assert_int_equal(rd(w, 0x0fc), generation);
	wr(w, 0x070, 0);
	assert_int_equal(rd(w, 0x100), low);
	assert_int_equal(rd(w, 0x0fc), generation);
}

static void config_space_is_read_by_every_size(void **state)
{
	struct world *w = *state;

	for (unsigned size = 1; size <= 8; size *= 2) {
		uint64_t v = 0, mask = ~UINT64_C(0) >> (64 - 8 * size);

		assert_int_equal(access_size(w, 0x100, false, size, &v), 0);
		assert_int_equal(v, 0x1122334455667788 & mask);
		assert_int_equal(access_size(w, 0x108, false, size, &v), 0);
		assert_int_equal(v, 0);
		v = 0x99;
		assert_int_equal(access_size(w, 0x103, true, size, &v), 0);
	}
	assert_int_equal(rd(w, 0x100), 0x55667788);
	assert_int_equal(rd(w, 0x104), 0x11223344);
	assert_int_equal(host_log_count(), 0);
}

static void a_device_without_config_reads_0_and_ignores_writes(void **state)
{
	struct virtio_dev_ops bare = {
		.device_id = 4, .features = dev_features, .notify = dev_notify};
	struct world *w = *state;

	build(w, &bare);
	wr(w, 0x100, 5);
	assert_int_equal(rd(w, 0x100), 0);
	bring_up(w, 0, V1); /* resets without a hook */
}

/* As memory: a driver may have the registers as such. */
static void reads_of_any_size_give_the_bytes_that_are_there(void **state)
{
	struct world *w = *state;

	wr(w, 0x070, S_ACK);
	for (uint64_t off = 0; off + 8 <= VIRTIO_MMIO_SIZE; off++) {
		for (unsigned size = 1; size <= 8; size *= 2) {
			uint64_t v = 0, want = 0;

			memcpy(&want, (const char *)w->regs + off, size);
			assert_int_equal(access_size(w, off, false, size, &v),
					 0);
			assert_int_equal(v, want);
		}
	}
	assert_int_equal(host_log_count(), 0);
}

static void registers_ignore_stores_of_another_size(void **state)
{
	static const struct {
		uint64_t off;
		unsigned size;
	} t[] = {{0x000, 1}, {0x000, 2}, {0x000, 8}, {0x002, 4},
		 {0x001, 4}, {0x0f8, 8}, {0x0fd, 1}, {0x070, 8}};
	struct world *w = *state;

	wr(w, 0x070, S_ACK);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t v = 0;

		assert_int_equal(access_size(w, t[i].off, true, t[i].size, &v),
				 0);
	}
	assert_int_equal(rd(w, 0x070), S_ACK); /* no reset by a wide 0 */
}

static void reserved_registers_read_0_and_ignore_writes(void **state)
{
	struct world *w = *state;

	for (uint64_t off = 0; off < 0x100; off += 4) {
		bool known = off <= 0x10 || off == 0x34 || off == 0x44 ||
			     off == 0x60 || off == 0x70 ||
			     (off >= 0xb0 && off <= 0xbc) || off == 0xfc;

		if (!known)
			assert_int_equal(rd(w, off), 0);
	}
	wr(w, 0x000, 0);
	wr(w, 0x060, 1);
	wr(w, 0x0c0, 1); /* QueueReset, not offered */
	wr(w, 0x0fc, 1);
	assert_int_equal(rd(w, 0x000), 0x74726976);
	assert_int_equal(rd(w, 0x0fc), 0);
	assert_int_equal(w->edges, 0);
}

static void shared_memory_regions_are_absent(void **state)
{
	struct world *w = *state;

	for (uint32_t id = 0; id < 3; id++) {
		wr(w, 0x0ac, id);
		for (uint64_t off = 0xb0; off <= 0xbc; off += 4)
			assert_int_equal(rd(w, off), 0xffffffff);
	}
}

static void warnings_run_dry(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t v = 0;

		assert_int_equal(access_size(w, 0, true, 1, &v), 0);
		wr(w, 0x0e0, 0);
	}
	assert_in_range(host_log_count(), 1, 8);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(identity_is_that_of_a_version_2_device),
		CASE(an_empty_slot_answers_device_id_0_and_nothing_else),
		CASE(features_are_read_by_halves),
		CASE(features_that_are_offered_are_accepted),
		CASE(features_ok_is_refused_for_what_was_not_offered),
		CASE(features_ok_is_refused_without_version_1),
		CASE(features_ok_is_refused_for_bits_above_63),
		CASE(features_are_settled_by_features_ok),
		CASE(driver_ok_needs_features_ok),
		CASE(the_driver_sets_its_own_status_bits_and_clears_none),
		CASE(writing_status_0_resets_everything),
		CASE(the_reset_of_the_vm_does_the_same),
		CASE(queue_registers_belong_to_the_selected_queue),
		CASE(addresses_are_put_together_from_their_halves),
		CASE(a_queue_that_does_not_exist_has_size_0_and_takes_nothing),
		CASE(a_queue_is_not_ready_before_features_ok),
		CASE(a_queue_that_cannot_be_breaks_the_device),
		CASE(a_ready_queue_is_frozen_until_it_is_stopped),
		CASE(negotiated_ring_features_reach_the_queue),
		CASE(a_notification_reaches_a_queue_that_lives),
		CASE(a_notification_is_ignored_where_nothing_may_be_taken),
		CASE(a_device_that_is_not_done_has_the_store_executed_again),
		CASE(a_broken_ring_asks_for_a_reset_and_interrupts),
		CASE(the_line_is_high_while_a_cause_is_unacknowledged),
		CASE(interrupt_registers_do_not_wait_for_the_device),
		CASE(a_driver_that_wants_no_interrupt_gets_none),
		CASE(a_reset_is_over_when_status_reads_0),
		CASE(configuration_and_its_generation_never_change),
		CASE(config_space_is_read_by_every_size),
		CASE(a_device_without_config_reads_0_and_ignores_writes),
		CASE(reads_of_any_size_give_the_bytes_that_are_there),
		CASE(registers_ignore_stores_of_another_size),
		CASE(reserved_registers_read_0_and_ignore_writes),
		CASE(shared_memory_regions_are_absent),
		CASE(warnings_run_dry),
	};

	return cmocka_run_group_tests_name("virtio-mmio", tests, NULL, NULL);
}
