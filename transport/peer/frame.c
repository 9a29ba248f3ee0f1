#include "transport/peer/frame.h"

static const uint8_t mark[3] = { 'T', 'L', FRAME_VERSION };

static uint8_t *put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + bytes;
}

static uint64_t get(const uint8_t **at, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)(*at)[i] << (8 * i);
	*at += bytes;
	return value;
}

static uint8_t *put_peer(uint8_t *at, struct seams_peer peer)
{
	at = put(at, peer.node, 4);
	at = put(at, peer.host, 2);
	return put(at, peer.epoch, 2);
}

static struct seams_peer get_peer(const uint8_t **at)
{
	struct seams_peer peer;

	peer.node = (uint32_t)get(at, 4);
	peer.host = (uint16_t)get(at, 2);
	peer.epoch = (uint16_t)get(at, 2);
	return peer;
}

void frame_encode(const struct frame *frame, uint8_t out[FRAME_BYTES])
{
	uint8_t *at = out;

	memcpy(at, mark, sizeof mark);
	at = put(at + sizeof mark, frame->kind, 1);
	at = put_peer(at, frame->from);
	at = put_peer(at, frame->to);
	at = put(at, frame->from_session, 4);
	at = put(at, frame->to_session, 4);
	at = put(at, frame->sequence, 8);
	at = put(at, frame->consumed, 8);
	at = put(at, 0, 4); /* room for a later version */
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
	case FRAME_BEAT: return frame->sequence == 0 && frame->to_session != 0;
	}
	return false;
}

enum status frame_decode(struct str bytes, struct frame *out, struct str *body)
{
	const uint8_t *at = (const uint8_t *)bytes.at;
	struct frame frame;

	if (bytes.len < FRAME_BYTES || bytes.len > FRAME_MAX || memcmp(at, mark, sizeof mark) != 0)
		return INVALID;
	at += sizeof mark;
	frame.kind = (enum frame_kind)get(&at, 1);
	frame.from = get_peer(&at);
	frame.to = get_peer(&at);
	frame.from_session = (uint32_t)get(&at, 4);
	frame.to_session = (uint32_t)get(&at, 4);
	frame.sequence = get(&at, 8);
	frame.consumed = get(&at, 8);
	if (!is_sound(&frame) || (frame.kind == FRAME_BEAT && bytes.len != FRAME_BYTES))
		return INVALID;
	*out = frame;
	*body = str_slice(bytes, FRAME_BYTES, bytes.len);
	return OK;
}

static uint32_t put_text(uint8_t *at, struct str text)
{
	assert(text.len <= FRAME_TEXT_MAX);
	at[0] = (uint8_t)text.len;
	if (text.len > 0)
		memcpy(at + 1, text.at, text.len);
	return 1 + text.len;
}

uint32_t frame_hello_encode(const struct frame_hello *hello, uint8_t out[2 * (1 + FRAME_TEXT_MAX)])
{
	uint32_t len = put_text(out, hello->node_name);

	return len + put_text(out + len, hello->address);
}

static bool get_text(struct str *body, struct str *out)
{
	uint32_t len = body->len > 0 ? (uint8_t)body->at[0] : UINT32_MAX;

	if (len >= body->len) /* also when there is not even a length */
		return false;
	*out = str_slice(*body, 1, 1 + len);
	*body = str_slice(*body, 1 + len, body->len);
	return len == 0 || memchr(out->at, 0, len) == NULL;
}

/* What follows the two texts is for later versions. */
enum status frame_hello_decode(struct str body, struct frame_hello *out)
{
	struct frame_hello hello;

	if (!get_text(&body, &hello.node_name) || !get_text(&body, &hello.address) ||
	    hello.node_name.len == 0)
		return INVALID;
	*out = hello;
	return OK;
}

void frame_message_encode(uint32_t message_bytes, uint8_t out[4])
{
	assert(message_bytes <= FRAME_MESSAGE_MAX);
	put(out, message_bytes, 4);
}

enum status frame_message_next(struct str *body, struct str *out)
{
	const uint8_t *at = (const uint8_t *)body->at;
	uint64_t len;

	if (body->len < 4)
		return INVALID;
	len = get(&at, 4);
	if (len < ENVELOPE_BYTES || len > body->len - 4)
		return INVALID;
	*out = str_slice(*body, 4, 4 + (uint32_t)len);
	*body = str_slice(*body, 4 + (uint32_t)len, body->len);
	return OK;
}
