/*
 * What the files of transport/peer share. Nobody outside this folder includes it.
 */
#ifndef TRANSPORT_PEER_PEER_PRIVATE_H
#define TRANSPORT_PEER_PEER_PRIVATE_H

#include <nng/nng.h>
#include <pthread.h>

#include "transport/peer/frame.h"
#include "transport/peer/inbox.h"
#include "transport/peer/outbox.h"
#include "transport/peer/peer.h"

#define RECONNECT_MIN_MS 10 /* a restarted process listens again within 20 ms */
#define RECONNECT_MAX_MS \
	1000 /* nng waits a random part of what it has doubled to: all of a lost node's peers do not dial at once */
#define AWAY_IDLE_NS (60 * TIME_S) /* nobody wants it any more: stop dialing */

/* One peer: its entry in the directory and its link. Host's thread only, but for the outbox. */
struct link {
	struct peer *hub;
	struct seams_peer key;                    /* epoch 0 */
	struct str node_name, host_name, address; /* owned */
	enum peer_state state;
	uint16_t epoch; /* newest that we know of, 0: none */

	struct outbox *outbox;
	bool is_dialing;
	bool is_moved; /* what is dialed, or was when the pipe came to be, is no longer its address */
	nng_socket push;
	uint32_t out_pipe;   /* 0: none */
	uint32_t rejections; /* pipes that the peer closed before a session came of them */
	struct mono redial;  /* not before; when not dialing */

	uint32_t in_pipe; /* that said hello, 0: none */
	uint32_t session; /* ours; a new one whenever the last is over */
	uint32_t peer_session;
	uint64_t sequence; /* of the last DATA frame taken */

	struct mono deadline; /* CONNECTING: until then something must come of it */
	struct mono last_heard, last_wanted;
	uint64_t received_bytes, sessions;
};

GIVE struct link *link_new(struct peer *hub, const struct peer_entry *entry);
/* Closes what it has without a word to the owner. */
void link_free(TAKE struct link *link);
void link_rename(struct link *link, const struct peer_entry *entry);

/* What send of the seam does. */
MUST_USE enum status link_send(struct link *link, uint16_t epoch, struct str header,
			       struct str body);
void link_out_up(struct link *link, uint32_t pipe);
void link_out_down(struct link *link, uint32_t pipe);
void link_in_down(struct link *link);
/* A checked HELLO on `pipe`. False: it is from an earlier life. */
bool link_hello(struct link *link, const struct frame *frame, uint32_t pipe);
/* A DATA or BEAT frame on our in_pipe. INVALID: the peer breaks the rules. */
MUST_USE enum status link_frame(struct link *link, const struct frame *frame, struct str body,
				uint32_t frame_bytes);
/* A newer life is known of (from the directory). */
void link_learn_epoch(struct link *link, uint16_t epoch);
/* Ends the session if there is one, announces what is lost, says hello under a new number. */
void link_end(struct link *link, enum peer_state then);
void link_tick(struct link *link, struct mono now);

/* A pipe into our pull socket. */
struct pipe {
	uint32_t id;
	bool is_local, is_bad;
	char *names;
	struct link *link; /* NULL until its hello was taken */
};

struct peer {
	struct peer_owner owner;
	struct seams_peer self;
	struct seams_clock clock;
	struct seams_random random;
	struct str node_name, run_folder, address; /* owned */
	char hello[FRAME_HELLO_BODY_MAX];
	uint32_t hello_bytes;
	uint32_t heartbeat_ms, dead_ms, connect_ms;
	uint32_t next_session;
	struct tls_context *client, *server;

	nng_socket pull;
	uint32_t local_listener;
	nng_aio *receive, *tick;
	bool is_ticking, is_closing;
	struct mono last_tick;
	VEC(struct link *) links; /* in order of learning */
	VEC(struct pipe) pipes;
	struct peer_stats stats;

	pthread_mutex_t lock; /* over what follows */
	struct inbox_event *first, *last;
	uint64_t queued_bytes;
	bool is_called; /* the owner was asked to call and has not yet */
	bool is_paused; /* too much is queued: receiving waits */
	bool is_stopped;
};

struct mono peer_now(const struct peer *hub);
/* Ticks come as long as there is a link that is not idle. */
void peer_start_tick(struct peer *hub);

/* The owner's thread: handles what is queued. */
void peer_drain(void *hub);

#endif
