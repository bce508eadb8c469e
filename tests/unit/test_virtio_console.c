/*
 * The virtio console, driven through its registers and two rings in guest
 * memory (virtio 1.2 sec. 5.3), against a console that has so much room; then
 * in a VM beside its PL011. Constants are the specification's. The device's
 * tests run with RAM in one host block and with every page elsewhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/vdev/virtio_console.h>

#include "../host/fake_guest.h"
#include "../host/sim.h"

enum {
	RX,
	TX
};

#define RINGS (FAKE_RAM + 0x8000) /* of the transmitq */
#define DATA  (FAKE_DATA + 0x1000)

struct queue {
	uint64_t desc, avail, used;
	uint16_t avail_idx;
};

struct world {
	struct fake_guest g;
	uint32_t regs[VIRTIO_MMIO_SIZE / 4];
	struct virtio_console c;
	struct queue queue[2];
	uint16_t num;
	bool line;
	char out[65536];
	size_t nr_out, room;
	unsigned nr_wanted, nr_drained;
};

static size_t tx(void *ctx, const uint8_t *data, size_t len)
{
	struct world *w = ctx;
	size_t n = len < w->room ? len : w->room;

	assert_true(spin_is_held(&w->c.mmio.lock));
	assert_true(w->nr_out + n <= sizeof(w->out));
	memcpy(w->out + w->nr_out, data, n);
	w->nr_out += n;
	w->room -= n;
	return n;
}

static void want_room(void *ctx)
{
	struct world *w = ctx;

	assert_true(spin_is_held(&w->c.mmio.lock));
	w->nr_wanted++;
}

static void rx_drained(void *ctx)
{
	struct world *w = ctx;

	assert_false(spin_is_held(&w->c.mmio.lock));
	w->nr_drained++;
}

static void set_irq(void *ctx, bool level)
{
	struct world *w = ctx;

	assert_true(level != w->line);
	w->line = level;
}

static int access_reg(struct world *w, struct mmio_op *op)
{
	int err = virtio_console_access(&w->c, op);

	assert_false(spin_is_held(&w->c.mmio.lock));
	return err;
}

static uint32_t rd(struct world *w, uint64_t off)
{
	struct mmio_op op = {.offset = off, .size = 4};

	assert_int_equal(access_reg(w, &op), 0);
	return (uint32_t)op.value;
}

static int try_wr(struct world *w, uint64_t off, uint64_t v)
{
	struct mmio_op op = {
		.offset = off, .value = (uint32_t)v, .size = 4, .write = true};

	return access_reg(w, &op);
}

static void wr(struct world *w, uint64_t off, uint64_t v)
{
	assert_int_equal(try_wr(w, off, v), 0);
}

/* The ring that fake_desc() and its kind mean. */
static void use(struct world *w, unsigned q)
{
	w->g.num = w->num;
	w->g.desc = w->queue[q].desc;
	w->g.avail = w->queue[q].avail;
	w->g.used = w->queue[q].used;
	w->g.avail_idx = w->queue[q].avail_idx;
}

static void offer(struct world *w, unsigned q, uint16_t head)
{
	use(w, q);
	fake_offer(&w->g, head);
	w->queue[q].avail_idx = w->g.avail_idx;
}

static void desc(struct world *w, unsigned q, uint16_t i, uint64_t at,
		 uint32_t len, uint16_t flags, uint16_t next)
{
	fake_desc(&w->g, w->queue[q].desc, i, at, len, flags, next);
}

static uint16_t used_idx(struct world *w, unsigned q)
{
	use(w, q);
	return fake_used_idx(&w->g);
}

static uint32_t used_len(struct world *w, unsigned q, uint16_t i)
{
	use(w, q);
	return fake_used_len(&w->g, i);
}

static int kick(struct world *w, unsigned q)
{
	return try_wr(w, 0x050, q);
}

static void driver_wr(void *ctx, uint64_t off, uint32_t v)
{
	wr(ctx, off, v);
}

static void set_queue(struct world *w, unsigned q)
{
	use(w, q);
	fake_driver_queue(&(struct fake_driver){driver_wr, w}, q, &w->g);
	assert_int_equal(rd(w, 0x044), 1);
}

static void bring_up(struct world *w, uint32_t features)
{
	const struct fake_driver d = {driver_wr, w};

	fake_ring(&w->g, w->num);
	w->queue[RX] = (struct queue){w->g.desc, w->g.avail, w->g.used, 0};
	w->queue[TX] = (struct queue){RINGS, RINGS + 0x1000, RINGS + 0x2000, 0};
	fake_driver_begin(&d, features);
	set_queue(w, RX);
	set_queue(w, TX);
	fake_driver_ok(&d);
	assert_int_equal(rd(w, 0x070), 15);
}

static int setup_with(void **state, unsigned order)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct virtio_console_ops ops = {
		tx, want_room, rx_drained, w, set_irq, w, w->regs};

	fake_guest_init(&w->g, order);
	w->room = sizeof(w->out);
	w->num = 16;
	virtio_console_init(&w->c, "hvc", &w->g.mem, &ops);
	bring_up(w, 1U << 28);
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

	assert_false(spin_is_held(&w->c.mmio.lock));
	fake_guest_destroy(&w->g);
	free(w);
	return 0;
}

/* One buffer to send. */
static int send(struct world *w, const char *text)
{
	fake_put(&w->g, DATA, text, strlen(text));
	desc(w, TX, 0, DATA, (uint32_t)strlen(text), 0, 0);
	offer(w, TX, 0);
	return kick(w, TX);
}

static void assert_out(struct world *w, const char *text)
{
	assert_int_equal(w->nr_out, strlen(text));
	assert_memory_equal(w->out, text, w->nr_out);
	w->nr_out = 0;
}

/* Buffers 0 to nr - 1 of `len` bytes each to receive into. */
static void give(struct world *w, unsigned nr, uint32_t len)
{
	for (uint16_t i = 0; i < nr; i++) {
		desc(w, RX, i, DATA + 0x1000 + i * 0x100, len, DESC_WRITE, 0);
		offer(w, RX, i);
	}
	assert_int_equal(kick(w, RX), 0);
}

static unsigned type(struct world *w, const char *text)
{
	unsigned n = 0;

	while (text[n] && virtio_console_rx_room(&w->c) > 0) {
		assert_true(virtio_console_rx_push(&w->c, (uint8_t)text[n]));
		n++;
	}
	virtio_console_rx_flush(&w->c);
	return n;
}

static void assert_in(struct world *w, uint16_t i, const char *text)
{
	char got[256] = "";

	assert_int_equal(used_len(w, RX, i), strlen(text));
	fake_get(&w->g, DATA + 0x1000 + i * 0x100, got, strlen(text));
	assert_string_equal(got, text);
}

static bool is_broken(struct world *w)
{
	return rd(w, 0x070) & 0x40;
}

/* ----------------------------------------------------------------- registers
 */

static void identifies_itself_as_a_console_of_one_port(void **state)
{
	struct world *w = *state;
	uint32_t high;

	assert_int_equal(rd(w, 0x008), 3);
	wr(w, 0x014, 1);
	high = rd(w, 0x010);
	wr(w, 0x014, 0);
	assert_int_equal(high, 1);
	/* EMERG_WRITE, INDIRECT_DESC, EVENT_IDX; neither SIZE nor MULTIPORT */
	assert_int_equal(rd(w, 0x010), 1U << 2 | 1U << 28 | 1U << 29);
	for (unsigned q = 0; q < 4; q++) {
		wr(w, 0x030, q);
		assert_int_equal(rd(w, 0x034), q < 2 ? 64 : 0);
	}
	for (uint64_t off = 0x100; off < 0x110; off += 4)
		assert_int_equal(rd(w, off), 0);
}

/* -------------------------------------------------------------------- output
 */

static void buffers_go_out_in_order_and_come_back(void **state)
{
	struct world *w = *state;

	fake_put(&w->g, DATA, "onetwothree", 11);
	desc(w, TX, 0, DATA, 3, 0, 0);
	desc(w, TX, 1, DATA + 3, 3, DESC_NEXT, 2);
	desc(w, TX, 2, DATA + 6, 5, 0, 0);
	offer(w, TX, 0);
	offer(w, TX, 1);
	assert_int_equal(kick(w, TX), 0);
	assert_out(w, "onetwothree");
	assert_int_equal(used_idx(w, TX), 2);
	assert_int_equal(used_len(w, TX, 0), 0);
	assert_int_equal(rd(w, 0x060), 1);
	assert_true(w->line);
}

static void indirect_tables_are_served(void **state)
{
	struct world *w = *state;

	fake_put(&w->g, DATA, "table", 5);
	fake_desc(&w->g, DATA + 0x800, 0, DATA, 2, DESC_NEXT, 1);
	fake_desc(&w->g, DATA + 0x800, 1, DATA + 2, 3, 0, 0);
	desc(w, TX, 0, DATA + 0x800, 32, DESC_INDIRECT, 0);
	offer(w, TX, 0);
	assert_int_equal(kick(w, TX), 0);
	assert_out(w, "table");
}

static void buffer_without_a_byte_comes_back_at_once(void **state)
{
	struct world *w = *state;

	desc(w, TX, 0, DATA, 0, 0, 0);
	offer(w, TX, 0);
	assert_int_equal(kick(w, TX), 0);
	assert_out(w, "");
	assert_int_equal(used_idx(w, TX), 1);
	assert_false(is_broken(w));
}

static void what_finds_no_room_waits_and_is_not_returned(void **state)
{
	struct world *w = *state;

	w->room = 4;
	assert_int_equal(send(w, "0123456789"), 0);
	assert_out(w, "0123");
	assert_int_equal(used_idx(w, TX), 0);
	assert_false(w->line);
	w->room = 3;
	virtio_console_tx_ready(&w->c);
	assert_out(w, "456");
	assert_int_equal(used_idx(w, TX), 0);
	assert_int_equal(kick(w, TX), 0); /* changes nothing */
	w->room = 100;
	virtio_console_tx_ready(&w->c);
	assert_out(w, "789");
	assert_int_equal(used_idx(w, TX), 1);
	assert_true(w->line);
	virtio_console_tx_ready(&w->c);
	assert_out(w, "");
}

static void one_exit_sends_a_bounded_part(void **state)
{
	struct world *w = *state;
	unsigned exits = 1;

	desc(w, TX, 0, DATA, 20000, 0, 0);
	offer(w, TX, 0);
	while (kick(w, TX) == -EAGAIN) {
		assert_true(w->nr_out <= exits * 4096);
		exits++;
	}
	assert_int_equal(exits, 5);
	assert_int_equal(w->nr_out, 20000);
	assert_int_equal(used_idx(w, TX), 1);
}

static void empty_chains_without_end_do_not_hold_an_exit(void **state)
{
	struct world *w = *state;
	unsigned exits = 1;

	w->num = 64;
	bring_up(w, 0);
	for (uint16_t i = 0; i < 64; i++) {
		desc(w, TX, i, DATA, i == 63, 0, 0);
		offer(w, TX, i);
	}
	while (kick(w, TX) == -EAGAIN)
		exits++;
	assert_int_equal(exits, 2);
	assert_int_equal(used_idx(w, TX), 64);
	assert_int_equal(w->nr_out, 1);
}

/* What overlaps itself makes a chain of more bytes than there is RAM. */
static void huge_chain_goes_out_piece_by_piece(void **state)
{
	struct world *w = *state;
	unsigned turns = 0;

	for (uint16_t i = 0; i < 16; i++)
		desc(w, TX, i, FAKE_RAM, FAKE_RAM_SIZE, DESC_NEXT,
		     (uint16_t)(i + 1));
	desc(w, TX, 15, FAKE_RAM, FAKE_RAM_SIZE, 0, 0);
	offer(w, TX, 0);
	w->room = 10;
	assert_int_equal(kick(w, TX), 0);
	while (!used_idx(w, TX)) {
		w->nr_out = 0;
		w->room = 10000;
		virtio_console_tx_ready(&w->c);
		assert_true(w->nr_out <= 4096);
		turns++;
	}
	assert_int_equal(turns, 4096);
	assert_int_equal(w->nr_wanted, turns - 1);
	assert_false(is_broken(w));
}

static void emergency_write_needs_no_driver(void **state)
{
	struct world *w = *state;

	wr(w, 0x070, 0);
	wr(w, 0x108, 'h');
	wr(w, 0x108, 0x41414169);
	assert_out(w, "hi");
	w->room = 0;
	assert_int_equal(try_wr(w, 0x108, '!'), -EAGAIN);
	w->room = 1;
	wr(w, 0x108, '!');
	assert_out(w, "!");
	assert_false(virtio_console_has_input(&w->c));
}

/* --------------------------------------------------------------------- input
 */

static void a_batch_of_input_is_one_buffer(void **state)
{
	struct world *w = *state;

	give(w, 2, 0x100);
	assert_int_equal(type(w, "first"), 5);
	assert_true(w->line);
	assert_int_equal(type(w, "second"), 6);
	assert_int_equal(used_idx(w, RX), 2);
	assert_in(w, 0, "first");
	assert_in(w, 1, "second");
}

static void input_fills_one_buffer_after_the_other(void **state)
{
	struct world *w = *state;

	give(w, 3, 4);
	assert_int_equal(type(w, "0123456789"), 10);
	assert_in(w, 0, "0123");
	assert_in(w, 1, "4567");
	assert_in(w, 2, "89");
}

static void input_without_a_buffer_waits_for_one(void **state)
{
	struct world *w = *state;
	char text[400];
	unsigned n;

	memset(text, 'x', sizeof(text) - 1);
	text[399] = '\0';
	n = type(w, text);
	assert_int_equal(n, VIRTIO_CONSOLE_INPUT);
	assert_false(virtio_console_rx_push(&w->c, 'y'));
	assert_int_equal(used_idx(w, RX), 0);
	give(w, 1, 0x100);
	assert_int_equal(used_len(w, RX, 0), VIRTIO_CONSOLE_INPUT);
	assert_int_equal(w->nr_drained, 1);
	assert_int_equal(virtio_console_rx_room(&w->c), VIRTIO_CONSOLE_INPUT);
}

static void buffers_are_asked_for_only_when_input_waits(void **state)
{
	struct world *w = *state;

	bring_up(w, 1U << 29); /* EVENT_IDX */
	give(w, 4, 0x100);
	use(w, RX);
	assert_int_equal(fake_avail_event(&w->g), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(type(w, "abc"), 3);
	assert_int_equal(fake_avail_event(&w->g), 0);
	assert_int_equal(type(w, "d"), 1);
	assert_int_equal(fake_avail_event(&w->g), 4);
}

static void input_that_the_guest_did_not_get_survives_a_reset(void **state)
{
	struct world *w = *state;

	assert_int_equal(type(w, "ahead"), 5);
	bring_up(w, 0);
	give(w, 1, 0x100);
	assert_in(w, 0, "ahead");
}

static void input_is_its_own_from_the_first_output_to_the_reset(void **state)
{
	struct world *w = *state;

	give(w, 1, 0x100);
	assert_false(virtio_console_has_input(&w->c));
	assert_int_equal(kick(w, TX), 0); /* with nothing to send */
	assert_false(virtio_console_has_input(&w->c));
	assert_int_equal(w->nr_drained, 0);
	assert_int_equal(send(w, "login: "), 0);
	assert_true(virtio_console_has_input(&w->c));
	assert_int_equal(w->nr_drained, 1);
	assert_int_equal(send(w, "again: "), 0);
	assert_int_equal(w->nr_drained, 1);
	wr(w, 0x070, 0);
	assert_false(virtio_console_has_input(&w->c));
	assert_int_equal(w->nr_drained, 2);
}

static void reset_forgets_what_was_being_sent(void **state)
{
	struct world *w = *state;

	w->room = 2;
	assert_int_equal(send(w, "before"), 0);
	virtio_mmio_reset(&w->c.mmio);
	w->room = 100;
	virtio_console_tx_ready(&w->c);
	assert_out(w, "be");
	bring_up(w, 0);
	assert_int_equal(send(w, "after"), 0);
	assert_out(w, "after");
}

static void queue_that_is_taken_away_under_a_chain_begins_anew(void **state)
{
	struct world *w = *state;

	w->room = 2;
	assert_int_equal(send(w, "before"), 0);
	wr(w, 0x030, TX);
	wr(w, 0x044, 0);
	w->room = 100;
	virtio_console_tx_ready(&w->c);
	assert_out(w, "be");
	assert_false(is_broken(w));
	w->queue[TX].avail_idx = 0;
	fake_put(&w->g, w->queue[TX].avail, &(uint32_t){0}, 4);
	fake_put(&w->g, w->queue[TX].used, &(uint32_t){0}, 4);
	set_queue(w, TX);
	assert_int_equal(send(w, "anew"), 0);
	assert_out(w, "anew");
	assert_int_equal(used_idx(w, TX), 1);
}

static void queue_of_input_that_is_taken_away_leaves_output_alone(void **state)
{
	struct world *w = *state;

	w->room = 2;
	assert_int_equal(send(w, "before"), 0);
	wr(w, 0x030, RX);
	wr(w, 0x044, 0);
	w->room = 100;
	virtio_console_tx_ready(&w->c);
	assert_out(w, "before");
}

/* ------------------------------------------------------------------- misuse
 */

static void one_desc(struct world *w, unsigned q, uint64_t at, uint32_t len,
		     uint16_t flags)
{
	desc(w, q, 0, at, len, flags, 0);
	offer(w, q, 0);
	assert_int_equal(kick(w, q), 0);
	if (q == RX)
		(void)type(w, "x");
}

/* Rules out: buffer-outside */
static void what_cannot_be_answered_breaks_the_device(void **state)
{
	static const struct {
		const char *what;
		unsigned q;
		uint64_t at;
		uint32_t len;
		uint16_t flags;
	} t[] = {
		{"transmit, writable", TX, DATA, 4, DESC_WRITE},
		{"transmit, outside RAM", TX, FAKE_RAM - 0x1000, 4, 0},
		{"transmit, over RAM's end", TX, FAKE_RAM_END - 3, 4, 0},
		{"transmit, wraps", TX, UINT64_MAX - 1, 4, 0},
		{"transmit, larger than RAM", TX, FAKE_RAM, UINT32_MAX, 0},
		{"transmit, loops", TX, DATA, 1, DESC_NEXT},
		{"receive, readable", RX, DATA, 4, 0},
		{"receive, no byte", RX, DATA, 0, DESC_WRITE},
		{"receive, outside RAM", RX, FAKE_RAM_END, 4, DESC_WRITE},
		{"receive, wraps", RX, UINT64_MAX, 4, DESC_WRITE},
		{"receive, loops", RX, DATA, 1, DESC_NEXT | DESC_WRITE},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		one_desc(w, t[i].q, t[i].at, t[i].len, t[i].flags);
		assert_true(is_broken(w));
		assert_int_equal(rd(w, 0x060) & 2, 2);
		assert_out(w, "");
		assert_int_equal(used_idx(w, t[i].q), 0);
		assert_int_equal(send(w, "ignored"), 0);
		assert_out(w, "");
		bring_up(w, 0);
		assert_int_equal(send(w, "healed"), 0);
		assert_out(w, "healed");
		give(w, 1, 0x100); /* for what was typed */
		bring_up(w, 0);
		w->line = rd(w, 0x060) != 0;
	}
}

static void readable_part_before_a_writable_one_is_refused_too(void **state)
{
	struct world *w = *state;

	desc(w, TX, 0, DATA, 4, DESC_NEXT, 1);
	desc(w, TX, 1, DATA, 4, DESC_WRITE, 0);
	offer(w, TX, 0);
	assert_int_equal(kick(w, TX), 0);
	assert_true(is_broken(w));
	assert_out(w, "");
}

static void good_buffers_before_a_bad_one_are_returned(void **state)
{
	struct world *w = *state;

	fake_put(&w->g, DATA, "good", 4);
	desc(w, TX, 0, DATA, 4, 0, 0);
	desc(w, TX, 1, FAKE_RAM_END, 4, 0, 0);
	offer(w, TX, 0);
	offer(w, TX, 1);
	assert_int_equal(kick(w, TX), 0);
	assert_true(is_broken(w));
	assert_out(w, "good");
	assert_int_equal(used_idx(w, TX), 1);
	assert_int_equal(rd(w, 0x060), 3);
}

/* ------------------------------------------------------------------ in a VM
 */

static struct sim s;
static struct vm *vm;

#define VCON (SIM_VIRTIO + 0x200)
#define RING (SIM_RAM + 0x10000)
#define BUF  (SIM_RAM + 0x20000)

static void put(uint64_t ipa, const void *src, uint64_t len)
{
	assert_int_equal(gmem_write(&vm->mem, (ipa_t){ipa}, src, len), 0);
}

static void put16(uint64_t ipa, uint16_t v)
{
	put(ipa, &v, sizeof(v));
}

static void vm_wr(void *ctx, uint64_t off, uint32_t v)
{
	(void)ctx;
	sim_store(&s, 0, VCON + off, 4, v);
}

/* Descriptor q of queue q, ring of 4 at RING + 0x1000 q. */
static void vm_queue(unsigned q)
{
	uint64_t at = RING + 0x1000 * q;
	const struct fake_guest g = {
		.desc = at, .avail = at + 0x100, .used = at + 0x200, .num = 4};

	fake_driver_queue(&(struct fake_driver){vm_wr, NULL}, q, &g);
}

static void vm_driver(void)
{
	const struct fake_driver d = {vm_wr, NULL};

	fake_driver_begin(&d, 0);
	vm_queue(RX);
	vm_queue(TX);
	fake_driver_ok(&d);
}

static void vm_offer(unsigned q, uint16_t idx, uint64_t at, uint32_t len)
{
	const struct virtq_desc d = {at, len, q == RX ? DESC_WRITE : 0, 0};

	put(RING + 0x1000 * q, &d, sizeof(d));
	put16(RING + 0x1000 * q + 0x102, idx);
	sim_store(&s, 0, VCON + 0x050, 4, q);
}

static void vm_say(uint16_t idx, const char *text)
{
	put(BUF, text, strlen(text));
	vm_offer(TX, idx, BUF, (uint32_t)strlen(text));
}

static int setup_vm(void **state)
{
	(void)state;
	sim_init(&s, 1, 2048);
	vm = sim_add_vm(&s, &(struct sim_vm){.nr_vcpus = 1, .vcon = true});
	(void)sim_run(&s, 0);
	sim_on(&s, 0);
	return 0;
}

static int teardown_vm(void **state)
{
	(void)state;
	sim_free(&s);
	return 0;
}

static void pump(struct sim *sim)
{
	console_pump(&sim->h.console);
}

static void vm_type(const char *text)
{
	s.uart.in = text;
	s.uart.nr_in = strlen(text);
	sim_device_irq(&s, 0, pump);
}

static void both_devices_speak_at_the_vms_console(void **state)
{
	(void)state;
	vm_driver();
	sim_store(&s, 0, SIM_UART, 1, 'a');
	vm_say(1, "bc");
	sim_store(&s, 0, SIM_UART, 1, 'd');
	assert_int_equal(s.uart.nr_out, 4);
	assert_memory_equal(s.uart.out, "abcd", 4);
}

static void what_is_typed_goes_to_one_of_them(void **state)
{
	char got[8] = "";

	(void)state;
	sim_store(&s, 0, SIM_UART + 0x38, 4, 0x10); /* IMSC.RXIM */
	vm_driver();
	vm_offer(RX, 1, BUF + 0x100, 8);
	vm_type("u");
	assert_int_equal(sim_load(&s, 0, SIM_UART, 4), 'u');
	vm_say(1, "#");
	vm_type("virt");
	assert_int_equal(sim_load(&s, 0, SIM_UART + 0x18, 4) & 0x10, 0x10);
	assert_int_equal(gmem_read(&vm->mem, (ipa_t){BUF + 0x100}, got, 4), 0);
	assert_string_equal(got, "virt");
	vm_type("wait"); /* in the device: there is no buffer */
	sim_store(&s, 0, VCON + 0x070, 4, 0);
	vm_type("v");
	assert_int_equal(sim_load(&s, 0, SIM_UART, 4), 'v');
	vm_driver();
	vm_offer(RX, 1, BUF + 0x100, 8);
	assert_int_equal(gmem_read(&vm->mem, (ipa_t){BUF + 0x100}, got, 4), 0);
	assert_string_equal(got, "wait");
}

static void typed_ahead_it_waits_until_the_console_is_used(void **state)
{
	char got[4] = "";

	(void)state;
	vm_type("ab");
	assert_int_equal(s.uart.nr_in, 1); /* one is held */
	assert_false(s.uart.rx_irq);
	vm_driver();
	vm_offer(RX, 1, BUF + 0x100, 8);
	assert_int_equal(s.uart.nr_in, 1);
	vm_say(1, "# ");
	assert_int_equal(s.uart.nr_in, 0);
	assert_true(s.uart.rx_irq);
	assert_int_equal(gmem_read(&vm->mem, (ipa_t){BUF + 0x100}, got, 2), 0);
	assert_string_equal(got, "ab");
}

static void full_console_takes_the_rest_when_it_has_room(void **state)
{
	static char text[9000];

	(void)state;
	vm_driver();
	memset(text, 'x', sizeof(text));
	put(BUF, text, sizeof(text));
	s.uart.room = 0;
	vm_offer(TX, 1, BUF, sizeof(text));
	assert_int_equal(s.uart.nr_out, 0);
	s.uart.room = ~0U;
	for (unsigned i = 0; i < 10 && s.uart.nr_out < sizeof(text); i++) {
		assert_true(s.uart.tx_irq);
		sim_device_irq(&s, 0, pump);
	}
	assert_int_equal(s.uart.nr_out, sizeof(text));
	assert_memory_equal(s.uart.out, text, sizeof(text));
	assert_int_equal(sim_load(&s, 0, VCON + 0x060, 4), 1);
}

static void reset_of_the_vm_gives_the_input_back(void **state)
{
	(void)state;
	vm_driver();
	vm_say(1, "#");
	assert_true(virtio_console_has_input(vm->vcon));
	(void)sim_hvc(&s, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	sim_settle(&s);
	assert_int_equal(sim_load(&s, 0, VCON + 0x070, 4), 0);
	assert_false(virtio_console_has_input(vm->vcon));
	sim_store(&s, 0, SIM_UART + 0x38, 4, 0x10);
	vm_type("u");
	assert_int_equal(sim_load(&s, 0, SIM_UART, 4), 'u');
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                   \
		cmocka_unit_test_setup_teardown(f, setup_scattered, teardown)
#define V(f) cmocka_unit_test_setup_teardown(f, setup_vm, teardown_vm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identifies_itself_as_a_console_of_one_port),
		T(buffers_go_out_in_order_and_come_back),
		T(indirect_tables_are_served),
		T(buffer_without_a_byte_comes_back_at_once),
		T(what_finds_no_room_waits_and_is_not_returned),
		T(one_exit_sends_a_bounded_part),
		T(empty_chains_without_end_do_not_hold_an_exit),
		T(huge_chain_goes_out_piece_by_piece),
		T(emergency_write_needs_no_driver),
		T(a_batch_of_input_is_one_buffer),
		T(input_fills_one_buffer_after_the_other),
		T(input_without_a_buffer_waits_for_one),
		T(buffers_are_asked_for_only_when_input_waits),
		T(input_that_the_guest_did_not_get_survives_a_reset),
		T(input_is_its_own_from_the_first_output_to_the_reset),
		T(reset_forgets_what_was_being_sent),
		T(queue_that_is_taken_away_under_a_chain_begins_anew),
		T(queue_of_input_that_is_taken_away_leaves_output_alone),
		T(what_cannot_be_answered_breaks_the_device),
		T(readable_part_before_a_writable_one_is_refused_too),
		T(good_buffers_before_a_bad_one_are_returned),
		V(both_devices_speak_at_the_vms_console),
		V(what_is_typed_goes_to_one_of_them),
		V(typed_ahead_it_waits_until_the_console_is_used),
		V(full_console_takes_the_rest_when_it_has_room),
		V(reset_of_the_vm_gives_the_input_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
