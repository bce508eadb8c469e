/*
 * System errors: a machine without error records, the error synchronization
 * barrier and DISR_EL1, which is the CPU's own. Arm ARM DDI 0487, FEAT_RAS and
 * FEAT_IESB; on a CPU without them their registers are UNDEFINED and ESB is a
 * hint.
 *
 * With the boot argument `debugger` somebody else makes errors: each time that
 * this asks for one, by a call of function ERROR_PLEASE, an SError of syndrome
 * ERROR_ISS has to be pending at its return. It asks again until it is.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "errors";

#define PFR0_RAS     GENMASK(31, 28)
#define MMFR2_IESB   GENMASK(15, 12)
#define SCTLR_IESB   BIT(21)
#define DISR_A       BIT(31)
#define EC_SERROR    0x2f
#define ESR_UNDEF    (ESR_IL | FIELD_PREP(ESR_EC, EC_UNKNOWN))
#define ERROR_PLEASE 0x8600e550
#define ERROR_ISS    0xe11 /* recoverable, of a store, asynchronous */
#define ROUNDS       200U

/* Name, encoding, whether it may be written. */
#define RECORD_REGS(X)                                                         \
	X(erridr, "S3_0_C5_C3_0", false)                                       \
	X(errselr, "S3_0_C5_C3_1", true)                                       \
	X(erxfr, "S3_0_C5_C4_0", false)                                        \
	X(erxctlr, "S3_0_C5_C4_1", true)                                       \
	X(erxstatus, "S3_0_C5_C4_2", true)                                     \
	X(erxaddr, "S3_0_C5_C4_3", true)                                       \
	X(erxpfgf, "S3_0_C5_C4_4", false)                                      \
	X(erxpfgctl, "S3_0_C5_C4_5", true)                                     \
	X(erxpfgcdn, "S3_0_C5_C4_6", true)                                     \
	X(erxmisc0, "S3_0_C5_C5_0", true)                                      \
	X(erxmisc1, "S3_0_C5_C5_1", true)                                      \
	X(erxmisc2, "S3_0_C5_C5_2", true)                                      \
	X(erxmisc3, "S3_0_C5_C5_3", true)
#define DISR(X) X(disr, "S3_0_C12_C1_1", true)

/* A read that is skipped gives 0. */
#define ACCESSORS(name, enc, rw)                                               \
	static uint64_t get_##name(void)                                       \
	{                                                                      \
		uint64_t v = 0;                                                \
		__asm__ volatile("mrs %0, " enc : "+r"(v)::"memory");          \
		return v;                                                      \
	}                                                                      \
	static void set_##name(uint64_t v)                                     \
	{                                                                      \
		__asm__ volatile("msr " enc ", %0" ::"r"(v) : "memory");       \
	}
RECORD_REGS(ACCESSORS)
DISR(ACCESSORS)

static const struct record_reg {
	uint64_t (*get)(void);
	void (*set)(uint64_t v);
	bool rw;
} record_regs[] = {
#define ROW(name, enc, rw) {get_##name, set_##name, rw},
	RECORD_REGS(ROW)
#undef ROW
};

static void esb(void)
{
	__asm__ volatile("hint #16" ::: "memory");
}

static bool has_ras(void)
{
	return (read_id_aa64pfr0_el1() & PFR0_RAS) != 0;
}

static uint64_t esr_of_write(void (*set)(uint64_t v), uint64_t v)
{
	struct trap_record t;

	trap_expect();
	set(v);
	t = trap_end();
	return t.count ? t.esr : 0;
}

static uint64_t esr_of_read(uint64_t (*get)(void), uint64_t *v)
{
	struct trap_record t;

	trap_expect();
	*v = get();
	t = trap_end();
	return t.count ? t.esr : 0;
}

/* ----------------------------------------------------- no error records */

static bool is_nothing(uint64_t esr, bool undef)
{
	return esr == ESR_UNDEF || (!undef && !esr);
}

/* With none, each may be UNDEFINED, or read as zero and ignore writes. */
static void check_records(bool ras)
{
	uint64_t v, bad = 0, esr = esr_of_read(get_erridr, &v);

	if (ras)
		CHECK("erridr_says_that_there_is_none", !esr && !v);
	else
		CHECK_EQ("erridr_is_undefined", esr, ESR_UNDEF);
	for (unsigned i = 0; i < ARRAY_SIZE(record_regs); i++) {
		const struct record_reg *r = &record_regs[i];

		if (!is_nothing(esr_of_write(r->set, ~UINT64_C(0)),
				!ras || !r->rw) ||
		    !is_nothing(esr_of_read(r->get, &v), !ras) || v)
			bad |= BIT(i);
	}
	CHECK_EQ("records_show_nothing", bad, 0);
}

/* ------------------------------------------------------ barrier and DISR */

static void check_disr(bool ras)
{
	uint64_t v, esr;

	if (!ras) {
		CHECK_EQ("disr_is_undefined", esr_of_read(get_disr, &v),
			 ESR_UNDEF);
		CHECK_EQ("disr_cannot_be_written", esr_of_write(set_disr, 0),
			 ESR_UNDEF);
		return;
	}
	set_disr(DISR_A | ERROR_ISS);
	esr = esr_of_read(get_disr, &v);
	CHECK("disr_is_held", !esr && v == (DISR_A | ERROR_ISS));
	set_disr(0);
}

static void check_barrier(bool ras)
{
	struct trap_record t;
	uint64_t disr = 0;

	trap_expect();
	esb();
	if (ras)
		disr = get_disr();
	__asm__ volatile("msr daifclr, #4\n\tisb" ::: "memory");
	esb();
	__asm__ volatile("msr daifset, #4" ::: "memory");
	t = trap_end();
	CHECK("barrier_is_an_instruction", t.count == 0);
	CHECK("barrier_finds_no_error", t.serrors == 0 && disr == 0);
}

static uint64_t read_mmfr2(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, S3_0_C0_C7_2" : "=r"(v));
	return v;
}

static void check_implicit(void)
{
	uint64_t sctlr = read_sctlr_el1(), was;
	struct trap_record t;

	if (!(read_mmfr2() & MMFR2_IESB)) {
		check_skip("iesb_is_held", "no FEAT_IESB");
		return;
	}
	write_sctlr_el1(sctlr | SCTLR_IESB);
	isb();
	trap_expect();
	__asm__ volatile("svc #0" ::: "memory");
	t = trap_end();
	was = read_sctlr_el1();
	write_sctlr_el1(sctlr);
	isb();
	CHECK("iesb_is_held", was == (sctlr | SCTLR_IESB));
	CHECK("iesb_finds_no_error",
	      t.count == 1 && t.serrors == 0 && get_disr() == 0);
}

/* -------------------------------------------------------- each CPU's own */

static volatile unsigned strange[CPU_MAX];
static volatile bool finished[CPU_MAX];

static void live(void *arg)
{
	unsigned cpu = this_cpu()->idx;

	(void)arg;
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t want = (round + cpu) % 3 ? DISR_A | cpu << 10 : 0;

		set_disr(want);
		sleep_us(30 + 10 * (uint64_t)cpu);
		strange[cpu] += get_disr() != want;
	}
	set_disr(0);
	dsb_sy();
	finished[cpu] = true;
}

static void check_own(void)
{
	uint64_t late, bad = 0;

	gic_init_dist();
	late = smp_live_all(live, finished);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		bad += strange[i];
	CHECK_EQ("every_cpu_came_to_its_end", late, 0);
	/* Rules out: sysreg-switch */
	CHECK_EQ("every_cpu_keeps_its_disr", bad, 0);
}

/* -------------------------------------------------------- with a debugger */

static bool quiet(void)
{
	return get_disr() == 0;
}

/* CPU 1, which computes on the same physical CPU and has no error. */
static volatile bool over;
static volatile uint64_t rounds;

static void compute(void *arg)
{
	(void)arg;
	finished[1] = false;
	strange[1] = 0;
	while (!over) {
		esb();
		strange[1] += !quiet();
		rounds++;
	}
	finished[1] = true;
}

/* Until CPU 1 has had two turns. */
static void let_compute(void)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t before = rounds;

		(void)WAIT_FOR(rounds != before);
	}
}

/* Asks until there is an error, which a barrier defers. */
static uint64_t deferred(void (*meanwhile)(void))
{
	do {
		hvc_call(ERROR_PLEASE, 0, 0, 0);
		if (meanwhile)
			meanwhile();
		esb();
	} while (quiet());
	return get_disr();
}

static void check_deferred(const char *name, void (*meanwhile)(void))
{
	struct trap_record t;

	trap_expect();
	CHECK_EQ(name, deferred(meanwhile), DISR_A | ERROR_ISS);
	set_disr(0);
	esb();
	__asm__ volatile("msr daifclr, #4\n\tisb" ::: "memory");
	__asm__ volatile("msr daifset, #4" ::: "memory");
	t = trap_end();
	CHECK("error_is_deferred_once", quiet() && t.serrors == 0);
}

static void check_taken(const char *name, bool ras)
{
	struct trap_record t;

	do {
		trap_expect();
		hvc_call(ERROR_PLEASE, 0, 0, 0);
		__asm__ volatile("msr daifclr, #4\n\tisb" ::: "memory");
		__asm__ volatile("msr daifset, #4" ::: "memory");
		t = trap_end();
	} while (!t.serrors);
	CHECK_EQ(name, t.serrors, 1);
	CHECK_EQ("error_is_an_serror", trap_ec(&t), EC_SERROR);
	if (ras)
		CHECK("error_is_told", (t.esr & 0x1ffffff) == ERROR_ISS);
}

static void check_switched(void)
{
	check_area("errors.switched");
	CHECK("other_cpu_starts", smp_start(1, compute, NULL) == 0);
	check_deferred("error_stays_with_its_cpu", let_compute);
	over = true;
	CHECK("other_cpu_has_had_turns", WAIT_FOR(finished[1]) && rounds > 1);
	CHECK_EQ("other_cpu_has_no_error", strange[1], 0);
}

static void with_debugger(bool ras)
{
	check_area("errors.masked");
	if (ras)
		check_deferred("error_goes_to_disr", NULL);
	check_area("errors.unmasked");
	check_taken("error_is_taken", ras);
	if (ras)
		check_switched();
}

void payload_main(void)
{
	bool ras = has_ras();

	check_records(ras);
	check_disr(ras);
	check_barrier(ras);
	check_implicit();
	if (ras)
		check_own();
	if (str_has_word(guest.bootargs, "debugger"))
		with_debugger(ras);
}
