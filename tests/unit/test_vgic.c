/* The vGIC at work: delivery, sharing, overflow, and guests that misbehave. */
#include <errno.h>
#include <string.h>

#include "../host/host.h"
#include "../host/vgic_rig.h"

#define LR_PENDING (UINT64_C(1) << 62)
#define LR_ACTIVE  (UINT64_C(1) << 63)
#define LR_HW      (UINT64_C(1) << 61)
#define LR_EOI     (UINT64_C(1) << 41)
#define TIMER      27U
#define SGI_BASE   0x10000ULL
#define FRAME(v)   (0x20000ULL * (v))

/* The last rig, for the teardown. */
static struct vgic_rig rig;

static struct vgic_rig *boot(unsigned nr_vcpus, unsigned nr_lr, bool eoimode)
{
	rig_init(&rig, nr_vcpus, nr_lr, 64);
	rig_guest_init(&rig, eoimode);
	memset(rig.kicks, 0, sizeof(rig.kicks));
	rig_on(&rig, 0);
	return &rig;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

static void spi_priority(struct vgic_rig *r, uint32_t n, uint8_t prio)
{
	rig_write(r, 0, false, 0x400 + n, 1, prio);
}

/* ----------------------------------------------------------------- the timer
 */

/* Rules out: timer-control, eoi-mode */
static void timer_is_linked_to_its_physical_interrupt(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);
	int slot;

	(void)state;
	rig_timer(r, 0, TIMER);
	slot = gich_find(gich, TIMER);
	assert_true(slot >= 0);
	/* HW, group 1, pending, pINTID 27, priority 0xa0 */
	assert_true(gich->lr[slot] == 0x70a0001b0000001bULL);
	assert_int_equal(gich_ack(gich, 1), TIMER);
	assert_int_equal(r->phys_active[0], 1U << TIMER);
	gich_eoi(gich, 1, TIMER);
	assert_int_equal(r->phys_active[0], 0);
	assert_int_equal(gich_misr(gich), 0);
}

static void timer_again_costs_one_list_register_write(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);
	unsigned long before;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		before = gich->nr_lr_writes;
		rig_timer(r, 0, TIMER);
		assert_int_equal(*vgic_stale(r->g, 0), 0);
		assert_int_equal(gich->nr_lr_writes, before + 1);
		assert_int_equal(rig_serve(r, 0), TIMER);
	}
}

/* Rules out: disabled-active */
static void timer_while_disabled_is_kept_until_enabled(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_set_sgi_base(r, 0, 0x180, 1U << TIMER);
	rig_timer(r, 0, TIMER);
	rig_settle(r);
	assert_int_equal(gich_find(gich, TIMER), -1);
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 1U << TIMER);
	assert_int_equal(r->phys_active[0], 1U << TIMER); /* no storm */
	rig_set_sgi_base(r, 0, 0x100, 1U << TIMER);
	assert_int_equal(rig_serve(r, 0), TIMER);
	assert_int_equal(r->phys_active[0], 0);
}

/* Rules out: disabled-active */
static void timer_disabled_while_active_is_still_deactivated(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	assert_int_equal(gich_ack(gich, 1), TIMER);
	rig_set_sgi_base(r, 0, 0x180, 1U << TIMER);
	assert_true(rig_state(r, 0, TIMER).active);
	gich_eoi(gich, 1, TIMER);
	assert_int_equal(r->phys_active[0], 0);
	rig_settle(r);
	assert_false(rig_state(r, 0, TIMER).active);
}

static void clearing_a_pending_timer_lets_it_fire_again(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	rig_set_sgi_base(r, 0, 0x280, 1U << TIMER);
	assert_int_equal(r->phys_active[0], 0);
	assert_int_equal(gich_find(gich, TIMER), -1);
	/* also while it is disabled and so in no list register */
	rig_set_sgi_base(r, 0, 0x180, 1U << TIMER);
	rig_timer(r, 0, TIMER);
	rig_set_sgi_base(r, 0, 0x280, 1U << TIMER);
	assert_int_equal(r->phys_active[0], 0);
	/* and ICACTIVER ends an active one */
	rig_set_sgi_base(r, 0, 0x100, 1U << TIMER);
	rig_timer(r, 0, TIMER);
	assert_int_equal(gich_ack(gich, 1), TIMER);
	rig_set_sgi_base(r, 0, 0x380, 1U << TIMER);
	assert_int_equal(r->phys_active[0], 0);
}

static void a_cancelled_timer_is_no_longer_pending_when_read(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 1U << TIMER);
	r->line_low = 1U << TIMER;
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 0);
	assert_int_equal(r->phys_active[0], 0);
	assert_int_equal(gich_signalled(gich), -1);
	/* recorded while disabled, cancelled, enabled: nothing comes */
	r->line_low = 0;
	rig_set_sgi_base(r, 0, 0x180, 1U << TIMER);
	rig_timer(r, 0, TIMER);
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 1U << TIMER);
	r->line_low = 1U << TIMER;
	assert_int_equal(rig_sgi_base(r, 0, 0x200), 0);
	assert_int_equal(r->phys_active[0], 0);
	r->line_low = 0;
	rig_timer(r, 0, TIMER);
	r->line_low = 1U << TIMER;
	rig_set_sgi_base(r, 0, 0x100, 1U << TIMER);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
	assert_int_equal(r->phys_active[0], 0);
}

/* Rules out: physical-active */
static void put_frees_the_physical_timer_and_keeps_the_virtual_one(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	rig_put(r, 0);
	assert_int_equal(r->phys_active[0], 0);
	assert_true(vgic_has_pending(r->g, 0));
	rig_load(r, 0);
	assert_true(gich_find(gich, TIMER) >= 0);
	rig_timer(r, 0, TIMER); /* the restored timer fires: linked again */
	assert_true(gich->lr[gich_find(gich, TIMER)] & LR_HW);
	assert_int_equal(rig_serve(r, 0), TIMER);
	assert_int_equal(r->phys_active[0], 0);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

/* Rules out: former-life */
static void a_timer_pending_at_the_end_is_gone_at_the_next_start(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	rig_put(r, 0);
	vgic_cpu_reset(r->g, 0); /* CPU_ON: the timers are off */
	assert_false(vgic_has_pending(r->g, 0));
	rig_load(r, 0);
	assert_int_equal(gich_find(gich, TIMER), -1);
	assert_int_equal(rig_sgi_base(r, 0, 0x200) >> TIMER & 1, 0);
	rig_put(r, 0);
	rig_load(r, 0);
	gich->vmcr |= 0xf8000002;
	rig_timer(r, 0, TIMER); /* and fires as ever */
	assert_int_equal(rig_serve(r, 0), TIMER);
	assert_int_equal(r->phys_active[0], 0);
}

static void
timer_firing_while_its_last_one_is_active_comes_after_it(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_timer(r, 0, TIMER);
	assert_int_equal(gich_ack(gich, 1), TIMER);
	rig_put(r, 0); /* active, without a physical one from here on */
	rig_load(r, 0);
	rig_timer(r, 0, TIMER);
	rig_settle(r);
	assert_int_equal(gich_ack(gich, 1), GICH_SPURIOUS);
	gich_eoi(gich, 1, TIMER);
	assert_int_equal(r->phys_active[0], 1U << TIMER);
	rig_tail(r, 0);
	assert_int_equal(rig_serve(r, 0), TIMER);
	assert_int_equal(r->phys_active[0], 0);
}

static void a_stand_in_line_gives_way_to_the_timer(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_put(r, 0);
	vgic_set_line(r->g, 0, TIMER, true); /* the deadline of a sleeper */
	assert_true(vgic_has_pending(r->g, 0));
	rig_load(r, 0);
	rig_timer(r, 0, TIMER);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), TIMER);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

/* --------------------------------------------------------------------- SGIs */

static void sgi_to_self_goes_straight_into_its_list_register(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);
	unsigned long before;

	(void)state;
	rig_sgi(r, 0, 1 | 3 << 24, 1);
	rig_tail(r, 0);
	assert_int_equal(rig_serve(r, 0), 3);
	before = gich->nr_lr_writes;
	rig_sgi(r, 0, 1 | 3 << 24, 1);
	assert_int_equal(*vgic_stale(r->g, 0), 0);
	assert_int_equal(gich->nr_lr_writes, before + 1);
	assert_int_equal(gich_ack(gich, 1), 3);
	/* once more while it is active: pending behind itself */
	rig_sgi(r, 0, 1 | 3 << 24, 1);
	assert_int_equal(gich_ack(gich, 1), GICH_SPURIOUS);
	gich_eoi(gich, 1, 3);
	assert_int_equal(rig_serve(r, 0), 3);
	assert_int_equal(r->kicks[0] + r->kicks[1], 0);
}

/* Rules out: pending-afar */
static void sgi_to_another_kicks_it_once(void **state)
{
	struct vgic_rig *r = boot(4, 4, false);

	(void)state;
	rig_sgi(r, 0, 0x6 | 9 << 24, 1);
	assert_int_equal(r->kicks[1], 1);
	assert_int_equal(r->kicks[2], 1);
	assert_int_equal(r->kicks[0] + r->kicks[3], 0);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 9);
	assert_int_equal(rig_serve(r, 2), 9);
	/* again, now into the list register that it had */
	rig_sgi(r, 0, 0x2 | 9 << 24, 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 9);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

static void sgi_to_all_others_spares_the_sender(void **state)
{
	struct vgic_rig *r = boot(3, 4, false);

	(void)state;
	rig_on(r, 1);
	rig_sgi(r, 1, UINT64_C(1) << 40 | 5 << 24 | 0xffff, 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), 5);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
	assert_int_equal(rig_serve(r, 2), 5);
}

static void sgi_reaches_only_its_own_group(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_set_sgi_base(r, 1, 0x80, ~4U); /* SGI 2 of vCPU 1: group 0 */
	rig_on(r, 0);
	rig_sgi(r, 0, 3 | 2 << 24, 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), 2);
	assert_int_equal(gich_signalled(&r->cpu[1]), -1);
	rig_sgi(r, 0, 3 | 2 << 24, 0);
	rig_settle(r);
	assert_int_equal(gich_signalled(&r->cpu[0]), -1);
	assert_int_equal(gich_ack(&r->cpu[1], 0), 2);
}

/* Rules out: sgi-by-index */
static void sgi_uses_affinity_and_range_not_an_index(void **state)
{
	static const uint64_t mpidr[] = {0x0, 0x1f, 0x20100, 0x0700000003};
	static const uint64_t sgir[] = {
		0x0000000001000001, /* 0.0.0.0 */
		0x0000100001008000, /* RS 1, bit 15 */
		0x0000000201010001, /* Aff2 2, Aff1 1 */
		0x0007000001000008, /* Aff3 7, Aff0 3 */
	};
	struct vgic_config cfg;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig.nr_vcpus = 4;
	for (unsigned i = 0; i < 4; i++) {
		gich_init(&rig.cpu[i], 4);
		rig.mpidr[i] = mpidr[i];
	}
	cfg = rig_config(&rig, 32);
	assert_int_equal(vgic_create(&cfg, &rig.g), 0);
	for (unsigned i = 0; i < 4; i++)
		rig_load(&rig, i);
	rig_guest_init(&rig, false);
	for (unsigned i = 0; i < 4; i++) {
		rig_on(&rig, 0);
		rig_sgi(&rig, 0, sgir[i], 1);
		rig_settle(&rig);
		for (unsigned v = 0; v < 4; v++)
			assert_int_equal(rig_serve(&rig, v),
					 v == i ? 1 : GICH_SPURIOUS);
	}
	/* clusters and targets that nobody has */
	rig_sgi(&rig, 0, 0x00ff00ff01ffffff, 1);
	rig_sgi(&rig, 0, 0x000000000100fffe, 1);
	for (unsigned v = 0; v < 4; v++)
		assert_int_equal(*vgic_stale(rig.g, v), 0);
	/* an SPI by the same affinities */
	rig_write(&rig, 0, false, 0x6100, 8, 0x0700000003);
	vgic_set_line(rig.g, VGIC_NO_VCPU, 32, true);
	rig_settle(&rig);
	assert_int_equal(gich_ack(&rig.cpu[3], 1), 32);
}

/* Rules out: sgi-by-index */
static void twenty_vcpus_hear_their_sgis(void **state)
{
	struct vgic_rig *r = boot(20, 4, false);

	(void)state;
	rig_sgi(r, 0, UINT64_C(1) << 44 | 0xf | 7 << 24, 1);
	rig_settle(r);
	for (unsigned v = 0; v < 20; v++)
		assert_int_equal(rig_serve(r, v), v >= 16 ? 7 : GICH_SPURIOUS);
}

/* Rules out: off-cpu */
static void sgi_to_a_vcpu_that_is_put_waits_for_it(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_put(r, 1);
	rig_on(r, 0);
	assert_false(vgic_has_pending(r->g, 1));
	rig_sgi(r, 0, 2 | 1 << 24, 1);
	assert_int_equal(r->kicks[1], 1);
	assert_true(vgic_has_pending(r->g, 1));
	rig_load(r, 1);
	assert_int_equal(rig_serve(r, 1), 1);
}

/* ------------------------------------------------------------ level and edge
 */

static void a_line_dropped_in_the_handler_costs_no_maintenance(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	vgic_set_line(r->g, 0, 40, true);
	rig_tail(r, 0);
	assert_true(gich->lr[gich_find(gich, 40)] & LR_EOI);
	assert_int_equal(gich_ack(gich, 1), 40);
	vgic_set_line(r->g, 0, 40, false);
	rig_tail(r, 0);
	gich_eoi(gich, 1, 40);
	assert_int_equal(gich_misr(gich), 0);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

static void a_line_still_high_at_the_end_comes_again(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	vgic_set_line(r->g, 0, 40, true);
	rig_tail(r, 0);
	assert_int_equal(gich_ack(gich, 1), 40);
	assert_int_equal(rig_gicd(r, 0x204), 1U << 8); /* pending as well */
	assert_int_equal(rig_gicd(r, 0x304), 1U << 8);
	gich_eoi(gich, 1, 40);
	assert_int_equal(gich_misr(gich), 1);
	rig_tail(r, 0);
	assert_int_equal(rig_serve(r, 0), 40);
	assert_int_equal(rig_serve(r, 0), 40);
	vgic_set_line(r->g, 0, 40, false);
	rig_tail(r, 0);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

static void a_line_that_drops_before_the_ack_is_withdrawn(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	vgic_set_line(r->g, 0, 40, true);
	vgic_set_line(r->g, 0, 20, true);
	rig_tail(r, 0);
	vgic_set_line(r->g, 0, 40, false);
	rig_tail(r, 0);
	assert_int_equal(gich_find(gich, 40), -1);
	assert_int_equal(rig_serve(r, 0), 20);
}

static void a_soft_pending_level_interrupt_ends_with_its_ack(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_set_gicd(r, 0x204, 1U << 8);
	assert_int_equal(rig_serve(r, 0), 40);
	assert_int_equal(rig_gicd(r, 0x204), 0);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

static void edges_latch_once_and_pulses_need_an_edge(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	vgic_pulse(r->g, 0, 40); /* level-sensitive */
	assert_int_equal(rig_gicd(r, 0x204), 0);
	rig_set_gicd(r, 0xc08, 2U << 16);
	vgic_set_line(r->g, 0, 40, true);
	vgic_set_line(r->g, 0, 40, true);
	rig_tail(r, 0);
	assert_int_equal(gich_ack(gich, 1), 40);
	vgic_pulse(r->g, 0, 40); /* while active */
	rig_tail(r, 0);
	gich_eoi(gich, 1, 40);
	assert_int_equal(rig_serve(r, 0), 40);
	vgic_set_line(r->g, 0, 40, false);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

static void edge_ppi_pulses_and_lines_work_like_spis(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_set_sgi_base(r, 1, 0xc04, ~0U);
	vgic_pulse(r->g, 1, 23);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 23);
	vgic_set_line(r->g, 1, 23, true);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 23);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
}

/* ---------------------------------------------------------------- overflow */

static void
sixty_interrupts_come_by_priority_through_two_registers(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);
	unsigned exits = 0;

	(void)state;
	for (uint32_t n = 32; n < 92; n++) {
		spi_priority(r, n, (uint8_t)((91 - n) / 4 * 8));
		rig_set_gicd(r, 0xc00 + n / 16 * 4, 0xaaaaaaaa);
		vgic_pulse(r->g, 0, n);
	}
	rig_settle(r);
	for (unsigned i = 0; i < 60; i++) {
		uint32_t n = gich_ack(gich, 1);

		assert_int_equal((91 - n) / 4, i / 4);
		gich_eoi(gich, 1, n);
		exits += gich_misr(gich) != 0;
		rig_tail(r, 0);
	}
	assert_int_equal(gich_ack(gich, 1), GICH_SPURIOUS);
	assert_int_equal(gich->hcr, 1); /* nothing armed any more */
	assert_in_range(exits, 20, 31); /* two a refill */
}

/* Rules out: lr-overflow */
static void preemption_nests_deeper_than_the_list_registers(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);

	(void)state;
	for (uint32_t n = 40; n < 50; n++)
		spi_priority(r, n, (uint8_t)((60 - n) * 8));
	for (uint32_t n = 40; n < 50; n++) {
		vgic_set_line(r->g, 0, n, true);
		rig_tail(r, 0);
		assert_int_equal(gich_ack(gich, 1), n);
		vgic_set_line(r->g, 0, n, false);
		rig_tail(r, 0);
	}
	for (uint32_t n = 49; n >= 40; n--) {
		gich_eoi(gich, 1, n);
		rig_tail(r, 0);
		assert_false(rig_state(r, 0, n).active);
	}
	assert_int_equal(rig_gicd(r, 0x304), 0);
	assert_int_equal(gich->hcr, 1);
}

/* Rules out: eoi-outside */
static void deactivation_outside_of_list_registers_traps(void **state)
{
	struct vgic_rig *r = boot(1, 2, true);

	(void)state;
	for (uint32_t n = 40; n < 44; n++) {
		rig_set_gicd(r, 0x200 + n / 32 * 4, 1U << n % 32);
		assert_int_equal(gich_ack(gich, 1), n);
		gich_eoi(gich, 1, n);
		rig_tail(r, 0);
	}
	assert_true(gich->hcr & 1U << 14); /* TDIR */
	for (uint32_t n = 40; n < 44; n++) {
		if (!gich_dir(gich, n))
			vgic_write_dir(r->g, 0, n);
		rig_tail(r, 0);
		assert_false(rig_state(r, 0, n).active);
	}
	assert_false(gich->hcr & 1U << 14);
	vgic_write_dir(r->g, 0, 1021); /* not an interrupt */
	vgic_write_dir(r->g, 0, 0xffffff);
	assert_int_equal(*vgic_stale(r->g, 0), 0);
}

static void a_counted_priority_drop_ends_nothing_in_eoimode_1(void **state)
{
	struct vgic_rig *r = boot(1, 1, true);

	(void)state;
	gich->counts_drops = true;
	spi_priority(r, 41, 0x20);
	rig_set_gicd(r, 0x204, 0x100);
	assert_int_equal(gich_ack(gich, 1), 40);
	rig_set_gicd(r, 0x204, 0x200);
	assert_int_equal(gich_ack(gich, 1), 41);
	rig_tail(r, 0);
	gich_eoi(gich, 1, 41);
	gich_eoi(gich, 1, 40);
	assert_true(gich_misr(gich) & 4);
	rig_tail(r, 0);
	assert_true(rig_state(r, 0, 40).active);
	assert_true(rig_state(r, 0, 41).active);
}

static void trapped_dir_reaches_timers_and_respects_eoimode(void **state)
{
	struct vgic_rig *r = boot(1, 4, true);

	(void)state;
	rig_timer(r, 0, TIMER);
	assert_int_equal(gich_ack(gich, 1), TIMER);
	gich_eoi(gich, 1, TIMER);
	gich->vmcr &= ~(1U << 9);
	vgic_write_dir(r->g, 0, TIMER); /* EOImode 0: ignored */
	rig_tail(r, 0);
	assert_true(rig_state(r, 0, TIMER).active);
	gich->vmcr |= 1U << 9;
	vgic_write_dir(r->g, 0, TIMER);
	rig_tail(r, 0);
	assert_false(rig_state(r, 0, TIMER).active);
	assert_int_equal(r->phys_active[0], 0);
}

/* Rules out: wrong-traps */
static void cpus_without_tdir_trap_the_common_registers(void **state)
{
	struct vgic_rig *r = boot(1, 1, true);
	uint64_t v;

	(void)state;
	rig_free(r);
	rig_init(r, 1, 1, 64);
	rig_put(r, 0);
	rig_free(r);
	r->cpu[0].tds = false;
	struct vgic_config cfg = rig_config(r, 64);

	assert_int_equal(vgic_create(&cfg, &r->g), 0);
	rig_load(r, 0);
	rig_guest_init(r, true);
	rig_set_gicd(r, 0x304, 0x300);     /* two active, one list register */
	assert_true(gich->hcr & 1U << 10); /* TC */
	assert_true(vgic_icc_read(r->g, 0, VGIC_ICC_CTLR, &v));
	assert_int_equal(v, 0x8402); /* A3V, 5 priority bits, EOImode */
	assert_true(vgic_icc_write(r->g, 0, VGIC_ICC_CTLR, 1));
	assert_true(vgic_icc_read(r->g, 0, VGIC_ICC_CTLR, &v));
	assert_int_equal(v, 0x8401);
	assert_true(vgic_icc_write(r->g, 0, VGIC_ICC_CTLR, 2));
	assert_true(vgic_icc_write(r->g, 0, VGIC_ICC_PMR, 0x7f));
	assert_true(vgic_icc_read(r->g, 0, VGIC_ICC_PMR, &v));
	assert_int_equal(v, 0x78);
	assert_true(vgic_icc_read(r->g, 0, VGIC_ICC_RPR, &v));
	assert_int_equal(v, 0xff);
	rig_set_gicd(r, 0x204, 1); /* INTID 32, more urgent than the mask? */
	spi_priority(r, 32, 0x20);
	rig_tail(r, 0);
	assert_int_equal(gich_ack(gich, 1), 32);
	assert_true(vgic_icc_read(r->g, 0, VGIC_ICC_RPR, &v));
	assert_int_equal(v, 0x20);
	assert_true(vgic_icc_write(r->g, 0, VGIC_ICC_DIR, 40));
	rig_tail(r, 0);
	assert_false(rig_state(r, 0, 40).active);
	assert_false(vgic_icc_read(r->g, 0, VGIC_ICC_DIR, &v));
	assert_false(vgic_icc_write(r->g, 0, VGIC_ICC_RPR, 0));
}

static void a_closed_group_does_not_block_the_open_one(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);

	(void)state;
	gich_guest_setup(gich, 0xf0, false, true, false); /* group 0 off */
	rig_set_gicd(r, 0x84, ~0xffU); /* INTID 32..39: group 0 */
	for (uint32_t n = 32; n < 40; n++)
		spi_priority(r, n, 0x10);
	rig_set_gicd(r, 0x204, 0x3ff);
	assert_int_equal(rig_serve(r, 0), 40);
	assert_int_equal(rig_serve(r, 0), 41);
	assert_int_equal(rig_serve(r, 0), GICH_SPURIOUS);
	gich->vmcr |= 1; /* ICC_IGRPEN0_EL1, not trapped */
	rig_tail(r, 0);
	for (uint32_t n = 32; n < 40; n++) {
		assert_int_equal(gich_ack(gich, 0), n);
		gich_eoi(gich, 0, n);
		rig_tail(r, 0);
	}
}

/* Rules out: eoi-outside */
static void bogus_ends_of_interrupt_deactivate_nothing(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);

	(void)state;
	rig_set_gicd(r, 0x204, 0x100);
	assert_int_equal(gich_ack(gich, 1), 40);
	gich_eoi(gich, 1, 77); /* drops the priority, counts in EOIcount */
	gich_eoi(gich, 1, 78); /* no active priority: nothing */
	rig_set_gicd(r, 0x304, 0x600); /* three active ones: overflow */
	rig_tail(r, 0);
	assert_int_equal(rig_gicd(r, 0x304), 0x700);
}

/* ------------------------------------------------------ other vCPUs' state */

/* Rules out: gic-readback */
static void remote_reads_wait_for_the_owner_and_are_exact(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);
	struct mmio_op op = {.offset = FRAME(1) + SGI_BASE + 0x300, .size = 4};

	(void)state;
	rig_sgi(r, 0, 2 | 3 << 24, 1);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), 3);
	r->kicks[1] = 0;
	assert_int_equal(rig_mmio(r, 0, true, &op), -EAGAIN);
	assert_int_equal(rig_mmio(r, 0, true, &op), -EAGAIN);
	assert_int_equal(r->kicks[1], 1); /* asked once */
	rig_tail(r, 1);
	rig_on(r, 0);
	assert_int_equal(rig_mmio(r, 0, true, &op), 0);
	assert_int_equal(op.value, 8);
	/* the next read asks anew */
	gich_eoi(&r->cpu[1], 1, 3);
	assert_int_equal(rig_mmio(r, 0, true, &op), -EAGAIN);
	rig_tail(r, 1);
	assert_int_equal(rig_mmio(r, 0, true, &op), 0);
	assert_int_equal(op.value, 0);
	/* a vCPU that is not loaded answers at once */
	rig_put(r, 1);
	assert_int_equal(rig_mmio(r, 0, true, &op), 0);
}

static void an_spi_held_by_others_is_read_from_them(void **state)
{
	struct vgic_rig *r = boot(3, 4, false);
	struct mmio_op op = {.offset = 0x204, .size = 4};

	(void)state;
	for (unsigned v = 0; v < 3; v++)
		rig_write(r, 0, false, 0x6000 + 8 * (40 + v), 8, v);
	rig_set_gicd(r, 0x204, 0x700);
	assert_int_equal(gich_ack(&r->cpu[1], 1), 41);
	assert_int_equal(rig_mmio(r, 0, false, &op), -EAGAIN);
	rig_tail(r, 1);
	assert_int_equal(rig_mmio(r, 0, false, &op), -EAGAIN);
	rig_tail(r, 2);
	assert_int_equal(rig_mmio(r, 0, false, &op), 0);
	assert_int_equal(op.value, 0x500);
}

static void remote_writes_apply_once_and_never_wait(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_sgi(r, 0, 2 | 3 << 24, 1);
	rig_settle(r);
	/* clear pending of what is in vCPU 1's list register */
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x280, 4, 8);
	rig_settle(r);
	assert_int_equal(gich_signalled(&r->cpu[1]), -1);
	/* set it again: taken exactly once */
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x200, 4, 8);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 3);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
	/* the last of two posted writes counts */
	rig_sgi(r, 0, 2 | 3 << 24, 1);
	rig_settle(r);
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x280, 4, 8);
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x200, 4, 8);
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x280, 4, 8);
	assert_int_equal(rig_read(r, 0, true, FRAME(1) + SGI_BASE + 0x200, 4),
			 0);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), GICH_SPURIOUS);
}

/* Rules out: pending-afar */
static void posted_writes_survive_a_put_of_their_owner(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_sgi(r, 0, 2 | 3 << 24, 1);
	rig_settle(r);
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x280, 4, 8);
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x300, 4, 8);
	rig_put(r, 1);
	assert_int_equal(rig_read(r, 0, true, FRAME(1) + SGI_BASE + 0x200, 4),
			 0);
	assert_int_equal(rig_read(r, 0, true, FRAME(1) + SGI_BASE + 0x300, 4),
			 8);
}

static void a_timer_cleared_from_afar_is_gone_after_the_put(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_set_sgi_base(r, 1, 0x180, 1U << TIMER);
	rig_timer(r, 1, TIMER); /* recorded, in no list register */
	rig_write(r, 0, true, FRAME(1) + SGI_BASE + 0x280, 4, 1U << TIMER);
	assert_int_equal(r->phys_active[1], 1U << TIMER); /* its own pCPU's */
	rig_put(r, 1);
	assert_int_equal(r->phys_active[1], 0);
	assert_int_equal(rig_read(r, 0, true, FRAME(1) + SGI_BASE + 0x200, 4),
			 0);
}

static void an_spi_made_active_stays_where_it_was_routed_then(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_write(r, 0, false, 0x304, 4, 0x100);
	rig_write(r, 0, false, 0x6000 + 8 * 40, 8, 1);
	rig_settle(r);
	assert_true(gich_find(&r->cpu[0], 40) >= 0);
	assert_int_equal(gich_find(&r->cpu[1], 40), -1);
}

static void rerouting_moves_what_is_pending_not_what_is_active(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	vgic_set_line(r->g, 0, 40, true);
	rig_set_gicd(r, 0xc08, 2U << 18);
	vgic_pulse(r->g, 0, 41);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[0], 1), 40);
	rig_write(r, 0, false, 0x6000 + 8 * 40, 8, 1);
	rig_write(r, 0, false, 0x6000 + 8 * 41, 8, 1);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), 41);
	gich_eoi(&r->cpu[1], 1, 41);
	/* 40 is active on vCPU 0 and pending: only its end frees it */
	assert_int_equal(gich_ack(&r->cpu[1], 1), GICH_SPURIOUS);
	rig_on(r, 0);
	gich_eoi(&r->cpu[0], 1, 40);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), 40);
	assert_int_equal(gich_ack(&r->cpu[0], 1), GICH_SPURIOUS);
}

static void an_end_outside_of_list_registers_frees_it_for_others(void **state)
{
	struct vgic_rig *r = boot(2, 1, false);

	(void)state;
	spi_priority(r, 41, 0x20);
	vgic_set_line(r->g, 0, 40, true);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[0], 1), 40);
	rig_set_gicd(r, 0x204, 0x200); /* 41 takes the only list register */
	assert_int_equal(gich_ack(&r->cpu[0], 1), 41);
	rig_write(r, 0, false, 0x6000 + 8 * 40, 8, 1);
	rig_settle(r);
	gich_eoi(&r->cpu[0], 1, 41);
	gich_eoi(&r->cpu[0], 1, 40);
	r->kicks[1] = 0;
	rig_tail(r, 0);
	assert_int_equal(r->kicks[1], 1);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[1], 1), 40);
}

static void put_hands_rerouted_interrupts_over(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_set_gicd(r, 0x204, 0x100);
	rig_write(r, 0, false, 0x6000 + 8 * 40, 8, 1);
	r->kicks[1] = 0;
	rig_put(r, 0);
	assert_int_equal(r->kicks[1], 1);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 1), 40);
}

static void one_of_n_goes_to_a_vcpu_that_is_awake(void **state)
{
	struct vgic_rig *r = boot(3, 4, false);

	(void)state;
	rig_write(r, 0, false, 0x6000 + 8 * 40, 8, 0x80000000);
	assert_int_equal(rig_state(r, 0, 40).target, 0);
	rig_write(r, 0, true, 0x14, 4, 2);
	assert_int_equal(rig_state(r, 0, 40).target, 1);
	vgic_set_line(r->g, 0, 40, true);
	rig_settle(r);
	assert_true(gich_find(&r->cpu[1], 40) >= 0);
	rig_write(r, 1, true, FRAME(1) + 0x14, 4, 2);
	rig_settle(r);
	assert_int_equal(gich_ack(&r->cpu[2], 1), 40);
	/* GICD_CTLR.E1NWF is 0: it wakes nobody and waits for who wakes. */
	rig_write(r, 2, true, FRAME(2) + 0x14, 4, 2);
	assert_int_equal(rig_state(r, 0, 40).target, 0xffff);
	rig_write(r, 1, true, FRAME(1) + 0x14, 4, 0);
	assert_int_equal(rig_state(r, 0, 40).target, 1);
}

/* --------------------------------------------------------- enables and WFI */

/* Rules out: disabled-forgotten */
static void disabling_withdraws_and_enabling_gives_back(void **state)
{
	struct vgic_rig *r = boot(2, 4, false);

	(void)state;
	rig_set_gicd(r, 0x204, 0x100);
	rig_set_gicd(r, 0x184, 0x100);
	assert_int_equal(gich_signalled(gich), -1);
	assert_int_equal(rig_gicd(r, 0x204), 0x100);
	rig_set_gicd(r, 0x104, 0x100);
	assert_true(gich_signalled(gich) >= 0);
	r->kicks[1] = 0;
	rig_set_gicd(r, 0, 0); /* both groups off */
	assert_int_equal(gich_signalled(gich), -1);
	rig_set_gicd(r, 0, 2);
	assert_int_equal(rig_serve(r, 0), 40);
}

static void a_new_priority_reorders_what_waits(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);

	(void)state;
	rig_set_gicd(r, 0x204, 0x1f00);
	spi_priority(r, 44, 0x08);
	rig_tail(r, 0);
	assert_int_equal(gich_ack(gich, 1), 44);
	/* of an active one it counts from the next time on */
	spi_priority(r, 44, 0xe0);
	rig_set_gicd(r, 0x204, 0x1000);
	gich_eoi(gich, 1, 44);
	rig_tail(r, 0);
	for (uint32_t n = 40; n < 45; n++)
		assert_int_equal(rig_serve(r, 0), n);
}

static void sleeping_redistributors_deliver_nothing_but_wake(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);

	(void)state;
	rig_set_gicd(r, 0x204, 0x100);
	rig_write(r, 0, true, 0x14, 4, 2);
	rig_settle(r);
	assert_int_equal(gich_signalled(gich), -1);
	rig_sgi(r, 0, 1 | 1 << 24, 1);
	rig_settle(r);
	assert_int_equal(gich_signalled(gich), -1);
	gich_guest_setup(gich, 0, false, false, false);
	assert_true(vgic_has_pending(r->g, 0)); /* the wake request */
	gich_guest_setup(gich, 0xf0, true, true, false);
	rig_write(r, 0, true, 0x14, 4, 0);
	rig_settle(r);
	assert_int_equal(rig_serve(r, 0), 1);
	assert_int_equal(rig_serve(r, 0), 40);
}

/* Rules out: wakeup-lost */
static void wfi_ends_only_for_what_would_be_signalled(void **state)
{
	struct vgic_rig *r = boot(1, 2, false);

	(void)state;
	assert_false(vgic_has_pending(r->g, 0));
	vgic_set_line(r->g, 0, 40, true); /* not flushed yet */
	assert_true(vgic_has_pending(r->g, 0));
	gich_guest_setup(gich, 0xa0, true, true,
			 false); /* not below the mask */
	assert_false(vgic_has_pending(r->g, 0));
	gich_guest_setup(gich, 0xf0, true, false, false); /* group off */
	assert_false(vgic_has_pending(r->g, 0));
	gich_guest_setup(gich, 0xf0, true, true, false);
	assert_int_equal(gich_ack(gich, 1), 40);
	vgic_set_line(r->g, 0, 41, true); /* not above the running one */
	assert_false(vgic_has_pending(r->g, 0));
	spi_priority(r, 41, 0x90);
	assert_true(vgic_has_pending(r->g, 0));
	gich->vmcr |= 7U << 18; /* BPR1: no preemption between 0x80..0xff */
	assert_false(vgic_has_pending(r->g, 0));
	gich->vmcr |= 1U << 4; /* CBPR: BPR0 counts, which is at its least */
	assert_true(vgic_has_pending(r->g, 0));
	gich->vmcr &= ~(1U << 4);
	rig_set_gicd(r, 0x84, ~0x200U); /* group 0 has a BPR of its own */
	assert_true(vgic_has_pending(r->g, 0));
	rig_set_gicd(r, 0x84, ~0U);
	rig_put(r, 0); /* the same from saved state */
	assert_false(vgic_has_pending(r->g, 0));
	spi_priority(r, 41, 0x10);
	assert_true(vgic_has_pending(r->g, 0));
}

static void wfi_sees_what_did_not_fit(void **state)
{
	struct vgic_rig *r = boot(1, 1, false);

	(void)state;
	rig_set_gicd(r, 0x304, 0x300); /* active without priority */
	vgic_set_line(r->g, 0, 44, true);
	rig_tail(r, 0);
	assert_true(vgic_has_pending(r->g, 0));
	assert_int_equal(gich_ack(gich, 1), 44);
}

/* Rules out: cpuif-lost */
static void load_and_put_carry_the_cpu_interface(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);
	struct gich other;

	(void)state;
	rig_set_gicd(r, 0x204, 0x300);
	assert_int_equal(gich_ack(gich, 1), 40);
	rig_put(r, 0);
	assert_int_equal(gich->hcr, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(gich->lr[i], 0);
	gich_init(&other, 4); /* another pCPU, with leftovers in it */
	memset(other.lr, 0xff, sizeof(other.lr));
	other.ap[0][0] = 0xffff;
	vgic_load(r->g, 0);
	assert_int_equal(other.vmcr, r->cpu[0].vmcr);
	assert_int_equal(gich_running(&other), 0xa0);
	gich_eoi(&other, 1, 40);
	assert_int_equal(gich_ack(&other, 1), 41);
	vgic_put(r->g, 0);
	vgic_cpu_reset(r->g, 0);
	vgic_load(r->g, 0);
	assert_int_equal(gich_running(&other), 0xff);
	assert_int_equal(other.vmcr >> 24, 0);
	vgic_put(r->g, 0);
}

static void spurious_maintenance_and_flush_change_nothing(void **state)
{
	struct vgic_rig *r = boot(1, 4, false);
	unsigned long before;

	(void)state;
	rig_set_gicd(r, 0x204, 0x300);
	before = gich->nr_lr_writes;
	vgic_maintenance(r->g, 0);
	vgic_flush(vgic_cpu_of(r->g, 0));
	assert_int_equal(gich->nr_lr_writes, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, teardown)
		T(timer_is_linked_to_its_physical_interrupt),
		T(timer_again_costs_one_list_register_write),
		T(timer_while_disabled_is_kept_until_enabled),
		T(timer_disabled_while_active_is_still_deactivated),
		T(clearing_a_pending_timer_lets_it_fire_again),
		T(a_cancelled_timer_is_no_longer_pending_when_read),
		T(put_frees_the_physical_timer_and_keeps_the_virtual_one),
		T(a_timer_pending_at_the_end_is_gone_at_the_next_start),
		T(timer_firing_while_its_last_one_is_active_comes_after_it),
		T(a_stand_in_line_gives_way_to_the_timer),
		T(sgi_to_self_goes_straight_into_its_list_register),
		T(sgi_to_another_kicks_it_once),
		T(sgi_to_all_others_spares_the_sender),
		T(sgi_reaches_only_its_own_group),
		T(sgi_uses_affinity_and_range_not_an_index),
		T(twenty_vcpus_hear_their_sgis),
		T(sgi_to_a_vcpu_that_is_put_waits_for_it),
		T(a_line_dropped_in_the_handler_costs_no_maintenance),
		T(a_line_still_high_at_the_end_comes_again),
		T(a_line_that_drops_before_the_ack_is_withdrawn),
		T(a_soft_pending_level_interrupt_ends_with_its_ack),
		T(edges_latch_once_and_pulses_need_an_edge),
		T(edge_ppi_pulses_and_lines_work_like_spis),
		T(sixty_interrupts_come_by_priority_through_two_registers),
		T(preemption_nests_deeper_than_the_list_registers),
		T(deactivation_outside_of_list_registers_traps),
		T(a_counted_priority_drop_ends_nothing_in_eoimode_1),
		T(trapped_dir_reaches_timers_and_respects_eoimode),
		T(cpus_without_tdir_trap_the_common_registers),
		T(a_closed_group_does_not_block_the_open_one),
		T(bogus_ends_of_interrupt_deactivate_nothing),
		T(remote_reads_wait_for_the_owner_and_are_exact),
		T(an_spi_held_by_others_is_read_from_them),
		T(remote_writes_apply_once_and_never_wait),
		T(posted_writes_survive_a_put_of_their_owner),
		T(a_timer_cleared_from_afar_is_gone_after_the_put),
		T(an_spi_made_active_stays_where_it_was_routed_then),
		T(rerouting_moves_what_is_pending_not_what_is_active),
		T(an_end_outside_of_list_registers_frees_it_for_others),
		T(put_hands_rerouted_interrupts_over),
		T(one_of_n_goes_to_a_vcpu_that_is_awake),
		T(disabling_withdraws_and_enabling_gives_back),
		T(a_new_priority_reorders_what_waits),
		T(sleeping_redistributors_deliver_nothing_but_wake),
		T(wfi_ends_only_for_what_would_be_signalled),
		T(wfi_sees_what_did_not_fit),
		T(load_and_put_carry_the_cpu_interface),
		T(spurious_maintenance_and_flush_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
