/*
 * A VM's memory, made of what its configuration says: stage-2 tables, RAM by
 * the policies that were asked for, the promise of memory for what comes on
 * demand, and the pages of stolen time.
 *
 * Called by vm.c, at creation and destruction: no vCPU runs. No locks.
 * docs/manifest.md, properties images, populate, overcommit.
 */
#ifndef PLINTH_HYP_VM_MEMORY_H
#define PLINTH_HYP_VM_MEMORY_H

#include <hyp/vm.h>

/* ID_AA64MMFR0_EL1.PARange of the machine. */
unsigned vm_memory_parange(const struct hypervisor *h);

/* The width of the smallest IPA space with all that the guest can name. */
unsigned vm_memory_ipa_bits(const struct vm *vm);

/*
 * vm->cfg, vm->plan and vm->pv.range are set. An error costs one line in the
 * log, of vm_memory_promise() as well; vm_memory_destroy() cleans up then.
 */
MUST_CHECK int vm_memory_create(struct vm *vm);

/*
 * From now on the guest reads `page`, which is the VM's, where it has the page
 * of a device's registers at `ipa` (mirror.h). Nothing is done where the
 * registers have no page to themselves (`ipa` is not aligned), or no memory
 * (NULL). Errors as of s2_map().
 */
MUST_CHECK int vm_memory_show(struct vm *vm, ipa_t ipa, const void *page);

/* Everything that the VM needs from the start is there: from here on all of
 * its pages come out of what is promised to it now, or go back there. */
MUST_CHECK int vm_memory_promise(struct vm *vm);

/* Harmless on what was not created, and twice. */
void vm_memory_destroy(struct vm *vm);

#endif
