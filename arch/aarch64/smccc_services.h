/*
 * The services behind smccc_call(), by owner of the identifier; the caller is
 * smccc.c alone. Each writes x0 at least; an identifier that it does not know
 * is SMCCC_NOT_SUPPORTED. x[] are the caller's registers x0..x3.
 * SMCCC DEN 0028.
 */
#ifndef PLINTH_ARCH_SMCCC_SERVICES_H
#define PLINTH_ARCH_SMCCC_SERVICES_H

#include <arch/aarch64/smccc.h>

/* An error code or a 32-bit result, sign-extended. */
static inline void smccc_answer(uint64_t *x, int32_t value)
{
	x[0] = (uint64_t)(int64_t)value;
}

static inline void smccc_answer4(uint64_t *x, const uint32_t value[4])
{
	for (unsigned i = 0; i < 4; i++)
		x[i] = value[i];
}

/* Entropy, DEN 0098. */
void smccc_trng(const struct smccc *s, uint64_t *x, uint32_t fid);

/* Stolen time, DEN 0057. */
void smccc_pv_time(const struct smccc *s, unsigned self, uint64_t *x,
		   uint32_t fid);

/* What a KVM host has for its guests. */
void smccc_kvm(const struct smccc *s, unsigned self, uint64_t *x, uint32_t fid);

#endif
