/*
 * Conversions of custom resources by webhooks: the same objects in another version.
 *
 * For actors/server, on its actor. What was converted is remembered for a moment, so that many who watch the same event cost one call. A call
 * takes as many objects as fit. Bounds: LIMIT_CONVERTED objects remembered for LIMIT_CONVERTED_MS, CALL_OBJECTS and CALL_BYTES a call,
 * CONVERT_MS until it has to be answered.
 */
#ifndef ACTORS_SERVER_OUTSIDE_CONVERSIONS_H
#define ACTORS_SERVER_OUTSIDE_CONVERSIONS_H

#include "actors/server/request.h"

struct conversions;
struct custom_set;

/* Of one who asks, and of the arena that it named. */
struct conversion {
	struct list link;
	bool is_done;
	struct str failed;             /* why, when it is done; absent: it did not */
	const struct object **objects; /* what was asked for */
	const struct object **results; /* when it is done: of the version that was asked for */
	uint32_t count;
	const struct type *to;
	void (*done)(void *arg);
	void *arg;
};

GIVE struct conversions *conversions_new(struct server *server);
void conversions_free(TAKE struct conversions *conversions);
void conversions_tick(struct conversions *conversions);

/* Whether the object has to be converted to be seen as one of that version. */
bool conversion_is_due(const struct custom_set *set, const struct object *object,
		       const struct type *to);
/*
 * Holds the objects. Done at once, or `done` is called later, once, unless it was dropped. Those that are of the version already stay what they are.
 */
struct conversion *conversion_begin(struct server *server, struct arena *arena,
				    struct custom_set *set, const struct object *const *objects,
				    uint32_t count, const struct type *to, void (*done)(void *arg),
				    void *arg);
void conversion_drop(struct conversion *conversion); /* done or not; NULL is fine */

/* For a step: NEXT, and the objects are of that version and held by the request; else to stand behind `return`: the step runs again. */
enum next conversion_step(struct request *r, const struct object **objects, uint32_t count,
			  const struct type *to);
/* The same of a record that is about to be stored: r->converted. */
enum next conversion_store(struct request *r);
/* For mechanisms that are shown the request's records in other versions: waiter.convert of actors/client/check.h. */
enum check conversion_records(struct request *r, const struct type *from,
			      const void *const *records, uint32_t count, const struct type *to,
			      const void **out, struct str *failed);

#endif
