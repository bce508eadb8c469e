/*
 * Interrupts between CPUs (GICv3, Arm IHI 0069): SGIs by target list and to
 * all others, SPI routing, another CPU's redistributor frame. Needs two CPUs
 * or more.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/smp.h"

const char payload_name[] = "irqsmp";

#define SPI_A     40
#define PPI_A     20
#define SGI_QUIET 14 /* enabled by its own check only */
#define ROUNDS    1000

static volatile bool leave, ready[CPU_MAX];
static volatile uint64_t ping_count;

/* A secondary: own GIC up, SGIs on, sleeps until told to leave. */
static void receiver(void *arg)
{
	unsigned idx = this_cpu()->idx;

	(void)arg;
	gic_init_cpu();
	for (unsigned i = 0; i < 16; i++) {
		if (i != SGI_QUIET)
			gic_enable(i);
	}
	ready[idx] = true;
	dsb_sy();
	while (!leave) {
		wfi();
		irq_enable();
		isb();
		irq_disable();
	}
	ready[idx] = false;
	dsb_sy();
}

static unsigned count_of(unsigned cpu, unsigned intid)
{
	const struct irq_log *l = &irq_logs[cpu];
	unsigned n = 0;

	for (unsigned i = 0; i < l->nr && i < IRQ_LOG_MAX; i++)
		n += l->intid[i] == intid;
	return n;
}

static void clear_logs(void)
{
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		irq_logs[i].nr = 0;
	dsb_sy();
}

static bool start_receivers(void)
{
	leave = false;
	irq_log_start(NULL);
	if (!smp_start_all(receiver))
		return false;
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (!WAIT_FOR(ready[i]))
			return false;
	}
	return true;
}

static void check_each(void)
{
	uint64_t bad = 0, extra = 0;

	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		clear_logs();
		gic_send_sgi(gic_sgi_to(cpus[i].mpidr, i % 14));
		if (!WAIT_FOR(count_of(i, i % 14) == 1))
			bad |= BIT(i);
		for (unsigned k = 0; k < guest.nr_cpus; k++)
			extra += k != i && irq_logs[k].nr;
	}
	CHECK_EQ("sgi_to_each", bad, 0);
	CHECK_EQ("sgi_to_nobody_else", extra, 0);
}

static void check_broadcast(void)
{
	uint64_t bad = 0;

	clear_logs();
	gic_enable(5);
	gic_send_sgi(ICC_SGI_IRM | 5 << 24);
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (!WAIT_FOR(count_of(i, 5) == 1))
			bad |= BIT(i);
	}
	CHECK_EQ("sgi_to_all_others", bad, 0);
	CHECK("sgi_to_all_others_spares_self",
	      !gic_bit(GIC_ISPENDR, 5) && irq_none());
}

/* One call, a target list of every CPU of the boot CPU's cluster. */
static void check_target_list(void)
{
	uint64_t sgir = 0, want = 0, got = 0;

	clear_logs();
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if (cpus[i].mpidr >> 8 != cpus[0].mpidr >> 8 ||
		    (cpus[i].mpidr & 0xff) > 15)
			continue;
		sgir |= gic_sgi_to(cpus[i].mpidr, 6);
		want |= BIT(i);
	}
	gic_enable(6);
	gic_send_sgi(sgir);
	CHECK("sgi_list_includes_self", irq_take(1));
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if ((want & BIT(i)) && WAIT_FOR(count_of(i, 6) == 1))
			got |= BIT(i);
	}
	CHECK_EQ("sgi_to_a_list", got, want);
	clear_logs();
	gic_send_sgi(UINT64_C(0x7f) << 16 | 6 << 24 | 1);
	gic_send_sgi(6 << 24); /* an empty list */
	CHECK("sgi_to_nobody", irq_none() && irq_logs[1].nr == 0);
}

static void check_routing(void)
{
	uint64_t bad = 0;

	gic_enable(SPI_A);
	for (unsigned i = guest.nr_cpus; i-- > 0;) {
		clear_logs();
		gic_route(SPI_A, cpus[i].mpidr);
		gic_set_bit(GIC_ISPENDR, SPI_A);
		if (i == 0 ? !irq_take(1) : !WAIT_FOR(count_of(i, SPI_A) == 1))
			bad |= BIT(i);
	}
	CHECK_EQ("spi_goes_where_it_is_routed", bad, 0);

	clear_logs();
	gic_set_bit(GIC_ISPENDR, SPI_A); /* held back: we are masked */
	delay_us(100);
	CHECK("spi_waits_for_its_target",
	      gic_bit(GIC_ISPENDR, SPI_A) && irq_logs[1].nr == 0);
	gic_route(SPI_A, cpus[1].mpidr);
	CHECK("pending_spi_follows_its_route",
	      WAIT_FOR(count_of(1, SPI_A) == 1));
	CHECK("and_is_not_taken_twice", irq_none());
	gic_disable(SPI_A);
	gic_route(SPI_A, cpus[0].mpidr);
}

static unsigned count_of_all(unsigned intid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < guest.nr_cpus; i++)
		n += count_of(i, intid);
	return n;
}

/* GICD_IROUTER.IRM: whoever it is, it is one. And a route to no CPU. */
static void check_any(void)
{
	unsigned good = 0;

	gic_enable(SPI_A);
	gic_route(SPI_A, IROUTER_IRM);
	for (unsigned i = 0; i < 20; i++) {
		clear_logs();
		gic_set_bit(GIC_ISPENDR, SPI_A);
		irq_enable();
		good += WAIT_FOR(count_of_all(SPI_A) == 1);
		irq_disable();
		good += !gic_bit(GIC_ISPENDR, SPI_A);
	}
	CHECK_EQ("one_of_n_takes_it", good, 40);
	delay_us(200);
	CHECK_EQ("and_no_other_as_well", count_of_all(SPI_A), 1);

	clear_logs();
	gic_route(SPI_A, UINT64_C(0x7f) << 16);
	gic_set_bit(GIC_ISPENDR, SPI_A);
	CHECK("route_to_no_cpu_delivers_nothing",
	      irq_none() && !count_of_all(SPI_A));
	CHECK("but_it_stays_pending", gic_bit(GIC_ISPENDR, SPI_A));
	gic_route(SPI_A, cpus[1].mpidr);
	CHECK("and_goes_where_the_route_leads_then",
	      WAIT_FOR(count_of(1, SPI_A) == 1));
	gic_disable(SPI_A);
	gic_route(SPI_A, cpus[0].mpidr);
}

/* The frame of CPU 1, used from here. */
static void check_other_frame(void)
{
	const struct cpu *c = &cpus[1];

	clear_logs();
	/* Rules out: gicr-typer */
	CHECK("frame_is_the_other_cpus", c->gicr && c->gicr != cpus[0].gicr);
	gic_set_bit_on(c, GIC_ISPENDR, SGI_QUIET);
	CHECK("other_frame_pending_reads_back",
	      gic_bit_on(c, GIC_ISPENDR, SGI_QUIET));
	CHECK("own_frame_is_untouched", !gic_bit(GIC_ISPENDR, SGI_QUIET));
	gic_set_bit_on(c, GIC_ISENABLER, SGI_QUIET);
	CHECK("other_frame_enable_delivers_there",
	      WAIT_FOR(count_of(1, SGI_QUIET) == 1));
	/* Rules out: other-frame */
	CHECK("own_enable_is_untouched", !gic_bit(GIC_ISENABLER, SGI_QUIET));
	gic_set_bit_on(c, GIC_ICENABLER, SGI_QUIET);

	mmio_write8(gic_frame(c, PPI_A) + GIC_IPRIORITYR + PPI_A, 0x40);
	CHECK_EQ("other_frame_priority",
		 mmio_read8(gic_frame(c, PPI_A) + GIC_IPRIORITYR + PPI_A),
		 0x40);
	CHECK_EQ("own_priority_is_untouched", gic_prio(PPI_A), PRIO_DEFAULT);
	gic_set_bit_on(c, GIC_ISENABLER, PPI_A);
	gic_set_bit_on(c, GIC_ISPENDR, PPI_A);
	CHECK("other_frame_ppi_arrives_there",
	      WAIT_FOR(count_of(1, PPI_A) == 1));
	gic_set_bit_on(c, GIC_ISACTIVER, PPI_A);
	gic_set_bit_on(c, GIC_ISPENDR, PPI_A);
	delay_us(200);
	CHECK("other_frame_active_blocks", count_of(1, PPI_A) == 1);
	gic_set_bit_on(c, GIC_ICACTIVER, PPI_A);
	CHECK("other_frame_inactive_lets_it_come",
	      WAIT_FOR(count_of(1, PPI_A) == 2));
	gic_set_bit_on(c, GIC_ICENABLER, PPI_A);
}

static void hook_pong(unsigned intid)
{
	(void)intid;
	if (this_cpu()->idx == 1) {
		dsb_sy();
		write_icc_sgi1r_el1(gic_sgi_to(cpus[0].mpidr, 2));
	} else {
		ping_count++;
	}
}

static void check_ping_pong(void)
{
	bool ok = true;

	irq_log_start(hook_pong);
	gic_enable(2);
	ping_count = 0;
	for (uint64_t i = 1; ok && i <= ROUNDS; i++) {
		gic_send_sgi(gic_sgi_to(cpus[1].mpidr, 1));
		irq_enable();
		ok = WAIT_FOR(ping_count == i);
		irq_disable();
	}
	/* Rules out: pending-afar */
	CHECK_EQ("ping_pong", ping_count, ROUNDS);
	irq_log_start(NULL);
}

static void hook_timer(unsigned intid)
{
	if (intid == PPI_VTIMER)
		write_cntv_ctl_el0(0);
}

/* Each CPU has a timer of its own. */
static volatile bool timer_seen[CPU_MAX];

static void timer_user(void *arg)
{
	(void)arg;
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	write_cntv_cval_el0(time_now() +
			    time_ticks(UINT64_C(500) * (this_cpu()->idx + 1)));
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	timer_seen[this_cpu()->idx] = irq_take(1);
	gic_disable(PPI_VTIMER);
	dsb_sy();
}

static void check_timers(void)
{
	uint64_t bad = 0;

	clear_logs();
	irq_log_start(hook_timer);
	for (unsigned i = 1; i < guest.nr_cpus; i++)
		smp_start(i, timer_user, NULL);
	timer_user(NULL);
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if (!WAIT_FOR(timer_seen[i]) || irq_logs[i].nr != 1)
			bad |= BIT(i);
	}
	/* Rules out: late-cpu */
	CHECK_EQ("every_cpu_has_its_timer", bad, 0);
	smp_wait_all_off();
}

void payload_main(void)
{
	if (guest.nr_cpus < 2) {
		check_note("one cpu: nobody to talk to");
		return;
	}
	gic_init_dist();
	gic_init_cpu();
	if (!CHECK("receivers_are_ready", start_receivers()))
		return;
	check_each();
	check_broadcast();
	check_target_list();
	check_routing();
	check_any();
	check_other_frame();
	check_ping_pong();
	leave = true;
	gic_send_sgi(ICC_SGI_IRM);
	CHECK("receivers_leave", smp_wait_all_off());
	check_timers();
}
