/*
 * Random numbers for whoever must not be guessed: a generator with fast key
 * erasure. Its only state is a 256-bit key of ChaCha20. Each output is made
 * together with the next key, which replaces the one that it came from, so a
 * later look at the state tells nothing of earlier outputs. Input replaces the
 * key by a function of key and input: nothing that was mixed in, by whomever,
 * makes the key easier to guess.
 *
 * Entropy comes from the caller (the machine's device tree) and from the CPU
 * (RNDR). Only what is called entropy is counted, every byte as eight bits.
 * With less than RANDOM_ENTROPY_MIN bytes the generator runs, but whoever wants
 * secrets must ask random_seeded() first: Plinth then gives none.
 *
 * Specifications: RFC 8439 for the block function; the design is D. J.
 * Bernstein's "Fast-key-erasure random-number generators".
 * Any CPU may call any of these; the lock is a leaf, held for one block.
 */
#ifndef PLINTH_HYP_RANDOM_H
#define PLINTH_HYP_RANDOM_H

#include <port/spinlock.h>

#include <hyp/chacha20.h>

#define RANDOM_ENTROPY_MIN 32U /* bytes */

struct random {
	struct spinlock lock; /* guards both below */
	uint32_t key[CHACHA20_KEY];
	unsigned entropy; /* bytes, at most RANDOM_ENTROPY_MIN */
};

/* Starts anew with `len` bytes of entropy, which may be none; one CPU. */
void random_init(struct random *r, const void *seed, size_t len);

/* Mixes in `len` bytes, known to others for all we know: counts nothing. */
void random_mix(struct random *r, const void *data, size_t len);

/* Mixes in and counts `len` bytes of entropy. */
void random_add(struct random *r, const void *entropy, size_t len);

/* Mixes in what this CPU has: its counter, and RNDR's values as entropy. */
void random_refresh(struct random *r);

/* Whether RANDOM_ENTROPY_MIN bytes of entropy went in; never false again. */
bool random_seeded(const struct random *r);

/* `len` bytes, less than 256 GiB, that were never given to anybody. */
void random_bytes(struct random *r, void *buf, size_t len);

/*
 * `len` bytes, at most RANDOM_FRESH_MAX, of full entropy: made from 256 bits
 * that this CPU's source (RNDRRS) gave for this very call, and from what `r`
 * gives besides. False, and nothing in `buf`, when the source is absent or has
 * nothing at present.
 */
#define RANDOM_FRESH_MAX 24U /* 64 bits below what goes in, SP 800-90C */
MUST_CHECK bool random_fresh(struct random *r, void *buf, size_t len);

/* Zeroes a secret for good, even if nobody reads the memory any more. */
void random_wipe(void *secret, size_t len);

#endif
