/*
 * JSON to records and back, walking the type's table.
 *
 * Reading keeps what was said: a zero or empty value that is written is present in the record, a null is absent.
 * Writing says what upstream's encoder would: members in the order of the table, zero values left out unless
 * the field is FIELD_ALWAYS, <, > and & escaped. Byte for byte the same as encoding/json over upstream's types.
 */
#ifndef DATASTORE_OBJECT_JSON_H
#define DATASTORE_OBJECT_JSON_H

#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* Upstream reports that many strict faults and no more. */
#define JSON_STRICT_MAX 100

/* What strict reading found: `unknown field "spec.foo"`, `duplicate field "spec.bar"`; in the arena of the record. */
struct json_strict {
	struct str *at;
	uint32_t len;
};

struct json_options {
	struct json_strict *strict; /* collects unknown and duplicate members; NULL: they are ignored */
	bool borrow; /* string bytes without escapes may point into the input, which must outlive the record */
};

/*
 * Decodes one JSON object into a new record in the arena. Members apiVersion and kind of kinds are passed over:
 * json_kind() reads them. BAD_REQUEST with upstream's words if the text is no JSON or a value has the wrong type.
 */
MUST_USE enum status json_decode(const struct type *type, struct str bytes, struct arena *arena,
				 struct json_options options, void **out_record, struct fault *why);

/* The text of a strict failure: `strict decoding error: unknown field "a", unknown field "b"`. */
struct str json_strict_text(const struct json_strict *strict, struct arena *arena);

/* Reads apiVersion and kind at the top without decoding the rest; absent when they are not there. */
MUST_USE enum status json_kind(struct str bytes, struct arena *arena, struct str *out_api_version,
			       struct str *out_kind, struct fault *why);

enum json_sort {
	JSON_SORT_NULL,
	JSON_SORT_OBJECT,
	JSON_SORT_OTHER,
};
/* Of a field of any JSON, which may have come as bytes: reads all of it. BAD_REQUEST if it is not one value. */
MUST_USE enum status json_sort_of(struct str bytes, enum json_sort *out, struct fault *why);

/* Appends the record; of a kind with its apiVersion and kind. No new line at the end. NULL is an empty record. */
void json_encode(const struct type *type, const void *record, struct text *out);
/* The value of one field, as it would follow the member's name. */
void json_encode_field(const struct field *field, const void *record, struct text *out);
/* One element of a list or value of a map. */
void json_encode_element(const struct field *field, const void *element, struct text *out);
/* Decodes what would follow the member's name and puts it in the record; for patches. null makes it absent. */
MUST_USE enum status json_decode_field(const struct field *field, struct str bytes,
				       struct arena *arena, void *record, struct fault *why);

#endif
