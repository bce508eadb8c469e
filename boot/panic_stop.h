/*
 * Stopping of the pCPUs when one of them panics. The one that reports asks the
 * others with HYP_SGI_STOP and does not wait for ever: a pCPU whose EL2 code
 * hangs takes no interrupt. No lock, and nothing is allocated.
 * docs/design/04-exceptions.md.
 */
#ifndef PLINTH_BOOT_PANIC_STOP_H
#define PLINTH_BOOT_PANIC_STOP_H

#include <hyp/hypervisor.h>

/* Asks every other pCPU that is online to stop. `self` may be NULL, or not
 * online: nobody is asked then, for its interrupt controller is not ready. */
void panic_stop_others(const struct cpu *self);

/* Waits until all of them have answered, for a second at most. */
void panic_stop_wait(const struct cpu *self);

/* This pCPU's interrupts work: it is online, and stops if it is late. */
void panic_stop_online(struct cpu *c);

/* The answer: this pCPU has taken HYP_SGI_STOP. */
NORETURN void panic_stop_here(void);

/* This pCPU has panicked at `pc`, but another one reports already. */
NORETURN void panic_stop_too(uint64_t pc);

#endif
