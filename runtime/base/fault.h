/*
 * Faults: the words that go with an outcome, for a person.
 *
 * A function that can fail in a way a person should understand takes `struct fault *why` last; NULL
 * means nobody asks. The struct lives on the caller's stack, so failing never allocates. Validation
 * wants every fault and not the first: it collects a `struct faults` in the request's arena, at most
 * LIMIT_FAULTS of them.
 */
#ifndef RUNTIME_BASE_FAULT_H
#define RUNTIME_BASE_FAULT_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

#pragma GCC visibility push(default)

struct fault {
	enum status status;
	char field[128]; /* the path as Kubernetes writes it: spec.containers[0].name; or "" */
	char text[384];
};

/* Fills `why` unless it is NULL and returns `status`, so that it can stand behind `return`. */
MAY_IGNORE enum status fault_set(struct fault *why, enum status status, const char *field,
				 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The kinds of validation error, with upstream's words (field.ErrorType). */
#define FAULT_KIND_MAP(X)                                                     \
	X(FAULT_NOT_FOUND, "FieldValueNotFound", "Not found")                 \
	X(FAULT_REQUIRED, "FieldValueRequired", "Required value")             \
	X(FAULT_DUPLICATE, "FieldValueDuplicate", "Duplicate value")          \
	X(FAULT_INVALID, "FieldValueInvalid", "Invalid value")                \
	X(FAULT_NOT_SUPPORTED, "FieldValueNotSupported", "Unsupported value") \
	X(FAULT_FORBIDDEN, "FieldValueForbidden", "Forbidden")                \
	X(FAULT_TOO_LONG, "FieldValueTooLong", "Too long")                    \
	X(FAULT_TOO_MANY, "FieldValueTooMany", "Too many")                    \
	X(FAULT_INTERNAL, "InternalError", "Internal error")                  \
	X(FAULT_TYPE_INVALID, "FieldValueTypeInvalid", "Invalid value")

enum fault_kind {
#define X(name, reason, text) name,
	FAULT_KIND_MAP(X)
#undef X
};

const char *fault_kind_reason(enum fault_kind kind); /* "FieldValueRequired", in Status causes */
const char *fault_kind_text(enum fault_kind kind);   /* "Required value", in the message */

/* One finding. `message` is the whole sentence without the field: `Required value: name or generateName is required`. */
struct fault_item {
	enum fault_kind kind;
	struct str field;
	struct str message;
};

struct faults {
	struct arena *arena;
	struct fault_item *at;
	uint32_t len, cap;
	bool is_cut; /* more were found than are kept */
};

struct faults faults_in(struct arena *arena);

/*
 * Adds one. `value` is the offending value as it is to be shown, already quoted if it is a string (`"a b"`, `-1`);
 * absent for kinds that show none (REQUIRED, FORBIDDEN). Builds `<kind text>: <value>: <detail>` as upstream does;
 * without a detail ("%s", "") the last colon is not there either.
 */
void faults_add(struct faults *faults, enum fault_kind kind, struct str field, struct str value,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

#pragma GCC visibility pop

#endif
