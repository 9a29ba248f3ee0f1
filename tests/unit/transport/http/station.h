/*
 * A station for tests of the HTTP server and client: one loop with a handler that does what the path says, a server with a TCP and a
 * Unix listener, a client, and an actor (the asker) in whose name the test calls.
 */
#ifndef TESTS_UNIT_TRANSPORT_HTTP_STATION_H
#define TESTS_UNIT_TRANSPORT_HTTP_STATION_H

#include "runtime/actor/act.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"
#include "transport/http/server.h"

#define STATION_WAIT_MS 8000U
#define STATION_ANSWERS_MAX 256U

/* ---- the handler ------------------------------------------------------------------------------------------------ */

/*
 * /echo       method, query, body          /none        204
 * /hold       answers when told to         /big?n       n bytes, by http_write with back-pressure
 * /watch      begins, events when told to  /crash       the handler fails
 * /upload     streamed: counts the bytes   /upgrade     echoes raw bytes
 * /who        the peer's certificate       /drop        done without an answer
 * /parts?n    n lines, in parts
 * /large?n    n bytes at once              /push        upgrades, says something and is done
 */
struct handler {
	struct http_exchange *held[256];
	uint32_t held_count;
	uint32_t gone, writable, asked;
	enum status gone_why;
	char gone_query[16]; /* of the last one */
	uint64_t big_left;
	uint32_t released;
};

extern struct handler *station_handler; /* the test's window into the actor of its one loop */
extern const struct act_class station_handler_class;

/* ---- the station ---------------------------------------------------------------------------------------------------- */

struct station {
	struct loop *loop;
	struct http_server_config server;
	struct http_listener listeners[2];
	struct http_client_config client;
	struct act_child children[4];
	struct act_supervisor root;
	struct tls_context *server_tls, *client_tls;
	uint16_t port;
	const char *socket_path;
	struct act_ref server_ref, client_ref, asker_ref;
	struct asker *asker;
	char url[64], socket_address[128];
};

/* The actor of the test itself. */
struct asker {
	struct station *station;
	uint32_t answered, failed, broken, readable;
	enum status last;
	struct http_call *calls[STATION_ANSWERS_MAX];
	struct http_server_stats stats;
	struct http_drained drained;
	bool has_stats, has_listening, has_drained;
	struct text received; /* of a raw stream */
	bool raw_ended;
	struct stream *raw;
};

/* `limits` are the fields of the config that the test wants to be small. */
struct station *station_open(bool with_tls, struct http_server_config limits);
/* Its TCP listener has that socket (http_listen_ahead). */
struct station *station_open_on(bool with_tls, int fd);
struct station *station_open_alpn(bool with_tls, struct str client_alpn,
				  struct http_server_config limits);
void station_close(struct station *station);
extern const struct http_server_config station_no_limits;

/* Runs fn as the asker. */
void station_enter(struct station *station, void (*fn)(struct act *, struct station *, void *),
		   void *arg);

/* ---- calls ----------------------------------------------------------------------------------------------------- */

struct http_request station_get(const char *path);
struct http_request station_post(const char *path, struct str body);
struct http_call **station_ask(struct station *station, uint32_t at, struct http_request request);
void station_close_call(struct act *act, struct station *station,
			void *arg); /* for station_enter; arg: the call */
void station_close_calls(struct station *station);

/* One more client, of what station->client says by now; for station_enter. */
void station_spawn_client(struct act *act, struct station *station, void *arg);
/* As the handler answers. */
void station_respond(struct http_exchange *exchange, int code, struct str body);

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

void station_wait(struct station *station, bool (*claim)(void *arg)); /* with the station as arg */
bool station_all_answered(void *arg);
bool station_is_answered(void *arg); /* one at least */
bool station_is_held(void *arg);     /* by the handler */
bool station_has_gone(void *arg);    /* a peer of the handler's */
/* Lets the loop run for a while in which nothing is to happen. */
void station_settle(struct station *station, uint32_t ms);
const struct http_server_stats *station_stats(struct station *station);
/* All exchanges are forgotten: nothing leaks while the server lives. */
void station_wait_idle(struct station *station);

#endif
