#include "runtime/base/hash.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* Odd constants with balanced bits; any would do. */
#define HASH_SEED 0x9e3779b97f4a7c15ULL
#define HASH_STEP 0xd6e8feb86659fd93ULL

uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ HASH_SEED) * (b ^ HASH_STEP);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_load64(const unsigned char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

static uint64_t hash_load32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return value;
}

/* The last 0..16 bytes as two words; overlapping loads spare a loop over single bytes. */
static uint64_t hash_tail(uint64_t hash, const unsigned char *at, size_t len)
{
	uint64_t a = 0, b = 0;

	if (len >= 8) {
		a = hash_load64(at);
		b = hash_load64(at + len - 8);
	} else if (len >= 4) {
		a = hash_load32(at);
		b = hash_load32(at + len - 4);
	} else if (len > 0) {
		a = (uint64_t)at[0] << 16 | (uint64_t)at[len / 2] << 8 | at[len - 1];
	}
	return hash_mix(hash ^ a, b);
}

uint64_t hash_bytes(uint64_t seed, const void *at, size_t len)
{
	const unsigned char *byte = at;
	uint64_t hash = seed ^ (len * HASH_STEP);

	for (; len > 16; len -= 16, byte += 16)
		hash = hash_mix(hash ^ hash_load64(byte), hash_load64(byte + 8));
	return hash_mix(hash_tail(hash, byte, len), HASH_SEED);
}

uint64_t hash_str(struct str s)
{
	return hash_bytes(HASH_SEED, s.at, s.len);
}

uint32_t hash_fnv32a(uint32_t seed, const void *at, size_t len)
{
	const unsigned char *byte = at;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ byte[i]) * 16777619U;
	return seed;
}

/*
 * Reflected polynomial 0x82f63b78, four bits at a time: the table is small enough to be written down, and
 * only machines without SSE 4.2 come here.
 */
uint32_t hash_crc32c_by_table(uint32_t seed, const void *at, size_t len)
{
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const unsigned char *byte = at;
	uint32_t crc = ~seed;

	for (size_t i = 0; i < len; i++) {
		crc ^= byte[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
hash_crc32c_by_instruction(uint32_t seed, const unsigned char *at, size_t len)
{
	uint64_t wide = ~seed;
	uint32_t crc;

	for (; len >= 8; len -= 8, at += 8)
		wide = _mm_crc32_u64(wide, hash_load64(at));
	crc = (uint32_t)wide;
	for (; len > 0; len--, at++)
		crc = _mm_crc32_u8(crc, *at);
	return ~crc;
}
#endif

uint32_t hash_crc32c(uint32_t seed, const void *at, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return hash_crc32c_by_instruction(seed, at, len);
#endif
	return hash_crc32c_by_table(seed, at, len);
}
