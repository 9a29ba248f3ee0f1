#include "actors/server/door/websocket-door.h"

#include "actors/server/server-private.h"
#include "transport/http/upgrade/websocket.h"

/* Of one frame: nobody has anything to say to a watch. */
#define PEER_FRAME_MAX (4U * KIB)
#define READ_BYTES 1024U
#define PROTO_FRAME_BYTES 4U /* before an event in a body, where nothing else says how long it is */

struct socket {
	struct http_exchange *exchange;
	struct websocket_reader reader;
	bool is_closed; /* our last word is said */
};

static struct socket *socket_of(const struct request *r)
{
	return r->peer;
}

/* ---- out ---------------------------------------------------------------------------------------------------- */

static bool send_head(struct socket *socket, enum websocket_kind kind, uint64_t len)
{
	uint8_t head[WEBSOCKET_HEAD_MAX];
	uint32_t head_len = websocket_head(kind, len, head);

	return http_write_copy(socket->exchange, str_of(head, head_len));
}

static bool send_copy(struct socket *socket, enum websocket_kind kind, struct str payload)
{
	send_head(socket, kind, payload.len);
	return http_write_copy(socket->exchange, payload);
}

static enum websocket_kind message_kind(const struct outlet *to)
{
	return to->format == FORMAT_JSON ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
}

/* Of an event as a body has it. */
static uint32_t before_event(const struct outlet *to)
{
	return to->format == FORMAT_PROTO ? PROTO_FRAME_BYTES : 0;
}

static bool send_event(const struct outlet *to, enum cache_change change,
		       const struct object *object)
{
	struct line *line = line_get(&to->server->lines, change, to->format, object);
	uint32_t skipped = before_event(to);

	measure_event(to, line->len - skipped);
	send_head(to->peer, message_kind(to), line->len - skipped);
	return http_write(
	    ((struct socket *)to->peer)->exchange,
	    (struct http_bytes){ .data = { line->bytes + skipped, line->len - skipped },
				 .release = line_unref,
				 .arg = line });
}

static bool send_event_bytes(const struct outlet *to, const char *kind, struct str bytes,
			     uint64_t revision, bool is_initial_end)
{
	struct text out = line_text(to->format, str_from(kind), bytes);
	bool has_room = send_copy(to->peer, message_kind(to),
				  str_slice(text_str(&out), before_event(to), out.len));

	measure_event(to, out.len);
	(void)revision;
	(void)is_initial_end;
	text_fini(&out);
	return has_room;
}

static bool send_text(const struct outlet *to, struct str text)
{
	return send_copy(to->peer, WEBSOCKET_BINARY, text);
}

static bool flush(const struct outlet *to)
{
	(void)to; /* the HTTP server writes at the end of each turn */
	return true;
}

static void say_farewell(struct socket *socket, enum websocket_code code)
{
	uint8_t payload[WEBSOCKET_CLOSE_BYTES];

	if (socket->is_closed)
		return;
	websocket_close_payload(code, payload);
	send_copy(socket, WEBSOCKET_CLOSE, str_of(payload, sizeof payload));
	http_end(socket->exchange);
	socket->is_closed = true;
}

static void end(const struct outlet *to, int32_t code)
{
	(void)code;
	say_farewell(to->peer, WEBSOCKET_DONE);
}

/* ---- in ------------------------------------------------------------------------------------------------------ */

/* False: the peer has gone, or has to. */
static bool take_frames(struct socket *socket)
{
	struct websocket_frame frame;
	enum status status;

	while ((status = websocket_reader_next(&socket->reader, &frame)) == OK) {
		if (frame.kind == WEBSOCKET_CLOSE) {
			say_farewell(socket, WEBSOCKET_DONE);
			return false;
		}
		/* Who pings without reading what comes back is not waited for. */
		if (frame.kind == WEBSOCKET_PING &&
		    !send_copy(socket, WEBSOCKET_PONG, frame.payload))
			return false;
	}
	if (status == NOT_FOUND)
		return true;
	say_farewell(socket, status == TOO_LARGE ? WEBSOCKET_LARGE : WEBSOCKET_BROKEN);
	return false;
}

void websocket_door_readable(struct request *r)
{
	struct socket *socket = socket_of(r);
	char bytes[READ_BYTES];
	bool has_ended = false;

	while (!has_ended) {
		uint32_t room = websocket_reader_room(&socket->reader);
		size_t len = http_read(socket->exchange, bytes,
				       room < sizeof bytes ? room : sizeof bytes, &has_ended);

		if (len == 0)
			break;
		websocket_reader_feed(&socket->reader, str_of(bytes, len));
		if (!take_frames(socket)) {
			request_cancel(r);
			return;
		}
	}
	if (has_ended)
		request_cancel(r);
}

/* ---- coming and going ------------------------------------------------------------------------------------------ */

static void answer(struct request *r)
{
	(void)r;
	assert(!"it is answered already: the connection was upgraded");
}

static void begin(struct request *r)
{
	(void)r; /* websocket_door_begin did it */
}

static void free_reader(void *reader)
{
	websocket_reader_fini(reader);
}

/* The HTTP server hears that its handler has ended, and ends the exchange, its arena and the reader. */
static void abandon(struct request *r)
{
	(void)r;
}

static void release(struct request *r)
{
	struct http_exchange *exchange = socket_of(r)->exchange;

	http_set_user(exchange, NULL);
	http_done(exchange); /* the arena, the request and the socket in it go with this */
}

const struct door websocket_door = {
	.name = "websocket",
	.answer = answer,
	.begin = begin,
	.event = send_event,
	.event_bytes = send_event_bytes,
	.text = send_text,
	.flush = flush,
	.end = end,
	.abandon = abandon,
	.release = release,
};

bool websocket_door_begin(struct request *r, struct http_exchange *exchange)
{
	struct http_headers headers;
	struct socket *socket;

	if (!str_eq_nocase(http_upgrade_wanted(exchange), STR(WEBSOCKET_PROTOCOL)) ||
	    websocket_answer(http_request_headers(exchange), http_arena(exchange), &headers,
			     NULL) != OK)
		return false;
	socket = arena_new_of(http_arena(exchange), struct socket);
	socket->exchange = exchange;
	websocket_reader_init(&socket->reader, PEER_FRAME_MAX);
	arena_on_free(http_arena(exchange), free_reader, &socket->reader);
	http_upgrade(exchange, STR(WEBSOCKET_PROTOCOL), headers);
	r->door = &websocket_door;
	r->peer = socket;
	return true;
}
