/*
 * A rig with the HTTP door: a store, an API server, an HTTP server with TLS on a loopback port and clients of several users.
 *
 * On a real loop and a real disk, in the test's folder. Answers live until the test ends. Only tests/ may include this.
 */
#ifndef TESTS_UNIT_ACTORS_SERVER_HTTP_RIG_H
#define TESTS_UNIT_ACTORS_SERVER_HTTP_RIG_H

#include "tests/unit/actors/server/rig.h"
#include "transport/http/client.h"

struct http_rig;

/* Certificates are asked for first, then what `config` (or NULL) names; a namespace `default` is there. */
struct http_rig *http_rig_open(const struct server_config *config);
void http_rig_close(struct http_rig *rig);
void http_rig_wait_ready(struct http_rig *rig);
/* Ends the server actor as a crash would. */
void http_rig_kill_server(struct http_rig *rig);

struct http_rig_request {
	const char *method, *path; /* NULL: GET */
	struct str body;
	const char *type, *accept;
	const char *user;         /* NULL: RIG_MAIN of system:masters; "": shows no certificate */
	const char *group;        /* of the certificate */
	const char *token;        /* Authorization: Bearer */
	const char *name, *value; /* one more header */
	bool is_http1;
};

struct http_rig_answer {
	int code;
	struct str body, type;
	struct http_headers headers;
};

struct http_rig_answer http_rig_ask(struct http_rig *rig, const struct http_rig_request *request);
#define http_rig_ask_of(rig, ...) http_rig_ask((rig), &(struct http_rig_request){ __VA_ARGS__ })
#define http_rig_get(rig, where) http_rig_ask_of((rig), .path = (where))
#define http_rig_post(rig, where, json) \
	http_rig_ask_of((rig), .method = "POST", .path = (where), .body = str_from(json))

/* An answer that goes on: its head has come when this returns. */
struct http_call *http_rig_stream(struct http_rig *rig, const struct http_rig_request *request);
/* Waits for that many bytes of it; gives all there are so far. */
struct str http_rig_read(struct http_rig *rig, struct http_call *call, uint32_t bytes);
/* Waits for that many lines in all; gives everything so far. */
struct str http_rig_lines(struct http_rig *rig, struct http_call *call, uint32_t lines);
bool http_rig_has_ended(struct http_rig *rig, struct http_call *call); /* waits for it */
void http_rig_hang_up(struct http_rig *rig, struct http_call *call);

#define CHECK_HTTP(answer, expected) \
	rig_check_code(__FILE__, __LINE__, http_rig_plain(answer), (expected))
struct rig_answer http_rig_plain(struct http_rig_answer answer);

#endif
