#include "datastore/object/apply/apply.h"
#include "actors/server/server-private.h"
#include "datastore/object/apply/typed.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml.h"

/*
 * apply: a PATCH whose body is what a manager wants of an object, and no more. What is missing is created; then it is an
 * update like any other, but for who owns what (datastore/object/apply).
 */

#define STRICT_BYTES_MAX 4096U /* of what is said of members that are there twice */

/* The body, read once for all tries. */
struct configuration {
	struct str json;
	void *said;
	struct json_strict strict;
	const struct type *type;
};

bool apply_is_asked(const struct request *r)
{
	enum patch_form form;
	bool is_apply;

	return r->route.verb == VERB_PATCH &&
	       negotiate_patch(r->asked.content_type, &form, &is_apply) == OK && is_apply;
}

/* ---- the body ------------------------------------------------------------------------------------------------- */

static enum next bad_body(struct request *r, const char *why)
{
	return request_fail(r, failure_bad_request(r->arena, "error decoding patch: %s", why));
}

static enum next bad_yaml(struct request *r, const char *why)
{
	return request_fail(
	    r, failure_bad_request(r->arena,
				   "error decoding patch: error converting YAML to JSON: %s", why));
}

/* Nothing at all is an object with nothing in it. */
static enum next check_object(struct request *r, struct configuration *c)
{
	static const char *const words[] = {
		[JSON_ARRAY] = "array", [JSON_STRING] = "string", [JSON_NUMBER] = "number",
		[JSON_TRUE] = "bool",   [JSON_FALSE] = "bool",
	};
	struct json in = json_of(c->json);
	enum json_token token = json_peek(&in);

	if (token == JSON_OBJECT)
		return NEXT;
	if (token != JSON_NULL)
		return request_fail(
		    r,
		    failure_bad_request(
			r->arena,
			"error decoding patch: error unmarshaling JSON: while decoding JSON: json: "
			"cannot unmarshal %s into Go value of type map[string]interface {}",
			words[token]));
	c->json = STR("{}");
	return NEXT;
}

enum next apply_decode(struct request *r)
{
	struct configuration *c = arena_new_of(r->arena, struct configuration);
	struct text json = text_in(r->arena, LIMIT_BODY_BYTES);
	struct fault why = { 0 };

	c->json = r->asked.body;
	if (!json_is_valid(c->json)) {
		if (yaml_to_json(r->asked.body, &json, &why) != OK)
			return bad_yaml(r, why.text);
		c->json = text_str(&json);
	}
	r->work = c;
	return check_object(r, c);
}

/* `group/version, Kind=Kind`, as Go prints it. */
static struct str kind_words(struct request *r, struct str api_version, struct str kind)
{
	bool has_group = str_find_char(api_version, '/') >= 0;

	return request_printf(r, "%s" STR_FMT ", Kind=" STR_FMT, has_group ? "" : "/",
			      STR_ARG(api_version), STR_ARG(kind));
}

static enum next check_kind(struct request *r, const struct type *type, struct str json)
{
	struct str api_version, kind;
	struct fault why = { 0 };

	if (json_kind(json, r->arena, &api_version, &kind, &why) != OK)
		return bad_body(r, why.text);
	if (str_eq(api_version, type_api_version(type, r->arena)) && str_eq(kind, type_kind(type)))
		return NEXT;
	return request_fail(r, failure_bad_request(r->arena, "invalid object type: " STR_FMT,
						   STR_ARG(kind_words(r, api_version, kind))));
}

/* A name that may stand in a configuration that cannot be decoded. */
static struct str meta_member(struct request *r, struct str json, const char *wanted)
{
	struct json in = json_of(json);
	struct str name, value, text;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, r->arena, &name) && json_skip(&in, &value);) {
		struct json inner = json_of(value);

		if (str_is(name, wanted) && json_peek(&inner) == JSON_STRING &&
		    json_string(&inner, r->arena, &text))
			return text;
		if (str_is(name, "metadata"))
			return meta_member(r, value, wanted);
	}
	return STR_NONE;
}

/* Upstream's server says it of whatever its typed values refuse, and takes it for its own fault. */
static enum next cannot_type(struct request *r, const struct configuration *c, struct str words)
{
	struct str name = meta_member(r, c->json, "name");
	struct str space = meta_member(r, c->json, "namespace");
	struct str kind = kind_words(r, type_api_version(c->type, r->arena), type_kind(c->type));

	return request_fail(
	    r, failure_plain(r->arena, 500,
			     request_printf(r,
					    "failed to create typed patch object (" STR_FMT
					    "/" STR_FMT "; " STR_FMT "): " STR_FMT,
					    STR_ARG(space), STR_ARG(name), STR_ARG(kind),
					    STR_ARG(words))));
}

/* Of the right type, and still no value of the field. */
static enum next cannot_convert(struct request *r, const struct configuration *c, const char *why)
{
	struct str kind = kind_words(r, type_api_version(c->type, r->arena), type_kind(c->type));

	return request_fail(
	    r,
	    failure_plain(
		r->arena, 500,
		request_printf(
		    r,
		    "failed to convert new object (" STR_FMT "/" STR_FMT "; " STR_FMT
		    ") to proper version: unable to convert unstructured object to " STR_FMT ": %s",
		    STR_ARG(r->route.namespace), STR_ARG(r->route.name), STR_ARG(kind),
		    STR_ARG(kind), why)));
}

static enum next read_configuration(struct request *r, struct configuration *c)
{
	struct json_options options = { .strict = &c->strict, .borrow = true };
	const struct meta_object_meta *meta;
	struct fault why = { 0 };
	struct str words;

	if (json_decode(c->type, c->json, r->arena, options, &c->said, &why) != OK) {
		words = typed_fault(c->type, c->json, r->arena);
		return words.at != NULL ? cannot_type(r, c, words) : cannot_convert(r, c, why.text);
	}
	meta = record_meta(c->type, c->said);
	if (meta != NULL && meta->managed_fields.at != NULL)
		return request_fail(
		    r, failure_bad_request(r->arena, "metadata.managedFields must be nil"));
	words = typed_undeclared(&c->strict, r->arena);
	return words.len > 0 ? cannot_type(r, c, words) : NEXT;
}

/* Members that are there twice, of which the last wins, with their lines: a configuration is YAML, also when it is JSON. */
static enum next strict_found(struct request *r)
{
	struct str level = r->options.field_validation, rest;
	struct text lines = text_in(r->arena, STRICT_BYTES_MAX);
	struct text words = text_in(r->arena, 2 * STRICT_BYTES_MAX);

	if (str_is(level, "Ignore"))
		return NEXT;
	yaml_doubles(r->asked.body, &lines);
	for (rest = text_str(&lines); rest.at != NULL && rest.len > 0;) {
		struct str line = str_cut(&rest, '\n');

		text_printf(&words, "\n  " STR_FMT, STR_ARG(line));
		if (!str_is(level, "Strict"))
			request_warn(r, line);
	}
	if (words.len == 0 || !str_is(level, "Strict"))
		return NEXT;
	return request_fail(
	    r, failure_bad_request(r->arena,
				   "error strict decoding patch: error converting YAML to JSON: "
				   "yaml: unmarshal errors:%.*s",
				   (int)words.len, words.at));
}

/* ---- the step ------------------------------------------------------------------------------------------------------ */

static enum next conflicts(struct request *r, const struct apply_outcome *outcome)
{
	struct failure *failure = FAILURE_NEW(r->arena);

	failure->code = 409;
	failure->reason = STR("Conflict");
	failure->message = apply_conflict_text(outcome, r->arena);
	failure->has_details = true;
	for (uint32_t i = 0; i < outcome->conflict_count; i++) {
		const struct apply_conflict *conflict = &outcome->conflicts[i];

		failure_cause_add(
		    failure, r->arena, STR("FieldManagerConflict"),
		    request_printf(r, "conflict with " STR_FMT, STR_ARG(conflict->with)),
		    conflict->path);
	}
	return request_fail(r, failure);
}

static enum next missing_uid(struct request *r, struct str uid)
{
	return request_fail(
	    r, failure_conflict(
		   r->arena, request_group(r), request_resource(r), r->route.name,
		   request_printf(r,
				  "uid mismatch: the provided object specified uid " STR_FMT
				  ", and no existing object was found",
				  STR_ARG(uid))));
}

enum next apply_into(struct request *r, const struct type *type, const void *live)
{
	struct configuration *c = r->work;
	struct apply_outcome outcome;
	struct fault why = { 0 };
	struct apply apply = {
		.type = type,
		.live = live,
		.said_json = c->json,
		.manager = owners_manager(r),
		.api_version = type_api_version(type, r->arena),
		.subresource = r->subresource ? r->subresource->name : STR_NONE,
		.is_forced = r->options.force == OPTION_TRUE,
		.resets = owners_resets(r),
		.now = act_wall(r->server->act),
		.convert = owners_convert,
		.convert_arg = r,
	};
	enum status status;
	enum next next;

	c->type = type;
	c->strict.len = 0;
	next = check_kind(r, type, c->json);
	if (next == NEXT)
		next = read_configuration(r, c);
	if (next != NEXT)
		return next;
	apply.said = c->said;
	status = apply_run(&apply, r->arena, &outcome, &why);
	if (status == CONFLICT)
		return conflicts(r, &outcome);
	if (status == INVALID)
		return cannot_type(r, c, str_from(why.text));
	if (status != OK)
		return request_fail(
		    r, failure_plain(
			   r->arena, 500,
			   request_printf(r, "failed to decode managed fields: %s", why.text)));
	next = strict_found(r);
	if (next != NEXT)
		return next;
	r->type = type;
	r->record = outcome.record;
	if (live == NULL && record_meta(type, r->record)->uid.len > 0)
		return missing_uid(r, record_meta(type, r->record)->uid);
	record_default(type, r->record, r->arena, apply.now);
	return body_check_names(r, type, r->record, true);
}
