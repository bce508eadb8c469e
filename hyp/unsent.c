/*
 * Rings of bytes cut into lines of text; contract in unsent.h. Called by the
 * crash report alone. ECMA-48 for control sequences, which are left out.
 */
#include <base/fmt.h>

#include <hyp/unsent.h>

#define LINE_MAX (FMT_LINE_MAX - 16) /* for the report's own words */
#define ESC      0x1b

enum in {
	IN_TEXT,
	IN_ESCAPE,
	IN_SEQUENCE
};

struct line {
	void (*say)(const char *line);
	unsigned begin, len; /* the text, behind the name */
	enum in in;
	char text[LINE_MAX];
};

static void end_line(struct line *l)
{
	l->text[l->len] = '\0';
	if (l->len != l->begin)
		l->say(l->text);
	l->len = l->begin;
}

/* Whether the byte belongs to a control sequence. */
static bool is_control(struct line *l, uint8_t byte)
{
	enum in was = l->in;

	if (byte == ESC)
		l->in = IN_ESCAPE;
	else if (was == IN_ESCAPE)
		l->in = byte == '[' ? IN_SEQUENCE : IN_TEXT;
	else if (was == IN_SEQUENCE && byte >= 0x40 && byte <= 0x7e)
		l->in = IN_TEXT;
	return was != IN_TEXT || byte == ESC;
}

static void add(struct line *l, uint8_t byte)
{
	if (byte == '\n') {
		end_line(l);
		l->in = IN_TEXT;
		return;
	}
	if (is_control(l, byte) || (byte < ' ' && byte != '\t') || byte == 0x7f)
		return;
	l->text[l->len++] = (char)byte;
	if (l->len == LINE_MAX - 1)
		end_line(l);
}

/* From `from` to `to`, positions that only grow; `size` is a power of two. */
static void add_ring(struct line *l, const uint8_t *ring, uint32_t size,
		     uint32_t from, uint32_t to)
{
	if (to - from > UNSENT_MAX)
		from = to - UNSENT_MAX;
	for (; from != to; from++)
		add(l, ring[from % size]);
	end_line(l);
	l->in = IN_TEXT;
}

/* A line of which a part is on the terminal comes whole; one that has no end,
 * the monitor's prompt say, is of interest if it is a VM's. */
static void add_port(struct line *l, const struct mux_port *p)
{
	uint32_t from = p->shown, to = p->is_vm ? p->head : p->ready;

	if (from != to && from - p->line <= MUX_LINE)
		from = p->line;
	for (unsigned i = 0; i < sizeof(p->tag) && p->tag[i]; i++)
		add(l, (uint8_t)p->tag[i]);
	l->begin = l->len;
	add_ring(l, p->out, MUX_RING, from, to);
	l->begin = l->len = 0;
}

void unsent_say(const struct console *c, const struct mux *m,
		void (*say)(const char *line))
{
	struct line l = {.say = say};

	add_ring(&l, c->tx, CONSOLE_TX_RING, c->tx_tail, c->tx_head);
	for (unsigned i = 0; m && i < m->nr_ports; i++)
		add_port(&l, &m->ports[i]);
}
