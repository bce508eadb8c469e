/* The manifest: what it says, and every way in which it can be wrong. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/manifest.h>

#include "../host/dts.h"
#include "../host/host.h"
#include "../host/pages.h"

struct boot {
	struct host_pages pages;
	struct arena arena;
	struct manifest m;
	struct manifest_host host;
	struct hpa_range ram[3], taken[1];
	void *blob;
	size_t len;
	void *guest_dtb;
};

/* A machine with RAM at 0x40000000 (1 GiB) and Plinth in its first 6 MiB. */
static int setup(void **state)
{
	struct boot *b = calloc(1, sizeof(*b));
	struct arena_env env = host_pages_env(&b->pages);

	arena_init(&b->arena, &env);
	b->ram[0] = (struct hpa_range){{0x40000000}, GIB(1)};
	b->taken[0] = (struct hpa_range){{0x40000000}, MIB(6)};
	b->host = (struct manifest_host){{b->ram, 1}, {b->taken, 1}, 8, true};
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct boot *b = *state;

	manifest_destroy(&b->m);
	arena_destroy(&b->arena);
	assert_int_equal(b->pages.out, 0);
	free(b->blob);
	free(b->guest_dtb);
	free(b);
	return 0;
}

static int reparse(struct boot *b)
{
	manifest_destroy(&b->m);
	arena_destroy(&b->arena);
	assert_int_equal(b->pages.out, 0);
	return manifest_parse(&b->m, b->blob, b->len, &b->host, &b->arena);
}

/* Parses a manifest with these nodes in its root. */
static int parse(struct boot *b, const char *nodes)
{
	static char text[16384];

	(void)snprintf(text, sizeof(text),
		       "compatible = \"plinth,manifest-1\";"
		       "#address-cells = <2>; #size-cells = <2>; %s",
		       nodes);
	free(b->blob);
	b->blob = dts_compile(text, &b->len);
	return reparse(b);
}

#define VM(name, body)                                                         \
	name " { compatible = \"plinth,vm\"; #address-cells = <2>;"            \
	     "#size-cells = <2>; " body " };"
#define CPUS_MEM "cpus = <1>; memory = <0 0x20000000>;"
#define RESTART  "restart = \"always\";"
#define MOD(node, kind, reg)                                                   \
	node " { compatible = \"plinth," kind "\"; reg = <" reg ">; };"
#define KERNEL     MOD("kernel@48000000", "kernel", "0 0x48000000 0 0x200000")
#define GOOD(name) VM(name, CPUS_MEM KERNEL)

static const struct vm_config *accepted(const struct boot *b, unsigned i)
{
	assert_true(i < b->m.nr_vms);
	assert_string_equal(b->m.vm[i].err, "");
	assert_false(b->m.vm[i].refused);
	return &b->m.vm[i].config;
}

static void full_manifest_gives_one_vm(void **state)
{
	struct boot *b = *state;
	const struct vm_config *c;

	assert_int_equal(
		parse(b,
		      VM("linux",
			 "cpus = <4>; memory = <0x0 0x20000000>;"
			 "memory-base = <0x0 0x80000000>;"
			 "bootargs = \"console=ttyAMA0\"; spis = <64>;"
			 "virtio-slots = <3>;" MOD("kernel@48000000", "kernel",
						   "0 0x48000000 0 0x2280000")
				 MOD("initrd@54000000", "initrd",
				     "0 0x54000000 0 0x200001")
					 MOD("disk@58000000", "disk",
					     "0 0x58000000 0 "
					     "0x1000000") "ro@"
							  "60000000 { "
							  "compatible "
							  "= "
							  "\"plinth,"
							  "disk\";"
							  "reg = <0 "
							  "0x60000000 "
							  "0 0x1000>; "
							  "read-only; "
							  "};")),
		0);
	assert_int_equal(b->m.nr_vms, 1);
	assert_int_equal(b->m.nr_refused, 0);
	c = accepted(b, 0);
	assert_string_equal(c->name, "linux");
	assert_int_equal(c->nr_vcpus, 4);
	assert_int_equal(c->ram[0].base.v, 0x80000000);
	assert_int_equal(c->ram[0].size, 0x20000000);
	assert_string_equal(c->bootargs, "console=ttyAMA0");
	assert_int_equal(c->nr_spis, 64);
	assert_int_equal(c->kernel.base.v, 0x48000000);
	assert_int_equal(c->kernel.size, 0x2280000);
	assert_string_equal(c->kernel.node, "kernel@48000000");
	assert_int_equal(c->initrd.size, 0x200001);
	assert_int_equal(c->dtb.size, 0);
	assert_int_equal(c->nr_virtio, 3);
	assert_int_equal(c->virtio[0].kind, VM_VIRTIO_BLK);
	assert_int_equal(c->virtio[0].backing.base.v, 0x58000000);
	assert_int_equal(c->virtio[0].intid, 48);
	assert_false(c->virtio[0].read_only);
	assert_int_equal(c->virtio[1].kind, VM_VIRTIO_BLK);
	assert_true(c->virtio[1].read_only);
	assert_int_equal(c->virtio[2].kind, VM_VIRTIO_EMPTY);
}

static void short_manifest_takes_the_defaults(void **state)
{
	struct boot *b = *state;
	const struct vm_config *c;

	assert_int_equal(parse(b, GOOD("a")), 0);
	c = accepted(b, 0);
	assert_int_equal(c->ram[0].base.v, 0x40000000);
	assert_null(c->bootargs);
	assert_int_equal(c->nr_spis, 32);
	assert_int_equal(c->nr_virtio, 0);
	assert_int_equal(c->initrd.size, 0);
}

static void its_and_watchdog_are_there_when_asked_for(void **state)
{
	struct boot *b = *state;
	const struct vm_config *c;

	assert_int_equal(parse(b, VM("a", "its;" CPUS_MEM KERNEL)), 0);
	c = accepted(b, 0);
	assert_int_equal(c->its.base.v, 0x08080000);
	assert_int_equal(c->its.size, 0x20000);
	assert_int_equal(c->wdt.size, 0);
	assert_int_equal(parse(b, GOOD("a")), 0);
	assert_int_equal(accepted(b, 0)->its.size, 0);
	assert_int_equal(parse(b, VM("a", "watchdog;" CPUS_MEM KERNEL)), 0);
	assert_int_equal(accepted(b, 0)->wdt.base.v, 0x09100000);
	assert_int_equal(accepted(b, 0)->wdt.size, 0x20000);
	assert_int_equal(parse(b, VM("a", "its = <1>;" CPUS_MEM KERNEL)), 0);
	assert_string_equal(b->m.vm[0].err,
			    "manifest: /a: property its: must be empty");
}

static void virtio_console_has_the_slot_behind_the_disks(void **state)
{
	struct boot *b = *state;
	const struct vm_config *c;

	assert_int_equal(parse(b, VM("a", "virtio-console;" CPUS_MEM KERNEL)),
			 0);
	c = accepted(b, 0);
	assert_int_equal(c->nr_virtio, 1);
	assert_int_equal(c->virtio[0].kind, VM_VIRTIO_CONSOLE);
	assert_int_equal(
		parse(b,
		      VM("a",
			 "virtio-console; virtio-slots = <3>;" CPUS_MEM KERNEL
				 MOD("d", "disk", "0 0x50000000 0 0x1000"))),
		0);
	c = accepted(b, 0);
	assert_int_equal(c->nr_virtio, 3);
	assert_int_equal(c->virtio[0].kind, VM_VIRTIO_BLK);
	assert_int_equal(c->virtio[1].kind, VM_VIRTIO_CONSOLE);
	assert_int_equal(c->virtio[2].kind, VM_VIRTIO_EMPTY);
}

static void memory_comes_as_it_says(void **state)
{
	static const struct {
		const char *props;
		bool share, lazy, over;
	} t[] = {
		{"", false, false, false},
		{"images = \"copy\"; populate = \"eager\";"
		 "overcommit = \"refused\";",
		 false, false, false},
		{"images = \"copy-on-write\";", true, false, false},
		{"populate = \"first-touch\";", false, true, false},
		{"images = \"copy-on-write\"; overcommit = \"allowed\";", true,
		 false, true},
		{"populate = \"first-touch\"; overcommit = \"allowed\";", false,
		 true, true},
		{"populate = \"first-touch\"; overcommit = \"refused\";", false,
		 true, false},
	};
	struct boot *b = *state;
	char vm[512];

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		const struct vm_config *c;

		(void)snprintf(vm, sizeof(vm), VM("a", CPUS_MEM "%s" KERNEL),
			       t[i].props);
		assert_int_equal(parse(b, vm), 0);
		c = accepted(b, 0);
		assert_int_equal(c->share_images, t[i].share);
		assert_int_equal(c->first_touch, t[i].lazy);
		assert_int_equal(c->overcommit, t[i].over);
	}
}

static void nothing_points_into_the_blob(void **state)
{
	struct boot *b = *state;

	assert_int_equal(parse(b, VM("a", "bootargs = \"x\";" CPUS_MEM KERNEL)),
			 0);
	memset(b->blob, 0xff, b->len);
	assert_string_equal(accepted(b, 0)->bootargs, "x");
	assert_string_equal(accepted(b, 0)->name, "a");
	assert_string_equal(accepted(b, 0)->kernel.node, "kernel@48000000");
}

static void vms_may_share_what_nobody_writes(void **state)
{
	struct boot *b = *state;

	assert_int_equal(
		parse(b,
		      VM("a", CPUS_MEM KERNEL
			 "d { compatible = \"plinth,disk\"; read-only;"
			 "reg = <0 0x50000000 0 0x1000>; };")
			      VM("b", CPUS_MEM KERNEL
				 "d { compatible = \"plinth,disk\"; read-only;"
				 "reg = <0 0x50000000 0 0x1000>; };")),
		0);
	assert_int_equal(b->m.nr_vms, 2);
	assert_int_equal(b->m.nr_refused, 0);
}

/* ----------------------------------------------------------- wrong ones */

static const struct {
	const char *nodes, *line;
} bad_vms[] = {
	/* properties */
	{VM("a", CPUS_MEM "colour = <1>;" KERNEL),
	 "/a: property colour: unknown property"},
	{VM("a", "cpus = <0>; memory = <0 0x20000000>;" KERNEL),
	 "/a: property cpus: 0 is not from 1 to 4096"},
	{VM("a", "cpus = <4097>; memory = <0 0x20000000>;" KERNEL),
	 "/a: property cpus: 4097 is not from 1 to 4096"},
	{VM("a", CPUS_MEM "pcpus = <0 8>;" KERNEL),
	 "/a: property pcpus: 8, but the machine has 8 CPUs"},
	{VM("a", CPUS_MEM "pcpus = <3 2 3>;" KERNEL),
	 "/a: property pcpus: 3 is listed twice"},
	{VM("a", CPUS_MEM "pcpus;" KERNEL),
	 "/a: property pcpus: must be a list of cells"},
	{VM("a", CPUS_MEM "pcpus = [00 01];" KERNEL),
	 "/a: property pcpus: must be a list of cells"},
	{VM("a", CPUS_MEM "restart = \"sometimes\";" KERNEL),
	 "/a: property restart: 'sometimes' is not never, on-crash or always"},
	{VM("a", CPUS_MEM "restart = <1>;" KERNEL),
	 "/a: property restart: must be one string"},
	{VM("a", CPUS_MEM "restart-delay = <1 2>;" KERNEL),
	 "/a: property restart-delay: but restart is never"},
	{VM("a", CPUS_MEM RESTART "restart-delay = <1>;" KERNEL),
	 "/a: property restart-delay: is 4 bytes long, must be 8"},
	{VM("a", CPUS_MEM RESTART "restart-delay = <0 5>;" KERNEL),
	 "/a: property restart-delay: 0 to 5 ms is not within 1 to 3600000"},
	{VM("a", CPUS_MEM RESTART "restart-delay = <500 100>;" KERNEL),
	 "/a: property restart-delay: 500 to 100 ms is not within 1 to "
	 "3600000"},
	{VM("a", CPUS_MEM RESTART "restart-delay = <1 3600001>;" KERNEL),
	 "/a: property restart-delay: 1 to 3600001 ms is not within 1 to "
	 "3600000"},
	{VM("a", CPUS_MEM "watchdog = <1>;" KERNEL),
	 "/a: property watchdog: must be empty"},
	{VM("a", CPUS_MEM "virtio-console = <1>;" KERNEL),
	 "/a: property virtio-console: must be empty"},
	{VM("a", CPUS_MEM "virtio-console; virtio-slots = <0>;" KERNEL),
	 "/a: property virtio-slots: 0, but there are 0 disks and a console"},
	{VM("a", CPUS_MEM "no-autostart = <1>;" KERNEL),
	 "/a: property no-autostart: must be empty"},
	{VM("a", CPUS_MEM "weight = <0>;" KERNEL),
	 "/a: property weight: 0 is not from 1 to 65536"},
	{VM("a", CPUS_MEM "weight = <65537>;" KERNEL),
	 "/a: property weight: 65537 is not from 1 to 65536"},
	{VM("a", CPUS_MEM "reservation = <2000>;" KERNEL),
	 "/a: property reservation: is 4 bytes long, must be 8"},
	{VM("a", CPUS_MEM "reservation = <2000 999>;" KERNEL),
	 "/a: property reservation: period 999 is not from 1000 to 1000000 us"},
	{VM("a", CPUS_MEM "reservation = <2000 1000001>;" KERNEL),
	 "/a: property reservation: period 1000001 is not from 1000 to "
	 "1000000 us"},
	{VM("a", CPUS_MEM "reservation = <99 10000>;" KERNEL),
	 "/a: property reservation: budget 99 us is not from 100 to 95 % of "
	 "10000"},
	{VM("a", CPUS_MEM "reservation = <9501 10000>;" KERNEL),
	 "/a: property reservation: budget 9501 us is not from 100 to 95 % of "
	 "10000"},
	{VM("a", "cpus = <0 4>; memory = <0 0x20000000>;" KERNEL),
	 "/a: property cpus: is 8 bytes long, must be 4"},
	{VM("a", "cpus = \"four\"; memory = <0 0x20000000>;" KERNEL),
	 "/a: property cpus: is 5 bytes long, must be 4"},
	{VM("a", "memory = <0 0x20000000>;" KERNEL),
	 "/a: property cpus: missing"},
	{VM("a", "cpus = <1>;" KERNEL), "/a: property memory: missing"},
	{VM("a", "cpus = <1>; memory = <0x20000000>;" KERNEL),
	 "/a: property memory: is 4 bytes long, must be 8"},
	{VM("a", "cpus = <1>; memory;" KERNEL),
	 "/a: property memory: is 0 bytes long, must be 8"},
	{VM("a", "cpus = <1>; memory = <0 0>;" KERNEL),
	 "/a: property memory: 0 is no multiple of 2 MiB above 0"},
	{VM("a", "cpus = <1>; memory = <0 0x100000>;" KERNEL),
	 "/a: property memory: 0x100000 is no multiple of 2 MiB above 0"},
	{VM("a", "cpus = <1>; memory = <0 0x20001000>;" KERNEL),
	 "/a: property memory: 0x20001000 is no multiple of 2 MiB above 0"},
	{VM("a", "cpus = <1>; memory = <0 0x40200000>;" KERNEL),
	 "/a: property memory: 1026 MiB, but the machine has 1024 MiB"},
	{VM("a", "cpus = <1>; memory = <0xffffffff 0xffe00000>;" KERNEL),
	 "/a: property memory: 0x40000000 + 0xffffffffffe00000 ends above "
	 "0x4000000000"},
	{VM("a", "cpus = <1>; memory = <0x3f 0xc0200000>;" KERNEL),
	 "/a: property memory: 0x40000000 + 0x3fc0200000 ends above "
	 "0x4000000000"},
	{VM("a", CPUS_MEM "memory-base = <0 0x100000>;" KERNEL),
	 "/a: property memory-base: 0x100000 is no multiple of 2 MiB from "
	 "0x10000000 on"},
	{VM("a", CPUS_MEM "memory-base = <0 0x08000000>;" KERNEL),
	 "/a: property memory-base: 0x8000000 is no multiple of 2 MiB from "
	 "0x10000000 on"},
	{VM("a", CPUS_MEM "memory-base = <0 0x40100000>;" KERNEL),
	 "/a: property memory-base: 0x40100000 is no multiple of 2 MiB from "
	 "0x10000000 on"},
	{VM("a", CPUS_MEM "memory-base = <0xffffffff 0xffe00000>;" KERNEL),
	 "/a: property memory: 0xffffffffffe00000 + 0x20000000 ends above "
	 "0x4000000000"},
	{VM("a", CPUS_MEM "memory-base = <1>;" KERNEL),
	 "/a: property memory-base: is 4 bytes long, must be 8"},
	{VM("a", CPUS_MEM "console = <1>;" KERNEL),
	 "/a: property console: must be one string"},
	{VM("a", CPUS_MEM "console = \"\";" KERNEL),
	 "/a: property console: is not 1 to 31 printable characters"},
	{VM("a", CPUS_MEM "console = \"a b\";" KERNEL),
	 "/a: property console: is not 1 to 31 printable characters"},
	{VM("a",
	    CPUS_MEM "console = \"0123456789012345678901234567890x\";" KERNEL),
	 "/a: property console: is not 1 to 31 printable characters"},
	{VM("a", CPUS_MEM "bootargs = <1>;" KERNEL),
	 "/a: property bootargs: must be one string"},
	{VM("a", CPUS_MEM "bootargs = \"a\", \"b\";" KERNEL),
	 "/a: property bootargs: must be one string"},
	{VM("a", CPUS_MEM "bootargs;" KERNEL),
	 "/a: property bootargs: must be one string"},
	{VM("a", CPUS_MEM "spis = <0>;" KERNEL),
	 "/a: property spis: 0 is no multiple of 32 from 32 to 960"},
	{VM("a", CPUS_MEM "spis = <33>;" KERNEL),
	 "/a: property spis: 33 is no multiple of 32 from 32 to 960"},
	{VM("a", CPUS_MEM "spis = <992>;" KERNEL),
	 "/a: property spis: 992 is no multiple of 32 from 32 to 960"},
	{VM("a", CPUS_MEM "spis = [20];" KERNEL),
	 "/a: property spis: is 1 bytes long, must be 4"},
	{VM("a", CPUS_MEM "spis = <32>; virtio-slots = <17>;" KERNEL),
	 "/a: property spis: 32, but 17 virtio slots need 64"},
	{VM("a", CPUS_MEM "virtio-slots = <945>;" KERNEL),
	 "/a: property virtio-slots: 945, at most 944"},
	{VM("a", CPUS_MEM "virtio-slots = <0xffffffff>;" KERNEL),
	 "/a: property virtio-slots: 4294967295, at most 944"},
	{VM("a", CPUS_MEM "virtio-slots = <0>;" KERNEL MOD(
			 "d", "disk", "0 0x50000000 0 0x1000")),
	 "/a: property virtio-slots: 0, but there are 1 disks"},
	{VM("a", CPUS_MEM "images = \"shared\";" KERNEL),
	 "/a: property images: not \"copy\" or \"copy-on-write\""},
	{VM("a", CPUS_MEM "images = <1>;" KERNEL),
	 "/a: property images: must be one string"},
	{VM("a", CPUS_MEM "populate = \"lazy\";" KERNEL),
	 "/a: property populate: not \"eager\" or \"first-touch\""},
	{VM("a", CPUS_MEM "populate;" KERNEL),
	 "/a: property populate: must be one string"},
	{VM("a", CPUS_MEM "populate = \"first-touch\"; overcommit;" KERNEL),
	 "/a: property overcommit: must be one string"},
	{VM("a", CPUS_MEM "images = \"copy-on-write\";"
			  "overcommit = \"yes\";" KERNEL),
	 "/a: property overcommit: not \"refused\" or \"allowed\""},
	{VM("a", CPUS_MEM "overcommit = \"allowed\";" KERNEL),
	 "/a: property overcommit: all memory is taken at once"},
	{"a { compatible = \"plinth,vm\"; #address-cells = <1>; };",
	 "/a: property #address-cells: must be 2"},
	{"a { compatible = \"plinth,vm\"; #size-cells = <1>; };",
	 "/a: property #size-cells: must be 2"},
	{"a { compatible = \"plinth,vm\"; #size-cells = <7>; };",
	 "/a: property #size-cells: 7 cells are not supported"},
	/* nodes */
	{"a { };", "/a: property compatible: not \"plinth,vm\""},
	{"a { compatible = \"plinth,vn\"; };",
	 "/a: property compatible: not \"plinth,vm\""},
	{GOOD("abcdefghijklmnopqrstuvwxyz-23456"),
	 "/abcdefghijklmnopqrstuvwxyz-23456: name longer than 31 "
	 "characters"},
	{VM("a", CPUS_MEM), "/a: no node plinth,kernel"},
	{VM("a", CPUS_MEM KERNEL "net { };"),
	 "/a/net: property compatible: unknown node"},
	{VM("a", CPUS_MEM KERNEL MOD("net", "net", "0 0 0 0")),
	 "/a/net: property compatible: unknown node"},
	{VM("a", CPUS_MEM KERNEL MOD("k2", "kernel", "0 0x50000000 0 1")),
	 "/a/k2: property compatible: there is already kernel@48000000"},
	{VM("a", CPUS_MEM "k { compatible = \"plinth,kernel\";"
			  "reg = <0 0x50000000 0 1>; x { }; };"),
	 "/a/k/x: unknown node"},
	/* modules */
	{VM("a", CPUS_MEM "k { compatible = \"plinth,kernel\"; };"),
	 "/a/k: property reg: missing"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0x48000000 0x1000")),
	 "/a/k: property reg: is 8 bytes long, must be 16"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0 1 0 1 0 2 0 1")),
	 "/a/k: property reg: is 32 bytes long, must be 16"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0 0x48000000 0 0")),
	 "/a/k: property reg: 0x48000000 + 0 is empty or wraps"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0xffffffff 0xffffffff 0 0x2")),
	 "/a/k: property reg: 0xffffffffffffffff + 0x2 is empty or wraps"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0 0x3ffff000 0 0x2000")),
	 "/a/k: property reg: 0x3ffff000 + 0x2000 is not in the machine's "
	 "RAM"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0 0x7ffff000 0 0x1001")),
	 "/a/k: property reg: 0x7ffff000 + 0x1001 is not in the machine's "
	 "RAM"},
	{VM("a", CPUS_MEM MOD("k", "kernel", "0 0x405ff000 0 0x1001")),
	 "/a/k: property reg: 0x405ff000 + 0x1001 overlaps Plinth's own "
	 "0x40000000 + 0x600000"},
	{VM("a", CPUS_MEM "k { compatible = \"plinth,kernel\";"
			  "reg = <0 0x48000000 0 1>; read-only; };"),
	 "/a/k: property read-only: unknown property"},
	{VM("a", CPUS_MEM KERNEL "d { compatible = \"plinth,disk\";"
				 "reg = <0 0x50000000 0 1>; read-only = <1>;"
				 "};"),
	 "/a/d: property read-only: must be empty"},
	{VM("a", CPUS_MEM KERNEL "d { compatible = \"plinth,disk\";"
				 "reg = <0 0x50000000 0 1>; format = <1>; };"),
	 "/a/d: property format: unknown property"},
	{VM("a", CPUS_MEM KERNEL MOD("i", "initrd", "0 0x481fffff 0 0x1000")),
	 "/a/i: property reg: 0x481fffff + 0x1000 overlaps "
	 "/a/kernel@48000000"},
	{VM("a", CPUS_MEM KERNEL MOD("i", "initrd", "0 0x48000000 0 0x200000")),
	 "/a/i: property reg: 0x48000000 + 0x200000 overlaps "
	 "/a/kernel@48000000"},
	{VM("a", CPUS_MEM KERNEL MOD("d", "disk", "0 0x50000000 0 0x2000")
			 MOD("e", "disk", "0 0x50001000 0 0x2000")),
	 "/a/e: property reg: 0x50001000 + 0x2000 overlaps /a/d"},
	/* the guest's own tree; nothing that looks like one is there */
	{VM("a", CPUS_MEM KERNEL MOD("t", "dtb", "0 0x3f000000 0 0x1000")),
	 "/a/t: property reg: 0x3f000000 + 0x1000 is not in the machine's "
	 "RAM"},
};

/* Rules out: length-wraps */
static void bad_vm_is_refused_in_one_line_and_the_others_run(void **state)
{
	char nodes[2048], line[FMT_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(bad_vms); i++) {
		struct boot *b = *state;

		print_message("  %s\n", bad_vms[i].line);
		(void)snprintf(nodes, sizeof(nodes), "%s%s%s", GOOD("first"),
			       bad_vms[i].nodes, GOOD("last"));
		assert_int_equal(parse(b, nodes), 0);
		assert_int_equal(b->m.nr_vms, 3);
		assert_int_equal(b->m.nr_refused, 1);
		(void)accepted(b, 0);
		(void)accepted(b, 2);
		assert_true(b->m.vm[1].refused);
		assert_int_equal(b->m.vm[1].arena.nr_pages, 0);
		assert_int_equal(b->m.vm[1].config.nr_vcpus, 0);
		(void)fmt_line(line, sizeof(line), "manifest: %s",
			       bad_vms[i].line);
		assert_string_equal(b->m.vm[1].err, line);
	}
}

/* Rules out: module-given-away */
static void vms_may_not_share_what_one_writes(void **state)
{
	static const struct {
		const char *other, *line;
	} cases[] = {
		{MOD("e", "disk", "0 0x50000000 0 0x1000"),
		 "manifest: /b/e: property reg: 0x50000000 + 0x1000 overlaps "
		 "/a/d"},
		{"e { compatible = \"plinth,disk\"; read-only;"
		 "reg = <0 0x50000000 0 0x1000>; };",
		 "manifest: /b/e: property reg: 0x50000000 + 0x1000 overlaps "
		 "/a/d"},
		{MOD("i", "initrd", "0 0x50000000 0 0x1000"),
		 "manifest: /b/i: property reg: 0x50000000 + 0x1000 overlaps "
		 "/a/d"},
		{MOD("i", "initrd", "0 0x481ff000 0 0x2000"),
		 "manifest: /b/i: property reg: 0x481ff000 + 0x2000 overlaps "
		 "/b/kernel@48000000"},
		{MOD("i", "initrd", "0 0x51000800 0 0x1000"),
		 "manifest: /b/i: property reg: 0x51000800 + 0x1000 overlaps "
		 "/a/i"},
	};
	char nodes[2048];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct boot *b = *state;

		(void)snprintf(
			nodes, sizeof(nodes),
			VM("a",
			   CPUS_MEM KERNEL MOD("d", "disk",
					       "0 0x50000000 0 0x1000")
				   MOD("i", "initrd", "0 0x51000000 0 0x1000"))
				VM("b", CPUS_MEM KERNEL "%s"),
			cases[i].other);
		assert_int_equal(parse(b, nodes), 0);
		(void)accepted(b, 0);
		assert_true(b->m.vm[1].refused);
		assert_string_equal(b->m.vm[1].err, cases[i].line);
	}
}

static void modules_of_a_refused_vm_are_in_nobodys_way(void **state)
{
	struct boot *b = *state;

	assert_int_equal(
		parse(b, VM("a", "cpus = <0>;" MOD("d", "disk",
						   "0 0x50000000 0 0x1000"))
				 VM("b", CPUS_MEM KERNEL MOD(
						 "d", "disk",
						 "0 0x50000800 0 0x1000"))),
		0);
	assert_true(b->m.vm[0].refused);
	(void)accepted(b, 1);
}

static void second_vm_of_a_name_is_refused(void **state)
{
	struct boot *b = *state;
	char *name;

	assert_int_equal(parse(b, GOOD("aa") GOOD("ab") GOOD("ac")), 0);
	name = (char *)b->blob + fdt_off_dt_struct(b->blob) +
	       fdt_path_offset(b->blob, "/ab") + 4;
	name[1] = 'a';
	assert_int_equal(reparse(b), 0);
	assert_int_equal(b->m.nr_refused, 1);
	assert_string_equal(b->m.vm[1].err,
			    "manifest: /aa: second VM with this name");
	(void)accepted(b, 2);
}

static void console_has_the_vms_name_or_another_that_nobody_has(void **state)
{
	struct boot *b = *state;

	assert_int_equal(
		parse(b, VM("a", CPUS_MEM KERNEL) VM(
				 "b", CPUS_MEM "console = \"tty\";" KERNEL)
				 VM("c", CPUS_MEM "console = \"a\";" KERNEL)
					 VM("tty", CPUS_MEM KERNEL)),
		0);
	assert_string_equal(accepted(b, 0)->console, "a");
	assert_string_equal(accepted(b, 1)->console, "tty");
	assert_string_equal(b->m.vm[2].err,
			    "manifest: /c: property console: a is the console "
			    "of a");
	assert_string_equal(b->m.vm[3].err,
			    "manifest: /tty: property console: tty is the "
			    "console of b");
}

static void blob_that_is_no_manifest_is_refused_whole(void **state)
{
	static const struct {
		const char *dts, *line;
	} cases[] = {
		{"a { };", "manifest: /: property compatible: not "
			   "\"plinth,manifest-1\""},
		{"compatible = \"plinth,manifest-2\"; a { };",
		 "manifest: /: property compatible: not "
		 "\"plinth,manifest-1\""},
		{"compatible = \"plinth,manifest-1\";", "manifest: /: no VM"},
		{"compatible = \"plinth,manifest-1\"; owner = \"me\"; a { };",
		 "manifest: /: property owner: unknown property"},
	};
	struct boot *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(b->blob);
		b->blob = dts_compile(cases[i].dts, &b->len);
		assert_int_equal(reparse(b), -EINVAL);
		assert_string_equal(b->m.err, cases[i].line);
		assert_int_equal(b->m.nr_vms, 0);
	}
	memset(b->blob, 0, 4);
	assert_int_equal(reparse(b), -EINVAL);
	assert_string_equal(b->m.err, "manifest: no device tree: magic is 0, "
				      "not 0xd00dfeed");
}

static void truncated_manifest_is_refused_whole(void **state)
{
	struct boot *b = *state;
	char line[FMT_LINE_MAX];

	assert_int_equal(parse(b, GOOD("a")), 0);
	(void)fmt_line(line, sizeof(line),
		       "manifest: device tree is truncated: %lu bytes by its "
		       "header, room for %lu",
		       b->len, b->len - 1);
	b->len--;
	assert_int_equal(reparse(b), -EINVAL);
	assert_string_equal(b->m.err, line);
}

/* Whether what was refused, and only that, has a line. */
static void expect_lines(struct boot *b, int err)
{
	assert_int_equal(err != 0, b->m.err[0] != '\0');
	for (unsigned k = 0; k < b->m.nr_vms; k++)
		assert_int_equal(b->m.vm[k].refused, b->m.vm[k].err[0] != '\0');
}

/* Rules out: tree-trusted */
static void every_flipped_bit_is_survived(void **state)
{
	struct boot *b = *state;
	uint8_t *blob;

	assert_int_equal(parse(b, GOOD("a") GOOD("b")), 0);
	blob = b->blob;
	for (size_t i = 0; i < 8 * b->len; i++) {
		blob[i / 8] ^= (uint8_t)(1U << i % 8);
		expect_lines(b, reparse(b));
		blob[i / 8] ^= (uint8_t)(1U << i % 8);
	}
}

/* ------------------------------------------------- the guest's own tree */

#define DTB_HEAD                                                               \
	"#address-cells = <2>; #size-cells = <2>; interrupt-parent = <1>;"
#define DTB_REST                                                               \
	"memory { device_type = \"memory\"; reg = <0 0x40000000 0 "            \
	"0x10000000>; }; psci { compatible = \"arm,psci-1.0\"; method ="       \
	"\"hvc\"; }; gic { compatible = \"arm,gic-v3\"; phandle = <1>;"        \
	"#interrupt-cells = <3>; reg = <0 0x8000000 0 0x10000 0 0x80a0000 "    \
	"0 0x40000>; }; v@1 { compatible = \"virtio,mmio\"; interrupts = "     \
	"<0 40 4>; reg = <0 0xa000000 0 0x200>; };"
#define DTB_CPUS                                                               \
	"cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 {"              \
	"device_type = \"cpu\"; reg = <0>; enable-method = \"psci\"; };"       \
	"cpu@1 { device_type = \"cpu\"; reg = <1>; enable-method = \"psci\";"  \
	"}; };"

/* A manifest with one VM "g" that brings this tree, and these properties. */
static int parse_with_dtb(struct boot *b, const char *tree, const char *props)
{
	char nodes[2048];
	uint64_t at;
	size_t len;

	free(b->guest_dtb);
	b->guest_dtb = dts_compile(tree, &len);
	at = hpa_of(b->guest_dtb).v;
	b->ram[1] = (struct hpa_range){{at}, len};
	b->host.ram.nr = 2;
	(void)snprintf(nodes, sizeof(nodes),
		       VM("g",
			  "%s" KERNEL
			  "dtb@1 { compatible = \"plinth,dtb\"; reg = <%#lx "
			  "%#lx 0 %#zx>; };"),
		       props, at >> 32, at & 0xffffffff, len);
	return parse(b, nodes);
}

static void guests_tree_is_the_hardware(void **state)
{
	struct boot *b = *state;
	const struct vm_config *c;

	assert_int_equal(
		parse_with_dtb(b, DTB_HEAD DTB_CPUS DTB_REST,
			       MOD("d", "disk", "0 0x50000000 0 0x1000")),
		0);
	c = accepted(b, 0);
	assert_int_equal(c->nr_vcpus, 2);
	assert_int_equal(c->ram[0].size, 0x10000000);
	assert_int_equal(c->uart.size, 0);
	assert_int_equal(c->nr_virtio, 1);
	assert_int_equal(c->virtio[0].kind, VM_VIRTIO_BLK);
	assert_int_equal(c->virtio[0].intid, 72);
	assert_int_equal(c->nr_spis, 64);
	assert_true(c->dtb.size > 0);
}

static void manifest_may_repeat_the_guests_tree(void **state)
{
	struct boot *b = *state;

	assert_int_equal(
		parse_with_dtb(b, DTB_HEAD DTB_CPUS DTB_REST,
			       "cpus = <2>; memory = <0 0x10000000>; spis = "
			       "<128>; memory-base = <0 0x40000000>;"
			       "virtio-slots = <1>;"),
		0);
	assert_int_equal(accepted(b, 0)->nr_spis, 128);
}

static void manifest_and_guests_tree_may_not_disagree(void **state)
{
	static const struct {
		const char *props, *line;
	} cases[] = {
		{"cpus = <3>;", "/g: property cpus: 3, but dtb@1 says 2"},
		{"cpus = <0>;", "/g: property cpus: 0, but dtb@1 says 2"},
		{"memory = <0 0x20000000>;", "/g: property memory: "
					     "0x20000000, but dtb@1 says "
					     "0x10000000"},
		{"memory-base = <0 0x80000000>;",
		 "/g: property memory-base: 0x80000000, but dtb@1 says "
		 "0x40000000"},
		{"virtio-slots = <2>;",
		 "/g: property virtio-slots: 2, but dtb@1 says 1"},
		{"spis = <32>;", "/g: property spis: 32, but dtb@1 needs 64"},
		{"watchdog;", "/g: property watchdog: but dtb@1 says what "
			      "hardware there is"},
		{"virtio-console;" MOD("d", "disk", "0 0x50000000 0 0x1000"),
		 "/g: 1 disks and a console, but dtb@1 has 1 nodes "
		 "virtio,mmio"},
		{"its;", "/g: property its: but dtb@1 has no node "
			 "arm,gic-v3-its"},
		{MOD("d", "disk", "0 0x50000000 0 0x1000")
			 MOD("e", "disk", "0 0x51000000 0 0x1000"),
		 "/g: 2 disks, but dtb@1 has 1 nodes virtio,mmio"},
	};
	char line[FMT_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct boot *b = *state;

		print_message("  %s\n", cases[i].line);
		assert_int_equal(parse_with_dtb(b, DTB_HEAD DTB_CPUS DTB_REST,
						cases[i].props),
				 0);
		assert_true(b->m.vm[0].refused);
		(void)fmt_line(line, sizeof(line), "manifest: %s",
			       cases[i].line);
		assert_string_equal(b->m.vm[0].err, line);
	}
}

static void fault_in_the_guests_tree_names_tree_and_node(void **state)
{
	struct boot *b = *state;

	assert_int_equal(parse_with_dtb(b, DTB_HEAD DTB_REST, ""), 0);
	assert_string_equal(b->m.vm[0].err,
			    "manifest: /g/dtb@1: /: no node cpus");
	memset(b->guest_dtb, 0x11, 8);
	assert_int_equal(reparse(b), 0);
	assert_string_equal(b->m.vm[0].err,
			    "manifest: /g/dtb@1: no device tree: magic is "
			    "0x11111111, not 0xd00dfeed");
}

/* Nothing in a manifest refers to another node; guests' trees do. */
static void references_that_go_round_in_a_circle_are_refused(void **state)
{
	static const struct {
		const char *node, *line;
	} cases[] = {
		{"uart@9000000 { compatible = \"arm,pl011\"; phandle = <5>;"
		 "interrupt-parent = <5>; interrupts = <0 1 4>;"
		 "reg = <0 0x9000000 0 0x1000>; };",
		 "/uart@9000000: property interrupt-parent: is not the GIC"},
		{"a { phandle = <5>; interrupt-parent = <6>; interrupts = <1>;"
		 "}; uart@9000000 { compatible = \"arm,pl011\"; phandle = <6>;"
		 "interrupt-parent = <5>; interrupts = <0 1 4>;"
		 "reg = <0 0x9000000 0 0x1000>; };",
		 "/uart@9000000: property interrupt-parent: is not the GIC"},
	};
	char tree[2048], line[FMT_LINE_MAX];
	struct boot *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)snprintf(tree, sizeof(tree), "%s%s",
			       DTB_HEAD DTB_CPUS DTB_REST, cases[i].node);
		assert_int_equal(parse_with_dtb(b, tree, ""), 0);
		assert_true(b->m.vm[0].refused);
		(void)fmt_line(line, sizeof(line), "manifest: /g/dtb@1: %s",
			       cases[i].line);
		assert_string_equal(b->m.vm[0].err, line);
	}
}

static void vcpus_may_share_pcpus(void **state)
{
	struct boot *b = *state;
	const struct vm_config *cfg;

	assert_int_equal(parse(b, VM("a", "cpus = <9>; memory = <0 0x20000000>;"
					  "pcpus = <7 2>; weight = <65536>;"
					  "reservation = <9500 10000>;" KERNEL)
					  VM("b", CPUS_MEM KERNEL)),
			 0);
	cfg = accepted(b, 0);
	assert_int_equal(cfg->nr_vcpus, 9);
	assert_int_equal(cfg->nr_pcpus, 2);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(vm_config_allows_pcpu(cfg, i),
				 i == 7 || i == 2);
	assert_int_equal(cfg->share.weight, 65536);
	assert_int_equal(cfg->share.budget_us, 9500);
	assert_int_equal(cfg->share.period_us, 10000);
	cfg = accepted(b, 1);
	assert_int_equal(cfg->share.weight, VM_WEIGHT_DEFAULT);
	assert_int_equal(cfg->share.budget_us, 0);
	assert_true(vm_config_allows_pcpu(cfg, 12345));
}

static void vm_may_start_again_or_wait_to_be_started(void **state)
{
	struct boot *b = *state;
	const struct vm_config *cfg;

	assert_int_equal(
		parse(b, VM("a", CPUS_MEM "restart = \"on-crash\";"
					  "restart-delay = <20 5000>;"
					  "no-autostart;" KERNEL)
				 VM("b", CPUS_MEM RESTART KERNEL)
					 VM("c", CPUS_MEM
					    "restart = \"never\";" KERNEL)),
		0);
	cfg = accepted(b, 0);
	assert_int_equal(cfg->restart, VM_RESTART_ON_CRASH);
	assert_int_equal(cfg->backoff.first_ms, 20);
	assert_int_equal(cfg->backoff.most_ms, 5000);
	assert_true(cfg->no_autostart);
	assert_int_equal(accepted(b, 1)->restart, VM_RESTART_ALWAYS);
	assert_int_equal(accepted(b, 1)->backoff.first_ms, 0);
	assert_false(accepted(b, 1)->no_autostart);
	assert_int_equal(accepted(b, 2)->restart, VM_RESTART_NEVER);
}

static void vcpus_are_not_limited_when_the_machine_does_not_say(void **state)
{
	struct boot *b = *state;

	b->host.nr_cpus = 0;
	assert_int_equal(parse(b, VM("a", "cpus = <4096>; memory = <0 "
					  "0x20000000>;" KERNEL)),
			 0);
	assert_int_equal(accepted(b, 0)->nr_vcpus, 4096);
}

static void lack_of_memory_refuses_a_vm_and_leaks_nothing(void **state)
{
	struct boot *b = *state;
	bool whole = false;

	assert_int_equal(
		parse_with_dtb(b, DTB_HEAD DTB_CPUS DTB_REST,
			       "bootargs = \"x\";" MOD("d", "disk",
						       "0 0x50000000 0 1")),
		0);
	for (uint64_t at = 1; !whole; at++) {
		assert_true(at < 30);
		b->pages.calls = 0;
		b->pages.fail_at = at;
		if (reparse(b)) {
			assert_string_equal(b->m.err,
					    "manifest: out of memory");
		} else if (b->m.vm[0].refused) {
			assert_non_null(
				strstr(b->m.vm[0].err, ": out of memory"));
			assert_int_equal(b->m.vm[0].arena.nr_pages, 0);
		} else {
			whole = true;
		}
	}
}

static void lack_of_memory_for_default_hardware_is_an_error(void **state)
{
	struct boot *b = *state;
	bool whole = false;

	b->host.nr_cpus = 0;
	assert_int_equal(parse(b, VM("a", "cpus = <4096>; memory = <0 "
					  "0x20000000>;" KERNEL)),
			 0);
	for (uint64_t at = 1; !whole; at++) {
		assert_true(at < 30);
		b->pages.calls = 0;
		b->pages.fail_at = at;
		whole = reparse(b) == 0 && !b->m.vm[0].refused;
		if (!whole && b->m.nr_vms)
			assert_string_equal(b->m.vm[0].err,
					    "manifest: out of memory");
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(full_manifest_gives_one_vm),
		T(short_manifest_takes_the_defaults),
		T(its_and_watchdog_are_there_when_asked_for),
		T(virtio_console_has_the_slot_behind_the_disks),
		T(memory_comes_as_it_says),
		T(nothing_points_into_the_blob),
		T(vms_may_share_what_nobody_writes),
		T(bad_vm_is_refused_in_one_line_and_the_others_run),
		T(vms_may_not_share_what_one_writes),
		T(modules_of_a_refused_vm_are_in_nobodys_way),
		T(second_vm_of_a_name_is_refused),
		T(console_has_the_vms_name_or_another_that_nobody_has),
		T(blob_that_is_no_manifest_is_refused_whole),
		T(truncated_manifest_is_refused_whole),
		T(every_flipped_bit_is_survived),
		T(guests_tree_is_the_hardware),
		T(manifest_may_repeat_the_guests_tree),
		T(manifest_and_guests_tree_may_not_disagree),
		T(fault_in_the_guests_tree_names_tree_and_node),
		T(references_that_go_round_in_a_circle_are_refused),
		T(vcpus_may_share_pcpus),
		T(vm_may_start_again_or_wait_to_be_started),
		T(vcpus_are_not_limited_when_the_machine_does_not_say),
		T(lack_of_memory_refuses_a_vm_and_leaks_nothing),
		T(lack_of_memory_for_default_hardware_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
