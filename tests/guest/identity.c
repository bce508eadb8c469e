/*
 * What the CPU says of itself: its part number, caches and ID registers, to be
 * compared with the bare machine; reserved ID registers read zero, EL0 reads
 * none of them, and what all CPUs share is the same on each. Arm ARM DDI 0487,
 * "ID registers", FEAT_IDST.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/smp.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "identity";

SYSREG_RO(revidr_el1)
SYSREG_RO(aidr_el1)

#define EC_SYSREG  0x18
#define MPIDR_RES1 BIT(31)
#define MPIDR_U    BIT(30)
#define SCTLR_UCT  BIT(15)
#define SCTLR_DZE  BIT(14)
#define MMFR2_IDS  GENMASK(39, 36)
#define NR_IDREGS  56 /* c0,c1 to c0,c7 */

/* mrs x0, S3_0_C0_C<m>_<op2>; ret for m = 1..7 */
extern const uint32_t identity_table[];

typedef uint64_t (*fn_t)(uint64_t x0, void *x1);

static fn_t reader(unsigned i)
{
	return (fn_t)ptr_of(addr_of(&identity_table[2 * (uint64_t)i]));
}

static uint64_t idreg(unsigned crm, unsigned op2)
{
	return reader(8 * (crm - 1) + op2)(0, NULL);
}

/* By Arm ARM, "Reserved" in the space: RAZ. The rest has a name here. */
static const char *const names[NR_IDREGS] = {
	"pfr0",      "pfr1",      "dfr0",      "afr0",      "mmfr0",
	"mmfr1",     "mmfr2",     "mmfr3",     "isar0",     "isar1",
	"isar2",     "isar3",     "isar4",     "isar5",     "mmfr4",
	"isar6",     "mvfr0",     "mvfr1",     "mvfr2",     NULL,
	"pfr2",      "dfr1",      "mmfr5",     NULL,        "aa64pfr0",
	"aa64pfr1",  "aa64pfr2",  NULL,        "aa64zfr0",  "aa64smfr0",
	NULL,        "aa64fpfr0", "aa64dfr0",  "aa64dfr1",  "aa64dfr2",
	NULL,        "aa64afr0",  "aa64afr1",  NULL,        NULL,
	"aa64isar0", "aa64isar1", "aa64isar2", "aa64isar3", NULL,
	NULL,        NULL,        NULL,        "aa64mmfr0", "aa64mmfr1",
	"aa64mmfr2", "aa64mmfr3", "aa64mmfr4", NULL,        NULL,
	NULL,
};

static void check_registers(void)
{
	uint64_t reserved = 0;

	check_area("identity.id");
	for (unsigned i = 0; i < NR_IDREGS; i++) {
		if (names[i])
			check_value(names[i], reader(i)(0, NULL));
		else if (reader(i)(0, NULL))
			reserved |= BIT(i);
	}
	check_area("identity");
	CHECK_EQ("reserved_registers_read_zero", reserved, 0);
}

/* ------------------------------------------------------- untrapped ones */

static void check_caches(void)
{
	static const char *const data[] = {"l1_data", "l2_data", "l3_data"};
	static const char *const code[] = {"l1_code", "l2_code", "l3_code"};
	uint64_t clidr = read_clidr_el1();

	check_value("clidr", clidr);
	for (unsigned level = 0; level < 3; level++) {
		uint64_t type = clidr >> 3 * level & 7;

		if (type >= 2) {
			write_csselr_el1(level << 1);
			isb();
			check_value(data[level], read_ccsidr_el1());
		}
		if (type & 1) {
			write_csselr_el1(level << 1 | 1);
			isb();
			check_value(code[level], read_ccsidr_el1());
		}
	}
}

static void check_part(void)
{
	uint64_t mpidr = read_mpidr_el1();

	check_area("identity.part");
	check_value("midr", read_midr_el1());
	check_value("revidr", read_revidr_el1());
	check_value("aidr", read_aidr_el1());
	check_value("ctr", read_ctr_el0());
	check_value("dczid", read_dczid_el0());
	check_caches();
	CHECK_EQ("mpidr_has_its_res1_bit", mpidr & MPIDR_RES1, MPIDR_RES1);
	CHECK_EQ("mpidr_says_multiprocessor", mpidr & MPIDR_U, 0);
	CHECK_EQ("mpidr_is_that_of_the_tree", mpidr & MPIDR_AFFINITY,
		 cpus[0].mpidr);
}

/* ------------------------------------------------------------------- EL0 */

static uint64_t el0_midr(uint64_t a, void *b)
{
	(void)a;
	(void)b;
	return read_midr_el1();
}

static uint64_t el0_ctr(uint64_t a, void *b)
{
	(void)a;
	(void)b;
	return read_ctr_el0();
}

static uint64_t el0_dczid(uint64_t a, void *b)
{
	(void)a;
	(void)b;
	return read_dczid_el0();
}

static struct trap_record at_el0(fn_t fn)
{
	trap_expect();
	el0_call(fn, 0, NULL);
	return trap_end();
}

/* Trapped to EL1 as an access when the CPU says so, else UNDEFINED. */
static void check_el0(void)
{
	bool ids = FIELD_GET(MMFR2_IDS, idreg(7, 2)) != 0;
	unsigned ec = ids ? EC_SYSREG : EC_UNKNOWN;
	uint64_t bad = 0, sctlr = read_sctlr_el1();
	struct trap_record t;

	check_area("identity.el0");
	for (unsigned i = 0; i < NR_IDREGS; i++) {
		t = at_el0(reader(i));
		if (t.count != 1 || trap_ec(&t) != ec)
			bad |= BIT(i);
	}
	CHECK_EQ("id_registers_are_el1s", bad, 0);
	t = at_el0(el0_midr);
	CHECK("midr_is_el1s", t.count == 1 && trap_ec(&t) == ec);
	write_sctlr_el1(sctlr & ~(SCTLR_UCT | SCTLR_DZE));
	isb();
	t = at_el0(el0_ctr);
	CHECK("ctr_is_trapped", t.count == 1 && trap_ec(&t) == EC_SYSREG);
	CHECK_EQ("dczid_is_readable", at_el0(el0_dczid).count, 0);
	write_sctlr_el1(sctlr | SCTLR_UCT | SCTLR_DZE);
	isb();
	CHECK_EQ("ctr_is_readable", at_el0(el0_ctr).count, 0);
	write_sctlr_el1(sctlr);
	isb();
}

/* ------------------------------------------------------------- other CPUs */

static volatile uint64_t other_differs;
static volatile bool other_done;

static void compare(void *arg)
{
	const uint64_t *boot = arg;

	for (unsigned i = 0; i < NR_IDREGS; i++) {
		if (reader(i)(0, NULL) != boot[i])
			other_differs |= BIT(i);
	}
	dsb_sy();
	other_done = true;
}

static void check_others(void)
{
	static uint64_t boot[NR_IDREGS];
	bool ran = true;

	for (unsigned i = 0; i < NR_IDREGS; i++)
		boot[i] = reader(i)(0, NULL);
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		other_done = false;
		ran = !smp_start(i, compare, boot) && WAIT_FOR(other_done) &&
		      smp_wait_off(i) && ran;
	}
	check_area("identity");
	CHECK("other_cpus_ran", ran);
	CHECK_EQ("cpus_are_alike", other_differs, 0);
}

void payload_main(void)
{
	check_registers();
	check_part();
	check_el0();
	check_others();
}
