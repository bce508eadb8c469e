/*
 * A guest's own device tree -> the hardware part of struct vm_config.
 *
 * Models: RAM, reserved RAM, CPUs, GICv3 with at most one ITS, timers, PMU,
 * PL011, PL031, virtio-mmio slots. Leaves out: everything else, which is then
 * simply not there; PCI. Specifications: see vm_dt.h. Called by hyp/manifest.c
 * while a VM is described. No locks.
 */
#include <errno.h>

#include <hyp/arena.h>
#include <hyp/dt_hw.h>
#include <hyp/vm_dt.h>

#define IPA_BITS 48 /* what stage-2 translation with 4 KiB pages can map */

struct parse {
	struct dt d;
	struct vm_config *cfg;
	struct arena *a; /* the VM's */
	struct arena *scratch;
	struct dt_gic gic;
	uint32_t its; /* its node */
	struct dt_dev uart, rtc;
	uint32_t *virtio_node; /* per slot */
	uint32_t last_intid;   /* the greatest SPI in use */
};

static struct vm_range to_ipa(struct dt_range r)
{
	return (struct vm_range){{r.base}, r.size};
}

static int copy_ranges(const struct parse *p, const struct dt_ranges *in,
		       struct vm_range **out, unsigned *nr)
{
	*nr = in->nr;
	*out = arena_array(p->a, in->nr, sizeof(**out),
			   _Alignof(struct vm_range));
	if (!*out)
		return dt_nomem(&p->d);
	for (unsigned i = 0; i < in->nr; i++)
		(*out)[i] = to_ipa(in->r[i]);
	return 0;
}

static int parse_memory(struct parse *p)
{
	struct dt_ranges ram, reserved;
	int err = dt_hw_memory(&p->d, p->scratch, &ram);

	for (unsigned i = 0; !err && i < ram.nr; i++) {
		struct dt_range r = ram.r[i];

		if (!is_aligned(r.base | r.size, PAGE_SIZE)) {
			err = dt_fail(&p->d, DT_ROOT, NULL,
				      "memory %#lx + %#lx is no multiple of "
				      "4 KiB",
				      r.base, r.size);
		} else if ((r.base + (r.size - 1)) >> IPA_BITS) {
			err = dt_fail(&p->d, DT_ROOT, NULL,
				      "memory %#lx + %#lx ends above 2^%d",
				      r.base, r.size, IPA_BITS);
		}
	}
	if (!err)
		err = dt_hw_reserved(&p->d, p->scratch, &reserved);
	if (!err)
		err = copy_ranges(p, &ram, &p->cfg->ram, &p->cfg->nr_ram);
	if (!err)
		err = copy_ranges(p, &reserved, &p->cfg->reserved,
				  &p->cfg->nr_reserved);
	return err;
}

static int parse_cpus(struct parse *p)
{
	enum dt_conduit conduit = DT_CONDUIT_NONE;
	struct dt_cpus cpus;
	int err = dt_hw_cpus(&p->d, p->a, &cpus);

	if (!err && cpus.nr > VM_VCPUS_MAX)
		err = dt_fail(&p->d, DT_ROOT, NULL, "%u CPUs, at most %u",
			      cpus.nr, VM_VCPUS_MAX);
	if (!err)
		err = dt_hw_psci(&p->d, &conduit);
	if (!err && cpus.nr > 1 && conduit == DT_CONDUIT_NONE) {
		err = dt_fail(&p->d, DT_ROOT, NULL,
			      "no node arm,psci-0.2 to start %u CPUs with",
			      cpus.nr);
	}
	if (err)
		return err;
	p->cfg->nr_vcpus = cpus.nr;
	p->cfg->mpidr = cpus.mpidr;
	return 0;
}

static int check_frames(const struct parse *p)
{
	uint64_t frames = 0;

	if (p->gic.stride && p->gic.stride != VM_GICR_FRAME) {
		return dt_fail(&p->d, p->gic.node, "redistributor-stride",
			       "%#lx is not supported, only %#lx",
			       p->gic.stride, VM_GICR_FRAME);
	}
	if (p->gic.nr_redist > p->cfg->nr_vcpus) {
		return dt_fail(&p->d, p->gic.node, "reg",
			       "%u redistributor regions for %u CPUs",
			       p->gic.nr_redist, p->cfg->nr_vcpus);
	}
	for (unsigned i = 0; i < p->gic.nr_redist; i++)
		frames += p->gic.redist[i].size / VM_GICR_FRAME;
	if (frames < p->cfg->nr_vcpus) {
		return dt_fail(&p->d, p->gic.node, "reg",
			       "redistributors for %lu CPUs, needs %u", frames,
			       p->cfg->nr_vcpus);
	}
	return 0;
}

static int parse_gic(struct parse *p)
{
	int err = dt_hw_gic(&p->d, p->scratch, &p->gic);

	if (!err)
		err = check_frames(p);
	if (!err) {
		struct dt_ranges l = {p->gic.redist, p->gic.nr_redist};

		err = copy_ranges(p, &l, &p->cfg->gicr, &p->cfg->nr_gicr);
	}
	p->gic.dist.size = VM_GICD_SIZE;
	p->cfg->gicd = to_ipa(p->gic.dist);
	return err;
}

/* Its frames follow each other; a second one in the tree is refused. */
static int parse_its(struct parse *p)
{
	static const char compatible[] = "arm,gic-v3-its";
	struct dt_range r;
	int err;

	p->its = dt_find(&p->d, DT_ROOT, compatible);
	if (p->its == DT_NONE)
		return 0;
	if (dt_find(&p->d, p->its + 1, compatible) != DT_NONE)
		return dt_fail(&p->d, p->its, NULL,
			       "only one ITS is supported");
	err = dt_reg(&p->d, p->its, 0, &r);
	if (err)
		return err;
	if (r.size < VM_ITS_SIZE || !is_aligned(r.base, KIB(64)))
		return dt_fail(&p->d, p->its, "reg",
			       "must be 128 KiB, 64 KiB aligned");
	p->cfg->its = (struct vm_range){{r.base}, VM_ITS_SIZE};
	return 0;
}

static int parse_timer(const struct parse *p)
{
	struct dt_timer t;
	int err = dt_hw_timer(&p->d, &p->gic, &t);

	if (err || t.node == DT_NONE)
		return err;
	if (t.virt != VM_TIMER_VIRT_INTID || t.phys != VM_TIMER_PHYS_INTID) {
		return dt_fail(&p->d, t.node, "interrupts",
			       "timers must be PPI 14 (physical) and 11 "
			       "(virtual)");
	}
	return 0;
}

static int parse_pmu(const struct parse *p)
{
	uint32_t node, intid;
	int err = dt_hw_pmu(&p->d, &p->gic, &node, &intid);

	if (!err && intid && intid != VM_PMU_INTID)
		err = dt_fail(&p->d, node, "interrupts",
			      "performance monitors must have PPI 7");
	p->cfg->pmu = !err && intid;
	return err;
}

/* ---------------------------------------------------------------- devices */

static int use_spi(struct parse *p, uint32_t node, uint32_t intid)
{
	if (intid < VM_SPI_FIRST || intid >= VM_SPI_FIRST + VM_SPIS_MAX) {
		return dt_fail(&p->d, node, "interrupts",
			       "INTID %u is not one of the %u SPIs",
			       (unsigned)intid, VM_SPIS_MAX);
	}
	if (intid > p->last_intid)
		p->last_intid = intid;
	return 0;
}

/* PL011 or PL031: one page of registers and one SPI; may be absent. */
static int take_dev(struct parse *p, struct dt_dev *dev, struct vm_range *regs,
		    uint32_t *intid)
{
	if (dev->node == DT_NONE)
		return 0;
	if (!is_aligned(dev->regs.base, PAGE_SIZE) ||
	    dev->regs.size < VM_DEV_SIZE)
		return dt_fail(&p->d, dev->node, "reg",
			       "must be a 4 KiB page at least");
	dev->regs.size = VM_DEV_SIZE;
	*regs = to_ipa(dev->regs);
	*intid = dev->intid;
	return use_spi(p, dev->node, dev->intid);
}

static int parse_devices(struct parse *p)
{
	int err = dt_hw_uart(&p->d, &p->gic, &p->uart);

	if (!err)
		err = take_dev(p, &p->uart, &p->cfg->uart, &p->cfg->uart_intid);
	if (!err)
		err = dt_hw_dev(&p->d, &p->gic, "arm,pl031", &p->rtc);
	if (!err)
		err = take_dev(p, &p->rtc, &p->cfg->rtc, &p->cfg->rtc_intid);
	return err;
}

static uint32_t next_virtio(const struct parse *p, uint32_t from)
{
	return dt_find(&p->d, from, "virtio,mmio");
}

static int parse_slot(struct parse *p, uint32_t node)
{
	struct vm_config *cfg = p->cfg;
	struct dt_range r;
	uint32_t intid;
	unsigned i = cfg->nr_virtio;
	int err = dt_reg(&p->d, node, 0, &r);

	if (!err)
		err = dt_irq(&p->d, node, 0, p->gic.node, &intid);
	if (!err)
		err = use_spi(p, node, intid);
	if (err)
		return err;
	if (r.size < VM_VIRTIO_SIZE || !is_aligned(r.base, 8))
		return dt_fail(&p->d, node, "reg", "must be %#lx bytes",
			       VM_VIRTIO_SIZE);
	for (; i > 0 && cfg->virtio[i - 1].regs.base.v > r.base; i--) {
		cfg->virtio[i] = cfg->virtio[i - 1];
		p->virtio_node[i] = p->virtio_node[i - 1];
	}
	cfg->virtio[i] = (struct vm_virtio){
		.regs = {{r.base}, VM_VIRTIO_SIZE},
		.intid = intid,
	};
	p->virtio_node[i] = node;
	cfg->nr_virtio++;
	return 0;
}

static int parse_virtio(struct parse *p)
{
	unsigned nr = 0;
	uint32_t n;
	int err = 0;

	for (n = next_virtio(p, 0); n != DT_NONE; n = next_virtio(p, n + 1))
		nr++;
	if (nr > VM_SPIS_MAX) {
		return dt_fail(&p->d, DT_ROOT, NULL,
			       "%u nodes virtio,mmio, at most %u", nr,
			       VM_SPIS_MAX);
	}
	p->cfg->virtio = arena_array(p->a, nr, sizeof(*p->cfg->virtio),
				     _Alignof(struct vm_virtio));
	p->virtio_node = arena_array(p->scratch, nr, sizeof(uint32_t),
				     _Alignof(uint32_t));
	if (!p->cfg->virtio || !p->virtio_node)
		return dt_nomem(&p->d);
	for (n = next_virtio(p, 0); !err && n != DT_NONE;
	     n = next_virtio(p, n + 1))
		err = parse_slot(p, n);
	return err;
}

/* ---------------------------------------------------------------- overlap */

/* A device's registers, or one of the GIC's frames, against everything. */
struct claim {
	uint32_t node;
	struct vm_range r;
	uint32_t intid; /* 0: none */
};

struct claims {
	struct claim *c;
	unsigned nr;
};

static void claim(struct claims *l, uint32_t node, struct vm_range r,
		  uint32_t intid)
{
	if (r.size)
		l->c[l->nr++] = (struct claim){node, r, intid};
}

static int list_claims(const struct parse *p, struct claims *l)
{
	const struct vm_config *cfg = p->cfg;
	uint64_t room = 4 + (uint64_t)cfg->nr_gicr + cfg->nr_virtio;

	*l = (struct claims){
		.c = arena_array(p->scratch, room, sizeof(struct claim),
				 _Alignof(struct claim)),
	};
	if (!l->c)
		return dt_nomem(&p->d);
	claim(l, p->gic.node, cfg->gicd, 0);
	for (unsigned i = 0; i < cfg->nr_gicr; i++)
		claim(l, p->gic.node, cfg->gicr[i], 0);
	claim(l, p->its, cfg->its, 0);
	claim(l, p->uart.node, cfg->uart, cfg->uart_intid);
	claim(l, p->rtc.node, cfg->rtc, cfg->rtc_intid);
	for (unsigned i = 0; i < cfg->nr_virtio; i++)
		claim(l, p->virtio_node[i], cfg->virtio[i].regs,
		      cfg->virtio[i].intid);
	return 0;
}

static int check_pair(const struct parse *p, const struct claim *c,
		      const struct claim *other)
{
	if (ranges_overlap(c->r.base.v, c->r.size, other->r.base.v,
			   other->r.size))
		return dt_fail(&p->d, c->node, "reg", "%#lx overlaps node %s",
			       c->r.base.v, p->d.node[other->node].name);
	if (c->intid && c->intid == other->intid) {
		return dt_fail(&p->d, c->node, "interrupts",
			       "INTID %u is also that of node %s",
			       (unsigned)c->intid, p->d.node[other->node].name);
	}
	return 0;
}

static int check_claim(const struct parse *p, const struct claims *l,
		       unsigned nr)
{
	const struct claim *c = &l->c[nr];
	const struct vm_config *cfg = p->cfg;
	int err = 0;

	if ((c->r.base.v + (c->r.size - 1)) >> IPA_BITS)
		return dt_fail(&p->d, c->node, "reg", "%#lx is above 2^%d",
			       c->r.base.v, IPA_BITS);
	for (unsigned i = 0; i < cfg->nr_ram; i++) {
		if (ranges_overlap(c->r.base.v, c->r.size, cfg->ram[i].base.v,
				   cfg->ram[i].size))
			return dt_fail(&p->d, c->node, "reg",
				       "%#lx overlaps RAM", c->r.base.v);
	}
	for (unsigned i = 0; !err && i < nr; i++)
		err = check_pair(p, c, &l->c[i]);
	return err;
}

static int check_overlaps(const struct parse *p)
{
	struct claims l;
	int err = list_claims(p, &l);

	for (unsigned i = 0; !err && i < l.nr; i++)
		err = check_claim(p, &l, i);
	return err;
}

static int parse_tree(struct parse *p)
{
	int err = parse_memory(p);

	if (!err)
		err = parse_cpus(p);
	if (!err)
		err = parse_gic(p);
	if (!err)
		err = parse_its(p);
	if (!err)
		err = parse_timer(p);
	if (!err)
		err = parse_pmu(p);
	if (!err)
		err = parse_devices(p);
	if (!err)
		err = parse_virtio(p);
	p->cfg->nr_spis = vm_config_spis_for(p->last_intid);
	return err ? err : check_overlaps(p);
}

int vm_dt_parse(struct vm_config *cfg, const void *blob, uint64_t max_size,
		struct arena *a, const struct vm_dt_log *log)
{
	struct arena scratch;
	struct parse p = {
		.d = {.label = log->label,
		      .err = log->err,
		      .err_len = log->err_len},
		.cfg = cfg,
		.a = a,
		.scratch = &scratch,
		.last_intid = VM_SPI_FIRST + VM_SPIS_DEFAULT - 1,
	};
	int err;

	arena_init(&scratch, &a->env);
	err = dt_open(&p.d, blob, max_size, &scratch);
	if (!err)
		err = parse_tree(&p);
	arena_destroy(&scratch);
	return err;
}
