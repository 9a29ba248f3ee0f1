/*
 * Reading JSON into records, shared by json-decode.c (objects, lists, maps), json-value.c (single values) and
 * json-fault.c (what was wrong, and where).
 */
#ifndef DATASTORE_OBJECT_JSON_PRIVATE_H
#define DATASTORE_OBJECT_JSON_PRIVATE_H

#include "datastore/object/json.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "transport/wire/json.h"

/* Longest path in a message; what is longer loses its beginning. */
#define JSON_PATH_BYTES 512U

/* The way to the value that is being read: a chain of frames on the stack, innermost first. */
struct json_step {
	const struct json_step *up;
	struct str name;         /* of a member or key; absent: an element */
	uint32_t index;          /* of an element */
	const struct type *type; /* that has the member; NULL: a key of a map */
	const struct field *const
	    *inlined; /* the messages that it lies in on the way: Go names them, too */
	uint32_t inlined_count;
};

struct json_decode {
	struct json in;
	struct arena *arena;
	struct json_strict *strict; /* NULL: unknown and duplicate members are ignored */
	struct fault *why;
	uint64_t bytes_left; /* that the record may still take */
	/* Of the first value of a wrong type or form. Reading goes on, since text that is no JSON counts more. */
	enum status status;
	bool borrow;
};

/* Keeps the first fault. */
void json_fail(struct json_decode *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool` */
void json_fail_type(struct json_decode *d, const char *what, const char *type,
		    const struct json_step *step);
/* The field's type as Go names it: v1.PodSpec, []v1.Container, map[string]string, v1.PullPolicy. */
void json_go_type(const struct field *field, bool is_element, const struct json_step *step,
		  char *out, size_t size);
/* Passes over a value of the wrong type, whose first character says what it is. */
void json_skip_wrong(struct json_decode *d, const char *type, const struct json_step *step);
void json_wrong(struct json_decode *d, const struct field *field, bool is_element,
		const struct json_step *step);
/* Remembers a strict fault once, up to as many as upstream reports. */
void json_note(struct json_decode *d, const char *what, const struct json_step *up, struct str name);

/* Whether the record may take so many bytes more; if not, reading ends. */
bool json_may_take(struct json_decode *d, uint64_t bytes);
/* The string for the record: itself, or a copy if it lies in the input and may not stay there. */
struct str json_keep(struct json_decode *d, struct str s);
/* One value that is no message and not null. */
void json_read_scalar(struct json_decode *d, const struct field *field, void *at,
		      const struct json_step *step);

#endif
