/*
 * What newlib's string formatting wants from the program that links it, and
 * the one formatting function that the rest of Plinth uses. Integer formats
 * only (vsniprintf); newlib's allocator is not linked, and its reentrancy
 * structure is only ever written through for errno.
 * ISO C 7.21.6 for the formats; docs/design/03-boot.md for what of newlib is
 * linked.
 */
#include <reent.h>
#include <stdarg.h>
#include <stdio.h>

#include <base/fmt.h>

static struct _reent reent;
struct _reent *_impure_ptr = &reent;

void *_malloc_r(struct _reent *r, size_t size);
void *_realloc_r(struct _reent *r, void *p, size_t size);
void _free_r(struct _reent *r, void *p);

/* Reached only by formats that grow a buffer, which fmt_line() never does. */
void *_malloc_r(struct _reent *r, size_t size)
{
	(void)r;
	(void)size;
	return NULL;
}

void *_realloc_r(struct _reent *r, void *p, size_t size)
{
	(void)r;
	(void)p;
	(void)size;
	return NULL;
}

void _free_r(struct _reent *r, void *p)
{
	(void)r;
	(void)p;
}

int fmt_vline(char *buf, size_t len, const char *fmt, va_list ap)
{
	int n = len ? vsniprintf(buf, len, fmt, ap) : 0;

	if (n < 0)
		n = 0;
	return len && (size_t)n >= len ? (int)len - 1 : n;
}

int fmt_line(char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = fmt_vline(buf, len, fmt, ap);
	va_end(ap);
	return n;
}
