/* Loads and stores to devices that the syndrome does not describe: what the
 * bus sees, and what becomes of the guest. Encodings by the assembler. */
#include <errno.h>
#include <port/el1.h>
#include <string.h>

#include "../host/sim.h"

static struct sim m;

#define PC    (SIM_RAM + 0x100)
#define DEV   UINT64_C(0x0c000000) /* 0x200 bytes */
#define VBAR  UINT64_C(0x40010000)
#define EL1H  UINT64_C(0x3c5)
#define LOAD  syn(0x24, SYN_TRANSLATION)
#define STORE syn(0x24, SYN_TRANSLATION | SYN_DABT_WRITE)

/* A device that remembers what it is asked, and says no for one access. */
static struct {
	struct mmio_op op[64];
	unsigned nr;
	unsigned bad; /* the access, from 0, that ends with err */
	int err;
} dev;

static int dev_access(void *ctx, struct mmio_op *op)
{
	uint64_t first = op->offset * UINT64_C(0x0101010101010101);

	(void)ctx;
	if (!op->write) /* byte i of the device is i */
		op->value = (first + UINT64_C(0x0706050403020100)) &
			    (~UINT64_C(0) >> (64 - 8 * op->size));
	dev.op[dev.nr] = *op;
	return dev.nr++ == dev.bad ? dev.err : 0;
}

static int setup(void **state)
{
	const struct mmio_region region = {.base = {DEV},
					   .size = 0x200,
					   .access = dev_access,
					   .name = "bytes"};
	struct vm *vm = sim_boot(&m, 1);

	(void)state;
	assert_int_equal(mmio_bus_add(&vm->bus, &region), 0);
	assert_int_equal(mmio_bus_seal(&vm->bus), 0);
	fake_el1.vbar = VBAR;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_free(&m);
	return 0;
}

/* The guest is at that instruction, x2 = SP_EL1 = address. */
static struct vcpu_regs *at(uint32_t word, uint64_t address)
{
	struct vcpu *v = sim_vcpu(&m, 0);

	memset(&dev, 0, sizeof(dev));
	dev.bad = ~0U;
	assert_int_equal(gmem_write(&v->vm->mem, (ipa_t){PC}, &word, 4), 0);
	for (unsigned i = 0; i < 31; i++)
		v->regs.x[i] = 0xcafe0000 + i;
	for (unsigned i = 0; i < 32; i++) {
		fake_pcpu->fp.q[i][0] = 0xf00d0000 + i;
		fake_pcpu->fp.q[i][1] = 0xbeef0000 + i;
	}
	v->regs.x[2] = address;
	fake_el1.sp[0] = 0x5b0;
	fake_el1.sp[1] = address;
	fake_el1.sctlr = 0;
	v->regs.pc = PC;
	v->regs.pstate = EL1H;
	fake_el1.esr = 0xbad;
	sim_fault(&m, 0, address, address);
	return &v->regs;
}

static void run(uint64_t esr)
{
	assert_non_null(sim_sync(&m, 0, esr));
}

static void assert_op(unsigned i, uint64_t offset, unsigned size, bool write)
{
	assert_true(i < dev.nr);
	assert_int_equal(dev.op[i].offset, offset);
	assert_int_equal(dev.op[i].size, size);
	assert_int_equal(dev.op[i].write, write);
}

/* The guest has not gone on and knows of nothing. */
static void assert_again(const struct vcpu_regs *g)
{
	assert_int_equal(g->pc, PC);
	assert_int_equal(fake_el1.esr, 0xbad);
}

static void assert_abort(const struct vcpu_regs *g, uint64_t esr, uint64_t far)
{
	assert_int_equal(g->pc, VBAR + 0x200);
	assert_int_equal(fake_el1.elr, PC);
	assert_int_equal(fake_el1.esr, esr);
	assert_int_equal(fake_el1.far, far);
}

/* --------------------------------------------------------------- what is done
 */

/* Rules out: partly-emulated */
static void pair_is_two_accesses_in_order(void **state)
{
	struct vcpu_regs *g = at(0x29400c41, DEV + 0x10); /* ldp w1, w3, [x2] */

	(void)state;
	run(LOAD);
	assert_int_equal(dev.nr, 2);
	assert_op(0, 0x10, 4, false);
	assert_op(1, 0x14, 4, false);
	assert_int_equal(g->x[1], 0x13121110);
	assert_int_equal(g->x[3], 0x17161514);
	assert_int_equal(g->x[2], DEV + 0x10);
	assert_int_equal(g->pc, PC + 4);
	g = at(0xa9000c41, DEV); /* stp x1, x3, [x2] */
	run(STORE);
	assert_int_equal(dev.nr, 2);
	assert_op(0, 0, 8, true);
	assert_op(1, 8, 8, true);
	assert_int_equal(dev.op[0].value, 0xcafe0001);
	assert_int_equal(dev.op[1].value, 0xcafe0003);
	assert_int_equal(g->pc, PC + 4);
}

/* Stage 1 has allowed a read; meanwhile another vCPU has put a store there. */
static void store_in_the_place_of_a_load_is_executed_again(void **state)
{
	struct vcpu_regs *g = at(0xa9000c41, DEV); /* stp x1, x3, [x2] */

	(void)state;
	run(LOAD);
	assert_int_equal(dev.nr, 0);
	assert_again(g);
	g = at(0x29400c41, DEV); /* ldp w1, w3, [x2] */
	run(STORE);
	assert_int_equal(dev.nr, 0);
	assert_again(g);
}

/* Rules out: partly-emulated */
static void base_is_written_back_when_all_is_done(void **state)
{
	struct vcpu_regs *g = at(0xf8408441, DEV); /* ldr x1, [x2], #8 */

	(void)state;
	run(LOAD);
	assert_int_equal(g->x[2], DEV + 8);
	assert_int_equal(g->x[1], UINT64_C(0x0706050403020100));
	g = at(0xf8408c41, DEV); /* ldr x1, [x2, #8]! */
	fake_el1.far_el2 += 8;
	run(LOAD);
	assert_op(0, 8, 8, false);
	assert_int_equal(g->x[2], DEV + 8);
	g = at(0xb81f0fe1, DEV + 0x20); /* str w1, [sp, #-16]! */
	fake_el1.far_el2 -= 16;
	run(STORE);
	assert_op(0, 0x10, 4, true);
	assert_int_equal(fake_el1.sp[1], DEV + 0x10);
	assert_int_equal(fake_el1.sp[0], 0x5b0);
	assert_int_equal(g->pc, PC + 4);
}

static void stack_pointer_is_that_of_the_level(void **state)
{
	static const uint64_t pstate[] = {0, 4}; /* EL0t, EL1t */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pstate); i++) {
		struct vcpu_regs *g = at(0xb81f0fe1, DEV + 0x10);

		g->pstate = pstate[i];
		fake_el1.sp[0] = DEV + 0x10;
		fake_el1.sp[1] = 0;
		sim_fault(&m, 0, DEV, DEV);
		run(STORE);
		assert_op(0, 0, 4, true);
		assert_int_equal(fake_el1.sp[0], DEV);
		assert_int_equal(fake_el1.sp[1], 0);
	}
}

static void vector_registers_are_the_live_ones(void **state)
{
	struct vcpu_regs *g = at(0xad400c41, DEV); /* ldp q1, q3, [x2] */

	(void)state;
	run(LOAD);
	assert_int_equal(dev.nr, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_op(i, 8 * i, 8, false);
	assert_int_equal(fake_pcpu->fp.q[1][0], UINT64_C(0x0706050403020100));
	assert_int_equal(fake_pcpu->fp.q[3][1], UINT64_C(0x1f1e1d1c1b1a1918));
	assert_int_equal(fake_pcpu->fp.q[2][0], 0xf00d0002);
	assert_int_equal(g->x[1], 0xcafe0001);
	(void)at(0x3d800041, DEV); /* str q1, [x2] */
	run(STORE);
	assert_int_equal(dev.nr, 2);
	assert_int_equal(dev.op[0].value, 0xf00d0001);
	assert_int_equal(dev.op[1].value, 0xbeef0001);
	(void)at(0x4d401441, DEV); /* ld1 {v1.b}[13], [x2] */
	run(LOAD);
	assert_op(0, 0, 1, false);
	assert_int_equal(fake_pcpu->fp.q[1][1], 0xbeef0001);
	(void)at(0x4c400841, DEV); /* ld4 {v1.4s, ...}, [x2] */
	run(LOAD);
	assert_int_equal(dev.nr, 16);
	assert_int_equal(fake_pcpu->fp.q[4][0], UINT64_C(0x1f1e1d1c0f0e0d0c));
}

static void big_endian_guests_see_the_bytes_in_their_order(void **state)
{
	struct vcpu_regs *g = at(0xa9400c41, DEV); /* ldp x1, x3, [x2] */

	(void)state;
	fake_el1.sctlr = UINT64_C(1) << 25; /* EE */
	run(LOAD);
	assert_int_equal(g->x[1], UINT64_C(0x0001020304050607));
	/* With a syndrome too; EL0 has its own order. */
	g = at(0, DEV);
	fake_el1.sctlr = UINT64_C(1) << 25;
	run(syn_dabt(4, 1, 0));
	assert_int_equal(g->x[1], 0x00010203);
	g = at(0, DEV);
	g->x[1] = 0x11223344;
	fake_el1.sctlr = UINT64_C(1) << 25;
	run(syn_dabt(2, 1, SYN_DABT_WRITE));
	assert_int_equal(dev.op[0].value, 0x4433);
	g = at(0xa9400c41, DEV);
	fake_el1.sctlr = UINT64_C(1) << 25;
	g->pstate = 0;
	run(LOAD);
	assert_int_equal(g->x[1], UINT64_C(0x0706050403020100));
	g = at(0, DEV);
	fake_el1.sctlr = UINT64_C(1) << 24; /* E0E */
	g->pstate = 0;
	run(syn_dabt(4, 1, SYN_DABT_SSE | SYN_DABT_SF));
	assert_int_equal(g->x[1], 0x00010203);
	g = at(0, DEV);
	g->pstate = 0x210; /* AArch32 user, E */
	run(syn_dabt(4, 1, 0));
	assert_int_equal(g->x[1], 0x00010203);
}

/* ------------------------------------------------------- where things are */

static bool two_pages(uint64_t va, int how, uint64_t *ipa)
{
	(void)how;
	if (va >> 12 == (DEV >> 12) - 1)
		*ipa = SIM_RAM + 0x3000;
	return true;
}

/* ldp x1, x3 from the end of a page of RAM into a device, and back. */
static void access_over_two_pages_goes_where_each_is(void **state)
{
	struct vcpu_regs *g = at(0xa9400c41, DEV - 8);
	struct gmem *ram = &sim_vcpu(&m, 0)->vm->mem;
	uint64_t word = UINT64_C(0x1122334455667788);

	(void)state;
	fake_hooks.translate = two_pages;
	assert_int_equal(gmem_write(ram, (ipa_t){SIM_RAM + 0x3ff8}, &word, 8),
			 0);
	sim_fault(&m, 0, DEV, DEV);
	run(LOAD);
	assert_int_equal(dev.nr, 1);
	assert_int_equal(g->x[1], word);
	assert_int_equal(g->x[3], UINT64_C(0x0706050403020100));
	g = at(0xa9000c41, DEV - 8); /* stp */
	fake_hooks.translate = two_pages;
	sim_fault(&m, 0, DEV, DEV);
	run(STORE);
	assert_op(0, 0, 8, true);
	assert_int_equal(gmem_read(ram, (ipa_t){SIM_RAM + 0x3ff8}, &word, 8),
			 0);
	assert_int_equal(word, 0xcafe0001);
	assert_int_equal(g->pc, PC + 4);
}

static void element_on_two_pages_is_an_external_abort(void **state)
{
	struct vcpu_regs *g = at(0xf8408441, DEV - 4); /* ldr x1, [x2], #8 */

	(void)state;
	fake_hooks.translate = two_pages;
	sim_fault(&m, 0, DEV, DEV);
	run(LOAD);
	assert_abort(g, 0x96000010, DEV);
	assert_int_equal(g->x[2], DEV - 4);
	assert_int_equal(dev.nr, 0);
}

static int seen_how;

static bool refuse_first_page(uint64_t va, int how, uint64_t *ipa)
{
	(void)ipa;
	if (va >> 12 == PC >> 12)
		return true;
	seen_how = how;
	return false;
}

static void page_without_a_translation_is_the_guests_own_fault(void **state)
{
	/* ldp x1, x3 and stp, at EL1 and EL0; sttr reaches as EL0 does. */
	static const struct {
		uint32_t word;
		uint64_t pstate;
		enum el1_at how;
	} t[] = {
		{0xa9400c41, EL1H, EL1_AT_READ},
		{0xa9000c41, EL1H, EL1_AT_WRITE},
		{0xa9400c41, 0, EL1_AT_READ_EL0},
		{0xa9000c41, 0, EL1_AT_WRITE_EL0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = at(t[i].word, DEV - 8);

		fake_hooks.translate = refuse_first_page;
		g->pstate = t[i].pstate;
		sim_fault(&m, 0, DEV, DEV);
		run(i & 1 ? STORE : LOAD);
		assert_again(g);
		assert_int_equal(seen_how, t[i].how);
		assert_int_equal(dev.nr, 0);
	}
}

static void tags_of_pointers_are_no_part_of_the_address(void **state)
{
	struct vcpu_regs *g = at(0xa9400c41, DEV);

	(void)state;
	g->x[2] |= UINT64_C(0x5a) << 56;
	run(LOAD);
	assert_int_equal(dev.nr, 2);
	assert_int_equal(g->pc, PC + 4);
}

static void authenticated_pointer_is_the_one_that_faulted(void **state)
{
	struct vcpu_regs *g = at(0xf8200c41, DEV); /* ldraa x1, [x2, #0]! */

	(void)state;
	g->x[2] = DEV | UINT64_C(0x12) << 48;
	run(LOAD);
	assert_int_equal(g->x[1], UINT64_C(0x0706050403020100));
	assert_int_equal(g->x[2], DEV);
}

/* --------------------------------------------------------- what is not done */

/* Rules out: guest-pointer */
static void code_that_changed_meanwhile_is_executed_again(void **state)
{
	struct vcpu_regs *g = at(0xa9400c41, DEV);

	(void)state;
	g->x[2] = DEV + 0x100; /* not what faulted */
	run(LOAD);
	assert_again(g);
	g = at(0xa9400c41, DEV);
	g->pc = SIM_NOTHING; /* no memory there by now */
	run(LOAD);
	assert_int_equal(fake_el1.esr, 0x96000010);
	assert_int_equal(dev.nr, 0);
}

static bool nothing(uint64_t va, int how, uint64_t *ipa)
{
	(void)va;
	(void)how;
	(void)ipa;
	return false;
}

/* Rules out: guest-pointer */
static void code_without_a_translation_is_executed_again(void **state)
{
	struct vcpu_regs *g = at(0xa9400c41, DEV);

	(void)state;
	fake_hooks.translate = nothing;
	run(LOAD);
	assert_again(g);
	assert_int_equal(dev.nr, 0);
}

static void exclusives_and_atomics_are_unsupported(void **state)
{
	static const uint32_t t[] = {
		0xc85f7c41, /* ldxr x1, [x2] */
		0xc8047c41, /* stxr w4, x1, [x2] */
		0xf8210043, /* ldadd x1, x3, [x2] */
		0xc8a17c43, /* cas x1, x3, [x2] */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct vcpu_regs *g = at(t[i], DEV);

		run(i & 1 ? STORE : LOAD);
		assert_abort(g, i & 1 ? 0x96000075 : 0x96000035, DEV);
		assert_int_equal(dev.nr, 0);
		g = at(t[i], SIM_NOTHING); /* there is nothing to support */
		run(i & 1 ? STORE : LOAD);
		assert_abort(g, i & 1 ? 0x96000050 : 0x96000010, SIM_NOTHING);
	}
}

/* Rules out: invalid-syndrome */
static void what_is_no_access_has_no_answer(void **state)
{
	struct vcpu_regs *g = at(0xd50b7422, DEV); /* dc zva, x2 */

	(void)state;
	run(STORE);
	assert_abort(g, 0x96000050, DEV);
	g = at(0xa9400c41, DEV); /* A32 of the same bits is not looked at */
	g->pstate = 0x10;
	run(LOAD);
	assert_int_equal(g->pc, VBAR + 0x600);
	assert_int_equal(fake_el1.esr, 0x92000010);
	assert_int_equal(dev.nr, 0);
}

static void element_without_an_answer_ends_the_instruction(void **state)
{
	struct vcpu_regs *g = at(0x28c10c41, DEV); /* ldp w1, w3, [x2], #8 */

	(void)state;
	dev.bad = 1;
	dev.err = -ENXIO;
	run(LOAD);
	assert_int_equal(dev.nr, 2);
	assert_abort(g, 0x96000010, DEV + 4);
	assert_int_equal(g->x[1], 0xcafe0001);
	assert_int_equal(g->x[2], DEV);
	g = at(0xa9000c41, DEV + 0x1f8); /* stp x1, x3 over the end */
	run(STORE);
	assert_int_equal(dev.nr, 1);
	assert_abort(g, 0x96000050, DEV + 0x200);
}

/* ---------------------------------------------------------------- once more */

/* Rules out: partly-emulated */
static void element_that_has_to_wait_does_not_repeat_those_before(void **state)
{
	struct vcpu_regs *g = at(0x29400c41, DEV); /* ldp w1, w3 */

	(void)state;
	dev.bad = 1;
	dev.err = -EAGAIN;
	run(LOAD);
	assert_again(g);
	assert_int_equal(g->x[1], 0xcafe0001);
	run(LOAD);
	assert_int_equal(dev.nr, 3);
	assert_op(2, 4, 4, false);
	assert_int_equal(g->x[1], 0x03020100);
	assert_int_equal(g->x[3], 0x07060504);
	/* The next execution begins anew. */
	g->pc = PC;
	run(LOAD);
	assert_int_equal(dev.nr, 5);
	assert_op(3, 0, 4, false);
}

static void progress_belongs_to_one_stack_address_and_instruction(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct vcpu_regs *g = at(0x29000c41, DEV); /* stp w1, w3 */

		dev.bad = 1;
		dev.err = -EAGAIN;
		run(STORE);
		assert_again(g);
		if (i == 0) {
			fake_el1.sp[1] = 0x1000;
		} else if (i == 1) {
			g->x[2] += 8;
			fake_el1.far_el2 += 8;
		} else {
			uint32_t word = 0x29001041; /* stp w1, w4 */

			assert_int_equal(gmem_write(&sim_vcpu(&m, 0)->vm->mem,
						    (ipa_t){PC}, &word, 4),
					 0);
		}
		run(STORE);
		assert_int_equal(dev.nr, 4);
		assert_int_equal(g->pc, PC + 4);
	}
}

static void caches_that_are_off_are_looked_past(void **state)
{
	(void)state;
	(void)at(0xa9400c41, DEV);
	fake_log_reset();
	run(LOAD);
	assert_int_equal(fake_log_count(FAKE_CLEAN), 1);
	(void)at(0xa9400c41, DEV);
	fake_el1.sctlr = 4;
	fake_log_reset();
	run(LOAD);
	assert_int_equal(fake_log_count(FAKE_CLEAN), 0);
}

#define ON(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(pair_is_two_accesses_in_order),
		ON(store_in_the_place_of_a_load_is_executed_again),
		ON(base_is_written_back_when_all_is_done),
		ON(stack_pointer_is_that_of_the_level),
		ON(vector_registers_are_the_live_ones),
		ON(big_endian_guests_see_the_bytes_in_their_order),
		ON(access_over_two_pages_goes_where_each_is),
		ON(element_on_two_pages_is_an_external_abort),
		ON(page_without_a_translation_is_the_guests_own_fault),
		ON(tags_of_pointers_are_no_part_of_the_address),
		ON(authenticated_pointer_is_the_one_that_faulted),
		ON(code_that_changed_meanwhile_is_executed_again),
		ON(code_without_a_translation_is_executed_again),
		ON(exclusives_and_atomics_are_unsupported),
		ON(what_is_no_access_has_no_answer),
		ON(element_without_an_answer_ends_the_instruction),
		ON(element_that_has_to_wait_does_not_repeat_those_before),
		ON(progress_belongs_to_one_stack_address_and_instruction),
		ON(caches_that_are_off_are_looked_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
