/*
 * Reviews: a webhook that is sent a question and sends it back with its answer, as TokenReview and SubjectAccessReview.
 *
 * For mechanisms of a server that authenticate and authorize. One question is one POST; answers are kept for as long as the mechanism
 * says, by the SHA-256 of the question: OUTSIDE_REVIEW_SETS times WAYS at most, those of more than OUTSIDE_REVIEW_KEPT_BYTES not at all. One thread.
 */
#ifndef ACTORS_CLIENT_OUTSIDE_REVIEW_H
#define ACTORS_CLIENT_OUTSIDE_REVIEW_H

#include "actors/client/check.h"
#include "actors/client/outside.h"
#include "transport/tls/crypto.h"

#define OUTSIDE_REVIEW_SETS 256U
#define OUTSIDE_REVIEW_WAYS 4U
#define OUTSIDE_REVIEW_KEPT_BYTES (8U * KIB)
#define OUTSIDE_REVIEW_TIMEOUT_MS 30000U /* upstream's of both webhooks */

struct outside_review_kept {
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct arena *arena; /* NULL: nothing is kept here */
	struct str answer;
	struct wall until;
};

struct outside_review {
	struct outside_place place;
	uint32_t timeout_ms; /* of one question; 0: OUTSIDE_REVIEW_TIMEOUT_MS */
	uint32_t retry_ms;   /* outside_post's */
	/* The latest used first; all zero at first. */
	struct outside_review_kept sets[OUTSIDE_REVIEW_SETS][OUTSIDE_REVIEW_WAYS];
};

/*
 * CHECK_WAIT: the mechanism says so too, and asks again with the same question. CHECK_PASS: *out is the answer, in the arena of the request;
 * absent if there was none, for which `why` has the words. Uses the mechanism's `state`.
 */
enum check outside_review_ask(struct outside_review *review, struct check_context *check,
			      struct str question, struct str *out, struct fault *why);
/* The answer to that question counts for so long. */
void outside_review_keep(struct outside_review *review, const struct check_context *check,
			 struct str question, struct str answer, uint64_t ttl_ms);
void outside_review_fini(struct outside_review *review);

#endif
