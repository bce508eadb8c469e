/*
 * vGIC: LPIs. They are kept in banks like SPIs, one set for the VM, made when
 * it is created: what a guest maps costs EL2 no memory. They are edge-triggered
 * and in group 1, go to the vCPU where they were made pending last, and have
 * no active state. The banks in which something waits for a vCPU are found by
 * its lpi_hint, so that the others cost nothing.
 *
 * While GICR_CTLR.EnableLPIs is set the pending state is here; the table in
 * the guest's memory is read when it gets set and written when it is cleared.
 * The configuration (priority, enable) is read from the guest's table when an
 * LPI is first made pending and when it is invalidated, 32 at a time; all
 * redistributors use the same table (GICR_TYPER.CommonLPIAff is 0).
 * Nothing read from a guest's memory is an index before it was checked.
 *
 * GICv3/v4 IHI 0069: "Locality-specific Peripheral Interrupts", "LPI
 * Configuration tables", "LPI Pending tables", GICR_CTLR, GICR_PROPBASER.
 * Called by vits_cmd.c, vgic_redist.c, vgic_run.c and vgic_lr.c.
 */
#include <errno.h>
#include <port/gich.h>
#include <string.h>

#include "vgic_internal.h"

#define HINT_WORDS ((VGIC_NR_LPI_BANKS + 63) / 64)

int vgic_lpi_create(struct vgic *g, const struct vgic_config *cfg)
{
	const uint64_t size = HINT_WORDS * sizeof(uint64_t);
	char *hints = cfg->alloc(cfg->alloc_ctx, g->nr_vcpus * size, 8);

	g->lpis =
		cfg->alloc(cfg->alloc_ctx, VGIC_NR_LPI_BANKS * sizeof(*g->lpis),
			   _Alignof(struct vgic_shared));
	g->lpi_known = cfg->alloc(cfg->alloc_ctx,
				  VGIC_NR_LPI_BANKS * sizeof(*g->lpi_known), 8);
	if (!hints || !g->lpis || !g->lpi_known)
		return -ENOMEM;
	g->nr_lpi_banks = VGIC_NR_LPI_BANKS;
	for (unsigned i = 0; i < g->nr_vcpus; i++)
		g->cpus[i].lpi_hint = (void *)(hints + i * size);
	return 0;
}

void vgic_lpi_reset_locked(struct vgic *g)
{
	memset(g->lpis, 0, VGIC_NR_LPI_BANKS * sizeof(*g->lpis));
	memset(g->lpi_known, 0, VGIC_NR_LPI_BANKS * sizeof(*g->lpi_known));
	for (unsigned i = 0; i < VGIC_NR_LPI_BANKS; i++) {
		g->lpis[i].b.edge = ~0U;
		g->lpis[i].b.group = ~0U;
	}
	for (unsigned i = 0; i < g->nr_vcpus; i++) {
		struct vgic_cpu *v = &g->cpus[i];

		memset(v->lpi_hint, 0, HINT_WORDS * sizeof(uint64_t));
		v->propbaser = 0;
		v->pendbaser = 0;
		v->lpi_end = 0;
		v->lpi_save = 0;
		vgic_redist_ctlr(g, v);
	}
}

/* ------------------------------------------------------------------- hints */

static void hint(struct vgic_cpu *v, unsigned nr)
{
	nr -= VGIC_LPI_BANK;
	v->lpi_hint[nr / 64] |= BIT(nr % 64);
}

bool vgic_lpi_next(const struct vgic *g, struct vgic_cpu *v, unsigned *nr)
{
	unsigned at = *nr < VGIC_LPI_BANK ? 0 : *nr - VGIC_LPI_BANK;

	while (at < g->nr_lpi_banks) {
		uint64_t *word = &v->lpi_hint[at / 64];
		uint64_t left = *word >> at % 64;
		const struct vgic_bank *b;

		if (!left) {
			at = (at | 63) + 1;
			continue;
		}
		at += bit_lowest(left);
		b = &g->lpis[at].b;
		if (b->latch & ~b->resident) {
			*nr = at + VGIC_LPI_BANK;
			return true;
		}
		*word &= ~BIT(at % 64);
	}
	return false;
}

void vgic_touch_lpis_locked(struct vgic *g, unsigned nr, uint32_t mask,
			    struct vgic_kicks *k)
{
	const struct vgic_shared *s = vgic_shared_nr(g, nr);
	struct vgic_bank *b = &g->lpis[nr - VGIC_LPI_BANK].b;
	unsigned i;

	ASSERT(spin_is_held(&g->lock));
	b->revisit |= mask & b->resident;
	for (EACH_BIT(i, mask & (b->resident | b->latch))) {
		bool resident = b->resident >> i & 1;
		struct vgic_cpu *v =
			&g->cpus[resident ? s->owner[i] : s->route[i]];

		hint(v, nr);
		if (resident || (vgic_ready(b) >> i & 1))
			vgic_mark(v, VGIC_STALE_LPI, k);
	}
}

/* ---------------------------------------------- list registers and EOIcount */

/* EOIs without a list register that nobody has looked at. */
unsigned vgic_new_eois(struct vgic_cpu *v)
{
	unsigned count = (unsigned)FIELD_GET(ICH_HCR_EOIcount, ich_read_hcr());
	unsigned new = (count - v->eois) & 31;

	v->eois = (uint8_t)count;
	return new;
}

unsigned vgic_lpi_active(const struct vgic *g, const struct vgic_cpu *v)
{
	for (unsigned i = 0; i < g->nr_aprs; i++) {
		if (v->lpi_active[i])
			return (i * 32 + bit_lowest(v->lpi_active[i]))
			       << (8 - g->pre_bits);
	}
	return 0x100;
}

void vgic_lpi_end(const struct vgic *g, struct vgic_cpu *v)
{
	for (unsigned i = 0; i < g->nr_aprs; i++) {
		if (v->lpi_active[i]) {
			v->lpi_active[i] &= v->lpi_active[i] - 1;
			return;
		}
	}
}

void vgic_lpi_settle(const struct vgic *g, struct vgic_cpu *v)
{
	if (vgic_lpi_active(g, v) == 0x100)
		return;
	for (unsigned n = vgic_new_eois(v); n; n--)
		vgic_lpi_end(g, v);
	for (unsigned i = 0; i < g->nr_aprs; i++)
		v->lpi_active[i] &= (uint32_t)ich_read_ap1r(i);
}

/*
 * On QEMU an acknowledged LPI is active in its list register until its EOI.
 * When the register is taken from it, that EOI counts in EOIcount. It is known
 * by its priority: an EOI ends the most urgent interrupt that is active.
 */
static void forget_active(const struct vgic *g, struct vgic_cpu *v, uint64_t lr)
{
	unsigned top =
		(unsigned)FIELD_GET(ICH_LR_Priority, lr) >> (8 - g->pre_bits);

	if (!(v->hcr & ICH_HCR_LRENPIE)) {
		vgic_lpi_settle(g, v);
		(void)vgic_new_eois(v);
	}
	for (unsigned i = top / 32 + 1; i-- > 0;) {
		uint32_t ap = (uint32_t)ich_read_ap1r(i);

		if (i == top / 32)
			ap &= ~0U >> (31 - top % 32);
		if (ap) {
			v->lpi_active[i] |= 1U << bit_highest(ap);
			return;
		}
	}
}

void vgic_lpi_folded_locked(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
			    uint64_t lr)
{
	hint(v, intid / 32);
	if (lr & ICH_LR_Active)
		forget_active(g, v, lr);
}

/* ----------------------------------------------------- configuration table */

/* Take over the guest's configuration of `mask`; returns what changed. */
static uint32_t config_read(struct vgic *g, const struct vgic_cpu *v,
			    unsigned nr, uint32_t mask)
{
	struct vgic_bank *b = &vgic_shared_nr(g, nr)->b;
	uint64_t at = (v->propbaser & GICR_PROPBASER_PA) +
		      (uint64_t)(nr - VGIC_LPI_BANK) * 32;
	uint32_t enabled = 0;
	uint32_t changed = 0;
	uint32_t was = b->open;
	uint8_t config[32];
	unsigned i;

	if (g->ops->ram_read(g->ctx, (ipa_t){at}, config, sizeof(config)))
		memset(config, 0, sizeof(config)); /* no memory: disabled */
	for (EACH_BIT(i, mask)) {
		uint8_t prio =
			config[i] & (uint8_t)LPI_CONFIG_Priority & g->prio_mask;

		enabled |= (uint32_t)(config[i] & LPI_CONFIG_Enable) << i;
		changed |= (uint32_t)(prio != b->prio[i]) << i;
		b->prio[i] = prio;
	}
	b->enabled = (b->enabled & ~mask) | enabled;
	g->lpi_known[nr - VGIC_LPI_BANK] |= mask;
	vgic_update_open(g, b);
	return changed | (was ^ b->open);
}

static void invalidate_locked(struct vgic *g, const struct vgic_cpu *v,
			      unsigned nr, uint32_t mask, struct vgic_kicks *k)
{
	uint32_t changed = config_read(g, v, nr, mask);

	vgic_touch_lpis_locked(g, nr, changed, k);
}

static bool lpi_of(const struct vgic_cpu *v, uint32_t intid)
{
	return intid >= GIC_LPI_FIRST && intid < v->lpi_end;
}

void vgic_lpi_inv(struct vgic *g, unsigned vcpu, uint32_t intid, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);
	const struct vgic_cpu *v = &g->cpus[vcpu];

	spin_lock(&g->lock);
	if (lpi_of(v, intid))
		invalidate_locked(g, v, intid / 32, 1U << (intid & 31), &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* Only what is pending is read at once. */
void vgic_lpi_inv_all(struct vgic *g, unsigned vcpu, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);
	const struct vgic_cpu *v = &g->cpus[vcpu];

	spin_lock(&g->lock);
	for (unsigned i = 0; v->lpi_end && i < g->nr_lpi_banks; i++) {
		const struct vgic_bank *b = &g->lpis[i].b;
		uint32_t in_use = b->latch | b->resident;

		g->lpi_known[i] = 0;
		if (in_use)
			invalidate_locked(g, v, i + VGIC_LPI_BANK, in_use, &k);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

void vgic_lpi_groups_locked(struct vgic *g, struct vgic_kicks *k)
{
	for (unsigned i = 0; i < g->nr_lpi_banks; i++) {
		struct vgic_bank *b = &g->lpis[i].b;
		uint32_t was = b->open;

		vgic_update_open(g, b);
		vgic_touch_lpis_locked(g, i + VGIC_LPI_BANK, was ^ b->open, k);
	}
}

/* ----------------------------------------------------------- pending state */

static void pend_locked(struct vgic *g, struct vgic_cpu *v, uint32_t intid,
			struct vgic_kicks *k)
{
	unsigned nr = intid / 32;
	uint32_t bit = 1U << (intid & 31);
	struct vgic_shared *s = vgic_shared_nr(g, nr);
	uint32_t known = g->lpi_known[nr - VGIC_LPI_BANK];

	if (!(known & bit))
		(void)config_read(g, v, nr,
				  ~(known | s->b.resident | s->b.latch));
	s->route[intid & 31] = v->index;
	vgic_change_pending(&s->b, bit, true);
	vgic_touch_lpis_locked(g, nr, bit, k);
}

void vgic_lpi_set(struct vgic *g, unsigned vcpu, uint32_t intid, bool pending,
		  unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);
	struct vgic_cpu *v = &g->cpus[vcpu];
	uint32_t bit = 1U << (intid & 31);

	spin_lock(&g->lock);
	if (lpi_of(v, intid) && pending) {
		pend_locked(g, v, intid, &k);
	} else if (lpi_of(v, intid) &&
		   vgic_shared_of(g, intid)->route[intid & 31] == vcpu) {
		vgic_change_pending(&vgic_shared_of(g, intid)->b, bit, false);
		vgic_touch_lpis_locked(g, intid / 32, bit, &k);
	}
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* Those of the bank that belong to `from` go to `to`, or are lost there. */
static void move_locked(struct vgic *g, unsigned nr, uint32_t mask,
			unsigned from, unsigned to, struct vgic_kicks *k)
{
	struct vgic_shared *s = vgic_shared_nr(g, nr);
	uint32_t moved = 0;
	unsigned i;

	for (EACH_BIT(i, mask & (s->b.latch | s->b.resident))) {
		if (s->route[i] != from)
			continue;
		s->route[i] = (uint16_t)to;
		moved |= 1U << i;
	}
	if (!lpi_of(&g->cpus[to], nr * 32))
		vgic_change_pending(&s->b, moved, false);
	vgic_touch_lpis_locked(g, nr, moved, k);
}

void vgic_lpi_move(struct vgic *g, unsigned from, unsigned to, uint32_t intid,
		   unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);

	spin_lock(&g->lock);
	if (lpi_of(&g->cpus[from], intid))
		move_locked(g, intid / 32, 1U << (intid & 31), from, to, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

void vgic_lpi_move_all(struct vgic *g, unsigned from, unsigned to,
		       unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);

	spin_lock(&g->lock);
	for (unsigned i = 0; g->cpus[from].lpi_end && i < g->nr_lpi_banks; i++)
		move_locked(g, i + VGIC_LPI_BANK, ~0U, from, to, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

/* The LPIs in v's list registers whose state is to change. */
static bool posted_locked(struct vgic *g, struct vgic_cpu *v)
{
	unsigned i;

	for (EACH_BIT(i, v->spi_slots)) {
		uint32_t intid = v->lr_intid[i];
		const struct vgic_bank *b = vgic_bank_of(g, v, intid);

		if (intid >= GIC_LPI_FIRST &&
		    ((b->revisit | b->set_p | b->clr_p) >> (intid & 31) & 1))
			return true;
	}
	return v->lpi_save != 0;
}

bool vgic_lpi_busy(struct vgic *g, unsigned vcpu, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);
	struct vgic_cpu *v = &g->cpus[vcpu];
	bool busy;

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	busy = vcpu != self && v->loaded && posted_locked(g, v);
	if (busy)
		vgic_mark(v, VGIC_STALE_LPI, &k);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
	return busy;
}

/* ------------------------------------------------------------ pending table */

/* The bit of LPI n is bit n of the table: the banks' words stand in a row. */
#define TABLE_STEP 64 /* words at once */

static unsigned banks_below(uint32_t end)
{
	return end > GIC_LPI_FIRST ? (end - GIC_LPI_FIRST) / 32 : 0;
}

static uint64_t table_at(const struct vgic_cpu *v, unsigned bank)
{
	return (v->pendbaser & GICR_PENDBASER_PA) + GIC_LPI_FIRST / 8 +
	       bank * sizeof(uint32_t);
}

static void load_locked(struct vgic *g, struct vgic_cpu *v,
			struct vgic_kicks *k)
{
	uint32_t word[TABLE_STEP];
	unsigned end = banks_below(v->lpi_end);
	unsigned i;

	for (unsigned bank = 0; bank < end; bank += TABLE_STEP) {
		if (g->ops->ram_read(g->ctx, (ipa_t){table_at(v, bank)}, word,
				     sizeof(word)))
			return;
		for (unsigned n = 0; n < TABLE_STEP; n++) {
			uint32_t first = GIC_LPI_FIRST + (bank + n) * 32;

			for (EACH_BIT(i, word[n]))
				pend_locked(g, v, first + i, k);
		}
	}
}

/* v's pending ones of one bank, which are taken away. */
static uint32_t take_pending(struct vgic *g, const struct vgic_cpu *v,
			     unsigned bank)
{
	struct vgic_shared *s = &g->lpis[bank];
	uint32_t mine = 0;
	unsigned i;

	for (EACH_BIT(i, s->b.latch & ~s->b.resident))
		mine |= (uint32_t)(s->route[i] == v->index) << i;
	s->b.latch &= ~mine;
	return mine;
}

void vgic_lpi_save_locked(struct vgic *g, struct vgic_cpu *v)
{
	uint32_t word[TABLE_STEP];
	unsigned end = banks_below(v->lpi_save);

	v->lpi_save = 0;
	for (unsigned bank = 0; bank < end; bank += TABLE_STEP) {
		for (unsigned n = 0; n < TABLE_STEP; n++)
			word[n] = take_pending(g, v, bank + n);
		(void)g->ops->ram_write(g->ctx, (ipa_t){table_at(v, bank)},
					word, sizeof(word));
	}
}

static void enable_locked(struct vgic *g, struct vgic_cpu *v,
			  struct vgic_kicks *k)
{
	uint64_t bits = FIELD_GET(GICR_PROPBASER_IDbits, v->propbaser);

	if (v->lpi_save) { /* nothing was taken away yet */
		v->lpi_save = 0;
	} else {
		for (unsigned bank = 0; bank < g->nr_lpi_banks; bank++)
			(void)take_pending(g, v, bank);
	}
	v->lpi_end = bits < 15 ? 2U << bits : GIC_LPI_END;
	if (!(v->pendbaser & GICR_PENDBASER_PTZ))
		load_locked(g, v, k);
}

static void disable_locked(struct vgic *g, struct vgic_cpu *v,
			   struct vgic_kicks *k)
{
	unsigned i;

	v->lpi_save = v->lpi_end;
	v->lpi_end = 0;
	if (!v->loaded) {
		vgic_lpi_save_locked(g, v);
		return;
	}
	for (EACH_BIT(i, v->spi_slots)) {
		uint32_t intid = v->lr_intid[i];

		if (intid >= GIC_LPI_FIRST)
			vgic_shared_of(g, intid)->b.revisit |= 1U
							       << (intid & 31);
	}
	vgic_mark(v, VGIC_STALE_LPI, k);
	vgic_redist_until_flush(v, k); /* which writes the pending table */
}

void vgic_lpi_enable(struct vgic *g, struct vgic_cpu *v, bool on, unsigned self)
{
	struct vgic_kicks k = vgic_kicks_init(self);

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	if (on && !v->lpi_end)
		enable_locked(g, v, &k);
	else if (!on && v->lpi_end)
		disable_locked(g, v, &k);
	vgic_redist_ctlr(g, v);
	spin_unlock(&v->lock);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}
