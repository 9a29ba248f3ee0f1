/*
 * What openapi-path.c, which writes paths and their operations, shares with openapi-content.c, which writes bodies and answers.
 */
#ifndef DATASTORE_OBJECT_OPENAPI_OPENAPI_PATH_PRIVATE_H
#define DATASTORE_OBJECT_OPENAPI_OPENAPI_PATH_PRIVATE_H

#include "datastore/object/openapi/openapi-private.h"
#include "datastore/schema/resource-row.h"

/* Where an operation stands. */
struct place {
	const struct openapi_resource *resource;
	const struct subresource_row *sub; /* NULL: the object itself */
	bool is_namespaced, has_name, is_watch;
	const char *suffix; /* of the operation's id */
};

enum body { BODY_NONE, BODY_OBJECT, BODY_PATCH, BODY_DELETE };
enum result { RESULT_OBJECT, RESULT_LIST, RESULT_STATUS, RESULT_EVENTS, RESULT_TEXT };

/* Which options a query may name. */
enum query {
	QUERY_NONE,
	QUERY_LIST,
	QUERY_WRITE,
	QUERY_PATCH,
	QUERY_DELETE,
	QUERY_DELETE_COLLECTION,
};

struct operation {
	const char *method, *word, *action;
	const char *sentence; /* about the kind, which follows */
	uint32_t verb;        /* that the resource must have */
	enum query query;
	enum body body;
	enum result result;
	const char *codes; /* beside 401 */
};

bool openapi_is_log(const struct subresource_row *sub);

/* Members of an operation: what it takes and gives in version 2, its body in version 3, its answers. */
void openapi_write_media(struct openapi *o, const struct place *place, const struct operation *op);
void openapi_write_body(struct openapi *o, const struct place *place, const struct operation *op);
void openapi_write_responses(struct openapi *o, const struct place *place,
			     const struct operation *op);
/* The body as an element of version 2's `parameters`. */
void openapi_write_body_parameter(struct openapi *o, const struct place *place,
				  const struct operation *op);

#endif
