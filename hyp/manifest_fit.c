/*
 * Whether a VM of a manifest fits onto this machine and beside the VMs before
 * it: CPUs, RAM, and modules that would share bytes which somebody writes.
 *
 * Leaves out: whether the RAM is free when the VM starts; the page allocator
 * knows that.
 * Specification: docs/manifest.md.
 * Called by hyp/manifest_vm.c. No locks.
 */
#include <hyp/manifest_vm.h>

/* The VM that is being checked. */
struct fit {
	const struct manifest_reader *r;
	uint32_t n; /* its node */
	const struct vm_config *cfg;
};

static int check_host(const struct fit *f)
{
	const struct manifest_host *host = f->r->host;
	uint64_t machine = 0;

	for (unsigned i = 0; i < host->ram.nr; i++)
		machine += host->ram.r[i].size;
	if (vm_config_ram_size(f->cfg) > machine) {
		return dt_fail(&f->r->d, f->n, "memory",
			       "%lu MiB, but the machine has %lu MiB",
			       vm_config_ram_size(f->cfg) >> 20, machine >> 20);
	}
	return 0;
}

/* ---------------------------------------------------------------- overlap */

#define SINGLE_MODULES 3 /* kernel, initrd, dtb */

/* The i-th module of a VM, NULL after the last; its size may be 0. */
static const struct vm_module *module_at(const struct vm_config *cfg,
					 unsigned i)
{
	const struct vm_module *const single[SINGLE_MODULES] = {
		&cfg->kernel, &cfg->initrd, &cfg->dtb};

	if (i < SINGLE_MODULES)
		return single[i];
	i -= SINGLE_MODULES;
	return i < cfg->nr_virtio ? &cfg->virtio[i].backing : NULL;
}

/* Whether the guest may write to it. */
static bool module_writable(const struct vm_config *cfg, unsigned i)
{
	return i >= SINGLE_MODULES &&
	       !cfg->virtio[i - SINGLE_MODULES].read_only;
}

/* Two VMs may use the very same bytes, as long as nobody writes them. */
static bool may_share(const struct vm_config *a, unsigned i,
		      const struct vm_config *b, unsigned j)
{
	const struct vm_module *x = module_at(a, i);
	const struct vm_module *y = module_at(b, j);

	return a != b && x->base.v == y->base.v && x->size == y->size &&
	       !module_writable(a, i) && !module_writable(b, j);
}

/* Module i of this VM against the first `end` modules of another, or itself. */
static int check_against(const struct fit *f, unsigned i,
			 const struct vm_config *other, unsigned end)
{
	const struct vm_module *mod = module_at(f->cfg, i);
	const struct vm_module *o;

	for (unsigned j = 0; j < end && (o = module_at(other, j)); j++) {
		if (!o->size ||
		    !ranges_overlap(mod->base.v, mod->size, o->base.v,
				    o->size) ||
		    may_share(f->cfg, i, other, j))
			continue;
		return dt_fail(&f->r->d, dt_child(&f->r->d, f->n, mod->node),
			       "reg", "%#lx + %#lx overlaps /%s/%s",
			       mod->base.v, mod->size, other->name, o->node);
	}
	return 0;
}

static int check_module(const struct fit *f, unsigned i)
{
	const struct manifest *m = f->r->m;
	int err = check_against(f, i, f->cfg, i);

	for (unsigned k = 0; !err && k < m->nr_vms; k++)
		if (!m->vm[k].refused)
			err = check_against(f, i, &m->vm[k].config, UINT32_MAX);
	return err;
}

static int check_modules(const struct fit *f)
{
	const struct vm_module *mod;
	int err = 0;

	for (unsigned i = 0; !err && (mod = module_at(f->cfg, i)); i++)
		if (mod->size)
			err = check_module(f, i);
	return err;
}

int manifest_check_fit(const struct manifest_reader *r, uint32_t n,
		       const struct vm_config *cfg)
{
	const struct fit f = {r, n, cfg};
	int err = check_host(&f);

	return err ? err : check_modules(&f);
}
