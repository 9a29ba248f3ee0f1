/*
 * What the files of the server share: the actor's state, its connections, and exchanges.
 *
 *   server.c      the actor: listeners, limits of time, messages
 *   connection.c  a wire's and an engine's events become exchanges and messages to the handler
 *   exchange.c    the handler's calls
 */
#ifndef TRANSPORT_HTTP_SERVER_PRIVATE_H
#define TRANSPORT_HTTP_SERVER_PRIVATE_H

#include "transport/http/engine/memory.h"
#include "transport/http/server.h"
#include "transport/http/silence.h"
#include "transport/http/url.h"
#include "transport/http/wire.h"

#define ARENAS_KEPT 64U /* of ended requests, for the next ones */

struct slot {
	struct server *server;
	struct stream_listener *listener;
	struct tls_context *tls;
	uint32_t index;
	bool is_inherited;
};

/* Outlives the actor while exchanges point to it; what they need of their server. */
struct http_site {
	struct wire_hub *hub;
	struct http_server_config config; /* with all limits filled in */
	uint32_t refs;
	struct list claims; /* exchanges that the handler was asked and has not done, by claim_link */
	uint64_t bodies_bytes; /* of collected bodies that are still in memory */
	uint32_t exchange_count;
	struct arena *arenas[ARENAS_KEPT];
	uint32_t arena_count;
	struct slab exchanges;
	struct http_memory memory; /* of streams */
};

struct server {
	struct act *act;
	struct http_site *site;
	struct slot slots[HTTP_LISTENERS_MAX];
	uint32_t slot_count;
	struct list connections;
	uint32_t connection_count;
	/* As last looked up: of the places, then the one for everything else. */
	struct act_ref handlers[HTTP_PLACES_MAX + 1];
	struct list owing; /* exchanges with a message that the handler's mailbox did not take */
	uint64_t sweep_timer, pay_timer, grace_timer, hurry_timer; /* 0: not set */
	bool is_paused, is_draining, is_stopping, has_ticket;
	struct act_ticket ticket;
	int64_t date_s; /* which second `date` shows */
	char date_text[HTTP_DATE_TEXT];
	struct str date;
	struct http_server_stats stats;
	uint64_t swept_requests; /* of the stats, at the last sweep */
	uint32_t cut;
};

/* What exchanges of one connection have in common and may still need when it is closed. Counted. */
struct origin {
	uint32_t refs;
	uint32_t listener;
	bool has_certificate;     /* and it is believed */
	bool has_bad_certificate; /* it is not */
	struct certificate_info certificate;
	struct str remote;
	struct arena *arena;
};

struct connection {
	struct wire wire;
	struct server *server;
	struct origin *origin;
	struct list link, exchanges;
	struct mono opened_at, idle_since;
	size_t queued_seen; /* by the socket, at the last sweep */
	struct silence silence;
};

enum { OWES_READABLE = 1, OWES_WRITABLE = 2, OWES_GONE = 4 };

/*
 *   COLLECTING ──> ASKED ──> done by the handler            its body is collected before anybody is told
 *       └──────> REFUSED                                    the server answers by itself
 */
struct http_exchange {
	struct http_stream stream;
	struct http_site *site;
	struct origin *origin;
	struct connection *connection; /* NULL when the stream has closed */
	struct list link;              /* in connection->exchanges */
	struct list claim_link;        /* in site->claims */
	struct list owing_link;        /* in server->owing */
	uint32_t refs;                 /* stream, handler, messages */
	enum { EXCHANGE_COLLECTING, EXCHANGE_ASKED, EXCHANGE_REFUSED } state;
	bool is_streamed, is_done, is_aborted, is_gone;
	bool wants_writable, is_readable_told;
	unsigned owes;
	enum status gone_why;
	struct act_ref handler;
	struct url_target target;
	struct text body;
	struct http_queue in; /* streamed */
	void *user;
	struct mono asked_at, moved_at; /* moved_at: the last byte of its body that came */
};

GIVE struct http_site *http_site_new(struct wire_hub *hub, const struct http_server_config *config);
void http_site_unref(TAKE struct http_site *site);
/* What is kept for the next requests goes: there are none now. */
void http_site_rest(struct http_site *site);

/* exchange.c */
struct http_exchange *exchange_new(struct connection *connection);
void exchange_unref(TAKE struct http_exchange *exchange);
/* The server answers by itself; the handler hears nothing of it. */
void exchange_refuse(struct http_exchange *exchange, int code, const char *why);
/* Forgets the handler's claim: as http_done. */
void exchange_drop_handler(struct http_exchange *exchange);

/* connection.c */
extern const struct wire_events connection_events;
void connection_open(struct server *server, struct slot *slot, struct stream *stream);
/* Frees what is left when the streams are gone already. */
void connection_abandon(struct connection *connection);

/* server.c */
/* Sends or, when the handler's mailbox is full, remembers to. */
void server_tell(struct server *server, struct http_exchange *exchange, unsigned what);
/* The request is ready: to the handler, or refused when there is none or it is too busy. */
void server_ask(struct server *server, struct http_exchange *exchange);
void server_connection_closed(struct server *server);
void server_hurry_soon(struct server *server); /* wire_hub_hurry, in some milliseconds */

#endif
