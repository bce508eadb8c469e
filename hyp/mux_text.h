/*
 * What of a port's output a terminal must not be told: a port that is not in
 * focus moves no cursor, and what is shown again asks no question a second
 * time, for the answer would be typed. ECMA-48; docs/design/17-console.md.
 * Called by hyp/mux.c under mux.lock.
 */
#ifndef PLINTH_HYP_MUX_TEXT_H
#define PLINTH_HYP_MUX_TEXT_H

#include <hyp/mux.h>

/* The byte of a port's output at a position that its ring still has. */
static inline uint8_t mux_byte(const struct mux_port *p, uint32_t at)
{
	return p->out[at % MUX_RING];
}

/* Bytes to leave out at p->shown, which is before `end`, the position up to
 * which the port may be shown; 0: none. */
uint32_t mux_unwanted(const struct mux_port *p, uint32_t end, bool focus);

#endif
