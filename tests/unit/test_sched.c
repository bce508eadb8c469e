/* vCPUs that share pCPUs: slices, sleep, wake-ups, moves, what is switched. */
#include <string.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define HCR_FB  (UINT64_C(1) << 9)
#define HCR_TWI (UINT64_C(1) << 13)
#define HCR_TWE (UINT64_C(1) << 14)
#define HCR_VSE (UINT64_C(1) << 8)
/* wfi, wfe; Arm ARM DDI 0487, ISS encoding for a trapped WF* instruction. */
#define SYN_WFI syn(0x01, 0)
#define SYN_WFE syn(0x01, 1)

/* `nr_vcpus` of one VM, all of them on, and `nr_cpus` to run them. */
static int start(unsigned nr_cpus, unsigned nr_vcpus)
{
	sim_init(&m, nr_cpus, 2048);
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = nr_vcpus});
	for (unsigned i = 0; i < nr_cpus; i++)
		(void)sim_run(&m, i);
	for (unsigned i = 1; i < nr_vcpus; i++)
		assert_int_equal(sim_cpu_on(&m, 0, i), 0);
	sim_settle(&m);
	sim_on(&m, 0);
	fake_log_reset();
	return 0;
}

static int two_on_one(void **state)
{
	(void)state;
	return start(1, 2);
}

static int three_on_one(void **state)
{
	(void)state;
	return start(1, 3);
}

static int three_on_two(void **state)
{
	(void)state;
	return start(2, 3);
}

static int two_on_two(void **state)
{
	(void)state;
	return start(2, 2);
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

/* EL2's timer, set for some time, fires at that time. */
static struct vcpu *tick(unsigned cpu)
{
	uint64_t at = m.pcpu[cpu].hw.htimer;

	assert_true(at != UINT64_MAX);
	if (fake_counter < at)
		fake_counter = at;
	return sim_irq(&m, cpu, SIM_HTIMER);
}

/* It has its turn within a few slices. */
static void until(const struct vcpu *v)
{
	for (unsigned i = 0; sim_vcpu(&m, 0) != v; i++) {
		assert_true(i < 4);
		(void)tick(0);
	}
}

static uint64_t hcr(unsigned cpu)
{
	return m.pcpu[cpu].hw.control.hcr_el2;
}

/* The vCPU on that pCPU executes WFI. */
static struct vcpu *wfi_on(unsigned cpu)
{
	return sim_sync(&m, cpu, SYN_WFI);
}

static struct vcpu *on(unsigned cpu)
{
	return sim_vcpu(&m, cpu);
}

/* ----------------------------------------------------------------- sharing */

static void two_that_compute_take_turns_by_the_slice(void **state)
{
	unsigned turns[2] = {0};
	uint64_t since = fake_counter;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		turns[tick(0)->idx]++;
		assert_true(fake_counter - since <= SIM_SLICE + 100);
		since = fake_counter;
	}
	assert_in_range(turns[0], 9, 11);
	assert_in_range(turns[1], 9, 11);
}

static void registers_are_switched_with_the_vcpu(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	m.pcpu[0].hw.fp.q[31][1] = 0x1111;
	m.pcpu[0].hw.context.tpidr_el1 = 0x2222;
	a->regs.x[5] = 0x3333;
	until(vm->vcpus[a->idx ^ 1]);
	assert_int_equal(m.pcpu[0].hw.fp.q[31][1], 0);
	assert_int_equal(m.pcpu[0].hw.context.tpidr_el1, 0);
	until(a);
	assert_int_equal(m.pcpu[0].hw.fp.q[31][1], 0x1111);
	assert_int_equal(m.pcpu[0].hw.context.tpidr_el1, 0x2222);
	assert_int_equal(a->regs.x[5], 0x3333);
}

static void vcpus_of_a_vm_do_not_inherit_each_others_tlb(void **state)
{
	(void)state;
	(void)tick(0);
	assert_int_equal(fake_log_count(FAKE_TLBI_LOCAL), 1);
	/* Under its own VMID, and before it can use its own translations. */
	assert_true(fake_log_find(FAKE_CONTROL, 0) <
		    fake_log_find(FAKE_TLBI_LOCAL, 0));
	assert_true(fake_log_find(FAKE_TLBI_LOCAL, 0) <
		    fake_log_find(FAKE_EL1_RESTORE, 0));
	assert_true(hcr(0) & HCR_FB);
}

static void exit_of_one_that_is_not_alone_switches_nothing(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	assert_ptr_equal(on(0), a);
	assert_int_equal(fake_log.nr, 0);
}

static void time_spent_waiting_is_stolen_time(void **state)
{
	struct vcpu *a = on(0), *b = vm->vcpus[a->idx ^ 1];
	uint64_t before = sched_stolen(b), slice = SIM_SLICE;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		(void)tick(0);
	assert_true(sched_stolen(a) >= 9 * slice);
	assert_true(sched_stolen(b) - before >= 9 * slice);
	assert_true(vm->pv.stolen[0].stolen_ns >= 8 * slice * 1000);
	assert_true(vm->pv.stolen[1].stolen_ns >= 8 * slice * 1000);
	assert_true(sched_stolen(a) <= 11 * slice);
	assert_true(sched_stolen(b) - before <= 11 * slice);
}

/* ------------------------------------------------------------------- alone */

static void vcpu_alone_has_no_tick_and_no_wfi_trap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_ptr_equal(on(i), vm->vcpus[i]);
		assert_int_equal(hcr(i) & (HCR_TWI | HCR_TWE), 0);
		assert_int_equal(m.pcpu[i].hw.htimer, UINT64_MAX);
	}
}

static void vcpu_that_is_left_alone_traps_no_more(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	assert_true(hcr(0) & HCR_TWI);
	assert_true(hcr(0) & HCR_TWE);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_ptr_not_equal(on(0), a);
	assert_int_equal(hcr(0) & (HCR_TWI | HCR_TWE), 0);
	assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
}

static void wfe_is_not_trapped_while_nobody_waits(void **state)
{
	struct vcpu *b;

	(void)state;
	b = wfi_on(0);
	assert_ptr_equal(b, vm->vcpus[b->idx]);
	assert_true(hcr(0) & HCR_TWI); /* it is not alone */
	assert_int_equal(hcr(0) & HCR_TWE, 0);
}

/* ------------------------------------------------------------------- spins */

/* The pCPU looks after 50 ticks whether its vCPU spins; slices are long. */
static void look_often(void)
{
	static struct runq_clock clock;

	clock = *m.cpus[0].sched.q.clock;
	clock.probe = 50;
	clock.slice = 1000000;
	m.cpus[0].sched.q.clock = &clock;
	fake_counter += SIM_SLICE; /* the next one's is so long */
	(void)sim_irq(&m, 0, SIM_HTIMER);
}

/* Encodings as the assembler has them. */
#define INSN_YIELD UINT32_C(0xd503203f)
#define CODE       (SIM_RAM + 0x2800) /* there is nothing but zeroes */

static void put_insn(uint64_t at, uint32_t insn)
{
	assert_int_equal(gmem_write(&vm->mem, (ipa_t){at}, &insn, sizeof(insn)),
			 0);
}

/* Where the one that runs is, and that it has something to do. */
static struct vcpu *at_work(uint64_t pc, uint64_t lr)
{
	struct vcpu *v = on(0);

	v->regs.pc = v->regs.pc == pc ? pc + 4 : pc; /* it has moved */
	v->regs.x[30] = lr;
	v->regs.x[29]++;
	return v;
}

/* Whether the one that runs, with `insn` at CODE, makes way at the next look.
 */
static bool makes_way(uint64_t pc, uint64_t lr, uint32_t insn)
{
	const struct vcpu *a = at_work(pc, lr);
	bool made;

	put_insn(CODE, insn);
	made = tick(0) != a;
	put_insn(CODE, 0);
	return made;
}

static void loop_with_a_hint_makes_way(void **state)
{
	static const struct {
		const char *name;
		uint32_t insn;
		bool waits;
	} t[] = {
		{"yield", INSN_YIELD, true},    {"wfe", 0xd503205f, true},
		{"wfet x3", 0xd5031003, true},  {"nop", 0xd503201f, false},
		{"wfi", 0xd503207f, false},     {"sev", 0xd503209f, false},
		{"isb", 0xd5033fdf, false},     {"dsb sy", 0xd5033f9f, false},
		{"wfit x3", 0xd5031023, false},
	};

	(void)state;
	look_often();
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].name);
		assert_int_equal(makes_way(CODE + 16, 0, t[i].insn),
				 t[i].waits);
	}
}

static void hint_counts_near_the_pc_and_near_the_caller(void **state)
{
	uint64_t far = SIM_RAM + 0x8000, signature = UINT64_C(0x2b) << 48;

	(void)state;
	look_often();
	m.pcpu[0].hw.el1.tcr = 16; /* T0SZ: 48 bits */
	assert_true(makes_way(CODE + UINT64_C(4) * 30, far, INSN_YIELD));
	assert_true(makes_way(CODE - UINT64_C(4) * 20, far, INSN_YIELD));
	assert_true(makes_way(far, CODE + UINT64_C(4) * 70, INSN_YIELD));
	assert_true(makes_way(far, (CODE + 16) | signature, INSN_YIELD));
	assert_false(makes_way(CODE + UINT64_C(4) * 40, far, INSN_YIELD));
	assert_false(makes_way(far, CODE + UINT64_C(4) * 90, INSN_YIELD));
	/* Where there is no code: nothing is found, and nothing happens. */
	assert_false(makes_way(UINT64_C(0x7f00000000), UINT64_MAX, INSN_YIELD));
}

static void program_that_spins_makes_way(void **state)
{
	(void)state;
	look_often();
	on(0)->regs.pstate = 0; /* EL0 */
	assert_true(makes_way(CODE + 16, 0, INSN_YIELD));
}

static void look_before_it_has_run_tells_nothing(void **state)
{
	struct vcpu *a;

	(void)state;
	look_often();
	put_insn(CODE, INSN_YIELD);
	a = on(0);
	a->regs.pc = m.cpus[0].sched.probe_pc = CODE;
	assert_ptr_equal(tick(0), a);
	a->regs.pc += 4;
	assert_ptr_not_equal(tick(0), a);
}

/* As an emulator shows a loop of one block. */
static void loop_that_is_always_seen_at_one_instruction_makes_way(void **state)
{
	struct vcpu *a;

	(void)state;
	look_often();
	put_insn(CODE, INSN_YIELD);
	a = on(0);
	a->regs.pstate = 0; /* EL0 */
	a->regs.pc = m.cpus[0].sched.probe_pc = CODE;
	assert_ptr_equal(tick(0), a);
	assert_ptr_not_equal(tick(0), a);
}

static void kernel_that_stays_in_one_function_for_long_makes_way(void **state)
{
	struct vcpu *a;
	uint64_t since;

	(void)state;
	look_often();
	a = on(0);
	a->regs.x[29] = 0x4000;
	since = fake_counter;
	while (tick(0) == a)
		assert_true(fake_counter - since < 12000);
	assert_true(fake_counter - since > 3000);
}

/* Spins until another runs, and says who. */
static struct vcpu *spin(const struct vcpu *v)
{
	(void)at_work(CODE, 0);
	for (unsigned i = 0; on(0) == v; i++) {
		assert_true(i < 4);
		(void)tick(0);
	}
	return on(0);
}

static void who_has_not_spun_goes_before_those_that_have(void **state)
{
	struct vcpu *a, *b, *holder;

	(void)state;
	look_often();
	put_insn(CODE, INSN_YIELD);
	a = on(0);
	b = spin(a);
	holder = spin(b);
	assert_ptr_not_equal(holder, a);
	assert_ptr_not_equal(holder, b);
}

static void where_all_spin_each_has_its_turn(void **state)
{
	const struct vcpu *last[2] = {NULL, NULL};

	(void)state;
	look_often();
	put_insn(CODE, INSN_YIELD);
	for (unsigned i = 0; i < 12; i++) {
		const struct vcpu *v = on(0);

		assert_ptr_not_equal(v, last[0]);
		assert_ptr_not_equal(v, last[1]);
		last[i % 2] = v;
		(void)spin(v);
	}
}

static void who_works_keeps_its_slice(void **state)
{
	struct vcpu *a;

	(void)state;
	look_often();
	a = on(0);
	for (unsigned i = 0; i < 12; i++) {
		(void)at_work(CODE, 0);
		assert_ptr_equal(tick(0), a);
	}
	a->regs.pstate = 0; /* EL0: a program may compute in one function */
	for (unsigned i = 0; i < 12; i++)
		assert_ptr_equal(tick(0), a);
}

static void vcpu_alone_is_not_looked_at(void **state)
{
	(void)state;
	look_often();
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_non_null(on(0));
	assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
}

/* -------------------------------------------------- what comes as it blocks */

#define SPI 40U

static struct vcpu *sharer; /* of the sleeper's pCPU, asleep as well */

/* By the guest on the other pCPU. */
static void route(uint64_t idx)
{
	struct mmio_op op = {.offset = 0x6000 + UINT64_C(8) * SPI,
			     .value = idx,
			     .size = 8,
			     .write = true};

	sim_on(&m, 1);
	assert_int_equal(vgic_dist_mmio(vm->vgic, &op), 0);
	sim_on(&m, 0);
}

static void route_to_sharer(struct sim *s)
{
	(void)s;
	route(sharer->idx);
}

/* Nothing gets through to its guest: what is pending wakes nobody. */
static struct vcpu *sleep_masked(void)
{
	gich_guest_setup(&m.pcpu[0].gich, 0, false, true, false);
	return wfi_on(0);
}

/* At every moment of the one's falling asleep. */
static void interrupt_that_is_routed_away_from_one_who_blocks(void **state)
{
	bool raced = true;
	unsigned n;

	(void)state;
	for (n = 0; raced; n++) {
		struct vcpu *v;

		(void)start(2, 3);
		sim_guest_gic(&m, 1);
		sim_guest_gic(&m, 0);
		sharer = on(0);
		v = sleep_masked();
		assert_non_null(v);
		sim_guest_gic(&m, 0);
		route(v->idx);
		gich_guest_setup(&m.pcpu[0].gich, 0, false, true, false);
		sim_store(&m, 1, SIM_GICD + 0x204, 4, 1U << (SPI - 32));
		sim_race(n, route_to_sharer);
		(void)wfi_on(0);
		raced = sim_raced();
		sim_settle(&m);
		(void)end(state);
	}
	assert_true(n > 4);
}

/* ------------------------------------------------------------------ events */

static unsigned nr_called;

/* As the console's multiplexer does it: under a lock of its own. */
static struct spinlock owner;

static void called(struct sched_event *e)
{
	(void)e;
	nr_called++;
	spin_lock(&owner); /* none is held */
	spin_unlock(&owner);
}

static struct sched_event event = {.fn = called};

static void set_event(unsigned cpu, uint64_t at)
{
	nr_called = 0;
	sim_on(&m, cpu);
	spin_lock(&owner);
	sched_event_set(&event, &m.cpus[cpu], at);
	spin_unlock(&owner);
}

static void event_ends_a_guests_run_and_a_sleep(void **state)
{
	struct vcpu *a = on(0);
	uint64_t at = fake_counter + 50;

	(void)state;
	set_event(0, at);
	assert_int_equal(m.pcpu[0].hw.htimer, at);
	assert_int_equal(a->attention, 0); /* nothing to do until then */
	assert_ptr_equal(tick(0), a);
	assert_int_equal(nr_called, 1);
	assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
	assert_null(wfi_on(1));
	set_event(1, fake_counter + 50);
	assert_null(tick(1));
	assert_int_equal(nr_called, 1);
	assert_int_equal(m.pcpu[1].hw.htimer, UINT64_MAX);
}

static void event_that_is_due_is_called_at_the_end_of_the_exit(void **state)
{
	(void)state;
	set_event(0, 0);
	assert_int_equal(nr_called, 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	assert_int_equal(nr_called, 1);
}

static void
event_that_another_pcpu_sets_again_is_called_once_there(void **state)
{
	uint64_t at = fake_counter + 5000;

	(void)state;
	set_event(0, at);
	set_event(1, at + 100);
	(void)tick(0); /* the timer was set for it */
	assert_int_equal(nr_called, 0);
	assert_int_equal(m.pcpu[1].hw.htimer, at + 100);
	(void)tick(1);
	assert_int_equal(nr_called, 1);
}

static void event_and_slice_share_the_timer(void **state)
{
	uint64_t slice = m.pcpu[0].hw.htimer, at;

	(void)state;
	set_event(0, slice + 100000);
	assert_int_equal(m.pcpu[0].hw.htimer, slice);
	at = fake_counter + 50;
	set_event(0, at);
	assert_int_equal(m.pcpu[0].hw.htimer, at);
	(void)tick(0);
	assert_int_equal(nr_called, 1);
	assert_true(m.pcpu[0].hw.htimer > at);
	assert_true(m.pcpu[0].hw.htimer < UINT64_MAX);
}

/* ------------------------------------------------------------------- sleep */

static void wfi_gives_the_pcpu_to_the_other_and_steps_over(void **state)
{
	struct vcpu *a = on(0);
	uint64_t pc = a->regs.pc;

	(void)state;
	assert_ptr_not_equal(wfi_on(0), a);
	assert_int_equal(a->regs.pc, pc + 4);
	assert_null(wfi_on(0));
	assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
}

static void wfi_with_an_interrupt_pending_goes_on(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	sim_guest_gic(&m, 0);
	vgic_set_line(vm->vgic, a->idx, 20, true);
	assert_ptr_equal(wfi_on(0), a);
}

static void interrupt_for_a_sleeper_wakes_it_and_it_is_next(void **state)
{
	struct vcpu *a = on(0), *b;

	(void)state;
	sim_guest_gic(&m, 0);
	b = wfi_on(0);
	fake_counter += 10 * SIM_SLICE;
	vgic_set_line(vm->vgic, a->idx, 20, true);
	assert_ptr_equal(sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0) ? on(0) : b,
			 a);
}

/* CNTV of a vCPU that sleeps and is not loaded: EL2's timer stands in. */
static void timer_of_a_sleeper_wakes_it(void **state)
{
	struct vcpu *a = on(0);
	uint64_t offset = a->control.cntvoff_el2;

	(void)state;
	sim_guest_gic(&m, 0);
	m.pcpu[0].hw.context.cntv_ctl_el0 = 1;
	m.pcpu[0].hw.context.cntv_cval_el0 = fake_counter - offset + 50000;
	assert_ptr_not_equal(wfi_on(0), a);
	assert_int_equal(m.pcpu[0].hw.htimer, a->el1.cntv_cval_el0 + offset);
	fake_counter += 40000;
	assert_ptr_not_equal(sim_irq(&m, 0, SIM_HTIMER), a); /* too early */
	assert_ptr_equal(tick(0), a);
	assert_int_equal(m.pcpu[0].hw.context.cntv_ctl_el0, 1);
}

static void timer_that_is_off_masked_or_never_due_wakes_nobody(void **state)
{
	static const struct {
		uint64_t ctl, cval;
	} t[] = {{0, 1}, {2, 1}, {3, 1}, {1, UINT64_MAX}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu *a = on(0);

		m.pcpu[0].hw.context.cntv_ctl_el0 = t[i].ctl;
		m.pcpu[0].hw.context.cntv_cval_el0 = t[i].cval;
		assert_ptr_not_equal(wfi_on(0), a);
		assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
		sim_on(&m, 0);
		a->el1.cntv_ctl_el0 = 0;
		vm->vcpus[0]->state = vm->vcpus[1]->state = VCPU_RUNNABLE;
		vcpu_kick(a);
		(void)sim_irq(&m, 0, HYP_SGI_KICK);
	}
}

static void timer_that_fires_between_sleep_and_switch_is_not_lost(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	sim_guest_gic(&m, 0);
	/* Due, but its interrupt has not been taken when the WFI traps. */
	m.pcpu[0].hw.context.cntv_ctl_el0 = 1;
	m.pcpu[0].hw.context.cntv_cval_el0 = 1;
	assert_ptr_not_equal(wfi_on(0), a);
	assert_true(m.pcpu[0].hw.htimer <= fake_counter);
	until(a);
}

static void last_sleeper_stays_loaded(void **state)
{
	struct vcpu *b;

	(void)state;
	sim_guest_gic(&m, 0);
	b = wfi_on(0);
	assert_null(wfi_on(0));
	fake_log_reset();
	m.pcpu[0].hw.el1.vtimer = true;
	sim_on(&m, 0);
	vgic_set_line(vm->vgic, b->idx, 20, true);
	(void)sim_irq(&m, 0, SIM_VTIMER);
	assert_int_equal(fake_log_count(FAKE_EL1_SAVE), 0);
}

/* An interrupt arrives at every moment of another one's falling asleep. */
static void wake_up_while_it_falls_asleep(struct sim *s)
{
	sim_on(s, 1);
	vgic_set_line(vm->vgic, 0, 20, true);
}

static void wake_up_at_any_moment_of_falling_asleep_is_not_lost(void **state)
{
	bool all = false;

	(void)state;
	sim_guest_gic(&m, 0);
	for (unsigned at = 0; !all; at++) {
		assert_true(at < 100);
		vm->vcpus[0]->control.hcr_el2 |= HCR_TWI;
		assert_ptr_equal(on(0), vm->vcpus[0]);
		sim_race(at, wake_up_while_it_falls_asleep);
		(void)wfi_on(0);
		all = !sim_raced();
		if (all)
			wake_up_while_it_falls_asleep(&m);
		sim_settle(&m);
		assert_ptr_equal(on(0), vm->vcpus[0]);
		assert_int_equal(vm->vcpus[0]->state, VCPU_RUNNABLE);
		sim_on(&m, 0);
		vgic_set_line(vm->vgic, 0, 20, false);
		(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	}
}

/* It is a wake-up event though the guest masks it: before the WFI, or found by
 * the switch to the other vCPU. */
static void vcpu_with_an_serror_does_not_sleep(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	(void)sim_serror(&m, 0, syn(0x2f, 0x11));
	(void)wfi_on(0);
	assert_int_equal(a->state, VCPU_RUNNABLE);
	until(a);
	fake_pcpu->control.hcr_el2 &= ~HCR_VSE; /* it has taken it */
	fake_pcpu->disr = UINT64_C(1) << 31 | 0x11;
	assert_ptr_not_equal(wfi_on(0), a);
	until(a);
	assert_int_equal(a->state, VCPU_RUNNABLE);
	assert_true(hcr(0) & HCR_VSE);
}

/* ------------------------------------------------------------------- moves */

static void idle_pcpu_takes_who_waits_elsewhere(void **state)
{
	struct vcpu *waits = NULL;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		if (vm->vcpus[i]->sched.state == SCHED_QUEUED)
			waits = vm->vcpus[i];
	assert_non_null(waits);
	assert_ptr_equal(waits->cpu, &m.cpus[0]);
	sim_on(&m, 1);
	assert_ptr_equal(wfi_on(1), waits);
	assert_ptr_equal(waits->cpu, &m.cpus[1]);
}

static void sleeper_wakes_on_an_idle_pcpu_when_its_own_is_busy(void **state)
{
	struct vcpu *a = on(0);

	(void)state;
	sim_guest_gic(&m, 0);
	assert_ptr_not_equal(wfi_on(0), a); /* the other of pCPU 0 */
	sim_on(&m, 1);
	assert_null(wfi_on(1));
	sim_on(&m, 0);
	vgic_set_line(vm->vgic, a->idx, 20, true);
	sim_settle(&m);
	assert_ptr_equal(on(1), a);
	assert_int_equal(m.cpus[0].sched.nr_live, 1);
	assert_int_equal(m.cpus[1].sched.nr_live, 2);
}

static void pcpus_outside_of_the_set_are_not_used(void **state)
{
	uint32_t only[] = {1};
	struct vm_config *cfg;

	(void)state;
	sim_init(&m, 2, 2048);
	cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 2});
	cfg->pcpus = only;
	cfg->nr_pcpus = 1;
	vm = &m.vms[0];
	assert_int_equal(vm_create(vm, &m.h, cfg, 1), 0);
	assert_int_equal(vm_start(vm), 0);
	m.h.nr_vms = 1;
	assert_null(sim_run(&m, 0));
	assert_ptr_equal(sim_run(&m, 1), vm->vcpus[0]);
	assert_int_equal(sim_cpu_on(&m, 1, 1), 0);
	sim_settle(&m);
	assert_null(sim_irq(&m, 0, HYP_SGI_KICK)); /* it would take it */
	assert_ptr_equal(tick(1), vm->vcpus[1]);
}

/* The one that comes may not go to the idle pCPU; the one that was there may.
 */
static void idle_pcpu_takes_who_is_pushed_aside(void **state)
{
	uint32_t only[] = {0};
	struct vm_config *cfg;
	struct vm *fixed;

	(void)state;
	sim_init(&m, 2, 2048);
	vm = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	assert_ptr_equal(sim_run(&m, 0), vm->vcpus[0]);
	assert_null(sim_run(&m, 1));
	fixed = &m.vms[1];
	cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});
	cfg->pcpus = only;
	cfg->nr_pcpus = 1;
	m.h.nr_vms++;
	assert_int_equal(vm_create(fixed, &m.h, cfg, 2), 0);
	assert_int_equal(vm_start(fixed), 0);
	sim_settle(&m);
	for (unsigned i = 0; on(0) != fixed->vcpus[0]; i++) {
		assert_true(i < 4);
		(void)tick(0);
	}
	sim_settle(&m);
	assert_ptr_equal(on(0), fixed->vcpus[0]);
	assert_ptr_equal(on(1), vm->vcpus[0]);
	assert_ptr_equal(vm->vcpus[0]->cpu, &m.cpus[1]);
}

static void reservations_that_do_not_fit_refuse_the_vm(void **state)
{
	(void)state;
	sim_init(&m, 2, 2048);
	vm = &m.vms[0];
	for (unsigned i = 0; i < 2; i++) {
		struct vm_config *cfg =
			sim_config(&m, &(struct sim_vm){.nr_vcpus = 2 + i});

		cfg->share = (struct vm_share){0, 6000, 10000};
		host_log_reset();
		assert_int_equal(vm_create(vm, &m.h, cfg, 1), i ? -19 : 0);
		if (i)
			assert_string_equal(host_log_last(),
					    "VM vm0: its CPUs have no room for "
					    "its reservation");
		vm_destroy(vm);
		assert_int_equal(m.cpus[0].sched.reserved_ppm, 0);
		assert_int_equal(m.cpus[1].sched.nr_placed, 0);
	}
}

/* A VM of one vCPU that has `budget` of each 10000 us. */
static struct vm *reserved_vm(unsigned budget)
{
	struct vm *v = &m.vms[m.h.nr_vms];
	struct vm_config *cfg = sim_config(&m, &(struct sim_vm){.nr_vcpus = 1});

	cfg->share = (struct vm_share){0, budget, 10000};
	m.h.nr_vms++;
	assert_int_equal(vm_create(v, &m.h, cfg, (uint16_t)m.h.nr_vms), 0);
	assert_int_equal(vm_start(v), 0);
	return v;
}

/* On pCPU 0, behind another one, with pCPU 1 idle. Returns where it woke. */
static struct cpu *wakes_on(unsigned budget)
{
	struct vcpu *a;

	sim_init(&m, 2, 2048);
	vm = reserved_vm(budget);
	(void)reserved_vm(6000);
	(void)sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	a = vm->vcpus[0];
	assert_ptr_equal(sim_run(&m, 0), a);
	(void)sim_run(&m, 1);
	sim_on(&m, 0);
	sim_guest_gic(&m, 0);
	assert_ptr_equal(wfi_on(0), m.vms[2].vcpus[0]);
	sim_on(&m, 1);
	assert_null(wfi_on(1));
	sim_on(&m, 0);
	vgic_set_line(vm->vgic, 0, 20, true);
	sim_settle(&m);
	assert_int_equal(m.cpus[0].sched.reserved_ppm +
				 m.cpus[1].sched.reserved_ppm,
			 budget * 100 + 600000);
	assert_int_equal(m.cpus[0].sched.nr_placed, a->cpu->idx ? 1 : 2);
	return a->cpu;
}

static void reservation_moves_only_where_there_is_room_for_it(void **state)
{
	(void)state;
	assert_ptr_equal(wakes_on(3000), &m.cpus[1]);
	assert_int_equal(m.cpus[1].sched.reserved_ppm, 900000);
	sim_check(&m);
	sim_free(&m);
	assert_ptr_equal(wakes_on(4000), &m.cpus[0]);
	assert_int_equal(m.cpus[1].sched.reserved_ppm, 600000);
}

/* ------------------------------------------------------------------- yield */

static void wfe_lets_another_of_the_vm_go_first(void **state)
{
	struct vcpu *a = on(0);
	uint64_t pc = a->regs.pc;

	(void)state;
	assert_ptr_not_equal(sim_sync(&m, 0, SYN_WFE), a);
	assert_int_equal(a->regs.pc, pc + 4);
	assert_int_equal(a->state, VCPU_RUNNABLE);
	assert_ptr_equal(sim_sync(&m, 0, SYN_WFE), a);
}

/* ------------------------------------------------------------------- stops */

static void system_off_reaches_who_waits_and_who_sleeps(void **state)
{
	(void)state;
	sim_on(&m, 1);
	(void)wfi_on(1);
	sim_on(&m, 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(vm->state, VM_OFF);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(m.cpus[i].sched.nr_live, 0);
		assert_int_equal(m.cpus[i].sched.q.nr, 0);
		assert_null(m.cpus[i].sched.q.current);
		assert_null(m.cpus[i].sched.sleepers);
	}
}

#define ONE(t)   cmocka_unit_test_setup_teardown(t, two_on_one, end)
#define TWO(t)   cmocka_unit_test_setup_teardown(t, two_on_two, end)
#define THREE(t) cmocka_unit_test_setup_teardown(t, three_on_two, end)
#define BARE(t)  cmocka_unit_test_teardown(t, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(two_that_compute_take_turns_by_the_slice),
		ONE(registers_are_switched_with_the_vcpu),
		ONE(vcpus_of_a_vm_do_not_inherit_each_others_tlb),
		ONE(exit_of_one_that_is_not_alone_switches_nothing),
		ONE(time_spent_waiting_is_stolen_time),
		ONE(loop_with_a_hint_makes_way),
		ONE(hint_counts_near_the_pc_and_near_the_caller),
		ONE(program_that_spins_makes_way),
		ONE(look_before_it_has_run_tells_nothing),
		ONE(loop_that_is_always_seen_at_one_instruction_makes_way),
		ONE(kernel_that_stays_in_one_function_for_long_makes_way),
		cmocka_unit_test_setup_teardown(
			who_has_not_spun_goes_before_those_that_have,
			three_on_one, end),
		cmocka_unit_test_setup_teardown(
			where_all_spin_each_has_its_turn, three_on_one, end),
		ONE(who_works_keeps_its_slice),
		ONE(vcpu_alone_is_not_looked_at),
		cmocka_unit_test(
			interrupt_that_is_routed_away_from_one_who_blocks),
		TWO(event_ends_a_guests_run_and_a_sleep),
		TWO(event_that_is_due_is_called_at_the_end_of_the_exit),
		TWO(event_that_another_pcpu_sets_again_is_called_once_there),
		ONE(event_and_slice_share_the_timer),
		TWO(vcpu_alone_has_no_tick_and_no_wfi_trap),
		ONE(vcpu_that_is_left_alone_traps_no_more),
		ONE(wfe_is_not_trapped_while_nobody_waits),
		ONE(wfi_gives_the_pcpu_to_the_other_and_steps_over),
		ONE(wfi_with_an_interrupt_pending_goes_on),
		ONE(interrupt_for_a_sleeper_wakes_it_and_it_is_next),
		ONE(timer_of_a_sleeper_wakes_it),
		ONE(timer_that_is_off_masked_or_never_due_wakes_nobody),
		ONE(timer_that_fires_between_sleep_and_switch_is_not_lost),
		ONE(last_sleeper_stays_loaded),
		TWO(wake_up_at_any_moment_of_falling_asleep_is_not_lost),
		ONE(vcpu_with_an_serror_does_not_sleep),
		THREE(idle_pcpu_takes_who_waits_elsewhere),
		THREE(sleeper_wakes_on_an_idle_pcpu_when_its_own_is_busy),
		BARE(idle_pcpu_takes_who_is_pushed_aside),
		BARE(pcpus_outside_of_the_set_are_not_used),
		BARE(reservations_that_do_not_fit_refuse_the_vm),
		BARE(reservation_moves_only_where_there_is_room_for_it),
		ONE(wfe_lets_another_of_the_vm_go_first),
		THREE(system_off_reaches_who_waits_and_who_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
