/*
 * The C half of the EL1 vectors in start.S. State is per CPU except the
 * interrupt handler, which the boot CPU sets before interrupts are enabled.
 */
#include "trap.h"

#include "check.h"

enum slot_kind {
	SLOT_SYNC,
	SLOT_IRQ,
	SLOT_FIQ,
	SLOT_SERROR
};

#define SLOT_EL0         8 /* synchronous, from AArch64 */
#define ESR_EL0_DONE     (FIELD_PREP(ESR_EC, EC_SVC64) | ESR_IL | 0xe10)
#define SPSR_EL1H_MASKED 0x3c5
#define SPSR_SS          BIT(21)
#define MDSCR_SS         BIT(0)
#define EC_STEP_SAME     0x33

extern const char el0_back[]; /* el0.S */

irq_handler_fn irq_handler;

void trap_expect(void)
{
	struct cpu *c = this_cpu();

	c->trap.count = 0;
	c->trap.serrors = 0;
	c->trap.esr = 0;
	c->trap.far = 0;
	c->trap.elr = 0;
	c->expecting = true;
}

struct trap_record trap_end(void)
{
	struct cpu *c = this_cpu();
	struct trap_record r;

	dsb_sy();
	isb();
	c->expecting = false;
	r.count = c->trap.count;
	r.serrors = c->trap.serrors;
	r.esr = c->trap.esr;
	r.far = c->trap.far;
	r.elr = c->trap.elr;
	r.spsr = c->trap.spsr;
	r.daif = c->trap.daif;
	return r;
}

static void trap_resume(struct trap_frame *f)
{
	uint64_t ec = FIELD_GET(ESR_EC, f->esr);

	if (ec == EC_STEP_SAME) { /* one step is enough */
		f->spsr &= ~SPSR_SS;
		write_mdscr_el1(read_mdscr_el1() & ~MDSCR_SS);
	} else if (ec == EC_IABT_SAME || ec == EC_IABT_LOW || ec == EC_PC_ALIGN)
		f->elr = f->x[30];
	else if (ec != EC_SVC64)
		f->elr += 4;
}

static bool trap_record(struct trap_frame *f, uint64_t kind)
{
	struct cpu *c = this_cpu();

	if (!c->expecting || (kind != SLOT_SYNC && kind != SLOT_SERROR))
		return false;
	if (kind == SLOT_SERROR) {
		c->trap.serrors++;
		c->trap.esr = f->esr;
		return true;
	}
	c->trap.count++;
	c->trap.esr = f->esr;
	c->trap.far = f->far;
	c->trap.elr = f->elr;
	c->trap.spsr = f->spsr;
	c->trap.daif = read_daif();
	trap_resume(f);
	return true;
}

/* The end of el0_call(). */
static bool el0_done(struct trap_frame *f, uint64_t slot)
{
	if (slot != SLOT_EL0 || f->esr != ESR_EL0_DONE)
		return false;
	f->elr = addr_of(el0_back);
	f->spsr = SPSR_EL1H_MASKED;
	return true;
}

void trap_entry(struct trap_frame *f, uint64_t slot)
{
	uint64_t kind = slot & 3;

	if (el0_done(f, slot))
		return;

	if ((kind == SLOT_IRQ || kind == SLOT_FIQ) && irq_handler) {
		irq_handler(kind == SLOT_FIQ);
		return;
	}
	if (trap_record(f, kind))
		return;
	check_fail("unexpected_exception",
		   "cpu %u slot %u esr 0x%lx elr 0x%lx far 0x%lx x30 0x%lx",
		   this_cpu()->idx, (unsigned)slot, f->esr, f->elr, f->far,
		   f->x[30]);
	check_done();
}
