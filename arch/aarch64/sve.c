/*
 * What a vCPU's scalable vectors hold when it begins to use them; contract in
 * sve.h. Left out: the registers themselves (el2/sve_regs.S).
 * Arm ARM DDI 0487, "SVE vector registers": a write to Vn zeroes the rest of
 * Zn, so a vCPU that has only written to those finds zeros.
 */
#include <string.h>

#include <arch/aarch64/sve.h>

void sve_begin(struct sve_context *c, const struct fp_context *fp)
{
	uint64_t len = c->nr_quads * sizeof(fp->q[0]);

	memset(c->regs, 0, SVE_REGS_SIZE(c->nr_quads));
	for (unsigned i = 0; i < ARRAY_SIZE(fp->q); i++)
		memcpy(c->regs + i * len, fp->q[i], sizeof(fp->q[i]));
	c->zcr_el1 = 0;
	c->used = true;
}
