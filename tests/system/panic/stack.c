/* A recursion without end. */
#include "panic.h"

static volatile bool never;

/* Not NORETURN for the compiler's eyes: `never` could be true. */
static NOINLINE uint64_t break_down_deeper(volatile uint64_t *above)
{
	volatile uint64_t frame[32];

	frame[0] = *above;
	if (never)
		return 0;
	return break_down_deeper(frame) + frame[0];
}

static NOINLINE void break_down(struct vcpu *v)
{
	volatile uint64_t depth = v->idx;

	(void)break_down_deeper(&depth);
	NO_TAIL_CALL();
}
ON_FIRMWARE_CALL(break_down)
