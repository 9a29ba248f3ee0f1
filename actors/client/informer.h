/*
 * An informer: one resource's objects, listed once and then watched, in a cache at a known revision.
 *
 * Its owner is the actor that started it; it sends api_call messages for that actor and the owner hands
 * every message it does not know to informer_receive. It lists by a watch with initial events, goes on from its
 * last revision when the server or the link is lost, and lists again when that revision is compacted; the cache keeps its
 * objects meanwhile, so that readers see an old world rather than an empty one. Between the two lists
 * `on_event` reports only what really changed. Bounded by the number of objects; the server bounds each batch.
 *
 * Of a kind of which only the metadata is looked at (TYPE_METADATA_ONLY) it asks the server for no more, and keeps of that an outline
 * (shelf/outline.h): who the object is, who owns it, what holds it, whether it is on its way out. What it gives out of that is made for the asker.
 */
#ifndef ACTORS_CLIENT_INFORMER_H
#define ACTORS_CLIENT_INFORMER_H

#include "datastore/object/object.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

struct informer;

enum informer_change { INFORMER_ADDED, INFORMER_CHANGED, INFORMER_DELETED };

/* Objects are frozen and borrowed until the call returns; take a reference to keep one. `old` is NULL for ADDED. */
typedef void informer_event_fn(void *arg, enum informer_change change, const struct object *object,
			       const struct object *old);

struct informer_config {
	const struct type *type;   /* the kind; its resource gives the path */
	struct str namespace;      /* absent: all */
	struct str label_selector; /* absent: all */
	struct str field_selector; /* absent: all; spec.nodeName=n1 for a node agent */
	struct str user;           /* who asks: system:kube-controller-manager, system:node:n1 */
	const char *api; /* the registered name of the API server actor: "api" or "api@node" */
	informer_event_fn *on_event; /* NULL: nobody is told */
	void *arg;
};

GIVE struct informer *informer_start(struct act *act, const struct informer_config *config);
/* Ends the watch and gives the objects back. An actor that crashes must not call it: give it to act_own as informer_release. */
void informer_stop(TAKE struct informer *informer, struct act *act);
void informer_release(void *informer);

/*
 * What was kept in outlines is kept whole from now on, by that type. Until all is listed so, has_synced is false and what is shown are the
 * outlines as they were; then those that went meanwhile are told as deleted, and nothing else is told of the list. Makes indexes as at the start.
 */
void informer_widen(struct informer *informer, struct act *act, const struct type *whole);

/* Asks the server up to where there is nothing more to tell: informer_revision will be the one it is at now. */
void informer_hurry(struct informer *informer, struct act *act);

/* True when the message was one of this informer's. */
bool informer_receive(struct informer *informer, struct act *act, const struct act_msg *msg);

bool informer_has_synced(const struct informer *informer); /* the first list is complete */
uint64_t informer_revision(
    const struct informer *informer); /* everything up to here has been seen, progress included */
uint32_t informer_len(const struct informer *informer);
/* NULL: it is not there. The first borrows until the next message, and is not for outlines. */
const struct object *informer_get(const struct informer *informer, struct str namespace,
				  struct str name);
GIVE const struct object *informer_take(const struct informer *informer, struct str namespace,
					struct str name);

/* Since when the cache has shown it as it is, by our own clock; 0: it is not there, or an outline. */
struct mono informer_since(const struct informer *informer, struct str namespace, struct str name);
/* It is known by other means to be as it is, last at that time: informer_since gives it. Nothing is told. */
void informer_confirm(struct informer *informer, struct str namespace, struct str name,
		      struct mono at);

/* In order of namespace and name; absent namespace: all. Nothing may be received meanwhile. An outline's is there until `each` returns. */
typedef bool informer_each_fn(void *arg, const struct object *object); /* false ends the walk */
void informer_each(const struct informer *informer, struct str namespace, informer_each_fn *each,
		   void *arg);

/*
 * Indexes, made before the first event: objects by the value that `value_of` gives (owner's uid, node's name),
 * absent for none; SHELF_INDEXES_MAX at most. informer_by walks one value's objects in order.
 */
typedef struct str informer_index_fn(const struct object *object);
uint32_t informer_index(struct informer *informer, informer_index_fn *value_of); /* its number */
void informer_by(const struct informer *informer, uint32_t index, struct str value,
		 informer_each_fn *each, void *arg);

#endif
