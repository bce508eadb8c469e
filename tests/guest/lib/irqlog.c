/*
 * One handler for all CPUs; each writes only its own log.
 */
#include "irqlog.h"

struct irq_log irq_logs[CPU_MAX];

static irq_hook_fn irq_hook;
static bool keep_active;

static void log_append(unsigned intid, bool fiq)
{
	struct irq_log *l = irq_log();
	unsigned n = l->nr;

	if (n < IRQ_LOG_MAX) {
		l->intid[n] = (uint16_t)intid;
		l->rpr[n] = (uint8_t)read_icc_rpr_el1();
	}
	l->fiqs += fiq;
	dsb_sy();
	l->nr = n + 1;
}

static void log_handler(bool fiq)
{
	uint64_t iar = fiq ? read_icc_iar0_el1() : read_icc_iar1_el1();
	unsigned intid = (unsigned)(iar & 0xffffff);

	dsb_sy();
	if (intid >= 1020 && intid <= INTID_SPURIOUS) {
		irq_log()->spurious++;
		return;
	}
	log_append(intid, fiq);
	if (irq_hook)
		irq_hook(intid);
	dsb_sy();
	if (fiq)
		write_icc_eoir0_el1(iar);
	else
		write_icc_eoir1_el1(iar);
	isb();
	if (!keep_active && (read_icc_ctlr_el1() & ICC_CTLR_EOIMODE))
		write_icc_dir_el1(iar);
	isb();
}

void irq_log_start(irq_hook_fn hook)
{
	struct irq_log *l = irq_log();

	l->nr = 0;
	l->spurious = 0;
	l->fiqs = 0;
	irq_hook = hook;
	keep_active = false;
	irq_handler = log_handler;
	dsb_sy();
}

void irq_log_keep_active(bool keep)
{
	keep_active = keep;
	write_icc_ctlr_el1(keep ? ICC_CTLR_EOIMODE : 0);
	isb();
}

bool irq_take(unsigned n)
{
	bool ok;

	irq_enable();
	ok = WAIT_FOR(irq_log()->nr >= n);
	irq_disable();
	return ok;
}

bool irq_none(void)
{
	unsigned before = irq_log()->nr;

	irq_enable();
	isb();
	delay_us(200);
	irq_disable();
	return irq_log()->nr == before;
}
