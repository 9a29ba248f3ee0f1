#include "deploy/main/host/asked-page.h"

#include <stdarg.h>

#include "transport/http/url.h"

#define PLAIN STR("text/plain; charset=utf-8")

void asked_page_say(struct asked_page *page, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	page->code = code;
	page->type = PLAIN;
	page->text = arena_vprintf(page->arena, format, args);
	va_end(args);
}

void asked_page_refuse(struct asked_page *page, enum status status, const char *what)
{
	asked_page_say(page, status_http(status), "%s: %s\n", what, status_text(status));
}

struct str asked_page_query(const struct asked_page *page, const char *name)
{
	return url_query_get(page->arena, page->query, str_from(name));
}

/* ---- doors and routes ---- */

static bool is_master(const struct http_exchange *exchange)
{
	const struct certificate_info *info = http_peer_certificate(exchange);

	for (uint32_t i = 0; info != NULL && i < info->organizations_count; i++)
		if (str_is(info->organizations[i], "system:masters"))
			return true;
	return false;
}

static enum asked_door door_of(const struct http_exchange *exchange)
{
	if (http_listener_index(exchange) == ASKED_LISTENER_PRIVATE)
		return ASKED_PRIVATE;
	return is_master(exchange) ? ASKED_MASTER : ASKED_PUBLIC;
}

static bool is_at(const char *pattern, struct str path)
{
	size_t len = strlen(pattern);

	return pattern[len - 1] == '/' ? path.len > len && memcmp(path.at, pattern, len) == 0
				       : str_is(path, pattern);
}

static void answer(struct act *act, void *state, struct asked_page *page,
		   const struct asked_routes *routes, enum asked_door door)
{
	for (uint32_t i = 0; i < routes->count; i++) {
		const struct asked_route *route = &routes->at[i];

		if (!is_at(route->path, page->path) || door > route->door)
			continue;
		if (str_find(str_from(route->methods), page->method) < 0)
			asked_page_say(page, 405, "this takes %s\n", route->methods);
		else
			route->answer(act, state, page);
		return;
	}
	asked_page_say(page, 404, "there is nothing here\n");
}

/* ---- the exchange ---- */

void asked_page_came(struct act *act, struct http_exchange *exchange,
		     void (*task)(struct act *act, void *state, void *exchange))
{
	if (http_is_done(exchange) || act_task(act, task, exchange) == OK)
		return;
	http_respond(exchange, 429, (struct http_headers){ NULL, 0 },
		     HTTP_BYTES(STR("too much is being asked at once\n")));
	http_done(exchange);
}

void asked_page_answer(struct act *act, void *state, struct http_exchange *exchange,
		       const struct asked_routes *routes, bool is_private)
{
	struct asked_page page = { .method = http_method(exchange),
				   .path = http_path(exchange),
				   .query = http_query(exchange),
				   .body = http_body(exchange),
				   .arena = http_arena(exchange),
				   .type = PLAIN };
	struct http_header type;

	answer(act, state, &page, routes, is_private ? ASKED_PRIVATE : door_of(exchange));
	type = (struct http_header){ STR("content-type"), page.type };
	http_respond(exchange, page.code, (struct http_headers){ &type, 1 }, HTTP_BYTES(page.text));
	http_done(exchange);
}
