/*
 * What the files of the room share.
 *
 *   external.c   the actor: messages in, the life of an errand
 *   call.c       one question to one of the endpoints; in a task
 *   errand.c     what each of the store's questions asks an etcd
 *   stream.c     all watches, on one stream
 *   rank.c       who else is there, and who leads
 *   past.c       the versions of a key
 *   compaction.c   what was long ago is forgotten
 *   question.h, answer.h   the bytes
 *
 * Each question of somebody's is an errand: a task that asks, waits and answers. The stream is driven by messages.
 */
#ifndef DATASTORE_EXTERNAL_EXTERNAL_PRIVATE_H
#define DATASTORE_EXTERNAL_EXTERNAL_PRIVATE_H

#include "datastore/external/answer.h"
#include "datastore/external/external.h"
#include "datastore/external/question.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"

#define EXTERNAL_HISTORY_S 300U
#define EXTERNAL_SUBSCRIBERS 256U
#define EXTERNAL_ROOM STR("/troupe.internal/")
#define EXTERNAL_ROOM_END STR("/troupe.internal0")
#define EXTERNAL_COMPACTED STR("compact_rev_key") /* upstream's */
#define EXTERNAL_NAME_MAX 254U

struct external;

/* ---- call.c ---- */

/* An answer as it came: `message` is good until external_reply_done. */
struct external_reply {
	struct http_call *call;
	struct str message;
};

enum external_repeat {
	EXTERNAL_REPEAT, /* it changes nothing, or the same twice: the next endpoint is asked when one is lost */
	EXTERNAL_ONCE, /* TIMEOUT when the answer is lost */
};

/*
 * In a task. `question` is used up. Not OK: there is no reply; UNAVAILABLE: nothing was done, no endpoint answers or they have no leader;
 * TIMEOUT; else what etcd says: EXPIRED, BAD_REQUEST, NOT_FOUND, EXISTS, TOO_LARGE, BUSY, FULL, FORBIDDEN, UNAUTHORIZED.
 */
MUST_USE enum status external_ask(struct external *external, const char *path,
				  struct proto_out *question, enum external_repeat repeat,
				  struct external_reply *reply, struct fault *why);
void external_reply_done(struct external_reply *reply);
extern const struct http_headers external_headers; /* of every call */

/* An arena of a task's: it ends by external_scratch_end, or with the actor, which a task that waits does not outlive. */
struct external_scratch {
	struct arena *arena;
	uint64_t own;
};
struct external_scratch external_scratch(struct external *external);
void external_scratch_end(struct external *external, struct external_scratch *scratch);

/* In a task: two of them together. */
MUST_USE enum status external_write(struct external *external, const struct store_write *write,
				    struct store_write_answer *answer, struct fault *why);
MUST_USE enum status external_range(struct external *external, const struct store_range *range,
				    struct store_range_answer *answer, struct fault *why);

/* ---- stream.c ---- */

/* A watch; lives until it is cancelled, its asker ends, or the etcd ends it. */
struct external_watch {
	struct list link;
	struct arena *arena; /* it lies there */
	struct act_ref who;  /* nobody: our own */
	struct act_ticket ticket;
	uint64_t monitor;
	struct store_watch asked;
	uint64_t id;      /* on the stream; another one on each */
	uint64_t from;    /* where it goes on; 0: from whatever is now */
	uint64_t waiting; /* events that its asker has not worked off */
	uint64_t waiting_bytes;
	bool is_told; /* the asker has been answered */
	bool owes_progress;
};

struct external_stream {
	struct http_call *call; /* NULL: none */
	struct grpc_reader reader;
	bool is_connected; /* its head has come */
	struct list watches;
	uint32_t watch_count;
	uint64_t next_id;
	uint32_t failures; /* in a row */
	uint64_t timer;    /* to try again */
	uint64_t progress; /* the timer that asks for it again; 0: nobody waits */
};

void stream_init(struct external *external);
void stream_fini(struct external *external);
/* Ours: events go to rank_events. */
void stream_watch_own(struct external *external, uint64_t from);
void stream_on_watch(struct external *external, const struct act_msg *msg);
void stream_on_cancel(struct external *external, const struct act_msg *msg);
void stream_on_credit(struct external *external, const struct act_msg *msg);
void stream_on_progress(struct external *external, const struct act_msg *msg);
/* False: it is not the stream's. */
bool stream_receive(struct external *external, const struct act_msg *msg);
bool stream_on_down(struct external *external, const struct act_down *down);

/* ---- rank.c ---- */

struct external_member {
	struct str address, domain; /* in `arena` */
	uint32_t weight;
	bool is_alive;
	bool is_known; /* there is a record of it; else only a sign of life */
	struct arena *arena;
};

struct external_rank {
	uint64_t lease; /* 0: none */
	struct mono lease_ends;
	struct map members; /* by name: struct external_member */
	char leader[EXTERNAL_NAME_MAX];
	uint64_t term;  /* the create revision of the leader's key; 0: there is no leader */
	bool is_filled; /* what is there was read, and is watched */
	bool is_electing;
	bool is_leaving;         /* about to stop */
	struct mono rests_until; /* it has given up the lead */
	bool has_complained;
};

void rank_init(struct external *external);
void rank_fini(struct external *external);
/* Of our own watch; NULL: it has ended, and what is there has to be read again. */
void rank_events(struct external *external, const struct answer_watch *answer);
bool rank_is_leader(const struct external *external);
struct question_guard rank_guard(const struct external *external, uint64_t term);
void rank_on_status(struct external *external, const struct act_msg *msg);
/* What a request about members comes to; in a task. */
MUST_USE enum status rank_add(struct external *external, const struct store_member_add *add);
MUST_USE enum status rank_remove(struct external *external,
				 const struct store_member_remove *remove);
MUST_USE enum status rank_leave(struct external *external, const struct store_member_leave *leave);
MUST_USE enum status rank_transfer(struct external *external, const struct store_transfer *transfer);
uint64_t rank_id_of(struct str name);

/* ---- past.c ---- */

/* In a task. */
MUST_USE enum status past_walk(struct external *external, const struct store_past *asked,
			       struct store_past_answer *answer);

/* ---- compaction.c ---- */

/* A task that lasts: compacts while this node leads. */
void compaction_run(struct act *act, void *state, void *arg);

/* ---- external.c ---- */

struct external_subscriber {
	struct act_ref who;
	uint64_t monitor;
};

struct external {
	struct act *act;
	const struct external_config *config;
	struct act_ref clients[EXTERNAL_PLACES];
	uint32_t place;    /* which is asked first */
	uint32_t errands;  /* under way */
	uint64_t revision; /* the latest that was heard of */
	struct external_stream stream;
	struct external_rank rank;
	VEC(struct external_subscriber) subscribers;
	uint64_t told; /* of the status, as a hash */
};

/* A question that is under way. */
struct external_errand {
	struct external *external;
	struct arena *arena; /* it lies there */
	struct arena *kept;  /* of one that came by a link */
	struct arena *reply; /* of an answer that is still to be given */
	uint64_t own;
	const struct external_task *task;
	struct act_ticket ticket;
	void *body; /* the message's */
};

struct external_task {
	const struct act_type *type;
	void (*run)(struct external_errand *errand);
};

extern const struct external_task external_tasks[];
extern const uint32_t external_task_count;

void external_saw(struct external *external, uint64_t revision);
/* Whoever follows the status is told if it has changed. */
void external_tell_status(struct external *external);

#endif
