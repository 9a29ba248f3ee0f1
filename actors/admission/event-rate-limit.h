/*
 * How many events may be written: by all together, in each namespace, by each user, of each source about each object.
 *
 * What an operator tells EventRateLimit. Of each limit there are buckets, known by the SHA-256 of what they are of: `cacheSize` at most, the one
 * used longest ago gives way and is full when it comes again. One thread; all of it is the arena's.
 */
#ifndef ACTORS_ADMISSION_EVENT_RATE_LIMIT_H
#define ACTORS_ADMISSION_EVENT_RATE_LIMIT_H

#include "datastore/schema/core.h"
#include "datastore/schema/eventratelimit.h"
#include "runtime/base/base.h"

#define EVENT_BUCKETS_DEFAULT 4096
#define EVENT_BUCKETS_MAX (1 << 20)

struct event_limits;

/* Who writes which event where. */
struct event_writing {
	struct str namespace, user;
	const struct core_event *event;
};

/* BAD_REQUEST with what is wrong first; `where` names the file. The record is borrowed. */
MUST_USE enum status event_limits_of(const struct eventratelimit_configuration *from,
				     const char *where, struct arena *arena,
				     struct event_limits **out, struct fault *why);
/* Every limit is asked and loses what it allows. Absent: it may be written; else why not, in upstream's words. */
struct str event_limits_ask(struct event_limits *limits, struct mono now,
			    const struct event_writing *writing, struct arena *arena);

#endif
