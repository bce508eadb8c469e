/*
 * The typed getters of hyp/dt.h: nodes by name, path, alias and compatible,
 * property values with their lengths checked, and the error line.
 *
 * Leaves out: addresses and interrupts (hyp/dt_addr.c), the check of the blob
 * (hyp/dt_check.c), which has passed before anything here runs.
 * Specification: Devicetree Specification 0.4, standard properties.
 * Called by the readers of hyp/dt.h. No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/dt.h>

#define PATH_MAX_LEN 96 /* of an error line; a longer path is cut */

char *dt_path(const struct dt *d, uint32_t n, char *buf, size_t len)
{
	uint32_t up[DT_DEPTH_MAX];
	unsigned depth = 0;
	size_t at = 0;

	for (; n != DT_ROOT; n = d->node[n].parent)
		up[depth++] = n;
	if (depth == 0)
		(void)fmt_line(buf, len, "/");
	while (depth--)
		at += (size_t)fmt_line(buf + at, len - at, "/%s",
				       d->node[up[depth]].name);
	return buf;
}

int dt_fail(const struct dt *d, uint32_t n, const char *prop, const char *fmt,
	    ...)
{
	char path[PATH_MAX_LEN];
	va_list ap;
	int at;

	at = fmt_line(
		d->err, d->err_len, "%s%s%s: %s%s%s", d->label ? d->label : "",
		d->label ? ": " : "", dt_path(d, n, path, sizeof(path)),
		prop ? "property " : "", prop ? prop : "", prop ? ": " : "");
	va_start(ap, fmt);
	(void)fmt_vline(d->err + at, d->err_len - (size_t)at, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ------------------------------------------------------------------ nodes */

uint32_t dt_first_child(const struct dt *d, uint32_t n)
{
	return n + 1 < d->node[n].end ? n + 1 : DT_NONE;
}

uint32_t dt_next_sibling(const struct dt *d, uint32_t n)
{
	uint32_t parent = d->node[n].parent;
	uint32_t next = d->node[n].end;

	return parent != DT_NONE && next < d->node[parent].end ? next : DT_NONE;
}

/* Whether `name` (len bytes) is the node's, with or without its unit. */
static bool name_matches(const char *node, const char *name, size_t len)
{
	if (strncmp(node, name, len) != 0)
		return false;
	return node[len] == '\0' ||
	       (node[len] == '@' && !memchr(name, '@', len));
}

static uint32_t child_named(const struct dt *d, uint32_t n, const char *name,
			    size_t len)
{
	uint32_t c = dt_first_child(d, n);

	while (c != DT_NONE && !name_matches(d->node[c].name, name, len))
		c = dt_next_sibling(d, c);
	return c;
}

uint32_t dt_child(const struct dt *d, uint32_t n, const char *name)
{
	return child_named(d, n, name, strlen(name));
}

static uint32_t walk_path(const struct dt *d, const char *path, size_t len)
{
	const char *end = path + len;
	uint32_t n = DT_ROOT;

	while (n != DT_NONE && path < end) {
		const char *slash;

		path++; /* the slash before this component */
		slash = memchr(path, '/', (size_t)(end - path));
		if (!slash)
			slash = end;
		if (slash > path)
			n = child_named(d, n, path, (size_t)(slash - path));
		path = slash;
	}
	return n;
}

/* The path that /aliases gives for the first len bytes of `name`, or NULL. */
static const char *alias_path(const struct dt *d, const char *name, size_t len)
{
	uint32_t aliases = dt_child(d, DT_ROOT, "aliases");
	int plen = 0;
	const char *path;

	if (aliases == DT_NONE || len > INT32_MAX)
		return NULL;
	path = fdt_getprop_namelen(d->fdt, d->node[aliases].off, name, (int)len,
				   &plen);
	if (!path || plen < 2 || path[plen - 1] != '\0' || path[0] != '/')
		return NULL;
	return path;
}

uint32_t dt_lookup(const struct dt *d, const char *path, size_t len)
{
	if (len && path[0] == '/')
		return walk_path(d, path, len);
	path = alias_path(d, path, len);
	return path ? walk_path(d, path, strlen(path)) : DT_NONE;
}

bool dt_compatible(const struct dt *d, uint32_t n, const char *what)
{
	const struct dt_node *node = &d->node[n];

	return node->compatible &&
	       fdt_stringlist_contains(node->compatible,
				       (int)node->compatible_len, what);
}

uint32_t dt_find(const struct dt *d, uint32_t from, const char *compatible)
{
	for (uint32_t n = from; n < d->nr_nodes; n++)
		if (dt_compatible(d, n, compatible) && dt_enabled(d, n))
			return n;
	return DT_NONE;
}

/* ------------------------------------------------------------- properties */

static uint32_t cell_at(const char *at)
{
	return fdt32_to_cpu(*(const fdt32_t *)(const void *)at);
}

/*
 * A walk of our own over the properties of the node: libfdt checks each of its
 * steps again, which dt_check() has done for all of them, and takes a thousand
 * instructions for one.
 */
const void *dt_prop(const struct dt *d, uint32_t n, const char *prop, int *len)
{
	const char *blob = d->fdt;
	const char *strings = blob + fdt_off_dt_strings(blob);
	const char *at = d->node[n].name;

	at += align_up((uintptr_t)at + strlen(at) + 1, 4) - (uintptr_t)at;
	for (;;) {
		uint32_t tag = cell_at(at), size;

		at += 4;
		if (tag == FDT_NOP)
			continue;
		if (tag != FDT_PROP)
			break; /* a child, or the node's end */
		size = cell_at(at);
		if (strcmp(strings + cell_at(at + 4), prop) == 0) {
			*len = (int)size;
			return at + 8;
		}
		at += 8 + align_up(size, 4);
	}
	*len = -FDT_ERR_NOTFOUND;
	return NULL;
}

bool dt_has(const struct dt *d, uint32_t n, const char *prop)
{
	int len;

	return dt_prop(d, n, prop, &len) != NULL;
}

bool dt_enabled(const struct dt *d, uint32_t n)
{
	int len = 0;
	const char *s = dt_prop(d, n, "status", &len);

	if (!s)
		return true;
	return (len == 5 && memcmp(s, "okay", 5) == 0) ||
	       (len == 3 && memcmp(s, "ok", 3) == 0);
}

/* The value of a property that must be there with `want` bytes, or NULL. */
static const void *sized_prop(const struct dt *d, uint32_t n, const char *prop,
			      int want)
{
	int len = 0;
	const void *v = dt_prop(d, n, prop, &len);

	if (!v)
		(void)dt_fail(d, n, prop, "missing");
	else if (len != want)
		(void)dt_fail(d, n, prop, "is %d bytes long, must be %d", len,
			      want);
	return v && len == want ? v : NULL;
}

int dt_u32(const struct dt *d, uint32_t n, const char *prop, uint32_t *v)
{
	const fdt32_t *p = sized_prop(d, n, prop, sizeof(*p));

	if (!p)
		return -EINVAL;
	*v = fdt32_ld(p);
	return 0;
}

int dt_u64(const struct dt *d, uint32_t n, const char *prop, uint64_t *v)
{
	const fdt64_t *p = sized_prop(d, n, prop, sizeof(*p));

	if (!p)
		return -EINVAL;
	*v = fdt64_ld(p);
	return 0;
}

int dt_number(const struct dt *d, uint32_t n, const char *prop, uint64_t *v)
{
	int len = 0;
	uint32_t cell;
	int err;

	if (dt_prop(d, n, prop, &len) && len == 4) {
		err = dt_u32(d, n, prop, &cell);
		if (!err)
			*v = cell;
		return err;
	}
	return dt_u64(d, n, prop, v);
}

int dt_string(const struct dt *d, uint32_t n, const char *prop, const char **s)
{
	int len = 0;
	const char *v = dt_prop(d, n, prop, &len);

	if (!v)
		return dt_fail(d, n, prop, "missing");
	if (len < 1 || memchr(v, '\0', (size_t)len) != v + len - 1)
		return dt_fail(d, n, prop, "must be one string");
	*s = v;
	return 0;
}
