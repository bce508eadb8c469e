/* Host stand-ins for the EL2 edge; see fake_el2.h. */
#include "fake_el2.h"

#include <port/el1.h>
#include <port/gicc.h>
#include <port/htimer.h>
#include <port/spinlock.h>
#include <port/this_cpu.h>
#include <string.h>
#include <threads.h>

#include <arch/aarch64/idreg_hw.h>
#include <arch/aarch64/maint.h>
#include <arch/aarch64/rndr.h>

static struct fake_pcpu first_pcpu;

_Thread_local struct fake_pcpu *fake_pcpu = &first_pcpu;
_Thread_local struct cpu *fake_this_cpu;
struct fake_hooks fake_hooks;
_Thread_local struct fake_log fake_log;
_Thread_local struct fake_spin fake_spin;
_Thread_local void (*fake_between)(void);
uint64_t fake_counter = 0x1000;
struct fake_rndr fake_rndr;

/* --------------------------------------------------------------------- log */

static void note(enum fake_op op, uint64_t a, uint64_t b)
{
	if (fake_log.nr < FAKE_LOG_MAX)
		fake_log.e[fake_log.nr++] = (struct fake_event){op, a, b};
}

void fake_log_reset(void)
{
	fake_log.nr = 0;
}

unsigned fake_log_count(enum fake_op op)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake_log.nr; i++)
		n += fake_log.e[i].op == op;
	return n;
}

unsigned fake_log_find(enum fake_op op, unsigned from)
{
	for (unsigned i = from; i < fake_log.nr; i++) {
		if (fake_log.e[i].op == op)
			return i;
	}
	return FAKE_LOG_MAX;
}

unsigned fake_log_find_a(enum fake_op op, unsigned from, uint64_t a)
{
	for (unsigned i = from; i < fake_log.nr; i++) {
		if (fake_log.e[i].op == op && fake_log.e[i].a == a)
			return i;
	}
	return FAKE_LOG_MAX;
}

/* --------------------------------------------------------------- spinlocks */

#define PATIENCE 10000000U /* turns that others get */

void fake_spin_locking(const struct spinlock *l)
{
	for (unsigned i = 0; i < fake_spin.nr_held; i++) {
		if (fake_spin.held[i] == l)
			abort(); /* self-deadlock */
	}
}

void fake_spin_waits(unsigned turn)
{
	if (turn == PATIENCE)
		abort();
	thrd_yield();
}

void fake_spin_locked(const struct spinlock *l)
{
	if (fake_spin.nr_held == FAKE_SPIN_DEPTH)
		abort(); /* nested too deep */
	fake_spin.held[fake_spin.nr_held++] = l;
}

void fake_spin_unlocked(const struct spinlock *l)
{
	unsigned i = fake_spin.nr_held;

	while (i && fake_spin.held[i - 1] != l)
		i--;
	if (!i)
		return; /* the lock was made held by hand */
	fake_spin.nr_held--;
	for (; i <= fake_spin.nr_held; i++)
		fake_spin.held[i - 1] = fake_spin.held[i];
}

/* -------------------------------------------------------------- interrupts */

uint32_t gicc_ack(void)
{
	for (uint32_t i = 0; i < FAKE_INTIDS; i++) {
		if (!fake_pcpu->pending[i] || fake_pcpu->active[i])
			continue;
		fake_pcpu->pending[i] = false;
		fake_pcpu->active[i] = true;
		note(FAKE_ACK, i, 0);
		return i;
	}
	return 1023;
}

void gicc_received(void)
{
}

void gicc_drop(uint32_t intid)
{
	note(FAKE_DROP, intid, 0);
}

void gicc_deactivate(uint32_t intid)
{
	note(FAKE_DEACTIVATE, intid, 0);
	fake_pcpu->active[intid] = false;
}

#define SGI_SHIFT 60 /* above the affinity */

uint64_t gicc_sgi(uint64_t mpidr, uint32_t intid)
{
	return (mpidr & UINT64_C(0xff00ffffff)) | (uint64_t)intid << SGI_SHIFT;
}

void gicc_send(uint64_t sgi)
{
	uint64_t mpidr = sgi & ((UINT64_C(1) << SGI_SHIFT) - 1);
	uint32_t intid = (uint32_t)(sgi >> SGI_SHIFT);

	note(FAKE_SGI, mpidr, intid);
	if (fake_hooks.sgi)
		fake_hooks.sgi(mpidr, intid);
}

void cpu_wfi(void)
{
	note(FAKE_WFI, 0, 0);
	if (fake_hooks.wfi)
		fake_hooks.wfi();
}

void htimer_set(uint64_t deadline)
{
	note(FAKE_HTIMER, deadline, 0);
	fake_pcpu->htimer = deadline;
}

void htimer_off(void)
{
	note(FAKE_HTIMER, UINT64_MAX, 0);
	fake_pcpu->htimer = UINT64_MAX;
}

/* --------------------------------------------------------------- registers */

#define FAKE_READ(name)                                                        \
	uint64_t el1_read_##name(void)                                         \
	{                                                                      \
		return fake_el1.name;                                          \
	}
#define FAKE_WRITE(name)                                                       \
	void el1_write_##name(uint64_t v)                                      \
	{                                                                      \
		fake_el1.name = v;                                             \
	}

FAKE_READ(sctlr)
FAKE_READ(tcr)
FAKE_READ(ttbr0)
FAKE_READ(ttbr1)
FAKE_READ(vbar)
FAKE_READ(elr)
FAKE_READ(spsr)
FAKE_READ(far)
FAKE_WRITE(elr)
FAKE_WRITE(spsr)
FAKE_WRITE(esr)
FAKE_WRITE(far)

uint64_t el1_read_sp(bool of_el1)
{
	return fake_el1.sp[of_el1];
}

void el1_write_sp(bool of_el1, uint64_t v)
{
	fake_el1.sp[of_el1] = v;
}

/* Pages are where the hook says; without one, where they are. */
bool el1_translate(uint64_t va, enum el1_at how, uint64_t *ipa)
{
	*ipa = va & ~UINT64_C(0xfff);
	return fake_hooks.translate ? fake_hooks.translate(va, (int)how, ipa)
				    : true;
}

void fp_read(unsigned n, uint64_t v[2])
{
	memcpy(v, fake_pcpu->fp.q[n], 16);
}

void fp_write(unsigned n, const uint64_t v[2])
{
	memcpy(fake_pcpu->fp.q[n], v, 16);
}

uint64_t fault_far(void)
{
	return fake_el1.far_el2;
}

uint64_t fault_hpfar(void)
{
	fake_el1.hpfar_reads++;
	return fake_el1.hpfar_el2;
}

bool el1_vtimer_asserts(void)
{
	return fake_el1.vtimer;
}

bool el1_ptimer_asserts(void)
{
	return fake_el1.ptimer;
}

#define MDSCR_MDE BIT(15)

/* As el2/context.c does: the timers stop, breakpoints wait for their use. */
uint64_t el1_context_save(struct el1_context *c)
{
	uint64_t disr = fake_pcpu->disr;
	bool live = c->debug_live;

	note(FAKE_EL1_SAVE, (uint64_t)(uintptr_t)c, 0);
	*c = fake_pcpu->context;
	c->debug_live = false;
	c->debug_wanted = live && (c->mdscr_el1 & MDSCR_MDE);
	c->sctlr_el1 = fake_el1.sctlr;
	c->vbar_el1 = fake_el1.vbar;
	c->elr_el1 = fake_el1.elr;
	c->spsr_el1 = fake_el1.spsr;
	c->esr_el1 = fake_el1.esr;
	c->far_el1 = fake_el1.far;
	fake_pcpu->context.cntv_ctl_el0 = 0;
	fake_pcpu->context.cntp_ctl_el0 = 0;
	fake_el1.vtimer = fake_el1.ptimer = false;
	fake_pcpu->context.vdisr_el2 = fake_pcpu->disr = 0;
	return disr;
}

void el1_context_restore(struct el1_context *c)
{
	note(FAKE_EL1_RESTORE, (uint64_t)(uintptr_t)c, 0);
	fake_pcpu->context = *c;
	c->debug_live = c->debug_wanted;
	fake_el1.sctlr = c->sctlr_el1;
	fake_el1.vbar = c->vbar_el1;
	fake_el1.elr = c->elr_el1;
	fake_el1.spsr = c->spsr_el1;
	fake_el1.esr = c->esr_el1;
	fake_el1.far = c->far_el1;
}

bool el1_debug_open(struct el1_context *c)
{
	bool was = c->debug_live;

	c->debug_live = true;
	return !was;
}

void fp_context_save(struct fp_context *c)
{
	note(FAKE_FP_SAVE, (uint64_t)(uintptr_t)c, 0);
	*c = fake_pcpu->fp;
}

void fp_context_restore(const struct fp_context *c)
{
	note(FAKE_FP_RESTORE, (uint64_t)(uintptr_t)c, 0);
	fake_pcpu->fp = *c;
}

void sve_context_save(struct sve_context *c, struct fp_context *fp)
{
	note(FAKE_SVE_SAVE, (uint64_t)(uintptr_t)c, 0);
	if (!fake_pcpu->sve_open)
		abort(); /* an access that traps to EL2 itself */
	memcpy(c->regs, fake_pcpu->sve, SVE_REGS_SIZE(c->nr_quads));
	c->zcr_el1 = fake_pcpu->zcr;
	fp->fpcr = fake_pcpu->fp.fpcr;
	fp->fpsr = fake_pcpu->fp.fpsr;
	fake_pcpu->sve_open = false;
}

void sve_context_restore(const struct sve_context *c,
			 const struct fp_context *fp)
{
	note(FAKE_SVE_RESTORE, (uint64_t)(uintptr_t)c, 0);
	fake_pcpu->sve_open = true;
	memcpy(fake_pcpu->sve, c->regs, SVE_REGS_SIZE(c->nr_quads));
	fake_pcpu->zcr = c->zcr_el1;
	fake_pcpu->fp.fpcr = fp->fpcr;
	fake_pcpu->fp.fpsr = fp->fpsr;
}

bool vcpu_serror_waits(void)
{
	return fake_pcpu->control.hcr_el2 & HCR_VSE;
}

void vcpu_control_load(const struct vcpu_control *c)
{
	note(FAKE_CONTROL, c->vttbr_el2, c->hcr_el2);
	fake_pcpu->control = *c;
}

/* ------------------------------------------------------------- maintenance */

void tlb_flush_vmid(uint64_t vttbr)
{
	note(FAKE_TLBI_VMID, vttbr, 0);
}

void tlb_flush_local(void)
{
	note(FAKE_TLBI_LOCAL, 0, 0);
}

void tlb_flush_ipa(uint64_t vttbr, ipa_t ipa, uint64_t size)
{
	(void)vttbr;
	note(FAKE_TLBI_IPA, ipa.v, size);
}

void dcache_clean_poc(const void *p, uint64_t len)
{
	note(FAKE_CLEAN, (uint64_t)(uintptr_t)p, len);
	if (fake_hooks.clean)
		fake_hooks.clean(p, len);
}

void icache_sync_poc(const void *p, uint64_t len)
{
	note(FAKE_ISYNC, (uint64_t)(uintptr_t)p, len);
}

void el2_map_sync(void)
{
	note(FAKE_MAP_SYNC, 0, 0);
}

uint64_t counter_now(void)
{
	return fake_counter++;
}

bool rndr_read(uint64_t *v)
{
	if (!fake_rndr.left)
		return false;
	fake_rndr.left--;
	*v = fake_rndr.next++;
	return true;
}

/* The same source, told apart by its top bit. */
bool rndrrs_read(uint64_t *v)
{
	if (!rndr_read(v))
		return false;
	*v |= UINT64_C(1) << 63;
	fake_rndr.reseeds++;
	return true;
}

void idreg_read_hw(uint64_t hw[IDREG_NR])
{
	for (unsigned i = 0; i < IDREG_NR; i++)
		hw[i] = 0;
	hw[IDREG(7, 0)] = 2; /* PARange: 40 bits */
}

uint64_t idreg_midr(void)
{
	return 0x411fd070;
}
