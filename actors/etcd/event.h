/*
 * One change as a watch tells of it, encoded once for all watches that see it.
 *
 * Hundreds of watches of one prefix are told of a change one right after the other, and what they hear differs in the watch's number
 * only, which stands before the event. So the door keeps the last event that it has written, and streams share its bytes. Counted:
 * whoever sends it holds it until it has left.
 */
#ifndef ACTORS_ETCD_EVENT_H
#define ACTORS_ETCD_EVENT_H

#include "datastore/store/store.h"
#include "transport/wire/proto.h"

#define EVENT_FIELD 11U /* of a WatchResponse */

struct etcd_event;

/* An Event as the field of an answer. */
void etcd_event_put(struct proto_out *out, const struct store_event *event, bool wants_prev);
uint64_t etcd_event_bytes(const struct store_event *event, bool wants_prev); /* about, and no less */

/* The same on its own; counted for the caller. */
GIVE struct etcd_event *etcd_event_new(const struct store_event *event, bool wants_prev);
GIVE struct etcd_event *etcd_event_ref(struct etcd_event *event);
void etcd_event_unref(TAKE void *event); /* NULL is fine */
struct str etcd_event_str(const struct etcd_event *event);
/* Whether it tells of this change in this way; NULL does not. */
bool etcd_event_is(const struct etcd_event *event, const struct store_event *other, bool wants_prev);

#endif
