/*
 * Formatting of one line of text into a caller's buffer: for error lines that
 * are built in one place and printed in another. Integer conversions and %s,
 * %c, %p only (newlib-nano's integer printf family), and of the lengths only l
 * (scripts/lint refuses others); 64-bit values are `unsigned long` on every
 * target, so %lu and %lx print a uint64_t.
 * ISO C 7.21.6 for what is left of the formats.
 */
#ifndef PLINTH_BASE_FMT_H
#define PLINTH_BASE_FMT_H

#include <stdarg.h>

#include <base/types.h>

_Static_assert(sizeof(long) == sizeof(uint64_t), "%lx prints a uint64_t");

/* Long enough for every error line of ours; a longer one is cut. */
#define FMT_LINE_MAX 200 /* bytes, NUL included */

/*
 * Writes at most len bytes, NUL included (len 0: nothing), and returns the
 * number of characters that are in the buffer, without the NUL: never more
 * than len - 1, so `buf + result` is always where the next piece goes.
 */
PRINTF_LIKE(3, 4) int fmt_line(char *buf, size_t len, const char *fmt, ...);
PRINTF_LIKE(3, 0)
int fmt_vline(char *buf, size_t len, const char *fmt, va_list ap);

#endif
