/*
 * The vector registers: SIMD&FP, and SVE where the CPU has it. They hold what
 * they were given, whatever is executed meanwhile and whoever else uses this
 * CPU; lengths, traps and what an SVE register shares with a SIMD one are as
 * the Arm ARM says (DDI 0487, "The Scalable Vector Extension", ZCR_EL1,
 * CPACR_EL1). All CPUs keep registers of their own; the last one sleeps and
 * wakes often, which takes the CPU from others where it is shared. `torture`
 * in the boot arguments: until that has happened SWITCHES times. `disk`: the
 * boot CPU reads and writes one meanwhile, of which its first 64 KiB may
 * change.
 */
#include "lib/simd.h"

#include "lib/blkreq.h"
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/mmu.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"
#include "lib/trap.h"

const char payload_name[] = "simd";

#define EC_SVE    0x19
#define PV_ST     0xc5000021
#define FPCR_BITS UINT64_C(0x07c00000) /* AHP, DN, FZ, RMode */
#define FPSR_BITS UINT64_C(0x0800009f) /* QC and the flags that stick */

/* What a CPU's registers should hold, and what they did. */
static struct simd_image want[CPU_MAX], got[CPU_MAX];

/* ------------------------------------------------------------------- images */

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed ^ *seed >> 29;
}

/* FFR has its lowest bits set, and no others: Arm ARM, WRFFR. */
static void fill_ffr(uint8_t *ffr, unsigned quads, unsigned ones)
{
	for (unsigned i = 0; i < quads * 2; i++) {
		unsigned left = ones > 8 * i ? ones - 8 * i : 0;

		ffr[i] = left >= 8 ? 0xff : (uint8_t)((1U << left) - 1);
	}
}

static void fill(struct simd_image *im, unsigned quads, uint64_t seed)
{
	unsigned nr = SIMD_NR_Z * 2;

	if (quads) /* vectors and predicates */
		nr = quads * (SIMD_NR_Z * 2 + SIMD_NR_P / 4);
	im->fpcr = next(&seed) & FPCR_BITS;
	im->fpsr = next(&seed) & FPSR_BITS;
	for (unsigned i = 0; i < nr; i++)
		im->word[i] = next(&seed);
	if (quads)
		fill_ffr((uint8_t *)&im->word[nr], quads,
			 (unsigned)(next(&seed) >> 32) % (quads * 16 + 1));
}

/* `quads` of a vector; 0: SIMD&FP registers only. */
static void load(unsigned cpu, unsigned quads)
{
	if (quads)
		sve_load(&want[cpu]);
	else
		fp_load(&want[cpu]);
}

/* The byte of the registers that is not as it should be; -1: none, -2: FPCR or
 * FPSR. */
static int differs(unsigned cpu, unsigned quads)
{
	const struct simd_image *w = &want[cpu], *g = &got[cpu];
	unsigned n = SIMD_BYTES(quads);

	if (quads)
		sve_store(&got[cpu]);
	else
		fp_store(&got[cpu]);
	if (w->fpcr != g->fpcr || w->fpsr != g->fpsr)
		return -2;
	for (unsigned i = 0; i < n / 8; i++)
		if (w->word[i] != g->word[i])
			return (int)(8 * i);
	if (memcmp(&w->word[n / 8], &g->word[n / 8], n % 8))
		return (int)(n & ~7U);
	return -1;
}

/* ----------------------------------------------------- what is executed here
 */

static void do_nothing(void)
{
}

static void do_hvc(void)
{
	psci_call(PSCI_VERSION, 0, 0, 0);
}

static void do_idreg(void)
{
	(void)read_id_aa64pfr0_el1();
}

static void do_mmio(void)
{
	(void)mmio_read32(GICD_BASE + GICD_TYPER);
}

static void do_undefined(void)
{
	trap_expect();
	__asm__ volatile("udf #0");
	(void)trap_end();
}

static void do_wait(void)
{
	sleep_us(200);
}

static void do_suspend(void)
{
	write_cntv_cval_el0(time_now() + time_ticks(200));
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
	psci_call(PSCI_CPU_SUSPEND64, 0, 0, 0);
	write_cntv_ctl_el0(0);
	isb();
}

static uint64_t el0_sum(uint64_t a, void *b)
{
	return a + (uint64_t)(b != NULL);
}

static void do_el0(void)
{
	el0_call(el0_sum, 1, NULL);
}

/* ------------------------------------------------------------------- a disk */

static bool with_disk; /* the boot CPU's */
static uint8_t disk_buf[65536] __attribute__((aligned(4096)));
static unsigned disk_requests, disk_errors;

static void disk_start(void)
{
	mmu_on();
	CHECK("disk_starts", blk_check_device() && virtio_start(BLK_FEATURES));
	disk_requests = disk_errors = 0;
}

/* Both ways, of a few sectors to all of the buffer, in pieces of odd ends. */
static void do_disk(void)
{
	uint32_t len = sizeof(disk_buf) >> disk_requests % 8;
	struct blk_seg segs[2] = {{disk_buf, len / 2 + 16},
				  {disk_buf + len / 2 + 16, len / 2 - 16}};
	uint32_t type = disk_requests++ % 3 ? BLK_T_IN : BLK_T_OUT;

	if (blk_request(type, 0, segs, 2) != BLK_S_OK)
		disk_errors++;
}

static const struct {
	const char *name;
	void (*fn)(void);
	bool disk;
} events[] = {
	{"hold", do_nothing, false},
	{"survive_a_firmware_call", do_hvc, false},
	{"survive_a_read_of_an_id_register", do_idreg, false},
	{"survive_an_access_to_a_device", do_mmio, false},
	{"survive_an_exception", do_undefined, false},
	{"survive_a_wait_for_an_interrupt", do_wait, false},
	{"survive_standby", do_suspend, false},
	{"survive_el0", do_el0, false},
	{"survive_a_write_to_a_disk", do_disk, true},
	{"survive_a_read_from_a_disk", do_disk, true},
};

static void check_events(unsigned quads)
{
	if (with_disk)
		disk_start();
	for (unsigned i = 0; i < ARRAY_SIZE(events); i++) {
		int at;

		if (events[i].disk && !with_disk)
			continue;
		fill(&want[0], quads, i + quads);
		load(0, quads);
		events[i].fn();
		at = differs(0, quads);
		check_eq(events[i].name, (uint64_t)at, (uint64_t)-1);
	}
}

/* --------------------------------------------------------------- all the CPUs
 */

static unsigned max_quads; /* 0: SIMD&FP registers only */
static uint64_t target;    /* of switches */
static volatile bool stop;
static volatile uint64_t switches[CPU_MAX], rounds[CPU_MAX];
static volatile int bad_at[CPU_MAX];

#define SWITCHES      10000
#define SWITCHES_LONG 100000
#define WAKES         100
#define PERIOD_US     100
#define ROUNDS_A_FILL 50
#define SPINS         2000
#define TORTURE_US    UINT64_C(600000000)

/* Nanoseconds for which this CPU wanted to run and did not (Arm DEN 0057). */
static const volatile uint64_t *stolen(void)
{
	static const uint64_t none;
	int64_t at = psci_call(PV_ST, 0, 0, 0);

	return at == PSCI_NOT_SUPPORTED ? &none : ptr_of((uint64_t)at + 8);
}

/* Every CPU has another length, as far as there are several. */
static unsigned prepare(unsigned idx)
{
	mmu_on();
	if (!max_quads)
		return 0;
	sve_allow(CPACR_ZEN);
	return sve_length(max_quads - idx % max_quads);
}

static void keep(unsigned idx, unsigned quads, const volatile uint64_t *lost,
		 unsigned spins)
{
	uint64_t was = *lost;
	int at;

	if (rounds[idx]++ % ROUNDS_A_FILL == 0) {
		fill(&want[idx], quads, idx + rounds[idx] * 1000);
		load(idx, quads);
	}
	if (with_disk && idx == 0)
		do_disk();
	for (unsigned i = 0; i < spins && *lost == was && !stop; i++)
		;
	cpu_relax();
	at = differs(idx, quads);
	if (at != -1 && bad_at[idx] == -1)
		bad_at[idx] = at;
	switches[idx] += *lost != was;
}

static void work(void *arg)
{
	unsigned idx = this_cpu()->idx, quads = prepare(idx);
	const volatile uint64_t *lost = stolen();

	(void)arg;
	while (!stop)
		keep(idx, quads, lost, SPINS);
	dsb_sy();
}

static uint64_t all_switches(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < guest.nr_cpus; i++)
		sum += switches[i];
	return sum;
}

static void wake_often(void *arg)
{
	unsigned idx = this_cpu()->idx, quads = prepare(idx);
	const volatile uint64_t *lost = stolen();
	uint64_t end = time_now() + time_ticks(TORTURE_US);

	(void)arg;
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	while (!stop) {
		sleep_us(PERIOD_US);
		keep(idx, quads, lost, 0);
		if ((rounds[idx] >= WAKES && all_switches() >= target) ||
		    time_now() > end)
			stop = true;
	}
	dsb_sy();
}

static void check_cpus(unsigned quads)
{
	unsigned last = guest.nr_cpus - 1;
	uint64_t bad = 0, idle = 0, since = time_now();

	stop = false;
	max_quads = quads;
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		bad_at[i] = -1;
		switches[i] = rounds[i] = 0;
	}
	for (unsigned i = 1; i < guest.nr_cpus; i++)
		bad |= smp_start(i, i == last ? wake_often : work, NULL) ? 1
									 : 0;
	CHECK_EQ("cpus_start", bad, 0);
	if (last)
		work(NULL);
	else
		wake_often(NULL);
	for (unsigned i = 1; i < guest.nr_cpus; i++)
		smp_wait_off(i);
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		if (bad_at[i] != -1) {
			bad |= BIT(i);
			check_note("cpu %u: byte %d", i, bad_at[i]);
		}
		if (!rounds[i])
			idle |= BIT(i);
	}
	/* Rules out: vector-switch */
	CHECK_EQ("every_cpu_keeps_its_own", bad, 0);
	CHECK_EQ("every_cpu_looked", idle, 0);
	CHECK("enough_switches", all_switches() >= target);
	if (with_disk)
		CHECK_EQ("disk_serves", disk_errors, 0);
	check_note("%lu switches in %lu us, %lu wake-ups", all_switches(),
		   (time_now() - since) * 1000000 / read_cntfrq_el0(),
		   rounds[last]);
	mmu_off();
}

/* ---------------------------------------------------------------------- SVE */

static void check_lengths(void)
{
	uint64_t lengths = 0, wrong = 0;

	for (unsigned n = 1; n <= SIMD_QUADS_MAX; n++) {
		unsigned have = sve_length(n);

		lengths |= BIT(have - 1);
		if (have > n || read_zcr_el1() != n - 1)
			wrong |= BIT(n);
	}
	check_value("lengths", lengths);
	CHECK_EQ("length_is_the_longest_not_above_len", wrong, 0);
	CHECK_EQ("shortest_is_one_quadword", lengths & 1, 1);
	CHECK_EQ("el0_has_el1s_length", el0_call(sve_bytes, 0, NULL),
		 sve_bytes(0, NULL));
}

static void check_shared(unsigned quads)
{
	const uint64_t *z5 = &want[0].word[5 * quads * 2];
	uint64_t high = 0;

	fill(&want[0], quads, 1);
	load(0, quads);
	write_d5(UINT64_C(0x123456789abcdef0));
	sve_store(&want[0]);
	CHECK_EQ("vector_begins_with_its_simd_register", z5[0],
		 UINT64_C(0x123456789abcdef0));
	for (unsigned i = 1; i < quads * 2; i++)
		high |= z5[i];
	CHECK_EQ("write_to_simd_register_zeroes_the_rest", high, 0);
}

static struct trap_record of_sve(uint64_t zen, bool el0)
{
	trap_expect();
	sve_allow(zen);
	if (el0)
		el0_call(sve_bytes, 0, NULL);
	else
		sve_bytes(0, NULL);
	sve_allow(CPACR_ZEN);
	return trap_end();
}

static void check_traps(void)
{
	struct trap_record t = of_sve(0, false);

	CHECK("closed_to_el1_by_cpacr", t.count == 1 && trap_ec(&t) == EC_SVE);
	t = of_sve(CPACR_ZEN1, false);
	CHECK_EQ("open_to_el1_by_cpacr", t.count, 0);
	t = of_sve(CPACR_ZEN1, true);
	CHECK("closed_to_el0_by_cpacr", t.count == 1 && trap_ec(&t) == EC_SVE);
	t = of_sve(CPACR_ZEN, true);
	CHECK_EQ("open_to_el0_by_cpacr", t.count, 0);
	trap_expect();
	sve_allow(0);
	(void)read_zcr_el1();
	sve_allow(CPACR_ZEN);
	t = trap_end();
	CHECK("zcr_is_closed_with_it", t.count == 1 && trap_ec(&t) == EC_SVE);
}

/* The first use of a CPU finds what its SIMD registers held. */
static void check_first_use(void)
{
	unsigned quads;
	bool same = true;

	fill(&want[0], 0, 99);
	load(0, 0);
	sve_allow(CPACR_ZEN);
	quads = sve_length(SIMD_QUADS_MAX);
	sve_store(&got[0]);
	for (unsigned i = 0; i < SIMD_NR_Z; i++)
		same = same && !memcmp(&got[0].word[i * quads * 2],
				       &want[0].word[2 * i], 16);
	CHECK("first_use_keeps_the_simd_registers", same);
	CHECK_EQ("first_use_keeps_fpcr", got[0].fpcr, want[0].fpcr);
	CHECK_EQ("first_use_keeps_fpsr", got[0].fpsr, want[0].fpsr);
}

static void check_sve(void)
{
	check_area("sve");
	check_first_use();
	check_lengths();
	check_traps();
	check_shared(sve_length(SIMD_QUADS_MAX));
	check_events(sve_length(SIMD_QUADS_MAX));
	check_cpus(sve_length(SIMD_QUADS_MAX));
}

void payload_main(void)
{
	if (str_has_word(guest.bootargs, "torture"))
		target = str_has_word(guest.bootargs, "long") ? SWITCHES_LONG
							      : SWITCHES;
	with_disk = str_has_word(guest.bootargs, "disk");
	gic_init_dist();
	gic_init_cpu();
	gic_enable(PPI_VTIMER);
	check_area("fp");
	check_events(0);
	check_cpus(0);
	if (has_sve())
		check_sve();
}
