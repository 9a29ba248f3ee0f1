/*
 * Numbers that look like chance and follow from their state alone: for actors and for simulators. Never for secrets.
 *
 * One thread at a time. A step of splitmix64 for a single word of state, which also seeds; xoshiro256** for long runs. Both are by Blackman
 * and Vigna, who put them into the public domain, written anew.
 */
#ifndef RUNTIME_BASE_CHANCE_H
#define RUNTIME_BASE_CHANCE_H

#include <stdint.h>

/* splitmix64: any state will do. */
static inline uint64_t chance_step(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* xoshiro256**: not all of its state may be zero. */
struct chance {
	uint64_t state[4];
};

static inline void chance_seed(struct chance *chance, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		chance->state[i] = chance_step(&seed);
}

static inline uint64_t chance_rotate(uint64_t n, int by)
{
	return n << by | n >> (64 - by);
}

static inline uint64_t chance_next(struct chance *chance)
{
	uint64_t *s = chance->state;
	const uint64_t result = chance_rotate(s[1] * 5, 7) * 9;
	const uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = chance_rotate(s[3], 45);
	return result;
}

#endif
