/*
 * Control sequences in a port's output; contract in mux_text.h.
 * ECMA-48, sec. 5.4: CSI, parameter and intermediate bytes, one final byte.
 * Left out: strings (OSC, DCS), whose text is shown as text.
 */
#include <hyp/mux_text.h>

#define ESC     0x1b
#define CSI_MAX 24U /* bytes of a control sequence that are looked at */

/* Bytes of the control sequence that begins at p->shown; 0: there is none, or
 * its end is not here. *final is its last byte. */
static uint32_t csi_length(const struct mux_port *p, uint32_t end,
			   uint8_t *final)
{
	uint32_t max = (uint32_t)min_u64(end - p->shown, CSI_MAX);

	if (max < 3 || mux_byte(p, p->shown + 1) != '[')
		return 0;
	for (uint32_t i = 2; i < max; i++) {
		*final = mux_byte(p, p->shown + i);
		if (*final >= 0x40 && *final <= 0x7e)
			return i + 1;
		if (*final < 0x20 || *final > 0x7e)
			return 0;
	}
	return 0;
}

uint32_t mux_unwanted(const struct mux_port *p, uint32_t end, bool focus)
{
	bool again = (int32_t)(p->fresh - p->shown) > 0;
	uint8_t b = mux_byte(p, p->shown), final;
	uint32_t n;

	if (b == ESC && (!focus || again)) {
		n = csi_length(p, end, &final);
		if (!focus)
			return n ? n : 1;
		return n && (final == 'n' || final == 'c') ? n : 0;
	}
	if (focus || b == '\t' || b == '\r' || b == '\n')
		return 0;
	return b < 0x20 || b == 0x7f;
}
