/* CPU 1 breaks down while CPU 0 hangs at EL2, interrupts masked. */
#include "panic.h"

#define CPU_ON 0xc4000003

static volatile bool hangs;

static NOINLINE void break_down(struct vcpu *v)
{
	uint64_t function = v->regs.x[0];

	if (v->idx == 1) {
		while (!hangs)
			__asm__ volatile("yield");
		panic("on purpose, vCPU 1");
	}
	__real_firmware_call(v);
	if (function != CPU_ON || v->regs.x[0] != 0)
		return;
	hangs = true;
	for (;;)
		__asm__ volatile("yield");
}
ON_FIRMWARE_CALL(break_down)
