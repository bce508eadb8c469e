/*
 * A64 loads and stores, decoded: for data aborts whose syndrome does not
 * describe the access (ESR_EL2.ISV = 0), and for a big-endian guest's.
 *
 * Pure functions. Arm ARM DDI 0487, "Loads and Stores" in the A64 encoding
 * index, and the pseudocode of each instruction. What is CONSTRAINED
 * UNPREDICTABLE is done as if nothing were special: a load's register wins
 * over a writeback to it, of two equal destinations the later one counts.
 *
 * Leaves out: A32 and T32; SVE; features that guests are not shown (SME, MTE,
 * MOPS, LS64, THE, GCS) and those without a use on a device (LRCPC3, LSFE).
 */
#ifndef PLINTH_ARCH_INSN_H
#define PLINTH_ARCH_INSN_H

#include <base/types.h>

enum insn_kind {
	INSN_OTHER,     /* no load or store of this list */
	INSN_ACCESS,    /* plain, acquire, release, non-temporal */
	INSN_EXCLUSIVE, /* exclusives, compare and swap, atomics */
};

/* Where the address comes from. */
enum insn_base {
	INSN_BASE_REG, /* Xn or SP, and the offset */
	INSN_BASE_PC,  /* literal */
	INSN_BASE_PAC, /* LDRAA, LDRAB: Xn authenticated, which FAR tells */
};

/* What a load does to the rest of a SIMD&FP register. */
enum insn_fill {
	INSN_FILL_ZERO,
	INSN_FILL_KEEP, /* one lane: the others stay */
	INSN_FILL_COPY, /* LD1R and the like: all lanes get it */
};

#define INSN_MAX_REGS  4
#define INSN_MAX_BYTES 64 /* of one access: four Q registers */
#define INSN_NO_REG    31U

/*
 * The access is nr_elements() of `size` bytes at rising addresses. They go to
 * nr_regs() registers, numbered from rt on modulo 32, or rt and rt2 of a pair:
 * `rpt` groups of `lanes` by `selem`, as the pseudocode names them.
 */
struct insn_access {
	enum insn_kind kind;
	enum insn_base base;
	enum insn_fill fill;
	bool store;
	bool fp;     /* SIMD&FP registers */
	bool pair;   /* rt, rt2 */
	bool sign;   /* sign-extends to... */
	bool wide;   /* ...64 bits */
	bool unpriv; /* with EL0's permissions */
	bool post;   /* the address is the base without the offset */
	bool writeback;
	bool q;       /* 128-bit vector: what a copy fills */
	uint8_t size; /* bytes of an element: 1, 2, 4, 8, 16 */
	uint8_t rpt, lanes, selem;
	uint8_t lane; /* of a single structure */
	uint8_t rt, rt2;
	uint8_t rn;     /* 31 is SP */
	uint8_t rm;     /* INSN_NO_REG: the offset is `imm` */
	uint8_t extend; /* of rm: the instruction's option field */
	uint8_t shift;
	int64_t imm;
};

/* Decodes one instruction word; kind says whether anything else is valid. */
void insn_decode(uint32_t word, struct insn_access *a);

static inline unsigned insn_nr_elements(const struct insn_access *a)
{
	return (unsigned)a->rpt * a->lanes * a->selem;
}

static inline unsigned insn_nr_bytes(const struct insn_access *a)
{
	return insn_nr_elements(a) * a->size;
}

static inline unsigned insn_nr_regs(const struct insn_access *a)
{
	return a->rpt + a->selem - 1U;
}

/* Number of the i-th register, i < insn_nr_regs(). */
static inline unsigned insn_reg(const struct insn_access *a, unsigned i)
{
	if (a->pair)
		return i ? a->rt2 : a->rt;
	return (a->rt + i) % 32U;
}

/* What is added to the base; `rm` is the value of register a->rm. */
uint64_t insn_offset(const struct insn_access *a, uint64_t rm);

/* Values of the access's registers, in insn_reg() order; a general register
 * has its value in the low half. */
struct insn_values {
	uint64_t v[INSN_MAX_REGS][2];
};

/* The bytes that a store writes, in the order of addresses. */
void insn_to_memory(const struct insn_access *a, const struct insn_values *v,
		    bool big_endian, uint8_t mem[INSN_MAX_BYTES]);

/* What a load makes of the registers, whose old values are in `v`. */
void insn_from_memory(const struct insn_access *a, struct insn_values *v,
		      bool big_endian, const uint8_t mem[INSN_MAX_BYTES]);

#endif
