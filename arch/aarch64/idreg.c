/*
 * Sanitised ID registers: applies the policy rows to the CPU's own values.
 * Runs once per VM, when it is built; the trap path only reads the result.
 * Leaves out: the ID registers that no bit traps one by one (MIDR, MPIDR:
 * VPIDR_EL2 and VMPIDR_EL2; CTR, CCSIDR, DCZID: the CPU's own).
 *
 * Arm ARM DDI 0487, "Principles of the ID scheme for fields in ID registers":
 * fields are unsigned, larger means more, unless the row says RAW.
 */
#include <arch/aarch64/idreg.h>

/* Register names as indices. */
enum {
#define REG(name, crm, op2) IDX_##name = IDREG(crm, op2),
#define FIELD(reg, name, msb, lsb, rule, value, why)
#include <arch/aarch64/idreg_policy.h>
#undef REG
#undef FIELD
};

const struct idreg_field idreg_policy[] = {
#define REG(name, crm, op2)
#define FIELD(reg, name, msb, lsb, rule, value, why)                           \
	{IDX_##reg, msb, lsb, IDREG_##rule, value},
#include <arch/aarch64/idreg_policy.h>
#undef REG
#undef FIELD
};

const unsigned idreg_policy_nr = ARRAY_SIZE(idreg_policy);

#define PFR0_EL0         GENMASK(3, 0)
#define PFR0_EL0_AARCH32 2
#define MMFR0_TGRAN16    GENMASK(23, 20) /* 0: absent */
#define MMFR0_TGRAN64    GENMASK(27, 24) /* 15: absent */
#define MMFR0_TGRAN4     GENMASK(31, 28) /* 15: absent */
#define DFR0_PMUVER      GENMASK(11, 8)

/* The PARange value that covers `bits` of address. */
static uint64_t parange_covering(unsigned bits)
{
	static const uint8_t size[] = {32, 36, 40, 42, 44, 48, 52};
	uint64_t i = 0;

	while (i < ARRAY_SIZE(size) - 1 && size[i] < bits)
		i++;
	return i;
}

static uint64_t field_value(const struct idreg_field *f, uint64_t hw,
			    const struct idreg_limits *limits)
{
	switch (f->rule) {
	case IDREG_SHOW:
	case IDREG_MOOT_SHOW:
		return min_u64(hw, f->value);
	case IDREG_RAW:
		return hw;
	case IDREG_PMU: /* all ones: a PMU of another kind */
		return limits->pmu && hw != 15 ? min_u64(hw, f->value) : 0;
	case IDREG_SVE:
		return limits->sve ? min_u64(hw, f->value) : 0;
	case IDREG_PARANGE:
		return min_u64(hw, parange_covering(limits->ipa_bits));
	default:
		return f->value;
	}
}

/* The first register whose value means something. */
static unsigned first_known(const uint64_t hw[IDREG_NR])
{
	uint64_t el0 = FIELD_GET(PFR0_EL0, hw[IDX_ID_AA64PFR0_EL1]);

	return el0 == PFR0_EL0_AARCH32 ? 0 : IDREG(4, 0);
}

void idreg_sanitise(const uint64_t hw[IDREG_NR],
		    const struct idreg_limits *limits, uint64_t out[IDREG_NR])
{
	unsigned first = first_known(hw);

	for (unsigned i = 0; i < IDREG_NR; i++)
		out[i] = 0;
	for (unsigned i = 0; i < idreg_policy_nr; i++) {
		const struct idreg_field *f = &idreg_policy[i];
		uint64_t mask = GENMASK(f->msb, f->lsb);

		if (f->reg < first)
			continue;
		out[f->reg] |= FIELD_PREP(
			mask,
			field_value(f, FIELD_GET(mask, hw[f->reg]), limits));
	}
}

static bool is_moot(const struct idreg_field *f)
{
	return f->rule == IDREG_MOOT_SHOW || f->rule == IDREG_MOOT_FIXED ||
	       f->rule == IDREG_PARANGE;
}

bool idreg_must_trap(const uint64_t hw[IDREG_NR], const uint64_t out[IDREG_NR])
{
	uint64_t moot[IDREG_NR] = {0};

	for (unsigned i = 0; i < idreg_policy_nr; i++) {
		const struct idreg_field *f = &idreg_policy[i];

		if (is_moot(f))
			moot[f->reg] |= GENMASK(f->msb, f->lsb);
	}
	for (unsigned i = first_known(hw); i < IDREG_NR; i++)
		if ((hw[i] ^ out[i]) & ~moot[i])
			return true;
	return false;
}

bool idreg_has_granule(const uint64_t idregs[IDREG_NR], unsigned page_shift)
{
	uint64_t mmfr0 = idregs[IDX_ID_AA64MMFR0_EL1];

	switch (page_shift) {
	case 12:
		return FIELD_GET(MMFR0_TGRAN4, mmfr0) != 15;
	case 14:
		return FIELD_GET(MMFR0_TGRAN16, mmfr0) != 0;
	case 16:
		return FIELD_GET(MMFR0_TGRAN64, mmfr0) != 15;
	default:
		return false;
	}
}

bool idreg_has_pmu(const uint64_t regs[IDREG_NR])
{
	return FIELD_GET(DFR0_PMUVER, regs[IDX_ID_AA64DFR0_EL1]) != 0;
}
