/* What the hypervisor puts behind firmware calls that are not about power: the
 * structures of stolen time, entropy, wall clock and counters. */
#include <string.h>

#include <hyp/firmware.h>

#include "../host/sim.h"

static struct sim m;
static struct vm *vm;

#define PV_ST   UINT64_C(0xc5000021)
#define PTP     UINT64_C(0x86000001)
#define RND64   UINT64_C(0xc4000053)
#define TRNG    UINT64_C(0x84000050)
#define PV_BASE UINT64_C(0x090a0000)

static int two(void **state)
{
	(void)state;
	vm = sim_boot(&m, 2);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

/* ------------------------------------------------------------- stolen time */

/* The structure at that address, as the guest's MMU finds it. */
static struct pvtime_stolen *guest_view(uint64_t ipa)
{
	struct s2_walk w;

	assert_int_equal(s2_walk(&vm->s2, (ipa_t){ipa}, &w), 0);
	assert_int_equal(w.prot, PGT_R);
	return hpa_ptr(w.hpa);
}

static void each_vcpu_has_its_read_only_structure(void **state)
{
	static const struct pvtime_stolen nothing;
	uint64_t at;

	(void)state;
	sim_bring_up(&m, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		at = sim_hvc(&m, i, PV_ST, 0, 0, 0);
		assert_int_equal(at, PV_BASE + 64 * i);
		assert_memory_equal(guest_view(at), &nothing, 64);
		assert_ptr_equal(guest_view(at), &vm->pv.stolen[i]);
	}
	/* No RAM, so that no kernel takes it for that; and on no bus. */
	assert_false(gmem_contains(&vm->mem, (ipa_t){PV_BASE}, 1));
	assert_null(mmio_region_at(&vm->bus, (ipa_t){PV_BASE}));
}

/* Rules out: read-only-page */
static void write_to_the_structure_is_an_abort_of_the_guest(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	v->regs.pc = SIM_RAM + 0x100;
	v->regs.x[1] = 0x55;
	m.pcpu[0].hw.el1.vbar = SIM_RAM + 0x800;
	m.pcpu[0].hw.el1.hpfar_reads = 0;
	sim_fault(&m, 0, PV_BASE, SIM_NOTHING);
	/* Data abort, permission fault at level 3, 8-byte write. */
	(void)sim_sync(&m, 0,
		       (UINT64_C(0x24) << 26) | (1U << 25) | (1U << 24) |
			       (3U << 22) | (1U << 16) | (1U << 6) | 0xf);
	assert_int_equal(v->regs.pc, SIM_RAM + 0x800 + 0x200);
	assert_int_equal(m.pcpu[0].hw.el1.hpfar_reads, 0);
	assert_int_equal(vm->pv.stolen[0].stolen_ns, 0);
}

/* Rules out: mixed-attributes, reset-state */
static void reset_starts_stolen_time_at_zero_and_cleans_it(void **state)
{
	(void)state;
	vm->pv.stolen[1].stolen_ns = 77;
	fake_log_reset();
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(guest_view(PV_BASE + 64)->stolen_ns, 0);
	assert_true(fake_log_find_a(FAKE_CLEAN, 0,
				    (uint64_t)(uintptr_t)vm->pv.stolen) <
		    fake_log_find(FAKE_EL1_RESTORE, 0));
}

static struct vm_range range(uint64_t base, uint64_t size)
{
	return (struct vm_range){{base}, size};
}

/* Where they go while that range is reserved. */
static uint64_t placed(const struct vm_config *c, struct vm_range taken)
{
	*c->reserved = taken;
	return pvtime_place(c).base.v;
}

static void structures_keep_out_of_everybodys_way(void **state)
{
	static const struct vm_range taken[] = {
		{{PV_BASE}, 0x1000},           {{PV_BASE - 0x1000}, 0x1001},
		{{PV_BASE + 0xf000}, 0x1000},  {{PV_BASE + 0xffff}, 1},
		{{PV_BASE - 0x1000}, 0x20000},
	};
	const uint64_t above = SIM_RAM + MIB(2);
	struct vm_range ram = range(SIM_RAM, MIB(2)), other;
	struct vm_config c = {.nr_vcpus = 3,
			      .ram = &ram,
			      .nr_ram = 1,
			      .reserved = &other,
			      .nr_reserved = 1,
			      .gicd = range(SIM_GICD, KIB(64))};

	(void)state;
	assert_int_equal(placed(&c, range(PV_BASE - 4096, 4096)), PV_BASE);
	assert_int_equal(placed(&c, range(PV_BASE + KIB(64), 4)), PV_BASE);
	assert_int_equal(pvtime_place(&c).size, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		assert_int_equal(placed(&c, taken[i]), above);
	other = range(0, 0);
	c.its = range(PV_BASE, KIB(128));
	assert_int_equal(pvtime_place(&c).base.v, above);
	c.its.size = 0;
	ram.size += 4096; /* a guest with pages of 64 KiB maps no less */
	assert_int_equal(placed(&c, taken[0]), above + KIB(64));
	c.nr_vcpus = 65;
	assert_int_equal(pvtime_place(&c).size, 8192);
	/* As many as there may be end below the virtio slots. */
	c.nr_vcpus = VM_VCPUS_MAX;
	assert_int_equal(placed(&c, range(VM_VIRTIO_BASE, 512)), PV_BASE);
	assert_int_equal(placed(&c, range(PV_BASE + KIB(256) - 1, 1)),
			 above + KIB(64));
}

/* ----------------------------------------------------------------- entropy */

static void entropy_is_there_where_the_cpu_has_a_generator(void **state)
{
	struct vm *with;

	(void)state;
	assert_int_equal(sim_hvc(&m, 0, TRNG, 0, 0, 0), UINT64_MAX);
	m.hw_idregs[40] = UINT64_C(1) << 60; /* ID_AA64ISAR0_EL1.RNDR */
	with = vm;
	with->fw.ops = firmware_smccc_ops(with);
	assert_int_equal(sim_hvc(&m, 0, TRNG, 0, 0, 0), 0x10000);
	fake_rndr = (struct fake_rndr){.next = 5, .left = 4};
	assert_int_equal(sim_hvc(&m, 0, RND64, 192, 0, 0), 0);
	assert_int_equal(fake_rndr.reseeds, 4);
	for (unsigned i = 1; i <= 3; i++)
		assert_true(sim_vcpu(&m, 0)->regs.x[i] != 0);
	assert_int_equal(sim_hvc(&m, 0, RND64, 192, 7, 7), (uint64_t)-3);
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(sim_vcpu(&m, 0)->regs.x[i], 0);
}

/* -------------------------------------------------------------------- time */

static uint64_t pair(const struct vcpu *v, unsigned i)
{
	return v->regs.x[i] << 32 | v->regs.x[i + 1];
}

static void ptp_is_the_machines_clock_and_the_guests_counter(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);
	uint64_t ns;

	(void)state;
	fake_counter = 1000 * FAKE_COUNTER_HZ;
	m.wall = 1767225600;
	assert_int_equal(sim_load(&m, 0, SIM_RTC, 4), 1767225600);
	fake_counter = 1000 * FAKE_COUNTER_HZ + FAKE_COUNTER_HZ / 4;
	m.wall = 5; /* nobody looks at it */
	v->control.cntvoff_el2 = 3000;
	(void)sim_hvc(&m, 0, PTP, 0, 0, 0);
	ns = pair(v, 0);
	assert_true(ns - UINT64_C(1767225600250000000) < 1000);
	assert_int_equal(pair(v, 2),
			 1000 * FAKE_COUNTER_HZ + FAKE_COUNTER_HZ / 4 - 3000);
	(void)sim_hvc(&m, 0, PTP, 1, 0, 0);
	assert_int_equal(pair(v, 2),
			 1000 * FAKE_COUNTER_HZ + FAKE_COUNTER_HZ / 4 + 1);
	assert_int_equal(sim_hvc(&m, 0, PTP, 2, 0, 0), UINT64_MAX);
}

static void physical_counter_begins_anew_where_the_cpu_can_offset_it(void **s)
{
	const struct vcpu_control *c = &vm->vcpus[1]->control;

	(void)s;
	assert_int_equal(c->cntpoff_el2, 0);
	m.hw_idregs[48] |= UINT64_C(1) << 60; /* ECV without the offset */
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(c->cntpoff_el2, 0);
	m.hw_idregs[48] ^= UINT64_C(3) << 60;
	fake_counter = 123456;
	(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_true(c->cntpoff_el2 >= 123456);
	assert_int_equal(c->cntpoff_el2, c->cntvoff_el2);
	(void)sim_hvc(&m, 0, PTP, 1, 0, 0);
	assert_true(pair(sim_vcpu(&m, 0), 2) < 1000);
}

#define T(t) cmocka_unit_test_setup_teardown(t, two, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_vcpu_has_its_read_only_structure),
		T(write_to_the_structure_is_an_abort_of_the_guest),
		T(reset_starts_stolen_time_at_zero_and_cleans_it),
		T(structures_keep_out_of_everybodys_way),
		T(entropy_is_there_where_the_cpu_has_a_generator),
		T(ptp_is_the_machines_clock_and_the_guests_counter),
		T(physical_counter_begins_anew_where_the_cpu_can_offset_it),
	};

	return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
