#include "runtime/loop/spin/brief.h"

#define WEIGHT 8 /* of the average so far; 1 of the newest */

void brief_init(struct brief *brief)
{
	*brief = (struct brief){ .owed = BRIEF_FIRST };
}

bool brief_may(const struct brief *brief)
{
	return brief->owed == 0 && brief->average_ns < BRIEF_AVERAGE_NS;
}

void brief_ran(struct brief *brief, int64_t ns, bool is_here)
{
	int64_t ms = ns / 1000000;

	brief->average_ns += (ns - brief->average_ns) / WEIGHT;
	if (ns < BRIEF_LONG_NS)
		brief->owed -= !is_here && brief->owed > 0;
	else if (is_here)
		brief->owed = ms < UINT16_MAX ? (uint32_t)(ms * ms) : UINT32_MAX;
}
