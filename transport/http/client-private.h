/*
 * What the files of the client share: the actor's state, its connections, and calls.
 *
 *   client.c   the actor: which call goes by which connection, limits of time, messages
 *   line.c     one connection: dialing, and its engine's events
 *   call.c     the callers' functions
 */
#ifndef TRANSPORT_HTTP_CLIENT_PRIVATE_H
#define TRANSPORT_HTTP_CLIENT_PRIVATE_H

#include "transport/http/client.h"
#include "transport/http/silence.h"
#include "transport/http/url.h"
#include "transport/http/wire.h"

struct client {
	struct act *act;
	struct wire_hub *hub;
	struct http_client_config config; /* with all limits filled in */
	struct url url;                   /* of a copy in the actor's arena */
	struct str authority;
	const char *address; /* numeric or unix:path; NULL until it is resolved */
	const char *name;    /* that is to be resolved */
	char address_text[STREAM_ADDRESS_MAX];
	struct list lines, waiting; /* calls by call->link */
	struct list owing; /* calls with a message that the caller's mailbox did not take */
	uint32_t line_count, dialing_count, call_count;
	bool is_http2; /* as the last connection agreed; before that, one is dialed at a time */
	bool is_known, is_resolving, is_dispatch_due;
	uint64_t sweep_timer, pay_timer;
};

/* A connection to the place. */
struct line {
	struct wire wire;
	struct client *client;
	struct list link, calls;
	struct http_engine *engine; /* NULL while dialing */
	uint64_t dial_id;
	uint32_t served; /* answers that came over it */
	struct mono opened_at, idle_since;
	struct silence silence;
	bool is_connected;
};

enum { CALL_OWES_READABLE = 1, CALL_OWES_WRITABLE = 2, CALL_OWES_BROKEN = 4 };

/*
 *   OPENING ──> WAITING ──> SENT ──> ANSWERED ──> ENDED       closed by its caller at any time
 *                  └──<──────┘ once, when the server provably did not begin it
 */
struct http_call {
	struct http_stream stream;
	struct wire_hub *hub;
	struct client *client; /* NULL when it has ended, or has no more to do with the call */
	struct line *line;     /* while it has a stream there */
	struct list link;      /* in client->waiting or line->calls */
	struct list owing_link;
	uint32_t refs; /* caller, client, messages */
	enum { CALL_OPENING, CALL_WAITING, CALL_SENT, CALL_ANSWERED, CALL_ENDED } state;
	bool is_repeated, is_closed;
	bool is_open_dropped; /* the message by which it was opened is gone */
	bool wants_writable, is_readable_told;
	unsigned owes;
	enum status broken_why;

	struct act *act; /* the caller's */
	struct act_ref caller;
	uint64_t own_id, tag;
	struct act_ticket ticket;
	void *user;

	struct http_request request; /* copied into the arena */
	bool has_ended;              /* the caller has said http_call_end */
	struct text body;
	struct http_queue in, early; /* early: written before there was a connection */
	struct http_head answer;     /* kept when the stream is used again or closed */
	struct http_headers trailers;
	struct fault fault;
};

/* The request by which a call reaches the client actor. */
struct http_call_open {
	struct http_call *call;
};
ACT_TYPE_DECLARE(http_call_open);

/* call.c */
void call_unref(TAKE struct http_call *call);
void call_start(struct http_call *call, struct line *line);

/* client.c */
/* Answers a call that has not been answered. */
void client_answer(struct client *client, struct http_call *call);
void client_fail(struct client *client, struct http_call *call, enum status why, const char *words);
void client_tell(struct client *client, struct http_call *call, unsigned what);
/* Gives waiting calls to connections, and dials more when there are too few. */
void client_dispatch(struct client *client);
/* The same, soon: from an engine's events, which may not start another stream in their midst, and from callers. */
void client_dispatch_later(struct client *client);
/* There is no way to the place now: nobody who waits can be served. */
void client_fail_waiting(struct client *client, enum status why, const char *words);

/* line.c */
void line_dial(struct client *client);
bool line_is_free(const struct line *line); /* takes another call now */
void line_abandon(struct line *line);
void line_sweep(struct line *line, struct mono now);

#endif
