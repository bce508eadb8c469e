/*
 * Walks frame records (AAPCS64: [fp] = the caller's fp, [fp + 8] = the return
 * address) for the crash report. A frame pointer may be anything: a record is
 * read only where it lies in one of the pCPU's own stacks, and every step goes
 * up, so a walk neither faults nor goes on for ever.
 */
#ifndef PLINTH_HYP_BACKTRACE_H
#define PLINTH_HYP_BACKTRACE_H

#include <base/types.h>

struct stack_range {
	uint64_t bottom, top; /* addresses; equal: there is no such stack */
};

struct backtrace {
	const struct stack_range *stacks;
	unsigned nr_stacks;
	uint64_t fp; /* of the next record */
};

/*
 * Takes the next return address. False at the end of the chain: fp is 0 then,
 * or what it holds is no frame pointer.
 */
bool backtrace_next(struct backtrace *b, uint64_t *ret);

#endif
