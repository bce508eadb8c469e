/* A breakdown while a line waits: of a VM that is not in focus, without an
 * end. The time that would show it never comes. */
#include <hyp/hypervisor.h>
#include <hyp/mux.h>

#include "panic.h"

static NOINLINE void break_down(struct vcpu *v)
{
	struct mux *m = v->vm->hyp->mux;

	for (const char *p = "half a \x1b[31mline"; *p; p++)
		if (mux_put(&m->ports[MUX_VM + 1], (uint8_t)*p) < 0)
			break;
	panic("on purpose, vCPU %u", v->idx);
}
ON_FIRMWARE_CALL(break_down)
