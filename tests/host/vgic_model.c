/* Reference model of the interrupt state machine; see vgic_model.h. */
#include "vgic_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "its_rig.h"
#include "vgic_rig.h"

#define NR_CPUS 3
#define NR_SPIS 32
#define NR_IDS  (32 + NR_SPIS)
#define NR_LPIS 16
#define NR_ALL  (NR_IDS + NR_LPIS) /* LPIs are counted after SPIs */
#define TIMER   27U
#define DEVICE  1U /* its event n is LPI n */

struct ref_irq {
	bool latch, line, edge, active, enabled;
	unsigned group;
	uint8_t prio;
	unsigned route; /* vCPU; of an LPI, where it is pending */
	unsigned active_on;
	unsigned collection; /* LPI: the vCPU to which its event goes */
	bool saved[3];       /* LPI: pending in a table, by vCPU */
};

_Static_assert(NR_CPUS == 3, "ref_irq.saved");

struct ref_cpu {
	struct ref_irq priv[32];
	bool asleep;
	bool no_lpis;   /* GICR_CTLR.EnableLPIs is 0 */
	bool withdrawn; /* disabled by another one, and not yet flushed */
	bool eoimode;
	bool woken;     /* had something to do when it was put */
	unsigned kicks; /* by then */
	/* Acknowledged, not yet ended: the running one is last. */
	struct {
		uint32_t intid;
		unsigned group;
	} stack[64];
	unsigned depth;
	/* Ended, not yet deactivated (EOImode 1). */
	uint32_t held[64];
	unsigned nr_held;
};

struct world {
	struct vgic_rig rig;
	struct ref_cpu cpu[NR_CPUS];
	struct ref_irq spi[NR_ALL]; /* from 32; LPIs from NR_IDS */
	bool grp[2];                /* GICD_CTLR */
	uint32_t (*next)(void *ctx);
	void *ctx;
	struct vgic_model_result done;
	unsigned long step;
};

static uint32_t rnd(struct world *w, uint32_t below)
{
	return w->next(w->ctx) % below;
}

/* By number, which differs from the INTID of an LPI. */
static struct ref_irq *irq(struct world *w, unsigned vcpu, uint32_t n)
{
	return n < 32 ? &w->cpu[vcpu].priv[n] : &w->spi[n];
}

static uint32_t intid_of(uint32_t n)
{
	return n < NR_IDS ? n : ITS_LPI + n - NR_IDS;
}

static uint32_t number_of(uint32_t intid)
{
	return intid < NR_IDS ? intid : intid - ITS_LPI + NR_IDS;
}

static bool ref_pending(const struct ref_irq *i)
{
	return i->latch || (i->line && !i->edge);
}

/* -------------------------------------------------------- reference: delivery
 */

static bool deliverable(struct world *w, unsigned vcpu, uint32_t intid)
{
	const struct ref_irq *i = irq(w, vcpu, intid);
	const struct gich *h = &w->rig.cpu[vcpu];

	if (w->cpu[vcpu].asleep || (intid >= 32 && i->route != vcpu) ||
	    (intid >= NR_IDS && w->cpu[vcpu].no_lpis))
		return false;
	return ref_pending(i) && !i->active && i->enabled && w->grp[i->group] &&
	       (h->vmcr >> i->group & 1) && i->prio < h->vmcr >> 24 &&
	       (gich_running(h) == 0xff || i->prio < gich_running(h));
}

/* Priority of the most urgent interrupt for that vCPU, 0x100: none. */
static unsigned best_prio(struct world *w, unsigned vcpu)
{
	unsigned best = 0x100;

	for (uint32_t n = 0; n < NR_ALL; n++) {
		if (deliverable(w, vcpu, n) && irq(w, vcpu, n)->prio < best)
			best = irq(w, vcpu, n)->prio;
	}
	return best;
}

/* ------------------------------------------------------------ comparison */

static void differ(struct world *w, unsigned vcpu, uint32_t n, const char *what,
		   unsigned got, unsigned want)
{
	(void)fprintf(stderr, "step %lu vCPU %u INTID %u: %s is %u, not %u\n",
		      w->step, vcpu, n, what, got, want);
	abort();
}

static void compare_irq(struct world *w, unsigned vcpu, uint32_t n)
{
	const struct ref_irq *i = irq(w, vcpu, n);
	struct vgic_irq_state st = rig_state(&w->rig, vcpu, intid_of(n));

	if (st.pending != ref_pending(i))
		differ(w, vcpu, n, "pending", st.pending, ref_pending(i));
	if (st.active != i->active)
		differ(w, vcpu, n, "active", st.active, i->active);
	if (n >= NR_IDS && !st.pending)
		return; /* its configuration need not have been read */
	if (st.enabled != i->enabled)
		differ(w, vcpu, n, "enabled", st.enabled, i->enabled);
	if (st.group != i->group)
		differ(w, vcpu, n, "group", st.group, i->group);
	if (st.prio != i->prio)
		differ(w, vcpu, n, "priority", st.prio, i->prio);
	if (n == TIMER && st.hw != (w->rig.phys_active[vcpu] >> TIMER & 1))
		differ(w, vcpu, n, "physical", st.hw, !st.hw);
}

static void compare_redists(struct world *w)
{
	for (unsigned v = 0; v < NR_CPUS; v++) {
		if (!vgic_redist_is_true(w->rig.g, v, &w->cpu[v].withdrawn))
			differ(w, v, 0, "RD_base", 0, 1);
	}
}

static void compare_all(struct world *w)
{
	for (uint32_t n = 0; n < NR_ALL; n++) {
		for (unsigned v = 0; v < (n < 32 ? NR_CPUS : 1); v++)
			compare_irq(w, v, n);
	}
	compare_redists(w);
	for (unsigned v = 0; v < NR_CPUS; v++) {
		bool wake = best_prio(w, v) != 0x100;

		if (!w->rig.loaded[v]) {
			if (vgic_has_pending(w->rig.g, v) && !w->cpu[v].woken &&
			    w->rig.kicks[v] == w->cpu[v].kicks)
				differ(w, v, 0, "kicks of a sleeper", 0, 1);
			continue;
		}
		if (w->cpu[v].asleep)
			continue;
		rig_on(&w->rig, v);
		if (vgic_has_pending(w->rig.g, v) != wake)
			differ(w, v, 0, "wake", !wake, wake);
	}
}

/* --------------------------------------------------------- guest operations */

static void guest_ack(struct world *w, unsigned v)
{
	struct gich *h = &w->rig.cpu[v];
	struct ref_cpu *c = &w->cpu[v];
	unsigned want = best_prio(w, v);
	bool may[NR_ALL];
	unsigned group = 0;
	uint32_t n;

	for (n = 0; n < NR_ALL; n++)
		may[n] = deliverable(w, v, n) && irq(w, v, n)->prio == want;
	n = gich_ack(h, 0);
	if (n == GICH_SPURIOUS) {
		group = 1;
		n = gich_ack(h, 1);
	}
	if (n == GICH_SPURIOUS) {
		if (want != 0x100)
			differ(w, v, 0, "nothing taken, priority", 0x100, want);
		return;
	}
	n = number_of(n);
	if (n >= NR_ALL || !may[n] || irq(w, v, n)->group != group)
		differ(w, v, n, "taken, wanted at priority", 0, want);
	irq(w, v, n)->active = n < NR_IDS;
	irq(w, v, n)->latch = false;
	irq(w, v, n)->active_on = v;
	c->stack[c->depth].intid = n;
	c->stack[c->depth++].group = group;
	w->done.taken++;
	w->done.lpis += n >= NR_IDS;
}

static void ref_deactivate(struct world *w, unsigned v, uint32_t n)
{
	irq(w, v, n)->active = false;
}

static void guest_eoi(struct world *w, unsigned v)
{
	struct ref_cpu *c = &w->cpu[v];
	uint32_t n;

	if (!c->depth)
		return;
	c->depth--;
	n = c->stack[c->depth].intid;
	gich_eoi(&w->rig.cpu[v], c->stack[c->depth].group, intid_of(n));
	if (n >= NR_IDS)
		return;
	if (c->eoimode)
		c->held[c->nr_held++] = n;
	else
		ref_deactivate(w, v, n);
}

static void guest_dir(struct world *w, unsigned v)
{
	struct ref_cpu *c = &w->cpu[v];
	uint32_t at;
	uint32_t n;

	if (!c->nr_held)
		return;
	at = rnd(w, c->nr_held);
	n = c->held[at];
	c->held[at] = c->held[--c->nr_held];
	if (!gich_dir(&w->rig.cpu[v], n)) {
		rig_on(&w->rig, v);
		vgic_write_dir(w->rig.g, v, n);
	}
	ref_deactivate(w, v, n);
}

static void guest_step(struct world *w, unsigned v)
{
	struct gich *h = &w->rig.cpu[v];

	if (!w->rig.loaded[v])
		return;
	w->done.operations++;
	rig_on(&w->rig, v);
	switch (rnd(w, 8)) {
	case 0:
	case 1:
	case 2:
		if (w->cpu[v].depth + w->cpu[v].nr_held < 60)
			guest_ack(w, v);
		break;
	case 3:
	case 4:
	case 5:
		guest_eoi(w, v);
		break;
	case 6:
		guest_dir(w, v);
		break;
	default: /* group enables and priority mask of the CPU interface */
		if (rnd(w, 4))
			break;
		h->vmcr = (h->vmcr & ~(3U | 0xff000000U)) |
			  (rnd(w, 4) ? 3 : rnd(w, 4)) |
			  (rnd(w, 4) ? 0xf8U : rnd(w, 32) * 8) << 24;
		break;
	}
	rig_settle(&w->rig);
}

/* ------------------------------------------------------- register operations
 */

/* Where the register of intid's bank is, as seen by anyone. */
static uint64_t bank_reg(unsigned frame, uint32_t n, uint64_t base)
{
	return n < 32 ? 0x20000ULL * frame + 0x10000 + base
		      : base + 4 * (n / 32);
}

static bool held_by_guest(const struct world *w, uint32_t n)
{
	for (unsigned v = 0; v < NR_CPUS; v++) {
		for (unsigned i = 0; i < w->cpu[v].depth; i++) {
			if (w->cpu[v].stack[i].intid == n)
				return true;
		}
		for (unsigned i = 0; i < w->cpu[v].nr_held; i++) {
			if (w->cpu[v].held[i] == n)
				return true;
		}
	}
	return false;
}

static void write_bits(struct world *w, unsigned by, unsigned v, uint32_t n)
{
	static const uint64_t reg[] = {0x100, 0x180, 0x200,
				       0x280, 0x300, 0x380};
	unsigned kind = rnd(w, 9);
	struct ref_irq *i = irq(w, v, n);

	kind = kind < 6 ? kind : kind % 2 ? 2 : 0; /* mostly enable and pend */
	switch (kind) {
	case 0:
		i->enabled = true;
		break;
	case 1:
		if (n < 32 && by != v)
			w->cpu[v].withdrawn |=
				vgic_in_registers(w->rig.g, v) >> n & 1;
		i->enabled = false;
		break;
	case 2:
		i->latch = true;
		break;
	case 3:
		i->latch = false;
		break;
	case 4:
		if (rnd(w, 4) || i->active)
			return;
		i->active = true;
		i->active_on = i->route;
		break;
	default:
		/* Ending what a guest will still EOI is that guest's fault. */
		if (held_by_guest(w, n))
			return;
		i->active = false;
		break;
	}
	rig_write(&w->rig, by, n < 32, bank_reg(v, n, reg[kind]), 4,
		  1U << (n & 31));
}

static void write_config(struct world *w, unsigned by, unsigned v, uint32_t n)
{
	struct ref_irq *i = irq(w, v, n);
	uint64_t at;
	uint32_t old;

	switch (rnd(w, 4)) {
	case 0:
		i->prio = (uint8_t)(rnd(w, 32) * 8);
		at = n < 32 ? 0x20000ULL * v + 0x10400 + n : 0x400 + n;
		rig_write(&w->rig, by, n < 32, at, 1, i->prio | rnd(w, 8));
		break;
	case 1:
		i->group ^= 1;
		at = bank_reg(v, n, 0x80);
		old = (uint32_t)rig_read(&w->rig, by, n < 32, at, 4);
		rig_write(&w->rig, by, n < 32, at, 4, old ^ 1U << (n & 31));
		break;
	case 2:
		if (n < 16 || n == TIMER || i->active || ref_pending(i) ||
		    i->line)
			break;
		rig_settle(&w->rig); /* as a guest waits for RWP first */
		i->edge = !i->edge;
		at = (n < 32 ? 0x20000ULL * v + 0x10000 : 0) + 0xc00 +
		     4 * (n / 16);
		old = (uint32_t)rig_read(&w->rig, by, n < 32, at, 4);
		rig_write(&w->rig, by, n < 32, at, 4, old ^ 2U << 2 * (n % 16));
		break;
	default:
		if (n < 32)
			break;
		i->route = rnd(w, NR_CPUS);
		rig_write(&w->rig, by, false, 0x6000 + 8 * n, 8, i->route);
		break;
	}
}

static void change_line(struct world *w, unsigned v, uint32_t n)
{
	struct ref_irq *i = irq(w, v, n);

	if (n < 16 || n == TIMER)
		return;
	if (rnd(w, 4) == 0) {
		i->latch |= i->edge;
		vgic_pulse(w->rig.g, v, n);
		return;
	}
	i->latch |= i->edge && !i->line;
	i->line = !i->line;
	if (n >= 32 && w->rig.loaded[v] && rnd(w, 4)) {
		rig_on(&w->rig, v);
		vgic_set_spi(w->rig.g, n, i->line, v);
		return;
	}
	vgic_set_line(w->rig.g, v, n, i->line);
}

static void send_sgi(struct world *w, unsigned by)
{
	uint32_t n = rnd(w, 16);
	unsigned group = rnd(w, 2);
	uint32_t targets = rnd(w, 8);
	bool others = rnd(w, 8) == 0;

	if (!w->rig.loaded[by])
		return;
	rig_on(&w->rig, by);
	rig_sgi(&w->rig, by,
		(uint64_t)n << 24 | (others ? UINT64_C(1) << 40 : 0) |
			(others ? 0 : targets),
		group);
	for (unsigned v = 0; v < NR_CPUS; v++) {
		if ((others ? v != by : targets >> v & 1) &&
		    w->cpu[v].priv[n].group == group)
			w->cpu[v].priv[n].latch = true;
	}
}

static void load_or_put(struct world *w, unsigned v)
{
	if (!w->rig.loaded[v]) {
		rig_load(&w->rig, v);
	} else if (rnd(w, 8) == 0) {
		rig_put(&w->rig, v);
		w->cpu[v].woken = vgic_has_pending(w->rig.g, v);
		w->cpu[v].kicks = w->rig.kicks[v];
	}
}

static void fire_timer(struct world *w, unsigned v)
{
	if (!w->rig.loaded[v] || (w->rig.phys_active[v] >> TIMER & 1))
		return;
	rig_timer(&w->rig, v, TIMER);
	w->cpu[v].priv[TIMER].latch = true;
}

/* ------------------------------------------------------------------- LPIs */

static void its(struct world *w, unsigned by, unsigned cmd, uint64_t n,
		uint64_t dw2, uint64_t dw3)
{
	if (!its_cmd(&w->rig, by, (uint64_t)DEVICE << 32 | cmd, n, dw2, dw3))
		abort();
}

/* What is pending at `from` goes to `to`, or is lost there. */
static void lpi_moves(struct world *w, struct ref_irq *i, unsigned from,
		      unsigned to)
{
	if (!i->latch || i->route != from || w->cpu[from].no_lpis)
		return;
	i->route = to;
	i->latch = !w->cpu[to].no_lpis;
}

static void lpi_is_raised(struct world *w, struct ref_irq *i)
{
	if (w->cpu[i->collection].no_lpis)
		return;
	i->latch = true;
	i->route = i->collection;
}

static void lpi_is_cleared(const struct world *w, struct ref_irq *i)
{
	if (i->route == i->collection && !w->cpu[i->collection].no_lpis)
		i->latch = false;
}

static void configure_lpi(struct world *w, unsigned by, struct ref_irq *i,
			  uint32_t n)
{
	bool off = w->cpu[i->collection].no_lpis;
	bool enabled = rnd(w, 4) != 0;
	uint8_t prio = (uint8_t)(rnd(w, 32) * 8);
	uint8_t more = (uint8_t)(rnd(w, 2) * 4); /* not implemented */

	if (off) /* whose redistributor would not look at it */
		return;
	i->enabled = enabled;
	i->prio = prio;
	its_config(&w->rig, ITS_LPI + n, prio | more, enabled);
	if (rnd(w, 2))
		its(w, by, CMD_INV, n, 0, 0);
	else
		its(w, by, CMD_INVALL, 0, i->collection, 0);
}

/* GICR_CTLR.EnableLPIs of v, off or on again. */
static void switch_lpis(struct world *w, unsigned by, unsigned v)
{
	struct ref_cpu *c = &w->cpu[v];

	c->no_lpis = !c->no_lpis;
	rig_write(&w->rig, by, true, 0x20000ULL * v + 0x78, 8,
		  its_ipa(ITS_PENDING + 0x10000 * v)); /* not zero */
	rig_write(&w->rig, by, true, 0x20000ULL * v, 4, !c->no_lpis);
	rig_settle(&w->rig);
	for (uint32_t n = NR_IDS; n < NR_ALL; n++) {
		struct ref_irq *i = &w->spi[n];

		if (c->no_lpis) {
			i->saved[v] = i->latch && i->route == v;
			i->latch = i->latch && i->route != v;
		} else if (i->saved[v]) {
			i->latch = true;
			i->route = v;
		}
	}
}

static void lpi_step(struct world *w, unsigned by, unsigned v)
{
	uint32_t n = rnd(w, NR_LPIS);
	struct ref_irq *i = &w->spi[NR_IDS + n];

	switch (rnd(w, 16)) {
	case 0:
		its(w, by, CMD_CLEAR, n, 0, 0);
		lpi_is_cleared(w, i);
		break;
	case 1:
		its(w, by, CMD_MOVI, n, v, 0);
		lpi_moves(w, i, i->collection, v);
		i->collection = v;
		break;
	case 2:
		its(w, by, CMD_MOVALL, 0, (uint64_t)by << 16,
		    (uint64_t)v << 16);
		for (n = NR_IDS; n < NR_ALL; n++)
			lpi_moves(w, &w->spi[n], by, v);
		break;
	case 3:
		its(w, by, CMD_DISCARD, n, 0, 0);
		lpi_is_cleared(w, i);
		its(w, by, CMD_MAPTI, (uint64_t)(ITS_LPI + n) << 32 | n, v, 0);
		i->collection = v;
		break;
	case 4:
	case 5:
		configure_lpi(w, by, i, n);
		break;
	case 6:
		its(w, by, CMD_SYNC, 0, (uint64_t)v << 16, 0);
		break;
	case 7:
		if (w->cpu[v].no_lpis || rnd(w, 8) == 0)
			switch_lpis(w, by, v);
		break;
	default:
		its(w, by, CMD_INT, n, 0, 0);
		lpi_is_raised(w, i);
		break;
	}
}

static void machine_step(struct world *w)
{
	unsigned by = rnd(w, NR_CPUS);
	unsigned v = rnd(w, NR_CPUS);
	uint32_t n = rnd(w, NR_IDS);
	unsigned what = rnd(w, 14);

	w->done.operations++;
	if (!w->rig.loaded[by]) /* who does not run does nothing */
		what = 10;
	switch (what) {
	case 0:
	case 1:
	case 2:
		write_bits(w, by, v, n);
		break;
	case 3:
		write_config(w, by, v, n);
		break;
	case 4:
	case 5:
		change_line(w, v, n);
		break;
	case 6:
	case 7:
	case 8:
		send_sgi(w, by);
		break;
	case 9:
		fire_timer(w, v);
		break;
	case 10:
		load_or_put(w, v);
		break;
	case 11:
	case 12:
		lpi_step(w, by, v);
		break;
	default:
		if (rnd(w, 16) == 0) {
			w->grp[0] = rnd(w, 4) != 0;
			w->grp[1] = rnd(w, 4) != 0;
			rig_write(&w->rig, by, false, 0, 4,
				  (uint32_t)w->grp[0] | (uint32_t)w->grp[1]
								<< 1);
		} else if (rnd(w, 16) == 0) {
			w->cpu[v].asleep = rnd(w, 4) == 0;
			rig_write(&w->rig, by, true, 0x20000ULL * v + 0x14, 4,
				  w->cpu[v].asleep ? 2 : 0);
		}
		break;
	}
}

/* What anyone reads from ISPENDR and ISACTIVER of a random bank. */
static void compare_registers(struct world *w)
{
	unsigned by = rnd(w, NR_CPUS);
	unsigned v = rnd(w, NR_CPUS);
	uint32_t n = rnd(w, NR_IDS) & ~31U;
	uint32_t pend = 0;
	uint32_t act = 0;
	uint32_t got;

	if (!w->rig.loaded[by])
		return;
	for (unsigned i = 0; i < 32; i++) {
		pend |= (uint32_t)ref_pending(irq(w, v, n + i)) << i;
		act |= (uint32_t)irq(w, v, n + i)->active << i;
	}
	got = (uint32_t)rig_read(&w->rig, by, n < 32, bank_reg(v, n, 0x200), 4);
	if (got != pend)
		differ(w, v, n, "ISPENDR", got, pend);
	got = (uint32_t)rig_read(&w->rig, by, n < 32, bank_reg(v, n, 0x380), 4);
	if (got != act)
		differ(w, v, n, "ICACTIVER", got, act);
}

static void world_init(struct world *w, unsigned nr_lr, bool eoimode)
{
	memset(w, 0, sizeof(*w));
	rig_init_its(&w->rig, NR_CPUS, nr_lr);
	rig_guest_init(&w->rig, eoimode);
	its_start(&w->rig);
	its_mapd(&w->rig, DEVICE);
	for (unsigned v = 0; v < NR_CPUS; v++) {
		w->cpu[v].eoimode = eoimode;
		w->rig.cpu[v].counts_drops = nr_lr % 4 != 0;
		w->rig.cpu[v].lpi_goes_active = nr_lr % 4 != 0;
		for (uint32_t n = 0; n < 32; n++)
			w->cpu[v].priv[n] = (struct ref_irq){.enabled = true,
							     .group = 1,
							     .prio = 0xa0,
							     .edge = n < 16};
	}
	for (uint32_t n = 32; n < NR_IDS; n++)
		w->spi[n] = (struct ref_irq){
			.enabled = true, .group = 1, .prio = 0xa0};
	for (uint32_t n = 0; n < NR_LPIS; n++) {
		w->spi[NR_IDS + n] = (struct ref_irq){.enabled = true,
						      .group = 1,
						      .prio = 0xa0,
						      .edge = true};
		its_config(&w->rig, ITS_LPI + n, 0xa0, true);
		its_map(&w->rig, DEVICE, n, ITS_LPI + n, 0);
		its_event(&w->rig, CMD_INV, DEVICE, n);
	}
	w->grp[0] = w->grp[1] = true;
}

struct vgic_model_result vgic_model_run(unsigned nr_lr, bool eoimode,
					unsigned long steps,
					uint32_t (*next)(void *ctx), void *ctx)
{
	struct world *w = malloc(sizeof(*w));
	struct vgic_model_result done;

	if (!w)
		abort();
	world_init(w, nr_lr, eoimode);
	w->next = next;
	w->ctx = ctx;
	compare_all(w);
	for (w->step = 0; w->step < steps; w->step++) {
		for (uint32_t n = rnd(w, 4); n; n--) {
			machine_step(w);
			compare_redists(w);
		}
		if (rnd(w, 4) == 0)
			compare_registers(w);
		rig_settle(&w->rig);
		compare_redists(w);
		for (uint32_t n = rnd(w, 8), v = rnd(w, NR_CPUS); n; n--)
			guest_step(w, v);
		if (w->step % 16 == 0)
			compare_all(w);
	}
	compare_all(w);
	done = w->done;
	rig_free(&w->rig);
	free(w);
	return done;
}
