/*
 * Exit counts and free memory at the end of a VM's life; contract in stats.h.
 * Counters are in struct vcpu.
 */
#include <string.h>

#include <arch/aarch64/esr.h>

#include <hyp/hypervisor.h>
#include <hyp/stats.h>
#include <hyp/vm.h>

static const char *const reason[VCPU_EXIT_CLASSES] = {
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
	[VCPU_EXIT_IRQ] = "irq",
	[VCPU_EXIT_SERROR] = "serror",
};

static uint64_t count(const struct vm *vm, unsigned class)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		sum += vm->vcpus[i]->exits[class];
	return sum;
}

void stats_print(const struct vm *vm)
{
	uint64_t all = 0;

	for (unsigned class = 0; class < VCPU_EXIT_CLASSES; class ++) {
		uint64_t n = count(vm, class);

		all += n;
		if (n)
			log_info("VM %s: exits: %s %lu", vm->cfg->name,
				 reason[class] ? reason[class] : "other", n);
	}
	log_info("VM %s: exits: total %lu", vm->cfg->name, all);
	log_info("VM %s: memory: %lu pages free", vm->cfg->name,
		 page_alloc_nr_free(&vm->hyp->pages));
}

void stats_reset(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		memset(vm->vcpus[i]->exits, 0, sizeof(vm->vcpus[i]->exits));
}
