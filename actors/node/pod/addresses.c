#include "actors/node/pod/addresses.h"

#include <stdio.h>

#define RESERVED_FIRST 2U
#define RESERVED_LAST 1U

static enum status parse_address(struct str text, uint32_t *out)
{
	uint32_t address = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t part;

		if (text.at == NULL || str_to_u64(str_cut(&text, '.'), &part) != OK || part > 255)
			return INVALID;
		address = address << 8 | (uint32_t)part;
	}
	if (text.at != NULL)
		return INVALID;
	*out = address;
	return OK;
}

enum status addresses_init(struct addresses *pool, struct arena *arena, struct str range)
{
	struct str rest = range, network = str_cut(&rest, '/');
	uint64_t bits;
	uint32_t base, len;

	if (rest.at == NULL || str_to_u64(rest, &bits) != OK || bits < 8 || bits > 29)
		return INVALID;
	TRY(parse_address(network, &base));
	len = 1U << (32 - bits);
	if ((base & (len - 1)) != 0)
		return INVALID;
	if (len > ADDRESSES_MAX)
		len = ADDRESSES_MAX;
	*pool = (struct addresses){ .base = base,
				    .len = len,
				    .next = RESERVED_FIRST,
				    .taken = arena_array(arena, uint64_t, (len + 63) / 64) };
	return OK;
}

void addresses_begin(struct addresses *pool, uint64_t chance)
{
	pool->next =
	    RESERVED_FIRST + (uint32_t)(chance % (pool->len - RESERVED_FIRST - RESERVED_LAST));
}

static bool is_taken(const struct addresses *pool, uint32_t at)
{
	return pool->taken[at / 64] >> (at % 64) & 1;
}

static void print(uint32_t address, char out[ADDRESSES_TEXT])
{
	snprintf(out, ADDRESSES_TEXT, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
}

enum status addresses_take(struct addresses *pool, char out[ADDRESSES_TEXT])
{
	uint32_t last = pool->len - RESERVED_LAST;

	if (pool->len == 0)
		return FULL;
	for (uint32_t tries = RESERVED_FIRST; tries < last; tries++) {
		uint32_t at = pool->next;

		pool->next = at + 1 < last ? at + 1 : RESERVED_FIRST;
		if (is_taken(pool, at))
			continue;
		pool->taken[at / 64] |= 1ULL << (at % 64);
		print(pool->base + at, out);
		return OK;
	}
	return FULL;
}

/* Its place in the range; UINT32_MAX: it is not in it. */
static uint32_t place_of(const struct addresses *pool, struct str address)
{
	uint32_t number;

	if (parse_address(address, &number) != OK || number < pool->base ||
	    number - pool->base >= pool->len)
		return UINT32_MAX;
	return number - pool->base;
}

enum status addresses_claim(struct addresses *pool, struct str address)
{
	uint32_t at = place_of(pool, address);

	if (at == UINT32_MAX)
		return NOT_FOUND;
	if (is_taken(pool, at))
		return EXISTS;
	pool->taken[at / 64] |= 1ULL << (at % 64);
	return OK;
}

void addresses_give_back(struct addresses *pool, struct str address)
{
	uint32_t at = place_of(pool, address);

	if (at != UINT32_MAX)
		pool->taken[at / 64] &= ~(1ULL << (at % 64));
}
