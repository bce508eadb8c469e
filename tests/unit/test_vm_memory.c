/* Memory on demand in whole VMs: faults as the CPU reports them, promises,
 * and what becomes of a VM when there is no more. */
#include <errno.h>
#include <string.h>

#include "../host/sim.h"

static struct sim m;

static const struct sim_vm lazy = {.nr_vcpus = 1,
				   .ram = MIB(4),
				   .share_images = true,
				   .first_touch = true,
				   .overcommit = true};

static int empty(void **state)
{
	(void)state;
	sim_init(&m, 2, 1024);
	return 0;
}

/* Two VMs of one image, each on a pCPU of its own. */
static int two(void **state)
{
	(void)empty(state);
	for (unsigned i = 0; i < 2; i++)
		(void)sim_add_vm(&m, &lazy);
	for (unsigned i = 0; i < 2; i++)
		(void)sim_run(&m, i);
	sim_on(&m, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static uint64_t image_ipa(void)
{
	return m.vms[0].plan.kernel.base.v;
}

static struct gmem_usage usage(unsigned vm)
{
	return gmem_usage(&m.vms[vm].mem);
}

static uint8_t peek(unsigned vm, uint64_t ipa)
{
	uint8_t b = 0;

	assert_int_equal(gmem_read(&m.vms[vm].mem, (ipa_t){ipa}, &b, 1), 0);
	return b;
}

static bool mapped(unsigned vm, uint64_t ipa, unsigned prot)
{
	struct s2_walk w;

	return !s2_walk(&m.vms[vm].s2, (ipa_t){ipa}, &w) &&
	       (w.prot & prot) == prot;
}

/* A store to `ipa` that is refused by its permissions, seen at VA == IPA. */
static void store_fault(unsigned cpu, uint64_t ipa)
{
	sim_fault(&m, cpu, ipa, UINT64_C(0xdead000)); /* HPFAR is not valid */
	(void)sim_sync(&m, cpu,
		       (syn_dabt(4, 2, SYN_DABT_WRITE) & ~UINT64_C(0x3f)) |
			       SYN_PERMISSION);
}

static void touch_fault(unsigned cpu, uint64_t ipa, uint64_t flags)
{
	sim_fault(&m, cpu, ipa, ipa);
	(void)sim_sync(&m, cpu, syn_dabt(8, 2, flags));
}

/* Rules out: image-shared */
static void vms_share_an_image_until_one_writes(void **state)
{
	uint64_t at = image_ipa() + 100, pc = sim_vcpu(&m, 0)->regs.pc;
	uint8_t was = m.kernel[100], now = (uint8_t)~was;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		touch_fault(i, at, 0);
		assert_true(mapped(i, at, PGT_R | PGT_X));
		assert_false(mapped(i, at, PGT_W));
		assert_int_equal(usage(i).shared, 1);
		assert_int_equal(peek(i, at), was);
	}
	store_fault(0, at);
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, pc); /* tried again */
	assert_true(mapped(0, at, PGT_W));
	assert_int_equal(gmem_write(&m.vms[0].mem, (ipa_t){at}, &now, 1), 0);
	assert_int_equal(usage(0).shared, 0);
	assert_int_equal(usage(1).shared, 1);
	assert_int_equal(peek(0, at), now);
	assert_int_equal(peek(1, at), was);
	assert_int_equal(m.kernel[100], was);
}

/* Rules out: hpfar-permission */
static void the_page_of_a_permission_fault_is_found_without_hpfar(void **state)
{
	unsigned reads;

	(void)state;
	touch_fault(0, image_ipa(), 0);
	reads = fake_el1.hpfar_reads;
	store_fault(0, image_ipa());
	assert_int_equal(fake_el1.hpfar_reads, reads);
	assert_true(mapped(0, image_ipa(), PGT_W));
}

/* Hardware sets a flag in a stage-1 table: HPFAR tells, FAR does not. */
static void a_walk_that_updates_a_table_copies_its_page(void **state)
{
	(void)state;
	touch_fault(0, image_ipa(), 0);
	sim_fault(&m, 0, UINT64_C(0xffff000012345678), image_ipa());
	(void)sim_sync(&m, 0,
		       syn(0x24, SYN_PERMISSION | SYN_S1PTW | SYN_DABT_WRITE));
	assert_true(mapped(0, image_ipa(), PGT_W));
}

static bool no_translation(uint64_t va, int how, uint64_t *ipa)
{
	(void)va, (void)how, (void)ipa;
	return false;
}

static void a_page_that_the_guest_has_unmapped_is_tried_again(void **state)
{
	uint64_t pc = sim_vcpu(&m, 0)->regs.pc;

	(void)state;
	fake_hooks.translate = no_translation;
	store_fault(0, image_ipa());
	fake_hooks.translate = NULL;
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, pc);
	assert_int_equal(usage(0).shared, 1);
}

/* Rules out: read-only-page */
static void pages_of_stolen_time_stay_read_only(void **state)
{
	uint64_t at = m.vms[0].pv.range.base.v;

	(void)state;
	fake_el1.vbar = UINT64_C(0x40010000);
	store_fault(0, at);
	assert_int_equal(sim_vcpu(&m, 0)->regs.pc, 0x40010200);
	assert_false(mapped(0, at, PGT_W));
}

/* Whatever the access is, and whether or not its syndrome describes it. */
static void any_access_brings_ram_on_first_touch(void **state)
{
	static const struct {
		const char *what;
		uint64_t esr;
		bool image; /* in the image, whose page then is a copy */
		unsigned prot;
	} t[] = {
		{"ldr", UINT64_C(0x93c28007), false, PGT_W},
		{"str", UINT64_C(0x93c28047), false, PGT_W},
		{"ldp", UINT64_C(0x92000007), false, PGT_W},
		{"dc civac", UINT64_C(0x92000147), false, PGT_W},
		{"table walk", UINT64_C(0x92000087), false, PGT_W},
		{"fetch", UINT64_C(0x82000007), false, PGT_W},
		{"ldr of the image", UINT64_C(0x93c28007), true, PGT_R},
		{"dc civac of the image", UINT64_C(0x92000147), true, PGT_R},
		{"fetch of the image", UINT64_C(0x82000007), true, PGT_X},
		{"str to the image", UINT64_C(0x93c28047), true, PGT_W},
	};
	uint64_t pc = sim_vcpu(&m, 0)->regs.pc;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t at = t[i].image ? image_ipa()
					 : SIM_RAM + MIB(1) + i * KIB(64);

		print_message("  %s\n", t[i].what);
		gmem_reset(&m.vms[0].mem);
		sim_fault(&m, 0, at, at);
		(void)sim_sync(&m, 0, t[i].esr);
		assert_int_equal(sim_vcpu(&m, 0)->regs.pc, pc);
		assert_true(mapped(0, at, t[i].prot));
		assert_true(t[i].prot == PGT_W || !mapped(0, at, PGT_W));
	}
}

static void reset_gives_back_all_but_what_a_start_takes(void **state)
{
	uint64_t free = page_alloc_nr_free(&m.h.pages);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (uint64_t at = 0; at < MIB(2); at += KIB(32))
			touch_fault(0, SIM_RAM + at, SYN_DABT_WRITE);
		assert_true(page_alloc_nr_free(&m.h.pages) < free - 400);
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		assert_int_equal(page_alloc_nr_free(&m.h.pages), free);
		assert_int_equal(usage(0).shared, 1);
		assert_int_equal(m.vms[0].state, VM_RUNNING);
		sim_on(&m, 0);
	}
}

/* Rules out: memory-exhausted */
static void a_guest_for_which_no_page_is_left_has_crashed(void **state)
{
	uint64_t at = SIM_RAM;

	(void)state;
	touch_fault(1, image_ipa(), 0);
	for (; sim_vcpu(&m, 0); at += PAGE_SIZE) {
		assert_true(at < SIM_RAM + MIB(4));
		touch_fault(0, at, SYN_DABT_WRITE);
	}
	assert_int_equal(page_alloc_nr_free(&m.h.pages), 0);
	assert_int_equal(m.vms[0].state, VM_OFF);
	assert_int_equal(m.vms[0].stop, VM_STOP_CRASH);
	assert_string_equal(host_log_last(),
			    "VM vm0: crashed: the machine's memory is full");
	/* Its neighbour goes on, with what is there. */
	assert_int_equal(m.vms[1].state, VM_RUNNING);
	assert_int_equal(sim_hvc(&m, 1, SIM_PSCI_VERSION, 0, 0, 0), 0x10001);
	/* What is mapped may be read. */
	touch_fault(1, image_ipa(), 0);
	assert_int_equal(m.vms[1].state, VM_RUNNING);
}

static void a_device_for_which_no_page_is_left_ends_its_vm_too(void **state)
{
	uint8_t b = 1;
	int err = 0;

	(void)state;
	for (uint64_t at = SIM_RAM; !err; at += PAGE_SIZE)
		err = gmem_write(&m.vms[0].mem, (ipa_t){at}, &b, 1);
	assert_int_equal(err, -ENOMEM);
	(void)sim_hvc(&m, 0, SIM_PSCI_VERSION, 0, 0, 0); /* the next exit */
	assert_null(sim_vcpu(&m, 0));
	assert_int_equal(m.vms[0].stop, VM_STOP_CRASH);
	assert_int_equal(m.vms[1].state, VM_RUNNING);
}

/* ---------------------------------------------------------------- promises */

static void without_overcommit_all_memory_is_promised(void **state)
{
	struct sim_vm sure = lazy;
	struct vm_config *cfg;
	void *p;

	(void)state;
	sure.overcommit = false;
	sure.ram = MIB(2);
	(void)sim_add_vm(&m, &sure);
	(void)sim_run(&m, 0);
	assert_true(page_alloc_nr_promised(&m.h.pages) > 450);
	/* A second one of this kind has no room, and takes none. */
	cfg = sim_config(&m, &sure);
	assert_int_equal(vm_create(&m.vms[1], &m.h, cfg, 2), -ENOMEM);
	assert_non_null(strstr(host_log_last(), "VM vm1: memory: not enough"));
	/* Whoever takes all that is to be had leaves the promise alone. */
	while ((p = page_alloc_block(&m.h.pages, 0)))
		memset(p, 0xee, PAGE_SIZE);
	for (uint64_t at = 0; at < MIB(2); at += PAGE_SIZE) {
		touch_fault(0, SIM_RAM + at, SYN_DABT_WRITE);
		assert_non_null(sim_vcpu(&m, 0));
		assert_true(mapped(0, SIM_RAM + at, at ? PGT_W : PGT_R));
		if (at == 0) /* the image's page */
			store_fault(0, SIM_RAM);
	}
	assert_int_equal(usage(0).shared, 0);
	assert_int_equal(usage(0).own, 512);
	/* The pages taken above are nobody's any more. */
	vm_destroy(&m.vms[0]);
	m.h.nr_vms = 0;
	assert_int_equal(page_alloc_nr_promised(&m.h.pages), 0);
	m.h.pages.nr_pages = page_alloc_nr_free(&m.h.pages);
}

static void a_promise_lives_as_long_as_its_vm(void **state)
{
	uint64_t free = page_alloc_nr_free(&m.h.pages), promised;
	struct sim_vm sure = lazy;

	(void)state;
	sure.overcommit = false;
	sure.ram = MIB(2);
	(void)sim_add_vm(&m, &sure);
	(void)sim_run(&m, 0);
	promised = page_alloc_nr_promised(&m.h.pages);
	for (unsigned i = 0; i < 3; i++) {
		touch_fault(0, SIM_RAM + MIB(1), SYN_DABT_WRITE);
		(void)sim_hvc(&m, 0, SIM_PSCI_SYSTEM_RESET, 0, 0, 0);
		assert_int_equal(page_alloc_nr_promised(&m.h.pages), promised);
	}
	vm_destroy(&m.vms[0]);
	vm_destroy(&m.vms[0]);
	m.h.nr_vms = 0;
	assert_int_equal(page_alloc_nr_promised(&m.h.pages), 0);
	assert_int_equal(page_alloc_nr_free(&m.h.pages), free);
}

/* Eager RAM around a shared image, in the largest blocks that fit. */
static void images_alone_may_be_on_demand(void **state)
{
	struct sim_vm what = {.nr_vcpus = 1, .share_images = true};

	(void)state;
	(void)sim_add_vm(&m, &what);
	(void)sim_run(&m, 0);
	assert_int_equal(usage(0).ram, 512);
	assert_int_equal(usage(0).image, 1);
	assert_int_equal(usage(0).own, 511);
	assert_true(mapped(0, SIM_RAM + PAGE_SIZE, PGT_W));
	assert_false(mapped(0, SIM_RAM, PGT_R));
	touch_fault(0, SIM_RAM, 0);
	assert_true(mapped(0, SIM_RAM, PGT_R));
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(vms_share_an_image_until_one_writes, two),
		T(the_page_of_a_permission_fault_is_found_without_hpfar, two),
		T(a_walk_that_updates_a_table_copies_its_page, two),
		T(a_page_that_the_guest_has_unmapped_is_tried_again, two),
		T(pages_of_stolen_time_stay_read_only, two),
		T(any_access_brings_ram_on_first_touch, two),
		T(reset_gives_back_all_but_what_a_start_takes, two),
		T(a_guest_for_which_no_page_is_left_has_crashed, two),
		T(a_device_for_which_no_page_is_left_ends_its_vm_too, two),
		T(without_overcommit_all_memory_is_promised, empty),
		T(a_promise_lives_as_long_as_its_vm, empty),
		T(images_alone_may_be_on_demand, empty),
	};

	return cmocka_run_group_tests_name("vm_memory", tests, NULL, NULL);
}
