/*
 * Scalable vectors of a vCPU. One that has never used them since its start has
 * none: its SIMD&FP registers are in struct fp_context and CPTR_EL2.TZ traps
 * SVE. Its first use (sve_begin) makes the vectors of them; from then on they
 * are switched whole, at the length that all pCPUs have (ZCR_EL2).
 * Arm ARM DDI 0487, "The Scalable Vector Extension", ZCR_ELx, CPTR_EL2.
 */
#ifndef PLINTH_ARCH_SVE_H
#define PLINTH_ARCH_SVE_H

#include <arch/aarch64/context.h>

/* Of a vector of `nr_quads` times 128 bits, 1..16, and of what belongs to it:
 * Z0-Z31, P0-P15, FFR, in that order. */
#define SVE_NR_QUADS_MAX        16U
#define SVE_REGS_SIZE(nr_quads) ((uint64_t)(nr_quads) * (32 * 16 + 17 * 2))

struct sve_context {
	uint8_t *regs; /* SVE_REGS_SIZE(), 16-byte aligned; NULL: no SVE */
	unsigned nr_quads;
	bool used; /* since the vCPU's start */
	uint64_t zcr_el1;
};

/*
 * First use by a vCPU whose SIMD&FP registers are `fp`: vectors that begin
 * with these and are zero beyond, as are predicates, FFR and ZCR_EL1.
 */
void sve_begin(struct sve_context *c, const struct fp_context *fp);

/*
 * Vector lengths of this pCPU at EL2 and below: bit n is n + 1 quadwords.
 * 0: it has no SVE. No vCPU is loaded.
 */
uint32_t sve_hw_lengths(void);

/*
 * Limits this pCPU to the longest of `lengths`. False when it is left with
 * other lengths than these, 0 included. No vCPU is loaded.
 */
bool sve_hw_limit(uint32_t lengths);

/*
 * As fp_context_save() and fp_context_restore(), for a vCPU that uses SVE:
 * FPCR and FPSR are in `fp`, its other registers are stale. SVE is open to the
 * guest in between only. IRQs masked, on the pCPU itself.
 */
void sve_context_save(struct sve_context *c, struct fp_context *fp);
void sve_context_restore(const struct sve_context *c,
			 const struct fp_context *fp);

#endif
