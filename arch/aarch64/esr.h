/*
 * ESR_EL2: why a guest's instruction came to EL2. Field masks and the values
 * that the trap path looks at; decoding of an access is one getter a field.
 *
 * Arm ARM DDI 0487: ESR_EL2 (EC, IL and one ISS format per EC), HPFAR_EL2.
 * The same formats serve ESR_EL1, which is what exception injection writes.
 */
#ifndef PLINTH_ARCH_ESR_H
#define PLINTH_ARCH_ESR_H

#include <base/addr.h>
#include <base/bits.h>

#define ESR_EC  GENMASK(31, 26) /* exception class */
#define ESR_IL  BIT(25)         /* trapped instruction is 32 bits long */
#define ESR_ISS GENMASK(24, 0)

enum esr_ec {
	ESR_EC_UNKNOWN = 0x00,
	ESR_EC_WFX = 0x01,     /* WFI, WFE, WFIT, WFET */
	ESR_EC_CP15_32 = 0x03, /* AArch32 MCR, MRC */
	ESR_EC_CP15_64 = 0x04, /* AArch32 MCRR, MRRC */
	ESR_EC_CP14_32 = 0x05,
	ESR_EC_CP14_LS = 0x06, /* AArch32 LDC, STC */
	ESR_EC_FP = 0x07,      /* CPTR_EL2.TFP: FP, SIMD, SVE */
	ESR_EC_VMRS = 0x08,    /* AArch32 VMRS of an ID register */
	ESR_EC_PAC = 0x09,     /* HCR_EL2.API clear */
	ESR_EC_LS64 = 0x0a,
	ESR_EC_CP14_64 = 0x0c,
	ESR_EC_BTI = 0x0d,
	ESR_EC_ILLEGAL = 0x0e, /* illegal execution state */
	ESR_EC_SVC32 = 0x11,
	ESR_EC_HVC32 = 0x12,
	ESR_EC_SMC32 = 0x13,
	ESR_EC_SYS128 = 0x14, /* MSRR, MRRS */
	ESR_EC_SVC64 = 0x15,
	ESR_EC_HVC64 = 0x16,
	ESR_EC_SMC64 = 0x17,
	ESR_EC_SYS64 = 0x18, /* MSR, MRS, SYS */
	ESR_EC_SVE = 0x19,
	ESR_EC_ERET = 0x1a,
	ESR_EC_FPAC = 0x1c,
	ESR_EC_SME = 0x1d,
	ESR_EC_IABT_LOW = 0x20, /* from a lower Exception level */
	ESR_EC_IABT_CUR = 0x21, /* from the level that takes it */
	ESR_EC_PC_ALIGN = 0x22,
	ESR_EC_DABT_LOW = 0x24,
	ESR_EC_DABT_CUR = 0x25,
	ESR_EC_SP_ALIGN = 0x26,
	ESR_EC_MOPS = 0x27,
	ESR_EC_FP32 = 0x28, /* trapped AArch32 FP exception */
	ESR_EC_FP64 = 0x2c,
	ESR_EC_GCS = 0x2d,
	ESR_EC_SERROR = 0x2f,
	ESR_EC_BP_LOW = 0x30, /* hardware breakpoint */
	ESR_EC_BP_CUR = 0x31,
	ESR_EC_STEP_LOW = 0x32,
	ESR_EC_STEP_CUR = 0x33,
	ESR_EC_WP_LOW = 0x34,
	ESR_EC_WP_CUR = 0x35,
	ESR_EC_BKPT32 = 0x38,
	ESR_EC_VECTOR32 = 0x3a,
	ESR_EC_BRK64 = 0x3c,
	ESR_EC_NR = 64, /* size of a table indexed by EC */
};

/* Data and instruction aborts share the low bits. */
#define ESR_ABT_FSC   GENMASK(5, 0) /* DFSC, IFSC: see enum esr_fsc */
#define ESR_ABT_S1PTW BIT(7)        /* stage 2 fault on a stage-1 walk */
#define ESR_ABT_EA    BIT(9)
#define ESR_ABT_FNV   BIT(10) /* FAR is not valid */
#define ESR_ABT_SET   GENMASK(12, 11)

#define ESR_DABT_WNR BIT(6)  /* write (or cache maintenance, CM) */
#define ESR_DABT_CM  BIT(8)  /* cache maintenance or AT, not an access */
#define ESR_DABT_AR  BIT(14) /* acquire/release */
#define ESR_DABT_SF  BIT(15) /* 64-bit register */
#define ESR_DABT_SRT GENMASK(20, 16) /* register; 31 is the zero register */
#define ESR_DABT_SSE BIT(21)         /* sign extend what is loaded */
#define ESR_DABT_SAS GENMASK(23, 22) /* log2 of the access size in bytes */
#define ESR_DABT_ISV BIT(24)         /* SAS, SSE, SRT, SF, AR are valid */

/* Fault status with the lookup level in its low two bits... */
#define ESR_FSC_TYPE  GENMASK(5, 2)
#define ESR_FSC_LEVEL GENMASK(1, 0)

enum esr_fsc {
	ESR_FSC_ADDRESS_SIZE = 0x00,
	ESR_FSC_TRANSLATION = 0x04,
	ESR_FSC_ACCESS_FLAG = 0x08,
	ESR_FSC_PERMISSION = 0x0c,
	ESR_FSC_EXTERNAL_WALK = 0x14, /* external abort on a table walk */
	/* ...and those without. */
	ESR_FSC_EXTERNAL = 0x10, /* synchronous external abort */
	ESR_FSC_TAG_CHECK = 0x11,
	ESR_FSC_EXTERNAL_WALK_LM1 = 0x13, /* level -1 */
	ESR_FSC_ALIGNMENT = 0x21,
	ESR_FSC_ADDRESS_SIZE_LM1 = 0x29,
	ESR_FSC_TRANSLATION_LM1 = 0x2b,
	ESR_FSC_TLB_CONFLICT = 0x30,
	ESR_FSC_HW_UPDATE = 0x31, /* unsupported atomic hardware update */
	ESR_FSC_LOCKDOWN = 0x34,
	ESR_FSC_EXCLUSIVE = 0x35, /* unsupported exclusive or atomic */
};

/* HVC, SMC, SVC, BRK */
#define ESR_IMM16 GENMASK(15, 0)

/* WFx */
#define ESR_WFX_TI GENMASK(1, 0)
#define ESR_WFX_RV BIT(2) /* RN is valid */
#define ESR_WFX_RN GENMASK(9, 5)

enum esr_wfx_ti {
	ESR_WFX_WFI = 0,
	ESR_WFX_WFE = 1,
	ESR_WFX_WFIT = 2,
	ESR_WFX_WFET = 3,
};

/* MSR, MRS and SYS; arch/aarch64/sysreg.h names the encodings. */
#define ESR_SYS64_READ BIT(0)
#define ESR_SYS64_CRM  GENMASK(4, 1)
#define ESR_SYS64_RT   GENMASK(9, 5) /* 31 is the zero register */
#define ESR_SYS64_CRN  GENMASK(13, 10)
#define ESR_SYS64_OP1  GENMASK(16, 14)
#define ESR_SYS64_OP2  GENMASK(19, 17)
#define ESR_SYS64_OP0  GENMASK(21, 20)

/* AArch32 conditional instructions: WFx, CP15, SMC32 */
#define ESR_COND GENMASK(23, 20)
#define ESR_CV   BIT(24)

/* SError */
#define ESR_SERROR_DFSC GENMASK(5, 0)
#define ESR_SERROR_EA   BIT(9)
#define ESR_SERROR_AET  GENMASK(12, 10)
#define ESR_SERROR_IESB BIT(13)
#define ESR_SERROR_IDS  BIT(24) /* the rest is implementation defined */
#define ESR_SERROR_ISS  GENMASK(23, 0)

/* HPFAR_EL2: bits 55:12 of the faulting IPA in bits 47:4. Valid for stage-2
 * translation, address size and access flag faults and for S1PTW only. */
#define HPFAR_FIPA GENMASK(47, 4)

/*
 * What ESR_EL2 or DISR_EL1 tells of an SError, as VSESR_EL2 wants it. IESB,
 * which only ESR_EL2 has, is about an exception to EL2.
 */
static inline uint64_t esr_serror(uint64_t esr)
{
	return esr & (esr & ESR_SERROR_IDS ? ESR_SERROR_IDS | ESR_SERROR_ISS
					   : ESR_SERROR_AET | ESR_SERROR_EA |
						     ESR_SERROR_DFSC);
}

static inline enum esr_ec esr_ec(uint64_t esr)
{
	return (enum esr_ec)FIELD_GET(ESR_EC, esr);
}

/* ESR_EL1 value of an exception with a 32-bit instruction or none. */
static inline uint64_t esr_make(enum esr_ec ec, uint64_t iss)
{
	return FIELD_PREP(ESR_EC, ec) | ESR_IL | (iss & ESR_ISS);
}

/* Fault class with the level taken off; meaningful for the levelled classes. */
static inline unsigned esr_fsc_type(uint64_t esr)
{
	return (unsigned)(esr & ESR_FSC_TYPE);
}

static inline bool esr_dabt_isv(uint64_t esr)
{
	return (esr & ESR_DABT_ISV) != 0;
}

static inline bool esr_dabt_write(uint64_t esr)
{
	return (esr & ESR_DABT_WNR) != 0;
}

/* Bytes: 1, 2, 4 or 8. */
static inline unsigned esr_dabt_size(uint64_t esr)
{
	return 1U << FIELD_GET(ESR_DABT_SAS, esr);
}

static inline unsigned esr_dabt_srt(uint64_t esr)
{
	return (unsigned)FIELD_GET(ESR_DABT_SRT, esr);
}

static inline unsigned esr_sys64_rt(uint64_t esr)
{
	return (unsigned)FIELD_GET(ESR_SYS64_RT, esr);
}

static inline uint16_t esr_imm16(uint64_t esr)
{
	return (uint16_t)FIELD_GET(ESR_IMM16, esr);
}

/* The page of the faulting IPA; the low 12 bits are those of FAR_EL2. */
static inline ipa_t hpfar_ipa(uint64_t hpfar)
{
	/* Above the field are RES0 bits and NS, which the shift drops. */
	return (ipa_t){hpfar * (BIT(12) / FIELD_LSB(HPFAR_FIPA)) &
		       ~GENMASK(11, 0)};
}

/*
 * What a load puts in its register: `value` is what the device gave, in the
 * low bytes; SSE, SAS and SF of the syndrome say the rest. A 32-bit register
 * write clears the upper half.
 */
static inline uint64_t esr_dabt_extend(uint64_t esr, uint64_t value)
{
	unsigned unused = -(8 * esr_dabt_size(esr)) & 63; /* 64 - bits */

	value <<= unused;
	if (esr & ESR_DABT_SSE)
		value = (uint64_t)((int64_t)value >> unused);
	else
		value >>= unused;
	return esr & ESR_DABT_SF ? value : (uint32_t)value;
}

_Static_assert(FIELD_GET(ESR_EC, 0x5a000000) == ESR_EC_HVC64, "hvc #0");
_Static_assert(FIELD_GET(ESR_EC, 0x62300009) == ESR_EC_SYS64, "mrs");
_Static_assert(FIELD_GET(ESR_EC, 0x93c08006) == ESR_EC_DABT_LOW, "dabt");
_Static_assert(FIELD_GET(ESR_DABT_SAS, 0x93c08006) == 3, "ldr x0");

#endif
