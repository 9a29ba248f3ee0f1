/*
 * Answers of admission webhooks: the first byte says which question was asked. What is taken is for that question alone; what is not is refused with words,
 * and a denial is a failure that can be shown.
 */
#include "actors/admission/webhook/review.h"
#include "actors/client/failure.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena;
	struct review_answer answer = { .is_allowed = false };
	struct fault why = { 0 };
	enum review_version version;
	bool is_mutating;

	if (len == 0)
		return 0;
	arena = arena_new(0);
	version = at[0] & 1 ? REVIEW_V1 : REVIEW_V1BETA1;
	is_mutating = at[0] & 2;
	if (review_read(str_of(at + 1, len - 1), arena, version, STR("u-1"), is_mutating, &answer,
			&why) != OK) {
		assert(why.text[0] != '\0');
	} else {
		assert(is_mutating || answer.patch.len == 0);
		if (answer.denied != NULL)
			assert(!answer.is_allowed);
	}
	arena_free(arena);
	return 0;
}
