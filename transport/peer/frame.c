#include "transport/peer/frame.h"

#include "runtime/base/bytes.h"

static const char mark[3] = { 'T', 'L', FRAME_VERSION };

static char *put_peer(char *at, struct seams_peer peer)
{
	at = bytes_put_u32(at, peer.node);
	at = bytes_put_u16(at, peer.host);
	return bytes_put_u16(at, peer.epoch);
}

static struct seams_peer read_peer(struct bytes_reader *reader)
{
	struct seams_peer peer;

	peer.node = bytes_read_u32(reader);
	peer.host = bytes_read_u16(reader);
	peer.epoch = bytes_read_u16(reader);
	return peer;
}

void frame_encode(const struct frame *frame, char out[FRAME_BYTES])
{
	char *at = out;

	memcpy(at, mark, sizeof mark);
	at = bytes_put_u8(at + sizeof mark, (uint8_t)frame->kind);
	at = put_peer(at, frame->from);
	at = put_peer(at, frame->to);
	at = bytes_put_u32(at, frame->from_session);
	at = bytes_put_u32(at, frame->to_session);
	at = bytes_put_u64(at, frame->sequence);
	at = bytes_put_u64(at, frame->consumed);
	at = bytes_put_u32(at, frame->body_bytes);
	assert(at == out + FRAME_BYTES);
}

/* The rules a header keeps by itself, whoever sent it. */
static bool is_sound(const struct frame *frame)
{
	if (frame->from.node == 0 || frame->from.epoch == 0 || frame->from_session == 0)
		return false;
	switch (frame->kind) {
	case FRAME_HELLO: return frame->sequence == 0;
	case FRAME_DATA: return frame->sequence != 0 && frame->to_session != 0;
	case FRAME_BEAT:
		return frame->sequence == 0 && frame->to_session != 0 && frame->body_bytes == 0;
	}
	return false;
}

enum status frame_decode(struct str bytes, struct frame *out, struct str *body)
{
	struct bytes_reader reader = { .rest = bytes };
	struct frame frame;

	if (bytes.len < FRAME_BYTES || bytes.len > FRAME_MAX ||
	    memcmp(bytes_read(&reader, sizeof mark).at, mark, sizeof mark) != 0)
		return INVALID;
	frame.kind = (enum frame_kind)bytes_read_u8(&reader);
	frame.from = read_peer(&reader);
	frame.to = read_peer(&reader);
	frame.from_session = bytes_read_u32(&reader);
	frame.to_session = bytes_read_u32(&reader);
	frame.sequence = bytes_read_u64(&reader);
	frame.consumed = bytes_read_u64(&reader);
	frame.body_bytes = bytes_read_u32(&reader);
	if (frame.body_bytes != reader.rest.len || !is_sound(&frame))
		return INVALID;
	*out = frame;
	*body = reader.rest;
	return OK;
}

enum status frame_length(const char *header, uint32_t *out_bytes)
{
	uint32_t body_bytes = (uint32_t)bytes_get(header + FRAME_BYTES - 4, 4);

	if (memcmp(header, mark, sizeof mark) != 0 || body_bytes > FRAME_MAX - FRAME_BYTES)
		return INVALID;
	*out_bytes = FRAME_BYTES + body_bytes;
	return OK;
}

static char *put_text(char *at, struct str text)
{
	assert(text.len <= FRAME_TEXT_MAX);
	at = bytes_put_u8(at, (uint8_t)text.len);
	if (text.len > 0)
		memcpy(at, text.at, text.len);
	return at + text.len;
}

uint32_t frame_hello_encode(const struct frame_hello *hello, char out[FRAME_HELLO_BODY_MAX])
{
	char *at = put_text(out, hello->node_name);

	return (uint32_t)(put_text(at, hello->address) - out);
}

static struct str read_text(struct bytes_reader *reader)
{
	return bytes_read(reader, bytes_read_u8(reader));
}

static bool has_zero(struct str text)
{
	return text.len > 0 && memchr(text.at, 0, text.len) != NULL;
}

/* What follows the two texts is for later versions. */
enum status frame_hello_decode(struct str body, struct frame_hello *out)
{
	struct bytes_reader reader = { .rest = body };
	struct frame_hello hello;

	hello.node_name = read_text(&reader);
	hello.address = read_text(&reader);
	if (reader.is_short || hello.node_name.len == 0 || has_zero(hello.node_name) ||
	    has_zero(hello.address))
		return INVALID;
	*out = hello;
	return OK;
}

void frame_message_encode(uint32_t message_bytes, char out[FRAME_LENGTH_BYTES])
{
	assert(message_bytes <= FRAME_MESSAGE_MAX);
	bytes_put_u32(out, message_bytes);
}

enum status frame_message_next(struct str *body, struct str *out)
{
	struct bytes_reader reader = { .rest = *body };
	struct str message = bytes_read(&reader, bytes_read_u32(&reader));

	if (reader.is_short || message.len < ENVELOPE_BYTES)
		return INVALID;
	*out = message;
	*body = reader.rest;
	return OK;
}
