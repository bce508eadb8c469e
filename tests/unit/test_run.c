/* A pCPU outside of guests: its interrupts, its sleep, what an exit costs. */
#include <errno.h>
#include <port/gicc.h>
#include <string.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

static int two(void **state)
{
	(void)state;
	vm = sim_boot(&m, 2);
	assert_int_equal(sim_hvc(&m, 0, SIM_PSCI_CPU_ON, 1, SIM_RAM, 0), 0);
	sim_settle(&m);
	sim_guest_gic(&m, 0);
	sim_guest_gic(&m, 1);
	sim_on(&m, 0);
	fake_log_reset();
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static void assert_log(const enum fake_op *op, unsigned nr)
{
	assert_int_equal(fake_log.nr, nr);
	for (unsigned i = 0; i < nr; i++)
		assert_int_equal(fake_log.e[i].op, op[i]);
}

static void suspend(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_null(sim_vcpu(&m, cpu));
}

/* ------------------------------------------------------------- interrupts */

/* Rules out: eoi-mode */
static void spi_is_dropped_handled_and_deactivated(void **state)
{
	static const enum fake_op order[] = {FAKE_ACK, FAKE_DROP,
					     FAKE_DEACTIVATE};

	(void)state;
	assert_ptr_equal(sim_irq(&m, 0, 77), vm->vcpus[0]);
	assert_int_equal(m.nr_irqs, 1);
	assert_int_equal(m.irqs[0], 77);
	assert_log(order, 3);
	assert_int_equal(fake_log.e[1].a, 77);
	assert_int_equal(fake_log.e[2].a, 77);
	assert_false(m.pcpu[0].hw.active[77]);
}

static void kick_has_no_handler_and_is_deactivated(void **state)
{
	static const enum fake_op order[] = {FAKE_ACK, FAKE_DROP,
					     FAKE_DEACTIVATE};

	(void)state;
	assert_ptr_equal(sim_irq(&m, 0, HYP_SGI_KICK), vm->vcpus[0]);
	assert_int_equal(m.nr_irqs, 0);
	assert_log(order, 3);
}

/* Rules out: eoi-mode */
static void spurious_interrupt_is_neither_dropped_nor_deactivated(void **state)
{
	(void)state;
	m.pcpu[0].hw.active[77] = true; /* it cannot be acknowledged */
	assert_ptr_equal(sim_irq(&m, 0, 77), vm->vcpus[0]);
	assert_int_equal(fake_log.nr, 0);
	assert_int_equal(m.nr_irqs, 0);
	m.pcpu[0].hw.active[77] = m.pcpu[0].hw.pending[77] = false;
}

/* Rules out: eoi-mode */
static void timer_stays_active_until_its_guest_deactivates_it(void **state)
{
	static const struct {
		uint32_t physical, virtual;
	} t[] = {{SIM_VTIMER, 27}, {SIM_PTIMER, 30}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct fake_pcpu *p = &m.pcpu[0].hw;

		p->el1.vtimer = p->el1.ptimer = true;
		fake_log_reset();
		assert_ptr_equal(sim_irq(&m, 0, t[i].physical), vm->vcpus[0]);
		assert_int_equal(fake_log_count(FAKE_DROP), 1);
		assert_int_equal(fake_log_count(FAKE_DEACTIVATE), 0);
		assert_true(p->active[t[i].physical]);
		assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), t[i].virtual);
		p->el1.vtimer = p->el1.ptimer = false;
		gich_eoi(&m.pcpu[0].gich, 1, t[i].virtual);
		assert_false(p->active[t[i].physical]);
		assert_int_equal(m.nr_irqs, 0);
	}
}

static void timer_that_is_off_when_its_interrupt_is_enabled_is_silent(void **s)
{
	uint64_t sgi_base = SIM_GICR + 0x10000;
	struct fake_pcpu *p = &m.pcpu[0].hw;

	(void)s;
	for (unsigned intid = 27; intid <= 30; intid += 3) {
		sim_store(&m, 0, sgi_base + 0x180, 4, 1U << intid);
		p->el1.vtimer = p->el1.ptimer = true;
		(void)sim_irq(&m, 0, intid);
		assert_true(p->active[intid]); /* it would fire again */
		assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 1023);
		p->el1.vtimer = intid == 30; /* only this one is off */
		p->el1.ptimer = intid == 27;
		sim_store(&m, 0, sgi_base + 0x100, 4, 1U << intid);
		assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 1023);
		assert_false(p->active[intid]);
	}
}

/* The maintenance interrupt of its end comes after the WFI behind it. */
static void line_that_is_still_high_wakes_who_has_ended_it(void **state)
{
	struct vcpu *v = vm->vcpus[0];

	(void)state;
	sim_guest_gic(&m, 0);
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, 33, true);
	assert_ptr_equal(sim_irq(&m, 0, HYP_SGI_KICK), v);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 33);
	gich_eoi(&m.pcpu[0].gich, 1, 33);
	assert_null(sim_sync(&m, 0, syn(0x01, 0)));
	assert_ptr_equal(sim_irq(&m, 0, SIM_MAINT), v);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 33);
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, 33, false);
	gich_eoi(&m.pcpu[0].gich, 1, 33);
}

static void overflow_of_counters_is_the_guests_interrupt(void **state)
{
	struct fake_pcpu *p = &m.pcpu[0].hw;

	(void)state;
	assert_ptr_equal(sim_irq(&m, 0, SIM_PMU), vm->vcpus[0]);
	assert_true(p->active[SIM_PMU]);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 23);
	gich_eoi(&m.pcpu[0].gich, 1, 23);
	assert_false(p->active[SIM_PMU]);
	assert_int_equal(m.nr_irqs, 0);
}

static void machine_without_a_pmu_has_no_interrupt_of_it(void **state)
{
	(void)state;
	m.h.ppi.pmu = GICC_SPURIOUS;
	assert_ptr_equal(sim_irq(&m, 0, SIM_PMU), vm->vcpus[0]);
	assert_int_equal(m.irqs[0], SIM_PMU); /* one like any other */
	m.h.ppi.pmu = SIM_PMU;
}

static void timer_of_nobody_is_let_go(void **state)
{
	(void)state;
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_null(m.cpus[1].loaded);
	fake_log_reset();
	assert_null(sim_irq(&m, 1, SIM_VTIMER));
	assert_int_equal(fake_log_count(FAKE_DROP), 1);
	assert_int_equal(fake_log_count(FAKE_DEACTIVATE), 1);
	assert_false(m.pcpu[1].hw.active[SIM_VTIMER]);
	assert_null(sim_irq(&m, 1, SIM_MAINT));
	assert_false(m.pcpu[1].hw.active[SIM_MAINT]);
}

static void more_interrupts_than_list_registers_all_arrive(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (uint32_t i = 33; i < 45; i++)
		vgic_set_line(vm->vgic, VGIC_NO_VCPU, i, true);
	(void)sim_irq(&m, 0, HYP_SGI_KICK);
	for (unsigned n = 0; n < 40 && seen != 0x1ffe; n++) {
		uint32_t i = gich_ack(&m.pcpu[0].gich, 1);

		if (i < 64) {
			seen |= 1U << (i - 32);
			vgic_set_line(vm->vgic, VGIC_NO_VCPU, i, false);
			gich_eoi(&m.pcpu[0].gich, 1, i);
		}
		if (gich_misr(&m.pcpu[0].gich)) {
			(void)sim_irq(&m, 0, SIM_MAINT);
			assert_false(m.pcpu[0].hw.active[SIM_MAINT]);
		} else {
			(void)sim_irq(&m, 0, HYP_SGI_KICK);
		}
	}
	assert_int_equal(seen, 0x1ffe);
}

/* ------------------------------------------------------------ the way back */

static void exit_that_changes_nothing_switches_nothing(void **state)
{
	unsigned long writes = m.pcpu[0].gich.nr_lr_writes;

	(void)state;
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	(void)sim_sync(&m, 0, syn_mrs(syn_sys(3, 0, 0, 4, 0), 1));
	assert_int_equal(fake_log.nr, 0);
	assert_int_equal(m.pcpu[0].gich.nr_lr_writes, writes);
}

static void line_that_another_pcpu_raises_arrives_by_a_kick(void **state)
{
	(void)state;
	sim_on(&m, 1);
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, 40, true);
	assert_int_equal(fake_log_count(FAKE_SGI), 1);
	assert_int_equal(fake_log.e[0].a, m.cpus[0].mpidr);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 1023);
	sim_settle(&m);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 40);
}

static void line_raised_on_the_vcpus_own_pcpu_needs_no_kick(void **state)
{
	(void)state;
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, 40, true);
	assert_int_equal(fake_log_count(FAKE_SGI), 0);
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0); /* any exit */
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), 40);
}

/* ------------------------------------------------------------------- sleep */

static void pcpu_without_a_vcpu_sleeps_and_takes_its_interrupts(void **state)
{
	struct cpu spare = {.hyp = &m.h,
			    .idx = 1,
			    .mpidr = m.cpus[1].mpidr,
			    .next_exit = m.cpus[1].exits};
	struct cpu was = m.cpus[1];

	(void)state;
	m.cpus[1] = spare;
	assert_null(sim_run(&m, 1));
	assert_int_equal(fake_log_count(FAKE_WFI), 1);
	assert_null(sim_irq(&m, 1, 77));
	assert_int_equal(m.irqs[0], 77);
	assert_int_equal(fake_log_count(FAKE_EL1_SAVE), 0);
	assert_int_equal(fake_log_count(FAKE_EL1_RESTORE), 0);
	m.cpus[1] = was;
}

static void all_that_is_pending_is_taken_before_the_next_sleep(void **state)
{
	(void)state;
	suspend(1);
	m.pcpu[1].hw.pending[70] = m.pcpu[1].hw.pending[71] = true;
	assert_null(sim_irq(&m, 1, 72));
	assert_int_equal(m.nr_irqs, 3);
	assert_int_equal(m.irqs[2], 72);
}

static void sleeping_vcpu_keeps_its_registers_in_the_hardware(void **state)
{
	(void)state;
	suspend(1);
	(void)sim_irq(&m, 1, 77);
	(void)sim_irq(&m, 1, HYP_SGI_KICK);
	sim_on(&m, 0);
	vgic_set_line(vm->vgic, 1, 20, true); /* a PPI of vCPU 1 */
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
	assert_int_equal(fake_log_count(FAKE_EL1_SAVE), 0);
	assert_int_equal(fake_log_count(FAKE_FP_SAVE), 0);
}

static void masked_or_disabled_interrupt_wakes_nobody(void **state)
{
	uint64_t sgi_base = SIM_GICR + 0x20000 + 0x10000;

	(void)state;
	sim_store(&m, 1, sgi_base + 0x180, 4, 1U << 20); /* ICENABLER0 */
	suspend(1);
	sim_on(&m, 0);
	vgic_set_line(vm->vgic, 1, 20, true);
	(void)sim_irq(&m, 1, HYP_SGI_KICK);
	assert_null(sim_vcpu(&m, 1));
	sim_store(&m, 0, sgi_base + 0x100, 4, 1U << 20); /* ISENABLER0 */
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
}

static void every_wake_is_by_an_interrupt_never_by_a_loop(void **state)
{
	(void)state;
	suspend(1);
	fake_log_reset();
	for (unsigned i = 0; i < 5; i++)
		assert_null(sim_irq(&m, 1, HYP_SGI_KICK));
	assert_int_equal(fake_log_count(FAKE_WFI), 10); /* woken, asleep */
}

/* ------------------------------------------------------- the ring of exits */

static void assert_exit(const struct cpu *c, unsigned i, uint64_t esr,
			uint64_t pc)
{
	assert_int_equal(c->exits[i % CPU_EXITS].esr, esr);
	assert_int_equal(c->exits[i % CPU_EXITS].pc, pc);
}

static void
last_exits_of_a_pcpu_are_kept_and_older_ones_overwritten(void **state)
{
	const struct cpu *c = &m.cpus[0];
	struct vcpu *v = vm->vcpus[0];
	unsigned first = (unsigned)(v->regs.next_exit - c->exits);

	(void)state;
	for (unsigned i = 0; i < 2 * CPU_EXITS - 1; i++) {
		v->regs.pc = 0x1000 + i;
		(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0);
	}
	v->regs.pc = 0x2000;
	(void)sim_irq(&m, 0, HYP_SGI_KICK);
	for (unsigned i = 1; i < CPU_EXITS; i++)
		assert_exit(c, first + CPU_EXITS + i - 1, SYN_HVC,
			    0x1000 + CPU_EXITS + i - 1);
	assert_exit(c, first + 2 * CPU_EXITS - 1, CPU_EXIT_IRQ, 0x2000);
	assert_ptr_equal(v->regs.next_exit, &c->exits[first]);
}

static void vcpu_that_goes_leaves_its_name_among_the_exits(void **state)
{
	const struct cpu *c = &m.cpus[1];
	struct vcpu *v = vm->vcpus[1];
	unsigned first = (unsigned)(v->regs.next_exit - c->exits);
	uint64_t pc = v->regs.pc;

	(void)state;
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_exit(c, first, SYN_HVC, pc);
	assert_exit(c, first + 1, CPU_EXIT_PUT, (uint64_t)(uintptr_t)v);
	assert_ptr_equal(c->next_exit, &c->exits[(first + 2) % CPU_EXITS]);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	sim_settle(&m);
	assert_exit(c, first + 1, CPU_EXIT_PUT, (uint64_t)(uintptr_t)v);
	assert_int_not_equal(c->exits[(first + 2) % CPU_EXITS].esr, 0);
}

#define TWO(t) cmocka_unit_test_setup_teardown(t, two, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWO(spi_is_dropped_handled_and_deactivated),
		TWO(kick_has_no_handler_and_is_deactivated),
		TWO(spurious_interrupt_is_neither_dropped_nor_deactivated),
		TWO(timer_stays_active_until_its_guest_deactivates_it),
		TWO(timer_that_is_off_when_its_interrupt_is_enabled_is_silent),
		TWO(line_that_is_still_high_wakes_who_has_ended_it),
		TWO(overflow_of_counters_is_the_guests_interrupt),
		TWO(machine_without_a_pmu_has_no_interrupt_of_it),
		TWO(timer_of_nobody_is_let_go),
		TWO(more_interrupts_than_list_registers_all_arrive),
		TWO(exit_that_changes_nothing_switches_nothing),
		TWO(line_that_another_pcpu_raises_arrives_by_a_kick),
		TWO(line_raised_on_the_vcpus_own_pcpu_needs_no_kick),
		TWO(pcpu_without_a_vcpu_sleeps_and_takes_its_interrupts),
		TWO(all_that_is_pending_is_taken_before_the_next_sleep),
		TWO(sleeping_vcpu_keeps_its_registers_in_the_hardware),
		TWO(masked_or_disabled_interrupt_wakes_nobody),
		TWO(every_wake_is_by_an_interrupt_never_by_a_loop),
		TWO(last_exits_of_a_pcpu_are_kept_and_older_ones_overwritten),
		TWO(vcpu_that_goes_leaves_its_name_among_the_exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
