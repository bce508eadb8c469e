/*
 * ChaCha20's block function, as plain 32-bit arithmetic without tables, so
 * that its time tells nothing; contract in chacha20.h. Left out: the cipher.
 * RFC 8439.
 */
#include <string.h>

#include <hyp/chacha20.h>

#define DOUBLE_ROUNDS 10U

/* "expand 32-byte k" */
static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32,
				     0x6b206574};

static inline uint32_t rotl(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline void quarter_round(uint32_t *s, unsigned a, unsigned b,
				 unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 7);
}

static void mix_columns_and_diagonals(uint32_t s[CHACHA20_BLOCK])
{
	quarter_round(s, 0, 4, 8, 12);
	quarter_round(s, 1, 5, 9, 13);
	quarter_round(s, 2, 6, 10, 14);
	quarter_round(s, 3, 7, 11, 15);
	quarter_round(s, 0, 5, 10, 15);
	quarter_round(s, 1, 6, 11, 12);
	quarter_round(s, 2, 7, 8, 13);
	quarter_round(s, 3, 4, 9, 14);
}

/* Adds the block function's input to `s`. */
static void add_input(uint32_t s[CHACHA20_BLOCK], const uint32_t *key,
		      uint32_t counter, const uint32_t *nonce)
{
	for (unsigned i = 0; i < ARRAY_SIZE(constant); i++)
		s[i] += constant[i];
	for (unsigned i = 0; i < CHACHA20_KEY; i++)
		s[4 + i] += key[i];
	s[12] += counter;
	for (unsigned i = 0; i < CHACHA20_NONCE; i++)
		s[13 + i] += nonce[i];
}

/* Works in `out`, so that no second copy of the key lies on the stack. */
void chacha20_block(uint32_t out[CHACHA20_BLOCK],
		    const uint32_t key[CHACHA20_KEY], uint32_t counter,
		    const uint32_t nonce[CHACHA20_NONCE])
{
	memset(out, 0, CHACHA20_BLOCK * sizeof(*out));
	add_input(out, key, counter, nonce);
	for (unsigned i = 0; i < DOUBLE_ROUNDS; i++)
		mix_columns_and_diagonals(out);
	add_input(out, key, counter, nonce);
}
