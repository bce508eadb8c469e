/*
 * Guest memory: the one place where an IPA becomes host memory, after a
 * bounds check against that VM's own RAM. A VM's memory is a set of ranges,
 * each with a policy that says when its pages come to be; RAM is allocated
 * from the page allocator in the largest blocks that fit, mapped in the VM's
 * stage-2 tables, and scrubbed before anybody else gets it.
 *
 * Callers: the loader, device models (virtio), the stage-2 fault path.
 * Locks: gmem_add/gmem_reset/gmem_sync/gmem_destroy are called with no vCPU of
 * the VM running. The accessors may run on several CPUs at once.
 *
 * An access that is partly outside RAM does nothing and returns -EFAULT.
 *
 * Plinth's own: docs/design/05-stage2.md.
 */
#ifndef PLINTH_HYP_GMEM_H
#define PLINTH_HYP_GMEM_H

#include <base/addr.h>

struct s2;

enum gmem_policy {
	GMEM_EAGER, /* every page allocated, zeroed and mapped by gmem_add() */
};

enum gmem_access {
	GMEM_READ,
	GMEM_WRITE
};

struct gmem_env {
	/*
	 * One naturally aligned block of 2^order pages, or NULL. Contents are
	 * unspecified; gmem zeroes what a guest will see.
	 */
	void *(*block_alloc)(void *ctx, unsigned order);
	void (*block_free)(void *ctx, void *block, unsigned order);
	/* Make [p, p+len) visible to observers with caches off (clean to the
	 * point of coherency) and to instruction fetch. */
	void (*sync_to_poc)(void *ctx, const void *p, uint64_t len);
	unsigned max_order; /* largest order that block_alloc serves */
	void *ctx;
};

/* One physically contiguous piece of a range. */
struct gmem_extent {
	ipa_t ipa;
	hpa_t hpa;
	unsigned order; /* 2^order pages */
};

struct gmem {
	struct gmem_env env;
	struct s2 *s2; /* where RAM is mapped; may be NULL in tests */
	struct gmem_extent *extents; /* sorted by ipa, disjoint */
	unsigned nr_extents;
	unsigned cap_extents;
	unsigned extents_order; /* of the block that holds the array */
};

/* No RAM yet; takes no memory. */
void gmem_init(struct gmem *m, const struct gmem_env *env, struct s2 *s2);

/*
 * Adds RAM [base, base + size), multiples of 4 KiB below 2^52; zeroes it, makes
 * the zeroes visible to a guest whose caches are off (sync_to_poc), and maps it
 * read-write-execute in the stage-2 tables. Blocks are aligned to their size
 * both in IPA and in host memory and as big as that, `size` and the allocator
 * allow, so base and size in multiples of 2 MiB or better get stage-2 blocks.
 * -EINVAL: policy, alignment, empty, wrapping, beyond the stage-2 space;
 * -EEXIST: overlap with other RAM or with anything mapped; -ENOMEM. All or
 * nothing.
 */
MUST_CHECK int gmem_add(struct gmem *m, ipa_t base, uint64_t size,
			enum gmem_policy policy);

/* Copy between host memory and guest RAM; `len` may be 0. -EFAULT outside. */
MUST_CHECK int gmem_read(struct gmem *m, ipa_t at, void *dst, uint64_t len);
MUST_CHECK int gmem_write(struct gmem *m, ipa_t at, const void *src,
			  uint64_t len);

/*
 * A pointer to guest RAM at `at`, valid for *len bytes on return: *len is
 * lowered to what is contiguous in host memory (never 0 on success). NULL when
 * any of the `*len` bytes asked for is outside RAM or *len is 0. The memory
 * stays under the guest's hands: read each value once, trust none.
 */
MUST_CHECK void *gmem_ptr(struct gmem *m, ipa_t at, uint64_t *len,
			  enum gmem_access access);

/* True when [at, at + len) lies in RAM; len 0 is false. */
bool gmem_contains(const struct gmem *m, ipa_t at, uint64_t len);

/*
 * Copies an image in and makes it visible to a CPU whose MMU and caches are
 * off (sync_to_poc). -EFAULT outside RAM.
 */
MUST_CHECK int gmem_load(struct gmem *m, ipa_t at, const void *src,
			 uint64_t len);

/* Zeroes all RAM and syncs it, as gmem_add() left it: before images are loaded
 * again. */
void gmem_reset(struct gmem *m);

/* Leaves all RAM as it is and syncs it: a CPU whose caches are off then finds
 * what was written through them. */
void gmem_sync(struct gmem *m);

/*
 * Unmaps nothing (the stage-2 tables are gone by then); frees all blocks, and
 * leaves `m` as after gmem_init() without stage-2 tables. What the guest left
 * in them is overwritten by whoever takes them next.
 */
void gmem_destroy(struct gmem *m);

#endif
