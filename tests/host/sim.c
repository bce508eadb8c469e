/* A machine for tests of the whole core; see sim.h. */
#include "sim.h"

#include <errno.h>
#include <port/spinlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/fmt.h>
#include <base/panic.h>

#include <arch/aarch64/idreg.h>

#include <hyp/abort.h>

#include "lock_order.h"

static struct sim *sim;
static const struct runq_clock sim_clock = {SIM_SLICE, SIM_SLICE / 6, 0};

static unsigned current(void)
{
	return fake_this_cpu->idx;
}

void sim_on(struct sim *s, unsigned cpu)
{
	fake_this_cpu = &s->cpus[cpu];
	fake_pcpu = &s->pcpu[cpu].hw;
	gich = &s->pcpu[cpu].gich;
}

struct vcpu *sim_vcpu(struct sim *s, unsigned cpu)
{
	struct vcpu_regs *g = s->pcpu[cpu].guest;

	return g ? vcpu_of(g) : NULL;
}

/* -------------------------------------------------------------------- races */

static struct {
	unsigned left;
	void (*fn)(struct sim *s);
} race;

static void opportunity(void)
{
	void (*fn)(struct sim * s) = race.fn;
	unsigned was = current();

	if (!fn || fake_spin.nr_held || race.left--)
		return;
	race.fn = NULL;
	fn(sim);
	sim_on(sim, was);
}

static void before_lock(const struct spinlock *l)
{
	opportunity();
	lock_order_watch(l);
}

static void after_unlock(const struct spinlock *l)
{
	(void)l;
	opportunity();
}

void sim_race(unsigned at, void (*fn)(struct sim *s))
{
	race.left = at;
	race.fn = fn;
}

bool sim_raced(void)
{
	bool raced = !race.fn;

	race.fn = NULL;
	return raced;
}

/* ------------------------------------------------------------- its hardware */

static void sgi(uint64_t mpidr, uint32_t intid)
{
	for (unsigned i = 0; i < sim->h.nr_cpus; i++) {
		if (sim->cpus[i].mpidr == mpidr) {
			sim->pcpu[i].hw.pending[intid] = true;
			return;
		}
	}
	panic("SGI to a CPU that is not there");
}

static bool irq_waits(const struct fake_pcpu *p)
{
	for (unsigned i = 0; i < FAKE_INTIDS; i++) {
		if (p->pending[i] && !p->active[i])
			return true;
	}
	return false;
}

/* Sleep is left at once when an interrupt is pending; else it is the end of
 * what this pCPU has to do for now. */
static void wfi(void)
{
	if (fake_spin.nr_held)
		panic("asleep with a lock held");
	if (!irq_waits(fake_pcpu))
		longjmp(sim->pcpu[current()].out, 1);
}

static NORETURN void machine_ends(enum end_kind kind, const char *vm,
				  const char *reason)
{
	sim->nr_ends++;
	sim->end = kind;
	sim->end_reason = reason;
	(void)fmt_line(sim->end_vm, sizeof(sim->end_vm), "%s", vm ? vm : "");
	longjmp(sim->pcpu[current()].out, 1);
}

static uint64_t wall_seconds(void *ctx)
{
	return ((struct sim *)ctx)->wall;
}

static void set_alarm(void *ctx, uint64_t seconds)
{
	struct sim *s = ctx;

	s->alarm = seconds;
}

static void own_irq(void *ctx, uint32_t intid)
{
	struct sim *s = ctx;

	s->irqs[s->nr_irqs++ % ARRAY_SIZE(s->irqs)] = intid;
	if (s->on_irq)
		s->on_irq(s);
}

static void deactivated(void *ctx, uint32_t pintid)
{
	((struct fake_pcpu *)ctx)->active[pintid] = false;
}

static void make_cpu(struct sim *s, unsigned i)
{
	struct sim_cpu *p = &s->pcpu[i];

	s->cpus[i] = (struct cpu){
		.stack_top = (uint64_t)(uintptr_t)p->stack_top,
		.next_exit = s->cpus[i].exits,
		.hyp = &s->h,
		.mpidr = (uint64_t)(i / 2) << 8 | i % 2,
		.idx = i,
	};
	sched_cpu_init(&s->cpus[i], &sim_clock);
	p->hw.htimer = UINT64_MAX;
	gich_init(&p->gich, 4);
	p->gich.deactivated = deactivated;
	p->gich.ctx = &p->hw;
}

/* ---------------------------------------------------------------- the whole */

static void put_le(uint8_t *p, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* An arm64 Image of one page, 64 KiB with its BSS. */
static uint8_t *make_kernel(void)
{
	uint8_t *k = host_ram_alloc(SIM_KERNEL, PAGE_SIZE);

	for (unsigned i = 64; i < SIM_KERNEL; i++)
		k[i] = (uint8_t)(i * 7 + i / 256);
	put_le(k, 0x14000010, 4); /* b . + 64 */
	put_le(k + 16, KIB(64), 8);
	put_le(k + 24, 0xa, 8); /* 4 KiB pages, anywhere */
	memcpy(k + 56, "ARM\x64", 4);
	return k;
}

/* A machine like Cortex-A57: AArch32 at EL0, 48-bit physical addresses. */
static void make_idregs(uint64_t *regs)
{
	regs[IDREG(4, 0)] = 0x0000100000002222; /* AMU: must be hidden */
	regs[IDREG(6, 0)] = 0x0000000000011120;
	regs[IDREG(7, 0)] = 0x0000000000001125;
}

/* One buffer for all machines; what is in it does not matter. */
static void *pool_mem;
static uint64_t pool_size;

static void *pool(uint64_t size)
{
	if (size > pool_size) {
		host_ram_free(pool_mem);
		pool_mem = host_ram_alloc(size, MIB(2));
		pool_size = size;
	}
	return pool_mem;
}

bool sim_pool_has(uint64_t word)
{
	const uint64_t *p = pool_mem;

	for (uint64_t i = 0; i < pool_size / sizeof(*p); i++) {
		if (p[i] == word)
			return true;
	}
	return false;
}

static void make_pages(struct sim *s, uint64_t pages)
{
	uint64_t size = pages * PAGE_SIZE;
	const struct page_range ram = {hpa_of(pool(size)), size};
	const struct page_alloc_map map = {.ram = &ram, .nr_ram = 1};
	int err;

	err = page_alloc_init(&s->h.pages, &map);
	if (err)
		panic("page allocator: %d", err);
}

void sim_init(struct sim *s, unsigned nr_cpus, uint64_t pages)
{
	const struct console_uart uart = fake_uart_ops(&s->uart);

	memset(s, 0, sizeof(*s));
	sim = s;
	s->h.ops = (struct hyp_ops){machine_ends, wall_seconds, own_irq, s,
				    set_alarm};
	s->h.ppi = (struct hyp_ppis){SIM_VTIMER, SIM_PTIMER, SIM_MAINT,
				     SIM_HTIMER, SIM_PMU};
	s->h.cpus = s->cpus;
	s->h.nr_cpus = nr_cpus;
	s->h.counter_hz = FAKE_COUNTER_HZ;
	s->h.hw_idregs = s->hw_idregs;
	s->h.vms = s->vms;
	make_idregs(s->hw_idregs);
	make_pages(s, pages);
	for (unsigned i = 0; i < nr_cpus; i++)
		make_cpu(s, i);
	sim_on(s, 0);
	s->kernel = make_kernel();
	s->disk = host_ram_alloc(SIM_DISK, PAGE_SIZE);
	s->uart.room = ~0U;
	console_init(&s->h.console, &uart);
	fake_hooks = (struct fake_hooks){.sgi = sgi, .wfi = wfi};
	fake_rndr = (struct fake_rndr){0};
	fake_spin = (struct fake_spin){.before_lock = before_lock,
				       .after_unlock = after_unlock};
	race.fn = NULL;
	lock_order_forget();
	fake_log_reset();
	host_log_reset();
}

void sim_free(struct sim *s)
{
	uint64_t lost;

	for (unsigned i = 0; i < s->h.nr_vms; i++)
		vm_destroy(&s->vms[i]);
	lost = s->h.pages.nr_pages - page_alloc_nr_free(&s->h.pages);
	for (unsigned i = 0; i < SIM_VMS; i++) {
		if (s->arena[i].env.pages_free)
			arena_destroy(&s->arena[i]);
	}
	host_ram_free(s->kernel);
	host_ram_free(s->disk);
	fake_hooks = (struct fake_hooks){0};
	fake_spin = (struct fake_spin){0};
	fake_this_cpu = NULL;
	if (lost || s->config_pages.out)
		fail_msg("%lu pages of VMs, %lu of configurations are lost",
			 lost, s->config_pages.out);
}

/* --------------------------------------------------------------------- VMs */

struct vm_config *sim_config(struct sim *s, const struct sim_vm *what)
{
	const struct arena_env env = host_pages_env(&s->config_pages);
	const struct vm_hw hw = {
		.nr_vcpus = what->nr_vcpus,
		.ram_base = {SIM_RAM},
		.ram_size = what->ram ? what->ram : MIB(2),
		.nr_virtio = 2,
		.nr_spis = 32,
		.pmu = true,
		.watchdog = what->watchdog,
	};
	unsigned i = s->h.nr_vms;
	struct vm_config *cfg = &s->cfg[i];

	memset(cfg, 0, sizeof(*cfg));
	if (!s->arena[i].env.pages_free)
		arena_init(&s->arena[i], &env);
	if (vm_config_default_hw(cfg, &hw, &s->arena[i]))
		panic("configuration");
	(void)fmt_line(cfg->name, sizeof(cfg->name), "vm%u", i);
	cfg->kernel =
		(struct vm_module){hpa_of(s->kernel), SIM_KERNEL, "/vm/kernel"};
	cfg->share_images = what->share_images;
	cfg->first_touch = what->first_touch;
	cfg->overcommit = what->overcommit;
	if (what->disk) {
		cfg->virtio[0].kind = VM_VIRTIO_BLK;
		cfg->virtio[0].backing =
			(struct vm_module){hpa_of(s->disk), SIM_DISK, "disk"};
	}
	if (what->vcon)
		cfg->virtio[1].kind = VM_VIRTIO_CONSOLE;
	return cfg;
}

struct vm *sim_add_vm(struct sim *s, const struct sim_vm *what)
{
	const struct vm_config *cfg = sim_config(s, what);
	struct vm *vm = &s->vms[s->h.nr_vms];
	int err = vm_create(vm, &s->h, cfg, (uint16_t)(s->h.nr_vms + 1));

	if (!err)
		err = vm_start(vm);
	if (err)
		panic("VM: %d: %s", err, host_log_last());
	if (s->h.nr_vms++ == 0)
		vm_devices_take_console(vm);
	return vm;
}

struct vm *sim_boot(struct sim *s, unsigned nr_vcpus)
{
	struct vm *vm;

	sim_init(s, nr_vcpus, 2048);
	vm = sim_add_vm(s, &(struct sim_vm){.nr_vcpus = nr_vcpus});
	for (unsigned i = 0; i < nr_vcpus; i++)
		(void)sim_run(s, i);
	sim_on(s, 0);
	sim_check(s);
	return vm;
}

/* ------------------------------------------------------------------- exits */

enum exit {
	RUN,
	SYNC,
	IRQ,
	SERROR
};

/* What must hold where the vectors would enter a guest. */
static void check_entry(struct sim *s, unsigned cpu)
{
	const struct cpu *c = &s->cpus[cpu];
	const struct vcpu *v = sim_vcpu(s, cpu);
	bool sgi_waits = s->pcpu[cpu].hw.pending[HYP_SGI_KICK];

	if (fake_spin.nr_held)
		panic("a guest is entered with a lock held");
	if (current() != cpu)
		panic("a guest is entered on another pCPU");
	if (v->cpu != c || c->loaded != v || v->regs.stack != c->stack_top ||
	    v->regs.next_exit < c->exits ||
	    v->regs.next_exit >= c->exits + CPU_EXITS)
		panic("a guest is entered whose vCPU is not loaded here");
	if (fake_pcpu->control.vttbr_el2 != v->control.vttbr_el2)
		panic("a guest is entered with other translation tables");
	if (v->state != VCPU_RUNNABLE && !sgi_waits)
		panic("a guest is entered whose vCPU is not runnable");
	if ((v->requests || v->vgic_stale) && !sgi_waits)
		panic("a guest is entered that nobody will stop");
}

/* As slot_sync in el2/vectors.S, but that all registers are saved. */
static void synchronous(struct vcpu *v, uint64_t esr)
{
	trap_fn *const *handlers = v->regs.handlers;
	unsigned ec = esr_ec(esr), rt = esr_sys64_rt(esr);

	v->exits[ec]++;
	if (ec == ESR_EC_SYS64 && idreg_is(esr) && esr_sysreg_read(esr)) {
		if (rt != 31)
			v->regs.x[rt] = v->regs.idregs[idreg_index(esr)];
		skip_a64(v);
	} else {
		handlers[trap_row(esr)](v, esr);
	}
}

/* As `look` there. */
static struct vcpu_regs *exit_tail(struct vcpu *v)
{
	if (v->attention)
		return trap_attention(v);
	if (v->vgic_stale)
		trap_flush(v);
	return &v->regs;
}

/* As note_exit in el2/vectors.S. */
static void note_exit(struct vcpu_regs *r, enum exit what, uint64_t esr)
{
	r->next_exit = cpu_exit_note(r->next_exit,
				     what == IRQ ? CPU_EXIT_IRQ : esr, r->pc);
}

static struct vcpu *leave(struct sim *s, unsigned cpu, enum exit what,
			  uint64_t esr)
{
	struct sim_cpu *p = &s->pcpu[cpu];
	struct vcpu_regs *regs = p->guest;

	sim_on(s, cpu);
	p->guest = NULL;
	if (what != RUN)
		note_exit(regs, what, esr);
	if (what == IRQ)
		vcpu_of(regs)->exits[VCPU_EXIT_IRQ]++;
	if (what == SERROR)
		vcpu_of(regs)->exits[VCPU_EXIT_SERROR]++;
	if (setjmp(p->out) == 0) {
		if (what == RUN)
			p->guest = run_next(&s->cpus[cpu]);
		else if (what == SYNC)
			synchronous(vcpu_of(regs), esr);
		else if (what == IRQ)
			trap_irq(vcpu_of(regs));
		else
			trap_serror(vcpu_of(regs), esr);
		if (what != RUN)
			p->guest = exit_tail(vcpu_of(regs));
		check_entry(s, cpu);
	}
	return sim_vcpu(s, cpu);
}

struct vcpu *sim_run(struct sim *s, unsigned cpu)
{
	return leave(s, cpu, RUN, 0);
}

struct vcpu *sim_sync(struct sim *s, unsigned cpu, uint64_t esr)
{
	if (!s->pcpu[cpu].guest)
		panic("no guest runs on pCPU %u", cpu);
	return leave(s, cpu, SYNC, esr);
}

struct vcpu *sim_serror(struct sim *s, unsigned cpu, uint64_t esr)
{
	return leave(s, cpu, SERROR, esr);
}

static struct vcpu *take_irq(struct sim *s, unsigned cpu)
{
	return leave(s, cpu, s->pcpu[cpu].guest ? IRQ : RUN, 0);
}

struct vcpu *sim_irq(struct sim *s, unsigned cpu, uint32_t intid)
{
	s->pcpu[cpu].hw.pending[intid] = true;
	return take_irq(s, cpu);
}

void sim_settle(struct sim *s)
{
	unsigned was = current(), rounds = 0;
	bool again = true;

	while (again && !s->nr_ends) {
		again = false;
		for (unsigned i = 0; i < s->h.nr_cpus && !s->nr_ends; i++) {
			if (!irq_waits(&s->pcpu[i].hw))
				continue;
			(void)take_irq(s, i);
			again = true;
		}
		if (++rounds > 100)
			panic("interrupts never end");
	}
	sim_on(s, was);
}

#define DEVICE_INTID 77U

void sim_device_irq(struct sim *s, unsigned cpu, void (*fn)(struct sim *s))
{
	unsigned was = current();

	s->on_irq = fn;
	(void)sim_irq(s, cpu, DEVICE_INTID);
	s->on_irq = NULL;
	sim_on(s, was);
}

void sim_timers(struct sim *s)
{
	sim_settle(s);
	for (unsigned i = 0; i < s->h.nr_cpus && !s->nr_ends; i++) {
		if (s->pcpu[i].hw.htimer <= fake_counter)
			s->pcpu[i].hw.pending[SIM_HTIMER] = true;
	}
	sim_settle(s);
}

/* ---------------------------------------------------------- a guest's doing */

uint64_t sim_hvc(struct sim *s, unsigned cpu, uint64_t x0, uint64_t x1,
		 uint64_t x2, uint64_t x3)
{
	struct vcpu *v = sim_vcpu(s, cpu);

	v->regs.x[0] = x0;
	v->regs.x[1] = x1;
	v->regs.x[2] = x2;
	v->regs.x[3] = x3;
	(void)sim_sync(s, cpu, SYN_HVC);
	return v->regs.x[0];
}

int64_t sim_cpu_on(struct sim *s, unsigned cpu, unsigned target)
{
	return (int64_t)sim_hvc(s, cpu, SIM_PSCI_CPU_ON, target, SIM_ENTRY,
				0x1234 + target);
}

void sim_bring_up(struct sim *s, unsigned cpu, unsigned target)
{
	const struct vcpu *v = sim_vcpu(s, cpu)->vm->vcpus[target];

	if (sim_cpu_on(s, cpu, target))
		panic("vCPU %u cannot be turned on", target);
	sim_settle(s);
	if (sim_vcpu(s, v->cpu->idx) != v)
		panic("vCPU %u is not in its guest", target);
}

void sim_fault(struct sim *s, unsigned cpu, uint64_t va, uint64_t ipa)
{
	struct fake_pcpu *p = &s->pcpu[cpu].hw;

	p->el1.far_el2 = va;
	p->el1.hpfar_el2 = ipa >> 12 << 4; /* bits 55:12 in bits 47:4 */
}

static void access(struct sim *s, unsigned cpu, uint64_t ipa, uint64_t esr)
{
	unsigned tries = 0;
	uint64_t pc = sim_vcpu(s, cpu)->regs.pc;
	struct vcpu *v;

	do {
		sim_fault(s, cpu, ipa, ipa);
		v = sim_sync(s, cpu, esr);
		sim_settle(s); /* others answer what a retry waits for */
		if (!v || ++tries > 8)
			panic("an access to %lx ends nowhere", ipa);
	} while (v->regs.pc == pc);
	if (v->regs.pc != pc + 4)
		panic("an access to %lx aborts", ipa);
}

void sim_store(struct sim *s, unsigned cpu, uint64_t ipa, unsigned size,
	       uint64_t value)
{
	sim_vcpu(s, cpu)->regs.x[1] = value;
	access(s, cpu, ipa, syn_dabt(size, 1, SYN_DABT_WRITE));
}

uint64_t sim_load(struct sim *s, unsigned cpu, uint64_t ipa, unsigned size)
{
	access(s, cpu, ipa, syn_dabt(size, 1, SYN_DABT_SF));
	return sim_vcpu(s, cpu)->regs.x[1];
}

/* GICv3 IHI 0069: GICD_CTLR, IGROUPR, ISENABLER; GICR likewise. */
void sim_guest_gic(struct sim *s, unsigned cpu)
{
	uint64_t sgi_base =
		SIM_GICR + sim_vcpu(s, cpu)->idx * KIB(128) + KIB(64);

	sim_store(s, cpu, SIM_GICD, 4, 0x12);
	sim_store(s, cpu, SIM_GICD + 0x84, 4, ~0U);
	sim_store(s, cpu, SIM_GICD + 0x104, 4, ~0U);
	sim_store(s, cpu, sgi_base - KIB(64) + 0x14, 4, 0);
	sim_store(s, cpu, sgi_base + 0x80, 4, ~0U);
	sim_store(s, cpu, sgi_base + 0x100, 4, ~0U);
	gich_guest_setup(&s->pcpu[cpu].gich, 0xf0, false, true, false);
}

/* -------------------------------------------------------------- invariants */

static void check_vcpu(const struct vm *vm, unsigned i, unsigned *live)
{
	const struct vcpu *v = vm->vcpus[i];
	unsigned power = vm->fw.psci.vcpus[i].state;

	*live += v->state != VCPU_OFF;
	if (v->state == VCPU_OFF && v->requests)
		panic("vCPU %u is off and has requests %x", i, v->requests);
	if (vm->state == VM_RUNNING &&
	    (v->state == VCPU_OFF) != (power == PSCI_STATE_OFF))
		panic("vCPU %u: state %d, PSCI says %u", i, v->state, power);
	if (v->state == VCPU_OFF && v->cpu && v->cpu->loaded == v)
		panic("vCPU %u is off and loaded", i);
}

static void check_vm(const struct vm *vm)
{
	unsigned live = 0;

	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		check_vcpu(vm, i, &live);
	if (vm->state == VM_RUNNING && live != vm->fw.psci.nr_up)
		panic("%u vCPUs live, PSCI counts %u", live, vm->fw.psci.nr_up);
	if (live != vm->nr_live)
		panic("%u vCPUs live, %u counted", live, vm->nr_live);
	if ((live == 0) != (vm->state < VM_STOPPING))
		panic("%u vCPUs live in VM state %d", live, vm->state);
}

void sim_check(struct sim *s)
{
	if (fake_spin.nr_held)
		panic("a lock is held");
	if (s->nr_ends > 1)
		panic("the machine ended twice");
	for (unsigned i = 0; i < s->h.nr_vms; i++)
		check_vm(&s->vms[i]);
}
