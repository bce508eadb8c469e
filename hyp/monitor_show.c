/*
 * The monitor's commands: each says what is, a bit at a time, and a VM may run,
 * go or come back between two bits; contract in monitor.h. What a VM consists
 * of is looked at between vm_enter() and vm_leave(), so that it is there; what
 * is old by the time that it is shown is read without another lock.
 * docs/design/17-console.md.
 */
#include <errno.h>
#include <port/barrier.h>
#include <port/this_cpu.h>
#include <string.h>

#include <base/fmt.h>

#include <arch/aarch64/maint.h>
#include <arch/aarch64/stage2.h>
#include <arch/aarch64/vgic.h>

#include <hyp/exit_trace.h>
#include <hyp/lifecycle.h>
#include <hyp/monitor.h>

#define LOOK_US 1000U /* a pCPU is given that long to show its vCPU */

static struct vm *vm_nr(const struct monitor *mon, uint64_t i)
{
	return i < mon->h->nr_vms ? &mon->h->vms[i] : NULL;
}

static bool usage(struct monitor *mon)
{
	monitor_say(mon, "usage: %s %s", mon->running->name,
		    mon->running->args);
	return false;
}

/* Digits, or hexadecimal ones after 0x. False: it is no number. */
static bool number(const char *text, uint64_t *out)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	uint64_t v = 0;

	text += hex ? 2 : 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned c = (uint8_t)*text, d = c - '0';

		if (hex && d > 9)
			d = (c | 0x20) - 'a' < 6 ? (c | 0x20) - 'a' + 10 : 99;
		if (d >= (hex ? 16 : 10) || v >> 59)
			return false;
		v = v * (hex ? 16 : 10) + d;
	}
	*out = v;
	return true;
}

/* --------------------------------------------------------------------- help */

static bool help(struct monitor *mon, unsigned i)
{
	const struct monitor_command *c = &monitor_commands[i];

	if (i == monitor_nr_commands) {
		monitor_say(mon, "the console's keys are Ctrl-] (or another) "
				 "and: a digit, a name, ?, m, z");
		return false;
	}
	monitor_say(mon, "%-6s %-12s %s", c->name, c->args, c->what);
	return true;
}

/* ---------------------------------------------------------------------- VMs */

static bool not_there(struct monitor *mon, struct vm *vm)
{
	monitor_say(mon, "%s is %s", vm->cfg->name,
		    vm_state_name(vm_state_now(vm)));
	return false;
}

static bool vms(struct monitor *mon, unsigned i)
{
	struct vm *vm = vm_nr(mon, i);

	if (i == 0)
		monitor_say(mon, "name state vcpus memory-MiB weight console");
	if (!vm)
		return false;
	monitor_say(mon, "%s %s %u %lu %u %s", vm->cfg->name,
		    vm_state_name(vm_state_now(vm)), vm->cfg->nr_vcpus,
		    vm_config_ram_size(vm->cfg) >> 20,
		    vm->cfg->share.weight ? vm->cfg->share.weight
					  : VM_WEIGHT_DEFAULT,
		    vm->cfg->console);
	return true;
}

/* -------------------------------------------------------------------- vCPUs */

static const char *vcpu_word(const struct vcpu *v)
{
	static const char *const word[] = {
		[SCHED_OFF] = "off",
		[SCHED_BLOCKED] = "sleeps",
		[SCHED_QUEUED] = "waits",
		[SCHED_RUNNING] = "runs",
	};

	return word[__atomic_load_n(&v->sched.state, __ATOMIC_RELAXED)];
}

static uint64_t exits_of(const struct vcpu *v)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < VCPU_EXIT_CLASSES; i++)
		sum += v->exits[i];
	return sum;
}

/* The VM of the next vCPU, of all VMs or of the one that was named; mon->vcpu
 * is which. NULL: no more. */
static struct vm *next_vcpu(struct monitor *mon)
{
	struct vm *vm;

	while ((vm = mon->vm ? mon->vm : vm_nr(mon, mon->cursor))) {
		if (mon->vcpu < vm->cfg->nr_vcpus)
			return vm;
		if (mon->vm)
			return NULL;
		mon->cursor++;
		mon->vcpu = 0;
	}
	return NULL;
}

/* At the first item: the VM that the second word names, if there is one. */
static bool name_vm(struct monitor *mon, unsigned i)
{
	if (i || mon->nr_words < 2)
		return true;
	mon->vm = monitor_vm(mon, mon->word[1]);
	return mon->vm;
}

static void say_vcpu(struct monitor *mon, const struct vcpu *v)
{
	const struct cpu *c = __atomic_load_n(&v->cpu, __ATOMIC_ACQUIRE);

	monitor_say(mon, "%s.%u %s %u %lu %lu", v->vm->cfg->name, v->idx,
		    vcpu_word(v), c ? c->idx : 0, exits_of(v),
		    hyp_nanoseconds(mon->h, v->sched.member.waited) / 1000);
}

static bool vcpus(struct monitor *mon, unsigned i)
{
	struct vm *vm;

	if (!name_vm(mon, i))
		return false;
	if (i == 0)
		monitor_say(mon, "vcpu state cpu exits stolen-us");
	vm = next_vcpu(mon);
	if (!vm)
		return false;
	if (vm_enter(vm)) {
		say_vcpu(mon, vm->vcpus[mon->vcpu++]);
		vm_leave(vm);
	} else {
		mon->vcpu = vm->cfg->nr_vcpus;
	}
	return true;
}

/* VM.VCPU: mon->vm and mon->vcpu. False, and it was said: there is none. */
static bool name_vcpu(struct monitor *mon)
{
	char name[LINE_EDIT_MAX + 1];
	uint64_t nr;
	char *dot;

	(void)fmt_line(name, sizeof(name), "%s", mon->word[1]);
	dot = strrchr(name, '.');
	if (!dot || !number(dot + 1, &nr))
		return usage(mon);
	*dot = '\0';
	mon->vm = monitor_vm(mon, name);
	if (!mon->vm)
		return false;
	mon->vcpu = (unsigned)nr;
	if (nr < mon->vm->cfg->nr_vcpus)
		return true;
	monitor_say(mon, "%s has no vCPU %lu", name, nr);
	return false;
}

static void say_el1(struct monitor *mon, const struct el1_context *e)
{
	monitor_say(mon, "sctlr %016lx  ttbr0 %016lx  ttbr1 %016lx",
		    e->sctlr_el1, e->ttbr0_el1, e->ttbr1_el1);
	monitor_say(mon, "tcr   %016lx  vbar  %016lx  esr   %016lx", e->tcr_el1,
		    e->vbar_el1, e->esr_el1);
	monitor_say(mon, "far   %016lx  elr   %016lx  spsr  %016lx", e->far_el1,
		    e->elr_el1, e->spsr_el1);
}

static void look_at(struct monitor *mon, struct vcpu *v)
{
	const char *word = vcpu_word(v);
	bool new = vcpu_look(&mon->look, v, hyp_ticks(mon->h, LOOK_US));

	monitor_say(mon, "%s.%u %s%s:", v->vm->cfg->name, v->idx, word,
		    new ? ""
			: ", and its CPU does not answer; at an earlier exit");
	monitor_say(mon, "pc    %016lx  pstate %016lx", mon->look.regs.pc,
		    mon->look.regs.pstate);
}

/* Three to a line. */
static bool say_regs(struct monitor *mon, struct vcpu *v, unsigned i)
{
	const uint64_t *x = mon->look.regs.x;
	unsigned n = i ? 3 * (i - 1) : 0;

	if (i == 0) {
		look_at(mon, v);
	} else if (i <= 10) {
		monitor_say(mon, "x%-4u %016lx  x%-4u %016lx  x%-4u %016lx", n,
			    x[n], n + 1, x[n + 1], n + 2, x[n + 2]);
	} else {
		monitor_say(mon, "x30   %016lx", x[30]);
		say_el1(mon, &mon->look.el1);
	}
	return i <= 10;
}

static bool regs(struct monitor *mon, unsigned i)
{
	bool more;

	if (mon->nr_words < 2)
		return usage(mon);
	if (i == 0 && !name_vcpu(mon))
		return false;
	if (!vm_enter(mon->vm))
		return not_there(mon, mon->vm);
	more = say_regs(mon, mon->vm->vcpus[mon->vcpu], i);
	vm_leave(mon->vm);
	return more;
}

/* -------------------------------------------------------------------- exits */

struct exits {
	uint64_t nr, timed, ticks;
};

static void add_exits(struct exits *e, struct vm *vm, unsigned class)
{
	if (!vm_enter(vm))
		return;
	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		const struct vcpu *v = vm->vcpus[i];

		e->nr += v->exits[class];
		e->timed += v->timed[class].nr;
		e->ticks += v->timed[class].ticks;
	}
	vm_leave(vm);
}

static bool exits(struct monitor *mon, unsigned i)
{
	struct exits e = {0};
	const char *name = exit_class_name(i);
	struct vm *vm;

	if (!name_vm(mon, i))
		return false;
	if (i == 0)
		monitor_say(mon, "reason exits average-ns");
	if (i == VCPU_EXIT_CLASSES)
		return false;
	for (uint64_t n = 0; (vm = vm_nr(mon, n)); n++)
		if (!mon->vm || mon->vm == vm)
			add_exits(&e, vm, i);
	if (e.nr && e.timed) {
		monitor_say(mon, "%s %lu %lu", name ? name : "other", e.nr,
			    hyp_nanoseconds(mon->h, e.ticks) / e.timed);
	} else if (e.nr) {
		monitor_say(mon, "%s %lu -", name ? name : "other", e.nr);
	}
	return true;
}

/* --------------------------------------------------------------- interrupts */

#define IRQS_AT_ONCE 64U /* that are looked at for one item */

static void say_irq(struct monitor *mon, unsigned vcpu,
		    const struct vgic_look *l)
{
	char who[16] = "";

	if (l->intid < VM_SPI_FIRST || l->vcpu != VGIC_NO_VCPU)
		(void)fmt_line(who, sizeof(who), "%u",
			       l->intid < VM_SPI_FIRST ? vcpu : l->vcpu);
	monitor_say(mon, "%u vcpu %s priority %u%s%s%s%s", l->intid,
		    who[0] ? who : "none", l->priority,
		    l->enabled ? " enabled" : "", l->pending ? " pending" : "",
		    l->active ? " active" : "", l->edge ? " edge" : " level");
}

/* Private ones of each vCPU, then the SPIs: position n of all of them. */
static bool look_nr(struct monitor *mon, uint64_t n, unsigned *vcpu,
		    struct vgic_look *l)
{
	struct vm *vm = mon->vm;
	uint64_t nr_private = (uint64_t)vm->cfg->nr_vcpus * VM_SPI_FIRST;
	uint32_t intid = (uint32_t)(n % VM_SPI_FIRST);

	*vcpu = (unsigned)(n / VM_SPI_FIRST);
	if (n >= nr_private) {
		intid = VM_SPI_FIRST + (uint32_t)(n - nr_private);
		*vcpu = 0;
	}
	return vgic_look(vm->vgic, *vcpu, intid, l);
}

/* The next one that means something, of the next few. */
static void say_next_irq(struct monitor *mon, uint64_t end)
{
	struct vgic_look l;
	unsigned vcpu;

	for (unsigned n = 0; n < IRQS_AT_ONCE && mon->cursor < end; n++) {
		if (look_nr(mon, mon->cursor++, &vcpu, &l) &&
		    (l.enabled || l.pending || l.active)) {
			say_irq(mon, vcpu, &l);
			return;
		}
	}
}

static bool irqs(struct monitor *mon, unsigned i)
{
	uint64_t end;

	if (mon->nr_words < 2)
		return usage(mon);
	if (!name_vm(mon, i))
		return false;
	if (!vm_enter(mon->vm))
		return not_there(mon, mon->vm);
	end = mon->vm->nr_vcpus * (uint64_t)VM_SPI_FIRST +
	      mon->vm->cfg->nr_spis;
	say_next_irq(mon, end);
	vm_leave(mon->vm);
	return mon->cursor < end;
}

/* ------------------------------------------------------------------- memory */

#define PAGE_KIB (PAGE_SIZE / 1024)

static bool mem(struct monitor *mon, unsigned i)
{
	struct page_alloc *pages = &mon->h->pages;
	struct gmem_usage u = {0};
	struct vm *vm = i ? vm_nr(mon, i - 1) : NULL;

	if (i == 0) {
		monitor_say(mon, "free %lu KiB, of which %lu KiB are promised",
			    page_alloc_nr_free(pages) * PAGE_KIB,
			    page_alloc_nr_promised(pages) * PAGE_KIB);
		monitor_say(mon, "name ram-KiB own-KiB image-KiB shared-KiB "
				 "tables-KiB");
		return true;
	}
	if (!vm)
		return false;
	if (vm_enter(vm)) {
		u = gmem_usage(&vm->mem);
		vm_leave(vm);
	}
	monitor_say(mon, "%s %lu %lu %lu %lu %lu", vm->cfg->name,
		    u.ram * PAGE_KIB, u.own * PAGE_KIB, u.image * PAGE_KIB,
		    u.shared * PAGE_KIB, u.tables * PAGE_KIB);
	return true;
}

static void say_walk(struct monitor *mon, const struct s2_walk *w)
{
	for (unsigned l = 0; l <= w->trace.level; l++) {
		if (w->trace.step[l].table)
			monitor_say(mon, "level %u: %016lx", l,
				    w->trace.step[l].desc);
	}
}

static bool map(struct monitor *mon, unsigned i)
{
	struct s2_walk w = {0};
	uint64_t at;
	int err;

	if (mon->nr_words < 3 || !number(mon->word[2], &at))
		return usage(mon);
	if (!name_vm(mon, i))
		return false;
	if (!vm_enter(mon->vm))
		return not_there(mon, mon->vm);
	err = gmem_walk(&mon->vm->mem, (ipa_t){at}, &w);
	vm_leave(mon->vm);
	if (err == -EINVAL) {
		monitor_say(mon, "%lx is beyond the VM's addresses", at);
		return false;
	}
	say_walk(mon, &w);
	if (err) {
		monitor_say(mon, "%lx: not mapped", at);
	} else {
		monitor_say(mon, "%lx -> %lx %s%s%s%s, by %lu KiB%s", at,
			    w.hpa.v, w.prot & PGT_R ? "r" : "-",
			    w.prot & PGT_W ? "w" : "-",
			    w.prot & PGT_X ? "x" : "-",
			    w.prot & PGT_DEVICE ? " device" : "",
			    w.trace.size >> 10,
			    pgt_in_run(&w.trace) ? ", contiguous" : "");
	}
	return false;
}

/* ---------------------------------------------------------------- lifecycle */

static const char *const verbs[] = {
	[VM_CREATE] = "create",   [VM_START] = "start", [VM_PAUSE] = "pause",
	[VM_RESUME] = "resume",   [VM_RESET] = "reset", [VM_HALT] = "stop",
	[VM_DESTROY] = "destroy", [VM_COMMANDS] = NULL,
};

/* One that was destroyed is made again first. */
static int start_vm(struct vm *vm)
{
	int err = vm_command(vm, VM_START);

	if (err != -EINVAL || vm_command(vm, VM_CREATE) != 0)
		return err;
	return vm_command(vm, VM_START);
}

/* What becomes of it is said in the log. */
static bool command_vm(struct monitor *mon, unsigned i)
{
	unsigned verb = 0;
	struct vm *vm;
	int err;

	(void)i;
	if (mon->nr_words < 3)
		return usage(mon);
	while (verb < VM_COMMANDS && strcmp(verbs[verb], mon->word[1]) != 0)
		verb++;
	if (verb == VM_COMMANDS)
		return usage(mon);
	vm = monitor_vm(mon, mon->word[2]);
	if (!vm)
		return false;
	err = verb == VM_START ? start_vm(vm)
			       : vm_command(vm, (enum vm_command)verb);
	if (err) {
		monitor_say(mon, "%s is %s%s", vm->cfg->name,
			    vm_state_name(vm_state_now(vm)),
			    err == -EALREADY ? ", or will be soon" : "");
	}
	return false;
}

/* ---------------------------------------------------------------------- log */

static bool show_log(struct monitor *mon, unsigned i)
{
	char line[FMT_LINE_MAX];
	bool more = mux_history(&mon->h->mux->ports[MUX_LOG], &mon->cursor,
				line, sizeof(line));

	(void)i;
	if (more)
		monitor_say(mon, "%s", line);
	return more;
}

const struct monitor_command monitor_commands[] = {
	{"exits", "[VM]", "exits by reason, and EL2's time for each", exits,
	 true, NULL},
	{"help", "", "this list", help, false, NULL},
	{"irqs", "VM", "interrupts that are enabled, pending or active", irqs,
	 true, NULL},
	{"log", "", "Plinth's last lines", show_log, false, NULL},
	{"map", "VM IPA", "stage-2 walk of a guest's address", map, true, NULL},
	{"mem", "", "free memory, and what each VM takes", mem, false, NULL},
	{"regs", "VM.VCPU", "registers as they are now", regs, true, NULL},
	{"vcpus", "[VM]", "vCPUs, where they are and what they wait for", vcpus,
	 true, NULL},
	{"vm", "VERB VM", "create, start, pause, resume, reset, stop, destroy",
	 command_vm, true, verbs},
	{"vms", "", "virtual machines", vms, false, NULL},
};

const unsigned monitor_nr_commands = ARRAY_SIZE(monitor_commands);
