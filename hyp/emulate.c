/*
 * Emulation of loads and stores by decoding; contract in emulate.h. Called by
 * hyp/abort.c with the vCPU loaded. No locks but the devices' own.
 */
#include <errno.h>
#include <port/el1.h>
#include <string.h>

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>
#include <arch/aarch64/insn.h>
#include <arch/aarch64/maint.h>

#include <hyp/emulate.h>
#include <hyp/vm.h>

#define BUS_MAX 8U /* bytes of one bus access */

/* Tags are no part of an address, sign extension is none either. */
#define VA_BITS GENMASK(55, 0)

struct access {
	struct vcpu *v;
	const struct emulate_fault *fault;
	struct insn_access insn;
	uint64_t base; /* value of the base register */
	uint64_t va;   /* of the first byte */
	bool el0;      /* permissions of EL0 */
	uint8_t mem[INSN_MAX_BYTES];
};

static bool uses_sp_el1(const struct vcpu *v)
{
	return (exit_pstate(&v->regs) & PSTATE_M) == PSTATE_EL1H;
}

static uint64_t general(const struct vcpu *v, unsigned n)
{
	return n == INSN_NO_REG ? 0 : v->regs.x[n];
}

/* The instruction word at PC. A guest without caches may have written it past
 * those that EL2 reads through. */
static int fetch(struct vcpu *v, uint32_t *word)
{
	uint64_t pc = exit_pc(&v->regs), page, len = sizeof(*word);
	const void *p;

	if (!el1_translate(pc, EL1_AT_READ, &page))
		return -EAGAIN;
	p = gmem_ptr(&v->vm->mem, ipa_add((ipa_t){page}, pc % PAGE_SIZE), &len,
		     GMEM_READ);
	if (!p || len != sizeof(*word))
		return -ENXIO;
	if (!(el1_read_sctlr() & SCTLR_C))
		dcache_clean_poc(p, len);
	memcpy(word, p, len);
	return 0;
}

/* Base register and address; false when that is not where it faulted. */
static bool locate(struct access *a)
{
	const struct insn_access *in = &a->insn;
	struct vcpu *v = a->v;

	if (in->base == INSN_BASE_PAC) {
		a->va = a->fault->far;
		return true;
	}
	if (in->base == INSN_BASE_PC)
		a->base = exit_pc(&v->regs);
	else if (in->rn == INSN_NO_REG)
		a->base = el1_read_sp(uses_sp_el1(v));
	else
		a->base = v->regs.x[in->rn];
	a->va = a->base;
	if (!in->post)
		a->va += insn_offset(in, general(v, in->rm));
	return ((a->fault->far - a->va) & VA_BITS) < insn_nr_bytes(in);
}

static void write_back(struct access *a)
{
	const struct insn_access *in = &a->insn;
	uint64_t to =
		in->base == INSN_BASE_PAC
			? a->va
			: a->base + insn_offset(in, general(a->v, in->rm));

	if (in->rn == INSN_NO_REG)
		el1_write_sp(uses_sp_el1(a->v), to);
	else
		a->v->regs.x[in->rn] = to;
}

/* --------------------------------------------------------------- registers */

static void read_registers(const struct access *a, struct insn_values *values)
{
	for (unsigned i = 0; i < insn_nr_regs(&a->insn); i++) {
		unsigned n = insn_reg(&a->insn, i);

		if (a->insn.fp)
			fp_read(n, values->v[i]);
		else
			values->v[i][0] = general(a->v, n);
	}
}

static void write_registers(struct access *a, const struct insn_values *values)
{
	for (unsigned i = 0; i < insn_nr_regs(&a->insn); i++) {
		unsigned n = insn_reg(&a->insn, i);

		if (a->insn.fp)
			fp_write(n, values->v[i]);
		else if (n != INSN_NO_REG)
			a->v->regs.x[n] = values->v[i][0];
	}
}

/* ------------------------------------------------------------------ memory */

/* Where an element is; false when the guest has no translation for it now. */
static bool translate(const struct access *a, uint64_t va, ipa_t *ipa)
{
	uint64_t far = a->fault->far, page;
	enum el1_at how = a->insn.store ? EL1_AT_WRITE : EL1_AT_READ;

	if (!((va ^ far) & VA_BITS & ~(PAGE_SIZE - 1))) {
		*ipa = (ipa_t){(a->fault->ipa.v & ~(PAGE_SIZE - 1)) |
			       va % PAGE_SIZE};
		return true;
	}
	if (a->el0)
		how = a->insn.store ? EL1_AT_WRITE_EL0 : EL1_AT_READ_EL0;
	if (!el1_translate(va, how, &page))
		return false;
	*ipa = (ipa_t){page | va % PAGE_SIZE};
	return true;
}

static int ram_access(struct access *a, ipa_t at, uint8_t *mem, unsigned len)
{
	struct gmem *m = &a->v->vm->mem;

	if (a->insn.store)
		return gmem_write(m, at, mem, len);
	return gmem_read(m, at, mem, len);
}

static int bus_access(struct access *a, ipa_t at, uint8_t *mem, unsigned len)
{
	struct mmio_op op = {
		.vcpu = (uint16_t)a->v->idx,
		.size = (uint8_t)len,
		.write = a->insn.store,
	};
	int err;

	if (op.write)
		memcpy(&op.value, mem, len);
	err = mmio_dispatch(&a->v->vm->bus, at, &op);
	if (!err && !op.write)
		memcpy(mem, &op.value, len);
	return err;
}

/* One bus access; no bus knows one that is on two pages. */
static int transfer(struct access *a, unsigned offset, unsigned len)
{
	uint64_t va = a->va + offset;
	ipa_t ipa;

	if (va % PAGE_SIZE + len > PAGE_SIZE)
		return -ENXIO;
	if (!translate(a, va, &ipa))
		return -EAGAIN;
	if (gmem_contains(&a->v->vm->mem, ipa, len))
		return ram_access(a, ipa, a->mem + offset, len);
	return bus_access(a, ipa, a->mem + offset, len);
}

/* ---------------------------------------------------------------- progress */

/* How many bytes an earlier execution has done; what it loaded is in mem. */
static unsigned take_progress(struct access *a, uint32_t word)
{
	struct emulate_progress *p = &a->v->progress;
	unsigned done = p->done;

	p->done = 0;
	if (!done || p->pc != exit_pc(&a->v->regs) || p->va != a->va ||
	    p->sp != el1_read_sp(uses_sp_el1(a->v)) || p->word != word)
		return 0;
	if (!a->insn.store)
		memcpy(a->mem, p->mem, done);
	return done;
}

static void keep_progress(const struct access *a, uint32_t word, unsigned done)
{
	struct emulate_progress *p = &a->v->progress;

	p->pc = exit_pc(&a->v->regs);
	p->va = a->va;
	p->sp = el1_read_sp(uses_sp_el1(a->v));
	p->word = word;
	p->done = (uint8_t)done;
	if (!a->insn.store)
		memcpy(p->mem, a->mem, done);
}

static int transfer_all(struct access *a, uint32_t word, unsigned *done)
{
	unsigned len = a->insn.size < BUS_MAX ? a->insn.size : BUS_MAX;
	unsigned total = insn_nr_bytes(&a->insn);
	int err = 0;

	for (*done = take_progress(a, word); *done < total; *done += len) {
		err = transfer(a, *done, len);
		if (err)
			break;
	}
	if (err == -EAGAIN)
		keep_progress(a, word, *done);
	return err;
}

/* The element that has no answer starts there, unless the CPU knows better. */
static void tell_fault(const struct access *a, unsigned done,
		       struct emulate_fault *f)
{
	if (((f->far - a->va) & VA_BITS) - done >= a->insn.size)
		f->far = a->va + done;
}

static int perform(struct access *a, uint32_t word, struct emulate_fault *f)
{
	bool el0 = (exit_pstate(&a->v->regs) & PSTATE_M) == PSTATE_EL0T;
	bool big = el1_read_sctlr() & (el0 ? SCTLR_E0E : SCTLR_EE);
	struct insn_values values = {0};
	unsigned done;
	int err;

	a->el0 = el0 || a->insn.unpriv;
	read_registers(a, &values);
	if (a->insn.store)
		insn_to_memory(&a->insn, &values, big, a->mem);
	err = transfer_all(a, word, &done);
	if (err == -ENXIO)
		tell_fault(a, done, f);
	if (err)
		return err;
	if (a->insn.writeback)
		write_back(a);
	if (!a->insn.store) {
		insn_from_memory(&a->insn, &values, big, a->mem);
		write_registers(a, &values);
	}
	return 0;
}

int emulate_access(struct vcpu *v, struct emulate_fault *f)
{
	struct access a = {.v = v, .fault = f};
	uint32_t word;
	int err = fetch(v, &word);

	f->fsc = ESR_FSC_EXTERNAL;
	if (err)
		return err;
	insn_decode(word, &a.insn);
	if (a.insn.kind == INSN_EXCLUSIVE &&
	    mmio_region_at(&v->vm->bus, f->ipa))
		f->fsc = ESR_FSC_EXCLUSIVE;
	if (a.insn.kind != INSN_ACCESS)
		return -ENXIO;
	/* Stage 1 has allowed what faulted: that address, and that way. */
	if (!locate(&a) || a.insn.store != f->write)
		return -EAGAIN;
	return perform(&a, word, f);
}
