/*
 * Values: a JSON text as a tree, for rules that look at one place twice.
 *
 * Any code may call these. The tree lies in an arena and borrows strings without escapes from the text. Numbers without a point or
 * exponent that fit 64 bits are integers, all others doubles, as upstream reads them. Members stand in order of their names; of equal ones
 * the last is kept. Bounded by the text's length and LIMIT_NESTING.
 */
#ifndef DATASTORE_CUSTOM_VALUE_H
#define DATASTORE_CUSTOM_VALUE_H

#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INTEGER,
	VALUE_DOUBLE,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_MAP
};

struct value_member;

struct value {
	enum value_kind kind;
	uint32_t len; /* of a list or map */
	union {
		bool is_true;
		int64_t integer;
		double number;
		struct str text;
		struct value *items;
		struct value_member *members;
	};
};

struct value_member {
	struct str name;
	struct value value;
};

/* BAD_REQUEST: the text is not one JSON value. */
MUST_USE enum status value_parse(struct str json, struct arena *arena, struct value *out);
/* NULL: it is no map, or has no such member. */
const struct value *value_member(const struct value *map, struct str name);
/* What a path of names leads to (`spec.replicas`); NULL: nothing. */
const struct value *value_at(const struct value *from, struct str path);
/* The same number is equal, whether it is an integer or a double. */
bool value_equal(const struct value *a, const struct value *b);
void value_write(const struct value *value, struct text *out); /* as compact JSON */
const char *value_go_type(const struct value *value);          /* "map[string]interface {}" */
/* As a fault shows it: strings in Go's quotes, null as "null". */
struct str value_shown(const struct value *value, struct arena *arena);

#endif
