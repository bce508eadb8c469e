/* A VM's life: start, CPU_ON, CPU_OFF, suspend, stop and reset, with real
 * devices, vGIC and PSCI behind it. */
#include <string.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define ENTRY SIM_ENTRY
#define PC    UINT64_C(0x40000100)

static int one(void **state)
{
	(void)state;
	vm = sim_boot(&m, 1);
	return 0;
}

static int three(void **state)
{
	(void)state;
	vm = sim_boot(&m, 3);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static int64_t affinity_info(unsigned cpu, unsigned target)
{
	return (int64_t)sim_hvc(&m, cpu, SIM_PSCI_AFFINITY_INFO, target, 0, 0);
}

/* A byte of guest memory as its owner sees it. */
static uint8_t peek(uint64_t ipa)
{
	uint8_t b = 0;

	assert_int_equal(gmem_read(&vm->mem, (ipa_t){ipa}, &b, 1), 0);
	return b;
}

static void poke(uint64_t ipa, uint8_t b)
{
	assert_int_equal(gmem_write(&vm->mem, (ipa_t){ipa}, &b, 1), 0);
}

/* ------------------------------------------------------------------- start */

/* The state in which the arm64 boot protocol and PSCI want a CPU. */
static void assert_entry(unsigned cpu, uint64_t pc, uint64_t x0)
{
	const struct vcpu *v = sim_vcpu(&m, cpu);
	const struct fake_pcpu *p = &m.pcpu[cpu].hw;
	static const struct fp_context no_fp;

	assert_non_null(v);
	assert_int_equal(v->regs.pc, pc);
	assert_int_equal(v->regs.x[0], x0);
	for (unsigned i = 1; i < 31; i++)
		assert_int_equal(v->regs.x[i], 0);
	assert_int_equal(v->regs.pstate, 0x3c5); /* EL1h, DAIF */
	assert_int_equal(p->el1.sctlr, 0x30d00800);
	assert_int_equal(p->context.sctlr_el1, 0x30d00800);
	assert_int_equal(p->context.cpacr_el1, 0);
	assert_int_equal(p->context.ttbr0_el1, 0);
	assert_int_equal(p->context.tcr_el1, 0);
	assert_int_equal(p->context.vbar_el1, 0);
	assert_int_equal(p->context.sp_el0, 0);
	assert_int_equal(p->context.mdscr_el1, 0);
	assert_int_equal(p->context.os_lock, 1);
	assert_memory_equal(&p->fp, &no_fp, sizeof(no_fp));
}

/* Rules out: entry-state */
static void first_vcpu_starts_at_the_kernel_with_the_tree_in_x0(void **state)
{
	const struct load_plan *plan = &vm->plan;

	(void)state;
	assert_int_equal(plan->entry.v, SIM_RAM);
	assert_entry(0, SIM_RAM, plan->dtb.base.v);
	assert_int_equal(m.pcpu[0].hw.context.cntv_ctl_el0, 0);
	assert_int_equal(m.pcpu[0].hw.context.cntp_ctl_el0, 0);
	for (unsigned i = 0; i < SIM_KERNEL; i++)
		assert_int_equal(peek(SIM_RAM + i), m.kernel[i]);
	assert_int_equal(peek(plan->dtb.base.v), 0xd0);
	assert_int_equal(peek(plan->dtb.base.v + 3), 0xed);
}

static void other_vcpus_are_off_until_they_are_turned_on(void **state)
{
	(void)state;
	assert_null(sim_vcpu(&m, 1));
	assert_null(sim_vcpu(&m, 2));
	assert_int_equal(vm->vcpus[1]->state, VCPU_OFF);
	assert_int_equal(affinity_info(0, 1), 1);
	assert_int_equal(affinity_info(0, 0), 0);
	assert_int_equal(vm->nr_live, 1);
}

/* Rules out: fp-carried-over, entry-state */
static void everything_of_the_first_entry_is_loaded_in_order(void **state)
{
	unsigned control, el1, fp, gmem;

	(void)state;
	control = fake_log_find_a(FAKE_CONTROL, 0,
				  vm->vcpus[0]->control.vttbr_el2);
	el1 = fake_log_find(FAKE_EL1_RESTORE, 0);
	fp = fake_log_find(FAKE_FP_RESTORE, 0);
	gmem = fake_log_find(FAKE_ISYNC, 0);
	assert_true(gmem < control); /* memory is there before the CPU is */
	assert_true(control < el1);  /* CNTVOFF_EL2 before the timers */
	assert_true(fp < FAKE_LOG_MAX);
	assert_int_equal(fake_log_count(FAKE_EL1_SAVE), 0);
}

/* Rules out: virtual-time */
static void all_vcpus_of_a_vm_have_one_virtual_time(void **state)
{
	uint64_t offset = vm->vcpus[0]->control.cntvoff_el2;

	(void)state;
	assert_true(offset != 0);
	for (unsigned i = 1; i < 3; i++)
		assert_int_equal(vm->vcpus[i]->control.cntvoff_el2, offset);
}

/* Rules out: vmid-stale */
static void stale_translations_of_the_vmid_are_gone_before_a_start(void **s)
{
	unsigned tlbi, restore;

	(void)s;
	tlbi = fake_log_find_a(FAKE_TLBI_VMID, 0,
			       vm->vcpus[0]->control.vttbr_el2);
	restore = fake_log_find(FAKE_EL1_RESTORE, 0);
	assert_true(tlbi < restore);
	fake_log_reset();
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	tlbi = fake_log_find_a(FAKE_TLBI_VMID, 0,
			       vm->vcpus[0]->control.vttbr_el2);
	restore = fake_log_find(FAKE_EL1_RESTORE, 0);
	assert_true(tlbi < restore);
	assert_true(restore < FAKE_LOG_MAX);
}

/* ----------------------------------------------------------- CPU_ON, CPU_OFF
 */

static void cpu_on_starts_the_target_at_its_entry(void **state)
{
	(void)state;
	m.pcpu[1].hw.fp.q[3][0] = 0x77; /* of somebody else */
	m.pcpu[1].hw.context.ttbr0_el1 = 0x77;
	fake_log_reset();
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	assert_int_equal(affinity_info(0, 1), 2); /* ON_PENDING */
	assert_int_equal(fake_log_count(FAKE_SGI), 1);
	assert_int_equal(sim_cpu_on(&m, 0, 1), -5);
	sim_settle(&m);
	assert_entry(1, ENTRY, 0x1235);
	assert_int_equal(affinity_info(0, 1), 0);
	assert_int_equal(sim_cpu_on(&m, 0, 1), -4);
	assert_int_equal(vm->nr_live, 2);
	assert_int_equal(m.pcpu[1].hw.control.vmpidr_el2, 0x80000001);
}

static void cpu_on_refuses_an_entry_outside_memory(void **state)
{
	static const uint64_t bad[] = {0,
				       SIM_NOTHING,
				       SIM_RAM + MIB(2),
				       SIM_RAM + MIB(2) - 2,
				       SIM_RAM + 2,
				       UINT64_MAX - 3};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sim_hvc(&m, 0, SIM_PSCI_CPU_ON, 1, bad[i], 0),
				 (uint64_t)-9);
	assert_int_equal(
		sim_hvc(&m, 0, SIM_PSCI_CPU_ON, 1, SIM_RAM + MIB(2) - 4, 0), 0);
}

/* Rules out: fp-carried-over */
static void cpu_that_turned_itself_off_can_be_turned_on_again(void **state)
{
	struct vcpu *v = vm->vcpus[1];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		sim_bring_up(&m, 0, 1);
		v->regs.x[5] = 0x55;
		m.pcpu[1].hw.context.ttbr0_el1 = 0x55;
		gich_guest_setup(&m.pcpu[1].gich, 0x55, true, true, true);
		(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
		assert_null(sim_vcpu(&m, 1));
		assert_null(m.cpus[1].loaded);
		assert_int_equal(v->state, VCPU_OFF);
		assert_int_equal(affinity_info(0, 1), 1);
		sim_check(&m);
	}
	sim_bring_up(&m, 0, 1);
	assert_entry(1, ENTRY, 0x1235);
	/* PMR, group enables and EOImode of ICH_VMCR_EL2 as after reset. */
	assert_int_equal(m.pcpu[1].gich.vmcr & 0xff000203, 0);
}

/* Rules out: off-too-early */
static void cpu_off_puts_the_vcpu_before_it_says_so(void **state)
{
	unsigned save, fp;

	(void)state;
	sim_bring_up(&m, 0, 1);
	fake_log_reset();
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	save = fake_log_find(FAKE_EL1_SAVE, 0);
	fp = fake_log_find(FAKE_FP_SAVE, 0);
	assert_true(save < fp && fp < fake_log_find(FAKE_WFI, 0));
	assert_int_equal(m.pcpu[1].hw.context.cntv_ctl_el0, 0);
}

static void last_cpu_off_ends_the_vm(void **state)
{
	(void)state;
	sim_bring_up(&m, 0, 1);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(m.nr_ends, 0);
	assert_int_equal(vm->state, VM_RUNNING);
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_SUCCESS);
	assert_int_equal(vm->state, VM_OFF);
	assert_int_equal(vm->stop, VM_STOP_OFF);
}

/* ------------------------------------------------------------- CPU_SUSPEND */

#define UART_INTID 33U

static void line(bool level)
{
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, UART_INTID, level);
}

static void standby_sleeps_until_an_interrupt_and_goes_on(void **state)
{
	struct vcpu *v = vm->vcpus[0];

	(void)state;
	sim_guest_gic(&m, 0);
	v->regs.pc = PC;
	v->regs.x[9] = 0x99;
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_null(sim_vcpu(&m, 0));
	assert_int_equal(v->state, VCPU_WAITING);
	assert_ptr_equal(m.cpus[0].loaded, v); /* its timers go on */
	assert_int_equal(psci_vcpu_state(&vm->fw.psci, 0), 0); /* on */
	assert_null(sim_irq(&m, 0, HYP_SGI_KICK)); /* nothing for the guest */
	assert_int_equal(v->state, VCPU_WAITING);
	line(true);
	assert_ptr_equal(sim_irq(&m, 0, 77), v);
	assert_int_equal(v->state, VCPU_RUNNABLE);
	assert_int_equal(v->regs.x[0], 0);
	assert_int_equal(v->regs.x[9], 0x99);
	assert_int_equal(v->regs.pc, PC);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), UART_INTID);
}

/* Rules out: wakeup-lost */
static void standby_with_an_interrupt_pending_does_not_sleep(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	line(true);
	fake_log_reset();
	assert_int_equal(sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, 0, 0, 0), 0);
	assert_ptr_equal(sim_vcpu(&m, 0), vm->vcpus[0]);
	assert_int_equal(fake_log_count(FAKE_WFI), 0);
}

static void standby_of_another_vcpu_ends_by_its_sgi(void **state)
{
	(void)state;
	sim_bring_up(&m, 0, 1);
	sim_guest_gic(&m, 0);
	sim_guest_gic(&m, 1);
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_null(sim_vcpu(&m, 1));
	sim_vcpu(&m, 0)->regs.x[2] = UINT64_C(3) << 24 | 1U << 1;
	(void)sim_sync(&m, 0, syn_msr(syn_sys(3, 0, 12, 11, 5), 2));
	assert_null(sim_vcpu(&m, 1));
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
}

static void power_down_wakes_at_its_entry_with_the_timers_kept(void **state)
{
	struct vcpu *v = vm->vcpus[0];
	struct el1_context *c = &m.pcpu[0].hw.context;

	(void)state;
	sim_guest_gic(&m, 0);
	v->regs.x[9] = 0x99;
	m.pcpu[0].hw.el1.sctlr = 0x30d0199d;
	m.pcpu[0].hw.fp.q[0][0] = 5;
	c->ttbr0_el1 = 0x77;
	c->cntv_ctl_el0 = 1;
	c->cntv_cval_el0 = 0x123456;
	c->cntp_ctl_el0 = 3;
	c->cntp_cval_el0 = 0x654321;
	c->cntkctl_el1 = 3;
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN, ENTRY,
		      0xc0ffee);
	assert_null(sim_vcpu(&m, 0));
	line(true);
	(void)sim_irq(&m, 0, 77);
	assert_entry(0, ENTRY, 0xc0ffee);
	assert_int_equal(c->cntv_ctl_el0, 1);
	assert_int_equal(c->cntv_cval_el0, 0x123456);
	assert_int_equal(c->cntp_ctl_el0, 3);
	assert_int_equal(c->cntp_cval_el0, 0x654321);
	assert_int_equal(c->cntkctl_el1, 3);
	/* The CPU interface is as after reset, the interrupt still there. */
	assert_int_equal(m.pcpu[0].gich.vmcr >> 24, 0);
	gich_guest_setup(&m.pcpu[0].gich, 0xf0, false, true, false);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), UART_INTID);
	assert_false(v->power_down);
}

/* Rules out: wakeup-lost */
static void timer_of_a_sleeping_vcpu_wakes_it(void **state)
{
	struct fake_pcpu *p = &m.pcpu[0].hw;

	(void)state;
	sim_guest_gic(&m, 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN, ENTRY, 0);
	assert_null(sim_vcpu(&m, 0));
	p->context.cntv_ctl_el0 = 1;
	p->el1.vtimer = true;
	(void)sim_irq(&m, 0, SIM_VTIMER);
	assert_entry(0, ENTRY, 0);
	/* The physical interrupt was let go: the timer will raise it again. */
	assert_false(p->active[SIM_VTIMER]);
	p->el1.vtimer = true;
	(void)sim_irq(&m, 0, SIM_VTIMER);
	gich_guest_setup(&m.pcpu[0].gich, 0xf0, false, true, false);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 27);
}

/* -------------------------------------------------------------- SYSTEM_OFF */

/* vCPU 1 and 2 each in one of the states that a vCPU can be in. */
enum how {
	OFF,
	STARTING, /* CPU_ON said, not yet on its pCPU */
	RUNNING,
	STANDBY,
	POWER_DOWN,
	WAS_ON,
	HOWS
};

static void put_into(unsigned i, enum how how)
{
	if (how == OFF)
		return;
	if (how == STARTING) {
		assert_int_equal(sim_cpu_on(&m, 0, i), 0);
		return;
	}
	sim_bring_up(&m, 0, i);
	if (how == STANDBY)
		(void)sim_hvc(&m, i, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	else if (how == POWER_DOWN)
		(void)sim_hvc(&m, i, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN,
			      ENTRY, 0);
	else if (how == WAS_ON)
		(void)sim_hvc(&m, i, SIM_PSCI_CPU_OFF, 0, 0, 0);
}

/* Rules out: off-incomplete */
static void system_off_stops_vcpus_in_every_state(void **state)
{
	(void)state;
	for (unsigned how = 0; how < HOWS * HOWS; how++) {
		vm = sim_boot(&m, 3);
		put_into(1, (enum how)(how % HOWS));
		put_into(2, (enum how)(how / HOWS));
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
		assert_null(sim_vcpu(&m, 0));
		sim_settle(&m);
		assert_int_equal(m.nr_ends, 1);
		assert_int_equal(m.end, END_SUCCESS);
		assert_int_equal(vm->state, VM_OFF);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(vm->vcpus[i]->state, VCPU_OFF);
		assert_string_equal(host_log_last(), "VM vm0: off");
		(void)end(state);
	}
}

static void vcpu_of_a_stopping_vm_gets_nowhere_with_calls(void **state)
{
	static const uint64_t call[] = {SIM_PSCI_CPU_ON, SIM_PSCI_CPU_OFF,
					SIM_PSCI_CPU_SUSPEND,
					SIM_PSCI_SYSTEM_RESET};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
		vm = sim_boot(&m, 3);
		sim_bring_up(&m, 0, 1);
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_OFF, 0, 0, 0);
		assert_int_equal(vm->state, VM_STOPPING);
		(void)sim_hvc(&m, 1, call[i], 2, ENTRY, 0);
		assert_null(sim_vcpu(&m, 1));
		sim_settle(&m);
		assert_null(sim_vcpu(&m, 2));
		assert_int_equal(m.nr_ends, 1);
		assert_int_equal(m.end, END_SUCCESS);
		(void)end(state);
	}
}

/* ------------------------------------------------------------------- reset */

/* Rules out: reset-state */
static void reset_loads_pristine_images_into_zeroed_memory(void **state)
{
	(void)state;
	poke(SIM_RAM, 0xee);
	poke(SIM_RAM + 0x900, 0xee);
	poke(SIM_RAM + SIM_KERNEL + 5, 0xee);
	poke(SIM_RAM + MIB(1), 0xee);
	poke(vm->plan.dtb.base.v, 0xee);
	fake_log_reset();
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	first_vcpu_starts_at_the_kernel_with_the_tree_in_x0(state);
	assert_int_equal(peek(SIM_RAM + SIM_KERNEL + 5), 0);
	assert_int_equal(peek(SIM_RAM + MIB(1)), 0);
	assert_string_equal(host_log_last(), "VM vm0: reset");
	assert_int_equal(m.nr_ends, 0);
	/* All of it made visible to a CPU whose caches are off, first. */
	assert_true(fake_log_find(FAKE_ISYNC, 0) <
		    fake_log_find(FAKE_EL1_RESTORE, 0));
}

static void reset_starts_one_vcpu_whoever_asked(void **state)
{
	(void)state;
	for (unsigned by = 0; by < 3; by++) {
		sim_bring_up(&m, 0, 1);
		sim_bring_up(&m, 0, 2);
		(void)sim_hvc(&m, by, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		sim_settle(&m);
		assert_entry(0, SIM_RAM, vm->plan.dtb.base.v);
		assert_null(sim_vcpu(&m, 1));
		assert_null(sim_vcpu(&m, 2));
		assert_int_equal(affinity_info(0, 0), 0);
		assert_int_equal(affinity_info(0, 1), 1);
		assert_int_equal(affinity_info(0, 2), 1);
		sim_check(&m);
	}
	assert_int_equal(m.nr_ends, 0);
}

static void reset_meets_vcpus_in_every_state(void **state)
{
	(void)state;
	for (unsigned how = 0; how < HOWS * HOWS; how++) {
		put_into(1, (enum how)(how % HOWS));
		put_into(2, (enum how)(how / HOWS));
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET2, 0, 0, 0);
		sim_settle(&m);
		sim_check(&m);
		assert_entry(0, SIM_RAM, vm->plan.dtb.base.v);
		assert_int_equal(vm->nr_live, 1);
		assert_int_equal(affinity_info(0, 1), 1);
		assert_int_equal(affinity_info(0, 2), 1);
	}
	sim_bring_up(&m, 0, 1);
	sim_bring_up(&m, 0, 2);
}

static void reset_starts_virtual_time_anew_for_all(void **state)
{
	uint64_t before = vm->vcpus[0]->control.cntvoff_el2;

	(void)state;
	fake_counter += 1000000;
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_true(vm->vcpus[0]->control.cntvoff_el2 >= before + 1000000);
	assert_int_equal(fake_pcpu->control.cntvoff_el2,
			 vm->vcpus[0]->control.cntvoff_el2);
	assert_int_equal(vm->vcpus[2]->control.cntvoff_el2,
			 vm->vcpus[0]->control.cntvoff_el2);
}

/* Rules out: reset-state */
static void reset_puts_devices_and_gic_back(void **state)
{
	struct vgic_irq_state st;

	(void)state;
	sim_guest_gic(&m, 0);
	sim_store(&m, 0, SIM_UART + 0x30, 4, 0x301); /* CR */
	sim_store(&m, 0, SIM_UART + 0x38, 4, 0x30);  /* IMSC: TX, RX */
	sim_store(&m, 0, SIM_UART, 4, 'x');          /* raises TX */
	sim_store(&m, 0, SIM_RTC + 0x04, 4, 0x1234); /* MR */
	assert_true(vgic_irq_state(vm->vgic, 0, 0, UART_INTID, &st));
	assert_true(st.line && st.pending && st.enabled);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_true(vgic_irq_state(vm->vgic, 0, 0, UART_INTID, &st));
	assert_false(st.line || st.pending || st.enabled || st.active);
	assert_int_equal(sim_load(&m, 0, SIM_UART + 0x38, 4), 0);
	assert_int_equal(sim_load(&m, 0, SIM_RTC + 0x04, 4), 0);
	assert_int_equal(sim_load(&m, 0, SIM_GICD, 4), 0x50); /* ARE, DS */
	assert_int_equal(m.pcpu[0].gich.vmcr >> 24, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(m.pcpu[0].gich.lr[i], 0);
}

/* Rules out: physical-active */
static void reset_lets_go_of_a_timer_interrupt_in_flight(void **state)
{
	struct fake_pcpu *p = &m.pcpu[0].hw;

	(void)state;
	sim_guest_gic(&m, 0);
	p->el1.vtimer = true;
	(void)sim_irq(&m, 0, SIM_VTIMER);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 27);
	assert_true(p->active[SIM_VTIMER]);
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_false(p->active[SIM_VTIMER]);
}

/* Rules out: reset-leak */
static void ten_resets_cost_no_page(void **state)
{
	uint64_t nr_free = page_alloc_nr_free(&m.h.pages);
	uint64_t tables = s2_nr_tables(&vm->s2);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		sim_bring_up(&m, 0, 1);
		sim_guest_gic(&m, 0);
		(void)sim_hvc(&m, 1, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		sim_settle(&m);
		assert_entry(0, SIM_RAM, vm->plan.dtb.base.v);
	}
	assert_int_equal(page_alloc_nr_free(&m.h.pages), nr_free);
	assert_int_equal(s2_nr_tables(&vm->s2), tables);
}

static void vm_that_cannot_be_loaded_again_has_crashed(void **state)
{
	(void)state;
	sim_bring_up(&m, 0, 1);
	vm->plan.kernel.base.v = SIM_RAM + MIB(2); /* broken by us */
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_VM_CRASH);
	assert_string_equal(m.end_reason, "cannot be loaded again");
	assert_string_equal(host_log_last(),
			    "VM vm0: crashed: cannot be loaded again");
}

#define ONE(t)   cmocka_unit_test_setup_teardown(t, one, end)
#define THREE(t) cmocka_unit_test_setup_teardown(t, three, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE(first_vcpu_starts_at_the_kernel_with_the_tree_in_x0),
		THREE(other_vcpus_are_off_until_they_are_turned_on),
		THREE(everything_of_the_first_entry_is_loaded_in_order),
		THREE(all_vcpus_of_a_vm_have_one_virtual_time),
		THREE(stale_translations_of_the_vmid_are_gone_before_a_start),
		THREE(cpu_on_starts_the_target_at_its_entry),
		THREE(cpu_on_refuses_an_entry_outside_memory),
		THREE(cpu_that_turned_itself_off_can_be_turned_on_again),
		THREE(cpu_off_puts_the_vcpu_before_it_says_so),
		THREE(last_cpu_off_ends_the_vm),
		ONE(standby_sleeps_until_an_interrupt_and_goes_on),
		ONE(standby_with_an_interrupt_pending_does_not_sleep),
		THREE(standby_of_another_vcpu_ends_by_its_sgi),
		ONE(power_down_wakes_at_its_entry_with_the_timers_kept),
		ONE(timer_of_a_sleeping_vcpu_wakes_it),
		cmocka_unit_test(system_off_stops_vcpus_in_every_state),
		cmocka_unit_test(vcpu_of_a_stopping_vm_gets_nowhere_with_calls),
		ONE(reset_loads_pristine_images_into_zeroed_memory),
		THREE(reset_starts_one_vcpu_whoever_asked),
		THREE(reset_meets_vcpus_in_every_state),
		THREE(reset_starts_virtual_time_anew_for_all),
		ONE(reset_puts_devices_and_gic_back),
		ONE(reset_lets_go_of_a_timer_interrupt_in_flight),
		THREE(ten_resets_cost_no_page),
		THREE(vm_that_cannot_be_loaded_again_has_crashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
