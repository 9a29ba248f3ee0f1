#include "actors/etcd/reply.h"

#include "runtime/base/limits.h"

struct proto_out etcd_reply_new(void)
{
	return proto_out_new(LIMIT_RESPONSE_BYTES + LIMIT_ETCD_MESSAGE_BYTES);
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

void etcd_reply_row(struct proto_out *out, uint32_t number, const struct store_row *row)
{
	uint32_t before = proto_out_len(out);

	etcd_reply_int(out, 6, row->lease);
	etcd_reply_str(out, 5, row->value);
	etcd_reply_int(out, 4, row->version);
	etcd_reply_int(out, 3, row->mod_revision);
	etcd_reply_int(out, 2, row->create_revision);
	etcd_reply_str(out, 1, row->key);
	proto_out_close(out, number, before);
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
