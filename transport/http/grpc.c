#include "transport/http/grpc.h"

#include <assert.h>

#include "runtime/base/limits.h"

#define CONTENT_TYPE STR("application/grpc")
#define FEED_BYTES (64U * KIB) /* fed at once beside a message that is not whole */
#define TIMEOUT_DIGITS 8U
#define WORDS_MAX 1024U /* of a status: a person reads them */

/* ---- what comes ---------------------------------------------------------------------------------------- */

static bool is_grpc(struct str type)
{
	if (!str_starts(type, CONTENT_TYPE))
		return false;
	/* application/grpc, application/grpc+proto, application/grpc;charset=... */
	return type.len == CONTENT_TYPE.len || type.at[CONTENT_TYPE.len] == '+' ||
	       type.at[CONTENT_TYPE.len] == ';';
}

static void refuse(struct http_exchange *exchange, int code, struct str words)
{
	const struct http_header type = { STR("content-type"), STR("text/plain") };

	http_respond(exchange, code, (struct http_headers){ &type, 1 }, HTTP_BYTES(words));
}

bool grpc_check(struct http_exchange *exchange)
{
	if (http_version(exchange) != HTTP_2)
		refuse(exchange, 505, STR("gRPC needs HTTP/2\n"));
	else if (!str_is(http_method(exchange), "POST"))
		refuse(exchange, 405, STR("gRPC calls are POST requests\n"));
	else if (!is_grpc(http_request_header(exchange, STR("content-type"))))
		refuse(exchange, 415, STR("gRPC calls have the content-type application/grpc\n"));
	else
		return true;
	return false;
}

uint64_t grpc_timeout_read(struct str value)
{
	uint64_t number = 0;

	if (value.len < 2 || value.len > TIMEOUT_DIGITS + 1 ||
	    str_to_u64(str_slice(value, 0, value.len - 1), &number) != OK)
		return 0;
	switch (value.at[value.len - 1]) {
	case 'H': number *= 3600000; break;
	case 'M': number *= 60000; break;
	case 'S': number *= 1000; break;
	case 'm': break;
	case 'u': number /= 1000; break;
	case 'n': number /= 1000000; break;
	default: return 0;
	}
	return number > 0 ? number : 1;
}

uint64_t grpc_timeout_ms(const struct http_exchange *exchange)
{
	return grpc_timeout_read(http_request_header(exchange, STR("grpc-timeout")));
}

static bool fail(struct grpc_fault *why, enum grpc_code code, struct str words)
{
	*why = (struct grpc_fault){ code, words };
	return false;
}

/* The length that a prefix says. */
static bool read_prefix(const char *at, uint32_t message_max_bytes, uint32_t *len,
			struct grpc_fault *why)
{
	const uint8_t *bytes = (const uint8_t *)at;

	*len = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 |
	       bytes[4];
	if (bytes[0] > 1)
		return fail(why, GRPC_INTERNAL, STR("grpc: a message begins with neither 0 nor 1"));
	if (bytes[0] == 1)
		return fail(why, GRPC_UNIMPLEMENTED,
			    STR("grpc: compressed messages are not understood here"));
	if (*len > message_max_bytes)
		return fail(why, GRPC_RESOURCE_EXHAUSTED,
			    STR("grpc: received message larger than max"));
	return true;
}

bool grpc_only(struct str body, uint32_t message_max_bytes, struct str *out, struct grpc_fault *why)
{
	uint32_t len;

	if (body.len < GRPC_PREFIX_BYTES)
		return fail(why, GRPC_INTERNAL, STR("grpc: the call ended without a message"));
	if (!read_prefix(body.at, message_max_bytes, &len, why))
		return false;
	if (body.len - GRPC_PREFIX_BYTES < len)
		return fail(why, GRPC_INTERNAL, STR("grpc: the call ended within a message"));
	if (body.len - GRPC_PREFIX_BYTES > len)
		return fail(why, GRPC_INTERNAL, STR("grpc: more than one message"));
	*out = str_slice(body, GRPC_PREFIX_BYTES, body.len);
	return true;
}

struct grpc_reader grpc_reader_new(uint32_t message_max_bytes)
{
	return (struct grpc_reader){
		.bytes = text_new(message_max_bytes + GRPC_PREFIX_BYTES + FEED_BYTES),
		.message_max_bytes = message_max_bytes,
	};
}

void grpc_reader_fini(struct grpc_reader *reader)
{
	text_fini(&reader->bytes);
}

bool grpc_reader_next(struct grpc_reader *reader, struct str *out)
{
	struct str left = str_slice(text_str(&reader->bytes), reader->taken, reader->bytes.len);
	uint32_t len;

	if (reader->fault.code != GRPC_OK || left.len < GRPC_PREFIX_BYTES ||
	    !read_prefix(left.at, reader->message_max_bytes, &len, &reader->fault) ||
	    left.len - GRPC_PREFIX_BYTES < len)
		return false;
	*out = str_slice(left, GRPC_PREFIX_BYTES, GRPC_PREFIX_BYTES + len);
	reader->taken += GRPC_PREFIX_BYTES + len;
	return true;
}

void grpc_reader_feed(struct grpc_reader *reader, struct str bytes)
{
	struct text *text = &reader->bytes;

	if (reader->fault.code != GRPC_OK)
		return;
	if (reader->taken > 0) {
		memmove(text->at, text->at + reader->taken, text->len - reader->taken);
		text->len -= reader->taken;
		reader->taken = 0;
	}
	text_add(text, bytes);
	/* Whole messages were taken before, so only a caller that feeds more than FEED_BYTES at once comes here. */
	assert(!text->is_cut);
}

bool grpc_reader_is_whole(const struct grpc_reader *reader)
{
	return reader->fault.code == GRPC_OK && reader->taken == reader->bytes.len;
}

/* ---- what goes ------------------------------------------------------------------------------------------ */

void grpc_prefix(uint8_t out[GRPC_PREFIX_BYTES], uint32_t len)
{
	out[0] = 0;
	out[1] = (uint8_t)(len >> 24);
	out[2] = (uint8_t)(len >> 16);
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)len;
}

static void begin(struct http_exchange *exchange)
{
	const struct http_header type = { STR("content-type"), CONTENT_TYPE };

	if (!http_is_begun(exchange))
		http_begin(exchange, 200, (struct http_headers){ &type, 1 });
}

bool grpc_send(struct http_exchange *exchange, struct http_bytes prefixed)
{
	assert(prefixed.data.len >= GRPC_PREFIX_BYTES);
	begin(exchange);
	return http_write(exchange, prefixed);
}

bool grpc_send_headed(struct http_exchange *exchange, struct str prefixed, struct http_bytes rest)
{
	assert(prefixed.len >= GRPC_PREFIX_BYTES);
	begin(exchange);
	return http_write_headed(exchange, prefixed, rest);
}

bool grpc_send_parts(struct http_exchange *exchange, struct http_parts prefixed)
{
	assert(prefixed.count > 0 && prefixed.at[0].len >= GRPC_PREFIX_BYTES);
	begin(exchange);
	return http_write_parts(exchange, prefixed);
}

/* The status is in the trailers, or, when there is nothing else, in the head. */
enum status grpc_answer(const struct http_call *call, uint32_t message_max_bytes, struct str *out,
			struct grpc_fault *status, struct fault *why)
{
	struct http_headers from = http_call_trailers(call);
	struct str word = http_header_get(from, STR("grpc-status"));
	uint64_t code;

	if (http_call_code(call) != 200)
		return fault_set(why, UNAVAILABLE, "", "it answers %d", http_call_code(call));
	if (word.at == NULL) {
		from = http_call_headers(call);
		word = http_header_get(from, STR("grpc-status"));
	}
	if (word.at == NULL || str_to_u64(word, &code) != OK)
		return fault_set(why, UNAVAILABLE, "", "it does not answer as gRPC");
	*status =
	    (struct grpc_fault){ code <= GRPC_UNAUTHENTICATED ? (enum grpc_code)code : GRPC_UNKNOWN,
				 http_header_get(from, STR("grpc-message")) };
	if (code == GRPC_OK)
		(void)grpc_only(http_call_body(call), message_max_bytes, out, status);
	return OK;
}

struct str grpc_message_encode(struct str words, struct arena *arena)
{
	static const char digits[] = "0123456789ABCDEF";
	struct text out = text_in(arena, WORDS_MAX);

	for (uint32_t i = 0; i < words.len; i++) {
		uint8_t c = (uint8_t)words.at[i];

		if (out.len + 3 > WORDS_MAX)
			break;
		/* A field's value neither begins nor ends with a space (RFC 9113, 8.2.1). */
		bool is_edge = i == 0 || i + 1 == words.len;
		if (c >= ' ' && c <= '~' && c != '%' && !(c == ' ' && is_edge)) {
			text_add_char(&out, (char)c);
			continue;
		}
		text_add_char(&out, '%');
		text_add_char(&out, digits[c >> 4]);
		text_add_char(&out, digits[c & 15]);
	}
	return text_str(&out);
}

void grpc_end(struct http_exchange *exchange, struct grpc_fault status)
{
	struct arena *arena = http_arena(exchange);
	const struct http_header trailers[] = {
		{ STR("grpc-status"), arena_printf(arena, "%u", (unsigned)status.code) },
		{ STR("grpc-message"), grpc_message_encode(status.words, arena) },
	};

	begin(exchange);
	http_end_trailers(exchange, (struct http_headers){ trailers, status.words.len > 0 ? 2 : 1 });
}
