/*
 * GICv3 (Arm IHI 0069) as a guest sees it: the register map, SGIs, the two
 * EL1 timers, pending and active state, group 0. Priorities are in irqprio.c,
 * several CPUs in irqsmp.c. One CPU is enough.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/smp.h"
#include "lib/uart.h"

const char payload_name[] = "irq";

#define SPI_A 40 /* without a device in any configuration of ours */
#define SPI_B 47
#define PPI_A 20

static bool took(unsigned intid)
{
	return irq_take(1) && irq_log()->nr == 1 &&
	       irq_log()->intid[0] == intid;
}

/* ------------------------------------------------------------ registers */

static void check_identity(void)
{
	uint64_t gicr = GICR_BASE, typer, bad = 0;

	CHECK("typer_has_spis", gic_nr_intids() >= 64);
	CHECK_EQ("gicd_pidr2_arch",
		 mmio_read32(GICD_BASE + GICD_PIDR2) >> 4 & 15, 3);
	CHECK_EQ("gicr_pidr2_arch",
		 mmio_read32(GICR_BASE + GICD_PIDR2) >> 4 & 15, 3);
	CHECK_EQ("ctlr_are_and_ds",
		 mmio_read32(GICD_BASE + GICD_CTLR) &
			 (GICD_CTLR_ARE | GICD_CTLR_DS),
		 GICD_CTLR_ARE | GICD_CTLR_DS);
	for (unsigned i = 0; i < guest.nr_cpus; i++, gicr += GICR_STRIDE) {
		typer = mmio_read64(gicr + GICR_TYPER);
		if (!(typer & GICR_TYPER_LAST) == (i == guest.nr_cpus - 1))
			bad |= BIT(i);
		if (mmio_read32(gicr + GICR_TYPER) != (uint32_t)typer ||
		    mmio_read32(gicr + GICR_TYPER + 4) != typer >> 32)
			bad |= BIT(i);
		if (!gic_find_redist(cpus[i].mpidr))
			bad |= BIT(i);
	}
	CHECK_EQ("gicr_typer_of_every_cpu", bad, 0);
	CHECK_EQ("iidr_same_twice", mmio_read32(GICD_BASE + GICD_IIDR),
		 mmio_read32(GICD_BASE + GICD_IIDR));
}

/* A set/clear register pair acts on one bit and reads back the truth. */
static bool pair_works(uint64_t set, uint64_t clear, unsigned intid)
{
	bool ok = true;

	gic_set_bit(set, intid);
	ok = ok && gic_bit(set, intid) && gic_bit(clear, intid);
	ok = ok && !gic_bit(set, intid ^ 1);
	gic_set_bit(clear, intid);
	return ok && !gic_bit(set, intid) && !gic_bit(clear, intid);
}

static void check_pairs(void)
{
	CHECK("spi_enable_pair",
	      pair_works(GIC_ISENABLER, GIC_ICENABLER, SPI_A));
	CHECK("spi_pending_pair", pair_works(GIC_ISPENDR, GIC_ICPENDR, SPI_A));
	CHECK("spi_active_pair",
	      pair_works(GIC_ISACTIVER, GIC_ICACTIVER, SPI_A));
	CHECK("ppi_enable_pair",
	      pair_works(GIC_ISENABLER, GIC_ICENABLER, PPI_A));
	CHECK("ppi_pending_pair", pair_works(GIC_ISPENDR, GIC_ICPENDR, PPI_A));
	CHECK("ppi_active_pair",
	      pair_works(GIC_ISACTIVER, GIC_ICACTIVER, PPI_A));
	CHECK("sgi_pending_pair", pair_works(GIC_ISPENDR, GIC_ICPENDR, 5));
}

static void check_priority_registers(void)
{
	uint64_t word = GICD_BASE + GIC_IPRIORITYR + SPI_A;
	uint32_t before = mmio_read32(word);

	gic_set_prio(SPI_A + 1, 0x50);
	CHECK_EQ("priority_byte_write_merges", mmio_read32(word),
		 (before & 0xffff00ff) | 0x5000);
	mmio_write32(word, 0x20406080);
	CHECK_EQ("priority_bytes_of_word",
		 (unsigned)gic_prio(SPI_A) << 16 | gic_prio(SPI_A + 3),
		 0x800020);
	mmio_write32(word, before);
	gic_set_prio(PPI_A, 0x30);
	CHECK_EQ("ppi_priority", gic_prio(PPI_A), 0x30);
	gic_set_prio(PPI_A, PRIO_DEFAULT);
}

static void check_router(void)
{
	uint64_t at = GICD_BASE + GICD_IROUTER + UINT64_C(8) * SPI_A;
	uint64_t last = cpus[guest.nr_cpus - 1].mpidr;

	mmio_write64(at, last);
	CHECK_EQ("irouter_reads_back", mmio_read64(at), last);
	mmio_write32(at + 4, 0);
	mmio_write32(at, (uint32_t)cpus[0].mpidr);
	CHECK_EQ("irouter_by_halves", mmio_read64(at), cpus[0].mpidr);
	CHECK_EQ("irouter_low_half", mmio_read32(at),
		 cpus[0].mpidr & 0xffffffff);
	gic_route(SPI_A, cpus[0].mpidr);
}

static unsigned icfgr_of(unsigned spi)
{
	uint64_t at = GICD_BASE + GIC_ICFGR + spi / 16 * UINT64_C(4);

	return mmio_read32(at) >> spi % 16 * 2 & 3;
}

static void check_other_registers(void)
{
	uint64_t sgi = this_cpu()->gicr + GICR_SGI_BASE;
	unsigned end = gic_nr_intids();

	gic_set_edge(SPI_A, true);
	CHECK_EQ("icfgr_edge", icfgr_of(SPI_A), 2);
	gic_set_edge(SPI_A, false);
	CHECK_EQ("icfgr_level", icfgr_of(SPI_A), 0);
	mmio_write32(sgi + GIC_ICFGR, 0);
	CHECK_EQ("sgis_are_edge", mmio_read32(sgi + GIC_ICFGR), 0xaaaaaaaa);
	mmio_write32(GICD_BASE + GIC_ISENABLER, ~0U);
	CHECK_EQ("gicd_isenabler0_is_raz",
		 mmio_read32(GICD_BASE + GIC_ISENABLER), 0);
	mmio_write32(GICD_BASE + GIC_IPRIORITYR, ~0U);
	CHECK_EQ("gicd_ipriorityr0_is_raz",
		 mmio_read32(GICD_BASE + GIC_IPRIORITYR), 0);
	if (!guest.native && end < 992) {
		mmio_write32(GICD_BASE + GIC_ISENABLER + end / 8, ~0U);
		CHECK_EQ("enable_beyond_last_spi_is_raz",
			 mmio_read32(GICD_BASE + GIC_ISENABLER + end / 8), 0);
		mmio_write32(GICD_BASE + GIC_IPRIORITYR + end, ~0U);
		CHECK_EQ("priority_beyond_last_spi_is_raz",
			 mmio_read32(GICD_BASE + GIC_IPRIORITYR + end), 0);
	}
	CHECK_EQ("reserved_register_is_raz", mmio_read32(GICD_BASE + 0xc0), 0);
}

/* ------------------------------------------------------ one interrupt */

static void check_sgi_self(void)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < 16; i++) {
		irq_log_start(NULL);
		gic_enable(i);
		gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, i));
		if (!took(i) || !irq_none())
			bad |= BIT(i);
	}
	CHECK_EQ("sgi_to_self", bad, 0);
	irq_log_start(NULL);
	gic_send_sgi(ICC_SGI_IRM | 3 << 24);
	CHECK("sgi_to_others_is_not_for_self", irq_none());
	gic_disable(3);
	gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, 3));
	CHECK("disabled_sgi_is_not_taken", irq_none());
	/* Rules out: disabled-forgotten */
	CHECK("disabled_sgi_is_pending", gic_bit(GIC_ISPENDR, 3));
	gic_enable(3);
	CHECK("enabled_later_it_is_taken", took(3));
	CHECK("and_is_pending_no_more", !gic_bit(GIC_ISPENDR, 3));
	for (unsigned i = 0; i < 16; i++)
		gic_disable(i);
}

/* State that the handler finds: bit 0 pending, bit 1 active. */
static volatile unsigned seen_state;
static unsigned again; /* how often the handler makes it pending again */

static void hook_state(unsigned intid)
{
	seen_state = gic_bit(GIC_ISPENDR, intid) |
		     (unsigned)gic_bit(GIC_ISACTIVER, intid) << 1;
	if (again) {
		again--;
		gic_set_bit(GIC_ISPENDR, intid);
	}
}

static void check_states(const char *area, unsigned intid)
{
	check_area(area);
	irq_log_start(hook_state);
	gic_set_bit(GIC_ISPENDR, intid);
	CHECK("disabled_is_not_taken", irq_none());
	gic_set_bit(GIC_ICPENDR, intid);
	gic_enable(intid);
	CHECK("cleared_is_not_taken", irq_none());
	gic_set_bit(GIC_ISPENDR, intid);
	CHECK("isr_shows_it", WAIT_FOR(read_isr_el1() & BIT(7)));
	CHECK_EQ("hppir_shows_it", read_icc_hppir1_el1() & 0xffffff, intid);
	CHECK("set_pending_is_taken", took(intid));
	CHECK_EQ("active_in_handler", seen_state, 2);
	CHECK("inactive_afterwards", !gic_bit(GIC_ISACTIVER, intid));
	CHECK("taken_once", irq_none());

	irq_log_start(hook_state);
	again = 2;
	gic_set_bit(GIC_ISPENDR, intid);
	CHECK("pending_while_active_comes_again",
	      irq_take(3) && irq_none() && irq_log()->nr == 3);

	irq_log_start(NULL);
	gic_set_bit(GIC_ISACTIVER, intid);
	gic_set_bit(GIC_ISPENDR, intid);
	CHECK("active_by_hand_is_not_taken", irq_none());
	gic_set_bit(GIC_ICACTIVER, intid);
	CHECK("inactive_by_hand_is_taken", took(intid));
	gic_disable(intid);
	check_area(payload_name);
}

static void hook_disable(unsigned intid)
{
	gic_disable(intid);
}

static void check_disable_while_active(void)
{
	irq_log_start(hook_disable);
	gic_enable(SPI_A);
	gic_set_bit(GIC_ISPENDR, SPI_A);
	CHECK("disabled_in_handler", took(SPI_A));
	CHECK("its_eoi_counts", !gic_bit(GIC_ISACTIVER, SPI_A));
	CHECK_EQ("priority_is_idle", read_icc_rpr_el1() & 0xff, PRIO_IDLE);
}

static void check_gates(void)
{
	irq_log_start(NULL);
	gic_enable(SPI_A);
	write_icc_pmr_el1(0);
	isb();
	gic_set_bit(GIC_ISPENDR, SPI_A);
	CHECK("pmr_0_holds_all_back", irq_none());
	write_icc_pmr_el1(PRIO_MASK_NONE);
	isb();
	CHECK("pmr_open_lets_it_in", took(SPI_A));

	irq_log_start(NULL);
	write_icc_igrpen1_el1(0);
	isb();
	gic_set_bit(GIC_ISPENDR, SPI_A);
	CHECK("igrpen1_0_holds_all_back", irq_none());
	write_icc_igrpen1_el1(1);
	isb();
	CHECK("igrpen1_1_lets_it_in", took(SPI_A));

	irq_log_start(NULL);
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE);
	gic_set_bit(GIC_ISPENDR, SPI_A);
	CHECK("distributor_off_holds_all_back", irq_none());
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	CHECK("distributor_on_lets_it_in", took(SPI_A));
	gic_disable(SPI_A);
	CHECK_EQ("nothing_pending_is_1023", read_icc_iar1_el1() & 0xffffff,
		 INTID_SPURIOUS);
	CHECK_EQ("hppir_nothing_is_1023", read_icc_hppir1_el1() & 0xffffff,
		 INTID_SPURIOUS);
}

/* ------------------------------------------------------------ timers */

struct timer {
	const char *area;
	unsigned intid;
	uint64_t (*now)(void);
	void (*set)(uint64_t cval);
	void (*ctl)(uint64_t ctl);
	uint64_t (*status)(void);
};

static uint64_t vt_now(void)
{
	isb();
	return read_cntvct_el0();
}

static uint64_t pt_now(void)
{
	isb();
	return read_cntpct_el0();
}

static const struct timer timers[] = {
	{"irq.vtimer", PPI_VTIMER, vt_now, write_cntv_cval_el0,
	 write_cntv_ctl_el0, read_cntv_ctl_el0},
	{"irq.ptimer", PPI_PTIMER, pt_now, write_cntp_cval_el0,
	 write_cntp_ctl_el0, read_cntp_ctl_el0},
};

static const struct timer *timer;
static unsigned timer_ignored; /* handler calls that leave the line high */

static void timer_ctl(uint64_t ctl)
{
	timer->ctl(ctl);
	isb();
}

static void hook_timer(unsigned intid)
{
	(void)intid;
	if (timer_ignored)
		timer_ignored--;
	else
		timer_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
}

static void check_timer(void)
{
	uint64_t cval = timer->now() + time_ticks(1000);

	irq_log_start(hook_timer);
	gic_enable(timer->intid);
	timer->set(cval);
	timer_ctl(CNT_CTL_ENABLE);
	CHECK("not_before_its_time",
	      !(timer->status() & CNT_CTL_ISTATUS) || timer->now() >= cval);
	CHECK("is_taken", took(timer->intid));
	CHECK("not_early", timer->now() >= cval);
	/* Rules out: physical-timer, timer-control */
	CHECK_EQ("ctl_is_what_the_guest_wrote", timer->status(),
		 CNT_CTL_ENABLE | CNT_CTL_IMASK | CNT_CTL_ISTATUS);
	CHECK("masked_is_silent", irq_none());
	CHECK("masked_line_is_low",
	      WAIT_FOR(!gic_bit(GIC_ISPENDR, timer->intid)));

	irq_log_start(hook_timer);
	timer_ignored = 3;
	timer_ctl(CNT_CTL_ENABLE);
	/* Rules out: timer-control */
	CHECK("line_high_comes_again",
	      irq_take(4) && irq_none() && irq_log()->nr == 4);

	irq_log_start(hook_timer);
	gic_disable(timer->intid);
	timer_ctl(CNT_CTL_ENABLE);
	CHECK("disabled_line_is_pending",
	      WAIT_FOR(gic_bit(GIC_ISPENDR, timer->intid)));
	CHECK("disabled_line_is_silent", irq_none());
	timer_ctl(0);
	CHECK("timer_off_takes_pending_away",
	      WAIT_FOR(!gic_bit(GIC_ISPENDR, timer->intid)));
	gic_enable(timer->intid);
	CHECK("nothing_left", irq_none());
}

/* CVAL far in the past and far ahead: the comparison is 64 bits. */
static void check_timer_extremes(void)
{
	irq_log_start(hook_timer);
	timer->set(0);
	timer_ctl(CNT_CTL_ENABLE);
	/* Rules out: deadline-overflow */
	CHECK("long_past_fires", took(timer->intid));
	irq_log_start(hook_timer);
	timer->set(BIT(62)); /* beyond it, emulators add the offset and wrap */
	timer_ctl(CNT_CTL_ENABLE);
	/* Rules out: deadline-overflow */
	CHECK("end_of_time_does_not", irq_none());
	/* Rules out: physical-timer */
	CHECK_EQ("end_of_time_status", timer->status(), CNT_CTL_ENABLE);
	timer->set(timer->now() + BIT(40));
	isb();
	CHECK("far_ahead_does_not", irq_none());
	timer->set(timer->now() - 1);
	CHECK("moved_back_fires", took(timer->intid));
	timer_ctl(0);
	gic_disable(timer->intid);
}

static void check_timers(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++) {
		timer = &timers[i];
		check_area(timer->area);
		check_timer();
		check_timer_extremes();
	}
	check_area(payload_name);
	write_cntv_tval_el0(-1UL);
	isb();
	CHECK("tval_minus_one_is_past",
	      (int64_t)(read_cntv_cval_el0() - time_now()) < 0);
}

/* ------------------------------------------------------- a device's line */

static unsigned uart_ignored;

static void hook_uart(unsigned intid)
{
	(void)intid;
	if (uart_ignored)
		uart_ignored--;
	else
		uart_write(UARTICR, UARTINT_TX);
}

static void check_uart_line(void)
{
	bool high, silent;

	irq_log_start(hook_uart);
	gic_enable(UART_INTID);
	uart_ignored = 2;
	uart_write(UARTICR, UARTINT_TX);
	uart_write(UARTIMSC, UARTINT_TX);
	uart_put('#');
	high = irq_take(3) && irq_none() && irq_log()->nr == 3;
	irq_log_start(hook_uart);
	uart_write(UARTIMSC, 0);
	uart_put('\n');
	silent = irq_none();
	CHECK("uart_line_stays_high", high);
	CHECK("uart_masked_is_silent", silent);
	uart_write(UARTIMSC, UARTINT_TX);
	CHECK("uart_unmasked_comes", took(UART_INTID));
	uart_write(UARTIMSC, 0);
	uart_write(UARTICR, UARTINT_TX);
	gic_disable(UART_INTID);
	CHECK("uart_line_is_low", !gic_bit(GIC_ISPENDR, UART_INTID));
}

/* ------------------------------------------------------------ group 0 */

static void check_group0(void)
{
	uint64_t at = gic_frame(this_cpu(), 7) + GIC_IGROUPR;

	irq_log_start(NULL);
	gic_enable(7);
	mmio_write32(at, ~(1U << 7));
	mmio_write32(GICD_BASE + GICD_CTLR,
		     GICD_CTLR_ARE | GICD_CTLR_GRP1 | GICD_CTLR_GRP0);
	write_icc_igrpen0_el1(1);
	isb();
	gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, 7));
	CHECK("group1_call_does_not_send_group0", irq_none());
	dsb_sy();
	write_icc_sgi0r_el1(gic_sgi_to(this_cpu()->mpidr, 7));
	isb();
	CHECK("group0_is_taken", took(7));
	CHECK_EQ("group0_is_fiq", irq_log()->fiqs, 1);
	write_icc_igrpen0_el1(0);
	mmio_write32(at, ~0U);
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	isb();
}

void payload_main(void)
{
	gic_init_dist();
	gic_init_cpu();
	check_identity();
	check_pairs();
	check_priority_registers();
	check_router();
	check_other_registers();
	check_sgi_self();
	check_states("irq.spi", SPI_A);
	check_states("irq.ppi", PPI_A);
	check_states("irq.sgi", 9);
	gic_set_edge(SPI_B, true);
	check_states("irq.edge_spi", SPI_B);
	check_disable_while_active();
	check_gates();
	check_timers();
	check_uart_line();
	check_group0();
}
