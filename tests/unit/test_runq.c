/* The order of vCPUs on one pCPU: shares, latency, reservations. */
#include <string.h>

#include <hyp/runq.h>

#include "../host/host.h"
#include "../host/rnd.h"

#define MS        UINT64_C(62500)
#define NR        8U
#define SLICE     (3 * MS)
#define GRANULE   (1 * MS)
#define NO_BUDGET 0, 0

static const struct runq_clock clock_ = {SLICE, GRANULE, 0};

struct bench {
	struct runq q;
	struct runq_member m[NR];
	uint64_t ran[NR];
	uint64_t now;
};

static struct bench b;

static int setup(void **state)
{
	(void)state;
	memset(&b, 0, sizeof(b));
	b.now = 1000 * MS;
	runq_init(&b.q, &clock_);
	return 0;
}

static void make(unsigned i, uint32_t weight, uint64_t budget, uint64_t period)
{
	const struct runq_share share = {weight, budget, period};

	runq_member_init(&b.m[i], &share);
}

static void join(unsigned i)
{
	runq_join(&b.q, &b.m[i], NULL, b.now);
}

static unsigned index_of(const struct runq_member *m)
{
	return (unsigned)(m - b.m);
}

static void check_sorted(void)
{
	unsigned nr = 0;

	for (const struct runq_member *m = b.q.first; m; m = m->next) {
		nr++;
		if (m->next)
			assert_true(m->vtime <= m->next->vtime);
		assert_ptr_not_equal(m, b.q.current);
	}
	assert_int_equal(nr, b.q.nr);
}

/* Everybody computes until `end`; the pCPU looks only at deadlines. */
static void run_until(uint64_t end)
{
	while (b.now < end) {
		struct runq_member *m = runq_pick(&b.q, b.now);
		uint64_t until = min_u64(runq_deadline(&b.q), end);

		assert_non_null(m);
		check_sorted();
		assert_true(until > b.now);
		b.ran[index_of(m)] += until - b.now;
		b.now = until;
	}
}

static void assert_share(unsigned i, uint64_t all, unsigned permille)
{
	uint64_t want = all * permille / 1000;

	if (b.ran[i] + all / 100 < want || b.ran[i] > want + all / 100)
		fail_msg("member %u ran %lu of %lu, not %u permille", i,
			 b.ran[i], all, permille);
}

static void lone_member_runs_without_a_deadline(void **state)
{
	(void)state;
	make(0, RUNQ_UNIT, NO_BUDGET);
	assert_null(runq_pick(&b.q, b.now));
	join(0);
	assert_ptr_equal(runq_pick(&b.q, b.now), &b.m[0]);
	assert_int_equal(runq_deadline(&b.q), RUNQ_NEVER);
	b.now += 5000 * MS;
	assert_ptr_equal(runq_pick(&b.q, b.now), &b.m[0]);
}

static void weights_1_2_4_share_as_1_2_4(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make(i, RUNQ_UNIT << i, NO_BUDGET);
		join(i);
	}
	run_until(b.now + 2000 * MS);
	assert_share(0, 2000 * MS, 143);
	assert_share(1, 2000 * MS, 286);
	assert_share(2, 2000 * MS, 571);
}

static void extreme_weights_starve_nobody(void **state)
{
	(void)state;
	make(0, 1, NO_BUDGET);
	make(1, RUNQ_WEIGHT_MAX, NO_BUDGET);
	join(0);
	join(1);
	run_until(b.now + 60000 * MS);
	assert_true(b.ran[0] > 0);
	assert_true(b.ran[1] > 1000 * b.ran[0] / 2);
}

static void sleeper_preempts_at_once_and_claims_no_arrears(void **state)
{
	(void)state;
	make(0, RUNQ_UNIT, NO_BUDGET);
	make(1, RUNQ_UNIT, NO_BUDGET);
	join(0);
	run_until(b.now + 500 * MS);
	join(1);
	assert_true(runq_preempts(&b.q, &b.m[1], b.now));
	memset(b.ran, 0, sizeof(b.ran));
	run_until(b.now + 100 * MS);
	/* Half of it, and the slice it was behind. */
	assert_true(b.ran[1] <= 50 * MS + 2 * SLICE);
	assert_true(b.ran[1] >= 50 * MS - SLICE);
}

static void wake_up_waits_a_slice_a_member_at_most(void **state)
{
	uint64_t woken;

	(void)state;
	for (unsigned i = 0; i < NR; i++)
		make(i, RUNQ_UNIT, NO_BUDGET);
	for (unsigned i = 0; i < NR - 1; i++)
		join(i);
	run_until(b.now + 300 * MS);
	join(NR - 1);
	woken = b.now;
	while (runq_pick(&b.q, b.now) != &b.m[NR - 1])
		b.now = runq_deadline(&b.q);
	assert_true(b.now - woken <= (NR - 1) * SLICE);
}

static void reservation_holds_against_seven_that_spin(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 7; i++)
		make(i, RUNQ_WEIGHT_MAX, NO_BUDGET);
	make(7, 1, 2 * MS, 10 * MS);
	for (unsigned i = 0; i < NR; i++)
		join(i);
	run_until(b.now + 2000 * MS);
	assert_share(7, 2000 * MS, 200);
	assert_share(0, 2000 * MS, 114);
}

static void reservation_is_a_floor_not_a_bonus(void **state)
{
	(void)state;
	make(0, RUNQ_UNIT, 2 * MS, 10 * MS);
	make(1, RUNQ_UNIT, NO_BUDGET);
	join(0);
	join(1);
	run_until(b.now + 2000 * MS);
	assert_share(0, 2000 * MS, 500);
}

static void budget_is_there_in_every_period(void **state)
{
	uint64_t before, start;

	(void)state;
	make(0, 1, 3 * MS, 20 * MS);
	make(1, RUNQ_WEIGHT_MAX, 10 * MS, 40 * MS);
	make(2, RUNQ_WEIGHT_MAX, NO_BUDGET);
	for (unsigned i = 0; i < 3; i++)
		join(i);
	start = b.now;
	for (unsigned p = 1; p <= 50; p++) {
		before = b.ran[0];
		run_until(start + p * 20 * MS);
		assert_true(b.ran[0] - before >= 3 * MS);
	}
}

/* Member 0 gives its turn to member 2 whenever it has one, until `end`. */
static void run_and_give_until(uint64_t end)
{
	while (b.now < end) {
		struct runq_member *m = runq_pick(&b.q, b.now);
		uint64_t until = runq_deadline(&b.q);

		if (m == &b.m[0]) {
			b.now += MS / 100;
			b.ran[0] += MS / 100;
			m = runq_pick_this(&b.q, &b.m[2], b.now);
			until = runq_deadline(&b.q);
		}
		check_sorted();
		b.ran[index_of(m)] += until - b.now;
		b.now = until;
	}
}

static void who_waits_gives_its_turns_away_and_others_have_theirs(void **state)
{
	uint64_t all = 3000 * MS;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		make(i, RUNQ_UNIT, NO_BUDGET);
		join(i);
	}
	run_and_give_until(b.now + all);
	assert_share(1, all, 333);
	assert_true(b.ran[0] < all / 100);
	/* It waits no more: what it gave is gone. */
	memset(b.ran, 0, sizeof(b.ran));
	run_until(b.now + all);
	for (unsigned i = 0; i < 3; i++)
		assert_share(i, all, 333);
}

static void who_waits_gives_its_budget_away(void **state)
{
	uint64_t all = 1000 * MS;

	(void)state;
	make(0, 1, 2 * MS, 10 * MS);
	make(1, RUNQ_UNIT, NO_BUDGET);
	make(2, 1, 2 * MS, 10 * MS);
	for (unsigned i = 0; i < 3; i++)
		join(i);
	run_and_give_until(b.now + all);
	assert_true(b.ran[2] >= all * 390 / 1000);
	assert_true(b.ran[0] < all / 100);
	assert_share(1, all, 600);
}

static void turn_is_not_given_at_the_cost_of_others(void **state)
{
	(void)state;
	make(0, RUNQ_UNIT, NO_BUDGET);
	make(1, RUNQ_UNIT, 2 * MS, 10 * MS);
	make(2, RUNQ_UNIT, NO_BUDGET);
	join(0);
	join(2);
	(void)runq_pick(&b.q, b.now);
	join(1);
	b.now += MS / 100;
	assert_ptr_equal(runq_pick_this(&b.q, &b.m[2], b.now), &b.m[1]);
}

/* Member 0 stops as soon as it runs, and to start it again takes `work`, in
 * which nobody runs. Returns how much of the time goes to that. */
static uint64_t restart_for_ever(uint64_t work, uint64_t end)
{
	uint64_t spent = 0;
	bool here = false;

	while (b.now < end) {
		struct runq_member *m;

		if (!here) {
			runq_requeue(&b.q, b.now);
			b.now += work;
			spent += work;
			runq_owe(&b.m[0], work);
			join(0);
		}
		m = runq_pick(&b.q, b.now);
		here = m != &b.m[0];
		b.now = here ? runq_deadline(&b.q) : b.now + MS / 50;
		if (here)
			continue;
		runq_end(&b.q, b.now);
	}
	return spent;
}

static void one_that_starts_again_for_ever_pays_for_it(void **state)
{
	uint64_t all = 10000 * MS, spent;

	(void)state;
	make(0, RUNQ_UNIT, NO_BUDGET);
	make(1, RUNQ_UNIT, NO_BUDGET);
	join(1);
	spent = restart_for_ever(100 * MS, b.now + all);
	assert_in_range(spent, all * 45 / 100, all * 55 / 100);
}

static void debts_are_paid_by_budgets_too(void **state)
{
	uint64_t all = 10000 * MS, spent;

	(void)state;
	make(0, 1, 2 * MS, 10 * MS);
	make(1, RUNQ_WEIGHT_MAX, NO_BUDGET);
	join(1);
	spent = restart_for_ever(100 * MS, b.now + all);
	assert_in_range(spent, all * 15 / 100, all * 25 / 100);
}

static void time_in_the_queue_is_counted(void **state)
{
	(void)state;
	make(0, RUNQ_UNIT, NO_BUDGET);
	make(1, RUNQ_UNIT, NO_BUDGET);
	join(0);
	join(1);
	run_until(b.now + 1000 * MS);
	(void)runq_pick(&b.q, b.now);
	for (unsigned i = 0; i < 2; i++) {
		const struct runq_member *m = &b.m[i];
		uint64_t waits = m == b.q.current ? 0 : b.now - m->since;

		assert_int_equal(m->waited + waits, 1000 * MS - b.ran[i]);
	}
}

static void move_to_another_queue_keeps_lead_and_lag(void **state)
{
	struct runq other;

	(void)state;
	runq_init(&other, &clock_);
	other.vtime = 7000 * MS;
	make(0, RUNQ_UNIT, NO_BUDGET);
	make(1, RUNQ_UNIT, NO_BUDGET);
	join(0);
	join(1);
	run_until(b.now + 10 * MS);
	(void)runq_pick(&b.q, b.now);
	for (unsigned i = 0; i < 2; i++) {
		if (&b.m[i] == b.q.current)
			continue;
		runq_leave(&b.q, &b.m[i], b.now);
		runq_join(&other, &b.m[i], &b.q, b.now);
		assert_true(b.m[i].vtime >= other.vtime);
		assert_true(b.m[i].vtime <= other.vtime + SLICE);
	}
}

/* Members come and go at random; whoever computes gets its part. */
static void random_life_keeps_the_queue_sorted_and_time_accounted(void **state)
{
	uint32_t seed = 0x1234567;
	bool here[NR] = {false};

	(void)state;
	for (unsigned i = 0; i < NR; i++)
		make(i, 1 + rnd(&seed, 4096), i < 2 ? MS : 0,
		     i < 2 ? 20 * MS : 0);
	for (unsigned n = 0; n < 100000; n++) {
		unsigned i = rnd(&seed, NR);
		uint64_t vtime = b.q.vtime;

		b.now += rnd(&seed, MS);
		if (!here[i]) {
			join(i);
			here[i] = true;
		} else if (b.q.current == &b.m[i]) {
			runq_end(&b.q, b.now);
			here[i] = false;
		} else if (rnd(&seed, 2)) {
			(void)runq_pick_this(&b.q, &b.m[i], b.now);
		} else {
			(void)runq_pick(&b.q, b.now);
		}
		check_sorted();
		assert_true(b.q.vtime >= vtime);
	}
}

#define T(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lone_member_runs_without_a_deadline),
		T(weights_1_2_4_share_as_1_2_4),
		T(extreme_weights_starve_nobody),
		T(sleeper_preempts_at_once_and_claims_no_arrears),
		T(wake_up_waits_a_slice_a_member_at_most),
		T(reservation_holds_against_seven_that_spin),
		T(reservation_is_a_floor_not_a_bonus),
		T(budget_is_there_in_every_period),
		T(who_waits_gives_its_turns_away_and_others_have_theirs),
		T(who_waits_gives_its_budget_away),
		T(turn_is_not_given_at_the_cost_of_others),
		T(one_that_starts_again_for_ever_pays_for_it),
		T(debts_are_paid_by_budgets_too),
		T(time_in_the_queue_is_counted),
		T(move_to_another_queue_keeps_lead_and_lag),
		T(random_life_keeps_the_queue_sorted_and_time_accounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
