/*
 * CPUs, GICv3, PL011, architected timer and PSCI of a device tree, host's or
 * guest's.
 *
 * Leaves out: memory (hyp/dt_mem.c); GIC ITS, MSI frames, CPU topology and
 * idle states.
 * Specifications: Devicetree Specification 0.4 (/cpus, /chosen); bindings
 * arm,gic-v3, arm,armv8-timer, arm,pl011, arm,psci; Arm ARM DDI 0487,
 * MPIDR_EL1; PSCI DEN 0022.
 * Called by boot/platform.c and hyp/vm_dt_parse.c. No locks.
 */
#include <string.h>

#include <base/bits.h>

#include <hyp/arena.h>
#include <hyp/dt_hw.h>

#define MPIDR_AFF (GENMASK(39, 32) | GENMASK(23, 0))

/* ------------------------------------------------------------------- CPUs */

static bool is_cpu(const struct dt *d, uint32_t n)
{
	const char *type;
	int len = 0;

	type = dt_prop(d, n, "device_type", &len);
	return type && len == 4 && memcmp(type, "cpu", 4) == 0 &&
	       dt_enabled(d, n);
}

/* The first CPU node after `n`, a child of `cpus`; or the first of all. */
static uint32_t next_cpu(const struct dt *d, uint32_t cpus, uint32_t n)
{
	n = n == DT_NONE ? dt_first_child(d, cpus) : dt_next_sibling(d, n);
	while (n != DT_NONE && !is_cpu(d, n))
		n = dt_next_sibling(d, n);
	return n;
}

/* reg of a CPU has no size and no bus above that would translate it. */
static int cpu_mpidr(const struct dt *d, uint32_t n, uint64_t *mpidr)
{
	int err = dt_number(d, n, "reg", mpidr);

	if (!err && (*mpidr & ~MPIDR_AFF))
		err = dt_fail(d, n, "reg", "%#lx is no MPIDR affinity", *mpidr);
	return err;
}

static int check_enable_method(const struct dt *d, uint32_t n)
{
	const char *method;
	int err = dt_string(d, n, "enable-method", &method);

	if (!err && strcmp(method, "psci") != 0)
		err = dt_fail(d, n, "enable-method", "must be \"psci\"");
	return err;
}

static int add_cpu(const struct dt *d, uint32_t n, struct dt_cpus *out,
		   unsigned total)
{
	uint64_t mpidr;
	int err = cpu_mpidr(d, n, &mpidr);

	if (!err && total > 1)
		err = check_enable_method(d, n);
	if (err)
		return err;
	for (unsigned i = 0; i < out->nr; i++) {
		if (out->mpidr[i] == mpidr)
			return dt_fail(d, n, "reg", "%#lx is there twice",
				       mpidr);
	}
	out->mpidr[out->nr++] = mpidr;
	return 0;
}

int dt_hw_cpus(const struct dt *d, struct arena *a, struct dt_cpus *out)
{
	uint32_t cpus = dt_lookup(d, "/cpus", 5);
	unsigned total = 0;
	uint32_t n = DT_NONE;
	int err = 0;

	if (cpus == DT_NONE)
		return dt_fail(d, DT_ROOT, NULL, "no node cpus");
	while ((n = next_cpu(d, cpus, n)) != DT_NONE)
		total++;
	if (total == 0)
		return dt_fail(d, cpus, NULL, "no enabled CPU");
	*out = (struct dt_cpus){
		.mpidr = arena_array(a, total, sizeof(uint64_t),
				     _Alignof(uint64_t)),
	};
	if (!out->mpidr)
		return dt_nomem(d);
	while (!err && (n = next_cpu(d, cpus, n)) != DT_NONE)
		err = add_cpu(d, n, out, total);
	return err;
}

/* -------------------------------------------------------------------- GIC */

static int find_gic(const struct dt *d, uint32_t *node)
{
	static const char *const older[] = {
		"arm,gic-400",
		"arm,cortex-a15-gic",
		"arm,cortex-a9-gic",
	};

	*node = dt_find(d, DT_ROOT, "arm,gic-v3");
	for (size_t i = 0; *node == DT_NONE && i < ARRAY_SIZE(older); i++) {
		uint32_t n = dt_find(d, DT_ROOT, older[i]);

		if (n != DT_NONE) {
			return dt_fail(d, n, "compatible",
				       "%s is not supported, only arm,gic-v3",
				       older[i]);
		}
	}
	if (*node == DT_NONE)
		return dt_fail(d, DT_ROOT, NULL, "no node arm,gic-v3");
	return 0;
}

static int redist_regions(const struct dt *d, struct arena *a,
			  struct dt_gic *gic)
{
	uint32_t nr = 1, count;
	int err = dt_reg_count(d, gic->node, &count);

	if (!err && dt_has(d, gic->node, "#redistributor-regions"))
		err = dt_u32(d, gic->node, "#redistributor-regions", &nr);
	if (err)
		return err;
	if (nr == 0 || nr > count - 1) {
		return dt_fail(d, gic->node, "reg",
			       "%u entries, too few for the distributor and %u "
			       "redistributor regions",
			       (unsigned)count, (unsigned)nr);
	}
	gic->redist = arena_array(a, nr, sizeof(*gic->redist),
				  _Alignof(struct dt_range));
	if (!gic->redist)
		return dt_nomem(d);
	for (; !err && gic->nr_redist < nr; gic->nr_redist++)
		err = dt_reg(d, gic->node, gic->nr_redist + 1,
			     &gic->redist[gic->nr_redist]);
	return err;
}

/* GICv3: a distributor is 64 KiB, a redistributor at least 128 KiB. */
static int check_frames(const struct dt *d, const struct dt_gic *gic)
{
	bool bad = gic->dist.size < KIB(64) ||
		   !is_aligned(gic->dist.base, KIB(64));

	for (unsigned i = 0; i < gic->nr_redist; i++)
		bad |= gic->redist[i].size < KIB(128) ||
		       !is_aligned(gic->redist[i].base, KIB(64));
	if (bad)
		return dt_fail(d, gic->node, "reg",
			       "a frame is too small or not 64 KiB aligned");
	return 0;
}

static int redist_stride(const struct dt *d, struct dt_gic *gic)
{
	int err;

	if (!dt_has(d, gic->node, "redistributor-stride"))
		return 0;
	err = dt_number(d, gic->node, "redistributor-stride", &gic->stride);
	if (!err && (!is_aligned(gic->stride, KIB(64)) ||
		     (gic->stride && gic->stride < KIB(128)))) {
		err = dt_fail(d, gic->node, "redistributor-stride",
			      "%#lx is no stride of redistributors",
			      gic->stride);
	}
	return err;
}

int dt_hw_gic(const struct dt *d, struct arena *a, struct dt_gic *out)
{
	int err;

	*out = (struct dt_gic){0};
	err = find_gic(d, &out->node);
	if (!err)
		err = dt_reg(d, out->node, 0, &out->dist);
	if (!err)
		err = redist_regions(d, a, out);
	if (!err)
		err = check_frames(d, out);
	if (!err)
		err = redist_stride(d, out);
	if (!err && dt_has(d, out->node, "interrupts"))
		err = dt_irq(d, out->node, 0, out->node, &out->maint_intid);
	return err;
}

/* ---------------------------------------------------------------- devices */

static int read_dev(const struct dt *d, const struct dt_gic *gic, uint32_t n,
		    struct dt_dev *out)
{
	int err;

	*out = (struct dt_dev){.node = n};
	if (n == DT_NONE)
		return 0;
	err = dt_reg(d, n, 0, &out->regs);
	if (!err && out->regs.size == 0)
		err = dt_fail(d, n, "reg", "size is 0");
	return err ? err : dt_irq(d, n, 0, gic->node, &out->intid);
}

int dt_hw_dev(const struct dt *d, const struct dt_gic *gic,
	      const char *compatible, struct dt_dev *out)
{
	return read_dev(d, gic, dt_find(d, DT_ROOT, compatible), out);
}

/* stdout-path is a path or alias, then perhaps a colon and options. */
static uint32_t stdout_node(const struct dt *d)
{
	uint32_t chosen = dt_lookup(d, "/chosen", 7);
	const char *path, *colon;
	int len = 0;

	if (chosen == DT_NONE)
		return DT_NONE;
	path = dt_prop(d, chosen, "stdout-path", &len);
	if (!path || len < 2)
		return DT_NONE;
	len = (int)strnlen(path, (size_t)len);
	colon = memchr(path, ':', (size_t)len);
	return dt_lookup(d, path, colon ? (size_t)(colon - path) : (size_t)len);
}

int dt_hw_uart(const struct dt *d, const struct dt_gic *gic, struct dt_dev *out)
{
	uint32_t n = stdout_node(d);

	if (n == DT_NONE || !dt_compatible(d, n, "arm,pl011") ||
	    !dt_enabled(d, n))
		n = dt_find(d, DT_ROOT, "arm,pl011");
	return read_dev(d, gic, n, out);
}

/* ------------------------------------------------------------------ timer */

/* One interrupt, by its name where the node has names; absent gives 0. */
static int timer_irq(const struct dt *d, const struct dt_gic *gic,
		     const struct dt_timer *t, const char *name, uint32_t pos,
		     uint32_t *intid)
{
	*intid = 0;
	if (dt_has(d, t->node, "interrupt-names")) {
		int at = dt_string_idx(d, t->node, "interrupt-names", name);

		if (at < 0)
			return 0;
		pos = (uint32_t)at;
	}
	return dt_irq(d, t->node, pos, gic->node, intid);
}

int dt_hw_timer(const struct dt *d, const struct dt_gic *gic,
		struct dt_timer *out)
{
	int len = 0;
	int err;

	*out = (struct dt_timer){.node = dt_find(d, 0, "arm,armv8-timer")};
	if (out->node == DT_NONE)
		return 0;
	err = timer_irq(d, gic, out, "phys", 1, &out->phys);
	if (!err)
		err = timer_irq(d, gic, out, "virt", 2, &out->virt);
	/* A tree for an EL1 guest may end with the virtual timer. */
	if (!err && dt_prop(d, out->node, "interrupts", &len) && len > 36)
		err = timer_irq(d, gic, out, "hyp-phys", 3, &out->hyp);
	return err;
}

/* -------------------------------------------------------------------- PMU */

int dt_hw_pmu(const struct dt *d, const struct dt_gic *gic, uint32_t *node,
	      uint32_t *intid)
{
	*intid = 0;
	*node = dt_find(d, 0, "arm,armv8-pmuv3");
	return *node == DT_NONE ? 0 : dt_irq(d, *node, 0, gic->node, intid);
}

/* ------------------------------------------------------------------- PSCI */

int dt_hw_psci(const struct dt *d, enum dt_conduit *out)
{
	uint32_t n = dt_find(d, DT_ROOT, "arm,psci-0.2");
	const char *method;
	int err;

	*out = DT_CONDUIT_NONE;
	if (n == DT_NONE)
		n = dt_find(d, DT_ROOT, "arm,psci-1.0");
	if (n == DT_NONE)
		return 0;
	err = dt_string(d, n, "method", &method);
	if (err)
		return err;
	if (strcmp(method, "smc") == 0)
		*out = DT_CONDUIT_SMC;
	else if (strcmp(method, "hvc") == 0)
		*out = DT_CONDUIT_HVC;
	else
		err = dt_fail(d, n, "method", "must be \"smc\" or \"hvc\"");
	return err;
}
