/*
 * The vGIC against a small reference of (pending, active, enabled, group,
 * priority), written from the GICv3 interrupt state machine and knowing
 * nothing of list registers: register writes, lines, SGIs, timers, LPIs by ITS
 * commands, loads and puts, and guests that acknowledge, end and deactivate,
 * as the caller's numbers choose. What a guest takes must be a most urgent
 * deliverable interrupt, and every INTID's state must agree; it aborts where
 * not.
 */
#ifndef PLINTH_TESTS_VGIC_MODEL_H
#define PLINTH_TESTS_VGIC_MODEL_H

#include <base/types.h>

struct vgic_model_result {
	unsigned long operations; /* of machine and guests */
	unsigned long taken;      /* interrupts, by the guests */
	unsigned long lpis;       /* of those */
};

struct vgic_model_result vgic_model_run(unsigned nr_lr, bool eoimode,
					unsigned long steps,
					uint32_t (*next)(void *ctx), void *ctx);

#endif
