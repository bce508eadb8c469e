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

#include <hyp/abort.h>
#include <hyp/vm.h>

#define XZR     31U
#define HCR_VSE BIT(8) /* a virtual SError is pending */

/* What the entry to EL1 needs of the loaded vCPU. */
static struct inject_regs inject_begin(const struct vcpu *v)
{
	return (struct inject_regs){
		.pc = v->regs.pc,
		.pstate = v->regs.pstate,
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
	v->regs.pc = r->pc;
	v->regs.pstate = r->pstate;
}

void abort_undefined(struct vcpu *v)
{
	struct inject_regs r = inject_begin(v);

	inject_undef(&r);
	inject_end(v, &r);
}

void abort_serror(struct vcpu *v)
{
	v->control.hcr_el2 |= HCR_VSE;
	vcpu_control_load(&v->control);
	v->control.hcr_el2 &= ~HCR_VSE;
}

/* A synchronous external abort for the abort that EL2 has just taken. For a
 * walk of stage 1 too: the syndrome does not tell which level it had reached.
 */
static void inject_external(struct vcpu *v, uint64_t esr, bool fetch)
{
	struct inject_regs r = inject_begin(v);
	const struct inject_abort a = {
		.far = fault_far(),
		.fsc = ESR_FSC_EXTERNAL,
		.fetch = fetch,
		.write = !fetch && esr_dabt_write(esr),
		.cache_op = !fetch && (esr & ESR_DABT_CM),
		.far_unknown = (esr & ESR_ABT_FNV) != 0,
	};

	inject_abort(&r, &a);
	inject_end(v, &r);
}

/* Translation, access-flag and address-size faults give HPFAR_EL2. */
static bool fault_has_ipa(uint64_t esr)
{
	return (esr & ESR_ABT_FSC) < ESR_FSC_PERMISSION;
}

static ipa_t fault_ipa(void)
{
	return ipa_add(hpfar_ipa(fault_hpfar()), fault_far() & (PAGE_SIZE - 1));
}

/*
 * Not done: the guest executes the access again, after whoever it waits for
 * had a chance (-EAGAIN); or no device answered, and it is RAM that came to be
 * meanwhile, or nothing at all.
 */
static void not_done(struct vcpu *v, uint64_t esr, int err)
{
	if (err == -EAGAIN)
		cpu_relax();
	else if (!gmem_contains(&v->vm->mem, fault_ipa(), 1))
		inject_external(v, esr, false);
}

static void emulate_load(struct vcpu *v, uint64_t esr, struct mmio_op *op)
{
	unsigned rt = esr_dabt_srt(esr);
	int err = mmio_dispatch(&v->vm->bus, fault_ipa(), op);

	if (__builtin_expect(err != 0, 0)) {
		not_done(v, esr, err);
		return;
	}
	if (rt != XZR)
		v->regs.x[rt] = esr_dabt_extend(esr, op->value);
	skip_instruction(v, esr);
}

static void emulate_store(struct vcpu *v, uint64_t esr, struct mmio_op *op)
{
	unsigned rt = esr_dabt_srt(esr);
	int err;

	op->value = rt == XZR ? 0 : v->regs.x[rt];
	op->value &= ~UINT64_C(0) >> (64 - 8 * op->size);
	err = mmio_dispatch(&v->vm->bus, fault_ipa(), op);
	if (__builtin_expect(err == 0, 1))
		skip_instruction(v, esr);
	else
		not_done(v, esr, err);
}

/* What cannot be emulated as one load or store of a general register. */
static void odd_data_abort(struct vcpu *v, uint64_t esr)
{
	if (!fault_has_ipa(esr)) {
		inject_external(v, esr, false);
		return;
	}
	if (gmem_contains(&v->vm->mem, fault_ipa(), 1))
		return; /* changed under us: the guest tries again */
	if ((esr & (ESR_DABT_CM | ESR_ABT_S1PTW)) == ESR_DABT_CM)
		skip_instruction(v, esr); /* no cache holds what is not there */
	else
		inject_external(v, esr, false);
}

void abort_data(struct vcpu *v, uint64_t esr)
{
	struct mmio_op op; /* offset: the bus; value: a store, or the device */

	op.vcpu = (uint16_t)v->idx;
	op.size = (uint8_t)esr_dabt_size(esr);
	op.write = esr_dabt_write(esr);
	if (__builtin_expect(!esr_dabt_isv(esr) || !fault_has_ipa(esr) ||
				     (esr & (ESR_DABT_CM | ESR_ABT_S1PTW)),
			     0))
		odd_data_abort(v, esr);
	else if (op.write)
		emulate_store(v, esr, &op);
	else
		emulate_load(v, esr, &op);
}

/*
 * A fetch that faults at the very vector to which its abort would go can only
 * fault there again, for ever: this VM has crashed. Anything else is an
 * external abort, as a bus without memory at that address would give.
 */
void abort_instruction(struct vcpu *v, uint64_t esr)
{
	uint64_t pc = v->regs.pc;

	if (fault_has_ipa(esr) && gmem_contains(&v->vm->mem, fault_ipa(), 1))
		return;
	inject_external(v, esr, true);
	if (v->regs.pc == pc)
		vm_stop(v->vm, VM_STOP_CRASH,
			"exception vectors are outside its memory");
}
