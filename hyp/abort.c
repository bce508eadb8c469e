/*
 * Stage-2 aborts; contract in abort.h. The fault status decides what an abort
 * is before anything is emulated. HPFAR_EL2 is read for translation,
 * access-flag and address-size faults only; it is not valid for permission
 * faults. Arm ARM DDI 0487, ESR_EL2 ISS encodings for aborts, HPFAR_EL2.
 */
#include <errno.h>
#include <port/barrier.h>
#include <port/el1.h>

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>
#include <arch/aarch64/s1walk.h>

#include <hyp/abort.h>
#include <hyp/emulate.h>
#include <hyp/hypervisor.h>

#define XZR 31U

/* What the entry to EL1 needs of the loaded vCPU. */
static struct inject_regs inject_begin(const struct vcpu *v)
{
	return (struct inject_regs){
		.pc = exit_pc(&v->regs),
		.pstate = exit_pstate(&v->regs),
		.sctlr = el1_read_sctlr(),
		.vbar = el1_read_vbar(),
		.far = el1_read_far(),
		.features = v->vm->inject_features,
	};
}

static void inject_end(struct vcpu *v, const struct inject_regs *r)
{
	el1_write_elr(r->elr);
	el1_write_spsr(r->spsr);
	el1_write_esr(r->esr);
	el1_write_far(r->far);
	exit_set_pc(&v->regs, r->pc);
	exit_set_pstate(&v->regs, r->pstate);
}

void abort_undefined(struct vcpu *v)
{
	struct inject_regs r = inject_begin(v);

	inject_undef(&r);
	inject_end(v, &r);
}

void abort_serror(struct vcpu *v, uint64_t esr)
{
	vcpu_keep_serror(v);
	vcpu_post_serror(v, esr);
	vcpu_control_load(&v->control);
}

/* The abort that EL2 has just taken, as the guest is told of it. */
static struct inject_abort same_abort(uint64_t esr, bool fetch)
{
	return (struct inject_abort){
		.far = fault_far(),
		.fsc = ESR_FSC_EXTERNAL,
		.fetch = fetch,
		.write = !fetch && esr_dabt_write(esr),
		.cache_op = !fetch && (esr & ESR_DABT_CM),
		.far_unknown = (esr & ESR_ABT_FNV) != 0,
	};
}

/*
 * Whether the guest is where it was: the handler's first instruction aborts,
 * and its abort begins that handler, with every register as it was. Then it
 * comes again for ever, for what stage 2 does not map it never will. Not so
 * what the machine itself refused, and a fetch does not look at PSTATE.
 */
static bool comes_again(const struct vcpu *v, uint64_t esr, bool fetch,
			const struct inject_regs *r)
{
	return r->pc == exit_pc(&v->regs) &&
	       (fetch || r->pstate == exit_pstate(&v->regs)) &&
	       (esr & ESR_ABT_FSC) < ESR_FSC_EXTERNAL;
}

RARE static void inject(struct vcpu *v, uint64_t esr,
			const struct inject_abort *a)
{
	struct inject_regs r = inject_begin(v);
	bool crashed;

	inject_abort(&r, a);
	crashed = comes_again(v, esr, a->fetch, &r);
	inject_end(v, &r);
	if (crashed) {
		vm_stop(v->vm, VM_STOP_CRASH,
			a->fetch ? "exception vectors are outside its memory"
				 : "its exception handler aborts as it begins");
	}
}

static void inject_external(struct vcpu *v, uint64_t esr, bool fetch)
{
	const struct inject_abort a = same_abort(esr, fetch);

	inject(v, esr, &a);
}

static bool read_descriptor(void *ctx, ipa_t at, uint64_t *desc)
{
	return gmem_read(ctx, at, desc, sizeof(*desc)) == 0;
}

/* The walk of the guest's stage 1 met a table outside its memory: an external
 * abort on the walk, of the level at which its tables say so. */
static void inject_walk(struct vcpu *v, uint64_t esr, bool fetch)
{
	const struct s1walk w = {
		.tcr = el1_read_tcr(),
		.ttbr = {el1_read_ttbr0(), el1_read_ttbr1()},
		.big_endian = (el1_read_sctlr() & SCTLR_EE) != 0,
		.read = read_descriptor,
		.ctx = &v->vm->mem,
	};
	struct inject_abort a = same_abort(esr, fetch);
	int level = s1walk_failing_level(&w, a.far);

	if (level >= 0)
		a.fsc = (uint8_t)(ESR_FSC_EXTERNAL_WALK + level);
	inject(v, esr, &a);
}

/* What a translation fault wanted of RAM. Cache maintenance says WnR, too. */
static enum gmem_access wanted(uint64_t esr)
{
	return esr_dabt_write(esr) && !(esr & (ESR_DABT_CM | ESR_ABT_S1PTW))
		       ? GMEM_WRITE
		       : GMEM_READ;
}

/* Translation, access-flag and address-size faults give HPFAR_EL2. */
static bool fault_has_ipa(uint64_t esr)
{
	return (esr & ESR_ABT_FSC) < ESR_FSC_PERMISSION;
}

static ipa_t fault_ipa(void)
{
	const uint64_t offset = PAGE_SIZE - 1;

	return (ipa_t){(hpfar_ipa(fault_hpfar()).v & ~offset) |
		       (fault_far() & offset)};
}

/*
 * Not done: the guest executes the access again, after whoever it waits for
 * had a chance (-EAGAIN); or no device answered, and it is RAM that was not
 * there yet, or nothing at all.
 */
static void not_done(struct vcpu *v, uint64_t esr, int err, ipa_t ipa)
{
	if (err == -EAGAIN)
		cpu_relax();
	else if (gmem_touch(&v->vm->mem, ipa, wanted(esr)) == -EFAULT)
		inject_external(v, esr, false);
}

/* The bytes of an access in the other order. */
static uint64_t reversed(const struct mmio_op *op)
{
	return __builtin_bswap64(op->value) >> (64 - 8 * op->size);
}

/* The value as the interrupted code stores or loads it: with some byte order
 * of AArch64 that is not the usual one... */
static uint64_t in_order(const struct vcpu *v, const struct mmio_op *op)
{
	bool el0 = (exit_pstate(&v->regs) & PSTATE_M) == PSTATE_EL0T;
	bool big = el1_read_sctlr() & (el0 ? SCTLR_E0E : SCTLR_EE);

	return big ? reversed(op) : op->value;
}

/* ...or in AArch32, which has its own. */
static uint64_t in_order32(const struct vcpu *v, const struct mmio_op *op)
{
	return exit_pstate(&v->regs) & PSTATE_E32 ? reversed(op) : op->value;
}

static inline bool is_aarch32(const struct vcpu *v)
{
	return __builtin_expect((exit_pstate(&v->regs) & PSTATE_NRW) != 0, 0);
}

static inline bool has_odd_order(void)
{
	return __builtin_expect(
		(el1_read_sctlr() & (SCTLR_EE | SCTLR_E0E)) != 0, 0);
}

/* Registers of AArch32 are those of their numbers; 31 does not occur. */
static void finish_load32(struct vcpu *v, uint64_t esr,
			  const struct mmio_op *op)
{
	unsigned rt = esr_dabt_srt(esr);

	if (rt != XZR)
		v->regs.x[rt] = esr_dabt_extend(esr, in_order32(v, op));
	skip_instruction(v, esr);
}

static void emulate_load(struct vcpu *v, uint64_t esr, struct mmio_op *op,
			 ipa_t ipa)
{
	unsigned rt = esr_dabt_srt(esr);
	int err = mmio_dispatch(&v->vm->bus, ipa, op);

	if (__builtin_expect(err != 0, 0)) {
		not_done(v, esr, err, ipa);
		return;
	}
	if (is_aarch32(v)) {
		finish_load32(v, esr, op);
		return;
	}
	if (has_odd_order())
		op->value = in_order(v, op);
	if (rt != XZR)
		v->regs.x[rt] = esr_dabt_extend(esr, op->value);
	skip_a64(v);
}

/* What a store writes: op->size bytes of its register, in the device's order.
 */
static inline void store_value(const struct vcpu *v, uint64_t esr,
			       struct mmio_op *op)
{
	unsigned rt = esr_dabt_srt(esr);

	op->value = rt == XZR ? 0 : v->regs.x[rt];
	op->value &= ~UINT64_C(0) >> (64 - 8 * op->size);
	if (is_aarch32(v))
		op->value = in_order32(v, op);
	else if (has_odd_order())
		op->value = in_order(v, op);
}

static void emulate_store(struct vcpu *v, uint64_t esr, struct mmio_op *op,
			  ipa_t ipa)
{
	int err;

	store_value(v, esr, op);
	err = mmio_dispatch(&v->vm->bus, ipa, op);
	if (__builtin_expect(err == 0, 1))
		skip_instruction(v, esr);
	else
		not_done(v, esr, err, ipa);
}

/*
 * One load or store of a general register, at `ipa`: where nothing is mapped,
 * or a write of what may only be read: a device's mirror, whose stores are the
 * device's and are most, RAM that is still an image's, or a page of ours.
 */
__attribute__((noinline)) static void any_access(struct vcpu *v, uint64_t esr,
						 ipa_t ipa)
{
	struct mmio_op op; /* offset: the bus; value: a store, or the device */

	op.vcpu = (uint16_t)v->idx;
	op.size = (uint8_t)esr_dabt_size(esr);
	op.write = esr_dabt_write(esr);
	if (op.write)
		emulate_store(v, esr, &op, ipa);
	else
		emulate_load(v, esr, &op, ipa);
}

/* An access that the syndrome does not describe: the instruction does. A32
 * and T32 are not decoded. */
static void decode_access(struct vcpu *v, uint64_t esr, ipa_t ipa)
{
	struct inject_abort a = same_abort(esr, false);
	struct emulate_fault f = {.far = a.far, .ipa = ipa, .write = a.write};
	int err;

	if (exit_pstate(&v->regs) & PSTATE_NRW) {
		inject(v, esr, &a);
		return;
	}
	err = emulate_access(v, &f);
	if (!err) {
		skip_instruction(v, esr);
	} else if (err == -EAGAIN) {
		cpu_relax();
	} else {
		a.far = f.far;
		a.fsc = f.fsc;
		a.write = f.write;
		inject(v, esr, &a);
	}
}

static bool is_permission_fault(uint64_t esr)
{
	return (esr & ESR_FSC_TYPE) == ESR_FSC_PERMISSION;
}

/*
 * Where a permission fault was; false: another CPU has changed the guest's own
 * tables meanwhile, and the guest tries again. HPFAR_EL2 tells only for a walk
 * of stage 1 (that updates a table, or found it in a device's mirror).
 */
static bool permission_ipa(uint64_t esr, ipa_t *ipa)
{
	uint64_t page;

	if (esr & ESR_ABT_S1PTW) {
		*ipa = fault_ipa();
		return true;
	}
	if (!el1_translate(fault_far(), EL1_AT_READ, &page))
		return false;
	*ipa = (ipa_t){page | (fault_far() & (PAGE_SIZE - 1))};
	return true;
}

/*
 * A write to what may only be read: RAM that is still an image's page, or a
 * device's mirror, or a page of ours. Invalidating what no cache of the device
 * holds is done.
 */
static void permission_fault(struct vcpu *v, uint64_t esr)
{
	ipa_t ipa;

	if (!permission_ipa(esr, &ipa))
		return;
	if (esr_dabt_isv(esr) && esr_dabt_write(esr) &&
	    !(esr & (ESR_ABT_S1PTW | ESR_DABT_CM))) {
		any_access(v, esr, ipa);
		return;
	}
	if (gmem_touch(&v->vm->mem, ipa, GMEM_WRITE) != -EFAULT)
		return;
	if (esr & ESR_ABT_S1PTW)
		inject_walk(v, esr, false);
	else if (esr & ESR_DABT_CM && mmio_region_at(&v->vm->bus, ipa))
		skip_instruction(v, esr);
	else if (esr & ESR_DABT_CM)
		inject_external(v, esr, false);
	else
		decode_access(v, esr, ipa);
}

/* One load or store of a general register, nothing mapped. */
static bool is_plain(uint64_t esr)
{
	return esr_dabt_isv(esr) && fault_has_ipa(esr) &&
	       !(esr & (ESR_DABT_CM | ESR_ABT_S1PTW));
}

/* Everything else; false: it is an access like that after all. */
static bool odd_data_abort(struct vcpu *v, uint64_t esr)
{
	if (!fault_has_ipa(esr)) {
		if (is_permission_fault(esr))
			permission_fault(v, esr);
		else
			inject_external(v, esr, false);
		return true;
	}
	if (gmem_touch(&v->vm->mem, fault_ipa(), wanted(esr)) != -EFAULT)
		return true; /* the guest tries again */
	if (esr & ESR_ABT_S1PTW)
		inject_walk(v, esr, false);
	else if (esr & ESR_DABT_CM)
		skip_instruction(v, esr); /* no cache holds what is not there */
	else if (esr_dabt_isv(esr))
		return false;
	else
		decode_access(v, esr, fault_ipa());
	return true;
}

/* 32 bits, in the usual order: what most registers of devices are. Nothing of
 * SSE and SF makes a difference then. */
static inline bool is_word(const struct vcpu *v, uint64_t esr)
{
	return (esr & (ESR_DABT_SAS | ESR_DABT_SSE)) ==
		       FIELD_PREP(ESR_DABT_SAS, 2) &&
	       !is_aarch32(v) && !has_odd_order();
}

/* Out of line, each with as small a frame as it needs. */
__attribute__((noinline)) static void load_word(struct vcpu *v, uint64_t esr)
{
	unsigned rt;
	struct mmio_op op; /* offset: the bus; value: the device */
	int err;

	if (__builtin_expect(!is_word(v, esr), 0)) {
		any_access(v, esr, fault_ipa());
		return;
	}
	op.vcpu = (uint16_t)v->idx;
	op.size = 4;
	op.write = false;
	err = mmio_dispatch(&v->vm->bus, fault_ipa(), &op);
	if (__builtin_expect(err != 0, 0)) {
		not_done(v, esr, err, fault_ipa());
		return;
	}
	rt = esr_dabt_srt(esr);
	if (__builtin_expect(rt != XZR, 1))
		v->regs.x[rt] = (uint32_t)op.value;
	skip_a64(v);
}

__attribute__((noinline)) static void store_word(struct vcpu *v, uint64_t esr)
{
	unsigned rt = esr_dabt_srt(esr);
	struct mmio_op op; /* offset: the bus */
	int err;

	if (__builtin_expect(!is_word(v, esr), 0)) {
		any_access(v, esr, fault_ipa());
		return;
	}
	op.value = rt == XZR ? 0 : (uint32_t)v->regs.x[rt];
	op.vcpu = (uint16_t)v->idx;
	op.size = 4;
	op.write = true;
	err = mmio_dispatch(&v->vm->bus, fault_ipa(), &op);

	if (__builtin_expect(err == 0, 1))
		skip_a64(v);
	else
		not_done(v, esr, err, fault_ipa());
}

/*
 * A store to the UART's data register: of a guest that prints nearly every
 * exit. Nothing is called where the byte just goes out.
 */
__attribute__((noinline)) static void line_store(struct vcpu *v, uint64_t esr,
						 ipa_t ipa)
{
	unsigned rt = esr_dabt_srt(esr);

	if (esr_dabt_size(esr) != 8 && rt != XZR && !is_aarch32(v) &&
	    !has_odd_order() &&
	    console_put_straight(&v->vm->hyp->console, (uint8_t)v->regs.x[rt]))
		skip_a64(v);
	else
		any_access(v, esr, ipa);
}

/* The store that permission_fault() looks for; the vectors have told it from
 * what a walk of stage 1 does. AT as for a load: if another CPU has changed the
 * guest's tables meanwhile, the store is one that came before that. */
void abort_mirror(struct vcpu *v, uint64_t esr)
{
	uint64_t far = fault_far();
	ipa_t ipa;

	if (!el1_translate(far, EL1_AT_READ, &ipa.v))
		return;
	ipa.v |= far & (PAGE_SIZE - 1);
	if (__builtin_expect(ipa.v == pl011_text(&v->vm->uart), 1))
		line_store(v, esr, ipa);
	else
		any_access(v, esr, ipa);
}

void abort_device(struct vcpu *v, uint64_t esr)
{
	if (esr_dabt_write(esr))
		store_word(v, esr);
	else
		load_word(v, esr);
}

void abort_data(struct vcpu *v, uint64_t esr)
{
	if (is_plain(esr) || !odd_data_abort(v, esr))
		any_access(v, esr, fault_ipa());
}

/* An external abort, as a bus without memory at that address would give. */
void abort_instruction(struct vcpu *v, uint64_t esr)
{
	if (fault_has_ipa(esr) &&
	    gmem_touch(&v->vm->mem, fault_ipa(), GMEM_READ) != -EFAULT)
		return;
	if (esr & ESR_ABT_S1PTW &&
	    (fault_has_ipa(esr) || is_permission_fault(esr)))
		inject_walk(v, esr, true);
	else
		inject_external(v, esr, true);
}
