/*
 * What the programs for a Linux guest share: system calls, and their output,
 * which is that of the payloads in tests/guest/lib/check.h.
 */
#ifndef PLINTH_TESTS_PROGRAMS_LINUX_H
#define PLINTH_TESTS_PROGRAMS_LINUX_H

#include <guest/linux/syscall.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_write 64

static inline void say(const char *text)
{
	size_t len = 0;

	while (text[len])
		len++;
	(void)call(SYS_write, 1, (long)text, (long)len, 0, 0);
}

static inline void say_number(uint64_t v)
{
	char digits[21], *at = digits + 20;

	*at = '\0';
	do {
		*--at = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	say(at);
}

#endif
