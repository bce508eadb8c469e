/*
 * Exit dispatch: exception class -> handler, by a table sized by the field. An
 * unknown class is UNDEFINED in the guest, never an error of ours. Arm ARM DDI
 * 0487, ESR_EL2. Hot: no printing, no allocation, no lock of another VM.
 */
#include <port/el1.h>

#include <arch/aarch64/esr.h>
#include <arch/aarch64/inject.h>
#include <arch/aarch64/maint.h>
#include <arch/aarch64/sysreg.h>

#include <hyp/abort.h>
#include <hyp/firmware.h>
#include <hyp/hypervisor.h>
#include <hyp/lifecycle.h>
#include <hyp/run.h>
#include <hyp/trap.h>
#include <hyp/vm.h>

#define XZR 31U

static void trap_undef(struct vcpu *v, uint64_t esr)
{
	(void)esr;
	abort_undefined(v);
}

/* HVC: the preferred return address is already past it. */
static void trap_hvc(struct vcpu *v, uint64_t esr)
{
	(void)esr;
	firmware_call(v);
}

/* SMC (HCR_EL2.TSC): the return address is at it. Never forwarded to EL3. */
static void trap_smc(struct vcpu *v, uint64_t esr)
{
	skip_instruction(v, esr);
	firmware_call(v);
}

/* The register operand of a trapped MSR. */
static uint64_t operand(const struct vcpu *v, uint64_t esr)
{
	unsigned rt = esr_sys64_rt(esr);

	return rt == XZR ? 0 : v->regs.x[rt];
}

/*
 * WFI (HCR_EL2.TWI): sleep until an interrupt is pending. WFE (TWE): somebody
 * waits for this pCPU, and it may be the one that this vCPU waits for.
 */
static void trap_wfx(struct vcpu *v, uint64_t esr)
{
	skip_instruction(v, esr);
	if (FIELD_GET(ESR_WFX_TI, esr) == ESR_WFX_WFI)
		vm_vcpu_wait(v->vm, v, false);
	else
		sched_give_way(v->cpu, v);
}

static inline void sgi_write(struct vcpu *v, uint64_t esr,
			     void (*send)(struct vgic_cpu *, uint64_t))
{
	skip_a64(v);
	send(v->gic, operand(v, esr));
}

/* The result of a trapped MRS. */
static void answer(struct vcpu *v, uint64_t esr, uint64_t value)
{
	unsigned rt = esr_sys64_rt(esr);

	if (rt != XZR)
		v->regs.x[rt] = value;
	skip_a64(v);
}

/* Common CPU interface registers, trapped while an active interrupt is in no
 * list register on a CPU that cannot trap ICC_DIR_EL1 alone. */
static void icc_access(struct vcpu *v, uint64_t esr, enum vgic_icc reg)
{
	uint64_t value = 0;

	if (esr_sysreg_read(esr)) {
		if (vgic_icc_read(v->vm->vgic, v->idx, reg, &value))
			answer(v, esr, value);
		else
			abort_undefined(v);
	} else if (vgic_icc_write(v->vm->vgic, v->idx, reg, operand(v, esr))) {
		skip_a64(v);
	} else {
		abort_undefined(v);
	}
}

/* Self-hosted debug: op0 2, but for the trace unit's registers. */
static bool is_debug(uint64_t esr)
{
	return FIELD_GET(ESR_SYS64_OP0, esr) == 2 &&
	       FIELD_GET(ESR_SYS64_OP1, esr) != 1;
}

/* A debug register for the first time since the load: once again, then. */
static void open_debug(struct vcpu *v)
{
	if (!el1_debug_open(&v->el1))
		abort_undefined(v);
}

/* The same of AArch32's at EL0. */
static void trap_debug32(struct vcpu *v, uint64_t esr)
{
	(void)esr;
	open_debug(v);
}

/* ACTLR_EL1 (HCR_EL2.TACR): no bits for a guest; and what shows nothing. */
static void raz_wi(struct vcpu *v, uint64_t esr)
{
	if (esr_sysreg_read(esr))
		answer(v, esr, 0);
	else
		skip_a64(v);
}

/*
 * LORegions (HCR_EL2.TLOR) and RAS error records (TERR; FIEN, which is clear):
 * what describes them says that there are none, and what selects or holds one
 * is RES0 then, by Arm ARM, or may be. Read-only ones do not trap when written.
 */
static bool shows_nothing(uint32_t reg, bool read)
{
	switch (reg) {
	case SYS_LORID_EL1:
	case SYS_ERRIDR_EL1:
	case SYS_ERXFR_EL1:
	case SYS_ERXPFGF_EL1:
		return read;
	case SYS_LORSA_EL1:
	case SYS_LOREA_EL1:
	case SYS_LORN_EL1:
	case SYS_LORC_EL1:
	case SYS_ERRSELR_EL1:
	case SYS_ERXCTLR_EL1:
	case SYS_ERXSTATUS_EL1:
	case SYS_ERXADDR_EL1:
	case SYS_ERXPFGCTL_EL1:
	case SYS_ERXPFGCDN_EL1:
	case SYS_ERXMISC0_EL1:
	case SYS_ERXMISC1_EL1:
	case SYS_ERXMISC2_EL1:
	case SYS_ERXMISC3_EL1:
		return true;
	default:
		return false;
	}
}

RARE static __attribute__((noinline)) void no_access(struct vcpu *v,
						     uint64_t esr)
{
	if (shows_nothing(esr_sysreg(esr), esr_sysreg_read(esr)))
		raz_wi(v, esr);
	else
		abort_undefined(v);
}

/* What is left: debug registers, the performance monitors, or a register that
 * nobody knows. */
static void other_access(struct vcpu *v, uint64_t esr, bool read)
{
	bool el0 = !pstate_is_el1(exit_pstate(&v->regs));
	uint64_t value = read ? 0 : operand(v, esr);

	if (is_debug(esr)) {
		open_debug(v);
		return;
	}
	if (!v->vm->pmu ||
	    !pmu_access(&v->pmu, esr_sysreg(esr), read, el0, &value))
		no_access(v, esr);
	else if (read)
		answer(v, esr, value);
	else
		skip_a64(v);
}

/* ICC_SRE_EL1 is the CPU's own, of all VMs, and there are CPUs on which it can
 * switch the system registers off: SRE, DFB and DIB are RAO/WI to a guest. */
#define ICC_SRE_FIXED 7U

static __attribute__((noinline)) void trap_msr(struct vcpu *v, uint64_t esr)
{
	switch (esr_sysreg(esr)) {
	case SYS_ICC_SGI1R_EL1:
		sgi_write(v, esr, vgic_send_sgi1);
		break;
	case SYS_ICC_ASGI1R_EL1: /* the other group 1 does not exist */
	case SYS_ICC_SGI0R_EL1:
		sgi_write(v, esr, vgic_send_sgi0);
		break;
	case SYS_ICC_DIR_EL1:
		icc_access(v, esr, VGIC_ICC_DIR);
		break;
	case SYS_ICC_CTLR_EL1:
		icc_access(v, esr, VGIC_ICC_CTLR);
		break;
	case SYS_ICC_PMR_EL1:
		icc_access(v, esr, VGIC_ICC_PMR);
		break;
	case SYS_ICC_SRE_EL1:
		skip_a64(v);
		break;
	default:
		other_access(v, esr, false);
	}
}

static __attribute__((noinline)) void trap_mrs(struct vcpu *v, uint64_t esr)
{
	switch (esr_sysreg(esr)) {
	case SYS_ICC_CTLR_EL1:
		icc_access(v, esr, VGIC_ICC_CTLR);
		break;
	case SYS_ICC_PMR_EL1:
		icc_access(v, esr, VGIC_ICC_PMR);
		break;
	case SYS_ICC_RPR_EL1:
		icc_access(v, esr, VGIC_ICC_RPR);
		break;
	case SYS_ICC_SRE_EL1:
		answer(v, esr, ICC_SRE_FIXED);
		break;
	default:
		other_access(v, esr, true);
	}
}

/* The whole syndrome of a write to ICC_SGI1R_EL1, but for its register. */
#define MSR_SGI1R                                                              \
	((uint32_t)FIELD_PREP(ESR_EC, ESR_EC_SYS64) | (uint32_t)ESR_IL |       \
	 SYS_ICC_SGI1R_EL1)

/* SGIs first, which guests send most. ID registers have been read before it
 * comes to this, plain ones of a PMU in use read or written. */
static void trap_sys64(struct vcpu *v, uint64_t esr)
{
	if ((uint32_t)(esr & ~ESR_SYS64_RT) == MSR_SGI1R)
		sgi_write(v, esr, vgic_send_sgi1);
	else if (esr_sysreg(esr) == SYS_ACTLR_EL1)
		raz_wi(v, esr);
	else if (esr_sysreg_read(esr))
		trap_mrs(v, esr);
	else
		trap_msr(v, esr);
}

/* CPTR_EL2.TZ: a vCPU begins to use SVE, or its VM has none. */
static void trap_sve(struct vcpu *v, uint64_t esr)
{
	(void)esr;
	if (v->sve.regs)
		vcpu_use_sve(v);
	else
		abort_undefined(v);
}

static trap_fn *const plain_table[TRAP_NR] = {
	[ESR_EC_UNKNOWN] = trap_undef,
	[ESR_EC_WFX] = trap_wfx,
	[ESR_EC_WFX + 1 ... ESR_EC_CP15_64] = trap_undef,
	[ESR_EC_CP14_32] = trap_debug32,
	[ESR_EC_CP14_LS] = trap_debug32,
	[ESR_EC_FP... ESR_EC_CP14_64 - 1] = trap_undef,
	[ESR_EC_CP14_64] = trap_debug32,
	[ESR_EC_BTI... ESR_EC_HVC64 - 1] = trap_undef,
	[ESR_EC_HVC64] = trap_hvc,
	[ESR_EC_SMC64] = trap_smc,
	[ESR_EC_SYS64] = trap_sys64,
	[ESR_EC_SVE] = trap_sve,
	[ESR_EC_SVE + 1 ... ESR_EC_IABT_LOW - 1] = trap_undef,
	[ESR_EC_IABT_LOW] = abort_instruction,
	[ESR_EC_IABT_LOW + 1 ... ESR_EC_DABT_LOW - 1] = trap_undef,
	[ESR_EC_DABT_LOW] = abort_data,
	[ESR_EC_DABT_LOW + 1 ... ESR_EC_NR - 1] = trap_undef,
	[TRAP_DEVICE] = abort_device,
	[TRAP_MIRROR] = abort_mirror,
};

/* The same, with the time that it takes. */
static void timed(struct vcpu *v, uint64_t esr, trap_fn *fn)
{
	enum esr_ec ec = esr_ec(esr);
	uint64_t since = counter_now();

	fn(v, esr);
	v->timed[ec].ticks += counter_now() - since;
	v->timed[ec].nr++;
}

static void trap_timed(struct vcpu *v, uint64_t esr)
{
	timed(v, esr, plain_table[esr_ec(esr)]);
}

static void device_timed(struct vcpu *v, uint64_t esr)
{
	timed(v, esr, abort_device);
}

static void mirror_timed(struct vcpu *v, uint64_t esr)
{
	timed(v, esr, abort_mirror);
}

static trap_fn *const timed_table[TRAP_NR] = {
	[0 ... ESR_EC_NR - 1] = trap_timed,
	[TRAP_DEVICE] = device_timed,
	[TRAP_MIRROR] = mirror_timed,
};

void trap_init(struct vcpu *v)
{
	v->regs.handlers = plain_table;
}

/* Either table is right for an exit that comes meanwhile. */
static void measure(struct vm *vm, trap_fn *const *table)
{
	if (!vm_enter(vm))
		return;
	for (unsigned i = 0; i < vm->nr_vcpus; i++) {
		__atomic_store_n(&vm->vcpus[i]->regs.handlers, table,
				 __ATOMIC_RELAXED);
	}
	vm_leave(vm);
}

void trap_measure(struct hypervisor *h, bool on)
{
	for (unsigned i = 0; i < h->nr_vms; i++)
		measure(&h->vms[i], on ? timed_table : plain_table);
}

void trap_irq(struct vcpu *v)
{
	run_irqs(v->cpu);
}

/*
 * An SError that was taken while the guest ran is the guest's: it goes back as
 * a virtual SError (HCR_EL2.VSE), delivered when the guest unmasks them, or
 * deferred to its DISR_EL1 when it synchronizes errors.
 */
void trap_serror(struct vcpu *v, uint64_t esr)
{
	abort_serror(v, esr);
}

struct vcpu_regs *trap_attention(struct vcpu *v)
{
	return run_next(v->cpu);
}

void trap_flush(struct vcpu *v)
{
	vgic_flush(v->gic);
}
