/* Host device tree -> struct platform. The good tree is QEMU virt's. */
#include <boot/platform.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/fmt.h>

#include <hyp/dt.h>

#include "../host/dts.h"
#include "../host/host.h"
#include "../host/pages.h"

/* Pieces of the tree, so that a test can leave one out or change it. */
struct pieces {
	const char *root, *psci, *memory, *reserved, *uart, *rtc, *gic, *cpus,
		*timer, *chosen;
};

static const struct pieces virt = {
	.root = "interrupt-parent = <0x8003>; #address-cells = <2>;"
		"#size-cells = <2>; compatible = \"linux,dummy-virt\";",
	.psci = "psci { compatible = \"arm,psci-1.0\", \"arm,psci-0.2\","
		"\"arm,psci\"; method = \"smc\"; };",
	.memory = "memory@40000000 { device_type = \"memory\";"
		  "reg = <0 0x40000000 0 0x20000000>; };",
	.reserved = "",
	.uart = "pl011@9000000 { compatible = \"arm,pl011\", \"arm,primecell\";"
		"reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>; };",
	.rtc = "pl031@9010000 { compatible = \"arm,pl031\", \"arm,primecell\";"
	       "reg = <0 0x9010000 0 0x1000>; interrupts = <0 2 4>; };",
	.gic = "intc@8000000 { compatible = \"arm,gic-v3\"; phandle = <0x8003>;"
	       "#interrupt-cells = <3>; interrupt-controller;"
	       "#redistributor-regions = <1>; interrupts = <1 9 4>;"
	       "reg = <0 0x8000000 0 0x10000 0 0x80a0000 0 0xf60000>; };",
	.cpus = "cpus { #address-cells = <1>; #size-cells = <0>; cpu-map { };"
		"cpu@0 { device_type = \"cpu\"; reg = <0>;"
		" enable-method = \"psci\"; };"
		"cpu@1 { device_type = \"cpu\"; reg = <1>;"
		" enable-method = \"psci\"; }; };",
	.timer =
		"timer { compatible = \"arm,armv8-timer\", \"arm,armv7-timer\";"
		"interrupts = <1 13 4 1 14 4 1 11 4 1 10 4>; always-on; };"
		"pmu { compatible = \"arm,armv8-pmuv3\";"
		"interrupts = <1 7 4>; };",
	.chosen = "chosen { stdout-path = \"/pl011@9000000\"; };",
};

struct host {
	struct host_pages pages;
	struct arena arena;
	struct platform p;
	void *blob;
	size_t len;
	char line[FMT_LINE_MAX];
};

static int setup(void **state)
{
	struct host *h = calloc(1, sizeof(*h));
	struct arena_env env = host_pages_env(&h->pages);

	arena_init(&h->arena, &env);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	struct host *h = *state;

	arena_destroy(&h->arena);
	assert_int_equal(h->pages.out, 0);
	free(h->blob);
	free(h);
	return 0;
}

static void build(struct host *h, const struct pieces *t)
{
	static char text[8192];

	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s%s%s", t->root,
		       t->psci, t->memory, t->reserved, t->uart, t->rtc, t->gic,
		       t->cpus, t->timer, t->chosen);
	free(h->blob);
	h->blob = dts_compile(text, &h->len);
}

/* What is in h->blob. */
static int parse_blob(struct host *h)
{
	struct dt d = {.err = h->line, .err_len = sizeof(h->line)};

	h->line[0] = '\0';
	assert_int_equal(dt_check(&d, h->blob, h->len), 0);
	return platform_parse(&h->p, &d, &h->arena, h->line, sizeof(h->line));
}

static int parse(struct host *h, const struct pieces *t)
{
	build(h, t);
	return parse_blob(h);
}

static void tree_of_qemu_virt_gives_everything(void **state)
{
	struct host *h = *state;
	struct platform *p = &h->p;

	assert_int_equal(parse(h, &virt), 0);
	assert_int_equal(p->ram.nr, 1);
	assert_int_equal(p->ram.r[0].base.v, 0x40000000);
	assert_int_equal(p->ram.r[0].size, 0x20000000);
	assert_int_equal(p->reserved.nr, 0);
	assert_int_equal(p->nr_cpus, 2);
	assert_int_equal(p->mpidr[0], 0);
	assert_int_equal(p->mpidr[1], 1);
	assert_int_equal(p->psci, PLATFORM_CONDUIT_SMC);
	assert_int_equal(p->gic.dist.base.v, 0x8000000);
	assert_int_equal(p->gic.dist.size, 0x10000);
	assert_int_equal(p->gic.nr_redist, 1);
	assert_int_equal(p->gic.redist[0].base.v, 0x80a0000);
	assert_int_equal(p->gic.redist[0].size, 0xf60000);
	assert_int_equal(p->gic.stride, 0);
	assert_int_equal(p->gic.maint_intid, 25);
	assert_int_equal(p->uart.regs.base.v, 0x9000000);
	assert_int_equal(p->uart.regs.size, 0x1000);
	assert_int_equal(p->uart.intid, 33);
	assert_int_equal(p->rtc.regs.base.v, 0x9010000);
	assert_int_equal(p->rtc.intid, 34);
	assert_int_equal(p->timer_phys_intid, 30);
	assert_int_equal(p->timer_virt_intid, 27);
	assert_int_equal(p->timer_hyp_intid, 26);
	assert_int_equal(p->pmu_intid, 23);
	assert_string_equal(p->bootargs, "");
	assert_int_equal(p->initrd.size, 0);
	assert_int_equal(p->rng_seed_len, 0);
}

static void nothing_points_into_the_tree(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;

	t.chosen = "chosen { bootargs = \"a b\"; };";
	assert_int_equal(parse(h, &t), 0);
	memset(h->blob, 0xff, h->len);
	assert_string_equal(h->p.bootargs, "a b");
	assert_int_equal(h->p.ram.r[0].base.v, 0x40000000);
}

static void lone_cpu_needs_neither_psci_nor_enable_method(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;

	t.psci = "";
	t.cpus = "cpus { #address-cells = <2>; #size-cells = <0>;"
		 "cpu@100 { device_type = \"cpu\"; reg = <1 0x100>; };"
		 "cpu@101 { device_type = \"cpu\"; reg = <0 0x101>;"
		 " status = \"disabled\"; }; };";
	assert_int_equal(parse(h, &t), 0);
	assert_int_equal(h->p.nr_cpus, 1);
	assert_int_equal(h->p.mpidr[0], 0x100000100);
	assert_int_equal(h->p.psci, PLATFORM_CONDUIT_NONE);
}

static void memory_of_many_nodes_is_sorted_and_joined(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;

	t.memory = "memory@9 { device_type = \"memory\";"
		   "reg = <9 0 0 0x1000 1 0 1 0 4 0 0 0>; };"
		   "secram@0 { device_type = \"memory\"; status = \"disabled\";"
		   "reg = <0 0 0 0x1000>; };"
		   "memory@2 { device_type = \"memory\"; reg = <2 0 0 0x1000"
		   " 8 0 0 0x1000 0 0x1000 0 0x1000 7 0 0 0x1000>; };";
	assert_int_equal(parse(h, &t), 0);
	assert_int_equal(h->p.ram.nr, 5);
	assert_int_equal(h->p.ram.r[0].base.v, 0x1000);
	assert_int_equal(h->p.ram.r[1].base.v, 0x100000000);
	assert_int_equal(h->p.ram.r[1].size, 0x100001000);
	assert_int_equal(h->p.ram.r[2].base.v, 0x700000000);
	assert_int_equal(h->p.ram.r[3].base.v, 0x800000000);
	assert_int_equal(h->p.ram.r[4].base.v, 0x900000000);
}

static void reserved_ranges_come_from_both_places(void **state)
{
	struct host *h = *state;

	h->blob = dts_compile(
		"/dts-v1/; /memreserve/ 0x50000000 0x1000;"
		"/memreserve/ 0x40000000 0x2000; / {"
		"#address-cells = <2>; #size-cells = <2>;"
		"interrupt-parent = <1>;"
		"reserved-memory { #address-cells = <2>; #size-cells = <2>;"
		" ranges; a@40001000 { reg = <0 0x40001000 0 0x3000>; no-map; "
		"};"
		" pool { size = <0 0x1000>; };"
		" off { status = \"disabled\"; reg = <0 0x60000000 0 0x1000>; "
		"};"
		"};"
		"memory { device_type = \"memory\"; reg = <0 0x40000000 0 "
		"0x20000000>; };"
		"cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 {"
		"device_type = \"cpu\"; reg = <0>; }; };"
		"gic { phandle = <1>; #interrupt-cells = <3>;"
		" compatible = \"arm,gic-v3\";"
		" reg = <0 0x10000 0 0x10000 0 0x20000 0 0x20000>; };"
		"u { compatible = \"arm,pl011\"; reg = <0 0x1000 0 0x1000>;"
		" interrupts = <0 0 4>; };"
		"t { compatible = \"arm,armv8-timer\";"
		" interrupts = <1 13 4 1 14 4 1 11 4 1 10 4>; }; };",
		&h->len);
	assert_int_equal(parse_blob(h), 0);
	assert_int_equal(h->p.reserved.nr, 2);
	assert_int_equal(h->p.reserved.r[0].base.v, 0x40000000);
	assert_int_equal(h->p.reserved.r[0].size, 0x4000);
	assert_int_equal(h->p.reserved.r[1].base.v, 0x50000000);
	assert_int_equal(h->p.rtc.regs.size, 0);
	assert_int_equal(h->p.gic.maint_intid, 0);
}

static void stdout_path_chooses_the_uart(void **state)
{
	static const struct {
		const char *chosen;
		uint64_t base;
	} cases[] = {
		{"", 0xa0000000},
		{"chosen { };", 0xa0000000},
		{"chosen { stdout-path = \"\"; };", 0xa0000000},
		{"chosen { stdout-path = \"/gone\"; };", 0xa0000000},
		{"chosen { stdout-path = \"/psci\"; };", 0xa0000000},
		{"chosen { stdout-path = \"/u@off\"; };", 0xa0000000},
		{"chosen { stdout-path = [2f 75]; };", 0xa0000000},
		{"chosen { stdout-path = \"/u@b\"; };", 0xb0000000},
		{"chosen { stdout-path = \"/u@b:115200n8\"; };", 0xb0000000},
		{"chosen { stdout-path = \"serial1:115200\"; };", 0xb0000000},
		{"chosen { stdout-path = \"serial9\"; };", 0xa0000000},
	};
	struct host *h = *state;
	struct pieces t = virt;

	t.uart = "aliases { serial1 = \"/u@b\"; };"
		 "u@off { compatible = \"arm,pl011\"; status = \"disabled\";"
		 " reg = <0 0x90000000 0 0x1000>; interrupts = <0 3 4>; };"
		 "u@a { compatible = \"arm,pl011\"; interrupts = <0 1 4>;"
		 " reg = <0 0xa0000000 0 0x1000>; };"
		 "u@b { compatible = \"arm,pl011\"; interrupts = <0 2 4>;"
		 " reg = <0 0xb0000000 0 0x1000>; };";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("  %s\n", cases[i].chosen);
		t.chosen = cases[i].chosen;
		assert_int_equal(parse(h, &t), 0);
		assert_int_equal(h->p.uart.regs.base.v, cases[i].base);
	}
}

static void redistributor_regions_and_stride_are_read(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;

	t.gic = "intc { compatible = \"arm,gic-v3\"; phandle = <0x8003>;"
		"#interrupt-cells = <4>; #redistributor-regions = <2>;"
		"redistributor-stride = <0 0x40000>; interrupts = <1 9 4 0>;"
		"reg = <0 0x8000000 0 0x10000 0 0x80a0000 0 0x40000"
		" 1 0 0 0x80000 2 0 0 0x1000>; };";
	t.uart = "u { compatible = \"arm,pl011\"; interrupts = <0 1 4 0>;"
		 " reg = <0 0xa0000000 0 0x1000>; };";
	t.rtc = "";
	t.timer = "timer { compatible = \"arm,armv8-timer\"; interrupts ="
		  "<1 1 4 0 1 2 4 0 1 3 4 0>;"
		  "interrupt-names = \"hyp-phys\", \"virt\", \"phys\"; };";
	assert_int_equal(parse(h, &t), 0);
	assert_int_equal(h->p.gic.nr_redist, 2);
	assert_int_equal(h->p.gic.redist[1].base.v, 0x100000000);
	assert_int_equal(h->p.gic.stride, 0x40000);
	assert_int_equal(h->p.timer_hyp_intid, 17);
	assert_int_equal(h->p.timer_virt_intid, 18);
	assert_int_equal(h->p.timer_phys_intid, 19);
}

static void bootargs_and_initrd_come_from_chosen(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;

	t.chosen = "chosen { bootargs = \"x=1 y\"; linux,initrd-start ="
		   "<0x44000000>; linux,initrd-end = <0 0x44800000>; };";
	assert_int_equal(parse(h, &t), 0);
	assert_string_equal(h->p.bootargs, "x=1 y");
	assert_int_equal(h->p.initrd.base.v, 0x44000000);
	assert_int_equal(h->p.initrd.size, 0x800000);
}

static void seed_of_any_length_is_taken_up_to_its_maximum(void **state)
{
	struct host *h = *state;
	struct pieces t = virt;
	char text[512];

	t.chosen = "chosen { rng-seed; };";
	assert_int_equal(parse(h, &t), 0);
	assert_int_equal(h->p.rng_seed_len, 0);
	t.chosen = "chosen { rng-seed = [01 02 ff]; };";
	assert_int_equal(parse(h, &t), 0);
	assert_int_equal(h->p.rng_seed_len, 3);
	assert_memory_equal(h->p.rng_seed, "\x01\x02\xff", 3);
	for (unsigned nr = 63; nr <= 66; nr++) {
		unsigned len = nr < 64 ? nr : 64;
		int at = snprintf(text, sizeof(text), "chosen { rng-seed = [");

		for (unsigned i = 0; i < nr; i++)
			at += snprintf(text + at, sizeof(text) - (size_t)at,
				       "%02x ", i + 1);
		(void)snprintf(text + at, sizeof(text) - (size_t)at, "]; };");
		t.chosen = text;
		assert_int_equal(parse(h, &t), 0);
		assert_int_equal(h->p.rng_seed_len, len);
		for (unsigned i = 0; i < len; i++)
			assert_int_equal(h->p.rng_seed[i], i + 1);
	}
}

#define CPU(n, more)                                                           \
	"cpu@" #n " { device_type = \"cpu\"; reg = <" #n ">; " more " };"
#define CPUS(list) "cpus { #address-cells = <1>; #size-cells = <0>;" list "};"
#define PSCI       "enable-method = \"psci\";"
#define GICV3(more)                                                            \
	"intc { compatible = \"arm,gic-v3\"; phandle = <0x8003>;"              \
	"#interrupt-cells = <3>;" more "};"
#define CHOSEN(more) "chosen { " more " };"

#define WITH(piece, text, line)                                                \
	{                                                                      \
		offsetof(struct pieces, piece), text, line                     \
	}
static const struct {
	size_t piece;
	const char *text, *line;
} bad_trees[] = {
	WITH(memory, "", "/: no node memory with RAM"),
	WITH(memory, "memory@1 { device_type = \"memory\"; };",
	     "/memory@1: property reg: missing"),
	WITH(memory, "memory@1 { device_type = \"memory\"; reg = <1>; };",
	     "/memory@1: property reg: is 4 bytes long, must be a "
	     "multiple of 16"),
	WITH(memory, "memory@1 { device_type = \"memory\"; reg = <0 1 0 0>; };",
	     "/: no node memory with RAM"),
	WITH(memory,
	     "memory@1 { device_type = \"memory\"; reg = <0 0x1000 0 "
	     "0x2000 0 0x2000 0 0x1000>; };",
	     "/: nodes memory overlap"),
	WITH(reserved, "reserved-memory { a { reg = <0 0 0>; }; };",
	     "/reserved-memory: property ranges: missing, so 0 "
	     "cannot be reached"),
	WITH(reserved, "reserved-memory { a { reg = <0>; }; };",
	     "/reserved-memory/a: property reg: is 4 bytes long, must "
	     "be a multiple of 12"),
	WITH(cpus, "", "/: no node cpus"),
	WITH(cpus, "cpus { };", "/cpus: no enabled CPU"),
	WITH(cpus, CPUS(CPU(0, "status = \"fail\";")), "/cpus: no enabled CPU"),
	WITH(cpus, CPUS("cpu@0 { device_type = \"cpu\"; };"),
	     "/cpus/cpu@0: property reg: missing"),
	WITH(cpus, CPUS("cpu@0 { device_type = \"cpu\"; reg = <1 2 3>; };"),
	     "/cpus/cpu@0: property reg: is 12 bytes long, must be 8"),
	WITH(cpus,
	     CPUS("cpu@0 { device_type = \"cpu\"; reg = <0x80000000>;"
		  "};"),
	     "/cpus/cpu@0: property reg: 0x80000000 is no MPIDR "
	     "affinity"),
	WITH(cpus, CPUS(CPU(0, PSCI) CPU(1, "")),
	     "/cpus/cpu@1: property enable-method: missing"),
	WITH(cpus, CPUS(CPU(0, PSCI) CPU(1, "enable-method = \"spin-table\";")),
	     "/cpus/cpu@1: property enable-method: must be \"psci\""),
	WITH(cpus,
	     CPUS(CPU(0, PSCI) "cpu@1 { device_type = \"cpu\"; "
			       "reg = <0>; " PSCI "};"),
	     "/cpus/cpu@1: property reg: 0 is there twice"),
	WITH(psci, "", "/: no node arm,psci-0.2 to start 2 CPUs with"),
	WITH(psci, "psci { compatible = \"arm,psci\"; };",
	     "/: no node arm,psci-0.2 to start 2 CPUs with"),
	WITH(psci, "psci { compatible = \"arm,psci-0.2\"; };",
	     "/psci: property method: missing"),
	WITH(psci, "psci { compatible = \"arm,psci-1.0\"; method = \"x\"; };",
	     "/psci: property method: must be \"smc\" or \"hvc\""),
	WITH(gic, "", "/: no node arm,gic-v3"),
	WITH(gic, "intc { compatible = \"arm,cortex-a15-gic\"; };",
	     "/intc: property compatible: arm,cortex-a15-gic is not "
	     "supported, only arm,gic-v3"),
	WITH(gic, GICV3(""), "/intc: property reg: missing"),
	WITH(gic, GICV3("reg = <0 0x8000000 0 0x10000>;"),
	     "/intc: property reg: 1 entries, too few for the "
	     "distributor and 1 redistributor regions"),
	WITH(gic,
	     GICV3("#redistributor-regions = <0>;"
		   "reg = <0 0x8000000 0 0x10000 0 0 0 0x20000>;"),
	     "/intc: property reg: 2 entries, too few for the "
	     "distributor and 0 redistributor regions"),
	WITH(gic,
	     GICV3("#redistributor-regions = <0xffffffff>;"
		   "reg = <0 0x8000000 0 0x10000 0 0 0 0x20000>;"),
	     "/intc: property reg: 2 entries, too few for the "
	     "distributor and 4294967295 redistributor regions"),
	WITH(gic,
	     GICV3("#redistributor-regions = [01];"
		   "reg = <0 0x8000000 0 0x10000 0 0 0 0x20000>;"),
	     "/intc: property #redistributor-regions: is 1 bytes long, "
	     "must be 4"),
	WITH(gic, GICV3("reg = <0 0x8001000 0 0x10000 0 0 0 0x20000>;"),
	     "/intc: property reg: a frame is too small or not 64 KiB "
	     "aligned"),
	WITH(gic, GICV3("reg = <0 0x8000000 0 0x10000 0 0 0 0x10000>;"),
	     "/intc: property reg: a frame is too small or not 64 KiB "
	     "aligned"),
	WITH(gic,
	     GICV3("reg = <0 0x8000000 0 0x10000 0 0 0 0x20000>;"
		   "redistributor-stride = <0x10000>;"),
	     "/intc: property redistributor-stride: 0x10000 is no "
	     "stride of redistributors"),
	WITH(gic,
	     GICV3("reg = <0 0x8000000 0 0x10000 0 0 0 0x20000>;"
		   "interrupts = <1 9>;"),
	     "/intc: property interrupts: is 8 bytes long, entry 0 "
	     "wanted"),
	WITH(uart, "", "/: no enabled node arm,pl011"),
	WITH(uart, "u { compatible = \"arm,pl011\"; interrupts = <0 1 4>; };",
	     "/u: property reg: missing"),
	WITH(uart,
	     "u { compatible = \"arm,pl011\"; interrupts = <0 1 4>;"
	     "reg = <0 1 0 0>; };",
	     "/u: property reg: size is 0"),
	WITH(uart, "u { compatible = \"arm,pl011\"; reg = <0 1 0 1>; };",
	     "/u: property interrupts: missing"),
	WITH(rtc, "r { compatible = \"arm,pl031\"; reg = <0 1 0 1>; };",
	     "/r: property interrupts: missing"),
	WITH(timer, "", "/: no node arm,armv8-timer"),
	WITH(timer, "timer { compatible = \"arm,armv8-timer\"; };",
	     "/timer: property interrupts: missing"),
	WITH(timer,
	     "timer { compatible = \"arm,armv8-timer\"; interrupts = "
	     "<1 13 4 1 14 4 1 11 4>; };",
	     "/timer: property interrupts: physical, virtual and "
	     "hypervisor timer wanted"),
	WITH(timer,
	     "timer { compatible = \"arm,armv8-timer\"; interrupts = "
	     "<1 13 4 1 14 4>; };",
	     "/timer: property interrupts: is 24 bytes long, entry 2 "
	     "wanted"),
	WITH(chosen, CHOSEN("bootargs = [61];"),
	     "/chosen: property bootargs: must be one string"),
	WITH(chosen, CHOSEN("linux,initrd-start = <1>;"),
	     "/chosen: property linux,initrd-end: missing"),
	WITH(chosen, CHOSEN("linux,initrd-start = [01];"),
	     "/chosen: property linux,initrd-start: is 1 bytes long, "
	     "must be 8"),
	WITH(chosen,
	     CHOSEN("linux,initrd-start = <2>; linux,initrd-end = "
		    "<1>;"),
	     "/chosen: property linux,initrd-end: 0x1 is before its "
	     "start"),
};

/* Rules out: missing-property */
static void what_is_missing_or_wrong_is_named_in_one_line(void **state)
{
	struct host *h = *state;
	char line[FMT_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(bad_trees); i++) {
		struct pieces t = virt;

		memcpy((char *)&t + bad_trees[i].piece, &bad_trees[i].text,
		       sizeof(bad_trees[i].text));
		print_message("  %s\n", bad_trees[i].line);
		assert_int_equal(parse(h, &t), -EINVAL);
		(void)fmt_line(line, sizeof(line), "host device tree: %s",
			       bad_trees[i].line);
		assert_string_equal(h->line, line);
	}
}

static void reservation_that_wraps_is_refused(void **state)
{
	struct host *h = *state;

	h->blob = dts_compile(
		"/dts-v1/; /memreserve/ 0xfffffffffffff000 0x2000; / {"
		"memory { device_type = \"memory\"; reg = <0 0 1>; }; };",
		&h->len);
	assert_int_equal(parse_blob(h), -EINVAL);
	assert_string_equal(h->line, "host device tree: /: reservation "
				     "0xfffffffffffff000 + 0x2000 wraps");
}

/* Rules out: memory-exhausted */
static void lack_of_memory_at_any_point_is_an_error(void **state)
{
	struct host *h = *state;
	int err = -ENOMEM;

	build(h, &virt);
	for (uint64_t at = 1; err; at++) {
		uint64_t out = h->pages.out;

		h->pages.calls = 0;
		h->pages.fail_at = at;
		err = parse_blob(h);
		assert_true(at < 20);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_string_equal(h->line, "host device tree: out of memory");
		arena_destroy(&h->arena);
		assert_true(h->pages.out <= out);
		assert_int_equal(h->pages.out, 0);
	}
}

/* ---------------------------------------------------- whose tree is this? */

static bool is_host_tree(const void *blob, size_t len, uint64_t image)
{
	struct dt d;

	if (!platform_is_host_tree(&d, blob, len, (hpa_t){image}))
		return false;
	assert_ptr_equal(d.fdt, blob);
	assert_true(d.nr_nodes > 0);
	return true;
}

static bool is_host(struct host *h, const char *text, uint64_t image)
{
	free(h->blob);
	h->blob = dts_compile(text, &h->len);
	return is_host_tree(h->blob, h->len, image);
}

/* Rules out: host-tree */
static void host_tree_is_known_by_the_ram_we_run_in(void **state)
{
	struct host *h = *state;

	build(h, &virt);
	assert_true(is_host_tree(h->blob, h->len, 0x40200000));
	assert_false(is_host_tree(h->blob, h->len, 0x3fffffff));
	assert_false(is_host_tree(h->blob, h->len, 0x60000000));
	assert_false(is_host_tree(h->blob, h->len - 1, 0x40200000));
	assert_false(is_host_tree((char *)h->blob + 8, 64, 0x40200000));
}

/* Rules out: host-tree */
static void other_blobs_are_not_the_host_tree(void **state)
{
	struct host *h = *state;

	assert_true(is_host(h,
			    "memory { device_type = \"memory\";"
			    "reg = <0 1 2>; };"
			    "m2 { device_type = \"memory\";"
			    "reg = <0 3 1 0 0x100 0x100>; };",
			    0x1ff));
	assert_false(is_host(h,
			     "compatible = \"plinth,manifest-1\"; memory {"
			     "device_type = \"memory\"; reg = <0 0 2>; };",
			     1));
	assert_false(is_host(h, "x { };", 1));
	assert_false(is_host(h, "m { device_type = \"memory\"; };", 1));
	assert_false(
		is_host(h, "m { device_type = \"memory\"; reg = <0>; };", 0));
	assert_false(is_host(h,
			     "#address-cells = <3>; m { device_type ="
			     "\"memory\"; reg = <0 0 0 9>; };",
			     1));
	assert_false(is_host(h,
			     "#size-cells = <0>; m { device_type ="
			     "\"memory\"; reg = <0 0>; };",
			     0));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(tree_of_qemu_virt_gives_everything),
		T(nothing_points_into_the_tree),
		T(lone_cpu_needs_neither_psci_nor_enable_method),
		T(memory_of_many_nodes_is_sorted_and_joined),
		T(reserved_ranges_come_from_both_places),
		T(stdout_path_chooses_the_uart),
		T(redistributor_regions_and_stride_are_read),
		T(bootargs_and_initrd_come_from_chosen),
		T(seed_of_any_length_is_taken_up_to_its_maximum),
		T(what_is_missing_or_wrong_is_named_in_one_line),
		T(reservation_that_wraps_is_refused),
		T(lack_of_memory_at_any_point_is_an_error),
		T(host_tree_is_known_by_the_ram_we_run_in),
		T(other_blobs_are_not_the_host_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
