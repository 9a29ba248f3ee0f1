#include "transport/tls/secretbox.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "transport/tls/crypto.h"
#include "transport/tls/tls-private.h"

#define NONCE_BYTES 24U
#define TAG_BYTES 16U
#define BLOCK_BYTES 64U
#define ROUNDS 20

/* ---- the cipher: "The Salsa20 family of stream ciphers", "Extending the Salsa20 nonce" ------------------------------ */

static uint32_t load(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void store(uint8_t *at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (8 * i));
}

static uint32_t rotate(uint32_t word, int bits)
{
	return word << bits | word >> (32 - bits);
}

static void quarter(uint32_t x[16], int a, int b, int c, int d)
{
	x[b] ^= rotate(x[a] + x[d], 7);
	x[c] ^= rotate(x[b] + x[a], 9);
	x[d] ^= rotate(x[c] + x[b], 13);
	x[a] ^= rotate(x[d] + x[c], 18);
}

static void rounds(uint32_t x[16])
{
	for (int i = 0; i < ROUNDS; i += 2) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 5, 9, 13, 1);
		quarter(x, 10, 14, 2, 6);
		quarter(x, 15, 3, 7, 11);
		quarter(x, 0, 1, 2, 3);
		quarter(x, 5, 6, 7, 4);
		quarter(x, 10, 11, 8, 9);
		quarter(x, 15, 12, 13, 14);
	}
}

/* Key and constants around the four words in the middle: nonce and counter. */
static void set_up(uint32_t x[16], const uint8_t key[SECRETBOX_KEY_BYTES])
{
	static const uint8_t sigma[] = "expand 32-byte k";

	for (int i = 0; i < 4; i++) {
		x[5 * i] = load(sigma + 4 * i);
		x[1 + i] = load(key + 4 * i);
		x[11 + i] = load(key + 16 + 4 * i);
	}
}

/* HSalsa20: the key of one nonce, by its first 16 bytes. */
static void derive(const uint8_t key[SECRETBOX_KEY_BYTES], const uint8_t *nonce,
		   uint8_t out[SECRETBOX_KEY_BYTES])
{
	static const int words[] = { 0, 5, 10, 15, 6, 7, 8, 9 };
	uint32_t x[16];

	set_up(x, key);
	for (int i = 0; i < 4; i++)
		x[6 + i] = load(nonce + 4 * i);
	rounds(x);
	for (int i = 0; i < 8; i++)
		store(out + 4 * i, x[words[i]]);
	crypto_wipe(x, sizeof x);
}

static void block(const uint8_t key[SECRETBOX_KEY_BYTES], const uint8_t *nonce, uint64_t counter,
		  uint8_t out[BLOCK_BYTES])
{
	uint32_t x[16], first[16];

	set_up(x, key);
	x[6] = load(nonce);
	x[7] = load(nonce + 4);
	x[8] = (uint32_t)counter;
	x[9] = (uint32_t)(counter >> 32);
	memcpy(first, x, sizeof x);
	rounds(x);
	for (int i = 0; i < 16; i++)
		store(out + 4 * i, x[i] + first[i]);
	crypto_wipe(x, sizeof x);
	crypto_wipe(first, sizeof first);
}

/* The stream's first 32 bytes are the authenticator's key, the message follows. */
struct stream {
	uint8_t key[SECRETBOX_KEY_BYTES], block[BLOCK_BYTES];
	const uint8_t *nonce; /* the last 8 bytes */
};

static void begin(struct stream *stream, const uint8_t key[SECRETBOX_KEY_BYTES],
		  const uint8_t nonce[NONCE_BYTES])
{
	derive(key, nonce, stream->key);
	stream->nonce = nonce + 16;
	block(stream->key, stream->nonce, 0, stream->block);
}

static void apply(struct stream *stream, const uint8_t *from, size_t len, uint8_t *to)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = i + SECRETBOX_KEY_BYTES;

		if (at > BLOCK_BYTES - 1 && at % BLOCK_BYTES == 0)
			block(stream->key, stream->nonce, at / BLOCK_BYTES, stream->block);
		to[i] = from[i] ^ stream->block[at % BLOCK_BYTES];
	}
}

/* ---- the box --------------------------------------------------------------------------------------------------------- */

static void authenticate(const uint8_t key[SECRETBOX_KEY_BYTES], const uint8_t *at, size_t len,
			 uint8_t out[TAG_BYTES])
{
	EVP_MAC *mac;
	EVP_MAC_CTX *one;
	size_t out_len;

	tls_library();
	mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	one = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	if (one == NULL || EVP_MAC_init(one, key, SECRETBOX_KEY_BYTES, NULL) != 1 ||
	    EVP_MAC_update(one, at, len) != 1 || EVP_MAC_final(one, out, &out_len, TAG_BYTES) != 1)
		abort(); /* no memory: going on without would be worse */
	EVP_MAC_CTX_free(one);
	EVP_MAC_free(mac);
}

void secretbox_close(const uint8_t key[SECRETBOX_KEY_BYTES], struct str plain, void *out)
{
	uint8_t *nonce = out, *tag = nonce + NONCE_BYTES, *body = tag + TAG_BYTES;
	uint8_t tag_key[SECRETBOX_KEY_BYTES];
	struct stream stream;

	crypto_random(nonce, NONCE_BYTES);
	begin(&stream, key, nonce);
	memcpy(tag_key, stream.block, sizeof tag_key); /* the block is another one soon */
	apply(&stream, (const uint8_t *)plain.at, plain.len, body);
	authenticate(tag_key, body, plain.len, tag);
	crypto_wipe(tag_key, sizeof tag_key);
	crypto_wipe(&stream, sizeof stream);
}

enum status secretbox_open(const uint8_t key[SECRETBOX_KEY_BYTES], struct str closed, void *out)
{
	const uint8_t *nonce = (const uint8_t *)closed.at, *tag = nonce + NONCE_BYTES;
	uint8_t found[TAG_BYTES];
	struct stream stream;
	uint32_t len;
	bool is_whole;

	if (closed.len < SECRETBOX_EXTRA_BYTES)
		return CORRUPT;
	len = closed.len - SECRETBOX_EXTRA_BYTES;
	begin(&stream, key, nonce);
	authenticate(stream.block, tag + TAG_BYTES, len, found);
	is_whole = crypto_equal(str_of(found, TAG_BYTES), str_of(tag, TAG_BYTES));
	if (is_whole)
		apply(&stream, tag + TAG_BYTES, len, out);
	crypto_wipe(&stream, sizeof stream);
	return is_whole ? OK : CORRUPT;
}
