/*
 * A source of pages for arenas in tests: counts what is out, and can run dry
 * at a chosen allocation.
 */
#ifndef PLINTH_TESTS_HOST_PAGES_H
#define PLINTH_TESTS_HOST_PAGES_H

#include <hyp/arena.h>

struct host_pages {
	uint64_t out;     /* pages not given back */
	uint64_t calls;   /* allocations asked for */
	uint64_t fail_at; /* this call and all later ones fail; 0: none */
};

struct arena_env host_pages_env(struct host_pages *p);

#endif
