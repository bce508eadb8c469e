/*
 * Exception entry to EL1; see inject.h. Called by the trap handlers for what
 * a guest may not or cannot do. No state, no locks.
 * Left out: virtual SErrors, which HCR_EL2.VSE delivers.
 */
#include <arch/aarch64/idreg.h>
#include <arch/aarch64/inject.h>

/* Offsets from VBAR_EL1: by where the exception comes from... */
#define VECTOR_EL1T   0x000
#define VECTOR_EL1H   0x200
#define VECTOR_EL0    0x400
#define VECTOR_EL0_32 0x600
/* ...and by what it is. */
#define VECTOR_SYNC   0x000
#define VECTOR_SERROR 0x180

#define VBAR_RES0 GENMASK(10, 0)

/* ITSTATE in an AArch32 SPSR. */
#define A32_IT_LOW  GENMASK(26, 25) /* IT[1:0] */
#define A32_IT_HIGH GENMASK(15, 10) /* IT[7:2] */

#define PFR1_SSBS GENMASK(7, 4)
#define PFR1_MTE  GENMASK(11, 8)
#define MMFR1_PAN GENMASK(23, 20)

unsigned inject_features(const uint64_t *idregs)
{
	uint64_t pfr1 = idregs[IDREG(4, 1)], mmfr1 = idregs[IDREG(7, 1)];

	return (mmfr1 & MMFR1_PAN ? INJECT_PAN : 0U) |
	       (pfr1 & PFR1_SSBS ? INJECT_SSBS : 0U) |
	       (pfr1 & PFR1_MTE ? INJECT_MTE : 0U);
}

static uint64_t vector_base(uint64_t pstate)
{
	if (pstate & PSTATE_NRW)
		return VECTOR_EL0_32;
	if (!pstate_is_el1(pstate))
		return VECTOR_EL0;
	return pstate & 1 ? VECTOR_EL1H : VECTOR_EL1T;
}

/*
 * UAO, BTYPE, IL and SS become 0. The kept bits stand at the same places in
 * an AArch32 SPSR.
 */
static uint64_t handler_pstate(const struct inject_regs *r)
{
	uint64_t p = r->pstate & (PSTATE_NZCV | PSTATE_DIT);

	if (r->features & INJECT_PAN) {
		p |= r->pstate & PSTATE_PAN;
		if (!(r->sctlr & SCTLR_SPAN))
			p |= PSTATE_PAN;
	}
	if (r->features & INJECT_SSBS && r->sctlr & SCTLR_DSSBS)
		p |= PSTATE_SSBS;
	if (r->features & INJECT_MTE)
		p |= PSTATE_TCO;
	return p | PSTATE_DAIF | PSTATE_EL1H;
}

static void take(struct inject_regs *r, uint64_t kind, uint64_t esr)
{
	uint64_t vector =
		(r->vbar & ~VBAR_RES0) + vector_base(r->pstate) + kind;

	r->esr = esr;
	r->elr = r->pc;
	r->spsr = r->pstate;
	r->pstate = handler_pstate(r);
	r->pc = vector;
}

void inject_sync(struct inject_regs *r, enum esr_ec ec, uint64_t iss)
{
	take(r, VECTOR_SYNC, esr_make(ec, iss));
}

void inject_undef(struct inject_regs *r)
{
	inject_sync(r, ESR_EC_UNKNOWN, 0);
}

void inject_abort(struct inject_regs *r, const struct inject_abort *a)
{
	enum esr_ec ec = a->fetch ? ESR_EC_IABT_LOW : ESR_EC_DABT_LOW;
	uint64_t iss = FIELD_PREP(ESR_ABT_FSC, a->fsc);

	if (pstate_is_el1(r->pstate))
		ec = a->fetch ? ESR_EC_IABT_CUR : ESR_EC_DABT_CUR;
	if (!a->fetch && (a->write || a->cache_op))
		iss |= ESR_DABT_WNR;
	if (!a->fetch && a->cache_op)
		iss |= ESR_DABT_CM;
	if (a->far_unknown)
		iss |= ESR_ABT_FNV;
	else
		r->far = a->far;
	inject_sync(r, ec, iss);
}

void inject_serror(struct inject_regs *r, uint64_t iss)
{
	take(r, VECTOR_SERROR, esr_make(ESR_EC_SERROR, iss));
}

/* The state of an IT block after one of its instructions. */
static uint64_t it_advance(uint64_t pstate)
{
	uint64_t it = FIELD_GET(A32_IT_HIGH, pstate) << 2 |
		      FIELD_GET(A32_IT_LOW, pstate);

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	pstate &= ~(A32_IT_HIGH | A32_IT_LOW);
	return pstate | FIELD_PREP(A32_IT_HIGH, it >> 2) |
	       FIELD_PREP(A32_IT_LOW, it & 3);
}

void inject_skip_insn(uint64_t *pc, uint64_t *pstate, bool il)
{
	*pc += il ? 4 : 2;
	*pstate &= ~PSTATE_SS;
	if (*pstate & PSTATE_NRW)
		*pstate = it_advance(*pstate);
	else
		*pstate &= ~PSTATE_BTYPE;
}
