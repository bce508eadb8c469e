/*
 * The vector registers, all at once: to and from an image in memory that holds
 * FPCR, FPSR, then q0-q31, or Z0-Z31, P0-P15 and FFR at the present length.
 * SVE by CPACR_EL1.ZEN; Arm ARM DDI 0487, ZCR_EL1.
 */
#ifndef PLINTH_GUEST_SIMD_H
#define PLINTH_GUEST_SIMD_H

#include "arm.h"

SYSREG_RW(cpacr_el1)
#define CPACR_FPEN UINT64_C(0x300000)
#define CPACR_ZEN  UINT64_C(0x30000)
#define CPACR_ZEN1 UINT64_C(0x10000) /* EL1 only */

#define SIMD_NR_Z      32
#define SIMD_NR_P      16
#define SIMD_QUADS_MAX 16
/* Bytes of registers of `quads` times 128 bits; 0: q0-q31. */
#define SIMD_BYTES(quads)                                                      \
	((quads) ? (quads) * (SIMD_NR_Z * 16 + (SIMD_NR_P + 1) * 2)            \
		 : SIMD_NR_Z * 16)

struct simd_image {
	uint64_t fpcr, fpsr;
	uint64_t word[SIMD_BYTES(SIMD_QUADS_MAX) / 8];
} __attribute__((aligned(16)));

void fp_store(struct simd_image *im);
void fp_load(const struct simd_image *im);
void sve_store(struct simd_image *im);
void sve_load(const struct simd_image *im);

/* Bytes of a vector, at this exception level; the arguments are not used. */
uint64_t sve_bytes(uint64_t x0, void *x1);
/* Writes D5, by a SIMD&FP instruction. */
void write_d5(uint64_t v);

static inline bool has_sve(void)
{
	return FIELD_GET(GENMASK(35, 32), read_id_aa64pfr0_el1()) != 0;
}

/* ZEN or 0. */
static inline void sve_allow(uint64_t zen)
{
	write_cpacr_el1(CPACR_FPEN | zen);
	isb();
}

static inline uint64_t read_zcr_el1(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, S3_0_C1_C2_0" : "=r"(v)::"memory");
	return v;
}

/* Quadwords of a vector when ZCR_EL1.LEN asks for `quads`. */
static inline unsigned sve_length(unsigned quads)
{
	__asm__ volatile(
		"msr S3_0_C1_C2_0, %0\n\tisb" ::"r"((uint64_t)quads - 1)
		: "memory");
	return (unsigned)(sve_bytes(0, NULL) / 16);
}

/* From here on, where the CPU has it: the longest vectors. */
static inline void use_sve(void)
{
	if (!has_sve())
		return;
	sve_allow(CPACR_ZEN);
	(void)sve_length(SIMD_QUADS_MAX);
}

#endif
