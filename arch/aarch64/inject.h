/*
 * Taking an exception to EL1 on a guest's behalf: what the CPU would have done
 * had the exception been its own. Pure functions over the few registers that
 * matter; the caller loads them from the vCPU and writes them back.
 *
 * Arm ARM DDI 0487: AArch64.TakeException, AArch64.ReportException,
 * ESR_EL1, "Exception vectors". EL1 is AArch64; EL0 may be AArch32.
 *
 * Leaves out: ALLINT and SPINTMASK (FEAT_NMI), EXLOCK (FEAT_GCS), PSTATE.PM
 * and PPEND: their features are hidden from guests.
 */
#ifndef PLINTH_ARCH_INJECT_H
#define PLINTH_ARCH_INJECT_H

#include <arch/aarch64/esr.h>

/* PSTATE as SPSR_ELx holds it. */
#define PSTATE_M     GENMASK(4, 0)
#define PSTATE_EL0T  UINT64_C(0x00)
#define PSTATE_EL1T  UINT64_C(0x04)
#define PSTATE_EL1H  UINT64_C(0x05)
#define PSTATE_NRW   BIT(4) /* AArch32 */
#define PSTATE_E32   BIT(9) /* AArch32: data is big-endian */
#define PSTATE_DAIF  GENMASK(9, 6)
#define PSTATE_BTYPE GENMASK(11, 10)
#define PSTATE_SSBS  BIT(12)
#define PSTATE_IL    BIT(20)
#define PSTATE_SS    BIT(21)
#define PSTATE_PAN   BIT(22)
#define PSTATE_UAO   BIT(23)
#define PSTATE_DIT   BIT(24)
#define PSTATE_TCO   BIT(25)
#define PSTATE_NZCV  GENMASK(31, 28)

/* Whether a guest's PSTATE is that of EL1, not of EL0 in either state. */
static inline bool pstate_is_el1(uint64_t pstate)
{
	return !(pstate & PSTATE_NRW) && (pstate & PSTATE_M) != PSTATE_EL0T;
}

#define SCTLR_C     BIT(2)  /* data caches on */
#define SCTLR_E0E   BIT(24) /* data at EL0 is big-endian... */
#define SCTLR_EE    BIT(25) /* ...at EL1, and stage-1 descriptors */
#define SCTLR_SPAN  BIT(23) /* 0: an exception to EL1 sets PAN */
#define SCTLR_DSSBS BIT(44) /* SSBS of the handler */

/* Features of the vCPU that decide bits of the handler's PSTATE. */
enum inject_feature {
	INJECT_PAN = 1,
	INJECT_SSBS = 2,
	INJECT_MTE = 4,
};

/* The enum inject_feature bits of a vCPU that is shown these ID registers, an
 * array by IDREG() (arch/aarch64/idreg.h). */
unsigned inject_features(const uint64_t *idregs);

struct inject_regs {
	uint64_t pc;       /* in: preferred return address, out: vector */
	uint64_t pstate;   /* in: interrupted, out: of the handler */
	uint64_t sctlr;    /* in: SCTLR_EL1 */
	uint64_t vbar;     /* in: VBAR_EL1 */
	uint64_t elr;      /* out: ELR_EL1 */
	uint64_t spsr;     /* out: SPSR_EL1 */
	uint64_t esr;      /* out: ESR_EL1 */
	uint64_t far;      /* in and out: FAR_EL1, changed by aborts only */
	unsigned features; /* in: enum inject_feature */
};

/* An abort as the guest is told of it. */
struct inject_abort {
	uint64_t far;  /* virtual address */
	uint8_t fsc;   /* ESR_FSC_EXTERNAL, or ESR_FSC_EXTERNAL_WALK + level */
	bool fetch;    /* instruction abort */
	bool write;    /* data: WnR */
	bool cache_op; /* data: CM, which reports WnR set as well */
	bool far_unknown; /* FnV: FAR is left alone */
};

/* Any synchronous exception; `iss` as in ESR_EL1. IL is set. */
void inject_sync(struct inject_regs *r, enum esr_ec ec, uint64_t iss);

/* The instruction at pc is UNDEFINED: EC 0, whose IL is 1 for 16-bit
 * instructions too. */
void inject_undef(struct inject_regs *r);

/* A synchronous external abort, or one that a guest's own walk met. */
void inject_abort(struct inject_regs *r, const struct inject_abort *a);

/* An SError interrupt that is not masked; iss 0 says nothing about it. */
void inject_serror(struct inject_regs *r, uint64_t iss);

/*
 * Steps over the trapped instruction at *pc: 4 bytes, or 2 when `il`
 * (ESR_EL2.IL) is clear; a step in progress is over, BTYPE is 0, an IT block
 * moves on. Not for HVC and SVC, whose return address is already the next
 * instruction.
 */
void inject_skip_insn(uint64_t *pc, uint64_t *pstate, bool il);

#endif
