/*
 * SMC Calling Convention: sorts a call by its identifier. PSCI first, it is
 * the one that guests time. Stateless: all state is PSCI's. Leaves out
 * SMCCC_ARCH_SOC_ID and every service of a vendor or a trusted OS but those in
 * smccc.h (NOT_SUPPORTED).
 *
 * Arm DEN 0028. Called from the trap handlers of HVC and SMC.
 */
#include <arch/aarch64/smccc_services.h>

/* SMCCC_NOT_SUPPORTED for whatever is no workaround. */
static int32_t workaround_state(const struct smccc *s, uint32_t fid)
{
	switch (fid) {
	case SMCCC_ARCH_WORKAROUND_1:
		return s->workarounds.w1;
	case SMCCC_ARCH_WORKAROUND_2:
		return s->workarounds.w2;
	case SMCCC_ARCH_WORKAROUND_3:
		return s->workarounds.w3;
	default:
		return SMCCC_NOT_SUPPORTED;
	}
}

/* DEN 0057 has PV_TIME_FEATURES discovered here as well. */
static int32_t arch_features(const struct smccc *s, uint32_t fid)
{
	if (fid == SMCCC_VERSION || fid == SMCCC_ARCH_FEATURES ||
	    fid == SMCCC_PV_TIME_FEATURES)
		return SMCCC_SUCCESS;
	return workaround_state(s, fid);
}

static int32_t arch_result(const struct smccc *s, uint32_t fid,
			   const uint64_t *x)
{
	switch (fid) {
	case SMCCC_VERSION:
		return SMCCC_VERSION_1_3;
	case SMCCC_ARCH_FEATURES:
		return arch_features(s, (uint32_t)x[1]);
	default:
		return workaround_state(s, fid) >= 0 ? SMCCC_SUCCESS
						     : SMCCC_NOT_SUPPORTED;
	}
}

/* Out of line and with the arguments in place: the way to PSCI, which guests
 * time, stays free of moves and of a stack frame. */
static __attribute__((noinline)) enum psci_action
service_call(const struct smccc *s, unsigned self, uint64_t *x, uint32_t fid)
{
	switch (FIELD_GET(SMCCC_OWNER, fid)) {
	case SMCCC_OWNER_ARCH:
		smccc_answer(x, arch_result(s, fid, x));
		break;
	case SMCCC_OWNER_STANDARD:
		smccc_trng(s, x, fid);
		break;
	case SMCCC_OWNER_STANDARD_HYP:
		smccc_pv_time(s, self, x, fid);
		break;
	case SMCCC_OWNER_VENDOR_HYP:
		smccc_kvm(s, self, x, fid);
		break;
	default:
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
	}
	return PSCI_RETURN;
}

enum psci_action smccc_call(struct smccc *s, unsigned self, uint64_t *x)
{
	uint32_t fid = (uint32_t)(x[0] & ~SMCCC_HINT);
	const struct psci_row *row = psci_lookup(fid);

	if (row)
		return row->fn(&s->psci, self, x, fid);
	return service_call(s, self, x, fid);
}
