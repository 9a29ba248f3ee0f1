/*
 * Outcomes: what a call that can fail says to its caller.
 *
 * Any code may use them. One table holds the name, the HTTP code, the Kubernetes reason (as
 * in the API's Status object) and the text of each, so the same outcome reads the same in a log, over HTTP
 * and in a test. There are three kinds of failure and they are never mixed: outcomes (this file),
 * faults (fault.h: words for a person) and bugs (assert).
 */
#ifndef RUNTIME_BASE_STATUS_H
#define RUNTIME_BASE_STATUS_H

#include <stdint.h>

#pragma GCC visibility push(default)

/* Ownership words for prototypes, as empty macros so that they can be searched and checked. */
#define TAKE /* the callee owns it from now on */
#define GIVE /* the caller owns the result */
#define HOLD /* borrowed until an event that the comment names */
#define MUST_USE __attribute__((warn_unused_result))
#define MAY_IGNORE /* an outcome that is only for those who want to know it */

/* name, HTTP code, Kubernetes reason, text */
#define STATUS_MAP(X)                                                                   \
	X(OK, 200, "", "ok")                                                            \
	X(BAD_REQUEST, 400, "BadRequest", "cannot be understood")                       \
	X(UNAUTHORIZED, 401, "Unauthorized", "nobody known asks")                       \
	X(FORBIDDEN, 403, "Forbidden", "not allowed")                                   \
	X(NOT_FOUND, 404, "NotFound", "does not exist")                                 \
	X(METHOD_NOT_ALLOWED, 405, "MethodNotAllowed", "this cannot be done to it")     \
	X(NOT_ACCEPTABLE, 406, "NotAcceptable", "cannot be said in any form asked for") \
	X(EXISTS, 409, "AlreadyExists", "exists already")                               \
	X(CONFLICT, 409, "Conflict", "changed since it was read")                       \
	X(GONE, 410, "Gone", "is gone")                                                 \
	X(EXPIRED, 410, "Expired", "the revision was compacted away")                   \
	X(TOO_LARGE, 413, "RequestEntityTooLarge", "larger than the limit")             \
	X(UNSUPPORTED_MEDIA, 415, "UnsupportedMediaType", "a form we do not read")      \
	X(INVALID, 422, "Invalid", "breaks its schema")                                 \
	X(BUSY, 429, "TooManyRequests", "a limit was reached")                          \
	X(INTERNAL, 500, "InternalError", "a bug of ours")                              \
	X(NOT_IMPLEMENTED, 501, "NotImplemented", "not part of this release")           \
	X(UNAVAILABLE, 503, "ServiceUnavailable", "no leader right now")                \
	X(TIMEOUT, 504, "Timeout", "took too long")                                     \
	X(CANCELLED, 499, "Cancelled", "the asker went away")                           \
	X(CORRUPT, 500, "InternalError", "stored bytes are damaged")                    \
	X(IO, 500, "InternalError", "the disk or network refused")                      \
	X(FULL, 507, "InsufficientStorage", "no space left")

enum status {
#define X(name, http, reason, text) name,
	STATUS_MAP(X)
#undef X
};

#define STATUS_COUNT (IO + 2)

const char *status_name(enum status status);   /* "NOT_FOUND" */
const char *status_reason(enum status status); /* "NotFound"; "" for OK */
const char *status_text(enum status status);   /* "does not exist" */
int status_http(enum status status);           /* 404 */

/* Only where nothing has to be released on the way out; elsewhere one `out:` label. */
#define TRY(call)                                 \
	do {                                      \
		enum status try_status_ = (call); \
		if (try_status_ != OK)            \
			return try_status_;       \
	} while (0)

#pragma GCC visibility pop

#endif
