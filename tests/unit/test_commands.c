/* A VM's life as commands from outside change it, while another one runs: what
 * each does in each state, pauses and their time, memory that comes and goes,
 * restarts by policy. */
#include <errno.h>
#include <string.h>

#include <hyp/lifecycle.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm, *other;

#define VM_CPUS  2 /* of `vm`, on pCPUs 0 and 1; `other` has pCPU 2 */
#define OTHERS   2
#define MARK     UINT64_C(0x5ec2e75ec2e75ec2)
#define UART     33U
#define MS_TICKS UINT64_C(1000) /* the simulated counter is a MHz */

static int start(void **state)
{
	(void)state;
	sim_init(&m, 3, 4096);
	vm = sim_add_vm(&m,
			&(struct sim_vm){.nr_vcpus = VM_CPUS, .disk = true});
	other = sim_add_vm(&m, &(struct sim_vm){.nr_vcpus = 1});
	for (unsigned i = 0; i < 3; i++)
		(void)sim_run(&m, i);
	sim_on(&m, 0);
	sim_bring_up(&m, 0, 1);
	assert_ptr_equal(sim_vcpu(&m, OTHERS), other->vcpus[0]);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

/* -------------------------------------------------- commands, from a pCPU */

static enum vm_command order;
static int result;

static void command_now(struct sim *s)
{
	(void)s;
	result = vm_command(vm, order);
}

/* As the monitor gives it: from an interrupt on that pCPU. */
static int command_on(unsigned cpu, enum vm_command cmd)
{
	order = cmd;
	sim_device_irq(&m, cpu, command_now);
	return result;
}

/* From the pCPU of the other VM, and all that follows. */
static int command(enum vm_command cmd)
{
	int err = command_on(OTHERS, cmd);

	sim_timers(&m);
	sim_check(&m);
	sim_on(&m, OTHERS); /* a wake-up of ours is an SGI */
	return err;
}

static void ok(enum vm_command cmd)
{
	assert_int_equal(command(cmd), 0);
}

static void assert_out_of_guests(void)
{
	assert_null(sim_vcpu(&m, 0));
	assert_null(sim_vcpu(&m, 1));
	assert_ptr_equal(sim_vcpu(&m, OTHERS), other->vcpus[0]);
}

static void assert_fresh(void)
{
	const struct vcpu *v = vm->vcpus[0];

	assert_int_equal(vm->state, VM_RUNNING);
	assert_ptr_equal(sim_vcpu(&m, v->cpu->idx), v);
	assert_int_equal(v->regs.pc, SIM_RAM);
	assert_int_equal(v->regs.x[0], vm->plan.dtb.base.v);
	assert_int_equal(vm->nr_live, 1);
}

static uint64_t peek(uint64_t ipa)
{
	uint64_t word = 0;

	assert_int_equal(gmem_read(&vm->mem, (ipa_t){ipa}, &word, 8), 0);
	return word;
}

static void poke(uint64_t ipa, uint64_t word)
{
	assert_int_equal(gmem_write(&vm->mem, (ipa_t){ipa}, &word, 8), 0);
}

/* The virtual counter of a vCPU, now. */
static uint64_t virtual_now(const struct vcpu *v)
{
	return fake_counter - v->control.cntvoff_el2;
}

/* ------------------------------------------------------- one after the other
 */

static void bring_into(enum vm_state state)
{
	if (state == VM_PAUSED)
		ok(VM_PAUSE);
	else if (state == VM_OFF)
		ok(VM_HALT);
	else if (state == VM_ABSENT)
		ok(VM_DESTROY);
	assert_int_equal(vm_state_now(vm), state);
}

static void each_command_does_in_each_state_what_its_row_says(void **state)
{
	static const enum vm_state from[] = {VM_ABSENT, VM_OFF, VM_PAUSED,
					     VM_RUNNING};
	static const struct {
		int err[ARRAY_SIZE(from)];
		enum vm_state to[ARRAY_SIZE(from)]; /* where err is 0 */
	} t[VM_COMMANDS] = {
		[VM_CREATE] = {{0, -EALREADY, -EALREADY, -EALREADY}, {VM_OFF}},
		[VM_START] = {{-EINVAL, 0, -EINVAL, -EALREADY},
			      {0, VM_RUNNING}},
		[VM_PAUSE] = {{-EINVAL, -EINVAL, -EALREADY, 0},
			      {0, 0, 0, VM_PAUSED}},
		[VM_RESUME] = {{-EINVAL, -EINVAL, 0, -EALREADY},
			       {0, 0, VM_RUNNING}},
		[VM_RESET] = {{-EINVAL, -EINVAL, 0, 0},
			      {0, 0, VM_PAUSED, VM_RUNNING}},
		[VM_HALT] = {{-EINVAL, -EALREADY, 0, 0},
			     {0, 0, VM_OFF, VM_OFF}},
		[VM_DESTROY] = {{-EALREADY, 0, 0, 0}, {0}},
	};

	for (unsigned i = 0; i < VM_COMMANDS * ARRAY_SIZE(from); i++) {
		unsigned cmd = i / ARRAY_SIZE(from), f = i % ARRAY_SIZE(from);

		(void)start(state);
		bring_into(from[f]);
		assert_int_equal(command((enum vm_command)cmd), t[cmd].err[f]);
		assert_int_equal(vm_state_now(vm),
				 t[cmd].err[f] ? from[f] : t[cmd].to[f]);
		assert_int_equal(m.nr_ends, 0);
		assert_ptr_equal(sim_vcpu(&m, OTHERS), other->vcpus[0]);
		(void)end(state);
	}
}

static void commands_mean_the_same_however_fast_they_come(void **state)
{
	static const enum vm_command all[] = {
		VM_PAUSE,  VM_RESET,   VM_RESUME, VM_HALT,  VM_START,
		VM_RESET,  VM_DESTROY, VM_CREATE, VM_START, VM_PAUSE,
		VM_RESUME, VM_DESTROY, VM_CREATE, VM_START};

	(void)state;
	poke(SIM_RAM + MIB(1), MARK);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(command_on(OTHERS, all[i]), 0);
	assert_int_equal(vm->state, VM_STOPPING); /* nobody has moved yet */
	sim_timers(&m);
	assert_fresh();
	assert_int_equal(peek(SIM_RAM + MIB(1)), 0);
	sim_bring_up(&m, 0, 1);
}

static void command_works_from_its_own_pcpus_and_from_idle_ones(void **state)
{
	for (unsigned cpu = 0; cpu < 3; cpu++) {
		for (unsigned asleep = 0; asleep < 2; asleep++) {
			(void)start(state);
			if (asleep && sim_vcpu(&m, cpu))
				(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_SUSPEND, 0,
					      0, 0);
			assert_int_equal(command_on(cpu, VM_PAUSE), 0);
			sim_timers(&m);
			assert_int_equal(vm->state, VM_PAUSED);
			assert_int_equal(command_on(cpu, VM_RESET), 0);
			assert_int_equal(command_on(cpu, VM_RESUME), 0);
			sim_timers(&m);
			assert_fresh();
			assert_int_equal(command_on(cpu, VM_DESTROY), 0);
			sim_timers(&m);
			assert_int_equal(vm->state, VM_ABSENT);
			assert_int_equal(command_on(cpu, VM_CREATE), 0);
			assert_int_equal(command_on(cpu, VM_START), 0);
			sim_timers(&m);
			assert_fresh();
			(void)end(state);
		}
	}
}

/* -------------------------------------------------------------------- pause */

/* Rules out: virtual-time */
static void time_of_a_paused_vm_stands_still(void **state)
{
	uint64_t before, pause;

	(void)state;
	before = virtual_now(vm->vcpus[0]);
	ok(VM_PAUSE);
	assert_out_of_guests();
	pause = fake_counter - vm->paused_at;
	fake_counter += 10000 * MS_TICKS;
	ok(VM_RESUME);
	assert_ptr_equal(sim_vcpu(&m, 0), vm->vcpus[0]);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
	/* It goes on from where it was, and neither back nor far ahead. */
	assert_true(virtual_now(vm->vcpus[0]) >= before);
	assert_true(virtual_now(vm->vcpus[0]) < before + pause + MS_TICKS);
	for (unsigned i = 0; i < VM_CPUS; i++)
		assert_int_equal(m.pcpu[i].hw.control.cntvoff_el2,
				 vm->vcpus[0]->control.cntvoff_el2);
	assert_int_equal(vm->vcpus[0]->control.cntpoff_el2, 0);
	assert_true(sched_stolen(vm->vcpus[0]) < MS_TICKS);
}

static void physical_time_stands_still_where_the_cpu_can_offset_it(void **s)
{
	(void)s;
	m.hw_idregs[48] |= UINT64_C(2) << 60; /* ID_AA64MMFR0_EL1.ECV */
	ok(VM_RESET);
	ok(VM_PAUSE);
	fake_counter += 10000 * MS_TICKS;
	ok(VM_RESUME);
	assert_int_equal(vm->vcpus[0]->control.cntpoff_el2,
			 vm->vcpus[0]->control.cntvoff_el2);
}

/* What vCPU 1 is about when the pause comes. */
static void put_into(unsigned how)
{
	if (how == 1)
		(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	else if (how == 2)
		(void)sim_hvc(&m, 1, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	else if (how == 3)
		(void)sim_hvc(&m, 1, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN,
			      SIM_ENTRY, 7);
}

static void pause_meets_vcpus_in_every_state_and_changes_none(void **state)
{
	for (unsigned how = 0; how < 4; how++) {
		unsigned was;

		(void)start(state);
		sim_guest_gic(&m, 1);
		put_into(how);
		was = vm->vcpus[1]->state;
		sim_vcpu(&m, 0)->regs.x[9] = 9;
		ok(VM_PAUSE);
		assert_int_equal(vm->state, VM_PAUSED);
		assert_out_of_guests();
		assert_null(m.cpus[0].loaded);
		assert_int_equal(vm->vcpus[1]->state, was);
		ok(VM_RESUME);
		assert_int_equal(vm->vcpus[1]->state, was);
		assert_int_equal(sim_vcpu(&m, 0)->regs.x[9], 9);
		assert_int_equal(sim_vcpu(&m, 1) != NULL, how == 0);
		vgic_set_line(vm->vgic, 1, 20, true);
		sim_settle(&m);
		assert_int_equal(sim_vcpu(&m, 1) != NULL, how != 1);
		(void)end(state);
	}
}

static void vcpu_that_is_just_being_turned_on_is_held_as_well(void **state)
{
	(void)state;
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	ok(VM_PAUSE);
	assert_int_equal(vm->state, VM_PAUSED);
	assert_int_equal(vm->nr_held, 2);
	assert_out_of_guests();
	ok(VM_RESUME);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
	assert_int_equal(vm->vcpus[1]->regs.pc, SIM_ENTRY);
}

/* Rules out: wakeup-lost */
static void interrupt_in_a_pause_waits_for_its_end(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	ok(VM_PAUSE);
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, UART, true);
	sim_timers(&m);
	assert_int_equal(vm->state, VM_PAUSED);
	assert_out_of_guests();
	ok(VM_RESUME);
	assert_ptr_equal(sim_vcpu(&m, 0), vm->vcpus[0]);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), UART);
}

/* Its deadline is as far away after the pause as it was before. */
static void timer_of_a_sleeper_waits_through_the_pause(void **state)
{
	struct el1_context *c = &m.pcpu[0].hw.context;
	uint64_t due, pause = 10000 * MS_TICKS;

	(void)state;
	sim_guest_gic(&m, 0);
	due = virtual_now(vm->vcpus[0]) + 50 * MS_TICKS;
	c->cntv_ctl_el0 = 1;
	c->cntv_cval_el0 = due;
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	ok(VM_PAUSE);
	assert_int_equal(m.pcpu[0].hw.htimer, UINT64_MAX);
	fake_counter += pause;
	sim_timers(&m);
	assert_out_of_guests();
	ok(VM_RESUME);
	assert_null(sim_vcpu(&m, 0));
	assert_int_equal(m.pcpu[0].hw.htimer,
			 due + vm->vcpus[0]->control.cntvoff_el2);
	fake_counter = m.pcpu[0].hw.htimer;
	sim_timers(&m);
	assert_ptr_equal(sim_vcpu(&m, 0), vm->vcpus[0]);
}

static void reset_of_a_paused_vm_waits_at_its_first_instruction(void **state)
{
	(void)state;
	ok(VM_PAUSE);
	ok(VM_RESET);
	assert_int_equal(vm->state, VM_PAUSED);
	assert_out_of_guests();
	assert_int_equal(vm->nr_live, 1);
	ok(VM_RESUME);
	assert_fresh();
}

static void pause_that_is_taken_back_at_once_leaves_no_trace(void **state)
{
	uint64_t offset = vm->vcpus[0]->control.cntvoff_el2;

	(void)state;
	assert_int_equal(command_on(OTHERS, VM_PAUSE), 0);
	assert_int_equal(vm->state, VM_PAUSING);
	assert_int_equal(command_on(OTHERS, VM_RESUME), 0);
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(vm->vcpus[0]->control.cntvoff_el2, offset);
	assert_non_null(sim_vcpu(&m, 0));
	assert_non_null(sim_vcpu(&m, 1));
}

static void guest_that_stops_before_the_pause_reaches_it_has_stopped(void **s)
{
	static const struct {
		uint64_t call;
		enum vm_state state;
	} t[] = {{SIM_PSCI_SYSTEM_OFF, VM_OFF},
		 {SIM_PSCI_SYSTEM_RESET, VM_PAUSED}, /* and starts paused */
		 {SIM_PSCI_CPU_OFF, VM_PAUSED}};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		(void)start(s);
		assert_int_equal(command_on(OTHERS, VM_PAUSE), 0);
		(void)sim_hvc(&m, 0, t[i].call, 0, 0, 0);
		sim_timers(&m);
		assert_int_equal(vm->state, t[i].state);
		sim_check(&m);
		(void)end(s);
	}
}

/* ------------------------------------------------------------------- memory */

/* Rules out: reset-leak, foreign-memory */
static void memory_of_a_destroyed_vm_goes_back_scrubbed(void **state)
{
	uint64_t with = page_alloc_nr_free(&m.h.pages);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		poke(SIM_RAM + MIB(1), MARK);
		sim_vcpu(&m, 0)->regs.x[20] = MARK;
		m.pcpu[0].hw.context.tpidr_el1 = MARK;
		m.pcpu[0].hw.fp.q[7][1] = MARK;
		ok(VM_PAUSE); /* into the vCPU's memory */
		assert_true(sim_pool_has(MARK));
		ok(VM_DESTROY);
		assert_int_equal(vm->state, VM_ABSENT);
		assert_false(sim_pool_has(MARK));
		assert_true(page_alloc_nr_free(&m.h.pages) > with + 512);
		assert_int_equal(m.cpus[0].sched.nr_placed, 0);
		ok(VM_CREATE);
		assert_int_equal(vm->state, VM_OFF);
		assert_int_equal(page_alloc_nr_free(&m.h.pages), with);
		ok(VM_START);
		assert_fresh();
		assert_int_equal(peek(SIM_RAM + 0x900) & 0xff, m.kernel[0x900]);
		assert_int_equal(page_alloc_nr_free(&m.h.pages), with);
	}
}

static void vm_that_finds_no_memory_stays_absent_and_may_try_again(void **s)
{
	void *block[8];
	unsigned nr = 0;

	(void)s;
	ok(VM_DESTROY);
	while (nr < ARRAY_SIZE(block) &&
	       (block[nr] = page_alloc_block(&m.h.pages, 9)))
		nr++;
	host_log_reset();
	ok(VM_CREATE);
	assert_int_equal(vm->state, VM_ABSENT);
	assert_int_equal(command(VM_START), -EINVAL);
	assert_non_null(strstr(host_log_last(), "VM vm0: memory: not enough"));
	while (nr)
		page_free_block(&m.h.pages, block[--nr], 9);
	ok(VM_CREATE);
	ok(VM_START);
	assert_fresh();
}

static void neighbour_has_its_own_time_memory_and_cpu_all_along(void **state)
{
	const struct vcpu *v = other->vcpus[0];
	uint64_t offset = v->control.cntvoff_el2, word = MARK;

	(void)state;
	assert_int_equal(
		gmem_write(&other->mem, (ipa_t){SIM_RAM + MIB(1)}, &word, 8),
		0);
	sim_vcpu(&m, OTHERS)->regs.x[5] = 5;
	fake_log_reset();
	ok(VM_PAUSE);
	ok(VM_DESTROY);
	ok(VM_CREATE);
	ok(VM_START);
	ok(VM_RESET);
	word = 0;
	assert_int_equal(
		gmem_read(&other->mem, (ipa_t){SIM_RAM + MIB(1)}, &word, 8), 0);
	assert_true(word == MARK);
	assert_int_equal(v->regs.x[5], 5);
	assert_int_equal(v->control.cntvoff_el2, offset);
	assert_int_equal(
		fake_log_find_a(FAKE_TLBI_VMID, 0, v->control.vttbr_el2),
		FAKE_LOG_MAX);
}

/* A vCPU that is where the work is done goes on elsewhere meanwhile. */
static void work_does_not_keep_a_neighbour_from_an_idle_pcpu(void **state)
{
	struct cpu *c = &m.cpus[OTHERS];

	(void)state;
	ok(VM_HALT);
	sim_on(&m, OTHERS);
	run_work_begin(c);
	assert_null(c->loaded);
	assert_int_equal(other->vcpus[0]->sched.state, SCHED_QUEUED);
	m.pcpu[OTHERS].guest = NULL;
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 0), other->vcpus[0]);
	sim_on(&m, OTHERS);
	run_work_end(c);
	assert_null(sim_run(&m, OTHERS));
}

/* ------------------------------------------------------------ machine's end */

static void machine_goes_on_while_a_vm_runs_or_will(void **state)
{
	(void)state;
	(void)sim_hvc(&m, OTHERS, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_timers(&m);
	assert_int_equal(m.nr_ends, 0);
	assert_int_equal(command_on(OTHERS, VM_HALT), 0);
	assert_int_equal(command_on(OTHERS, VM_START), 0);
	sim_timers(&m);
	assert_int_equal(m.nr_ends, 0);
	assert_fresh();
	assert_int_equal(command_on(OTHERS, VM_PAUSE), 0);
	sim_timers(&m);
	assert_int_equal(m.nr_ends, 0); /* a pause is no end */
	assert_int_equal(command_on(OTHERS, VM_HALT), 0);
	sim_timers(&m);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_SUCCESS);
}

/* ------------------------------------------------------------------- policy */

static void crash(unsigned cpu)
{
	m.pcpu[cpu].hw.el1.vbar = SIM_NOTHING;
	sim_fault(&m, cpu, SIM_NOTHING, SIM_NOTHING);
	sim_vcpu(&m, cpu)->regs.pc = SIM_NOTHING + 0x200;
	(void)sim_sync(&m, cpu, syn(0x20, SYN_TRANSLATION));
	sim_timers(&m);
}

static void off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
	sim_timers(&m);
}

static void reset(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	sim_timers(&m);
}

static void policy_decides_what_follows_a_stop(void **state)
{
	static const struct {
		enum vm_restart policy;
		void (*deed)(unsigned cpu);
		enum vm_state state;
	} t[] = {
		{VM_RESTART_NEVER, off, VM_OFF},
		{VM_RESTART_NEVER, crash, VM_OFF},
		{VM_RESTART_NEVER, reset, VM_RUNNING},
		{VM_RESTART_ON_CRASH, off, VM_OFF},
		{VM_RESTART_ON_CRASH, crash, VM_RESTARTING},
		{VM_RESTART_ON_CRASH, reset, VM_RUNNING},
		{VM_RESTART_ALWAYS, off, VM_RESTARTING},
		{VM_RESTART_ALWAYS, crash, VM_RESTARTING},
		{VM_RESTART_ALWAYS, reset, VM_RUNNING},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		(void)start(state);
		m.cfg[0].restart = t[i].policy;
		poke(SIM_RAM + MIB(1), MARK);
		t[i].deed(0);
		assert_int_equal(vm->state, t[i].state);
		assert_int_equal(m.nr_ends, 0);
		fake_counter += VM_BACKOFF_FIRST_MS * MS_TICKS;
		sim_timers(&m);
		if (t[i].state != VM_OFF) {
			assert_fresh();
			assert_int_equal(peek(SIM_RAM + MIB(1)), 0);
		}
		(void)end(state);
	}
}

/* Crashes at once; returns after how many ms it runs again. */
static unsigned crash_and_wait(void)
{
	uint64_t at;

	crash(vm->vcpus[0]->cpu->idx);
	assert_int_equal(vm->state, VM_RESTARTING);
	at = vm->retry_at;
	fake_counter = at - MS_TICKS;
	sim_timers(&m);
	assert_int_equal(vm->state, VM_RESTARTING);
	fake_counter = at;
	sim_timers(&m);
	assert_fresh();
	return vm->delay_ms;
}

static void restarts_come_later_and_later_until_one_runs_well(void **state)
{
	static const unsigned ms[] = {20, 40, 80, 150, 150, 20, 40};

	(void)state;
	m.cfg[0].restart = VM_RESTART_ON_CRASH;
	m.cfg[0].backoff = (struct vm_backoff){20, 150};
	for (size_t i = 0; i < ARRAY_SIZE(ms); i++) {
		if (i == 5)
			fake_counter += VM_GOOD_MS * MS_TICKS;
		assert_int_equal(crash_and_wait(), ms[i]);
	}
	ok(VM_RESET); /* a command forgets the past */
	assert_int_equal(crash_and_wait(), 20);
}

static void paused_time_is_no_good_running(void **state)
{
	(void)state;
	m.cfg[0].restart = VM_RESTART_ON_CRASH;
	assert_int_equal(crash_and_wait(), 100);
	fake_counter += VM_GOOD_MS * MS_TICKS / 2;
	/* Not by a command, which would forget the past. */
	vm->paused_at = fake_counter;
	vm->state = VM_PAUSED;
	fake_counter += VM_GOOD_MS * MS_TICKS;
	vm_resume_locked(vm);
	assert_int_equal(crash_and_wait(), 200);
}

static void vm_that_waits_obeys_commands(void **state)
{
	static const struct {
		enum vm_command cmd;
		enum vm_state state;
	} t[] = {{VM_START, VM_RUNNING},
		 {VM_RESET, VM_RUNNING},
		 {VM_PAUSE, VM_PAUSED},
		 {VM_HALT, VM_OFF},
		 {VM_DESTROY, VM_ABSENT}};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		(void)start(state);
		m.cfg[0].restart = VM_RESTART_ALWAYS;
		off(0);
		assert_int_equal(vm->state, VM_RESTARTING);
		ok(t[i].cmd);
		assert_int_equal(vm->state, t[i].state);
		fake_counter += VM_BACKOFF_MOST_MS * MS_TICKS;
		sim_timers(&m); /* the old date means nothing any more */
		assert_int_equal(vm->state, t[i].state);
		(void)end(state);
	}
}

static void machine_waits_for_a_vm_that_waits(void **state)
{
	(void)state;
	m.cfg[0].restart = VM_RESTART_ON_CRASH;
	off(OTHERS);
	crash(0);
	assert_int_equal(m.nr_ends, 0);
	fake_counter += VM_BACKOFF_FIRST_MS * MS_TICKS;
	sim_timers(&m);
	assert_fresh();
	off(0);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_SUCCESS); /* it ended well */
}

static void images_that_cannot_be_loaded_are_a_crash_by_policy(void **state)
{
	ipa_t kernel = vm->plan.kernel.base;

	(void)state;
	m.cfg[0].restart = VM_RESTART_ON_CRASH;
	vm->plan.kernel.base.v = SIM_RAM + MIB(2); /* broken by us */
	reset(0);
	assert_int_equal(vm->state, VM_RESTARTING);
	vm->plan.kernel.base = kernel;
	fake_counter += VM_BACKOFF_FIRST_MS * MS_TICKS;
	sim_timers(&m);
	assert_fresh();
}

#define T(t) cmocka_unit_test_setup_teardown(t, start, end)
#define B(t) cmocka_unit_test(t)

int main(void)
{
	const struct CMUnitTest tests[] = {
		B(each_command_does_in_each_state_what_its_row_says),
		T(commands_mean_the_same_however_fast_they_come),
		B(command_works_from_its_own_pcpus_and_from_idle_ones),
		T(time_of_a_paused_vm_stands_still),
		T(physical_time_stands_still_where_the_cpu_can_offset_it),
		B(pause_meets_vcpus_in_every_state_and_changes_none),
		T(vcpu_that_is_just_being_turned_on_is_held_as_well),
		T(interrupt_in_a_pause_waits_for_its_end),
		T(timer_of_a_sleeper_waits_through_the_pause),
		T(reset_of_a_paused_vm_waits_at_its_first_instruction),
		T(pause_that_is_taken_back_at_once_leaves_no_trace),
		B(guest_that_stops_before_the_pause_reaches_it_has_stopped),
		T(memory_of_a_destroyed_vm_goes_back_scrubbed),
		T(vm_that_finds_no_memory_stays_absent_and_may_try_again),
		T(neighbour_has_its_own_time_memory_and_cpu_all_along),
		T(work_does_not_keep_a_neighbour_from_an_idle_pcpu),
		T(machine_goes_on_while_a_vm_runs_or_will),
		B(policy_decides_what_follows_a_stop),
		T(restarts_come_later_and_later_until_one_runs_well),
		T(paused_time_is_no_good_running),
		B(vm_that_waits_obeys_commands),
		T(machine_waits_for_a_vm_that_waits),
		T(images_that_cannot_be_loaded_are_a_crash_by_policy),
	};

	return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}
