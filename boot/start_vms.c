/*
 * From the manifest to running VMs; contract in start_vms.h. The order is:
 * read the manifest, take what it names out of the memory that is given away,
 * then create, place and start one VM after the other.
 * docs/design/11-manifest.md.
 */
#include "start_vms.h"

#include <errno.h>
#include <port/this_cpu.h>
#include <string.h>

#include <base/fmt.h>

#include <hyp/manifest.h>
#include <hyp/monitor.h>
#include <hyp/multiboot.h>
#include <hyp/run.h>
#include <hyp/vm_devices.h>

#include "cmdline.h"
#include "early.h"
#include "exit_record.h"

/* Where the manifest is unless the command line says otherwise: this far
 * above the base of RAM. */
#define MANIFEST_OFFSET MIB(96)
#define MANIFEST_MAX    MIB(16)
#define VMID_MAX        255U /* VTCR_EL2.VS = 0; 0 is not a VM */

static struct manifest manifest;
static struct cmdline cmd;
static struct mux mux;
static struct monitor monitor;

static uint64_t manifest_address(struct hypervisor *h, const struct platform *p)
{
	cmdline_parse(&cmd, p->bootargs);
	h->log_level = cmd.log_level;
	h->stats = cmd.stats;
	if (cmd.bad[0])
		log_err("/chosen: property bootargs: '%s' is not understood",
			cmd.bad);
	return cmd.manifest ? cmd.manifest
			    : p->ram.r[0].base.v + MANIFEST_OFFSET;
}

/* How much may be read there: up to the end of that RAM range. */
static uint64_t readable_at(const struct hpa_ranges *ram, uint64_t at)
{
	for (unsigned i = 0; i < ram->nr; i++) {
		if (range_within(at, 64, ram->r[i].base.v, ram->r[i].size))
			return min_u64(MANIFEST_MAX,
				       ram->r[i].base.v + ram->r[i].size - at);
	}
	return 0;
}

/* What no module may touch: `own` and the manifest itself. */
static struct hpa_ranges with_manifest(const struct hpa_ranges *own,
				       uint64_t at, uint64_t max,
				       struct arena *a)
{
	const uint32_t *header = hpa_ptr((hpa_t){at});
	uint64_t size = min_u64(max_u64(__builtin_bswap32(header[1]), 64), max);
	struct hpa_ranges all = {
		arena_array(a, own->nr + 1, sizeof(struct hpa_range), 8), 0};

	if (!all.r)
		machine_refuse("no memory for the list of reserved ranges");
	for (; all.nr < own->nr; all.nr++)
		all.r[all.nr] = own->r[all.nr];
	all.r[all.nr++] = (struct hpa_range){{at}, size};
	return all;
}

/*
 * Where there is no manifest, and nobody said where one should be: modules
 * that the boot loader names in the machine's tree make one. Returns its
 * address, or 0.
 */
static uint64_t made_of_modules(const struct hypervisor *h,
				const struct platform *p, struct arena *a)
{
	struct multiboot_host host = {.fdt = early.fdt,
				      .fdt_size = early.fdt_size,
				      .nr_cpus = h->nr_cpus};
	void *made = arena_alloc(a, MULTIBOOT_MANIFEST_MAX, PAGE_SIZE);
	char err[FMT_LINE_MAX];
	int ret = -ENOMEM;

	for (unsigned i = 0; i < p->ram.nr; i++)
		host.ram_size += p->ram.r[i].size;
	if (made)
		ret = multiboot_manifest(&host, made, MULTIBOOT_MANIFEST_MAX, a,
					 err, sizeof(err));
	if (ret == -EINVAL)
		machine_refuse(err);
	return ret ? 0 : hpa_of(made).v;
}

static bool usable(const struct hpa_ranges *own, uint64_t at, uint64_t len)
{
	return len && is_aligned(at, 8) &&
	       !hpa_ranges_touch(own, (hpa_t){at}, 64);
}

static bool is_tree(uint64_t at)
{
	return *(const uint32_t *)hpa_ptr((hpa_t){at}) ==
	       __builtin_bswap32(0xd00dfeed);
}

static void parse_at(uint64_t at, uint64_t len,
		     const struct manifest_host *host, struct arena *a)
{
	if (manifest_parse(&manifest, hpa_ptr((hpa_t){at}), len, host, a))
		machine_refuse(manifest.err);
}

static void read_manifest(struct hypervisor *h, const struct platform *p,
			  const struct hpa_ranges *own, struct arena *a)
{
	struct manifest_host host = {.ram = p->ram,
				     .taken = *own,
				     .nr_cpus = h->nr_cpus,
				     .pmu = p->pmu_intid != 0};
	uint64_t at = manifest_address(h, p), made = 0;
	uint64_t len = readable_at(&p->ram, at);
	bool ok = usable(own, at, len);
	char err[FMT_LINE_MAX];

	if (!cmd.manifest && !(ok && is_tree(at)))
		made = made_of_modules(h, p, a);
	if (made) {
		parse_at(made, MULTIBOOT_MANIFEST_MAX, &host, a);
		return;
	}
	if (!ok) {
		(void)fmt_line(err, sizeof(err),
			       "manifest: no usable address: %lx", at);
		machine_refuse(err);
	}
	host.taken = with_manifest(own, at, len, a);
	parse_at(at, len, &host, a);
}

static void reserve(struct page_alloc_map *m, struct page_range *r,
		    const struct vm_module *mod)
{
	if (mod->size)
		r[m->nr_reserved++] = (struct page_range){mod->base, mod->size};
}

static void reserve_vm(struct page_alloc_map *m, struct page_range *r,
		       const struct vm_config *cfg)
{
	reserve(m, r, &cfg->kernel);
	reserve(m, r, &cfg->initrd);
	reserve(m, r, &cfg->dtb);
	for (unsigned i = 0; i < cfg->nr_virtio; i++)
		reserve(m, r, &cfg->virtio[i].backing);
}

static unsigned count_modules(void)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < manifest.nr_vms; i++)
		if (!manifest.vm[i].refused)
			nr += 3 + manifest.vm[i].config.nr_virtio;
	return nr;
}

/* The static pool was the source of every page so far: it is in the image. */
void plan_vms(struct hypervisor *h, const struct platform *p,
	      const struct hpa_ranges *own, struct arena *a)
{
	struct page_range *ram, *res;
	struct page_alloc_map map = {0};

	read_manifest(h, p, own, a);
	ram = arena_array(a, p->ram.nr, sizeof(*ram), 8);
	res = arena_array(a, own->nr + count_modules(), sizeof(*res), 8);
	if (!ram || !res)
		machine_refuse("no memory for the list of modules");
	for (; map.nr_ram < p->ram.nr; map.nr_ram++)
		ram[map.nr_ram] = (struct page_range){
			p->ram.r[map.nr_ram].base, p->ram.r[map.nr_ram].size};
	for (; map.nr_reserved < own->nr; map.nr_reserved++) {
		res[map.nr_reserved] =
			(struct page_range){own->r[map.nr_reserved].base,
					    own->r[map.nr_reserved].size};
	}
	for (unsigned i = 0; i < manifest.nr_vms; i++)
		if (!manifest.vm[i].refused)
			reserve_vm(&map, res, &manifest.vm[i].config);
	map.ram = ram;
	map.reserved = res;
	if (page_alloc_init(&h->pages, &map))
		machine_refuse("/memory: no RAM is left to manage");
	log_info("%lu MiB of RAM free", page_alloc_nr_free(&h->pages) >> 8);
}

static bool create(struct hypervisor *h, struct manifest_vm *mvm)
{
	struct vm *vm = &h->vms[h->nr_vms];

	if (mvm->refused) {
		log_err("%s", mvm->err);
		return false;
	}
	if (h->nr_vms == VMID_MAX) {
		log_err("VM %s: more than %u VMs", mvm->config.name, VMID_MAX);
		return false;
	}
	if (vm_create(vm, h, &mvm->config, (uint16_t)(h->nr_vms + 1)))
		return false;
	h->nr_vms++;
	return true;
}

/* The first that succeeds has the console, when it is not shared. */
static bool bring_up(struct vm *vm, unsigned nr_up)
{
	if (!vm->cfg->no_autostart && vm_start(vm)) {
		vm_destroy(vm);
		return false;
	}
	if (nr_up == 0)
		vm_devices_take_console(vm);
	return true;
}

/*
 * All are made before one starts: a vCPU that starts may move to a pCPU that
 * is free, and its reservation with it, which a VM to be made may need there.
 * False: one was refused.
 */
static bool bring_up_all(struct hypervisor *h)
{
	unsigned nr_up = 0;

	for (unsigned i = 0; i < manifest.nr_vms; i++)
		(void)create(h, &manifest.vm[i]);
	for (unsigned i = 0; i < h->nr_vms; i++)
		nr_up += bring_up(&h->vms[i], nr_up);
	if (nr_up == 0)
		machine_refuse("no VM can be started");
	return nr_up == manifest.nr_vms;
}

static void tick(struct sched_event *e)
{
	mux_tick(container_of(e, struct hypervisor, mux_event)->mux);
}

static void alarm(void *ctx, uint64_t at)
{
	struct hypervisor *h = ctx;

	sched_event_set(&h->mux_event, this_cpu(), at);
}

/* One VM has the console for itself, unless told otherwise. */
static void make_mux(struct hypervisor *h)
{
	uint64_t size = mux_size(manifest.nr_vms);
	const struct mux_config cfg = {
		.console = &h->console,
		.nr_vms = manifest.nr_vms,
		.escape = cmd.escape,
		.terminal = cmd.terminal,
		.quiet = hyp_ticks(h, MUX_QUIET_US),
		.flush = hyp_ticks(h, MUX_FLUSH_US),
		.stall = hyp_ticks(h, MUX_STALL_US),
		.alarm = alarm,
		.ctx = h,
	};
	void *ports;

	if (cmd.console == CONSOLE_RAW ||
	    (cmd.console == CONSOLE_AUTO && manifest.nr_vms == 1))
		return;
	ports = page_alloc_contig(&h->pages,
				  (size + PAGE_SIZE - 1) / PAGE_SIZE);
	if (!ports)
		machine_refuse("no memory for the consoles of all VMs");
	memset(ports, 0, size);
	h->mux_event.fn = tick;
	mux_init(&mux, &cfg, ports);
	h->mux = &mux;
}

void start_vms(struct hypervisor *h, const struct platform *p, struct arena *a)
{
	(void)p;
	h->vms = arena_array(a, manifest.nr_vms, sizeof(*h->vms), 64);
	if (!h->vms)
		machine_refuse("no memory for VMs");
	make_mux(h);
	h->boot_incomplete = !bring_up_all(h);
	if (h->mux) {
		monitor_init(&monitor, h);
		h->monitor = &monitor;
		mux_open(h->mux);
	}
}
