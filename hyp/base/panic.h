/*
 * Broken invariants of Plinth itself. Nothing a guest, a manifest or a device
 * tree does may lead here: those get an architected answer or an error code.
 * Plinth's own: docs/design/04-exceptions.md says what a panic prints.
 */
#ifndef PLINTH_BASE_PANIC_H
#define PLINTH_BASE_PANIC_H

#include <base/types.h>

/* Report registers and a backtrace, end the machine. */
NORETURN PRINTF_LIKE(1, 2) void panic(const char *fmt, ...);

/* Out of line so that ASSERT costs one compare and branch. */
NORETURN void assert_failed(const char *what, const char *file, int line);

#define ASSERT(x)                                                              \
	do {                                                                   \
		if (__builtin_expect(!(x), 0))                                 \
			assert_failed(#x, __FILE_NAME__, __LINE__);            \
	} while (0)

#endif
