/*
 * The generator of hyp/random.h. The key is the whole state; it is only ever
 * used once, as the key of the block function:
 *
 *	output: key', out = block(key, 0, {0, 0, 0})
 *	input:  key', -   = block(key, data[0], {INPUT | len, data[1], data[2]})
 *
 * Nonces tell the two apart, so no input can ask for what an output was.
 */
#include <port/barrier.h>
#include <string.h>

#include <base/panic.h>

#include <arch/aarch64/maint.h>
#include <arch/aarch64/rndr.h>

#include <hyp/random.h>

#define INPUT       0x100U
#define INPUT_BYTES 12U /* that one block takes */
#define KEY_BYTES   (CHACHA20_KEY * sizeof(uint32_t))
#define BLOCK_BYTES (CHACHA20_BLOCK * sizeof(uint32_t))
#define RNDR_WORDS  (RANDOM_ENTROPY_MIN / sizeof(uint64_t))

void random_wipe(void *secret, size_t len)
{
	memset(secret, 0, len);
	keep_stores(secret);
}

/* Takes `len` bytes, at most INPUT_BYTES. */
static void input_locked(struct random *r, const void *data, size_t len)
{
	uint32_t block[CHACHA20_BLOCK], words[3] = {0};
	uint32_t nonce[CHACHA20_NONCE];

	memcpy(words, data, len);
	nonce[0] = INPUT | (uint32_t)len;
	nonce[1] = words[1];
	nonce[2] = words[2];
	chacha20_block(block, r->key, words[0], nonce);
	memcpy(r->key, block, KEY_BYTES);
	random_wipe(block, sizeof(block));
	random_wipe(words, sizeof(words));
	random_wipe(nonce, sizeof(nonce));
}

static void mix(struct random *r, const uint8_t *data, size_t len)
{
	for (size_t n; len; data += n, len -= n) {
		n = min_u64(len, INPUT_BYTES);
		spin_lock(&r->lock);
		input_locked(r, data, n);
		spin_unlock(&r->lock);
	}
}

void random_init(struct random *r, const void *seed, size_t len)
{
	*r = (struct random){0};
	random_add(r, seed, len);
}

void random_mix(struct random *r, const void *data, size_t len)
{
	mix(r, data, len);
}

/* Counted after it is in: who sees it seeded gets bytes that depend on it. */
void random_add(struct random *r, const void *entropy, size_t len)
{
	mix(r, entropy, len);
	spin_lock(&r->lock);
	len = min_u64(len, RANDOM_ENTROPY_MIN - r->entropy);
	__atomic_store_n(&r->entropy, r->entropy + (unsigned)len,
			 __ATOMIC_RELEASE);
	spin_unlock(&r->lock);
}

void random_refresh(struct random *r)
{
	uint64_t v = counter_now();

	random_mix(r, &v, sizeof(v));
	for (unsigned i = 0; i < RNDR_WORDS && rndr_read(&v); i++)
		random_add(r, &v, sizeof(v));
	random_wipe(&v, sizeof(v));
}

bool random_seeded(const struct random *r)
{
	return __atomic_load_n(&r->entropy, __ATOMIC_ACQUIRE) >=
	       RANDOM_ENTROPY_MIN;
}

/* The keystream of a key that is used for nothing else. */
static void stream(const uint32_t key[CHACHA20_KEY], uint8_t *buf, size_t len)
{
	static const uint32_t nonce[CHACHA20_NONCE];
	uint32_t block[CHACHA20_BLOCK], counter = 0;

	for (size_t n; len; buf += n, len -= n) {
		n = min_u64(len, BLOCK_BYTES);
		chacha20_block(block, key, counter++, nonce);
		memcpy(buf, block, n);
	}
	random_wipe(block, sizeof(block));
}

/* More than what a block has to spare is made outside the lock. */
void random_bytes(struct random *r, void *buf, size_t len)
{
	static const uint32_t nonce[CHACHA20_NONCE];
	uint32_t block[CHACHA20_BLOCK];
	const uint32_t *out = &block[CHACHA20_KEY];

	spin_lock(&r->lock);
	chacha20_block(block, r->key, 0, nonce);
	memcpy(r->key, block, KEY_BYTES);
	spin_unlock(&r->lock);
	if (len <= BLOCK_BYTES - KEY_BYTES)
		memcpy(buf, out, len);
	else
		stream(out, buf, len);
	random_wipe(block, sizeof(block));
}

/*
 * A key for this call alone, whose entropy serves nobody else's output: the
 * source's 256 bits, and over them, lest they are worse than it says, what `r`
 * gives, which nobody can guess either.
 */
bool random_fresh(struct random *r, void *buf, size_t len)
{
	static const uint32_t nonce[CHACHA20_NONCE];
	uint32_t key[CHACHA20_KEY], block[CHACHA20_BLOCK];
	uint64_t v = 0;
	bool got = true;

	ASSERT(len <= RANDOM_FRESH_MAX);
	random_bytes(r, key, sizeof(key));
	for (size_t i = 0; i < RNDR_WORDS && got; i++) {
		got = rndrrs_read(&v);
		key[2 * i] ^= (uint32_t)v;
		key[2 * i + 1] ^= (uint32_t)(v >> 32);
	}
	if (got) {
		chacha20_block(block, key, 0, nonce);
		memcpy(buf, block, len);
		random_wipe(block, sizeof(block));
	}
	random_wipe(&v, sizeof(v));
	random_wipe(key, sizeof(key));
	return got;
}
