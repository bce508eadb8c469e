/* LPIs in redistributors and list registers: delivery, order, moves, tables. */
#include <string.h>

#include "../host/host.h"
#include "../host/its_rig.h"

#define DEV 1U

static struct vgic_rig rig;

/* Device 1: event n is LPI 8192 + n at vCPU 0, enabled. */
static void start(unsigned nr_lr, bool eoimode, bool goes_active)
{
	rig_init_its(&rig, 3, nr_lr);
	rig_guest_init(&rig, eoimode);
	its_start(&rig);
	its_mapd(&rig, DEV);
	for (unsigned i = 0; i < 32; i++) {
		its_config(&rig, ITS_LPI + i, 0xa0, true);
		its_map(&rig, DEV, i, ITS_LPI + i, 0);
	}
	for (unsigned i = 0; i < 3; i++)
		rig.cpu[i].lpi_goes_active = goes_active;
}

static int setup(void **state)
{
	start(2, false, false);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static uint32_t ack(unsigned vcpu)
{
	return gich_ack(&rig.cpu[vcpu], 1);
}

static void eoi(unsigned vcpu, uint32_t intid)
{
	gich_eoi(&rig.cpu[vcpu], 1, intid);
	rig_on(&rig, vcpu);
	rig_settle(&rig);
}

static void lpi_is_taken_once(void **state)
{
	struct vgic_rig *r = *state;

	its_event(r, CMD_INT, DEV, 3);
	its_event(r, CMD_INT, DEV, 3);
	assert_int_equal(ack(0), ITS_LPI + 3);
	assert_false(rig_state(r, 0, ITS_LPI + 3).pending);
	eoi(0, ITS_LPI + 3);
	assert_int_equal(ack(0), GICH_SPURIOUS);
}

/* With list registers that know an active LPI, and with those that do not. */
static void lpi_raised_while_it_is_served_comes_again(void **state)
{
	for (unsigned how = 0; how < 4; how++) {
		rig_free(*state);
		start(2, how & 1, how & 2);
		for (unsigned n = 0; n < 5; n++) {
			its_event(&rig, CMD_INT, DEV, 3);
			assert_int_equal(ack(0), ITS_LPI + 3);
			its_event(&rig, CMD_INT, DEV, 3);
			assert_true(rig_state(&rig, 0, ITS_LPI + 3).pending);
			assert_false(rig_state(&rig, 0, ITS_LPI + 3).active);
			assert_int_equal(ack(0), GICH_SPURIOUS);
			eoi(0, ITS_LPI + 3);
			assert_int_equal(ack(0), ITS_LPI + 3);
			eoi(0, ITS_LPI + 3);
			assert_int_equal(ack(0), GICH_SPURIOUS);
		}
	}
}

static void more_than_list_registers_come_by_priority(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < 16; i++) {
		its_config(r, ITS_LPI + i, (uint8_t)(0xf8 - 8 * i), true);
		its_event(r, CMD_INV, DEV, i);
	}
	gich_guest_setup(&r->cpu[0], 0xff, true, true, false);
	for (unsigned i = 0; i < 16; i++)
		its_event(r, CMD_INT, DEV, i);
	for (unsigned i = 16; i-- > 0;) {
		assert_int_equal(ack(0), ITS_LPI + i);
		eoi(0, ITS_LPI + i);
	}
	assert_int_equal(ack(0), GICH_SPURIOUS);
}

/* Group 1 only, and gone with it. */
static void group_1_enable_holds_lpis_back(void **state)
{
	struct vgic_rig *r = *state;

	rig_set_gicd(r, 0, 1);
	its_event(r, CMD_INT, DEV, 3);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	rig_set_gicd(r, 0, 2);
	assert_int_equal(ack(0), ITS_LPI + 3);
}

static void configuration_counts_from_inv_on(void **state)
{
	struct vgic_rig *r = *state;

	its_event(r, CMD_INT, DEV, 3); /* in a list register now */
	its_config(r, ITS_LPI + 3, 0xa0, false);
	its_event(r, CMD_INV, DEV, 3);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	assert_true(rig_state(r, 0, ITS_LPI + 3).pending);
	its_config(r, ITS_LPI + 3, 0x40, true);
	assert_true(its_cmd(r, 0, CMD_INVALL, 0, 0, 0));
	assert_int_equal(rig_state(r, 0, ITS_LPI + 3).prio, 0x40);
	assert_int_equal(ack(0), ITS_LPI + 3);
	assert_int_equal(gich_running(&r->cpu[0]), 0x40);
	/* the low two bits are no priority */
	its_config(r, ITS_LPI + 4, 0xf3, true);
	its_event(r, CMD_INV, DEV, 4);
	assert_int_equal(rig_state(r, 0, ITS_LPI + 4).prio, 0xf0);
}

static void redistributor_registers_invalidate_too(void **state)
{
	struct vgic_rig *r = *state;

	its_event(r, CMD_INT, DEV, 3);
	its_config(r, ITS_LPI + 3, 0xa0, false);
	rig_write(r, 0, true, 0xa0, 8, ITS_LPI + 3);
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0xc0, 4), 0);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	its_config(r, ITS_LPI + 3, 0xa0, true);
	rig_write(r, 1, true, 0xb0, 8, 0);
	rig_settle(r);
	assert_int_equal(ack(0), ITS_LPI + 3);
	rig_write(r, 0, true, 0xa0, 8, 5); /* no LPI */
	rig_write(r, 0, true, 0xa0, 8, 0xffffffff);
}

static void syncr_is_busy_until_the_other_vcpu_has_seen_it(void **state)
{
	struct vgic_rig *r = *state;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	its_event(r, CMD_INT, DEV, 3);
	its_config(r, ITS_LPI + 3, 0xa0, false);
	rig_write(r, 0, true, 0x200a0, 8, ITS_LPI + 3);
	assert_int_equal(rig_read(r, 0, true, 0x200c0, 4), 1);
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0x200c0, 4), 0);
	assert_int_equal(ack(1), GICH_SPURIOUS);
}

static void each_vcpu_gets_its_own(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < 3; i++) {
		its_map(r, DEV, i, ITS_LPI + i, i);
		its_event(r, CMD_INT, DEV, i);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ack(i), ITS_LPI + i);
		eoi(i, ITS_LPI + i);
		assert_int_equal(ack(i), GICH_SPURIOUS);
	}
}

static void movi_takes_the_pending_state_along(void **state)
{
	struct vgic_rig *r = *state;

	its_event(r, CMD_INT, DEV, 3);
	assert_true(gich_find(&r->cpu[0], ITS_LPI + 3) >= 0);
	assert_true(its_cmd(r, 0, 1ULL << 32 | CMD_MOVI, 3, 2, 0));
	assert_int_equal(ack(0), GICH_SPURIOUS);
	assert_int_equal(ack(2), ITS_LPI + 3);
	eoi(2, ITS_LPI + 3);
	its_event(r, CMD_INT, DEV, 3);
	assert_int_equal(ack(2), ITS_LPI + 3);
}

/* Its handler still runs on vCPU 0, which is of no concern to vCPU 2. */
static void moved_while_it_is_served_it_goes_to_the_new_vcpu(void **state)
{
	for (unsigned active = 0; active < 2; active++) {
		rig_free(*state);
		start(2, false, active);
		its_event(&rig, CMD_INT, DEV, 3);
		assert_int_equal(ack(0), ITS_LPI + 3);
		assert_true(its_cmd(&rig, 0, 1ULL << 32 | CMD_MOVI, 3, 2, 0));
		its_event(&rig, CMD_INT, DEV, 3);
		assert_int_equal(ack(2), ITS_LPI + 3);
		eoi(0, ITS_LPI + 3);
		eoi(2, ITS_LPI + 3);
		assert_int_equal(ack(0), GICH_SPURIOUS);
		assert_int_equal(ack(2), GICH_SPURIOUS);
	}
}

/* vCPU 0 needs its list register for another one before it has looked. */
static void lpi_moved_away_is_not_lost_with_its_list_register(void **state)
{
	struct vgic_rig *r = *state;

	its_event(r, CMD_INT, DEV, 3);
	assert_int_equal(rig_serve(r, 0), ITS_LPI + 3);
	rig_sgi(r, 0, 1U << 24 | 1, 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), 1);
	its_post(r, 1, 1ULL << 32 | CMD_MOVI, 3, 2, 0);
	its_post(r, 1, 1ULL << 32 | CMD_INT, 3, 0, 0);
	rig_sgi(r, 1, 5U << 24 | 1, 1);
	rig_settle(r);
	assert_int_equal(ack(0), 5);
	assert_int_equal(ack(2), ITS_LPI + 3);
}

static void movall_moves_all_that_is_pending(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < 10; i++)
		its_event(r, CMD_INT, DEV, i);
	its_map(r, DEV, 20, ITS_LPI + 20, 2);
	its_event(r, CMD_INT, DEV, 20);
	assert_true(its_cmd(r, 0, CMD_MOVALL, 0, 0, 1 << 16));
	assert_int_equal(ack(0), GICH_SPURIOUS);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t lpi = ack(1);

		assert_in_range(lpi, ITS_LPI, ITS_LPI + 9);
		eoi(1, lpi);
	}
	assert_int_equal(ack(1), GICH_SPURIOUS);
	assert_int_equal(ack(2), ITS_LPI + 20);
}

static void put_and_load_keep_what_is_pending(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < 5; i++)
		its_event(r, CMD_INT, DEV, i);
	rig_put(r, 0);
	assert_true(vgic_has_pending(r->g, 0));
	rig_load(r, 0);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t lpi = ack(0);

		assert_in_range(lpi, ITS_LPI, ITS_LPI + 4);
		eoi(0, lpi);
	}
	assert_int_equal(ack(0), GICH_SPURIOUS);
}

static void lpi_wakes_a_vcpu_that_waits(void **state)
{
	struct vgic_rig *r = *state;
	unsigned kicks;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	rig_put(r, 1);
	kicks = r->kicks[1];
	assert_false(vgic_has_pending(r->g, 1));
	its_event(r, CMD_INT, DEV, 3);
	assert_true(r->kicks[1] > kicks);
	assert_true(vgic_has_pending(r->g, 1));
	rig_load(r, 1);
	assert_int_equal(ack(1), ITS_LPI + 3);
}

/* --------------------------------------------------------- tables in memory */

static void lpis_off_are_in_the_table_and_on_again_come(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < 5; i++)
		its_event(r, CMD_INT, DEV, i);
	its_config(r, ITS_LPI + 6, 0xa0, false);
	its_event(r, CMD_INV, DEV, 6);
	its_event(r, CMD_INT, DEV, 6); /* disabled ones as well */
	memset(r->ram + ITS_PENDING, 0xff, 0x10000);
	rig_write(r, 0, true, 0, 4, 0);
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0, 4), 6);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(its_in_table(r, 0, ITS_LPI + i),
				 i < 5 || i == 6);
	assert_false(its_in_table(r, 0, 65535));
	assert_true(its_in_table(r, 0, 8191)); /* not the table's part */
	its_event(r, CMD_INT, DEV, 9);         /* nobody takes it */
	its_lpis_on(r, 0, false);
	rig_settle(r);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t lpi = ack(0);

		assert_in_range(lpi, ITS_LPI, ITS_LPI + 4);
		eoi(0, lpi);
	}
	assert_int_equal(ack(0), GICH_SPURIOUS);
	assert_true(rig_state(r, 0, ITS_LPI + 6).pending);
}

static void another_vcpus_lpis_go_off_when_it_has_exited(void **state)
{
	struct vgic_rig *r = *state;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	its_event(r, CMD_INT, DEV, 3);
	rig_write(r, 0, true, 0x20000, 4, 0);
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 6 | 8); /* RWP */
	rig_settle(r);
	assert_int_equal(rig_read(r, 0, true, 0x20000, 4), 6);
	assert_true(its_in_table(r, 1, ITS_LPI + 3));
	assert_int_equal(ack(1), GICH_SPURIOUS);
}

static void on_again_before_it_was_off_loses_nothing(void **state)
{
	struct vgic_rig *r = *state;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	its_event(r, CMD_INT, DEV, 3);
	rig_write(r, 0, true, 0x20000, 4, 0);
	rig_write(r, 0, true, 0x20000, 4, 1);
	rig_settle(r);
	assert_int_equal(ack(1), ITS_LPI + 3);
}

static void a_vcpu_that_is_not_loaded_saves_at_once(void **state)
{
	struct vgic_rig *r = *state;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	its_event(r, CMD_INT, DEV, 3);
	rig_put(r, 1);
	rig_write(r, 0, true, 0x20000, 4, 0);
	assert_true(its_in_table(r, 1, ITS_LPI + 3));
	assert_false(vgic_has_pending(r->g, 1));
	rig_load(r, 1);
	assert_int_equal(ack(1), GICH_SPURIOUS);
}

static void put_before_the_flush_saves_too(void **state)
{
	struct vgic_rig *r = *state;

	its_map(r, DEV, 3, ITS_LPI + 3, 1);
	its_event(r, CMD_INT, DEV, 3);
	rig_write(r, 0, true, 0x20000, 4, 0);
	rig_put(r, 1);
	assert_true(its_in_table(r, 1, ITS_LPI + 3));
	rig_load(r, 1);
}

/* GICR_PROPBASER.IDbits: fewer LPIs, or none. */
static void idbits_bound_what_there_is(void **state)
{
	struct vgic_rig *r = *state;
	const uint64_t config = its_ipa(ITS_CONFIG);

	its_map(r, DEV, 1, 16383, 0);
	its_map(r, DEV, 2, 16384, 0);
	r->ram[ITS_CONFIG + 16383 - ITS_LPI] = 0xa1;
	r->ram[ITS_CONFIG + 16384 - ITS_LPI] = 0xa1;
	rig_write(r, 0, true, 0, 4, 0);
	rig_settle(r);
	rig_write(r, 0, true, 0x70, 8, config | 13);
	rig_write(r, 0, true, 0, 4, 1);
	its_event(r, CMD_INT, DEV, 1);
	its_event(r, CMD_INT, DEV, 2);
	assert_int_equal(ack(0), 16383);
	eoi(0, 16383);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	rig_write(r, 0, true, 0, 4, 0);
	rig_settle(r);
	rig_write(r, 0, true, 0x70, 8, config | 12);
	rig_write(r, 0, true, 0, 4, 1);
	assert_int_equal(rig_read(r, 0, true, 0, 4), 7);
	its_event(r, CMD_INT, DEV, 1);
	assert_int_equal(ack(0), GICH_SPURIOUS);
	rig_write(r, 0, true, 0, 4, 0);
}

static void tables_outside_ram_are_as_good_as_empty(void **state)
{
	struct vgic_rig *r = *state;

	rig_write(r, 0, true, 0, 4, 0);
	rig_settle(r);
	rig_write(r, 0, true, 0x70, 8, 0xfffffffff000 | 31);
	rig_write(r, 0, true, 0x78, 8, 0xfffffffff0000);
	rig_write(r, 0, true, 0, 4, 1);
	its_event(r, CMD_INT, DEV, 1);
	assert_true(its_cmd(r, 0, CMD_INVALL, 0, 0, 0));
	assert_int_equal(ack(0), GICH_SPURIOUS);
	rig_write(r, 0, true, 0, 4, 0);
	rig_settle(r);
}

static void base_registers_keep_their_fields(void **state)
{
	struct vgic_rig *r = *state;

	rig_write(r, 2, true, 0x40000, 4, 0);
	rig_settle(r);
	rig_write(r, 2, true, 0x40070, 8, ~0ULL);
	assert_int_equal(rig_read(r, 2, true, 0x40070, 8), 0x070fffffffffff9f);
	rig_write(r, 2, true, 0x40074, 4, 0);
	assert_int_equal(rig_read(r, 2, true, 0x40070, 8), 0xffffff9f);
	rig_write(r, 2, true, 0x40078, 8, ~0ULL);
	/* PTZ is write-only */
	assert_int_equal(rig_read(r, 2, true, 0x40078, 8), 0x070fffffffff0f80);
	assert_int_equal(rig_read(r, 2, true, 0x4007c, 4), 0x070fffff);
}

/* ------------------------------------------------------ with EOIs uncounted */

/*
 * An active SPI is outside (its end shows in EOIcount) while an LPI's EOI finds
 * no list register either: the SPI must not be ended for it.
 */
static void eoi_of_an_lpi_ends_nothing_else(void **state)
{
	static const uint32_t spi[] = {40, 41, 42};
	struct vgic_rig *r = *state;

	for (unsigned active = 0; active < 2; active++) {
		rig_free(r);
		start(1, false, active);
		rig_set_gicd(r, 0x428, 0x20406080); /* 40: 0x80 ... 43 */
		for (unsigned i = 0; i < 3; i++) {
			rig_set_gicd(r, 0x204, 1U << (spi[i] - 32));
			assert_int_equal(ack(0), spi[i]);
			rig_on(r, 0);
			rig_settle(r);
		}
		its_config(r, ITS_LPI, 0x10, true);
		its_event(r, CMD_INV, DEV, 0);
		its_event(r, CMD_INT, DEV, 0);
		assert_int_equal(ack(0), ITS_LPI);
		its_event(r, CMD_INT, DEV,
			  0); /* its register is written anew */
		eoi(0, ITS_LPI);
		for (unsigned i = 0; i < 3; i++)
			assert_true(rig_state(r, 0, spi[i]).active);
		assert_int_equal(ack(0), ITS_LPI);
		eoi(0, ITS_LPI);
		for (unsigned i = 3; i-- > 0;) {
			assert_true(rig_state(r, 0, spi[i]).active);
			eoi(0, spi[i]);
			assert_false(rig_state(r, 0, spi[i]).active);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lpi_is_taken_once),
		TEST(lpi_raised_while_it_is_served_comes_again),
		TEST(more_than_list_registers_come_by_priority),
		TEST(group_1_enable_holds_lpis_back),
		TEST(configuration_counts_from_inv_on),
		TEST(redistributor_registers_invalidate_too),
		TEST(syncr_is_busy_until_the_other_vcpu_has_seen_it),
		TEST(each_vcpu_gets_its_own),
		TEST(movi_takes_the_pending_state_along),
		TEST(lpi_moved_away_is_not_lost_with_its_list_register),
		TEST(moved_while_it_is_served_it_goes_to_the_new_vcpu),
		TEST(movall_moves_all_that_is_pending),
		TEST(put_and_load_keep_what_is_pending),
		TEST(lpi_wakes_a_vcpu_that_waits),
		TEST(lpis_off_are_in_the_table_and_on_again_come),
		TEST(another_vcpus_lpis_go_off_when_it_has_exited),
		TEST(on_again_before_it_was_off_loses_nothing),
		TEST(a_vcpu_that_is_not_loaded_saves_at_once),
		TEST(put_before_the_flush_saves_too),
		TEST(idbits_bound_what_there_is),
		TEST(tables_outside_ram_are_as_good_as_empty),
		TEST(base_registers_keep_their_fields),
		TEST(eoi_of_an_lpi_ends_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
