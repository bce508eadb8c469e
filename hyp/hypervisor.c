/*
 * The hypervisor as a whole: which VMs still run, and the worst end of any of
 * them; contract in hypervisor.h. Left out: everything that concerns one VM
 * only. docs/design/00-overview.md.
 */
#include <base/fmt.h>

#include <arch/aarch64/idreg.h>
#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>

#define MMFR0_ECV GENMASK(63, 60)

bool hyp_has_cntpoff(const struct hypervisor *h)
{
	return FIELD_GET(MMFR0_ECV, h->hw_idregs[IDREG(7, 0)]) >= 2;
}

/* The worst end of any VM is the machine's. Called with h->lock held. */
static void note_end_locked(struct hypervisor *h, const struct vm_end *end)
{
	if (!end->why || h->end == END_VM_CRASH)
		return;
	h->end = END_VM_CRASH;
	h->end_reason = end->why;
	(void)fmt_line(h->end_vm, sizeof(h->end_vm), "%s", end->vm);
}

void hyp_vm_began(struct hypervisor *h)
{
	spin_lock(&h->lock);
	h->nr_running++;
	spin_unlock(&h->lock);
}

void hyp_vm_ended(struct hypervisor *h, const struct vm_end *end)
{
	bool last;

	spin_lock(&h->lock);
	note_end_locked(h, end);
	last = --h->nr_running == 0;
	spin_unlock(&h->lock);
	if (!last)
		return;
	if (h->mux)
		mux_flush(h->mux);
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

	wallclock_observe(&h->clock, hyp_nanoseconds(h, count), seconds);
	return seconds;
}

/* The machine's clock has one alarm: the first of all. */
static void arm_locked(struct hypervisor *h)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < h->nr_vms; i++)
		if (h->vms[i].alarm)
			first = min_u64(first, h->vms[i].alarm);
	h->ops.set_alarm(h->ops.ctx, first == UINT64_MAX ? 0 : first);
}

void hyp_set_alarm(struct hypervisor *h, struct vm *vm, uint64_t seconds)
{
	spin_lock(&h->alarm_lock);
	vm->alarm = seconds;
	arm_locked(h);
	spin_unlock(&h->alarm_lock);
}

static bool take_alarm(struct hypervisor *h, struct vm *vm, uint64_t now)
{
	bool due;

	spin_lock(&h->alarm_lock);
	due = vm->alarm && vm->alarm <= now;
	if (due)
		vm->alarm = 0;
	spin_unlock(&h->alarm_lock);
	return due;
}

void hyp_alarm(struct hypervisor *h)
{
	uint64_t now = hyp_wall_seconds(h);

	for (unsigned i = 0; i < h->nr_vms; i++)
		if (take_alarm(h, &h->vms[i], now))
			pl031_alarm(&h->vms[i].rtc);
	spin_lock(&h->alarm_lock);
	arm_locked(h);
	spin_unlock(&h->alarm_lock);
}
