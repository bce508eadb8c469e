/* SYSTEM_SUSPEND, and what a warm reset and MEM_PROTECT do to RAM, with real
 * devices, vGIC and PSCI behind them. */
#include <string.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define ENTRY      SIM_ENTRY
#define UART_INTID 33U

#define SYSTEM_SUSPEND SIM_PSCI_SYSTEM_SUSPEND
#define MEM_PROTECT    UINT64_C(0x84000013)
#define CHECK_RANGE    UINT64_C(0xc4000014)

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

static void line(bool level)
{
	vgic_set_line(vm->vgic, VGIC_NO_VCPU, UART_INTID, level);
}

static int64_t suspend(uint64_t entry, uint64_t context)
{
	return (int64_t)sim_hvc(&m, 0, SYSTEM_SUSPEND, entry, context, 0);
}

/* -------------------------------------------------------------- the suspend */

static void suspended_vm_sleeps_until_an_enabled_interrupt(void **state)
{
	struct vcpu *v = vm->vcpus[0];

	(void)state;
	sim_guest_gic(&m, 0);
	v->regs.x[9] = 0x99;
	m.pcpu[0].hw.el1.sctlr = 0x30d0199d;
	m.pcpu[0].hw.context.ttbr0_el1 = 0x77;
	m.pcpu[0].hw.context.cntv_cval_el0 = 0x123456;
	(void)suspend(ENTRY, UINT64_C(0xfeed00000001));
	assert_null(sim_vcpu(&m, 0));
	assert_int_equal(v->state, VCPU_WAITING);
	assert_int_equal(psci_vcpu_state(&vm->fw.psci, 0), 0); /* on */
	assert_null(sim_irq(&m, 0, HYP_SGI_KICK)); /* nothing for the guest */
	line(true);
	assert_ptr_equal(sim_irq(&m, 0, 77), v);
	assert_int_equal(v->regs.pc, ENTRY);
	assert_int_equal(v->regs.x[0], UINT64_C(0xfeed00000001));
	assert_int_equal(v->regs.x[9], 0);
	assert_int_equal(v->regs.pstate, 0x3c5);
	assert_int_equal(m.pcpu[0].hw.el1.sctlr, 0x30d00800);
	assert_int_equal(m.pcpu[0].hw.context.ttbr0_el1, 0);
	assert_int_equal(m.pcpu[0].hw.context.cntv_cval_el0, 0x123456);
	gich_guest_setup(&m.pcpu[0].gich, 0xf0, false, true, false);
	assert_int_equal(gich_ack(&m.pcpu[0].gich, 1), UART_INTID);
}

/* What Linux does first: group 1 off, redistributor to sleep (GICR_WAKER). */
static void gic_that_was_put_to_sleep_wakes_the_vm_too(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	gich_guest_setup(&m.pcpu[0].gich, 0, false, false, false);
	sim_store(&m, 0, SIM_GICR + 0x14, 4, 2); /* ProcessorSleep */
	(void)suspend(ENTRY, 1);
	assert_null(sim_irq(&m, 0, HYP_SGI_KICK));
	line(true);
	assert_non_null(sim_irq(&m, 0, 77));
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, ENTRY);
}

static void disabled_interrupt_wakes_nobody(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	sim_store(&m, 0, SIM_GICD + 0x184, 4, 1U << (UART_INTID % 32));
	(void)suspend(ENTRY, 1);
	line(true);
	assert_null(sim_irq(&m, 0, 77));
	assert_int_equal(vm->vcpus[0]->state, VCPU_WAITING);
}

static void suspend_waits_for_every_other_cpu_to_be_off(void **state)
{
	(void)state;
	sim_guest_gic(&m, 0);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	assert_int_equal(suspend(ENTRY, 1), -3); /* on its way */
	sim_settle(&m);
	assert_int_equal(suspend(ENTRY, 1), -3);
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_SUSPEND, 0, 0, 0);
	assert_int_equal(suspend(ENTRY, 1), -3); /* asleep is on */
	line(true);
	(void)sim_irq(&m, 1, 77);
	vgic_set_line(vm->vgic, 1, 27, true);
	(void)sim_irq(&m, 1, 77);
	assert_int_equal(suspend(SIM_NOTHING, 1), -3);
}

static void suspend_after_the_others_went_off_takes_an_entry_in_ram(void **s)
{
	(void)s;
	sim_guest_gic(&m, 0);
	for (unsigned round = 0; round < 2; round++) {
		sim_bring_up(&m, 0, 1);
		sim_bring_up(&m, 0, 2);
		(void)sim_hvc(&m, 1, SIM_PSCI_CPU_OFF, 0, 0, 0);
		assert_int_equal(suspend(ENTRY, 1), -3);
		(void)sim_hvc(&m, 2, SIM_PSCI_CPU_OFF, 0, 0, 0);
		assert_int_equal(suspend(SIM_NOTHING, 1), -9);
		assert_int_equal(suspend(SIM_RAM + 2, 1), -9);
		(void)suspend(ENTRY, round);
		assert_null(sim_vcpu(&m, 0));
		line(true);
		assert_non_null(sim_irq(&m, 0, 77));
		assert_int_equal(sim_vcpu(&m, 0)->regs.x[0], round);
		line(false);
		gich_guest_setup(&m.pcpu[0].gich, 0xf0, false, true, false);
	}
}

/* ------------------------------------------------------------ RAM at resets */

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

static void warm_reset_loads_images_and_keeps_the_rest_of_ram(void **state)
{
	(void)state;
	sim_bring_up(&m, 0, 1);
	poke(SIM_RAM + 0x900, 0xee);          /* in the kernel's file */
	poke(vm->plan.dtb.base.v, 0xee);      /* the device tree */
	poke(SIM_RAM + SIM_KERNEL + 5, 0xee); /* its bss */
	poke(SIM_RAM + MIB(1), 0xee);
	fake_log_reset();
	(void)sim_hvc(&m, 1, SIM_PSCI_SYSTEM_RESET2, 0, 0, 0);
	sim_settle(&m);
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, SIM_RAM);
	assert_null(sim_vcpu(&m, 1));
	assert_string_equal(host_log_last(), "VM vm0: reset");
	assert_int_equal(peek(SIM_RAM + 0x900), m.kernel[0x900]);
	assert_int_equal(peek(vm->plan.dtb.base.v), 0xd0);
	assert_int_equal(peek(SIM_RAM + SIM_KERNEL + 5), 0xee);
	assert_int_equal(peek(SIM_RAM + MIB(1)), 0xee);
	/* Written through a cache, read by a CPU without. */
	assert_true(fake_log_find(FAKE_ISYNC, 0) <
		    fake_log_find(FAKE_EL1_RESTORE, 0));
	/* And the next one is what it is, whatever this one was. */
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(peek(SIM_RAM + MIB(1)), 0);
}

static void reset_overwrites_ram_with_and_without_mem_protect(void **state)
{
	(void)state;
	for (unsigned on = 0; on < 2; on++) {
		(void)sim_hvc(&m, 0, MEM_PROTECT, on, 0, 0);
		poke(SIM_RAM + MIB(1), 0xee);
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		assert_int_equal(peek(SIM_RAM + MIB(1)), 0);
		assert_int_equal(sim_hvc(&m, 0, MEM_PROTECT, on, 0, 0), on);
	}
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET2, 0, 0, 0);
	assert_int_equal(sim_hvc(&m, 0, MEM_PROTECT, 1, 0, 0), 0);
}

static void protected_range_is_the_vms_ram(void **state)
{
	(void)state;
	assert_int_equal(sim_hvc(&m, 0, CHECK_RANGE, SIM_RAM, MIB(2), 0), 0);
	assert_int_equal(sim_hvc(&m, 0, CHECK_RANGE, SIM_RAM, MIB(2) + 1, 0),
			 (uint64_t)-3);
	assert_int_equal(sim_hvc(&m, 0, CHECK_RANGE, SIM_UART, 4, 0),
			 (uint64_t)-3);
	assert_int_equal(sim_hvc(&m, 0, CHECK_RANGE, SIM_RAM, 0, 0),
			 (uint64_t)-3);
	assert_int_equal(
		sim_hvc(&m, 0, CHECK_RANGE, SIM_RAM + 4, UINT64_MAX, 0),
		(uint64_t)-3);
}

#define T(t) cmocka_unit_test_setup_teardown(t, three, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(suspended_vm_sleeps_until_an_enabled_interrupt),
		T(gic_that_was_put_to_sleep_wakes_the_vm_too),
		T(disabled_interrupt_wakes_nobody),
		T(suspend_waits_for_every_other_cpu_to_be_off),
		T(suspend_after_the_others_went_off_takes_an_entry_in_ram),
		T(warm_reset_loads_images_and_keeps_the_rest_of_ram),
		T(reset_overwrites_ram_with_and_without_mem_protect),
		T(protected_range_is_the_vms_ram),
	};

	return cmocka_run_group_tests_name("suspend", tests, NULL, NULL);
}
