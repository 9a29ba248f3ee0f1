#include "actors/admission/webhook/review.h"

#include "actors/admission/policy-show.h"
#include "datastore/custom/value.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/schema/admission.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

static const char *const version_names[] = { "v1", "v1beta1" };

enum status review_version_of(struct str_list versions, enum review_version *out)
{
	for (uint32_t i = 0; i < versions.len; i++)
		for (uint32_t v = REVIEW_V1; v <= REVIEW_V1BETA1; v++)
			if (str_is(versions.at[i], version_names[v])) {
				*out = v;
				return OK;
			}
	return NOT_FOUND;
}

/* ---- the question ------------------------------------------------------------------------------------------ */

static struct str json_of_record(struct arena *arena, const struct type *type, const void *record)
{
	struct text out = text_in(arena, LIMIT_RECORD_BYTES);

	json_encode(type, record, &out);
	return text_str(&out);
}

struct str review_object(const struct admission *view, const void *record)
{
	struct arena *arena = view->check.arena;
	struct str json, rest;
	struct text out;
	int64_t at;

	if (record == NULL)
		return STR_NONE;
	json = json_of_record(arena, view->type, record);
	if (view->named_type == NULL)
		return json;
	/* The same under the name of another version: the encoder begins with kind and apiVersion. */
	rest = json;
	at = str_find(json, STR("\"apiVersion\":\""));
	assert(at >= 0);
	rest = str_slice(json, (uint32_t)at + (uint32_t)sizeof "\"apiVersion\":\"" - 1, json.len);
	(void)str_cut(&rest, '"');
	out = text_in(arena, LIMIT_RECORD_BYTES);
	text_add(&out, str_slice(json, 0, (uint32_t)at));
	text_lit(&out, "\"apiVersion\":\"");
	text_add(&out, type_api_version(view->named_type, arena));
	text_lit(&out, "\"");
	text_add(&out, rest);
	return text_str(&out);
}

static struct meta_group_version_kind *kind_of(struct arena *arena, const struct type *type)
{
	struct meta_group_version_kind kind = { type_group(type), type_version(type),
						type_kind(type) };

	return arena_copy(arena, &kind, sizeof kind);
}

static struct meta_group_version_resource *resource_of(struct arena *arena, struct str group,
						       struct str version, struct str resource)
{
	struct meta_group_version_resource out = { group, version, resource };

	return arena_copy(arena, &out, sizeof out);
}

struct str review_ask(const struct admission *view, enum review_version version, struct str uid)
{
	struct arena *arena = view->check.arena;
	struct admission_admission_request request = {
		.uid = uid,
		.kind = kind_of(arena, admission_kind(view)),
		.resource = resource_of(arena, view->group, view->version, view->resource),
		.sub_resource = view->subresource,
		.request_sub_resource = view->subresource,
		.name = view->name,
		.namespace = view->namespace,
		.operation = policy_show_operation(view->operation),
		.user_info = user_record(arena, view->user),
		.object = review_object(view, view->object),
		.old_object = review_object(view, view->old),
	};
	struct text out = text_in(arena, LIMIT_RECORD_BYTES);

	request.request_kind = view->asked != NULL ? kind_of(arena, view->asked_type) : request.kind;
	request.request_resource = view->asked != NULL
				       ? resource_of(arena, view->asked->group,
						     view->asked->version, view->asked->resource)
				       : request.resource;
	if (view->options_type != NULL)
		request.options = json_of_record(arena, view->options_type, view->options);
	SET(&request, dry_run, view->is_dry_run);
	text_printf(&out,
		    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/%s\","
		    "\"request\":",
		    version_names[version]);
	json_encode(&admission_admission_request_type, &request, &out);
	text_add_char(&out, '}');
	return text_str(&out);
}

/* ---- the answer ---------------------------------------------------------------------------------------------- */

static struct str text_of(const struct value *value, const char *name)
{
	const struct value *member = value_member(value, str_from(name));

	return member != NULL && member->kind == VALUE_STRING ? member->text : STR("");
}

static enum status not_json(struct str body, struct fault *why)
{
	struct json json = json_of(body);
	struct fault words = { 0 };

	(void)json_skip(&json, NULL);
	if (json_end(&json, &words) == OK)
		return fault_set(why, BAD_REQUEST, "", "the response is nested too deeply");
	return fault_set(why, BAD_REQUEST, "", "couldn't get version/kind; json parse error: %s",
			 words.text);
}

/* "admission.k8s.io/v1", as Go prints a GroupVersionKind. */
static struct str kind_shown(struct arena *arena, struct str api_version, struct str kind)
{
	if (str_find_char(api_version, '/') >= 0)
		return arena_printf(arena, STR_FMT ", Kind=" STR_FMT, STR_ARG(api_version),
				    STR_ARG(kind));
	return arena_printf(arena, "/" STR_FMT ", Kind=" STR_FMT, STR_ARG(api_version),
			    STR_ARG(kind));
}

static enum status check_identity(const struct value *review,
				  const struct admission_admission_response *response,
				  struct str uid, struct arena *arena, struct fault *why)
{
	struct str expected = STR("admission.k8s.io/v1");
	struct str version = text_of(review, "apiVersion"), kind = text_of(review, "kind");
	struct str got = name_quoted(arena, response->uid);
	struct str shown;

	if (!str_eq(response->uid, uid))
		return fault_set(why, BAD_REQUEST, "",
				 "expected response.uid=\"" STR_FMT "\", got " STR_FMT,
				 STR_ARG(uid), STR_ARG(got));
	if (str_eq(version, expected) && str_is(kind, "AdmissionReview"))
		return OK;
	shown = kind_shown(arena, version, kind);
	return fault_set(why, BAD_REQUEST, "",
			 "expected webhook response of " STR_FMT
			 ", Kind=AdmissionReview, got " STR_FMT,
			 STR_ARG(expected), STR_ARG(shown));
}

static enum status check_patch(const struct admission_admission_response *response,
			       bool is_mutating, struct arena *arena, struct fault *why)
{
	struct str quoted = name_quoted(arena, response->patch_type);
	bool has_patch = response->patch.len > 0, has_type = response->patch_type.at != NULL;

	if (!is_mutating && has_patch)
		return fault_set(why, BAD_REQUEST, "",
				 "validating webhook may not return response.patch");
	if (!is_mutating && has_type)
		return fault_set(why, BAD_REQUEST, "",
				 "validating webhook may not return response.patchType");
	if (has_patch && !has_type)
		return fault_set(why, BAD_REQUEST, "",
				 "webhook returned response.patch but not response.patchType");
	if (!has_patch && has_type)
		return fault_set(why, BAD_REQUEST, "",
				 "webhook returned response.patchType but not response.patch");
	if (has_type && response->patch_type.len == 0)
		return fault_set(why, BAD_REQUEST, "",
				 "webhook returned invalid response.patchType of \"\"");
	if (has_type && !str_is(response->patch_type, "JSONPatch"))
		return fault_set(why, BAD_REQUEST, "", "unsupported patch type " STR_FMT,
				 STR_ARG(quoted));
	return OK;
}

/* Of an answer that was decoded already: a status that is there can be read. */
static struct failure *failure_from(const struct value *response, struct arena *arena)
{
	const struct value *status = value_member(response, STR("status"));
	struct failure *out = FAILURE_NEW(arena);
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);

	if (status == NULL || status->kind != VALUE_MAP)
		return out;
	value_write(status, &json);
	if (failure_read(text_str(&json), arena, out) != OK)
		*out = (struct failure){ 0 };
	return out;
}

enum status review_read(struct str body, struct arena *arena, enum review_version version,
			struct str uid, bool is_mutating, struct review_answer *out,
			struct fault *why)
{
	struct value *review = arena_new_of(arena, struct value);
	struct text json = text_in(arena, LIMIT_RECORD_BYTES);
	const struct admission_admission_response *response;
	const struct value *member;
	void *record;

	if (value_parse(body, arena, review) != OK)
		return not_json(body, why);
	member = value_member(review, STR("response"));
	if (member == NULL || member->kind != VALUE_MAP)
		return fault_set(why, BAD_REQUEST, "", "webhook response was absent");
	value_write(member, &json);
	TRY(json_decode(&admission_admission_response_type, text_str(&json), arena,
			(struct json_options){ 0 }, &record, why));
	response = record;
	if (version == REVIEW_V1) {
		TRY(check_identity(review, response, uid, arena, why));
		TRY(check_patch(response, is_mutating, arena, why));
	}
	*out = (struct review_answer){ .is_allowed = response->allowed,
				       .patch = is_mutating ? response->patch : STR(""),
				       .warnings = response->warnings,
				       .annotations = response->audit_annotations };
	if (!response->allowed)
		out->denied = failure_from(member, arena);
	return OK;
}
