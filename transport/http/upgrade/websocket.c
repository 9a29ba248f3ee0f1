#include "transport/http/upgrade/websocket.h"

#include <assert.h>
#include <string.h>

#include "transport/tls/crypto.h"
#include "transport/wire/base64.h"

#define VERSION "13"
#define KEY_BYTES 16U
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* section 1.3 */
#define FINAL 0x80U
#define RESERVED 0x70U
#define KIND 0x0fU
#define IS_CONTROL 0x08U
#define MASKED 0x80U
#define LENGTH 0x7fU
#define LENGTH_16 126U
#define LENGTH_64 127U
#define MASK_BYTES 4U
#define PEER_HEAD_MAX (WEBSOCKET_HEAD_MAX + MASK_BYTES)
#define CONTROL_MAX 125U

/* ---- handshake ---------------------------------------------------------------------------------------------- */

static struct str accepted(struct str key, struct arena *arena)
{
	struct str joined = arena_printf(arena, STR_FMT GUID, STR_ARG(key));
	struct text out = text_in(arena, 2 * CRYPTO_SHA1_BYTES);
	uint8_t digest[CRYPTO_SHA1_BYTES];

	crypto_sha1(joined, digest);
	base64_encode(BASE64_STANDARD, str_of(digest, sizeof digest), &out);
	return text_str(&out);
}

enum status websocket_answer(struct http_headers asked, struct arena *arena,
			     struct http_headers *out, struct fault *why)
{
	struct str key = http_header_get(asked, STR("sec-websocket-key")), bytes = STR_NONE;
	struct str offered = http_header_get(asked, STR("sec-websocket-protocol"));
	struct http_header *headers = arena_array(arena, struct http_header, 2);

	if (!str_is(http_header_get(asked, STR("sec-websocket-version")), VERSION))
		return fault_set(why, INVALID, "", "WebSocket is spoken in version " VERSION);
	if (base64_decode(BASE64_STANDARD, key, arena, &bytes, NULL) != OK || bytes.len != KEY_BYTES)
		return fault_set(why, INVALID, "", "Sec-WebSocket-Key has to be %u bytes in base64",
				 KEY_BYTES);
	*out = (struct http_headers){ headers, 1 };
	headers[0] = (struct http_header){ STR("sec-websocket-accept"), accepted(key, arena) };
	if (offered.len > 0)
		headers[out->count++] = (struct http_header){ STR("sec-websocket-protocol"),
							      str_trim(str_cut(&offered, ',')) };
	return OK;
}

/* ---- out ------------------------------------------------------------------------------------------------------ */

static void put_number(uint8_t *out, uint64_t number, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
}

uint32_t websocket_head(enum websocket_kind kind, uint64_t len, uint8_t out[WEBSOCKET_HEAD_MAX])
{
	out[0] = (uint8_t)(FINAL | kind);
	if (len < LENGTH_16) {
		out[1] = (uint8_t)len;
		return 2;
	}
	if (len <= UINT16_MAX) {
		out[1] = LENGTH_16;
		put_number(out + 2, len, 2);
		return 4;
	}
	out[1] = LENGTH_64;
	put_number(out + 2, len, 8);
	return WEBSOCKET_HEAD_MAX;
}

void websocket_close_payload(enum websocket_code code, uint8_t out[WEBSOCKET_CLOSE_BYTES])
{
	put_number(out, code, WEBSOCKET_CLOSE_BYTES);
}

/* ---- in --------------------------------------------------------------------------------------------------------- */

void websocket_reader_init(struct websocket_reader *reader, uint32_t max)
{
	*reader = (struct websocket_reader){ .in = text_new(max + PEER_HEAD_MAX), .max = max };
}

void websocket_reader_fini(struct websocket_reader *reader)
{
	text_fini(&reader->in);
}

/* What was given last is not needed any more. */
static void drop_taken(struct websocket_reader *reader)
{
	memmove(reader->in.at, reader->in.at + reader->taken, reader->in.len - reader->taken);
	reader->in.len -= reader->taken;
	reader->taken = 0;
}

uint32_t websocket_reader_room(const struct websocket_reader *reader)
{
	return reader->max + PEER_HEAD_MAX - (reader->in.len - reader->taken);
}

void websocket_reader_feed(struct websocket_reader *reader, struct str bytes)
{
	assert(bytes.len <= websocket_reader_room(reader));
	drop_taken(reader);
	text_add(&reader->in, bytes);
}

static bool is_kind(uint32_t kind)
{
	return kind <= WEBSOCKET_BINARY || (kind >= WEBSOCKET_CLOSE && kind <= WEBSOCKET_PONG);
}

/* Sections 5.2 to 5.5: what a client may send, as far as its first two bytes say. */
static bool is_good(const struct websocket_reader *reader, const uint8_t *head)
{
	uint32_t kind = head[0] & KIND;
	bool is_final = (head[0] & FINAL) != 0;

	if ((head[0] & RESERVED) != 0 || (head[1] & MASKED) == 0 || !is_kind(kind))
		return false;
	if ((kind & IS_CONTROL) != 0)
		return is_final && (head[1] & LENGTH) <= CONTROL_MAX;
	return (kind == WEBSOCKET_MORE) == reader->is_in_message;
}

static uint64_t number_of(const uint8_t *at, uint32_t bytes)
{
	uint64_t number = 0;

	for (uint32_t i = 0; i < bytes; i++)
		number = number << 8 | at[i];
	return number;
}

enum status websocket_reader_next(struct websocket_reader *reader, struct websocket_frame *out)
{
	uint8_t *head;
	uint32_t length_bytes, head_bytes;
	uint64_t len;

	drop_taken(reader);
	head = (uint8_t *)reader->in.at;
	if (reader->in.len < 2)
		return NOT_FOUND;
	if (!is_good(reader, head))
		return INVALID;
	len = head[1] & LENGTH;
	length_bytes = len == LENGTH_16 ? 2 : len == LENGTH_64 ? 8 : 0;
	head_bytes = 2 + length_bytes + MASK_BYTES;
	if (reader->in.len < head_bytes)
		return NOT_FOUND;
	if (length_bytes > 0)
		len = number_of(head + 2, length_bytes);
	if (len > reader->max)
		return TOO_LARGE;
	if (reader->in.len < head_bytes + len)
		return NOT_FOUND;
	for (uint32_t i = 0; i < len; i++)
		head[head_bytes + i] ^= head[head_bytes - MASK_BYTES + i % MASK_BYTES];
	*out = (struct websocket_frame){ .kind = (enum websocket_kind)(head[0] & KIND),
					 .is_final = (head[0] & FINAL) != 0,
					 .payload = str_of(head + head_bytes, (size_t)len) };
	if ((out->kind & IS_CONTROL) == 0)
		reader->is_in_message = !out->is_final;
	reader->taken = head_bytes + (uint32_t)len;
	return OK;
}
