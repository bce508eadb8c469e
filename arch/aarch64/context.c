/*
 * Reset values of a vCPU's switched registers. Arm ARM DDI 0487 leaves most of
 * them UNKNOWN at a warm reset; Plinth defines them as zero, and SCTLR_EL1 as
 * the boot protocol wants it. Pure; called at every start of a vCPU.
 */
#include <string.h>

#include <arch/aarch64/context.h>

/* LSMAOE, nTLSMD, SPAN, EIS, TSCXT, EOS: RES1 where their feature is absent. */
#define SCTLR_EL1_RESET 0x30d00800U

void el1_context_reset(struct el1_context *c)
{
	memset(c, 0, sizeof(*c));
	c->sctlr_el1 = SCTLR_EL1_RESET;
	c->os_lock = 1;
	c->debug_wanted = true; /* kernels set them up at a start */
}
