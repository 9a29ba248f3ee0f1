/*
 * What the files of transport/peer share. Nobody outside this folder includes it.
 */
#ifndef TRANSPORT_PEER_PEER_PRIVATE_H
#define TRANSPORT_PEER_PEER_PRIVATE_H

#include "transport/peer/detour.h"
#include "transport/peer/frame.h"
#include "transport/peer/operation.h"
#include "transport/peer/outbox.h"
#include "transport/peer/peer.h"
#include "transport/peer/pipe.h"

#define AWAY_IDLE_NS (60 * TIME_S) /* nobody wants it any more: stop dialing */
#define PEER_BUCKETS 64U
#define TIME_FAR ((struct mono){ INT64_MAX })

/* ---- one peer: its entry in the directory and its link ---- */

struct link {
	struct peer *hub;
	struct list bucket;    /* in the hub's: found by its key for each message */
	struct seams_peer key; /* epoch 0 */
	struct str node_name, host_name, address; /* owned */
	enum peer_state state;
	struct list due; /* in the hub's: something waits for the end of the turn */
	uint16_t epoch;  /* newest that we know of, 0: none */
	struct outbox outbox;
	struct detour detour; /* between the outbox and `out` */

	struct pipe *out;    /* dialed; NULL: between two tries, or nobody wants it */
	struct pipe *in;     /* that said hello; NULL: none */
	struct mono redial;  /* when out is NULL: the next try */
	uint32_t tries;      /* that found nobody, since somebody was found */
	uint32_t rejections; /* pipes that the peer closed before a session came of them */

	uint32_t session;      /* of the pipe that was dialed last */
	uint32_t peer_session; /* of `in`; 0: none */
	uint32_t echo;         /* what the peer calls ours; 0: it does not know */
	uint64_t sequence;     /* of the last DATA frame taken */

	struct mono deadline;  /* CONNECTING: until then something must come of it */
	struct mono next_beat; /* OPEN */
	struct mono last_heard, last_wanted;
	bool is_wanted; /* since the last turn, which notes when */
	uint64_t received_bytes, sessions;
};

GIVE struct link *link_new(struct peer *hub, const struct seams_place *entry);
/* Closes what it has without a word to the owner. */
void link_free(TAKE struct link *link);
void link_rename(struct link *link, const struct seams_place *entry);

/* What send of the seam does. */
MUST_USE enum status link_send(struct link *link, uint16_t epoch, struct str header,
			       struct text *body);
/* The turn is over: what has gathered leaves. */
void link_flush(struct link *link);
/* A checked HELLO on a new `pipe`. False: it is from an earlier life. */
bool link_hello(struct link *link, const struct frame *frame, struct pipe *pipe);
/* A further one on our `in` pipe. INVALID: the peer breaks the rules. */
MUST_USE enum status link_hello_again(struct link *link, const struct frame *frame);
/* A DATA or BEAT frame on our `in` pipe. INVALID: the peer breaks the rules. */
MUST_USE enum status link_frame(struct link *link, const struct frame *frame, struct str body);
/* The `in` pipe has gone. */
void link_in_closed(struct link *link);
/* What came by the `in` pipe breaks the rules: closes it, and waits before the next try. */
void link_betrayed(struct link *link);
/* A newer life is known of (from the directory). */
void link_move(struct link *link, struct str address); /* where it is dialed from now on */
void link_learn_epoch(struct link *link, uint16_t epoch);
/* Ends the session if there is one, announces what is lost, begins anew unless nobody wants it. */
void link_end(struct link *link, enum peer_state then);
void link_stop(struct link *link); /* its hub ends: what stood is lost */
/* Beats, dials and gives up if it is time to; when it is to be called again, at the latest. */
struct mono link_turn(struct link *link, struct mono now);

/* ---- one listener ---- */

struct listener {
	struct peer *hub;
	struct conn_listener *conns; /* NULL: not listening */
	uint16_t port;
};

/* ---- the host ---- */

struct peer {
	struct peer_owner owner;
	struct seams_peer self;
	struct seams_clock clock;
	struct seams_random random;
	struct faulty *faulty;                     /* NULL: nobody hurts links */
	struct str node_name, run_folder, address; /* owned */
	char hello[FRAME_HELLO_BODY_MAX];
	uint32_t hello_bytes;
	uint32_t heartbeat_ms, dead_ms, connect_ms;
	uint32_t next_session;
	struct tls_context *client, *server;

	struct operations operations;
	struct conn_net net;
	struct loop_soon soon; /* links that have something to send send it */
	struct list due;       /* struct link */
	struct pipes pipes;
	struct listener local, remote;
	VEC(struct link *) links; /* in order of learning */
	struct list buckets[PEER_BUCKETS];
	VEC(struct pipe *) strangers; /* accepted, and no hello of theirs was taken */
	struct peer_stats stats;

	struct mono wake; /* the next turn, of which the owner knows; FAR: none is needed */
	uint32_t turns;   /* that the owner is still to call, the superseded ones too */
	bool is_turning, is_closing, is_retired;
};

struct mono peer_now(const struct peer *hub);
/* A turn is to come at `at` or before. */
void peer_wake_by(struct peer *hub, struct mono at);
/* Flushes it when the turn is over; false: nobody would tell, or this is no host of a loop. */
bool peer_flush_soon(struct peer *hub, struct link *link);
/* A host of a node that we know: of ours always, of others by what its hello says. NULL: unknown, or LIMIT_PEERS. */
struct link *peer_find_or_add(struct peer *hub, struct seams_peer key, struct str address);
/* A node's name as the directory has it; absent: it was not learned. */
struct str peer_node_name(const struct peer *hub, uint32_t node);

#endif
