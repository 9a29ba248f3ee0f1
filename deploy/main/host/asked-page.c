#include "deploy/main/host/asked-page.h"

#include <stdarg.h>

#include "transport/http/url.h"
#include "transport/wire/msgpack.h"

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

void asked_page_busy(struct http_exchange *exchange)
{
	http_respond(exchange, 429, (struct http_headers){ NULL, 0 },
		     HTTP_BYTES(STR("too much is being asked at once\n")));
	http_done(exchange);
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

enum asked_door asked_page_door(const struct http_exchange *exchange)
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

/* ---- over a link ---- */

static void drop_ask(void *body)
{
	arena_free(((struct page_ask *)body)->arena);
}

static enum status encode_ask(const void *body, struct text *out)
{
	const struct page_ask *ask = body;

	pack_begin(out, 5);
	pack_str(out, ask->method);
	pack_str(out, ask->path);
	pack_str(out, ask->query);
	pack_bytes(out, ask->body);
	pack_u64(out, ask->door);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_ask(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct page_ask *ask = body;
	uint32_t door;

	unpack_begin(&in);
	ask->method = arena_str(arena, unpack_str(&in));
	ask->path = arena_str(arena, unpack_str(&in));
	ask->query = arena_str(arena, unpack_str(&in));
	ask->body = arena_str(arena, unpack_bytes(&in));
	door = unpack_u32(&in);
	unpack_end(&in);
	if (door > ASKED_PUBLIC)
		return CORRUPT;
	ask->door = (enum asked_door)door;
	return unpack_status(&in);
}

static void drop_told(void *body)
{
	arena_free(((struct page_told *)body)->arena);
}

static enum status encode_told(const void *body, struct text *out)
{
	const struct page_told *told = body;

	pack_begin(out, 3);
	pack_i64(out, told->code);
	pack_str(out, told->type);
	pack_bytes(out, told->text);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_told(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct page_told *told = body;

	unpack_begin(&in);
	told->code = unpack_i32(&in);
	told->type = arena_str(arena, unpack_str(&in));
	told->text = arena_str(arena, unpack_bytes(&in));
	unpack_end(&in);
	return unpack_status(&in);
}

ACT_TYPE(page_ask, .id = 950, .drop = drop_ask, .encode = encode_ask, .decode = decode_ask);
ACT_TYPE(page_told, .id = 951, .drop = drop_told, .encode = encode_told, .decode = decode_told);

const struct act_type *const asked_page_types[] = { &page_ask_type, &page_told_type };
const uint32_t asked_page_type_count = sizeof asked_page_types / sizeof asked_page_types[0];

/* ---- answering ---- */

/* What a task begins with; it is copied first of all. */
struct turn {
	const struct asked_routes *routes;
	struct http_exchange *exchange; /* NULL: */
	const struct act_msg *msg;
	bool is_private;
};

static void free_arena(void *arena)
{
	arena_free(arena);
}

static void exchange_task(struct act *act, void *state, void *arg)
{
	const struct turn turn = *(const struct turn *)arg;
	struct http_exchange *exchange = turn.exchange;
	struct asked_page page = { .method = http_method(exchange),
				   .path = http_path(exchange),
				   .query = http_query(exchange),
				   .body = http_body(exchange),
				   .arena = http_arena(exchange),
				   .type = PLAIN };
	struct http_header type;

	answer(act, state, &page, turn.routes,
	       turn.is_private ? ASKED_PRIVATE : asked_page_door(exchange));
	type = (struct http_header){ STR("content-type"), page.type };
	http_respond(exchange, page.code, (struct http_headers){ &type, 1 }, HTTP_BYTES(page.text));
	http_done(exchange);
}

static void message_task(struct act *act, void *state, void *arg)
{
	const struct turn turn = *(const struct turn *)arg;
	const struct page_ask ask = *ACT_AS(turn.msg, page_ask);
	struct act_ticket ticket = act_ticket(turn.msg);
	struct arena *kept = act_keep(act, turn.msg), *arena = kept != NULL ? kept : ask.arena;
	uint64_t owned = act_own(act, free_arena, arena);
	struct asked_page page = { .method = ask.method,
				   .path = ask.path,
				   .query = ask.query,
				   .body = ask.body,
				   .arena = arena,
				   .type = PLAIN };
	struct page_told told;

	answer(act, state, &page, turn.routes, ask.door);
	act_disown(act, owned);
	told = (struct page_told){ arena, page.code, page.type, page.text };
	if (act_answer(act, ticket, &page_told_type, &told) != OK)
		arena_free(arena);
}

bool asked_page_receive(struct act *act, const struct act_msg *msg,
			const struct asked_routes *routes, bool is_private)
{
	struct turn turn = { .routes = routes, .msg = msg, .is_private = is_private };

	if (ACT_IS(msg, page_ask) && msg->kind == ACT_REQUEST) {
		if (act_task(act, message_task, &turn) != OK)
			act_refuse(act, msg, BUSY);
		return true;
	}
	if (!ACT_IS(msg, http_asked))
		return ACT_IS(msg, http_gone) || ACT_IS(msg, http_listening);
	turn.exchange = ACT_AS(msg, http_asked)->exchange;
	if (!http_is_done(turn.exchange) && act_task(act, exchange_task, &turn) != OK)
		asked_page_busy(turn.exchange);
	return true;
}
