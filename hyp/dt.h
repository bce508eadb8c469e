/*
 * Reading a flattened device tree that nobody vouches for: a structural check
 * of the whole blob before anything is taken from it, an index of its nodes,
 * and typed getters that check every length.
 *
 * One rule for errors: whoever returns a negative number has written one line
 * into the tree's error buffer, "LABEL: NODE: property PROP: reason" (LABEL
 * and its colon only when the tree has one). Callers just pass it on.
 * -EINVAL: the tree says something wrong; -ENOMEM: no room for an array.
 *
 * Specification: Devicetree Specification 0.4, flattened format (version 17)
 * and the standard properties. The check is ours because the libfdt that EL2
 * links has no full one, and so are the walks that rely on it.
 *
 * Callers: boot/platform.c, hyp/manifest.c, hyp/vm_dt_*.c. No locks: a tree
 * is parsed by one CPU, and its blob does not change meanwhile.
 */
#ifndef PLINTH_HYP_DT_H
#define PLINTH_HYP_DT_H

#include <errno.h>
#include <string.h>

#include <base/fmt.h>
#include <base/types.h>

struct arena;

#define DT_NONE      UINT32_MAX /* no such node */
#define DT_ROOT      0U
#define DT_DEPTH_MAX 16 /* levels, root included; deeper trees are refused */

/* One node; nodes stand in tree order, so the root is number 0. */
struct dt_node {
	const char *name;        /* with unit address; "" for the root */
	const char *compatible;  /* list of strings, NUL-terminated; or NULL */
	uint32_t compatible_len; /* bytes */
	uint32_t phandle;        /* 0: none */
	uint32_t parent;         /* node number; DT_NONE for the root */
	uint32_t end; /* number of the first node after this subtree */
};

struct dt {
	const void *fdt;
	const char *strings; /* its block of property names */
	struct dt_node *node;
	uint32_t nr_nodes;
	const char *label; /* begins every error line; NULL: nothing */
	char *err;         /* the error line */
	size_t err_len;    /* bytes */
};

/* An address range as the tree's root sees it; what it means is the reader's
 * business (host physical for the host's tree, IPA for a guest's). */
struct dt_range {
	uint64_t base;
	uint64_t size;
};

/*
 * Checks the whole blob: header, version 17, blocks inside `max_size` bytes,
 * every tag, name and string, nesting. d->label, err and err_len are set by
 * the caller; d->fdt, strings and nr_nodes are set here. Needs no memory, so it
 * also serves before there is any. The blob must be 8-byte aligned.
 */
MUST_CHECK int dt_check(struct dt *d, const void *blob, uint64_t max_size);

/* Builds, in the arena, the index of the blob that dt_check() has passed on d
 * and that nobody has changed since. */
MUST_CHECK int dt_index(struct dt *d, struct arena *a);

/* dt_check() and dt_index(). */
MUST_CHECK int dt_open(struct dt *d, const void *blob, uint64_t max_size,
		       struct arena *a);

/* Writes the error line; always returns -EINVAL. prop may be NULL. */
PRINTF_LIKE(4, 5)
int dt_fail(const struct dt *d, uint32_t n, const char *prop, const char *fmt,
	    ...);
/* Writes the error line for lack of memory; always returns -ENOMEM. */
static inline int dt_nomem(const struct dt *d)
{
	(void)fmt_line(d->err, d->err_len, "%s: out of memory",
		       d->label ? d->label : "device tree");
	return -ENOMEM;
}

/* "/soc/uart@9000000" into buf, cut to len bytes; returns buf. */
char *dt_path(const struct dt *d, uint32_t n, char *buf, size_t len);

/* ---- nodes: all return DT_NONE when there is none */
uint32_t dt_first_child(const struct dt *d, uint32_t n);
uint32_t dt_next_sibling(const struct dt *d, uint32_t n);
/* The child with this name; `name` without '@' matches any unit address. */
uint32_t dt_child(const struct dt *d, uint32_t n, const char *name);
/* By path ("/chosen") or by an alias from /aliases; `len` bytes of it. */
uint32_t dt_lookup(const struct dt *d, const char *path, size_t len);
/* The first node numbered >= from that is compatible and enabled. */
uint32_t dt_find(const struct dt *d, uint32_t from, const char *compatible);

/* Whether `what` is one of the strings of node n's compatible property. */
bool dt_compatible(const struct dt *d, uint32_t n, const char *what);
/* status absent, "okay" or "ok". */
bool dt_enabled(const struct dt *d, uint32_t n);

/* ---- properties */
/* The value, or NULL when absent; *len in bytes. */
const void *dt_prop(const struct dt *d, uint32_t n, const char *prop, int *len);
bool dt_has(const struct dt *d, uint32_t n, const char *prop);
/* Which of the strings of a property `what` is, from 0; -1: none. */
int dt_string_idx(const struct dt *d, uint32_t n, const char *prop,
		  const char *what);

/* Each of these fails when the property is absent or has another length. */
MUST_CHECK int dt_u32(const struct dt *d, uint32_t n, const char *prop,
		      uint32_t *v);
MUST_CHECK int dt_u64(const struct dt *d, uint32_t n, const char *prop,
		      uint64_t *v);
/* One or two cells. */
MUST_CHECK int dt_number(const struct dt *d, uint32_t n, const char *prop,
			 uint64_t *v);
/* Exactly one NUL, at the end. */
MUST_CHECK int dt_string(const struct dt *d, uint32_t n, const char *prop,
			 const char **s);

/*
 * ---- the tags of a blob that dt_check() has passed, one after another; needs
 * no index. What is kept of the tag is valid until the next one is read.
 */
struct dt_tag {
	const char *at;    /* where the next one is */
	uint32_t what;     /* FDT_BEGIN_NODE, FDT_PROP, FDT_END_NODE, FDT_NOP
			      or FDT_END, after which there is none */
	const char *name;  /* of a node or a property */
	const char *value; /* of a property */
	uint32_t len;      /* of that, bytes */
};

/* A cell of the structure block, whose cells are aligned. */
static inline uint32_t dt_cell(const void *at)
{
	return __builtin_bswap32(*(const uint32_t *)at);
}

/* Whether two names are the same; most differ in their first byte. */
static inline bool dt_same(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

/* Whether the list of strings, whose last byte of len is NUL, has this one. */
bool dt_list_has(const char *list, uint32_t len, const char *what);

/* The number that `cells` cells at *at make, at most two; *at moves on. */
uint64_t dt_take(const uint32_t **at, uint32_t cells);

/* Before the first tag. */
struct dt_tag dt_tags(const struct dt *d);
void dt_tag_next(const struct dt *d, struct dt_tag *t);

/* Before node n's first property; false: it has no more. */
struct dt_tag dt_props(const struct dt *d, uint32_t n);
bool dt_next_prop(const struct dt *d, struct dt_tag *t);

/* ---- addresses: reg, #address-cells, #size-cells, ranges */
/* *v = the number of cells, default when absent; fails above 2. */
MUST_CHECK int dt_cells(const struct dt *d, uint32_t n, const char *prop,
			uint32_t dflt, uint32_t *v);
/* The number of entries of `reg`; fails when absent or not whole. */
MUST_CHECK int dt_reg_count(const struct dt *d, uint32_t n, uint32_t *count);
/*
 * Entry idx of `reg`, translated through the `ranges` of every bus above.
 * A size of 0 is returned as it is; a range that wraps fails.
 */
MUST_CHECK int dt_reg(const struct dt *d, uint32_t n, uint32_t idx,
		      struct dt_range *r);

/* ---- interrupts, as specified for an arm,gic-v3 parent */
/* Entry idx of `interrupts` as an INTID; `gic` is the parent it must have. */
MUST_CHECK int dt_irq(const struct dt *d, uint32_t n, uint32_t idx,
		      uint32_t gic, uint32_t *intid);

#endif
