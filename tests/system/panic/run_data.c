/* A jump to data, which is never executable. */
#include "panic.h"

static volatile uint32_t code[] = {0xd65f03c0}; /* RET */

static NOINLINE void break_down(struct vcpu *v)
{
	void (*fn)(void) = (void (*)(void))(uintptr_t)code;

	(void)v;
	fn();
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
