/*
 * The request that tells of an event: a POST of the first one, a PATCH of its count and last time when it happened again.
 *
 * For whoever records events (actors/controller, actors/node). As upstream's client-go, tools/record: a repeat changes the object that is there.
 */
#ifndef ACTORS_CLIENT_EVENT_CALL_H
#define ACTORS_CLIENT_EVENT_CALL_H

#include "actors/client/request.h"
#include "datastore/schema/core.h"

/* In the name of `user`, by event->count. Complete in itself: nothing of `event` is borrowed. */
struct api_call event_call(const struct core_event *event, const char *user);

#endif
