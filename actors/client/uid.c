#include "actors/client/uid.h"

#define UID_BYTES 36U /* 32 digits and four lines between */

struct str uid_new(struct act *act, struct arena *arena)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t high = act_random(act), low = act_random(act);
	char *out = arena_alloc(arena, UID_BYTES + 1);
	uint32_t at = 0;

	high = (high & ~0xf000ULL) | 0x4000;
	low = (low & ~(3ULL << 62)) | 2ULL << 62;
	for (uint32_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = digits[(i < 16 ? high : low) >> (60 - 4 * (i % 16)) & 15];
	}
	out[at] = 0;
	return str_of(out, at);
}
