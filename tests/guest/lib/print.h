/*
 * Console of the payloads: a PL011 at QEMU virt's address, polled, one CPU
 * at a time. Formats: %s %c %% and %d %u %x with l, ll, 0 and a width.
 */
#ifndef PLINTH_GUEST_PRINT_H
#define PLINTH_GUEST_PRINT_H

#include <stdarg.h>

#include <base/types.h>

void put_char(char c);
PRINTF_LIKE(1, 2) void print(const char *fmt, ...);
void vprint(const char *fmt, va_list ap);

#endif
