/*
 * Wires: a socket of runtime/loop, with TLS or without, under an engine; and the hub of all wires of one actor.
 *
 * Private to this folder. A wire moves bytes between its stream and its engine: it decrypts and feeds what arrives, and once a
 * turn of the loop, for all that gathered meanwhile, lets the engine fill a buffer, encrypts it and writes it at once. What the
 * engine does not take is kept (at most one read) and reading stops; what the socket does not take stops the filling. So
 * a slow peer on either side is felt by whoever produces.
 *
 * Other actors of the loop work on streams of a wire directly (http_write); they end with wire_touch, which has the owner
 * flush when the turn ends. The hub outlives its actor as long as exchanges point to it.
 */
#ifndef TRANSPORT_HTTP_WIRE_H
#define TRANSPORT_HTTP_WIRE_H

#include "runtime/actor/act-host.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/fault.h"
#include "runtime/base/text.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "transport/http/engine/engine.h"
#include "transport/tls/session.h"

/* What all wires of an actor share. Counted: the actor holds one reference, each exchange or call another. */
struct wire_hub {
	struct act_host *host;
	struct act_ref owner;
	struct act *act; /* while the owner runs; NULL at other times */
	struct list dirty;
	struct list
	    patient; /* wires with something that goes with the next answer, or when it is hurried */
	uint32_t refs;
	struct loop_soon soon; /* the flush at the end of a turn */
	bool is_posted; /* one in the next turn is on its way: there was more than one turn may send */
	bool is_flushing;          /* what is touched waits for the next turn */
	bool is_dead;              /* the owner has ended: nothing is sent any more */
	struct text plain, cipher; /* scratch of one flush */
	char *decrypted;           /* scratch of one read */
	uint64_t received_bytes, sent_bytes;
};

GIVE struct wire_hub *wire_hub_new(struct act *act);
struct wire_hub *wire_hub_ref(struct wire_hub *hub);
void wire_hub_unref(TAKE struct wire_hub *hub);
/* What waited long enough for an answer to go with goes alone. True: others have not yet, come again. In the owner's activation. */
bool wire_hub_hurry(struct wire_hub *hub);

struct wire;

struct wire_events {
	/* Connected, and the handshake is over: makes the engine for the protocol that ALPN chose (absent: none). */
	struct http_engine *(*ready)(struct wire *wire, struct str alpn);
	/*
	 * The stream is closed and the engine freed; the owner may free the wire. OK: in order. CANCELLED: the peer went away; UNAUTHORIZED: a
	 * certificate was refused, BAD_REQUEST: not HTTP, IO: broken; wire->fault has the words.
	 */
	void (*closed)(struct wire *wire, enum status why);
	/* May something wait for the next answer to go with? Then wire_hub_hurry is called some milliseconds later. NULL: nothing may. */
	bool (*may_wait)(struct wire *wire);
};

struct wire {
	struct wire_hub *hub;
	const struct wire_events *events;
	struct list link;      /* in hub->dirty, or alone */
	struct list patience;  /* in hub->patient, or alone */
	struct stream *stream; /* NULL: closed */
	struct tls_session *tls;
	struct http_engine *engine;
	struct text held; /* received, decrypted and not taken by the engine */
	bool is_reading, is_read_ended, is_write_ended, is_lingering, is_busy;
	struct mono patient_since;
	struct mono read_at;  /* when something was last received */
	struct mono wrote_at; /* when the socket last took something, or had nothing to take */
	struct fault fault;
};

/* Takes the stream, owned by the hub's actor, and begins. `tls` NULL: plain. May call ready; never closed. */
void wire_open(struct wire *wire, struct wire_hub *hub, const struct wire_events *events,
	       TAKE struct stream *stream, TAKE struct tls_session *tls);
/* Something is to be sent, or may now be taken: flushes soon. From any actor of the loop, also when the wire is closed. */
void wire_touch(struct wire *wire);
/* Gives the connection up now; `closed` is called. In the owner's activation. */
void wire_close(struct wire *wire, enum status why);
/* The owner has ended and its streams with it: frees what is left, `closed` is not called (the engine's streams hear theirs). */
void wire_abandon(struct wire *wire);
size_t wire_queued(const struct wire *wire); /* bytes that the socket has not taken yet */

#endif
