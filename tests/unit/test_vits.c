/* The virtual ITS: registers, tables in guest memory, commands, errors. */
#include <errno.h>
#include <string.h>

#include <arch/aarch64/vits.h>

#include "../host/host.h"
#include "../host/its_rig.h"

#define V   (1ULL << 63)
#define DEV 3U

static struct vgic_rig rig;

static int setup(void **state)
{
	rig_init_its(&rig, 2, 4);
	rig_guest_init(&rig, false);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* A device with 32 events; event n is LPI 8192 + n at vCPU 0, enabled. */
static struct vgic_rig *started(void **state)
{
	struct vgic_rig *r = *state;

	its_start(r);
	its_mapd(r, DEV);
	for (unsigned i = 0; i < 32; i++) {
		its_config(r, ITS_LPI + i, 0xa0, true);
		its_map(r, DEV, i, ITS_LPI + i, 0);
	}
	return r;
}

static bool is_pending(struct vgic_rig *r, uint32_t lpi)
{
	return rig_state(r, 0, lpi).pending;
}

/* ---------------------------------------------------------------- registers */

static void gic_says_that_there_are_lpis(void **state)
{
	struct vgic_rig *r = *state;

	/* 32 SPIs, MBIS, LPIs, 16 INTID bits, A3V, RSS */
	assert_int_equal(rig_gicd(r, 4), 0x057b0001);
	/* PLPIS, DPGS, Last */
	assert_int_equal(rig_read(r, 0, true, 8, 8), 0x21);
	assert_int_equal(rig_read(r, 0, true, 0x20008, 8), 0x100000131);
	/* CES and IR */
	assert_int_equal(rig_read(r, 0, true, 0, 4), 6);
}

static void its_says_exactly_what_it_is(void **state)
{
	struct vgic_rig *r = *state;

	assert_int_equal(its_read(r, 0, 0x0, 4), 0x80000000);
	assert_int_equal(its_read(r, 0, 0x4, 4), 0x5000143b);
	/* physical, 8 byte ITT entries, 16 bits of events and devices */
	assert_int_equal(its_read(r, 0, 0x8, 8), 0x1ef71);
	assert_int_equal(its_read(r, 0, 0x8, 4), 0x1ef71);
	assert_int_equal(its_read(r, 0, 0xc, 4), 0);
	assert_int_equal(its_read(r, 0, 0xffe8, 4), 0x3b);
	assert_int_equal(its_read(r, 0, 0xffe0, 4), 0x94);
	assert_int_equal(its_read(r, 0, 0xfffc, 4), 0xb1);
	assert_int_equal(its_read(r, 0, 0x100, 8), 0x0107000000000000);
	assert_int_equal(its_read(r, 0, 0x108, 8), 0x0407000000000000);
}

static void registers_that_are_not_there_read_zero(void **state)
{
	static const uint64_t gone[] = {0x10,  0x40,  0x48,    0x98,
					0x110, 0x138, 0x140,   0xc000,
					0xffc, 0xffc, 0x10040, 0x1fff8};
	struct vgic_rig *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
		its_write(r, 0, gone[i], 4, ~0U);
		assert_int_equal(its_read(r, 0, gone[i], 4), 0);
		its_write(r, 0, gone[i], 8, ~0ULL);
		assert_int_equal(its_read(r, 0, gone[i], 8), 0);
	}
	its_write(r, 0, 8, 8, 0);
	its_write(r, 0, 0x90, 8, 0x20);
	assert_int_equal(its_read(r, 0, 8, 8), 0x1ef71);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0);
}

static void sizes_are_as_the_register_is_wide(void **state)
{
	struct vgic_rig *r = *state;

	its_write(r, 0, 0, 8, 1);
	its_write(r, 0, 0, 1, 1);
	its_write(r, 0, 0, 2, 1);
	assert_int_equal(its_read(r, 0, 0, 4), 0x80000000);
	assert_int_equal(its_read(r, 0, 0, 8), 0);
	assert_int_equal(its_read(r, 0, 0xc, 8), 0);
	assert_int_equal(its_read(r, 0, 0xffe8, 8), 0);
	its_write(r, 0, 0x84, 4, 0x80000001);
	its_write(r, 0, 0x80, 4, 0x12345007);
	assert_int_equal(its_read(r, 0, 0x80, 8), 0x8000000112345007);
	its_write(r, 0, 0x104, 4, ~0U);
	assert_int_equal(its_read(r, 0, 0x104, 4), 0xf9e7ffff);
}

static void table_types_and_entry_sizes_stay(void **state)
{
	struct vgic_rig *r = *state;

	its_write(r, 0, 0x100, 8, ~0ULL);
	its_write(r, 0, 0x108, 8, 0);
	assert_int_equal(its_read(r, 0, 0x100, 8), 0xf9e7ffffffffffff);
	assert_int_equal(its_read(r, 0, 0x108, 8), 0x0407000000000000);
}

static void where_things_are_is_fixed_while_enabled(void **state)
{
	struct vgic_rig *r = started(state);
	uint64_t cbaser = its_read(r, 0, 0x80, 8);
	uint64_t baser = its_read(r, 0, 0x100, 8);
	uint64_t prop = rig_read(r, 0, true, 0x70, 8);

	its_write(r, 0, 0x80, 8, 0);
	its_write(r, 0, 0x100, 8, 0);
	rig_write(r, 0, true, 0x70, 8, 0);
	assert_int_equal(its_read(r, 0, 0x80, 8), cbaser);
	assert_int_equal(its_read(r, 0, 0x100, 8), baser);
	assert_int_equal(rig_read(r, 0, true, 0x70, 8), prop);
	its_write(r, 0, 0, 4, 0);
	assert_int_equal(its_read(r, 0, 0, 4), 0x80000000);
	its_write(r, 0, 0x80, 8, cbaser);
	assert_int_equal(its_read(r, 0, 0x88, 8), 0);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0);
}

static void reset_forgets_everything(void **state)
{
	struct vgic_rig *r = started(state);

	its_event(r, CMD_INT, DEV, 1);
	for (unsigned i = 0; i < 2; i++)
		rig_put(r, i);
	vgic_reset(r->g);
	for (unsigned i = 0; i < 2; i++)
		rig_load(r, i);
	assert_int_equal(its_read(r, 0, 0x80, 8), 0);
	assert_int_equal(its_read(r, 0, 0x100, 8), 0x0107000000000000);
	assert_int_equal(its_read(r, 0, 0, 4), 0x80000000);
	assert_int_equal(rig_read(r, 0, true, 0, 4), 6);
	assert_int_equal(rig_read(r, 0, true, 0x70, 8), 0);
	assert_false(is_pending(r, ITS_LPI + 1));
}

static void without_an_its_there_is_none(void **state)
{
	static struct vgic_rig none;

	(void)state;
	rig_init(&none, 1, 4, 32);
	assert_int_equal(rig_gicd(&none, 4) & (1 << 17), 0);
	rig_write(&none, 0, true, 0, 4, 1);
	assert_int_equal(rig_read(&none, 0, true, 0, 4), 0);
	vits_inject(none.g, 0, 0);
	rig_free(&none);
}

static void creation_without_memory_fails(void **state)
{
	for (unsigned n = 1; n <= 8; n++) {
		struct vgic_rig *r = *state;
		struct vgic_config cfg;
		struct vgic *g;

		rig_free(r);
		memset(r, 0, sizeof(*r));
		gich_init(&r->cpu[0], 4);
		r->nr_vcpus = 1;
		r->ram = (uint8_t *)r; /* never touched */
		r->fail_alloc = n;
		cfg = rig_config(r, 32);
		assert_int_equal(vgic_create(&cfg, &g), -ENOMEM);
	}
}

/* ----------------------------------------------------------------- commands */

static void int_and_clear_change_the_pending_state(void **state)
{
	struct vgic_rig *r = started(state);

	its_event(r, CMD_INT, DEV, 5);
	assert_true(is_pending(r, ITS_LPI + 5));
	assert_false(is_pending(r, ITS_LPI + 4));
	its_event(r, CMD_CLEAR, DEV, 5);
	assert_false(is_pending(r, ITS_LPI + 5));
	assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
}

static void mapi_takes_the_event_as_intid(void **state)
{
	struct vgic_rig *r = started(state);
	const uint64_t dev = 7ULL << 32;

	assert_true(
		its_cmd(r, 0, dev | CMD_MAPD, 15, V | its_ipa(ITS_SPARE), 0));
	assert_true(its_cmd(r, 0, dev | CMD_MAPI, 9000, 1, 0));
	/* below the LPIs: not mapped */
	assert_true(its_cmd(r, 0, dev | CMD_MAPI, 100, 1, 0));
	its_event(r, CMD_INT, 7, 100);
	assert_int_equal(rig_state(r, 0, 9000).pending, false);
	/* the entry would be in the pending table; that is the guest's fault */
	its_event(r, CMD_INT, 7, 9000);
	assert_true(rig_state(r, 0, 9000).pending);
	assert_int_equal(rig_state(r, 0, 9000).target, 1);
}

static void discard_unmaps_and_clears(void **state)
{
	struct vgic_rig *r = started(state);

	its_event(r, CMD_INT, DEV, 5);
	its_event(r, CMD_DISCARD, DEV, 5);
	assert_false(is_pending(r, ITS_LPI + 5));
	its_event(r, CMD_INT, DEV, 5);
	assert_false(is_pending(r, ITS_LPI + 5));
	/* of a collection that is not mapped, too */
	assert_true(its_cmd(r, 0, CMD_MAPC, 0, 0, 0));
	its_event(r, CMD_DISCARD, DEV, 6);
	assert_true(its_cmd(r, 0, CMD_MAPC, 0, V, 0));
	its_event(r, CMD_INT, DEV, 6);
	assert_false(is_pending(r, ITS_LPI + 6));
}

static void unmapped_device_and_collection_deliver_nothing(void **state)
{
	struct vgic_rig *r = started(state);

	assert_true(its_cmd(r, 0, CMD_MAPC, 0, 0, 0));
	its_event(r, CMD_INT, DEV, 5);
	assert_false(is_pending(r, ITS_LPI + 5));
	assert_true(its_cmd(r, 0, CMD_MAPC, 0, V, 0));
	its_event(r, CMD_INT, DEV, 5);
	assert_true(is_pending(r, ITS_LPI + 5));
	assert_true(its_cmd(r, 0, (uint64_t)DEV << 32 | CMD_MAPD, 4, 0, 0));
	its_event(r, CMD_INT, DEV, 6);
	assert_false(is_pending(r, ITS_LPI + 6));
}

static void wrong_parameters_are_ignored(void **state)
{
	static const struct {
		const char *what;
		uint64_t dw[4];
	} t[] = {
		{"unknown command", {0xff}},
		{"GICv4 command", {0x29, 0, 0, 0}},
		{"device without entry", {0x5ffff00000008, 4, V, 0}},
		{"too many event bits", {5ULL << 32 | 8, 16, V, 0}},
		{"no such vCPU", {9, 0, V | 2 << 16 | 5, 0}},
		{"MAPTI, no device", {5ULL << 32 | 10, 9000ULL << 32, 0, 0}},
		{"MAPTI, event", {3ULL << 32 | 10, 9000ULL << 32 | 32, 0, 0}},
		{"MAPTI, SPI", {3ULL << 32 | 10, 40ULL << 32 | 1, 0, 0}},
		{"MAPTI, 1023", {3ULL << 32 | 10, 1023ULL << 32 | 1, 0, 0}},
		{"MAPTI, beyond", {3ULL << 32 | 10, 65536ULL << 32 | 1, 0, 0}},
		{"MAPTI, ICID", {3ULL << 32 | 10, 9000ULL << 32, 0x2000, 0}},
		{"MOVI, collection", {3ULL << 32 | 1, 1, 9, 0}},
		{"MOVI, no device", {5ULL << 32 | 1, 1, 1, 0}},
		{"MOVALL from nobody", {14, 0, 7 << 16, 0}},
		{"MOVALL to nobody", {14, 0, 0, 7 << 16}},
		{"INVALL, collection", {13, 0, 9, 0}},
		{"SYNC of nobody", {5, 0, 9 << 16, 0}},
		{"INV, event", {3ULL << 32 | 12, 99, 0, 0}},
	};
	struct vgic_rig *r = started(state);

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		assert_true(its_cmd(r, 0, t[i].dw[0], t[i].dw[1], t[i].dw[2],
				    t[i].dw[3]));
		its_event(r, CMD_INT, DEV, 1);
		assert_true(is_pending(r, ITS_LPI + 1));
		assert_int_equal(rig_state(r, 0, ITS_LPI + 1).target, 0);
		its_event(r, CMD_CLEAR, DEV, 1);
	}
}

static void two_level_tables_work(void **state)
{
	struct vgic_rig *r = *state;
	const uint64_t l2 = V | its_ipa(ITS_SPARE);

	its_start(r);
	its_write(r, 0, 0, 4, 0);
	/* 4 KiB pages: 512 entries to each of the second level */
	its_write(r, 0, 0x100, 8, V | V >> 1 | its_ipa(ITS_DEVICES));
	its_write(r, 0, 0, 4, 1);
	memcpy(r->ram + ITS_DEVICES + 8 * 2, &l2, 8);
	its_config(r, 8200, 0xa0, true);
	its_mapd(r, 1030);
	its_map(r, 1030, 1, 8200, 0);
	its_event(r, CMD_INT, 1030, 1);
	assert_true(is_pending(r, 8200));
	assert_int_not_equal(r->ram[ITS_SPARE + 8 * 6 + 7], 0);
	/* no second level there, and beyond the first */
	its_event(r, CMD_INT, 10, 1);
	assert_true(its_cmd(r, 0, 10ULL << 32 | CMD_MAPD, 4, V, 0));
	assert_true(its_cmd(r, 0, 0xffffffffULL << 32 | CMD_MAPD, 4, V, 0));
}

static void page_sizes_are_what_baser_says(void **state)
{
	static const struct {
		uint64_t size; /* GITS_BASER.Page_Size */
		uint32_t last; /* device in one page */
	} t[] = {{0, 511}, {1, 2047}, {2, 8191}, {3, 8191}};
	struct vgic_rig *r = *state;

	its_start(r);
	its_config(r, 8200, 0xa0, true);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		its_write(r, 0, 0, 4, 0);
		its_write(r, 0, 0x100, 8,
			  V | its_ipa(ITS_DEVICES) | t[i].size << 8);
		its_write(r, 0, 0, 4, 1);
		for (unsigned more = 0; more < 2; more++) {
			uint32_t dev = t[i].last + more;

			its_mapd(r, dev);
			its_map(r, dev, 1, 8200, 0);
			its_event(r, CMD_INT, dev, 1);
			assert_int_equal(is_pending(r, 8200), !more);
			its_event(r, CMD_CLEAR, t[i].last, 1);
		}
	}
}

/* Whatever is written into the tables, nothing but an LPI can come of it. */
static void damaged_tables_lead_nowhere(void **state)
{
	static const uint64_t bad[] = {
		~0ULL,
		V,
		V | 40,
		V | 1023,
		V | 0xffffffff,
		V | 0xffffULL << 32 | 8193,
		8193,
		V | 65536,
		V | 1ULL << 32 | 8191,
	};
	struct vgic_rig *r = started(state);
	const uint64_t no_cpu = V | 0xffff;
	const uint64_t no_itt = V | 31;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memcpy(r->ram + ITS_ITTS + 0x1000 * DEV + 8, &bad[i], 8);
		its_event(r, CMD_INT, DEV, 1);
		its_event(r, CMD_INV, DEV, 1);
		its_event(r, CMD_CLEAR, DEV, 1);
		assert_int_equal(gich_signalled(&r->cpu[0]), -1);
	}
	memcpy(r->ram + ITS_COLLECTIONS, &no_cpu, 8);
	its_event(r, CMD_INT, DEV, 2);
	assert_false(is_pending(r, ITS_LPI + 2));
	memcpy(r->ram + ITS_DEVICES + 8 * DEV, &no_itt, 8);
	its_event(r, CMD_INT, DEV, 2);
	assert_false(is_pending(r, ITS_LPI + 2));
}

/* -------------------------------------------------------------------- queue */

static void memory_errors_stall_until_a_retry(void **state)
{
	struct vgic_rig *r = started(state);
	const uint64_t dev = 5ULL << 32;
	uint64_t at;

	assert_true(its_cmd(r, 0, dev | CMD_MAPD, 4, V | 0x3000000000, 0));
	at = its_read(r, 0, 0x90, 8);
	assert_false(its_cmd(r, 0, dev | CMD_MAPTI, 9000ULL << 32, 0, 0));
	assert_int_equal(its_read(r, 0, 0x90, 8), at | 1);
	its_post(r, 0, (uint64_t)DEV << 32 | CMD_INT, 2, 0, 0);
	assert_int_equal(its_read(r, 0, 0x90, 8), at | 1);
	its_write(r, 0, 0x88, 8, its_read(r, 0, 0x88, 8) | 1);
	assert_int_equal(its_read(r, 0, 0x90, 8), at | 1);
	assert_false(is_pending(r, ITS_LPI + 2));
	memset(r->ram + ITS_QUEUE + at, 0, 32);
	its_write(r, 0, 0x88, 8, its_read(r, 0, 0x88, 8));
	assert_int_equal(its_read(r, 0, 0x90, 8), at | 1);
	its_write(r, 0, 0x88, 4, its_read(r, 0, 0x88, 4) | 1);
	assert_int_equal(its_read(r, 0, 0x90, 8), its_read(r, 0, 0x88, 8));
	assert_true(is_pending(r, ITS_LPI + 2));
	assert_int_equal(its_read(r, 0, 0x88, 8) & 1, 0);
}

static void queue_outside_ram_stalls(void **state)
{
	struct vgic_rig *r = *state;

	its_write(r, 0, 0x80, 8, V | 0x1000);
	its_write(r, 0, 0x88, 8, 0x20);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0);
	its_write(r, 0, 0, 4, 1);
	assert_int_equal(its_read(r, 0, 0x90, 8), 1);
	its_write(r, 0, 0x88, 8, 0x1000); /* beyond the queue */
	assert_int_equal(its_read(r, 0, 0x88, 8), 0x20);
}

static void tables_outside_ram_stall(void **state)
{
	struct vgic_rig *r = started(state);

	r->ram_gone = true;
	its_write(r, 0, 0x88, 8, 0);
	assert_true(its_read(r, 0, 0x90, 8) & 1);
	r->ram_gone = false;
	its_write(r, 0, 0, 4, 0);
	its_write(r, 0, 0x80, 8, V | its_ipa(ITS_QUEUE));
	its_write(r, 0, 0x108, 8, V | 0x1000);
	its_write(r, 0, 0, 4, 1);
	assert_false(its_cmd(r, 0, CMD_MAPC, 0, V, 0));
}

static void nothing_runs_while_off_or_without_queue(void **state)
{
	struct vgic_rig *r = *state;

	its_write(r, 0, 0x80, 8, its_ipa(ITS_QUEUE));
	its_write(r, 0, 0, 4, 1);
	its_write(r, 0, 0x88, 8, 0x40);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0);
	its_write(r, 0, 0, 4, 0);
	its_write(r, 0, 0x80, 8, V | its_ipa(ITS_QUEUE));
	its_write(r, 0, 0x88, 8, 0x40);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0);
	its_write(r, 0, 0, 4, 1);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0x40);
}

/* Commands that are none, as many as a queue has room for. */
static void empty_queue_of_64_kib(struct vgic_rig *r)
{
	its_write(r, 0, 0, 4, 0);
	its_write(r, 0, 0x80, 8, V | its_ipa(ITS_QUEUE) | 15);
	memset(r->ram + ITS_QUEUE, 0, 0x10000);
	its_write(r, 0, 0, 4, 1);
}

/* One access does a part; the vCPU comes back for the rest. */
static void long_queues_are_done_in_bouts(void **state)
{
	struct vgic_rig *r = started(state);
	uint64_t start;

	empty_queue_of_64_kib(r);
	its_write(r, 0, 0x88, 8, 0xffe0);
	rig_on(r, 1);
	start = its_read(r, 1, 0x90, 8);
	assert_in_range(start, 1, 0x4000);
	rig_settle(r);
	assert_int_equal(its_read(r, 0, 0x90, 8), 0xffe0);
	assert_in_range(r->again, 10, 1000);
}

/* It would have nobody to do them. */
static void who_has_commands_to_go_on_with_does_not_sleep(void **state)
{
	struct vgic_rig *r = started(state);

	empty_queue_of_64_kib(r);
	rig_on(r, 0);
	assert_false(vgic_has_pending(r->g, 0));
	its_write(r, 0, 0x88, 8, 0xffe0);
	rig_on(r, 0);
	assert_true(vgic_has_pending(r->g, 0));
	rig_put(r, 0);
	assert_true(vgic_has_pending(r->g, 0));
	rig_load(r, 0);
	rig_settle(r);
	assert_false(vgic_has_pending(r->g, 0));
}

/* Even if it was somewhere else in between. */
static void commands_go_on_after_a_put(void **state)
{
	struct vgic_rig *r = started(state);

	empty_queue_of_64_kib(r);
	its_write(r, 0, 0x88, 8, 0xffe0);
	rig_put(r, 0);
	rig_load(r, 0);
	rig_settle(r);
	assert_in_range(r->again, 10, 1000);
	assert_int_equal(its_read(r, 1, 0x90, 8), 0xffe0);
}

/* What SYNC promises: the other vCPU's list registers show it. */
static void sync_waits_for_the_target(void **state)
{
	struct vgic_rig *r = started(state);
	unsigned kicks;

	its_map(r, DEV, 1, ITS_LPI + 1, 1);
	its_event(r, CMD_INT, DEV, 1);
	assert_true(gich_find(&r->cpu[1], ITS_LPI + 1) >= 0);
	its_post(r, 0, (uint64_t)DEV << 32 | CMD_CLEAR, 1, 0, 0);
	kicks = r->kicks[1];
	its_post(r, 0, CMD_SYNC, 0, 1 << 16, 0);
	assert_int_not_equal(its_read(r, 0, 0x90, 8), its_read(r, 0, 0x88, 8));
	assert_true(r->kicks[1] > kicks);
	rig_on(r, 1);
	rig_tail(r, 1);
	assert_int_equal(gich_find(&r->cpu[1], ITS_LPI + 1), -1);
	assert_int_equal(its_read(r, 0, 0x90, 8), its_read(r, 0, 0x88, 8));
}

/* ------------------------------------------------------------------ devices */

static void a_device_raises_what_its_event_is_mapped_to(void **state)
{
	struct vgic_rig *r = started(state);

	its_map(r, DEV, 1, ITS_LPI + 1, 1);
	vits_inject(r->g, DEV, 1);
	vits_inject(r->g, DEV, 32);
	vits_inject(r->g, 4, 1);
	vits_inject(r->g, 0xffffffff, 0xffffffff);
	assert_int_equal(r->kicks[1] > 0, true);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), ITS_LPI + 1);
	assert_int_equal(gich_ack(&r->cpu[1], 1), GICH_SPURIOUS);
	its_write(r, 0, 0, 4, 0);
	vits_inject(r->g, DEV, 1);
	assert_false(is_pending(r, ITS_LPI + 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gic_says_that_there_are_lpis),
		TEST(its_says_exactly_what_it_is),
		TEST(registers_that_are_not_there_read_zero),
		TEST(sizes_are_as_the_register_is_wide),
		TEST(table_types_and_entry_sizes_stay),
		TEST(where_things_are_is_fixed_while_enabled),
		TEST(reset_forgets_everything),
		TEST(without_an_its_there_is_none),
		TEST(creation_without_memory_fails),
		TEST(int_and_clear_change_the_pending_state),
		TEST(mapi_takes_the_event_as_intid),
		TEST(discard_unmaps_and_clears),
		TEST(unmapped_device_and_collection_deliver_nothing),
		TEST(wrong_parameters_are_ignored),
		TEST(two_level_tables_work),
		TEST(page_sizes_are_what_baser_says),
		TEST(damaged_tables_lead_nowhere),
		TEST(memory_errors_stall_until_a_retry),
		TEST(queue_outside_ram_stalls),
		TEST(tables_outside_ram_stall),
		TEST(nothing_runs_while_off_or_without_queue),
		TEST(long_queues_are_done_in_bouts),
		TEST(who_has_commands_to_go_on_with_does_not_sleep),
		TEST(commands_go_on_after_a_put),
		TEST(sync_waits_for_the_target),
		TEST(a_device_raises_what_its_event_is_mapped_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
