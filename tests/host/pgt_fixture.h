/*
 * Translation tables under the TLB model, for tests of the editor: empty, with
 * 48-bit output. Arm ARM DDI 0487, "The VMSAv8-64 translation table format".
 */
#ifndef PLINTH_TESTS_PGT_FIXTURE_H
#define PLINTH_TESTS_PGT_FIXTURE_H

#include "tlb_model.h"

/* Any leaf bits will do for the editor; these are two plausible sets. */
#define RW   UINT64_C(0x7fc) /* AF, SH, S2AP=11, MemAttr=1111 */
#define RO   UINT64_C(0x77c)
#define DEV  UINT64_C(0x4c4)
#define BBM  UINT64_C(0x33c) /* SH and MemAttr */
#define G(n) ((uint64_t)(n) << 30)
#define M(n) ((uint64_t)(n) << 20)
#define K(n) ((uint64_t)(n) << 10)

struct fixture {
	struct tlb_model m;
	struct pgt p;
};

/* Tables from `level` on, for addresses of so many bits. */
void pgt_make(struct fixture *f, unsigned level, unsigned bits);
/* Asserts that no table is left. */
void pgt_unmake(struct fixture *f);

/* Of a test: *state is a fixture of 39 bits, from level 1 on. */
int pgt_setup(void **state);
int pgt_teardown(void **state);

#endif
