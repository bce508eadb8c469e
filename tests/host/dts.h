/* Device trees for tests, compiled from source text by dtc. */
#ifndef PLINTH_TESTS_HOST_DTS_H
#define PLINTH_TESTS_HOST_DTS_H

#include <stddef.h>

/*
 * The blob for `text` (a whole source file, or only what stands between the
 * braces of the root node), 8-byte aligned; *len in bytes. Aborts on a text
 * that dtc refuses. The caller frees it with free().
 */
void *dts_compile(const char *text, size_t *len);

#endif
