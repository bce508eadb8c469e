/*
 * What the host build supplies in place of EL2's edge: panic as a test
 * failure, log capture, a pool that stands for physical memory.
 */
#ifndef PLINTH_TESTS_HOST_H
#define PLINTH_TESTS_HOST_H

#include <setjmp.h>
#include <stdarg.h>

#include <base/types.h>

#include <cmocka.h>

/* The last line that went through log_line(), "" when none since the reset. */
const char *host_log_last(void);
/* How many lines since the reset. */
unsigned host_log_count(void);
/* In how many of the last 64 lines since the reset that text is. */
unsigned host_log_said(const char *text);
void host_log_reset(void);

/* `size` bytes of zeroed memory aligned to `align` (a power of two). */
void *host_ram_alloc(uint64_t size, uint64_t align);
void host_ram_free(void *p);

#endif
