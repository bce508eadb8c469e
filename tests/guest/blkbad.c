/*
 * virtio-blk at 0x0a000000 used as no driver may: rings, chains and indirect
 * tables that are wrong, addresses outside RAM (virtio 1.2 sec. 2.7). After
 * each the device is recovered by a reset and works. Needs a disk of 1 MiB or
 * more in the first slot, which is only read.
 */
#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/timer.h"

const char payload_name[] = "blkbad";

static uint8_t in_buf[2 * SECTOR] __attribute__((aligned(4096)));

static void misuse_avail_jump(void)
{
	vq.avail_idx = (uint16_t)(vq.avail_idx + VQ_SIZE + 100);
}

static void misuse_head(void)
{
	virtio_offer(VQ_SIZE);
}

static void misuse_next(void)
{
	vq.desc[0].next = VQ_SIZE + 5;
	virtio_offer(0);
}

static void misuse_loop(void)
{
	vq.desc[1].flags |= DESC_NEXT;
	vq.desc[1].next = 0;
	virtio_offer(0);
}

static void misuse_self_loop(void)
{
	vq.desc[0].next = 0;
	virtio_offer(0);
}

static void misuse_indirect_len(void)
{
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), 24, DESC_INDIRECT, 0);
	virtio_offer(0);
}

static void misuse_indirect_empty(void)
{
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), 0, DESC_INDIRECT, 0);
	virtio_offer(0);
}

static void misuse_indirect_nested(void)
{
	blk_set_desc(&blk_indirect[0], addr_of(blk_indirect), 32, DESC_INDIRECT,
		     0);
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), 32, DESC_INDIRECT, 0);
	virtio_offer(0);
}

static void misuse_indirect_next(void)
{
	blk_set_desc(&blk_indirect[0], addr_of(&blk_hdr), 16, DESC_NEXT, 77);
	blk_set_desc(&vq.desc[0], addr_of(blk_indirect), 32, DESC_INDIRECT, 0);
	virtio_offer(0);
}

static void misuse_short_header(void)
{
	vq.desc[0].len = 8;
	virtio_offer(0);
}

static void misuse_no_status(void)
{
	blk_set_desc(&vq.desc[0], addr_of(&blk_hdr), 16, 0, 0);
	virtio_offer(0);
}

static void misuse_out_after_in(void)
{
	blk_set_desc(&vq.desc[0], addr_of(in_buf), 16, DESC_NEXT | DESC_WRITE,
		     1);
	blk_set_desc(&vq.desc[1], addr_of(&blk_hdr), 16, 0, 0);
	virtio_offer(0);
}

static void misuse_indirect_outside(void)
{
	blk_set_desc(&vq.desc[0], guest_ram_end(), 32, DESC_INDIRECT, 0);
	virtio_offer(0);
}

static void misuse_header_outside(void)
{
	vq.desc[0].addr = guest_ram_end();
	virtio_offer(0);
}

static void misuse_data_outside(void)
{
	vq.desc[1].addr = guest_ram_end() + GIB(4);
	virtio_offer(0);
}

static void misuse_data_over_ram_end(void)
{
	vq.desc[1].addr = guest_ram_end() - 16;
	virtio_offer(0);
}

static void misuse_data_wraps(void)
{
	vq.desc[1].addr = ~UINT64_C(0) - 15;
	virtio_offer(0);
}

static void misuse_data_in_device(void)
{
	vq.desc[1].addr = VIRTIO_BASE;
	virtio_offer(0);
}

static void misuse_status_outside(void)
{
	vq.desc[2].addr = 0x1000;
	virtio_offer(0);
}

static void misuse_huge_len(void)
{
	vq.desc[1].len = 0xfffffe00;
	virtio_offer(0);
}

/*
 * What the device has to do: ask for a reset, or, where only an address is
 * wrong, at least fail the request. QEMU itself may reach something there.
 */
enum answer {
	MUST_RESET,
	MUST_FAIL,
	MAY_EITHER, /* a status byte can be written: IOERR is an answer too */
	MUST_FAIL_NOT_NATIVE, /* QEMU's device would write to itself for ever */
};

static const struct misuse {
	const char *name;
	void (*run)(void);
	enum answer answer;
} misuses[] = {
	{"avail_jump", misuse_avail_jump, MUST_RESET},
	{"head_beyond_queue", misuse_head, MUST_RESET},
	{"next_beyond_queue", misuse_next, MUST_RESET},
	/* Rules out: virtq-chain */
	{"chain_loops", misuse_loop, MUST_RESET},
	{"descriptor_loops", misuse_self_loop, MUST_RESET},
	{"indirect_odd_length", misuse_indirect_len, MUST_RESET},
	{"indirect_empty", misuse_indirect_empty, MUST_RESET},
	/* Rules out: virtq-indirect */
	{"indirect_nested", misuse_indirect_nested, MUST_RESET},
	{"indirect_next_beyond_table", misuse_indirect_next, MUST_RESET},
	{"short_header", misuse_short_header, MAY_EITHER},
	{"no_status_byte", misuse_no_status, MUST_RESET},
	{"readable_after_writable", misuse_out_after_in, MUST_RESET},
	{"indirect_outside_ram", misuse_indirect_outside, MUST_FAIL},
	{"header_outside_ram", misuse_header_outside, MUST_FAIL},
	{"data_outside_ram", misuse_data_outside, MUST_FAIL},
	/* Rules out: buffer-outside */
	{"data_over_ram_end", misuse_data_over_ram_end, MUST_FAIL},
	/* Rules out: length-wraps */
	{"data_wraps", misuse_data_wraps, MUST_FAIL},
	{"data_in_device", misuse_data_in_device, MUST_FAIL_NOT_NATIVE},
	{"status_outside_ram", misuse_status_outside, MUST_FAIL},
	{"huge_length", misuse_huge_len, MUST_FAIL},
};

static bool settled(void)
{
	return virtio_needs_reset() || vq.used_idx != vq.last_used;
}

static const char *misuse_result(const struct misuse *m)
{
	struct blk_seg s = {in_buf, SECTOR};

	if (!virtio_start(BLK_FEATURES | F_INDIRECT_DESC))
		return "device does not start";
	blk_hdr = (struct blk_hdr){.type = BLK_T_IN, .sector = 1};
	blk_build(vq.desc, &s, 1);
	blk_status = 0xee;
	m->run();
	virtio_kick();
	if (!WAIT_FOR(settled()))
		return "no answer";
	if (virtio_needs_reset())
		return vm_read(VM_INTERRUPT_STATUS) & 2 ? NULL
							: "no notification";
	if (m->answer == MUST_RESET)
		return "accepted";
	return guest.native || blk_status != BLK_S_OK ? NULL : "status is OK";
}

static void check_misuse(void)
{
	const char *why;

	for (unsigned i = 0; i < ARRAY_SIZE(misuses); i++) {
		if (guest.native && misuses[i].answer == MUST_FAIL_NOT_NATIVE)
			continue;
		why = misuse_result(&misuses[i]);
		if (!why &&
		    (!virtio_start(BLK_FEATURES) ||
		     blk_request1(BLK_T_IN, 0, in_buf, SECTOR) != BLK_S_OK))
			why = "no recovery by reset";
		if (why)
			check_fail(misuses[i].name, "%s", why);
		else
			check_ok(misuses[i].name);
	}
}

/* Sizes that a queue may not have, tables that are nowhere. */
static void check_bad_queues(void)
{
	static const uint32_t sizes[] = {0, 3, 0x8000, 0xffffffff};
	unsigned accepted = 0;

	if (guest.native)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		virtio_reset();
		virtio_negotiate(BLK_FEATURES);
		accepted += virtio_set_queue(sizes[i]) && !virtio_needs_reset();
	}
	/* Rules out: queue-shape */
	CHECK_EQ("bad_queue_sizes_are_refused", accepted, 0);
}

void payload_main(void)
{
	mmu_on();
	if (!blk_check_device())
		return;
	check_misuse();
	check_bad_queues();
	virtio_reset();
}
