/* Two CPUs break down at once: CPU 0 as soon as CPU 1 has. */
#include "panic.h"

#define CPU_ON 0xc4000003

static volatile bool broken;

static NOINLINE void break_down(struct vcpu *v)
{
	uint64_t function = v->regs.x[0];

	if (v->idx == 1) {
		broken = true;
		panic("on purpose, vCPU 1");
	}
	__real_firmware_call(v);
	if (function != CPU_ON || v->regs.x[0] != 0)
		return;
	while (!broken)
		__asm__ volatile("yield");
	panic("on purpose, vCPU 0");
}
ON_FIRMWARE_CALL(break_down)
