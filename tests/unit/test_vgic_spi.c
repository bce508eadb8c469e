/* SPIs: messages (GICD_SETSPI_NSR) and the choice of a vCPU for 1 of N. */
#include <string.h>

#include "../host/host.h"
#include "../host/vgic_rig.h"

#define SPI    40U
#define SETSPI 0x40U
#define CLRSPI 0x48U
#define IRM    (1ULL << 31)

static struct vgic_rig rig;

static int setup(void **state)
{
	rig_init(&rig, 3, 4, 32);
	rig_guest_init(&rig, false);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void set_edge(struct vgic_rig *r, bool edge)
{
	rig_set_gicd(r, 0xc08, edge ? 2U << 2 * (SPI % 16) : 0);
}

static void message(struct vgic_rig *r, uint64_t reg, uint8_t size,
		    uint64_t value)
{
	rig_write(r, 0, false, reg, size, value);
	rig_settle(r);
}

static bool is_pending(struct vgic_rig *r)
{
	return rig_state(r, 0, SPI).pending;
}

/* ----------------------------------------------------------------- messages */

static void edge_message_is_taken_once(void **state)
{
	struct vgic_rig *r = *state;

	set_edge(r, true);
	message(r, SETSPI, 4, SPI);
	message(r, SETSPI, 4, SPI);
	assert_int_equal(gich_ack(&r->cpu[0], 1), SPI);
	message(r, SETSPI, 4, SPI); /* active and pending */
	assert_true(is_pending(r));
	gich_eoi(&r->cpu[0], 1, SPI);
	rig_on(r, 0);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[0], 1), SPI);
	gich_eoi(&r->cpu[0], 1, SPI);
	rig_on(r, 0);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
	message(r, SETSPI, 4, SPI);
	message(r, CLRSPI, 4, SPI);
	assert_false(is_pending(r));
	assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
}

static void level_message_stays_until_it_is_cleared(void **state)
{
	struct vgic_rig *r = *state;

	set_edge(r, false);
	message(r, SETSPI, 4, SPI);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gich_ack(&r->cpu[0], 1), SPI);
		assert_true(is_pending(r));
		gich_eoi(&r->cpu[0], 1, SPI);
		rig_on(r, 0);
		rig_settle(r);
	}
	message(r, CLRSPI, 4, SPI);
	assert_false(is_pending(r));
	assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
}

static void messages_have_16_or_32_bits_and_are_write_only(void **state)
{
	struct vgic_rig *r = *state;

	set_edge(r, true);
	message(r, SETSPI, 1, SPI);
	assert_false(is_pending(r));
	message(r, SETSPI, 2, SPI);
	assert_true(is_pending(r));
	assert_int_equal(rig_gicd(r, SETSPI), 0);
	message(r, CLRSPI, 2, SPI);
	assert_false(is_pending(r));
	message(r, 0x50, 4, SPI); /* SETSPI_SR: one Security state */
	assert_false(is_pending(r));
	message(r, SETSPI, 4, 1U << 10 | SPI); /* reserved bits */
	assert_true(is_pending(r));
}

static void message_for_no_spi_is_ignored(void **state)
{
	static const uint32_t none[] = {0, 15, 31, 64, 1019, 1023};
	struct vgic_rig *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		message(r, SETSPI, 4, none[i]);
		assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
	}
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 0);
}

/* ------------------------------------------------------------------- 1 of N */

static unsigned target(struct vgic_rig *r)
{
	return rig_state(r, 0, SPI).target;
}

static void set_dpg(struct vgic_rig *r, unsigned vcpu, uint32_t dpg)
{
	rig_write(r, 0, true, 0x20000ULL * vcpu, 4, dpg << 24);
	rig_settle(r);
}

static void one_of_n_goes_to_a_vcpu_that_takes_its_group(void **state)
{
	struct vgic_rig *r = *state;

	rig_write(r, 0, false, 0x6000 + 8 * SPI, 8, IRM);
	assert_int_equal(target(r), 0);
	set_dpg(r, 0, 1); /* DPG0: not this one's group */
	assert_int_equal(target(r), 0);
	set_dpg(r, 0, 2);
	assert_int_equal(target(r), 1);
	assert_int_equal(rig_read(r, 0, true, 0, 4), 2U << 24);
	set_dpg(r, 1, 7); /* DPG1S is not there */
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 3U << 24);
	assert_int_equal(target(r), 2);
	rig_set_gicd(r, 0x84, ~(1U << (SPI - 32))); /* group 0 */
	assert_int_equal(target(r), 0);
	rig_set_gicd(r, 0x84, ~0U);
	assert_int_equal(target(r), 2);
	set_dpg(r, 2, 2);
	assert_int_equal(target(r), 0xffff);
	rig_set_gicd(r, 0x204, 1U << (SPI - 32));
	set_dpg(r, 1, 0); /* pending, it waits for somebody */
	assert_int_equal(gich_ack(&r->cpu[1], 1), SPI);
}

static void one_of_n_follows_sleep(void **state)
{
	struct vgic_rig *r = *state;

	rig_write(r, 0, false, 0x6000 + 8 * SPI, 8, IRM);
	rig_write(r, 0, true, 0x14, 4, 2);
	rig_settle(r);
	assert_int_equal(target(r), 1);
	rig_write(r, 0, true, 0x14, 4, 0);
	rig_settle(r);
	assert_int_equal(target(r), 0);
	set_dpg(r, 0, 3); /* of no concern to what is addressed to it */
	rig_write(r, 0, false, 0x6000 + 8 * SPI, 8, 0);
	assert_int_equal(target(r), 0);
}

/* ------------------------------------------------------------------ routes */

static void take(struct vgic_rig *r, unsigned vcpu, uint32_t intid)
{
	assert_int_equal(gich_ack(&r->cpu[vcpu], 1), intid);
	gich_eoi(&r->cpu[vcpu], 1, intid);
}

/* The old target needs its list register for another one before it has looked
 * at what came after the write of the route. */
static void spi_routed_away_is_not_lost_with_its_list_register(void **state)
{
	for (unsigned sgi = 0; sgi < 2; sgi++) {
		struct vgic_rig *r = *state;

		set_edge(r, false);
		vgic_set_line(r->g, VGIC_NO_VCPU, SPI, true);
		rig_settle(r);
		assert_int_equal(gich_ack(&r->cpu[0], 1), SPI);
		vgic_set_line(r->g, VGIC_NO_VCPU, SPI, false);
		rig_settle(r);
		gich_eoi(&r->cpu[0], 1, SPI);
		for (uint32_t i = 1; i < 4; i++) {
			rig_sgi(r, 0, (uint64_t)i << 24 | 1, 1);
			rig_settle(r);
			take(r, 0, i);
		}
		rig_write(r, 1, false, 0x6000 + 8 * SPI, 8, 1);
		vgic_set_line(r->g, VGIC_NO_VCPU, SPI, true);
		if (sgi)
			rig_sgi(r, 1, 5U << 24 | 1, 1);
		rig_settle(r);
		if (sgi)
			take(r, 0, 5);
		assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
		assert_int_equal(gich_ack(&r->cpu[1], 1), SPI);
		vgic_set_line(r->g, VGIC_NO_VCPU, SPI, false);
		gich_eoi(&r->cpu[1], 1, SPI);
		rig_write(r, 1, false, 0x6000 + 8 * SPI, 8, 0);
		rig_settle(r);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(edge_message_is_taken_once),
		TEST(level_message_stays_until_it_is_cleared),
		TEST(messages_have_16_or_32_bits_and_are_write_only),
		TEST(message_for_no_spi_is_ignored),
		TEST(one_of_n_goes_to_a_vcpu_that_takes_its_group),
		TEST(one_of_n_follows_sleep),
		TEST(spi_routed_away_is_not_lost_with_its_list_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
