/* Stage-2 aborts: what is emulated, tried again, or injected, by the fault
 * status. Encodings by the Arm ARM, see syndrome.h. */
#include <errno.h>
#include <string.h>

#include "../host/sim.h"

static struct sim m;

#define VBAR UINT64_C(0x40010000)
#define PC   UINT64_C(0x40000100)
#define EL1H UINT64_C(0x3c5)
#define VA   UINT64_C(0xffff800009000000)

/* A register of 64 bits that remembers, or refuses, what it is told. */
static struct {
	uint64_t value;
	struct mmio_op last;
	unsigned nr;
	int err;
} dev;

static int dev_access(void *ctx, struct mmio_op *op)
{
	(void)ctx;
	dev.last = *op;
	dev.nr++;
	if (!op->write)
		op->value = dev.value;
	return dev.err;
}

#define DEV UINT64_C(0x0c000000) /* 0x200 bytes */

/* A VM whose bus has that register too. */
static int setup(void **state)
{
	const struct mmio_region region = {.base = {DEV},
					   .size = 0x200,
					   .access = dev_access,
					   .name = "register"};
	struct vm *vm = sim_boot(&m, 1);

	(void)state;
	assert_int_equal(mmio_bus_add(&vm->bus, &region), 0);
	assert_int_equal(mmio_bus_seal(&vm->bus), 0);
	memset(&dev, 0, sizeof(dev));
	fake_el1.vbar = VBAR;
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_hooks.translate = NULL;
	sim_free(&m);
	return 0;
}

/* Where stage 1 says that VA is. */
static bool va_is_device(uint64_t va, int how, uint64_t *ipa)
{
	(void)va;
	(void)how;
	*ipa = DEV;
	return true;
}

static bool va_is_nothing(uint64_t va, int how, uint64_t *ipa)
{
	(void)va;
	(void)how;
	*ipa = SIM_NOTHING;
	return true;
}

static bool va_is_gone(uint64_t va, int how, uint64_t *ipa)
{
	(void)va;
	(void)how;
	(void)ipa;
	return false;
}

static struct vcpu_regs *fresh(uint64_t ipa)
{
	struct vcpu_regs *g = &sim_vcpu(&m, 0)->regs;

	for (unsigned i = 0; i < 31; i++)
		g->x[i] = 0xcafe0000 + i;
	g->pc = PC;
	g->pstate = EL1H;
	fake_el1.elr = fake_el1.spsr = fake_el1.esr = fake_el1.far = 0xbad;
	sim_fault(&m, 0, VA | (ipa & 0xfff), ipa);
	return g;
}

/* Every register of the guest's. */
static void assert_unchanged(const struct vcpu_regs *now,
			     const struct vcpu_regs *before)
{
	assert_memory_equal(now, before, offsetof(struct vcpu_regs, stack));
}

static void assert_kept(const struct vcpu_regs *now,
			const struct vcpu_regs *before, unsigned but)
{
	for (unsigned i = 0; i < 31; i++)
		assert_true(i == but || now->x[i] == before->x[i]);
}

/* A synchronous exception at EL1 with that syndrome, from EL1h at PC. */
static void assert_injected(const struct vcpu_regs *g, uint64_t esr,
			    uint64_t far)
{
	assert_int_equal(g->pc, VBAR + 0x200);
	assert_int_equal(g->pstate, EL1H);
	assert_int_equal(fake_el1.elr, PC);
	assert_int_equal(fake_el1.spsr, EL1H);
	assert_int_equal(fake_el1.esr, esr);
	assert_int_equal(fake_el1.far, far);
}

/* From the same Exception level: EC 0x25 and 0x21, IL, DFSC 0x10. */
#define DABT_READ  UINT64_C(0x96000010)
#define DABT_WRITE UINT64_C(0x96000050)
#define IABT       UINT64_C(0x86000010)

/* ------------------------------------------------------------ MMIO accesses */

/* Rules out: load-extension */
static void loads_extend_as_size_sign_and_register_width_say(void **state)
{
	static const struct {
		const char *insn;
		unsigned size;
		uint64_t flags, device, reg;
	} t[] = {
		{"ldrb w", 1, 0, 0x80, 0x80},
		{"ldrh w", 2, 0, 0x8000, 0x8000},
		{"ldr w", 4, 0, 0x80000000, 0x80000000},
		{"ldr x", 8, SYN_DABT_SF, 0x8000000000000001,
		 0x8000000000000001},
		{"ldrsb w", 1, SYN_DABT_SSE, 0x80, 0xffffff80},
		{"ldrsh w", 2, SYN_DABT_SSE, 0x8000, 0xffff8000},
		{"ldrsb x", 1, SYN_DABT_SSE | SYN_DABT_SF, 0x80,
		 0xffffffffffffff80},
		{"ldrsh x", 2, SYN_DABT_SSE | SYN_DABT_SF, 0x8000,
		 0xffffffffffff8000},
		{"ldrsw x", 4, SYN_DABT_SSE | SYN_DABT_SF, 0x80000000,
		 0xffffffff80000000},
		{"ldrsw x, positive", 4, SYN_DABT_SSE | SYN_DABT_SF, 0x7fffffff,
		 0x7fffffff},
		{"ldrb w of a wordy device", 1, 0, 0x1234567890, 0x90},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = fresh(DEV + 8), before = *g;

		print_message("  %s\n", t[i].insn);
		dev.value = t[i].device;
		(void)sim_sync(&m, 0, syn_dabt(t[i].size, 30, t[i].flags));
		assert_int_equal(g->x[30], t[i].reg);
		assert_int_equal(g->pc, PC + 4);
		assert_kept(g, &before, 30);
		assert_int_equal(dev.last.offset, 8);
		assert_int_equal(dev.last.size, t[i].size);
		assert_false(dev.last.write);
	}
}

static void stores_give_the_device_only_the_bytes_stored(void **state)
{
	static const struct {
		unsigned size;
		uint64_t seen;
	} t[] = {
		{1, 0x88},
		{2, 0x7788},
		{4, 0x55667788},
		{8, 0x1122334455667788},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = fresh(DEV + 0x10), before;

		g->x[0] = 0x1122334455667788;
		before = *g;
		(void)sim_sync(&m, 0, syn_dabt(t[i].size, 0, SYN_DABT_WRITE));
		assert_int_equal(dev.last.value, t[i].seen);
		assert_int_equal(dev.last.size, t[i].size);
		assert_true(dev.last.write);
		assert_int_equal(dev.last.vcpu, 0);
		assert_int_equal(g->pc, PC + 4);
		assert_kept(g, &before, 31);
	}
}

/* Rules out: load-extension */
static void register_31_is_zero_to_a_store_and_nothing_to_a_load(void **state)
{
	struct vcpu_regs *g = fresh(DEV), before = *g;

	(void)state;
	dev.last.value = 1;
	(void)sim_sync(&m, 0, syn_dabt(8, 31, SYN_DABT_WRITE));
	assert_int_equal(dev.last.value, 0);
	dev.value = 0x5555;
	(void)sim_sync(&m, 0, syn_dabt(8, 31, SYN_DABT_SF));
	assert_int_equal(dev.nr, 2);
	assert_kept(g, &before, 31);
	assert_int_equal(g->pc, PC + 8);
	assert_int_equal(g->pstate, EL1H);
	assert_int_equal(g->stack, before.stack);
}

/* Rules out: return-address */
static void thumb_instruction_of_two_bytes_is_stepped_over_by_two(void **state)
{
	struct vcpu_regs *g = fresh(DEV);

	(void)state;
	g->pstate = 0x30; /* AArch32 user, T */
	(void)sim_sync(&m, 0, syn_dabt(4, 0, 0) & ~SYN_IL);
	assert_int_equal(g->pc, PC + 2);
}

/* Rules out: step-left-behind */
static void emulated_access_ends_a_single_step_and_btype(void **state)
{
	struct vcpu_regs *g = fresh(DEV);

	(void)state;
	g->pstate = EL1H | 1U << 21 | 2U << 10;
	(void)sim_sync(&m, 0, syn_dabt(4, 0, 0));
	assert_int_equal(g->pstate, EL1H);
}

static void device_that_wants_a_retry_leaves_the_guest_at_its_access(void **s)
{
	struct vcpu_regs *g = fresh(DEV), before = *g;

	(void)s;
	dev.err = -EAGAIN;
	dev.value = 0x5555;
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_unchanged(g, &before);
	assert_int_equal(fake_el1.esr, 0xbad);
	dev.err = 0;
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_int_equal(g->x[2], 0x5555);
	assert_int_equal(g->pc, PC + 4);
}

static void device_without_an_answer_is_an_external_abort(void **state)
{
	struct vcpu_regs *g = fresh(DEV), before = *g;

	(void)state;
	dev.err = -ENXIO;
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_injected(g, DABT_READ, VA);
	assert_kept(g, &before, 31);
	g = fresh(DEV);
	(void)sim_sync(&m, 0, syn_dabt(4, 2, SYN_DABT_WRITE));
	assert_injected(g, DABT_WRITE, VA);
}

static void access_across_the_end_of_a_device_reaches_none(void **state)
{
	struct vcpu_regs *g = fresh(DEV + 0x1fc);

	(void)state;
	(void)sim_sync(&m, 0, syn_dabt(8, 2, SYN_DABT_SF));
	assert_injected(g, DABT_READ, VA + 0x1fc);
	assert_int_equal(dev.nr, 0);
	g = fresh(DEV + 0x1fc);
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_int_equal(g->pc, PC + 4);
	assert_int_equal(dev.nr, 1);
}

/* Rules out: hpfar-offset */
static void offset_in_the_page_comes_from_far(void **state)
{
	struct vcpu_regs *g = fresh(DEV);

	(void)state;
	fake_el1.far_el2 = UINT64_C(0x123456789a000) + 0x104;
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_int_equal(dev.last.offset, 0x104);
	assert_int_equal(g->pc, PC + 4);
}

/* ----------------------------------------------------- what is not emulated */

static void address_without_a_device_is_an_external_abort(void **state)
{
	static const uint64_t ipa[] = {
		SIM_NOTHING,
		0,
		0x3fffffff,
		SIM_RAM + MIB(2),
		UINT64_C(0xfffffffff000), /* beyond stage 2 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ipa); i++) {
		struct vcpu_regs *g = fresh(ipa[i]);

		(void)sim_sync(&m, 0, syn_dabt(4, 2, SYN_DABT_WRITE));
		assert_injected(g, DABT_WRITE, VA | (ipa[i] & 0xfff));
		g = fresh(ipa[i]);
		(void)sim_sync(&m, 0,
			       (syn_dabt(4, 2, 0) & ~UINT64_C(0x3f)) |
				       SYN_ADDRESS_SIZE);
		assert_injected(g, DABT_READ, VA | (ipa[i] & 0xfff));
	}
}

static void abort_from_el0_says_so(void **state)
{
	struct vcpu_regs *g = fresh(SIM_NOTHING);

	(void)state;
	g->pstate = 0;
	(void)sim_sync(&m, 0, syn_dabt(4, 2, 0));
	assert_int_equal(g->pc, VBAR + 0x400);
	assert_int_equal(g->pstate, EL1H);
	assert_int_equal(fake_el1.spsr, 0);
	assert_int_equal(fake_el1.esr, 0x92000010); /* EC 0x24 */
}

/* Rules out: invalid-syndrome */
static void access_without_a_valid_syndrome_is_an_external_abort(void **state)
{
	struct vcpu_regs *g = fresh(DEV);

	(void)state;
	(void)sim_sync(&m, 0, syn(0x24, SYN_TRANSLATION));
	assert_injected(g, DABT_READ, VA);
	g = fresh(DEV);
	(void)sim_sync(&m, 0, syn(0x24, SYN_TRANSLATION | SYN_DABT_WRITE));
	assert_injected(g, DABT_WRITE, VA);
	assert_int_equal(dev.nr, 0);
}

/* Rules out: maintenance-executed */
static void cache_maintenance_is_no_access_and_is_stepped_over(void **state)
{
	static const uint64_t ipa[] = {DEV, SIM_NOTHING};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ipa); i++) {
		struct vcpu_regs *g = fresh(ipa[i]), before = *g;

		(void)sim_sync(&m, 0,
			       syn(0x24, SYN_TRANSLATION | SYN_DABT_CM |
						 SYN_DABT_WRITE));
		assert_int_equal(g->pc, PC + 4);
		assert_kept(g, &before, 31);
		assert_int_equal(dev.nr, 0);
	}
}

static void maintenance_that_faults_otherwise_reports_cm(void **state)
{
	struct vcpu_regs *g = fresh(SIM_NOTHING);

	(void)state;
	fake_hooks.translate = va_is_nothing;
	(void)sim_sync(
		&m, 0,
		syn(0x24, SYN_PERMISSION | SYN_DABT_CM | SYN_DABT_WRITE));
	assert_injected(g, DABT_WRITE | SYN_DABT_CM, VA);
}

/* ------------------------------------------- a device's page of its own */

#define PERMISSION(esr) (((esr) & ~UINT64_C(0x3f)) | SYN_PERMISSION)

static void stores_to_a_mirror_are_the_device_s(void **state)
{
	struct vcpu_regs *g = fresh(DEV + 8), before;
	unsigned reads = fake_el1.hpfar_reads;

	(void)state;
	fake_hooks.translate = va_is_device;
	fake_el1.hpfar_el2 = 0;
	g->x[7] = 0x11223344;
	before = *g;
	(void)sim_sync(&m, 0, PERMISSION(syn_dabt(4, 7, SYN_DABT_WRITE)));
	assert_int_equal(dev.nr, 1);
	assert_true(dev.last.write);
	assert_int_equal(dev.last.offset, 8);
	assert_int_equal(dev.last.value, 0x11223344);
	assert_int_equal(g->pc, PC + 4);
	assert_kept(g, &before, 31);
	assert_int_equal(fake_el1.hpfar_reads, reads);
	dev.err = -EAGAIN;
	(void)sim_sync(&m, 0, PERMISSION(syn_dabt(4, 7, SYN_DABT_WRITE)));
	assert_int_equal(g->pc, PC + 4); /* again */
	dev.err = -ENXIO;
	*g = before;
	(void)sim_sync(&m, 0, PERMISSION(syn_dabt(4, 7, SYN_DABT_WRITE)));
	assert_injected(g, DABT_WRITE, VA | 8);
}

static void store_to_a_mirror_that_has_moved_is_tried_again(void **state)
{
	struct vcpu_regs *g = fresh(DEV + 8), before = *g;

	(void)state;
	fake_hooks.translate = va_is_gone;
	(void)sim_sync(&m, 0, PERMISSION(syn_dabt(4, 7, SYN_DABT_WRITE)));
	assert_unchanged(g, &before);
	assert_int_equal(dev.nr, 0);
}

/* Rules out: not-an-access */
static void what_is_no_store_to_a_mirror_ends_as_it_does_without(void **state)
{
	struct vcpu_regs *g = fresh(DEV);

	(void)state;
	fake_hooks.translate = va_is_device;
	/* Invalidation by address wants to write. */
	(void)sim_sync(
		&m, 0,
		syn(0x24, SYN_PERMISSION | SYN_DABT_CM | SYN_DABT_WRITE));
	assert_int_equal(g->pc, PC + 4);
	/* The guest's tables in the page; HPFAR_EL2 is valid then. */
	g = fresh(DEV);
	(void)sim_sync(&m, 0, syn(0x24, SYN_PERMISSION | SYN_S1PTW));
	assert_injected(g, DABT_READ, VA);
	g = fresh(DEV);
	(void)sim_sync(&m, 0, syn(0x20, SYN_PERMISSION));
	assert_injected(g, IABT, VA);
	assert_int_equal(dev.nr, 0);
}

/* Rules out: not-an-access */
static void table_walk_into_a_device_is_an_abort_never_an_access(void **state)
{
	struct vcpu_regs *g = fresh(DEV), before = *g;

	(void)state;
	(void)sim_sync(&m, 0, syn_dabt(8, 2, SYN_S1PTW | SYN_DABT_SF));
	assert_injected(g, DABT_READ, VA);
	assert_kept(g, &before, 31);
	assert_int_equal(dev.nr, 0);
	/* Maintenance or AT whose walk faults: not stepped over. */
	g = fresh(DEV);
	(void)sim_sync(&m, 0,
		       syn(0x24, SYN_TRANSLATION | SYN_S1PTW | SYN_DABT_CM |
					 SYN_DABT_WRITE));
	assert_injected(g, DABT_WRITE | SYN_DABT_CM, VA);
}

/* Rules out: not-an-access */
static void walk_that_leaves_memory_tells_its_level(void **state)
{
	const uint64_t va = UINT64_C(0x123456789);
	const uint64_t table = SIM_RAM + 0x10000, next = SIM_NOTHING | 3;
	struct vcpu_regs *g = fresh(SIM_NOTHING);
	struct gmem *ram = &m.vms[0].mem;

	(void)state;
	fake_el1.tcr = 25; /* 4 KiB, 39 bits: from level 1 */
	fake_el1.ttbr0 = SIM_NOTHING;
	fake_el1.far_el2 = va;
	(void)sim_sync(&m, 0, syn(0x24, SYN_TRANSLATION | SYN_S1PTW));
	assert_injected(g, 0x96000015, va);
	assert_int_equal(gmem_write(ram, (ipa_t){table + 8 * 4}, &next, 8), 0);
	g = fresh(SIM_NOTHING);
	fake_el1.ttbr0 = table;
	fake_el1.far_el2 = va;
	(void)sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION | SYN_S1PTW));
	assert_injected(g, 0x86000016, va);
	assert_int_equal(dev.nr, 0);
}

/* Rules out: hpfar-permission */
static void permission_fault_is_answered_without_hpfar(void **state)
{
	struct vcpu_regs *g = fresh(SIM_RAM);
	unsigned reads = fake_el1.hpfar_reads;

	(void)state;
	(void)sim_sync(&m, 0,
		       (syn_dabt(4, 2, SYN_DABT_WRITE) & ~UINT64_C(0x3f)) |
			       SYN_PERMISSION);
	assert_injected(g, DABT_WRITE, VA);
	assert_int_equal(fake_el1.hpfar_reads, reads);
	g = fresh(DEV);
	(void)sim_sync(&m, 0, syn(0x20, SYN_PERMISSION));
	assert_injected(g, IABT, VA);
	assert_int_equal(fake_el1.hpfar_reads, reads);
	assert_int_equal(dev.nr, 0);
}

/* Rules out: hpfar-permission */
static void only_faults_that_fill_hpfar_are_looked_up(void **state)
{
	static const uint8_t valid[] = {0x0, 0x1, 0x2, 0x3, 0x4, 0x5,
					0x6, 0x7, 0x8, 0x9, 0xa, 0xb};

	(void)state;
	for (unsigned fsc = 0; fsc < 64; fsc++) {
		unsigned reads = fake_el1.hpfar_reads;
		bool looked;

		(void)fresh(SIM_NOTHING);
		(void)sim_sync(&m, 0, syn(0x24, fsc));
		looked = fake_el1.hpfar_reads != reads;
		assert_int_equal(
			looked, memchr(valid, (int)fsc, sizeof(valid)) != NULL);
		assert_injected(&sim_vcpu(&m, 0)->regs, DABT_READ, VA);
	}
}

/* Rules out: not-an-access */
static void external_abort_goes_on_to_the_guest(void **state)
{
	struct vcpu_regs *g = fresh(SIM_RAM);

	(void)state;
	(void)sim_sync(&m, 0, syn(0x24, SYN_EXTERNAL));
	assert_injected(g, DABT_READ, VA);
	g = fresh(SIM_RAM);
	(void)sim_sync(&m, 0, syn(0x20, SYN_EXTERNAL));
	assert_injected(g, IABT, VA);
}

static void external_abort_without_an_address_tells_none(void **state)
{
	struct vcpu_regs *g = fresh(SIM_RAM);

	(void)state;
	fake_el1.far_el2 = 0x5ec3e7; /* UNKNOWN: another's */
	(void)sim_sync(&m, 0, syn(0x24, SYN_EXTERNAL | SYN_FNV));
	assert_injected(g, DABT_READ | SYN_FNV, 0xbad);
	g = fresh(SIM_RAM);
	fake_el1.far_el2 = 0x5ec3e7;
	(void)sim_sync(&m, 0, syn(0x20, SYN_EXTERNAL | SYN_FNV));
	assert_injected(g, IABT | SYN_FNV, 0xbad);
}

static void fault_on_ram_that_is_mapped_by_now_is_tried_again(void **state)
{
	static const struct {
		const char *what;
		uint64_t ipa, esr;
	} t[] = {
		{"store", SIM_RAM + 0x123, 0x93830047},
		{"load without syndrome", SIM_RAM, 0x92000007},
		{"access flag", SIM_RAM, 0x9200000b},
		{"walk", SIM_RAM + MIB(2) - 8, 0x92000087},
		{"maintenance", SIM_RAM, 0x92000147},
		{"fetch", SIM_RAM + 0x1000, 0x82000007},
		{"walk of a fetch", SIM_RAM + 0x1000, 0x82000087},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = fresh(t[i].ipa), before = *g;

		print_message("  %s\n", t[i].what);
		(void)sim_sync(&m, 0, t[i].esr);
		assert_unchanged(g, &before);
		assert_int_equal(fake_el1.esr, 0xbad);
	}
	assert_int_equal(dev.nr, 0);
}

/* Rules out: endless-fault */
static void guest_that_faults_for_ever_is_let_be(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		v->regs.pc = PC;
		sim_fault(&m, 0, VA, SIM_NOTHING);
		assert_ptr_equal(sim_sync(&m, 0, syn_dabt(4, 2, 0)), v);
	}
	assert_int_equal(m.vms[0].state, VM_RUNNING);
	assert_int_equal(host_log_count(), 0);
}

/* ------------------------------------------------------- instruction aborts */

static void fetch_from_nowhere_is_an_external_abort(void **state)
{
	struct vcpu_regs *g = fresh(SIM_NOTHING);

	(void)state;
	(void)sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION));
	assert_injected(g, IABT, VA);
	g = fresh(DEV);
	g->pstate = 0;
	(void)sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION | SYN_S1PTW));
	assert_int_equal(g->pc, VBAR + 0x400);
	assert_int_equal(fake_el1.esr, 0x82000010); /* EC 0x20 */
	assert_int_equal(dev.nr, 0);
}

static void fetch_that_faults_at_its_own_vector_crashes_the_vm(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	fake_el1.vbar = SIM_NOTHING;
	sim_fault(&m, 0, SIM_NOTHING, SIM_NOTHING);
	v->regs.pc = SIM_NOTHING;
	v->regs.pstate = 0; /* EL0: its vector is another one */
	assert_ptr_equal(sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION)), v);
	assert_int_equal(v->regs.pc, SIM_NOTHING + 0x400);
	sim_fault(&m, 0, SIM_NOTHING + 0x400, SIM_NOTHING + 0x400);
	assert_ptr_equal(sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION)), v);
	assert_int_equal(v->regs.pc, SIM_NOTHING + 0x200);
	assert_int_equal(m.nr_ends, 0);
	sim_fault(&m, 0, SIM_NOTHING + 0x200, SIM_NOTHING + 0x200);
	assert_null(sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION)));
	assert_int_equal(m.nr_ends, 1);
	assert_int_equal(m.end, END_VM_CRASH);
	assert_string_equal(m.end_vm, "vm0");
	assert_string_equal(m.end_reason,
			    "exception vectors are outside its memory");
}

static void undefined_with_vectors_outside_memory_crashes_the_vm(void **state)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	(void)state;
	fake_el1.vbar = SIM_NOTHING;
	(void)fresh(0);
	assert_ptr_equal(sim_sync(&m, 0, syn(0x19, 0)), v);
	sim_fault(&m, 0, v->regs.pc, v->regs.pc);
	assert_null(sim_sync(&m, 0, syn(0x20, SYN_TRANSLATION)));
	assert_int_equal(m.end, END_VM_CRASH);
}

#define HANDLER (VBAR + 0x200) /* of an exception at EL1 with SP_EL1 */

/* The instruction at `pc` aborts; true: the VM goes on. */
static bool aborts_at(uint64_t pc, uint64_t ipa, uint64_t esr)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	sim_fault(&m, 0, ipa, ipa);
	v->regs.pc = pc;
	return sim_sync(&m, 0, esr) == v;
}

static void handler_that_aborts_as_it_begins_crashes_the_vm(void **state)
{
	const uint64_t store = syn_dabt(8, 0, SYN_DABT_WRITE);

	(void)state;
	sim_vcpu(&m, 0)->regs.pstate = 0x5;
	assert_true(aborts_at(HANDLER, SIM_NOTHING, store)); /* by a jump */
	assert_int_equal(sim_vcpu(&m, 0)->regs.pstate, EL1H);
	assert_false(aborts_at(HANDLER, SIM_NOTHING, store));
	assert_int_equal(m.end, END_VM_CRASH);
	assert_string_equal(m.end_reason,
			    "its exception handler aborts as it begins");
}

/* Where something moves, or may end, it is a guest's own business. */
static void handler_that_may_come_further_is_let_be(void **state)
{
	const uint64_t store = syn_dabt(8, 0, SYN_DABT_WRITE);

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(aborts_at(PC, SIM_NOTHING, store));
		assert_int_equal(sim_vcpu(&m, 0)->regs.pc, HANDLER);
		/* After an instruction, as it may be another next time. */
		assert_true(aborts_at(HANDLER + 4, SIM_NOTHING, store));
		/* The machine's own bus. */
		assert_true(aborts_at(HANDLER, DEV, syn(0x24, SYN_EXTERNAL)));
		/* Not its handler: that of EL1 with SP_EL0. */
		sim_vcpu(&m, 0)->regs.pstate = EL1H & ~UINT64_C(1);
		assert_true(aborts_at(VBAR, SIM_NOTHING, store));
		/* RAM, by now. */
		assert_true(aborts_at(HANDLER, 0x40000000, store));
		assert_int_equal(sim_vcpu(&m, 0)->regs.pc, HANDLER);
	}
	assert_int_equal(m.nr_ends, 0);
}

#define ON(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(loads_extend_as_size_sign_and_register_width_say),
		ON(stores_give_the_device_only_the_bytes_stored),
		ON(register_31_is_zero_to_a_store_and_nothing_to_a_load),
		ON(thumb_instruction_of_two_bytes_is_stepped_over_by_two),
		ON(emulated_access_ends_a_single_step_and_btype),
		ON(device_that_wants_a_retry_leaves_the_guest_at_its_access),
		ON(device_without_an_answer_is_an_external_abort),
		ON(access_across_the_end_of_a_device_reaches_none),
		ON(offset_in_the_page_comes_from_far),
		ON(address_without_a_device_is_an_external_abort),
		ON(abort_from_el0_says_so),
		ON(access_without_a_valid_syndrome_is_an_external_abort),
		ON(cache_maintenance_is_no_access_and_is_stepped_over),
		ON(maintenance_that_faults_otherwise_reports_cm),
		ON(stores_to_a_mirror_are_the_device_s),
		ON(store_to_a_mirror_that_has_moved_is_tried_again),
		ON(what_is_no_store_to_a_mirror_ends_as_it_does_without),
		ON(table_walk_into_a_device_is_an_abort_never_an_access),
		ON(walk_that_leaves_memory_tells_its_level),
		ON(permission_fault_is_answered_without_hpfar),
		ON(only_faults_that_fill_hpfar_are_looked_up),
		ON(external_abort_goes_on_to_the_guest),
		ON(external_abort_without_an_address_tells_none),
		ON(fault_on_ram_that_is_mapped_by_now_is_tried_again),
		ON(guest_that_faults_for_ever_is_let_be),
		ON(fetch_from_nowhere_is_an_external_abort),
		ON(fetch_that_faults_at_its_own_vector_crashes_the_vm),
		ON(undefined_with_vectors_outside_memory_crashes_the_vm),
		ON(handler_that_aborts_as_it_begins_crashes_the_vm),
		ON(handler_that_may_come_further_is_let_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
