/* Every CPU but the first breaks down. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	if (v->idx == 0)
		__real_firmware_call(v);
	else
		panic("on purpose, vCPU %u", v->idx);
}
ON_FIRMWARE_CALL(break_down)
