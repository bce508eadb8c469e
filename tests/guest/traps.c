/*
 * Instructions that a hypervisor traps or could be upset by: hypercalls,
 * system registers, waits, set/way maintenance. Each has its architected
 * answer, and what the ID registers promise is there. One CPU is enough.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/psci.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "traps";

typedef uint64_t (*insn_fn)(uint64_t x0);

extern const uint32_t id_space[], undef_table[], undef_table_end[];
uint64_t do_udf(uint64_t x0), do_hlt(uint64_t x0), do_brk(uint64_t x0);
uint64_t do_dcps1(uint64_t x0), do_dcps2(uint64_t x0), do_drps(uint64_t x0);
uint64_t do_svc(uint64_t x0), do_hvc_imm(uint64_t x0), do_smc_imm(uint64_t x0);
uint64_t do_wfe_ready(uint64_t x0), hvc_keeps(uint64_t fn);
uint64_t use_pauth(uint64_t x0), use_sve(uint64_t x0), use_sme(uint64_t x0);
uint64_t use_mte(uint64_t x0), use_rndr(uint64_t x0), use_ras(uint64_t x0);
uint64_t use_pmu(uint64_t x0), use_spe(uint64_t x0), use_amu(uint64_t x0);
uint64_t use_mpam(uint64_t x0), use_trace(uint64_t x0), use_trf(uint64_t x0);
uint64_t use_pan(uint64_t x0), use_uao(uint64_t x0), use_dit(uint64_t x0);
uint64_t use_ssbs(uint64_t x0), use_lor(uint64_t x0), use_scxtnum(uint64_t x0);
uint64_t lor_ones(uint64_t x0);
uint64_t use_crc32(uint64_t x0), use_aes(uint64_t x0), use_lse(uint64_t x0);

#define ESR_UNDEF (ESR_IL | FIELD_PREP(ESR_EC, EC_UNKNOWN))

/* ESR of the exception that `fn` takes; 0 when it takes none. */
static uint64_t esr_of(insn_fn fn)
{
	static uint64_t cell __attribute__((aligned(16)));
	struct trap_record t;

	trap_expect();
	fn((uint64_t)(uintptr_t)&cell);
	t = trap_end();
	return t.count ? t.esr : 0;
}

/* Two instructions an entry: the one of interest and a return. */
static insn_fn table_entry(const uint32_t *at)
{
	return (insn_fn)ptr_of(addr_of(at));
}

static void put_hex(char *at, uint32_t v)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = "0123456789abcdef"[v >> (28 - 4 * i) & 15];
}

/* Rules out: unknown-sysreg */
static void check_undefined(void)
{
	char name[] = "undef_xxxxxxxx";

	uint64_t len = addr_of(undef_table_end) - addr_of(undef_table);

	for (uint64_t i = 0; i < len / sizeof(*undef_table); i += 2) {
		const uint32_t *p = &undef_table[i];

		put_hex(name + 6, *p);
		CHECK_EQ(name, esr_of(table_entry(p)), ESR_UNDEF);
	}
	CHECK_EQ("udf", esr_of(do_udf), ESR_UNDEF);
	/* Rules out: semihosting */
	CHECK_EQ("hlt", esr_of(do_hlt), ESR_UNDEF);
	CHECK_EQ("dcps1", esr_of(do_dcps1), ESR_UNDEF);
	CHECK_EQ("dcps2", esr_of(do_dcps2), ESR_UNDEF);
	CHECK_EQ("drps", esr_of(do_drps), ESR_UNDEF);
}

static void check_own_exceptions(void)
{
	CHECK_EQ("brk", esr_of(do_brk),
		 FIELD_PREP(ESR_EC, EC_BRK64) | ESR_IL | 0x123);
	CHECK_EQ("svc", esr_of(do_svc),
		 FIELD_PREP(ESR_EC, EC_SVC64) | ESR_IL | 0x456);
}

static uint64_t id_reg(unsigned crm, unsigned op2)
{
	return table_entry(&id_space[UINT64_C(2) * (crm * 8 + op2)])(0);
}

static void check_id_space(void)
{
	uint64_t bad = 0;

	for (unsigned i = 8; i < 64; i++) {
		if (esr_of(table_entry(&id_space[UINT64_C(2) * i])))
			bad |= BIT(i);
	}
	/* Rules out: id-space */
	CHECK_EQ("id_space_reads", bad, 0);
	CHECK_EQ("id_reg_is_stable", id_reg(4, 0), id_reg(4, 0));
	CHECK_EQ("id_trap_and_mrs_agree", id_reg(4, 0), read_id_aa64pfr0_el1());
	check_value("id_el2", FIELD_GET(GENMASK(11, 8), id_reg(4, 0)));
	check_value("id_el3", FIELD_GET(GENMASK(15, 12), id_reg(4, 0)));
	CHECK_EQ("id_gic_sysregs", FIELD_GET(GENMASK(27, 24), id_reg(4, 0)) & 1,
		 1);
}

/*
 * A feature whose field at `lsb` of ID register c0,`crm`,`op2` is `min` or
 * more must work; with `gone` set, one below that must be UNDEFINED.
 */
struct feature {
	const char *name;
	insn_fn use;
	uint8_t crm, op2, lsb, min;
	bool gone;
};

static const struct feature features[] = {
	/* Rules out: el2-register-unset */
	{"feature_sve", use_sve, 4, 0, 32, 1, true},
	/* Rules out: false-feature */
	{"feature_sme", use_sme, 4, 1, 24, 1, true},
	/* Rules out: false-feature */
	{"feature_mte", use_mte, 4, 1, 8, 1, false},
	{"feature_rndr", use_rndr, 6, 0, 60, 1, false},
	{"feature_ras", use_ras, 4, 0, 28, 1, false},
	/* Rules out: false-feature */
	{"feature_amu", use_amu, 4, 0, 44, 1, true},
	{"feature_mpam", use_mpam, 4, 0, 40, 1, true},
	{"feature_pmu", use_pmu, 5, 0, 8, 1, true},
	{"feature_spe", use_spe, 5, 0, 32, 1, true},
	{"feature_trace", use_trace, 5, 0, 4, 1, true},
	{"feature_trf", use_trf, 5, 0, 40, 1, true},
	{"feature_dit", use_dit, 4, 0, 48, 1, false},
	{"feature_ssbs", use_ssbs, 4, 1, 4, 2, false},
	{"feature_pan", use_pan, 7, 1, 20, 1, false},
	{"feature_uao", use_uao, 7, 2, 4, 1, false},
	{"feature_lor", use_lor, 7, 1, 16, 1, false},
	{"feature_csv2_2", use_scxtnum, 4, 0, 56, 2, false},
	{"feature_crc32", use_crc32, 6, 0, 16, 1, false},
	{"feature_aes", use_aes, 6, 0, 4, 1, false},
	{"feature_lse", use_lse, 6, 0, 20, 2, false},
};

static void check_feature(const struct feature *f, uint64_t value)
{
	uint64_t field = value >> f->lsb & 15;
	uint64_t esr = esr_of(f->use);
	/* 15: the PMU is not standard */
	bool shown = field != 15 && field >= f->min;

	check_area("traps.shows");
	check_word(f->name, shown ? "yes" : "no");
	check_area("traps");
	if (shown)
		CHECK_EQ(f->name, esr, 0);
	else
		CHECK_EQ(f->name, f->gone ? esr : ESR_UNDEF, ESR_UNDEF);
}

static void check_features(void)
{
	uint64_t isar1 = id_reg(6, 1), isar2 = id_reg(6, 2);
	bool pauth = (isar1 & GENMASK(11, 4)) || (isar2 & GENMASK(15, 12));

	__asm__ volatile("msr cpacr_el1, %0\n\tisb" ::"r"(UINT64_C(0x3330000)));
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		check_feature(&features[i],
			      id_reg(features[i].crm, features[i].op2));
	CHECK_EQ("feature_pauth", esr_of(use_pauth), pauth ? 0 : ESR_UNDEF);
}

static void check_loregions(void)
{
	static uint64_t cell = 0x10c;
	uint64_t ones;

	if (!FIELD_GET(GENMASK(19, 16), id_reg(7, 1))) {
		check_skip("loregions_there_are_none", "no FEAT_LOR");
		return;
	}
	CHECK_EQ("loregions_there_are_none", use_lor(0), 0);
	trap_expect();
	ones = lor_ones((uint64_t)(uintptr_t)&cell);
	CHECK_EQ("loregion_registers_do_not_trap", trap_end().count, 0);
	CHECK_EQ("loregion_registers_are_res0", ones, 0);
	CHECK_EQ("loregion_accesses_are_plain", cell, 0x10c);
}

static void check_unknown_calls(void)
{
	static const uint64_t fns[] = {
		0,          1,          0x7fffffff, 0x8100ffff, 0x8200ffff,
		0x8300ffff, 0x8400fff0, 0xc400fff0, 0x8500fff0, 0xc500fff0,
		0x8700ffff, 0xb200ffff, 0xbe00ffff, 0xdeadbeef, 0xffffffff,
	};
	uint64_t bad = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(fns); i++) {
		if ((int32_t)hvc_call(fns[i], ~0UL, 1, 2) != PSCI_NOT_SUPPORTED)
			bad = fns[i] | BIT(63);
	}
	CHECK_EQ("hvc_unknown_functions", bad, 0);
	CHECK_EQ("hvc_unknown_64bit_result", hvc_call(0xc400fff0, 0, 0, 0),
		 ~UINT64_C(0));
	if (guest.native)
		return;
	bad = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(fns); i++) {
		if ((int32_t)smc_call(fns[i], ~0UL, 1, 2) != PSCI_NOT_SUPPORTED)
			bad = fns[i] | BIT(63);
	}
	/* Rules out: smc-forwarded */
	CHECK_EQ("smc_unknown_functions", bad, 0);
}

static void check_calls(void)
{
	uint64_t version = hvc_call(PSCI_VERSION, 0, 0, 0);

	CHECK_EQ("hvc_keeps_registers", hvc_keeps(PSCI_VERSION), 0);
	CHECK_EQ("unknown_hvc_keeps_registers", hvc_keeps(0x8700ffff), 0);
	check_unknown_calls();
	esr_of(do_hvc_imm);
	esr_of(do_smc_imm);
	check_ok("calls_with_immediate_survive");
	if (guest.native)
		return;
	CHECK_EQ("smc_like_hvc", smc_call(PSCI_VERSION, 0, 0, 0), version);
	CHECK_EQ("call_upper_half_ignored",
		 hvc_call(PSCI_VERSION | 0xffffffff00000000, 0, 0, 0), version);
	CHECK_EQ("call_sve_hint_ignored",
		 hvc_call(PSCI_VERSION | 0x10000, 0, 0, 0), version);
}

static void set_way(uint64_t level, uint64_t ways, uint64_t sets, uint64_t line)
{
	uint64_t way_lsb = ways > 1 ? 32 - bit_highest(ways - 1) - 1 : 32;

	for (uint64_t w = 0; w < ways; w++) {
		for (uint64_t s = 0; s < min_u64(sets, 16); s++) {
			uint64_t v = w << way_lsb | s << line | level << 1;

			__asm__ volatile("dc csw, %0" ::"r"(v) : "memory");
			__asm__ volatile("dc cisw, %0" ::"r"(v) : "memory");
			__asm__ volatile("dc isw, %0" ::"r"(v) : "memory");
		}
	}
}

static void check_set_way(void)
{
	uint64_t clidr = read_clidr_el1(), geometry;
	struct trap_record t;

	trap_expect();
	for (uint64_t level = 0; level < 7; level++) {
		if ((clidr >> 3 * level & 7) < 2)
			continue;
		write_csselr_el1(level << 1);
		isb();
		geometry = read_ccsidr_el1();
		set_way(level, (geometry >> 3 & 0x3ff) + 1,
			(geometry >> 13 & 0x7fff) + 1, (geometry & 7) + 4);
	}
	__asm__ volatile("dsb sy\n\tic iallu\n\tic ialluis\n\tisb");
	t = trap_end();
	/* Rules out: set-way */
	CHECK_EQ("set_way_maintenance", t.count, 0);
}

static void check_waits(void)
{
	uint64_t deadline;

	do_wfe_ready(0);
	check_ok("wfe_after_event");
	gic_init_dist();
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	deadline = time_now() + time_ticks(2000);
	write_cntv_cval_el0(deadline);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	for (unsigned i = 0; i < 3 && time_now() < deadline; i++)
		wfi(); /* masked: wakes without taking it */
	CHECK("wfi_sleeps_until_timer", time_now() >= deadline);
	CHECK("wfi_leaves_it_pending", WAIT_FOR(read_isr_el1() & BIT(7)));
	wfi();
	/* Rules out: wakeup-lost */
	check_ok("wfi_with_pending_interrupt_returns");
	write_cntv_ctl_el0(0);
	isb();
	/* Without a trap on the timer nobody sees it go off: a list register
	 * keeps the interrupt until the distributor is asked about it. */
	CHECK("timer_off_is_not_pending",
	      WAIT_FOR(!gic_bit(GIC_ISPENDR, PPI_VTIMER) &&
		       !(read_isr_el1() & BIT(7))));
}

/* Debug and other registers that Linux writes without asking first. */
static void check_registers(void)
{
	struct trap_record t;

	trap_expect();
	write_oslar_el1(1);
	isb();
	t = trap_end();
	CHECK_EQ("oslar_writes", t.count, 0);
	CHECK("os_lock_is_held", read_oslsr_el1() & BIT(1));
	write_oslar_el1(0);
	isb();
	CHECK("os_lock_is_free", !(read_oslsr_el1() & BIT(1)));
	write_contextidr_el1(0x12345678);
	isb();
	CHECK_EQ("contextidr_holds", read_contextidr_el1(), 0x12345678);
}

/* CNTPCT - CNTVCT lies in [low, high] whenever this was called. */
static void counter_offset(uint64_t *low, uint64_t *high)
{
	uint64_t before = (isb(), read_cntpct_el0());
	uint64_t now = time_now();

	isb();
	*low = before - now;
	*high = read_cntpct_el0() - now;
}

static void check_counters(void)
{
	uint64_t low[2], high[2];

	counter_offset(&low[0], &high[0]);
	delay_us(1000);
	counter_offset(&low[1], &high[1]);
	/* Rules out: virtual-time */
	CHECK("counters_keep_their_offset",
	      (int64_t)(low[0] - high[1]) <= 0 &&
		      (int64_t)(low[1] - high[0]) <= 0);
}

void payload_main(void)
{
	mmu_on(); /* atomics need Normal memory */
	check_undefined();
	check_own_exceptions();
	check_id_space();
	check_features();
	check_loregions();
	check_calls();
	check_set_way();
	check_waits();
	check_registers();
	check_counters();
	CHECK_EQ("id_same_at_the_end", id_reg(4, 0), read_id_aa64pfr0_el1());
}
