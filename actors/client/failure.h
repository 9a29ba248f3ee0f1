/*
 * Failures: what a request is answered with when it fails, in upstream's words; the Status object before it is encoded.
 *
 * A builder for each reason, worded exactly as k8s.io/apimachinery's errors package words it, because people and programs
 * read the messages. All strings live in the arena. Any actor may build one and, as a client, read one back.
 */
#ifndef ACTORS_CLIENT_FAILURE_H
#define ACTORS_CLIENT_FAILURE_H

#include "datastore/object/object.h"
#include "runtime/base/base.h"

struct failure_cause {
	struct str type; /* FieldValueRequired; `reason` in JSON */
	struct str message;
	struct str field;
};

struct failure {
	int32_t code;      /* 0: a success that says none */
	struct str reason; /* absent: none */
	struct str message;
	bool has_details;
	struct str group, kind, name, uid; /* kind is the resource's name, of 422 the Kind */
	struct failure_cause *causes;
	uint32_t cause_count;
	int32_t retry_after_s;
	struct str continue_token; /* of 410 while listing */
};

#define FAILURE_NEW(arena) ((struct failure *)arena_zalloc((arena), sizeof(struct failure)))

struct failure *failure_bad_request(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct failure *failure_unauthorized(struct arena *arena);
/* `pods "x" is forbidden: <why>`; without a name `pods is forbidden: <why>`. */
struct failure *failure_forbidden(struct arena *arena, struct str group, struct str resource,
				  struct str name, struct str why);
struct failure *failure_not_found(struct arena *arena, struct str group, struct str resource,
				  struct str name);
struct failure *
failure_no_path(struct arena *arena); /* "the server could not find the requested resource" */
struct failure *failure_method(struct arena *arena); /* 405, as the router words it */
struct failure *failure_exists(struct arena *arena, struct str group, struct str resource,
			       struct str name);
/* `Operation cannot be fulfilled on pods "x": <why>`. */
struct failure *failure_conflict(struct arena *arena, struct str group, struct str resource,
				 struct str name, struct str why);
#define FAILURE_MODIFIED                                                                         \
	STR("the object has been modified; please apply your changes to the latest version and " \
	    "try "                                                                               \
	    "again")
struct failure *failure_invalid(struct arena *arena, struct str group, struct str kind,
				struct str name, const struct faults *faults);
/* 422 without words of its own: a JSON patch that does not apply. */
struct failure *failure_unprocessable(struct arena *arena);
struct failure *failure_expired(struct arena *arena, const char *message);
struct failure *failure_not_acceptable(struct arena *arena, struct str offered);
struct failure *failure_unsupported_media(struct arena *arena, struct str offered);
struct failure *failure_too_large(struct arena *arena, const char *message);
struct failure *failure_too_many(struct arena *arena, int32_t retry_after_s, const char *message);
struct failure *failure_timeout(struct arena *arena, int32_t retry_after_s, const char *message);
struct failure *failure_internal(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct failure *failure_unavailable(struct arena *arena, const char *message);
struct failure *failure_not_implemented(struct arena *arena, const char *message);
/* Any code, no reason, no details: what upstream makes of an error that is no Status. */
struct failure *failure_plain(struct arena *arena, int32_t code, struct str message);
/* What an outcome of the store or of a codec means for the client; `why` may be NULL. */
struct failure *failure_of(struct arena *arena, enum status status, const struct fault *why);

void failure_cause_add(struct failure *failure, struct arena *arena, struct str type,
		       struct str message, struct str field);

/* The Status object: kind Status, apiVersion v1. */
void failure_encode(const struct failure *failure, enum format format, struct text *out);
/* Reads one back; BAD_REQUEST when the body is no Status. */
MUST_USE enum status failure_decode(struct str body, enum format format, struct arena *arena,
				    struct failure *out);
/* The same of JSON by a program that is no API server: it may leave out what it likes. */
MUST_USE enum status failure_read(struct str json, struct arena *arena, struct failure *out);

#endif
