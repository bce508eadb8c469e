/*
 * Multiboot modules of the machine's tree -> a manifest; contract in
 * multiboot.h. What is written is judged like any other manifest, so nothing
 * is checked here but what could not be copied.
 *
 * Leaves out: Xen's own nodes of domains ("xen,domain") below /chosen.
 * Specifications: Devicetree Specification 0.4; the binding
 * "multiboot,module" (Multiboot for device trees, as Xen documents it).
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/arena.h>
#include <hyp/dt.h>
#include <hyp/multiboot.h>
#include <hyp/vm_config.h>

#define VM_NAME "guest"

/* A tree that is being written; the first error sticks. */
struct out {
	void *fdt;
	int err; /* libfdt's */
};

static void begin(struct out *o, const char *name)
{
	if (!o->err)
		o->err = fdt_begin_node(o->fdt, name);
}

static void end(struct out *o)
{
	if (!o->err)
		o->err = fdt_end_node(o->fdt);
}

static void text(struct out *o, const char *name, const char *value)
{
	if (!o->err)
		o->err = fdt_property(o->fdt, name, value,
				      (int)strlen(value) + 1);
}

static void number(struct out *o, const char *name, uint64_t v)
{
	if (!o->err)
		o->err = fdt_property_u64(o->fdt, name, v);
}

/* ------------------------------------------------------------ what is there */

struct reader {
	struct dt d;
	uint32_t chosen;
	uint32_t cells[2]; /* of address and size, in a module's reg */
	unsigned nr_plain; /* modules so far that do not say what they are */
};

static bool is_module(const struct reader *r, uint32_t n)
{
	return dt_compatible(&r->d, n, "multiboot,module") &&
	       dt_enabled(&r->d, n);
}

static uint32_t first_module(const struct reader *r, uint32_t n)
{
	while (n != DT_NONE && !is_module(r, n))
		n = dt_next_sibling(&r->d, n);
	return n;
}

static int find_modules(struct reader *r)
{
	r->chosen = dt_lookup(&r->d, "/chosen", 7);
	if (r->chosen == DT_NONE ||
	    first_module(r, dt_first_child(&r->d, r->chosen)) == DT_NONE)
		return -ENOENT;
	return 0;
}

/* Modules that do not say: the kernel first, then its initrd. */
static const char *kind_of(struct reader *r, uint32_t n)
{
	static const char *const kinds[][2] = {
		{"multiboot,kernel", "plinth,kernel"},
		{"multiboot,ramdisk", "plinth,initrd"},
		{"multiboot,device-tree", "plinth,dtb"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (dt_compatible(&r->d, n, kinds[i][0]))
			return kinds[i][1];
	return r->nr_plain < 2 ? kinds[r->nr_plain++][1] : NULL;
}

/* Who does not say how many cells means as many as the root does. */
static int read_cells(struct reader *r)
{
	static const char *const prop[] = {"#address-cells", "#size-cells"};
	static const uint32_t dflt[] = {2, 1};
	int err = 0;

	for (unsigned i = 0; i < 2 && !err; i++) {
		err = dt_cells(&r->d, DT_ROOT, prop[i], dflt[i], &r->cells[i]);
		if (!err)
			err = dt_cells(&r->d, r->chosen, prop[i], r->cells[i],
				       &r->cells[i]);
	}
	return err;
}

static int read_reg(const struct reader *r, uint32_t n, uint64_t reg[2])
{
	int len = 0, want = (int)(r->cells[0] + r->cells[1]) * 4;
	const uint32_t *at = dt_prop(&r->d, n, "reg", &len);

	if (!at)
		return dt_fail(&r->d, n, "reg", "missing");
	if (len != want)
		return dt_fail(&r->d, n, "reg", "is %d bytes long, must be %d",
			       len, want);
	reg[0] = dt_take(&at, r->cells[0]);
	reg[1] = dt_take(&at, r->cells[1]);
	return 0;
}

/* ------------------------------------------------------ what becomes of it */

static int write_module(struct reader *r, struct out *o, uint32_t n)
{
	const char *kind = kind_of(r, n);
	uint64_t reg[2] = {0, 0};
	int err;

	if (!kind)
		return dt_fail(&r->d, n, "compatible",
			       "neither kernel nor ramdisk nor device tree");
	err = read_reg(r, n, reg);
	if (err)
		return err;
	reg[0] = cpu_to_fdt64(reg[0]);
	reg[1] = cpu_to_fdt64(reg[1]);
	begin(o, r->d.node[n].name);
	text(o, "compatible", kind);
	if (!o->err)
		o->err = fdt_property(o->fdt, "reg", reg, sizeof(reg));
	end(o);
	return 0;
}

/* The kernel's, wherever it stands among the modules. */
static int write_bootargs(const struct reader *r, struct out *o)
{
	uint32_t n = first_module(r, dt_first_child(&r->d, r->chosen));
	const char *args;
	int err;

	while (n != DT_NONE && !dt_has(&r->d, n, "bootargs"))
		n = first_module(r, dt_next_sibling(&r->d, n));
	if (n == DT_NONE)
		return 0;
	err = dt_string(&r->d, n, "bootargs", &args);
	if (!err)
		text(o, "bootargs", args);
	return err;
}

static int write_vm(struct reader *r, struct out *o,
		    const struct multiboot_host *host)
{
	uint32_t n = first_module(r, dt_first_child(&r->d, r->chosen));
	int err;

	begin(o, VM_NAME);
	text(o, "compatible", "plinth,vm");
	if (!o->err)
		o->err = fdt_property_u32(o->fdt, "cpus", host->nr_cpus);
	number(o, "memory", align_down(host->ram_size / 2, VM_RAM_ALIGN));
	err = write_bootargs(r, o);
	for (; !err && n != DT_NONE;
	     n = first_module(r, dt_next_sibling(&r->d, n)))
		err = write_module(r, o, n);
	end(o);
	return err;
}

static int write_manifest(struct reader *r, const struct multiboot_host *host,
			  void *fdt, size_t len)
{
	struct out o = {fdt, fdt_create(fdt, (int)len)};
	int err;

	if (!o.err)
		o.err = fdt_finish_reservemap(fdt);
	begin(&o, "");
	text(&o, "compatible", "plinth,manifest-1");
	err = write_vm(r, &o, host);
	end(&o);
	if (!o.err)
		o.err = fdt_finish(fdt);
	return !err && o.err ? dt_nomem(&r->d) : err;
}

int multiboot_manifest(const struct multiboot_host *host, void *out, size_t len,
		       struct arena *a, char *err, size_t err_len)
{
	struct reader r = {.d = {.err = err, .err_len = err_len}};
	struct arena scratch;
	int ret;

	arena_init(&scratch, &a->env);
	ret = dt_open(&r.d, host->fdt, host->fdt_size, &scratch);
	if (!ret)
		ret = find_modules(&r);
	if (!ret)
		ret = read_cells(&r);
	if (!ret)
		ret = write_manifest(&r, host, out, len);
	arena_destroy(&scratch);
	return ret;
}
