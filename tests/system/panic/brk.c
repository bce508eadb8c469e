/* A breakpoint instruction, as a compiler's trap is one. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	(void)v;
	__asm__ volatile("brk #0x123");
}
ON_FIRMWARE_CALL(break_down)
