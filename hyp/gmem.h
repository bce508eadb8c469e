/*
 * Guest memory: the one place where an IPA becomes host memory, after a
 * bounds check against that VM's own RAM. A VM's memory is a set of ranges,
 * each with a policy that says when its pages come to be: at once, at the first
 * touch, or, where it begins as a copy of an image, at the first write. Memory
 * is taken from the page allocator, mapped in the VM's stage-2 tables, and
 * scrubbed before anybody else gets it.
 *
 * Callers: the loader, device models (virtio), the stage-2 fault path.
 * Locks: gmem_add*, gmem_load, gmem_reset, gmem_sync and gmem_destroy are
 * called with no vCPU of the VM running, by who made the VM BUSY, so that
 * nobody is between vm_enter() and vm_leave() (hyp/lifecycle.h), as those are
 * who call gmem_walk() and gmem_usage(). The others may run on several CPUs at
 * once; m->lock is taken where pages come to be, and is below all locks but the
 * page allocator's.
 *
 * An access that is partly outside RAM does nothing and returns -EFAULT. One
 * for which there is no page left returns -ENOMEM, or NULL, and has told
 * env.exhausted.
 *
 * Plinth's own: docs/design/05-stage2.md.
 */
#ifndef PLINTH_HYP_GMEM_H
#define PLINTH_HYP_GMEM_H

#include <port/spinlock.h>

#include <base/addr.h>

struct s2;

enum gmem_policy {
	GMEM_EAGER,       /* all pages allocated, zeroed and mapped at once */
	GMEM_FIRST_TOUCH, /* a page is there when it is first touched */
};

enum gmem_access {
	GMEM_READ,
	GMEM_WRITE
};

#define GMEM_CHUNK_ORDER 4 /* 64 KiB: what a first touch brings */
#define GMEM_BLOCK_ORDER 9 /* 2 MiB: what it may bring at most */

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
	/* The rest only for memory on demand. */
	/* Each page of a block is a block of its own from now on. */
	void (*block_split)(void *ctx, void *block, unsigned order);
	/* Memory is out: the access that needed some cannot be. Any lock may
	 * be held. May be NULL. */
	void (*exhausted)(void *ctx);
	/* What a guest's first touch brings: GMEM_CHUNK_ORDER, or
	 * GMEM_BLOCK_ORDER where nobody else could use the memory anyway. */
	unsigned touch_order;
};

/*
 * One piece of RAM: physically contiguous memory, a block, that is there all
 * the time; or any number of pages that come on demand, for which the stage-2
 * tables say where each of them is.
 */
struct gmem_extent {
	ipa_t ipa;
	hpa_t hpa;         /* on demand: of the image, or GMEM_ZEROES */
	unsigned order;    /* 2^order pages; on demand: GMEM_ON_DEMAND */
	uint32_t nr_pages; /* in all */
};

#define GMEM_ON_DEMAND 52U /* PAGE_SIZE << 52 is 0: no byte is at hand */
#define GMEM_ZEROES    UINT64_MAX

struct gmem {
	struct gmem_env env;
	struct s2 *s2; /* where RAM is mapped; may be NULL in tests */
	struct gmem_extent *extents; /* sorted by ipa, disjoint */
	unsigned nr_extents;
	unsigned cap_extents;
	unsigned extents_order; /* of the block that holds the array */

	struct spinlock lock; /* guards the stage-2 tables while vCPUs run,
			       * and the next three */
	uint64_t nr_touched;  /* pages that came on demand, in all */
	bool touched;       /* anything was ever mapped on demand, images too */
	uint64_t nr_copied; /* of these: copies of an image's */
};

/* Pages of 4 KiB. */
struct gmem_usage {
	uint64_t ram;    /* all RAM */
	uint64_t own;    /* memory taken for it */
	uint64_t image;  /* RAM that begins as a copy of an image */
	uint64_t shared; /* of that, pages that are the image's own still */
	uint64_t tables; /* stage-2 tables, not in `own` */
};

/* No RAM yet; takes no memory. */
void gmem_init(struct gmem *m, const struct gmem_env *env, struct s2 *s2);

/*
 * Adds RAM [base, base + size), multiples of 4 KiB below 2^52: zeroes that a
 * guest sees whose caches are off, too (sync_to_poc), read-write-execute.
 * GMEM_EAGER: blocks are aligned to their size both in IPA and in host memory
 * and as big as that, `size` and the allocator allow, so base and size in
 * multiples of 2 MiB or better get stage-2 blocks.
 * GMEM_FIRST_TOUCH: takes nothing yet; wants stage-2 tables.
 * -EINVAL: policy, alignment, empty, wrapping, beyond the stage-2 space;
 * -EEXIST: overlap with other RAM or with anything mapped; -ENOMEM. All or
 * nothing.
 */
MUST_CHECK int gmem_add(struct gmem *m, ipa_t base, uint64_t size,
			enum gmem_policy policy);

/*
 * Adds RAM that begins as a copy of the image at `image`, which nobody ever
 * writes to: its pages are mapped read-execute when they are touched, and each
 * is copied when it is first written to, by the guest or through an accessor.
 * Takes nothing yet. Errors as above; -EINVAL also for an image that does not
 * begin on a page.
 */
MUST_CHECK int gmem_add_image(struct gmem *m, ipa_t base, uint64_t size,
			      hpa_t image);

/*
 * The most pages that RAM on demand can come to take, stage-2 tables included.
 */
uint64_t gmem_demand_max(const struct gmem *m);

/*
 * A stage-2 fault of the guest's on the page of `at`. 0: the access may be
 * tried again; -EFAULT: not RAM; -ENOMEM: see above.
 */
MUST_CHECK int gmem_touch(struct gmem *m, ipa_t at, enum gmem_access access);

/* s2_walk() of an address of this VM, whose tables stand still meanwhile. */
struct s2_walk;
MUST_CHECK int gmem_walk(struct gmem *m, ipa_t at, struct s2_walk *w);

/* What the VM's memory takes now. */
struct gmem_usage gmem_usage(struct gmem *m);

/* Copy between host memory and guest RAM; `len` may be 0. -EFAULT outside. */
MUST_CHECK int gmem_read(struct gmem *m, ipa_t at, void *dst, uint64_t len);
MUST_CHECK int gmem_write(struct gmem *m, ipa_t at, const void *src,
			  uint64_t len);

/*
 * A pointer to guest RAM at `at`, valid for *len bytes on return: *len is
 * lowered to what is contiguous in host memory (never 0 on success). NULL when
 * any of the `*len` bytes asked for is outside RAM or *len is 0. The memory
 * stays under the guest's hands: read each value once, trust none. What was got
 * for writing stays where it is up to gmem_reset() or gmem_load(); what was got
 * for reading may be a page of an image that the guest's next write replaces.
 */
MUST_CHECK void *gmem_ptr(struct gmem *m, ipa_t at, uint64_t *len,
			  enum gmem_access access);

/*
 * RAM that somebody looks at again and again: all of [at, at + len) is got for
 * writing and in one piece at `host`. len 0: nothing. Who keeps one makes it
 * that before the VM's memory is reset or loaded, as with a pointer above.
 */
struct gmem_window {
	ipa_t at;
	uint64_t len;
	uint8_t *host;
};

/*
 * Moves the window to where it has [at, at + len), as wide as that is cheap,
 * and returns the pointer to `at`. NULL when that is not wholly in RAM, not in
 * one piece, or empty; the window is where it was.
 */
MUST_CHECK void *gmem_window_move(struct gmem *m, struct gmem_window *w,
				  ipa_t at, uint64_t len);

/* The same, but it stays where it is if it has them already. */
MUST_CHECK static inline void *
gmem_window_ptr(struct gmem *m, struct gmem_window *w, ipa_t at, uint64_t len)
{
	uint64_t into = at.v - w->at.v; /* huge when `at` lies below */

	if (__builtin_expect(into < w->len && len - 1 < w->len - into, 1))
		return w->host + into;
	return gmem_window_move(m, w, at, len);
}

/*
 * A pointer to what the guest's RAM has at `at`, to read *len bytes or fewer,
 * as gmem_ptr(); but no memory comes for it: NULL where there is none yet.
 */
MUST_CHECK const void *gmem_peek(const struct gmem *m, ipa_t at, uint64_t *len);

/* True when [at, at + len) lies in RAM; len 0 is false. */
bool gmem_contains(const struct gmem *m, ipa_t at, uint64_t len);

/*
 * Copies an image in and makes it visible to a CPU whose MMU and caches are
 * off (sync_to_poc). RAM that was added as a copy of just these bytes becomes
 * that again, and its own pages are freed. -EFAULT outside RAM.
 */
MUST_CHECK int gmem_load(struct gmem *m, ipa_t at, const void *src,
			 uint64_t len);

/* All RAM as gmem_add() and gmem_add_image() left it, and synced; pages that
 * came on demand are freed. Before images are loaded again. */
void gmem_reset(struct gmem *m);

/* Leaves all RAM as it is and syncs it: a CPU whose caches are off then finds
 * what was written through them. */
void gmem_sync(struct gmem *m);

/*
 * Unmaps nothing, but frees all blocks, and leaves `m` as after gmem_init()
 * without stage-2 tables: no TLB holds any of them any more, and their owner
 * destroys them next. What the guest left in the blocks is overwritten by
 * whoever takes them.
 */
void gmem_destroy(struct gmem *m);

#endif
