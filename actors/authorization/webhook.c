/*
 * Another program's word on what a user may do: each question is sent to it as a SubjectAccessReview (upstream:
 * --authorization-webhook-config-file).
 *
 * It is asked last. Answers are kept, allowances longer than the rest. When it cannot be asked it has no opinion, so what nobody else
 * allows is refused.
 */
#include "actors/authorization/mechanisms.h"
#include "datastore/object/json.h"
#include "datastore/schema/authorization.h"

#define QUESTION_BYTES_MAX (256U * KIB)

static void put_extra(struct authorization_subject_access_review_spec *spec,
		      const struct user *user, struct arena *arena)
{
	spec->extra.at =
	    arena_array(arena, struct authorization_extra_value_entry, user->extra_count + 1);
	for (uint32_t i = 0; i < user->extra_count; i++) {
		spec->extra.at[i].key = user->extra[i].key;
		spec->extra.at[i].value.items =
		    (struct str_list){ (struct str *)(uintptr_t)user->extra[i].values,
				       user->extra[i].value_count };
	}
	spec->extra.len = user->extra_count;
}

static struct str question_of(const struct attributes *a, struct arena *arena)
{
	struct authorization_resource_attributes resource = { .namespace = a->namespace,
							      .verb = a->verb,
							      .group = a->group,
							      .version = a->version,
							      .resource = a->resource,
							      .subresource = a->subresource,
							      .name = a->name };
	struct authorization_non_resource_attributes path = { .path = a->path, .verb = a->verb };
	struct authorization_subject_access_review_spec spec = {
		.resource_attributes = a->is_resource ? &resource : NULL,
		.non_resource_attributes = a->is_resource ? NULL : &path,
		.user = a->user->name,
		.uid = a->user->uid,
		.groups = { (struct str *)(uintptr_t)a->user->groups, a->user->group_count },
	};
	struct authorization_subject_access_review review = {
		.metadata = arena_new_of(arena, struct meta_object_meta),
		.spec = &spec,
		.status = arena_new_of(arena, struct authorization_subject_access_review_status),
	};
	struct text out = text_in(arena, QUESTION_BYTES_MAX);

	put_extra(&spec, a->user, arena);
	json_encode(&authorization_subject_access_review_type, &review, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

static enum check check(const struct authorizer *authorizer, struct authorization *authorization)
{
	/* What it remembers is its own, though the server does not change the rest. */
	struct webhook_rights *rights = (struct webhook_rights *)(uintptr_t)authorizer->config;
	struct check_context *context = &authorization->check;
	const struct authorization_subject_access_review_status *status;
	struct str question = question_of(&authorization->attributes, context->arena), answer;
	struct fault why = { 0 };
	void *record = NULL;
	enum check said;

	if (question.at == NULL)
		return CHECK_PASS;
	said = outside_review_ask(&rights->review, context, question, &answer, &why);
	if (said == CHECK_WAIT || answer.at == NULL)
		return said;
	if (json_decode(&authorization_subject_access_review_type, answer, context->arena,
			(struct json_options){ 0 }, &record, &why) != OK)
		return CHECK_PASS;
	status = ((const struct authorization_subject_access_review *)record)->status;
	if (status == NULL)
		return CHECK_PASS;
	authorization->reason = status->reason;
	outside_review_keep(&rights->review, context, question, answer,
			    status->allowed ? rights->allowed_ttl_ms : rights->other_ttl_ms);
	/* Both at once is upstream's error: nobody is let in by it. */
	if (status->allowed && !status->denied)
		return CHECK_ALLOW;
	return status->denied && !status->allowed ? CHECK_DENY : CHECK_PASS;
}

struct authorizer authorization_webhook(struct webhook_rights *rights)
{
	return (struct authorizer){ .name = "Webhook", .check = check, .config = rights };
}
