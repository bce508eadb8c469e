/*
 * The header of an arm64 kernel Image: what it demands of its loader, and
 * whether the file is whole.
 *
 * Specification: Linux Documentation/arch/arm64/booting ("Call the kernel
 * image"); for the check of wholeness the PE/COFF headers of an EFI stub.
 */
#ifndef PLINTH_HYP_IMAGE_H
#define PLINTH_HYP_IMAGE_H

#include <base/types.h>

#define IMAGE_HEADER_SIZE 64
#define IMAGE_BASE_ALIGN  MIB(2) /* of the address before text_offset */

struct image {
	uint64_t text_offset; /* bytes from a 2 MiB boundary, which may be more
			       * than 2 MiB before it; entry is there */
	uint64_t size; /* bytes to keep free from the entry on, BSS included;
			* never less than the file */
	bool anywhere; /* may stand far above the base of RAM */
	uint8_t page_shift; /* of the kernel: 12, 14, 16; 0: not told */
};

/*
 * Reads the header of the `size` bytes at `file`. 0, or -EINVAL with the
 * reason (no prefix) in `why`: too small, compressed, no Image, truncated,
 * sizes that cannot be.
 */
MUST_CHECK int image_parse(struct image *img, const void *file, uint64_t size,
			   char *why, size_t why_len);

#endif
