/*
 * vGIC: making one, resetting it, affinity lookup.
 *
 * All memory comes from the creator's allocator, once; its size follows from
 * the number of vCPUs and SPIs. Affinities are looked up in a sorted array of
 * clusters (16 vCPUs each), the unit that one SGI register write addresses.
 *
 * GICv3/v4 IHI 0069: GICD_TYPER, GICR_TYPER, ICH_VTR_EL2, reset values.
 * Callers: VM construction and lifecycle, PSCI, the monitor.
 */
#include "vgic.h"

#include <errno.h>
#include <port/gich.h>
#include <string.h>

#include "vgic_internal.h"

#define MPIDR_AFF (MPIDR_Aff3 | MPIDR_Aff2 | MPIDR_Aff1 | MPIDR_Aff0)

/* ---------------------------------------------------------------- affinity */

uint64_t vgic_cluster_key(uint64_t aff)
{
	return FIELD_PREP(ICC_SGIR_Aff3, FIELD_GET(MPIDR_Aff3, aff)) |
	       FIELD_PREP(ICC_SGIR_Aff2, FIELD_GET(MPIDR_Aff2, aff)) |
	       FIELD_PREP(ICC_SGIR_Aff1, FIELD_GET(MPIDR_Aff1, aff)) |
	       FIELD_PREP(ICC_SGIR_RS, FIELD_GET(MPIDR_Aff0, aff) >> 4);
}

/* Number of clusters whose key is below the given one. */
static unsigned clusters_below(const struct vgic *g, uint64_t key)
{
	unsigned lo = 0;
	unsigned hi = g->nr_clusters;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (g->clusters[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct vgic_cluster *vgic_cluster_find(const struct vgic *g, uint64_t key)
{
	unsigned i = clusters_below(g, key);

	if (i == g->nr_clusters || g->clusters[i].key != key)
		return NULL;
	return &g->clusters[i];
}

unsigned vgic_cpu_by_affinity(const struct vgic *g, uint64_t aff)
{
	const struct vgic_cluster *c =
		vgic_cluster_find(g, vgic_cluster_key(aff));

	return c && c->cpu[aff & 15] ? c->cpu[aff & 15]->index : VGIC_NOWHERE;
}

/* Room for one more cluster is there. */
static struct vgic_cluster *cluster_add(struct vgic *g, uint64_t key)
{
	unsigned i = clusters_below(g, key);
	struct vgic_cluster *c = &g->clusters[i];

	if (i < g->nr_clusters && c->key == key)
		return c;
	memmove(c + 1, c, (g->nr_clusters - i) * sizeof(*c));
	g->nr_clusters++;
	c->key = key;
	memset(c->cpu, 0, sizeof(c->cpu));
	return c;
}

/* ------------------------------------------------------------------ making */

static int cpu_init(struct vgic *g, unsigned index, uint64_t mpidr, bool its)
{
	uint64_t key = vgic_cluster_key(mpidr);
	struct vgic_cluster *c = cluster_add(g, key);
	struct vgic_cpu *v = &g->cpus[index];

	if (c->cpu[mpidr & 15])
		return -EINVAL;
	c->cpu[mpidr & 15] = v;
	v->g = g;
	v->kick = g->ops->kick;
	v->who = v;
	v->index = (uint16_t)index;
	v->regs = g->pages[index];
	v->regs[GICR_IIDR / 4] = VGIC_IIDR;
	v->regs[GICR_TYPER / 4] =
		(uint32_t)(FIELD_PREP(GICR_TYPER_Processor_Number, index) |
			   (index + 1 == g->nr_vcpus ? GICR_TYPER_Last : 0) |
			   (its ? GICR_TYPER_PLPIS : 0) | GICR_TYPER_DPGS);
	/* The upper half: Affinity_Value. */
	v->regs[GICR_TYPER / 4 + 1] =
		(uint32_t)(FIELD_GET(MPIDR_Aff3, mpidr) << 24 |
			   (mpidr & GENMASK(23, 0)));
	return 0;
}

static void read_hardware(struct vgic *g)
{
	uint64_t vtr = ich_read_vtr();
	unsigned pri_bits = (unsigned)FIELD_GET(ICH_VTR_PRIbits, vtr) + 1;

	g->vtr = (uint32_t)vtr;
	g->nr_lrs = (uint8_t)(FIELD_GET(ICH_VTR_ListRegs, vtr) + 1);
	if (g->nr_lrs > VGIC_MAX_LRS)
		g->nr_lrs = VGIC_MAX_LRS;
	g->lr_mask = (uint16_t)(BIT(g->nr_lrs) - 1);
	g->pre_bits = (uint8_t)(FIELD_GET(ICH_VTR_PREbits, vtr) + 1);
	g->nr_aprs = (uint8_t)(1U << (g->pre_bits - 5));
	g->prio_mask = (uint8_t)(0xff00U >> pri_bits);
}

struct vgic_cpu *vgic_cpu_of(const struct vgic *g, unsigned vcpu)
{
	return &g->cpus[vcpu];
}

void vgic_redist_last(struct vgic *g, unsigned vcpu)
{
	g->cpus[vcpu].regs[GICR_TYPER / 4] |= (uint32_t)GICR_TYPER_Last;
}

static int create_base(const struct vgic_config *cfg, struct vgic **out)
{
	unsigned nr = cfg->nr_vcpus;
	struct vgic *g;

	if (nr == 0 || nr >= VGIC_NOWHERE || cfg->nr_spis == 0 ||
	    cfg->nr_spis % 32 || cfg->nr_spis > GIC_MAX_SPIS)
		return -EINVAL;
	g = cfg->alloc(cfg->alloc_ctx, sizeof(*g), _Alignof(struct vgic));
	if (!g)
		return -ENOMEM;
	*out = g;
	g->nr_vcpus = nr;
	g->nr_banks = cfg->nr_spis / 32;
	g->ops = cfg->ops;
	g->ctx = cfg->ctx;
	g->cpus = cfg->alloc(cfg->alloc_ctx, nr * sizeof(*g->cpus),
			     _Alignof(struct vgic_cpu));
	g->spis = cfg->alloc(cfg->alloc_ctx, g->nr_banks * sizeof(*g->spis),
			     _Alignof(struct vgic_spis));
	g->clusters = cfg->alloc(cfg->alloc_ctx, nr * sizeof(*g->clusters),
				 _Alignof(struct vgic_cluster));
	g->pages = cfg->alloc(cfg->alloc_ctx, (nr + 2) * sizeof(*g->pages),
			      PAGE_SIZE);
	if (!g->cpus || !g->spis || !g->clusters || !g->pages)
		return -ENOMEM;
	vgic_fill_id_pages(g);
	for (unsigned i = 0; i < nr; i++)
		g->cpus[i].stale = &g->cpus[i].own_stale;
	read_hardware(g);
	g->typer =
		(uint32_t)(FIELD_PREP(GICD_TYPER_ITLinesNumber, g->nr_banks) |
			   (cfg->its ? FIELD_PREP(GICD_TYPER_IDbits, 15) |
					       GICD_TYPER_LPIS
				     : FIELD_PREP(GICD_TYPER_IDbits, 9)) |
			   (g->vtr & ICH_VTR_A3V ? GICD_TYPER_A3V : 0) |
			   GICD_TYPER_MBIS | GICD_TYPER_RSS);
	for (unsigned i = 0; i < nr; i++) {
		if (cpu_init(g, i, cfg->mpidr[i] & MPIDR_AFF, cfg->its))
			return -EINVAL;
	}
	for (unsigned i = 0; i < nr; i++) /* they have their places now */
		g->cpus[i].near =
			vgic_cluster_find(g, vgic_cluster_key(cfg->mpidr[i]));
	return 0;
}

const void *vgic_redist_page(const struct vgic *g, unsigned vcpu)
{
	return g->its ? NULL : g->pages[vcpu];
}

const void *vgic_id_page(const struct vgic *g, bool redist)
{
	return g->pages[g->nr_vcpus + redist];
}

int vgic_create(const struct vgic_config *cfg, struct vgic **out)
{
	struct vgic *g;
	int err = create_base(cfg, &g);

	if (!err && cfg->its)
		err = vgic_lpi_create(g, cfg);
	if (!err && cfg->its)
		err = vits_create(g, cfg);
	if (err)
		return err;
	vgic_reset(g);
	*out = g;
	return 0;
}

/* ------------------------------------------------------------------- reset */

static void cpu_reset_locked(const struct vgic *g, struct vgic_cpu *v)
{
	unsigned min = 7U - g->pre_bits;

	ASSERT(!v->loaded);
	memset(v->apr, 0, sizeof(v->apr));
	memset(v->lpi_active, 0, sizeof(v->lpi_active));
	v->vmcr = (uint32_t)(ICH_VMCR_VFIQEn | FIELD_PREP(ICH_VMCR_VBPR0, min) |
			     FIELD_PREP(ICH_VMCR_VBPR1, min + 1));
}

void vgic_cpu_reset(struct vgic *g, unsigned vcpu)
{
	struct vgic_cpu *v = &g->cpus[vcpu];

	spin_lock(&v->lock);
	cpu_reset_locked(g, v);
	/* Its line is low, or makes it pending anew. */
	v->b.latch &= ~v->unlinked;
	v->unlinked = 0;
	spin_unlock(&v->lock);
}

/*
 * As firmware leaves a redistributor: GICR_WAKER reads as after reset, but what
 * is pending is delivered until the guest itself puts it to sleep.
 */
static void sleep_by_firmware_locked(struct vgic_cpu *v)
{
	v->sleep = true;
	v->quiet = false;
	vgic_redist_settled(v);
}

void vgic_cpu_off(struct vgic *g, unsigned vcpu)
{
	struct vgic_kicks k = vgic_kicks_init(vcpu);
	struct vgic_cpu *v = &g->cpus[vcpu];

	spin_lock(&g->lock);
	spin_lock(&v->lock);
	ASSERT(!v->loaded);
	sleep_by_firmware_locked(v);
	spin_unlock(&v->lock);
	vgic_reroute_any_locked(g, &k);
	spin_unlock(&g->lock);
	vgic_kick(g, &k);
}

static void redist_reset(const struct vgic *g, struct vgic_cpu *v)
{
	spin_lock(&v->lock);
	cpu_reset_locked(g, v);
	memset(&v->b, 0, sizeof(v->b));
	v->b.edge = BIT(GIC_NR_SGIS) - 1;
	sleep_by_firmware_locked(v);
	*v->stale = 0;
	v->sync_key = 0;
	v->unlinked = 0;
	v->dpg = 0;
	vgic_redist_ctlr(g, v);
	spin_unlock(&v->lock);
}

void vgic_reset(struct vgic *g)
{
	if (g->its)
		vits_reset(g);
	spin_lock(&g->lock);
	g->ctlr = 0;
	for (unsigned i = 0; i < g->nr_vcpus; i++)
		redist_reset(g, &g->cpus[i]);
	for (unsigned nr = 1; nr <= g->nr_banks; nr++) {
		memset(&g->spis[nr - 1], 0, sizeof(g->spis[nr - 1]));
		vgic_reroute_locked(g, nr, ~0U);
	}
	if (g->its)
		vgic_lpi_reset_locked(g);
	spin_unlock(&g->lock);
}

bool vgic_private_noted(struct vgic *g, unsigned vcpu, uint32_t intid)
{
	struct vgic_cpu *v = &g->cpus[vcpu];
	const struct vgic_bank *b = &v->b;
	bool noted;

	spin_lock(&v->lock);
	noted = (vgic_pend(b) | b->active) >> intid & 1;
	spin_unlock(&v->lock);
	return noted;
}
