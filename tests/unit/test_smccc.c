/* Services beside PSCI: workarounds (DEN 0028), entropy (DEN 0098), stolen time
 * (DEN 0057), a KVM host's calls; numbers and UIDs written out here. */
#include <string.h>

#include <arch/aarch64/smccc.h>

#include "../host/host.h"

#define NR          2
#define OK          UINT64_C(0)
#define ERR(n)      ((uint64_t) - (n)) /* sign-extended */
#define FEATURES    0x80000001
#define TRNG_VER    0x84000050
#define TRNG_FEAT   0x84000051
#define TRNG_UUID   0x84000052
#define RND32       0x84000053
#define RND64       0xc4000053
#define PV_FEATURES 0xc5000020
#define PV_ST       0xc5000021
#define KVM_UID     0x8600ff01
#define KVM_FEAT    0x86000000
#define KVM_PTP     0x86000001
#define JUNK        UINT64_C(0xfeedfacecafef00d)
#define HIGH        (UINT64_C(0xabcd) << 32)

static const uint64_t mpidr[NR] = {0, 1};

static struct vm {
	struct smccc s;
	struct mpidr_map map;
	uint16_t slots[4];
	struct psci_vcpu vcpus[NR];
	uint64_t x[18];
	uint64_t word[3];
	bool dry;
} vm;

static bool is_ram(void *ctx, ipa_t base, uint64_t len)
{
	(void)ctx;
	(void)base;
	return len != 0;
}

static void vcpu_start(void *ctx, unsigned target)
{
	(void)ctx;
	(void)target;
}

static bool entropy(void *ctx, uint64_t word[3])
{
	assert_ptr_equal(ctx, &vm);
	if (vm.dry)
		return false;
	memcpy(word, vm.word, sizeof(vm.word));
	return true;
}

static uint64_t stolen_time(void *ctx, unsigned self)
{
	assert_ptr_equal(ctx, &vm);
	return 0x90a0000 + 64 * self;
}

static struct smccc_moment moment(void *ctx, unsigned self, bool physical)
{
	assert_ptr_equal(ctx, &vm);
	return (struct smccc_moment){UINT64_C(0x17d8123456789abc),
				     physical ? UINT64_C(0x1111111122222222)
					      : UINT64_C(0x3333333344444444) +
							self};
}

static int setup(void **state)
{
	static const struct psci_ops ops = {is_ram, vcpu_start, &vm};

	(void)state;
	memset(&vm, 0, sizeof(vm));
	vm.s.workarounds = (struct smccc_workarounds){1, -2, -1};
	vm.s.ops = (struct smccc_ops){entropy, stolen_time, moment, &vm};
	memset(vm.word, 0xff, sizeof(vm.word));
	assert_int_equal(mpidr_map_init(&vm.map, mpidr, NR, vm.slots), 0);
	psci_init(&vm.s.psci, &ops, &vm.map, vm.vcpus);
	return 0;
}

/* Calls with x1 = arg; the other registers hold junk. */
static uint64_t call_of(unsigned self, uint64_t fid, uint64_t arg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vm.x); i++)
		vm.x[i] = JUNK + i;
	vm.x[0] = fid;
	vm.x[1] = arg;
	assert_int_equal(smccc_call(&vm.s, self, vm.x), PSCI_RETURN);
	for (unsigned i = 4; i < ARRAY_SIZE(vm.x); i++)
		assert_int_equal(vm.x[i], JUNK + i);
	return vm.x[0];
}

static uint64_t call(uint64_t fid, uint64_t arg)
{
	return call_of(0, fid, arg);
}

/* A call with one result: x1..x3 are the caller's. */
static uint64_t call1(uint64_t fid, uint64_t arg)
{
	uint64_t ret = call(fid, arg);

	assert_int_equal(vm.x[1], arg);
	assert_int_equal(vm.x[2], JUNK + 2);
	assert_int_equal(vm.x[3], JUNK + 3);
	return ret;
}

static void assert_x123(uint64_t x1, uint64_t x2, uint64_t x3)
{
	assert_int_equal(vm.x[1], x1);
	assert_int_equal(vm.x[2], x2);
	assert_int_equal(vm.x[3], x3);
}

/* ---------------------------------------------------------------- entropy */

static void trng_is_version_1_0_and_lists_its_calls(void **state)
{
	static const uint32_t no[] = {0x84000054, 0xc4000050, 0xc4000052,
				      0x84000000, 0x84000009, 0,
				      0x8400005f, KVM_UID};

	(void)state;
	assert_int_equal(call1(TRNG_VER, 5), 0x10000);
	for (uint32_t fid = TRNG_VER; fid <= RND32; fid++)
		assert_int_equal(call1(TRNG_FEAT, HIGH | fid), OK);
	assert_int_equal(call1(TRNG_FEAT, RND64), OK);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_int_equal(call1(TRNG_FEAT, no[i]), ERR(1));
	assert_int_equal(call1(0xc4000051, RND64), ERR(1));
	assert_int_equal(call1(0x84000054, 0), ERR(1));
}

static void trng_has_an_identity_that_is_no_error(void **state)
{
	uint64_t x0 = call(TRNG_UUID, 0);

	(void)state;
	/* 0d1c0a30-585e-4fcb-80ce-5b16e8142f8f, four bytes a register. */
	assert_int_equal(x0, 0x300a1c0d);
	assert_x123(0xcb4f5e58, 0x165bce80, 0x8f2f14e8);
}

static void rnd_gives_exactly_the_bits_asked_for(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 192; n++) {
		uint64_t x3 = n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
		uint64_t x2 = n <= 64   ? 0
			      : n < 128 ? (UINT64_C(1) << (n - 64)) - 1
					: UINT64_MAX;
		uint64_t x1 = n <= 128  ? 0
			      : n < 192 ? (UINT64_C(1) << (n - 128)) - 1
					: UINT64_MAX;

		assert_int_equal(call(RND64, n), OK);
		assert_x123(x1, x2, x3);
	}
	for (unsigned n = 1; n <= 96; n++) {
		unsigned __int128 all = ((unsigned __int128)1 << n) - 1;

		assert_int_equal(call(RND32, HIGH | n), OK);
		assert_x123((uint32_t)(all >> 64), (uint32_t)(all >> 32),
			    (uint32_t)all);
	}
}

static void rnd_words_keep_their_places(void **state)
{
	(void)state;
	vm.word[0] = UINT64_C(0x1010101011111111);
	vm.word[1] = UINT64_C(0x2020202022222222);
	vm.word[2] = UINT64_C(0x3030303033333333);
	assert_int_equal(call(RND64, 192), OK);
	assert_x123(vm.word[2], vm.word[1], vm.word[0]);
	assert_int_equal(call(RND32, 96), OK);
	assert_x123(0x33333333, 0x22222222, 0x11111111);
}

static void rnd_refuses_sizes_and_then_gives_nothing(void **state)
{
	static const uint64_t bad64[] = {0, 193, 256, HIGH | 64, UINT64_MAX};
	static const uint64_t bad32[] = {0, 97, HIGH, 192, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad64); i++) {
		assert_int_equal(call(RND64, bad64[i]), ERR(2));
		assert_x123(0, 0, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad32); i++) {
		assert_int_equal(call(RND32, bad32[i]), ERR(2));
		assert_x123(0, 0, 0);
	}
}

static void rnd_without_entropy_says_so_and_gives_nothing(void **state)
{
	(void)state;
	vm.dry = true;
	assert_int_equal(call(RND64, 192), ERR(3));
	assert_x123(0, 0, 0);
	assert_int_equal(call(RND32, 1), ERR(3));
	assert_x123(0, 0, 0);
	assert_int_equal(call(RND64, 193), ERR(2)); /* bad is bad */
	vm.dry = false;
	assert_int_equal(call(RND64, 1), OK);
}

static void vm_without_a_source_has_no_trng_at_all(void **state)
{
	(void)state;
	vm.s.ops.entropy = NULL;
	for (uint32_t fid = TRNG_VER; fid <= RND32; fid++)
		assert_int_equal(call1(fid, 64), ERR(1));
	assert_int_equal(call1(RND64, 64), ERR(1));
}

/* ------------------------------------------------------------- stolen time */

static void stolen_time_is_found_by_all_of_its_ways(void **state)
{
	(void)state;
	assert_int_equal(call1(FEATURES, PV_FEATURES), OK);
	assert_int_equal(call1(FEATURES, PV_ST), ERR(1));
	assert_int_equal(call1(PV_FEATURES, PV_FEATURES), OK);
	assert_int_equal(call1(PV_FEATURES, HIGH | PV_ST), OK);
	assert_int_equal(call1(PV_FEATURES, 0xc5000022), ERR(1));
	assert_int_equal(call1(PV_FEATURES, 0x85000020), ERR(1));
	assert_int_equal(call1(PV_FEATURES, 0), ERR(1));
	assert_int_equal(call1(PV_ST, 0), 0x90a0000);
	assert_int_equal(call_of(1, PV_ST, 0), 0x90a0040);
	assert_int_equal(call1(0x85000020, PV_ST), ERR(1));
	assert_int_equal(call1(0x85000021, 0), ERR(1));
	assert_int_equal(call1(0xc5000022, 0), ERR(1));
}

/* -------------------------------------------------------------- a KVM host */

static void uid_is_that_of_kvm(void **state)
{
	/* What Linux compares with, in memory order of the UUID. */
	static const uint8_t uuid[16] = {0x28, 0xb4, 0x6f, 0xb6, 0x2e, 0xc5,
					 0x11, 0xe9, 0xa9, 0xca, 0x4b, 0x56,
					 0x4d, 0x00, 0x3a, 0x74};

	(void)state;
	(void)call(KVM_UID, 0);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal((uint8_t)(vm.x[i / 4] >> 8 * (i % 4)),
				 uuid[i]);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(vm.x[i] >> 32, 0);
}

static void kvm_features_are_the_calls_that_answer(void **state)
{
	uint64_t bits = call(KVM_FEAT, 0);

	(void)state;
	assert_int_equal(bits, 3);
	assert_x123(0, 0, 0);
	for (unsigned n = 2; n < 64; n++)
		assert_int_equal(call1(0x86000000 + n, 0), ERR(1));
	assert_int_equal(call1(0xc6000000, 0), ERR(1));
	assert_int_equal(call1(0xc600ff01, 0), ERR(1));
}

static void ptp_gives_time_and_the_counter_asked_for(void **state)
{
	(void)state;
	assert_int_equal(call(KVM_PTP, HIGH), 0x17d81234);
	assert_x123(0x56789abc, 0x33333333, 0x44444444);
	assert_int_equal(call_of(1, KVM_PTP, 0), 0x17d81234);
	assert_x123(0x56789abc, 0x33333333, 0x44444445);
	assert_int_equal(call(KVM_PTP, 1), 0x17d81234);
	assert_x123(0x56789abc, 0x11111111, 0x22222222);
	assert_int_equal(call1(KVM_PTP, 2), ERR(1));
	assert_int_equal(call1(KVM_PTP, UINT32_MAX), ERR(1));
}

/* ------------------------------------------------------------- workarounds */

static void cpu_says_which_workarounds_it_can_do_without(void **state)
{
	static const struct {
		const char *cpu;
		uint64_t midr, pfr0, pfr1, mmfr1;
		int w1, w2, w3;
	} t[] = {
		{"Cortex-A53", 0x410fd034, 0, 0, 0, 1, -2, 1},
		{"Cortex-A35", 0x410fd040, 0, 0, 0, 1, -2, 1},
		{"Cortex-A55", 0x412fd050, 0, 0, 0, 1, -2, 1},
		{"same part, another maker", 0x510fd034, 0, 0, 0, -1, -1, -1},
		{"Cortex-A57", 0x411fd070, 0, 0, 0, -1, -1, -1},
		{"Cortex-A76: CSV2 1, SSBS", 0x414fd0b1,
		 UINT64_C(0x1100000010111112), 0x10, 0, 1, -1, -1},
		{"CSV2 2", 0x000f0510, UINT64_C(2) << 56, 0x20, 0, 1, -1, -1},
		{"CSV2 3", 0x410fd4f0, UINT64_C(3) << 56, 0x20, 0, 1, -1, 1},
		{"ECBHB", 0x410fd4f0, UINT64_C(2) << 56, 0x20,
		 UINT64_C(1) << 60, 1, -1, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		uint64_t regs[IDREG_NR] = {0};
		struct smccc_workarounds w;

		print_message("  %s\n", t[i].cpu);
		regs[24] = t[i].pfr0; /* CRm 4, op2 0 */
		regs[25] = t[i].pfr1;
		regs[49] = t[i].mmfr1; /* CRm 7, op2 1 */
		w = smccc_workarounds_of(t[i].midr, regs);
		assert_int_equal(w.w1, t[i].w1);
		assert_int_equal(w.w2, t[i].w2);
		assert_int_equal(w.w3, t[i].w3);
	}
}

static void soc_id_and_foreign_owners_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(call1(FEATURES, 0x80000002), ERR(1));
	assert_int_equal(call1(0x80000002, 0), ERR(1));
	assert_int_equal(call1(0x80000002, 1), ERR(1));
	for (uint32_t owner = 1; owner < 64; owner++) {
		if (owner >= 4 && owner <= 6)
			continue;
		assert_int_equal(call1(0x80000001 | owner << 24, 0), ERR(1));
		assert_int_equal(call1(0xc000ff01 | owner << 24, 0), ERR(1));
	}
	/* Not a fast call: no service takes these. */
	assert_int_equal(call1(KVM_FEAT & 0x7fffffff, 0), ERR(1));
	assert_int_equal(call1(TRNG_VER & 0x7fffffff, 0), ERR(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup(f, setup)
		T(trng_is_version_1_0_and_lists_its_calls),
		T(trng_has_an_identity_that_is_no_error),
		T(rnd_gives_exactly_the_bits_asked_for),
		T(rnd_words_keep_their_places),
		T(rnd_refuses_sizes_and_then_gives_nothing),
		T(rnd_without_entropy_says_so_and_gives_nothing),
		T(vm_without_a_source_has_no_trng_at_all),
		T(stolen_time_is_found_by_all_of_its_ways),
		T(uid_is_that_of_kvm),
		T(kvm_features_are_the_calls_that_answer),
		T(ptp_gives_time_and_the_counter_asked_for),
		T(cpu_says_which_workarounds_it_can_do_without),
		T(soc_id_and_foreign_owners_are_not_there),
	};

	return cmocka_run_group_tests_name("smccc", tests, NULL, NULL);
}
