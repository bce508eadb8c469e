/*
 * Entropy for a guest: TRNG 1.0, Arm DEN 0098. Where it comes from is the
 * caller's (struct smccc_ops); a VM without a source has none of these calls.
 *
 * Stateless, no locks. Called from smccc.c.
 */
#include <arch/aarch64/smccc_services.h>

#define TRNG_VERSION_1_0 0x10000

#define TRNG_INVALID_PARAMETERS (-2)
#define TRNG_NO_ENTROPY         (-3)

/* Of this source: 0d1c0a30-585e-4fcb-80ce-5b16e8142f8f, bytes in order. */
static const uint32_t uuid[4] = {0x300a1c0d, 0xcb4f5e58, 0x165bce80,
				 0x8f2f14e8};

static int32_t features(uint32_t fid)
{
	switch (fid) {
	case SMCCC_TRNG_VERSION:
	case SMCCC_TRNG_FEATURES:
	case SMCCC_TRNG_GET_UUID:
	case SMCCC_TRNG_RND32:
	case SMCCC_TRNG_RND64:
		return SMCCC_SUCCESS;
	default:
		return SMCCC_NOT_SUPPORTED;
	}
}

/* The `nr` lowest bits, 0 to `width` of them. */
static uint64_t low_bits(uint64_t v, uint64_t nr, unsigned width)
{
	return nr ? v & (~UINT64_C(0) >> (64 - min_u64(nr, width))) : 0;
}

/*
 * `nr` bits in three registers of `width`: x3 has the lowest, what is above
 * bit nr - 1 is 0. An error leaves nothing in any of them.
 */
static void rnd(const struct smccc *s, uint64_t *x, uint64_t nr, unsigned width)
{
	uint64_t word[3] = {0};
	bool bad = nr < 1 || nr > UINT64_C(3) * width;
	bool got = !bad && s->ops.entropy(s->ops.ctx, word);

	for (unsigned i = 0; i < 3; i++) {
		uint64_t below = (uint64_t)i * width;

		x[3 - i] = got && nr > below
				   ? low_bits(word[i], nr - below, width)
				   : 0;
		word[i] = 0;
	}
	smccc_answer(x, bad   ? TRNG_INVALID_PARAMETERS
			: got ? SMCCC_SUCCESS
			      : TRNG_NO_ENTROPY);
}

void smccc_trng(const struct smccc *s, uint64_t *x, uint32_t fid)
{
	if (!s->ops.entropy) {
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
		return;
	}
	switch (fid) {
	case SMCCC_TRNG_VERSION:
		smccc_answer(x, TRNG_VERSION_1_0);
		break;
	case SMCCC_TRNG_FEATURES:
		smccc_answer(x, features((uint32_t)x[1]));
		break;
	case SMCCC_TRNG_GET_UUID:
		smccc_answer4(x, uuid);
		break;
	case SMCCC_TRNG_RND32:
		rnd(s, x, (uint32_t)x[1], 32);
		break;
	case SMCCC_TRNG_RND64:
		rnd(s, x, x[1], 64);
		break;
	default:
		smccc_answer(x, SMCCC_NOT_SUPPORTED);
	}
}
