/*
 * Frame records, one step at a time; contract in backtrace.h. Left out: frames
 * without a record (leaf functions, assembler). AAPCS64, "The Frame Pointer".
 */
#include <hyp/backtrace.h>

#define RECORD 16U /* bytes */

static bool readable(const struct backtrace *b, uint64_t fp)
{
	for (unsigned i = 0; i < b->nr_stacks; i++) {
		const struct stack_range *s = &b->stacks[i];

		if (fp >= s->bottom && fp < s->top && s->top - fp >= RECORD)
			return true;
	}
	return false;
}

bool backtrace_next(struct backtrace *b, uint64_t *ret)
{
	const uint64_t *record = (const uint64_t *)(uintptr_t)b->fp;
	uint64_t next;

	if (b->fp % RECORD || !readable(b, b->fp))
		return false;
	next = record[0];
	*ret = record[1];
	/* Stacks grow down: callers are above. */
	b->fp = next > b->fp ? next : 0;
	return true;
}
