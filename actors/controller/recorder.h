/*
 * The recorder: events about objects, for people (kubectl describe, kubectl events).
 *
 * Used by an actor for itself. As upstream's correlator does it: repeats of an event are counted on one object; when more
 * than RECORDER_ALIKE that differ only in their message come within RECORDER_WINDOW_S they are counted as one; and about one
 * object RECORDER_BURST pass at once, then one each RECORDER_REFILL_S. It remembers the last RECORDER_MAX of each.
 * Events are written once and not retried: they may get lost.
 */
#ifndef ACTORS_CONTROLLER_RECORDER_H
#define ACTORS_CONTROLLER_RECORDER_H

#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define RECORDER_MAX 128U
#define RECORDER_ALIKE 10U
#define RECORDER_WINDOW_S 600
#define RECORDER_BURST 25U
#define RECORDER_REFILL_S 300

struct recorder;

/* `component` is who reports; `user` and `api` as in api_call. Borrowed as long as the recorder lives; freed with the actor. */
struct recorder *recorder_new(struct act *act, const char *component, const char *user,
			      const char *api);

/* Writes or counts the event. The tag of its request is RECORDER_TAG: the owner ignores such answers. */
#define RECORDER_TAG 0x7e00000000000001ULL
void recorder_write(struct recorder *recorder, struct act *act, const struct type *type,
		    const struct meta_object_meta *about, bool is_warning, const char *reason,
		    struct str message);
/* Of something that was so a moment ago. */
void recorder_write_at(struct recorder *recorder, struct act *act, struct wall at,
		       const struct type *type, const struct meta_object_meta *about,
		       bool is_warning, const char *reason, struct str message);

#endif
