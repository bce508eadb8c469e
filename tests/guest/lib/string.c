/*
 * The four functions that a freestanding compiler may call by itself.
 */
#include "string.h"

void *memset(void *to, int c, size_t n)
{
	unsigned char *p = to;

	while (n--)
		*p++ = (unsigned char)c;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	unsigned char *p = to;
	const unsigned char *q = from;

	while (n--)
		*p++ = *q++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	unsigned char *p = to;
	const unsigned char *q = from;

	if (p <= q)
		return memcpy(to, from, n);
	while (n--)
		p[n] = q[n];
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

bool str_eq(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool str_starts(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return !*prefix;
}

static size_t word_len(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != ' ')
		n++;
	return n;
}

bool str_has_word(const char *s, const char *word)
{
	size_t want = word_len(word);

	while (*s) {
		size_t n = word_len(s);

		if (n == want && memcmp(s, word, n) == 0)
			return true;
		s += n;
		while (*s == ' ')
			s++;
	}
	return false;
}

static uint64_t number(const char *s)
{
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	return n;
}

uint64_t str_number(const char *s, const char *key)
{
	size_t skip = word_len(key);

	while (*s) {
		if (str_starts(s, key))
			return number(s + skip);
		s += word_len(s);
		while (*s == ' ')
			s++;
	}
	return 0;
}
