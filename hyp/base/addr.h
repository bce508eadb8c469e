/*
 * Address domains as types: an intermediate physical address (what a guest
 * calls physical) and a host physical address cannot be mixed by accident.
 *
 * ipa_t: guest-controlled; only hyp/gmem.h turns it into host memory, after a
 *        bounds check against that VM's own RAM.
 * hpa_t: host physical. EL2 maps all RAM at VA == PA, so hpa_ptr() is the
 *        identity there; in a host build an hpa_t is an ordinary pointer of
 *        the test process, with the same code.
 *
 * Plinth's own; the terms are Arm ARM DDI 0487's.
 */
#ifndef PLINTH_BASE_ADDR_H
#define PLINTH_BASE_ADDR_H

#include <base/types.h>

typedef struct {
	uint64_t v;
} ipa_t;

typedef struct {
	uint64_t v;
} hpa_t;

static inline ipa_t ipa_add(ipa_t a, uint64_t bytes)
{
	return (ipa_t){a.v + bytes};
}

static inline hpa_t hpa_add(hpa_t a, uint64_t bytes)
{
	return (hpa_t){a.v + bytes};
}

/* The EL2 pointer to host memory that EL2 itself owns or was given. */
static inline void *hpa_ptr(hpa_t a)
{
	return (void *)(uintptr_t)a.v;
}

static inline hpa_t hpa_of(const void *p)
{
	return (hpa_t){(uint64_t)(uintptr_t)p};
}

#endif
