/*
 * Self-hosted debug (Arm ARM DDI 0487, "AArch64 Self-hosted Debug"): every
 * breakpoint and watchpoint of the CPU fires in the guest as programmed and
 * not otherwise, a single step ends after one instruction, also one that a
 * hypervisor emulates, and the OS lock keeps all of it quiet.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/psci.h"
#include "lib/trap.h"

const char payload_name[] = "hwdebug";

SYSREG_RO(id_aa64dfr0_el1)

#define MDSCR_SS  BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

#define EC_BP_LOW    0x30
#define EC_BP_SAME   0x31
#define EC_STEP_SAME 0x33
#define EC_WP_LOW    0x34
#define EC_WP_SAME   0x35
#define FSC_DEBUG    0x22

#define CR_E        BIT(0)
#define CR_EL1      BIT(1)
#define CR_EL0      BIT(2)
#define WCR_LOAD    BIT(3)
#define WCR_STORE   BIT(4)
#define WCR_BAS(b)  ((uint64_t)(b) << 5)
#define WCR_MASK(n) ((uint64_t)(n) << 24)
#define BCR_BAS     WCR_BAS(0xf)

#define SPSR_STEP (BIT(21) | 0x1c5) /* SS, EL1h, D clear */

typedef uint64_t (*fn_t)(uint64_t x0, void *x1);

uint64_t dbg_target(uint64_t x0, void *x1), dbg_ldrb(uint64_t x0, void *x1);
uint64_t dbg_ldr_w(uint64_t x0, void *x1), dbg_ldr_x(uint64_t x0, void *x1);
uint64_t dbg_ldp_x(uint64_t x0, void *x1), dbg_ldtr(uint64_t x0, void *x1);
uint64_t dbg_strb(uint64_t x0, void *x1), dbg_str_x(uint64_t x0, void *x1);
uint64_t dbg_sttr(uint64_t x0, void *x1), dbg_brk(uint64_t x0, void *x1);
uint64_t dbg_step(fn_t target, uint64_t x0, uint64_t spsr);
uint64_t dbg_nop(uint64_t x0, void *x1), dbg_ldp_w(uint64_t x0, void *x1);
uint64_t dbg_hvc(uint64_t x0, void *x1), dbg_mrs_id(uint64_t x0, void *x1);
uint64_t dbg_mrs_ctl(uint64_t x0, void *x1), dbg_branch(uint64_t x0, void *x1);
extern const char dbg_here[], dbg_branched[];

/* clang-format off */
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10)        \
	X(11) X(12) X(13) X(14) X(15)
/* clang-format on */

#define DBG_REG(name)                                                          \
	static void set_##name(unsigned n, uint64_t v)                         \
	{                                                                      \
		switch (n) {                                                   \
			EACH(DBG_SET_##name)                                   \
		}                                                              \
		isb();                                                         \
	}                                                                      \
	static uint64_t get_##name(unsigned n)                                 \
	{                                                                      \
		uint64_t v = 0;                                                \
		switch (n) {                                                   \
			EACH(DBG_GET_##name)                                   \
		}                                                              \
		return v;                                                      \
	}
#define SET(n, reg)                                                            \
	case n:                                                                \
		__asm__ volatile("msr " reg #n "_el1, %0" ::"r"(v));           \
		break;
#define GET(n, reg)                                                            \
	case n:                                                                \
		__asm__ volatile("mrs %0, " reg #n "_el1" : "=r"(v));          \
		break;
#define DBG_SET_bvr(n) SET(n, "dbgbvr")
#define DBG_GET_bvr(n) GET(n, "dbgbvr")
#define DBG_SET_bcr(n) SET(n, "dbgbcr")
#define DBG_GET_bcr(n) GET(n, "dbgbcr")
#define DBG_SET_wvr(n) SET(n, "dbgwvr")
#define DBG_GET_wvr(n) GET(n, "dbgwvr")
#define DBG_SET_wcr(n) SET(n, "dbgwcr")
#define DBG_GET_wcr(n) GET(n, "dbgwcr")
DBG_REG(bvr)
DBG_REG(bcr)
DBG_REG(wvr)
DBG_REG(wcr)

static uint64_t data[1024] __attribute__((aligned(8192)));

static unsigned nr_breakpoints(void)
{
	return (unsigned)FIELD_GET(GENMASK(15, 12), read_id_aa64dfr0_el1()) + 1;
}

static unsigned nr_watchpoints(void)
{
	return (unsigned)FIELD_GET(GENMASK(23, 20), read_id_aa64dfr0_el1()) + 1;
}

static void debug_on(void)
{
	write_oslar_el1(0);
	write_mdscr_el1(MDSCR_KDE | MDSCR_MDE);
	__asm__ volatile("msr daifclr, #8" ::: "memory");
	isb();
}

static struct trap_record seen(fn_t fn, uint64_t x0)
{
	trap_expect();
	fn(x0, NULL);
	return trap_end();
}

static struct trap_record seen_at_el0(fn_t fn, uint64_t x0)
{
	trap_expect();
	el0_call(fn, x0, NULL);
	return trap_end();
}

/* The debug exception of class `ec`, or a failed check. */
static bool is_debug(const struct trap_record *t, unsigned ec)
{
	return t->count == 1 && trap_ec(t) == ec && (t->esr & ESR_IL) &&
	       trap_dfsc(t) == FSC_DEBUG;
}

/* ------------------------------------------------------------- breakpoints */

static bool breaks(void)
{
	struct trap_record t = seen(dbg_target, 0);

	return is_debug(&t, EC_BP_SAME) && t.elr == addr_of(dbg_here);
}

static bool quiet(void)
{
	return seen(dbg_target, 0).count == 0;
}

static void check_each_breakpoint(void)
{
	uint64_t here = addr_of(dbg_here), held = 0, fires = 0, stays = 0;

	for (unsigned n = 0; n < nr_breakpoints(); n++) {
		set_bvr(n, here);
		set_bcr(n, CR_E | CR_EL1 | BCR_BAS);
		if (get_bvr(n) != here ||
		    get_bcr(n) != (CR_E | CR_EL1 | BCR_BAS))
			held |= BIT(n);
		if (!breaks())
			fires |= BIT(n);
		set_bcr(n, 0);
		if (!quiet())
			stays |= BIT(n);
		set_bvr(n, 0);
	}
	CHECK_EQ("all_hold_their_value", held, 0);
	CHECK_EQ("all_fire", fires, 0);
	CHECK_EQ("all_can_be_disabled", stays, 0);
	CHECK("there_are_two_at_least", nr_breakpoints() >= 2);
	check_value("number", nr_breakpoints());
}

static void check_breakpoint_controls(void)
{
	struct trap_record t;

	set_bvr(0, addr_of(dbg_here));
	set_bcr(0, CR_E | CR_EL1 | BCR_BAS);
	CHECK("fires", breaks());
	write_mdscr_el1(MDSCR_KDE);
	isb();
	CHECK("not_without_mde", quiet());
	write_mdscr_el1(MDSCR_MDE);
	isb();
	CHECK("not_at_el1_without_kde", quiet());
	write_mdscr_el1(MDSCR_KDE | MDSCR_MDE);
	__asm__ volatile("msr daifset, #8\n\tisb" ::: "memory");
	CHECK("not_while_masked", quiet());
	__asm__ volatile("msr daifclr, #8\n\tisb" ::: "memory");
	write_oslar_el1(1);
	isb();
	check_word("under_the_os_lock", quiet() ? "quiet" : "fires");
	write_oslar_el1(0);
	isb();
	CHECK("again_after_it", breaks());
	set_bvr(0, addr_of(dbg_here) + 8);
	set_bcr(0, CR_E | CR_EL1 | BCR_BAS);
	CHECK("elsewhere", !breaks());
	set_bvr(0, addr_of(dbg_here));
	set_bcr(0, CR_E | CR_EL0 | BCR_BAS);
	CHECK("el0_only_is_quiet_at_el1", quiet());
	t = seen_at_el0(dbg_target, 0);
	CHECK("el0_only_fires_at_el0",
	      is_debug(&t, EC_BP_LOW) && t.elr == addr_of(dbg_here));
	set_bcr(0, CR_E | CR_EL1 | BCR_BAS);
	CHECK_EQ("el1_only_is_quiet_at_el0", seen_at_el0(dbg_target, 0).count,
		 0);
	set_bcr(0, CR_E | CR_EL1 | CR_EL0 | BCR_BAS);
	t = seen_at_el0(dbg_target, 0);
	CHECK("both_fire_at_el0", is_debug(&t, EC_BP_LOW));
	CHECK("both_fire_at_el1", breaks());
	set_bcr(0, 0);
}

/* ------------------------------------------------------------- watchpoints */

static bool watched(fn_t fn, uint64_t at, uint64_t wnr)
{
	struct trap_record t = seen(fn, at);

	return is_debug(&t, EC_WP_SAME) && (t.esr & ESR_WNR) == wnr &&
	       t.elr == addr_of((const void *)(uintptr_t)fn) &&
	       align_down(t.far, 8) == align_down(at, 8);
}

static bool unwatched(fn_t fn, uint64_t at)
{
	return seen(fn, at).count == 0;
}

static void watch(uint64_t at, uint64_t wcr)
{
	set_wcr(0, 0);
	set_wvr(0, at);
	set_wcr(0, wcr);
}

static void check_each_watchpoint(void)
{
	const uint64_t wcr =
		CR_E | CR_EL1 | WCR_LOAD | WCR_STORE | WCR_BAS(0xff);
	uint64_t at = addr_of(data), held = 0, fires = 0, stays = 0;

	for (unsigned n = 0; n < nr_watchpoints(); n++) {
		set_wvr(n, at);
		set_wcr(n, wcr);
		if (get_wvr(n) != at || get_wcr(n) != wcr)
			held |= BIT(n);
		if (!watched(dbg_ldr_x, at, 0) ||
		    !watched(dbg_str_x, at, ESR_WNR))
			fires |= BIT(n);
		set_wcr(n, 0);
		if (!unwatched(dbg_ldr_x, at))
			stays |= BIT(n);
		set_wvr(n, 0);
	}
	CHECK_EQ("all_hold_their_value", held, 0);
	CHECK_EQ("all_fire", fires, 0);
	CHECK_EQ("all_can_be_disabled", stays, 0);
	CHECK("there_are_two_at_least", nr_watchpoints() >= 2);
	check_value("number", nr_watchpoints());
}

static void check_watchpoint_kinds(void)
{
	const uint64_t all = WCR_BAS(0xff) | CR_E | CR_EL1;
	uint64_t at = addr_of(data);

	watch(at, all | WCR_LOAD);
	CHECK("loads_only_sees_loads", watched(dbg_ldr_x, at, 0));
	CHECK("loads_only_sees_no_stores", unwatched(dbg_str_x, at));
	watch(at, all | WCR_STORE);
	CHECK("stores_only_sees_stores", watched(dbg_str_x, at, ESR_WNR));
	CHECK("stores_only_sees_no_loads", unwatched(dbg_ldr_x, at));
	watch(at, CR_E | CR_EL1 | WCR_LOAD | WCR_STORE | WCR_BAS(0x08));
	CHECK("byte_3_is_seen", watched(dbg_ldrb, at + 3, 0));
	CHECK("byte_2_is_not", unwatched(dbg_ldrb, at + 2));
	CHECK("byte_4_is_not", unwatched(dbg_strb, at + 4));
	CHECK("word_with_byte_3_is_seen", watched(dbg_ldr_w, at, 0));
	CHECK("word_after_it_is_not", unwatched(dbg_ldr_w, at + 4));
	watch(at + 8, all | WCR_LOAD);
	CHECK("second_of_a_pair_is_seen", seen(dbg_ldp_x, at).count == 1);
	CHECK("word_before_is_not", unwatched(dbg_ldr_x, at));
	watch(at, all | WCR_LOAD | WCR_STORE | WCR_MASK(12));
	CHECK("first_of_a_range", watched(dbg_ldr_x, at, 0));
	CHECK("last_of_a_range", watched(dbg_strb, at + 4095, ESR_WNR));
	CHECK("after_a_range", unwatched(dbg_ldr_x, at + 4096));
	set_wcr(0, 0);
}

static void check_watchpoint_levels(void)
{
	const uint64_t all = CR_E | WCR_LOAD | WCR_STORE | WCR_BAS(0xff);
	uint64_t at = addr_of(data);
	struct trap_record t;

	watch(at, all | CR_EL0);
	CHECK("el0_only_is_quiet_at_el1", unwatched(dbg_ldr_x, at));
	check_word("el0_only_and_ldtr",
		   watched(dbg_ldtr, at, 0) ? "seen" : "not_seen");
	check_word("el0_only_and_sttr",
		   watched(dbg_sttr, at, ESR_WNR) ? "seen" : "not_seen");
	t = seen_at_el0(dbg_ldr_x, at);
	CHECK("el0_only_fires_at_el0", is_debug(&t, EC_WP_LOW) && t.far == at);
	watch(at, all | CR_EL1);
	CHECK_EQ("el1_only_is_quiet_at_el0", seen_at_el0(dbg_ldr_x, at).count,
		 0);
	write_oslar_el1(1);
	isb();
	check_word("under_the_os_lock",
		   unwatched(dbg_ldr_x, at) ? "quiet" : "fires");
	write_oslar_el1(0);
	isb();
	CHECK("again_after_it", watched(dbg_ldr_x, at, 0));
	set_wcr(0, 0);
}

/* ------------------------------------------------------------- single step */

static void check_step(const char *name, fn_t target, uint64_t x0,
		       uint64_t spsr, uint64_t elr)
{
	struct trap_record t;

	/* A step begins where the mask ends, at the exception return. */
	__asm__ volatile("msr daifset, #8" ::: "memory");
	write_mdscr_el1(MDSCR_KDE | MDSCR_MDE | MDSCR_SS);
	trap_expect();
	dbg_step(target, x0, spsr);
	t = trap_end();
	debug_on();
	if (is_debug(&t, EC_STEP_SAME) && t.elr == elr)
		check_ok(name);
	else
		check_fail(name, "count %u esr 0x%lx elr 0x%lx, want 0x%lx",
			   t.count, t.esr, t.elr, elr);
}

static uint64_t after(fn_t fn, unsigned insns)
{
	return addr_of((const void *)(uintptr_t)fn) + 4 * insns;
}

static void check_steps(void)
{
	uint64_t prio = GICD_BASE + GIC_IPRIORITYR + 32;

	check_step("one_instruction", dbg_nop, 0, SPSR_STEP, after(dbg_nop, 1));
	check_step("none_without_spsr_ss", dbg_nop, 0, SPSR_STEP & ~BIT(21),
		   after(dbg_nop, 0));
	check_step("branch", dbg_branch, 0, SPSR_STEP, addr_of(dbg_branched));
	check_step("load", dbg_ldr_x, addr_of(data), SPSR_STEP,
		   after(dbg_ldr_x, 1));
	check_step("device_load", dbg_ldr_w, prio, SPSR_STEP,
		   after(dbg_ldr_w, 1));
	check_step("device_pair", dbg_ldp_w, prio, SPSR_STEP,
		   after(dbg_ldp_w, 1));
	check_step("device_store", dbg_strb, prio, SPSR_STEP,
		   after(dbg_strb, 1));
	check_step("hypercall", dbg_hvc, PSCI_VERSION, SPSR_STEP,
		   after(dbg_hvc, 1));
	check_step("id_register", dbg_mrs_id, 0, SPSR_STEP,
		   after(dbg_mrs_id, 1));
	check_step("timer_register", dbg_mrs_ctl, 0, SPSR_STEP,
		   after(dbg_mrs_ctl, 1));
}

static void check_software_breakpoint(void)
{
	struct trap_record t = seen(dbg_brk, 0);

	CHECK_EQ("brk_at_el1", t.esr,
		 FIELD_PREP(ESR_EC, EC_BRK64) | ESR_IL | 0x77);
	t = seen_at_el0(dbg_brk, 0);
	CHECK_EQ("brk_at_el0", t.esr,
		 FIELD_PREP(ESR_EC, EC_BRK64) | ESR_IL | 0x77);
	CHECK_EQ("brk_tells_where", t.elr, after(dbg_brk, 0));
}

void payload_main(void)
{
	gic_init_dist();
	debug_on();
	check_area("hwdebug.breakpoint");
	check_each_breakpoint();
	check_breakpoint_controls();
	check_area("hwdebug.watchpoint");
	check_each_watchpoint();
	check_watchpoint_kinds();
	check_watchpoint_levels();
	check_area("hwdebug.step");
	check_steps();
	check_area("hwdebug");
	check_software_breakpoint();
}
