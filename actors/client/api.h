/*
 * The API as messages: how actors talk to the API server, with the very requests that travel over HTTP.
 *
 * The server actor is registered as `api` in the core host of each control-plane node; an actor elsewhere
 * sends to act_named(act, "api") or "api@node". A message goes through the same steps as an HTTP request (route, authenticate,
 * authorize, decode, admit, validate, persist, respond); only the authentication differs: the door is inside the cluster,
 * whose links are mutually authenticated, so the server believes the user that a call names.
 *
 *     call:   api_call as a request  -> api_answer              act_request's timeout bounds it
 *     watch:  api_call with `watch`  -> api_answer              200: the watch stands; else a Status, and it does not
 *                                    -> api_events ...          each is acknowledged by api_more
 *                                    -> api_closed              it is over; not after api_cancel
 *
 * A watcher has at most API_BATCHES unacknowledged batches under way, so a mailbox never overflows. One that lets
 * the server gather more than LIMIT_WATCH_EVENTS or LIMIT_WATCH_BYTES for it is closed alone with 410 and lists again. The
 * watch ends with its asker, and when a link between them is lost: monitor the server (act_monitor) to hear of it.
 *
 * Everything that a message points to lies in its `arena` (NULL when it came over a link: then in the message's own
 * arena) and goes with the message.
 */
#ifndef ACTORS_CLIENT_API_H
#define ACTORS_CLIENT_API_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/actor/act.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define API_RELEASE "v1.37.2" /* of Kubernetes: the one whose API this is */
#define API_BATCHES 2U
#define API_TYPE_PROTOBUF STR("application/vnd.kubernetes.protobuf")
#define API_TYPE_JSON STR("application/json")
#define API_TYPE_YAML STR("application/yaml")

struct api_call {
	struct arena *arena;
	struct str user;          /* system:serviceaccount:kube-system:deployment-controller */
	const struct str *groups; /* system:authenticated is added by the server */
	uint32_t group_count;
	struct str method;       /* GET, POST, PUT, PATCH, DELETE */
	struct str path;         /* with its query, percent-encoded: /api/v1/pods?watch=1 */
	struct str content_type; /* of the body; absent: JSON */
	struct str accept;       /* absent: JSON */
	struct str agent;        /* as User-Agent: names the field manager; absent: the user */
	struct str body;
	uint64_t watch; /* the asker's own number for a watch, unique among its watches; 0: none */
	uint64_t term; /* the write happens only under the datastore's leader of this term; 0: any */
};
ACT_TYPE_DECLARE(api_call);

struct api_answer {
	struct arena *arena;
	int32_t code;            /* as over HTTP: 200, 201, 404, ... */
	struct str content_type; /* of the body */
	struct str body;         /* an object, or a Status for every code from 400 on */
	uint32_t retry_after_s;  /* 0: not said */
	const struct str *warnings;
	uint32_t warning_count;
};
ACT_TYPE_DECLARE(api_answer);

/* What happened; the words are those of the API: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR. */
enum api_event_kind {
	API_ADDED,
	API_MODIFIED,
	API_DELETED,
	API_BOOKMARK, /* the object has a resourceVersion only, and perhaps k8s.io/initial-events-end */
	API_ERROR, /* the object is a Status; api_closed follows */
};
struct str api_event_name(enum api_event_kind kind);

struct api_event {
	enum api_event_kind kind;
	uint64_t revision;   /* the object's resourceVersion; 0 for ERROR */
	bool is_initial_end; /* BOOKMARK: all that was there at the start has been sent */
	struct str object;   /* one whole object in the content type that was accepted */
};

/* In order of revision; `count` is at least one. */
struct api_events {
	struct arena *arena;
	uint64_t watch;
	const struct api_event *events;
	uint32_t count;
};
ACT_TYPE_DECLARE(api_events);

/* From the watcher: one batch has been worked off. */
struct api_more {
	uint64_t watch;
};
ACT_TYPE_DECLARE(api_more);

/* From the watcher: no more of this; what is under way may still come. */
struct api_cancel {
	uint64_t watch;
};
ACT_TYPE_DECLARE(api_cancel);

/* From the watcher: a BOOKMARK is wanted as soon as everything that has happened up to now was sent. */
struct api_progress {
	uint64_t watch;
};
ACT_TYPE_DECLARE(api_progress);

/* From the server: the watch is over. */
struct api_closed {
	uint64_t watch;
	int32_t code; /* 200: its time was up, go on from the last revision; 410: list again; 503: ask another server */
};
ACT_TYPE_DECLARE(api_closed);

/* All types above that cross borders, for act_host_add_types. */
extern const struct act_type *const api_types[];
extern const uint32_t api_type_count;

/* A message with an arena of its own to build in; it goes with the message when that is sent. */
struct api_call api_call_new(void);
/* For a call that was not sent after all (or act_send refused). */
void api_call_free(struct api_call *call);

#endif
