/* A breakdown that has spoilt the chain of frame records. */
#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	uint64_t *record = __builtin_frame_address(0);

	(void)v;
	record[0] = UINT64_C(0x00dead0000dead00);
	panic("on purpose, far from home");
}
ON_FIRMWARE_CALL(break_down)
