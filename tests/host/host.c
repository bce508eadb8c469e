/* Host-side edge for unit tests and fuzz targets; see host.h. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/log.h>
#include <base/panic.h>

#define LINES_KEPT 64U

static char lines[LINES_KEPT][256];
static unsigned nr_lines;

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	(void)vsnprintf(lines[nr_lines++ % LINES_KEPT], sizeof(lines[0]), fmt,
			ap);
	va_end(ap);
}

const char *host_log_last(void)
{
	return nr_lines ? lines[(nr_lines - 1) % LINES_KEPT] : "";
}

unsigned host_log_count(void)
{
	return nr_lines;
}

void host_log_reset(void)
{
	nr_lines = 0;
}

unsigned host_log_said(const char *text)
{
	unsigned said = 0;

	for (unsigned i = 0; i < nr_lines && i < LINES_KEPT; i++)
		said += strstr(lines[i], text) != NULL;
	return said;
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
