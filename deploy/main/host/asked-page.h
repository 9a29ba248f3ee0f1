/*
 * A page that an actor of the core host answers over HTTP: what was asked, and what is said to it.
 *
 * For actors that get http_asked and answer each in a task: a table of routes says which page is answered by whom, by which methods and
 * through which doors. What is not in it is 404, what it does not take 405, and what comes while too many wait 429.
 */
#ifndef DEPLOY_MAIN_HOST_ASKED_PAGE_H
#define DEPLOY_MAIN_HOST_ASKED_PAGE_H

#include "runtime/actor/act.h"
#include "transport/http/server.h"

/* Of the host's listeners: the API's own door, and the private socket; further ones are the API's, too. */
#define ASKED_LISTENER_PUBLIC 0U
#define ASKED_LISTENER_PRIVATE 1U

/* By which door it comes, or may come: the socket in the data directory; that or the API's with a certificate of system:masters; any. */
enum asked_door { ASKED_PRIVATE, ASKED_MASTER, ASKED_PUBLIC };

struct asked_page {
	struct str method, path, query, body;
	struct arena *arena;
	/* The answer; plain text unless `type` is set. */
	int code;
	struct str type, text;
};

typedef void asked_answer(struct act *act, void *state, struct asked_page *page);

struct asked_route {
	const char *path;    /* one that ends in '/' takes what follows it too */
	const char *methods; /* "GET POST" */
	asked_answer *answer;
	enum asked_door door;
};

struct asked_routes {
	const struct asked_route *at;
	uint32_t count;
};

/* Begins `task` with the exchange for its argument, unless it is over. */
void asked_page_came(struct act *act, struct http_exchange *exchange,
		     void (*task)(struct act *act, void *state, void *exchange));
/* The task: finds the route, answers. `is_private`: whichever door it came by. */
void asked_page_answer(struct act *act, void *state, struct http_exchange *exchange,
		       const struct asked_routes *routes, bool is_private);

void asked_page_say(struct asked_page *page, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void asked_page_refuse(struct asked_page *page, enum status status, const char *what);
struct str asked_page_query(const struct asked_page *page, const char *name); /* absent: none */

#endif
