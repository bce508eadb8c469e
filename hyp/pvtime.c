/*
 * The structures of stolen time, in pages that guests can only read; contract
 * in pvtime.h, and what is left out as well. Arm DEN 0057.
 */
#include <errno.h>
#include <string.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/pvtime.h>

#define GRANULE KIB(64)

/* Calls fn for every range of addresses that the VM has a use for, until one
 * is not all right. */
static bool each_range(const struct vm_config *cfg,
		       bool (*fn)(void *ctx, const struct vm_range *r),
		       void *ctx)
{
	bool ok = fn(ctx, &cfg->gicd) && fn(ctx, &cfg->its) &&
		  fn(ctx, &cfg->uart) && fn(ctx, &cfg->rtc) &&
		  fn(ctx, &cfg->wdt);

	for (unsigned i = 0; i < cfg->nr_ram && ok; i++)
		ok = fn(ctx, &cfg->ram[i]);
	for (unsigned i = 0; i < cfg->nr_reserved && ok; i++)
		ok = fn(ctx, &cfg->reserved[i]);
	for (unsigned i = 0; i < cfg->nr_gicr && ok; i++)
		ok = fn(ctx, &cfg->gicr[i]);
	for (unsigned i = 0; i < cfg->nr_virtio && ok; i++)
		ok = fn(ctx, &cfg->virtio[i].regs);
	return ok;
}

static bool is_clear(void *ctx, const struct vm_range *r)
{
	const struct vm_range *want = ctx;

	return !r->size || !ranges_overlap(r->base.v, r->size, want->base.v,
					   align_up(want->size, GRANULE));
}

static bool note_end(void *ctx, const struct vm_range *r)
{
	uint64_t *end = ctx;

	*end = max_u64(*end, r->base.v + r->size);
	return true;
}

struct vm_range pvtime_place(const struct vm_config *cfg)
{
	struct vm_range r = {
		{VM_PVTIME_BASE},
		align_up(cfg->nr_vcpus * sizeof(struct pvtime_stolen),
			 PAGE_SIZE)};
	uint64_t end = 0;

	if (!each_range(cfg, is_clear, &r)) {
		(void)each_range(cfg, note_end, &end);
		r.base.v = align_up(end, GRANULE);
	}
	return r;
}

int pvtime_create(struct vm *vm)
{
	uint64_t nr_pages = vm->pv.range.size >> PAGE_SHIFT;
	void *p = page_alloc_contig(&vm->hyp->pages, nr_pages);

	if (!p)
		return -ENOMEM;
	vm->pv.stolen = p;
	return s2_map(&vm->s2, vm->pv.range.base, hpa_of(p), vm->pv.range.size,
		      PGT_R);
}

/* For a guest, too, that looks past its caches. */
void pvtime_reset(struct vm *vm)
{
	memset(vm->pv.stolen, 0, vm->pv.range.size);
	dcache_clean_poc(vm->pv.stolen, vm->pv.range.size);
}

void pvtime_update(struct vm *vm, unsigned vcpu, uint64_t ns)
{
	__atomic_store_n(&vm->pv.stolen[vcpu].stolen_ns, ns, __ATOMIC_RELAXED);
}

void pvtime_destroy(struct vm *vm)
{
	if (vm->pv.stolen)
		page_free_contig(&vm->hyp->pages, vm->pv.stolen,
				 vm->pv.range.size >> PAGE_SHIFT);
	vm->pv.stolen = NULL;
}

ipa_t pvtime_ipa(const struct pvtime *pv, unsigned vcpu)
{
	return ipa_add(pv->range.base, vcpu * sizeof(*pv->stolen));
}
