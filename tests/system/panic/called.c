/* A call of panic(). */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	panic("on purpose, vCPU %u", v->idx);
}
ON_FIRMWARE_CALL(break_down)
