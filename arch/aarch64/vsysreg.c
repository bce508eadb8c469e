/*
 * Trapped system registers outside the device models; see vsysreg.h. The
 * switches are on constants in syndrome order, which the compiler turns into
 * a short decision tree: no table to search. Called from the SYS64 trap.
 */
#include <arch/aarch64/vsysreg.h>

#define OSLSR_OSLM BIT(3) /* the OS lock is implemented */
#define OSLSR_OSLK BIT(1)

/* Bits of MDSCR_EL1 that are state: ERR, TXU, RXO and the like are the
 * external debugger's. */
#define MDSCR_STORED (BIT(0) | BIT(12) | BIT(13) | BIT(15))

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR: any CRm with op2 4..7. */
#define DBG_FAMILY      SYSREG(2, 0, 0, 0, 4)
#define DBG_FAMILY_MASK (ESR_SYS64_REG & ~SYSREG(0, 0, 0, 15, 3))

void vsysreg_reset(struct vsysreg *v)
{
	*v = (struct vsysreg){.os_lock = true};
}

static enum vsysreg_result reads(uint64_t *value, uint64_t result)
{
	*value = result;
	return VSYSREG_DONE;
}

static enum vsysreg_result sysreg_read(const struct vsysreg *v, uint32_t reg,
				       uint64_t *value)
{
	if ((reg & DBG_FAMILY_MASK) == DBG_FAMILY)
		return reads(value, 0);
	switch (reg) {
	case SYS_MDSCR_EL1:
		return reads(value, v->mdscr);
	case SYS_OSLSR_EL1:
		return reads(value, OSLSR_OSLM | (v->os_lock ? OSLSR_OSLK : 0));
	case SYS_DBGCLAIMSET_EL1:
		return reads(value, 0xff); /* all eight exist */
	case SYS_DBGCLAIMCLR_EL1:
		return reads(value, v->claim);
	case SYS_ACTLR_EL1:
	case SYS_OSDLR_EL1:
	case SYS_DBGPRCR_EL1:
	case SYS_MDRAR_EL1:
	case SYS_MDCCINT_EL1:
	case SYS_MDCCSR_EL0:
	case SYS_DBGDTR_EL0:
	case SYS_DBGDTRRX_EL0:
	case SYS_OSDTRRX_EL1:
	case SYS_OSDTRTX_EL1:
	case SYS_OSECCR_EL1:
	case SYS_DBGAUTHSTATUS_EL1:
		return reads(value, 0);
	default:
		return VSYSREG_UNDEF;
	}
}

static enum vsysreg_result sysreg_write(struct vsysreg *v, uint32_t reg,
					uint64_t value)
{
	if ((reg & DBG_FAMILY_MASK) == DBG_FAMILY)
		return VSYSREG_DONE;
	switch (reg) {
	case SYS_DC_ISW:
	case SYS_DC_CSW:
	case SYS_DC_CISW:
		return VSYSREG_SET_WAY;
	case SYS_MDSCR_EL1:
		v->mdscr = value & MDSCR_STORED;
		return VSYSREG_DONE;
	case SYS_OSLAR_EL1:
		v->os_lock = value & 1;
		return VSYSREG_DONE;
	case SYS_DBGCLAIMSET_EL1:
		v->claim |= (uint8_t)value;
		return VSYSREG_DONE;
	case SYS_DBGCLAIMCLR_EL1:
		v->claim &= (uint8_t)~value;
		return VSYSREG_DONE;
	case SYS_ACTLR_EL1:
	case SYS_OSDLR_EL1:
	case SYS_DBGPRCR_EL1:
	case SYS_MDCCINT_EL1:
	case SYS_DBGDTR_EL0:
	case SYS_DBGDTRRX_EL0: /* DBGDTRTX_EL0 when written */
	case SYS_OSDTRRX_EL1:
	case SYS_OSDTRTX_EL1:
	case SYS_OSECCR_EL1:
		return VSYSREG_DONE;
	default:
		return VSYSREG_UNDEF;
	}
}

enum vsysreg_result vsysreg_access(struct vsysreg *v, uint64_t esr,
				   uint64_t *value)
{
	uint32_t reg = esr_sysreg(esr);

	if (esr_sysreg_read(esr))
		return sysreg_read(v, reg, value);
	return sysreg_write(v, reg, *value);
}
