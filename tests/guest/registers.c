/*
 * An exit changes the register that the instruction writes, and no other: each
 * kind of instruction that traps, with each register as its operand, executed
 * with all general registers full. Which of them a hypervisor saves at an exit,
 * and which it leaves in the CPU, must not show. Arm ARM DDI 0487, AArch64.
 */
#include "lib/arm.h"
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/psci.h"
#include "lib/timer.h"
#include "lib/uart.h"

const char payload_name[] = "registers";

#define NR_REGS  31U
#define SPI      40 /* nobody's: its priority is memory */
#define PRIO_REG (GICD_BASE + GIC_IPRIORITYR + SPI)
#define PRIO     0x80604020U
#define TIMER_US 5

#define EACH_OF_8(X, op, a, b, c, d, e, f, g, h)                               \
	X(op, a)                                                               \
	X(op, b)                                                               \
	X(op, c)                                                               \
	X(op, d)                                                               \
	X(op, e)                                                               \
	X(op, f)                                                               \
	X(op, g)                                                               \
	X(op, h)
#define EACH_OPERAND(X, op)                                                    \
	EACH_OF_8(X, op, 0, 1, 2, 3, 4, 5, 6, 7)                               \
	EACH_OF_8(X, op, 8, 9, 10, 11, 12, 13, 14, 15)                         \
	EACH_OF_8(X, op, 16, 17, 18, 19, 20, 21, 22, 23)                       \
	X(op, 24)                                                              \
	X(op, 25)                                                              \
	X(op, 26)                                                              \
	X(op, 27)                                                              \
	X(op, 28)                                                              \
	X(op, 29)                                                              \
	X(op, 30)

typedef void (*op_fn)(uint64_t x[NR_REGS]);
#define DECLARE(op, n) void regs_##op##_##n(uint64_t x[NR_REGS]);
#define NAME(op, n)    regs_##op##_##n,

EACH_OPERAND(DECLARE, load)
EACH_OPERAND(DECLARE, load_signed)
EACH_OPERAND(DECLARE, store)
EACH_OPERAND(DECLARE, pair)
EACH_OPERAND(DECLARE, idreg)
EACH_OPERAND(DECLARE, aidreg)
EACH_OPERAND(DECLARE, pmureg)
EACH_OPERAND(DECLARE, pmuset)
EACH_OPERAND(DECLARE, counter)
EACH_OPERAND(DECLARE, counterset)
EACH_OPERAND(DECLARE, sgi)
DECLARE(load, 31)
DECLARE(store, 31)
DECLARE(idreg, 31)
DECLARE(pmureg, 31)
DECLARE(pmuset, 31)
DECLARE(counter, 31)
DECLARE(counterset, 31)
DECLARE(hvc, 0)
DECLARE(smc, 0)
DECLARE(wait, 0)

static const op_fn load[] = {EACH_OPERAND(NAME, load) regs_load_31};
static const op_fn load_signed[] = {EACH_OPERAND(NAME, load_signed)};
static const op_fn store[] = {EACH_OPERAND(NAME, store) regs_store_31};
static const op_fn pair[] = {EACH_OPERAND(NAME, pair)};
static const op_fn idreg[] = {EACH_OPERAND(NAME, idreg) regs_idreg_31};
static const op_fn aidreg[] = {EACH_OPERAND(NAME, aidreg)};
static const op_fn pmureg[] = {EACH_OPERAND(NAME, pmureg) regs_pmureg_31};
static const op_fn pmuset[] = {EACH_OPERAND(NAME, pmuset) regs_pmuset_31};
static const op_fn counter[] = {EACH_OPERAND(NAME, counter) regs_counter_31};
static const op_fn counterset[] = {EACH_OPERAND(NAME, counterset)
					   regs_counterset_31};
static const op_fn sgi[] = {EACH_OPERAND(NAME, sgi)};

static uint64_t x[NR_REGS], want[NR_REGS];

static void fill(unsigned seed)
{
	for (unsigned i = 0; i < NR_REGS; i++)
		x[i] = (seed * 64 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* registers_asm.S: the register with the address. */
static unsigned base_of(unsigned n)
{
	return n == 30 ? 29 : 30;
}

/* Runs it; true: all registers are what `want` says. */
static bool keeps(op_fn fn)
{
	fn(x);
	for (unsigned i = 0; i < NR_REGS; i++) {
		if (x[i] != want[i]) {
			check_note("x%u is 0x%lx and not 0x%lx", i, x[i],
				   want[i]);
			return false;
		}
	}
	return true;
}

static void expect_same(void)
{
	for (unsigned i = 0; i < NR_REGS; i++)
		want[i] = x[i];
}

/* Loads from the device, all registers: what they give is `value`. */
static void check_loads(const char *name, const op_fn *ops, unsigned nr,
			uint64_t value, bool pairs)
{
	bool ok = true;

	for (unsigned n = 0; n < nr && ok; n++) {
		fill(n);
		x[base_of(n)] = PRIO_REG;
		expect_same();
		if (n < NR_REGS)
			want[n] = value;
		if (pairs)
			want[base_of(n)] = value;
		ok = keeps(ops[n]);
	}
	CHECK(name, ok);
}

/* Stores to the device's register at `reg`, which keeps what `mask` says. */
static void check_stores(const char *name, uint64_t reg, uint32_t mask)
{
	bool ok = true;

	for (unsigned n = 0; n < ARRAY_SIZE(store) && ok; n++) {
		uint32_t stored = n < NR_REGS ? 0x01010101U * (n << 3) : 0;

		stored &= mask;

		fill(n);
		if (n < NR_REGS)
			x[n] = stored | UINT64_C(0xdead) << 48;
		x[base_of(n)] = reg;
		expect_same();
		mmio_write32(reg, ~stored);
		ok = keeps(store[n]) && mmio_read32(reg) == stored;
	}
	CHECK(name, ok);
}

/* The UART's registers are read without an exit once FR has been; a store is
 * another kind of abort then. */
static void check_uart_stores(void)
{
	(void)uart_read(UARTFR);
	check_stores("stores_to_the_uart_take_theirs", UART_BASE + UARTIBRD,
		     0xffff);
}

static void check_reads(const char *name, const op_fn *ops, unsigned nr,
			uint64_t value)
{
	bool ok = true;

	for (unsigned n = 0; n < nr && ok; n++) {
		fill(n);
		expect_same();
		if (n < NR_REGS)
			want[n] = value;
		ok = keeps(ops[n]);
	}
	CHECK(name, ok);
}

/* To nobody. */
static void check_sgis(void)
{
	bool ok = true;

	for (unsigned n = 0; n < ARRAY_SIZE(sgi) && ok; n++) {
		fill(n);
		x[n] = 0;
		expect_same();
		ok = keeps(sgi[n]);
	}
	CHECK("sgis_change_nothing", ok);
}

static void check_call(const char *name, op_fn fn, uint64_t id, uint64_t result)
{
	fill(77);
	x[0] = id;
	expect_same();
	want[0] = result;
	CHECK(name, keeps(fn));
}

/* The physical one: the guest's own is masked. */
static void check_interrupt(void)
{
	uint64_t iar;

	gic_enable(PPI_VTIMER);
	fill(99);
	expect_same();
	write_cntv_cval_el0(time_now() + time_ticks(TIMER_US));
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	CHECK("interrupts_change_nothing", keeps(regs_wait_0));
	iar = read_icc_iar1_el1();
	write_cntv_ctl_el0(0);
	isb();
	if (CHECK_EQ("there_was_one", iar, PPI_VTIMER))
		write_icc_eoir1_el1(iar);
}

SYSREG_RO(id_mmfr0_el1)
SYSREG_RO(id_aa64dfr0_el1)
SYSREG_RW(pmcntenset_el0)
SYSREG_WO(pmcntenclr_el0)
SYSREG_RO(pmccntr_el0)
SYSREG_RW(pmevcntr1_el0)

static uint64_t cycles(void)
{
	return read_pmccntr_el0();
}

static uint64_t counter_1(void)
{
	return read_pmevcntr1_el0();
}

/* Counters that stand still: the lowest 32 bits are those of the operand. */
static void check_writes(const char *name, const op_fn *ops,
			 uint64_t (*now)(void))
{
	bool ok = true;

	for (unsigned n = 0; n <= NR_REGS && ok; n++) {
		fill(n);
		expect_same();
		ok = keeps(ops[n]);
		isb();
		ok = ok &&
		     (uint32_t)now() == (uint32_t)(n < NR_REGS ? x[n] : 0);
	}
	CHECK(name, ok);
}

/* Those of the performance monitors, where there are any. */
static void check_pmu(void)
{
	uint64_t version = FIELD_GET(GENMASK(11, 8), read_id_aa64dfr0_el1());

	if (version == 0 || version == 15) {
		check_skip("pmu_registers_are_read", "needs a PMUv3");
		return;
	}
	write_pmcntenset_el0(BIT(31) | 1);
	isb();
	CHECK_EQ("pmu_register_holds_a_value", read_pmcntenset_el0(),
		 BIT(31) | 1);
	check_reads("pmu_registers_are_read", pmureg, ARRAY_SIZE(pmureg),
		    BIT(31) | 1);
	write_pmcntenclr_el0(BIT(31) | 1);
	write_pmevcntr1_el0(77);
	isb();
	check_reads("pmu_counters_are_read", counter, ARRAY_SIZE(counter), 77);
	check_writes("pmu_registers_are_written", pmuset, cycles);
	check_writes("pmu_counters_are_written", counterset, counter_1);
}

void payload_main(void)
{
	gic_init_dist();
	gic_init_cpu();
	mmio_write32(PRIO_REG, PRIO);
	check_loads("loads_change_their_register", load, ARRAY_SIZE(load),
		    mmio_read32(PRIO_REG), false);
	mmio_write32(PRIO_REG, 0x000000f8);
	check_loads("signed_loads_are_extended", load_signed,
		    ARRAY_SIZE(load_signed),
		    (uint64_t)(int64_t)(int8_t)mmio_read8(PRIO_REG), false);
	mmio_write32(PRIO_REG, PRIO);
	mmio_write32(PRIO_REG + 4, PRIO);
	check_loads("pairs_change_their_registers", pair, ARRAY_SIZE(pair),
		    mmio_read32(PRIO_REG), true);
	check_stores("stores_take_their_register", PRIO_REG, ~0U);
	check_uart_stores();
	check_reads("id_registers_are_read", idreg, ARRAY_SIZE(idreg),
		    read_id_aa64pfr0_el1());
	check_reads("aarch32_id_registers_are_read", aidreg, ARRAY_SIZE(aidreg),
		    read_id_mmfr0_el1());
	check_pmu();
	check_sgis();
	if (!guest.native) { /* which has one conduit, if any */
		check_call("call_version", regs_hvc_0, PSCI_VERSION,
			   (uint64_t)psci_call(PSCI_VERSION, 0, 0, 0));
		check_call("call_unknown", regs_hvc_0, 0x8700ffff, UINT64_MAX);
		check_call("call_by_smc", regs_smc_0, PSCI_VERSION,
			   (uint64_t)psci_call(PSCI_VERSION, 0, 0, 0));
	}
	check_interrupt();
}
