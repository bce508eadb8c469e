/*
 * Instruction words, register values, and the tables that a guest's stage 1 is
 * walked by. Held to: every decoded access has 1 to 64 bytes in 1 to 4
 * registers, and a store writes what the load of the same shape read; a walk
 * takes no more steps than there are levels.
 */
#include <stdlib.h>
#include <string.h>

#include <base/bits.h>

#include <arch/aarch64/insn.h>
#include <arch/aarch64/s1walk.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint32_t word;
	uint64_t rm;
	uint64_t tcr, ttbr[2], va;
	uint8_t mem[INSN_MAX_BYTES];
};

struct tables {
	const uint8_t *p;
	size_t len;
	unsigned steps;
};

static void require(bool cond)
{
	if (!cond)
		abort();
}

/* General registers keep the low bytes, vectors those of the lanes. */
static void round_trip(const struct insn_access *a, const uint8_t *mem)
{
	uint8_t again[INSN_MAX_BYTES];
	struct insn_values v;

	for (unsigned big = 0; big < 2; big++) {
		memset(&v, 0xa5, sizeof(v));
		insn_from_memory(a, &v, big, mem);
		insn_to_memory(a, &v, big, again);
		require(memcmp(again, mem, insn_nr_bytes(a)) == 0);
	}
}

static void decode(const struct input *in)
{
	struct insn_access a;
	unsigned regs;

	insn_decode(in->word, &a);
	if (a.kind != INSN_ACCESS)
		return;
	regs = insn_nr_regs(&a);
	require(regs >= 1 && regs <= INSN_MAX_REGS);
	require(insn_nr_bytes(&a) >= 1 && insn_nr_bytes(&a) <= INSN_MAX_BYTES);
	require(a.size <= (a.fp ? 16 : 8) && !(a.size & (a.size - 1)));
	for (unsigned i = 0; i < regs; i++)
		require(insn_reg(&a, i) < 32);
	(void)insn_offset(&a, in->rm);
	round_trip(&a, in->mem);
}

static bool read_table(void *ctx, ipa_t at, uint64_t *desc)
{
	struct tables *t = ctx;

	t->steps++;
	if (!range_within(at.v, 8, 0, t->len))
		return false;
	memcpy(desc, t->p + at.v, 8);
	return true;
}

static void walk(const struct input *in, const uint8_t *data, size_t size)
{
	struct tables t = {data, size, 0};
	const struct s1walk w = {
		.tcr = in->tcr,
		.ttbr = {in->ttbr[0], in->ttbr[1]},
		.big_endian = in->rm & 1,
		.read = read_table,
		.ctx = &t,
	};
	int level = s1walk_failing_level(&w, in->va);

	require(level <= 3);
	require(t.steps <= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	decode(&in);
	walk(&in, data + sizeof(in), size - sizeof(in));
	return 0;
}
