/*
 * How the store's messages become bytes: a version, then the fields in the order of a table. Only for datastore/store/store-*.c.
 *
 * Between releases a field is only ever added at the end of a message: a reader that knows more takes what is missing as
 * zero, one that knows less ignores what follows. Items of a list have no length of their own, so nothing is added to those: a second
 * list does it.
 */
#ifndef DATASTORE_STORE_STORE_CODEC_H
#define DATASTORE_STORE_STORE_CODEC_H

#include <stddef.h>

#include "runtime/base/base.h"

enum field_kind {
	FIELD_END,
	FIELD_BOOL,
	FIELD_U32,
	FIELD_ENUM, /* at most `most` */
	FIELD_U64,
	FIELD_STR,
	FIELD_VALUE, /* a str whose bytes a blob holds, right behind it in struct store_row */
	FIELD_ROW,   /* a struct inside the struct */
	FIELD_LIST,  /* a pointer, and at `count_at` how many */
};

struct field {
	enum field_kind kind;
	uint32_t at;
	uint32_t most, count_at, size;
	const struct field *fields;
};

#define BOOL(T, name)                                               \
	{                                                           \
		FIELD_BOOL, offsetof(struct T, name), 0, 0, 0, NULL \
	}
#define U32(T, name)                                               \
	{                                                          \
		FIELD_U32, offsetof(struct T, name), 0, 0, 0, NULL \
	}
#define ENUM(T, name, max)                                              \
	{                                                               \
		FIELD_ENUM, offsetof(struct T, name), (max), 0, 0, NULL \
	}
#define STATUS(T, name) ENUM(T, name, STATUS_COUNT - 1)
#define U64(T, name)                                               \
	{                                                          \
		FIELD_U64, offsetof(struct T, name), 0, 0, 0, NULL \
	}
#define BYTES(T, name)                                             \
	{                                                          \
		FIELD_STR, offsetof(struct T, name), 0, 0, 0, NULL \
	}
#define ROW(T, name)                                                     \
	{                                                                \
		FIELD_ROW, offsetof(struct T, name), 0, 0, 0, row_fields \
	}
#define LIST(T, name, count, item, fields)                                                        \
	{                                                                                         \
		FIELD_LIST, offsetof(struct T, name), 0, offsetof(struct T, count), sizeof(item), \
		    (fields)                                                                      \
	}
#define END                                 \
	{                                   \
		FIELD_END, 0, 0, 0, 0, NULL \
	}

/* TOO_LARGE: it does not fit into the text. */
MUST_USE enum status store_encode(const struct field *fields, const void *body, struct text *out);
/* NOT_IMPLEMENTED: another version; CORRUPT. What it points to is the arena's. */
MUST_USE enum status store_decode(const struct field *fields, struct str bytes, struct arena *arena,
				  void *body);

#endif
