/*
 * The composition root: the only file that knows every layer. Brings the boot
 * CPU from its first mapped instruction to the run loop: device tree, console,
 * memory, manifest, interrupt controller, VMs, secondary CPUs.
 *
 * A fault in what the machine or the user supplied ends the boot with one line
 * that names it, and with the exit status for a boot error.
 *
 * docs/design/03-boot.md has the order and the reasons.
 */
#include <port/this_cpu.h>

#include <base/fmt.h>
#include <base/panic.h>

#include <arch/aarch64/el2/cpu_init.h>
#include <arch/aarch64/el2/sysreg.h>
#include <arch/aarch64/idreg_hw.h>
#include <arch/aarch64/maint.h>
#include <arch/aarch64/sve.h>

#include <drivers/power.h>
#include <hyp/run.h>

#include "devices.h"
#include "early.h"
#include "exit_record.h"
#include "panic_stop.h"
#include "platform.h"
#include "start_vms.h"

#define STACK_PAGES       ((CPU_STACK_SIZE + CPU_STACK_ABOVE) / PAGE_SIZE)
#define PANIC_STACK_PAGES (CPU_PANIC_STACK_SIZE / PAGE_SIZE)
#define PLINTH_VERSION    "0.1"

static struct hypervisor hyp;
static struct platform platform;
static struct arena boot_arena;
static struct runq_clock sched_clock;

/* boot/start.S */
NORETURN void call_on_stack(uint64_t stack_top, void (*fn)(void *), void *arg);
void secondary_entry(void);

void boot_main(void);
void boot_secondary(struct cpu *c);

static void make_cpus(void)
{
	uint64_t self = cpu_mpidr();

	hyp.counter_hz = read_cntfrq_el0();
	sched_clock.slice = hyp_ticks(&hyp, SCHED_SLICE_US);
	sched_clock.granule = hyp_ticks(&hyp, SCHED_GRANULE_US);
	sched_clock.probe = hyp_ticks(&hyp, SCHED_PROBE_US);
	hyp.nr_cpus = platform.nr_cpus;
	hyp.cpus = arena_array(&boot_arena, hyp.nr_cpus, sizeof(*hyp.cpus),
			       _Alignof(struct cpu));
	if (!hyp.cpus)
		machine_end(END_BOOT_ERROR, NULL, "no memory for CPU records");
	for (unsigned i = 0; i < hyp.nr_cpus; i++) {
		hyp.cpus[i].hyp = &hyp;
		hyp.cpus[i].idx = i;
		hyp.cpus[i].mpidr = platform.mpidr[i];
		hyp.cpus[i].next_exit = hyp.cpus[i].exits;
		sched_cpu_init(&hyp.cpus[i], &sched_clock);
		if (platform.mpidr[i] == self)
			write_tpidr_el2((uint64_t)(uintptr_t)&hyp.cpus[i]);
	}
}

static void read_platform(void)
{
	char err[FMT_LINE_MAX];
	int ret;

	arena_init(&boot_arena, &early_arena_env);
	ret = platform_parse(&platform, &early.tree, &boot_arena, err,
			     sizeof(err));
	if (platform.uart.regs.size == 0 ||
	    devices_console(&hyp, &platform) != 0)
		machine_end(END_BOOT_ERROR, NULL, ret ? err : "no console");
	if (ret) {
		console_line(&hyp.console, err);
		machine_end(END_BOOT_ERROR, NULL, err);
	}
	make_cpus();
	if (!this_cpu())
		panic("this CPU is not in the device tree");
	if (platform.psci == PLATFORM_CONDUIT_HVC)
		machine_refuse("/psci: property method: hvc cannot be called "
			       "from EL2");
}

/* RAM that is neither mapped yet nor reserved: between `holes`. */
static int map_ram_range(const struct hpa_range *ram,
			 const struct hpa_ranges *holes)
{
	uint64_t at = ram->base.v, end = ram->base.v + ram->size;
	int err = 0;

	for (unsigned i = 0; i < holes->nr && at < end && !err; i++) {
		const struct hpa_range *h = &holes->r[i];

		if (h->base.v + h->size <= at || h->base.v >= end)
			continue;
		if (h->base.v > at)
			err = early_map((hpa_t){at}, h->base.v - at,
					PGT_R | PGT_W);
		at = h->base.v + h->size;
	}
	if (at < end && !err)
		err = early_map((hpa_t){at}, end - at, PGT_R | PGT_W);
	return err;
}

static void map_ram(const struct hpa_ranges *holes)
{
	for (unsigned i = 0; i < platform.ram.nr; i++)
		if (map_ram_range(&platform.ram.r[i], holes))
			machine_refuse("/memory: RAM cannot be mapped");
}

static void insert_sorted(struct hpa_ranges *l, struct hpa_range r)
{
	unsigned i = l->nr++;

	for (; i > 0 && l->r[i - 1].base.v > r.base.v; i--)
		l->r[i] = l->r[i - 1];
	l->r[i] = r;
}

/* Image, tree and what the machine reserves: neither mapped again nor given
 * to anybody. Sorted by address. */
static struct hpa_ranges own_ranges(void)
{
	unsigned nr = platform.reserved.nr + 2;
	struct hpa_ranges l = {
		arena_array(&boot_arena, nr, sizeof(struct hpa_range), 8), 0};
	struct hpa_range image = {hpa_of(__image_start),
				  (uint64_t)(__image_end - __image_start)};
	struct hpa_range tree = {hpa_of(early.fdt),
				 align_up(early.fdt_size, PAGE_SIZE)};

	if (!l.r)
		machine_refuse("no memory for the list of reserved ranges");
	insert_sorted(&l, image);
	insert_sorted(&l, tree);
	for (unsigned i = 0; i < platform.reserved.nr; i++)
		insert_sorted(&l, platform.reserved.r[i]);
	return l;
}

static void give_stacks(struct cpu *c)
{
	void *stack = page_alloc_contig(&hyp.pages, STACK_PAGES);
	void *panic_stack = page_alloc_contig(&hyp.pages, PANIC_STACK_PAGES);

	if (!stack || !panic_stack)
		machine_refuse("no memory for CPU stacks");
	c->stack_top = early_map_stack(stack, STACK_PAGES);
	c->panic_stack_top = early_map_stack(panic_stack, PANIC_STACK_PAGES);
	if (!c->stack_top || !c->panic_stack_top)
		machine_refuse("CPU stacks cannot be mapped");
	c->stack_top -= CPU_STACK_ABOVE;
	dcache_clean_poc(c, sizeof(*c));
}

static void run(void *arg)
{
	struct cpu *c = arg;

	vcpu_resume(run_next(c));
}

static void start_secondaries(void)
{
	hpa_t entry = hpa_of((const void *)(uintptr_t)secondary_entry);

	for (unsigned i = 0; i < hyp.nr_cpus; i++) {
		struct cpu *c = &hyp.cpus[i];

		if (c != this_cpu() &&
		    power_cpu_on(c->mpidr, entry, (uint64_t)(uintptr_t)c))
			machine_refuse("a CPU does not start");
	}
}

void boot_secondary(struct cpu *c)
{
	cpu_init_el2();
	if (!sve_hw_limit(hyp.sve_lengths))
		panic("cpu %u: other vector lengths than the boot CPU's",
		      c->idx);
	if (devices_init_cpu(c))
		panic("cpu %u: no redistributor for its affinity", c->idx);
	panic_stop_online(c);
	run(c);
}

/* The machine's seed is of no use to anybody afterwards. */
static void seed_random(void)
{
	random_init(&hyp.random, platform.rng_seed, platform.rng_seed_len);
	random_refresh(&hyp.random);
	random_wipe(platform.rng_seed, sizeof(platform.rng_seed));
}

static void boot_rest(void *arg)
{
	struct cpu *c = arg;

	if (devices_init(&hyp, &platform, &boot_arena) || devices_init_cpu(c))
		machine_refuse(
			"/intc: the interrupt controller cannot be used");
	hyp.hw_idregs = arena_array(&boot_arena, IDREG_NR, sizeof(uint64_t), 8);
	if (!hyp.hw_idregs)
		machine_refuse("no memory for the CPU's identity");
	idreg_read_hw(hyp.hw_idregs);
	hyp.sve_lengths = sve_hw_lengths();
	devices_console_irq(c);
	(void)hyp_wall_seconds(&hyp);
	seed_random();
	c->online = true;
	start_vms(&hyp, &platform, &boot_arena);
	start_secondaries();
	run(c);
}

void boot_main(void)
{
	struct hpa_ranges own;

	cpu_init_el2();
	hyp.ops = (struct hyp_ops){machine_end, devices_wall_seconds,
				   devices_irq, &hyp, NULL};
	hyp.log_level = LOG_INFO;
	read_platform();
	log_info("version " PLINTH_VERSION ", %u CPUs, EL2 at %p", hyp.nr_cpus,
		 (void *)__image_start);
	own = own_ranges();
	map_ram(&own);
	plan_vms(&hyp, &platform, &own, &boot_arena);
	early_use_pages(&hyp.pages);
	for (unsigned i = 0; i < hyp.nr_cpus; i++)
		give_stacks(&hyp.cpus[i]);
	call_on_stack(this_cpu()->stack_top, boot_rest, this_cpu());
}
