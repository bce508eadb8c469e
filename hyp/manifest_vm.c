/*
 * One VM node of a manifest -> struct vm_config: numbers, boot arguments,
 * modules; hardware by default or from the device tree that the guest brings.
 *
 * Leaves out: the list of VMs (hyp/manifest.c); whether VMs fit beside each
 * other and onto the machine (hyp/manifest_fit.c).
 * Specification: docs/manifest.md.
 * Called by hyp/manifest.c. No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/manifest_vm.h>
#include <hyp/vm_dt.h>

/* The properties of a VM node that hold one number. */
enum ask {
	ASK_CPUS,
	ASK_MEMORY,
	ASK_MEMORY_BASE,
	ASK_SPIS,
	ASK_SLOTS,
	ASK_NR
};

static const struct {
	const char *name;
	unsigned cells;
} ask_props[ASK_NR] = {
	[ASK_CPUS] = {"cpus", 1},
	[ASK_MEMORY] = {"memory", 2},
	[ASK_MEMORY_BASE] = {"memory-base", 2},
	[ASK_SPIS] = {"spis", 1},
	[ASK_SLOTS] = {"virtio-slots", 1},
};

static const char *const vm_props[] = {
	"compatible",
	"#address-cells",
	"#size-cells",
	"cpus",
	"memory",
	"memory-base",
	"bootargs",
	"spis",
	"virtio-slots",
	"its",
	"pcpus",
	"weight",
	"reservation",
	"console",
	"images",
	"populate",
	"overcommit",
	"restart",
	"restart-delay",
	"no-autostart",
	"watchdog",
	"virtio-console",
	NULL,
};

/* Slots that leave an SPI for each; see VM_VIRTIO_INTID. */
#define SLOTS_MAX (VM_SPI_FIRST + VM_SPIS_MAX - VM_VIRTIO_INTID(0))

/* A VM node while it is being read. */
struct vm_node {
	const struct manifest_reader *r;
	const struct dt *d;
	uint32_t n;
	struct manifest_vm *vm;
	struct vm_config *cfg;
	bool its, watchdog, console;
	bool has[ASK_NR];
	uint64_t ask[ASK_NR];
	struct vm_virtio *disk; /* only backing and read_only are set */
	unsigned nr_disks;
};

PRINTF_LIKE(3, 4)
static int bad_ask(const struct vm_node *v, enum ask what, const char *fmt, ...)
{
	char reason[FMT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)fmt_vline(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return dt_fail(v->d, v->n, ask_props[what].name, "%s", reason);
}

/* ------------------------------------------------------------- properties */

static int read_number(struct vm_node *v, enum ask i)
{
	uint32_t cell;
	int err;

	v->has[i] = dt_has(v->d, v->n, ask_props[i].name);
	if (!v->has[i])
		return 0;
	if (ask_props[i].cells == 2)
		return dt_u64(v->d, v->n, ask_props[i].name, &v->ask[i]);
	err = dt_u32(v->d, v->n, ask_props[i].name, &cell);
	if (!err)
		v->ask[i] = cell;
	return err;
}

static int read_bootargs(struct vm_node *v)
{
	const char *args;
	int err;

	if (!dt_has(v->d, v->n, "bootargs"))
		return 0;
	err = dt_string(v->d, v->n, "bootargs", &args);
	if (err)
		return err;
	v->cfg->bootargs = arena_strdup(&v->vm->arena, args);
	return v->cfg->bootargs ? 0 : dt_nomem(v->d);
}

static bool is_console_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return false;
	return len > 0 && len < VM_NAME_MAX;
}

/* Its lines are told apart by it. */
static int read_console(struct vm_node *v)
{
	const struct manifest *m = v->r->m;
	const char *name = v->cfg->name;
	int err = 0;

	if (dt_has(v->d, v->n, "console"))
		err = dt_string(v->d, v->n, "console", &name);
	if (err)
		return err;
	if (!is_console_name(name)) {
		return dt_fail(v->d, v->n, "console",
			       "is not 1 to %d printable characters",
			       VM_NAME_MAX - 1);
	}
	for (unsigned i = 0; i < m->nr_vms; i++) {
		if (strcmp(m->vm[i].config.console, name) == 0) {
			return dt_fail(v->d, v->n, "console",
				       "%s is the console of %s", name,
				       m->vm[i].config.name);
		}
	}
	(void)fmt_line(v->cfg->console, sizeof(v->cfg->console), "%s", name);
	return 0;
}

static int read_flag(struct vm_node *v, const char *name, bool *set)
{
	int len = 0;

	*set = dt_prop(v->d, v->n, name, &len) != NULL;
	return len > 0 ? dt_fail(v->d, v->n, name, "must be empty") : 0;
}

/* The children's reg is two cells and two cells; a node may say so. */
static int check_cells(const struct vm_node *v, const char *prop)
{
	uint32_t cells;
	int err = dt_cells(v->d, v->n, prop, 2, &cells);

	if (!err && cells != 2)
		err = dt_fail(v->d, v->n, prop, "must be 2");
	return err;
}

static int read_props(struct vm_node *v)
{
	int err = manifest_only_props(v->d, v->n, vm_props);

	if (!err)
		err = check_cells(v, "#address-cells");
	if (!err)
		err = check_cells(v, "#size-cells");
	for (unsigned i = 0; !err && i < ASK_NR; i++)
		err = read_number(v, i);
	if (!err)
		err = read_flag(v, "its", &v->its);
	if (!err)
		err = read_flag(v, "watchdog", &v->watchdog);
	if (!err)
		err = read_flag(v, "virtio-console", &v->console);
	if (!err)
		err = read_console(v);
	if (!err)
		err = manifest_read_share(v->r, v->n, v->vm);
	if (!err)
		err = manifest_read_memory(v->r, v->n, v->vm);
	if (!err)
		err = manifest_read_life(v->r, v->n, v->cfg);
	return err ? err : read_bootargs(v);
}

/* ---------------------------------------------------------------- modules */

static int read_module(struct vm_node *v, uint32_t n, struct vm_module *mod)
{
	const struct manifest_host *host = v->r->host;
	const struct hpa_range *hit;
	const uint32_t *reg;
	int len = 0;

	if (dt_first_child(v->d, n) != DT_NONE)
		return dt_fail(v->d, dt_first_child(v->d, n), NULL,
			       "unknown node");
	reg = dt_prop(v->d, n, "reg", &len);
	if (!reg)
		return dt_fail(v->d, n, "reg", "missing");
	if (len != 16)
		return dt_fail(v->d, n, "reg", "is %d bytes long, must be 16",
			       len);
	mod->base.v = dt_take(&reg, 2);
	mod->size = dt_take(&reg, 2);
	if (range_bad(mod->base.v, mod->size))
		return dt_fail(v->d, n, "reg", "%#lx + %#lx is empty or wraps",
			       mod->base.v, mod->size);
	if (!hpa_ranges_hold(&host->ram, mod->base, mod->size)) {
		return dt_fail(v->d, n, "reg",
			       "%#lx + %#lx is not in the machine's RAM",
			       mod->base.v, mod->size);
	}
	hit = hpa_ranges_touch(&host->taken, mod->base, mod->size);
	if (hit) {
		return dt_fail(v->d, n, "reg",
			       "%#lx + %#lx overlaps Plinth's own %#lx + %#lx",
			       mod->base.v, mod->size, hit->base.v, hit->size);
	}
	mod->node = arena_strdup(&v->vm->arena, v->d->node[n].name);
	return mod->node ? 0 : dt_nomem(v->d);
}

static int read_disk(struct vm_node *v, uint32_t n)
{
	static const char *const known[] = {"compatible", "reg", "read-only",
					    NULL};
	struct vm_virtio *disk = &v->disk[v->nr_disks++];
	int len = 0;
	int err = manifest_only_props(v->d, n, known);

	disk->kind = VM_VIRTIO_BLK;
	disk->read_only = dt_prop(v->d, n, "read-only", &len) != NULL;
	if (!err && len > 0)
		err = dt_fail(v->d, n, "read-only", "must be empty");
	return err ? err : read_module(v, n, &disk->backing);
}

/* kernel, initrd and dtb: at most one each. */
static int read_single(struct vm_node *v, uint32_t n, struct vm_module *mod)
{
	static const char *const known[] = {"compatible", "reg", NULL};
	int err;

	if (mod->size)
		return dt_fail(v->d, n, "compatible", "there is already %s",
			       mod->node);
	err = manifest_only_props(v->d, n, known);
	return err ? err : read_module(v, n, mod);
}

static int read_child(struct vm_node *v, uint32_t n)
{
	if (dt_compatible(v->d, n, "plinth,kernel"))
		return read_single(v, n, &v->cfg->kernel);
	if (dt_compatible(v->d, n, "plinth,initrd"))
		return read_single(v, n, &v->cfg->initrd);
	if (dt_compatible(v->d, n, "plinth,dtb"))
		return read_single(v, n, &v->cfg->dtb);
	if (dt_compatible(v->d, n, "plinth,disk"))
		return read_disk(v, n);
	return dt_fail(v->d, n, "compatible", "unknown node");
}

static int read_modules(struct vm_node *v)
{
	unsigned nr = 0;
	uint32_t n;
	int err = 0;

	for (n = dt_first_child(v->d, v->n); n != DT_NONE;
	     n = dt_next_sibling(v->d, n))
		nr++;
	v->disk = arena_array(&v->vm->arena, nr, sizeof(*v->disk),
			      _Alignof(struct vm_virtio));
	if (!v->disk)
		return dt_nomem(v->d);
	for (n = dt_first_child(v->d, v->n); !err && n != DT_NONE;
	     n = dt_next_sibling(v->d, n))
		err = read_child(v, n);
	if (!err && !v->cfg->kernel.size)
		err = dt_fail(v->d, v->n, NULL, "no node plinth,kernel");
	return err;
}

/* --------------------------------------------------------------- hardware */

static int check_spis(const struct vm_node *v)
{
	uint64_t spis = v->ask[ASK_SPIS];

	if (v->has[ASK_SPIS] &&
	    (spis == 0 || spis > VM_SPIS_MAX || !is_aligned(spis, 32))) {
		return bad_ask(v, ASK_SPIS,
			       "%lu is no multiple of 32 from 32 to %u", spis,
			       VM_SPIS_MAX);
	}
	return 0;
}

static int check_cpus(const struct vm_node *v)
{
	uint64_t cpus = v->ask[ASK_CPUS];

	if (!v->has[ASK_CPUS])
		return bad_ask(v, ASK_CPUS, "missing");
	if (cpus == 0 || cpus > VM_VCPUS_MAX)
		return bad_ask(v, ASK_CPUS, "%lu is not from 1 to %u", cpus,
			       VM_VCPUS_MAX);
	return 0;
}

static int check_memory(const struct vm_node *v)
{
	uint64_t size = v->ask[ASK_MEMORY];
	uint64_t base = v->ask[ASK_MEMORY_BASE];

	if (!v->has[ASK_MEMORY])
		return bad_ask(v, ASK_MEMORY, "missing");
	if (size == 0 || !is_aligned(size, VM_RAM_ALIGN))
		return bad_ask(v, ASK_MEMORY,
			       "%#lx is no multiple of 2 MiB above 0", size);
	if (!is_aligned(base, VM_RAM_ALIGN) || base < VM_DEVICES_END) {
		return bad_ask(v, ASK_MEMORY_BASE,
			       "%#lx is no multiple of 2 MiB from %#lx on",
			       base, VM_DEVICES_END);
	}
	if (!range_within(base, size, 0, VM_RAM_END))
		return bad_ask(v, ASK_MEMORY, "%#lx + %#lx ends above %#lx",
			       base, size, VM_RAM_END);
	return 0;
}

/* Slots with a device: the disks', then the console's. */
static unsigned devices(const struct vm_node *v)
{
	return v->nr_disks + v->console;
}

static const char *and_console(const struct vm_node *v)
{
	return v->console ? " and a console" : "";
}

static int check_slots(const struct vm_node *v)
{
	uint64_t slots = v->ask[ASK_SLOTS];

	if (slots > SLOTS_MAX)
		return bad_ask(v, ASK_SLOTS, "%lu, at most %u", slots,
			       SLOTS_MAX);
	if (slots < devices(v))
		return bad_ask(v, ASK_SLOTS, "%lu, but there are %u disks%s",
			       slots, v->nr_disks, and_console(v));
	if (v->has[ASK_SPIS] &&
	    v->ask[ASK_SPIS] < vm_config_spis_needed((unsigned)slots)) {
		return bad_ask(v, ASK_SPIS, "%lu, but %lu virtio slots need %u",
			       v->ask[ASK_SPIS], slots,
			       vm_config_spis_needed((unsigned)slots));
	}
	return 0;
}

static int default_hw(struct vm_node *v)
{
	struct vm_hw hw;
	int err;

	if (!v->has[ASK_MEMORY_BASE])
		v->ask[ASK_MEMORY_BASE] = VM_RAM_BASE;
	if (!v->has[ASK_SLOTS])
		v->ask[ASK_SLOTS] = devices(v);
	err = check_cpus(v);
	if (!err)
		err = check_memory(v);
	if (!err)
		err = check_slots(v);
	if (err)
		return err;
	hw = (struct vm_hw){
		.nr_vcpus = (unsigned)v->ask[ASK_CPUS],
		.ram_base = {v->ask[ASK_MEMORY_BASE]},
		.ram_size = v->ask[ASK_MEMORY],
		.nr_virtio = (unsigned)v->ask[ASK_SLOTS],
		.nr_spis = vm_config_spis_needed((unsigned)v->ask[ASK_SLOTS]),
		.pmu = v->r->host->pmu,
		.its = v->its,
		.watchdog = v->watchdog,
	};
	if (v->has[ASK_SPIS])
		hw.nr_spis = (unsigned)v->ask[ASK_SPIS];
	err = vm_config_default_hw(v->cfg, &hw, &v->vm->arena);
	return err ? dt_nomem(v->d) : 0;
}

/* The manifest and the guest's tree may both say a thing, not two things. */
static int check_agreement(const struct vm_node *v)
{
	const struct vm_config *cfg = v->cfg;
	const uint64_t says[ASK_NR] = {
		[ASK_CPUS] = cfg->nr_vcpus,
		[ASK_MEMORY] = vm_config_ram_size(cfg),
		[ASK_MEMORY_BASE] = cfg->ram[0].base.v,
		[ASK_SLOTS] = cfg->nr_virtio,
	};

	for (unsigned i = 0; i < ASK_NR; i++) {
		if (i != ASK_SPIS && v->has[i] && v->ask[i] != says[i]) {
			return bad_ask(v, i,
				       ask_props[i].cells == 2
					       ? "%#lx, but %s says %#lx"
					       : "%lu, but %s says %lu",
				       v->ask[i], cfg->dtb.node, says[i]);
		}
	}
	if (v->has[ASK_SPIS] && v->ask[ASK_SPIS] < cfg->nr_spis)
		return bad_ask(v, ASK_SPIS, "%lu, but %s needs %u",
			       v->ask[ASK_SPIS], cfg->dtb.node, cfg->nr_spis);
	if (v->its && !cfg->its.size) {
		return dt_fail(v->d, v->n, "its",
			       "but %s has no node arm,gic-v3-its",
			       cfg->dtb.node);
	}
	if (v->watchdog) {
		return dt_fail(v->d, v->n, "watchdog",
			       "but %s says what hardware there is",
			       cfg->dtb.node);
	}
	if (cfg->nr_virtio < devices(v)) {
		return dt_fail(v->d, v->n, NULL,
			       "%u disks%s, but %s has %u nodes virtio,mmio",
			       v->nr_disks, and_console(v), cfg->dtb.node,
			       cfg->nr_virtio);
	}
	return 0;
}

static int hw_from_dtb(struct vm_node *v)
{
	char label[96];
	struct vm_dt_log log = {label, v->d->err, v->d->err_len};
	const struct vm_module *dtb = &v->cfg->dtb;
	int err;

	(void)fmt_line(label, sizeof(label), "%s: /%s/%s", v->d->label,
		       v->cfg->name, dtb->node);
	err = vm_dt_parse(v->cfg, hpa_ptr(dtb->base), dtb->size, &v->vm->arena,
			  &log);
	if (!err)
		err = check_agreement(v);
	if (!err && v->has[ASK_SPIS])
		v->cfg->nr_spis = (unsigned)v->ask[ASK_SPIS];
	return err;
}

static void attach_devices(struct vm_node *v)
{
	if (v->console)
		v->cfg->virtio[v->nr_disks].kind = VM_VIRTIO_CONSOLE;
	for (unsigned i = 0; i < v->nr_disks; i++) {
		v->cfg->virtio[i].kind = v->disk[i].kind;
		v->cfg->virtio[i].backing = v->disk[i].backing;
		v->cfg->virtio[i].read_only = v->disk[i].read_only;
	}
}

int manifest_read_vm(const struct manifest_reader *r, uint32_t n,
		     struct manifest_vm *vm)
{
	struct vm_node v = {
		.r = r, .d = &r->d, .n = n, .vm = vm, .cfg = &vm->config};
	int err = read_props(&v);

	if (!err)
		err = read_modules(&v);
	if (!err)
		err = check_spis(&v);
	if (!err)
		err = v.cfg->dtb.size ? hw_from_dtb(&v) : default_hw(&v);
	if (err)
		return err;
	attach_devices(&v);
	return manifest_check_fit(r, n, v.cfg);
}
