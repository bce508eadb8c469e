/*
 * Secondary CPUs: each start runs one function and ends in CPU_OFF, so that
 * the next start is a CPU_ON of a CPU that is off. Boot CPU only.
 */
#ifndef PLINTH_GUEST_SMP_H
#define PLINTH_GUEST_SMP_H

#include "cpu.h"

void smp_init(void);

/* PSCI result of CPU_ON; the CPU then runs fn(arg). Not waited for. */
int64_t smp_start(unsigned idx, void (*fn)(void *arg), void *arg);

/* True once CPU `idx` is off by AFFINITY_INFO; false after WAIT_US. */
bool smp_wait_off(unsigned idx);

/* Whether every CPU from 1 on started fn(NULL), within WAIT_US each. */
bool smp_start_all(void (*fn)(void *arg));
bool smp_wait_all_off(void);

/* fn(NULL) on every CPU, this one as well, at whose end it sets done[] of its
 * CPU. A bit for each that has not come to its end, and is off, in time. */
uint64_t smp_live_all(void (*fn)(void *arg), const volatile bool *done);

void secondary_entry(void);
NORETURN void smp_secondary(struct cpu *c);

#endif
