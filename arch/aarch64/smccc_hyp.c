/*
 * What a hypervisor has for its guests: stolen time (Arm DEN 0057), and the
 * calls that Linux makes where the UID is KVM's, because a guest kernel knows
 * those and no others: the clock behind /dev/ptp0.
 *
 * Stateless, no locks. Called from smccc.c.
 */
#include <arch/aarch64/smccc_services.h>

void smccc_pv_time(const struct smccc *s, unsigned self, uint64_t *x,
		   uint32_t fid)
{
	uint32_t query = (uint32_t)x[1];

	if (fid == SMCCC_PV_TIME_ST)
		x[0] = s->ops.stolen_time(s->ops.ctx, self);
	else if (fid == SMCCC_PV_TIME_FEATURES &&
		 (query == SMCCC_PV_TIME_ST || query == fid))
		smccc_answer(x, SMCCC_SUCCESS);
	else
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
}

/* 28b46fb6-2ec5-11e9-a9ca-4b564d003a74: a KVM host. */
static const uint32_t kvm_uid[4] = {0xb66fb428, 0xe911c52e, 0x564bcaa9,
				    0x743a004d};

/* A bit for each function number that is there: features, PTP. */
static const uint32_t kvm_features[4] = {BIT(0) | BIT(1), 0, 0, 0};

enum ptp_counter {
	PTP_VIRTUAL,
	PTP_PHYSICAL
};

static void ptp(const struct smccc *s, unsigned self, uint64_t *x)
{
	uint32_t counter = (uint32_t)x[1];
	struct smccc_moment m;

	if (counter != PTP_VIRTUAL && counter != PTP_PHYSICAL) {
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
		return;
	}
	m = s->ops.moment(s->ops.ctx, self, counter == PTP_PHYSICAL);
	x[0] = m.ns >> 32;
	x[1] = (uint32_t)m.ns;
	x[2] = m.count >> 32;
	x[3] = (uint32_t)m.count;
}

void smccc_kvm(const struct smccc *s, unsigned self, uint64_t *x, uint32_t fid)
{
	switch (fid) {
	case SMCCC_VENDOR_HYP_UID:
		smccc_answer4(x, kvm_uid);
		break;
	case SMCCC_KVM_FEATURES:
		smccc_answer4(x, kvm_features);
		break;
	case SMCCC_KVM_PTP:
		ptp(s, self, x);
		break;
	default:
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
	}
}
