/*
 * The hypervisor as a whole: which VMs still run, and the worst end of any of
 * them; contract in hypervisor.h. Left out: everything that concerns one VM
 * only. docs/design/00-overview.md.
 */
#include <base/fmt.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>

/* The worst end of any VM is the machine's. Called with h->lock held. */
static void note_end_locked(struct hypervisor *h, const struct vm *vm)
{
	if (vm->stop != VM_STOP_CRASH || h->end == END_VM_CRASH)
		return;
	h->end = END_VM_CRASH;
	h->end_reason = vm->why;
	(void)fmt_line(h->end_vm, sizeof(h->end_vm), "%s", vm->cfg->name);
}

void hyp_vm_ended(struct hypervisor *h, const struct vm *vm)
{
	bool last;

	spin_lock(&h->lock);
	note_end_locked(h, vm);
	last = --h->nr_running == 0;
	spin_unlock(&h->lock);
	if (!last)
		return;
	if (h->end == END_VM_CRASH)
		h->ops.end(END_VM_CRASH, h->end_vm, h->end_reason);
	if (h->boot_incomplete)
		h->ops.end(END_BOOT_ERROR, NULL, "a VM was refused");
	h->ops.end(END_SUCCESS, NULL, NULL);
}

/* The count first: a clock that is read later shows no less. */
uint64_t hyp_wall_seconds(struct hypervisor *h)
{
	uint64_t count = counter_now();
	uint64_t seconds = h->ops.wall_seconds(h->ops.ctx);

	wallclock_observe(&h->clock, count, seconds);
	return seconds;
}
