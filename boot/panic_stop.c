/*
 * How pCPUs stop for a panic; contract in panic_stop.h. A pCPU that stops makes
 * all that it wrote visible and sleeps with interrupts masked, its guest's
 * registers where they are.
 * Left out: pCPUs that have not started. docs/design/04-exceptions.md.
 */
#include "panic_stop.h"

#include <port/gicc.h>
#include <port/this_cpu.h>

#include <arch/aarch64/el2/sysreg.h>

/* Set before anybody is asked. A pCPU that is not seen online then sees this.
 */
static uint32_t stopping;

static bool asked(const struct cpu *self, const struct cpu *c)
{
	return self && self->online && c != self &&
	       __atomic_load_n(&c->online, __ATOMIC_SEQ_CST);
}

void panic_stop_others(const struct cpu *self)
{
	__atomic_store_n(&stopping, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; self && i < self->hyp->nr_cpus; i++) {
		const struct cpu *c = &self->hyp->cpus[i];

		if (asked(self, c))
			gicc_send(gicc_sgi(c->mpidr, HYP_SGI_STOP));
	}
}

static bool all_stopped(const struct cpu *self)
{
	for (unsigned i = 0; i < self->hyp->nr_cpus; i++) {
		const struct cpu *c = &self->hyp->cpus[i];

		if (asked(self, c) &&
		    !__atomic_load_n(&c->stopped, __ATOMIC_ACQUIRE))
			return false;
	}
	return true;
}

void panic_stop_wait(const struct cpu *self)
{
	uint64_t from = read_cntpct_el0(), second = read_cntfrq_el0();

	while (self && !all_stopped(self) && read_cntpct_el0() - from < second)
		__asm__ volatile("yield\n\tisb" ::: "memory");
}

static NORETURN void stop(struct cpu *c, enum cpu_stop why)
{
	if (c)
		__atomic_store_n(&c->stopped, why, __ATOMIC_RELEASE);
	dsb_sy();
	for (;;)
		__asm__ volatile("wfi" ::: "memory");
}

void panic_stop_here(void)
{
	stop(this_cpu(), CPU_STOP_ASKED);
}

void panic_stop_online(struct cpu *c)
{
	__atomic_store_n(&c->online, true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST))
		stop(c, CPU_STOP_ASKED);
}

void panic_stop_too(uint64_t pc)
{
	struct cpu *c = this_cpu();

	if (c)
		c->stop_pc = pc;
	stop(c, CPU_STOP_PANIC);
}
