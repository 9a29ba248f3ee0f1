/*
 * JSON (RFC 8259): a reader that goes through a text value by value, and a writer of values.
 *
 * The reader copies nothing and never reads past the end. It checks all it passes: form, depth (LIMIT_NESTING), numbers, escapes;
 * bytes of strings that are no UTF-8 become U+FFFD, as in Go. Duplicate names are the caller's affair. A fault makes the
 * reader bad: all calls say "no more" from then on, and json_fault() gives the words that Go's decoder would use.
 *
 *     struct json in = json_of(bytes);
 *     if (json_peek(&in) == JSON_OBJECT)
 *             for (json_enter(&in); json_member(&in, arena, &name);)
 *                     json_skip(&in, NULL);
 *     return json_end(&in, why);
 */
#ifndef TRANSPORT_WIRE_JSON_H
#define TRANSPORT_WIRE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

enum json_token {
	JSON_BAD, /* no value begins here */
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json {
	const char *at, *end, *begin;
	const char *error; /* where it is bad and after what; NULL: good */
	uint32_t depth;
	bool is_first; /* an object or array was just entered: no comma is due */
	bool is_bad;
};

struct json json_of(struct str text);
/* What the next value is. Of a bad reader, or where no value begins: JSON_BAD, and the reader is bad. */
enum json_token json_peek(struct json *in);

/* Goes into the object or array that json_peek() saw. */
void json_enter(struct json *in);
/* The next member's name, after which its value has to be read; false at the end of the object, which is then left. */
bool json_member(struct json *in, struct arena *arena, struct str *name);
/* Whether another element follows; false at the end of the array, which is then left. */
bool json_element(struct json *in);

/* The string that json_peek() saw: a slice of the text, or the arena's when it has escapes. */
bool json_string(struct json *in, struct arena *arena, struct str *out);
/* The number as it stands. */
bool json_number(struct json *in, struct str *out);
/* true, false or null. */
bool json_literal(struct json *in);
/* Any value; `raw` (or NULL) is its text as it stands. */
bool json_skip(struct json *in, struct str *raw);

/* OK at the end of the text with nothing but white space left, else BAD_REQUEST. */
MUST_USE enum status json_end(struct json *in, struct fault *why);
/* The words for a bad reader: `invalid character 'x' looking for beginning of value`. Gives BAD_REQUEST. */
MUST_USE enum status json_fault(const struct json *in, struct fault *why);
/* Whether the whole text is one JSON value. */
bool json_is_valid(struct str text);

/* In quotes, as Go writes it: <, >, & and U+2028, U+2029 escaped too; bytes that are no text as \ufffd. */
void json_write_string(struct text *out, struct str s);
/* A member's name with its colon, and the comma before it. */
void json_write_name(struct text *out, struct str name, bool is_first);
/* The shortest digits that read back as the same number. Not for infinities and NaN, which become null. */
void json_write_double(struct text *out, double value);
/* JSON as it stands without white space between tokens and with <, >, & and U+2028, U+2029 escaped. Must be valid. */
void json_write_compact(struct text *out, struct str raw);

#endif
