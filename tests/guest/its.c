/*
 * LPIs and the ITS (GICv3, Arm IHI 0069): registers, commands, and that what
 * an INT command makes pending is taken by the CPU to which it is routed.
 * Natively it wants QEMU virt's own ITS. One CPU is enough.
 */
#include "lib/its.h"

#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/smp.h"

const char payload_name[] = "its";

/* Device 1: event n is LPI_A + n, in collection 0, which is the boot CPU's. */
#define LPI_A     (LPI_FIRST + 64)
#define NR_EVENTS 32U
#define DEV       1U

static bool took(unsigned lpi)
{
	return irq_take(1) && irq_log()->nr == 1 && irq_log()->intid[0] == lpi;
}

static unsigned count_of(unsigned cpu, unsigned lpi)
{
	const struct irq_log *l = &irq_logs[cpu];
	unsigned n = 0;

	for (unsigned i = 0; i < l->nr && i < IRQ_LOG_MAX; i++)
		n += l->intid[i] == lpi;
	return n;
}

static bool raise_lpi(unsigned event)
{
	return its_run(its_event(ITS_INT, DEV, event));
}

/* ---------------------------------------------------------------- registers */

static void check_identity(void)
{
	uint32_t typer = mmio_read32(GICD_BASE + GICD_TYPER);
	uint64_t bad = 0;

	CHECK("gicd_intid_bits", (typer >> 19 & 31) >= 13);
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		uint64_t gicr = gic_find_redist(cpus[i].mpidr);

		if (!(mmio_read64(gicr + GICR_TYPER) & 1))
			bad |= BIT(i);
	}
	CHECK_EQ("gicr_typer_plpis", bad, 0);
	CHECK_EQ("pidr2_arch", mmio_read32(GITS_BASE + GITS_PIDR2) >> 4 & 15,
		 3);
	CHECK_EQ("ctlr_off_and_quiescent", mmio_read32(GITS_BASE + GITS_CTLR),
		 GITS_CTLR_QUIESCENT);
}

static void check_typer(void)
{
	uint64_t typer = mmio_read64(GITS_BASE + GITS_TYPER);

	CHECK("typer_physical", typer & GITS_TYPER_PHYSICAL);
	CHECK("typer_event_bits", (typer >> 8 & 31) >= 4);
	CHECK("typer_device_bits", (typer >> 13 & 31) >= 4);
	CHECK_EQ("typer_by_halves",
		 mmio_read32(GITS_BASE + GITS_TYPER) |
			 (uint64_t)mmio_read32(GITS_BASE + GITS_TYPER + 4)
				 << 32,
		 typer);
	mmio_write64(GITS_BASE + GITS_TYPER, 0);
	CHECK_EQ("typer_is_read_only", mmio_read64(GITS_BASE + GITS_TYPER),
		 typer);
}

/* GITS_BASER of the table at `at`, whose value is `was`. */
static void check_baser(uint64_t at, uint64_t was)
{
	const uint64_t want = UINT64_C(0x123450000) | GITS_BASER_64K | 3;
	const uint64_t fixed = GENMASK(58, 56) | GENMASK(52, 48);

	mmio_write64(at, want | GITS_BASER_VALID | fixed);
	CHECK_EQ("reads_back", mmio_read64(at),
		 want | GITS_BASER_VALID | (was & fixed));
	mmio_write32(at, 0);
	CHECK_EQ("by_halves", mmio_read64(at),
		 (UINT64_C(1) << 32) | GITS_BASER_VALID | (was & fixed));
	mmio_write64(at, was);
}

static void check_tables(void)
{
	unsigned device = 0, collection = 0;

	for (unsigned n = 0; n < 8; n++) {
		uint64_t at = GITS_BASE + GITS_BASER(n);
		uint64_t was = mmio_read64(at);

		device += (was >> 56 & 7) == 1;
		collection += (was >> 56 & 7) == 4;
		check_area((was >> 56 & 7) == 1 ? "its.device_table"
						: "its.collection_table");
		if (was >> 56 & 7)
			check_baser(at, was);
	}
	check_area("its");
	CHECK_EQ("one_device_table", device, 1);
	CHECK_EQ("one_collection_table", collection, 1);
}

static void check_queue_registers(void)
{
	const uint64_t base = UINT64_C(0x80000000) | 0x41230000 | 15;

	mmio_write64(GITS_BASE + GITS_CBASER, base);
	CHECK_EQ("cbaser_reads_back", mmio_read64(GITS_BASE + GITS_CBASER),
		 base);
	mmio_write32(GITS_BASE + GITS_CBASER + 4, 0x80000000);
	CHECK_EQ("cbaser_by_halves", mmio_read64(GITS_BASE + GITS_CBASER),
		 (base & 0xffffffff) | BIT(63));
	CHECK_EQ("creadr_is_reset", mmio_read64(GITS_BASE + GITS_CREADR), 0);
	mmio_write64(GITS_BASE + GITS_CWRITER, 0x40);
	CHECK_EQ("cwriter_reads_back", mmio_read64(GITS_BASE + GITS_CWRITER),
		 0x40);
	CHECK_EQ("nothing_runs_while_off", mmio_read64(GITS_BASE + GITS_CREADR),
		 0);
	CHECK_EQ("reserved_is_raz", mmio_read32(GITS_BASE + 0xc0), 0);
}

static void check_on(void)
{
	uint64_t gicr = this_cpu()->gicr;
	uint64_t base;

	CHECK("ctlr_enabled",
	      mmio_read32(GITS_BASE + GITS_CTLR) & GITS_CTLR_ENABLED);
	base = mmio_read64(GITS_BASE + GITS_CBASER);
	mmio_write64(GITS_BASE + GITS_CBASER, 0);
	CHECK_EQ("cbaser_is_fixed_while_on",
		 mmio_read64(GITS_BASE + GITS_CBASER), base);
	CHECK("gicr_ctlr_enable_lpis",
	      mmio_read32(gicr + GICR_CTLR) & GICR_CTLR_LPIS);
	CHECK_EQ("propbaser_idbits", mmio_read64(gicr + GICR_PROPBASER) & 31,
		 13);
}

/* --------------------------------------------------------------- deliveries */

static bool map_device(void)
{
	bool ok;

	its_put(its_mapc(0, this_cpu(), true));
	its_put(its_mapd(DEV, true));
	for (unsigned i = 0; i < NR_EVENTS; i++) {
		its_config(LPI_A + i, PRIO_DEFAULT, true);
		its_put(its_mapti(DEV, i, LPI_A + i, 0));
	}
	ok = its_run(its_invall(0));
	return ok && its_run(its_sync(this_cpu()));
}

static void check_int(void)
{
	irq_log_start(NULL);
	CHECK("int_runs", raise_lpi(3));
	CHECK("int_is_delivered", took(LPI_A + 3));
	CHECK("just_once", irq_none());
	raise_lpi(3);
	raise_lpi(3);
	CHECK("pending_is_no_counter", irq_take(1) && irq_none());
	CHECK_EQ("priority_of_its_table", irq_log()->rpr[0], PRIO_DEFAULT);
	irq_log_start(NULL);
	raise_lpi(4);
	raise_lpi(NR_EVENTS - 1);
	CHECK("two_events_are_two_lpis",
	      irq_take(2) && count_of(0, LPI_A + 4) == 1 &&
		      count_of(0, LPI_A + NR_EVENTS - 1) == 1);
	CHECK("and_no_more", irq_none());
}

static void check_enable(void)
{
	irq_log_start(NULL);
	its_config(LPI_A, PRIO_DEFAULT, false);
	its_run(its_event(ITS_INV, DEV, 0));
	raise_lpi(0);
	CHECK("disabled_is_not_taken", irq_none());
	its_config(LPI_A, PRIO_DEFAULT, true);
	its_run(its_event(ITS_INV, DEV, 0));
	CHECK("enabled_later_it_is_taken", took(LPI_A));
	its_config(LPI_A, PRIO_DEFAULT, false);
	its_run(its_invall(0));
	raise_lpi(0);
	CHECK("invall_disables", irq_none());
	its_config(LPI_A, PRIO_DEFAULT, true);
	its_run(its_invall(0));
	CHECK("invall_enables", irq_take(2) && irq_none());

	irq_log_start(NULL);
	raise_lpi(0);
	its_config(LPI_A, PRIO_DEFAULT, false);
	its_run(its_event(ITS_INV, DEV, 0));
	CHECK("pending_is_held_back_when_disabled", irq_none());
	its_run(its_event(ITS_CLEAR, DEV, 0));
	its_config(LPI_A, PRIO_DEFAULT, true);
	its_run(its_event(ITS_INV, DEV, 0));
	CHECK("clear_takes_it_away", irq_none());
}

static void check_clear(void)
{
	irq_log_start(NULL);
	raise_lpi(1);
	its_run(its_event(ITS_CLEAR, DEV, 1));
	CHECK("clear_of_a_pending_one", irq_none());
	raise_lpi(2);
	its_run(its_event(ITS_DISCARD, DEV, 2));
	CHECK("discard_of_a_pending_one", irq_none());
	raise_lpi(2);
	CHECK("discarded_event_is_not_mapped", irq_none());
	its_run(its_mapti(DEV, 2, LPI_A + 2, 0));
	raise_lpi(2);
	CHECK("mapped_again_it_works", took(LPI_A + 2));
}

/* The masked CPU gets all of it, then takes the most urgent one first. */
static void check_order(void)
{
	uint64_t bad = 0;

	irq_log_start(NULL);
	for (unsigned i = 0; i < NR_EVENTS; i++) {
		its_config(LPI_A + i, (uint8_t)(0xf0 - 8 * (i % 16)), true);
		its_put(its_event(ITS_INV, DEV, i));
	}
	for (unsigned i = 0; i < NR_EVENTS; i++)
		its_put(its_event(ITS_INT, DEV, i));
	its_run(its_sync(this_cpu()));
	write_icc_pmr_el1(0xff);
	CHECK("all_at_once_are_taken", irq_take(NR_EVENTS));
	for (unsigned i = 0; i < NR_EVENTS; i++) {
		if (count_of(0, LPI_A + i) != 1)
			bad |= BIT(i);
		if (i && irq_log()->rpr[i] < irq_log()->rpr[i - 1])
			bad |= BIT(32 + i);
	}
	CHECK_EQ("each_once_by_priority", bad, 0);
	CHECK("then_none_is_left", irq_none());

	irq_log_start(NULL);
	gic_set_prio(5, 0x90);
	gic_enable(5);
	gic_send_sgi(gic_sgi_to(this_cpu()->mpidr, 5));
	raise_lpi(15); /* 0x78 */
	raise_lpi(0);  /* 0xf0 */
	CHECK("among_others_too",
	      irq_take(3) && irq_log()->intid[0] == LPI_A + 15 &&
		      irq_log()->intid[1] == 5 && irq_log()->intid[2] == LPI_A);
	gic_disable(5);
	gic_set_prio(5, PRIO_DEFAULT);
	map_device();
}

static unsigned again;

static void hook_again(unsigned lpi)
{
	if (again) {
		again--;
		raise_lpi(lpi - LPI_A);
	}
}

static void check_again(void)
{
	again = 5;
	irq_log_start(hook_again);
	raise_lpi(7);
	CHECK("raised_in_its_handler_it_comes_again",
	      irq_take(6) && irq_none());
	CHECK_EQ("as_often_as_raised", count_of(0, LPI_A + 7), 6);
	irq_log_start(NULL);
	irq_log_keep_active(true);
	raise_lpi(7);
	irq_take(1);
	raise_lpi(7);
	CHECK("eoimode_1_needs_no_deactivation", irq_take(2));
	irq_log_keep_active(false);
	raise_lpi(7);
	CHECK("nor_later", irq_take(3) && irq_none());
}

/* ------------------------------------------------------------------- errors */

static void ignored(const char *name, struct its_cmd c)
{
	bool ran = its_run(c);

	check_that(name, ran && irq_none(), "is ignored");
}

static void check_wrong_commands(void)
{
	const unsigned far = 1U << 20;

	irq_log_start(NULL);
	ignored("int_of_unmapped_device", its_event(ITS_INT, 5, 0));
	ignored("int_of_unmapped_event", its_event(ITS_INT, DEV, NR_EVENTS));
	ignored("int_of_device_out_of_range", its_event(ITS_INT, far, 0));
	ignored("clear_of_unmapped_event", its_event(ITS_CLEAR, 5, 0));
	ignored("discard_of_unmapped_event", its_event(ITS_DISCARD, 5, 0));
	ignored("inv_of_unmapped_event", its_event(ITS_INV, 5, 0));
	ignored("mapti_of_unmapped_device", its_mapti(5, 0, LPI_A + 40, 0));
	ignored("mapti_of_event_out_of_range",
		its_mapti(DEV, NR_EVENTS, LPI_A + 40, 0));
	ignored("movi_of_unmapped_event", its_movi(5, 0, 0));
	ignored("mapd_out_of_range", its_mapd(far, true));
	ignored("unknown_command", (struct its_cmd){{0xee}});
	its_run(its_event(ITS_DISCARD, DEV, 9));
	its_run(its_mapti(DEV, 9, 40, 0)); /* an SPI */
	raise_lpi(9);
	CHECK("no_command_makes_an_spi_pending",
	      irq_none() && !gic_bit(GIC_ISPENDR, 40));
	its_run(its_mapti(DEV, 9, LPI_A + 9, 3));
	raise_lpi(9);
	CHECK("unmapped_collection_delivers_nothing", irq_none());
	its_run(its_mapti(DEV, 9, LPI_A + 9, 0));
	raise_lpi(9);
	CHECK("after_all_errors_it_still_works", took(LPI_A + 9));

	irq_log_start(NULL);
	its_run(its_mapd(DEV, false));
	raise_lpi(9);
	CHECK("unmapped_device_delivers_nothing", irq_none());
	map_device();
	its_run(its_mapc(0, this_cpu(), false));
	raise_lpi(9);
	CHECK("collection_without_cpu_delivers_nothing", irq_none());
	map_device();
}

/* More than a queue of commands in batches; all of them must run. */
static void check_wrap(void)
{
	const unsigned batch = ITS_QUEUE_SIZE / 32 - 1;
	bool ok = true;

	irq_log_start(NULL);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < batch; i++)
			its_put(its_event(i % 2 ? ITS_CLEAR : ITS_INT, DEV, 6));
		ok = its_go() && ok;
		its_put(its_event(ITS_CLEAR, DEV, 6));
		its_put(its_event(ITS_INT, DEV, round));
		ok = its_go() && ok;
	}
	CHECK("queue_wraps_around", ok);
	CHECK("last_commands_had_effect", irq_take(3));
	CHECK("cleared_ones_are_not_taken", irq_none());
}

/* A command whose memory is not there; QEMU's ITS knows no Retry. */
static void check_stall(void)
{
	struct its_cmd bad = its_mapd(6, true);
	uint32_t at;

	if (guest.native)
		return;
	bad.dw[2] = GITS_BASER_VALID | UINT64_C(0x3000000000);
	CHECK("itt_outside_ram_can_be_mapped", its_run(bad));
	at = its_head();
	its_put(its_mapti(6, 0, LPI_A + 50, 0));
	its_put(its_event(ITS_INT, DEV, 8));
	irq_log_start(NULL);
	dsb_sy();
	mmio_write64(GITS_BASE + GITS_CWRITER, its_head());
	CHECK_EQ("memory_error_stalls", mmio_read64(GITS_BASE + GITS_CREADR),
		 at | GITS_CREADR_STALLED);
	mmio_write64(GITS_BASE + GITS_CWRITER, its_head());
	CHECK_EQ("it_stays_so", mmio_read64(GITS_BASE + GITS_CREADR),
		 at | GITS_CREADR_STALLED);
	its_retry();
	CHECK_EQ("a_retry_stalls_again", mmio_read64(GITS_BASE + GITS_CREADR),
		 at | GITS_CREADR_STALLED);
	CHECK("nothing_behind_it_ran", irq_none());
	*its_at(at) = its_sync(this_cpu());
	its_retry();
	CHECK("a_corrected_command_goes_on",
	      WAIT_FOR(mmio_read64(GITS_BASE + GITS_CREADR) == its_head()));
	CHECK("and_what_is_behind_it", took(LPI_A + 8));
	its_run(its_mapd(6, false));
}

/* ------------------------------------------------------------ redistributor */

static void check_lpis_off(void)
{
	uint64_t gicr = this_cpu()->gicr;

	if (!(mmio_read32(gicr + GICR_CTLR) & GICR_CTLR_CES) || guest.native)
		return;
	irq_log_start(NULL);
	raise_lpi(10);
	raise_lpi(11);
	mmio_write32(gicr + GICR_CTLR, 0);
	CHECK("lpis_off", WAIT_FOR(!(mmio_read32(gicr + GICR_CTLR) &
				     (GICR_CTLR_RWP | GICR_CTLR_LPIS))));
	CHECK("off_nothing_is_taken", irq_none());
	CHECK("pending_table_is_written",
	      its_table_pending(this_cpu(), LPI_A + 10) &&
		      its_table_pending(this_cpu(), LPI_A + 11) &&
		      !its_table_pending(this_cpu(), LPI_A + 12));
	raise_lpi(12);
	mmio_write64(gicr + GICR_PENDBASER, mmio_read64(gicr + GICR_PENDBASER));
	mmio_write32(gicr + GICR_CTLR, GICR_CTLR_LPIS);
	CHECK("on_again_they_are_taken", irq_take(2));
	CHECK("but_not_what_came_meanwhile",
	      irq_none() && !count_of(0, LPI_A + 12));
}

static void check_inv_registers(void)
{
	uint64_t gicr = this_cpu()->gicr;

	if (!(mmio_read32(gicr + GICR_CTLR) & GICR_CTLR_IR) || guest.native)
		return;
	irq_log_start(NULL);
	its_config(LPI_A, PRIO_DEFAULT, false);
	mmio_write64(gicr + GICR_INVLPIR, LPI_A);
	WAIT_FOR(!mmio_read32(gicr + GICR_SYNCR));
	raise_lpi(0);
	CHECK("invlpir_disables", irq_none());
	its_config(LPI_A, PRIO_DEFAULT, true);
	mmio_write64(gicr + GICR_INVALLR, 0);
	WAIT_FOR(!mmio_read32(gicr + GICR_SYNCR));
	CHECK("invallr_enables", took(LPI_A));
}

/* ------------------------------------------------------------- several CPUs */

static volatile bool leave, ready[CPU_MAX];

static void receiver(void *arg)
{
	unsigned idx = this_cpu()->idx;

	(void)arg;
	gic_init_cpu();
	its_init_lpis(this_cpu());
	gic_enable(0);
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

static bool start_receivers(void)
{
	leave = false;
	irq_log_start(NULL);
	if (!smp_start_all(receiver))
		return false;
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (!WAIT_FOR(ready[i]))
			return false;
		its_put(its_mapc(i, &cpus[i], true));
		its_put(its_invall(i));
	}
	return its_run(its_sync(this_cpu()));
}

static void clear_logs(void)
{
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		irq_logs[i].nr = 0;
	dsb_sy();
}

static void check_each_cpu(void)
{
	uint64_t bad = 0;
	uint64_t extra = 0;

	for (unsigned i = guest.nr_cpus; i-- > 0;) {
		clear_logs();
		its_run(its_mapti(DEV, 1, LPI_A + 1, i));
		raise_lpi(1);
		if (i == 0 ? !irq_take(1)
			   : !WAIT_FOR(count_of(i, LPI_A + 1) == 1))
			bad |= BIT(i);
		for (unsigned k = 0; k < guest.nr_cpus; k++)
			extra += k != i && irq_logs[k].nr;
	}
	CHECK_EQ("lpi_goes_where_it_is_routed", bad, 0);
	CHECK_EQ("and_to_nobody_else", extra, 0);
}

static void check_moves(void)
{
	clear_logs();
	its_run(its_movi(DEV, 1, 1));
	raise_lpi(1);
	CHECK("movi_changes_the_route", WAIT_FOR(count_of(1, LPI_A + 1) == 1));
	its_run(its_movi(DEV, 1, 0));
	raise_lpi(1); /* held back: this CPU is masked */
	delay_us(200);
	CHECK("movi_back", count_of(1, LPI_A + 1) == 1);
	its_run(its_movi(DEV, 1, 1));
	CHECK("pending_lpi_follows_movi",
	      WAIT_FOR(count_of(1, LPI_A + 1) == 2));
	CHECK("and_is_not_taken_twice", irq_none());

	clear_logs();
	for (unsigned i = 2; i < 20; i++)
		its_put(its_event(ITS_INT, DEV, i));
	its_run(its_sync(this_cpu()));
	its_put(its_mapc(0, &cpus[1], true));
	its_put(its_movall(&cpus[0], &cpus[1]));
	its_run(its_sync(&cpus[1]));
	CHECK("movall_moves_what_is_pending",
	      WAIT_FOR(irq_logs[1].nr == 18) && irq_none());
	its_run(its_mapc(0, &cpus[0], true));
}

static void check_other_cpu(void)
{
	uint64_t sum = 0;

	clear_logs();
	for (unsigned i = 0; i < 100; i++) {
		raise_lpi(1);
		if (!WAIT_FOR(irq_logs[1].nr == i + 1))
			break;
		sum++;
	}
	CHECK_EQ("hundred_lpis_in_turn", sum, 100);
	clear_logs();
	its_config(LPI_A + 1, PRIO_DEFAULT, false);
	its_run(its_event(ITS_INV, DEV, 1));
	raise_lpi(1);
	delay_us(200);
	CHECK("disabled_for_the_other_cpu", irq_logs[1].nr == 0);
	its_config(LPI_A + 1, PRIO_DEFAULT, true);
	its_run(its_event(ITS_INV, DEV, 1));
	CHECK("enabled_for_the_other_cpu",
	      WAIT_FOR(count_of(1, LPI_A + 1) == 1));
}

static void check_smp(void)
{
	if (guest.nr_cpus < 2) {
		check_note("one cpu: nothing to route");
		return;
	}
	if (!CHECK("receivers_are_ready", start_receivers()))
		return;
	check_each_cpu();
	check_moves();
	check_other_cpu();
	leave = true;
	gic_send_sgi(ICC_SGI_IRM);
	CHECK("receivers_leave", smp_wait_all_off());
}

void payload_main(void)
{
	if (!CHECK("there_is_one", its_present()))
		return;
	gic_init_dist();
	gic_init_cpu();
	check_identity();
	check_typer();
	check_tables();
	check_queue_registers();
	its_init();
	check_on();
	if (!CHECK("maps_a_device", map_device()))
		return;
	check_int();
	check_enable();
	check_clear();
	check_order();
	check_again();
	check_wrong_commands();
	check_wrap();
	check_stall();
	check_lpis_off();
	check_inv_registers();
	check_smp();
}
