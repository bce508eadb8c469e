/*
 * vGIC: what the run loop calls for a loaded vCPU: load, put, flush, the
 * maintenance interrupt, and the question whether a WFI would end.
 *
 * The usual flush is for an SGI that has its list register, and takes no lock.
 * Where it concerns private interrupts only it takes that vCPU's own; SPIs,
 * overflow and requests of other vCPUs take vgic->lock as well.
 *
 * GICv3/v4 IHI 0069: ICH_VMCR_EL2, ICH_AP<g>R<n>_EL2, ICH_MISR_EL2,
 * "Priority masking", "Preemption". IRQs are masked throughout.
 */
#include <port/gich.h>

#include "vgic_internal.h"

const uint64_t *vgic_stale(const struct vgic *g, unsigned vcpu)
{
	return g->cpus[vcpu].stale;
}

void vgic_attach(struct vgic *g, unsigned vcpu, void *who, uint64_t *at)
{
	struct vgic_cpu *v = &g->cpus[vcpu];

	*at = *v->stale;
	v->stale = at;
	v->who = who;
}

/* ------------------------------------------------------------------- flush */

/* Posted SGIs whose list register may simply be made pending again. */
static void repend_direct(struct vgic_cpu *v, uint32_t mask)
{
	unsigned i;

	v->b.set_p &= ~mask;
	for (EACH_BIT(i, mask))
		vgic_lr_pend(v, i);
}

/* Bring bank 0 up to date. False: a list register is missing. */
static bool flush_private_locked(struct vgic *g, struct vgic_cpu *v, bool spis)
{
	struct vgic_bank *b = &v->b;
	struct vgic_kicks none = vgic_kicks_init(v->index);
	uint32_t posted;
	unsigned i;

	repend_direct(v, b->set_p & v->direct & ~b->revisit);
	posted = b->revisit | b->set_p;
	for (EACH_BIT(i, posted & b->resident))
		vgic_lr_refresh(g, v, v->slot_of[i], &none);
	posted = b->revisit | b->set_p;
	if (posted) { /* hardware-mapped ones without a list register */
		vgic_apply_posts(b, posted);
		vgic_hw_settle(g, v, posted, true);
	}
	for (EACH_BIT(i, vgic_ready(b))) {
		if (!vgic_lr_place(g, v, i, spis))
			return false;
	}
	return true;
}

static bool flush_spis_locked(struct vgic *g, struct vgic_cpu *v, unsigned nr,
			      struct vgic_kicks *k)
{
	struct vgic_bank *b = &g->spis[nr - 1].s.b;
	uint32_t here;
	unsigned i;

	for (EACH_BIT(i, v->spi_slots)) {
		uint32_t intid = v->lr_intid[i];

		if (intid / 32 == nr &&
		    ((b->revisit | b->set_p) >> (intid & 31) & 1))
			vgic_lr_refresh(g, v, i, k);
	}
	here = vgic_mine(g, v, nr, b->active & ~b->resident, true) |
	       vgic_mine(g, v, nr, vgic_ready(b) & ~b->active, false);
	for (EACH_BIT(i, here)) {
		if (!vgic_lr_place(g, v, nr * 32 | i, true))
			return false;
	}
	return true;
}

static bool flush_lpis_locked(struct vgic *g, struct vgic_cpu *v,
			      struct vgic_kicks *k)
{
	unsigned i;

	for (EACH_BIT(i, v->spi_slots)) {
		uint32_t intid = v->lr_intid[i];
		const struct vgic_bank *b = vgic_bank_of(g, v, intid);

		if (intid >= GIC_LPI_FIRST &&
		    ((b->revisit | b->set_p) >> (intid & 31) & 1))
			vgic_lr_refresh(g, v, i, k);
	}
	for (unsigned nr = VGIC_LPI_BANK; vgic_lpi_next(g, v, &nr); nr++) {
		uint32_t ready = vgic_ready(vgic_bank_nr(g, v, nr));

		for (EACH_BIT(i, vgic_mine(g, v, nr, ready, false))) {
			if (!vgic_lr_place(g, v, nr * 32 | i, true))
				return false;
		}
	}
	return true;
}

/*
 * Takes what is marked, of the kinds in `mask`, SGIs to the bank. Under the
 * lock, so that who clears a pending SGI finds it in the word or in the bank.
 */
static uint64_t take_stale_locked(struct vgic_cpu *v, uint64_t mask)
{
	uint64_t stale =
		__atomic_fetch_and(v->stale, ~mask, __ATOMIC_ACQUIRE) & mask;

	if (stale & VGIC_STALE_SGI)
		vgic_change_pending(
			&v->b, (uint32_t)(stale >> VGIC_STALE_SGI_OF), true);
	return stale;
}

void vgic_take_sgis_locked(struct vgic_cpu *v)
{
	if (!vgic_sent(v))
		return;
	/* The word is not zero before the flush: the senders' kicks suffice. */
	(void)__atomic_fetch_or(v->stale, VGIC_STALE_PRIVATE, __ATOMIC_RELAXED);
	(void)take_stale_locked(v, VGIC_STALE_SGI);
}

static void flush_locked(struct vgic *g, struct vgic_cpu *v, uint64_t stale,
			 struct vgic_kicks *k)
{
	uint32_t seq = __atomic_load_n(&g->sync_seq, __ATOMIC_ACQUIRE);
	bool all = v->overflow || (stale & VGIC_STALE_ALL);
	unsigned nr;

	if (!all)
		all = !flush_private_locked(g, v, true);
	for (EACH_BIT(nr, all ? 0 : (uint32_t)stale & ~1U)) {
		if (!flush_spis_locked(g, v, nr, k))
			all = true;
	}
	if (!all && (stale & VGIC_STALE_LPI))
		all = !flush_lpis_locked(g, v, k);
	if (all)
		vgic_choose(g, v, k);
	if (v->lpi_save)
		vgic_lpi_save_locked(g, v);
	if (stale & (VGIC_STALE_RWP | VGIC_STALE_ALL))
		vgic_redist_settled(v);
	if (stale & VGIC_STALE_SYNC) {
		vgic_lr_peek(g, v, v->used);
		v->sync_done = seq;
	}
}

static void flush_all(struct vgic *g, struct vgic_cpu *v)
{
	struct vgic_kicks k = vgic_kicks_init(v->index);
	uint64_t stale = __atomic_load_n(v->stale, __ATOMIC_RELAXED);

	if (stale & VGIC_STALE_ITS) {
		(void)__atomic_fetch_and(v->stale, ~VGIC_STALE_ITS,
					 __ATOMIC_ACQUIRE);
		vits_work(g, v->index);
	}
	spin_lock(&g->lock);
	spin_lock(&v->lock);
	ASSERT(v->loaded);
	flush_locked(g, v, take_stale_locked(v, ~VGIC_STALE_ITS), &k);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

static __attribute__((noinline)) void flush_more(struct vgic_cpu *v)
{
	const uint64_t own = VGIC_STALE_PRIVATE | VGIC_STALE_SGI;
	struct vgic *g = v->g;
	bool done;

	if (!(__atomic_load_n(v->stale, __ATOMIC_RELAXED) & ~own) &&
	    !v->overflow) {
		spin_lock(&v->lock);
		(void)take_stale_locked(v, own);
		done = flush_private_locked(g, v, false);
		spin_unlock(&v->lock);
		if (done)
			return;
	}
	flush_all(g, v);
}

/*
 * Mostly it is one SGI, whose list register may simply be made pending: no
 * lock. The bit is taken from the word only while that is so, in one step:
 * whoever clears a bit of `direct` marks v stale then, and the step fails or a
 * flush follows; whoever clears a pending SGI has taken it from the word before
 * (then the step fails), or posts that for the list register's next folding.
 */
void vgic_flush(struct vgic_cpu *v)
{
	uint64_t stale = __atomic_load_n(v->stale, __ATOMIC_RELAXED);
	uint32_t sent = (uint32_t)(stale >> VGIC_STALE_SGI_OF);

	if ((stale & (stale - 1)) || !(sent & vgic_direct(v)) ||
	    !__atomic_compare_exchange_n(v->stale, &stale, 0, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		flush_more(v);
	else
		vgic_lr_pend(v, bit_lowest(sent));
}

void vgic_maintenance(struct vgic *g, unsigned vcpu)
{
	struct vgic_cpu *v = &g->cpus[vcpu];
	struct vgic_kicks k = vgic_kicks_init(vcpu);
	unsigned i;

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	ASSERT(v->loaded);
	if (v->overflow) {
		vgic_choose(g, v, &k);
	} else {
		ich_isb();
		for (EACH_BIT(i, ich_read_eisr() & v->used))
			vgic_lr_refresh(g, v, i, &k);
	}
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* ------------------------------------------------------------ load and put */

void vgic_load(struct vgic *g, unsigned vcpu)
{
	struct vgic_cpu *v = &g->cpus[vcpu];
	struct vgic_kicks k = vgic_kicks_init(vcpu);
	unsigned i;

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	ASSERT(!v->loaded && !v->used);
	v->loaded = true;
	v->unlinked = 0;
	(void)take_stale_locked(v, ~VGIC_STALE_ITS);
	ich_write_vmcr(v->vmcr);
	for (i = 0; i < g->nr_aprs; i++) {
		ich_write_ap0r(i, v->apr[0][i]);
		ich_write_ap1r(i, v->apr[1][i]);
	}
	vgic_choose_first(g, v, &k); /* nothing is folded: nobody to kick */
	for (EACH_BIT(i, g->lr_mask & ~(uint32_t)v->used))
		ich_write_lr(i, 0);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
}

/* All list registers folded, and no trace of the vCPU left on this pCPU. */
static void put_locked(struct vgic *g, struct vgic_cpu *v, struct vgic_kicks *k)
{
	uint64_t stale;
	uint32_t hw;
	unsigned i;

	vgic_count_eois(g, v, k);
	for (EACH_BIT(i, v->used)) {
		vgic_lr_fold(g, v, i);
		ich_write_lr(i, 0);
		vgic_lr_hand_over(g, v, v->lr_intid[i], k);
	}
	vgic_apply_posts(&v->b, v->b.revisit | v->b.set_p);
	vgic_hw_settle(g, v, ~0U, false);
	hw = v->b.hw;
	v->b.hw = 0;
	v->unlinked = hw & v->b.latch;
	if (v->lpi_save)
		vgic_lpi_save_locked(g, v);
	for (EACH_BIT(i, hw))
		g->ops->hw_deactivate(g->ctx, v->pintid[i]);
	v->loaded = false;
	/* The load sees all in the banks. These two are nowhere else: commands
	 * that are left, and SGIs. */
	stale = __atomic_fetch_and(v->stale, VGIC_STALE_ITS | VGIC_STALE_SGI,
				   __ATOMIC_RELAXED);
	if (stale & (VGIC_STALE_RWP | VGIC_STALE_ALL))
		vgic_redist_settled(v);
	v->sync_done = __atomic_load_n(&g->sync_seq, __ATOMIC_ACQUIRE);
}

void vgic_put(struct vgic *g, unsigned vcpu)
{
	struct vgic_cpu *v = &g->cpus[vcpu];
	struct vgic_kicks k = vgic_kicks_init(vcpu);

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	ASSERT(v->loaded);
	put_locked(g, v, &k);
	v->vmcr = (uint32_t)ich_read_vmcr();
	for (unsigned i = 0; i < g->nr_aprs; i++) {
		v->apr[0][i] = (uint32_t)ich_read_ap0r(i);
		v->apr[1][i] = (uint32_t)ich_read_ap1r(i);
	}
	ich_write_hcr(0);
	v->hcr = 0;
	v->eois = 0;
	v->sync_key = 0;
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* -------------------------------------------------------------- WFI's wake */

/* What the CPU interface compares a pending interrupt with. */
struct cpuif {
	uint32_t vmcr;
	uint32_t running; /* priority; 0x100: idle */
};

uint32_t vgic_running_priority(const struct vgic *g, const struct vgic_cpu *v)
{
	for (unsigned i = 0; i < g->nr_aprs; i++) {
		uint32_t ap = v->loaded ? (uint32_t)(ich_read_ap0r(i) |
						     ich_read_ap1r(i))
					: v->apr[0][i] | v->apr[1][i];

		if (ap)
			return (i * 32 + bit_lowest(ap)) << (8 - g->pre_bits);
	}
	return 0x100;
}

/* Whether the CPU interface would signal that pending interrupt. */
static bool signalled(const struct vgic *g, const struct cpuif *c, bool grp1,
		      uint8_t prio)
{
	unsigned bpr = (unsigned)FIELD_GET(ICH_VMCR_VBPR0, c->vmcr);
	unsigned min = 7U - g->pre_bits;

	if (!(c->vmcr & (grp1 ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0)) ||
	    prio >= FIELD_GET(ICH_VMCR_VPMR, c->vmcr))
		return false;
	if (grp1 && !(c->vmcr & ICH_VMCR_VCBPR)) {
		bpr = (unsigned)FIELD_GET(ICH_VMCR_VBPR1, c->vmcr);
		bpr = bpr ? bpr - 1 : 0;
	}
	bpr = bpr < min ? min : bpr;
	return (uint32_t)prio >> (bpr + 1) < c->running >> (bpr + 1);
}

static bool resident_pending(struct vgic *g, struct vgic_cpu *v,
			     const struct cpuif *c)
{
	unsigned i;

	for (EACH_BIT(i, v->used)) {
		uint64_t lr = ich_read_lr(i);

		if ((lr & ICH_LR_State) == ICH_LR_Pending &&
		    signalled(g, c, lr & ICH_LR_Group,
			      (uint8_t)FIELD_GET(ICH_LR_Priority, lr)))
			return true;
	}
	return false;
}

/* Pending interrupts outside of the list registers. */
static bool waiting_pending(struct vgic *g, struct vgic_cpu *v,
			    const struct cpuif *c)
{
	for (unsigned nr = 0; vgic_next_bank(g, v, &nr); nr++) {
		const struct vgic_bank *b = vgic_bank_nr(g, v, nr);
		uint32_t p = vgic_ready(b) & ~b->active;
		unsigned i;

		for (EACH_BIT(i, vgic_mine(g, v, nr, p, false))) {
			if (v->quiet ||
			    signalled(g, c, b->group >> i & 1, b->prio[i]))
				return true;
		}
	}
	return false;
}

bool vgic_has_pending(struct vgic *g, unsigned vcpu)
{
	struct vgic_cpu *v = &g->cpus[vcpu];
	struct cpuif c;
	bool yes;

	if (v->loaded && __atomic_load_n(v->stale, __ATOMIC_RELAXED))
		vgic_flush(v);
	if (__atomic_load_n(v->stale, __ATOMIC_RELAXED) & VGIC_STALE_ITS)
		return true;
	spin_lock(&g->lock);
	spin_lock(&v->lock);
	if (!v->loaded)
		vgic_take_sgis_locked(v);
	c.vmcr = v->loaded ? (uint32_t)ich_read_vmcr() : v->vmcr;
	c.running = vgic_running_priority(g, v);
	yes = resident_pending(g, v, &c) || waiting_pending(g, v, &c);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	return yes;
}
