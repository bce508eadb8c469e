/*
 * The world of a page-table editor in tests: a page source that counts and can
 * be made to fail, and the nastiest TLB that the architecture allows. It holds
 * every translation of a window of pages, and every table pointer on the way,
 * from the moment they exist until a TLBI names them. It fails the test when
 *  - an entry changes its output, size or memory type without having been
 *    invalid while a TLBI was made (break-before-make);
 *  - an entry of a run with the contiguous hint changes at all without that;
 *  - a run with the hint is not sixteen entries alike, in a row and aligned,
 *    whenever the tables are looked at;
 *  - an operation ends and an old translation is still cached;
 *  - a table page is freed while a walk could still go through it.
 */
#ifndef PLINTH_TESTS_TLB_MODEL_H
#define PLINTH_TESTS_TLB_MODEL_H

#include <arch/aarch64/pgtable.h>

#include "host.h"

#define TLB_MODEL_PAGES  2048
#define TLB_MODEL_EVENTS 64

struct tlb_event {
	char what;           /* 'a'lloc, 'f'ree, 't'lbi, 's'ync */
	uint64_t addr, size; /* of a TLBI */
	uint64_t seen;       /* TLBI: the descriptor found at addr then */
};

struct tlb_line {
	uint64_t desc; /* 0: no translation cached */
	unsigned level;
	const uint64_t *table[PGT_LEVELS];
};

struct tlb_model {
	const struct pgt *pgt; /* NULL: pages are only counted */
	uint64_t base;         /* first address of the window */
	unsigned nr_pages;     /* in the window */
	struct tlb_line line[TLB_MODEL_PAGES];

	unsigned live;    /* pages handed out and not returned */
	unsigned fail_at; /* this allocation from now on fails; 0: none */
	struct tlb_event event[TLB_MODEL_EVENTS]; /* the first ones */
	unsigned nr_events;
};

/* An empty model; its pages come from the host's heap. */
void tlb_model_init(struct tlb_model *m);

/* Watch [base, base + nr_pages * 4 KiB) of pgt from now on. */
void tlb_model_watch(struct tlb_model *m, const struct pgt *pgt, uint64_t base,
		     unsigned nr_pages);

/* The CPU runs: all that is mapped gets cached. Asserts that nothing cached
 * is older than the tables. Call after every operation. */
void tlb_model_run(struct tlb_model *m);

/* What is said of runs above, for all of p's tables. */
void tlb_model_check_runs(const struct pgt *p);

void tlb_model_forget_events(struct tlb_model *m);

/* Callbacks; ctx is the model. */
void *tlb_model_alloc(void *ctx);
void tlb_model_free(void *ctx, void *page);
void tlb_model_tlbi(void *ctx, uint64_t addr, uint64_t size);
void tlb_model_sync(void *ctx);

struct pgt_env tlb_model_env(struct tlb_model *m);

#endif
