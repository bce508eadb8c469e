/* A breakdown, and one more while it is reported. */
#include <hyp/cpu.h>
#include <hyp/hypervisor.h>

#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	v->cpu->hyp->vms = (struct vm *)UINT64_C(0x123456789a0);
	panic("on purpose, and again");
}
ON_FIRMWARE_CALL(break_down)
