/*
 * vGIC: where interrupts come from: lines and edges of device models, the
 * physical timers, and SGIs. Each changes a few bits of software state and
 * marks who has to flush; a vCPU's own SGIs and timer normally go straight
 * into the list register that they had last time.
 *
 * GICv3/v4 IHI 0069: "Interrupt handling state machine", ICC_SGI1R_EL1.
 * Callers: device models, the physical IRQ handler, the system-register trap
 * handler. Locks: vgic->lock for SPIs, the target's vgic_cpu->lock for PPIs,
 * none for SGIs.
 */
#include <port/gich.h>

#include "vgic_internal.h"

void vgic_kick_many(struct vgic *g, const struct vgic_kicks *k)
{
	for (unsigned i = 0; i < g->nr_vcpus; i++) {
		if (i != k->self &&
		    __atomic_load_n(g->cpus[i].stale, __ATOMIC_RELAXED))
			g->cpus[i].kick(g->cpus[i].who);
	}
}

void vgic_touch_private_locked(struct vgic_cpu *v, uint32_t mask,
			       struct vgic_kicks *k)
{
	struct vgic_bank *b = &v->b;
	uint32_t live = mask & (b->resident | b->hw);

	b->revisit |= live;
	__atomic_store_n(&v->direct, v->direct & ~live, __ATOMIC_RELAXED);
	if (live | (mask & vgic_ready(b)))
		vgic_mark(v, VGIC_STALE_PRIVATE, k);
}

void vgic_touch_spis_locked(struct vgic *g, unsigned nr, uint32_t mask,
			    struct vgic_kicks *k)
{
	struct vgic_shared *s = &g->spis[nr - 1].s;
	struct vgic_bank *b = &s->b;
	unsigned i;

	ASSERT(spin_is_held(&g->lock));
	g->spis[nr - 1].direct &= ~mask;
	b->revisit |= mask & b->resident;
	for (EACH_BIT(i, mask & (b->resident | vgic_ready(b)))) {
		bool owned = (b->resident | b->active) >> i & 1;
		unsigned cpu = owned ? s->owner[i] : s->route[i];

		if (cpu != VGIC_NOWHERE)
			vgic_mark(&g->cpus[cpu], BIT(nr), k);
	}
}

/*
 * The vCPU for a 1-of-N interrupt of that group: the first that is awake and
 * does not decline the group. When none is, the first whose guest has never
 * touched GICR_WAKER.
 */
static unsigned any_cpu(const struct vgic *g, unsigned group)
{
	unsigned pick = VGIC_NOWHERE;

	for (unsigned i = g->nr_vcpus; i-- > 0;) {
		const struct vgic_cpu *v = &g->cpus[i];

		if (!v->quiet && !(v->dpg >> group & 1) &&
		    (!v->sleep || pick == VGIC_NOWHERE || g->cpus[pick].sleep))
			pick = i;
	}
	return pick;
}

void vgic_reroute_locked(struct vgic *g, unsigned nr, uint32_t mask)
{
	struct vgic_spis *s = &g->spis[nr - 1];
	unsigned i;

	for (EACH_BIT(i, mask)) {
		s->s.route[i] =
			(uint16_t)((s->any >> i & 1)
					   ? any_cpu(g, s->s.b.group >> i & 1)
					   : vgic_cpu_by_affinity(
						     g, s->irouter[i]));
	}
}

void vgic_reroute_any_locked(struct vgic *g, struct vgic_kicks *k)
{
	for (unsigned nr = 1; nr <= g->nr_banks; nr++) {
		vgic_reroute_locked(g, nr, g->spis[nr - 1].any);
		vgic_touch_spis_locked(g, nr, g->spis[nr - 1].any, k);
	}
}

/* ------------------------------------------------------------------- lines */

/* Returns whether anything changed; edges latch, or post to the owner. */
static bool line_change(struct vgic_bank *b, uint32_t bit, bool level)
{
	if (((b->line & bit) != 0) == level)
		return false;
	b->line ^= bit;
	if (!(b->edge & bit))
		return true;
	if (level)
		vgic_change_pending(b, bit, true);
	return level;
}

static bool pulse(struct vgic_bank *b, uint32_t bit, bool level)
{
	(void)level;
	if (!(b->edge & bit))
		return false;
	vgic_change_pending(b, bit, true);
	return true;
}

/* Level-sensitive: the message is the line; edge-triggered: the state. */
static bool message(struct vgic_bank *b, uint32_t bit, bool level)
{
	if (!(b->edge & bit))
		return line_change(b, bit, level);
	vgic_change_pending(b, bit, level);
	return true;
}

static void source_change(struct vgic *g, unsigned vcpu, uint32_t intid,
			  bool (*change)(struct vgic_bank *, uint32_t, bool),
			  bool level)
{
	struct vgic_kicks k = vgic_kicks_init(VGIC_NO_VCPU);
	uint32_t bit = 1U << (intid & 31);

	if (vgic_spi_exists(g, intid)) {
		struct vgic_bank *b = &vgic_spis_of(g, intid)->s.b;

		spin_lock(&g->lock);
		if (change(b, bit, level))
			vgic_touch_spis_locked(g, intid / 32, bit, &k);
		spin_unlock(&g->lock);
	} else if (vgic_private_exists(g, vcpu, intid) &&
		   intid >= GIC_NR_SGIS) {
		struct vgic_cpu *v = &g->cpus[vcpu];

		spin_lock(&v->lock);
		if (change(&v->b, bit, level))
			vgic_touch_private_locked(v, bit, &k);
		spin_unlock(&v->lock);
	}
	vgic_kick(g, &k);
}

void vgic_set_line(struct vgic *g, unsigned vcpu, uint32_t intid, bool level)
{
	source_change(g, vcpu, intid, line_change, level);
}

RARE void vgic_message(struct vgic *g, uint32_t intid, bool set, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);
	uint32_t bit = 1U << (intid & 31);

	if (!vgic_spi_exists(g, intid))
		return;
	spin_lock(&g->lock);
	if (message(&vgic_spis_of(g, intid)->s.b, bit, set))
		vgic_touch_spis_locked(g, intid / 32, bit, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/*
 * Most lines rise when their list register holds nothing more and fall while
 * the guest handles what it brought: then one bit says it, in the pending state
 * or in what is to be told at the end.
 */
static bool follow_direct(struct vgic_spis *s, unsigned i, bool level,
			  unsigned self)
{
	uint32_t bit = 1U << i;
	uint64_t lr;

	if (!(s->direct & bit) || s->s.owner[i] != self ||
	    ((s->s.b.line & bit) != 0) == level)
		return false;
	lr = ich_read_lr(s->slot[i]);
	if (level && !(lr & ICH_LR_State))
		lr |= ICH_LR_Pending | ICH_LR_EOI;
	else if (!level && (lr & ICH_LR_State) == ICH_LR_Active)
		lr &= ~ICH_LR_EOI;
	else
		return false;
	s->s.b.line ^= bit;
	ich_write_lr(s->slot[i], lr);
	return true;
}

void vgic_set_spi(struct vgic *g, uint32_t intid, bool level, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(VGIC_NO_VCPU);
	uint32_t bit = 1U << (intid & 31);
	struct vgic_spis *s;

	if (!vgic_spi_exists(g, intid))
		return;
	s = vgic_spis_of(g, intid);
	spin_lock(&g->lock);
	if (!follow_direct(s, intid & 31, level, self) &&
	    line_change(&s->s.b, bit, level))
		vgic_touch_spis_locked(g, intid / 32, bit, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

void vgic_pulse(struct vgic *g, unsigned vcpu, uint32_t intid)
{
	source_change(g, vcpu, intid, pulse, true);
}

/* ------------------------------------------------- hardware-mapped interrupts
 */

static __attribute__((noinline)) void
inject_hw_slow(struct vgic_cpu *v, uint32_t intid, uint32_t pintid)
{
	struct vgic_kicks self = vgic_kicks_init(v->index);
	uint32_t bit = 1U << intid;
	struct vgic_bank *b = &v->b;
	struct vgic *g = v->g;

	ASSERT(v->loaded && intid >= GIC_NR_SGIS && intid < GIC_NR_PRIVATE);
	spin_lock(&v->lock);
	if (b->resident & bit) {
		/* Its old list register still names the last physical one. */
		unsigned slot = v->slot_of[intid];

		vgic_lr_fold(g, v, slot);
		ich_write_lr(slot, 0);
	}
	b->latch |= bit;
	b->line &= ~bit; /* a stand-in for the line that now speaks itself */
	b->hw |= bit;
	v->pintid[intid] = (uint16_t)pintid;
	if (v->overflow || !vgic_lr_place(g, v, intid, false))
		vgic_mark(v, VGIC_STALE_PRIVATE, &self);
	spin_unlock(&v->lock);
}

void vgic_inject_hw(struct vgic_cpu *v, uint32_t intid, uint32_t pintid)
{
	if (vgic_direct(v) >> intid & 1) {
		unsigned slot = v->slot_of[intid];
		uint64_t lr = ich_read_lr(slot);

		if (!(lr & ICH_LR_State)) {
			ich_write_lr(slot, lr | ICH_LR_Pending);
			return;
		}
	}
	inject_hw_slow(v, intid, pintid);
}

/* -------------------------------------------------------------------- SGIs */

/*
 * A sender takes no lock of its target's: one atomic bit in the word that makes
 * the target flush is the pending state, until that flush, or whoever wants
 * exact pending state before it, takes the bit to the bank. As any mark it is
 * set before the kick looks where the target runs. Whether the target has the
 * SGI enabled is the flush's business.
 */
static inline void send_one(const struct vgic_cpu *v, struct vgic_cpu *to,
			    unsigned intid, unsigned group)
{
	uint32_t grp1 = __atomic_load_n(&to->b.group, __ATOMIC_RELAXED);

	if (!((group ? grp1 : ~grp1) >> intid & 1))
		return;
	if (to == v && vgic_direct(v) >> intid & 1) {
		vgic_lr_pend(v, intid);
		return;
	}
	(void)__atomic_fetch_or(to->stale, BIT(VGIC_STALE_SGI_OF) << intid,
				__ATOMIC_RELEASE);
	if (to != v) /* whose exit ends with a flush */
		to->kick(to->who);
}

/* Several targets, or one whose cluster is another than last time. */
static __attribute__((noinline)) void
send_to_some(struct vgic_cpu *v, uint64_t sgir, unsigned group)
{
	unsigned intid = (unsigned)FIELD_GET(ICC_SGIR_INTID, sgir);
	const struct vgic_cluster *c;
	struct vgic *g = v->g;
	unsigned i;

	if (sgir & ICC_SGIR_IRM) {
		for (i = 0; i < g->nr_vcpus; i++) {
			if (&g->cpus[i] != v)
				send_one(v, &g->cpus[i], intid, group);
		}
		return;
	}
	c = vgic_cluster_find(g, sgir & VGIC_CLUSTER_KEY);
	if (!c)
		return;
	v->near = c;
	for (EACH_BIT(i, sgir & ICC_SGIR_TargetList)) {
		if (c->cpu[i])
			send_one(v, c->cpu[i], intid, group);
	}
}

void vgic_send_sgi1(struct vgic_cpu *v, uint64_t sgir)
{
	const struct vgic_cluster *c = v->near;
	/* The target list, if the affinities are the cluster's. */
	uint64_t list = (sgir ^ c->key) & ~ICC_SGIR_INTID;
	struct vgic_cpu *to;

	if (list - 1 < ICC_SGIR_TargetList && !(list & (list - 1)) &&
	    (to = c->cpu[bit_lowest(list)])) {
		send_one(v, to, (unsigned)FIELD_GET(ICC_SGIR_INTID, sgir), 1);
	} else {
		send_to_some(v, sgir, 1);
	}
}

void vgic_send_sgi0(struct vgic_cpu *v, uint64_t sgir)
{
	send_to_some(v, sgir, 0);
}
