/*
 * Memory and string helpers of the payloads; byte at a time, no alignment
 * demanded (the MMU may be off).
 */
#ifndef PLINTH_GUEST_STRING_H
#define PLINTH_GUEST_STRING_H

#include <base/types.h>

void *memset(void *to, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
/* Whether `word` is one of the space-separated words of `s`. */
bool str_has_word(const char *s, const char *word);
/* The decimal number after the first word that begins with `key`, or 0. */
uint64_t str_number(const char *s, const char *key);

#endif
