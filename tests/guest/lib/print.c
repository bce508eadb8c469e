/*
 * A printf for integers and strings, straight to the UART; no buffer, no
 * allocation, no lock (only one CPU prints at a time).
 */
#include "print.h"

#include "uart.h"

struct spec {
	unsigned width;
	char pad;
	bool is_long;
	char conv;
};

void put_char(char c)
{
	if (c == '\n')
		uart_put('\r');
	uart_put((uint8_t)c);
}

static void put_number(uint64_t v, unsigned base, const struct spec *s,
		       bool minus)
{
	char buf[24];
	unsigned n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (minus)
		buf[n++] = '-';
	for (unsigned i = n; i < s->width; i++)
		put_char(s->pad);
	while (n)
		put_char(buf[--n]);
}

static const char *parse_spec(const char *p, struct spec *s)
{
	*s = (struct spec){.pad = ' '};
	if (*p == '0') {
		s->pad = '0';
		p++;
	}
	for (; *p >= '0' && *p <= '9'; p++)
		s->width = s->width * 10 + (unsigned)(*p - '0');
	for (; *p == 'l' || *p == 'z'; p++)
		s->is_long = true;
	s->conv = *p;
	return *p ? p + 1 : p;
}

static void put_string(const char *str)
{
	while (*str)
		put_char(*str++);
}

static void put_signed(int64_t v, const struct spec *s)
{
	put_number(v < 0 ? -(uint64_t)v : (uint64_t)v, 10, s, v < 0);
}

static void put_unsigned(uint64_t v, const struct spec *s)
{
	put_number(v, s->conv == 'x' ? 16 : 10, s, false);
}

void vprint(const char *fmt, va_list ap)
{
	struct spec s;

	while (*fmt) {
		if (*fmt != '%') {
			put_char(*fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &s);
		if (s.conv == 's')
			put_string(va_arg(ap, const char *));
		else if (s.conv == 'c')
			put_char((char)va_arg(ap, int));
		else if (s.conv == 'd' && s.is_long)
			put_signed(va_arg(ap, int64_t), &s);
		else if (s.conv == 'd')
			put_signed(va_arg(ap, int), &s);
		else if ((s.conv == 'u' || s.conv == 'x') && s.is_long)
			put_unsigned(va_arg(ap, uint64_t), &s);
		else if (s.conv == 'u' || s.conv == 'x')
			put_unsigned(va_arg(ap, unsigned), &s);
		else
			put_char(s.conv);
	}
}

void print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint(fmt, ap);
	va_end(ap);
}
