/*
 * Exit counts, and who has how much memory; contract in stats.h.
 * Counters are in struct vcpu.
 */
#include <string.h>

#include <base/fmt.h>

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

#define KIB_OF(pages) ((pages) << (PAGE_SHIFT - 10))

static void memory_line(struct vm *vm, char *line, size_t len)
{
	struct gmem_usage u = gmem_usage(&vm->mem);

	(void)fmt_line(line, len,
		       "VM %s: memory: %lu KiB RAM, %lu KiB own, %lu of %lu "
		       "KiB of images shared, %lu tables, %lu of them for "
		       "devices, %lu KiB of Plinth's",
		       vm->cfg->name, KIB_OF(u.ram), KIB_OF(u.own),
		       KIB_OF(u.shared), KIB_OF(u.image), u.tables,
		       vm->nr_device_tables, KIB_OF(vm->arena.nr_pages));
}

void stats_memory(struct hypervisor *h,
		  void (*line)(void *ctx, const char *text), void *ctx)
{
	char text[FMT_LINE_MAX];

	(void)fmt_line(text, sizeof(text),
		       "memory: %lu KiB managed, %lu KiB free, %lu KiB of that "
		       "promised",
		       KIB_OF(h->pages.nr_pages),
		       KIB_OF(page_alloc_nr_free(&h->pages)),
		       KIB_OF(page_alloc_nr_promised(&h->pages)));
	line(ctx, text);
	for (unsigned i = 0; i < h->nr_vms; i++) {
		memory_line(&h->vms[i], text, sizeof(text));
		line(ctx, text);
	}
}

void stats_print(struct vm *vm)
{
	char line[FMT_LINE_MAX];
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
	memory_line(vm, line, sizeof(line));
	log_info("%s", line);
	log_info("VM %s: memory: %lu pages free", vm->cfg->name,
		 page_alloc_nr_free(&vm->hyp->pages));
}

void stats_reset(struct vm *vm)
{
	for (unsigned i = 0; i < vm->nr_vcpus; i++)
		memset(vm->vcpus[i]->exits, 0, sizeof(vm->vcpus[i]->exits));
}
