/*
 * The registers of a vCPU, whatever it does: for somebody who looks at it from
 * outside. They are those of Arm ARM DDI 0487 that a debugger shows first.
 * docs/design/17-console.md, "The monitor".
 */
#ifndef PLINTH_HYP_VCPU_LOOK_H
#define PLINTH_HYP_VCPU_LOOK_H

#include <port/spinlock.h>

#include <hyp/sched.h>
#include <hyp/vcpu.h>

/* Where they are copied to; one look at a time. */
struct vcpu_look {
	struct sched_event event;
	struct spinlock lock; /* guards what follows */
	struct vcpu
		*vcpu; /* wanted; NULL: none, or it is shown; read without */
	struct vcpu_regs regs;
	struct el1_context el1;
};

/* No look is under way; once, before the first. */
void vcpu_look_init(struct vcpu_look *l);

/*
 * Fills l->regs and l->el1. A vCPU that is loaded is unloaded for it by its
 * pCPU, and goes on. False: that pCPU was not there for so many ticks; they are
 * older ones then. From an event of this pCPU (hyp/sched.h); the caller has
 * entered the VM, vm_enter().
 */
MUST_CHECK bool vcpu_look(struct vcpu_look *l, struct vcpu *v, uint64_t ticks);

#endif
