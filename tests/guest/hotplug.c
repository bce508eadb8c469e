/*
 * CPUs that come and go without rest: CPU_ON, CPU_OFF and AFFINITY_INFO of all
 * CPUs against one, and of all against all (Arm DEN 0022), thousands of
 * rounds; and what becomes of interrupts for a CPU that is off (IHI 0069).
 * Three CPUs or more; the word `long` in the boot arguments: ten times as many
 * rounds. CPU 0 goes off as well, and ends the program in its second life.
 */
#include "lib/check.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/psci.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "lib/timer.h"

const char payload_name[] = "hotplug";

/* What a CPU leaves behind that was turned on; one for each who may do so. */
struct visit {
	volatile uint64_t runs, entry, context;
	const volatile uint64_t *leave; /* stay until it is not 0; or NULL */
};

_Static_assert(offsetof(struct visit, leave) == 24, "hotplug_asm.S");

extern const uint8_t hotplug_entries[];

/* Each word has one writer at a time; the MMU is off. */
static struct visit visits[CPU_MAX];
static volatile uint64_t leave;
static volatile uint64_t go; /* the round that may be run */

static struct racer {
	volatile uint64_t done; /* the last round that is over */
	volatile int64_t result;
	volatile uint64_t wins, odd, bad;
} racers[CPU_MAX];

static unsigned target; /* the last CPU */
static uint64_t rounds;

static int64_t turn_on(unsigned self)
{
	uint64_t entry = (uint64_t)(uintptr_t)hotplug_entries + 8 * self;

	return psci_call(PSCI_CPU_ON64, cpus[target].mpidr, entry,
			 (uint64_t)(uintptr_t)&visits[self]);
}

static bool is_answer(int64_t r)
{
	return r == PSCI_SUCCESS || r == PSCI_ALREADY_ON ||
	       r == PSCI_ON_PENDING;
}

static void clear_racers(void)
{
	for (unsigned i = 0; i < target; i++) {
		racers[i] = (struct racer){0};
		visits[i] = (struct visit){0};
	}
	go = 0;
	dsb_sy();
}

static bool all_done(uint64_t round)
{
	for (unsigned i = 0; i < target; i++) {
		if (!WAIT_FOR(racers[i].done == round))
			return false;
	}
	return true;
}

/* Runs fn on CPUs 1 to the last but one, which is the target. */
static void start_racers(void (*fn)(void *arg))
{
	for (unsigned i = 1; i < target; i++)
		smp_start(i, fn, NULL);
}

static bool racers_are_off(void)
{
	bool ok = true;

	for (unsigned i = 1; i <= target; i++)
		ok = smp_wait_off(i) && ok;
	return ok;
}

/* ----------------------------------------------- all against one, in rounds */

/* The target stays on until all have looked: no step back, and never off. */
static bool watch(bool on)
{
	for (unsigned i = 0; i < 4; i++) {
		int64_t s = psci_affinity_info(cpus[target].mpidr);

		if (s == PSCI_AFFINITY_ON)
			on = true;
		else if (s != PSCI_AFFINITY_PENDING || on)
			return false;
	}
	return true;
}

static void race_once(unsigned self, uint64_t round)
{
	struct racer *me = &racers[self];
	int64_t r = turn_on(self);

	me->result = r;
	me->wins += r == PSCI_SUCCESS;
	me->odd += !is_answer(r);
	me->bad += !watch(r == PSCI_ALREADY_ON);
	dsb_sy();
	me->done = round;
	dsb_sy();
}

#define SGI_GO 1

/* Asleep until the round may be run: a spinning CPU would keep an emulator from
 * running the others. */
static void wait_for_go(uint64_t round)
{
	while (go < round) {
		wfi();
		write_icc_eoir1_el1(read_icc_iar1_el1());
	}
}

static void race(void *arg)
{
	(void)arg;
	gic_init_cpu();
	gic_enable(SGI_GO);
	for (uint64_t round = 1; round <= rounds; round++) {
		wait_for_go(round);
		race_once(this_cpu()->idx, round);
	}
}

/* Who has won, or CPU_MAX: nobody, or more than one. */
static unsigned winner(void)
{
	unsigned w = CPU_MAX;

	for (unsigned i = 0; i < target; i++) {
		if (racers[i].result != PSCI_SUCCESS)
			continue;
		if (w != CPU_MAX)
			return CPU_MAX;
		w = i;
	}
	return w;
}

/* One round; whether one has won, and with what it said. */
static bool race_round(uint64_t round)
{
	const struct visit *v;
	unsigned w;
	bool ok;

	leave = 0;
	dsb_sy();
	go = round;
	gic_send_sgi(ICC_SGI_IRM | SGI_GO << 24);
	race_once(0, round);
	if (!all_done(round))
		return false;
	w = winner();
	v = &visits[w % CPU_MAX];
	ok = w != CPU_MAX && WAIT_FOR(v->runs == racers[w].wins) &&
	     v->entry == w && v->context == (uint64_t)(uintptr_t)v;
	leave = 1;
	dsb_sy();
	return smp_wait_off(target) && ok;
}

static uint64_t sum_runs(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < target; i++)
		n += visits[i].runs;
	return n;
}

static void check_races(void)
{
	uint64_t winners = 0, odd = 0, bad = 0;

	clear_racers();
	gic_init_dist();
	gic_init_cpu();
	for (unsigned i = 0; i < target; i++)
		visits[i].leave = &leave;
	start_racers(race);
	for (uint64_t round = 1; round <= rounds; round++)
		winners += race_round(round);
	for (unsigned i = 0; i < target; i++) {
		odd += racers[i].odd;
		bad += racers[i].bad;
	}
	/* Rules out: cpu-on-race */
	CHECK_EQ("each_race_has_one_winner_and_its_entry", winners, rounds);
	CHECK_EQ("target_ran_once_a_race", sum_runs(), rounds);
	CHECK_EQ("losers_are_told_why", odd, 0);
	/* Rules out: affinity-info */
	CHECK_EQ("affinity_info_never_goes_back", bad, 0);
	CHECK("racers_go_off", racers_are_off());
}

/* ---------------------------------------- all against one that goes at once */

static void storm_by(unsigned self)
{
	struct racer *me = &racers[self];

	for (uint64_t i = 0; i < 10 * rounds; i++) {
		int64_t r = turn_on(self);
		int64_t s = psci_affinity_info(cpus[target].mpidr);

		me->wins += r == PSCI_SUCCESS;
		me->odd += !is_answer(r);
		me->bad += s < PSCI_AFFINITY_ON || s > PSCI_AFFINITY_PENDING;
		if ((i & 15) == 15) /* let it go off now and then */
			delay_us(20);
	}
	dsb_sy();
	me->done = 1;
	dsb_sy();
}

static void storm(void *arg)
{
	(void)arg;
	storm_by(this_cpu()->idx);
}

static void check_storm(void)
{
	uint64_t wins = 0, wrong = 0, odd = 0;

	clear_racers();
	start_racers(storm);
	storm_by(0);
	CHECK("storm_ends", all_done(1) && racers_are_off());
	for (unsigned i = 0; i < target; i++) {
		wins += racers[i].wins;
		odd += racers[i].odd + racers[i].bad;
		if (visits[i].runs != racers[i].wins)
			wrong |= BIT(i);
	}
	/* Rules out: cpu-on-race, off-too-early, late-leaver */
	CHECK_EQ("each_success_is_one_run", wrong, 0);
	CHECK_EQ("storm_answers_are_known", odd, 0);
	CHECK("storm_starts_the_target", wins > 0);
	check_note("storm: %lu starts of %lu calls", wins,
		   10 * rounds * target);
}

/* ------------------------------------------------------- all against all */

static volatile uint64_t lives[CPU_MAX];
static volatile uint64_t started[CPU_MAX][CPU_MAX]; /* by whom, whom */
static volatile bool quit;

static void start_one(unsigned self, unsigned other)
{
	int64_t r = psci_call(PSCI_CPU_ON64, cpus[other].mpidr,
			      (uint64_t)(uintptr_t)secondary_entry,
			      (uint64_t)(uintptr_t)&cpus[other]);

	started[self][other] += r == PSCI_SUCCESS;
	racers[self].odd += !is_answer(r);
}

static void tumble(void *arg)
{
	unsigned self = this_cpu()->idx;

	(void)arg;
	lives[self]++;
	for (unsigned i = 1; i < guest.nr_cpus && !quit; i++) {
		unsigned other =
			(unsigned)(self + i + lives[self]) % guest.nr_cpus;

		if (other && other != self)
			start_one(self, other);
	}
	dsb_sy();
}

static void check_tumble(void)
{
	uint64_t total = 0, wrong = 0, odd = 0;

	clear_racers();
	racers[target].odd = 0;
	for (unsigned i = 1; i <= target; i++) {
		cpus[i].fn = tumble;
		cpus[i].arg = NULL;
	}
	dsb_sy();
	for (uint64_t i = 0; i < 10 * rounds; i++)
		start_one(0, 1 + (unsigned)(i % target));
	quit = true;
	dsb_sy();
	CHECK("all_come_to_rest", smp_wait_all_off());
	for (unsigned i = 1; i <= target; i++) {
		uint64_t starts = 0;

		for (unsigned k = 0; k <= target; k++)
			starts += started[k][i];
		if (starts != lives[i])
			wrong |= BIT(i);
		total += starts;
		odd += racers[i].odd;
	}
	/* Rules out: cpu-on-race, off-too-early, late-leaver */
	CHECK_EQ("all_against_all_each_start_is_one_life", wrong, 0);
	CHECK_EQ("all_against_all_answers_are_known", odd, 0);
	check_note("all against all: %lu lives", total);
}

/* --------------------------------------------- interrupts of a CPU that is off
 */

#define SPI_OTHER 40 /* for CPU 1 */
#define SPI_SELF  41
#define SPI_ANY   42
#define SGI_OTHER 3

/* The first life of CPU 1: all is set up, a timer is due; then off. */
static void leave_things_behind(void *arg)
{
	(void)arg;
	gic_init_cpu();
	gic_enable(SGI_OTHER);
	if (guest.native) /* QEMU's firmware leaves the timer's line high */
		return;
	gic_enable(PPI_VTIMER);
	write_cntv_cval_el0(0);
	write_cntv_ctl_el0(CNT_CTL_ENABLE);
	isb();
}

static volatile bool timer_left;

/* The second: only the CPU interface is opened. */
static void take_what_waited(void *arg)
{
	(void)arg;
	timer_left = (read_cntv_ctl_el0() & CNT_CTL_ENABLE) ||
		     gic_bit(GIC_ISPENDR, PPI_VTIMER);
	write_icc_sre_el1(read_icc_sre_el1() | 1);
	isb();
	write_icc_pmr_el1(PRIO_MASK_NONE);
	write_icc_igrpen1_el1(1);
	isb();
	irq_take(2);
	irq_none();
}

static unsigned taken_by(unsigned cpu, unsigned intid)
{
	const struct irq_log *l = &irq_logs[cpu];
	unsigned n = 0;

	for (unsigned i = 0; i < l->nr && i < IRQ_LOG_MAX; i++)
		n += l->intid[i] == intid;
	return n;
}

static void check_interrupts_of_off_cpu(void)
{
	gic_init_dist();
	gic_init_cpu();
	irq_log_start(NULL);
	smp_start(1, leave_things_behind, NULL);
	smp_wait_off(1);
	for (unsigned i = SPI_OTHER; i <= SPI_ANY; i++) {
		gic_set_edge(i, true);
		gic_enable(i);
	}
	gic_route(SPI_OTHER, cpus[1].mpidr);
	gic_set_bit(GIC_ISPENDR, SPI_OTHER);
	gic_send_sgi(gic_sgi_to(cpus[1].mpidr, SGI_OTHER));
	gic_set_bit(GIC_ISPENDR, SPI_SELF);
	CHECK("others_are_not_held_up",
	      irq_take(1) && irq_none() && taken_by(0, SPI_SELF) == 1);
	CHECK("spi_of_an_off_cpu_is_pending", gic_bit(GIC_ISPENDR, SPI_OTHER));
	CHECK_EQ("interrupts_start_no_cpu",
		 (uint64_t)psci_affinity_info(cpus[1].mpidr),
		 PSCI_AFFINITY_OFF);
	smp_start(1, take_what_waited, NULL);
	CHECK("cpu_goes_off_again", smp_wait_off(1));
	/* Rules out: off-cpu */
	CHECK("waiting_spi_is_taken", taken_by(1, SPI_OTHER) == 1);
	CHECK("waiting_sgi_is_taken", taken_by(1, SGI_OTHER) == 1);
	/* Rules out: former-life */
	CHECK("due_timer_is_forgotten",
	      !timer_left && taken_by(1, PPI_VTIMER) == 0);
	gic_route(SPI_OTHER, cpus[1].mpidr);
	gic_set_bit(GIC_ISPENDR, SPI_OTHER);
	gic_route(SPI_OTHER, cpus[0].mpidr);
	CHECK("routed_away_it_is_taken_elsewhere",
	      irq_take(2) && irq_none() && taken_by(0, SPI_OTHER) == 1);
}

/* CPU 0 again, by CPU_ON. */
static void second_life(void *arg)
{
	(void)arg;
	CHECK("the_first_cpu_comes_back", smp_wait_off(1));
	check_done();
}

/* On CPU 1: CPU 0, which would be the choice, has gone. */
static void take_for_any(void *arg)
{
	(void)arg;
	CHECK("the_first_cpu_goes_off", smp_wait_off(0));
	gic_init_cpu();
	irq_log_start(NULL);
	gic_route(SPI_ANY, IROUTER_IRM);
	gic_set_bit(GIC_ISPENDR, SPI_ANY);
	if (!guest.native) /* QEMU takes such an interrupt for CPU 0's */
		/* Rules out: off-cpu */
		CHECK("any_cpu_is_one_that_is_on",
		      irq_take(1) && taken_by(1, SPI_ANY) == 1);
	smp_start(0, second_life, NULL);
}

void payload_main(void)
{
	if (guest.nr_cpus < 3) {
		check_note("less than three cpus: no race for a third");
		return;
	}
	target = guest.nr_cpus - 1;
	rounds = str_has_word(guest.bootargs, "long") ? 5000 : 500;
	/* QEMU's own firmware lets a second CPU_ON succeed for a while. */
	if (!guest.native) {
		check_races();
		check_storm();
		check_tumble();
	}
	check_interrupts_of_off_cpu();
	smp_start(1, take_for_any, NULL);
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
}
