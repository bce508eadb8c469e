/*
 * Decoding of A64 loads and stores; contract in insn.h. One function for each
 * row of the encoding table "Loads and Stores" (Arm ARM DDI 0487) that is
 * known here. A decoder leaves `kind` INSN_OTHER where the encoding is not
 * allocated. Called by hyp/emulate.c. No state, no locks.
 */
#include <base/bits.h>

#include <arch/aarch64/insn.h>

#define OPTION_X 2U /* set in every option field that is allocated */

static unsigned bits(uint32_t word, unsigned high, unsigned low)
{
	return (unsigned)FIELD_GET(GENMASK(high, low), word);
}

static bool bit(uint32_t word, unsigned n)
{
	return word >> n & 1;
}

static int64_t sbits(uint32_t word, unsigned high, unsigned low)
{
	unsigned unused = 63 - (high - low);

	return (int64_t)((uint64_t)bits(word, high, low) << unused) >> unused;
}

/* Size, direction and extension of a single general register by size:opc;
 * false for prefetches and what is not allocated. */
static bool general(struct insn_access *a, unsigned size, unsigned opc)
{
	if (opc & 2U && size + (opc & 1U) > 2)
		return false;
	a->size = (uint8_t)(1U << size);
	a->store = opc == 0;
	a->sign = (opc & 2U) != 0;
	a->wide = opc == 2 || size == 3;
	return true;
}

/* The same of a single SIMD&FP register. */
static bool floating(struct insn_access *a, unsigned size, unsigned opc)
{
	if (opc & 2U && size)
		return false;
	a->fp = true;
	a->size = (uint8_t)(opc & 2U ? 16U : 1U << size);
	a->store = !(opc & 1U);
	return true;
}

static void single(uint32_t word, struct insn_access *a)
{
	unsigned size = bits(word, 31, 30), opc = bits(word, 23, 22);

	if (bit(word, 26) ? floating(a, size, opc) : general(a, size, opc))
		a->kind = INSN_ACCESS;
}

/* size 111 V 01 opc imm12 Rn Rt */
static void unsigned_offset(uint32_t word, struct insn_access *a)
{
	single(word, a);
	a->imm = (int64_t)bits(word, 21, 10) * a->size;
}

/* size 111 V 00 opc 0 imm9 idx Rn Rt: unscaled, post, unprivileged, pre */
static void imm9(uint32_t word, struct insn_access *a)
{
	unsigned idx = bits(word, 11, 10);

	single(word, a);
	a->imm = sbits(word, 20, 12);
	a->post = idx == 1;
	a->writeback = (idx & 1U) != 0;
	a->unpriv = idx == 2;
	if (a->unpriv && a->fp)
		a->kind = INSN_OTHER;
}

/* size 111 V 00 opc 1 Rm option S 10 Rn Rt */
static void register_offset(uint32_t word, struct insn_access *a)
{
	single(word, a);
	a->rm = (uint8_t)bits(word, 20, 16); /* 31: the zero register */
	a->extend = (uint8_t)bits(word, 15, 13);
	if (!(a->extend & OPTION_X))
		a->kind = INSN_OTHER;
	for (unsigned s = a->size; bit(word, 12) && s > 1; s /= 2)
		a->shift++;
}

/* 11 111 0 00 M S 1 imm9 W 1 Rn Rt: LDRAA, LDRAB */
static void authenticated(uint32_t word, struct insn_access *a)
{
	if (bits(word, 31, 30) != 3 || bit(word, 26))
		return;
	a->kind = INSN_ACCESS;
	a->base = INSN_BASE_PAC;
	a->size = 8;
	a->wide = true;
	a->writeback = bit(word, 11);
}

/* size 111 0 00 A R 1 Rs o3 opc 00 Rn Rt: atomics, and LDAPR among them */
static void atomic(uint32_t word, struct insn_access *a)
{
	if (bit(word, 26))
		return;
	if (bits(word, 23, 22) == 2 && bits(word, 20, 12) == 0x1fc) {
		a->kind = INSN_ACCESS;
		a->size = (uint8_t)(1U << bits(word, 31, 30));
		a->wide = a->size == 8;
	} else if (!bit(word, 15) || bits(word, 14, 12) == 0) {
		a->kind = INSN_EXCLUSIVE;
	}
}

/* xx 111 V 0x: one register, all addressing modes */
static void one_register(uint32_t word, struct insn_access *a)
{
	if (bit(word, 24))
		unsigned_offset(word, a);
	else if (!bit(word, 21))
		imm9(word, a);
	else if (bits(word, 11, 10) == 2)
		register_offset(word, a);
	else if (bit(word, 10))
		authenticated(word, a);
	else
		atomic(word, a);
}

/* opc 101 V 0 idx L imm7 Rt2 Rn Rt */
static void pair(uint32_t word, struct insn_access *a)
{
	unsigned opc = bits(word, 31, 30), idx = bits(word, 24, 23);

	a->fp = bit(word, 26);
	a->store = !bit(word, 22);
	a->sign = !a->fp && opc == 1;
	if (opc == 3 || (a->sign && (a->store || idx == 0)))
		return; /* STGP; LDPSW has no non-temporal form */
	a->kind = INSN_ACCESS;
	a->pair = true;
	a->rpt = 2;
	a->rt2 = (uint8_t)bits(word, 14, 10);
	a->size = (uint8_t)(a->fp ? 4U << opc : 4U << (opc / 2));
	a->wide = opc != 0;
	a->imm = sbits(word, 21, 15) * a->size;
	a->post = idx == 1;
	a->writeback = (idx & 1U) != 0;
}

/* opc 011 V 00 imm19 Rt */
static void literal(uint32_t word, struct insn_access *a)
{
	unsigned opc = bits(word, 31, 30);

	if (opc == 3)
		return; /* prefetch */
	a->kind = INSN_ACCESS;
	a->base = INSN_BASE_PC;
	a->fp = bit(word, 26);
	a->sign = !a->fp && opc == 2;
	a->size = (uint8_t)(a->sign ? 4U : 4U << opc);
	a->wide = opc != 0;
	a->imm = sbits(word, 23, 5) * 4;
}

/* size 001000 o2 L o1 Rs o0 Rt2 Rn Rt: exclusives, ordered, CAS */
static void ordered(uint32_t word, struct insn_access *a)
{
	if (!bit(word, 23) || bit(word, 21)) {
		a->kind = INSN_EXCLUSIVE;
		return;
	}
	a->kind = INSN_ACCESS;
	a->size = (uint8_t)(1U << bits(word, 31, 30));
	a->store = !bit(word, 22);
	a->wide = a->size == 8;
}

/* size 011001 opc 0 imm9 00 Rn Rt: LDAPUR, STLUR */
static void ordered_unscaled(uint32_t word, struct insn_access *a)
{
	if (!general(a, bits(word, 31, 30), bits(word, 23, 22)))
		return;
	a->kind = INSN_ACCESS;
	a->imm = sbits(word, 20, 12);
}

/* ------------------------------------------------- structures of vectors */

/* 0 Q 001100 post L 0 Rm opcode size Rn Rt */
static void multiple(uint32_t word, struct insn_access *a)
{
	/* By opcode: registers in a row, elements of a structure. */
	static const struct {
		uint8_t rpt, selem;
	} forms[16] = {
		[0] = {1, 4}, [2] = {4, 1}, [4] = {1, 3},  [6] = {3, 1},
		[7] = {1, 1}, [8] = {1, 2}, [10] = {2, 1},
	};
	unsigned opcode = bits(word, 15, 12), size = bits(word, 11, 10);

	a->rpt = forms[opcode].rpt;
	a->selem = forms[opcode].selem;
	a->size = (uint8_t)(1U << size);
	a->lanes = (uint8_t)((a->q ? 16U : 8U) >> size);
	if (a->rpt && !(a->selem > 1 && a->lanes == 1))
		a->kind = INSN_ACCESS;
}

/* Element size and lane of a single structure; false: not allocated. */
static bool single_lane(uint32_t word, struct insn_access *a)
{
	unsigned scale = bits(word, 15, 14), size = bits(word, 11, 10);
	unsigned index = (unsigned)a->q << 3 | bits(word, 12, 10);

	if (scale == 3) { /* replicate: loads only, without S */
		a->fill = INSN_FILL_COPY;
		a->size = (uint8_t)(1U << size);
		return !a->store && !bit(word, 12);
	}
	if (scale == 2 && size == 1 && !bit(word, 12))
		scale = 3;
	else if (index & (BIT(scale) - 1))
		return false;
	a->fill = INSN_FILL_KEEP;
	a->size = (uint8_t)(1U << scale);
	a->lane = (uint8_t)(index >> scale);
	return true;
}

/* 0 Q 001101 post L R Rm opcode S size Rn Rt */
static void lane(uint32_t word, struct insn_access *a)
{
	a->selem = (uint8_t)((bit(word, 13) << 1 | bit(word, 21)) + 1);
	if (single_lane(word, a))
		a->kind = INSN_ACCESS;
}

static void structure(uint32_t word, struct insn_access *a)
{
	bool one = bit(word, 24);

	a->q = bit(word, 30);
	a->fp = true;
	a->post = a->writeback = bit(word, 23);
	a->store = !bit(word, 22);
	if ((!one && bit(word, 21)) || (!a->post && bits(word, 20, 16)))
		return;
	if (one)
		lane(word, a);
	else
		multiple(word, a);
	if (!a->post)
		return;
	a->rm = (uint8_t)bits(word, 20, 16);
	a->extend = 3; /* all 64 bits */
	a->imm = (int64_t)insn_nr_bytes(a);
}

void insn_decode(uint32_t word, struct insn_access *a)
{
	*a = (struct insn_access){
		.kind = INSN_OTHER,
		.rpt = 1,
		.lanes = 1,
		.selem = 1,
		.rt = (uint8_t)bits(word, 4, 0),
		.rn = (uint8_t)bits(word, 9, 5),
		.rm = INSN_NO_REG,
	};
	if (bits(word, 29, 27) == 7 && !bit(word, 25))
		one_register(word, a);
	else if (bits(word, 29, 27) == 5 && !bit(word, 25))
		pair(word, a);
	else if (bits(word, 29, 27) == 3 && bits(word, 25, 24) == 0)
		literal(word, a);
	else if (bits(word, 29, 24) == 0x08)
		ordered(word, a);
	else if (bits(word, 29, 24) == 0x19 && !bit(word, 21) &&
		 bits(word, 11, 10) == 0)
		ordered_unscaled(word, a);
	else if ((word & 0xbe000000) == 0x0c000000)
		structure(word, a);
}

/* ------------------------------------------------------------------ values */

uint64_t insn_offset(const struct insn_access *a, uint64_t rm)
{
	if (a->rm == INSN_NO_REG)
		return (uint64_t)a->imm;
	if (a->extend == 2)
		rm = (uint32_t)rm;
	else if (a->extend == 6)
		rm = (uint64_t)(int64_t)(int32_t)rm;
	return rm << a->shift;
}

/* Where the n-th element is in struct insn_values, as a byte. */
static size_t element(const struct insn_access *a, size_t n)
{
	size_t group = n / ((size_t)a->lanes * a->selem);
	size_t in_group = n % ((size_t)a->lanes * a->selem);
	size_t in_reg = in_group / a->selem + a->lane;

	return 16 * (group + in_group % a->selem) + in_reg * a->size;
}

/* Registers are little-endian here, as memory of EL2 is. */
static void copy_element(uint8_t *to, const uint8_t *from, size_t size,
			 bool reverse)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[reverse ? size - 1 - i : i];
}

void insn_to_memory(const struct insn_access *a, const struct insn_values *v,
		    bool big_endian, uint8_t mem[INSN_MAX_BYTES])
{
	const uint8_t *from = (const uint8_t *)v;

	for (size_t i = 0; i < insn_nr_elements(a); i++)
		copy_element(mem + i * a->size, from + element(a, i), a->size,
			     big_endian);
}

/* A general register from its new value, of which the high bytes are 0. */
static uint64_t extended(const struct insn_access *a, uint64_t value)
{
	unsigned unused = a->size == 1 ? 56 : a->size == 2 ? 48 : 32;

	if (!a->sign)
		return value;
	value = (uint64_t)((int64_t)(value << unused) >> unused);
	return a->wide ? value : (uint32_t)value;
}

/* All lanes of a register get what the first one has. */
static void copy_lanes(const struct insn_access *a, uint64_t reg[2])
{
	for (unsigned at = 8U * a->size; at < 64; at *= 2)
		reg[0] |= reg[0] << at;
	reg[1] = a->q ? reg[0] : 0;
}

void insn_from_memory(const struct insn_access *a, struct insn_values *v,
		      bool big_endian, const uint8_t mem[INSN_MAX_BYTES])
{
	uint8_t *to = (uint8_t *)v;

	for (unsigned i = 0; i < insn_nr_regs(a); i++) {
		if (a->fill != INSN_FILL_KEEP)
			v->v[i][0] = v->v[i][1] = 0;
	}
	for (size_t i = 0; i < insn_nr_elements(a); i++)
		copy_element(to + element(a, i), mem + i * a->size, a->size,
			     big_endian);
	for (unsigned i = 0; i < insn_nr_regs(a); i++) {
		if (!a->fp)
			v->v[i][0] = extended(a, v->v[i][0]);
		else if (a->fill == INSN_FILL_COPY)
			copy_lanes(a, v->v[i]);
	}
}
