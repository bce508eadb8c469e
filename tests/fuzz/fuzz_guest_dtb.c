/*
 * Device trees that guests bring: read, and completed when they were accepted.
 * Held to: no access outside blob or buffer (the sanitizers watch), one error
 * line for what is refused, what is accepted keeps the promises of
 * vm_config.h, and no page kept.
 */
#include <errno.h>

#include <base/fmt.h>

#include <hyp/vm_dt.h>

#include "../host/dts.h"
#include "../host/pages.h"
#include "tree_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sound_dts[] =
	"interrupt-parent = <1>; #address-cells = <2>; #size-cells = <2>;"
	"chosen { bootargs = \"a\"; linux,initrd-start = <1>; };"
	"psci { compatible = \"arm,psci-0.2\"; method = \"hvc\"; };"
	"memory { device_type = \"memory\"; reg = <0 0x40000000 0 0x1000 0 "
	"0x50000000 0 0x1000>; };"
	"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
	" r { reg = <0 1 0 1>; }; };"
	"cpus { #address-cells = <1>; #size-cells = <0>;"
	" c@0 { device_type = \"cpu\"; reg = <0>; enable-method = \"psci\"; };"
	" c@1 { device_type = \"cpu\"; reg = <1>; enable-method = \"psci\"; };"
	"};"
	"gic { compatible = \"arm,gic-v3\"; phandle = <1>;"
	" #interrupt-cells = <3>; #redistributor-regions = <2>;"
	" reg = <0 0 0 0x10000 0 0x20000 0 0x20000 0 0x40000 0 0x20000>; };"
	"timer { compatible = \"arm,armv8-timer\"; interrupts ="
	" <1 13 4 1 14 4 1 11 4 1 10 4>; };"
	"u { compatible = \"arm,pl011\"; reg = <0 0x100000 0 0x1000>;"
	" interrupts = <0 1 4>; };"
	"r { compatible = \"arm,pl031\"; reg = <0 0x110000 0 0x1000>;"
	" interrupts = <0 2 4>; };"
	"v@1 { compatible = \"virtio,mmio\"; reg = <0 0x120200 0 0x200>;"
	" interrupts = <0 17 4>; };"
	"v@0 { compatible = \"virtio,mmio\"; reg = <0 0x120000 0 0x200>;"
	" interrupts = <0 16 4>; };";

static void check(const struct vm_config *c)
{
	if (c->nr_vcpus == 0 || c->nr_vcpus > VM_VCPUS_MAX || c->nr_ram == 0 ||
	    c->nr_spis < 32 || c->nr_spis > 960 || c->nr_spis % 32 ||
	    c->gicd.size != VM_GICD_SIZE)
		abort();
	for (unsigned i = 0; i < c->nr_ram; i++) {
		if (range_bad(c->ram[i].base.v, c->ram[i].size) ||
		    !is_aligned(c->ram[i].base.v | c->ram[i].size, PAGE_SIZE) ||
		    ranges_overlap(c->ram[i].base.v, c->ram[i].size,
				   c->gicd.base.v, c->gicd.size))
			abort();
	}
	for (unsigned i = 0; i < c->nr_virtio; i++) {
		if (c->virtio[i].intid < 32 ||
		    c->virtio[i].intid >= 32 + c->nr_spis ||
		    (i &&
		     c->virtio[i].regs.base.v <= c->virtio[i - 1].regs.base.v))
			abort();
	}
}

static void complete(const struct vm_config *cfg)
{
	static const struct vm_dt_seed seed = {1, {2}};
	const struct vm_dt_boot boot = {{{0x1000}, 0x1000}, &seed};
	uint64_t capacity = vm_dt_capacity(cfg);
	void *buf = aligned_alloc(8, capacity);

	if (!buf)
		abort();
	(void)vm_dt_write(cfg, &boot, buf, capacity);
	free(buf);
}

/* Rules out: tree-trusted */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *sound;
	static size_t sound_len;
	struct host_pages pages = {0};
	struct arena_env env = host_pages_env(&pages);
	char line[FMT_LINE_MAX] = "";
	struct vm_dt_log log = {"/vm/dtb", line, sizeof(line)};
	struct vm_config cfg = {.bootargs = "some arguments"};
	struct arena a;
	size_t len;
	void *blob;

	if (!sound)
		sound = dts_compile(sound_dts, &sound_len);
	blob = tree_input(data, size, sound, sound_len, &len);
	arena_init(&a, &env);
	cfg.dtb = (struct vm_module){hpa_of(blob), len, "dtb"};
	if (vm_dt_parse(&cfg, blob, len, &a, &log)) {
		expect_line(line);
	} else {
		check(&cfg);
		complete(&cfg);
	}
	arena_destroy(&a);
	if (pages.out)
		abort();
	free(blob);
	return 0;
}
