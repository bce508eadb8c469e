/*
 * Manifests. Their modules stand in a small block of real memory, one of them
 * a guest's device tree. Held to: no access outside blob and modules (the
 * sanitizers watch), exactly the refused VMs have an error line, accepted
 * modules lie in the machine's RAM, and no page is kept.
 */
#include <stdio.h>

#include <hyp/loader.h>
#include <hyp/manifest.h>
#include <hyp/vm_dt.h>

#include "../host/dts.h"
#include "../host/pages.h"
#include "tree_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_SIZE (4 << 20)

static _Alignas(4096) uint8_t ram[RAM_SIZE];
static void *sound;
static size_t sound_len;

static const char guest_dts[] =
	"interrupt-parent = <1>; #address-cells = <2>; #size-cells = <2>;"
	"memory { device_type = \"memory\"; reg = <0 0x40000000 0 0x4000>; };"
	"cpus { c { device_type = \"cpu\"; reg = <0>; }; };"
	"gic { compatible = \"arm,gic-v3\"; phandle = <1>;"
	" #interrupt-cells = <3>;"
	" reg = <0 0 0 0x10000 0 0x20000 0 0x20000>; };"
	"v { compatible = \"virtio,mmio\"; reg = <0 0x120000 0 0x200>;"
	" interrupts = <0 16 4>; };";

static void build(void)
{
	static const char magic[4] = {'A', 'R', 'M', 0x64};
	uint64_t at = hpa_of(ram).v;
	unsigned long hi = at >> 32, lo = at & 0xffffffff;
	char text[4096];
	size_t len;
	void *dtb = dts_compile(guest_dts, &len);

	memcpy(ram, dtb, len);
	free(dtb);
	ram[0x4000 + 16] = 64; /* image_size */
	ram[0x4000 + 24] = 8;  /* flags: anywhere */
	memcpy(ram + 0x4000 + 56, magic, sizeof(magic));
	(void)snprintf(
		text, sizeof(text),
		"compatible = \"plinth,manifest-1\";"
		"a { compatible = \"plinth,vm\"; #address-cells = <2>;"
		" #size-cells = <2>; cpus = <2>; memory = <0 0x200000>;"
		" memory-base = <0 0x40000000>; bootargs = \"x\"; spis = <64>;"
		" virtio-slots = <2>;"
		" k { compatible = \"plinth,kernel\"; reg = <%#lx %#lx 0 64>; "
		"};"
		" i { compatible = \"plinth,initrd\"; reg = <%#lx %#lx 0 8>; };"
		" d { compatible = \"plinth,disk\"; reg = <%#lx %#lx 0 8>;"
		" read-only; }; };"
		"b { compatible = \"plinth,vm\";"
		" k { compatible = \"plinth,kernel\"; reg = <%#lx %#lx 0 64>; "
		"};"
		" t { compatible = \"plinth,dtb\"; reg = <%#lx %#lx 0 %#zx>; };"
		" d { compatible = \"plinth,disk\"; reg = <%#lx %#lx 0 8>; };"
		"};",
		hi, lo + 0x4000, hi, lo + 0x5000, hi, lo + 0x6000, hi,
		lo + 0x4000, hi, lo, len, hi, lo + 0x7000);
	sound = dts_compile(text, &sound_len);
}

static void check_module(const struct vm_module *m)
{
	if (m->size &&
	    !range_within(m->base.v, m->size, hpa_of(ram).v, RAM_SIZE))
		abort();
}

/* The rest of an accepted VM's way: its plan and its device tree. */
static void check(const struct vm_config *c)
{
	uint64_t capacity = vm_dt_capacity(c);
	char line[FMT_LINE_MAX] = "";
	struct load_plan plan;
	struct vm_dt_boot boot = {0};
	void *buf = aligned_alloc(8, capacity);

	if (!buf)
		abort();
	check_module(&c->kernel);
	check_module(&c->initrd);
	check_module(&c->dtb);
	for (unsigned i = 0; i < c->nr_virtio; i++)
		check_module(&c->virtio[i].backing);
	if (loader_place(&plan, c, capacity, line, sizeof(line)))
		expect_line(line);
	boot.initrd = plan.initrd;
	if (vm_dt_write(c, &boot, buf, capacity) && !c->dtb.size)
		abort();
	free(buf);
}

/* Rules out: tree-trusted */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hpa_range all = {hpa_of(ram), RAM_SIZE};
	struct hpa_range own = {hpa_of(ram + 0x3000), 0x1000};
	const struct manifest_host host = {{&all, 1}, {&own, 1}, 8, true};
	struct host_pages pages = {0};
	struct arena_env env = host_pages_env(&pages);
	struct manifest m;
	struct arena a;
	size_t len;
	void *blob;

	if (!sound)
		build();
	blob = tree_input(data, size, sound, sound_len, &len);
	arena_init(&a, &env);
	if (manifest_parse(&m, blob, len, &host, &a))
		expect_line(m.err);
	for (unsigned i = 0; i < m.nr_vms; i++) {
		if (m.vm[i].refused)
			expect_line(m.vm[i].err);
		else
			check(&m.vm[i].config);
	}
	manifest_destroy(&m);
	arena_destroy(&a);
	if (pages.out)
		abort();
	free(blob);
	return 0;
}
