/* EL2's own map: descriptors and register values as the Arm ARM spells them. */
#include <errno.h>
#include <stdlib.h>

#include <arch/aarch64/stage1.h>

#include "../host/tlb_model.h"

#define RAM UINT64_C(0x40000000)

struct fixture {
	struct tlb_model m;
	struct s1 s1;
};

static int setup(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	struct pgt_env env;

	tlb_model_init(&f->m);
	env = tlb_model_env(&f->m);
	assert_int_equal(s1_init(&f->s1, &env, 44), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->m.nr_pages = 0;
	s1_destroy(&f->s1);
	assert_int_equal(f->m.live, 0);
	free(f);
	return 0;
}

static uint64_t desc_at(const struct fixture *f, uint64_t va)
{
	struct pgt_walk w;

	(void)!s1_walk(&f->s1, va, &w, NULL);
	return w.desc;
}

static void each_kind_of_page_has_its_architected_descriptor(void **state)
{
	/* Bits: 54 XN, 10 AF, 9:8 SH, 7 AP[2] read-only, 6 AP[1] RES1,
	 * 4:2 AttrIndx, 1:0 page. */
	static const struct {
		const char *what;
		unsigned prot;
		uint64_t desc;
	} t[] = {
		{"text", PGT_R | PGT_X, 0x00000000400007c3},
		{"rodata", PGT_R, 0x00400000400007c3},
		{"data", PGT_R | PGT_W, 0x0040000040000743},
		{"device", PGT_R | PGT_W | PGT_DEVICE, 0x0040000040000447},
		{"ro device", PGT_R | PGT_DEVICE, 0x00400000400004c7},
	};
	struct fixture *f = *state;
	struct pgt_walk w;
	unsigned prot;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].what);
		assert_int_equal(
			s1_map(&f->s1, 0x1000, (hpa_t){RAM}, 0x1000, t[i].prot),
			0);
		assert_int_equal(s1_walk(&f->s1, 0x1234, &w, &prot), 0);
		assert_int_equal(w.desc, t[i].desc);
		assert_int_equal(w.pa, RAM + 0x234);
		assert_int_equal(prot, t[i].prot);
		assert_int_equal(s1_unmap(&f->s1, 0x1000, 0x1000), 0);
	}
}

/* Rules out: write-execute */
static void nothing_is_writable_and_executable(void **state)
{
	static const unsigned bad[] = {
		PGT_R | PGT_W | PGT_X,
		PGT_R | PGT_W | PGT_X | PGT_DEVICE,
		PGT_R | PGT_X | PGT_DEVICE,
		PGT_W,
		PGT_X,
		0,
		PGT_DEVICE,
		PGT_R | 16,
	};
	struct fixture *f = *state;
	size_t i;

	assert_int_equal(s1_map(&f->s1, RAM, (hpa_t){RAM}, 0x2000, PGT_R), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		print_message("  prot %u\n", bad[i]);
		assert_int_equal(
			s1_map(&f->s1, 0x1000, (hpa_t){RAM}, 0x1000, bad[i]),
			-EINVAL);
		assert_int_equal(s1_protect(&f->s1, RAM, 0x1000, bad[i]),
				 -EINVAL);
	}
	assert_int_equal(desc_at(f, 0x1000), 0);
	assert_int_equal(desc_at(f, RAM), 0x00400000400007c3);
}

static void identity_map_of_ram_takes_blocks(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(s1_map(&f->s1, RAM, (hpa_t){RAM}, UINT64_C(16) << 30,
				PGT_R | PGT_W),
			 0);
	assert_int_equal(f->s1.pgt.nr_tables, 1);
	assert_int_equal(desc_at(f, RAM + (UINT64_C(15) << 30)),
			 0x0040000400000741);
}

static void image_permissions_come_after_by_protect(void **state)
{
	struct fixture *f = *state;
	unsigned prot;
	struct pgt_walk w;

	assert_int_equal(
		s1_map(&f->s1, RAM, (hpa_t){RAM}, 0x40000000, PGT_R | PGT_W),
		0);
	tlb_model_watch(&f->m, &f->s1.pgt, RAM + 0x200000, 1024);
	assert_int_equal(
		s1_protect(&f->s1, RAM + 0x200000, 0x20000, PGT_R | PGT_X), 0);
	tlb_model_run(&f->m);
	assert_int_equal(s1_unmap(&f->s1, RAM + 0x230000, 0x1000), 0);
	tlb_model_run(&f->m);
	assert_int_equal(s1_walk(&f->s1, RAM + 0x21fffc, &w, &prot), 0);
	assert_int_equal(prot, PGT_R | PGT_X);
	assert_int_equal(s1_walk(&f->s1, RAM + 0x220000, &w, &prot), 0);
	assert_int_equal(prot, PGT_R | PGT_W);
	assert_int_equal(s1_walk(&f->s1, RAM + 0x230ff8, &w, &prot), -ENOENT);
	assert_int_equal(f->s1.pgt.nr_tables, 3);
}

static void addresses_end_at_48_bits_and_at_the_machines_width(void **state)
{
	struct fixture *f = *state;
	uint64_t top = (UINT64_C(1) << 48) - 0x1000;
	struct pgt_walk w;

	assert_int_equal(s1_map(&f->s1, top, (hpa_t){RAM}, 0x1000, PGT_R), 0);
	assert_int_equal(
		s1_map(&f->s1, top + 0x1000, (hpa_t){RAM}, 0x1000, PGT_R),
		-EINVAL);
	assert_int_equal(s1_map(&f->s1, 0x1000, (hpa_t){UINT64_C(1) << 44},
				0x1000, PGT_R),
			 -EINVAL);
	assert_int_equal(s1_walk(&f->s1, UINT64_MAX, &w, NULL), -EINVAL);
}

static void init_refuses_odd_machines_and_survives_an_empty_pool(void **state)
{
	struct tlb_model *m = calloc(1, sizeof(*m));
	struct pgt_env env = tlb_model_env(m);
	struct s1 s1;

	(void)state;
	assert_int_equal(s1_init(&s1, &env, 31), -EINVAL);
	assert_int_equal(s1_init(&s1, &env, 53), -EINVAL);
	m->fail_at = 1;
	assert_int_equal(s1_init(&s1, &env, 52), -ENOMEM);
	assert_int_equal(m->live, 0);
	assert_int_equal(s1_init(&s1, &env, 52), 0);
	assert_int_equal(s1.pgt.oa_bits, 48);
	assert_int_equal(s1_ttbr(&s1), (uint64_t)(uintptr_t)s1.pgt.root);
	s1_destroy(&s1);
	free(m);
}

static void registers_have_their_architected_values(void **state)
{
	(void)state;
	/* PARange 0..6 into TCR_EL2.PS, 52 bits capped to 48; T0SZ 16; WBWA,
	 * inner shareable; bits 31 and 23. */
	assert_int_equal(s1_tcr(0), 0x80803510);
	assert_int_equal(s1_tcr(2), 0x80823510);
	assert_int_equal(s1_tcr(5), 0x80853510);
	assert_int_equal(s1_tcr(6), 0x80853510);
	assert_int_equal(S1_MAIR_VALUE, 0x04ff);
	assert_int_equal(S1_SCTLR_VALUE, 0x30cd183d);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_kind_of_page_has_its_architected_descriptor),
		T(nothing_is_writable_and_executable),
		T(identity_map_of_ram_takes_blocks),
		T(image_permissions_come_after_by_protect),
		T(addresses_end_at_48_bits_and_at_the_machines_width),
		cmocka_unit_test(
			init_refuses_odd_machines_and_survives_an_empty_pool),
		cmocka_unit_test(registers_have_their_architected_values),
	};

	return cmocka_run_group_tests_name("stage1", tests, NULL, NULL);
}
