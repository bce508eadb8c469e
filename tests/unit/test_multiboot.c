/* Modules that a boot loader names in the machine's tree -> a manifest, and
 * through the real reader of manifests -> a VM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hyp/manifest.h>
#include <hyp/multiboot.h>

#include "../host/dts.h"
#include "../host/host.h"
#include "../host/pages.h"

#define CELLS "#address-cells = <2>; #size-cells = <2>;"
#define MODULE(node, kind, reg)                                                \
	node " { compatible = \"multiboot,module\", \"" kind "\"; reg = <" reg \
	     ">; };"
#define KERNEL                                                                 \
	"module@48000000 { compatible = \"multiboot,module\","                 \
	"\"multiboot,kernel\"; bootargs = \"console=ttyAMA0 quiet\";"          \
	"reg = <0 0x48000000 0 0x200000>; };"
#define RAMDISK                                                                \
	MODULE("module@54000000", "multiboot,ramdisk", "0 0x54000000 0 0x1001")

struct fixture {
	struct host_pages pages;
	struct arena arena;
	void *tree;
	uint64_t out[MULTIBOOT_MANIFEST_MAX / 8];
	size_t out_len;
	char err[FMT_LINE_MAX];
	struct manifest m;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct arena_env env = host_pages_env(&f->pages);

	arena_init(&f->arena, &env);
	f->out_len = sizeof(f->out);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	manifest_destroy(&f->m);
	arena_destroy(&f->arena);
	assert_int_equal(f->pages.out, 0);
	free(f->tree);
	free(f);
	return 0;
}

/* Of a machine of 4 CPUs and 1 GiB. */
static int make(struct fixture *f, const char *root)
{
	struct multiboot_host host = {.nr_cpus = 4, .ram_size = GIB(1)};
	size_t len;
	int err;

	free(f->tree);
	f->tree = dts_compile(root, &len);
	host.fdt = f->tree;
	host.fdt_size = len;
	f->err[0] = '\0';
	err = multiboot_manifest(&host, f->out, f->out_len, &f->arena, f->err,
				 sizeof(f->err));
	assert_int_equal(f->pages.out, 0);
	return err;
}

/* The only VM of it, accepted. */
static const struct vm_config *vm_of(struct fixture *f, const char *root)
{
	struct hpa_range ram = {{0x40000000}, GIB(1)};
	const struct manifest_host host = {.ram = {&ram, 1}, .nr_cpus = 4};

	manifest_destroy(&f->m);
	arena_destroy(&f->arena);
	assert_int_equal(make(f, root), 0);
	assert_int_equal(
		manifest_parse(&f->m, f->out, sizeof(f->out), &host, &f->arena),
		0);
	assert_int_equal(f->m.nr_vms, 1);
	assert_string_equal(f->m.vm[0].err, "");
	return &f->m.vm[0].config;
}

static void kernel_and_ramdisk_become_a_vm(void **state)
{
	struct fixture *f = *state;
	const struct vm_config *c =
		vm_of(f, CELLS "chosen { " RAMDISK KERNEL "};");

	assert_string_equal(c->name, "guest");
	assert_int_equal(c->nr_vcpus, 4);
	assert_int_equal(vm_config_ram_size(c), MIB(512));
	assert_int_equal(c->kernel.base.v, 0x48000000);
	assert_int_equal(c->kernel.size, 0x200000);
	assert_string_equal(c->kernel.node, "module@48000000");
	assert_int_equal(c->initrd.base.v, 0x54000000);
	assert_int_equal(c->initrd.size, 0x1001);
	assert_string_equal(c->bootargs, "console=ttyAMA0 quiet");
	assert_int_equal(c->dtb.size, 0);
}

static void modules_that_do_not_say_are_kernel_then_ramdisk(void **state)
{
	struct fixture *f = *state;
	const struct vm_config *c =
		vm_of(f, CELLS "chosen { a { compatible = \"multiboot,module\";"
			       "reg = <0 0x48000000 0 0x1000>; };"
			       "b { compatible = \"multiboot,module\";"
			       "reg = <0 0x50000000 0 0x2000>; }; };");

	assert_int_equal(c->kernel.base.v, 0x48000000);
	assert_int_equal(c->initrd.base.v, 0x50000000);
	assert_null(c->bootargs);
}

static void cells_are_those_of_chosen_or_else_the_roots(void **state)
{
	static const char *const trees[] = {
		"#address-cells = <1>; #size-cells = <1>; chosen {" MODULE(
			"k", "multiboot,kernel", "0x48000000 0x1000") "};",
		CELLS
		"chosen { #address-cells = <1>; #size-cells = <1>;" MODULE(
			"k", "multiboot,kernel", "0x48000000 0x1000") "};",
		"#address-cells = <1>; #size-cells = <1>; chosen { "
		"#address-cells = <2>;" MODULE("k", "multiboot,kernel",
					       "0 0x48000000 0x1000") "};",
		"chosen {" MODULE("k", "multiboot,kernel",
				  "0 0x48000000 0x1000") "};",
	};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		const struct vm_config *c = vm_of(*state, trees[i]);

		assert_int_equal(c->kernel.base.v, 0x48000000);
		assert_int_equal(c->kernel.size, 0x1000);
	}
}

static void trees_without_modules_make_none(void **state)
{
	static const char *const trees[] = {
		"chosen { };",
		"n { };",
		"chosen { bootargs = \"quiet\"; };",
		CELLS KERNEL, /* not in /chosen */
		CELLS "chosen { domU1 { " KERNEL " }; };",
		CELLS "chosen { k { compatible = \"multiboot,module\"; "
		      "status = \"disabled\"; reg = <0 0 0 1>; }; };",
	};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		assert_int_equal(make(*state, trees[i]), -ENOENT);
}

static void what_cannot_be_understood_is_named(void **state)
{
	static const struct {
		const char *root, *line;
	} t[] = {
		{CELLS "chosen { k { compatible = \"multiboot,module\"; }; };",
		 "/chosen/k: property reg: missing"},
		{CELLS "chosen { " MODULE("k", "multiboot,kernel",
					  "0x48000000 0x1000") "};",
		 "/chosen/k: property reg: is 8 bytes long, must be 16"},
		{"#address-cells = <3>; chosen { " KERNEL "};",
		 "/: property #address-cells: 3 cells are not supported"},
		{CELLS "chosen { #size-cells = <0x10000>; " KERNEL "};",
		 "/chosen: property #size-cells: 65536 cells are not "
		 "supported"},
		{CELLS "chosen { k { compatible = \"multiboot,module\","
		       "\"multiboot,kernel\"; bootargs = <1>;"
		       "reg = <0 0x48000000 0 0x1000>; }; };",
		 "/chosen/k: property bootargs: must be one string"},
		{CELLS "chosen { " KERNEL RAMDISK MODULE(
			 "a", "xen,xsm", "0 1 0 1") MODULE("b", "x", "0 2 0 1")
			 MODULE("c", "x", "0 3 0 1") "};",
		 "/chosen/c: property compatible: neither kernel nor ramdisk "
		 "nor device tree"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		print_message("  %s\n", t[i].line);
		assert_int_equal(make(f, t[i].root), -EINVAL);
		assert_string_equal(f->err, t[i].line);
	}
}

/* Rules out: memory-exhausted */
static void lack_of_room_or_memory_is_an_error(void **state)
{
	struct fixture *f = *state;
	int err;

	for (f->out_len = 0; f->out_len < 512; f->out_len += 8) {
		err = make(f, CELLS "chosen { " KERNEL RAMDISK "};");
		assert_true(err == -ENOMEM || err == 0);
		if (!err)
			break;
	}
	assert_in_range(f->out_len, 200, 511);
	f->pages.fail_at = f->pages.calls + 1;
	assert_int_equal(make(f, CELLS "chosen { " KERNEL "};"), -ENOMEM);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(kernel_and_ramdisk_become_a_vm),
		T(modules_that_do_not_say_are_kernel_then_ramdisk),
		T(cells_are_those_of_chosen_or_else_the_roots),
		T(trees_without_modules_make_none),
		T(what_cannot_be_understood_is_named),
		T(lack_of_room_or_memory_is_an_error),
	};

	return cmocka_run_group_tests_name("multiboot", tests, NULL, NULL);
}
