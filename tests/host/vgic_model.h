/*
 * The vGIC against a small reference of (pending, active, enabled, group,
 * priority), written from the GICv3 interrupt state machine and knowing
 * nothing of list registers: register writes, lines, SGIs, timers, loads and
 * puts, and guests that acknowledge, end and deactivate, as the caller's
 * numbers choose. What a guest takes must be a most urgent deliverable
 * interrupt, and every INTID's state must agree; it aborts where not.
 */
#ifndef PLINTH_TESTS_VGIC_MODEL_H
#define PLINTH_TESTS_VGIC_MODEL_H

#include <base/types.h>

/* Returns how many interrupts the guests have taken. */
unsigned long vgic_model_run(unsigned nr_lr, bool eoimode, unsigned long steps,
			     uint32_t (*next)(void *ctx), void *ctx);

#endif
