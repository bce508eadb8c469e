/*
 * Device trees (and other files) from fuzz input. The first byte chooses: the
 * rest is the blob as it is, or it is a list of changes (offset: 2 bytes,
 * value: 1 byte) to a sound one, so that the fuzzer gets behind the first
 * checks at once.
 */
#ifndef PLINTH_TESTS_FUZZ_TREE_INPUT_H
#define PLINTH_TESTS_FUZZ_TREE_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An 8-byte aligned blob in a heap block of its own; *len in bytes. */
static inline void *tree_input(const uint8_t *data, size_t size,
			       const void *sound, size_t sound_len, size_t *len)
{
	int raw = size == 0 || data[0] == 0;
	uint8_t *blob;

	*len = raw ? (size ? size - 1 : 0) : sound_len;
	blob = aligned_alloc(8, (*len + 8) & ~(size_t)7);
	if (!blob)
		abort();
	if (*len)
		memcpy(blob, raw ? (const void *)(data + 1) : sound, *len);
	for (size_t i = 1; !raw && *len && i + 3 <= size; i += 3)
		blob[(size_t)(data[i] | data[i + 1] << 8) % *len] = data[i + 2];
	return blob;
}

/* Refused input has left exactly one line. */
static inline void expect_line(const char *line)
{
	if (line[0] == '\0' || strchr(line, '\n'))
		abort();
}

#endif
