/* A write to Plinth's own code, which is never writable. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	(void)v;
	*(volatile uint32_t *)(uintptr_t)firmware_psci_ops = 0;
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
