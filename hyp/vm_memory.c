/*
 * A VM's memory; contract in vm_memory.h, policies in gmem.h.
 *
 * Images that are mapped copy-on-write are RAM of their own kind, as many whole
 * pages as the module has; what is left of a RAM range is populated at once
 * or on first touch. A VM for which no overcommit is allowed gets all that it
 * may ever want promised, so that it can rely on it; no other VM can take that.
 *
 * Arm ARM DDI 0487, ID_AA64MMFR0_EL1.PARange; docs/design/05-stage2.md.
 */
#include <errno.h>
#include <port/this_cpu.h>
#include <string.h>

#include <arch/aarch64/maint.h>

#include <hyp/hypervisor.h>
#include <hyp/vm_memory.h>

#define MMFR0_PARANGE GENMASK(3, 0)

/* ---- pages ---- */

static void *ram_alloc(void *ctx, unsigned order)
{
	struct vm *vm = ctx;
	void *block;

	if (!vm->promise.made)
		return page_alloc_block(&vm->hyp->pages, order);
	if (vm->promise.left < BIT(order))
		return NULL;
	block = page_alloc_promised(&vm->hyp->pages, order);
	if (block)
		vm->promise.left -= BIT(order);
	return block;
}

/* It goes back without anything of the VM's in it. */
static void ram_free(void *ctx, void *block, unsigned order)
{
	struct vm *vm = ctx;

	memset(block, 0, PAGE_SIZE << order);
	if (!vm->promise.made) {
		page_free_block(&vm->hyp->pages, block, order);
		return;
	}
	page_free_promised(&vm->hyp->pages, block, order);
	vm->promise.left += BIT(order);
}

static void ram_split(void *ctx, void *block, unsigned order)
{
	page_split_block(&((struct vm *)ctx)->hyp->pages, block, order);
}

static void ram_sync(void *ctx, const void *p, uint64_t len)
{
	(void)ctx;
	icache_sync_poc(p, len);
}

/* Under any lock: the vCPU ends the VM when it has left all of them. */
static void ram_exhausted(void *ctx)
{
	struct vcpu *v = this_cpu()->loaded;

	if (v && v->vm == ctx)
		vcpu_post(v, VCPU_REQ_NO_MEMORY);
}

static void *root_alloc(void *ctx, unsigned nr)
{
	void *p = page_alloc_contig(&((struct vm *)ctx)->hyp->pages, nr);

	return p ? memset(p, 0, nr * PAGE_SIZE) : NULL;
}

static void root_free(void *ctx, void *root, unsigned nr)
{
	page_free_contig(&((struct vm *)ctx)->hyp->pages, root, nr);
}

static void *table_alloc(void *ctx)
{
	void *p = ram_alloc(ctx, 0);

	return p ? memset(p, 0, PAGE_SIZE) : NULL;
}

static void table_free(void *ctx, void *table)
{
	ram_free(ctx, table, 0);
}

static void tlbi(void *ctx, ipa_t ipa, uint64_t size)
{
	struct vm *vm = ctx;

	tlb_flush_ipa(s2_vttbr(&vm->s2, vm->vmid), ipa, size);
}

static void pte_sync(void *ctx)
{
	(void)ctx;
	el2_map_sync();
}

/* ---- the address space ---- */

unsigned vm_memory_parange(const struct hypervisor *h)
{
	return (unsigned)FIELD_GET(MMFR0_PARANGE, h->hw_idregs[IDREG(7, 0)]);
}

static uint64_t last_byte(uint64_t last, const struct vm_range *r)
{
	return r->size ? max_u64(last, r->base.v + (r->size - 1)) : last;
}

/* The guest's stage 1 reaches no further than the address size that its ID
 * registers show, devices included. */
unsigned vm_memory_ipa_bits(const struct vm *vm)
{
	const struct vm_config *cfg = vm->cfg;
	uint64_t last = last_byte(1, &vm->pv.range);

	for (unsigned i = 0; i < cfg->nr_ram; i++)
		last = last_byte(last, &cfg->ram[i]);
	for (unsigned i = 0; i < cfg->nr_gicr; i++)
		last = last_byte(last, &cfg->gicr[i]);
	for (unsigned i = 0; i < cfg->nr_virtio; i++)
		last = last_byte(last, &cfg->virtio[i].regs);
	last = last_byte(last, &cfg->gicd);
	last = last_byte(last, &cfg->its);
	last = last_byte(last, &cfg->uart);
	last = last_byte(last, &cfg->rtc);
	last = last_byte(last, &cfg->wdt);
	return bit_highest(last) + 1;
}

static int create_tables(struct vm *vm)
{
	const struct s2_env env = {root_alloc, root_free, table_alloc,
				   table_free, tlbi,      pte_sync,
				   vm};

	return s2_init(&vm->s2, &env, vm_memory_ipa_bits(vm),
		       pgt_pa_bits(vm_memory_parange(vm->hyp)));
}

/* ---- RAM ---- */

struct image {
	uint64_t ipa, size; /* whole pages; size 0: none */
	hpa_t hpa;
};

/* What of a module can be mapped where the loader wants it. */
static struct image image_of(const struct vm_config *cfg,
			     const struct vm_range *place,
			     const struct vm_module *mod)
{
	struct image img = {place->base.v, 0, mod->base};

	if (cfg->share_images && is_aligned(img.ipa | img.hpa.v, PAGE_SIZE))
		img.size =
			align_down(min_u64(mod->size, place->size), PAGE_SIZE);
	return img;
}

static int add_plain(struct vm *vm, uint64_t base, uint64_t end)
{
	return base == end ? 0
			   : gmem_add(&vm->mem, (ipa_t){base}, end - base,
				      vm->cfg->first_touch ? GMEM_FIRST_TOUCH
							   : GMEM_EAGER);
}

/* `img`: ascending; each lies in one range of RAM. */
static int add_range(struct vm *vm, const struct vm_range *ram,
		     const struct image *img, unsigned nr)
{
	uint64_t at = ram->base.v, end = at + ram->size;
	int err = 0;

	for (; nr && !err; img++, nr--) {
		if (!img->size ||
		    !range_within(img->ipa, img->size, at, end - at))
			continue;
		err = add_plain(vm, at, img->ipa);
		if (!err)
			err = gmem_add_image(&vm->mem, (ipa_t){img->ipa},
					     img->size, img->hpa);
		at = img->ipa + img->size;
	}
	return err ? err : add_plain(vm, at, end);
}

static int add_ram(struct vm *vm)
{
	const struct vm_config *cfg = vm->cfg;
	struct image k = image_of(cfg, &vm->plan.kernel, &cfg->kernel);
	struct image i = image_of(cfg, &vm->plan.initrd, &cfg->initrd);
	const struct image img[] = {k.ipa < i.ipa ? k : i,
				    k.ipa < i.ipa ? i : k};
	int err = 0;

	for (unsigned r = 0; r < cfg->nr_ram && !err; r++)
		err = add_range(vm, &cfg->ram[r], img, ARRAY_SIZE(img));
	return err;
}

/* The mirror of the UART, in the VM's arena: where the device has its page to
 * itself, for the page has no other address that must abort. */
static int add_uart_page(struct vm *vm)
{
	const struct vm_range *r = &vm->cfg->uart;

	if (r->size < PAGE_SIZE || !is_aligned(r->base.v, PAGE_SIZE))
		return 0;
	vm->uart_regs = arena_alloc(&vm->arena, PAGE_SIZE, PAGE_SIZE);
	if (!vm->uart_regs)
		return -ENOMEM;
	/* The guest reads past the caches, also what is never written. */
	dcache_clean_poc(vm->uart_regs, PAGE_SIZE);
	return s2_page_create(&vm->uart_page, &vm->s2, r->base,
			      hpa_of(vm->uart_regs), PGT_R | PGT_DEVICE);
}

static int explain(const struct vm *vm, int err)
{
	struct page_alloc *pages = &vm->hyp->pages;

	if (err) {
		log_err("VM %s: memory: %s (%lu MiB free)", vm->cfg->name,
			err == -ERANGE ? "beyond this machine's addresses"
				       : "not enough",
			(page_alloc_nr_free(pages) -
			 page_alloc_nr_promised(pages)) >>
				8);
	}
	return err;
}

int vm_memory_show(struct vm *vm, ipa_t ipa, const void *page)
{
	uint64_t tables = s2_nr_tables(&vm->s2);
	int err;

	if (!page || !is_aligned(ipa.v, PAGE_SIZE))
		return 0;
	/* The guest reads past the caches, also what is never written. */
	dcache_clean_poc(page, PAGE_SIZE);
	err = s2_map(&vm->s2, ipa, hpa_of(page), PAGE_SIZE, PGT_R | PGT_DEVICE);
	vm->nr_device_tables += s2_nr_tables(&vm->s2) - tables;
	return err;
}

int vm_memory_promise(struct vm *vm)
{
	uint64_t nr = vm->cfg->overcommit ? 0 : gmem_demand_max(&vm->mem);
	int err = page_promise(&vm->hyp->pages, nr);

	if (nr && !err)
		vm->promise = (struct vm_promise){true, nr};
	return explain(vm, err);
}

int vm_memory_create(struct vm *vm)
{
	const struct gmem_env ram = {
		.block_alloc = ram_alloc,
		.block_free = ram_free,
		.sync_to_poc = ram_sync,
		.max_order = PAGE_ORDER_MAX,
		.ctx = vm,
		.block_split = ram_split,
		.exhausted = ram_exhausted,
		.touch_order = vm->cfg->overcommit ? GMEM_CHUNK_ORDER
						   : GMEM_BLOCK_ORDER,
	};
	int err = create_tables(vm);

	gmem_init(&vm->mem, &ram, &vm->s2);
	if (!err)
		err = add_ram(vm);
	if (!err)
		err = pvtime_create(vm);
	if (!err)
		err = add_uart_page(vm);
	return explain(vm, err);
}

void vm_memory_destroy(struct vm *vm)
{
	if (vm->promise.made)
		page_promise_drop(&vm->hyp->pages, vm->promise.left);
	vm->promise.made = false;
	if (vm->s2.pgt.root)
		tlb_flush_vmid(s2_vttbr(&vm->s2, vm->vmid));
	gmem_destroy(&vm->mem);
	s2_destroy(&vm->s2);
	pvtime_destroy(vm);
}
