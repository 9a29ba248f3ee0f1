/*
 * What the files of the actor `admin` share: its state, and asking other actors from a task. Only for deploy/main/admin*.c.
 *
 *   admin.c          the actor: messages, paths, bringing the own store in
 *   admin-join.c     letting a machine in
 *   admin-change.c   tokens, kill
 *   admin-leave.c    leave, remove
 *   admin-find.c     whom nobody leads asks the others who does
 *   admin-return.c   a damaged store comes back from the others
 *   admin-chaos.c    ChaosPlans, on the node that leads (chaos-*.h); admin-fault.c: what they do to a node
 *   overview.c       what the cluster looks like, gathered from everybody
 *   overview-print.c the same as text, JSON and YAML; overview-objects.c: as objects of the API
 *   admin-live.c     what the API server is told of them, and a delete
 */
#ifndef DEPLOY_MAIN_ADMIN_ADMIN_PRIVATE_H
#define DEPLOY_MAIN_ADMIN_ADMIN_PRIVATE_H

#include "datastore/store/store.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/host/asked-page.h"
#include "deploy/main/host/exile.h"
#include "deploy/main/host/inspect.h"

#define ADMIN_ASK_MS 3000U /* a node that does not answer within this is shown without its actors */
#define ADMIN_WRITE_MS 15000U

struct admin_chaos;
struct admin {
	struct process *process;
	struct arena *status_arena; /* of `status`; NULL: not known yet */
	struct store_status status; /* our store's, as last told */
	uint64_t monitor;
	struct exile_list exiles;
	struct admin_chaos *chaos; /* the actor's */
	bool is_joining, is_returning, is_finding;
	bool has_links;      /* with has_chaos: to whom the first status named */
	bool is_partitioned; /* for a while, as a ChaosPlan said */
	bool is_forgotten;   /* as we asked for: another node has told us so */
};

/* All three for tasks; `body` is consumed. The answer is good until admin_asked_end. */
struct admin_asked {
	struct act_all *all;
	enum status status;
	const struct act_msg *msg;
};
struct admin_asked admin_ask(struct act *act, struct act_ref to, const struct act_type *type,
			     const void *body, uint32_t timeout_ms);
void admin_asked_end(struct admin_asked *asked);

/* Memory of a task that waits: freed at the end, or with the actor. */
struct admin_room {
	struct arena *arena;
	uint64_t owned;
};
struct admin_room admin_room(struct act *act);
void admin_room_end(struct act *act, struct admin_room *room);

/* NOT_FOUND: there is none. The value is the arena's. */
MUST_USE enum status admin_read(struct act *act, struct str key, struct arena *arena,
				struct str *out_value, uint64_t *out_revision);
/* Writes if the key's revision is `expected` (STORE_ANY_REVISION: in any case); an absent value deletes. */
MUST_USE enum status admin_write(struct act *act, struct str key, struct str value,
				 uint64_t expected);

/* ---- the pages --------------------------------------------------------------------------------------- */

void admin_join(struct act *act, void *state, struct asked_page *page);
void admin_tokens(struct act *act, void *state, struct asked_page *page);
void admin_kill(struct act *act, void *state, struct asked_page *page);
void admin_trace(struct act *act, void *state, struct asked_page *page);
void admin_leave(struct act *act, void *state, struct asked_page *page);
void admin_remove(struct act *act, void *state, struct asked_page *page);

/* Whether our store is not yet in; one that was removed, or has left, is never let in again. */
bool admin_is_outside(const struct admin *admin);
/* Whether our API server says that it is ready, now. */
bool admin_is_served(struct act *act, const struct admin *admin);
/* An actor of the host of this node that is called so; nil: there is none. */
struct act_ref admin_actor_of(struct act *act, const struct admin *admin, const char *actor,
			      struct str host);
/* Kills HOST or HOST/ACTOR of a node. */
struct inspect_killed admin_kill_at(struct act *act, struct admin *admin, struct str node,
				    struct str path, enum inspect_level level);

bool admin_live_receive(struct act *act, const struct act_msg *msg); /* false: not about those */

void admin_trace_asked(struct act *act, const struct act_msg *msg);
/* ---- chaos --------------------------------------------------------------------------------------------- */

#define ADMIN_FAULT_AFTER_MS 50U /* an answer has left by then */
void admin_fault_asked(struct act *act, const struct admin *admin, const struct act_msg *msg);
void admin_links_learn(struct act *act, struct admin *admin); /* to all other members */

void admin_chaos_init(struct act *act, struct admin *admin);
bool admin_chaos_receive(struct act *act, struct admin *admin, const struct act_msg *msg);
void admin_chaos_wake(struct act *act, struct admin *admin); /* leadership may have come */

void admin_rejoin_asked(struct act *act, const struct act_msg *msg);
/* A status has come. */
void admin_return_wake(struct act *act, struct admin *admin);
void admin_find_wake(struct act *act, struct admin *admin);
/* Tells the links where those are whom a store takes for members. */
void admin_members_learn(struct act *act, const struct admin *admin,
			 const struct store_status *status);

void admin_forget_asked(struct act *act, const struct act_msg *msg);
void admin_forgotten_told(struct act *act, struct admin *admin, const struct act_msg *msg);

/* The member of that name in our store's status; NULL: none. */
const struct store_member *admin_member(const struct admin *admin, struct str name);

#endif
