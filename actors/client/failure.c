#include "actors/client/failure.h"

#include "datastore/object/json.h"
#include "datastore/object/name.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"

#define STATUS_BYTES_MAX (1U * MIB) /* LIMIT_FAULTS messages of any sane length */

static struct failure *make(struct arena *arena, enum status status, struct str message)
{
	struct failure *failure = FAILURE_NEW(arena);

	failure->code = status_http(status);
	failure->reason = str_from(status_reason(status));
	failure->message = message;
	return failure;
}

static struct failure *make_of(struct arena *arena, enum status status, struct str group,
			       struct str kind, struct str name, struct str message)
{
	struct failure *failure = make(arena, status, message);

	failure->has_details = true;
	failure->group = group;
	failure->kind = kind;
	failure->name = name;
	return failure;
}

/* `pods` or `deployments.apps`. */
static struct str qualified(struct arena *arena, struct str group, struct str resource)
{
	if (group.len == 0)
		return resource;
	return arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(resource), STR_ARG(group));
}

struct failure *failure_bad_request(struct arena *arena, const char *format, ...)
{
	va_list args;
	struct str message;

	va_start(args, format);
	message = arena_vprintf(arena, format, args);
	va_end(args);
	return make(arena, BAD_REQUEST, message);
}

struct failure *failure_unauthorized(struct arena *arena)
{
	return make(arena, UNAUTHORIZED, STR("Unauthorized"));
}

struct failure *failure_forbidden(struct arena *arena, struct str group, struct str resource,
				  struct str name, struct str why)
{
	struct str what = qualified(arena, group, resource);
	struct str message;

	if (resource.len == 0)
		message = arena_printf(arena, "forbidden: " STR_FMT, STR_ARG(why));
	else if (name.len == 0)
		message = arena_printf(arena, STR_FMT " is forbidden: " STR_FMT, STR_ARG(what),
				       STR_ARG(why));
	else
		message = arena_printf(arena, STR_FMT " \"" STR_FMT "\" is forbidden: " STR_FMT,
				       STR_ARG(what), STR_ARG(name), STR_ARG(why));
	return make_of(arena, FORBIDDEN, group, resource, name, message);
}

struct failure *failure_not_found(struct arena *arena, struct str group, struct str resource,
				  struct str name)
{
	struct str what = qualified(arena, group, resource);

	return make_of(arena, NOT_FOUND, group, resource, name,
		       arena_printf(arena, STR_FMT " \"" STR_FMT "\" not found", STR_ARG(what),
				    STR_ARG(name)));
}

struct failure *failure_no_path(struct arena *arena)
{
	return make_of(arena, NOT_FOUND, STR_NONE, STR_NONE, STR_NONE,
		       STR("the server could not find the requested resource"));
}

struct failure *failure_method(struct arena *arena)
{
	return make_of(arena, METHOD_NOT_ALLOWED, STR_NONE, STR_NONE, STR_NONE,
		       STR("the server does not allow this method on the requested resource"));
}

struct failure *failure_exists(struct arena *arena, struct str group, struct str resource,
			       struct str name)
{
	struct str what = qualified(arena, group, resource);

	return make_of(arena, EXISTS, group, resource, name,
		       arena_printf(arena, STR_FMT " \"" STR_FMT "\" already exists", STR_ARG(what),
				    STR_ARG(name)));
}

struct failure *failure_conflict(struct arena *arena, struct str group, struct str resource,
				 struct str name, struct str why)
{
	struct str what = qualified(arena, group, resource);

	return make_of(arena, CONFLICT, group, resource, name,
		       arena_printf(arena,
				    "Operation cannot be fulfilled on " STR_FMT " \"" STR_FMT
				    "\": " STR_FMT,
				    STR_ARG(what), STR_ARG(name), STR_ARG(why)));
}

/* ---- 422 ---------------------------------------------------------------------------------------------- */

static struct str sentence(struct arena *arena, const struct fault_item *item)
{
	struct str field = item->field.len ? item->field : STR("<nil>");

	return arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(field), STR_ARG(item->message));
}

/* As an aggregate prints: equal texts once; one alone without brackets. */
static struct str sentences(struct arena *arena, const struct faults *faults)
{
	struct str *texts = arena_array(arena, struct str, faults->len);
	struct text out = text_in(arena, STATUS_BYTES_MAX);
	uint32_t count = 0;

	for (uint32_t i = 0; i < faults->len; i++) {
		struct str text = sentence(arena, &faults->at[i]);
		uint32_t j = 0;

		while (j < count && !str_eq(texts[j], text))
			j++;
		if (j == count)
			texts[count++] = text;
	}
	if (count == 1)
		return texts[0];
	text_add_char(&out, '[');
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			text_lit(&out, ", ");
		text_add(&out, texts[i]);
	}
	text_add_char(&out, ']');
	return text_str(&out);
}

struct failure *failure_invalid(struct arena *arena, struct str group, struct str kind,
				struct str name, const struct faults *faults)
{
	struct str what = qualified(arena, group, kind);
	struct str words = sentences(arena, faults);
	struct failure *failure =
	    make_of(arena, INVALID, group, kind, name,
		    arena_printf(arena, STR_FMT " " STR_FMT " is invalid: " STR_FMT, STR_ARG(what),
				 STR_ARG(name_quoted(arena, name)), STR_ARG(words)));

	for (uint32_t i = 0; i < faults->len; i++)
		failure_cause_add(failure, arena, str_from(fault_kind_reason(faults->at[i].kind)),
				  faults->at[i].message, faults->at[i].field);
	return failure;
}

struct failure *failure_unprocessable(struct arena *arena)
{
	return make_of(arena, INVALID, STR_NONE, STR_NONE, STR_NONE,
		       STR("the server rejected our request due to an error in our request"));
}

/* ---- the others ------------------------------------------------------------------------------------------- */

struct failure *failure_expired(struct arena *arena, const char *message)
{
	return make(arena, EXPIRED, arena_str(arena, str_from(message)));
}

struct failure *failure_not_acceptable(struct arena *arena, struct str offered)
{
	return make(arena, NOT_ACCEPTABLE,
		    arena_printf(arena, "only the following media types are accepted: " STR_FMT,
				 STR_ARG(offered)));
}

struct failure *failure_unsupported_media(struct arena *arena, struct str offered)
{
	return make(arena, UNSUPPORTED_MEDIA,
		    arena_printf(arena,
				 "the body of the request was in an unknown format - accepted "
				 "media types include: " STR_FMT,
				 STR_ARG(offered)));
}

struct failure *failure_too_large(struct arena *arena, const char *message)
{
	return make(arena, TOO_LARGE, arena_printf(arena, "Request entity too large: %s", message));
}

struct failure *failure_too_many(struct arena *arena, int32_t retry_after_s, const char *message)
{
	struct failure *failure =
	    make_of(arena, BUSY, STR_NONE, STR_NONE, STR_NONE, arena_str(arena, str_from(message)));

	failure->retry_after_s = retry_after_s;
	return failure;
}

struct failure *failure_timeout(struct arena *arena, int32_t retry_after_s, const char *message)
{
	struct failure *failure = make_of(arena, TIMEOUT, STR_NONE, STR_NONE, STR_NONE,
					  arena_printf(arena, "Timeout: %s", message));

	failure->retry_after_s = retry_after_s;
	return failure;
}

struct failure *failure_internal(struct arena *arena, const char *format, ...)
{
	va_list args;
	struct str message;
	struct failure *failure;

	va_start(args, format);
	message = arena_vprintf(arena, format, args);
	va_end(args);
	failure =
	    make_of(arena, INTERNAL, STR_NONE, STR_NONE, STR_NONE,
		    arena_printf(arena, "Internal error occurred: " STR_FMT, STR_ARG(message)));
	failure_cause_add(failure, arena, STR_NONE, message, STR_NONE);
	return failure;
}

struct failure *failure_unavailable(struct arena *arena, const char *message)
{
	struct failure *failure = make_of(arena, UNAVAILABLE, STR_NONE, STR_NONE, STR_NONE,
					  arena_str(arena, str_from(message)));

	failure->retry_after_s = 1;
	return failure;
}

struct failure *failure_not_implemented(struct arena *arena, const char *message)
{
	return make(arena, NOT_IMPLEMENTED, arena_str(arena, str_from(message)));
}

struct failure *failure_plain(struct arena *arena, int32_t code, struct str message)
{
	struct failure *failure = FAILURE_NEW(arena);

	failure->code = code;
	failure->message = message;
	return failure;
}

struct failure *failure_of(struct arena *arena, enum status status, const struct fault *why)
{
	const char *words = why && why->text[0] ? why->text : status_text(status);

	switch (status) {
	case UNAVAILABLE:
	case GONE: /* the asker acts for a leader that is none any more; or the store restarts */
		return failure_unavailable(arena, words);
	case FULL: /* of the store: nothing of it happened, and another member may lead soon */
		return failure_unavailable(arena, "the datastore takes no writes: its leader's "
						  "disk is full");
	case BUSY: return failure_too_many(arena, 1, words);
	case TIMEOUT: return failure_timeout(arena, 0, "the datastore did not answer in time");
	case BAD_REQUEST: return failure_bad_request(arena, "%s", words);
	case TOO_LARGE: return failure_too_large(arena, words);
	case EXPIRED:
		return failure_expired(arena, "The resourceVersion for the provided list is too "
					      "old.");
	default: return failure_internal(arena, "%s", words);
	}
}

void failure_cause_add(struct failure *failure, struct arena *arena, struct str type,
		       struct str message, struct str field)
{
	size_t size = sizeof(struct failure_cause);

	failure->causes = arena_grow(arena, failure->causes, failure->cause_count * size,
				     (failure->cause_count + 1) * size);
	failure->causes[failure->cause_count++] =
	    (struct failure_cause){ .type = type, .message = message, .field = field };
	failure->has_details = true;
}

/* ---- the Status object ---------------------------------------------------------------------------------------- */

static void fill_details(const struct failure *failure, struct arena *arena,
			 struct meta_status *status)
{
	struct meta_status_details *details = MAKE(status->details, arena);

	details->name = failure->name;
	details->group = failure->group;
	details->kind = failure->kind;
	details->uid = failure->uid;
	if (failure->retry_after_s > 0)
		SET(details, retry_after_seconds, failure->retry_after_s);
	if (failure->cause_count == 0)
		return;
	details->causes.at = arena_array(arena, struct meta_status_cause, failure->cause_count);
	details->causes.len = failure->cause_count;
	for (uint32_t i = 0; i < failure->cause_count; i++) {
		details->causes.at[i].reason = failure->causes[i].type;
		details->causes.at[i].message = failure->causes[i].message;
		details->causes.at[i].field = failure->causes[i].field;
	}
}

void failure_encode(const struct failure *failure, enum format format, struct text *out)
{
	struct arena *arena = arena_new(0);
	struct meta_status *status = arena_new_of(arena, struct meta_status);

	MAKE(status->metadata, arena)->continue_ = failure->continue_token;
	status->status = failure->code < 400 ? STR("Success") : STR("Failure");
	status->message = failure->message;
	status->reason = failure->reason;
	if (failure->has_details)
		fill_details(failure, arena, status);
	if (failure->code != 0)
		SET(status, code, failure->code);
	if (format == FORMAT_PROTO)
		proto_envelope_encode(&meta_status_type, status, out);
	else
		json_encode(&meta_status_type, status, out);
	arena_free(arena);
}

static void read_details(const struct meta_status_details *details, struct arena *arena,
			 struct failure *out)
{
	out->has_details = true;
	out->name = details->name;
	out->group = details->group;
	out->kind = details->kind;
	out->uid = details->uid;
	out->retry_after_s = details->retry_after_seconds;
	for (uint32_t i = 0; i < details->causes.len; i++)
		failure_cause_add(out, arena, details->causes.at[i].reason,
				  details->causes.at[i].message, details->causes.at[i].field);
}

static enum status decode(struct str body, enum format format, struct arena *arena, void **record)
{
	struct proto_envelope envelope;

	if (format == FORMAT_JSON)
		return json_decode(&meta_status_type, body, arena, (struct json_options){ 0 },
				   record, NULL);
	TRY(proto_envelope_open(body, &envelope, NULL));
	if (!str_is(envelope.kind, "Status"))
		return BAD_REQUEST;
	return proto_decode(&meta_status_type, envelope.raw, arena, (struct proto_options){ 0 },
			    record, NULL);
}

static void read_status(const struct meta_status *status, struct arena *arena, struct failure *out)
{
	*out = (struct failure){ 0 };
	out->code = status->code;
	out->reason = status->reason;
	out->message = status->message;
	if (status->metadata != NULL)
		out->continue_token = status->metadata->continue_;
	if (status->details != NULL)
		read_details(status->details, arena, out);
}

enum status failure_decode(struct str body, enum format format, struct arena *arena,
			   struct failure *out)
{
	void *record;

	TRY(decode(body, format, arena, &record));
	if (((const struct meta_status *)record)->status.len == 0)
		return BAD_REQUEST;
	read_status(record, arena, out);
	return OK;
}

enum status failure_read(struct str json, struct arena *arena, struct failure *out)
{
	void *record;

	TRY(decode(json, FORMAT_JSON, arena, &record));
	read_status(record, arena, out);
	return OK;
}
