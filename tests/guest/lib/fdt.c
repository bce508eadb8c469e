/*
 * One pass over the structure block, remembering only which top-level node
 * (and which child of it) is open. Trusts the tree's offsets: it comes from
 * the party that loaded this program.
 */
#include "fdt.h"

#include "guest.h"
#include "string.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP        4

#define DEPTH_TOP   2 /* /memory@..., /cpus, /chosen, /psci */
#define DEPTH_CHILD 3 /* /cpus/cpu@... */

struct fdt_header {
	uint32_t magic, totalsize, off_struct, off_strings, off_rsvmap;
	uint32_t version, last_comp_version, boot_cpuid, size_strings;
	uint32_t size_struct;
};

struct walk {
	unsigned depth;          /* open nodes, the root included */
	const char *top, *child; /* names of the open nodes below the root */
	uint32_t root_ac, root_sc, cpus_ac;
};

struct prop {
	const char *name;
	const uint32_t *val; /* 32-bit big-endian cells */
	uint32_t len;        /* bytes */
};

static uint32_t be32(uint32_t v)
{
	return __builtin_bswap32(v);
}

static uint64_t cells(const uint32_t *p, uint32_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 32 | be32(*p++);
	return v;
}

static void prop_memory(const struct walk *w, const struct prop *p)
{
	if (guest.ram_size || !str_eq(p->name, "reg"))
		return;
	guest.ram_base = cells(p->val, w->root_ac);
	guest.ram_size = cells(p->val + w->root_ac, w->root_sc);
}

static void prop_cpu(const struct walk *w, const struct prop *p)
{
	if (str_eq(p->name, "reg") && guest.nr_cpus < CPU_MAX)
		cpus[guest.nr_cpus++].mpidr = cells(p->val, w->cpus_ac);
}

static void prop_root(struct walk *w, const struct prop *p)
{
	if (str_eq(p->name, "#address-cells"))
		w->root_ac = be32(*p->val);
	if (str_eq(p->name, "#size-cells"))
		w->root_sc = be32(*p->val);
}

static void prop_top(struct walk *w, const struct prop *p)
{
	if (str_starts(w->top, "memory"))
		prop_memory(w, p);
	if (str_eq(w->top, "cpus") && str_eq(p->name, "#address-cells"))
		w->cpus_ac = be32(*p->val);
	if (str_eq(w->top, "chosen") && str_eq(p->name, "bootargs"))
		guest.bootargs = (const char *)p->val;
	if (str_eq(w->top, "psci") && str_eq(p->name, "method"))
		guest.psci_smc = str_eq((const char *)p->val, "smc");
}

static void walk_prop(struct walk *w, const struct prop *p)
{
	if (w->depth == 1)
		prop_root(w, p);
	else if (w->depth == DEPTH_TOP)
		prop_top(w, p);
	else if (w->depth == DEPTH_CHILD && str_eq(w->top, "cpus") &&
		 str_starts(w->child, "cpu@"))
		prop_cpu(w, p);
}

static const uint32_t *walk_begin(struct walk *w, const uint32_t *p)
{
	const char *name = (const char *)p;
	uint32_t len = 1;

	while (name[len - 1])
		len++;
	w->depth++;
	if (w->depth == DEPTH_TOP)
		w->top = name;
	if (w->depth == DEPTH_CHILD)
		w->child = name;
	return p + (len + 3) / 4;
}

uint32_t fdt_size(const void *dtb)
{
	const struct fdt_header *h = dtb;

	if (!h || ((uintptr_t)h & 7) || be32(h->magic) != FDT_MAGIC)
		return 0;
	return be32(h->totalsize);
}

int fdt_read_guest(const void *dtb)
{
	const struct fdt_header *h = dtb;
	struct walk w = {.root_ac = 2, .root_sc = 2, .cpus_ac = 1};
	const uint32_t *p, *end;
	struct prop prop;
	uint32_t tok;

	if (!fdt_size(dtb))
		return -1;
	p = ptr_of(addr_of(dtb) + be32(h->off_struct));
	end = p + be32(h->size_struct) / 4;
	while (p < end) {
		tok = be32(*p++);
		if (tok == FDT_BEGIN_NODE) {
			p = walk_begin(&w, p);
		} else if (tok == FDT_END_NODE) {
			w.depth--;
		} else if (tok == FDT_PROP) {
			prop.len = be32(p[0]);
			prop.name = (const char *)dtb + be32(h->off_strings) +
				    be32(p[1]);
			prop.val = p + 2;
			walk_prop(&w, &prop);
			p += 2 + (prop.len + 3) / 4;
		} else if (tok != FDT_NOP) {
			break;
		}
	}
	return guest.ram_size && guest.nr_cpus ? 0 : -1;
}
