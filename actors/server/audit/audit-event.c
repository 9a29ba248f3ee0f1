#include "actors/server/audit/audit-event.h"

#include "actors/audit/audit-log.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/authentication.h"
#include "transport/wire/json.h"

#define AGENT_BYTES_MAX 1024U /* upstream's maxUserAgentLength */
#define AGENT_CUT "...TRUNCATED"
#define IPS_MAX 16U
#define TRUNCATED STR("audit.k8s.io/truncated")

/* ---- JSON without managers ---------------------------------------------------------------------------------- */

static void copy_metadata(struct json *in, struct text *out, struct arena *arena)
{
	bool is_first = true;
	struct str name, raw;

	json_enter(in);
	text_add_char(out, '{');
	while (json_member(in, arena, &name)) {
		json_skip(in, &raw);
		if (str_is(name, "managedFields"))
			continue;
		text_add(out, is_first ? STR("") : STR(","));
		json_write_string(out, name);
		text_add_char(out, ':');
		text_add(out, raw);
		is_first = false;
	}
	text_add_char(out, '}');
}

static void copy_object(struct json *in, struct text *out, struct arena *arena, bool is_list);

static void copy_items(struct json *in, struct text *out, struct arena *arena)
{
	bool is_first = true;
	struct str raw;

	json_enter(in);
	text_add_char(out, '[');
	while (json_element(in)) {
		text_add(out, is_first ? STR("") : STR(","));
		is_first = false;
		if (json_peek(in) == JSON_OBJECT) {
			copy_object(in, out, arena, false);
		} else {
			json_skip(in, &raw);
			text_add(out, raw);
		}
	}
	text_add_char(out, ']');
}

/* Of a list its items too, of which none is a list. */
static void copy_object(struct json *in, struct text *out, struct arena *arena, bool is_list)
{
	bool is_first = true;
	struct str name, raw;

	json_enter(in);
	text_add_char(out, '{');
	while (json_member(in, arena, &name)) {
		enum json_token token = json_peek(in);

		text_add(out, is_first ? STR("") : STR(","));
		is_first = false;
		json_write_string(out, name);
		text_add_char(out, ':');
		if (token == JSON_OBJECT && str_is(name, "metadata")) {
			copy_metadata(in, out, arena);
		} else if (token == JSON_ARRAY && is_list && str_is(name, "items")) {
			copy_items(in, out, arena);
		} else {
			json_skip(in, &raw);
			text_add(out, raw);
		}
	}
	text_add_char(out, '}');
}

struct str audit_event_without_managers(struct str text, struct arena *arena)
{
	struct json in = json_of(text);
	struct text out = text_in(arena, AUDIT_LOG_LINE_MAX);
	struct fault why;

	if (json_peek(&in) != JSON_OBJECT)
		return text;
	copy_object(&in, &out, arena, true);
	return json_end(&in, &why) == OK && !out.is_cut ? text_str(&out) : text;
}

/* ---- who and what ------------------------------------------------------------------------------------------------ */

static struct authentication_user_info *user_of(const struct user *user, struct arena *arena)
{
	struct authentication_user_info *info = arena_new_of(arena, struct authentication_user_info);

	info->username = user->name;
	info->uid = user->uid;
	info->groups = (struct str_list){ (struct str *)(uintptr_t)user->groups, user->group_count };
	if (user->extra_count == 0)
		return info;
	info->extra.at =
	    arena_array(arena, struct authentication_extra_value_entry, user->extra_count);
	for (uint32_t i = 0; i < user->extra_count; i++) {
		info->extra.at[i].key = user->extra[i].key;
		info->extra.at[i].value.items =
		    (struct str_list){ (struct str *)(uintptr_t)user->extra[i].values,
				       user->extra[i].value_count };
	}
	info->extra.len = user->extra_count;
	return info;
}

static bool is_impersonating(const struct request *r)
{
	const struct user *wanted = &r->asked.impersonated;

	return wanted->name.len > 0 && str_eq(wanted->name, r->user.name);
}

static struct audit_object_reference *reference_of(const struct request *r, struct arena *arena)
{
	struct audit_object_reference *ref = arena_new_of(arena, struct audit_object_reference);
	const struct meta_object_meta *meta = r->result != NULL ? object_meta(r->result)
					      : r->record != NULL && r->type != NULL
						  ? record_meta(r->type, r->record)
						  : NULL;

	ref->resource = r->route.resource;
	ref->namespace = r->route.namespace;
	ref->name = r->route.name;
	ref->api_group = r->route.group;
	ref->api_version = r->route.version;
	ref->subresource = r->route.subresource;
	if (meta == NULL)
		return ref;
	if (ref->name.len == 0)
		ref->name = meta->name;
	ref->uid = meta->uid;
	ref->resource_version = meta->resource_version;
	return ref;
}

static struct str uri_of(const struct request *r, struct arena *arena)
{
	return r->asked.query.len > 0
		   ? arena_printf(arena, STR_FMT "?" STR_FMT, STR_ARG(r->asked.path),
				  STR_ARG(r->asked.query))
		   : r->asked.path;
}

static struct str agent_of(const struct request *r, struct arena *arena)
{
	if (r->asked.agent.len <= AGENT_BYTES_MAX)
		return r->asked.agent;
	return arena_printf(arena, "%.*s" AGENT_CUT, (int)AGENT_BYTES_MAX, r->asked.agent.at);
}

/* The last is who speaks to us, those before it only what he says. */
static struct str_list addresses_of(const struct request *r, struct arena *arena)
{
	struct str_list list = { .at = arena_array(arena, struct str, IPS_MAX + 1) };
	struct str rest = r->asked.forwarded;

	while (rest.at != NULL && list.len < IPS_MAX) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (one.len > 0)
			list.at[list.len++] = one;
	}
	if (r->asked.address.len > 0)
		list.at[list.len++] = r->asked.address;
	return list;
}

/* ---- what came of it ------------------------------------------------------------------------------------------------ */

static struct meta_status *status_of(const struct request *r, bool is_known, struct arena *arena)
{
	const struct failure *failure = r->answer.failure;
	struct meta_status *status = arena_new_of(arena, struct meta_status);

	status->metadata = arena_new_of(arena, struct meta_list_meta);
	SET(status, code, r->answer.code);
	if (failure == NULL)
		return status;
	status->status = STR("Failure");
	status->reason = failure->reason;
	status->message = failure->message;
	if (!is_known)
		status->message = r->asked.authorization.len > 0
				      ? STR("Authentication failed, attempted: bearer")
				      : STR("Authentication failed, no credentials provided");
	if (!failure->has_details)
		return status;
	status->details = arena_new_of(arena, struct meta_status_details);
	status->details->name = failure->name;
	status->details->group = failure->group;
	status->details->kind = failure->kind;
	status->details->uid = failure->uid;
	return status;
}

static struct str request_object(const struct request *r, const struct audit_state *state,
				 struct arena *arena)
{
	struct str json = state->request_object.at ? state->request_object : r->asked.body;

	if (json.len == 0 || !json_is_valid(json))
		return STR_NONE;
	return state->decision.omits_managed_fields ? audit_event_without_managers(json, arena)
						    : json;
}

static struct str json_of_record(const struct request *r, struct arena *arena)
{
	struct text out = text_in(arena, AUDIT_LOG_LINE_MAX);

	json_encode(r->type, r->record, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

/* An answer in protobuf is told of as the object that it shows; a list in protobuf is not told of. */
static struct str response_object(struct request *r, const struct audit_state *state,
				  struct arena *arena)
{
	struct str json = STR_NONE;

	if (str_starts(r->answer.content_type, STR("application/json")) &&
	    (r->answer.parts.count == 0 ? r->answer.body.len : http_parts_bytes(r->answer.parts)) <=
		AUDIT_LOG_LINE_MAX)
		json = respond_body(r, arena);
	else if (r->result != NULL)
		json = object_bytes(r->result, FORMAT_JSON, arena);
	else if (r->record != NULL && r->answer.failure == NULL)
		json = json_of_record(r, arena);
	if (json.len == 0 || !json_is_valid(json))
		return STR_NONE;
	return state->decision.omits_managed_fields ? audit_event_without_managers(json, arena)
						    : json;
}

/* ---- the event --------------------------------------------------------------------------------------------------------- */

static struct audit_event *new_event(struct request *r, const struct audit_state *state,
				     enum audit_stage stage, struct arena *arena)
{
	struct audit_event *event = arena_new_of(arena, struct audit_event);

	event->level = str_from(audit_policy_level_name(state->decision.level));
	event->audit_id = r->asked.audit_id;
	event->stage = str_from(audit_policy_stage_name(stage));
	event->request_uri = uri_of(r, arena);
	event->verb = r->route.verb_name;
	event->user = user_of(&state->user, arena);
	if (state->is_known && is_impersonating(r))
		event->impersonated_user = user_of(&r->user, arena);
	event->source_ips = addresses_of(r, arena);
	event->user_agent = agent_of(r, arena);
	if (r->route.is_resource)
		event->object_ref = reference_of(r, arena);
	SET(event, request_received_timestamp, state->received);
	SET(event, stage_timestamp, act_wall(r->server->act));
	if (stage != AUDIT_RECEIVED) {
		event->response_status = status_of(r, state->is_known, arena);
		event->annotations = r->annotations;
	}
	return event;
}

struct str audit_event_line(struct request *r, const struct audit_state *state,
			    enum audit_stage stage, struct arena *arena)
{
	struct audit_event *event = new_event(r, state, stage, arena);
	struct text out = text_in(arena, AUDIT_LOG_LINE_MAX);

	if (stage != AUDIT_RECEIVED && state->decision.level >= AUDIT_REQUEST)
		event->request_object = request_object(r, state, arena);
	if (stage == AUDIT_COMPLETE && state->decision.level >= AUDIT_RESPONSE)
		event->response_object = response_object(r, state, arena);
	json_encode(&audit_event_type, event, &out);
	if (!out.is_cut)
		return text_str(&out);
	event->request_object = event->response_object = STR_NONE;
	str_map_put(&event->annotations, arena, TRUNCATED, STR("true"));
	text_clear(&out);
	json_encode(&audit_event_type, event, &out);
	return text_str(&out);
}
