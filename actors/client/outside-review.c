#include "actors/client/outside-review.h"

#define ANSWER_BYTES_MAX (1U * MIB)

/* ---- what is kept ---------------------------------------------------------------------------------------- */

static struct outside_review_kept *set_of(struct outside_review *review,
					  const uint8_t digest[CRYPTO_SHA256_BYTES])
{
	return review->sets[digest[0] % OUTSIDE_REVIEW_SETS];
}

static void forget(struct outside_review_kept *kept)
{
	arena_free(kept->arena);
	*kept = (struct outside_review_kept){ .arena = NULL };
}

static struct str find(struct outside_review *review, struct wall now, struct str question)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct outside_review_kept *set, found;

	crypto_sha256(question, digest);
	set = set_of(review, digest);
	for (uint32_t i = 0; i < OUTSIDE_REVIEW_WAYS; i++) {
		if (set[i].arena == NULL || memcmp(set[i].digest, digest, sizeof digest) != 0)
			continue;
		if (now.ns >= set[i].until.ns) {
			forget(&set[i]);
			return STR_NONE;
		}
		found = set[i];
		memmove(&set[1], &set[0], i * sizeof *set);
		set[0] = found;
		return found.answer;
	}
	return STR_NONE;
}

void outside_review_keep(struct outside_review *review, const struct check_context *check,
			 struct str question, struct str answer, uint64_t ttl_ms)
{
	struct outside_review_kept kept = { .arena = NULL }, *set;

	if (ttl_ms == 0 || answer.len > OUTSIDE_REVIEW_KEPT_BYTES)
		return;
	if (find(review, check->now, question).at != NULL)
		return;
	crypto_sha256(question, kept.digest);
	set = set_of(review, kept.digest);
	kept.arena = arena_new_tight(0);
	kept.answer = arena_str(kept.arena, answer);
	kept.until.ns = check->now.ns + (int64_t)ttl_ms * TIME_MS;
	forget(&set[OUTSIDE_REVIEW_WAYS - 1]);
	memmove(&set[1], &set[0], (OUTSIDE_REVIEW_WAYS - 1) * sizeof *set);
	set[0] = kept;
}

void outside_review_fini(struct outside_review *review)
{
	for (uint32_t i = 0; i < OUTSIDE_REVIEW_SETS; i++)
		for (uint32_t j = 0; j < OUTSIDE_REVIEW_WAYS; j++)
			forget(&review->sets[i][j]);
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

struct asking {
	const struct outside *outside;
	struct outside_call *call;
	struct waiter *waiter;
};

static void answered(void *arg)
{
	struct asking *asking = arg;

	asking->waiter->on_cancel = NULL;
	asking->waiter->resume(asking->waiter);
}

static void cancelled(void *arg)
{
	struct asking *asking = arg;

	if (!asking->call->is_done)
		asking->outside->drop(asking->outside->self, asking->call);
}

static struct asking *begin(struct outside_review *review, struct check_context *check,
			    struct str question)
{
	struct asking *asking = arena_new_of(check->arena, struct asking);
	uint32_t timeout_ms =
	    review->timeout_ms > 0 ? review->timeout_ms : OUTSIDE_REVIEW_TIMEOUT_MS;
	struct outside_post post = { .place = review->place,
				     .body = question,
				     .timeout_ms =
					 timeout_ms < check->left_ms ? timeout_ms : check->left_ms,
				     .answer_max_bytes = ANSWER_BYTES_MAX,
				     .retry_ms = review->retry_ms,
				     .done = answered,
				     .arg = asking };

	asking->outside = check->outside;
	asking->waiter = check->waiter;
	asking->call = check->outside->post(check->outside->self, check->arena, &post);
	return asking;
}

enum check outside_review_ask(struct outside_review *review, struct check_context *check,
			      struct str question, struct str *out, struct fault *why)
{
	struct asking *asking = check->state;

	*out = STR_NONE;
	if (asking == NULL) {
		struct str kept = find(review, check->now, question);

		if (kept.at != NULL) {
			*out = arena_str(check->arena, kept);
			return CHECK_PASS;
		}
		if (check->outside == NULL) {
			fault_set(why, UNAVAILABLE, "", "nobody can be asked");
			return CHECK_PASS;
		}
		asking = begin(review, check, question);
		check->state = asking;
	}
	if (!asking->call->is_done) {
		check->waiter->on_cancel = cancelled;
		check->waiter->arg = asking;
		return CHECK_WAIT;
	}
	check->state = NULL;
	if (asking->call->status == OK)
		*out = asking->call->body;
	else
		fault_set(why, asking->call->status, "", STR_FMT, STR_ARG(asking->call->words));
	return CHECK_PASS;
}
