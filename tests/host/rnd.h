/* Repeatable random numbers for tests. */
#ifndef PLINTH_TESTS_RND_H
#define PLINTH_TESTS_RND_H

#include <base/types.h>

/* 0 .. below - 1; below is less than 2^28. */
static inline uint32_t rnd(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)(*seed >> 4) * below) >> 28);
}

#endif
