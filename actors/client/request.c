#include "actors/client/request.h"

#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/schema/meta.h"
#include "transport/http/url.h"

#define PATH_MAX_BYTES 2048U

static void add_part(struct text *out, struct str part)
{
	text_add_char(out, '/');
	url_encode(out, part, false);
}

struct str request_path(struct arena *arena, const struct type *type, struct str namespace,
			struct str name, const char *subresource)
{
	struct text out = text_in(arena, PATH_MAX_BYTES);

	assert(type_resource(type).at != NULL);
	if (type_group(type).len == 0)
		text_lit(&out, "/api");
	else
		text_printf(&out, "/apis/" STR_FMT, STR_ARG(type_group(type)));
	add_part(&out, type_version(type));
	if ((type->flags & TYPE_NAMESPACED) != 0 && namespace.len > 0) {
		text_lit(&out, "/namespaces");
		add_part(&out, namespace);
	}
	add_part(&out, type_resource(type));
	if (name.len > 0)
		add_part(&out, name);
	if (subresource != NULL)
		text_printf(&out, "/%s", subresource);
	return text_str(&out);
}

/* The groups that a user of the cluster itself has by its name, as its certificate or token would say. */
static void add_groups(struct api_call *call)
{
	struct str *groups = arena_array(call->arena, struct str, 2);
	struct str rest = call->user, namespace;

	if (str_starts(call->user, STR("system:node:"))) {
		groups[call->group_count++] = STR("system:nodes");
	} else if (str_starts(call->user, STR("system:serviceaccount:"))) {
		rest = str_slice(rest, sizeof "system:serviceaccount:" - 1, rest.len);
		groups[call->group_count++] = STR("system:serviceaccounts");
		namespace = str_cut(&rest, ':'); /* STR_ARG names its argument twice */
		groups[call->group_count++] =
		    arena_printf(call->arena, "system:serviceaccounts:" STR_FMT, STR_ARG(namespace));
	}
	call->groups = groups;
}

struct api_call request_call(const char *method, struct str path, struct str user)
{
	struct api_call call = api_call_new();

	call.method = str_from(method);
	call.path = arena_str(call.arena, path);
	call.user = arena_str(call.arena, user);
	add_groups(&call);
	/* Custom resources have no protobuf. */
	call.accept = STR("application/vnd.kubernetes.protobuf,application/json");
	return call;
}

void request_set_record(struct api_call *call, const struct type *type, const void *record)
{
	struct text body = text_in(call->arena, LIMIT_BODY_BYTES);

	if (type->flags & TYPE_JSON_ONLY) {
		json_encode(type, record, &body);
		call->content_type = call->accept = API_TYPE_JSON;
	} else {
		proto_envelope_encode(type, record, &body);
		call->content_type = API_TYPE_PROTOBUF;
	}
	call->body = text_str(&body);
}

void request_set_body(struct api_call *call, struct str content_type, struct str body)
{
	call->content_type = arena_str(call->arena, content_type);
	call->body = arena_str(call->arena, body);
}

static const struct type *status_type(void)
{
	return type_named(STR("meta"), STR("Status"));
}

/* The outcome whose reason and code a Status has; the code alone decides between those that share a reason. */
static enum status outcome_of(int32_t code, struct str reason)
{
	for (int s = OK + 1; s < STATUS_COUNT; s++)
		if (status_http((enum status)s) == code &&
		    str_is(reason, status_reason((enum status)s)))
			return (enum status)s;
	for (int s = OK + 1; s < STATUS_COUNT; s++)
		if (status_http((enum status)s) == code)
			return (enum status)s;
	return INTERNAL;
}

enum status request_outcome(const struct api_answer *answer, struct fault *why)
{
	struct object *object = NULL;
	const struct meta_status *said;
	enum status outcome;

	if (answer->code < 400)
		return OK;
	if (object_decode(status_type(),
			  proto_envelope_is(answer->body) ? FORMAT_PROTO : FORMAT_JSON,
			  answer->body, &object, NULL) != OK)
		return fault_set(why, outcome_of(answer->code, STR("")), "", "code %d",
				 (int)answer->code);
	said = object->record;
	outcome = outcome_of(answer->code, said->reason);
	fault_set(why, outcome, "", STR_FMT, STR_ARG(said->message));
	object_unref(object);
	return outcome;
}

/* A Status would decode as any kind, as an empty one: what the bytes call themselves decides. */
static bool is_kind(struct str body, const struct type *type)
{
	struct arena *arena = arena_new(0);
	struct proto_envelope envelope = { 0 };
	struct str version, kind = STR_NONE;
	bool is_same;

	if (!proto_envelope_is(body))
		is_same = json_kind(body, arena, &version, &kind, NULL) == OK &&
			  str_eq(kind, type_kind(type));
	else
		is_same = proto_envelope_open(body, &envelope, NULL) == OK &&
			  str_eq(envelope.kind, type_kind(type));
	arena_free(arena);
	return is_same;
}

/* metadata.resourceVersion as a number; 0 if absent or no number. */
static uint64_t revision_of(const struct object *object)
{
	const struct meta_object_meta *meta = record_meta(object->type, object->record);
	uint64_t revision = 0;

	if (meta == NULL || str_to_u64(meta->resource_version, &revision) != OK)
		return 0;
	return revision;
}

const struct object *request_object(const struct api_answer *answer, const struct type *type,
				    struct fault *why)
{
	struct object *object = NULL;

	if (!is_kind(answer->body, type)) {
		fault_set(why, NOT_FOUND, "", "the answer holds no " STR_FMT,
			  STR_ARG(type_kind(type)));
		return NULL;
	}
	if (object_decode(type, proto_envelope_is(answer->body) ? FORMAT_PROTO : FORMAT_JSON,
			  answer->body, &object, why) != OK)
		return NULL;
	object_freeze(object, (int64_t)revision_of(object));
	return object;
}
