/*
 * The last exits of a pCPU, read newest first; contract in exit_trace.h. The
 * ring is written by the vectors (el2/vectors.S).
 * docs/design/04-exceptions.md.
 */
#include <arch/aarch64/esr.h>

#include <hyp/exit_trace.h>

static const char *const class_name[VCPU_EXIT_CLASSES] = {
	[ESR_EC_UNKNOWN] = "unknown",
	[ESR_EC_WFX] = "wfx",
	[ESR_EC_FP] = "fp",
	[ESR_EC_HVC64] = "hvc",
	[ESR_EC_SMC64] = "smc",
	[ESR_EC_SYS64] = "sysreg",
	[ESR_EC_SVE] = "sve",
	[ESR_EC_SME] = "sme",
	[ESR_EC_IABT_LOW] = "instruction-abort",
	[ESR_EC_DABT_LOW] = "data-abort",
	[ESR_EC_SERROR] = "serror",
	[VCPU_EXIT_IRQ] = "irq",
	[VCPU_EXIT_SERROR] = "serror",
};

const char *exit_class_name(unsigned class)
{
	return class < ARRAY_SIZE(class_name) ? class_name[class] : NULL;
}

static bool vm_has(const struct vm *vm, uint64_t at)
{
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		if ((uint64_t)(uintptr_t)vm->vcpus[i] == at)
			return true;
	return false;
}

const struct vcpu *exit_trace_vcpu(const struct hypervisor *h, uint64_t at)
{
	for (unsigned i = 0; i < h->nr_vms; i++)
		if (vm_has(&h->vms[i], at))
			return (const struct vcpu *)(uintptr_t)at;
	return NULL;
}

/* Where the next event goes, as an index; 0 when the pointer is none. */
static unsigned next_idx(const struct cpu *c, const struct vcpu *v)
{
	const struct cpu_exit *next = v ? v->regs.next_exit : c->next_exit;
	uint64_t off =
		(uint64_t)(uintptr_t)next - (uint64_t)(uintptr_t)c->exits;

	return off < sizeof(c->exits) ? (unsigned)(off / sizeof(*next)) : 0;
}

void exit_trace_begin(struct exit_trace *t, const struct cpu *c)
{
	const struct vcpu *v =
		exit_trace_vcpu(c->hyp, (uint64_t)(uintptr_t)c->loaded);

	*t = (struct exit_trace){
		.cpu = c, .vcpu = v, .at = next_idx(c, v), .left = CPU_EXITS};
}

bool exit_trace_next(struct exit_trace *t, struct exit_seen *seen)
{
	while (t->left) {
		const struct cpu_exit *e;

		t->left--;
		t->at = (t->at + CPU_EXITS - 1) % CPU_EXITS;
		e = &t->cpu->exits[t->at];
		if (e->esr == 0)
			return false;
		if (e->esr != CPU_EXIT_PUT) {
			*seen = (struct exit_seen){e->esr, e->pc, t->vcpu};
			return true;
		}
		t->vcpu = exit_trace_vcpu(t->cpu->hyp, e->pc);
	}
	return false;
}
