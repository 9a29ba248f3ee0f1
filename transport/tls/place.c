#include "transport/tls/place.h"

#include "transport/tls/tls-private.h"

#define PAYLOAD_AT 8U /* until the session knows better: any will do */

struct text *tls_place_open(struct tls_place *place, const struct tls_session *session)
{
	uint32_t at = tls_session_payload_at(session);

	*place = (struct tls_place){ .block = tls_block_take(),
				     .other = text_new(TLS_RECORDS_BYTES),
				     .is_there = at > 0 };
	place->plain = (struct text){ .at = place->block + (at > 0 ? at : PAYLOAD_AT),
				      .cap = TLS_PLAIN_BYTES,
				      .max = TLS_PLAIN_BYTES };
	return &place->plain;
}

void tls_place_close(struct tls_place *place)
{
	tls_block_give(place->block);
	text_fini(&place->other);
	*place = (struct tls_place){ 0 };
}

static bool is_within(const struct tls_place *place, const char *at)
{
	return at >= place->block && at < place->block + TLS_BLOCK_BYTES;
}

void tls_place_take(struct tls_place *place, const char *at, size_t bytes)
{
	if (place->is_there && place->record.at == NULL && is_within(place, at)) {
		place->record = str_of(at, bytes);
		return;
	}
	if (place->other.len == 0)
		place->seen = at;
	text_add_bytes(&place->other, at, bytes);
}

/* One record, as TLS 1.3 has it. */
bool tls_place_is_right(const struct tls_place *place)
{
	return place->record.at == place->plain.at - TLS_HEAD_BYTES &&
	       place->record.len == place->plain.len + TLS_AROUND_BYTES && place->other.len == 0;
}

uint32_t tls_place_learn(const struct tls_place *place)
{
	uint32_t at;

	if (place->seen == NULL || !is_within(place, place->seen) ||
	    place->other.len != place->plain.len + TLS_AROUND_BYTES)
		return 0;
	at = (uint32_t)(place->seen - place->block) + TLS_HEAD_BYTES;
	return at + TLS_PLAIN_BYTES + TLS_AROUND_BYTES <= TLS_BLOCK_BYTES ? at : 0;
}
