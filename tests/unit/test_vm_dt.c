/* A guest's device tree: read, generated, completed. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/fmt.h>

#include <hyp/vm_dt.h>

#include "../host/dts.h"
#include "../host/host.h"
#include "../host/pages.h"

struct guest {
	struct host_pages pages;
	struct arena arena;
	struct vm_config cfg;
	void *blob;
	size_t len;
	void *out; /* a tree that was written */
	char line[FMT_LINE_MAX];
};

static int setup(void **state)
{
	struct guest *g = calloc(1, sizeof(*g));
	struct arena_env env = host_pages_env(&g->pages);

	arena_init(&g->arena, &env);
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct guest *g = *state;

	arena_destroy(&g->arena);
	assert_int_equal(g->pages.out, 0);
	free(g->blob);
	free(g->out);
	free(g);
	return 0;
}

/* ---------------------------------------------------------- default map */

static int default_hw(struct guest *g, struct vm_hw hw)
{
	return vm_config_default_hw(&g->cfg, &hw, &g->arena);
}

static struct vm_hw hw_of(unsigned nr_vcpus, unsigned nr_virtio)
{
	return (struct vm_hw){
		.nr_vcpus = nr_vcpus,
		.ram_base = {0x40000000},
		.ram_size = MIB(512),
		.nr_virtio = nr_virtio,
		.nr_spis = vm_config_spis_needed(nr_virtio),
		.pmu = true,
	};
}

static void default_map_is_the_familiar_one(void **state)
{
	struct guest *g = *state;
	struct vm_config *c = &g->cfg;

	assert_int_equal(default_hw(g, hw_of(4, 3)), 0);
	assert_int_equal(c->nr_vcpus, 4);
	assert_int_equal(c->mpidr[3], 3);
	assert_int_equal(c->nr_ram, 1);
	assert_int_equal(c->ram[0].base.v, 0x40000000);
	assert_int_equal(c->ram[0].size, 0x20000000);
	assert_int_equal(c->gicd.base.v, 0x08000000);
	assert_int_equal(c->gicd.size, 0x10000);
	assert_int_equal(c->nr_gicr, 1);
	assert_int_equal(c->gicr[0].base.v, 0x080a0000);
	assert_int_equal(c->gicr[0].size, 0xf60000);
	assert_int_equal(c->uart.base.v, 0x09000000);
	assert_int_equal(c->uart_intid, 33);
	assert_int_equal(c->rtc.base.v, 0x09010000);
	assert_int_equal(c->rtc_intid, 34);
	assert_int_equal(c->nr_virtio, 3);
	assert_int_equal(c->virtio[2].regs.base.v, 0x0a000400);
	assert_int_equal(c->virtio[2].regs.size, 0x200);
	assert_int_equal(c->virtio[2].intid, 50);
	assert_int_equal(c->virtio[2].kind, VM_VIRTIO_EMPTY);
	assert_int_equal(c->nr_spis, 32);
}

/* Rules out: sgi-by-index */
static void clusters_have_sixteen_cpus(void **state)
{
	struct guest *g = *state;

	assert_int_equal(default_hw(g, hw_of(VM_VCPUS_MAX, 0)), 0);
	assert_int_equal(g->cfg.mpidr[15], 0x00f);
	assert_int_equal(g->cfg.mpidr[16], 0x100);
	assert_int_equal(g->cfg.mpidr[4095], 0xff0f);
}

static void redistributors_spill_into_a_second_region(void **state)
{
	struct guest *g = *state;

	assert_int_equal(default_hw(g, hw_of(123, 0)), 0);
	assert_int_equal(g->cfg.nr_gicr, 1);
	assert_int_equal(default_hw(g, hw_of(124, 0)), 0);
	assert_int_equal(g->cfg.nr_gicr, 2);
	assert_int_equal(g->cfg.gicr[1].base.v, 0x4000000000);
	assert_int_equal(g->cfg.gicr[1].size, 0x20000);
}

/* Rules out: spis-advertised */
static void spis_follow_the_slots(void **state)
{
	(void)state;
	assert_int_equal(vm_config_spis_needed(0), 32);
	assert_int_equal(vm_config_spis_needed(16), 32);
	assert_int_equal(vm_config_spis_needed(17), 64);
	assert_int_equal(vm_config_spis_needed(944), 960);
	assert_int_equal(vm_config_spis_for(32), 32);
	assert_int_equal(vm_config_spis_for(63), 32);
	assert_int_equal(vm_config_spis_for(64), 64);
	assert_int_equal(vm_config_spis_for(991), 960);
}

static void hardware_beyond_the_limits_is_refused(void **state)
{
	struct guest *g = *state;
	struct vm_hw bad[] = {
		hw_of(0, 0),   hw_of(VM_VCPUS_MAX + 1, 0),
		hw_of(1, 945), hw_of(1, UINT32_MAX),
		hw_of(1, 16),  hw_of(1, 0),
		hw_of(1, 0),   hw_of(1, 0),
		hw_of(1, 0),   hw_of(1, 0),
		hw_of(1, 0),   hw_of(1, 0),
	};

	bad[4].nr_virtio = 17; /* but SPIs for 16 */
	bad[5].nr_spis = 33;
	bad[6].nr_spis = 992;
	bad[7].ram_size = 0;
	bad[8].ram_size = MIB(3);
	bad[9].ram_base.v = MIB(1025);
	bad[10].ram_base.v = 0x0fe00000;
	bad[11].ram_size = GIB(255) + MIB(2);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("  %zu\n", i);
		assert_int_equal(default_hw(g, bad[i]), -EINVAL);
	}
	g->pages.fail_at = 1;
	assert_int_equal(default_hw(g, hw_of(1, 1)), -ENOMEM);
}

/* ------------------------------------------------------------- generated */

static void write_tree(struct guest *g, const struct vm_dt_boot *boot)
{
	uint64_t capacity = vm_dt_capacity(&g->cfg);

	free(g->out);
	g->out = aligned_alloc(8, capacity);
	assert_int_equal(vm_dt_write(&g->cfg, boot, g->out, capacity), 0);
	assert_int_equal(fdt_check_full(g->out, capacity), 0);
}

static int node(const struct guest *g, const char *path)
{
	int off = fdt_path_offset(g->out, path);

	assert_true(off >= 0);
	return off;
}

/* The property is exactly these bytes. */
static void expect_bytes(const struct guest *g, const char *path,
			 const char *prop, const void *want, size_t want_len)
{
	int len = -1;
	const void *v = fdt_getprop(g->out, node(g, path), prop, &len);

	print_message("  %s %s\n", path, prop);
	assert_int_equal(len, want_len);
	assert_memory_equal(v, want, want_len);
}

#define EXPECT_STR(g, path, prop, s) expect_bytes(g, path, prop, s, sizeof(s))

/* The property is exactly these cells. */
#define EXPECT_CELLS(g, path, prop, ...)                                       \
	do {                                                                   \
		uint32_t c[] = {__VA_ARGS__};                                  \
		for (size_t k = 0; k < ARRAY_SIZE(c); k++)                     \
			c[k] = cpu_to_fdt32(c[k]);                             \
		expect_bytes(g, path, prop, c, sizeof(c));                     \
	} while (0)

static void expect_absent(const struct guest *g, const char *path,
			  const char *prop)
{
	assert_null(fdt_getprop(g->out, node(g, path), prop, NULL));
}

static const struct vm_dt_seed seed = {
	.kaslr = 0x0123456789abcdef,
	.rng = "0123456789abcdef0123456789abcde",
};

static void generated_tree_says_what_the_vm_has(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {{{0x54000000}, 0x123456}, &seed};

	assert_int_equal(default_hw(g, hw_of(2, 1)), 0);
	g->cfg.bootargs = "console=ttyAMA0 quiet";
	write_tree(g, &boot);
	EXPECT_CELLS(g, "/", "#address-cells", 2);
	EXPECT_CELLS(g, "/", "#size-cells", 2);
	EXPECT_CELLS(g, "/", "interrupt-parent", 1);
	EXPECT_STR(g, "/chosen", "bootargs", "console=ttyAMA0 quiet");
	EXPECT_STR(g, "/chosen", "stdout-path", "/pl011@9000000");
	EXPECT_CELLS(g, "/chosen", "linux,initrd-start", 0, 0x54000000);
	EXPECT_CELLS(g, "/chosen", "linux,initrd-end", 0, 0x54123456);
	EXPECT_CELLS(g, "/chosen", "kaslr-seed", 0x01234567, 0x89abcdef);
	EXPECT_STR(g, "/chosen", "rng-seed", "0123456789abcdef0123456789abcde");
	EXPECT_STR(g, "/memory@40000000", "device_type", "memory");
	EXPECT_CELLS(g, "/memory@40000000", "reg", 0, 0x40000000, 0,
		     0x20000000);
	EXPECT_CELLS(g, "/cpus", "#address-cells", 1);
	EXPECT_CELLS(g, "/cpus", "#size-cells", 0);
	EXPECT_STR(g, "/cpus/cpu@1", "device_type", "cpu");
	EXPECT_CELLS(g, "/cpus/cpu@1", "reg", 1);
	EXPECT_STR(g, "/cpus/cpu@1", "enable-method", "psci");
	EXPECT_CELLS(g, "/cpus/cpu@1", "cpu-idle-states", 16);
	EXPECT_STR(g, "/cpus/idle-states", "entry-method", "psci");
	EXPECT_CELLS(g, "/cpus/idle-states/cpu-sleep", "phandle", 16);
	EXPECT_STR(g, "/cpus/idle-states/cpu-sleep", "compatible",
		   "arm,idle-state");
	EXPECT_CELLS(g, "/cpus/idle-states/cpu-sleep", "arm,psci-suspend-param",
		     0x10000);
	EXPECT_STR(g, "/psci", "method", "hvc");
	EXPECT_STR(g, "/psci", "compatible", "arm,psci-1.0\0arm,psci-0.2");
	EXPECT_STR(g, "/intc@8000000", "compatible", "arm,gic-v3");
	EXPECT_CELLS(g, "/intc@8000000", "phandle", 1);
	EXPECT_CELLS(g, "/intc@8000000", "#interrupt-cells", 3);
	EXPECT_CELLS(g, "/intc@8000000", "#redistributor-regions", 1);
	EXPECT_CELLS(g, "/intc@8000000", "reg", 0, 0x08000000, 0, 0x10000, 0,
		     0x080a0000, 0, 0xf60000);
	EXPECT_CELLS(g, "/timer", "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1,
		     10, 4);
	EXPECT_STR(g, "/pmu", "compatible", "arm,armv8-pmuv3");
	EXPECT_CELLS(g, "/pmu", "interrupts", 1, 7, 4);
	EXPECT_STR(g, "/pl011@9000000", "compatible",
		   "arm,pl011\0arm,primecell");
	EXPECT_CELLS(g, "/pl011@9000000", "reg", 0, 0x09000000, 0, 0x1000);
	EXPECT_CELLS(g, "/pl011@9000000", "interrupts", 0, 1, 4);
	EXPECT_CELLS(g, "/pl011@9000000", "clocks", 2, 2);
	EXPECT_CELLS(g, "/pl031@9010000", "interrupts", 0, 2, 4);
	EXPECT_CELLS(g, "/apb-pclk", "phandle", 2);
	EXPECT_STR(g, "/virtio_mmio@a000000", "compatible", "virtio,mmio");
	EXPECT_CELLS(g, "/virtio_mmio@a000000", "reg", 0, 0x0a000000, 0, 0x200);
	EXPECT_CELLS(g, "/virtio_mmio@a000000", "interrupts", 0, 16, 4);
	assert_true(fdt_path_offset(g->out, "/virtio_mmio@a000200") < 0);
	assert_true(fdt_path_offset(g->out, "/intc@8000000/its") < 0);
}

static void generated_tree_has_an_its_when_asked_for(void **state)
{
	static const char its[] = "/intc@8000000/its@8080000";
	struct guest *g = *state;
	const struct vm_dt_boot boot = {0};
	struct vm_hw hw = hw_of(1, 0);

	hw.its = true;
	assert_int_equal(default_hw(g, hw), 0);
	write_tree(g, &boot);
	EXPECT_STR(g, its, "compatible", "arm,gic-v3-its");
	EXPECT_CELLS(g, its, "#msi-cells", 1);
	EXPECT_CELLS(g, its, "reg", 0, 0x08080000, 0, 0x20000);
}

static void generated_tree_has_a_watchdog_when_asked_for(void **state)
{
	static const char dog[] = "/watchdog@9100000";
	struct guest *g = *state;
	const struct vm_dt_boot boot = {0};
	struct vm_hw hw = hw_of(1, 0);

	assert_int_equal(default_hw(g, hw), 0);
	write_tree(g, &boot);
	assert_true(fdt_path_offset(g->out, dog) < 0);
	hw.watchdog = true;
	assert_int_equal(default_hw(g, hw), 0);
	write_tree(g, &boot);
	EXPECT_STR(g, dog, "compatible", "arm,sbsa-gwdt");
	EXPECT_CELLS(g, dog, "reg", 0, 0x09100000, 0, 0x10000, 0, 0x09110000, 0,
		     0x10000); /* control, refresh */
	EXPECT_CELLS(g, dog, "interrupts", 0, 10, 4);
}

static void generated_tree_is_silent_about_what_is_not_there(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {0};

	assert_int_equal(default_hw(g, hw_of(1, 0)), 0);
	g->cfg.uart.size = 0;
	g->cfg.rtc.size = 0;
	write_tree(g, &boot);
	expect_absent(g, "/chosen", "bootargs");
	expect_absent(g, "/chosen", "stdout-path");
	expect_absent(g, "/chosen", "linux,initrd-start");
	expect_absent(g, "/chosen", "kaslr-seed");
	expect_absent(g, "/chosen", "rng-seed");
	assert_true(fdt_path_offset(g->out, "/pl011") < 0);
	assert_true(fdt_path_offset(g->out, "/pl031") < 0);
}

static void aff3_needs_two_cells(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {0};

	assert_int_equal(default_hw(g, hw_of(2, 0)), 0);
	g->cfg.mpidr[1] = 0x100000000;
	write_tree(g, &boot);
	EXPECT_CELLS(g, "/cpus", "#address-cells", 2);
	EXPECT_CELLS(g, "/cpus/cpu@0", "reg", 0, 0);
	EXPECT_CELLS(g, "/cpus/cpu@100000000", "reg", 1, 0);
}

static struct vm_dt_log log_of(struct guest *g)
{
	return (struct vm_dt_log){NULL, g->line, sizeof(g->line)};
}

static void generated_tree_read_back_is_the_same_vm(void **state)
{
	static const unsigned sizes[][2] = {
		{1, 0}, {2, 1}, {16, 16}, {123, 32}, {512, 944},
	};
	const struct vm_dt_boot boot = {{{0x54000000}, 0x1000}, &seed};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct guest *g = *state;
		struct vm_dt_log log = log_of(g);
		struct vm_config *a = &g->cfg;
		struct vm_config b = {0};
		struct vm_hw hw = hw_of(sizes[i][0], sizes[i][1]);

		print_message("  %u vCPUs %u slots\n", sizes[i][0],
			      sizes[i][1]);
		hw.its = i % 2;
		hw.watchdog = i % 3 == 0;
		assert_int_equal(default_hw(g, hw), 0);
		write_tree(g, &boot);
		assert_int_equal(vm_dt_parse(&b, g->out, vm_dt_capacity(a),
					     &g->arena, &log),
				 0);
		assert_int_equal(b.nr_vcpus, a->nr_vcpus);
		assert_memory_equal(b.mpidr, a->mpidr, 8UL * a->nr_vcpus);
		assert_int_equal(b.nr_ram, 1);
		assert_memory_equal(b.ram, a->ram, sizeof(*a->ram));
		assert_memory_equal(&b.gicd, &a->gicd, sizeof(a->gicd));
		assert_memory_equal(&b.its, &a->its, sizeof(a->its));
		assert_int_equal(b.nr_gicr, a->nr_gicr);
		assert_memory_equal(b.gicr, a->gicr,
				    a->nr_gicr * sizeof(*a->gicr));
		assert_int_equal(b.nr_spis, a->nr_spis);
		assert_memory_equal(&b.uart, &a->uart, sizeof(a->uart));
		assert_int_equal(b.uart_intid, a->uart_intid);
		assert_memory_equal(&b.rtc, &a->rtc, sizeof(a->rtc));
		assert_int_equal(b.rtc_intid, a->rtc_intid);
		assert_int_equal(b.nr_virtio, a->nr_virtio);
		for (unsigned k = 0; k < a->nr_virtio; k++) {
			assert_int_equal(b.virtio[k].regs.base.v,
					 a->virtio[k].regs.base.v);
			assert_int_equal(b.virtio[k].intid, a->virtio[k].intid);
		}
	}
}

static void capacity_is_always_enough_and_less_is_enospc(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {{{0x54000000}, 0x1000}, &seed};
	static char args[4096];
	uint64_t used;

	memset(args, 'a', sizeof(args) - 1);
	assert_int_equal(default_hw(g, hw_of(VM_VCPUS_MAX, 944)), 0);
	g->cfg.bootargs = args;
	write_tree(g, &boot);
	used = fdt_totalsize(g->out);
	for (uint64_t room = 0; room < used; room += used / 61 + 1)
		assert_int_equal(vm_dt_write(&g->cfg, &boot, g->out, room),
				 -ENOSPC);
	/* Neither makes up for the other. */
	assert_int_equal(default_hw(g, hw_of(VM_VCPUS_MAX, 0)), 0);
	write_tree(g, &boot);
	assert_int_equal(default_hw(g, hw_of(1, 944)), 0);
	write_tree(g, &boot);
}

/* ------------------------------------------------------------- completed */

static void bring(struct guest *g, const char *text)
{
	free(g->blob);
	g->blob = dts_compile(text, &g->len);
	g->cfg.dtb = (struct vm_module){hpa_of(g->blob), g->len, "dtb@0"};
}

static void brought_tree_is_completed(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {{{0x54000000}, 0x1000}, &seed};

	bring(g, "x { y = <1>; };");
	g->cfg.bootargs = "quiet";
	write_tree(g, &boot);
	EXPECT_CELLS(g, "/x", "y", 1);
	EXPECT_STR(g, "/chosen", "bootargs", "quiet");
	EXPECT_CELLS(g, "/chosen", "linux,initrd-start", 0, 0x54000000);
	EXPECT_CELLS(g, "/chosen", "linux,initrd-end", 0, 0x54001000);
	EXPECT_CELLS(g, "/chosen", "kaslr-seed", 0x01234567, 0x89abcdef);
	EXPECT_STR(g, "/chosen", "rng-seed", "0123456789abcdef0123456789abcde");
}

static void brought_tree_keeps_what_only_it_knows(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {{{0}, 0}, &seed};

	bring(g, "chosen { bootargs = \"mine\"; rng-seed = [01 02];"
		 "kaslr-seed = <0 5>; linux,initrd-start = <1>;"
		 "linux,initrd-end = <2>; };");
	write_tree(g, &boot);
	EXPECT_STR(g, "/chosen", "bootargs", "mine");
	EXPECT_CELLS(g, "/chosen", "kaslr-seed", 0, 5);
	expect_bytes(g, "/chosen", "rng-seed", "\1\2", 2);
	expect_absent(g, "/chosen", "linux,initrd-start");
	expect_absent(g, "/chosen", "linux,initrd-end");
	bring(g, "chosen { bootargs = \"mine\"; };");
	g->cfg.bootargs = "the manifest's is longer";
	write_tree(g, &(struct vm_dt_boot){0});
	EXPECT_STR(g, "/chosen", "bootargs", "the manifest's is longer");
	expect_absent(g, "/chosen", "kaslr-seed");
}

static void completing_does_not_touch_the_original(void **state)
{
	struct guest *g = *state;
	const struct vm_dt_boot boot = {{{0x54000000}, 0x1000}, &seed};
	uint64_t used;
	char *before;

	bring(g, "chosen { };");
	before = malloc(g->len);
	memcpy(before, g->blob, g->len);
	write_tree(g, &boot);
	assert_memory_equal(before, g->blob, g->len);
	free(before);
	used = fdt_totalsize(g->out);
	for (uint64_t room = 0; room < used; room += 8)
		assert_int_equal(vm_dt_write(&g->cfg, &boot, g->out, room),
				 -ENOSPC);
	memset(g->blob, 0, 4);
	assert_int_equal(vm_dt_write(&g->cfg, &boot, g->out, 4096), -EINVAL);
}

/* ------------------------------------------------------------------ read */

/* Pieces of a guest's tree, so that a test can change one. */
struct pieces {
	const char *root, *memory, *cpus, *psci, *gic, *timer, *uart, *rtc,
		*virtio;
};

static const struct pieces good = {
	.root = "interrupt-parent = <1>; #address-cells = <2>;"
		"#size-cells = <2>;",
	.memory = "memory@40000000 { device_type = \"memory\";"
		  "reg = <0 0x40000000 0 0x10000000>; };",
	.cpus = "cpus { #address-cells = <1>; #size-cells = <0>;"
		"cpu@0 { device_type = \"cpu\"; reg = <0>;"
		" enable-method = \"psci\"; };"
		"cpu@100 { device_type = \"cpu\"; reg = <0x100>;"
		" enable-method = \"psci\"; }; };",
	.psci = "psci { compatible = \"arm,psci-0.2\"; method = \"smc\"; };",
	.gic = "gic { compatible = \"arm,gic-v3\"; phandle = <1>;"
	       "#interrupt-cells = <3>;"
	       "reg = <0 0x1000000 0 0x20000 0 0x2000000 0 0x40000>; };",
	.timer = "timer { compatible = \"arm,armv8-timer\";"
		 "interrupts = <1 13 8 1 14 8 1 11 8>; };",
	.uart = "uart { compatible = \"arm,pl011\"; interrupts = <0 7 4>;"
		"reg = <0 0x3000000 0 0x10000>; };",
	.rtc = "",
	.virtio = "v@2 { compatible = \"virtio,mmio\"; interrupts = <0 9 1>;"
		  " reg = <0 0x5000200 0 0x200>; };"
		  "v@1 { compatible = \"virtio,mmio\"; interrupts = <0 40 1>;"
		  " reg = <0 0x5000000 0 0x200>; };"
		  "v@3 { compatible = \"virtio,mmio\"; status = \"disabled\"; "
		  "};",
};

static int parse(struct guest *g, const struct pieces *t)
{
	static char text[8192];
	struct vm_dt_log log = log_of(g);

	(void)snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s%s", t->root,
		       t->memory, t->cpus, t->psci, t->gic, t->timer, t->uart,
		       t->rtc, t->virtio);
	free(g->blob);
	g->blob = dts_compile(text, &g->len);
	g->line[0] = '\0';
	g->cfg = (struct vm_config){0};
	return vm_dt_parse(&g->cfg, g->blob, g->len, &g->arena, &log);
}

static void brought_tree_describes_the_hardware(void **state)
{
	struct guest *g = *state;
	struct vm_config *c = &g->cfg;

	assert_int_equal(parse(g, &good), 0);
	assert_int_equal(c->nr_vcpus, 2);
	assert_int_equal(c->mpidr[1], 0x100);
	assert_int_equal(c->ram[0].base.v, 0x40000000);
	assert_int_equal(c->gicd.base.v, 0x1000000);
	assert_int_equal(c->gicd.size, 0x10000);
	assert_int_equal(c->gicr[0].base.v, 0x2000000);
	assert_int_equal(c->uart.base.v, 0x3000000);
	assert_int_equal(c->uart.size, 0x1000);
	assert_int_equal(c->uart_intid, 39);
	assert_int_equal(c->rtc.size, 0);
	assert_int_equal(c->nr_virtio, 2);
	assert_int_equal(c->virtio[0].regs.base.v, 0x5000000);
	assert_int_equal(c->virtio[0].intid, 72);
	assert_int_equal(c->virtio[1].regs.base.v, 0x5000200);
	assert_int_equal(c->virtio[1].intid, 41);
	assert_int_equal(c->nr_spis, 64);
	assert_int_equal(c->nr_reserved, 0);
}

#define GIC_ITS(reg)                                                           \
	"gic { compatible = \"arm,gic-v3\"; phandle = <1>;"                    \
	"#interrupt-cells = <3>; #address-cells = <2>; #size-cells = <2>;"     \
	"ranges; reg = <0 0x1000000 0 0x10000 0 0x2000000 0 0x40000>;"         \
	"its { compatible = \"arm,gic-v3-its\"; reg = <" reg ">; }; };"

static void brought_its_is_part_of_the_hardware(void **state)
{
	struct guest *g = *state;
	struct pieces t = good;

	t.gic = GIC_ITS("0 0x1020000 0 0x200000");
	assert_int_equal(parse(g, &t), 0);
	assert_int_equal(g->cfg.its.base.v, 0x1020000);
	assert_int_equal(g->cfg.its.size, 0x20000);
	assert_int_equal(parse(g, &good), 0);
	assert_int_equal(g->cfg.its.size, 0);
}

static void optional_hardware_may_be_absent(void **state)
{
	struct guest *g = *state;
	struct pieces t = good;

	t.cpus = "cpus { cpu { device_type = \"cpu\"; reg = <0>; }; };";
	t.psci = t.uart = t.virtio = t.timer = "";
	t.memory = "memory { device_type = \"memory\"; reg = <0 0x1000 0 "
		   "0x1000 0 0x4000 0 0x1000>; }; reserved-memory {"
		   "#address-cells = <2>; #size-cells = <2>; ranges;"
		   "r { reg = <0 0x4000 0 0x10>; }; };";
	assert_int_equal(parse(g, &t), 0);
	assert_int_equal(g->cfg.nr_vcpus, 1);
	assert_int_equal(g->cfg.uart.size, 0);
	assert_int_equal(g->cfg.nr_virtio, 0);
	assert_false(g->cfg.pmu);
	assert_int_equal(g->cfg.nr_spis, 32);
	assert_int_equal(g->cfg.nr_ram, 2);
	assert_int_equal(g->cfg.ram[1].base.v, 0x4000);
	assert_int_equal(g->cfg.nr_reserved, 1);
	assert_int_equal(g->cfg.reserved[0].size, 0x10);
}

static void performance_monitors_are_there_where_the_tree_has_them(void **state)
{
	struct guest *g = *state;
	struct pieces t = good;

	t.rtc = "pmu { compatible = \"arm,armv8-pmuv3\";"
		"interrupts = <1 7 4>; };";
	assert_int_equal(parse(g, &t), 0);
	assert_true(g->cfg.pmu);
}

#define GICV3(more)                                                            \
	"gic { compatible = \"arm,gic-v3\"; phandle = <1>;"                    \
	"#interrupt-cells = <3>;" more "};"
#define VIRTIO(unit, reg, irq)                                                 \
	"v@" unit " { compatible = \"virtio,mmio\"; reg = <" reg ">;"          \
	"interrupts = <" irq ">; };"
#define PL031(reg, irq)                                                        \
	"rtc { compatible = \"arm,pl031\"; reg = <" reg ">;"                   \
	"interrupts = <" irq ">; };"
#define TIMER(irqs)                                                            \
	"timer { compatible = \"arm,armv8-timer\"; interrupts = <" irqs ">; "  \
	"};"
#define MEMORY(reg) "memory { device_type = \"memory\"; reg = <" reg ">; };"

#define WITH(piece, text, line)                                                \
	{                                                                      \
		offsetof(struct pieces, piece), text, line                     \
	}
static const struct {
	size_t piece;
	const char *text, *line;
} bad_trees[] = {
	WITH(memory, "", "/: no node memory with RAM"),
	WITH(memory, MEMORY("0 0x40000000 0 0x10000800"),
	     "/: memory 0x40000000 + 0x10000800 is no multiple of "
	     "4 KiB"),
	WITH(memory, MEMORY("0 0x40000800 0 0x10000000"),
	     "/: memory 0x40000800 + 0x10000000 is no multiple of "
	     "4 KiB"),
	WITH(memory, MEMORY("0xffff 0xfffff000 0 0x2000"),
	     "/: memory 0xfffffffff000 + 0x2000 ends above 2^48"),
	WITH(memory, MEMORY("0 0x1000000 0 0x1000"),
	     "/gic: property reg: 0x1000000 overlaps RAM"),
	WITH(memory, MEMORY("0 0x2020000 0 0x1000"),
	     "/gic: property reg: 0x2000000 overlaps RAM"),
	WITH(memory, MEMORY("0 0x5000000 0 0x1000"),
	     "/v@1: property reg: 0x5000000 overlaps RAM"),
	WITH(cpus, "", "/: no node cpus"),
	WITH(psci, "", "/: no node arm,psci-0.2 to start 2 CPUs with"),
	WITH(psci, "psci { compatible = \"arm,psci-0.2\"; method = \"p\"; };",
	     "/psci: property method: must be \"smc\" or \"hvc\""),
	WITH(gic, "", "/: no node arm,gic-v3"),
	WITH(gic, "gic { compatible = \"arm,gic-400\"; };",
	     "/gic: property compatible: arm,gic-400 is not supported, "
	     "only arm,gic-v3"),
	WITH(gic,
	     GICV3("reg = <0 0x1000000 0 0x10000 0 0x2000000 0 "
		   "0x20000>;"),
	     "/gic: property reg: redistributors for 1 CPUs, needs 2"),
	WITH(gic,
	     GICV3("reg = <0 0x1000000 0 0x10000 0 0x2000000 0 "
		   "0x80000>; redistributor-stride = <0x40000>;"),
	     "/gic: property redistributor-stride: 0x40000 is not "
	     "supported, only 0x20000"),
	WITH(gic,
	     GICV3("#redistributor-regions = <3>; reg = <0 0 0 0x10000 "
		   "0 0x20000 0 0x20000 0 0x40000 0 0x20000 0 0x60000 "
		   "0 0x20000>;"),
	     "/gic: property reg: 3 redistributor regions for 2 CPUs"),
	WITH(gic,
	     GICV3("reg = <0 0x1000000 0 0x10000 0 0x1000000 0 "
		   "0x40000>;"),
	     "/gic: property reg: 0x1000000 overlaps node gic"),
	WITH(gic,
	     GICV3("reg = <0x10000 0 0 0x10000 0 0x1000000 0 "
		   "0x40000>;"),
	     "/gic: property reg: 0x1000000000000 is above 2^48"),
	WITH(gic, GIC_ITS("0 0x1020000 0 0x10000"),
	     "/gic/its: property reg: must be 128 KiB, 64 KiB aligned"),
	WITH(gic, GIC_ITS("0 0x1021000 0 0x20000"),
	     "/gic/its: property reg: must be 128 KiB, 64 KiB aligned"),
	WITH(gic, GIC_ITS("0 0xff0000 0 0x20000"),
	     "/gic/its: property reg: 0xff0000 overlaps node gic"),
	WITH(gic, GIC_ITS("0 0x40000000 0 0x20000"),
	     "/gic/its: property reg: 0x40000000 overlaps RAM"),
	WITH(rtc,
	     "a { compatible = \"arm,gic-v3-its\"; };"
	     "b { compatible = \"arm,gic-v3-its\"; };",
	     "/a: only one ITS is supported"),
	WITH(timer, TIMER("1 13 8 1 14 8 1 12 8"),
	     "/timer: property interrupts: timers must be PPI 14 "
	     "(physical) and 11 (virtual)"),
	WITH(timer, TIMER("1 13 8 1 10 8 1 11 8"),
	     "/timer: property interrupts: timers must be PPI 14 "
	     "(physical) and 11 (virtual)"),
	WITH(rtc,
	     "pmu { compatible = \"arm,armv8-pmuv3\";"
	     "interrupts = <1 6 4>; };",
	     "/pmu: property interrupts: performance monitors must have "
	     "PPI 7"),
	WITH(rtc, "pmu { compatible = \"arm,armv8-pmuv3\"; };",
	     "/pmu: property interrupts: missing"),
	WITH(uart,
	     "uart { compatible = \"arm,pl011\"; interrupts = <1 7 4>;"
	     "reg = <0 0x3000000 0 0x1000>; };",
	     "/uart: property interrupts: INTID 23 is not one of the "
	     "960 SPIs"),
	WITH(uart,
	     "uart { compatible = \"arm,pl011\"; interrupts = <0 960 "
	     "4>; reg = <0 0x3000000 0 0x1000>; };",
	     "/uart: property interrupts: INTID 992 is not one of the "
	     "960 SPIs"),
	WITH(uart,
	     "uart { compatible = \"arm,pl011\"; interrupts = <0 1 4>;"
	     "reg = <0 0x3000800 0 0x1000>; };",
	     "/uart: property reg: must be a 4 KiB page at least"),
	WITH(rtc, PL031("0 0x3800000 0 0x800", "0 1 4"),
	     "/rtc: property reg: must be a 4 KiB page at least"),
	WITH(rtc, PL031("0 0x3000000 0 0x1000", "0 1 4"),
	     "/rtc: property reg: 0x3000000 overlaps node uart"),
	WITH(rtc, PL031("0 0x3800000 0 0x1000", "0 7 4"),
	     "/rtc: property interrupts: INTID 39 is also that of node "
	     "uart"),
	WITH(virtio, VIRTIO("1", "0 0x5000000 0 0x100", "0 9 1"),
	     "/v@1: property reg: must be 0x200 bytes"),
	WITH(virtio, VIRTIO("1", "0 0x5000004 0 0x200", "0 9 1"),
	     "/v@1: property reg: must be 0x200 bytes"),
	WITH(virtio, VIRTIO("1", "0 0x5000000 0 0x200", "1 9 1"),
	     "/v@1: property interrupts: INTID 25 is not one of the "
	     "960 SPIs"),
	WITH(virtio,
	     VIRTIO("1", "0 0x5000000 0 0x200", "0 9 1")
		     VIRTIO("2", "0 0x5000100 0 0x200", "0 8 1"),
	     "/v@2: property reg: 0x5000100 overlaps node v@1"),
	WITH(virtio,
	     VIRTIO("1", "0 0x5000000 0 0x200", "0 9 1")
		     VIRTIO("2", "0 0x5000200 0 0x200", "0 9 1"),
	     "/v@2: property interrupts: INTID 41 is also that of node "
	     "v@1"),
	WITH(virtio, "v { compatible = \"virtio,mmio\"; };",
	     "/v: property reg: missing"),
};

static void what_cannot_be_given_is_named_in_one_line(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_trees); i++) {
		struct guest *g = *state;
		struct pieces t = good;

		memcpy((char *)&t + bad_trees[i].piece, &bad_trees[i].text,
		       sizeof(bad_trees[i].text));
		print_message("  %s\n", bad_trees[i].line);
		assert_int_equal(parse(g, &t), -EINVAL);
		assert_string_equal(g->line, bad_trees[i].line);
	}
}

static void error_line_begins_with_the_label(void **state)
{
	struct guest *g = *state;
	struct vm_dt_log log = log_of(g);

	log.label = "/linux/dtb@47000000";
	g->blob = dts_compile("x { };", &g->len);
	assert_int_equal(vm_dt_parse(&g->cfg, g->blob, g->len, &g->arena, &log),
			 -EINVAL);
	assert_string_equal(g->line, "/linux/dtb@47000000: /: no node memory "
				     "with RAM");
}

static void lack_of_memory_at_any_point_is_an_error(void **state)
{
	struct guest *g = *state;
	int err = -ENOMEM;

	for (uint64_t at = 1; err; at++) {
		assert_true(at < 20);
		g->pages.calls = 0;
		g->pages.fail_at = at;
		err = parse(g, &good);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_string_equal(g->line,
					    "device tree: out of memory");
			arena_destroy(&g->arena);
			assert_int_equal(g->pages.out, 0);
		}
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(default_map_is_the_familiar_one),
		T(clusters_have_sixteen_cpus),
		T(redistributors_spill_into_a_second_region),
		T(spis_follow_the_slots),
		T(hardware_beyond_the_limits_is_refused),
		T(generated_tree_says_what_the_vm_has),
		T(generated_tree_has_an_its_when_asked_for),
		T(generated_tree_has_a_watchdog_when_asked_for),
		T(generated_tree_is_silent_about_what_is_not_there),
		T(aff3_needs_two_cells),
		T(generated_tree_read_back_is_the_same_vm),
		T(capacity_is_always_enough_and_less_is_enospc),
		T(brought_tree_is_completed),
		T(brought_tree_keeps_what_only_it_knows),
		T(completing_does_not_touch_the_original),
		T(brought_tree_describes_the_hardware),
		T(brought_its_is_part_of_the_hardware),
		T(optional_hardware_may_be_absent),
		T(performance_monitors_are_there_where_the_tree_has_them),
		T(what_cannot_be_given_is_named_in_one_line),
		T(error_line_begins_with_the_label),
		T(lack_of_memory_at_any_point_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
