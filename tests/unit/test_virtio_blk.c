/*
 * The block device, driven through its registers and a ring in guest memory,
 * against a flat disk that can be told to fail. Constants are those of virtio
 * 1.2 sec. 5.2. Every test runs with RAM in one host block and with every page
 * elsewhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/vdev/virtio_blk.h>

#include "../host/fake_guest.h"
#include "../host/host.h"

#define SECTORS 1024
#define HDR     FAKE_DATA
#define STATUS  (FAKE_DATA + 0x20)
#define DATA    (FAKE_DATA + 0x1000)
#define TABLE   (FAKE_DATA + 0x200)

enum {
	T_IN = 0,
	T_OUT = 1,
	T_FLUSH = 4,
	T_GET_ID = 8
};
enum {
	OK = 0,
	IOERR = 1,
	UNSUPP = 2,
	NO_STATUS = 0xee
};

struct world {
	struct fake_guest g;
	uint32_t regs[VIRTIO_MMIO_SIZE / 4];
	struct virtio_blk b;
	uint8_t disk[SECTORS * 512];
	unsigned flushes;
	uint64_t fail_from; /* byte of the disk from which on access fails */
	bool flush_fails;
	bool line;
	uint16_t used; /* entries looked at */
};

static bool fails(struct world *w, uint64_t off, uint64_t len)
{
	assert_true(len > 0 && off + len <= sizeof(w->disk));
	assert_true(spin_is_held(&w->b.mmio.lock));
	return off + len > w->fail_from;
}

static int disk_read(void *ctx, uint64_t off, void *dst, uint64_t len)
{
	struct world *w = ctx;

	if (fails(w, off, len))
		return -EIO;
	memcpy(dst, w->disk + off, len);
	return 0;
}

static int disk_write(void *ctx, uint64_t off, const void *src, uint64_t len)
{
	struct world *w = ctx;

	assert_false(w->b.disk.read_only);
	if (fails(w, off, len))
		return -EIO;
	memcpy(w->disk + off, src, len);
	return 0;
}

static int disk_flush(void *ctx)
{
	struct world *w = ctx;

	w->flushes++;
	return w->flush_fails ? -EIO : 0;
}

static void set_irq(void *ctx, bool level)
{
	struct world *w = ctx;

	w->line = level;
}

static void build(struct world *w, const char *id, bool read_only)
{
	static const struct block_ops ops = {disk_read, disk_write, disk_flush};
	const struct virtio_blk_config cfg = {
		.name = "vda",
		.id = id,
		.mem = &w->g.mem,
		.disk = {&ops, w, SECTORS, read_only},
		.regs = memset(w->regs, 0, sizeof(w->regs)),
		.set_irq = set_irq,
		.irq_ctx = w,
	};

	virtio_blk_init(&w->b, &cfg);
}

static uint64_t reg(struct world *w, uint64_t off, bool write, unsigned size,
		    uint64_t v)
{
	struct mmio_op op = {.offset = off,
			     .value = v,
			     .size = (uint8_t)size,
			     .write = write};

	assert_int_equal(virtio_mmio_access(&w->b.mmio, &op), 0);
	return op.value;
}

static uint32_t rd(struct world *w, uint64_t off)
{
	return (uint32_t)reg(w, off, false, 4, 0);
}

static void wr(struct world *w, uint64_t off, uint64_t v)
{
	(void)reg(w, off, true, 4, (uint32_t)v);
}

static void driver_wr(void *ctx, uint64_t off, uint32_t v)
{
	wr(ctx, off, v);
}

/* Brings the device up with a ring of `num` and these features. */
static void bring_up(struct world *w, uint16_t num, uint32_t features)
{
	const struct fake_driver d = {driver_wr, w};

	fake_driver_begin(&d, features);
	fake_ring(&w->g, num);
	w->used = 0;
	fake_driver_queue(&d, 0, &w->g);
	fake_driver_ok(&d);
	assert_int_equal(rd(w, 0x070), 15);
}

static int setup_with(void **state, unsigned order)
{
	struct world *w = calloc(1, sizeof(*w));

	fake_guest_init(&w->g, order);
	for (size_t i = 0; i < sizeof(w->disk); i++)
		w->disk[i] = (uint8_t)(i / 512 * 7 + i);
	w->fail_from = UINT64_MAX;
	build(w, "plinth-disk", false);
	bring_up(w, 16, 1U << 28);
	host_log_reset();
	*state = w;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 8);
}

static int setup_scattered(void **state)
{
	return setup_with(state, 0);
}

static int teardown(void **state)
{
	struct world *w = *state;

	assert_false(spin_is_held(&w->b.mmio.lock));
	fake_guest_destroy(&w->g);
	free(w);
	return 0;
}

static void header_at(struct world *w, uint64_t ipa, uint32_t type,
		      uint64_t sector)
{
	for (unsigned i = 0; i < 2; i++)
		fake_put16(&w->g, ipa + 2 * i, (uint16_t)(type >> (16 * i)));
	fake_put16(&w->g, ipa + 4, 0);
	fake_put16(&w->g, ipa + 6, 0);
	for (unsigned i = 0; i < 4; i++)
		fake_put16(&w->g, ipa + 8 + 2 * i,
			   (uint16_t)(sector >> (16 * i)));
}

struct seg {
	uint64_t at;
	uint32_t len;
	uint16_t flags; /* 0 or DESC_WRITE */
};

/* Offers these buffers as chain `head`, without ringing. */
static void offer(struct world *w, uint16_t head, const struct seg *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fake_desc(&w->g, w->g.desc, (uint32_t)(head + i), s[i].at,
			  s[i].len,
			  (uint16_t)(s[i].flags | (i + 1 < n ? DESC_NEXT : 0)),
			  (uint16_t)(head + i + 1));
	fake_offer(&w->g, head);
}

/* Rings, and expects that exactly one chain came back: its used.len. */
static uint32_t ring(struct world *w)
{
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), (uint16_t)(w->used + 1));
	return fake_used_len(&w->g, w->used++);
}

/* Runs one chain; the status byte at STATUS starts as NO_STATUS. */
static uint32_t run(struct world *w, const struct seg *s, size_t n)
{
	fake_fill(&w->g, STATUS, NO_STATUS, 2);
	offer(w, 0, s, n);
	return ring(w);
}

static uint8_t status(struct world *w)
{
	return fake_get8(&w->g, STATUS);
}

static void expect_guest(struct world *w, uint64_t ipa, const void *want,
			 uint64_t len)
{
	void *got = malloc(len);

	fake_get(&w->g, ipa, got, len);
	assert_memory_equal(got, want, len);
	free(got);
}

/* The usual framing: header, data, status. */
static uint32_t simple(struct world *w, uint32_t type, uint64_t sector,
		       uint32_t len, uint16_t data_flags)
{
	const struct seg s[] = {
		{HDR, 16, 0}, {DATA, len, data_flags}, {STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, type, sector);
	return run(w, s, 3);
}

static bool needs_reset(struct world *w)
{
	return rd(w, 0x070) & 64;
}

/* Rules out: false-limit */
static void config_says_what_holds(void **state)
{
	struct world *w = *state;

	assert_int_equal(rd(w, 0x008), 2);
	assert_int_equal(reg(w, 0x100, false, 8, 0), SECTORS);
	assert_int_equal(rd(w, 0x100), SECTORS);
	assert_int_equal(rd(w, 0x104), 0);
	assert_int_equal(rd(w, 0x108), 65536); /* size_max */
	assert_int_equal(rd(w, 0x10c), 254);   /* seg_max */
	assert_int_equal(rd(w, 0x114), 512);   /* blk_size */
	assert_int_equal(reg(w, 0x115, false, 1, 0), 2);
	assert_int_equal(reg(w, 0x116, false, 4, 0), 0); /* over the end */
	assert_int_equal(rd(w, 0x118), 0);
	assert_int_equal(reg(w, 0x1f8, false, 8, 0), 0);
	wr(w, 0x030, 0);
	assert_int_equal(rd(w, 0x034), 256); /* header, 254, status */
	wr(w, 0x100, 5);
	assert_int_equal(rd(w, 0x100), SECTORS);
}

static void features_are_the_ones_served(void **state)
{
	struct world *w = *state;
	uint32_t common =
		1U << 1 | 1U << 2 | 1U << 6 | 1U << 9 | 1U << 28 | 1U << 29;

	wr(w, 0x014, 0);
	assert_int_equal(rd(w, 0x010), common);
	build(w, "x", true);
	assert_int_equal(rd(w, 0x010), common | 1U << 5);
}

/* Rules out: used-length */
static void in_reads_and_counts_every_byte(void **state)
{
	struct world *w = *state;

	assert_int_equal(simple(w, T_IN, 3, 4096, DESC_WRITE), 4097);
	assert_int_equal(status(w), OK);
	expect_guest(w, DATA, w->disk + 3 * 512, 4096);
	assert_true(w->line);
	assert_int_equal(rd(w, 0x060), 1);
}

static void out_writes_and_counts_the_status(void **state)
{
	struct world *w = *state;
	uint8_t want[1024];

	memset(want, 0x3c, sizeof(want));
	fake_put(&w->g, DATA, want, sizeof(want));
	assert_int_equal(simple(w, T_OUT, 1022, 1024, 0), 1);
	assert_int_equal(status(w), OK);
	assert_memory_equal(w->disk + 1022 * 512, want, 1024);
}

static void flush_reaches_the_disk(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0}, {STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_FLUSH, 0);
	assert_int_equal(run(w, s, 2), 1);
	assert_int_equal(status(w), OK);
	assert_int_equal(w->flushes, 1);
	w->flush_fails = true;
	assert_int_equal(run(w, s, 2), 1);
	assert_int_equal(status(w), IOERR);
}

/* Rules out: used-length */
static void get_id_is_padded_to_20_bytes(void **state)
{
	struct world *w = *state;

	fake_fill(&w->g, DATA, 0xcc, 64);
	assert_int_equal(simple(w, T_GET_ID, 0, 20, DESC_WRITE), 21);
	assert_int_equal(status(w), OK);
	expect_guest(w, DATA, "plinth-disk\0\0\0\0\0\0\0\0\0", 20);
	assert_int_equal(fake_get8(&w->g, DATA + 20), 0xcc);
}

static void get_id_cuts_a_long_name_at_20_bytes(void **state)
{
	struct world *w = *state;

	build(w, "0123456789abcdefghijKLMNOP", false);
	bring_up(w, 16, 0);
	assert_int_equal(simple(w, T_GET_ID, 0, 20, DESC_WRITE), 21);
	expect_guest(w, DATA, "0123456789abcdefghij", 20);
	build(w, "", false);
	bring_up(w, 16, 0);
	assert_int_equal(simple(w, T_GET_ID, 0, 20, DESC_WRITE), 21);
	expect_guest(w, DATA, (uint8_t[20]){0}, 20);
}

static void get_id_of_another_length_is_an_error(void **state)
{
	static const uint32_t len[] = {0, 1, 19, 21, 512};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(len); i++) {
		fake_fill(&w->g, DATA, 0xcc, 32);
		assert_int_equal(simple(w, T_GET_ID, 0, len[i], DESC_WRITE), 1);
		assert_int_equal(status(w), IOERR);
		assert_int_equal(fake_get8(&w->g, DATA), 0xcc);
	}
}

static void get_id_over_two_buffers_is_served(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{DATA, 7, DESC_WRITE},
				{DATA + 0x1ffc, 13, DESC_WRITE},
				{STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_GET_ID, 0);
	assert_int_equal(run(w, s, 4), 21);
	assert_int_equal(status(w), OK);
	expect_guest(w, DATA, "plinth-", 7);
	expect_guest(w, DATA + 0x1ffc, "disk", 5);
}

static void get_id_outside_ram_is_an_error(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{FAKE_RAM_END - 10, 20, DESC_WRITE},
				{STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_GET_ID, 0);
	assert_int_equal(run(w, s, 3), 1);
	assert_int_equal(status(w), IOERR);
}

static void unknown_types_are_unsupported(void **state)
{
	static const uint32_t type[] = {2,  3,  5,  9,   11,
					13, 14, 16, ~0U, 0x80000000};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		assert_int_equal(simple(w, type[i], 0, 512, DESC_WRITE), 1);
		assert_int_equal(status(w), UNSUPP);
	}
	assert_false(needs_reset(w));
}

/* Rules out: length-wraps */
static void sectors_outside_the_disk_are_errors(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
		uint8_t status;
	} t[] = {{SECTORS - 1, 512, OK},
		 {0, 0, IOERR}, /* no data is a mistake */
		 {SECTORS - 1, 1024, IOERR},
		 {SECTORS, 512, IOERR},
		 {SECTORS + 1, 0, IOERR},
		 {UINT64_MAX, 512, IOERR},
		 {UINT64_C(1) << 55, 512, IOERR},
		 {UINT64_C(1) << 63, 512, IOERR}};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		(void)simple(w, T_IN, t[i].sector, t[i].len, DESC_WRITE);
		assert_int_equal(status(w), t[i].status);
		(void)simple(w, T_OUT, t[i].sector, t[i].len, 0);
		assert_int_equal(status(w), t[i].status);
	}
}

static void lengths_that_are_no_sectors_are_errors(void **state)
{
	static const uint32_t len[] = {1, 511, 513, 4095};
	struct world *w = *state;
	uint8_t *was = malloc(sizeof(w->disk));

	memcpy(was, w->disk, sizeof(w->disk));
	for (size_t i = 0; i < ARRAY_SIZE(len); i++) {
		assert_int_equal(simple(w, T_IN, 0, len[i], DESC_WRITE), 1);
		assert_int_equal(status(w), IOERR);
		assert_int_equal(simple(w, T_OUT, 0, len[i], 0), 1);
		assert_int_equal(status(w), IOERR);
	}
	assert_memory_equal(w->disk, was, sizeof(w->disk));
	free(was);
}

static void a_read_only_disk_refuses_writes_and_serves_reads(void **state)
{
	struct world *w = *state;

	build(w, "ro", true);
	bring_up(w, 16, 0);
	assert_int_equal(simple(w, T_OUT, 0, 512, 0), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(simple(w, T_IN, 0, 512, DESC_WRITE), 513);
	assert_int_equal(status(w), OK);
}

static void a_failing_disk_is_an_io_error_and_not_the_end(void **state)
{
	struct world *w = *state;

	w->fail_from = 512;
	assert_int_equal(simple(w, T_IN, 1, 512, DESC_WRITE), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(simple(w, T_OUT, 1, 512, 0), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(simple(w, T_IN, 0, 512, DESC_WRITE), 513);
	assert_int_equal(status(w), OK);
}

static void a_read_that_fails_half_way_counts_what_arrived(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{DATA, 512, DESC_WRITE},
				{DATA + 512, 512, DESC_WRITE},
				{STATUS, 1, DESC_WRITE}};

	w->fail_from = 512;
	header_at(w, HDR, T_IN, 0);
	assert_int_equal(run(w, s, 4), 513);
	assert_int_equal(status(w), IOERR);
}

static void framing_does_not_matter(void **state)
{
	struct world *w = *state;
	/* header in three, 1024 bytes in odd pieces */
	const struct seg in[] = {{HDR, 1, 0},
				 {HDR + 1, 9, 0},
				 {HDR + 10, 6, 0},
				 {DATA, 1, DESC_WRITE},
				 {DATA + 1, 0, DESC_WRITE},
				 {DATA + 1, 600, DESC_WRITE},
				 {DATA + 601, 423, DESC_WRITE},
				 {STATUS, 1, DESC_WRITE}};
	/* header and data in one */
	const struct seg out[] = {{HDR, 16 + 512, 0}, {STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_IN, 7);
	assert_int_equal(run(w, in, ARRAY_SIZE(in)), 1025);
	assert_int_equal(status(w), OK);
	expect_guest(w, DATA, w->disk + 7 * 512, 1024);

	header_at(w, HDR, T_OUT, 9);
	fake_fill(&w->g, HDR + 16, 0x5a, 512);
	assert_int_equal(run(w, out, 2), 1);
	/* STATUS lies inside the data here, so the disk has NO_STATUS twice */
	assert_int_equal(w->disk[9 * 512 + 511], 0x5a);
	assert_int_equal(w->disk[9 * 512 + 16], NO_STATUS);
	assert_int_equal(status(w), OK);
}

static void the_status_may_share_a_buffer_with_the_data(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{DATA + 0xf00, 512 + 1, DESC_WRITE}};

	header_at(w, HDR, T_IN, 2);
	fake_fill(&w->g, DATA + 0xf00 + 512, NO_STATUS, 2);
	assert_int_equal(run(w, s, 2), 513);
	expect_guest(w, DATA + 0xf00, w->disk + 1024, 512);
	assert_int_equal(fake_get8(&w->g, DATA + 0xf00 + 512), OK);
	assert_int_equal(fake_get8(&w->g, DATA + 0xf00 + 513), NO_STATUS);
}

static void an_empty_buffer_at_the_end_does_not_hide_the_status(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{DATA, 512, DESC_WRITE},
				{STATUS, 1, DESC_WRITE},
				{0xdead, 0, DESC_WRITE}};

	header_at(w, HDR, T_IN, 2);
	assert_int_equal(run(w, s, 4), 513);
	assert_int_equal(status(w), OK);
}

static void out_with_extra_writable_bytes_writes_only_the_status(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0},
				{DATA, 512, 0},
				{DATA + 0x800, 64, DESC_WRITE},
				{STATUS, 1, DESC_WRITE}};

	fake_fill(&w->g, DATA + 0x800, 0xcc, 64);
	header_at(w, HDR, T_OUT, 2);
	assert_int_equal(run(w, s, 4), 1);
	assert_int_equal(status(w), OK);
	assert_int_equal(fake_get8(&w->g, DATA + 0x800), 0xcc);
}

static void a_short_header_is_an_io_error(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 15, 0}, {STATUS, 1, DESC_WRITE}};
	const struct seg none[] = {{STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_FLUSH, 0);
	assert_int_equal(run(w, s, 2), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(run(w, none, 1), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(w->flushes, 0);
}

static void data_in_the_wrong_direction_is_an_io_error(void **state)
{
	struct world *w = *state;

	/* no writable byte but the status */
	fake_fill(&w->g, DATA, 0xcc, 512);
	assert_int_equal(simple(w, T_IN, 0, 512, 0), 1);
	assert_int_equal(fake_get8(&w->g, DATA), 0xcc);
	assert_int_equal(status(w), IOERR);
	/* no readable byte but the header */
	assert_int_equal(simple(w, T_OUT, 0, 512, DESC_WRITE), 1);
	assert_int_equal(status(w), IOERR);
	assert_int_equal(w->disk[1], 1);
}

static void a_chain_without_status_breaks_the_device(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0}, {DATA, 512, 0}};

	header_at(w, HDR, T_OUT, 0);
	offer(w, 0, s, 2);
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), 0);
	assert_true(needs_reset(w));
	assert_int_equal(rd(w, 0x060), 2);
	assert_true(w->line);
}

static void a_status_outside_ram_breaks_the_device(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0}, {FAKE_RAM_END, 1, DESC_WRITE}};

	header_at(w, HDR, T_FLUSH, 0);
	offer(w, 0, s, 2);
	wr(w, 0x050, 0);
	assert_true(needs_reset(w));
}

/* Rules out: buffer-outside */
static void buffers_outside_ram_are_io_errors(void **state)
{
	static const struct {
		uint64_t at;
		uint32_t len;
	} t[] = {{0, 512},
		 {FAKE_RAM - 1, 512},
		 {FAKE_RAM_END - 511, 512},
		 {FAKE_RAM_END, 512},
		 {UINT64_MAX - 511, 512},
		 {UINT64_MAX - 510, 512}};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct seg s[] = {{HDR, 16, 0},
				  {t[i].at, t[i].len, DESC_WRITE},
				  {STATUS, 1, DESC_WRITE}};

		header_at(w, HDR, T_IN, 0);
		assert_int_equal(run(w, s, 3), 1);
		assert_int_equal(status(w), IOERR);
		header_at(w, HDR, T_OUT, 0);
		s[1].flags = 0;
		assert_int_equal(run(w, s, 3), 1);
		assert_int_equal(status(w), IOERR);
	}
	assert_false(needs_reset(w));
}

static void a_header_outside_ram_is_an_io_error(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{FAKE_RAM_END - 8, 16, 0},
				{STATUS, 1, DESC_WRITE}};

	assert_int_equal(run(w, s, 2), 1);
	assert_int_equal(status(w), IOERR);
}

static void a_request_above_every_limit_is_an_io_error(void **state)
{
	struct world *w = *state;
	struct seg s[16] = {{HDR, 16, 0}};

	/* 14 x 4 GiB less one */
	for (size_t i = 1; i < 15; i++)
		s[i] = (struct seg){FAKE_RAM, ~0U, DESC_WRITE};
	s[15] = (struct seg){STATUS, 1, DESC_WRITE};
	header_at(w, HDR, T_IN, 0);
	fake_fill(&w->g, STATUS, NO_STATUS, 1);
	for (size_t i = 0; i < 16; i++)
		fake_desc(&w->g, w->g.desc, (uint32_t)i, s[i].at, s[i].len,
			  (uint16_t)(s[i].flags | (i < 15 ? DESC_NEXT : 0)),
			  (uint16_t)(i + 1));
	fake_offer(&w->g, 0);
	{
		struct mmio_op op = {.offset = 0x050, .size = 4, .write = true};

		assert_int_equal(virtio_mmio_access(&w->b.mmio, &op), -EAGAIN);
	}
	assert_int_equal(status(w), IOERR);
	assert_int_equal(fake_used_len(&w->g, 0), 1);
}

/* Rules out: false-limit */
static void a_request_of_every_segment_is_served(void **state)
{
	struct world *w = *state;

	bring_up(w, 16, 1U << 28);
	header_at(w, HDR, T_IN, 0);
	fake_desc(&w->g, w->g.desc, 0, TABLE, 16 * 256, DESC_INDIRECT, 0);
	fake_desc(&w->g, TABLE, 0, HDR, 16, DESC_NEXT, 1);
	for (uint16_t i = 1; i <= 254; i++)
		fake_desc(&w->g, TABLE, i, DATA + 0x1000 + 512U * (254U - i),
			  512, DESC_NEXT | DESC_WRITE, (uint16_t)(i + 1));
	fake_desc(&w->g, TABLE, 255, STATUS, 1, DESC_WRITE, 0);
	fake_offer(&w->g, 0);
	assert_int_equal(ring(w), 254 * 512 + 1);
	assert_int_equal(status(w), OK);
	for (unsigned i = 0; i < 254; i++)
		expect_guest(w, DATA + 0x1000 + 512U * (253 - i),
			     w->disk + 512U * i, 512);
}

static void many_requests_are_served_by_one_notification(void **state)
{
	struct world *w = *state;

	bring_up(w, 64, 1U << 29);
	fake_set_used_event(&w->g, 19); /* interrupt me after the 20th */
	for (uint16_t i = 0; i < 20; i++) {
		const struct seg s[] = {{HDR + 0x40U * i, 16, 0},
					{DATA + 512U * i, 512, DESC_WRITE},
					{STATUS, 1, DESC_WRITE}};

		header_at(w, HDR + 0x40U * i, T_IN, i);
		offer(w, (uint16_t)(3 * i), s, 3);
	}
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), 20);
	assert_int_equal(fake_used_id(&w->g, 19), 57);
	assert_int_equal(fake_avail_event(&w->g), 20);
	assert_true(w->line);
	expect_guest(w, DATA + 512, w->disk + 512, 19 * 512U);
}

static void one_exit_does_a_bounded_part_and_comes_back(void **state)
{
	struct world *w = *state;
	struct mmio_op op = {.offset = 0x050, .size = 4, .write = true};
	const struct seg s[] = {{HDR, 16, 0}, {STATUS, 1, DESC_WRITE}};
	unsigned exits = 1;

	/* all of a ring of 256, at 16 KiB + 17 each */
	bring_up(w, 256, 0);
	header_at(w, HDR, T_FLUSH, 0);
	offer(w, 0, s, 2);
	for (unsigned i = 1; i < 256; i++)
		fake_offer(&w->g, 0);
	while (virtio_mmio_access(&w->b.mmio, &op) == -EAGAIN) {
		assert_true(w->line); /* what is done is told at once */
		exits++;
	}
	assert_int_equal(exits, 5); /* 64, 64, 64, 64, and a look */
	assert_int_equal(fake_used_idx(&w->g), 256);
	assert_int_equal(w->flushes, 256);
}

/* Rules out: chain-lost */
static void a_ring_that_breaks_after_good_requests_returns_those(void **state)
{
	struct world *w = *state;
	const struct seg s[] = {{HDR, 16, 0}, {STATUS, 1, DESC_WRITE}};

	header_at(w, HDR, T_FLUSH, 0);
	offer(w, 0, s, 2);
	fake_offer(&w->g, 999);
	wr(w, 0x050, 0);
	assert_int_equal(fake_used_idx(&w->g), 1);
	assert_int_equal(w->flushes, 1);
	assert_true(needs_reset(w));
	assert_int_equal(rd(w, 0x060), 3); /* used buffer, and config */
}

/* Rules out: chain-lost */
static void hostile_rings_break_the_device_and_a_reset_heals_it(void **state)
{
	struct world *w = *state;

	for (unsigned i = 0; i < 4; i++) {
		bring_up(w, 16, 0);
		switch (i) {
		case 0: /* loop */
			fake_desc(&w->g, w->g.desc, 0, HDR, 16, DESC_NEXT, 0);
			fake_offer(&w->g, 0);
			break;
		case 1: /* idx jumps */
			fake_put16(&w->g, w->g.avail + 2, 1000);
			break;
		case 2: /* indirect, not negotiated */
			fake_desc(&w->g, w->g.desc, 0, TABLE, 32, DESC_INDIRECT,
				  0);
			fake_offer(&w->g, 0);
			break;
		case 3: /* writable before readable */
			fake_desc(&w->g, w->g.desc, 0, STATUS, 1,
				  DESC_NEXT | DESC_WRITE, 1);
			fake_desc(&w->g, w->g.desc, 1, HDR, 16, 0, 0);
			fake_offer(&w->g, 0);
			break;
		}
		wr(w, 0x050, 0);
		assert_true(needs_reset(w));
		assert_int_equal(fake_used_idx(&w->g), 0);
		bring_up(w, 16, 0);
		assert_int_equal(simple(w, T_IN, 0, 512, DESC_WRITE), 513);
	}
	assert_in_range(host_log_count(), 1, 8);
}

/* Rules out: device-reset */
static void what_was_written_survives_a_reset_of_the_device(void **state)
{
	struct world *w = *state;

	fake_fill(&w->g, DATA, 0x99, 512);
	assert_int_equal(simple(w, T_OUT, 5, 512, 0), 1);
	virtio_mmio_reset(&w->b.mmio);
	bring_up(w, 16, 0);
	assert_int_equal(simple(w, T_IN, 5, 512, DESC_WRITE), 513);
	assert_int_equal(fake_get8(&w->g, DATA), 0x99);
}

/* A read by an indirect table. */
static void read_by_table(struct world *w)
{
	bring_up(w, 16, 1U << 28);
	header_at(w, HDR, T_IN, 5);
	fake_fill(&w->g, STATUS, NO_STATUS, 1);
	fake_desc(&w->g, TABLE, 0, HDR, 16, DESC_NEXT, 1);
	fake_desc(&w->g, TABLE, 1, DATA, 512, DESC_NEXT | DESC_WRITE, 2);
	fake_desc(&w->g, TABLE, 2, STATUS, 1, DESC_WRITE, 0);
	fake_desc(&w->g, w->g.desc, 0, TABLE, 48, DESC_INDIRECT, 0);
	fake_offer(&w->g, 0);
	assert_int_equal(ring(w), 513);
	assert_int_equal(status(w), OK);
	expect_guest(w, DATA, w->disk + 5 * 512, 512);
}

/* Rules out: device-reset */
static void a_reset_forgets_where_memory_was(void **state)
{
	struct world *w = *state;

	read_by_table(w);
	virtio_mmio_reset(&w->b.mmio);
	fake_guest_destroy(&w->g); /* the old blocks are freed */
	fake_guest_init(&w->g, 0);
	read_by_table(w);
}

#define BOTH(f)                                                                \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                   \
		cmocka_unit_test_setup_teardown(f, setup_scattered, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(config_says_what_holds),
		BOTH(features_are_the_ones_served),
		BOTH(in_reads_and_counts_every_byte),
		BOTH(out_writes_and_counts_the_status),
		BOTH(flush_reaches_the_disk),
		BOTH(get_id_is_padded_to_20_bytes),
		BOTH(get_id_cuts_a_long_name_at_20_bytes),
		BOTH(get_id_of_another_length_is_an_error),
		BOTH(get_id_over_two_buffers_is_served),
		BOTH(get_id_outside_ram_is_an_error),
		BOTH(unknown_types_are_unsupported),
		BOTH(sectors_outside_the_disk_are_errors),
		BOTH(lengths_that_are_no_sectors_are_errors),
		BOTH(a_read_only_disk_refuses_writes_and_serves_reads),
		BOTH(a_failing_disk_is_an_io_error_and_not_the_end),
		BOTH(a_read_that_fails_half_way_counts_what_arrived),
		BOTH(framing_does_not_matter),
		BOTH(the_status_may_share_a_buffer_with_the_data),
		BOTH(an_empty_buffer_at_the_end_does_not_hide_the_status),
		BOTH(out_with_extra_writable_bytes_writes_only_the_status),
		BOTH(a_short_header_is_an_io_error),
		BOTH(data_in_the_wrong_direction_is_an_io_error),
		BOTH(a_chain_without_status_breaks_the_device),
		BOTH(a_status_outside_ram_breaks_the_device),
		BOTH(buffers_outside_ram_are_io_errors),
		BOTH(a_header_outside_ram_is_an_io_error),
		BOTH(a_request_above_every_limit_is_an_io_error),
		BOTH(a_request_of_every_segment_is_served),
		BOTH(many_requests_are_served_by_one_notification),
		BOTH(one_exit_does_a_bounded_part_and_comes_back),
		BOTH(a_ring_that_breaks_after_good_requests_returns_those),
		BOTH(hostile_rings_break_the_device_and_a_reset_heals_it),
		BOTH(what_was_written_survives_a_reset_of_the_device),
		BOTH(a_reset_forgets_where_memory_was),
	};

	return cmocka_run_group_tests_name("virtio-blk", tests, NULL, NULL);
}
