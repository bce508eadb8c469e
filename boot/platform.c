/*
 * Host device tree -> struct platform: takes what hyp/dt_hw.h reads, demands
 * what Plinth cannot do without, and copies it out of the tree.
 *
 * Leaves out: everything that the hypervisor does not drive itself.
 * Specifications: see platform.h.
 * Called by boot/main.c on the boot CPU. No locks.
 */
#include <boot/platform.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/arena.h>
#include <hyp/dt_hw.h>

static int copy_ranges(const struct dt *d, struct arena *a,
		       const struct dt_ranges *in, struct hpa_ranges *out)
{
	out->nr = in->nr;
	out->r = arena_array(a, in->nr, sizeof(*out->r),
			     _Alignof(struct hpa_range));
	if (!out->r)
		return dt_nomem(d);
	for (unsigned i = 0; i < in->nr; i++)
		out->r[i] = (struct hpa_range){{in->r[i].base}, in->r[i].size};
	return 0;
}

static int parse_memory(const struct dt *d, struct platform *p, struct arena *a,
			struct arena *scratch)
{
	struct dt_ranges ram, reserved;
	int err = dt_hw_memory(d, scratch, &ram);

	if (!err)
		err = dt_hw_reserved(d, scratch, &reserved);
	if (!err)
		err = copy_ranges(d, a, &ram, &p->ram);
	if (!err)
		err = copy_ranges(d, a, &reserved, &p->reserved);
	return err;
}

static int parse_cpus(const struct dt *d, struct platform *p, struct arena *a)
{
	static const enum platform_conduit conduits[] = {
		[DT_CONDUIT_NONE] = PLATFORM_CONDUIT_NONE,
		[DT_CONDUIT_SMC] = PLATFORM_CONDUIT_SMC,
		[DT_CONDUIT_HVC] = PLATFORM_CONDUIT_HVC,
	};
	enum dt_conduit conduit = DT_CONDUIT_NONE;
	struct dt_cpus cpus;
	int err = dt_hw_cpus(d, a, &cpus);

	if (!err)
		err = dt_hw_psci(d, &conduit);
	if (err)
		return err;
	if (cpus.nr > 1 && conduit == DT_CONDUIT_NONE) {
		return dt_fail(d, DT_ROOT, NULL,
			       "no node arm,psci-0.2 to start %u CPUs with",
			       cpus.nr);
	}
	p->mpidr = cpus.mpidr;
	p->nr_cpus = cpus.nr;
	p->psci = conduits[conduit];
	return 0;
}

static int parse_gic(const struct dt *d, struct platform *p, struct arena *a,
		     const struct dt_gic *gic)
{
	struct dt_ranges redist = {gic->redist, gic->nr_redist};
	struct hpa_ranges copy;
	int err = copy_ranges(d, a, &redist, &copy);

	if (err)
		return err;
	p->gic = (struct platform_gic){
		.dist = {{gic->dist.base}, gic->dist.size},
		.redist = copy.r,
		.nr_redist = copy.nr,
		.stride = gic->stride,
		.maint_intid = gic->maint_intid,
	};
	return 0;
}

static struct platform_dev device(const struct dt_dev *dev)
{
	return (struct platform_dev){
		.regs = {{dev->regs.base}, dev->regs.size},
		.intid = dev->intid,
	};
}

static int parse_devices(const struct dt *d, struct platform *p,
			 const struct dt_gic *gic)
{
	struct dt_dev uart, rtc;
	int err = dt_hw_uart(d, gic, &uart);

	if (!err && uart.node == DT_NONE)
		err = dt_fail(d, DT_ROOT, NULL, "no enabled node arm,pl011");
	if (!err)
		err = dt_hw_dev(d, gic, "arm,pl031", &rtc);
	if (err)
		return err;
	p->uart = device(&uart);
	p->rtc = device(&rtc);
	return 0;
}

static int parse_timer(const struct dt *d, struct platform *p,
		       const struct dt_gic *gic)
{
	struct dt_timer t;
	int err = dt_hw_timer(d, gic, &t);

	if (err)
		return err;
	if (t.node == DT_NONE)
		return dt_fail(d, DT_ROOT, NULL, "no node arm,armv8-timer");
	if (!t.hyp || !t.virt || !t.phys)
		return dt_fail(d, t.node, "interrupts",
			       "physical, virtual and hypervisor timer wanted");
	p->timer_hyp_intid = t.hyp;
	p->timer_virt_intid = t.virt;
	p->timer_phys_intid = t.phys;
	return 0;
}

static int parse_initrd(const struct dt *d, uint32_t chosen, struct platform *p)
{
	uint64_t start, end;
	int err;

	if (!dt_has(d, chosen, "linux,initrd-start"))
		return 0;
	err = dt_number(d, chosen, "linux,initrd-start", &start);
	if (!err)
		err = dt_number(d, chosen, "linux,initrd-end", &end);
	if (!err && end < start)
		err = dt_fail(d, chosen, "linux,initrd-end",
			      "%#lx is before its start", end);
	if (!err)
		p->initrd = (struct hpa_range){{start}, end - start};
	return err;
}

static void copy_seed(const struct dt *d, uint32_t chosen, struct platform *p)
{
	int len = 0;
	const void *seed = dt_prop(d, chosen, "rng-seed", &len);

	if (!seed)
		return;
	p->rng_seed_len = (unsigned)min_u64((unsigned)len, PLATFORM_SEED_MAX);
	memcpy(p->rng_seed, seed, p->rng_seed_len);
}

static int parse_chosen(const struct dt *d, struct platform *p, struct arena *a)
{
	uint32_t chosen = dt_lookup(d, "/chosen", 7);
	const char *args = "";
	int err = 0;

	if (chosen != DT_NONE) {
		copy_seed(d, chosen, p);
		err = parse_initrd(d, chosen, p);
		if (!err && dt_has(d, chosen, "bootargs"))
			err = dt_string(d, chosen, "bootargs", &args);
	}
	if (err)
		return err;
	p->bootargs = arena_strdup(a, args);
	return p->bootargs ? 0 : dt_nomem(d);
}

static int parse_tree(const struct dt *d, struct platform *p, struct arena *a,
		      struct arena *scratch)
{
	uint32_t pmu;
	struct dt_gic gic;
	int err = parse_memory(d, p, a, scratch);

	if (!err)
		err = parse_cpus(d, p, a);
	if (!err)
		err = dt_hw_gic(d, scratch, &gic);
	if (!err)
		err = parse_gic(d, p, a, &gic);
	if (!err)
		err = parse_devices(d, p, &gic);
	if (!err)
		err = parse_timer(d, p, &gic);
	if (!err)
		err = dt_hw_pmu(d, &gic, &pmu, &p->pmu_intid);
	return err ? err : parse_chosen(d, p, a);
}

int platform_parse(struct platform *p, const struct dt *tree, struct arena *a,
		   char *err, size_t err_len)
{
	struct dt d = *tree;
	struct arena scratch;
	int ret;

	d.label = "host device tree";
	d.err = err;
	d.err_len = err_len;
	*p = (struct platform){0};
	arena_init(&scratch, &a->env);
	ret = dt_index(&d, &scratch);
	if (!ret)
		ret = parse_tree(&d, p, a, &scratch);
	arena_destroy(&scratch);
	return ret;
}

/* ---------------------------------------------------- whose tree is this? */

/* What is known while the tags go by, root's first. */
struct look {
	uint64_t image;
	uint32_t ac, sc;   /* cells of addresses and sizes at the root */
	unsigned depth;    /* of the node being read; the root's is 1 */
	bool memory;       /* it is one that describes RAM, */
	struct dt_tag reg; /* and this is where, if len is not 0 */
	bool manifest;     /* a tree of ours */
	bool found;
};

/* Whether the node that ends here has the image in its RAM. */
static bool memory_holds(const struct look *l)
{
	const uint32_t *p = (const uint32_t *)(const void *)l->reg.value;
	uint32_t nr;

	if (!l->memory || l->ac - 1 > 1 || l->sc - 1 > 1)
		return false;
	for (nr = l->reg.len / (4 * (l->ac + l->sc)); nr > 0; nr--) {
		uint64_t base = dt_take(&p, l->ac);
		uint64_t size = dt_take(&p, l->sc);

		if (range_within(l->image, 1, base, size))
			return true;
	}
	return false;
}

static void look_at_root(struct look *l, const struct dt_tag *t)
{
	const uint32_t *cell = (const uint32_t *)(const void *)t->value;

	if (dt_same(t->name, "compatible")) {
		l->manifest =
			dt_list_has(t->value, t->len, "plinth,manifest-1");
	} else if (t->len == 4 && dt_same(t->name, "#address-cells")) {
		l->ac = dt_cell(cell);
	} else if (t->len == 4 && dt_same(t->name, "#size-cells")) {
		l->sc = dt_cell(cell);
	}
}

static void look_at_prop(struct look *l, const struct dt_tag *t)
{
	if (l->depth == 1)
		look_at_root(l, t);
	else if (dt_same(t->name, "reg"))
		l->reg = *t;
	else if (dt_same(t->name, "device_type"))
		l->memory = t->len == 7 && memcmp(t->value, "memory", 7) == 0;
}

static void look_at(struct look *l, const struct dt_tag *t)
{
	switch (t->what) {
	case FDT_PROP:
		look_at_prop(l, t);
		break;
	case FDT_BEGIN_NODE: /* where the properties of its parent end */
	case FDT_END_NODE:
		l->found |= memory_holds(l);
		l->memory = false;
		l->reg.len = 0;
		if (t->what == FDT_BEGIN_NODE)
			l->depth++;
		else
			l->depth--;
		break;
	default:
		break;
	}
}

/* Runs before there is memory for an index. */
bool platform_is_host_tree(struct dt *tree, const void *fdt, uint64_t max_size,
			   hpa_t image)
{
	char line[FMT_LINE_MAX];
	struct look l = {.image = image.v, .ac = 2, .sc = 1};
	struct dt_tag t;
	bool sound;

	*tree = (struct dt){.err = line, .err_len = sizeof(line)};
	sound = dt_check(tree, fdt, max_size) == 0;
	tree->err = NULL;
	tree->err_len = 0;
	if (!sound)
		return false;
	t = dt_tags(tree);
	do {
		dt_tag_next(tree, &t);
		look_at(&l, &t);
	} while (t.what != FDT_END && !l.found);
	return l.found && !l.manifest;
}
