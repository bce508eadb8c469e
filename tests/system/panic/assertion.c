/* An assertion that does not hold. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	ASSERT(v == NULL);
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
