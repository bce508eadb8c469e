/*
 * Firmware calls that are not about power: SMCCC (Arm DEN 0028) with what its
 * results keep of the caller's registers, entropy (TRNG, DEN 0098), stolen time
 * (DEN 0057), and the calls of a KVM host. QEMU's own firmware knows none of
 * them; natively only unknown calls are made.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "smccc";

#define ARCH_FEATURES 0x80000001
#define SOC_ID        0x80000002
#define WORKAROUND_1  0x80008000
#define WORKAROUND_2  0x80007fff
#define WORKAROUND_3  0x80003fff
#define TRNG_VERSION  0x84000050
#define TRNG_FEATURES 0x84000051
#define TRNG_UUID     0x84000052
#define RND32         0x84000053
#define RND64         0xc4000053
#define PV_FEATURES   0xc5000020
#define PV_ST         0xc5000021
#define KVM_FEATURES  0x86000000
#define KVM_PTP       0x86000001
#define KVM_UID       0x8600ff01

#define NOT_SUPPORTED (~UINT64_C(0))
#define ERR(n)        ((uint64_t) - (int64_t)(n))
#define JUNK          UINT64_C(0xfeedfacecafef00d)
#define NS            UINT64_C(1000000000)
#define PL031_DR      UINT64_C(0x09010000)

void hvc_regs(uint64_t *x), smc_regs(uint64_t *x);

static uint64_t regs[18];

/* x0 after the call; the other registers hold junk before, regs[] after. */
static uint64_t call_by(void (*conduit)(uint64_t *x), uint64_t fid,
			uint64_t arg)
{
	for (unsigned i = 2; i < ARRAY_SIZE(regs); i++)
		regs[i] = JUNK + i;
	regs[0] = fid;
	regs[1] = arg;
	conduit(regs);
	return regs[0];
}

static uint64_t call(uint64_t fid, uint64_t arg)
{
	return call_by(hvc_regs, fid, arg);
}

/* A bit for each of x2..x17 that is not as before the last call. */
static uint64_t changed(void)
{
	uint64_t bits = 0;

	for (unsigned i = 2; i < ARRAY_SIZE(regs); i++)
		if (regs[i] != JUNK + i)
			bits |= BIT(i);
	return bits;
}

#define X2_X3 (BIT(2) | BIT(3))

/* ------------------------------------------------------------- unknown calls
 */

static const uint32_t unknown[] = {
	0x80000003, 0xc0000000, 0xc0000001, 0x8000ffff, 0x81000000, 0x82000000,
	0x83000000, 0x84000020, 0x8400004f, 0x84000054, 0x8400ff00, 0x8400ff01,
	0x8400ff03, 0xc400ff01, 0x85000020, 0x85000021, 0xc5000022, 0xc500ff01,
	0x86000002, 0x8600003f, 0x8600ff00, 0x8600ff03, 0xc6000000, 0xc600ff01,
	0x87000000, 0x8f00ff01, 0xb000ff01, 0xb200ff01, 0xbf00ff01, 0xfffffffe,
};

static void check_unknown(const char *area, void (*conduit)(uint64_t *x))
{
	uint64_t answered = 0, spoilt = 0;

	check_area(area);
	for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
		uint64_t ret = call_by(conduit, unknown[i], i);

		if ((int32_t)ret != PSCI_NOT_SUPPORTED)
			answered |= BIT(i);
		if (changed() || regs[1] != i)
			spoilt |= BIT(i);
	}
	CHECK_EQ("unknown_calls_are_not_supported", answered, 0);
	CHECK_EQ("unknown_calls_keep_x1_to_x17", spoilt, 0);
}

/* --------------------------------------------------------------------- SMCCC
 */

static bool is_state(uint64_t v, bool second)
{
	return v == 0 || v == 1 || v == NOT_SUPPORTED ||
	       (second && v == ERR(2));
}

static void check_workaround(const char *area, uint64_t fid)
{
	uint64_t state = call(ARCH_FEATURES, fid);

	check_area(area);
	CHECK("state_is_one_of_the_list", is_state(state, fid == WORKAROUND_2));
	CHECK_EQ("call_is_there_when_the_state_says_so",
		 (int64_t)call(fid, 0) >= 0, (int64_t)state >= 0);
	CHECK_EQ("call_keeps_registers", changed(), 0);
}

static void check_smccc(void)
{
	static const uint32_t yes[] = {SMCCC_VERSION, ARCH_FEATURES,
				       PV_FEATURES};
	uint64_t bad = 0;

	check_area("smccc");
	CHECK_EQ("version", call(SMCCC_VERSION, 7), 0x10003);
	CHECK_EQ("version_keeps_x1", regs[1], 7);
	CHECK_EQ("version_keeps_others", changed(), 0);
	CHECK_EQ("version_by_smc", call_by(smc_regs, SMCCC_VERSION, 7),
		 0x10003);
	CHECK_EQ("hint_bit_is_ignored", call(SMCCC_VERSION | BIT(16), 0),
		 0x10003);
	CHECK_EQ("other_bits_are_not", call(SMCCC_VERSION | BIT(17), 0),
		 NOT_SUPPORTED);
	CHECK_EQ("upper_half_is_ignored", call(SMCCC_VERSION | BIT(40), 0),
		 0x10003);
	CHECK_EQ("yielding_call", call(SMCCC_VERSION & 0x7fffffff, 0),
		 NOT_SUPPORTED);
	for (unsigned i = 0; i < ARRAY_SIZE(yes); i++)
		if (call(ARCH_FEATURES, yes[i]))
			bad |= BIT(i);
	CHECK_EQ("features_of_what_is_there", bad, 0);
	CHECK_EQ("features_ignores_the_upper_half",
		 call(ARCH_FEATURES, BIT(33) | SMCCC_VERSION), 0);
	CHECK_EQ("features_of_soc_id", call(ARCH_FEATURES, SOC_ID),
		 NOT_SUPPORTED);
	CHECK_EQ("soc_id", call(SOC_ID, 0), NOT_SUPPORTED);
	CHECK_EQ("features_of_psci", call(ARCH_FEATURES, PSCI_CPU_ON64),
		 NOT_SUPPORTED);
	check_workaround("smccc.workaround_1", WORKAROUND_1);
	check_workaround("smccc.workaround_2", WORKAROUND_2);
	check_workaround("smccc.workaround_3", WORKAROUND_3);
}

/* ------------------------------------------------------------------- entropy
 */

/* The bits of x3, x2, x1 above the lowest nr, of `width` each. */
static uint64_t excess(uint64_t nr, unsigned width)
{
	uint64_t above = 0;

	for (unsigned i = 0; i < 3; i++) {
		uint64_t v = regs[3 - i], have = 0;

		if (nr > (uint64_t)i * width)
			have = nr - (uint64_t)i * width;
		if (have < 64)
			above |= v >> have;
		if (width == 32)
			above |= v >> 32;
	}
	return above;
}

static void check_sizes(const char *area, uint64_t fid, unsigned width)
{
	uint64_t bad = 0, above = 0, spoilt = 0;

	check_area(area);
	for (uint64_t nr = 1; nr <= UINT64_C(3) * width; nr++) {
		bad |= call(fid, nr);
		above |= excess(nr, width);
		spoilt |= changed() & ~X2_X3;
	}
	CHECK_EQ("every_size_is_served", bad, 0);
	CHECK_EQ("bits_above_the_size_are_0", above, 0);
	CHECK_EQ("x4_to_x17_are_kept", spoilt, 0);
	CHECK_EQ("no_bits", call(fid, 0), ERR(2));
	CHECK_EQ("no_bits_give_none", regs[1] | regs[2] | regs[3], 0);
	CHECK_EQ("too_many_bits", call(fid, UINT64_C(3) * width + 1), ERR(2));
	CHECK_EQ("too_many_bits_give_none", regs[1] | regs[2] | regs[3], 0);
}

static unsigned ones(uint64_t v)
{
	unsigned n = 0;

	for (; v; v &= v - 1)
		n++;
	return n;
}

/* Enough to see a source that is stuck or lopsided; 64 of 192 bits. */
static void check_quality(void)
{
	uint64_t last = 0, same = 0;
	unsigned set = 0;

	for (unsigned i = 0; i < 64; i++) {
		(void)call(RND64, 192);
		set += ones(regs[1]) + ones(regs[2]) + ones(regs[3]);
		same += regs[1] == last || regs[2] == regs[1] ||
			regs[3] == regs[2];
		last = regs[3];
	}
	CHECK_EQ("words_differ", same, 0);
	CHECK("half_of_the_bits_are_set", set > 5700 && set < 6588);
}

static void check_trng_there(void)
{
	static const uint32_t fns[] = {TRNG_VERSION, TRNG_FEATURES, TRNG_UUID,
				       RND32, RND64};
	uint64_t bad = 0, w0, w3;

	CHECK_EQ("version", call(TRNG_VERSION, 0), 0x10000);
	for (unsigned i = 0; i < ARRAY_SIZE(fns); i++)
		if (call(TRNG_FEATURES, fns[i]))
			bad |= BIT(i);
	CHECK_EQ("features", bad, 0);
	CHECK_EQ("features_of_psci", call(TRNG_FEATURES, PSCI_SYSTEM_RESET),
		 NOT_SUPPORTED);
	w0 = call(TRNG_UUID, 0);
	w3 = regs[3];
	CHECK("uuid", w0 < 0xffffffff && regs[1] >> 32 == 0 && w3 >> 32 == 0);
	CHECK("uuid_is_constant", call(TRNG_UUID, 1) == w0 && regs[3] == w3);
	check_quality();
	check_sizes("trng.rnd64", RND64, 64);
	check_sizes("trng.rnd32", RND32, 32);
}

/* FEAT_RNG: a CPU that has it is the source. */
static void check_trng(void)
{
	bool rng = read_id_aa64isar0_el1() >> 60 != 0;
	bool there = call(TRNG_VERSION, 0) != NOT_SUPPORTED;

	check_area("trng");
	CHECK_EQ("is_there_with_its_source", there, rng);
	if (there) {
		check_trng_there();
		return;
	}
	CHECK_EQ("no_features", call(TRNG_FEATURES, RND64), NOT_SUPPORTED);
	CHECK_EQ("no_uuid", call(TRNG_UUID, 0), NOT_SUPPORTED);
	CHECK_EQ("no_rnd32", call(RND32, 32), NOT_SUPPORTED);
	CHECK_EQ("no_rnd64", call(RND64, 64), NOT_SUPPORTED);
}

/* --------------------------------------------------------------- stolen time
 */

struct stolen {
	uint32_t revision, attributes;
	uint64_t ns;
};

static volatile uint64_t st_of[CPU_MAX];

static void ask(void *arg)
{
	(void)arg;
	st_of[this_cpu()->idx] = (uint64_t)psci_call(PV_ST, 0, 0, 0);
	dsb_sy();
}

static bool in_ram(uint64_t a)
{
	return a >= guest.ram_base && a < guest_ram_end();
}

static void check_stolen_write(const char *name, uint64_t at)
{
	struct trap_record t;

	trap_expect();
	mmio_write64(at, JUNK);
	t = trap_end();
	check_eq(name,
		 t.count == 1 && trap_ec(&t) == EC_DABT_SAME &&
			 trap_dfsc(&t) == DFSC_SEA,
		 1);
}

static void check_pvtime(void)
{
	const volatile struct stolen *st;
	uint64_t bad = 0;

	check_area("pvtime");
	CHECK_EQ("features", call(PV_FEATURES, PV_FEATURES), 0);
	CHECK_EQ("features_of_st", call(PV_FEATURES, PV_ST), 0);
	CHECK_EQ("features_of_nothing", call(PV_FEATURES, 0xc5000022),
		 NOT_SUPPORTED);
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if (i == 0)
			ask(NULL);
		else if (smp_start(i, ask, NULL) || !smp_wait_off(i))
			bad |= BIT(i);
		if (st_of[i] & 63 || in_ram(st_of[i]) ||
		    (i && st_of[i] == st_of[i - 1]))
			bad |= BIT(i);
		st = ptr_of(st_of[i]);
		if (!bad && (st->revision || st->attributes || st->ns))
			bad |= BIT(i);
	}
	CHECK_EQ("each_cpu_has_its_own_and_lost_nothing", bad, 0);
	/* Rules out: read-only-page */
	check_stolen_write("is_read_only", st_of[0] + 8);
	st = ptr_of(st_of[0]);
	CHECK_EQ("is_as_before", st->ns | st->revision, 0);
}

/* ---------------------------------------------------------------- a KVM host
 */

struct moment {
	uint64_t ns, count;
};

static struct moment ptp(uint64_t counter)
{
	uint64_t x0 = call(KVM_PTP, counter);

	return (struct moment){x0 << 32 | regs[1], regs[2] << 32 | regs[3]};
}

static uint64_t ticks_ns(uint64_t ticks)
{
	uint64_t hz = read_cntfrq_el0();

	return ticks / hz * NS + ticks % hz * NS / hz;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void check_ptp_counters(void)
{
	uint64_t before, after;
	struct moment m;

	isb();
	before = read_cntvct_el0();
	m = ptp(0);
	isb();
	after = read_cntvct_el0();
	CHECK("ptp_virtual_count", before <= m.count && m.count <= after);
	CHECK_EQ("ptp_keeps_x4_to_x17", changed() & ~X2_X3, 0);
	before = read_cntpct_el0();
	m = ptp(1);
	isb();
	after = read_cntpct_el0();
	CHECK("ptp_physical_count", before <= m.count && m.count <= after);
}

/* Time by the calls, by the counter between them, and by the RTC. */
static void check_ptp(void)
{
	struct moment a, b;
	uint32_t dr, dr2;

	check_ptp_counters();
	dr = mmio_read32(PL031_DR);
	a = ptp(0);
	dr2 = mmio_read32(PL031_DR);
	CHECK("ptp_agrees_with_the_rtc",
	      a.ns >= dr * NS && a.ns < (dr2 + UINT64_C(1)) * NS);
	a = ptp(0);
	delay_us(20000);
	b = ptp(0);
	CHECK("ptp_goes_on", b.ns > a.ns && b.count > a.count);
	CHECK("ptp_goes_with_the_counter",
	      distance(b.ns - a.ns, ticks_ns(b.count - a.count)) <= 1);
	CHECK_EQ("ptp_of_another_counter", call(KVM_PTP, 2), NOT_SUPPORTED);
}

static void check_kvm(void)
{
	check_area("kvm");
	CHECK("uid", call(KVM_UID, 0) == 0xb66fb428 && regs[1] == 0xe911c52e &&
			     regs[2] == 0x564bcaa9 && regs[3] == 0x743a004d);
	CHECK_EQ("uid_keeps_x4_to_x17", changed() & ~X2_X3, 0);
	CHECK_EQ("features", call(KVM_FEATURES, 0), 3);
	CHECK_EQ("no_further_features", regs[1] | regs[2] | regs[3], 0);
	check_ptp();
}

void payload_main(void)
{
	check_unknown("smccc.hvc", hvc_regs);
	if (guest.native)
		return;
	check_unknown("smccc.smc", smc_regs);
	check_smccc();
	check_trng();
	check_pvtime();
	check_kvm();
}
