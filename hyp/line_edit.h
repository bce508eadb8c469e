/*
 * A line that a person edits on a terminal, or a program sends: bytes in, the
 * echo out. Plain typing echoes the bytes themselves, so that a script's output
 * stays readable; only a change inside the line is drawn anew.
 *
 *	left, right, ctrl-b, ctrl-f	the cursor
 *	home, end, ctrl-a, ctrl-e	to the ends of the line
 *	backspace, delete, ctrl-d	a character
 *	ctrl-u, ctrl-k, ctrl-w		to the start, to the end, a word
 *	up, down, ctrl-p, ctrl-n	earlier lines
 *	tab				the owner's: LINE_EDIT_TAB
 *	enter				LINE_EDIT_DONE
 *	ctrl-c				an empty line
 *
 * No lock: one at a time. ECMA-48 and what VT100s send;
 * docs/design/17-console.md.
 */
#ifndef PLINTH_HYP_LINE_EDIT_H
#define PLINTH_HYP_LINE_EDIT_H

#include <base/types.h>

#define LINE_EDIT_MAX     120U /* characters, without the NUL */
#define LINE_EDIT_HISTORY 8U   /* lines */

enum line_edit_event {
	LINE_EDIT_MORE,
	LINE_EDIT_DONE,
	LINE_EDIT_TAB
};

struct line_edit {
	const char *prompt;
	void (*put)(void *ctx, const char *text, size_t len);
	void *ctx;

	char line[LINE_EDIT_MAX + 1]; /* with a NUL */
	unsigned len, at;             /* the cursor is before line[at] */
	unsigned escape;              /* bytes of a sequence so far */
	char number;                  /* of CSI n ~ */
	bool cr;                      /* the last byte ended a line by CR */

	char history[LINE_EDIT_HISTORY][LINE_EDIT_MAX + 1];
	unsigned nr_history, back; /* how far back line[] is from; 0: new */
};

/* `prompt` is kept, and shown by line_edit_begin(). */
void line_edit_init(struct line_edit *e, const char *prompt,
		    void (*put)(void *ctx, const char *text, size_t len),
		    void *ctx);

/* An empty line, behind the prompt. */
void line_edit_begin(struct line_edit *e);

/* One byte. After LINE_EDIT_DONE the line is in e->line, and in the history
 * unless empty; line_edit_begin() is next. */
MUST_CHECK enum line_edit_event line_edit_byte(struct line_edit *e,
					       uint8_t byte);

/* As if it were typed. */
void line_edit_insert(struct line_edit *e, const char *text);

/* Shows prompt and line again, in a line of their own. */
void line_edit_show(struct line_edit *e);

#endif
