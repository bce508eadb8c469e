/*
 * The structural check of a device-tree blob.
 *
 * Models: the flattened format of the Devicetree Specification, version 17:
 * header, memory reservation block, structure block, strings block. After it
 * every offset that libfdt follows in this blob lies inside the blob, names
 * are printable (so an error line stays one line), and nesting is bounded.
 * Leaves out: what properties mean.
 * Called by the readers of hyp/dt.h, once a blob; hyp/dt.c then believes it.
 * No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/dt.h>

#define HEADER_SIZE  sizeof(struct fdt_header)
#define VERSION      17
#define NAME_MAX_LEN 255 /* characters of a node or property name */

struct scan {
	struct dt *d;
	const char *structure; /* the structure block */
	uint32_t size;         /* its bytes */
	uint32_t at;           /* next tag */
	const char *strings;
	uint32_t strings_size;
	bool all_names;   /* whatever begins in there is a name, or empty */
	unsigned depth;   /* nodes being read, one in another */
	bool after_child; /* the innermost had its last property */
	bool done;        /* end tag seen */
};

PRINTF_LIKE(2, 3)
static int bad_blob(const struct dt *d, const char *fmt, ...)
{
	int n = fmt_line(d->err, d->err_len, "%s%s", d->label ? d->label : "",
			 d->label ? ": " : "");
	va_list ap;

	va_start(ap, fmt);
	(void)fmt_vline(d->err + n, d->err_len - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int bad_struct(const struct scan *s, const char *what)
{
	return bad_blob(s->d,
			"damaged device tree: %s at byte %#x of its "
			"structure block",
			what, (unsigned)s->at);
}

/* Length of a printable, NUL-terminated name within max bytes, or -1. */
static int name_len(const char *s, uint32_t max)
{
	for (uint32_t i = 0; i < max && i <= NAME_MAX_LEN; i++) {
		if (s[i] == '\0')
			return (int)i;
		if (s[i] < 0x21 || s[i] > 0x7e)
			return -1;
	}
	return -1;
}

/* Whether the block of property names is nothing but names, as it mostly is:
 * then each need not be looked at wherever a property has it. */
static bool is_all_names(const char *strings, uint32_t size)
{
	uint32_t at = 0;
	int len = 0;

	for (; at < size && len >= 0; at += (uint32_t)len + 1)
		len = name_len(strings + at, size - at);
	return len >= 0;
}

static bool block_inside(uint32_t off, uint32_t size, uint32_t total,
			 uint32_t align)
{
	return off >= HEADER_SIZE && is_aligned(off, align) &&
	       range_within(off, size, 0, total);
}

/* The reservation block has no length: it ends with an entry of two zeros. */
static int check_reservations(const struct dt *d)
{
	const char *blob = d->fdt;
	uint32_t total = fdt_totalsize(blob);
	uint32_t at = fdt_off_mem_rsvmap(blob);
	const uint32_t entry = sizeof(struct fdt_reserve_entry);

	if (!block_inside(at, 0, total, 8))
		return bad_blob(d, "damaged device tree: reservation block");
	for (; total - at >= entry; at += entry) {
		const fdt64_t *e = (const fdt64_t *)(const void *)(blob + at);

		if (fdt64_ld(&e[0]) == 0 && fdt64_ld(&e[1]) == 0)
			return 0;
	}
	return bad_blob(d, "damaged device tree: reservation block has no end");
}

static int check_size(const struct dt *d, const void *blob, uint64_t max_size)
{
	uint32_t total;

	if (!is_aligned((uintptr_t)blob, 8))
		return bad_blob(d, "device tree is not 8-byte aligned");
	if (max_size < HEADER_SIZE)
		return bad_blob(d, "no device tree: %lu bytes are too few",
				max_size);
	if (fdt_magic(blob) != FDT_MAGIC)
		return bad_blob(d, "no device tree: magic is %#x, not %#x",
				(unsigned)fdt_magic(blob), (unsigned)FDT_MAGIC);
	total = fdt_totalsize(blob);
	if (total < HEADER_SIZE || total > INT32_MAX)
		return bad_blob(d, "damaged device tree: size %u in header",
				(unsigned)total);
	if (total > max_size) {
		return bad_blob(d,
				"device tree is truncated: %u bytes by its "
				"header, room for %lu",
				(unsigned)total, max_size);
	}
	return 0;
}

static int check_header(const struct dt *d, const void *blob, uint64_t max_size)
{
	int err = check_size(d, blob, max_size);
	uint32_t total;

	if (err)
		return err;
	total = fdt_totalsize(blob);
	if (fdt_version(blob) < VERSION ||
	    fdt_last_comp_version(blob) > VERSION)
		return bad_blob(d, "device tree version %u is not supported",
				(unsigned)fdt_version(blob));
	if (!block_inside(fdt_off_dt_struct(blob), fdt_size_dt_struct(blob),
			  total, 4) ||
	    !block_inside(fdt_off_dt_strings(blob), fdt_size_dt_strings(blob),
			  total, 1))
		return bad_blob(d, "damaged device tree: block outside of it");
	return 0;
}

static int take_cell(struct scan *s, uint32_t *v)
{
	if (s->size - s->at < 4)
		return bad_struct(s, "unexpected end");
	*v = dt_cell(s->structure + s->at);
	s->at += 4;
	return 0;
}

/* Steps over len bytes and the padding to the next tag. */
static int skip_bytes(struct scan *s, uint32_t len)
{
	uint64_t padded = align_up(len, 4);

	if (padded > s->size - s->at)
		return bad_struct(s, "unexpected end");
	s->at += (uint32_t)padded;
	return 0;
}

static int begin_node(struct scan *s)
{
	struct dt *d = s->d;
	const char *name = s->structure + s->at;
	int len = name_len(name, s->size - s->at);

	if (s->depth == DT_DEPTH_MAX)
		return bad_struct(s, "nodes nested too deeply");
	if (s->depth == 0 && d->nr_nodes != 0)
		return bad_struct(s, "second root node");
	if (len < 0 || (len == 0) != (s->depth == 0))
		return bad_struct(s, "bad node name");
	s->depth++;
	d->nr_nodes++;
	s->after_child = false;
	return skip_bytes(s, (uint32_t)len + 1);
}

static int end_node(struct scan *s)
{
	if (s->depth == 0)
		return bad_struct(s, "end of no node");
	s->depth--;
	s->after_child = true;
	return 0;
}

/* The two properties that the index is made of. */
static int check_prop(const struct scan *s, const char *name, const char *v,
		      uint32_t len)
{
	if (name[0] == 'c' && strcmp(name, "compatible") == 0 &&
	    (len == 0 || v[len - 1] != '\0'))
		return bad_struct(s, "compatible that is no string");
	if (name[0] == 'p' && strcmp(name, "phandle") == 0 && len != 4)
		return bad_struct(s, "phandle that is no cell");
	return 0;
}

static int read_prop(struct scan *s)
{
	const char *value, *name;
	uint32_t len = 0, name_off = 0;
	int err;

	if (s->depth == 0 || s->after_child)
		return bad_struct(s, "property out of place");
	err = take_cell(s, &len);
	if (!err)
		err = take_cell(s, &name_off);
	if (err)
		return err;
	name = s->strings + name_off;
	if (name_off >= s->strings_size || *name == '\0' ||
	    (!s->all_names && name_len(name, s->strings_size - name_off) < 0))
		return bad_struct(s, "bad property name");
	value = s->structure + s->at;
	err = skip_bytes(s, len);
	return err ? err : check_prop(s, name, value, len);
}

static int end_tree(struct scan *s)
{
	if (s->depth != 0 || s->d->nr_nodes == 0)
		return bad_struct(s, "unexpected end");
	s->done = true;
	return 0;
}

static int read_tag(struct scan *s)
{
	uint32_t tag = FDT_NOP;
	int err = take_cell(s, &tag);

	if (err)
		return err;
	switch (tag) {
	case FDT_BEGIN_NODE:
		return begin_node(s);
	case FDT_END_NODE:
		return end_node(s);
	case FDT_PROP:
		return read_prop(s);
	case FDT_NOP:
		return 0;
	case FDT_END:
		return end_tree(s);
	default:
		return bad_struct(s, "unknown tag");
	}
}

/* One walk over the structure block; counts the nodes. */
static int scan_nodes(struct dt *d)
{
	const char *blob = d->fdt;
	struct scan s = {
		.d = d,
		.structure = blob + fdt_off_dt_struct(blob),
		.size = fdt_size_dt_struct(blob),
		.strings = d->strings,
		.strings_size = fdt_size_dt_strings(blob),
	};
	int err = 0;

	s.all_names = is_all_names(s.strings, s.strings_size);
	d->nr_nodes = 0;
	while (!err && !s.done)
		err = read_tag(&s);
	return err;
}

int dt_check(struct dt *d, const void *blob, uint64_t max_size)
{
	int err = check_header(d, blob, max_size);

	d->fdt = blob;
	d->node = NULL;
	if (!err)
		err = check_reservations(d);
	if (err)
		return err;
	d->strings = (const char *)blob + fdt_off_dt_strings(blob);
	return scan_nodes(d);
}
