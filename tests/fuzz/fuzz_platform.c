/*
 * Host device trees. Held to: no access outside the blob (the sanitizers
 * watch), one error line for what is refused, and no page kept.
 */
#include <boot/platform.h>

#include <base/fmt.h>

#include <hyp/dt.h>

#include "../host/dts.h"
#include "../host/pages.h"
#include "tree_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sound_dts[] =
	"interrupt-parent = <1>; #address-cells = <2>; #size-cells = <2>;"
	"aliases { serial0 = \"/soc/u@0\"; };"
	"chosen { stdout-path = \"serial0:1\"; bootargs = \"a\";"
	" linux,initrd-start = <1>; linux,initrd-end = <0 2>;"
	" rng-seed = <1 2 3 4>; };"
	"psci { compatible = \"arm,psci-1.0\"; method = \"smc\"; };"
	"memory { device_type = \"memory\"; reg = <0 0x40000000 0 0x1000 0 "
	"0x40001000 0 0x1000>; };"
	"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
	" r { reg = <0 1 0 1>; }; };"
	"cpus { #address-cells = <1>; #size-cells = <0>;"
	" c@0 { device_type = \"cpu\"; reg = <0>; enable-method = \"psci\"; };"
	" c@1 { device_type = \"cpu\"; reg = <1>; enable-method = \"psci\"; };"
	"};"
	"gic { compatible = \"arm,gic-v3\"; phandle = <1>;"
	" #interrupt-cells = <3>; #redistributor-regions = <2>;"
	" redistributor-stride = <0 0x20000>; interrupts = <1 9 4>;"
	" reg = <0 0 0 0x10000 0 0x20000 0 0x20000 0 0x40000 0 0x20000>; };"
	"timer { compatible = \"arm,armv8-timer\"; interrupts ="
	" <1 13 4 1 14 4 1 11 4 1 10 4>; interrupt-names = \"sec-phys\","
	" \"phys\", \"virt\", \"hyp-phys\"; };"
	"soc { #address-cells = <1>; #size-cells = <1>;"
	" ranges = <0 1 0 0x10000>;"
	" u@0 { compatible = \"arm,pl011\"; reg = <0 0x1000>;"
	"  interrupts = <0 1 4>; };"
	" r@0 { compatible = \"arm,pl031\"; reg = <0x1000 0x1000>;"
	"  interrupts = <0 2 4>; }; };";

static void check(const struct platform *p)
{
	if (p->nr_cpus == 0 || p->ram.nr == 0 || p->gic.nr_redist == 0)
		abort();
	if (p->rng_seed_len > sizeof(p->rng_seed))
		abort();
	for (unsigned i = 0; i < p->ram.nr; i++)
		if (range_bad(p->ram.r[i].base.v, p->ram.r[i].size))
			abort();
	for (unsigned i = 1; i < p->ram.nr; i++) {
		if (p->ram.r[i].base.v <=
		    p->ram.r[i - 1].base.v + (p->ram.r[i - 1].size - 1))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *sound;
	static size_t sound_len;
	struct host_pages pages = {0};
	struct arena_env env = host_pages_env(&pages);
	char line[FMT_LINE_MAX] = "";
	struct platform p;
	struct arena a;
	struct dt d;
	size_t len;
	void *blob;

	if (!sound)
		sound = dts_compile(sound_dts, &sound_len);
	blob = tree_input(data, size, sound, sound_len, &len);
	arena_init(&a, &env);
	(void)platform_is_host_tree(&d, blob, len, (hpa_t){0x40000000});
	d.err = line;
	d.err_len = sizeof(line);
	if (dt_check(&d, blob, len) ||
	    platform_parse(&p, &d, &a, line, sizeof(line)))
		expect_line(line);
	else
		check(&p);
	arena_destroy(&a);
	if (pages.out)
		abort();
	free(blob);
	return 0;
}
