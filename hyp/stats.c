/*
 * Exit counts and free memory at the end of a VM's life; contract in stats.h.
 * Counters are in struct vcpu.
 */
#include <string.h>

#include <hyp/exit_trace.h>
#include <hyp/hypervisor.h>
#include <hyp/stats.h>
#include <hyp/vm.h>

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
		const char *name = exit_class_name(class);
		uint64_t n = count(vm, class);

		all += n;
		if (n)
			log_info("VM %s: exits: %s %lu", vm->cfg->name,
				 name ? name : "other", n);
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
