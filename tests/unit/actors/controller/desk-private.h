/*
 * What the server that only pretends (desk-server.c) shares with the test's side of it (desk.c).
 */
#ifndef TESTS_UNIT_ACTORS_CONTROLLER_DESK_PRIVATE_H
#define TESTS_UNIT_ACTORS_CONTROLLER_DESK_PRIVATE_H

#include "actors/client/api.h"
#include "datastore/object/object.h"
#include "tests/unit/actors/controller/desk.h"

#define CHILDREN_MAX 8U

struct watcher {
	struct act_ref who;
	uint64_t watch;
	const struct type *type;
	bool is_over;
};

struct held_answer {
	struct act_ticket ticket;
	struct api_answer answer;
};

struct held_event {
	const struct type *type;
	struct api_event event; /* its bytes are the test's */
};

struct desk {
	struct act_sim *sim;
	struct act_ref self;
	VEC(const struct object *) objects;
	VEC(struct watcher) watchers;
	VEC(struct held_answer) answers;
	VEC(struct held_event) events;
	uint64_t revision, oldest;
	bool holds_answers;
	const struct type *held_type; /* its events wait */
	const char *refused;
	int32_t refused_code, watch_code;
	uint32_t refused_count, names;
	struct map reasons; /* reason -> uint32_t: events written */
	struct str last_event;
	struct desk_counts counts;
	struct act_child children[CHILDREN_MAX];
	struct act_supervisor root;
	const struct type *own; /* that is served beside the built-in ones; or NULL */
};

/* Its place in desk->objects; -1: there is none. */
int64_t desk_find(const struct desk *desk, const struct type *type, struct str namespace,
		  struct str name);
/* To all who watch that type; events that are held wait. */
void desk_tell(struct desk *desk, struct act *act, const struct type *type, struct api_event event);
/* Creates or replaces it, in a revision of its own, and tells. */
void desk_write(struct desk *desk, struct act *act, struct object *object);
/* Takes it out and tells; the caller unrefs what it last was. */
const struct object *desk_take_out(struct desk *desk, struct act *act, uint32_t at);
void desk_give(struct desk *desk, struct act *act, struct act_ticket ticket,
	       struct api_answer answer);
void desk_bookmark_one(struct desk *desk, struct act *act, const struct watcher *watcher);

extern const struct act_class desk_server_class;

#endif
