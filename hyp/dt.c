/*
 * The index of a tree's nodes and the typed getters of hyp/dt.h: nodes by name,
 * path, alias and compatible, property values with their lengths checked, and
 * the error line.
 *
 * Leaves out: addresses and interrupts (hyp/dt_addr.c), the check of the blob
 * (hyp/dt_check.c), which has passed before anything here runs. So the walks
 * are our own: libfdt checks each of its steps again and takes a thousand
 * instructions for one.
 * Specification: Devicetree Specification 0.4, standard properties.
 * Called by the readers of hyp/dt.h. No locks.
 */
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#include <hyp/arena.h>
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

/* ------------------------------------------------------------------- tags */

/* Where the tag after a node's name is. The name is aligned and padded, so it
 * ends in the first cell that has a zero byte: only then borrows of the
 * subtraction leave a top bit that was not set. */
static const char *after_name(const char *name)
{
	const uint32_t *p = (const uint32_t *)(const void *)name;
	uint32_t cell;

	do {
		cell = *p++;
	} while (!((cell - 0x01010101U) & ~cell & 0x80808080U));
	return (const char *)p;
}

uint64_t dt_take(const uint32_t **at, uint32_t cells)
{
	uint64_t v = 0;

	while (cells--)
		v = v << 32 | dt_cell((*at)++);
	return v;
}

struct dt_tag dt_tags(const struct dt *d)
{
	return (struct dt_tag){.at = (const char *)d->fdt +
				     fdt_off_dt_struct(d->fdt)};
}

void dt_tag_next(const struct dt *d, struct dt_tag *t)
{
	const char *at = t->at;

	t->what = dt_cell(at);
	at += 4;
	if (t->what == FDT_BEGIN_NODE) {
		t->name = at;
		at = after_name(at);
	} else if (t->what == FDT_PROP) {
		t->len = dt_cell(at);
		t->name = d->strings + dt_cell(at + 4);
		t->value = at + 8;
		at += 8 + align_up(t->len, 4);
	}
	t->at = at;
}

struct dt_tag dt_props(const struct dt *d, uint32_t n)
{
	return (struct dt_tag){.at = after_name(d->node[n].name)};
}

bool dt_next_prop(const struct dt *d, struct dt_tag *t)
{
	do {
		dt_tag_next(d, t);
	} while (t->what == FDT_NOP);
	return t->what == FDT_PROP;
}

/* ------------------------------------------------------------------ index */

static void index_prop(struct dt_node *node, const struct dt_tag *t)
{
	if (t->name[0] == 'c' && !node->compatible &&
	    strcmp(t->name, "compatible") == 0) {
		node->compatible = t->value;
		node->compatible_len = t->len;
	} else if (t->name[0] == 'p' && strcmp(t->name, "phandle") == 0) {
		node->phandle = dt_cell(t->value);
	}
}

/* Fills d->node, which has room for all of them. */
static void fill_index(struct dt *d)
{
	uint32_t nr = 0, in = DT_NONE; /* the node being read */
	struct dt_tag t = dt_tags(d);

	for (dt_tag_next(d, &t); t.what != FDT_END; dt_tag_next(d, &t)) {
		if (t.what == FDT_BEGIN_NODE) {
			d->node[nr] = (struct dt_node){
				.name = t.name,
				.parent = in,
			};
			in = nr++;
		} else if (t.what == FDT_PROP) {
			index_prop(&d->node[in], &t);
		} else if (t.what == FDT_END_NODE) {
			d->node[in].end = nr;
			in = d->node[in].parent;
		}
	}
}

int dt_index(struct dt *d, struct arena *a)
{
	d->node = arena_array(a, d->nr_nodes, sizeof(*d->node),
			      _Alignof(struct dt_node));
	if (!d->node)
		return dt_nomem(d);
	fill_index(d);
	return 0;
}

int dt_open(struct dt *d, const void *blob, uint64_t max_size, struct arena *a)
{
	int err = dt_check(d, blob, max_size);

	return err ? err : dt_index(d, a);
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
	struct dt_tag t;

	if (aliases == DT_NONE)
		return NULL;
	t = dt_props(d, aliases);
	while (dt_next_prop(d, &t)) {
		if (strncmp(t.name, name, len) != 0 || t.name[len] != '\0')
			continue;
		if (t.len < 2 || t.value[t.len - 1] != '\0' ||
		    t.value[0] != '/')
			return NULL;
		return t.value;
	}
	return NULL;
}

uint32_t dt_lookup(const struct dt *d, const char *path, size_t len)
{
	if (len && path[0] == '/')
		return walk_path(d, path, len);
	path = alias_path(d, path, len);
	return path ? walk_path(d, path, strlen(path)) : DT_NONE;
}

bool dt_list_has(const char *list, uint32_t len, const char *what)
{
	const char *end = list + len;

	while (list < end) {
		const char *w = what;

		while (*w && *list == *w) {
			list++;
			w++;
		}
		if (*list == *w)
			return true;
		while (*list++)
			;
	}
	return false;
}

bool dt_compatible(const struct dt *d, uint32_t n, const char *what)
{
	const struct dt_node *node = &d->node[n];

	return node->compatible &&
	       dt_list_has(node->compatible, node->compatible_len, what);
}

uint32_t dt_find(const struct dt *d, uint32_t from, const char *compatible)
{
	for (uint32_t n = from; n < d->nr_nodes; n++)
		if (dt_compatible(d, n, compatible) && dt_enabled(d, n))
			return n;
	return DT_NONE;
}

/* ------------------------------------------------------------- properties */

const void *dt_prop(const struct dt *d, uint32_t n, const char *prop, int *len)
{
	struct dt_tag t = dt_props(d, n);

	while (dt_next_prop(d, &t)) {
		if (dt_same(t.name, prop)) {
			*len = (int)t.len;
			return t.value;
		}
	}
	*len = -FDT_ERR_NOTFOUND;
	return NULL;
}

bool dt_has(const struct dt *d, uint32_t n, const char *prop)
{
	int len;

	return dt_prop(d, n, prop, &len) != NULL;
}

int dt_string_idx(const struct dt *d, uint32_t n, const char *prop,
		  const char *what)
{
	size_t want = strlen(what) + 1;
	int len = 0, idx = 0;
	const char *s = dt_prop(d, n, prop, &len), *nul;

	for (; s && len > 0; s = nul + 1, idx++) {
		nul = memchr(s, '\0', (size_t)len);
		if (!nul)
			break;
		if ((size_t)(nul + 1 - s) == want && memcmp(s, what, want) == 0)
			return idx;
		len -= (int)(nul + 1 - s);
	}
	return -1;
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
	const uint32_t *p = sized_prop(d, n, prop, sizeof(*p));

	if (!p)
		return -EINVAL;
	*v = dt_cell(p);
	return 0;
}

int dt_u64(const struct dt *d, uint32_t n, const char *prop, uint64_t *v)
{
	const uint32_t *p = sized_prop(d, n, prop, sizeof(*v));

	if (!p)
		return -EINVAL;
	*v = dt_take(&p, 2);
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
