/*
 * Kernel Images and their placement in RAM of some shape. Held to: no access
 * outside the file (the sanitizers watch), one error line for what is refused,
 * and a plan that lies in RAM without overlap.
 */
#include <base/fmt.h>

#include <hyp/image.h>
#include <hyp/loader.h>

#include "tree_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What precedes the file in the input. */
struct shape {
	uint32_t ram_pages[2];
	uint32_t ram_gap; /* pages */
	uint32_t reserved_at, reserved_pages;
	uint32_t initrd_at, initrd_size;
	uint32_t dtb_size;
};

static bool in_ram(const struct vm_config *c, struct vm_range r)
{
	for (unsigned i = 0; i < c->nr_ram; i++) {
		if (range_within(r.base.v, r.size, c->ram[i].base.v,
				 c->ram[i].size))
			return true;
	}
	return false;
}

static bool overlap(struct vm_range a, struct vm_range b)
{
	return ranges_overlap(a.base.v, a.size, b.base.v, b.size);
}

static void check(const struct vm_config *c, const struct load_plan *p)
{
	if (!in_ram(c, p->kernel) || !in_ram(c, p->dtb) ||
	    overlap(p->kernel, p->dtb) || p->entry.v != p->kernel.base.v ||
	    p->kernel.size < c->kernel.size)
		abort();
	if (p->initrd.size &&
	    (!in_ram(c, p->initrd) || overlap(p->initrd, p->dtb) ||
	     overlap(p->initrd, p->kernel)))
		abort();
}

static void place(const struct shape *s, const void *file, size_t size)
{
	uint64_t first = (uint64_t)s->ram_pages[0] * PAGE_SIZE + PAGE_SIZE;
	struct vm_range ram[2] = {
		{{GIB(1)}, first},
		{{GIB(1) + first + (uint64_t)s->ram_gap * PAGE_SIZE},
		 (uint64_t)s->ram_pages[1] * PAGE_SIZE + PAGE_SIZE},
	};
	struct vm_range reserved = {{GIB(1) + s->reserved_at},
				    (uint64_t)s->reserved_pages + 1};
	const struct vm_config cfg = {
		.name = "fuzz",
		.ram = ram,
		.nr_ram = 2,
		.reserved = &reserved,
		.nr_reserved = 1,
		.kernel = {hpa_of(file), size, "k"},
		.initrd = {{GIB(1) + s->initrd_at}, s->initrd_size, "i"},
	};
	char line[FMT_LINE_MAX] = "";
	struct load_plan plan;

	if (loader_place(&plan, &cfg, s->dtb_size, line, sizeof(line)))
		expect_line(line);
	else
		check(&cfg, &plan);
}

/* An Image whose EFI stub at 64 has one section and a signature. */
static const uint8_t sound[512] = {
	[0] = 'M',         'Z',  [16] = 0, 0x10, /* image_size */
	[24] = 8,                                /* flags: anywhere */
	[56] = 'A',        'R',  'M',      0x64, 64,   [64] = 'P', 'E',
	[70] = 1,                /* NumberOfSections */
	[84] = 160,              /* SizeOfOptionalHeader */
	[88] = 0x0b,       0x02, /* PE32+ */
	[88 + 108] = 6,          /* NumberOfRvaAndSizes */
	[88 + 144] = 0x80, 0x01, 0,        0,    0x80, /* Certificate Table */
	[248 + 16] = 0x80, 0,    0,        0,    0,    0x01, /* SizeOfRawData,
								Pointer... */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[FMT_LINE_MAX] = "";
	struct image img;
	struct shape s;
	void *file;

	if (size < sizeof(s))
		return 0;
	memcpy(&s, data, sizeof(s));
	file = tree_input(data + sizeof(s), size - sizeof(s), sound,
			  sizeof(sound), &size);
	if (image_parse(&img, file, size, line, sizeof(line)))
		expect_line(line);
	if (size)
		place(&s, file, size);
	free(file);
	return 0;
}
