/* The arm64 Image header, and where modules go in guest RAM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/fmt.h>

#include <hyp/gmem.h>
#include <hyp/image.h>
#include <hyp/loader.h>

#include "../host/host.h"
#include "../host/ram_source.h"

/* --------------------------------------------------------------- images */

#define FILE_SIZE 8192

/* Little-endian stores; the offsets in the tests are the documents'. */
static void put(uint8_t *f, size_t at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f[at + i] = (uint8_t)(v >> 8 * i);
}

/* A header without EFI stub. */
static void make_image(uint8_t *f, uint64_t text_offset, uint64_t image_size,
		       uint64_t flags)
{
	memset(f, 0, FILE_SIZE);
	put(f, 0, 0x14000010, 4); /* b . + 64 */
	put(f, 8, text_offset, 8);
	put(f, 16, image_size, 8);
	put(f, 24, flags, 8);
	put(f, 56, 0x644d5241, 4); /* "ARM\x64" */
}

/* An EFI stub at 64: two sections, 0x1000..0x1800 and 0x1800..0x2000. */
static void make_efi_image(uint8_t *f)
{
	make_image(f, 0, 0x100000, 0xa);
	put(f, 0, 0x5a4d, 2); /* "MZ" */
	put(f, 60, 64, 4);
	put(f, 64, 0x4550, 4);                 /* "PE\0\0" */
	put(f, 64 + 4, 0xaa64, 2);             /* Machine */
	put(f, 64 + 6, 2, 2);                  /* NumberOfSections */
	put(f, 64 + 20, 160, 2);               /* SizeOfOptionalHeader */
	put(f, 64 + 24 + 160 + 16, 0x800, 4);  /* SizeOfRawData */
	put(f, 64 + 24 + 160 + 20, 0x1000, 4); /* PointerToRawData */
	put(f, 64 + 24 + 160 + 40 + 16, 0x800, 4);
	put(f, 64 + 24 + 160 + 40 + 20, 0x1800, 4);
}

static _Alignas(8) uint8_t file[FILE_SIZE];
static char why[FMT_LINE_MAX];

static int parse(struct image *img, uint64_t size)
{
	int err;
	/* An exact copy, so that the sanitizer sees any overrun. */
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, file, size);
	why[0] = '\0';
	err = image_parse(img, copy, size, why, sizeof(why));
	free(copy);
	return err;
}

static void header_tells_offset_size_and_placement(void **state)
{
	struct image img;

	(void)state;
	make_image(file, 0x80000, 0x2280000, 0x2);
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	assert_int_equal(img.text_offset, 0x80000);
	assert_int_equal(img.size, 0x2280000);
	assert_false(img.anywhere);
	make_image(file, 0, 4096, 0xa);
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	assert_true(img.anywhere);
	assert_int_equal(img.size, FILE_SIZE); /* the file is larger */
}

static void header_tells_the_page_size(void **state)
{
	static const uint8_t shift[] = {0, 12, 14, 16};
	struct image img;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		make_image(file, 0, 4096, 8 | i << 1);
		assert_int_equal(parse(&img, FILE_SIZE), 0);
		assert_int_equal(img.page_shift, shift[i]);
	}
	make_image(file, 0, 0, 8 | 2 << 1); /* an old one tells nothing */
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	assert_int_equal(img.page_shift, 0);
}

static void big_endian_kernel_is_taken(void **state)
{
	struct image img;

	(void)state;
	make_image(file, 0, 4096, 0xb);
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	assert_true(img.anywhere);
}

static void image_of_size_zero_is_an_old_kernel(void **state)
{
	struct image img;

	(void)state;
	/* text_offset and flags of such an Image mean nothing. */
	make_image(file, 0x1234567890, 0, 9);
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	assert_int_equal(img.text_offset, 0x80000);
	assert_int_equal(img.size, FILE_SIZE);
	assert_false(img.anywhere);
}

/* Rules out: bad-kernel */
static void file_that_is_no_image_is_named(void **state)
{
	static const struct {
		const char *begin;
		size_t at, len;
		const char *line;
	} cases[] = {
		{"\x1f\x8b", 0, 2, "is compressed (gzip), not an arm64 Image"},
		{"zimg", 4, 4, "is compressed (EFI zboot), not an arm64 Image"},
		{"\x7f"
		 "ELF",
		 0, 4, "is an ELF, not an arm64 Image"},
		{"ARM\x65", 56, 4,
		 "is not an arm64 Image: magic is 0x654d5241"},
	};
	struct image img;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(file, 0, sizeof(file));
		memcpy(file + cases[i].at, cases[i].begin, cases[i].len);
		assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
		assert_string_equal(why, cases[i].line);
	}
}

static void header_that_cannot_be_is_refused(void **state)
{
	static const struct {
		uint64_t text_offset, image_size, flags;
		const char *line;
	} cases[] = {
		{UINT64_C(1) << 48, 4096, 0,
		 "Image has text offset 0x1000000000000"},
		{2, 4096, 0, "Image has text offset 0x2"},
		{~UINT64_C(0), 4096, 0,
		 "Image has text offset 0xffffffffffffffff"},
		{0, UINT64_C(1) << 48, 0, "Image has size 0x1000000000000"},
		{0, ~UINT64_C(0), 0, "Image has size 0xffffffffffffffff"},
	};
	struct image img;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_image(file, cases[i].text_offset, cases[i].image_size,
			   cases[i].flags);
		assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
		assert_string_equal(why, cases[i].line);
	}
}

/* Rules out: bad-kernel */
static void every_truncation_of_an_efi_image_is_seen(void **state)
{
	struct image img;

	(void)state;
	make_efi_image(file);
	assert_int_equal(parse(&img, FILE_SIZE), 0);
	for (uint64_t size = 0; size < FILE_SIZE; size++)
		assert_int_equal(parse(&img, size), -EINVAL);
	assert_string_equal(why, "Image is truncated: 8191 bytes, its header "
				 "needs 8192");
	assert_int_equal(parse(&img, 63), -EINVAL);
	assert_string_equal(why, "Image is truncated: 63 bytes, its header has "
				 "64");
	assert_int_equal(parse(&img, 64), -EINVAL);
	assert_string_equal(why, "Image is truncated: 64 bytes, its header "
				 "needs 88");
}

static void signature_that_is_cut_off_is_seen(void **state)
{
	const size_t opt = 64 + 24;
	struct image img;

	(void)state;
	make_efi_image(file);
	put(file, 64 + 24 + 160 + 40 + 20, 0x1000, 4); /* ends at 0x1800 */
	put(file, opt, 0x20b, 2);                      /* PE32+ */
	put(file, opt + 108, 6, 4);                    /* NumberOfRvaAndSizes */
	put(file, opt + 144, 0x1800, 4);               /* Certificate Table */
	put(file, opt + 148, 0x100, 4);
	assert_int_equal(parse(&img, 0x1900), 0);
	assert_int_equal(parse(&img, 0x18ff), -EINVAL);
	put(file, opt + 108, 4, 4); /* no fifth directory */
	assert_int_equal(parse(&img, 0x18ff), 0);
	put(file, opt + 108, 5, 4);
	put(file, opt, 0x10b, 2); /* PE32: other layout */
	assert_int_equal(parse(&img, 0x18ff), 0);
}

static void stub_that_lies_stays_inside_the_file(void **state)
{
	struct image img;

	(void)state;
	make_efi_image(file);
	put(file, 60, 0xffffffff, 4);
	assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
	make_efi_image(file);
	put(file, 64 + 6, 0xffff, 2);
	assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
	make_efi_image(file);
	put(file, 64 + 20, 0xffff, 2);
	assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
	make_efi_image(file);
	put(file, 64 + 24 + 160 + 16, 0xffffffff, 4);
	put(file, 64 + 24 + 160 + 20, 0xffffffff, 4);
	assert_int_equal(parse(&img, FILE_SIZE), -EINVAL);
	assert_string_equal(why, "Image is truncated: 8192 bytes, its header "
				 "needs 8589934590");
	make_efi_image(file);
	memset(file + 64, 0, 4); /* an MZ without PE says nothing */
	assert_int_equal(parse(&img, 100), 0);
}

/* ------------------------------------------------------------ placement */

/* A VM "linux" with 512 MiB at 0x40000000 and a kernel of 1 MiB. */
struct vm {
	struct vm_config cfg;
	struct vm_range ram[3];
	struct vm_range reserved[3];
	struct load_plan plan;
	uint8_t *kernel;
	char line[FMT_LINE_MAX];
};

static int setup(void **state)
{
	struct vm *v = calloc(1, sizeof(*v));

	v->kernel = calloc(1, FILE_SIZE);
	make_image(v->kernel, 0, 0x100000, 0xa);
	v->ram[0] = (struct vm_range){{0x40000000}, MIB(512)};
	v->cfg = (struct vm_config){
		.name = "linux",
		.ram = v->ram,
		.nr_ram = 1,
		.reserved = v->reserved,
		.kernel = {hpa_of(v->kernel), FILE_SIZE, "kernel@48000000"},
	};
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct vm *v = *state;

	free(v->kernel);
	free(v);
	return 0;
}

static int place(struct vm *v)
{
	v->line[0] = '\0';
	return loader_place(&v->plan, &v->cfg, 0x3000, v->line,
			    sizeof(v->line));
}

static void expect_line(struct vm *v, const char *line)
{
	assert_int_equal(place(v), -EINVAL);
	assert_string_equal(v->line, line);
}

/*
 * Kernels are read where they are, so a module's address is that of a buffer
 * here: RAM is put around it where it shall stay at its own address.
 */
static uint64_t kernel_at_own_address(struct vm *v, uint64_t ram_below)
{
	uint64_t at;

	free(v->kernel);
	v->kernel = aligned_alloc(MIB(2), MIB(2));
	memset(v->kernel, 0, MIB(2));
	make_image(v->kernel, 0, 0x100000, 0xa);
	at = hpa_of(v->kernel).v;
	v->cfg.kernel.base.v = at;
	v->ram[0] = (struct vm_range){{at - ram_below}, MIB(512)};
	return at;
}

static void by_rule_kernel_is_low_and_the_rest_high(void **state)
{
	struct vm *v = *state;

	v->cfg.initrd = (struct vm_module){{0x1000}, 0x123456, "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, 0x40000000);
	assert_int_equal(v->plan.kernel.size, 0x100000);
	assert_int_equal(v->plan.entry.v, 0x40000000);
	assert_int_equal(v->plan.initrd.base.v, 0x5fedc000);
	assert_int_equal(v->plan.initrd.size, 0x123456);
	assert_int_equal(v->plan.dtb.base.v, 0x5fed9000);
	assert_int_equal(v->plan.dtb.size, 0x3000);
}

/* A kernel with pages of 64 KiB frees whole ones of its initramfs. */
static void tree_shares_no_page_of_64_kib_with_the_initrd(void **state)
{
	struct vm *v = *state;

	make_image(v->kernel, 0, 0x100000, 8 | 3 << 1);
	for (uint64_t size = 1; size < KIB(200); size += 4097) {
		struct vm_range *i = &v->plan.initrd, *d = &v->plan.dtb;

		v->cfg.initrd = (struct vm_module){{0x1000}, size, "i"};
		assert_int_equal(place(v), 0);
		assert_true((d->base.v + d->size - 1) / KIB(64) <
				    i->base.v / KIB(64) ||
			    d->base.v / KIB(64) >
				    (i->base.v + i->size - 1) / KIB(64));
	}
}

static void text_offset_is_kept_from_a_2_mib_boundary(void **state)
{
	struct vm *v = *state;

	make_image(v->kernel, 0x80000, 0x100000, 0);
	v->ram[0].base.v = 0x40001000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, 0x40280000);
	assert_int_equal(v->plan.entry.v, 0x40280000);
}

/* The boundary is not the last one before it, then. */
static void text_offset_may_be_more_than_2_mib(void **state)
{
	struct vm *v = *state;

	make_image(v->kernel, 0x580000, 0x100000, 0);
	v->ram[0].base.v = 0x40001000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, 0x40780000);
	assert_int_equal(v->plan.entry.v, 0x40780000);
}

/* What stands in the way ends below boundary + offset of the next one. */
static void kernel_with_an_offset_goes_right_behind_an_obstacle(void **state)
{
	static struct vm_range reserved = {{0x40280000}, 0x80000};
	struct vm *v = *state;

	make_image(v->kernel, 0x300000, 0x100000, 0);
	reserved.base.v = v->ram[0].base.v + 0x300000;
	v->cfg.reserved = &reserved;
	v->cfg.nr_reserved = 1;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, v->ram[0].base.v + 0x500000);
}

static void module_in_ram_stays_at_its_own_address(void **state)
{
	struct vm *v = *state;
	uint64_t at = kernel_at_own_address(v, MIB(64));

	v->cfg.initrd = (struct vm_module){{at + MIB(8) + 1}, 5000, "i"};
	v->cfg.dtb = (struct vm_module){{at - MIB(16)}, 0x1000, "d"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, at);
	assert_int_equal(v->plan.initrd.base.v, at + MIB(8) + 1);
	assert_int_equal(v->plan.dtb.base.v, at - MIB(16));
}

static void kernel_that_wants_to_be_low_is_moved(void **state)
{
	struct vm *v = *state;
	uint64_t at = kernel_at_own_address(v, MIB(64));

	make_image(v->kernel, 0, 0x100000, 0x2);
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, at - MIB(64));
}

static void kernel_is_moved_when_its_own_place_does_not_suit(void **state)
{
	struct vm *v = *state;
	uint64_t at = kernel_at_own_address(v, MIB(64));

	make_image(v->kernel, 0x80000, 0x100000, 0xa); /* not aligned to it */
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, at - MIB(64) + 0x80000);
	make_image(v->kernel, 0, MIB(449), 0xa); /* BSS leaves RAM */
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, at - MIB(64));
}

/* Rules out: images-overlap */
static void initrd_in_the_kernels_bss_is_moved(void **state)
{
	struct vm *v = *state;
	uint64_t at = kernel_at_own_address(v, 0);

	v->cfg.initrd = (struct vm_module){{at + 0xfffff}, 0x1000, "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, at + MIB(512) - 0x1000);
	v->cfg.initrd.base.v = at + 0x100000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, at + 0x100000);
	v->cfg.initrd.base.v = at + MIB(512) - 0xfff; /* leaves RAM */
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, at + MIB(512) - 0x1000);
}

static void initrd_lies_in_the_32_gib_window_of_the_kernel(void **state)
{
	struct vm *v = *state;

	/* Kernel at 1 GiB, so the window ends at 33 GiB. */
	v->ram[0].size = GIB(64);
	v->cfg.initrd = (struct vm_module){{GIB(33) - 0x800}, 0x1000, "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, GIB(33) - 0x1000);
	v->cfg.initrd.base.v = GIB(33) - 0x1000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, GIB(33) - 0x1000);
}

static void initrd_far_below_the_kernel_is_not_in_its_window(void **state)
{
	struct vm *v = *state;

	/* The kernel ends in the 34th GiB: a window may begin at 2 GiB. */
	v->ram[0] = (struct vm_range){{GIB(1)}, MIB(1)};
	v->ram[1] = (struct vm_range){{GIB(2)}, MIB(1)};
	v->ram[2] = (struct vm_range){{GIB(33) + MIB(2)}, MIB(4)};
	v->cfg.nr_ram = 3;
	make_image(v->kernel, 0, MIB(3), 0);
	v->cfg.initrd = (struct vm_module){{GIB(1)}, KIB(512), "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, GIB(33) + MIB(2));
	assert_int_equal(v->plan.initrd.base.v, GIB(33) + MIB(6) - KIB(512));
	v->cfg.initrd.base.v = GIB(2);
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, GIB(2));
}

static void device_tree_does_not_cross_a_2_mib_block(void **state)
{
	struct vm *v = *state;

	v->ram[0].size = MIB(510) + 0x1000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x40000000 + MIB(510) - 0x3000);
	/* One that is brought and stands across a boundary is moved. */
	v->cfg.dtb = (struct vm_module){{0x40400000 - 0x1000}, 0x1000, "d"};
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x40000000 + MIB(510) - 0x3000);
	v->cfg.dtb.base.v = 0x40400000 - 0x3000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x40400000 - 0x3000);
	v->cfg.dtb.base.v = 0x40400004; /* not 8-byte aligned */
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x40000000 + MIB(510) - 0x3000);
}

static void device_tree_is_near_the_kernel_when_it_can(void **state)
{
	struct vm *v = *state;

	v->ram[0].size = GIB(4);
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x60000000 - 0x3000);
	/* No room there: the rest of RAM. */
	make_image(v->kernel, 0, MIB(512), 0);
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.dtb.base.v, 0x140000000 - 0x3000);
}

/* Rules out: images-overlap */
static void nothing_is_put_where_the_guests_tree_reserves(void **state)
{
	struct vm *v = *state;

	v->reserved[0] = (struct vm_range){{0x40000000}, 0x1000};
	v->reserved[1] = (struct vm_range){{0x40300000}, 0x1000};
	v->reserved[2] = (struct vm_range){{0x5ffff000}, GIB(1)};
	v->cfg.nr_reserved = 3;
	v->cfg.initrd = (struct vm_module){{0x1000}, 0x1000, "i"};
	make_image(v->kernel, 0, MIB(2), 0);
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.kernel.base.v, 0x40400000);
	assert_int_equal(v->plan.initrd.base.v, 0x5fffe000);
	assert_int_equal(v->plan.dtb.base.v, 0x5ffed000);
	/* A module that the boot loader put there itself stays. */
	v->cfg.initrd.base.v = 0x40300000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, 0x40300000);
}

static void reservation_up_to_the_last_byte_ends_the_search(void **state)
{
	struct vm *v = *state;

	v->reserved[0] = (struct vm_range){{0x1000}, UINT64_MAX - 0x1000};
	v->cfg.nr_reserved = 1;
	expect_line(v, "VM linux: kernel@48000000: Image needs 1 MiB of RAM in "
		       "one piece");
	v->reserved[0] = (struct vm_range){{0}, UINT64_MAX};
	expect_line(v, "VM linux: kernel@48000000: Image needs 1 MiB of RAM in "
		       "one piece");
}

static void what_does_not_fit_is_one_line(void **state)
{
	struct vm *v = *state;

	v->ram[0].size = MIB(2);
	make_image(v->kernel, 0, MIB(2) + 1, 0);
	expect_line(v, "VM linux: kernel@48000000: Image needs 3 MiB of RAM in "
		       "one piece");
	make_image(v->kernel, 0, MIB(1), 2);
	v->cfg.initrd = (struct vm_module){{0}, MIB(1) + 1, "initrd@5"};
	expect_line(v, "VM linux: initrd@5: no room for 1025 KiB in RAM beside "
		       "the kernel");
	v->cfg.initrd.size = MIB(1);
	expect_line(v, "VM linux: device tree: no room for 12 KiB in RAM");
	v->cfg.dtb = (struct vm_module){{0}, 8, "dtb@4"};
	expect_line(v, "VM linux: dtb@4: no room for 12 KiB in RAM");
	v->cfg.initrd.size -= 0x3000;
	assert_int_equal(place(v), 0);
	assert_int_equal(v->plan.initrd.base.v, 0x40103000);
	assert_int_equal(v->plan.dtb.base.v, 0x40100000);
}

static void truncated_kernel_is_one_line(void **state)
{
	struct vm *v = *state;

	make_efi_image(v->kernel);
	v->cfg.kernel.size = 4096;
	expect_line(v, "VM linux: kernel@48000000: Image is truncated: 4096 "
		       "bytes, its header needs 8192");
}

static void device_tree_above_2_mib_is_refused(void **state)
{
	struct vm *v = *state;

	assert_int_equal(loader_place(&v->plan, &v->cfg, MIB(2) + 8, v->line,
				      sizeof(v->line)),
			 -EINVAL);
	assert_string_equal(v->line, "VM linux: device tree: 2097160 bytes, at "
				     "most 2097152");
	assert_int_equal(loader_place(&v->plan, &v->cfg, MIB(2), v->line,
				      sizeof(v->line)),
			 0);
	assert_int_equal(v->plan.dtb.base.v, 0x5fe00000);
}

/* Whatever sizes are asked for, a plan that is made keeps every rule. */
/* Rules out: images-overlap */
static void every_plan_keeps_the_rules(void **state)
{
	struct vm *v = *state;
	uint64_t made = 0;

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct load_plan *p = &v->plan;
		uint64_t r[6];

		for (size_t k = 0; k < ARRAY_SIZE(r); k++)
			r[k] = (uint64_t)rand() << 31 | (uint64_t)rand();
		v->cfg.nr_ram = 2;
		v->ram[0] = (struct vm_range){{GIB(1) + r[0] % 512 * 4096},
					      (r[1] % 2048 + 1) * 4096};
		v->ram[1] = (struct vm_range){{GIB(2)}, MIB(r[2] % 64) + 1};
		v->cfg.nr_reserved = 1;
		v->reserved[0].base.v = GIB(1) + r[3] % MIB(8);
		v->reserved[0].size = r[4] % MIB(4) + 1;
		make_image(v->kernel, r[5] % 2 * 0x80000, r[2] % MIB(6), 0);
		v->cfg.initrd = (struct vm_module){
			{GIB(1) + r[1] % MIB(9)}, r[3] % MIB(5) + 1, "i"};
		if (place(v))
			continue;
		made++;
		for (unsigned k = 0; k < 3; k++) {
			const struct vm_range *x[] = {&p->kernel, &p->initrd,
						      &p->dtb};
			const struct vm_range *a = x[k], *b = x[(k + 1) % 3];

			assert_true(range_within(a->base.v, a->size,
						 v->ram[0].base.v,
						 v->ram[0].size) ||
				    range_within(a->base.v, a->size,
						 v->ram[1].base.v,
						 v->ram[1].size));
			assert_false(ranges_overlap(a->base.v, a->size,
						    b->base.v, b->size));
		}
		assert_false(ranges_overlap(p->kernel.base.v, p->kernel.size,
					    v->reserved[0].base.v,
					    v->reserved[0].size));
		assert_int_equal(p->dtb.base.v >> 21,
				 (p->dtb.base.v + p->dtb.size - 1) >> 21);
		assert_int_equal(p->dtb.base.v % 8, 0);
	}
	assert_true(made > 5000 && made < 20000);
}

/* ----------------------------------------------------------------- copy */

/* Guest RAM of 2 MiB for the VM above, and files with contents. */
struct copying {
	struct ram_source source;
	struct gmem mem;
	uint8_t initrd[5000], dtb[50];
};

static struct copying *copy_begin(struct vm *v, uint64_t ram_size)
{
	struct copying *c = calloc(1, sizeof(*c));
	const struct gmem_env env = {
		.block_alloc = ram_block_alloc,
		.block_free = ram_block_free,
		.sync_to_poc = ram_sync_to_poc,
		.max_order = 0,
		.ctx = &c->source,
	};

	ram_source_init(&c->source);
	gmem_init(&c->mem, &env, NULL);
	assert_int_equal(
		gmem_add(&c->mem, (ipa_t){0x40000000}, ram_size, GMEM_EAGER),
		0);
	v->ram[0].size = MIB(2);
	memset(v->kernel + 64, 0x11, FILE_SIZE - 64);
	memset(c->initrd, 0x22, sizeof(c->initrd));
	memset(c->dtb, 0x33, sizeof(c->dtb));
	return c;
}

static void copy_end(struct copying *c)
{
	gmem_destroy(&c->mem);
	ram_source_fini(&c->source);
	free(c);
}

/* Guest RAM holds these bytes, and a CPU without caches sees them too. */
static void expect_ram(struct copying *c, uint64_t at, const uint8_t *want,
		       uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		uint64_t one = 1;
		const uint8_t *p =
			gmem_ptr(&c->mem, (ipa_t){at + i}, &one, GMEM_READ);

		assert_non_null(p);
		assert_int_equal(*p, want[i]);
		assert_int_equal(c->source.clean[p - c->source.pool], want[i]);
	}
}

static void copy_follows_the_plan_and_leaves_the_bss_zero(void **state)
{
	static const uint8_t zeros[4096];
	struct vm *v = *state;
	struct copying *c = copy_begin(v, MIB(2));

	v->cfg.initrd =
		(struct vm_module){hpa_of(c->initrd), sizeof(c->initrd), "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(
		loader_copy(&v->plan, &v->cfg, c->dtb, sizeof(c->dtb), &c->mem),
		0);
	expect_ram(c, 0x40000000, v->kernel, FILE_SIZE);
	expect_ram(c, 0x40000000 + FILE_SIZE, zeros, sizeof(zeros));
	expect_ram(c, 0x40200000 - 0x2000, c->initrd, sizeof(c->initrd));
	expect_ram(c, 0x40200000 - 0x5000, c->dtb, sizeof(c->dtb));
	expect_ram(c, 0x40200000 - 0x5000 + sizeof(c->dtb), zeros, 8);
	copy_end(c);
}

static void copy_into_ram_that_is_not_there_is_an_error(void **state)
{
	struct vm *v = *state;
	struct copying *c = copy_begin(v, MIB(1));

	/* Kernel fits; initramfs and device tree stand at the end. */
	assert_int_equal(place(v), 0);
	assert_int_equal(
		loader_copy(&v->plan, &v->cfg, c->dtb, sizeof(c->dtb), &c->mem),
		-EFAULT);
	v->cfg.initrd =
		(struct vm_module){hpa_of(c->initrd), sizeof(c->initrd), "i"};
	assert_int_equal(place(v), 0);
	assert_int_equal(
		loader_copy(&v->plan, &v->cfg, c->dtb, sizeof(c->dtb), &c->mem),
		-EFAULT);
	copy_end(c);
}

static void copy_of_a_tree_larger_than_its_room_is_an_error(void **state)
{
	struct vm *v = *state;
	struct copying *c = copy_begin(v, MIB(2));

	assert_int_equal(place(v), 0);
	v->plan.dtb.size = sizeof(c->dtb) - 1;
	assert_int_equal(
		loader_copy(&v->plan, &v->cfg, c->dtb, sizeof(c->dtb), &c->mem),
		-EFAULT);
	copy_end(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_tells_offset_size_and_placement),
		cmocka_unit_test(header_tells_the_page_size),
		cmocka_unit_test(big_endian_kernel_is_taken),
		cmocka_unit_test(image_of_size_zero_is_an_old_kernel),
		cmocka_unit_test(file_that_is_no_image_is_named),
		cmocka_unit_test(header_that_cannot_be_is_refused),
		cmocka_unit_test(every_truncation_of_an_efi_image_is_seen),
		cmocka_unit_test(signature_that_is_cut_off_is_seen),
		cmocka_unit_test(stub_that_lies_stays_inside_the_file),
		T(by_rule_kernel_is_low_and_the_rest_high),
		T(tree_shares_no_page_of_64_kib_with_the_initrd),
		T(text_offset_is_kept_from_a_2_mib_boundary),
		T(text_offset_may_be_more_than_2_mib),
		T(kernel_with_an_offset_goes_right_behind_an_obstacle),
		T(module_in_ram_stays_at_its_own_address),
		T(kernel_that_wants_to_be_low_is_moved),
		T(kernel_is_moved_when_its_own_place_does_not_suit),
		T(initrd_in_the_kernels_bss_is_moved),
		T(initrd_lies_in_the_32_gib_window_of_the_kernel),
		T(initrd_far_below_the_kernel_is_not_in_its_window),
		T(device_tree_does_not_cross_a_2_mib_block),
		T(device_tree_is_near_the_kernel_when_it_can),
		T(nothing_is_put_where_the_guests_tree_reserves),
		T(reservation_up_to_the_last_byte_ends_the_search),
		T(what_does_not_fit_is_one_line),
		T(truncated_kernel_is_one_line),
		T(device_tree_above_2_mib_is_refused),
		T(every_plan_keeps_the_rules),
		T(copy_follows_the_plan_and_leaves_the_bss_zero),
		T(copy_into_ram_that_is_not_there_is_an_error),
		T(copy_of_a_tree_larger_than_its_room_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
