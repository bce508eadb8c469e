/*
 * What was said and is not on the terminal: bytes that wait for the UART, and
 * at the multiplexer lines that wait for their turn or their end. It may be
 * what explains a panic, and nobody will send it any more.
 *
 * Plinth's own: docs/design/04-exceptions.md, "Panic".
 */
#ifndef PLINTH_HYP_UNSENT_H
#define PLINTH_HYP_UNSENT_H

#include <hyp/mux.h>

#define UNSENT_MAX 4096U /* bytes of each ring, the last */

/*
 * Calls say() for each such line, the UART's first, then the ports', with
 * the name of whoever said it; `m` may be NULL. Text only: a report asks the
 * terminal for nothing. For the crash report, on the one pCPU that is left:
 * takes no lock, changes nothing, and whatever the rings' positions are, stays
 * within them.
 */
void unsent_say(const struct console *c, const struct mux *m,
		void (*say)(const char *line));

#endif
