/* Device trees: the check of a blob, the index, getters, addresses. */
#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/dt.h>

#include "../host/dts.h"
#include "../host/host.h"
#include "../host/pages.h"

struct tree {
	struct host_pages pages;
	struct arena arena;
	struct dt d;
	char *blob;
	size_t len;
	char line[FMT_LINE_MAX];
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	struct arena_env env = host_pages_env(&t->pages);

	arena_init(&t->arena, &env);
	t->d.err = t->line;
	t->d.err_len = sizeof(t->line);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;

	arena_destroy(&t->arena);
	assert_int_equal(t->pages.out, 0);
	free(t->blob);
	free(t);
	return 0;
}

static void compile(struct tree *t, const char *text)
{
	free(t->blob);
	t->blob = dts_compile(text, &t->len);
}

static void open_tree(struct tree *t, const char *text)
{
	compile(t, text);
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), 0);
}

/* Opens what is in t->blob and wants this line. */
static void expect_bad(struct tree *t, const char *line)
{
	t->line[0] = '\0';
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), -EINVAL);
	assert_string_equal(t->line, line);
}

static uint32_t lookup(const struct tree *t, const char *path)
{
	return dt_lookup(&t->d, path, strlen(path));
}

static fdt32_t *header(struct tree *t)
{
	return (fdt32_t *)(void *)t->blob;
}

/* Where in the blob the only occurrence of these bytes is. */
static char *find(struct tree *t, const void *bytes, size_t n)
{
	for (char *p = t->blob; p + n <= t->blob + t->len; p++)
		if (memcmp(p, bytes, n) == 0)
			return p;
	fail();
	return NULL;
}

static const char small[] = "a { b { p = <1>; }; }; c { };";

/* ------------------------------------------------------------- the check */

static void blob_that_is_no_tree_is_refused(void **state)
{
	struct tree *t = *state;

	compile(t, small);
	t->len = 39;
	expect_bad(t, "no device tree: 39 bytes are too few");
	t->len = 0;
	expect_bad(t, "no device tree: 0 bytes are too few");
	t->len = 4096;
	memset(t->blob, 0x5a, 8);
	expect_bad(t, "no device tree: magic is 0x5a5a5a5a, not 0xd00dfeed");
}

static void blob_that_is_cut_off_is_refused(void **state)
{
	struct tree *t = *state;

	compile(t, small);
	t->d.label = "manifest";
	t->len--;
	t->line[0] = '\0';
	assert_int_equal(dt_check(&t->d, t->blob, t->len), -EINVAL);
	assert_non_null(
		strstr(t->line, "manifest: device tree is truncated: "));
	assert_null(strchr(t->line, '\n'));
}

/* Rules out: tree-trusted */
static void every_truncation_with_a_lying_header_is_refused(void **state)
{
	struct tree *t = *state;

	compile(t, small);
	for (size_t len = 0; len < t->len; len++) {
		/* An exact copy, so that the sanitizer sees any overrun. */
		char *cut = aligned_alloc(8, len ? (len + 7) & ~7UL : 8);

		memcpy(cut, t->blob, len);
		if (len >= 8)
			fdt_set_totalsize(cut, (uint32_t)len);
		assert_int_equal(dt_check(&t->d, cut, len), -EINVAL);
		free(cut);
	}
}

static void unaligned_blob_is_refused(void **state)
{
	struct tree *t = *state;

	compile(t, small);
	assert_int_equal(dt_check(&t->d, t->blob + 4, t->len - 4), -EINVAL);
	assert_string_equal(t->line, "device tree is not 8-byte aligned");
}

/* Rules out: tree-trusted */
static void header_that_lies_is_refused(void **state)
{
	/* Word of the header, value, line. */
	static const struct {
		unsigned word;
		uint32_t v;
		const char *line;
	} cases[] = {
		{1, 39, "damaged device tree: size 39 in header"},
		{1, 0x80000000,
		 "damaged device tree: size 2147483648 in header"},
		{2, 41, "damaged device tree: block outside of it"},
		{2, 36, "damaged device tree: block outside of it"},
		{2, 0xfffffffc, "damaged device tree: block outside of it"},
		{3, 0xffffffff, "damaged device tree: block outside of it"},
		{3, 8, "damaged device tree: block outside of it"},
		{4, 44, "damaged device tree: reservation block"},
		{4, 32, "damaged device tree: reservation block"},
		{4, 0xfffffff8, "damaged device tree: reservation block"},
		{5, 16, "device tree version 16 is not supported"},
		{6, 18, "device tree version 17 is not supported"},
		{8, 0xffffffff, "damaged device tree: block outside of it"},
		{9, 0xffffffff, "damaged device tree: block outside of it"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree *t = *state;

		compile(t, small);
		header(t)[cases[i].word] = cpu_to_fdt32(cases[i].v);
		expect_bad(t, cases[i].line);
	}
}

static void reservation_block_without_end_is_refused(void **state)
{
	struct tree *t = *state;
	uint32_t off;

	compile(t, small);
	off = fdt_off_mem_rsvmap(t->blob);
	memset(t->blob + off, 1, t->len - off);
	expect_bad(t, "damaged device tree: reservation block has no end");
}

static void structure_that_is_damaged_is_refused(void **state)
{
	/* Cell of the structure block, value. The tree in cells:
	 *  0 begin "" 2 begin "a" 4 begin "b" 6 prop 4 name 1 (10) end 11 end
	 *  12 begin "c" 14 end 15 end 16 END */
	static const struct {
		unsigned cell;
		uint32_t v;
		const char *line;
	} cases[] = {
		{0, FDT_END, "unexpected end at byte 0x4"},
		{0, FDT_END_NODE, "end of no node at byte 0x4"},
		{0, FDT_PROP, "property out of place at byte 0x4"},
		{0, 77, "unknown tag at byte 0x4"},
		{1, 0x61000000, "bad node name at byte 0x4"},
		{3, 0, "bad node name at byte 0xc"},
		{3, 0x0a000000, "bad node name at byte 0xc"},
		{3, 0xff000000, "bad node name at byte 0xc"},
		{7, 0xfffffff0, "unexpected end at byte 0x24"},
		{7, 0xffffffff, "unexpected end at byte 0x24"},
		{8, 0x1000, "bad property name at byte 0x24"},
		{8, 1, "bad property name at byte 0x24"},
		{14, FDT_BEGIN_NODE, "bad node name at byte 0x3c"},
		{14, FDT_END, "unexpected end at byte 0x3c"},
		{16, FDT_NOP, "unexpected end at byte 0x44"},
		{16, FDT_BEGIN_NODE, "second root node at byte 0x44"},
	};
	char line[FMT_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree *t = *state;
		fdt32_t *cell;

		print_message("  cell %u\n", cases[i].cell);
		compile(t, small);
		cell = header(t) + fdt_off_dt_struct(t->blob) / 4;
		assert_int_equal(fdt_size_dt_struct(t->blob), 17 * 4);
		cell[cases[i].cell] = cpu_to_fdt32(cases[i].v);
		(void)fmt_line(line, sizeof(line),
			       "damaged device tree: %s of its structure block",
			       cases[i].line);
		expect_bad(t, line);
	}
}

static void property_after_a_child_is_refused(void **state)
{
	struct tree *t = *state;
	fdt32_t *cell;

	compile(t, "a { }; b { p; };");
	cell = header(t) + fdt_off_dt_struct(t->blob) / 4;
	/* 0 "" 2 "a" 4 end 5 "b" 7 prop: turn "b"'s begin into nothing. */
	cell[5] = cpu_to_fdt32(FDT_NOP);
	cell[6] = cpu_to_fdt32(FDT_NOP);
	expect_bad(t, "damaged device tree: property out of place at byte 0x20 "
		      "of its structure block");
}

static void compatible_or_phandle_of_the_wrong_kind_is_refused(void **state)
{
	struct tree *t = *state;

	compile(t, "compatible = [61 62];");
	t->line[0] = '\0';
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), -EINVAL);
	assert_non_null(strstr(t->line, "compatible that is no string"));
	compile(t, "phandlf = <1 2>;");
	memcpy(find(t, "phandlf", 7), "phandle", 7);
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), -EINVAL);
	assert_non_null(strstr(t->line, "phandle that is no cell"));
}

static void nesting_is_bounded(void **state)
{
	struct tree *t = *state;

	open_tree(t, "a { a { a { a { a { a { a { a { a { a { a { a { a { a {"
		     "a { }; }; }; }; }; }; }; }; }; }; }; }; }; }; };");
	assert_int_equal(t->d.nr_nodes, DT_DEPTH_MAX);
	compile(t, "a { a { a { a { a { a { a { a { a { a { a { a { a { a {"
		   "a { a { }; }; }; }; }; }; }; }; }; }; }; }; }; }; }; };");
	t->line[0] = '\0';
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), -EINVAL);
	assert_non_null(strstr(t->line, "nodes nested too deeply"));
}

static void nops_are_stepped_over(void **state)
{
	struct tree *t = *state;

	compile(t, "a { p = <7>; q = <8>; }; b { };");
	assert_int_equal(
		fdt_nop_property(t->blob, fdt_path_offset(t->blob, "/a"), "p"),
		0);
	assert_int_equal(fdt_nop_node(t->blob, fdt_path_offset(t->blob, "/b")),
			 0);
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), 0);
	assert_int_equal(t->d.nr_nodes, 2);
	assert_false(dt_has(&t->d, lookup(t, "/a"), "p"));
	assert_true(dt_has(&t->d, lookup(t, "/a"), "q"));
}

static void lack_of_memory_is_an_error_line(void **state)
{
	struct tree *t = *state;

	compile(t, small);
	t->pages.fail_at = 1;
	t->d.label = "manifest";
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), -ENOMEM);
	assert_string_equal(t->line, "manifest: out of memory");
}

/* --------------------------------------------------------------- getters */

static void nodes_are_found_by_path_alias_and_compatible(void **state)
{
	struct tree *t = *state;
	char buf[32];
	uint32_t n;

	open_tree(t,
		  "aliases { serial0 = \"/soc/uart@10\"; bad = \"x\"; };"
		  "soc { uart@10 { compatible = \"x,y\", \"arm,pl011\"; };"
		  "uart@20 { compatible = \"arm,pl011\"; status = \"ok\"; };"
		  "u@30 { compatible = \"arm,pl01\"; status = \"disabled\"; };"
		  "};");
	n = lookup(t, "/soc/uart");
	assert_string_equal(t->d.node[n].name, "uart@10");
	assert_int_equal(lookup(t, "serial0"), n);
	assert_int_equal(lookup(t, "/soc//uart@10"), n);
	assert_int_equal(lookup(t, "/"), DT_ROOT);
	assert_int_equal(lookup(t, ""), DT_NONE);
	assert_int_equal(lookup(t, "bad"), DT_NONE);
	assert_int_equal(lookup(t, "serial1"), DT_NONE);
	assert_int_equal(lookup(t, "/soc/uar"), DT_NONE);
	assert_int_equal(lookup(t, "/soc/uart@30"), DT_NONE);
	assert_int_equal(dt_find(&t->d, 0, "arm,pl011"), n);
	n = dt_find(&t->d, n + 1, "arm,pl011");
	assert_string_equal(dt_path(&t->d, n, buf, sizeof(buf)),
			    "/soc/uart@20");
	assert_int_equal(dt_find(&t->d, 0, "arm,pl01"), DT_NONE);
	assert_string_equal(dt_path(&t->d, DT_ROOT, buf, sizeof(buf)), "/");
	assert_string_equal(dt_path(&t->d, n, buf, 8), "/soc/ua");
}

static void every_getter_checks_the_length(void **state)
{
	struct tree *t = *state;
	const struct dt *d = &t->d;
	const char *s;
	uint64_t w;
	uint32_t v;

	open_tree(t, "n { one = <5>; two = <1 2>; str = \"ab\"; nul = \"a\","
		     "\"b\"; raw = [61]; none; };");
	assert_int_equal(dt_u32(d, 1, "one", &v), 0);
	assert_int_equal(v, 5);
	assert_int_equal(dt_u64(d, 1, "two", &w), 0);
	assert_int_equal(w, 0x100000002);
	assert_int_equal(dt_number(d, 1, "one", &w), 0);
	assert_int_equal(w, 5);
	assert_int_equal(dt_number(d, 1, "two", &w), 0);
	assert_int_equal(dt_string(d, 1, "str", &s), 0);
	assert_string_equal(s, "ab");
	assert_int_equal(dt_u32(d, 1, "two", &v), -EINVAL);
	assert_string_equal(t->line,
			    "/n: property two: is 8 bytes long, must be 4");
	assert_int_equal(dt_u64(d, 1, "one", &w), -EINVAL);
	assert_int_equal(dt_number(d, 1, "raw", &w), -EINVAL);
	assert_string_equal(t->line,
			    "/n: property raw: is 1 bytes long, must be 8");
	assert_int_equal(dt_u32(d, 1, "gone", &v), -EINVAL);
	assert_string_equal(t->line, "/n: property gone: missing");
	assert_int_equal(dt_string(d, 1, "gone", &s), -EINVAL);
	assert_string_equal(t->line, "/n: property gone: missing");
	assert_int_equal(dt_string(d, 1, "nul", &s), -EINVAL);
	assert_string_equal(t->line, "/n: property nul: must be one string");
	assert_int_equal(dt_string(d, 1, "raw", &s), -EINVAL);
	assert_int_equal(dt_string(d, 1, "none", &s), -EINVAL);
}

static void string_of_a_list_is_known_by_its_place(void **state)
{
	struct tree *t = *state;
	uint32_t n;

	open_tree(t, "a { l = \"one\", \"\", \"three\"; cut = [61 62];"
		     " e; };");
	n = lookup(t, "/a");
	assert_int_equal(dt_string_idx(&t->d, n, "l", "one"), 0);
	assert_int_equal(dt_string_idx(&t->d, n, "l", ""), 1);
	assert_int_equal(dt_string_idx(&t->d, n, "l", "three"), 2);
	assert_int_equal(dt_string_idx(&t->d, n, "l", "thre"), -1);
	assert_int_equal(dt_string_idx(&t->d, n, "cut", "ab"), -1);
	assert_int_equal(dt_string_idx(&t->d, n, "e", ""), -1);
	assert_int_equal(dt_string_idx(&t->d, n, "none", "one"), -1);
}

static void properties_come_one_by_one_and_no_child_is_entered(void **state)
{
	struct tree *t = *state;
	struct dt_tag p;

	open_tree(t, "a { p = <7>; q = [01]; b { r = <8>; }; };");
	p = dt_props(&t->d, lookup(t, "/a"));
	assert_true(dt_next_prop(&t->d, &p));
	assert_string_equal(p.name, "p");
	assert_int_equal(p.len, 4);
	assert_int_equal(dt_cell(p.value), 7);
	assert_true(dt_next_prop(&t->d, &p));
	assert_string_equal(p.name, "q");
	assert_int_equal(p.len, 1);
	assert_false(dt_next_prop(&t->d, &p));
	p = dt_props(&t->d, DT_ROOT);
	assert_false(dt_next_prop(&t->d, &p));
}

static void a_name_that_no_property_has_may_be_anything(void **state)
{
	struct tree *t = *state;
	char *name;
	fdt32_t *cell;

	compile(t, "first = <1>; other = <2>;");
	name = find(t, "other", 5);
	memcpy(name, "o\n", 2);
	expect_bad(t, "damaged device tree: bad property name at byte 0x24 of "
		      "its structure block");
	/* 0 "" 2 first 6 other: now both are the first. */
	cell = header(t) + fdt_off_dt_struct(t->blob) / 4;
	cell[8] = cell[4];
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), 0);
	name[5] = 'x'; /* nor need the last one end */
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), 0);
	memcpy(find(t, "first", 6), "first\x7f", 6);
	expect_bad(t, "damaged device tree: bad property name at byte 0x14 of "
		      "its structure block");
}

static void node_names_of_any_length_and_padding_are_passed(void **state)
{
	static const char *const names[] = {"a",     "ab",     "abc",
					    "abcd",  "abcde",  "abcdef",
					    "~~~~~", "!!!!!!", "abcdefgh"};
	struct tree *t = *state;
	char *name;

	compile(t, "a { p; }; ab { p; }; abc { p; }; abcd { p; }; "
		   "abcde { p; }; abcdef { p; }; xxxxx { p; }; yyyyyy { p; }; "
		   "abcdefgh { p; };");
	memcpy(find(t, "xxxxx", 5), "~~~~~", 5);
	memcpy(find(t, "yyyyyy", 6), "!!!!!!", 6);
	name = find(t, "~~~~~", 5);
	memset(name + 6, 0xff, 2);
	assert_int_equal(dt_open(&t->d, t->blob, t->len, &t->arena), 0);
	assert_int_equal(t->d.nr_nodes, ARRAY_SIZE(names) + 1);
	for (uint32_t n = 0; n < ARRAY_SIZE(names); n++) {
		assert_string_equal(t->d.node[n + 1].name, names[n]);
		assert_true(dt_has(&t->d, n + 1, "p"));
	}
}

static void a_list_has_whole_strings_only(void **state)
{
	static const char list[] = "ab\0abcd\0\0b";

	(void)state;
	assert_true(dt_list_has(list, sizeof(list), "ab"));
	assert_true(dt_list_has(list, sizeof(list), "abcd"));
	assert_true(dt_list_has(list, sizeof(list), ""));
	assert_true(dt_list_has(list, sizeof(list), "b"));
	assert_false(dt_list_has(list, sizeof(list), "abc"));
	assert_false(dt_list_has(list, sizeof(list), "abcde"));
	assert_false(dt_list_has(list, sizeof(list), "a"));
	assert_false(dt_list_has(list, 3, "b"));
	assert_false(dt_list_has(list, 0, ""));
}

static void error_line_is_cut_to_its_buffer(void **state)
{
	struct tree *t = *state;
	uint32_t v;

	open_tree(t, "node { };");
	t->d.label = "tree";
	t->d.err_len = 24;
	memset(t->line, 'x', sizeof(t->line));
	assert_int_equal(dt_u32(&t->d, 1, "prop", &v), -EINVAL);
	assert_string_equal(t->line, "tree: /node: property p");
	assert_int_equal(t->line[24], 'x');
}

/* ------------------------------------------------- addresses, interrupts */

static void reg_goes_through_the_ranges_of_every_bus(void **state)
{
	struct tree *t = *state;
	struct dt_range r;
	uint32_t n;

	open_tree(t,
		  "#address-cells = <2>; #size-cells = <2>;"
		  "bus { #address-cells = <1>; #size-cells = <1>;"
		  " ranges = <0x0 0x1 0x0 0x1000  0x8000 0x2 0x0 0x1000>;"
		  " inner { #address-cells = <1>; #size-cells = <1>;"
		  "  ranges = <0x100 0x8000 0x100>;"
		  "  dev { reg = <0x110 0x10 0x1f0 0x10>; };"
		  "  out { reg = <0x1f8 0x10>; };"
		  " }; same { ranges; #address-cells = <1>; #size-cells = <0>;"
		  "  dev { reg = <0x20>; }; };"
		  "};");
	n = lookup(t, "/bus/inner/dev");
	assert_int_equal(dt_reg(&t->d, n, 0, &r), 0);
	assert_int_equal(r.base, 0x200000010);
	assert_int_equal(r.size, 0x10);
	assert_int_equal(dt_reg(&t->d, n, 1, &r), 0);
	assert_int_equal(r.base, 0x2000000f0);
	assert_int_equal(dt_reg(&t->d, n, 2, &r), -EINVAL);
	assert_string_equal(t->line,
			    "/bus/inner/dev: property reg: has no entry 2");
	assert_int_equal(dt_reg(&t->d, lookup(t, "/bus/inner/out"), 0, &r),
			 -EINVAL);
	assert_string_equal(
		t->line, "/bus/inner: property ranges: does not cover 0x1f8");
	assert_int_equal(dt_reg(&t->d, lookup(t, "/bus/same/dev"), 0, &r), 0);
	assert_int_equal(r.base, 0x100000020);
	assert_int_equal(r.size, 0);
}

static void reg_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *dts, *line;
	} cases[] = {
		{"n { };", "/n: property reg: missing"},
		{"n { reg = <1 2>; };", "/n: property reg: is 8 bytes long, "
					"must be a multiple of 12"},
		{"n { reg; };", "/n: property reg: is 0 bytes long, must be "
				"a multiple of 12"},
		{"#address-cells = <3>; n { reg = <1 2>; };",
		 "/: property #address-cells: 3 cells are not supported"},
		{"#size-cells = [01]; n { reg = <1 2>; };",
		 "/: property #size-cells: is 1 bytes long, must be 4"},
		{"#address-cells = <0>; #size-cells = <0>; n { reg = <1>; };",
		 "/n: property reg: is 4 bytes long, must be a multiple of 0"},
		{"#size-cells = <2>; n { reg = <0xffffffff 0xfffff000 0 "
		 "0x1001>; };",
		 "/n: property reg: 0xfffffffffffff000 + 0x1001 wraps"},
		{"b { n { reg = <0 1 1>; }; };",
		 "/b: property ranges: missing, so 0x1 cannot be reached"},
		{"b { ranges = <1>; n { reg = <0 1 1>; }; };",
		 "/b: property ranges: is 4 bytes long, must be a multiple "
		 "of 20"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree *t = *state;
		struct dt_range r;
		uint32_t n;

		print_message("  %s\n", cases[i].dts);
		open_tree(t, cases[i].dts);
		n = lookup(t, "/n") == DT_NONE ? lookup(t, "/b/n")
					       : lookup(t, "/n");
		assert_int_equal(dt_reg(&t->d, n, 0, &r), -EINVAL);
		assert_string_equal(t->line, cases[i].line);
	}
}

#define GIC                                                                    \
	"g: gic { phandle = <7>; #interrupt-cells = <3>; };"                   \
	"o: other { phandle = <8>; #interrupt-cells = <3>; };"

static void interrupts_become_intids(void **state)
{
	struct tree *t = *state;
	uint32_t id, gic, n;

	open_tree(t, "interrupt-parent = <7>;" GIC
		     "n { interrupts = <0 5 4  1 11 4  2 3 4  3 63 4>; };");
	gic = lookup(t, "/gic");
	n = lookup(t, "/n");
	assert_int_equal(dt_irq(&t->d, n, 0, gic, &id), 0);
	assert_int_equal(id, 37);
	assert_int_equal(dt_irq(&t->d, n, 1, gic, &id), 0);
	assert_int_equal(id, 27);
	assert_int_equal(dt_irq(&t->d, n, 2, gic, &id), 0);
	assert_int_equal(id, 4099);
	assert_int_equal(dt_irq(&t->d, n, 3, gic, &id), 0);
	assert_int_equal(id, 1119);
	assert_int_equal(dt_irq(&t->d, n, 4, gic, &id), -EINVAL);
	assert_string_equal(
		t->line, "/n: property interrupts: is 48 bytes long, entry 4 "
			 "wanted");
}

static void interrupt_that_is_none_of_the_gics_is_refused(void **state)
{
	static const struct {
		const char *dts, *line;
	} cases[] = {
		{GIC "n { };", "/n: property interrupts: missing"},
		{GIC "n { interrupts = <0 1 4>; };",
		 "/n: property interrupt-parent: missing"},
		{GIC "n { interrupt-parent = <8>; interrupts = <0 1 4>; };",
		 "/n: property interrupt-parent: is not the GIC"},
		{GIC "n { interrupt-parent = <7>; interrupts = <4 1 4>; };",
		 "/n: property interrupts: type 4 number 1 is no GIC "
		 "interrupt"},
		{GIC "n { interrupt-parent = <7>; interrupts = <1 16 4>; };",
		 "/n: property interrupts: type 1 number 16 is no GIC "
		 "interrupt"},
		{GIC "n { interrupt-parent = <7>; interrupts = <0 988 4>; };",
		 "/n: property interrupts: type 0 number 988 is no GIC "
		 "interrupt"},
		{GIC "n { interrupt-parent = <7>; interrupts = <0 1>; };",
		 "/n: property interrupts: is 8 bytes long, entry 0 wanted"},
		{"gic { phandle = <7>; #interrupt-cells = <2>; };"
		 "n { interrupt-parent = <7>; interrupts = <0 1>; };",
		 "/gic: property #interrupt-cells: 2 is not 3 or 4"},
		{"gic { phandle = <7>; };"
		 "n { interrupt-parent = <7>; interrupts = <0 1>; };",
		 "/gic: property #interrupt-cells: missing"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tree *t = *state;
		uint32_t id;

		open_tree(t, cases[i].dts);
		assert_int_equal(dt_irq(&t->d, lookup(t, "/n"), 0,
					lookup(t, "/gic"), &id),
				 -EINVAL);
		assert_string_equal(t->line, cases[i].line);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(blob_that_is_no_tree_is_refused),
		T(blob_that_is_cut_off_is_refused),
		T(every_truncation_with_a_lying_header_is_refused),
		T(unaligned_blob_is_refused),
		T(header_that_lies_is_refused),
		T(reservation_block_without_end_is_refused),
		T(structure_that_is_damaged_is_refused),
		T(property_after_a_child_is_refused),
		T(compatible_or_phandle_of_the_wrong_kind_is_refused),
		T(nesting_is_bounded),
		T(nops_are_stepped_over),
		T(lack_of_memory_is_an_error_line),
		T(nodes_are_found_by_path_alias_and_compatible),
		T(every_getter_checks_the_length),
		T(string_of_a_list_is_known_by_its_place),
		T(properties_come_one_by_one_and_no_child_is_entered),
		T(a_name_that_no_property_has_may_be_anything),
		T(node_names_of_any_length_and_padding_are_passed),
		T(a_list_has_whole_strings_only),
		T(error_line_is_cut_to_its_buffer),
		T(reg_goes_through_the_ranges_of_every_bus),
		T(reg_that_makes_no_sense_is_refused),
		T(interrupts_become_intids),
		T(interrupt_that_is_none_of_the_gics_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
