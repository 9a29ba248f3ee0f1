/*
 * Peers: the links of one host to other hosts, on its node (ipc) and on others (TLS). Implements the link seam.
 *
 * One per host. All calls are for the host's thread; nng's threads inside reach it only by the owner's `call`. Links are made when
 * something is sent or somebody says hello. The promises are those of runtime/actor/seams.h, struct seams_link: at
 * most once, in order within a session, a loss is announced, nothing of an old session is delivered. Besides:
 *   - a peer within the node runs under our user id; one on another node shows a certificate of our authority that
 *     carries `<its node's name>.node.troupe.internal`; whoever claims to be another is disconnected and counted;
 *   - a peer that is silent for `dead_ms`, though its connection stands, is lost; within the node that takes
 *     PEER_LOCAL_PATIENCE times as long, since there the kernel tells at once of a peer's end.
 * Bounded by LIMIT_PEERS links, LIMIT_LINK_OUTBOX_BYTES waiting for and LIMIT_LINK_CREDIT_BYTES under way to each.
 */
#ifndef TRANSPORT_PEER_PEER_H
#define TRANSPORT_PEER_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"
#include "transport/tls/context.h"

#pragma GCC visibility push(default)

#define PEER_DOMAIN \
	".node.troupe.internal" /* node names in certificates end in this, and nothing else does */

struct faulty;
struct loop;
struct peer;

/* Who takes what arrives; peer_owner_host makes one of a host. Of ours, `receive` and `lost` may call the seam's send only. */
struct peer_owner {
	void *self;
	void (*receive)(void *self, struct seams_peer from, struct str bytes);
	void (*lost)(void *self, struct seams_peer peer);
	/* Any thread: fn(arg) is to be called soon on the owner's thread. */
	void (*call)(void *self, void (*fn)(void *arg), void *arg);
	/* The owner's thread: the same, not before that time. */
	void (*call_at)(void *self, struct mono at, void (*fn)(void *arg), void *arg);
};

struct act_host;
struct peer_owner peer_owner_host(struct act_host *host);

struct peer_config {
	struct peer_owner owner;
	struct seams_peer self; /* all three not 0 but the host */
	struct seams_clock clock;
	struct seams_random random;
	struct faulty *faulty; /* what it orders is done to frames that leave; NULL: nothing ever is */
	struct str node_name;
	/* The loop that drives the owner: it then carries the links itself, which wakes a host once for what nng wakes threads for. NULL: nng does. */
	struct loop *loop;
	struct str run_folder; /* our socket is <run_folder>/<host>.ipc, those of the node's other hosts lie beside it */

	/* Links to other nodes; all absent: none. Both contexts demand certificates of the other side, for TLS 1.3. */
	struct str listen;    /* IP:PORT; port 0 takes any, see peer_address */
	struct str advertise; /* IP:PORT by which others reach us; absent: as `listen` */
	struct tls_context *client, *server;

	uint32_t heartbeat_ms; /* 0: PEER_HEARTBEAT_MS */
	uint32_t dead_ms;      /* 0: PEER_DEAD_MS; at least three heartbeats */
	uint32_t connect_ms; /* 0: PEER_CONNECT_MS: how long a message waits for a first contact */
	uint32_t greet_ms; /* 0: PEER_GREET_MS: how long a connection may take to become part of a session */
};

#define PEER_HEARTBEAT_MS 250U
#define PEER_DEAD_MS 1000U
#define PEER_LOCAL_PATIENCE \
	4U /* heartbeats cost an idle node more than all else it does: fewer where they are needed less */
#define PEER_CONNECT_MS 2000U
#define PEER_GREET_MS 10000U /* as long as a process may be stopped and not be dialed anew */

/* Listens and is ready. Everything in `config` is copied; the contexts are referenced. BUSY with words: the address is taken. */
MUST_USE enum status peer_open(const struct peer_config *config, GIVE struct peer **out,
			       struct fault *why);
/*
 * Ends all links, and says of each that stood, or that something waits for, that it is lost: whoever counts on its peer may live longer
 * than the links. After it the owner is not called any more and what it was asked to call does nothing.
 */
void peer_stop(struct peer *peer);
/* After peer_stop, when what the owner was asked to call has been called or never will be. NULL is fine. */
void peer_free(TAKE struct peer *peer);
/* Instead, after peer_stop, where the owner lives on and may still be to call something: the memory goes with the last of it. Of links that a loop carries. NULL is fine. */
void peer_retire(TAKE struct peer *peer);

/* The seam: give it to the host (act_host_set_link). Valid until peer_free; after peer_stop a send says UNAVAILABLE. */
struct seams_link peer_seam(struct peer *peer);

/* IP:PORT on which others reach us; empty without `listen`. */
struct str peer_address(const struct peer *peer);

/* ---- the directory ----------------------------------------------------------------------------------- */

/* As the seam's learn and forget. */
MUST_USE enum status peer_learn(struct peer *peer, const struct seams_place *place);
void peer_forget_node(struct peer *peer, uint32_t node);

/* ---- looking in ---------------------------------------------------------------------------------------- */

enum peer_state {
	PEER_IDLE,       /* known, nothing was sent */
	PEER_CONNECTING, /* messages wait, for connect_ms */
	PEER_OPEN,
	PEER_AWAY, /* did not answer; sends are refused */
};

struct peer_info {
	struct seams_peer peer; /* epoch 0: not known */
	struct str node_name, host_name, address;
	enum peer_state state;
	struct mono last_heard;
	uint64_t sent_bytes, received_bytes, waiting_bytes;
	uint64_t sessions; /* begun so far */
};

/* In the order in which they were learned. Texts are borrowed for the call. */
void peer_each(struct peer *peer, void (*each)(void *arg, const struct peer_info *info), void *arg);

struct peer_stats {
	uint64_t frames_sent, frames_received, messages_sent, messages_received;
	uint64_t bytes_sent, bytes_received;
	uint64_t losses;     /* sessions that ended, first contacts that did not come about */
	uint64_t bad_frames; /* undecodable, out of sequence, or lies about credit: disconnected */
	uint64_t bad_identities;   /* wrong user id, name or node: disconnected */
	uint64_t old_epochs;       /* frames for or from an earlier life: dropped */
	uint64_t old_sessions;     /* frames of an earlier connection: dropped */
	uint64_t refusals;         /* TLS handshakes refused over a certificate, by us or by them */
	struct fault last_refusal; /* why */
};

void peer_stats(struct peer *peer, struct peer_stats *out);

#pragma GCC visibility pop

#endif
