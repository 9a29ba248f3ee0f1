/*
 * Messages to and from actors of other hosts, over the link seam: whom we have something going with, and what is sent there.
 * Only for runtime/actor and its rooms; on the host's thread.
 */
#ifndef RUNTIME_ACTOR_FAR_REMOTE_H
#define RUNTIME_ACTOR_FAR_REMOTE_H

#include "runtime/actor/actor-private.h"

/* What we have going with another host. */
struct peer {
	struct list link;
	uint32_t node;
	uint16_t host;
	struct list asked, asking;     /* struct request: to it, from it */
	struct list watched, watching; /* struct watch: ours of its actors, its of ours */
};

/* Somebody elsewhere waits for an answer from here. */
bool remote_is_asked(const struct act_host *host);
struct peer *remote_peer(struct act_host *host, uint32_t node, uint16_t number);
/* Sends to another host; the body is encoded, not dropped. */
MUST_USE enum status remote_send(struct act_host *host, struct act_ref to, struct envelope *envelope,
				 const struct act_type *type, const void *body);
/* A message of the runtime itself, with words or nothing as its body. */
MAY_IGNORE enum status remote_signal(struct act_host *host, struct act_ref to,
				     struct envelope *envelope, struct str words);
/* The test mode: the message is encoded and decoded; NULL: it could not be, *out says why. */
struct message *remote_round_trip(struct act_host *host, const struct act_type *type,
				  const void *body, enum status *out);
void remote_fini(struct act_host *host);

#endif
