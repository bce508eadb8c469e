/*
 * Line editing; contract and keys in line_edit.h. Left out: lines that are
 * longer than the terminal is wide, characters beyond ASCII.
 * ECMA-48; docs/design/17-console.md.
 */
#include <string.h>

#include <hyp/line_edit.h>

#define CTRL(c) ((c)&0x1f)
#define ESC     0x1b

static void put(struct line_edit *e, const char *text)
{
	e->put(e->ctx, text, strlen(text));
}

/* Moves the cursor back from the end of the line to where it is. */
static void put_cursor(struct line_edit *e)
{
	for (unsigned n = e->at; n < e->len; n++)
		put(e, "\b");
}

/* What is behind the cursor has changed. */
static void draw_rest(struct line_edit *e)
{
	put(e, e->line + e->at);
	put(e, "\x1b[K");
	put_cursor(e);
}

static void draw(struct line_edit *e)
{
	put(e, "\r");
	put(e, e->prompt);
	put(e, e->line);
	put(e, "\x1b[K");
	put_cursor(e);
}

void line_edit_init(struct line_edit *e, const char *prompt,
		    void (*put_text)(void *ctx, const char *text, size_t len),
		    void *ctx)
{
	memset(e, 0, sizeof(*e));
	e->prompt = prompt;
	e->put = put_text;
	e->ctx = ctx;
}

static void clear(struct line_edit *e)
{
	e->len = e->at = e->back = 0;
	e->line[0] = '\0';
}

void line_edit_begin(struct line_edit *e)
{
	clear(e);
	put(e, e->prompt);
}

void line_edit_show(struct line_edit *e)
{
	put(e, e->prompt);
	put(e, e->line);
	put_cursor(e);
}

static void insert(struct line_edit *e, char c)
{
	if (e->len == LINE_EDIT_MAX)
		return;
	memmove(e->line + e->at + 1, e->line + e->at, e->len - e->at + 1);
	e->line[e->at++] = c;
	e->len++;
	e->put(e->ctx, &c, 1);
	if (e->at < e->len)
		draw_rest(e);
}

void line_edit_insert(struct line_edit *e, const char *text)
{
	for (; *text; text++)
		insert(e, *text);
}

/* Takes the n characters before the cursor out. */
static void erase(struct line_edit *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put(e, "\b");
	e->at -= n;
	memmove(e->line + e->at, e->line + e->at + n, e->len - e->at - n + 1);
	e->len -= n;
	if (n)
		draw_rest(e);
}

static void delete (struct line_edit *e)
{
	if (e->at == e->len)
		return;
	memmove(e->line + e->at, e->line + e->at + 1, e->len - e->at);
	e->len--;
	draw_rest(e);
}

static void erase_word(struct line_edit *e)
{
	unsigned to = e->at;

	while (to && e->line[to - 1] == ' ')
		to--;
	while (to && e->line[to - 1] != ' ')
		to--;
	erase(e, e->at - to);
}

static void go(struct line_edit *e, unsigned at)
{
	for (; e->at > at; e->at--)
		put(e, "\b");
	for (; e->at < at; e->at++)
		e->put(e->ctx, e->line + e->at, 1);
}

static void recall(struct line_edit *e, unsigned back)
{
	if (back > e->nr_history || back > LINE_EDIT_HISTORY)
		return;
	clear(e);
	e->back = back;
	if (back) {
		memcpy(e->line,
		       e->history[(e->nr_history - back) % LINE_EDIT_HISTORY],
		       sizeof(e->line));
		e->at = e->len = (unsigned)strlen(e->line);
	}
	draw(e);
}

static void remember(struct line_edit *e)
{
	const char *last = e->history[(e->nr_history - 1) % LINE_EDIT_HISTORY];

	if (!e->len || (e->nr_history && strcmp(last, e->line) == 0))
		return;
	memcpy(e->history[e->nr_history++ % LINE_EDIT_HISTORY], e->line,
	       sizeof(e->line));
}

/* The last byte of a sequence that a key sends. */
static void key(struct line_edit *e, uint8_t final)
{
	bool tilde = final == '~';

	if (final == 'A')
		recall(e, e->back + 1);
	else if (final == 'B' && e->back)
		recall(e, e->back - 1);
	else if (final == 'C' && e->at < e->len)
		go(e, e->at + 1);
	else if (final == 'D' && e->at)
		go(e, e->at - 1);
	else if (final == 'H' ||
		 (tilde && (e->number == '1' || e->number == '7')))
		go(e, 0);
	else if (final == 'F' ||
		 (tilde && (e->number == '4' || e->number == '8')))
		go(e, e->len);
	else if (tilde && e->number == '3')
		delete (e);
}

/* ESC [ or ESC O, a number perhaps, and a letter or a tilde. */
static void escape_byte(struct line_edit *e, uint8_t byte)
{
	if (e->escape == 1) {
		e->number = 0;
		e->escape = byte == '[' || byte == 'O' ? 2 : 0;
	} else if (byte >= 0x40 && byte <= 0x7e) {
		e->escape = 0;
		key(e, byte);
	} else if (byte >= 0x20 && byte < 0x40) {
		if (!e->number)
			e->number = (char)byte;
	} else {
		e->escape = 0;
	}
}

static void control(struct line_edit *e, uint8_t byte)
{
	switch (byte) {
	case CTRL('a'):
		go(e, 0);
		break;
	case CTRL('e'):
		go(e, e->len);
		break;
	case CTRL('b'):
		key(e, 'D');
		break;
	case CTRL('f'):
		key(e, 'C');
		break;
	case CTRL('p'):
		key(e, 'A');
		break;
	case CTRL('n'):
		key(e, 'B');
		break;
	case CTRL('d'):
		delete (e);
		break;
	case CTRL('u'):
		erase(e, e->at);
		break;
	case CTRL('k'):
		e->line[e->len = e->at] = '\0';
		draw_rest(e);
		break;
	case CTRL('w'):
		erase_word(e);
		break;
	case CTRL('h'):
	case 0x7f:
		erase(e, e->at != 0);
		break;
	default:
		break;
	}
}

static enum line_edit_event finish(struct line_edit *e, bool drop)
{
	put(e, "\n");
	if (drop)
		clear(e);
	else
		remember(e);
	return LINE_EDIT_DONE;
}

enum line_edit_event line_edit_byte(struct line_edit *e, uint8_t byte)
{
	bool after_cr = e->cr;

	e->cr = byte == '\r';
	if (e->escape)
		escape_byte(e, byte);
	else if (byte == ESC)
		e->escape = 1;
	else if (byte == '\n' && after_cr)
		return LINE_EDIT_MORE;
	else if (byte == '\r' || byte == '\n' || byte == CTRL('c'))
		return finish(e, byte == CTRL('c'));
	else if (byte == '\t')
		return LINE_EDIT_TAB;
	else if (byte >= ' ' && byte < 0x7f)
		insert(e, (char)byte);
	else
		control(e, byte);
	return LINE_EDIT_MORE;
}
