/* A write to a constant, which is never writable. */
#include "panic.h"

static const uint64_t constant = 1;

static NOINLINE void break_down(struct vcpu *v)
{
	(void)v;
	*(volatile uint64_t *)(uintptr_t)&constant = 2;
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
