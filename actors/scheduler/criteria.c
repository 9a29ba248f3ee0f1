#include "actors/scheduler/criterion.h"

const struct criterion *const criteria[CRITERION_COUNT] = {
#define X(name, variable) [name] = &criterion_##variable,
	CRITERION_MAP(X)
#undef X
};

void criterion_normalize(int64_t *scores, uint32_t count, bool is_reverse)
{
	int64_t most = 0;

	for (uint32_t i = 0; i < count; i++)
		if (scores[i] > most)
			most = scores[i];
	for (uint32_t i = 0; i < count; i++) {
		int64_t score = most > 0 ? CRITERION_SCORE_MAX * scores[i] / most : 0;

		scores[i] = is_reverse ? CRITERION_SCORE_MAX - score : score;
	}
}
