#include "actors/etcd/file/database.h"

#include <assert.h>
#include <endian.h>

#include "transport/wire/proto.h"

#define REVISION_BYTES 17U /* revision, '_', place within it */
#define META_ITEMS 5U

struct meta_item {
	struct str key, value;
};

/* What the buckets are made from. */
struct planned {
	const struct database_contents *contents;
	struct meta_item meta[META_ITEMS];
};

static void put_be64(char *at, uint64_t n)
{
	n = htobe64(n);
	memcpy(at, &n, sizeof n);
}

static struct bolt_key revision_key(uint64_t revision, uint64_t place)
{
	struct bolt_key key = { .len = REVISION_BYTES };

	put_be64(key.bytes, revision);
	key.bytes[8] = '_';
	put_be64(key.bytes + 9, place);
	return key;
}

static uint32_t varint_bytes(uint64_t n)
{
	uint32_t bytes = 1;

	for (; n >= 0x80; n >>= 7)
		bytes++;
	return bytes;
}

static uint32_t int_bytes(uint64_t n)
{
	return n != 0 ? 1 + varint_bytes(n) : 0;
}

static uint32_t str_bytes(struct str s)
{
	return s.len != 0 ? 1 + varint_bytes(s.len) + s.len : 0;
}

/* ---- keys: KeyValue, whose fields that are 0 are not there ------------------------------------------------------------ */

static uint32_t row_bytes(const struct database_row *row)
{
	return str_bytes(row->key) + int_bytes(row->create_revision) + int_bytes(row->revision) +
	       int_bytes(row->version) + str_bytes(row->value) + int_bytes(row->lease);
}

static struct bolt_key row_key(void *arg, uint32_t item, uint32_t *value_bytes)
{
	const struct database_contents *contents = ((struct planned *)arg)->contents;
	struct database_row row = contents->row(contents->arg, item, false);

	*value_bytes = row_bytes(&row);
	return revision_key(row.revision, row.place);
}

static void put_int(struct proto_out *out, uint32_t number, uint64_t n)
{
	if (n != 0)
		proto_out_varint_field(out, number, n);
}

static void put_str(struct proto_out *out, uint32_t number, struct str s)
{
	if (s.len > 0)
		proto_out_bytes_field(out, number, s);
}

static void give(struct proto_out *wire, struct text *out)
{
	text_add(out, proto_out_str(wire));
	proto_out_fini(wire);
}

static void row_value(void *arg, uint32_t item, struct text *out)
{
	const struct database_contents *contents = ((struct planned *)arg)->contents;
	struct database_row row = contents->row(contents->arg, item, true);
	struct proto_out wire = proto_out_new(row_bytes(&row));

	put_int(&wire, 6, row.lease);
	put_str(&wire, 5, row.value);
	put_int(&wire, 4, row.version);
	put_int(&wire, 3, row.revision);
	put_int(&wire, 2, row.create_revision);
	put_str(&wire, 1, row.key);
	give(&wire, out);
}

/* ---- leases and what etcd keeps of itself ------------------------------------------------------------------------------ */

static struct bolt_key lease_key(void *arg, uint32_t item, uint32_t *value_bytes)
{
	const struct database_kept_lease *lease = &((struct planned *)arg)->contents->leases[item];
	struct bolt_key key = { .len = 8 };

	put_be64(key.bytes, lease->id);
	*value_bytes = int_bytes(lease->id) + int_bytes(lease->ttl_s);
	return key;
}

static void lease_value(void *arg, uint32_t item, struct text *out)
{
	const struct database_kept_lease *lease = &((struct planned *)arg)->contents->leases[item];
	struct proto_out wire = proto_out_new(64);

	put_int(&wire, 2, lease->ttl_s);
	put_int(&wire, 1, lease->id);
	give(&wire, out);
}

static struct bolt_key meta_key(void *arg, uint32_t item, uint32_t *value_bytes)
{
	const struct meta_item *meta = &((struct planned *)arg)->meta[item];
	struct bolt_key key = { .len = meta->key.len };

	assert(meta->key.len <= BOLT_KEY_BYTES);
	memcpy(key.bytes, meta->key.at, meta->key.len);
	*value_bytes = meta->value.len;
	return key;
}

static void meta_value(void *arg, uint32_t item, struct text *out)
{
	text_add(out, ((struct planned *)arg)->meta[item].value);
}

static struct str number_of(struct arena *arena, uint64_t n)
{
	char *at = arena_alloc(arena, sizeof n);

	put_be64(at, n);
	return str_of(at, sizeof n);
}

static void fill_meta(struct planned *planned, struct arena *arena)
{
	const struct database_contents *contents = planned->contents;
	struct bolt_key compacted = revision_key(contents->revision, 0);
	struct str revision = arena_str(arena, str_of(compacted.bytes, compacted.len));
	const struct meta_item items[META_ITEMS] = {
		{ STR("consistent_index"), number_of(arena, contents->applied_index) },
		{ STR("finishedCompactRev"), revision },
		{ STR("scheduledCompactRev"), revision },
		{ STR("storageVersion"), DATABASE_VERSION },
		{ STR("term"), number_of(arena, contents->term) },
	};

	memcpy(planned->meta, items, sizeof items);
}

struct bolt *database_plan(const struct database_contents *contents, struct arena *arena)
{
	struct planned *planned = arena_new_of(arena, struct planned);
	const struct bolt_bucket buckets[] = {
		{ .name = STR("alarm") },
		{ .name = STR("auth") },
		{ .name = STR("authRoles") },
		{ .name = STR("authUsers") },
		{ STR("key"), contents->row_count, planned, row_key, row_value },
		{ STR("lease"), contents->lease_count, planned, lease_key, lease_value },
		{ .name = STR("members") },
		{ .name = STR("members_removed") },
		{ STR("meta"), META_ITEMS, planned, meta_key, meta_value },
	};

	planned->contents = contents;
	fill_meta(planned, arena);
	return bolt_plan(arena_copy(arena, buckets, sizeof buckets),
			 sizeof buckets / sizeof buckets[0], arena);
}
