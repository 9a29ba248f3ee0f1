/*
 * Events about pods and the node, for people (kubectl describe, kubectl events), as the kubelet writes them.
 *
 * A repeat of one of the last EVENTS_REMEMBERED counts on its object. At most EVENTS_PER_S a second after a burst of EVENTS_BURST are
 * written, what is more is dropped and counted; each is written once and not tried again. Small, for hosts with thousands of nodes.
 */
#ifndef ACTORS_NODE_EVENTS_H
#define ACTORS_NODE_EVENTS_H

#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define EVENTS_REMEMBERED 16U
#define EVENTS_PER_S 50U /* upstream's eventRecordQPS and eventBurst */
#define EVENTS_BURST 100U
/* The tag of its requests: the owner ignores the answers. */
#define EVENTS_TAG 0x6400000000000001ULL

struct events_seen {
	uint64_t hash;   /* of what, about whom, why; 0: none */
	uint64_t number; /* ends its name */
	int32_t count;
};

struct events {
	const char *node, *user, *api; /* borrowed */
	struct events_seen seen[EVENTS_REMEMBERED];
	uint32_t next; /* the oldest */
	uint64_t last_number;
	uint32_t tokens;
	struct mono filled;
	uint64_t dropped;
};

void events_init(struct events *events, struct act *act, const char *node, const char *user,
		 const char *api);

struct events_about {
	const struct type *type;
	const struct meta_object_meta *meta;
	struct str container; /* absent: the object as a whole */
};

void events_write(struct events *events, struct act *act, const struct events_about *about,
		  bool is_warning, const char *reason, struct str message);

#endif
