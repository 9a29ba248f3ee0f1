#include "actors/etcd/reply.h"

#include "runtime/base/limits.h"

#define SPREAD_VALUE_BYTES 512U /* a shorter value is copied for less than a part costs */

#define REPLY_MAX_BYTES (LIMIT_RESPONSE_BYTES + LIMIT_ETCD_MESSAGE_BYTES)
#define HEADER_BYTES 128U /* and the few fields beside it */
#define ROW_BYTES 64U     /* of one, beside its key and value */

struct proto_out etcd_reply_new(void)
{
	return proto_out_new(REPLY_MAX_BYTES);
}

struct proto_out etcd_reply_for(uint32_t rows, uint64_t bytes)
{
	uint64_t expected = HEADER_BYTES + (uint64_t)rows * ROW_BYTES + bytes;

	return proto_out_for(expected < REPLY_MAX_BYTES ? (uint32_t)expected : REPLY_MAX_BYTES,
			     REPLY_MAX_BYTES);
}

void etcd_reply_int(struct proto_out *out, uint32_t number, uint64_t value)
{
	if (value != 0)
		proto_out_varint_field(out, number, value);
}

void etcd_reply_bool(struct proto_out *out, uint32_t number, bool value)
{
	if (value)
		proto_out_varint_field(out, number, 1);
}

void etcd_reply_str(struct proto_out *out, uint32_t number, struct str value)
{
	if (value.len > 0)
		proto_out_bytes_field(out, number, value);
}

/* What stands before a row's value. */
static void put_front(struct proto_out *out, const struct store_row *row)
{
	etcd_reply_int(out, 4, row->version);
	etcd_reply_int(out, 3, row->mod_revision);
	etcd_reply_int(out, 2, row->create_revision);
	etcd_reply_str(out, 1, row->key);
}

void etcd_reply_row(struct proto_out *out, uint32_t number, const struct store_row *row)
{
	uint32_t before = proto_out_len(out);

	etcd_reply_int(out, 6, row->lease);
	etcd_reply_str(out, 5, row->value);
	put_front(out, row);
	proto_out_close(out, number, before);
}

static void spread_row(struct etcd_spread *spread, uint32_t number, const struct store_row *row)
{
	struct proto_out *out = &spread->out;
	uint32_t before = proto_out_len(out), len = row->value.len;

	if (len < SPREAD_VALUE_BYTES) {
		etcd_reply_row(out, number, row);
		return;
	}
	etcd_reply_int(out, 6, row->lease);
	vec_push(&spread->gaps, (struct etcd_gap){ proto_out_len(out), row->value });
	spread->beside += len;
	proto_out_varint(out, len);
	proto_out_tag(out, 5, PROTO_BYTES);
	put_front(out, row);
	proto_out_varint(out, proto_out_len(out) - before + len);
	proto_out_tag(out, number, PROTO_BYTES);
}

void etcd_spread_rows(struct etcd_spread *spread, uint32_t number, const struct store_row *rows,
		      uint32_t count)
{
	for (uint32_t i = count; i > 0; i--)
		spread_row(spread, number, &rows[i - 1]);
}

uint32_t etcd_spread_parts(const struct etcd_spread *spread, struct arena *arena, struct str **out)
{
	struct str all = proto_out_str(&spread->out);
	struct str *parts = arena_alloc(arena, (2 * (size_t)spread->gaps.len + 1) * sizeof *parts);
	uint32_t count = 0, from = 0;

	/* The last gap that was left is the first in the answer. */
	for (uint32_t i = spread->gaps.len; i > 0; i--) {
		const struct etcd_gap *gap = &spread->gaps.at[i - 1];
		uint32_t at = all.len - gap->behind;

		parts[count++] = str_slice(all, from, at);
		parts[count++] = gap->value;
		from = at;
	}
	if (from < all.len)
		parts[count++] = str_slice(all, from, all.len);
	*out = parts;
	return count;
}

void etcd_reply_rows(struct proto_out *out, uint32_t number, const struct store_row *rows,
		     uint32_t count)
{
	for (uint32_t i = count; i > 0; i--)
		etcd_reply_row(out, number, &rows[i - 1]);
}

void etcd_reply_header(struct proto_out *out, const struct etcd_header *header)
{
	uint32_t before = proto_out_len(out);

	etcd_reply_int(out, 4, header->term);
	etcd_reply_int(out, 3, header->revision);
	etcd_reply_int(out, 2, header->member);
	etcd_reply_int(out, 1, header->cluster);
	proto_out_close(out, 1, before);
}
