/*
 * The manifest as a list: the root node, the names of the VMs, and the fate of
 * each. What one VM node says is read by hyp/manifest_vm.c.
 *
 * Specification: docs/manifest.md.
 * Called by boot/main.c once. No locks.
 */
#include <errno.h>
#include <string.h>

#include <hyp/manifest.h>
#include <hyp/manifest_vm.h>

int manifest_only_props(const struct dt *d, uint32_t n,
			const char *const *known)
{
	struct dt_tag t = dt_props(d, n);

	while (dt_next_prop(d, &t)) {
		const char *const *k = known;

		while (*k && !dt_same(*k, t.name))
			k++;
		if (!*k)
			return dt_fail(d, n, t.name, "unknown property");
	}
	return 0;
}

static int check_root(const struct dt *d)
{
	static const char *const known[] = {"compatible", "#address-cells",
					    "#size-cells", NULL};

	if (!dt_compatible(d, DT_ROOT, "plinth,manifest-1"))
		return dt_fail(d, DT_ROOT, "compatible",
			       "not \"plinth,manifest-1\"");
	if (dt_first_child(d, DT_ROOT) == DT_NONE)
		return dt_fail(d, DT_ROOT, NULL, "no VM");
	return manifest_only_props(d, DT_ROOT, known);
}

static int take_name(const struct manifest_reader *r, uint32_t n,
		     struct manifest_vm *vm)
{
	const char *name = r->d.node[n].name;

	(void)fmt_line(vm->config.name, sizeof(vm->config.name), "%s", name);
	if (strlen(name) >= VM_NAME_MAX)
		return dt_fail(&r->d, n, NULL, "name longer than %d characters",
			       VM_NAME_MAX - 1);
	for (uint32_t other = dt_first_child(&r->d, DT_ROOT); other != n;
	     other = dt_next_sibling(&r->d, other)) {
		if (strcmp(r->d.node[other].name, name) == 0)
			return dt_fail(&r->d, n, NULL,
				       "second VM with this name");
	}
	return 0;
}

static void refuse(struct manifest *m, struct manifest_vm *vm)
{
	struct vm_config none = {0};

	memcpy(none.name, vm->config.name, sizeof(none.name));
	vm->config = none;
	vm->refused = true;
	m->nr_refused++;
	arena_destroy(&vm->arena);
}

static void read_one(struct manifest_reader *r, struct manifest *m, uint32_t n,
		     struct manifest_vm *vm)
{
	int err;

	r->d.err = vm->err;
	r->d.err_len = sizeof(vm->err);
	err = take_name(r, n, vm);
	if (!err && !dt_compatible(&r->d, n, "plinth,vm"))
		err = dt_fail(&r->d, n, "compatible", "not \"plinth,vm\"");
	if (!err)
		err = manifest_read_vm(r, n, vm);
	if (err)
		refuse(m, vm);
}

static int alloc_list(const struct dt *d, struct manifest *m, struct arena *a)
{
	unsigned nr = 0;

	for (uint32_t n = dt_first_child(d, DT_ROOT); n != DT_NONE;
	     n = dt_next_sibling(d, n))
		nr++;
	m->vm = arena_array(a, nr, sizeof(*m->vm),
			    _Alignof(struct manifest_vm));
	return m->vm ? 0 : dt_nomem(d);
}

static int read_list(struct manifest_reader *r, struct manifest *m,
		     struct arena *a)
{
	int err = check_root(&r->d);

	if (!err)
		err = alloc_list(&r->d, m, a);
	if (err)
		return err;
	for (uint32_t n = dt_first_child(&r->d, DT_ROOT); n != DT_NONE;
	     n = dt_next_sibling(&r->d, n)) {
		struct manifest_vm *vm = &m->vm[m->nr_vms];

		arena_init(&vm->arena, &a->env);
		read_one(r, m, n, vm);
		m->nr_vms++;
	}
	return 0;
}

int manifest_parse(struct manifest *m, const void *blob, uint64_t max_size,
		   const struct manifest_host *host, struct arena *a)
{
	struct manifest_reader r = {
		.d = {.label = "manifest",
		      .err = m->err,
		      .err_len = sizeof(m->err)},
		.host = host,
		.m = m,
	};
	struct arena scratch;
	int ret;

	*m = (struct manifest){0};
	arena_init(&scratch, &a->env);
	ret = dt_open(&r.d, blob, max_size, &scratch);
	if (!ret)
		ret = read_list(&r, m, a);
	arena_destroy(&scratch);
	return ret;
}

void manifest_destroy(struct manifest *m)
{
	for (unsigned i = 0; i < m->nr_vms; i++)
		arena_destroy(&m->vm[i].arena);
	*m = (struct manifest){0};
}
