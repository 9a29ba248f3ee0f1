#include "runtime/actor/far/envelope.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "runtime/base/limits.h"

static char *put_u16(char *at, uint16_t n)
{
	n = htole16(n);
	memcpy(at, &n, sizeof n);
	return at + sizeof n;
}

static char *put_u32(char *at, uint32_t n)
{
	n = htole32(n);
	memcpy(at, &n, sizeof n);
	return at + sizeof n;
}

static const char *get_u32(const char *at, uint32_t *out)
{
	memcpy(out, at, sizeof *out);
	*out = le32toh(*out);
	return at + sizeof *out;
}

static const char *get_u16(const char *at, uint16_t *out)
{
	memcpy(out, at, sizeof *out);
	*out = le16toh(*out);
	return at + sizeof *out;
}

#define TRACED 0x80000000U /* in the kind: a number follows the body */

/* Kind in the upper byte, length in the lower three. */
_Static_assert(LIMIT_MESSAGE_BYTES < 1U << 24, "the length has three bytes");

void envelope_encode(const struct envelope *envelope, char out[ENVELOPE_BYTES])
{
	char *at = out;
	uint32_t head;

	assert(envelope->length <= LIMIT_MESSAGE_BYTES);
	head = (uint32_t)envelope->kind << 24 | envelope->length;
	if (envelope->trace)
		head = (head + ENVELOPE_TRACE_BYTES) | TRACED;
	at = put_u32(at, head);
	at = put_u32(at, envelope->type);
	at = put_u32(at, envelope->slot);
	at = put_u32(at, envelope->gen);
	at = put_u32(at, (uint32_t)envelope->tag);
	at = put_u32(at, (uint32_t)(envelope->tag >> 32));
	at = put_u32(at, envelope->from.node);
	at = put_u16(at, envelope->from.host);
	at = put_u16(at, envelope->from.epoch);
	at = put_u32(at, envelope->from.slot);
	at = put_u32(at, envelope->from.gen);
	assert(at == out + ENVELOPE_BYTES);
}

void envelope_encode_trace(uint64_t trace, char out[ENVELOPE_TRACE_BYTES])
{
	put_u32(put_u32(out, (uint32_t)trace), (uint32_t)(trace >> 32));
}

/* Takes it off the body; INVALID: there is none. */
static enum status take_trace(struct envelope *envelope, const char *end)
{
	uint32_t low, high;

	if (envelope->length < ENVELOPE_TRACE_BYTES)
		return INVALID;
	get_u32(get_u32(end - ENVELOPE_TRACE_BYTES, &low), &high);
	envelope->trace = (uint64_t)high << 32 | low;
	envelope->length -= ENVELOPE_TRACE_BYTES;
	return envelope->trace ? OK : INVALID;
}

enum status envelope_decode(struct str bytes, struct envelope *out, struct str *body)
{
	uint32_t head, low, high;
	struct envelope envelope;
	const char *at = bytes.at;

	if (bytes.len < ENVELOPE_BYTES)
		return INVALID;
	at = get_u32(at, &head);
	at = get_u32(at, &envelope.type);
	at = get_u32(at, &envelope.slot);
	at = get_u32(at, &envelope.gen);
	at = get_u32(at, &low);
	at = get_u32(at, &high);
	at = get_u32(at, &envelope.from.node);
	at = get_u16(at, &envelope.from.host);
	at = get_u16(at, &envelope.from.epoch);
	at = get_u32(at, &envelope.from.slot);
	at = get_u32(at, &envelope.from.gen);
	envelope.trace = 0;
	envelope.kind = (enum envelope_kind)((head & ~TRACED) >> 24);
	envelope.length = head & 0xffffffU;
	envelope.tag = (uint64_t)high << 32 | low;
	if (envelope.kind < ENVELOPE_SEND || envelope.kind > ENVELOPE_KILL ||
	    envelope.length != bytes.len - ENVELOPE_BYTES || envelope.length > LIMIT_MESSAGE_BYTES)
		return INVALID;
	if (head & TRACED)
		TRY(take_trace(&envelope, bytes.at + bytes.len));
	*out = envelope;
	*body = str_slice(bytes, ENVELOPE_BYTES, ENVELOPE_BYTES + envelope.length);
	return OK;
}
