#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "datastore/schema/policy.h"
#include "transport/wire/yaml.h"

#define SUMMARY_BYTES 30U
#define SCHEME \
	"pkg/api/legacyscheme/scheme.go:30" /* what upstream's words call its registry of kinds */

/*
 * Bodies: the object that a create, an update or the create of a subresource carries.
 *
 * The order of refusals is upstream's: the form (415), the size (the door's affair), the syntax (400), the kind (400), the names (400).
 */

static enum next cannot_handle(struct request *r, const struct type *type, const char *why)
{
	return request_fail(
	    r, failure_bad_request(r->arena,
				   STR_FMT " in version \"" STR_FMT
					   "\" cannot be handled as a " STR_FMT ": %s",
				   STR_ARG(type_kind(type)), STR_ARG(type_version(type)),
				   STR_ARG(type_kind(type)), why));
}

/* The type's Go package as upstream names it: autoscaling for autoscaling_v2. */
static struct str package_of(const struct type *type)
{
	struct str rest = type_prefix(type);

	return str_cut(&rest, '_');
}

static enum next not_registered(struct request *r, const struct type *type, struct str api_version,
				struct str kind)
{
	struct str rest = api_version, version = str_cut(&rest, '/');

	return request_fail(
	    r, failure_bad_request(r->arena,
				   STR_FMT
				   " in version \"" STR_FMT "\" cannot be handled as a " STR_FMT
				   ": no kind \"" STR_FMT "\" is registered for version \"" STR_FMT
				   "\" in scheme \"" SCHEME "\"",
				   STR_ARG(kind), STR_ARG(rest.at ? rest : version),
				   STR_ARG(type_kind(type)), STR_ARG(kind), STR_ARG(api_version)));
}

/* Kinds that are also read under an older version, with the same fields: kubectl before 1.22 evicts so. */
static bool is_older_name(const struct type *type, struct str api_version, struct str kind)
{
	return type == &policy_eviction_type && str_eq(kind, type_kind(type)) &&
	       str_is(api_version, "policy/v1beta1");
}

/* What an object of a definition says it is. */
static enum next check_custom_kind(struct request *r, const struct type *type,
				   struct str api_version, struct str kind, struct str expected)
{
	struct faults faults = faults_in(r->arena);

	if (!str_eq(api_version, expected))
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "the API version in the data (" STR_FMT
					   ") does not match the expected API version (" STR_FMT ")",
					   STR_ARG(api_version), STR_ARG(expected)));
	if (str_eq(kind, type_kind(type)))
		return NEXT;
	faults_add(&faults, FAULT_INVALID, STR("kind"), name_quoted(r->arena, kind),
		   "must be " STR_FMT, STR_ARG(type_kind(type)));
	return request_fail(
	    r, failure_invalid(r->arena, request_group(r), kind, r->route.name, &faults));
}

/* A body may leave its kind out; one that says another is refused. */
static enum next check_kind(struct request *r, const struct type *type, struct str api_version,
			    struct str kind)
{
	const struct type *said = type;
	struct str expected = type_api_version(type, r->arena);

	if (kind.len == 0)
		kind = type_kind(type);
	if (api_version.len == 0)
		api_version = expected;
	if (is_older_name(type, api_version, kind))
		return NEXT;
	if (type->set != NULL)
		return check_custom_kind(r, type, api_version, kind, expected);
	if (!str_eq(kind, type_kind(type)) || !str_eq(api_version, expected))
		said = type_find_api(api_version, kind);
	if (said == NULL)
		return not_registered(r, type, api_version, kind);
	if (!str_eq(kind, type_kind(type)) || !str_eq(type_group(said), type_group(type)))
		return request_fail(
		    r, failure_bad_request(
			   r->arena,
			   STR_FMT " in version \"" STR_FMT "\" cannot be handled as a " STR_FMT
				   ": converting (" STR_FMT "." STR_FMT ") to (" STR_FMT "." STR_FMT
				   "): unknown conversion",
			   STR_ARG(kind), STR_ARG(type_version(said)), STR_ARG(type_kind(type)),
			   STR_ARG(type_version(said)), STR_ARG(kind), STR_ARG(package_of(type)),
			   STR_ARG(type_kind(type))));
	if (said != type)
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "the API version in the data (" STR_FMT
					   ") does not match the expected API version (" STR_FMT ")",
					   STR_ARG(api_version), STR_ARG(expected)));
	return NEXT;
}

static enum next strict_found(struct request *r, const struct type *type,
			      const struct json_strict *strict)
{
	struct str level = r->options.field_validation;

	if (strict->len == 0 || str_is(level, "Ignore"))
		return NEXT;
	if (str_is(level, "Strict"))
		return cannot_handle(r, type,
				     arena_cstr(r->arena, json_strict_text(strict, r->arena)));
	for (uint32_t i = 0; i < strict->len; i++)
		request_warn(r, strict->at[i]);
	return NEXT;
}

/* The beginning of the body as upstream shows it. */
static struct str summary(struct request *r, struct str body)
{
	struct str head = str_slice(body, 0, SUMMARY_BYTES);
	struct text out = text_in(r->arena, 4 * SUMMARY_BYTES);

	if (body.len == 0)
		return STR("<empty>");
	if (body.at[0] == '{')
		text_add(&out, head);
	else
		for (uint32_t i = 0; i < head.len; i++)
			text_printf(&out, "%02x", (unsigned char)head.at[i]);
	if (body.len > head.len)
		text_lit(&out, " ...");
	return text_str(&out);
}

static enum next unrecognized(struct request *r, const struct type *type, struct str why)
{
	return request_fail(
	    r, failure_bad_request(r->arena,
				   "the object provided is unrecognized (must be of type " STR_FMT
				   "): " STR_FMT " (" STR_FMT ")",
				   STR_ARG(type_kind(type)), STR_ARG(why),
				   STR_ARG(summary(r, r->asked.body))));
}

static enum next cannot_parse(struct request *r, const struct type *type, const char *form,
			      const struct fault *why)
{
	return unrecognized(
	    r, type,
	    request_printf(r, "couldn't get version/kind; %s parse error: %s", form, why->text));
}

/* An object of a definition of the store has to say what it is: no table says it for it. */
static bool says_nothing(struct request *r, const struct type *type, struct str api_version,
			 struct str kind)
{
	const struct custom_resource *custom = r->resource->custom;
	struct str words;

	if (custom == NULL || custom->set == NULL || type->set == NULL ||
	    (kind.len > 0 && api_version.len > 0))
		return false;
	words = request_printf(r, "Object '%s' is missing in '" STR_FMT "'",
			       kind.len == 0 ? "Kind" : "apiVersion", STR_ARG(r->asked.body));
	unrecognized(r, type, words);
	return true;
}

static enum next decode_json(struct request *r, const struct type *type, struct str body,
			     void **record)
{
	struct json_strict strict = { 0 };
	struct json_options options = { .strict = &strict, .borrow = true };
	struct fault why = { 0 };
	struct str api_version, kind;
	enum next next;

	if (json_kind(body, r->arena, &api_version, &kind, &why) != OK)
		return cannot_parse(r, type, "json", &why);
	if (says_nothing(r, type, api_version, kind))
		return DONE;
	next = check_kind(r, type, api_version, kind);
	if (next != NEXT)
		return next;
	if (json_decode(type, body, r->arena, options, record, &why) != OK)
		return cannot_handle(r, type, why.text);
	return strict_found(r, type, &strict);
}

static enum next decode_proto(struct request *r, const struct type *type, void **record)
{
	struct proto_envelope envelope;
	struct fault why = { 0 };
	enum next next;

	if (proto_envelope_open(r->asked.body, &envelope, &why) != OK)
		return unrecognized(r, type, str_from(why.text));
	next = check_kind(r, type, envelope.api_version, envelope.kind);
	if (next != NEXT)
		return next;
	if (proto_decode(type, envelope.raw, r->arena, (struct proto_options){ .borrow = true },
			 record, &why) != OK)
		return cannot_handle(r, type, why.text);
	return NEXT;
}

/* The body in the form that decoders take: YAML becomes JSON. UNSUPPORTED_MEDIA, or what is wrong with the YAML. */
enum status body_text(struct request *r, enum format *format, struct str *out, struct fault *why)
{
	struct text json = text_in(r->arena, LIMIT_BODY_BYTES);
	bool is_yaml;

	TRY(negotiate_content(r->asked.content_type, format, &is_yaml));
	*out = r->asked.body;
	if (!is_yaml)
		return OK;
	TRY(yaml_to_json(r->asked.body, &json, why));
	*out = text_str(&json);
	return OK;
}

/* The name and the namespace of the URL win; a body that says otherwise is refused. */
enum next body_check_names(struct request *r, const struct type *type, void *record, bool is_named)
{
	struct meta_object_meta *meta = record_meta(type, record);
	struct str namespace = r->resource->row->is_namespaced ? r->route.namespace : STR("");

	if (meta == NULL)
		return NEXT;
	if (namespace.len == 0)
		meta->namespace = STR_NONE;
	else if (meta->namespace.len == 0)
		meta->namespace = namespace;
	if (!str_eq(meta->namespace, namespace))
		return request_fail(
		    r, failure_bad_request(
			   r->arena,
			   "the namespace of the provided object does not match the namespace sent "
			   "on the request"));
	if (is_named && meta->name.len == 0)
		return request_fail(
		    r,
		    failure_bad_request(r->arena,
					"the name of the object (" STR_FMT
					" based on URL) was undeterminable: name must be provided",
					STR_ARG(r->route.name)));
	if (is_named && !str_eq(meta->name, r->route.name))
		return request_fail(
		    r, failure_bad_request(r->arena,
					   "the name of the object (" STR_FMT
					   ") does not match the name on the URL (" STR_FMT ")",
					   STR_ARG(meta->name), STR_ARG(r->route.name)));
	return NEXT;
}

enum next body_decode_as(struct request *r, const struct type *type, bool is_named)
{
	struct fault why = { 0 };
	struct str body;
	enum format format;
	enum status status = body_text(r, &format, &body, &why);
	enum next next;

	if (status == UNSUPPORTED_MEDIA)
		return request_fail(r, failure_unsupported_media(r->arena, NEGOTIATE_READ));
	if (status != OK)
		return cannot_parse(r, type, "yaml", &why);
	next = format == FORMAT_JSON ? decode_json(r, type, body, &r->record)
				     : decode_proto(r, type, &r->record);
	if (next != NEXT)
		return next;
	r->type = type;
	record_default(type, r->record, r->arena, act_wall(r->server->act));
	if (record_meta(type, r->record) == NULL && type_field(type, STR("metadata")) != NULL)
		record_fill(type, r->record, r->arena);
	return body_check_names(r, type, r->record, is_named);
}

enum next body_decode(struct request *r)
{
	return body_decode_as(r, r->resource->type, r->route.verb == VERB_UPDATE);
}
