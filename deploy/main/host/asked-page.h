/*
 * A page that an actor of the core host answers over HTTP: what was asked, and what is said to it.
 *
 * For actors that get http_asked, or page_ask where the doors are in another host, and answer each in a task: a table of routes says which
 * page is answered by whom, by which methods and through which doors. What is not in it is 404, what it does not take 405, and what comes
 * while too many wait 429.
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

/*
 * In `receive`: false, it is nothing about pages. Who is asked, by a door of this host or of another (desk.h), finds the route in a task and
 * answers. `is_private`: whichever door it came by. The routes are borrowed for ever.
 */
bool asked_page_receive(struct act *act, const struct act_msg *msg,
			const struct asked_routes *routes, bool is_private);

/* Refuses it: 429. */
void asked_page_busy(struct http_exchange *exchange);
enum asked_door asked_page_door(const struct http_exchange *exchange);

/* From the desk of the host that has the doors to an actor of the core host; answered with page_told, or BUSY. */
struct page_ask {
	struct arena *arena;
	struct str method, path, query, body;
	enum asked_door door;
};
ACT_TYPE_DECLARE(page_ask);
struct page_told {
	struct arena *arena;
	int32_t code;
	struct str type, text;
};
ACT_TYPE_DECLARE(page_told);
extern const struct act_type *const asked_page_types[];
extern const uint32_t asked_page_type_count;

void asked_page_say(struct asked_page *page, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void asked_page_refuse(struct asked_page *page, enum status status, const char *what);
struct str asked_page_query(const struct asked_page *page, const char *name); /* absent: none */

#endif
