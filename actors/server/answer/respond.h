/*
 * What goes back, in the form that was asked for. Only for actors/server.
 */
#ifndef ACTORS_SERVER_ANSWER_RESPOND_H
#define ACTORS_SERVER_ANSWER_RESPOND_H

#include "actors/server/request.h"

struct listed;

enum next respond(struct request *r);
void respond_success(struct request *r); /* a Status, 201 */
/* The answer's body in one piece of the arena. */
struct str respond_body(const struct request *r, struct arena *arena);
void respond_object(struct request *r, int32_t code, const struct object *object);
/* The record of a type in the negotiated format; `code` 0 keeps the answer's. */
void respond_record(struct request *r, int32_t code, const struct type *type, const void *record);
void respond_list(struct request *r, const struct object *const *objects, uint32_t count,
		  uint64_t revision, struct str continue_token, int64_t remaining);
/* The same of all that the cache has of a namespace (empty: of all): its items are kept for the next one who asks. */
void respond_whole_list(struct request *r, const struct object *const *objects, uint32_t count,
			struct str namespace, uint64_t revision);
/* Those, where nothing has changed since; NULL: the objects are to be gathered. */
GIVE struct listed *respond_listed(struct request *r, struct str namespace);
void respond_items(struct request *r, TAKE struct listed *items, uint64_t revision);

/* As what an object is shown. */
struct view_of {
	const struct server *server;
	const struct resource *resource;
	struct answer_form form;
	struct str include_object; /* of a table */
};
struct view_of respond_view_of(const struct request *r);
/* One object as PartialObjectMetadata or Table rows, for watches too: appended to `out`. */
MUST_USE enum status respond_view(const struct view_of *as, const struct object *object,
				  bool has_columns, struct text *out);
MUST_USE enum status respond_view_record(const struct view_of *as, const struct type *type,
					 const void *record, bool has_columns, struct text *out);

#endif
