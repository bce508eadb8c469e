/*
 * virtio-blk at 0x0a000000, SPI 16 (virtio 1.2 sec. 4.2, 2.7, 5.2), used as a
 * driver should; misuse is in blkbad.c. Needs a scratch disk of 1 MiB or more
 * in the first slot; its first MiB and its last sector are overwritten.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/mmu.h"
#include "lib/string.h"

const char payload_name[] = "blk";

static uint8_t out_buf[64 * SECTOR] __attribute__((aligned(4096)));
static uint8_t in_buf[64 * SECTOR] __attribute__((aligned(4096)));
#define BATCH 5

static uint64_t capacity; /* sectors */

static void fill(uint8_t *p, uint32_t len, uint32_t seed)
{
	for (uint32_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static bool buffers_equal(uint32_t len)
{
	return memcmp(out_buf, in_buf, len) == 0;
}

/* ------------------------------------------------------------- transport */

static void check_identity(void)
{
	uint64_t f = virtio_features();

	CHECK_EQ("features_version_1", f & F_VERSION_1, F_VERSION_1);
	CHECK_EQ("features_indirect", f & F_INDIRECT_DESC, F_INDIRECT_DESC);
	CHECK_EQ("features_event_idx", f & F_EVENT_IDX, F_EVENT_IDX);
	CHECK_EQ("features_flush", f & BLK_F_FLUSH, BLK_F_FLUSH);
	vm_write(VM_DEVICE_FEAT_SEL, 7);
	if (!guest.native)
		CHECK_EQ("no_features_beyond", vm_read(VM_DEVICE_FEATURES), 0);
	capacity = vm_read(VM_CONFIG) | (uint64_t)vm_read(VM_CONFIG + 4) << 32;
	CHECK("capacity_is_a_mib_or_more", capacity >= 2048);
	CHECK_EQ("config_bytes", mmio_read8(VIRTIO_BASE + VM_CONFIG + 1),
		 capacity >> 8 & 0xff);
	CHECK_EQ("config_halves", mmio_read16(VIRTIO_BASE + VM_CONFIG),
		 capacity & 0xffff);
	CHECK_EQ("config_generation_stands", vm_read(VM_CONFIG_GEN),
		 vm_read(VM_CONFIG_GEN));
}

static void check_handshake(void)
{
	virtio_reset();
	CHECK_EQ("reset_status", vm_read(VM_STATUS), 0);
	CHECK_EQ("reset_queue_ready", vm_read(VM_QUEUE_READY), 0);
	CHECK_EQ("reset_interrupt_status", vm_read(VM_INTERRUPT_STATUS), 0);
	vm_write(VM_QUEUE_SEL, 0);
	CHECK("queue_0_is_there", vm_read(VM_QUEUE_NUM_MAX) >= VQ_SIZE);
	vm_write(VM_QUEUE_SEL, 999);
	CHECK_EQ("queue_999_is_not", vm_read(VM_QUEUE_NUM_MAX), 0);
	CHECK("features_ok_is_kept", virtio_negotiate(BLK_FEATURES));
	CHECK_EQ("status_reads_back", vm_read(VM_STATUS),
		 STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	CHECK("queue_becomes_ready", virtio_set_queue(VQ_SIZE));
	vm_write(VM_MAGIC, 0);
	CHECK_EQ("read_only_register", vm_read(VM_MAGIC), 0x74726976);
	if (guest.native)
		return;
	virtio_reset();
	CHECK("unknown_feature_is_refused",
	      !virtio_negotiate(BLK_FEATURES | BIT(63)));
	virtio_reset();
	CHECK("version_1_is_demanded", !virtio_negotiate(BLK_F_FLUSH));
}

/* ---------------------------------------------------------------- use */

static void check_get_id(void)
{
	bool padded = true, ended = false;

	memset(in_buf, 0xcc, 32);
	CHECK_EQ("get_id", (uint64_t)blk_request1(BLK_T_GET_ID, 0, in_buf, 20),
		 BLK_S_OK);
	for (unsigned i = 0; i < 20; i++) {
		ended = ended || in_buf[i] == 0;
		padded = padded && (!ended || in_buf[i] == 0);
	}
	if (!guest.native)
		/* Rules out: used-length */
		CHECK("get_id_pads_with_zeros", padded);
	CHECK_EQ("get_id_writes_20_bytes", in_buf[20], 0xcc);
}

static void check_read_write(void)
{
	fill(out_buf, sizeof(out_buf), 1);
	CHECK_EQ("write",
		 (uint64_t)blk_request1(BLK_T_OUT, 8, out_buf, sizeof(out_buf)),
		 BLK_S_OK);
	CHECK_EQ("write_used_len", blk_used_len, 1);
	memset(in_buf, 0, sizeof(in_buf));
	CHECK_EQ("read",
		 (uint64_t)blk_request1(BLK_T_IN, 8, in_buf, sizeof(in_buf)),
		 BLK_S_OK);
	CHECK_EQ("read_used_len", blk_used_len, sizeof(in_buf) + 1);
	CHECK("read_what_was_written", buffers_equal(sizeof(in_buf)));
	CHECK_EQ("flush", (uint64_t)blk_request(BLK_T_FLUSH, 0, NULL, 0),
		 BLK_S_OK);
	fill(out_buf, SECTOR, 2);
	CHECK_EQ("write_last_sector",
		 (uint64_t)blk_request1(BLK_T_OUT, capacity - 1, out_buf,
					SECTOR),
		 BLK_S_OK);
	CHECK_EQ("read_last_sector",
		 (uint64_t)blk_request1(BLK_T_IN, capacity - 1, in_buf, SECTOR),
		 BLK_S_OK);
	CHECK("last_sector_holds", buffers_equal(SECTOR));
}

/* Odd segments that add up to whole sectors, in and out. */
static void check_segments(void)
{
	static const uint32_t at[5] = {0, 1, 511, 1536, 2048};
	struct blk_seg s[4];

	for (unsigned i = 0; i < 4; i++)
		s[i] = (struct blk_seg){out_buf + at[i], at[i + 1] - at[i]};
	fill(out_buf, SECTOR, 6);
	blk_request1(BLK_T_OUT, 104, out_buf, SECTOR);
	fill(out_buf, 2048, 3);
	CHECK_EQ("write_segments", (uint64_t)blk_request(BLK_T_OUT, 100, s, 4),
		 BLK_S_OK);
	memset(in_buf, 0, 2048);
	for (unsigned i = 0; i < 4; i++)
		s[i].at = in_buf + at[i];
	CHECK_EQ("read_segments", (uint64_t)blk_request(BLK_T_IN, 100, s, 4),
		 BLK_S_OK);
	CHECK("segments_hold", buffers_equal(2048));
	fill(out_buf, SECTOR, 6);
	CHECK_EQ("read_neighbour_of_segments",
		 (uint64_t)blk_request1(BLK_T_IN, 104, in_buf, SECTOR),
		 BLK_S_OK);
	CHECK("neighbour_of_segments_is_untouched", buffers_equal(SECTOR));
}

static void check_indirect(void)
{
	struct blk_seg s = {out_buf, SECTOR};
	unsigned n;

	CHECK("restart_with_indirect",
	      virtio_start(BLK_FEATURES | F_INDIRECT_DESC));
	fill(out_buf, SECTOR, 4);
	blk_hdr = (struct blk_hdr){.type = BLK_T_OUT, .sector = 200};
	n = blk_build(blk_indirect, &s, 1);
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), n * 16, DESC_INDIRECT,
		     0);
	CHECK_EQ("indirect_write", (uint64_t)blk_submit(), BLK_S_OK);
	memset(in_buf, 0, SECTOR);
	blk_hdr.type = BLK_T_IN;
	s.at = in_buf;
	n = blk_build(blk_indirect, &s, 1);
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), n * 16, DESC_INDIRECT,
		     0);
	CHECK_EQ("indirect_read", (uint64_t)blk_submit(), BLK_S_OK);
	CHECK("indirect_holds", buffers_equal(SECTOR));
}

/* Five reads in one notification; they may return in any order. */
static void check_batch(void)
{
	static struct blk_hdr hdrs[BATCH];
	static volatile uint8_t st[BATCH];
	const uint32_t len = BATCH * SECTOR;
	uint32_t ids = 0;
	bool ok;

	virtio_start(BLK_FEATURES);
	fill(out_buf, len, 5);
	blk_request1(BLK_T_OUT, 300, out_buf, len);
	memset(in_buf, 0, len);
	for (uint64_t i = 0; i < BATCH; i++) {
		struct vq_desc *d = &vq.desc[i * 3];

		st[i] = 0xee;
		hdrs[i] = (struct blk_hdr){BLK_T_IN, 0, 300 + i};
		blk_set_desc(&d[0], addr_of(&hdrs[i]), 16, DESC_NEXT,
			     (unsigned)(i * 3 + 1));
		blk_set_desc(&d[1], addr_of(in_buf + i * SECTOR), SECTOR,
			     DESC_NEXT | DESC_WRITE, (unsigned)(i * 3 + 2));
		blk_set_desc(&d[2], addr_of(&st[i]), 1, DESC_WRITE, 0);
		virtio_offer((uint16_t)(i * 3));
	}
	virtio_kick();
	ok = virtio_wait(BATCH);
	for (unsigned i = 0; ok && i < BATCH; i++)
		ids |= 1U << virtio_take().id;
	CHECK_EQ("batch_returns_each", ids, 0x1249);
	CHECK("batch_statuses", !(st[0] | st[1] | st[2] | st[3] | st[4]));
	CHECK("batch_holds", buffers_equal(len));
}

/* More requests than the ring has entries: indices wrap at 16 and 65536. */
static void check_wrap(void)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < 70000 && !bad; i++)
		bad += blk_request(BLK_T_FLUSH, 0, NULL, 0) != BLK_S_OK;
	CHECK_EQ("ring_indices_wrap", bad, 0);
}

/* --------------------------------------------------------- bad requests */

static void check_bad_requests(void)
{
	CHECK_EQ("read_at_capacity",
		 (uint64_t)blk_request1(BLK_T_IN, capacity, in_buf, SECTOR),
		 BLK_S_IOERR);
	CHECK_EQ("write_at_capacity",
		 (uint64_t)blk_request1(BLK_T_OUT, capacity, out_buf, SECTOR),
		 BLK_S_IOERR);
	CHECK_EQ("read_over_the_end",
		 (uint64_t)blk_request1(BLK_T_IN, capacity - 1, in_buf,
					2 * SECTOR),
		 BLK_S_IOERR);
	CHECK_EQ("read_far_away",
		 (uint64_t)blk_request1(BLK_T_IN, ~UINT64_C(0), in_buf, SECTOR),
		 BLK_S_IOERR);
	CHECK_EQ("read_where_bytes_wrap",
		 (uint64_t)blk_request1(BLK_T_IN, BIT(55), in_buf, SECTOR),
		 BLK_S_IOERR);
	CHECK_EQ("read_of_half_a_sector",
		 (uint64_t)blk_request1(BLK_T_IN, 0, in_buf, SECTOR / 2),
		 BLK_S_IOERR);
	CHECK_EQ("unknown_type",
		 (uint64_t)blk_request1(0x1234, 0, in_buf, SECTOR),
		 BLK_S_UNSUPP);
	CHECK_EQ("good_one_after_bad_ones",
		 (uint64_t)blk_request1(BLK_T_IN, 0, in_buf, SECTOR), BLK_S_OK);
}

/* ------------------------------------------------------------ interrupts */

static void hook_ack(unsigned intid)
{
	(void)intid;
	vm_write(VM_INTERRUPT_ACK, vm_read(VM_INTERRUPT_STATUS));
}

static void check_event_index(void)
{
	virtio_start(BLK_FEATURES | F_EVENT_IDX);
	irq_log_start(hook_ack);
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	CHECK("event_index_first", irq_take(1) && irq_none());
	irq_log_start(hook_ack);
	vq.used_event = 3; /* tell when the fourth one returns */
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	CHECK("event_index_holds_back", irq_none());
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	CHECK("event_index_tells", irq_take(1) && irq_none());
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	/* Rules out: notification-lost */
	CHECK("event_index_tells_once", irq_none());
	CHECK("avail_event_follows", (uint16_t)(vq.avail_event - 4) <= 1);
}

static void check_interrupts(void)
{
	virtio_start(BLK_FEATURES);
	gic_enable(VIRTIO_INTID);
	irq_log_start(hook_ack);
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	CHECK_EQ("interrupt_status_used", vm_read(VM_INTERRUPT_STATUS), 1);
	CHECK("interrupt_is_taken",
	      irq_take(1) && irq_log()->intid[0] == VIRTIO_INTID);
	CHECK_EQ("interrupt_ack_clears", vm_read(VM_INTERRUPT_STATUS), 0);
	CHECK("interrupt_once", irq_none());
	vq.avail_flags = 1; /* VIRTQ_AVAIL_F_NO_INTERRUPT */
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	CHECK("no_interrupt_flag_is_heeded",
	      irq_none() && vm_read(VM_INTERRUPT_STATUS) == 0);
	vq.avail_flags = 0;

	check_event_index();
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	vq.used_event = vq.last_used;
	blk_request(BLK_T_FLUSH, 0, NULL, 0);
	virtio_reset();
	CHECK_EQ("reset_clears_interrupt", vm_read(VM_INTERRUPT_STATUS), 0);
	irq_log_start(hook_ack);
	irq_none(); /* an edge may have been latched */
	irq_log_start(hook_ack);
	/* Rules out: device-reset */
	CHECK("reset_lowers_the_line", irq_none());
	gic_disable(VIRTIO_INTID);
}

void payload_main(void)
{
	mmu_on();
	gic_init_dist();
	gic_init_cpu();
	if (!blk_check_device())
		return;
	check_identity();
	check_handshake();
	if (!CHECK("starts", virtio_start(BLK_FEATURES)))
		return;
	check_get_id();
	check_read_write();
	check_segments();
	check_bad_requests();
	check_indirect();
	check_batch();
	check_interrupts();
	virtio_start(BLK_FEATURES);
	check_wrap();
	virtio_reset();
}
