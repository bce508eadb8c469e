/*
 * The split virtqueue against drivers that keep the rules and drivers that do
 * not. Every test runs twice: with RAM in one host block, so that the ring is
 * reached by pointer, and with every page elsewhere, so that a ring of 256
 * entries is reached element by element.
 */
#include <errno.h>
#include <string.h>

#include <hyp/vdev/virtq.h>

#include "../host/fake_guest.h"
#include "../host/host.h"

#define MAX 256

struct world {
	struct fake_guest g;
	struct virtq q;
	struct virtq_buf bufs[MAX];
	struct virtq_chain c;
};

static int setup_with(void **state, unsigned order)
{
	static struct world w;

	memset(&w, 0, sizeof(w));
	fake_guest_init(&w.g, order);
	virtq_init(&w.q, &w.g.mem, w.bufs, MAX);
	*state = &w;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 8); /* 1 MiB, all the RAM */
}

static int setup_scattered(void **state)
{
	return setup_with(state, 0);
}

static int teardown(void **state)
{
	struct world *w = *state;

	fake_guest_destroy(&w->g);
	return 0;
}

static int enable(struct world *w, uint16_t num, bool event_idx, bool indirect)
{
	fake_ring(&w->g, num);
	w->q.setup = (struct virtq_setup){
		.desc = {w->g.desc},
		.driver = {w->g.avail},
		.device = {w->g.used},
		.num = num,
		.event_idx = event_idx,
		.indirect = indirect,
	};
	return virtq_enable(&w->q);
}

static void ready(struct world *w, uint16_t num)
{
	assert_int_equal(enable(w, num, false, true), 0);
}

static void ready_event_idx(struct world *w, uint16_t num)
{
	assert_int_equal(enable(w, num, true, true), 0);
}

/* Offers chain `head` and takes it: what virtq_pop() returns. */
static int pop(struct world *w, uint16_t head)
{
	fake_offer(&w->g, head);
	return virtq_pop(&w->q, &w->c);
}

/* Offers a one-descriptor chain and takes it. */
static void pass_one(struct world *w, uint16_t head)
{
	fake_desc(&w->g, w->g.desc, head, FAKE_DATA, 16, DESC_WRITE, 0);
	fake_offer(&w->g, head);
	assert_int_equal(virtq_pop(&w->q, &w->c), 1);
}

static void a_queue_that_is_not_ready_gives_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(virtq_pop(&w->q, &w->c), 0);
	assert_false(virtq_listen(&w->q));
	assert_false(virtq_wants_interrupt(&w->q));
	virtq_quiet(&w->q);
}

/* Rules out: queue-shape */
static void enable_refuses_sizes_that_are_no_ring(void **state)
{
	static const uint32_t bad[] = {0, 3, 255, 512, 32768, 65536, ~0U};
	struct world *w = *state;

	ready(w, 16);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		w->q.setup.num = bad[i];
		assert_int_equal(virtq_enable(&w->q), -EINVAL);
		assert_false(w->q.ready);
	}
	for (uint32_t n = 1; n <= MAX; n *= 2) {
		w->q.setup.num = n;
		assert_int_equal(virtq_enable(&w->q), 0);
		assert_true(w->q.ready);
	}
}

static void enable_refuses_areas_that_are_not_aligned(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	w->q.setup.desc.v += 8;
	assert_int_equal(virtq_enable(&w->q), -EINVAL);
	ready(w, 16);
	w->q.setup.driver.v += 1;
	assert_int_equal(virtq_enable(&w->q), -EINVAL);
	ready(w, 16);
	w->q.setup.device.v += 2;
	assert_int_equal(virtq_enable(&w->q), -EINVAL);
}

static void enable_takes_the_least_alignment_that_the_rules_allow(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	w->g.desc += 16;
	w->g.avail += 2;
	w->g.used += 4;
	w->q.setup.desc.v = w->g.desc;
	w->q.setup.driver.v = w->g.avail;
	w->q.setup.device.v = w->g.used;
	assert_int_equal(virtq_enable(&w->q), 0);
	pass_one(w, 3);
	assert_int_equal(virtq_push(&w->q, &w->c, 7), 0);
	assert_int_equal(fake_used_id(&w->g, 0), 3);
	assert_int_equal(fake_used_len(&w->g, 0), 7);
}

/* Rules out: queue-shape */
static void enable_refuses_areas_that_leave_ram(void **state)
{
	static const uint64_t bad[] = {0, FAKE_RAM - 16, FAKE_RAM_END,
				       FAKE_RAM_END - 16, UINT64_MAX - 15};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ready(w, 16);
		w->q.setup.desc.v = bad[i];
		assert_int_equal(virtq_enable(&w->q), -EFAULT);
		ready(w, 16);
		w->q.setup.driver.v = bad[i];
		assert_int_equal(virtq_enable(&w->q), -EFAULT);
		ready(w, 16);
		w->q.setup.device.v = bad[i];
		assert_int_equal(virtq_enable(&w->q), -EFAULT);
		assert_false(w->q.ready);
	}
}

static void the_last_bytes_of_ram_may_hold_the_used_ring(void **state)
{
	struct world *w = *state;

	ready(w, 2);
	w->q.setup.device.v = FAKE_RAM_END - (6 + 8 * 2) - 2;
	assert_int_equal(virtq_enable(&w->q), 0);
	w->q.setup.device.v += 4;
	assert_int_equal(virtq_enable(&w->q), -EFAULT);
}

static void a_chain_is_split_into_readable_and_writable(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 5, FAKE_DATA, 16, DESC_NEXT, 2);
	fake_desc(&w->g, w->g.desc, 2, FAKE_DATA + 64, 4096,
		  DESC_NEXT | DESC_WRITE, 9);
	fake_desc(&w->g, w->g.desc, 9, FAKE_DATA + 32, 1, DESC_WRITE, 77);
	fake_offer(&w->g, 5);
	assert_int_equal(virtq_pop(&w->q, &w->c), 1);
	assert_int_equal(w->c.head, 5);
	assert_int_equal(w->c.in - w->c.out, 1);
	assert_int_equal(w->c.end - w->c.in, 2);
	assert_int_equal(w->c.out_len, 16);
	assert_int_equal(w->c.in_len, 4097);
	assert_int_equal(w->c.out[0].at.v, FAKE_DATA);
	assert_int_equal(w->c.in[0].at.v, FAKE_DATA + 64);
	assert_int_equal(w->c.in[0].len, 4096);
	assert_int_equal(w->c.in[1].at.v, FAKE_DATA + 32);
	assert_int_equal(virtq_pop(&w->q, &w->c), 0);
}

static void empty_buffers_are_dropped_from_a_chain(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, 0xdead, 0, DESC_NEXT, 1);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA, 3, DESC_NEXT, 2);
	fake_desc(&w->g, w->g.desc, 2, 0xdead, 0, DESC_NEXT | DESC_WRITE, 3);
	fake_desc(&w->g, w->g.desc, 3, FAKE_DATA, 5, DESC_NEXT | DESC_WRITE, 4);
	fake_desc(&w->g, w->g.desc, 4, 0xdead, 0, DESC_WRITE, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, 1);
	assert_int_equal(w->c.end - w->c.in, 1);
	assert_int_equal(w->c.out[0].len, 3);
	assert_int_equal(w->c.in[0].len, 5);
}

static void a_chain_without_writable_part_ends_with_none(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 3, 0, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, 1);
	assert_int_equal(w->c.end - w->c.in, 0);
	assert_int_equal(w->c.in_len, 0);
}

/* Rules out: virtq-chain */
static void pop_rejects_chain_that_loops(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 1, DESC_NEXT, 0);
	assert_int_equal(pop(w, 0), -ELOOP);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA, 0, DESC_NEXT, 2);
	fake_desc(&w->g, w->g.desc, 2, FAKE_DATA, 0, DESC_NEXT, 1);
	assert_int_equal(pop(w, 1), -ELOOP);
}

static void pop_takes_a_chain_as_long_as_the_queue(void **state)
{
	struct world *w = *state;

	ready(w, MAX);
	for (uint16_t i = 0; i < MAX; i++)
		fake_desc(&w->g, w->g.desc, i, FAKE_DATA + i, 1,
			  i + 1 < MAX ? DESC_NEXT : 0, (uint16_t)(i + 1));
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, MAX);
	assert_int_equal(w->c.out[MAX - 1].at.v, FAKE_DATA + MAX - 1);
}

/* Rules out: virtq-chain */
static void pop_rejects_next_and_head_outside_the_table(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	assert_int_equal(pop(w, 16), -EINVAL);
	assert_int_equal(pop(w, 65535), -EINVAL);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 1, DESC_NEXT, 16);
	assert_int_equal(pop(w, 0), -EINVAL);
}

static void pop_rejects_readable_after_writable(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 1, DESC_NEXT | DESC_WRITE, 1);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA, 1, 0, 0);
	assert_int_equal(pop(w, 0), -EINVAL);
	/* empty ones do not hide it */
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 0, DESC_NEXT | DESC_WRITE, 1);
	assert_int_equal(pop(w, 0), -EINVAL);
}

static void a_head_outside_the_table_is_an_error_of_pop(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_offer(&w->g, 16);
	assert_int_equal(virtq_pop(&w->q, &w->c), -EINVAL);
}

/* Rules out: virtq-chain */
static void avail_idx_that_jumps_past_the_ring_is_an_error(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_put16(&w->g, w->g.avail + 2, 17);
	assert_int_equal(virtq_pop(&w->q, &w->c), -EINVAL);
	ready(w, 16);
	fake_put16(&w->g, w->g.avail + 2, 65535); /* backwards */
	assert_int_equal(virtq_pop(&w->q, &w->c), -EINVAL);
}

static void a_full_ring_is_taken_whole(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	for (uint16_t i = 0; i < 16; i++) {
		fake_desc(&w->g, w->g.desc, i, FAKE_DATA, 1, DESC_WRITE, 0);
		fake_offer(&w->g, (uint16_t)(15 - i));
	}
	for (uint16_t i = 0; i < 16; i++) {
		assert_int_equal(virtq_pop(&w->q, &w->c), 1);
		assert_int_equal(w->c.head, 15 - i);
		assert_int_equal(virtq_push(&w->q, &w->c, i), 0);
	}
	assert_int_equal(virtq_pop(&w->q, &w->c), 0);
	assert_int_equal(fake_used_idx(&w->g), 16);
	assert_int_equal(fake_used_id(&w->g, 0), 15);
	assert_int_equal(fake_used_len(&w->g, 15), 15);
}

static void indices_wrap_at_65536(void **state)
{
	struct world *w = *state;

	ready(w, 2);
	for (uint32_t i = 0; i < 65540; i++) {
		pass_one(w, (uint16_t)(i & 1));
		assert_int_equal(virtq_push(&w->q, &w->c, i), 0);
		assert_int_equal(fake_used_idx(&w->g), (uint16_t)(i + 1));
	}
	assert_int_equal(fake_used_len(&w->g, 65539U & 1), 65539);
}

/* Rules out: index-trusted */
static void used_idx_in_guest_memory_is_never_read_back(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	pass_one(w, 0);
	fake_put16(&w->g, w->g.used + 2, 0x5555);
	assert_int_equal(virtq_push(&w->q, &w->c, 1), 0);
	assert_int_equal(fake_used_idx(&w->g), 1);
}

static void an_indirect_table_is_followed(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 4, table, 48, DESC_INDIRECT, 0);
	fake_desc(&w->g, table, 0, FAKE_DATA, 16, DESC_NEXT, 2);
	fake_desc(&w->g, table, 2, FAKE_DATA + 16, 8, DESC_NEXT | DESC_WRITE,
		  1);
	fake_desc(&w->g, table, 1, FAKE_DATA + 24, 1, DESC_WRITE, 0);
	fake_offer(&w->g, 4);
	assert_int_equal(virtq_pop(&w->q, &w->c), 1);
	assert_int_equal(w->c.head, 4);
	assert_int_equal(w->c.in - w->c.out, 1);
	assert_int_equal(w->c.end - w->c.in, 2);
	assert_int_equal(w->c.in[1].at.v, FAKE_DATA + 24);
}

static void an_indirect_table_may_end_a_direct_chain(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 16, DESC_NEXT, 1);
	/* WRITE on the descriptor of a table means nothing */
	fake_desc(&w->g, w->g.desc, 1, table, 16, DESC_INDIRECT | DESC_WRITE,
		  0);
	fake_desc(&w->g, table, 0, FAKE_DATA + 64, 2, 0, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, 2);
	assert_int_equal(w->c.out_len, 18);
}

static void an_unaligned_table_across_two_pages_is_followed(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x1000 - 21;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, table, 48, DESC_INDIRECT, 0);
	for (uint16_t i = 0; i < 3; i++)
		fake_desc(&w->g, table, i, FAKE_DATA + i, i + 1U,
			  i < 2 ? DESC_NEXT : 0, (uint16_t)(i + 1));
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, 3);
	assert_int_equal(w->c.out[1].at.v, FAKE_DATA + 1);
	assert_int_equal(w->c.out[2].len, 3);
}

static void
a_table_as_long_as_the_device_allows_serves_a_small_queue(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 4);
	fake_desc(&w->g, w->g.desc, 0, table, 16 * MAX, DESC_INDIRECT, 0);
	for (uint16_t i = 0; i < MAX; i++)
		fake_desc(&w->g, table, i, FAKE_DATA, 1,
			  i + 1 < MAX ? DESC_NEXT : 0, (uint16_t)(i + 1));
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(w->c.in - w->c.out, MAX);
	/* one more before it is one too many */
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA, 1, DESC_NEXT, 0);
	assert_int_equal(pop(w, 1), -ELOOP);
}

static void a_loop_inside_an_indirect_table_ends(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, table, 32, DESC_INDIRECT, 0);
	fake_desc(&w->g, table, 0, FAKE_DATA, 0, DESC_NEXT, 1);
	fake_desc(&w->g, table, 1, FAKE_DATA, 0, DESC_NEXT, 0);
	assert_int_equal(pop(w, 0), -ELOOP);
}

/* Rules out: virtq-indirect */
static void indirect_tables_that_break_a_rule_are_rejected(void **state)
{
	static const struct {
		const char *what;
		uint64_t addr;
		uint32_t len;
		uint16_t flags;
		int err;
	} t[] = {
		{"empty", FAKE_DATA, 0, DESC_INDIRECT, -EINVAL},
		{"17 bytes", FAKE_DATA, 17, DESC_INDIRECT, -EINVAL},
		{"15 bytes", FAKE_DATA, 15, DESC_INDIRECT, -EINVAL},
		{"with NEXT", FAKE_DATA, 16, DESC_INDIRECT | DESC_NEXT,
		 -EINVAL},
		{"below RAM", FAKE_RAM - 16, 32, DESC_INDIRECT, -EFAULT},
		{"past RAM", FAKE_RAM_END - 16, 32, DESC_INDIRECT, -EFAULT},
		{"wraps", UINT64_MAX - 15, 32, DESC_INDIRECT, -EFAULT},
		{"4 GiB", FAKE_DATA, 0xfffffff0, DESC_INDIRECT, -EFAULT},
	};
	struct world *w = *state;

	ready(w, 16);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		fake_desc(&w->g, w->g.desc, 0, t[i].addr, t[i].len, t[i].flags,
			  1);
		assert_int_equal(pop(w, 0), t[i].err);
	}
}

static void an_indirect_table_inside_another_is_rejected(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, table, 16, DESC_INDIRECT, 0);
	fake_desc(&w->g, table, 0, table, 16, DESC_INDIRECT, 0);
	assert_int_equal(pop(w, 0), -EINVAL);
	/* the queue's own table, named as indirect, is one like any other */
	fake_desc(&w->g, w->g.desc, 0, w->g.desc, 256, DESC_INDIRECT, 0);
	assert_int_equal(pop(w, 0), -EINVAL);
}

static void next_in_an_indirect_table_stays_inside_it(void **state)
{
	struct world *w = *state;
	uint64_t table = FAKE_DATA + 0x800;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, table, 32, DESC_INDIRECT, 0);
	fake_desc(&w->g, table, 0, FAKE_DATA, 1, DESC_NEXT, 2);
	assert_int_equal(pop(w, 0), -EINVAL);
}

static void indirect_that_was_not_negotiated_is_rejected(void **state)
{
	struct world *w = *state;

	assert_int_equal(enable(w, 16, false, false), 0);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 16, DESC_INDIRECT, 0);
	assert_int_equal(pop(w, 0), -EINVAL);
}

/* Rules out: double-fetch */
static void a_chain_is_immune_to_what_the_guest_changes_later(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	pass_one(w, 0);
	fake_desc(&w->g, w->g.desc, 0, 0xdead0000, 0xffffffff, DESC_WRITE, 0);
	assert_int_equal(w->c.in[0].at.v, FAKE_DATA);
	assert_int_equal(w->c.in[0].len, 16);
}

static void without_event_index_the_flag_decides_on_interrupts(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	assert_false(virtq_wants_interrupt(&w->q)); /* nothing pushed */
	pass_one(w, 0);
	assert_int_equal(virtq_push(&w->q, &w->c, 0), 0);
	assert_true(virtq_wants_interrupt(&w->q));
	assert_false(virtq_wants_interrupt(&w->q)); /* asked once */
	fake_put16(&w->g, w->g.avail, 1); /* VIRTQ_AVAIL_F_NO_INTERRUPT */
	pass_one(w, 0);
	assert_int_equal(virtq_push(&w->q, &w->c, 0), 0);
	assert_false(virtq_wants_interrupt(&w->q));
}

static void without_event_index_the_flag_silences_the_driver(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	virtq_quiet(&w->q);
	assert_int_equal(fake_get16(&w->g, w->g.used), 1);
	assert_false(virtq_listen(&w->q));
	assert_int_equal(fake_get16(&w->g, w->g.used), 0);
}

static void with_event_index_the_flags_stay_zero(void **state)
{
	struct world *w = *state;

	ready_event_idx(w, 16);
	virtq_quiet(&w->q);
	assert_int_equal(fake_get16(&w->g, w->g.used), 0);
}

/* Rules out: notification-lost */
static void listen_finds_what_came_in_between(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 1, DESC_WRITE, 0);
	virtq_quiet(&w->q);
	assert_int_equal(virtq_pop(&w->q, &w->c), 0);
	fake_offer(&w->g, 0); /* silent: the flag is up */
	assert_true(virtq_listen(&w->q));
	assert_int_equal(virtq_pop(&w->q, &w->c), 1);
	assert_false(virtq_listen(&w->q));
}

static void listen_moves_the_event_to_the_next_chain(void **state)
{
	struct world *w = *state;

	ready_event_idx(w, 16);
	for (uint16_t i = 1; i < 40; i++) {
		pass_one(w, i % 16);
		assert_false(virtq_listen(&w->q));
		assert_int_equal(fake_avail_event(&w->g), i);
	}
}

/* The rule of virtio 1.2 sec. 2.7.10, by stepping one by one. */
static bool passes(uint16_t from, uint16_t to, uint16_t event)
{
	while (from != to) {
		if (from++ == event)
			return true;
	}
	return false;
}

/* Rules out: notification-lost */
static void event_index_interrupts_exactly_when_passed(void **state)
{
	struct world *w = *state;
	uint32_t rng = 1;
	uint16_t used = 0;

	ready_event_idx(w, 16);
	for (unsigned i = 0; i < 40000; i++) {
		uint16_t told = used, event;
		unsigned n;

		rng = rng * 1664525 + 1013904223;
		n = rng >> 28;
		event = (uint16_t)(used + ((rng >> 20) & 31) - 8);
		fake_set_used_event(&w->g, event);
		for (; n; n--, used++) {
			pass_one(w, 0);
			assert_int_equal(virtq_push(&w->q, &w->c, 0), 0);
		}
		assert_int_equal(virtq_wants_interrupt(&w->q),
				 passes(told, used, event));
	}
}

static void read_gathers_over_buffers_and_consumes(void **state)
{
	struct world *w = *state;
	char got[8] = "";

	ready(w, 16);
	fake_put(&w->g, FAKE_DATA, "abc", 3);
	fake_put(&w->g, FAKE_DATA + 0xfff, "defgh", 5);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 3, DESC_NEXT, 1);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA + 0xfff, 5, 0, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 2), 0);
	assert_memory_equal(got, "ab", 2);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 4), 0);
	assert_memory_equal(got, "cdef", 4);
	assert_int_equal(w->c.in - w->c.out, 1);
	assert_int_equal(w->c.out_len, 2);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 3), -EINVAL);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 2), 0);
	assert_memory_equal(got, "gh", 2);
	assert_int_equal(w->c.in - w->c.out, 0);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 0), 0);
}

static void write_scatters_over_buffers_and_consumes(void **state)
{
	struct world *w = *state;
	char got[6];

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_DATA, 2, DESC_NEXT | DESC_WRITE, 1);
	fake_desc(&w->g, w->g.desc, 1, FAKE_DATA + 0xffe, 4, DESC_WRITE, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(virtq_write(&w->q, &w->c, "12345", 5), 0);
	fake_get(&w->g, FAKE_DATA, got, 2);
	fake_get(&w->g, FAKE_DATA + 0xffe, got + 2, 4);
	assert_memory_equal(got, "12345\0", 6);
	assert_int_equal(w->c.in_len, 1);
	assert_int_equal(virtq_write(&w->q, &w->c, "67", 2), -EINVAL);
}

static void read_and_write_refuse_buffers_outside_ram(void **state)
{
	struct world *w = *state;
	uint8_t got[8];

	ready(w, 16);
	fake_desc(&w->g, w->g.desc, 0, FAKE_RAM_END - 4, 8, DESC_NEXT, 1);
	fake_desc(&w->g, w->g.desc, 1, UINT64_MAX - 3, 8, DESC_WRITE, 0);
	assert_int_equal(pop(w, 0), 1);
	assert_int_equal(virtq_read(&w->q, &w->c, got, 8), -EFAULT);
	assert_int_equal(virtq_write(&w->q, &w->c, got, 8), -EFAULT);
}

static void disable_forgets_the_ring_but_not_how_it_was_described(void **state)
{
	struct world *w = *state;

	ready(w, 16);
	pass_one(w, 0);
	virtq_disable(&w->q);
	assert_int_equal(virtq_pop(&w->q, &w->c), 0);
	assert_int_equal(w->q.setup.num, 16);
	assert_null(w->q.used.host);
	assert_int_equal(w->q.table.len, 0);
	assert_int_equal(virtq_enable(&w->q), 0);
	assert_int_equal(virtq_pop(&w->q, &w->c), 1); /* from index 0 again */
}

static void a_ring_whose_memory_went_away_is_an_error(void **state)
{
	struct world *w = *state;
	struct gmem none = {0};

	ready(w, MAX);
	pass_one(w, 0);
	w->q.mem = &none;
	w->q.desc.host = w->q.avail.host = w->q.used.host = NULL;
	assert_int_equal(virtq_pop(&w->q, &w->c), -EFAULT);
	assert_int_equal(pop(w, 0), -EFAULT);
	assert_int_equal(virtq_push(&w->q, &w->c, 0), -EFAULT);
	assert_false(virtq_listen(&w->q));
	w->q.used_idx++;
	assert_false(virtq_wants_interrupt(&w->q));
}

#define BOTH(f)                                                                \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                   \
		cmocka_unit_test_setup_teardown(f, setup_scattered, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_queue_that_is_not_ready_gives_nothing),
		BOTH(enable_refuses_sizes_that_are_no_ring),
		BOTH(enable_refuses_areas_that_are_not_aligned),
		BOTH(enable_takes_the_least_alignment_that_the_rules_allow),
		BOTH(enable_refuses_areas_that_leave_ram),
		BOTH(the_last_bytes_of_ram_may_hold_the_used_ring),
		BOTH(a_chain_is_split_into_readable_and_writable),
		BOTH(empty_buffers_are_dropped_from_a_chain),
		BOTH(a_chain_without_writable_part_ends_with_none),
		BOTH(pop_rejects_chain_that_loops),
		BOTH(pop_takes_a_chain_as_long_as_the_queue),
		BOTH(pop_rejects_next_and_head_outside_the_table),
		BOTH(pop_rejects_readable_after_writable),
		BOTH(a_head_outside_the_table_is_an_error_of_pop),
		BOTH(avail_idx_that_jumps_past_the_ring_is_an_error),
		BOTH(a_full_ring_is_taken_whole),
		BOTH(indices_wrap_at_65536),
		BOTH(used_idx_in_guest_memory_is_never_read_back),
		BOTH(an_indirect_table_is_followed),
		BOTH(an_indirect_table_may_end_a_direct_chain),
		BOTH(an_unaligned_table_across_two_pages_is_followed),
		BOTH(a_table_as_long_as_the_device_allows_serves_a_small_queue),
		BOTH(a_loop_inside_an_indirect_table_ends),
		BOTH(indirect_tables_that_break_a_rule_are_rejected),
		BOTH(an_indirect_table_inside_another_is_rejected),
		BOTH(next_in_an_indirect_table_stays_inside_it),
		BOTH(indirect_that_was_not_negotiated_is_rejected),
		BOTH(a_chain_is_immune_to_what_the_guest_changes_later),
		BOTH(without_event_index_the_flag_decides_on_interrupts),
		BOTH(without_event_index_the_flag_silences_the_driver),
		BOTH(with_event_index_the_flags_stay_zero),
		BOTH(listen_finds_what_came_in_between),
		BOTH(listen_moves_the_event_to_the_next_chain),
		BOTH(event_index_interrupts_exactly_when_passed),
		BOTH(read_gathers_over_buffers_and_consumes),
		BOTH(write_scatters_over_buffers_and_consumes),
		BOTH(read_and_write_refuse_buffers_outside_ram),
		BOTH(disable_forgets_the_ring_but_not_how_it_was_described),
		BOTH(a_ring_whose_memory_went_away_is_an_error),
	};

	return cmocka_run_group_tests_name("virtq", tests, NULL, NULL);
}
