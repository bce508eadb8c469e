/*
 * The generic timer, both of EL1's: CNTx_CTL, CVAL and TVAL exactly as the Arm
 * ARM (DDI 0487, "The Generic Timer") has them, the comparison of 64 bits, the
 * level of the interrupt, EL0's access, and the counter across CPUs.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "timers";

SYSREG_RW(cntp_tval_el0)
SYSREG_RW(cntkctl_el1)

#define CTL_BITS   7
#define SECONDS(n) ((n)*read_cntfrq_el0())
#define FAR_FUTURE SECONDS(100000)
#define EC_SYSREG  0x18
#define EL0PCTEN   BIT(0)
#define EL0VCTEN   BIT(1)
#define EL0VTEN    BIT(8)
#define EL0PTEN    BIT(9)

struct timer {
	const char *area;
	unsigned intid;
	uint64_t (*now)(void);
	uint64_t (*ctl)(void);
	void (*set_ctl)(uint64_t v);
	uint64_t (*cval)(void);
	void (*set_cval)(uint64_t v);
	uint64_t (*tval)(void);
	void (*set_tval)(uint64_t v);
};

#define TIMER(a, i, x, ct)                                                     \
	{                                                                      \
		a, i, read_##ct, read_cnt##x##_ctl_el0,                        \
			write_cnt##x##_ctl_el0, read_cnt##x##_cval_el0,        \
			write_cnt##x##_cval_el0, read_cnt##x##_tval_el0,       \
			write_cnt##x##_tval_el0                                \
	}

static const struct timer timers[2] = {
	TIMER("timers.virtual", PPI_VTIMER, v, cntvct_el0),
	TIMER("timers.physical", PPI_PTIMER, p, cntpct_el0),
};

static uint64_t now(const struct timer *t)
{
	isb();
	return t->now();
}

static void set(const struct timer *t, uint64_t cval, uint64_t ctl)
{
	t->set_cval(cval);
	t->set_ctl(ctl);
	isb();
}

static uint64_t ctl_with(const struct timer *t, uint64_t cval, uint64_t ctl)
{
	set(t, cval, ctl);
	return t->ctl();
}

/* ------------------------------------------------------------- registers */

static void check_ctl(const struct timer *t)
{
	const uint64_t future = now(t) + FAR_FUTURE;

	CHECK_EQ("ctl_keeps_two_bits",
		 ctl_with(t, future, ~UINT64_C(0)) & ~CNT_CTL_ISTATUS,
		 CNT_CTL_ENABLE | CNT_CTL_IMASK);
	CHECK_EQ("ctl_off", ctl_with(t, future, 0) & ~CNT_CTL_ISTATUS, 0);
	CHECK_EQ("ctl_mask_alone",
		 ctl_with(t, future, CNT_CTL_IMASK) & ~CNT_CTL_ISTATUS,
		 CNT_CTL_IMASK);
	CHECK_EQ("istatus_is_read_only",
		 ctl_with(t, future, CTL_BITS) & CNT_CTL_ISTATUS, 0);
	CHECK_EQ("istatus_of_the_future", ctl_with(t, future, CNT_CTL_ENABLE),
		 CNT_CTL_ENABLE);
	CHECK_EQ("istatus_of_the_past",
		 ctl_with(t, 0, CNT_CTL_ENABLE | CNT_CTL_IMASK), CTL_BITS);
	CHECK_EQ("istatus_of_this_moment",
		 ctl_with(t, now(t), CNT_CTL_ENABLE | CNT_CTL_IMASK), CTL_BITS);
	set(t, future, 0);
}

/* Unsigned, of 64 bits: what was long ago has been, what is far off has not. */
static void check_compare(const struct timer *t)
{
	static const struct {
		const char *name;
		uint64_t cval;
		bool met;
	} c[] = {
		{"compare_0", 0, true},
		{"compare_1", 1, true},
		{"compare_bit_40", BIT(40) + BIT(39), false},
		{"compare_bit_62", BIT(62), false},
		{"compare_bit_63", BIT(63), false},
		/* Nearer to the end, emulators add the offset and wrap. */
		{"compare_bits_63_to_32", GENMASK(63, 32), false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(c); i++)
		CHECK_EQ(c[i].name,
			 ctl_with(t, c[i].cval, CNT_CTL_ENABLE | CNT_CTL_IMASK),
			 CNT_CTL_ENABLE | CNT_CTL_IMASK |
				 (c[i].met ? CNT_CTL_ISTATUS : 0));
	t->set_ctl(0);
	isb();
}

static void check_cval(const struct timer *t)
{
	static const uint64_t v[] = {~UINT64_C(0), 1,
				     UINT64_C(0x0123456789abcdef),
				     UINT64_C(0xfedcba9876543210), 0};
	uint64_t bad = 0;

	t->set_ctl(0);
	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		t->set_cval(v[i]);
		isb();
		if (t->cval() != v[i])
			bad = v[i] | 1;
	}
	CHECK_EQ("cval_holds_64_bits", bad, 0);
}

/* CVAL becomes the counter plus TVAL's low half, sign-extended. */
static void check_tval_writes(const struct timer *t)
{
	static const struct {
		const char *name;
		uint64_t tval;
		int64_t delta;
	} c[] = {
		{"tval_0", 0, 0},
		{"tval_1000", 1000, 1000},
		{"tval_largest", 0x7fffffff, 0x7fffffff},
		{"tval_minus_1", 0xffffffff, -1},
		{"tval_smallest", 0x80000000, -INT64_C(0x80000000)},
		{"tval_upper_half_is_ignored", UINT64_C(0xdeadbeef00001000),
		 0x1000},
		{"tval_upper_half_is_no_sign", UINT64_C(0x00000000ffffff00),
		 -0x100},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(c); i++) {
		uint64_t before = now(t), cval, after;

		t->set_tval(c[i].tval);
		isb();
		cval = t->cval();
		after = now(t);
		CHECK(c[i].name, (int64_t)(cval - before) >= c[i].delta &&
					 (int64_t)(cval - after) <= c[i].delta);
	}
}

/* TVAL reads the low half of CVAL minus the counter. */
static void check_tval_reads(const struct timer *t)
{
	static const struct {
		const char *name;
		int64_t ahead;
	} c[] = {
		{"tval_reads_ahead", 0x40000000},
		{"tval_reads_behind", -1000},
		{"tval_reads_low_half", INT64_C(0x500000000) + 0x10000000},
	};

	t->set_ctl(CNT_CTL_IMASK);
	for (unsigned i = 0; i < ARRAY_SIZE(c); i++) {
		uint64_t cval = now(t) + (uint64_t)c[i].ahead, before, after;
		uint64_t tval;

		t->set_cval(cval);
		before = now(t);
		tval = t->tval();
		after = now(t);
		CHECK(c[i].name, tval >> 32 == 0 &&
					 (int32_t)((uint32_t)(cval - before) -
						   (uint32_t)tval) >= 0 &&
					 (int32_t)((uint32_t)(cval - after) -
						   (uint32_t)tval) <= 0);
	}
}

static void check_others_are_left(const struct timer *t, const struct timer *o)
{
	set(o, UINT64_C(0x1234567812345678), CNT_CTL_IMASK | CNT_CTL_ENABLE);
	set(t, 0, CNT_CTL_ENABLE | CNT_CTL_IMASK);
	t->set_tval(5);
	isb();
	CHECK_EQ("other_timers_cval_is_left", o->cval(),
		 UINT64_C(0x1234567812345678));
	CHECK_EQ("other_timers_ctl_is_left", o->ctl(),
		 CNT_CTL_IMASK | CNT_CTL_ENABLE);
	t->set_ctl(0);
	o->set_ctl(0);
	isb();
}

/* ------------------------------------------------------------- interrupts */

static bool pending(const struct timer *t)
{
	return gic_bit(GIC_ISPENDR, t->intid);
}

static void check_level(const struct timer *t)
{
	set(t, now(t) + FAR_FUTURE, CNT_CTL_ENABLE);
	CHECK("not_pending_before", !pending(t));
	set(t, now(t), CNT_CTL_ENABLE | CNT_CTL_IMASK);
	CHECK("mask_keeps_the_line_low", !pending(t));
	t->set_ctl(CNT_CTL_ENABLE);
	isb();
	CHECK("unmasked_is_pending", WAIT_FOR(pending(t)));
	CHECK_EQ("ctl_while_pending", t->ctl(),
		 CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
	t->set_cval(now(t) + FAR_FUTURE);
	isb();
	CHECK("later_cval_lowers_the_line", WAIT_FOR(!pending(t)));
	t->set_tval(0);
	isb();
	CHECK("tval_0_raises_it", WAIT_FOR(pending(t)));
	t->set_ctl(CNT_CTL_ENABLE | CNT_CTL_IMASK);
	isb();
	CHECK("mask_lowers_it", WAIT_FOR(!pending(t)));
	t->set_ctl(CNT_CTL_ENABLE);
	isb();
	CHECK("it_comes_again", WAIT_FOR(pending(t)));
	t->set_ctl(0);
	isb();
	CHECK("disable_lowers_it", WAIT_FOR(!pending(t)));
}

/* Not early: when it is pending, the time has come. */
static void check_deadline(const struct timer *t)
{
	uint64_t deadline = now(t) + time_ticks(3000);
	bool early = false;

	set(t, deadline, CNT_CTL_ENABLE);
	for (;;) {
		bool is = pending(t);

		if (is && now(t) < deadline)
			early = true;
		if (is || now(t) > deadline + SECONDS(10))
			break;
		cpu_relax();
	}
	CHECK("fires_at_its_time", now(t) >= deadline && pending(t));
	CHECK("never_early", !early);
	t->set_ctl(0);
	isb();
}

/* ------------------------------------------------------------ EL0's access */

#define EL0_READ(name)                                                         \
	static uint64_t el0_##name(uint64_t a, void *b)                        \
	{                                                                      \
		(void)a;                                                       \
		(void)b;                                                       \
		return read_##name();                                          \
	}
EL0_READ(cntvct_el0)
EL0_READ(cntpct_el0)
EL0_READ(cntv_ctl_el0)
EL0_READ(cntp_ctl_el0)
EL0_READ(cntv_cval_el0)
EL0_READ(cntp_cval_el0)
EL0_READ(cntfrq_el0)

static void check_el0_one(const char *name, uint64_t (*fn)(uint64_t, void *),
			  uint64_t enable, uint64_t others)
{
	struct trap_record t;

	write_cntkctl_el1(others & ~enable);
	isb();
	trap_expect();
	el0_call(fn, 0, NULL);
	t = trap_end();
	if (t.count != 1 || trap_ec(&t) != EC_SYSREG) {
		check_fail(name, "not trapped: count %u esr 0x%lx", t.count,
			   t.esr);
		return;
	}
	write_cntkctl_el1(enable);
	isb();
	trap_expect();
	el0_call(fn, 0, NULL);
	t = trap_end();
	CHECK_EQ(name, t.count, 0);
}

static void check_el0(void)
{
	const uint64_t all = EL0PCTEN | EL0VCTEN | EL0VTEN | EL0PTEN;

	check_el0_one("cntvct", el0_cntvct_el0, EL0VCTEN, all);
	check_el0_one("cntpct", el0_cntpct_el0, EL0PCTEN, all);
	check_el0_one("cntv_ctl", el0_cntv_ctl_el0, EL0VTEN, all);
	check_el0_one("cntv_cval", el0_cntv_cval_el0, EL0VTEN, all);
	check_el0_one("cntp_ctl", el0_cntp_ctl_el0, EL0PTEN, all);
	check_el0_one("cntp_cval", el0_cntp_cval_el0, EL0PTEN, all);
	check_el0_one("cntfrq", el0_cntfrq_el0, EL0PCTEN | EL0VCTEN,
		      EL0VTEN | EL0PTEN);
	write_cntkctl_el1(0);
	isb();
}

/* ---------------------------------------------------------------- counters */

static void check_counter(const struct timer *t)
{
	uint64_t last = now(t), back = 0;

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t v = now(t);

		if (v < last)
			back++;
		last = v;
	}
	CHECK_EQ("counter_never_goes_back", back, 0);
	CHECK("counter_is_young", now(t) < BIT(48));
}

static volatile bool other_done;
static volatile uint64_t other_virtual, other_physical, other_frq;

static void read_counters(void *arg)
{
	(void)arg;
	isb();
	other_frq = read_cntfrq_el0();
	other_physical = read_cntpct_el0();
	other_virtual = read_cntvct_el0();
	dsb_sy();
	other_done = true;
}

static void check_other_cpus(void)
{
	uint64_t bad = 0, frq = 0;

	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		uint64_t v = now(&timers[0]), p = now(&timers[1]);

		other_done = false;
		if (smp_start(i, read_counters, NULL) ||
		    !WAIT_FOR(other_done) || !smp_wait_off(i))
			bad |= BIT(i);
		if (other_virtual < v || other_virtual > now(&timers[0]) ||
		    other_physical < p || other_physical > now(&timers[1]))
			bad |= BIT(i);
		if (other_frq != read_cntfrq_el0())
			frq |= BIT(i);
	}
	CHECK_EQ("counters_agree_on_all_cpus", bad, 0);
	CHECK_EQ("frequency_is_that_of_all_cpus", frq, 0);
}

static void check_timer(const struct timer *t, const struct timer *other)
{
	check_area(t->area);
	check_ctl(t);
	check_compare(t);
	check_cval(t);
	check_tval_writes(t);
	check_tval_reads(t);
	check_others_are_left(t, other);
	check_counter(t);
	gic_enable(t->intid);
	check_level(t);
	check_deadline(t);
	gic_disable(t->intid);
}

void payload_main(void)
{
	gic_init_dist();
	gic_init_cpu();
	check_timer(&timers[0], &timers[1]);
	check_timer(&timers[1], &timers[0]);
	check_area("timers.el0");
	check_el0();
	check_area("timers");
	check_value("frequency", read_cntfrq_el0());
	check_other_cpus();
}
