/*
 * Placement of kernel, initramfs and device tree in a VM's RAM.
 *
 * Leaves out: disks, which stay where they are; formats other than the arm64
 * Image (hyp/image.h).
 * Specification: see loader.h for the rules and their source.
 * Called by the VM's start and reset paths. No locks.
 */
#include <errno.h>
#include <string.h>

#include <base/bits.h>
#include <base/fmt.h>

#include <hyp/gmem.h>
#include <hyp/image.h>
#include <hyp/loader.h>

#define NR_ITEMS     3       /* kernel, initramfs, device tree */
#define WINDOW       GIB(32) /* kernel and initramfs lie in one */
#define WINDOW_ALIGN GIB(1)
#define DTB_NEAR     MIB(512)
#define PAGE_MAX     KIB(64) /* the largest page of a kernel */

struct span {
	uint64_t base;
	uint64_t size;
};

struct placing {
	const struct vm_config *cfg;
	struct load_plan *plan;
	struct span taken[NR_ITEMS]; /* placed so far */
	unsigned nr_taken;
	char *err;
	size_t err_len;
};

/* What a place must be. */
struct need {
	uint64_t size;
	uint64_t align; /* of its base */
	uint64_t block; /* may not cross a multiple of this; 0: may */
};

PRINTF_LIKE(3, 4)
static int deny(const struct placing *p, const struct vm_module *mod,
		const char *fmt, ...)
{
	int n = fmt_line(p->err, p->err_len, "VM %s: %s: ", p->cfg->name,
			 mod->size && mod->node ? mod->node : "device tree");
	va_list ap;

	va_start(ap, fmt);
	(void)fmt_vline(p->err + n, p->err_len - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool in_ram(const struct placing *p, struct span s)
{
	for (unsigned i = 0; i < p->cfg->nr_ram; i++) {
		if (range_within(s.base, s.size, p->cfg->ram[i].base.v,
				 p->cfg->ram[i].size))
			return true;
	}
	return false;
}

static bool hits(struct span s, uint64_t base, uint64_t size)
{
	return size && ranges_overlap(s.base, s.size, base, size);
}

/* What is already placed where s would be; NULL when nothing is. */
static const struct span *taken_at(const struct placing *p, struct span s)
{
	for (unsigned i = 0; i < p->nr_taken; i++)
		if (hits(s, p->taken[i].base, p->taken[i].size))
			return &p->taken[i];
	return NULL;
}

/* The last range that the guest's tree reserves and that begins before `end`,
 * or NULL: they are ascending and disjoint, and a tree may have many. */
static const struct vm_range *reserved_before(const struct vm_config *cfg,
					      uint64_t end)
{
	unsigned lo = 0, hi = cfg->nr_reserved;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (cfg->reserved[mid].base.v < end)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &cfg->reserved[lo - 1] : NULL;
}

/* What is in the way of s, placed or reserved; false when it is free. */
static bool obstacle(const struct placing *p, struct span s, struct span *o)
{
	const struct span *t = taken_at(p, s);
	const struct vm_range *r;

	if (t) {
		*o = *t;
		return true;
	}
	r = reserved_before(p->cfg, s.base + s.size);
	if (!r || !hits(s, r->base.v, r->size))
		return false;
	*o = (struct span){r->base.v, r->size};
	return true;
}

/* Whether a module may stay at its own address. */
static bool own_place_ok(const struct placing *p, struct span s, uint64_t align,
			 uint64_t offset)
{
	return s.base >= offset && is_aligned(s.base - offset, align) &&
	       in_ram(p, s) && !taken_at(p, s);
}

static void take(struct placing *p, uint64_t base, uint64_t size)
{
	p->taken[p->nr_taken++] = (struct span){base, size};
}

/* ----------------------------------------------------------------- kernel */

/* The lowest 2 MiB boundary + offset in one RAM range; false when none. */
static bool lowest_in(const struct placing *p, const struct vm_range *ram,
		      const struct image *img, uint64_t *at)
{
	uint64_t end = ram->base.v + ram->size; /* RAM ends below 2^48 */
	uint64_t base = align_up(ram->base.v, IMAGE_BASE_ALIGN);

	while (base < end) {
		struct span s = {base + img->text_offset, img->size};
		struct span o;

		if (!range_within(s.base, s.size, ram->base.v, ram->size))
			return false;
		if (!obstacle(p, s, &o)) {
			*at = s.base;
			return true;
		}
		if (o.size >= end - o.base) /* nothing behind the obstacle */
			return false;
		/* It ends above s.base, so this is a later boundary. */
		base = align_up(o.base + o.size - img->text_offset,
				IMAGE_BASE_ALIGN);
	}
	return false;
}

static bool lowest(const struct placing *p, const struct image *img,
		   uint64_t *at)
{
	for (unsigned i = 0; i < p->cfg->nr_ram; i++)
		if (lowest_in(p, &p->cfg->ram[i], img, at))
			return true;
	return false;
}

static int place_kernel(struct placing *p)
{
	const struct vm_module *mod = &p->cfg->kernel;
	struct image img;
	char why[FMT_LINE_MAX];
	uint64_t at = mod->base.v;
	int err = image_parse(&img, hpa_ptr(mod->base), mod->size, why,
			      sizeof(why));

	if (err)
		return deny(p, mod, "%s", why);
	if (!img.anywhere || !own_place_ok(p, (struct span){at, img.size},
					   IMAGE_BASE_ALIGN, img.text_offset)) {
		if (!lowest(p, &img, &at)) {
			return deny(p, mod,
				    "Image needs %lu MiB of RAM in one piece",
				    (img.size + img.text_offset + MIB(1) - 1) >>
					    20);
		}
	}
	p->plan->kernel = (struct vm_range){{at}, img.size};
	p->plan->entry.v = at;
	p->plan->page_shift = img.page_shift;
	take(p, at, img.size);
	return 0;
}

/* ------------------------------------------------- initramfs, device tree */

/* The greatest base <= at that suits; 0 may stand for none (see caller). */
static uint64_t fit_down(const struct need *n, uint64_t at)
{
	at = align_down(at, n->align);
	if (n->block && at % n->block + n->size > n->block)
		at = align_down(at - at % n->block + n->block - n->size,
				n->align);
	return at;
}

/* The highest place in [lo, hi) of one RAM range; false when none. */
static bool highest_in(const struct placing *p, uint64_t lo, uint64_t hi,
		       const struct need *n, uint64_t *at)
{
	while (hi > lo && hi - lo >= n->size) {
		struct span s = {fit_down(n, hi - n->size), n->size};
		struct span o;

		if (s.base < lo || s.base > hi - n->size)
			return false;
		if (!obstacle(p, s, &o)) {
			*at = s.base;
			return true;
		}
		hi = o.base;
	}
	return false;
}

/* The highest place of all RAM within [lo, hi). */
static bool highest(const struct placing *p, uint64_t lo, uint64_t hi,
		    const struct need *n, uint64_t *at)
{
	for (unsigned i = p->cfg->nr_ram; i-- > 0;) {
		const struct vm_range *r = &p->cfg->ram[i];

		if (highest_in(p, max_u64(lo, r->base.v),
			       min_u64(hi, r->base.v + r->size), n, at))
			return true;
	}
	return false;
}

static int place_initrd(struct placing *p)
{
	const struct vm_module *mod = &p->cfg->initrd;
	const struct vm_range *k = &p->plan->kernel;
	struct need n = {mod->size, PAGE_SIZE, 0};
	uint64_t kend = k->base.v + k->size;
	uint64_t page =
		p->plan->page_shift ? BIT(p->plan->page_shift) : PAGE_MAX;
	uint64_t lo, hi;
	uint64_t at = mod->base.v;

	if (!mod->size)
		return 0;
	/* Windows that cover the kernel: the lowest and the highest. */
	lo = align_up(kend, WINDOW_ALIGN);
	lo = lo > WINDOW ? lo - WINDOW : 0;
	hi = align_down(k->base.v, WINDOW_ALIGN) + WINDOW;
	if (at < lo || at > hi || mod->size > hi - at ||
	    !own_place_ok(p, (struct span){at, mod->size}, 1, 0)) {
		if (!highest(p, lo, hi, &n, &at)) {
			return deny(p, mod,
				    "no room for %lu KiB in RAM beside the "
				    "kernel",
				    (mod->size + KIB(1) - 1) >> 10);
		}
	}
	p->plan->initrd = (struct vm_range){{at}, mod->size};
	lo = align_down(at, page);
	take(p, lo, align_up(at + mod->size, page) - lo);
	return 0;
}

static int place_dtb(struct placing *p, uint64_t size)
{
	const struct vm_module *mod = &p->cfg->dtb;
	struct need n = {size, 8, LOADER_DTB_MAX};
	uint64_t base = align_down(p->plan->kernel.base.v, IMAGE_BASE_ALIGN);
	uint64_t at = mod->base.v;

	if (size == 0 || size > LOADER_DTB_MAX)
		return deny(p, mod, "%lu bytes, at most %lu", size,
			    LOADER_DTB_MAX);
	if (!mod->size || fit_down(&n, at) != at ||
	    !own_place_ok(p, (struct span){at, size}, 8, 0)) {
		if (!highest(p, base, base + DTB_NEAR, &n, &at) &&
		    !highest(p, 0, UINT64_MAX, &n, &at))
			return deny(p, mod, "no room for %lu KiB in RAM",
				    (size + KIB(1) - 1) >> 10);
	}
	p->plan->dtb = (struct vm_range){{at}, size};
	take(p, at, size);
	return 0;
}

int loader_place(struct load_plan *plan, const struct vm_config *cfg,
		 uint64_t dtb_size, char *err, size_t err_len)
{
	struct placing p = {
		.cfg = cfg, .plan = plan, .err = err, .err_len = err_len};
	int ret;

	*plan = (struct load_plan){0};
	ret = place_kernel(&p);
	if (!ret)
		ret = place_initrd(&p);
	return ret ? ret : place_dtb(&p, dtb_size);
}

int loader_copy(const struct load_plan *plan, const struct vm_config *cfg,
		const void *dtb, uint64_t dtb_size, struct gmem *m)
{
	int err = gmem_load(m, plan->kernel.base, hpa_ptr(cfg->kernel.base),
			    cfg->kernel.size);

	if (!err && plan->initrd.size)
		err = gmem_load(m, plan->initrd.base, hpa_ptr(cfg->initrd.base),
				cfg->initrd.size);
	if (!err && dtb_size > plan->dtb.size)
		err = -EFAULT;
	return err ? err : gmem_load(m, plan->dtb.base, dtb, dtb_size);
}
