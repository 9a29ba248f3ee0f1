/*
 * What the files of the door share.
 *
 *   etcd.c         the actor: messages in, the store's status, who may call
 *   method.c       the table of calls: path, how it begins, what an answer means
 *   call.c         one call's life: asked, answered or tried again, ended
 *   fault.c        etcd's errors: code and words
 *   message.c      requests out of protobuf        reply.c    answers into protobuf
 *   event.c        one change, encoded once for all watches
 *   range.c  write.c  lease.c  watch.c  member.c  maintenance.c  snapshot.c      the calls
 */
#ifndef ACTORS_ETCD_ETCD_PRIVATE_H
#define ACTORS_ETCD_ETCD_PRIVATE_H

#include "actors/etcd/etcd.h"
#include "actors/etcd/fault.h"
#include "actors/etcd/message.h"
#include "actors/etcd/reply.h"
#include "datastore/store/store.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "transport/http/grpc.h"

struct etcd_call;
struct etcd_event;

struct etcd_method {
	const char *path;
	/* A call with one request: reads it, and asks the store or ends the call. */
	void (*begin)(struct etcd_call *call, struct str message);
	/* Asks the store, at first and again when there was no leader. */
	void (*ask)(struct etcd_call *call);
	/* The store's answer; `status` is its outcome, msg->body NULL when it is not the store's own. Never UNAVAILABLE. */
	void (*answered)(struct etcd_call *call, enum status status, const struct act_msg *msg);
	/* NULL: no stream of requests. */
	const struct etcd_stream *stream;
	/* An answer in many messages goes on: the peer has read. NULL: it has one. */
	void (*writable)(struct etcd_call *call);
};

/* Calls whose requests come one after the other. */
struct etcd_stream {
	void (*open)(struct etcd_call *call);
	void (*came)(struct etcd_call *call, struct str message);
	void (*ended)(struct etcd_call *call);    /* no more requests */
	void (*writable)(struct etcd_call *call); /* NULL: nothing was held back */
	void (*close)(struct etcd_call *call);    /* what it holds is given back */
};

/*
 *   begun ──> waiting for the store ──> answered: ended        streams: until either side ends
 *                 └──no leader──> waiting to ask again ─┘
 * Lives in its exchange's arena; ended by etcd_call_end, or dropped when the peer has gone.
 */
struct etcd_call {
	struct etcd *etcd;
	const struct etcd_method *method;
	struct http_exchange *exchange;
	struct arena *arena;
	struct list link; /* in etcd->calls */
	uint64_t number;  /* tags of its requests to the store */
	uint64_t timer;   /* 0: it does not wait to ask again */
	struct mono until;
	bool is_deadline; /* until is the caller's own */
	bool wants_leader;
	bool is_waiting; /* for the store */
	void *state;     /* the method's */
	/* Streams. */
	struct grpc_reader reader;
	bool is_full;     /* the peer reads slowly: nothing more is read from it, either */
	bool is_in_ended; /* the last request was read */
};

struct etcd_slot {
	struct etcd_call *call; /* NULL: free */
	uint32_t generation;
};

struct etcd {
	struct act *act; /* of the running handler */
	const struct etcd_config *config;
	struct act_ref store;
	uint64_t monitor;           /* of the store; 0: it is not there */
	struct store_status status; /* the last that it told; in its own arena */
	uint64_t revision;          /* the latest that was heard of */
	struct list calls;
	uint32_t call_count;
	VEC(struct etcd_slot) slots;
	VEC(uint32_t) free_slots;
	struct map watches; /* by the number that the store knows them by */
	uint64_t next_watch;
	struct etcd_event *last; /* that was told; NULL: none yet */
	struct proto_out front;  /* what stands before it, for one watch after the other */
};

struct etcd_again {
	uint64_t number;
};
ACT_TYPE_DECLARE(etcd_again);

/* ---- method.c ---- */

const struct etcd_method *etcd_method_find(struct str path);
/* How a call of no method ends, in grpc-go's words. */
struct grpc_fault etcd_method_unknown(struct str path, struct arena *arena);

/* ---- call.c ---- */

/* A call of this exchange; NULL: it was ended at once. */
struct etcd_call *etcd_call_open(struct etcd *etcd, struct http_exchange *exchange,
				 const struct etcd_method *method);
struct etcd_call *etcd_call_of(struct etcd *etcd, uint64_t number); /* NULL: it has ended */
/* Asks the store; the body's arena is freed when it cannot be sent (NULL is fine). */
void etcd_call_ask(struct etcd_call *call, const struct act_type *type, const void *body,
		   struct arena *arena);
void etcd_call_answered(struct etcd_call *call, const struct act_msg *msg);
void etcd_call_again(struct etcd_call *call);
/* Keeps an answer's arena as long as the call lives. */
void etcd_call_keep(struct etcd_call *call, const struct act_msg *msg, struct arena *arena);
/* One more message to the caller; `reply` is used up. False: the caller reads slowly (streams: is_full is set). */
MAY_IGNORE bool etcd_call_send(struct etcd_call *call, struct proto_out *reply);
/* The same of one that ends with an event, of which the reference goes to what is sent; the front stays the caller's. */
void etcd_call_send_headed(struct etcd_call *call, struct proto_out *front,
			   TAKE struct etcd_event *event);
/* The only message, and the end. */
void etcd_call_reply(struct etcd_call *call, struct proto_out *reply);
/* The same; the values lie in the call's arena or are kept by it (etcd_call_keep). */
void etcd_call_reply_spread(struct etcd_call *call, struct etcd_spread *reply);
void etcd_call_end(struct etcd_call *call, struct grpc_fault status);
void etcd_call_fail(struct etcd_call *call, enum etcd_fault fault);
void etcd_call_fail_status(struct etcd_call *call, enum status status);
/* The peer has gone. */
void etcd_call_drop(struct etcd_call *call);
/* A stream's requests, as far as it takes them now. */
void etcd_call_read(struct etcd_call *call);
void etcd_call_writable(struct etcd_call *call);

/* A revision that an answer told. */
void etcd_saw_revision(struct etcd *etcd, uint64_t revision);
struct etcd_header etcd_header(const struct etcd *etcd, uint64_t revision);

/* ---- range.c ---- */

/* A range on its way; the first thing in the state of whatever call reads one. */
struct etcd_ranging {
	struct etcd_range asked;
	struct store_row *rows;
	uint32_t count, cap, limit;
	uint64_t bytes;
	uint64_t revision; /* of the first page */
	uint64_t latest;   /* what the header says: the store's, whatever revision was read */
	uint64_t total;    /* keys in the whole range */
	bool more, is_begun;
	void (*done)(struct etcd_call *call); /* all rows are there */
	enum etcd_fault too_large;            /* how it ends when they are too many */
};

void etcd_range_begin(struct etcd_call *call, struct str message);
void etcd_range_ask(struct etcd_call *call);
void etcd_range_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
/* How many rows the store is asked for: all of them (0) when they are to be sorted or sieved. */
uint32_t etcd_range_limit(const struct etcd_range *range);
/* Sieves, sorts and cuts rows to what was asked for; *more: there were others. */
void etcd_range_shape(const struct etcd_range *range, struct store_row *rows, uint32_t *count,
		      bool *more);

/* ---- write.c ---- */

void etcd_put_begin(struct etcd_call *call, struct str message);
void etcd_delete_begin(struct etcd_call *call, struct str message);
void etcd_txn_begin(struct etcd_call *call, struct str message);
void etcd_write_ask(struct etcd_call *call);
void etcd_write_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_compact_begin(struct etcd_call *call, struct str message);
void etcd_compact_ask(struct etcd_call *call);
void etcd_compact_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);

/* ---- lease.c ---- */

void etcd_grant_begin(struct etcd_call *call, struct str message);
void etcd_grant_ask(struct etcd_call *call);
void etcd_grant_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_revoke_begin(struct etcd_call *call, struct str message);
void etcd_revoke_ask(struct etcd_call *call);
void etcd_revoke_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_live_begin(struct etcd_call *call, struct str message);
void etcd_live_ask(struct etcd_call *call);
void etcd_live_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_leases_begin(struct etcd_call *call, struct str message);
void etcd_leases_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_keep_ask(struct etcd_call *call);
void etcd_keep_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
extern const struct etcd_stream etcd_keep_stream;

/* ---- maintenance.c: what the store's status answers ---- */

void etcd_plain_begin(struct etcd_call *call, struct str message); /* nothing is asked but to ask */
void etcd_status_ask(struct etcd_call *call);
void etcd_status_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_auth_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_alarm_begin(struct etcd_call *call, struct str message);
void etcd_alarm_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_hash_ask(struct etcd_call *call);
void etcd_hash_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_hash_kv_begin(struct etcd_call *call, struct str message);
void etcd_hash_kv_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);

void etcd_defragment_ask(struct etcd_call *call);
void etcd_defragment_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);

/* ---- member.c ---- */

void etcd_members_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_remove_begin(struct etcd_call *call, struct str message);
void etcd_promote_begin(struct etcd_call *call, struct str message);
void etcd_member_ask(struct etcd_call *call);
void etcd_member_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_move_begin(struct etcd_call *call, struct str message);
void etcd_move_ask(struct etcd_call *call);
void etcd_move_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);

/* ---- snapshot.c ---- */

void etcd_snapshot_begin(struct etcd_call *call, struct str message);
void etcd_snapshot_ask(struct etcd_call *call);
void etcd_snapshot_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_snapshot_writable(struct etcd_call *call);

/* ---- watch.c ---- */

void etcd_watch_ask(struct etcd_call *call);
void etcd_watch_answered(struct etcd_call *call, enum status status, const struct act_msg *msg);
void etcd_watch_events(struct etcd *etcd, const struct store_events *events);
extern const struct etcd_stream etcd_watch_stream;

#endif
