/*
 * Pointer authentication (Arm ARM DDI 0487, FEAT_PAuth): the five keys hold,
 * each signs and authenticates by itself, what is wrong fails, and keys are
 * each CPU's own: other CPUs, firmware calls, interrupts and sleep change
 * none. The algorithm is the CPU's; values are compared with its own.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "pauth";

typedef uint64_t (*fn_t)(uint64_t pointer, void *modifier);

uint64_t pac_ia(uint64_t p, void *m), pac_ib(uint64_t p, void *m);
uint64_t pac_da(uint64_t p, void *m), pac_db(uint64_t p, void *m);
uint64_t aut_ia(uint64_t p, void *m), aut_ib(uint64_t p, void *m);
uint64_t aut_da(uint64_t p, void *m), aut_db(uint64_t p, void *m);
uint64_t pac_ga(uint64_t p, void *m), xpac_i(uint64_t p, void *m);
uint64_t xpac_d(uint64_t p, void *m), hint_pac(uint64_t p, void *m);
uint64_t hint_aut(uint64_t p, void *m);

#define EC_FPAC 0x1c
#define NR_KEYS 5U /* IA, IB, DA, DB, GA */
#define NR_SIGN 4U /* those with pointers */
#define NR_MODS 32U
#define ROUNDS  200U

/* Key registers, lo and hi, by their encodings: all CPUs assemble them. */
#define KEY_REGS(X)                                                            \
	X(0, "S3_0_C2_C1_0")                                                   \
	X(1, "S3_0_C2_C1_1")                                                   \
	X(2, "S3_0_C2_C1_2")                                                   \
	X(3, "S3_0_C2_C1_3")                                                   \
	X(4, "S3_0_C2_C2_0")                                                   \
	X(5, "S3_0_C2_C2_1")                                                   \
	X(6, "S3_0_C2_C2_2")                                                   \
	X(7, "S3_0_C2_C2_3")                                                   \
	X(8, "S3_0_C2_C3_0")                                                   \
	X(9, "S3_0_C2_C3_1")

static void write_keys(const uint64_t key[2 * NR_KEYS])
{
#define WRITE(i, reg) __asm__ volatile("msr " reg ", %0" ::"r"(key[i]));
	KEY_REGS(WRITE)
	isb();
}

static void read_keys(uint64_t key[2 * NR_KEYS])
{
#define READ(i, reg) __asm__ volatile("mrs %0, " reg : "=r"(key[i]));
	KEY_REGS(READ)
}

static const struct {
	const char *area;
	fn_t pac, aut;
	uint64_t enable; /* in SCTLR_EL1 */
} keys[NR_SIGN] = {
	{"pauth.ia", pac_ia, aut_ia, BIT(31)},
	{"pauth.ib", pac_ib, aut_ib, BIT(30)},
	{"pauth.da", pac_da, aut_da, BIT(27)},
	{"pauth.db", pac_db, aut_db, BIT(13)},
};

#define ALL_ENABLED (BIT(31) | BIT(30) | BIT(27) | BIT(13))

/* Keys that no two CPUs have. */
static void keys_of(unsigned cpu, uint64_t key[2 * NR_KEYS])
{
	for (unsigned i = 0; i < 2 * NR_KEYS; i++)
		key[i] = (cpu * 16 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool has_pauth(void)
{
	uint64_t isar2;

	__asm__("mrs %0, S3_0_C0_C6_2" : "=r"(isar2));
	return (read_id_aa64isar1_el1() & GENMASK(11, 4)) ||
	       (isar2 & GENMASK(15, 12));
}

static bool has_generic(void)
{
	uint64_t isar2;

	__asm__("mrs %0, S3_0_C0_C6_2" : "=r"(isar2));
	return (read_id_aa64isar1_el1() & GENMASK(31, 24)) ||
	       (isar2 & GENMASK(11, 8));
}

static void enable(uint64_t bits)
{
	write_sctlr_el1((read_sctlr_el1() & ~ALL_ENABLED) | bits);
	isb();
}

static uint64_t pointer(void)
{
	return addr_of(&keys);
}

static void *modifier(unsigned i)
{
	return ptr_of(i * UINT64_C(0x1234567));
}

/* ----------------------------------------------------------------- one key */

static unsigned nr_signed(fn_t pac, fn_t aut, unsigned *back)
{
	unsigned n = 0;

	*back = 0;
	for (unsigned i = 0; i < NR_MODS; i++) {
		uint64_t p = pac(pointer(), modifier(i));

		n += p != pointer();
		*back += aut(p, modifier(i)) == pointer();
	}
	return n;
}

/* Whether an authentication that must fail does: by an exception where the
 * CPU has FEAT_FPAC, else by a pointer that is good for nothing. */
static bool refuses(fn_t aut, uint64_t p, void *m)
{
	struct trap_record t;
	uint64_t q;

	trap_expect();
	q = aut(p, m);
	t = trap_end();
	if (t.count)
		return trap_ec(&t) == EC_FPAC;
	if (q == pointer())
		return false;
	trap_expect();
	(void)mmio_read8(q);
	t = trap_end();
	return t.count == 1 && trap_ec(&t) == EC_DABT_SAME;
}

/* Of several, since a signature has few bits and may be right by chance. */
static unsigned nr_refused(fn_t pac, fn_t aut, unsigned change)
{
	unsigned n = 0;

	for (unsigned i = 0; i < NR_MODS; i++) {
		uint64_t p = pac(pointer(), modifier(i));

		n += refuses(aut, p, modifier(i + change));
	}
	return n;
}

static unsigned nr_refused_by_another_key(unsigned k)
{
	uint64_t mine[2 * NR_KEYS], other[2 * NR_KEYS], p[NR_MODS];
	unsigned n = 0;

	read_keys(mine);
	read_keys(other);
	for (unsigned i = 0; i < NR_MODS; i++)
		p[i] = keys[k].pac(pointer(), modifier(i));
	other[2 * k] ^= 1;
	write_keys(other);
	for (unsigned i = 0; i < NR_MODS; i++)
		n += refuses(keys[k].aut, p[i], modifier(i));
	write_keys(mine);
	return n;
}

static void check_key(unsigned k)
{
	fn_t pac = keys[k].pac, aut = keys[k].aut;
	unsigned back;

	check_area(keys[k].area);
	enable(ALL_ENABLED & ~keys[k].enable);
	CHECK_EQ("switched_off_signs_nothing", nr_signed(pac, aut, &back), 0);
	CHECK_EQ("switched_off_authenticates_nothing", back, NR_MODS);
	enable(keys[k].enable);
	CHECK("signs", nr_signed(pac, aut, &back) > NR_MODS - 4);
	CHECK_EQ("authenticates_what_it_signed", back, NR_MODS);
	CHECK("another_modifier_fails", nr_refused(pac, aut, 1) > NR_MODS - 4);
	CHECK("another_key_fails", nr_refused_by_another_key(k) > NR_MODS - 4);
	CHECK_EQ("el0_has_the_same_key",
		 (mmu_off(), el0_call(pac, pointer(), modifier(3))),
		 pac(pointer(), modifier(3)));
	mmu_on();
	enable(ALL_ENABLED);
	CHECK_EQ("strips",
		 (k < 2 ? xpac_i : xpac_d)(pac(pointer(), NULL), NULL),
		 pointer());
}

static void check_generic(void)
{
	uint64_t key[2 * NR_KEYS], a = pac_ga(1, modifier(1)), b;

	check_area("pauth.ga");
	CHECK_EQ("code_is_in_the_upper_half", a & 0xffffffff, 0);
	CHECK_EQ("is_the_same_again", pac_ga(1, modifier(1)), a);
	CHECK("depends_on_the_value", pac_ga(2, modifier(1)) != a);
	CHECK("depends_on_the_modifier", pac_ga(1, modifier(2)) != a);
	read_keys(key);
	key[8] ^= 1;
	write_keys(key);
	b = pac_ga(1, modifier(1));
	key[8] ^= 1;
	write_keys(key);
	CHECK("depends_on_the_key", a != b);
}

/* ------------------------------------------------------------ what they
 * outlive
 */

/* One number from all keys. */
static uint64_t signatures(bool generic)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < NR_SIGN; k++)
		for (unsigned i = 0; i < 4; i++)
			sum = sum * 31 + keys[k].pac(pointer(), modifier(i));
	return generic ? sum * 31 + pac_ga(sum, NULL) : sum;
}

static bool keys_hold(unsigned cpu)
{
	uint64_t want[2 * NR_KEYS], got[2 * NR_KEYS];

	keys_of(cpu, want);
	read_keys(got);
	for (unsigned i = 0; i < 2 * NR_KEYS; i++)
		if (want[i] != got[i])
			return false;
	return true;
}

static volatile bool bad_cpu[CPU_MAX], done_cpu[CPU_MAX];

/* Each CPU with keys of its own, asleep and awake in turn. */
static void live(void *arg)
{
	unsigned cpu = this_cpu()->idx;
	uint64_t key[2 * NR_KEYS], want;
	bool generic = has_generic();

	(void)arg;
	mmu_on();
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	keys_of(cpu, key);
	write_keys(key);
	enable(ALL_ENABLED);
	want = signatures(generic);
	for (unsigned i = 0; i < ROUNDS; i++) {
		sleep_us(50 + 10 * cpu);
		psci_call(PSCI_VERSION, 0, 0, 0);
		if (!keys_hold(cpu) || signatures(generic) != want)
			bad_cpu[cpu] = true;
	}
	dsb_sy();
	done_cpu[cpu] = true;
}

static void check_cpus(void)
{
	uint64_t bad = 0, late;

	check_area("pauth");
	gic_init_dist();
	late = smp_live_all(live, done_cpu);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		if (bad_cpu[i])
			bad |= BIT(i);
	CHECK_EQ("every_cpu_came_to_its_end", late, 0);
	/* Rules out: pauth-keys */
	CHECK_EQ("every_cpu_keeps_its_own_keys", bad, 0);
}

void payload_main(void)
{
	uint64_t key[2 * NR_KEYS];

	check_area("pauth");
	check_word("is_there", has_pauth() ? "yes" : "no");
	if (!has_pauth()) {
		CHECK_EQ("hint_forms_do_nothing",
			 hint_aut(hint_pac(pointer(), NULL), NULL), pointer());
		CHECK_EQ("nor_does_the_first", hint_pac(pointer(), NULL),
			 pointer());
		return;
	}
	mmu_on();
	keys_of(0, key);
	write_keys(key);
	CHECK("keys_hold_what_was_written", keys_hold(0));
	enable(ALL_ENABLED);
	CHECK_EQ("hint_form_signs_as_the_other", hint_pac(pointer(), NULL),
		 pac_ia(pointer(), NULL));
	CHECK_EQ("hint_form_authenticates_it",
		 hint_aut(pac_ia(pointer(), NULL), NULL), pointer());
	for (unsigned k = 0; k < NR_SIGN; k++)
		check_key(k);
	if (has_generic())
		check_generic();
	check_cpus();
}
