/*
 * Columns of tables, as rows of a constant table: which a kind has, and where their cells come from.
 *
 * Generated from columns.tsv. Any code above may read them; what they mean is in datastore/object/columns/columns.c.
 */
#ifndef DATASTORE_SCHEMA_COLUMN_ROW_H
#define DATASTORE_SCHEMA_COLUMN_ROW_H

#include <stdint.h>

#include "runtime/base/str.h"

/* What the cell is made of. All but TEXT and COMPUTED have one path. */
enum cell_form {
	CELL_VALUE,    /* the value there */
	CELL_AGE,      /* how long ago the time there was */
	CELL_COUNT,    /* how many elements there are */
	CELL_JOIN,     /* the elements, or one member of each, with commas */
	CELL_LABELS,   /* k=v of a map, with commas */
	CELL_SELECTOR, /* a LabelSelector as text */
	CELL_TEXT,     /* a text with {PATH}s */
	CELL_COMPUTED, /* a function's */
	CELL_PATH,     /* what a JSONPath leads to, by the column's type: of custom resources */
};

struct column_row {
	struct str name, type, format, description;
	struct str cell;    /* the path, the text, or the function's name */
	struct str member;  /* of JOIN, or absent */
	struct str absent;  /* shown when there is nothing; or absent: what the form says */
	struct str invalid; /* shown for a SELECTOR that is none */
	uint8_t form;       /* enum cell_form */
	uint8_t priority;   /* 1: in the wide form only */
};

struct column_kind {
	struct str prefix, name; /* of the type; the last one has neither: all other kinds */
	const struct column_row *rows;
	uint32_t len;
	/* Or the type whose columns these are: another version of the same objects. */
	struct str same_prefix, same_name;
};

extern const struct column_kind column_kinds[];
extern const uint32_t column_kind_count;

#endif
