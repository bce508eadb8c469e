/* base/fmt.h over the host's C library. */
#include <stdio.h>

#include <base/fmt.h>

int fmt_vline(char *buf, size_t len, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, len, fmt, ap);

	if (n < 0 || len == 0)
		return 0;
	return (size_t)n < len ? n : (int)(len - 1);
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
