#include "actors/client/uid.h"

struct str uid_new(struct act *act, struct arena *arena)
{
	uint64_t high = act_random(act), low = act_random(act);

	high = (high & ~0xf000ULL) | 0x4000;
	low = (low & ~(3ULL << 62)) | 2ULL << 62;
	return arena_printf(arena, "%08x-%04x-%04x-%04x-%012jx", (uint32_t)(high >> 32),
			    (uint32_t)(high >> 16 & 0xffff), (uint32_t)(high & 0xffff),
			    (uint32_t)(low >> 48), (uintmax_t)(low & 0xffffffffffffULL));
}
