/*
 * The ChaCha20 block function: a pseudo-random function of 256 bits of key and
 * 128 bits of input. Constant time: no branch and no address depends on data.
 * Words are those of the specification; its byte strings are the same words
 * little endian, so on a little-endian CPU simply the memory they lie in.
 *
 * Specification: RFC 8439, "The ChaCha20 Block Function". Leaves out the
 * cipher: nothing is encrypted here.
 * Called by hyp/random.c. No state, no locks.
 */
#ifndef PLINTH_HYP_CHACHA20_H
#define PLINTH_HYP_CHACHA20_H

#include <base/types.h>

#define CHACHA20_KEY   8U  /* words */
#define CHACHA20_NONCE 3U  /* words */
#define CHACHA20_BLOCK 16U /* words */

/* `out` may overlap neither key nor nonce. */
void chacha20_block(uint32_t out[CHACHA20_BLOCK],
		    const uint32_t key[CHACHA20_KEY], uint32_t counter,
		    const uint32_t nonce[CHACHA20_NONCE]);

#endif
