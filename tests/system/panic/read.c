/* A read where nothing is mapped. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	(void)v;
	(void)*(volatile uint64_t *)UINT64_C(0x123456789a0);
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
