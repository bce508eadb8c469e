/* Host-side edge for unit tests and fuzz targets; see host.h. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/log.h>
#include <base/panic.h>

static char last_line[256];
static unsigned nr_lines;

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(last_line, sizeof(last_line), fmt, ap);
	va_end(ap);
	nr_lines++;
}

const char *host_log_last(void)
{
	return last_line;
}

unsigned host_log_count(void)
{
	return nr_lines;
}

void host_log_reset(void)
{
	last_line[0] = '\0';
	nr_lines = 0;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	abort();
}

void assert_failed(const char *what, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, what);
}

void *host_ram_alloc(uint64_t size, uint64_t align)
{
	void *p = aligned_alloc(align, align_up(size, align));

	if (!p)
		abort();
	return memset(p, 0, size);
}

void host_ram_free(void *p)
{
	free(p);
}
