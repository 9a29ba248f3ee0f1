/*
 * The recorder: events about objects, for people (kubectl describe, kubectl events).
 *
 * Used by an actor for itself. Repeats of an event are counted on one object, as upstream's correlator does; it
 * remembers the last RECORDER_MAX kinds of event. Events are written once and not retried: they may get lost.
 */
#ifndef ACTORS_CONTROLLER_RECORDER_H
#define ACTORS_CONTROLLER_RECORDER_H

#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define RECORDER_MAX 128U

struct recorder;

/* `component` is who reports; `user` and `api` as in api_call. Borrowed as long as the recorder lives; freed with the actor. */
struct recorder *recorder_new(struct act *act, const char *component, const char *user,
			      const char *api);

/* Writes or counts the event. The tag of its request is RECORDER_TAG: the owner ignores such answers. */
#define RECORDER_TAG 0x7e00000000000001ULL
void recorder_write(struct recorder *recorder, struct act *act, const struct type *type,
		    const struct meta_object_meta *about, bool is_warning, const char *reason,
		    struct str message);

#endif
