/*
 * Reads RNDR and RNDRRS; contract in arch/aarch64/rndr.h. A read that yields
 * nothing in reasonable time gives 0 and PSTATE.NZCV 0b0100, any other NZCV
 * 0b0000.
 * Arm ARM DDI 0487, RNDR and RNDRRS (FEAT_RNG). Left out: a CPU without them
 * is never asked.
 */
#include <arch/aarch64/rndr.h>

#include "cpu_features.h"

#define RNDR_TRIES 16U

#define RNDR_TRY(name, enc)                                                    \
	static bool name(uint64_t *v)                                          \
	{                                                                      \
		uint64_t word;                                                 \
		uint32_t ok;                                                   \
                                                                               \
		__asm__ volatile("mrs %0, " enc "\n\tcset %w1, ne"             \
				 : "=r"(word), "=r"(ok)::"cc");                \
		if (ok)                                                        \
			*v = word;                                             \
		return ok;                                                     \
	}

RNDR_TRY(rndr_try, "S3_3_C2_C4_0")
RNDR_TRY(rndrrs_try, "S3_3_C2_C4_1")

bool rndr_read(uint64_t *v)
{
	bool got = false;

	for (unsigned i = 0; cpu_has_rng() && i < RNDR_TRIES && !got; i++)
		got = rndr_try(v);
	return got;
}

bool rndrrs_read(uint64_t *v)
{
	bool got = false;

	for (unsigned i = 0; cpu_has_rng() && i < RNDR_TRIES && !got; i++)
		got = rndrrs_try(v);
	return got;
}
