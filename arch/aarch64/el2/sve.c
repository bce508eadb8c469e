/*
 * Access to the scalable vectors: which lengths this pCPU has, and the way of
 * a vCPU's registers in and out; contract in arch/aarch64/sve.h. Left out: SME
 * and its streaming vectors, which no guest has.
 * Arm ARM DDI 0487, ZCR_EL2 and CPTR_EL2 with HCR_EL2.E2H = 0: EL2's own
 * accesses to SVE registers, ZCR_ELx included, obey CPTR_EL2.TZ.
 */
#include <arch/aarch64/sve.h>

#include "cpu_features.h"
#include "sysreg.h"

SYSREG_RW_AS(zcr_el1, "S3_0_C1_C2_0")
SYSREG_WO_AS(zcr_el2, "S3_4_C1_C2_0")

/* sve_regs.S */
uint64_t sve_vl(void);
void sve_regs_save(void *regs, struct fp_context *fp);
void sve_regs_restore(const void *regs, const struct fp_context *fp);

static void sve_open(void)
{
	write_cptr_el2(read_cptr_el2() & ~CPTR_TZ);
	isb();
}

/* For the guest from its next entry, for EL2 from the next ISB. */
static void sve_close(void)
{
	write_cptr_el2(read_cptr_el2() | CPTR_TZ);
}

/* Quadwords of a vector, at most `max`. */
static unsigned limit(unsigned max)
{
	write_zcr_el2(max - 1);
	isb();
	return (unsigned)(sve_vl() / 16);
}

/* Every length up to `max`: ZCR_EL2.LEN gives the longest that is not above. */
static uint32_t lengths_up_to(unsigned max)
{
	uint32_t lengths = 0;

	sve_open();
	for (unsigned n = max; n; n = limit(n) - 1)
		lengths |= (uint32_t)BIT(limit(n) - 1);
	(void)limit(max);
	sve_close();
	return lengths;
}

uint32_t sve_hw_lengths(void)
{
	return cpu_has_sve() ? lengths_up_to(SVE_NR_QUADS_MAX) : 0;
}

bool sve_hw_limit(uint32_t lengths)
{
	if (!lengths)
		return true; /* closed */
	return cpu_has_sve() &&
	       lengths_up_to(bit_highest(lengths) + 1) == lengths;
}

void sve_context_save(struct sve_context *c, struct fp_context *fp)
{
	c->zcr_el1 = read_zcr_el1();
	sve_regs_save(c->regs, fp);
	sve_close();
}

void sve_context_restore(const struct sve_context *c,
			 const struct fp_context *fp)
{
	sve_open();
	write_zcr_el1(c->zcr_el1);
	sve_regs_restore(c->regs, fp);
}
