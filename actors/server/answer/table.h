/*
 * Tables: objects as rows for people, the form kubectl asks for (meta.k8s.io Table, JSON only).
 */
#ifndef ACTORS_SERVER_ANSWER_TABLE_H
#define ACTORS_SERVER_ANSWER_TABLE_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

struct custom_resource;
struct object;

struct table_row {
	const struct type *type;
	const void *record;
	const struct object *object; /* whose record it is, as it is kept; NULL: nobody keeps it */
};

struct table_options {
	bool has_columns;          /* say the column definitions */
	bool is_beta;              /* meta.k8s.io/v1beta1 */
	bool is_list;              /* rows may be put in order and marked by what all of them say */
	struct str include_object; /* None, Metadata (also absent), Object */
	struct str resource_version, continue_token;
	int64_t remaining;                    /* below 0: not said */
	struct wall now;                      /* ages are counted from */
	const struct custom_resource *custom; /* whose columns; NULL: of a built-in kind */
	uint64_t *kept; /* as of object_bytes_counted(); wanted where rows have objects */
};

void table_encode(const struct type *type, const struct table_row *rows, uint32_t count,
		  const struct table_options *options, struct text *out);

#endif
