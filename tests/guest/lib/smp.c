/*
 * No exclusives and no locks: the MMU may be off, so CPUs talk by plain
 * stores with barriers, each word having one writer.
 */
#include "smp.h"

#include "guest.h"
#include "psci.h"
#include "timer.h"

struct cpu cpus[CPU_MAX];

static uint8_t stacks[CPU_MAX][CPU_STACK_SIZE]
	__attribute__((noinit, aligned(16)));

void smp_init(void)
{
	for (unsigned i = 0; i < guest.nr_cpus; i++) {
		cpus[i].idx = i;
		cpus[i].stack_top =
			(uint64_t)(uintptr_t)stacks[i] + CPU_STACK_SIZE;
	}
}

void smp_secondary(struct cpu *c)
{
	c->running = true;
	dsb_sy();
	c->fn(c->arg);
	irq_disable();
	c->running = false;
	dsb_sy();
	psci_call(PSCI_CPU_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

int64_t smp_start(unsigned idx, void (*fn)(void *arg), void *arg)
{
	struct cpu *c = &cpus[idx];

	c->fn = fn;
	c->arg = arg;
	dsb_sy();
	return psci_call(PSCI_CPU_ON64, c->mpidr,
			 (uint64_t)(uintptr_t)secondary_entry,
			 (uint64_t)(uintptr_t)c);
}

bool smp_wait_off(unsigned idx)
{
	return WAIT_FOR(psci_affinity_info(cpus[idx].mpidr) ==
			PSCI_AFFINITY_OFF);
}

bool smp_start_all(void (*fn)(void *arg))
{
	for (unsigned i = 1; i < guest.nr_cpus; i++) {
		if (smp_start(i, fn, NULL) || !WAIT_FOR(cpus[i].running))
			return false;
	}
	return true;
}

bool smp_wait_all_off(void)
{
	bool ok = true;

	for (unsigned i = 1; i < guest.nr_cpus; i++)
		ok = smp_wait_off(i) && ok;
	return ok;
}

uint64_t smp_live_all(void (*fn)(void *arg), const volatile bool *done)
{
	uint64_t late = 0;

	for (unsigned i = 1; i < guest.nr_cpus; i++)
		if (smp_start(i, fn, NULL))
			late |= BIT(i);
	fn(NULL);
	for (unsigned i = 0; i < guest.nr_cpus; i++)
		/* A firmware may say OFF before the CPU has started. */
		if (!WAIT_FOR(done[i]) || (i && !smp_wait_off(i)))
			late |= BIT(i);
	return late;
}
