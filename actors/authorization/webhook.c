/*
 * Another program's word on what a user may do: each question is sent to it as a SubjectAccessReview (upstream:
 * --authorization-webhook-config-file).
 *
 * Answers are kept, allowances longer than the rest. It is asked only what its conditions let through. When it cannot be asked, or that cannot be
 * said, it has no opinion, so what nobody else allows is refused; or it denies, if the operator wants that.
 */
#include "actors/authorization/mechanisms.h"
#include "actors/authorization/webhook-condition.h"
#include "datastore/custom/value.h"
#include "datastore/object/json.h"
#include "datastore/object/selector.h"
#include "datastore/schema/authorization.h"
#include "runtime/trace/metrics.h"

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

/* ---- selectors: what can be read of them; the rest would only narrow what is asked about, so it is left out ---- */

static struct str_list values_of(const struct selector_requirement *need)
{
	return (struct str_list){ (struct str *)(uintptr_t)need->values, need->value_count };
}

/* Absent: a relation that reviews have no word for. */
static struct str relation_of(const struct selector_requirement *need)
{
	switch (need->relation) {
	case SELECTOR_IN: return STR("In");
	case SELECTOR_NOT_IN: return STR("NotIn");
	case SELECTOR_EXISTS: return STR("Exists");
	case SELECTOR_NOT_EXISTS: return STR("DoesNotExist");
	default: return STR_NONE;
	}
}

/* NULL: there is none. */
static struct authorization_field_selector_attributes *fields_of(struct str text,
								 struct arena *arena)
{
	struct authorization_field_selector_attributes *out =
	    arena_new_of(arena, struct authorization_field_selector_attributes);
	struct selector selector;

	if (text.len == 0 || selector_parse_fields(text, arena, &selector, NULL) != OK ||
	    selector.len == 0)
		return NULL;
	out->requirements.at =
	    arena_array(arena, struct meta_field_selector_requirement, selector.len);
	for (uint32_t i = 0; i < selector.len; i++)
		out->requirements.at[out->requirements.len++] =
		    (struct meta_field_selector_requirement){ .key = selector.at[i].key,
							      .operator=
								  relation_of(&selector.at[i]),
							      .values = values_of(&selector.at[i]) };
	return out;
}

static struct authorization_label_selector_attributes *labels_of(struct str text,
								 struct arena *arena)
{
	struct authorization_label_selector_attributes *out =
	    arena_new_of(arena, struct authorization_label_selector_attributes);
	struct selector selector;

	if (text.len == 0 || selector_parse_labels(text, arena, &selector, NULL) != OK)
		return NULL;
	out->requirements.at =
	    arena_array(arena, struct meta_label_selector_requirement, selector.len + 1);
	for (uint32_t i = 0; i < selector.len; i++)
		if (relation_of(&selector.at[i]).at != NULL)
			out->requirements.at[out->requirements.len++] =
			    (struct meta_label_selector_requirement){
				    .key = selector.at[i].key,
				    .operator= relation_of(&selector.at[i]),
				    .values = values_of(&selector.at[i])
			    };
	return out->requirements.len > 0 ? out : NULL;
}

static struct str question_of(const struct attributes *a, struct arena *arena)
{
	struct authorization_resource_attributes resource = {
		.namespace = a->namespace,
		.verb = a->verb,
		.group = a->group,
		.version = a->version,
		.resource = a->resource,
		.subresource = a->subresource,
		.name = a->name,
		.field_selector = fields_of(a->field_selector, arena),
		.label_selector = labels_of(a->label_selector, arena)
	};
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

/* ---- the older form --------------------------------------------------------------------------------------------- */

/* The same with a member of spec that had another name: nothing else has changed since. */
static struct str as_beta(struct str review, struct arena *arena)
{
	struct value *tree = arena_new_of(arena, struct value);
	struct text out = text_in(arena, QUESTION_BYTES_MAX);

	if (value_parse(review, arena, tree) != OK)
		return STR_NONE;
	for (uint32_t i = 0; i < tree->len; i++) {
		struct value_member *member = &tree->members[i];

		if (str_is(member->name, "apiVersion"))
			member->value.text = STR("authorization.k8s.io/v1beta1");
		for (uint32_t j = 0; str_is(member->name, "spec") && j < member->value.len; j++)
			if (str_is(member->value.members[j].name, "groups"))
				member->value.members[j].name = STR("group");
	}
	value_write(tree, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

/* Rare but for the first, so that its series is looked up each time. */
static void count(const struct webhook_rights *rights, struct arena *arena, const char *name,
		  const char *help, const char *result)
{
	struct text labels = text_in(arena, 1024);

	if (rights->metrics == NULL)
		return;
	text_lit(&labels, "name=\"");
	metrics_escape(&labels, rights->name.len > 0 ? rights->name : STR("default"));
	text_printf(&labels, "\"%s%s%s", result[0] != '\0' ? ",result=\"" : "", result,
		    result[0] != '\0' ? "\"" : "");
	text_add_char(&labels, '\0');
	metrics_add(metrics_counter(rights->metrics, name, help, labels.at), 1);
}

/* It cannot be asked, or whether it should be. */
static enum check fail(const struct webhook_rights *rights, struct authorization *authorization,
		       struct str words)
{
	if (!rights->denies_when_away) {
		count(rights, authorization->check.arena,
		      "apiserver_authorization_webhook_evaluations_fail_open_total",
		      "Questions that went on to the next authorizer, since the webhook did not "
		      "answer.",
		      "");
		return CHECK_PASS;
	}
	authorization->reason = arena_printf(authorization->check.arena,
					     "webhook authorizer failed: " STR_FMT, STR_ARG(words));
	return CHECK_DENY;
}

static enum check take(const struct webhook_rights *rights, struct authorization *authorization,
		       const struct authorization_subject_access_review_status *status)
{
	/* Both at once is upstream's error: nobody is let in by it. */
	if (status->allowed && status->denied)
		return fail(rights, authorization,
			    STR("webhook subject access review returned both allow and deny "
				"response"));
	authorization->reason = status->reason;
	return status->allowed ? CHECK_ALLOW : status->denied ? CHECK_DENY : CHECK_PASS;
}

static enum check judge(struct webhook_rights *rights, struct authorization *authorization,
			struct str question)
{
	struct check_context *context = &authorization->check;
	const struct authorization_subject_access_review_status *status = NULL;
	struct fault why = { 0 };
	struct str answer;
	void *record = NULL;
	bool is_new = context->state != NULL;
	enum check said = outside_review_ask(&rights->review, context, question, &answer, &why);

	if (said == CHECK_WAIT)
		return CHECK_WAIT;
	if (answer.at != NULL &&
	    json_decode(&authorization_subject_access_review_type, answer, context->arena,
			(struct json_options){ 0 }, &record, &why) == OK)
		status = ((const struct authorization_subject_access_review *)record)->status;
	if (is_new || answer.at == NULL)
		count(rights, context->arena, "apiserver_authorization_webhook_evaluations_total",
		      "Questions to webhooks.",
		      status != NULL          ? "success"
		      : why.status == TIMEOUT ? "timeout"
					      : "error");
	if (status == NULL)
		return fail(rights, authorization, str_from(why.text));
	outside_review_keep(&rights->review, context, question, answer,
			    status->allowed ? rights->allowed_ttl_ms : rights->other_ttl_ms);
	return take(rights, authorization, status);
}

static enum check check(const struct authorizer *authorizer, struct authorization *authorization)
{
	/* What it remembers is its own, though the server does not change the rest. */
	struct webhook_rights *rights = (struct webhook_rights *)(uintptr_t)authorizer->config;
	struct arena *arena = authorization->check.arena;
	struct str question = question_of(&authorization->attributes, arena), words;

	if (question.at == NULL)
		return fail(rights, authorization, STR("the question is too large"));
	switch (webhook_condition_ask(rights->conditions, rights->condition_count, question, arena,
				      &words)) {
	case WEBHOOK_CONDITION_MET: break;
	case WEBHOOK_CONDITION_UNMET:
		count(rights, arena, "apiserver_authorization_match_condition_exclusions_total",
		      "Questions that a webhook's conditions kept from it.", "");
		return CHECK_PASS;
	case WEBHOOK_CONDITION_UNKNOWN:
		count(rights, arena,
		      "apiserver_authorization_match_condition_evaluation_errors_total",
		      "Conditions that could not be evaluated.", "");
		return fail(rights, authorization, words);
	}
	if (rights->is_beta)
		question = as_beta(question, arena);
	return judge(rights, authorization, question);
}

struct authorizer authorization_webhook(struct webhook_rights *rights)
{
	return (struct authorizer){ .name = "Webhook", .check = check, .config = rights };
}
