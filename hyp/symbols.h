/*
 * Names of Plinth's own functions, for the crash report: a table that the
 * build makes from the linked image (scripts/link-el2). It holds offsets from
 * the image's start, so it is right wherever the image runs. Read-only; called
 * with anything as an address.
 * Plinth's own layout: docs/design/04-exceptions.md.
 */
#ifndef PLINTH_HYP_SYMBOLS_H
#define PLINTH_HYP_SYMBOLS_H

#include <base/types.h>

/* In the image: a header, entries by rising offset, names that end with NUL. */
struct symbols_header {
	uint32_t nr;    /* of entries */
	uint32_t names; /* bytes, NULs included */
};

struct symbol_entry {
	uint32_t offset; /* bytes, of the first instruction */
	uint16_t insns;  /* length in instructions */
	uint16_t name;   /* bytes into the names */
};

struct symbols {
	uint64_t base; /* where the image runs */
	unsigned nr;   /* 0: there is no table */
	const struct symbol_entry *entry;
	const char *names;
};

/* `len` bytes at `table`, 8-byte aligned. One that is cut short, as in an image
 * that was linked without one, has no entries. */
struct symbols symbols_open(const void *table, uint64_t len, uint64_t base);

/*
 * The function that holds the instruction at `pc`, with its size in bytes and
 * the instruction's offset in it; NULL: none does.
 */
const char *symbol_name(const struct symbols *s, uint64_t pc, uint64_t *offset,
			uint64_t *size);

/*
 * Writes "name+0xoffset/0xsize", or "?" where there is no function, and
 * returns the length, as fmt_line() does. `insn` is the instruction that
 * decides; `pc` the address that is shown. They differ for a return address: a
 * call that does not return may be the last instruction of its function.
 */
int symbol_print(const struct symbols *s, uint64_t insn, uint64_t pc, char *buf,
		 size_t len);

#endif
