/*
 * SGIs between their sender and the flush that takes them: pending all the
 * while, wherever somebody looks.
 */
#include <string.h>

#include "../host/host.h"
#include "../host/vgic_rig.h"

#define ISENABLER 0x100U
#define ICENABLER 0x180U
#define ISPENDR   0x200U
#define ICPENDR   0x280U
#define IGROUPR   0x080U
#define IRM       (UINT64_C(1) << 40)
#define SGI       5U

static struct vgic_rig rig;

/* Four vCPUs whose SGI 5 has a list register already, so that the short ways
 * are open. */
static int setup(void **state)
{
	rig_init(&rig, 4, 4, 32);
	rig_guest_init(&rig, false);
	for (unsigned v = 0; v < 4; v++) {
		rig_on(&rig, v);
		rig_sgi(&rig, v, 0xf | SGI << 24, 1);
		rig_settle(&rig);
		for (unsigned i = 0; i < 4; i++) {
			(void)gich_ack(&rig.cpu[i], 1);
			gich_eoi(&rig.cpu[i], 1, SGI);
		}
	}
	memset(rig.kicks, 0, sizeof(rig.kicks));
	rig_on(&rig, 0);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void send(struct vgic_rig *r, unsigned from, uint64_t sgir)
{
	rig_on(r, from);
	rig_sgi(r, from, sgir, 1);
}

static uint64_t reg(unsigned frame, unsigned offset)
{
	return 0x20000ULL * frame + 0x10000 + offset;
}

/* A write of vCPU `by`; nobody's exit ends here. */
static void write_reg(struct vgic_rig *r, unsigned by, unsigned frame,
		      unsigned offset, uint32_t value)
{
	rig_write(r, by, true, reg(frame, offset), 4, value);
}

static uint32_t read_reg(struct vgic_rig *r, unsigned by, unsigned frame,
			 unsigned offset)
{
	return (uint32_t)rig_read(r, by, true, reg(frame, offset), 4);
}

/* ----------------------------------------------------------------- the ways */

static void a_known_sgi_costs_its_target_one_list_register_write(void **state)
{
	struct vgic_rig *r = *state;
	unsigned long before = r->cpu[1].nr_lr_writes;

	send(r, 0, 0x2 | SGI << 24);
	send(r, 2, 0x2 | SGI << 24);
	assert_int_equal(r->kicks[1], 2);
	rig_settle(r);
	assert_int_equal(r->cpu[1].nr_lr_writes, before + 1);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void sgi_of_a_handler_in_progress_is_pending_behind_it(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0x2 | SGI << 24);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), SGI);
	send(r, 0, 0x2 | SGI << 24);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), GICH_SPURIOUS);
	gich_eoi(&r->cpu[1], 1, SGI);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void a_list_with_the_sender_in_it_reaches_all_of_it(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 1, 0x000b | SGI << 24);
	assert_int_equal(r->kicks[1] + r->kicks[2], 0);
	rig_settle(r);
	for (unsigned v = 0; v < 4; v++)
		assert_int_equal(rig_serve(r, v), v == 2 ? GICH_SPURIOUS : SGI);
}

static void all_others_are_the_others_whatever_the_list_says(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 3, IRM | 0x8 | SGI << 24);
	rig_settle(r);
	for (unsigned v = 0; v < 4; v++)
		assert_int_equal(rig_serve(r, v), v == 3 ? GICH_SPURIOUS : SGI);
}

static void cpus_and_clusters_that_are_not_there_hear_nothing(void **state)
{
	static const uint64_t nobody[] = {
		0,
		0x10,
		0x8000,
		0xfff0,
		0x10000,
		0x10001,
		1 << 16,
		1ULL << 44,
		1ULL << 44 | 1,
		1ULL << 32 | 1,
		1ULL << 48 | 1,
	};
	struct vgic_rig *r = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(nobody); i++) {
		send(r, 0, nobody[i] | SGI << 24);
		for (unsigned v = 0; v < 4; v++)
			assert_int_equal(*vgic_stale(r->g, v), 0);
	}
	/* what is reserved does not count */
	send(r, 0, 0xff000e00f0000002 | SGI << 24);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), SGI);
}

static void several_at_once_arrive_one_by_one(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned n = 0; n < 16; n++)
		send(r, n % 2 ? 2 : 0, 0x2 | n << 24);
	rig_settle(r);
	for (unsigned n = 0; n < 16; n++)
		assert_int_equal(rig_serve(r, 1), n);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

/* --------------------------------------------------- looks before the flush */

/* Rules out: gic-readback */
static void a_sent_sgi_is_read_as_pending_by_anybody(void **state)
{
	struct vgic_rig *r = *state;
	struct vgic_look l;

	send(r, 0, 0x2 | SGI << 24);
	assert_true(vgic_look(r->g, 1, SGI, &l));
	assert_true(l.pending);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 1U << SGI);
	send(r, 0, 0x2 | SGI << 24);
	assert_int_equal(read_reg(r, 1, 1, ICPENDR), 1U << SGI);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 0);
}

/* A read by a third vCPU takes the SGI to the bank while the sender's kick is
 * on its way: that kick is enough. */
static void a_look_from_afar_loses_no_wake_up(void **state)
{
	struct vgic_rig *r = *state;
	struct mmio_op op = {.offset = reg(1, ISPENDR), .size = 4};

	rig_put(r, 1); /* is asked for nothing, so nobody else kicks it */
	rig_load(r, 1);
	rig_settle(r);
	memset(r->kicks, 0, sizeof(r->kicks));
	r->exits[1] = false;
	send(r, 0, 0x2 | SGI << 24);
	(void)rig_mmio(r, 2, true, &op);
	assert_int_not_equal(*vgic_stale(r->g, 1), 0);
	assert_int_equal(r->kicks[1], 1);
	rig_settle(r); /* nobody is stale without a kick */
	assert_int_equal(rig_serve(r, 1), SGI);
}

static void a_sent_sgi_can_be_cleared_and_set_again(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned by = 1; by < 3; by++) { /* itself, another */
		send(r, 0, 0x2 | SGI << 24);
		write_reg(r, by, 1, ICPENDR, 1U << SGI);
		rig_settle(r);
		assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
		send(r, 0, 0x2 | SGI << 24);
		write_reg(r, by, 1, ICPENDR, ~(1U << SGI)); /* others */
		rig_settle(r);
		assert_int_equal(rig_serve(r, 1), SGI);
		write_reg(r, by, 1, ICPENDR, 1U << SGI);
		send(r, 0, 0x2 | SGI << 24); /* the later one counts */
		rig_settle(r);
		assert_int_equal(rig_serve(r, 1), SGI);
		send(r, 0, 0x2 | SGI << 24);
		write_reg(r, by, 1, ISPENDR, 1U << SGI);
		rig_settle(r);
		assert_int_equal(rig_serve(r, 1), SGI); /* once */
		assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
	}
}

static unsigned meanwhile; /* the register that another vCPU writes */

static void write_it(void)
{
	struct gich *was = gich;

	gich_before_or = NULL;
	write_reg(&rig, 2, 1, meanwhile, 1U << SGI);
	gich = was;
}

/* Its target has taken it from the word and not yet touched its list register:
 * without a lock there is such a moment. */
static void an_sgi_cleared_while_it_is_on_its_way_stays_cleared(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0x2 | SGI << 24);
	meanwhile = ICPENDR;
	gich_before_or = write_it;
	rig_settle(r);
	assert_null(gich_before_or);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 0);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void an_sgi_disabled_while_it_is_on_its_way_waits(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0x2 | SGI << 24);
	meanwhile = ICENABLER;
	gich_before_or = write_it;
	rig_settle(r);
	assert_null(gich_before_or);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 1U << SGI);
	write_reg(r, 2, 1, ISENABLER, 1U << SGI);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), SGI);
}

/* ------------------------------------------------------- enable, group, sleep
 */

static void a_disabled_sgi_waits_until_it_is_enabled(void **state)
{
	struct vgic_rig *r = *state;

	write_reg(r, 1, 1, ICENABLER, 1U << SGI);
	rig_settle(r);
	send(r, 0, 0x2 | SGI << 24);
	rig_settle(r);
	assert_int_equal(gich_signalled(&r->cpu[1]), -1);
	assert_false(vgic_has_pending(r->g, 1));
	send(r, 0, 0x2 | SGI << 24); /* and enabled before the flush */
	write_reg(r, 1, 1, ISENABLER, 1U << SGI);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

/* The group counts when the SGI is made, and when it is taken. */
static void a_sent_sgi_stays_pending_when_its_group_changes(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0x2 | SGI << 24);
	write_reg(r, 1, 1, IGROUPR, ~(1U << SGI));
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 0), SGI);
	gich_eoi(&r->cpu[1], 0, SGI);
	send(r, 0, 0x2 | SGI << 24); /* of group 1: not for it any more */
	assert_int_equal(*vgic_stale(r->g, 1), 0);
	rig_sgi(r, 0, 0x2 | SGI << 24, 0);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 0), SGI);
}

static void a_redistributor_asleep_keeps_what_is_sent(void **state)
{
	struct vgic_rig *r = *state;

	rig_write(r, 1, true, 0x20014, 4, 2); /* GICR_WAKER.ProcessorSleep */
	rig_settle(r);
	send(r, 0, 0x2 | SGI << 24);
	rig_settle(r);
	assert_int_equal(gich_signalled(&r->cpu[1]), -1);
	assert_true(vgic_has_pending(r->g, 1)); /* its wake request */
	rig_write(r, 1, true, 0x20014, 4, 0);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), SGI);
}

static void groups_that_are_off_keep_what_is_sent(void **state)
{
	struct vgic_rig *r = *state;

	rig_set_gicd(r, 0, 0);
	send(r, 0, 0x2 | SGI << 24);
	rig_settle(r);
	assert_int_equal(gich_signalled(&r->cpu[1]), -1);
	rig_set_gicd(r, 0, 3);
	assert_int_equal(rig_serve(r, 1), SGI);
}

/* ------------------------------------------------------------ load and put */

/* Rules out: off-cpu */
static void a_vcpu_that_is_not_loaded_finds_its_sgis_at_the_load(void **state)
{
	struct vgic_rig *r = *state;

	rig_put(r, 1);
	assert_false(vgic_has_pending(r->g, 1));
	send(r, 0, 0x2 | SGI << 24);
	assert_int_equal(r->kicks[1], 1);
	rig_on(r, 1);
	assert_true(vgic_has_pending(r->g, 1));
	assert_true(vgic_has_pending(r->g, 1));
	send(r, 2, 0x2 | 6 << 24);
	rig_on(r, 1);
	rig_load(r, 1);
	assert_int_equal(*vgic_stale(r->g, 1), 0);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), 6);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void registers_of_a_vcpu_that_is_not_loaded_know_its_sgis(void **state)
{
	struct vgic_rig *r = *state;

	rig_put(r, 1);
	send(r, 0, 0x2 | SGI << 24);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 1U << SGI);
	send(r, 0, 0x2 | 6 << 24);
	write_reg(r, 2, 1, ICPENDR, 1U << SGI);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 1U << 6);
	rig_load(r, 1);
	assert_int_equal(rig_serve(r, 1), 6);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void an_sgi_survives_the_put_of_its_target(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0x2 | SGI << 24);
	rig_put(r, 1);
	rig_load(r, 1);
	assert_int_equal(rig_serve(r, 1), SGI);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

static void a_sender_may_become_another_ones_target_and_go(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 1, 0x3 | SGI << 24); /* itself among them, not flushed yet */
	rig_put(r, 1);
	rig_load(r, 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), SGI);
	assert_int_equal(rig_serve(r, 1), SGI);
}

static void a_reset_forgets_what_is_on_its_way(void **state)
{
	struct vgic_rig *r = *state;

	send(r, 0, 0xf | SGI << 24);
	for (unsigned v = 0; v < 4; v++)
		rig_put(r, v);
	vgic_reset(r->g);
	for (unsigned v = 0; v < 4; v++) {
		assert_int_equal(*vgic_stale(r->g, v), 0);
		rig_load(r, v);
	}
	rig_guest_init(r, false);
	for (unsigned v = 0; v < 4; v++) {
		assert_int_equal(read_reg(r, v, v, ISPENDR), 0);
		assert_int_equal(rig_serve(r, v), GICH_SPURIOUS);
	}
}

/* ------------------------------------------------------- no list register */

static void an_sgi_finds_its_way_past_full_list_registers(void **state)
{
	struct vgic_rig *r = *state;

	for (unsigned n = 8; n < 14; n++)
		send(r, 0, 0x2 | n << 24);
	rig_settle(r);
	send(r, 0, 0x2 | SGI << 24); /* while more wait than fit */
	rig_settle(r);
	assert_int_equal(read_reg(r, 2, 1, ISPENDR), 0x3f00 | 1U << SGI);
	for (unsigned n = 0; n < 7; n++)
		assert_int_not_equal(rig_serve(r, 1), GICH_SPURIOUS);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG(a_known_sgi_costs_its_target_one_list_register_write),
		RIG(sgi_of_a_handler_in_progress_is_pending_behind_it),
		RIG(a_list_with_the_sender_in_it_reaches_all_of_it),
		RIG(all_others_are_the_others_whatever_the_list_says),
		RIG(cpus_and_clusters_that_are_not_there_hear_nothing),
		RIG(several_at_once_arrive_one_by_one),
		RIG(a_sent_sgi_is_read_as_pending_by_anybody),
		RIG(a_look_from_afar_loses_no_wake_up),
		RIG(a_sent_sgi_can_be_cleared_and_set_again),
		RIG(an_sgi_cleared_while_it_is_on_its_way_stays_cleared),
		RIG(an_sgi_disabled_while_it_is_on_its_way_waits),
		RIG(a_disabled_sgi_waits_until_it_is_enabled),
		RIG(a_sent_sgi_stays_pending_when_its_group_changes),
		RIG(a_redistributor_asleep_keeps_what_is_sent),
		RIG(groups_that_are_off_keep_what_is_sent),
		RIG(a_vcpu_that_is_not_loaded_finds_its_sgis_at_the_load),
		RIG(registers_of_a_vcpu_that_is_not_loaded_know_its_sgis),
		RIG(an_sgi_survives_the_put_of_its_target),
		RIG(a_sender_may_become_another_ones_target_and_go),
		RIG(a_reset_forgets_what_is_on_its_way),
		RIG(an_sgi_finds_its_way_past_full_list_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
