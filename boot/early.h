/*
 * EL2's address space and the memory that boot lives on before the page
 * allocator runs. VA == PA for RAM, the image and devices; pCPU stacks have a
 * window of their own, with an unmapped page below each.
 *
 * Called on the boot CPU only, before secondaries start.
 * Arm ARM DDI 0487, stage 1 of EL2; docs/design/02-memory-map.md.
 */
#ifndef PLINTH_BOOT_EARLY_H
#define PLINTH_BOOT_EARLY_H

#include <base/addr.h>

#include <arch/aarch64/stage1.h>

#include <hyp/arena.h>
#include <hyp/dt.h>

#define HOST_TREE_MAX MIB(2) /* arm64 boot protocol: device tree size limit */

struct page_alloc;
struct vcpu_regs;

/* Where the image runs, by section; ends are exclusive. */
extern char __image_start[], __text_end[], __rodata_end[], __data_end[];
extern char __boot_stack_guard[], __boot_stack_bottom[], __boot_stack_top[];
extern char __image_end[], __symbols_start[], __symbols_end[];

/* el2/vectors.S; exits from guests call from between these two. */
extern char el2_vectors[];
NORETURN void vcpu_resume(struct vcpu_regs *regs);

struct early {
	const void *fdt;   /* the machine's device tree, mapped read-only */
	uint64_t fdt_size; /* bytes */
	struct dt tree;    /* the same, as dt_check() leaves it */
	struct s1 s1;
	struct page_alloc *pages; /* NULL: tables come from the static pool */
	uint64_t next_stack;      /* VA of the next guard page */
};

extern struct early early;

/*
 * MMU off. Finds the machine's tree (x0, else at the 1 GiB boundaries at and
 * below the image) and maps image and tree. Returns TTBR0_EL2.
 */
uint64_t boot_early(const void *x0);

/* Pages of the static pool, whatever is in them; they are never given back.
 * NULL: used up. */
void *early_pages(uint64_t nr);

/* An arena environment over the static pool. */
extern const struct arena_env early_arena_env;

/*
 * Maps [pa, pa + size), rounded out to pages, at VA == PA. `prot`: PGT_ flags.
 * -EEXIST when a part is mapped already; -ENOMEM.
 */
MUST_CHECK int early_map(hpa_t pa, uint64_t size, unsigned prot);

/* From now on tables come from this allocator. */
void early_use_pages(struct page_alloc *pages);

/* Maps a stack of `nr` pages above a guard page; returns its top, 0 = none. */
uint64_t early_map_stack(void *pages, uint64_t nr);

#endif
