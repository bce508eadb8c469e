/*
 * Names of functions by bisection in a table that the link has made; layout
 * and contract in symbols.h. Left out: data, lines.
 * docs/design/04-exceptions.md.
 */
#include <base/fmt.h>

#include <hyp/symbols.h>

#define INSN 4U /* bytes */

struct symbols symbols_open(const void *table, uint64_t len, uint64_t base)
{
	const struct symbols_header *h = table;
	const struct symbol_entry *e = (const struct symbol_entry *)(h + 1);
	struct symbols s = {.base = base};

	if (len < sizeof(*h) ||
	    len - sizeof(*h) < h->nr * sizeof(*e) + (uint64_t)h->names)
		return s;
	s.nr = h->nr;
	s.entry = e;
	s.names = (const char *)(e + h->nr);
	return s;
}

/* How many entries begin at or below `offset`. */
static unsigned nr_up_to(const struct symbols *s, uint64_t offset)
{
	unsigned from = 0, to = s->nr;

	while (from < to) {
		unsigned mid = from + (to - from) / 2;

		if (s->entry[mid].offset <= offset)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

const char *symbol_name(const struct symbols *s, uint64_t pc, uint64_t *offset,
			uint64_t *size)
{
	unsigned nr = pc < s->base ? 0 : nr_up_to(s, pc - s->base);
	const struct symbol_entry *e = &s->entry[nr ? nr - 1 : 0];

	if (!nr || pc - s->base - e->offset >= (uint64_t)e->insns * INSN)
		return NULL;
	*offset = pc - s->base - e->offset;
	*size = (uint64_t)e->insns * INSN;
	return s->names + e->name;
}

int symbol_print(const struct symbols *s, uint64_t insn, uint64_t pc, char *buf,
		 size_t len)
{
	uint64_t offset, size;
	const char *name = symbol_name(s, insn, &offset, &size);

	if (!name)
		return fmt_line(buf, len, "?");
	return fmt_line(buf, len, "%s+0x%lx/0x%lx", name, offset + (pc - insn),
			size);
}
