/*
 * Routes: what a method and a path ask for, before anybody has looked whether it exists.
 *
 * A pure function, as upstream's RequestInfo: the result is what authorization is asked about. All strings point
 * into the arena or are constant.
 */
#ifndef ACTORS_SERVER_ROUTE_H
#define ACTORS_SERVER_ROUTE_H

#include "runtime/base/base.h"

enum verb {
	VERB_OTHER, /* no resource, or a method we do not know */
	VERB_GET,
	VERB_LIST,
	VERB_WATCH,
	VERB_CREATE,
	VERB_UPDATE,
	VERB_PATCH,
	VERB_DELETE,
	VERB_DELETE_COLLECTION,
	VERB_PROXY,
};

struct route {
	bool is_resource;
	enum verb verb;
	struct str verb_name; /* as authorization knows it; of no resource: the method in lower case */
	struct str group, version, resource, subresource;
	struct str namespace, name; /* absent: none */
	struct str rest;    /* what follows the subresource, for proxies; with its first slash */
	bool is_watch_path; /* /api/v1/watch/... of old */
};

/* `path` is still encoded and begins with a slash; `is_watch` says that the query asks for a watch. BAD_REQUEST with words. */
MUST_USE enum status route_parse(struct arena *arena, struct str method, struct str path,
				 bool is_watch, struct route *out, struct fault *why);

struct str verb_name(enum verb verb);
bool verb_is_write(enum verb verb);
/* Of a pod or a Service a part that is a line between two: it lasts as long as they want. */
bool route_is_line(const struct route *route);
/* Nobody can say how long it takes: a watch, a line. */
bool route_is_long(const struct route *route);

#endif
