#include "deploy/cluster/node-record.h"

#include "transport/wire/msgpack.h"

#define VERSION 1U

struct str node_record_key(struct str name, struct arena *arena)
{
	return arena_printf(arena, NODE_RECORD_KEYS STR_FMT, STR_ARG(name));
}

struct str node_record_encode(const struct node_record *record, struct arena *arena)
{
	struct text out = text_in(arena, NODE_RECORD_BYTES_MAX);

	pack_begin(&out, 6);
	pack_u64(&out, VERSION);
	pack_str(&out, record->name);
	pack_str(&out, record->address);
	pack_u64(&out, record->api_port);
	pack_u64(&out, record->link_port);
	pack_str(&out, record->role);
	assert(!out.is_cut);
	return text_str(&out);
}

enum status node_record_decode(struct str bytes, struct node_record *out)
{
	struct unpack in = unpack_of(bytes);
	struct node_record record = { 0 };
	uint64_t version, api_port, link_port;

	unpack_begin(&in);
	version = unpack_u64(&in);
	record.name = unpack_str(&in);
	record.address = unpack_str(&in);
	api_port = unpack_u64(&in);
	link_port = unpack_u64(&in);
	record.role = unpack_str(&in);
	unpack_end(&in);
	if (unpack_status(&in) != OK || version != VERSION || record.name.len == 0 ||
	    record.address.len == 0 || api_port > UINT16_MAX || link_port > UINT16_MAX)
		return CORRUPT;
	record.api_port = (uint16_t)api_port;
	record.link_port = (uint16_t)link_port;
	*out = record;
	return OK;
}

struct str node_record_place(struct str address, uint16_t port, struct arena *arena)
{
	bool is_v6 = str_find_char(address, ':') >= 0;

	return arena_printf(arena, is_v6 ? "[" STR_FMT "]:%u" : STR_FMT ":%u", STR_ARG(address),
			    port);
}
