/*
 * Tokens that another program knows: each is sent to it as a TokenReview (upstream: --authentication-token-webhook-config-file).
 *
 * It is asked last, of what no other mechanism knows. Good answers are kept for a while, others are not: who has just been made known
 * is known. When it cannot be asked the token is one that nobody knows.
 */
#include "actors/authentication/mechanisms.h"
#include "datastore/object/json.h"
#include "datastore/schema/authentication.h"

static struct str question_of(const struct authentication *a)
{
	struct arena *arena = a->check.arena;
	struct authentication_token_review_spec spec = {
		.token = a->bearer,
		.audiences = a->audiences,
	};
	struct authentication_token_review review = {
		.metadata = arena_new_of(arena, struct meta_object_meta),
		.spec = &spec,
		.status = arena_new_of(arena, struct authentication_token_review_status),
	};
	struct text out = text_in(arena, LIMIT_HEADER_BYTES * 4);

	json_encode(&authentication_token_review_type, &review, &out);
	return text_str(&out);
}

static const struct user_extra *extra_of(const struct authentication_user_info *info,
					 struct arena *arena)
{
	struct user_extra *extra = arena_array(arena, struct user_extra, info->extra.len + 1);

	for (uint32_t i = 0; i < info->extra.len; i++)
		extra[i] =
		    (struct user_extra){ info->extra.at[i].key, info->extra.at[i].value.items.at,
					 info->extra.at[i].value.items.len };
	return extra;
}

/* Of those asked for, where some were: an answer that names none is about none of them. */
static bool is_meant(const struct authentication *a, struct str_list said)
{
	for (uint32_t i = 0; i < said.len; i++)
		if (str_list_has(a->audiences, said.at[i]))
			return true;
	return a->audiences.len == 0;
}

static enum check take(struct authentication *a, const struct authentication_token_review *review)
{
	const struct authentication_token_review_status *status = review->status;
	const struct authentication_user_info *info = status ? status->user : NULL;

	if (status == NULL || !status->authenticated || info == NULL || info->username.len == 0) {
		fault_set(&a->why, UNAUTHORIZED, "", STR_FMT,
			  STR_ARG(status && status->error.len > 0
				      ? status->error
				      : STR("the webhook does not know the token")));
		return CHECK_PASS;
	}
	if (!is_meant(a, status->audiences)) {
		fault_set(&a->why, UNAUTHORIZED, "", "the token is for another audience");
		return CHECK_PASS;
	}
	a->user = (struct user){ .name = info->username,
				 .uid = info->uid,
				 .groups = info->groups.at,
				 .group_count = info->groups.len,
				 .extra = extra_of(info, a->check.arena),
				 .extra_count = info->extra.len };
	a->out_audiences = status->audiences;
	return CHECK_ALLOW;
}

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct webhook_tokens *tokens = authenticator->config;
	struct str question, answer;
	void *record = NULL;
	enum check said;

	if (a->bearer.len == 0)
		return CHECK_PASS;
	question = question_of(a);
	said = outside_review_ask(&tokens->review, &a->check, question, &answer, &a->why);
	if (said == CHECK_WAIT || answer.at == NULL)
		return said;
	if (json_decode(&authentication_token_review_type, answer, a->check.arena,
			(struct json_options){ 0 }, &record, &a->why) != OK)
		return CHECK_PASS;
	said = take(a, record);
	if (said == CHECK_ALLOW)
		outside_review_keep(&tokens->review, &a->check, question, answer, tokens->ttl_ms);
	return said;
}

struct authenticator authentication_webhook(struct webhook_tokens *tokens)
{
	return (struct authenticator){ .name = "webhook", .check = check, .config = tokens };
}
