/*
 * GICv3 priorities (Arm IHI 0069) as a guest sees them: order of many pending
 * interrupts, more of them than any list-register file holds; masking,
 * preemption, running priority; both EOI modes. One CPU is enough.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"

const char payload_name[] = "irqprio";

#define SPI_FIRST 32
#define NR_SPIS   32U
#define PRIO_STEP 8 /* five implemented bits are the least there can be */

static void set_all_spis(bool edge)
{
	for (unsigned i = 0; i < NR_SPIS; i++) {
		gic_set_edge(SPI_FIRST + i, edge);
		gic_enable(SPI_FIRST + i);
	}
}

/* Priorities in a scrambled order; two of the 32 are equal. */
static uint8_t scrambled(unsigned i)
{
	return (uint8_t)(i * 13 % 31 * PRIO_STEP);
}

static unsigned out_of_order(void)
{
	const struct irq_log *l = irq_log();
	unsigned bad = 0;

	for (unsigned i = 1; i < l->nr; i++)
		bad += gic_prio(l->intid[i - 1]) > gic_prio(l->intid[i]);
	return bad;
}

static uint64_t taken_set(void)
{
	const struct irq_log *l = irq_log();
	uint64_t set = 0;

	for (unsigned i = 0; i < l->nr; i++)
		set |= BIT(l->intid[i] & 63);
	return set;
}

static void scramble_and_pend(void)
{
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_prio(SPI_FIRST + i, scrambled(i));
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_bit(GIC_ISPENDR, SPI_FIRST + i);
}

static void check_order(const char *area, bool edge)
{
	check_area(area);
	set_all_spis(edge);
	irq_log_start(NULL);
	scramble_and_pend();
	CHECK_EQ("all_are_pending", mmio_read32(GICD_BASE + GIC_ISPENDR + 4),
		 0xffffffff);
	CHECK("all_are_taken", irq_take(NR_SPIS) && irq_none());
	CHECK_EQ("each_once", irq_log()->nr, NR_SPIS);
	CHECK_EQ("none_is_missing", taken_set(), UINT64_C(0xffffffff) << 32);
	CHECK_EQ("highest_priority_first", out_of_order(), 0);
	CHECK_EQ("none_is_left", mmio_read32(GICD_BASE + GIC_ISPENDR + 4), 0);
	CHECK_EQ("none_is_active", mmio_read32(GICD_BASE + GIC_ISACTIVER + 4),
		 0);
	check_area(payload_name);
}

/* All of one bank by one 32-bit write, SGIs and PPIs beside them. */
static void check_everything_pending(void)
{
	uint32_t local = 0xffff | BIT(20) | BIT(21);
	uint64_t sgi = this_cpu()->gicr + GICR_SGI_BASE;

	irq_log_start(NULL);
	mmio_write32(sgi + GIC_ISENABLER, local);
	for (unsigned i = 0; i < 32; i++)
		gic_set_prio(i, (uint8_t)(i * 7 % 30 * PRIO_STEP));
	mmio_write32(sgi + GIC_ISPENDR, local);
	mmio_write32(GICD_BASE + GIC_ISPENDR + 4, ~0U);
	dsb_sy();
	/* Rules out: lr-overflow */
	CHECK("fifty_pending_are_taken",
	      irq_take(50) && irq_none() && irq_log()->nr == 50);
	CHECK_EQ("fifty_none_missing", taken_set(),
		 UINT64_C(0xffffffff) << 32 | local);
	/* Rules out: lr-overflow */
	CHECK_EQ("fifty_highest_first", out_of_order(), 0);
	mmio_write32(sgi + GIC_ICENABLER, ~0U);
}

/* Half of them disabled, some cleared again, while all were pending. */
static void check_changes_while_pending(void)
{
	irq_log_start(NULL);
	scramble_and_pend();
	mmio_write32(GICD_BASE + GIC_ICENABLER + 4, 0x0000ffff);
	mmio_write32(GICD_BASE + GIC_ICPENDR + 4, 0x00ff0000);
	dsb_sy();
	CHECK("only_enabled_pending_are_taken",
	      irq_take(8) && irq_none() && irq_log()->nr == 8);
	CHECK_EQ("they_are_the_right_ones", taken_set(),
		 UINT64_C(0xff000000) << 32);
	CHECK_EQ("disabled_stay_pending",
		 mmio_read32(GICD_BASE + GIC_ISPENDR + 4), 0x0000ffff);
	for (unsigned i = 0; i < 16; i++) /* turned round while pending */
		gic_set_prio(SPI_FIRST + i, (uint8_t)((15 - i) * PRIO_STEP));
	irq_log_start(NULL);
	mmio_write32(GICD_BASE + GIC_ISENABLER + 4, 0x0000ffff);
	dsb_sy();
	CHECK("enabled_again_are_taken", irq_take(16) && irq_none());
	CHECK_EQ("by_their_new_priorities", out_of_order(), 0);
	CHECK_EQ("last_one_is_first_now", irq_log()->intid[0], SPI_FIRST + 15);
}

/* One of lower and one of higher priority arrive inside a handler. */
static unsigned late_step;

static void hook_late(unsigned intid)
{
	(void)intid;
	if (late_step++ == 0) {
		gic_set_bit(GIC_ISPENDR, SPI_FIRST + 20);
		gic_set_bit(GIC_ISPENDR, SPI_FIRST + 1);
	}
}

static void check_late_arrival(void)
{
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_prio(SPI_FIRST + i, (uint8_t)(i * 7));
	irq_log_start(hook_late);
	for (unsigned i = 8; i < 16; i++)
		gic_set_bit(GIC_ISPENDR, SPI_FIRST + i);
	CHECK("late_ones_are_taken", irq_take(10) && irq_none());
	CHECK_EQ("late_urgent_one_is_next", irq_log()->intid[1], SPI_FIRST + 1);
	CHECK_EQ("late_lazy_one_is_last", irq_log()->intid[9], SPI_FIRST + 20);
}

static void check_mask(void)
{
	irq_log_start(NULL);
	write_icc_pmr_el1(0x80);
	isb();
	CHECK_EQ("pmr_reads_back", read_icc_pmr_el1(), 0x80);
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_prio(SPI_FIRST + i, (uint8_t)(i * PRIO_STEP));
	mmio_write32(GICD_BASE + GIC_ISPENDR + 4, ~0U);
	dsb_sy();
	CHECK("mask_lets_higher_through", irq_take(16) && irq_none());
	CHECK_EQ("mask_is_exclusive", taken_set(), UINT64_C(0xffff) << 32);
	write_icc_pmr_el1(0xf8);
	isb();
	CHECK("wider_mask_lets_more_through", irq_take(31) && irq_none());
	CHECK_EQ("lowest_priority_is_masked_by_itself",
		 mmio_read32(GICD_BASE + GIC_ISPENDR + 4), 0x80000000);
	mmio_write32(GICD_BASE + GIC_ICPENDR + 4, ~0U);
	write_icc_pmr_el1(PRIO_MASK_NONE);
	isb();
}

/* ------------------------------------------------------------ preemption */

#define DEPTH 16

static volatile unsigned depth, deepest;

/* Raises the next more urgent one and lets it in. */
static void hook_nest(unsigned intid)
{
	unsigned next = intid - 1;

	if (++depth > deepest)
		deepest = depth;
	if (deepest < DEPTH)
		gic_set_bit(GIC_ISPENDR, next);
	irq_enable();
	isb();
	delay_us(20);
	irq_disable();
	depth--;
}

static void start_nest(void)
{
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_prio(SPI_FIRST + i, (uint8_t)(i * PRIO_STEP));
	depth = 0;
	deepest = 0;
	irq_log_start(hook_nest);
}

static void check_nesting(void)
{
	unsigned bad_rpr = 0;

	write_icc_bpr1_el1(0); /* the finest grouping there is */
	isb();
	start_nest();
	gic_set_bit(GIC_ISPENDR, SPI_FIRST + DEPTH);
	CHECK("nested_are_taken", irq_take(DEPTH) && irq_none());
	CHECK_EQ("each_preempts_the_last", deepest, DEPTH);
	for (unsigned i = 0; i < DEPTH; i++) {
		unsigned want = (DEPTH - i) * PRIO_STEP;

		bad_rpr += irq_log()->intid[i] != SPI_FIRST + DEPTH - i ||
			   irq_log()->rpr[i] != want;
	}
	CHECK_EQ("running_priority_of_each", bad_rpr, 0);
	CHECK_EQ("idle_priority_after", read_icc_rpr_el1() & 0xff, PRIO_IDLE);
	CHECK_EQ("nothing_left_active",
		 mmio_read32(GICD_BASE + GIC_ISACTIVER + 4), 0);
}

/*
 * The same depth with the rest of the bank pending all the while (without the
 * lowest priority, which the widest mask may hold back).
 */
static void check_nesting_among_many(void)
{
	start_nest();
	mmio_write32(GICD_BASE + GIC_ISPENDR + 4, 0x7fff0000);
	dsb_sy();
	CHECK("nested_among_many_are_taken", irq_take(30) && irq_none());
	CHECK_EQ("nested_among_many_depth", deepest, DEPTH);
	CHECK_EQ("nested_among_many_each_once", irq_log()->nr, 30);
	CHECK_EQ("nested_among_many_set", taken_set(),
		 UINT64_C(0x7ffffffe) << 32);
	CHECK_EQ("nested_among_many_idle", read_icc_rpr_el1() & 0xff,
		 PRIO_IDLE);
}

static void check_no_preemption(void)
{
	for (unsigned i = 0; i < NR_SPIS; i++)
		gic_set_prio(SPI_FIRST + i, 0x80);
	depth = 0;
	deepest = 0;
	irq_log_start(hook_nest);
	gic_set_bit(GIC_ISPENDR, SPI_FIRST + DEPTH);
	CHECK("equal_priority_waits", irq_take(2) && deepest == 1);
	CHECK("equal_ones_all_come", irq_take(3));
	deepest = DEPTH; /* no more of them */
	irq_none();

	start_nest();
	write_icc_bpr1_el1(7); /* bit 7 alone is the group priority */
	isb();
	CHECK_EQ("bpr_reads_back", read_icc_bpr1_el1(), 7);
	gic_set_bit(GIC_ISPENDR, SPI_FIRST + DEPTH - 1);
	CHECK("subpriority_does_not_preempt", irq_take(4) && deepest == 1);
	deepest = DEPTH;
	irq_none();
	write_icc_bpr1_el1(0);
	isb();
}

/* ------------------------------------------------------------ EOImode 1 */

static void check_split_eoi(void)
{
	irq_log_start(NULL);
	irq_log_keep_active(true);
	CHECK_EQ("eoimode_reads_back", read_icc_ctlr_el1() & ICC_CTLR_EOIMODE,
		 ICC_CTLR_EOIMODE);
	scramble_and_pend();
	CHECK("split_all_are_taken", irq_take(NR_SPIS) && irq_none());
	CHECK_EQ("split_each_once", irq_log()->nr, NR_SPIS);
	CHECK_EQ("split_highest_first", out_of_order(), 0);
	CHECK_EQ("split_all_are_active",
		 mmio_read32(GICD_BASE + GIC_ISACTIVER + 4), 0xffffffff);
	CHECK_EQ("split_priority_dropped", read_icc_rpr_el1() & 0xff,
		 PRIO_IDLE);
	mmio_write32(GICD_BASE + GIC_ISPENDR + 4, ~0U);
	dsb_sy();
	CHECK("active_ones_do_not_come_again", irq_none());
	for (unsigned i = 0; i < NR_SPIS / 2; i++) {
		write_icc_dir_el1(SPI_FIRST + i * 11 % 16);
		isb();
	}
	/* Rules out: eoi-outside */
	CHECK_EQ("dir_deactivates", mmio_read32(GICD_BASE + GIC_ISACTIVER + 4),
		 0xffff0000);
	CHECK("deactivated_ones_come_again",
	      irq_take(NR_SPIS + NR_SPIS / 2) && irq_none());
	for (unsigned i = 0; i < NR_SPIS; i++) {
		write_icc_dir_el1(SPI_FIRST + i * 5 % 32);
		isb();
	}
	CHECK("the_rest_comes_again", irq_take(2 * NR_SPIS) && irq_none());
	CHECK_EQ("split_total", irq_log()->nr, NR_SPIS + NR_SPIS);
	for (unsigned i = 0; i < NR_SPIS; i++) {
		write_icc_dir_el1(SPI_FIRST + i);
		isb();
	}
	CHECK_EQ("split_none_is_active",
		 mmio_read32(GICD_BASE + GIC_ISACTIVER + 4), 0);
	irq_log_keep_active(false);
}

/* An interrupt deactivated through ICACTIVER instead of DIR. */
static void check_split_by_register(void)
{
	irq_log_start(NULL);
	irq_log_keep_active(true);
	gic_set_bit(GIC_ISPENDR, SPI_FIRST + 9);
	CHECK("split_one_is_taken", irq_take(1));
	gic_set_bit(GIC_ISPENDR, SPI_FIRST + 9);
	CHECK("split_one_waits", irq_none());
	gic_set_bit(GIC_ICACTIVER, SPI_FIRST + 9);
	CHECK("icactiver_lets_it_come", irq_take(2));
	gic_set_bit(GIC_ICACTIVER, SPI_FIRST + 9);
	irq_log_keep_active(false);
	CHECK("nothing_left_over", irq_none());
}

void payload_main(void)
{
	gic_init_dist();
	gic_init_cpu();
	CHECK_EQ("idle_running_priority", read_icc_rpr_el1() & 0xff, PRIO_IDLE);
	check_order("irqprio.level", false);
	check_order("irqprio.edge", true);
	check_everything_pending();
	check_changes_while_pending();
	check_late_arrival();
	check_mask();
	check_nesting();
	check_nesting_among_many();
	check_no_preemption();
	check_split_eoi();
	check_split_by_register();
}
