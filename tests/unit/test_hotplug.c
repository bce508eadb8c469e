/*
 * vCPUs that go off and come on: what their interrupts do meanwhile, what their
 * next life finds, and what other vCPUs see of it at every moment.
 */
#include <string.h>

#include "../host/sim.h"

#define UART_INTID 33U
#define IROUTER(i) (SIM_GICD + 0x6000 + UINT64_C(8) * (i))
#define ISPENDR1   (SIM_GICD + 0x204)
#define ANY_CPU    UINT64_C(0x80000000)
#define SPI(n)     (32U + (n))

/* AFFINITY_INFO and the answers of CPU_ON, Arm DEN 0022. */
#define ON         0
#define OFF        1
#define ON_PENDING 2
#define ALREADY_ON (-4)
#define PENDING    (-5)

static struct sim m;
static struct vm *vm;

/* vCPU 0 runs, with its GIC on; the others are off. */
static int setup(void **state)
{
	(void)state;
	vm = sim_boot(&m, 3);
	sim_guest_gic(&m, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_check(&m);
	sim_free(&m);
	return 0;
}

static void bring_up(unsigned target)
{
	assert_int_equal(sim_cpu_on(&m, 0, target), 0);
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, target), vm->vcpus[target]);
	sim_guest_gic(&m, target);
}

static void turn_off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_OFF, 0, 0, 0);
	sim_settle(&m);
	assert_null(sim_vcpu(&m, cpu));
}

static int64_t affinity_info(unsigned by, unsigned target)
{
	return (int64_t)sim_hvc(&m, by, SIM_PSCI_AFFINITY_INFO, target, 0, 0);
}

/* What the guest on that pCPU would take next; it is acknowledged and ended. */
static uint32_t take(unsigned cpu)
{
	struct gich *g = &m.pcpu[cpu].gich;
	uint32_t intid;

	sim_settle(&m);
	intid = gich_ack(g, 1);
	if (intid < 1020)
		gich_eoi(g, 1, intid);
	return intid;
}

static void pend(unsigned by, unsigned spi)
{
	sim_store(&m, by, ISPENDR1, 4, 1U << (spi - 32));
	sim_settle(&m);
}

static void route(unsigned by, unsigned spi, uint64_t where)
{
	sim_store(&m, by, IROUTER(spi), 8, where);
}

static uint64_t waker(unsigned by, unsigned of)
{
	return sim_load(&m, by, SIM_GICR + of * KIB(128) + 0x14, 4);
}

/* --------------------------------------------------- interrupts of a CPU off
 */

/* Rules out: off-cpu */
static void spi_routed_to_a_vcpu_that_is_off_waits_for_it(void **state)
{
	(void)state;
	bring_up(1);
	route(0, SPI(4), 1);
	turn_off(1);
	pend(0, SPI(4));
	assert_null(sim_vcpu(&m, 1)); /* it is no reason to start */
	assert_int_equal(affinity_info(0, 1), OFF);
	assert_int_equal(sim_load(&m, 0, ISPENDR1, 4), 1U << 4);
	assert_int_equal(take(0), GICH_SPURIOUS);
	pend(0, SPI(5)); /* nobody else is held up */
	assert_int_equal(take(0), SPI(5));
	bring_up(1);
	assert_int_equal(take(1), SPI(4));
	assert_int_equal(take(1), GICH_SPURIOUS);
}

/* Rules out: off-cpu */
static void
pending_spi_that_is_routed_away_from_an_off_vcpu_is_taken(void **state)
{
	(void)state;
	route(0, SPI(4), 2);
	pend(0, SPI(4));
	assert_int_equal(take(0), GICH_SPURIOUS);
	route(0, SPI(4), 0);
	assert_int_equal(take(0), SPI(4));
	bring_up(2);
	assert_int_equal(take(2), GICH_SPURIOUS);
}

/* Rules out: off-cpu */
static void sgi_to_a_vcpu_that_is_off_waits_and_starts_nothing(void **state)
{
	(void)state;
	bring_up(1);
	turn_off(1);
	sim_vcpu(&m, 0)->regs.x[2] = UINT64_C(3) << 24 | 1U << 1;
	(void)sim_sync(&m, 0, syn_msr(syn_sys(3, 0, 12, 11, 5), 2));
	sim_settle(&m);
	assert_null(sim_vcpu(&m, 1));
	assert_int_equal(affinity_info(0, 1), OFF);
	bring_up(1);
	assert_int_equal(take(1), 3);
	assert_int_equal(take(1), GICH_SPURIOUS);
}

/* Rules out: off-cpu */
static void interrupt_for_any_cpu_passes_over_one_that_went_off(void **state)
{
	(void)state;
	bring_up(1);
	route(1, SPI(4), ANY_CPU);
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	pend(1, SPI(4));
	assert_int_equal(take(1), SPI(4));
}

/* Rules out: off-cpu */
static void
interrupt_for_any_cpu_that_a_leaver_had_pending_goes_on(void **state)
{
	(void)state;
	bring_up(1);
	route(1, SPI(4), ANY_CPU);
	gich_guest_setup(&m.pcpu[0].gich, 0, false, true, false); /* masked */
	pend(1, SPI(4));
	assert_int_equal(take(1), GICH_SPURIOUS); /* it is vCPU 0's */
	(void)sim_hvc(&m, 0, SIM_PSCI_CPU_OFF, 0, 0, 0);
	assert_int_equal(take(1), SPI(4));
	assert_int_equal(sim_cpu_on(&m, 1, 0), 0);
	sim_settle(&m);
	sim_guest_gic(&m, 0);
	assert_int_equal(take(0), GICH_SPURIOUS);
}

/* As firmware leaves it: IHI 0069, GICR_WAKER. */
static void redistributor_of_a_vcpu_that_went_off_is_asleep(void **state)
{
	(void)state;
	assert_int_equal(waker(0, 1), 6);
	bring_up(1);
	assert_int_equal(waker(0, 1), 0);
	turn_off(1);
	assert_int_equal(waker(0, 1), 6);
}

/* Rules out: former-life */
static void
redistributor_put_to_sleep_in_one_life_delivers_in_the_next(void **s)
{
	(void)s;
	bring_up(1);
	sim_store(&m, 1, SIM_GICR + KIB(128) + 0x14, 4, 2);
	turn_off(1);
	assert_int_equal(sim_cpu_on(&m, 0, 1), 0);
	sim_settle(&m);
	/* The kernel of this life sets up all but GICR_WAKER. */
	sim_store(&m, 1, SIM_GICR + KIB(192) + 0x100, 4, ~0U);
	gich_guest_setup(&m.pcpu[1].gich, 0xf0, false, true, false);
	route(0, SPI(4), 1);
	pend(0, SPI(4));
	assert_int_equal(take(1), SPI(4));
}

/* Rules out: former-life, physical-active */
static void
timer_that_is_due_at_cpu_off_is_not_due_in_the_next_life(void **state)
{
	struct fake_pcpu *p = &m.pcpu[1].hw;

	(void)state;
	bring_up(1);
	p->context.cntv_ctl_el0 = 1;
	p->el1.vtimer = true;
	(void)sim_irq(&m, 1, SIM_VTIMER);
	assert_true(p->active[SIM_VTIMER]);
	turn_off(1);
	assert_false(p->active[SIM_VTIMER]);
	assert_int_equal(p->context.cntv_ctl_el0, 0);
	p->el1.vtimer = false;
	bring_up(1);
	assert_int_equal(p->context.cntv_ctl_el0, 0);
	assert_int_equal(take(1), GICH_SPURIOUS);
}

/* -------------------------------------------------------------- a fresh life
 */

/*
 * Every register that is switched, and FP: keys, breakpoints, timers, all.
 * Rules out: fp-carried-over, reset-state, entry-state
 */
static void every_switched_register_is_fresh_in_the_next_life(void **state)
{
	static const struct fp_context no_fp;
	static const uint64_t how[] = {SIM_PSCI_CPU_OFF, SIM_PSCI_SYSTEM_RESET,
				       SIM_PSCI_SYSTEM_RESET2};
	struct el1_context fresh;

	(void)state;
	el1_context_reset(&fresh);
	for (size_t i = 0; i < ARRAY_SIZE(how); i++) {
		bring_up(1);
		memset(&m.pcpu[1].hw.context, 0xa5, sizeof(fresh));
		memset(&m.pcpu[1].hw.fp, 0xa5, sizeof(no_fp));
		(void)sim_hvc(&m, 1, how[i], 0, 0, 0);
		sim_settle(&m);
		assert_null(sim_vcpu(&m, 1));
		bring_up(1);
		assert_memory_equal(&m.pcpu[1].hw.context, &fresh,
				    sizeof(fresh));
		assert_memory_equal(&m.pcpu[1].hw.fp, &no_fp, sizeof(no_fp));
		turn_off(1);
	}
}

/* A power-down keeps the timers, and nothing else. */
static void every_register_but_the_timers_is_fresh_after_a_power_down(void **s)
{
	struct el1_context want;

	(void)s;
	el1_context_reset(&want);
	want.cntv_ctl_el0 = want.cntp_ctl_el0 = 0x5a;
	want.cntv_cval_el0 = want.cntp_cval_el0 = want.cntkctl_el1 = 0x5a;
	bring_up(1);
	memset(&m.pcpu[1].hw.context, 0xa5, sizeof(want));
	m.pcpu[1].hw.context.cntv_ctl_el0 = 0x5a;
	m.pcpu[1].hw.context.cntp_ctl_el0 = 0x5a;
	m.pcpu[1].hw.context.cntv_cval_el0 = 0x5a;
	m.pcpu[1].hw.context.cntp_cval_el0 = 0x5a;
	m.pcpu[1].hw.context.cntkctl_el1 = 0x5a;
	route(0, SPI(4), 1);
	pend(0, SPI(4));
	(void)sim_hvc(&m, 1, SIM_PSCI_CPU_SUSPEND, SIM_POWER_DOWN, SIM_ENTRY,
		      0);
	sim_settle(&m);
	assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
	assert_memory_equal(&m.pcpu[1].hw.context, &want, sizeof(want));
}

/* ------------------------------------------------ what others see, and when */

static unsigned by;  /* who acts in the gap */
static int64_t seen; /* the answer it got */
static bool has_acted;

static void look(struct sim *s)
{
	(void)s;
	seen = affinity_info(by, 1);
	has_acted = true;
}

static void turn_on_elsewhere(struct sim *s)
{
	seen = (int64_t)sim_hvc(s, by, SIM_PSCI_CPU_ON, 1, SIM_ENTRY + 64,
				0x9999);
	has_acted = true;
}

/* The n-th gap of what vCPU `actor` does; false: there is no such gap. */
static bool in_gap(unsigned n, void (*fn)(struct sim *s), unsigned actor,
		   void (*act)(unsigned cpu))
{
	has_acted = false;
	sim_race(n, fn);
	act(actor);
	(void)sim_raced();
	return has_acted;
}

static void act_on(unsigned cpu)
{
	assert_int_equal(sim_cpu_on(&m, cpu, 1), 0);
}

static void act_off(unsigned cpu)
{
	(void)sim_hvc(&m, cpu, SIM_PSCI_CPU_OFF, 0, 0, 0);
}

static void act_start(unsigned cpu)
{
	(void)sim_irq(&m, cpu, HYP_SGI_KICK);
}

/* States in the order in which one life passes them. */
static unsigned rank(int64_t state, bool leaving)
{
	if (state == ON_PENDING)
		return 1;
	if (state == ON)
		return 2;
	assert_int_equal(state, OFF);
	return leaving ? 3 : 0;
}

/*
 * A vCPU is started and goes off; another looks in one gap after the other.
 * Later gaps never show an earlier state. Rules out: affinity-info
 */
static void affinity_info_never_goes_back(void **state)
{
	static void (*const act[])(unsigned) = {act_on, act_start, act_off};
	unsigned last = 0, nr = 0;

	(void)state;
	by = 2;
	bring_up(2);
	for (size_t i = 0; i < ARRAY_SIZE(act); i++) {
		for (unsigned n = 0;; n++) {
			bool more = in_gap(n, look, i ? 1 : 0, act[i]);

			nr += more;
			assert_true(!more || rank(seen, i == 2) >= last);
			last = more ? rank(seen, i == 2) : last;
			if (!more)
				break;
			/* Back to where the act began. */
			sim_settle(&m);
			if (i != 2)
				turn_off(1);
			if (i >= 1)
				act_on(0);
			if (i == 2)
				sim_settle(&m);
		}
		sim_settle(&m);
		if (i == 0) {
			turn_off(1);
			act_on(0); /* and the pCPU has not yet looked */
		}
	}
	assert_true(nr > 10);
	assert_int_equal(last, 3);
}

/*
 * Two start one target, the second in every gap of the first; one gets it, the
 * other is told why not, and the entry is the winner's.
 * Rules out: cpu-on-race
 */
static void of_two_cpu_on_in_any_order_one_wins_with_its_entry(void **state)
{
	unsigned nr[2] = {0, 0};

	(void)state;
	by = 2;
	bring_up(2);
	for (unsigned n = 0;; n++) {
		const struct vcpu *v = vm->vcpus[1];
		int64_t first;

		has_acted = false;
		sim_race(n, turn_on_elsewhere);
		first = sim_cpu_on(&m, 0, 1);
		(void)sim_raced();
		if (!has_acted)
			break;
		assert_true((first == 0) != (seen == 0));
		assert_true(first == 0 || first == ALREADY_ON ||
			    first == PENDING);
		assert_true(seen == 0 || seen == ALREADY_ON || seen == PENDING);
		sim_settle(&m);
		assert_ptr_equal(sim_vcpu(&m, 1), v);
		assert_int_equal(v->regs.pc,
				 first ? SIM_ENTRY + 64 : SIM_ENTRY);
		assert_int_equal(v->regs.x[0], first ? 0x9999 : 0x1235);
		nr[first != 0]++;
		turn_off(1);
	}
	assert_true(nr[0] > 0 && nr[1] > 0);
}

/*
 * CPU_ON in every gap of a CPU_OFF: refused, or a whole new life.
 * Rules out: off-too-early, late-leaver
 */
static void cpu_on_in_any_gap_of_cpu_off_is_refused_or_holds(void **state)
{
	unsigned nr[2] = {0, 0};

	(void)state;
	by = 2;
	bring_up(2);
	for (unsigned n = 0;; n++) {
		bring_up(1);
		if (!in_gap(n, turn_on_elsewhere, 1, act_off))
			break;
		sim_settle(&m);
		sim_check(&m);
		nr[seen == 0]++;
		if (seen) {
			assert_int_equal(seen, ALREADY_ON);
			assert_int_equal(affinity_info(0, 1), OFF);
			continue;
		}
		assert_ptr_equal(sim_vcpu(&m, 1), vm->vcpus[1]);
		assert_int_equal(vm->vcpus[1]->regs.x[0], 0x9999);
		turn_off(1);
	}
	assert_true(nr[0] > 0 && nr[1] > 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(spi_routed_to_a_vcpu_that_is_off_waits_for_it),
		T(pending_spi_that_is_routed_away_from_an_off_vcpu_is_taken),
		T(sgi_to_a_vcpu_that_is_off_waits_and_starts_nothing),
		T(interrupt_for_any_cpu_passes_over_one_that_went_off),
		T(interrupt_for_any_cpu_that_a_leaver_had_pending_goes_on),
		T(redistributor_of_a_vcpu_that_went_off_is_asleep),
		T(redistributor_put_to_sleep_in_one_life_delivers_in_the_next),
		T(timer_that_is_due_at_cpu_off_is_not_due_in_the_next_life),
		T(every_switched_register_is_fresh_in_the_next_life),
		T(every_register_but_the_timers_is_fresh_after_a_power_down),
		T(affinity_info_never_goes_back),
		T(of_two_cpu_on_in_any_order_one_wins_with_its_entry),
		T(cpu_on_in_any_gap_of_cpu_off_is_refused_or_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
