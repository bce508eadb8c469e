/*
 * The device tree that a guest is handed: generated from struct vm_config, or
 * a copy of the one that was brought, with /chosen completed.
 *
 * Models: CPUs with PSCI and an idle state, RAM, GICv3 and ITS, architected
 * timer, PMU, PL011, PL031, virtio-mmio, /chosen. Leaves out: what the VM does
 * not have.
 * Specifications: see vm_dt.h.
 * Called by the VM's start and reset paths. No locks. libfdt's sequential
 * writer makes the tree; its first error sticks in the generator and all
 * later calls do nothing, so the tree's shape reads without error paths.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <base/fmt.h>

#include <hyp/vm_dt.h>

#define PHANDLE_GIC   1
#define PHANDLE_CLOCK 2
#define PHANDLE_SLEEP 16       /* the CPUs' idle state */
#define CLOCK_HZ      24000000 /* of PL011 and PL031; nothing divides it */

/* Interrupt specifier cells of the arm,gic-v3 binding. */
#define IRQ_SPI        0
#define IRQ_PPI        1
#define IRQ_LEVEL_HIGH 4

/* The idle state: a power-down at level 0 (PSCI, power_state). */
#define SLEEP_PARAM        0x10000
#define SLEEP_ENTRY_US     100
#define SLEEP_EXIT_US      200
#define SLEEP_RESIDENCY_US 10000000

/* Bytes of a tree apart from what is counted: generous, checked by tests. */
#define ROOM_BASE   4096
#define ROOM_CPU    208 /* a node cpu@... */
#define ROOM_SLOT   192 /* a node virtio_mmio@... */
#define ROOM_RANGE  16  /* an entry of a reg */
#define ROOM_CHOSEN 512 /* node, properties and their names */

struct gen {
	void *fdt;
	int err; /* libfdt's, the first one; 0 so far */
};

/* A list of strings, its NULs included. */
#define STRINGS(g, name, list) g_bytes(g, name, list, sizeof(list))

static void g_bytes(struct gen *g, const char *name, const void *v, size_t len)
{
	if (!g->err)
		g->err = fdt_property(g->fdt, name, v, (int)len);
}

static void g_u32(struct gen *g, const char *name, uint32_t v)
{
	if (!g->err)
		g->err = fdt_property_u32(g->fdt, name, v);
}

static void g_u64(struct gen *g, const char *name, uint64_t v)
{
	if (!g->err)
		g->err = fdt_property_u64(g->fdt, name, v);
}

static void g_string(struct gen *g, const char *name, const char *v)
{
	g_bytes(g, name, v, strlen(v) + 1);
}

static void g_cells(struct gen *g, const char *name, const uint32_t *v,
		    size_t nr)
{
	fdt32_t cells[16];

	for (size_t i = 0; i < nr; i++)
		cells[i] = cpu_to_fdt32(v[i]);
	g_bytes(g, name, cells, nr * sizeof(cells[0]));
}

static void g_begin(struct gen *g, const char *name)
{
	if (!g->err)
		g->err = fdt_begin_node(g->fdt, name);
}

static void g_begin_at(struct gen *g, const char *name, uint64_t unit)
{
	char full[48];

	(void)fmt_line(full, sizeof(full), "%s@%lx", name, unit);
	g_begin(g, full);
}

static void g_end(struct gen *g)
{
	if (!g->err)
		g->err = fdt_end_node(g->fdt);
}

/* #address-cells and #size-cells. */
static void g_addressing(struct gen *g, uint32_t ac, uint32_t sc)
{
	g_u32(g, "#address-cells", ac);
	g_u32(g, "#size-cells", sc);
}

/* A property of nr ranges, preceded by `first` unless that is NULL. */
static void g_reg(struct gen *g, const struct vm_range *first,
		  const struct vm_range *r, unsigned nr)
{
	unsigned total = nr + (first ? 1 : 0);
	void *at = NULL;
	fdt64_t *v;

	if (!g->err)
		g->err = fdt_property_placeholder(
			g->fdt, "reg", (int)(total * ROOM_RANGE), &at);
	if (g->err)
		return;
	v = at;
	for (unsigned i = 0; i < total; i++) {
		const struct vm_range *one =
			first ? (i ? &r[i - 1] : first) : &r[i];

		fdt64_st(v++, one->base.v);
		fdt64_st(v++, one->size);
	}
}

static void g_spi(struct gen *g, uint32_t intid)
{
	const uint32_t v[] = {IRQ_SPI, intid - VM_SPI_FIRST, IRQ_LEVEL_HIGH};

	g_cells(g, "interrupts", v, ARRAY_SIZE(v));
}

/* ------------------------------------------------------------------ nodes */

static void chosen_seeds(struct gen *g, const struct vm_dt_seed *seed)
{
	if (!seed)
		return;
	g_u64(g, "kaslr-seed", seed->kaslr);
	g_bytes(g, "rng-seed", seed->rng, sizeof(seed->rng));
}

static void gen_chosen(struct gen *g, const struct vm_config *cfg,
		       const struct vm_dt_boot *boot)
{
	char path[32];

	g_begin(g, "chosen");
	if (cfg->bootargs)
		g_string(g, "bootargs", cfg->bootargs);
	if (cfg->uart.size) {
		(void)fmt_line(path, sizeof(path), "/pl011@%lx",
			       cfg->uart.base.v);
		g_string(g, "stdout-path", path);
	}
	if (boot->initrd.size) {
		uint64_t start = boot->initrd.base.v;

		g_u64(g, "linux,initrd-start", start);
		g_u64(g, "linux,initrd-end", start + boot->initrd.size);
	}
	chosen_seeds(g, boot->seed);
	g_end(g);
}

static void gen_memory(struct gen *g, const struct vm_config *cfg)
{
	g_begin_at(g, "memory", cfg->ram[0].base.v);
	g_string(g, "device_type", "memory");
	g_reg(g, NULL, cfg->ram, cfg->nr_ram);
	g_end(g);
}

static void gen_cpu(struct gen *g, uint64_t mpidr, uint32_t cells)
{
	g_begin_at(g, "cpu", mpidr);
	g_string(g, "device_type", "cpu");
	g_string(g, "compatible", "arm,armv8");
	if (cells == 1)
		g_u32(g, "reg", (uint32_t)mpidr);
	else
		g_u64(g, "reg", mpidr);
	g_string(g, "enable-method", "psci");
	g_u32(g, "cpu-idle-states", PHANDLE_SLEEP);
	g_end(g);
}

/*
 * CPU_SUSPEND with power-down. WFI is as deep a sleep and costs no exit, while
 * a kernel that comes back from this sets up its interrupt controller and its
 * performance monitors again: longer than an idle kernel ever sleeps. It is
 * here for whoever wants to see that its CPUs can. The timers go on: no
 * local-timer-stop.
 */
static void gen_idle_states(struct gen *g)
{
	g_begin(g, "idle-states");
	g_string(g, "entry-method", "psci");
	g_begin(g, "cpu-sleep");
	g_string(g, "compatible", "arm,idle-state");
	g_u32(g, "arm,psci-suspend-param", SLEEP_PARAM);
	g_u32(g, "entry-latency-us", SLEEP_ENTRY_US);
	g_u32(g, "exit-latency-us", SLEEP_EXIT_US);
	g_u32(g, "min-residency-us", SLEEP_RESIDENCY_US);
	g_u32(g, "phandle", PHANDLE_SLEEP);
	g_end(g);
	g_end(g);
}

static void gen_cpus(struct gen *g, const struct vm_config *cfg)
{
	uint32_t cells = 1;

	for (unsigned i = 0; i < cfg->nr_vcpus; i++)
		if (cfg->mpidr[i] > UINT32_MAX)
			cells = 2; /* Aff3 is in use */
	g_begin(g, "cpus");
	g_addressing(g, cells, 0);
	for (unsigned i = 0; i < cfg->nr_vcpus; i++)
		gen_cpu(g, cfg->mpidr[i], cells);
	gen_idle_states(g);
	g_end(g);
}

static void gen_psci(struct gen *g)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	g_begin(g, "psci");
	STRINGS(g, "compatible", compatible);
	g_string(g, "method", "hvc");
	g_end(g);
}

static void gen_its(struct gen *g, const struct vm_config *cfg)
{
	if (!cfg->its.size)
		return;
	g_begin_at(g, "its", cfg->its.base.v);
	g_string(g, "compatible", "arm,gic-v3-its");
	g_bytes(g, "msi-controller", NULL, 0);
	g_u32(g, "#msi-cells", 1);
	g_reg(g, NULL, &cfg->its, 1);
	g_end(g);
}

static void gen_gic(struct gen *g, const struct vm_config *cfg)
{
	g_begin_at(g, "intc", cfg->gicd.base.v);
	g_string(g, "compatible", "arm,gic-v3");
	g_u32(g, "phandle", PHANDLE_GIC);
	g_u32(g, "#interrupt-cells", 3);
	g_bytes(g, "interrupt-controller", NULL, 0);
	g_addressing(g, 2, 2);
	g_bytes(g, "ranges", NULL, 0);
	g_u32(g, "#redistributor-regions", cfg->nr_gicr);
	g_reg(g, &cfg->gicd, cfg->gicr, cfg->nr_gicr);
	gen_its(g, cfg);
	g_end(g);
}

static void gen_timer(struct gen *g)
{
	/* Secure physical, physical, virtual, hypervisor: the usual PPIs. */
	static const uint32_t ppis[] = {
		IRQ_PPI, 13, IRQ_LEVEL_HIGH, IRQ_PPI, 14, IRQ_LEVEL_HIGH,
		IRQ_PPI, 11, IRQ_LEVEL_HIGH, IRQ_PPI, 10, IRQ_LEVEL_HIGH,
	};

	g_begin(g, "timer");
	g_string(g, "compatible", "arm,armv8-timer");
	g_cells(g, "interrupts", ppis, ARRAY_SIZE(ppis));
	g_bytes(g, "always-on", NULL, 0);
	g_end(g);
}

static void gen_pmu(struct gen *g)
{
	static const uint32_t ppi[] = {IRQ_PPI, VM_PMU_INTID - 16,
				       IRQ_LEVEL_HIGH};

	g_begin(g, "pmu");
	g_string(g, "compatible", "arm,armv8-pmuv3");
	g_cells(g, "interrupts", ppi, ARRAY_SIZE(ppi));
	g_end(g);
}

static void gen_clock(struct gen *g)
{
	g_begin(g, "apb-pclk");
	g_string(g, "compatible", "fixed-clock");
	g_u32(g, "#clock-cells", 0);
	g_u32(g, "clock-frequency", CLOCK_HZ);
	g_string(g, "clock-output-names", "clk24mhz");
	g_u32(g, "phandle", PHANDLE_CLOCK);
	g_end(g);
}

static void gen_uart(struct gen *g, const struct vm_config *cfg)
{
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char names[] = "uartclk\0apb_pclk";
	static const uint32_t clocks[] = {PHANDLE_CLOCK, PHANDLE_CLOCK};

	if (!cfg->uart.size)
		return;
	g_begin_at(g, "pl011", cfg->uart.base.v);
	STRINGS(g, "compatible", compatible);
	g_reg(g, NULL, &cfg->uart, 1);
	g_spi(g, cfg->uart_intid);
	g_cells(g, "clocks", clocks, ARRAY_SIZE(clocks));
	STRINGS(g, "clock-names", names);
	g_end(g);
}

static void gen_rtc(struct gen *g, const struct vm_config *cfg)
{
	static const char compatible[] = "arm,pl031\0arm,primecell";

	if (!cfg->rtc.size)
		return;
	g_begin_at(g, "pl031", cfg->rtc.base.v);
	STRINGS(g, "compatible", compatible);
	g_reg(g, NULL, &cfg->rtc, 1);
	g_spi(g, cfg->rtc_intid);
	g_u32(g, "clocks", PHANDLE_CLOCK);
	g_string(g, "clock-names", "apb_pclk");
	g_end(g);
}

static void gen_virtio(struct gen *g, const struct vm_virtio *v)
{
	g_begin_at(g, "virtio_mmio", v->regs.base.v);
	g_string(g, "compatible", "virtio,mmio");
	g_reg(g, NULL, &v->regs, 1);
	g_spi(g, v->intid);
	g_bytes(g, "dma-coherent", NULL, 0);
	g_end(g);
}

/* Its two frames, control first. */
static void gen_watchdog(struct gen *g, const struct vm_config *cfg)
{
	const uint64_t frame = cfg->wdt.size / 2;
	const struct vm_range control = {cfg->wdt.base, frame};
	const struct vm_range refresh = {ipa_add(cfg->wdt.base, frame), frame};

	if (!cfg->wdt.size)
		return;
	g_begin_at(g, "watchdog", control.base.v);
	g_string(g, "compatible", "arm,sbsa-gwdt");
	g_reg(g, &control, &refresh, 1);
	g_spi(g, cfg->wdt_intid);
	g_end(g);
}

static void gen_tree(struct gen *g, const struct vm_config *cfg,
		     const struct vm_dt_boot *boot)
{
	g_begin(g, "");
	g_string(g, "compatible", "plinth,vm");
	g_string(g, "model", "Plinth virtual machine");
	g_addressing(g, 2, 2);
	g_u32(g, "interrupt-parent", PHANDLE_GIC);
	gen_chosen(g, cfg, boot);
	gen_memory(g, cfg);
	gen_cpus(g, cfg);
	gen_psci(g);
	gen_gic(g, cfg);
	gen_timer(g);
	if (cfg->pmu)
		gen_pmu(g);
	gen_clock(g);
	gen_uart(g, cfg);
	gen_rtc(g, cfg);
	gen_watchdog(g, cfg);
	for (unsigned i = 0; i < cfg->nr_virtio; i++)
		gen_virtio(g, &cfg->virtio[i]);
	g_end(g);
}

static int generate(const struct vm_config *cfg, const struct vm_dt_boot *boot,
		    void *buf, int capacity)
{
	struct gen g = {.fdt = buf};

	/* Looking for each name among those before costs more than all else. */
	g.err = fdt_create_with_flags(buf, capacity,
				      FDT_CREATE_FLAG_NO_NAME_DEDUP);
	if (!g.err)
		g.err = fdt_finish_reservemap(buf);
	gen_tree(&g, cfg, boot);
	if (!g.err)
		g.err = fdt_finish(buf);
	return g.err;
}

/* --------------------------------------------------------- a brought tree */

/* Deletes a property that may be absent. */
static int drop(void *fdt, int node, const char *name)
{
	int err = fdt_delprop(fdt, node, name);

	return err == -FDT_ERR_NOTFOUND ? 0 : err;
}

static int patch_initrd(void *fdt, int chosen, const struct vm_range *initrd)
{
	int err;

	if (!initrd->size) {
		err = drop(fdt, chosen, "linux,initrd-start");
		return err ? err : drop(fdt, chosen, "linux,initrd-end");
	}
	err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start",
			      initrd->base.v);
	if (!err)
		err = fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
				      initrd->base.v + initrd->size);
	return err;
}

static int patch_seeds(void *fdt, int chosen, const struct vm_dt_seed *seed)
{
	int err = 0;

	if (!seed)
		return 0;
	if (!fdt_getprop(fdt, chosen, "kaslr-seed", NULL))
		err = fdt_setprop_u64(fdt, chosen, "kaslr-seed", seed->kaslr);
	if (!err && !fdt_getprop(fdt, chosen, "rng-seed", NULL))
		err = fdt_setprop(fdt, chosen, "rng-seed", seed->rng,
				  sizeof(seed->rng));
	return err;
}

static int patch(const struct vm_config *cfg, const struct vm_dt_boot *boot,
		 void *fdt, int capacity)
{
	int err = fdt_open_into(hpa_ptr(cfg->dtb.base), fdt, capacity);
	int chosen;

	if (err)
		return err;
	chosen = fdt_subnode_offset(fdt, 0, "chosen");
	if (chosen == -FDT_ERR_NOTFOUND)
		chosen = fdt_add_subnode(fdt, 0, "chosen");
	if (chosen < 0)
		return chosen;
	if (cfg->bootargs)
		err = fdt_setprop(fdt, chosen, "bootargs", cfg->bootargs,
				  (int)strlen(cfg->bootargs) + 1);
	if (!err)
		err = patch_initrd(fdt, chosen, &boot->initrd);
	if (!err)
		err = patch_seeds(fdt, chosen, boot->seed);
	return err ? err : fdt_pack(fdt);
}

uint64_t vm_dt_capacity(const struct vm_config *cfg)
{
	uint64_t room = ROOM_CHOSEN;

	if (cfg->bootargs)
		room += strlen(cfg->bootargs) + 1;
	if (cfg->dtb.size)
		return align_up(room + fdt_totalsize(hpa_ptr(cfg->dtb.base)),
				8);
	room += ROOM_BASE + (uint64_t)cfg->nr_vcpus * ROOM_CPU +
		(uint64_t)cfg->nr_virtio * ROOM_SLOT +
		((uint64_t)cfg->nr_ram + cfg->nr_gicr) * ROOM_RANGE;
	return align_up(room, 8);
}

int vm_dt_write(const struct vm_config *cfg, const struct vm_dt_boot *boot,
		void *buf, uint64_t capacity)
{
	int room = capacity > INT32_MAX ? INT32_MAX : (int)capacity;
	int err = cfg->dtb.size ? patch(cfg, boot, buf, room)
				: generate(cfg, boot, buf, room);

	if (!err)
		return 0;
	return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
}
