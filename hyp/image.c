/*
 * The header of an arm64 kernel Image.
 *
 * Models: magic, text_offset, image_size and flags; of an EFI stub's PE/COFF
 * headers the section table and the signature, whose file offsets tell how
 * long the file must be. A payload without an EFI stub does not say how long
 * its file is. The endianness flag is not looked at: code is little-endian
 * either way, and a kernel sets SCTLR_EL1.EE itself. Leaves out: compressed
 * kernels. Specifications: see image.h. Called by hyp/loader.c. No locks.
 */
#include <errno.h>
#include <string.h>

#include <base/bits.h>
#include <base/fmt.h>

#include <hyp/image.h>

/* The Image header, little endian. */
#define HDR_TEXT_OFFSET 8
#define HDR_IMAGE_SIZE  16
#define HDR_FLAGS       24
#define HDR_MAGIC       56
#define HDR_PE_OFFSET   60
#define FLAG_PAGE_SIZE  GENMASK(2, 1) /* 0: not told */
#define FLAG_ANYWHERE   BIT(3)
#define OLD_TEXT_OFFSET UINT64_C(0x80000) /* where image_size is 0 */

/* PE/COFF, from the "PE\0\0" signature on. */
#define PE_NR_SECTIONS     6
#define PE_OPT_HEADER_SIZE 20
#define PE_OPT_HEADER      24

/* PE32+ optional header. */
#define OPT_MAGIC    0x20b /* at 0 */
#define OPT_NR_DIRS  108
#define OPT_CERT_DIR 144 /* fifth directory: file offset, size */
#define CERT_DIR     4

/* Section table. */
#define SECTION_SIZE     40
#define SECTION_RAW_SIZE 16
#define SECTION_RAW_AT   20

struct file {
	const uint8_t *p;
	uint64_t size;
};

static uint64_t le(const struct file *f, uint64_t at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | f->p[at + bytes];
	return v;
}

static bool starts_with(const struct file *f, uint64_t at, const void *magic,
			size_t len)
{
	return range_within(at, len, 0, f->size) &&
	       memcmp(f->p + at, magic, len) == 0;
}

/* The greatest file offset that a PE section table speaks of, at least `end`.
 */
static uint64_t sections_end(const struct file *f, uint64_t table, uint64_t nr,
			     uint64_t end)
{
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t s = table + i * SECTION_SIZE;
		uint64_t size = le(f, s + SECTION_RAW_SIZE, 4);

		if (size)
			end = max_u64(end, size + le(f, s + SECTION_RAW_AT, 4));
	}
	return end;
}

/* The end of the signature, which stands behind the sections; 0 when none. */
static uint64_t signature_end(const struct file *f, uint64_t opt, uint64_t size)
{
	if (size < OPT_CERT_DIR + 8 || le(f, opt, 2) != OPT_MAGIC ||
	    le(f, opt + OPT_NR_DIRS, 4) <= CERT_DIR)
		return 0;
	return le(f, opt + OPT_CERT_DIR, 4) + le(f, opt + OPT_CERT_DIR + 4, 4);
}

/* Bytes that the file must have by its EFI stub; 0 when it has no stub. */
static uint64_t needed_size(const struct file *f)
{
	uint64_t pe, opt, opt_size, table, nr, end;

	if (!starts_with(f, 0, "MZ", 2))
		return 0;
	pe = le(f, HDR_PE_OFFSET, 4);
	if (!range_within(pe, PE_OPT_HEADER, 0, f->size))
		return pe + PE_OPT_HEADER;
	if (!starts_with(f, pe, "PE\0", 4))
		return 0;
	nr = le(f, pe + PE_NR_SECTIONS, 2);
	opt = pe + PE_OPT_HEADER;
	opt_size = le(f, pe + PE_OPT_HEADER_SIZE, 2);
	table = opt + opt_size;
	end = table + nr * SECTION_SIZE;
	if (end > f->size)
		return end;
	end = max_u64(end, signature_end(f, opt, opt_size));
	return sections_end(f, table, nr, end);
}

/* Why a file without the magic is not what was meant. */
static int not_an_image(const struct file *f, char *why, size_t why_len)
{
	if (starts_with(f, 0, "\x1f\x8b", 2)) {
		(void)fmt_line(why, why_len,
			       "is compressed (gzip), not an arm64 Image");
	} else if (starts_with(f, 4, "zimg", 4)) {
		(void)fmt_line(why, why_len,
			       "is compressed (EFI zboot), not an arm64 Image");
	} else if (starts_with(f, 0,
			       "\x7f"
			       "ELF",
			       4)) {
		(void)fmt_line(why, why_len, "is an ELF, not an arm64 Image");
	} else {
		(void)fmt_line(why, why_len,
			       "is not an arm64 Image: magic is %#lx",
			       le(f, HDR_MAGIC, 4));
	}
	return -EINVAL;
}

static int check_magic(const struct file *f, char *why, size_t why_len)
{
	if (f->size < IMAGE_HEADER_SIZE) {
		(void)fmt_line(why, why_len,
			       "Image is truncated: %lu bytes, its header has "
			       "%d",
			       f->size, IMAGE_HEADER_SIZE);
		return -EINVAL;
	}
	if (!starts_with(f, HDR_MAGIC, "ARM\x64", 4))
		return not_an_image(f, why, why_len);
	return 0;
}

static int check_whole(const struct file *f, char *why, size_t why_len)
{
	uint64_t needed = needed_size(f);

	if (needed <= f->size)
		return 0;
	(void)fmt_line(why, why_len,
		       "Image is truncated: %lu bytes, its header needs %lu",
		       f->size, needed);
	return -EINVAL;
}

/* log2 of the page size by the flags' field; 0 when it is not told. */
static uint8_t page_shift(uint64_t flags)
{
	static const uint8_t shift[4] = {0, 12, 14, 16};

	return shift[FIELD_GET(FLAG_PAGE_SIZE, flags)];
}

int image_parse(struct image *img, const void *file, uint64_t size, char *why,
		size_t why_len)
{
	const struct file f = {file, size};
	uint64_t image_size, flags;
	int err = check_magic(&f, why, why_len);

	if (!err)
		err = check_whole(&f, why, why_len);
	if (err)
		return err;
	/* 0: an old kernel, whose other fields mean nothing; it needs an
	 * unknown amount after its end, which the loader leaves free as far
	 * as it can by placing the rest high. */
	image_size = le(&f, HDR_IMAGE_SIZE, 8);
	flags = image_size ? le(&f, HDR_FLAGS, 8) : 0;
	*img = (struct image){
		.text_offset = image_size ? le(&f, HDR_TEXT_OFFSET, 8)
					  : OLD_TEXT_OFFSET,
		.size = max_u64(image_size, size),
		.anywhere = (flags & FLAG_ANYWHERE) != 0,
		.page_shift = page_shift(flags),
	};
	if (img->text_offset >> 48 || !is_aligned(img->text_offset, 4)) {
		(void)fmt_line(why, why_len, "Image has text offset %#lx",
			       img->text_offset);
	} else if (image_size >> 48) {
		(void)fmt_line(why, why_len, "Image has size %#lx", image_size);
	} else {
		return 0;
	}
	return -EINVAL;
}
