/*
 * Reopening: values that could not be read are read again once there are other keys.
 *
 * For actors/server, on its actor. One key at a time is asked of the store, so that nothing else waits for it; what opens is shown, and told
 * to who watches, as if it had been written just now. What does not open stays unread until the keys change again.
 */
#ifndef ACTORS_SERVER_CACHE_REOPEN_H
#define ACTORS_SERVER_CACHE_REOPEN_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"

struct server;

/* Nobody's at rest: `arena` is NULL. */
struct reopening {
	uint64_t generation; /* of the keys that everything was tried with */
	bool is_due;         /* whatever the keys are */
	struct arena *arena; /* of the keys that are left, and of the question */
	struct str *keys;
	uint32_t count, at;
};

/* Now and then. */
void reopen_tick(struct server *server);
/* What is unread is looked at once more: it may be gone. */
void reopen_all(struct server *server);
/* The caches are filled anew, which reads everything. */
void reopen_stop(struct server *server);
void reopen_answered(struct server *server, const struct act_msg *msg);

#endif
