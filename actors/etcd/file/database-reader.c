#include "actors/etcd/file/database-reader.h"

#include <endian.h>
#include <string.h>

#include "runtime/base/collection/map.h"
#include "runtime/base/mem.h"
#include "transport/wire/proto.h"

#define KEY_BYTES 17U /* revision, '_', place within it */
#define DELETED_BYTES (KEY_BYTES + 1)
#define REVISION_MAX (UINT64_MAX / DATABASE_PLACES)

struct database_reader {
	struct bolt_reader *bolt;
	struct map latest; /* a living key: the id of its latest change */
	uint64_t revision;
};

static uint64_t get_be64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof n);
	return be64toh(n);
}

/* ---- one change ---------------------------------------------------------------------------------------------------- */

struct change {
	struct database_row row;
	bool is_delete;
};

static enum status read_key(struct str key, struct change *out, struct fault *why)
{
	uint64_t place;

	if ((key.len != KEY_BYTES && key.len != DELETED_BYTES) || key.at[8] != '_' ||
	    (key.len == DELETED_BYTES && key.at[KEY_BYTES] != 't'))
		return fault_set(why, CORRUPT, "", "a change has a key that is no revision");
	out->row.revision = get_be64(key.at);
	place = get_be64(key.at + 9);
	if (out->row.revision == 0 || out->row.revision >= REVISION_MAX || place >= DATABASE_PLACES)
		return fault_set(why, CORRUPT, "", "a change has the revision %ju/%ju",
				 (uintmax_t)out->row.revision, (uintmax_t)place);
	out->row.place = (uint32_t)place;
	out->is_delete = key.len == DELETED_BYTES;
	return OK;
}

/* KeyValue. Fields that do not have the form they should have are passed over, as protobuf does. */
static enum status read_value(struct str value, struct change *out, struct fault *why)
{
	struct proto in = proto_of(value);
	enum proto_wire wire;
	uint32_t number;

	out->row.key = out->row.value = STR("");
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			out->row.key = proto_bytes(&in);
		else if (number == 2 && wire == PROTO_VARINT)
			out->row.create_revision = proto_varint(&in);
		else if (number == 4 && wire == PROTO_VARINT)
			out->row.version = proto_varint(&in);
		else if (number == 5 && wire == PROTO_BYTES)
			out->row.value = proto_bytes(&in);
		else if (number == 6 && wire == PROTO_VARINT)
			out->row.lease = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (in.is_bad || out->row.key.len == 0)
		return fault_set(why, CORRUPT, "", "the change of revision %ju/%u cannot be read",
				 (uintmax_t)out->row.revision, out->row.place);
	return OK;
}

static enum status read_change(struct str key, struct str value, struct change *out,
			       struct fault *why)
{
	*out = (struct change){ .is_delete = false };
	TRY(read_key(key, out, why));
	return read_value(value, out, why);
}

/* As a pointer's worth, for the map; never 0. */
static void *id_of(const struct database_row *row)
{
	return (void *)(uintptr_t)(row->revision * DATABASE_PLACES + row->place);
}

/* ---- all changes, to know which are the latest ----------------------------------------------------------------------- */

static enum status take_change(void *arg, struct str key, struct str value, struct fault *why)
{
	struct database_reader *reader = arg;
	struct change change;

	TRY(read_change(key, value, &change, why));
	if (change.is_delete)
		map_remove(&reader->latest, change.row.key);
	else
		map_put(&reader->latest, change.row.key, id_of(&change.row));
	reader->revision = change.row.revision;
	return OK;
}

/* What was compacted may have been the latest of all: a revision that only deleted. */
static enum status take_meta(void *arg, struct str key, struct str value, struct fault *why)
{
	struct database_reader *reader = arg;
	uint64_t revision;

	if (!str_is(key, "finishedCompactRev") && !str_is(key, "scheduledCompactRev"))
		return OK;
	if (value.len < sizeof revision)
		return fault_set(why, CORRUPT, "", STR_FMT " has %u bytes", STR_ARG(key), value.len);
	revision = get_be64(value.at);
	if (revision > reader->revision && revision < REVISION_MAX)
		reader->revision = revision;
	return OK;
}

static enum status read_all(struct database_reader *reader, struct fault *why)
{
	enum status status = bolt_reader_each(reader->bolt, STR("key"), take_change, reader, why);

	if (status == NOT_FOUND)
		return fault_set(why, INVALID, "",
				 "it is a bbolt file and has no bucket \"key\": no database of "
				 "etcd's version 3");
	if (status == OK)
		status = bolt_reader_each(reader->bolt, STR("meta"), take_meta, reader, why);
	return status == NOT_FOUND ? OK : status;
}

enum status database_reader_open(const struct bolt_bytes *bytes, struct database_reader **out,
				 struct fault *why)
{
	struct database_reader *reader = mem_new(struct database_reader);
	enum status status = bolt_reader_open(bytes, &reader->bolt, why);

	if (status == OK)
		status = read_all(reader, why);
	if (status == OK)
		*out = reader;
	else
		database_reader_close(reader);
	return status;
}

void database_reader_close(struct database_reader *reader)
{
	if (reader == NULL)
		return;
	bolt_reader_close(reader->bolt);
	map_fini(&reader->latest);
	mem_free(reader);
}

uint64_t database_reader_bytes(const struct database_reader *reader)
{
	return bolt_reader_bytes(reader->bolt);
}

uint64_t database_reader_revision(const struct database_reader *reader)
{
	return reader->revision;
}

/* ---- living keys ------------------------------------------------------------------------------------------------------ */

struct living {
	struct database_reader *reader;
	database_each *each;
	database_lease *lease;
	void *arg;
};

static enum status give_living(void *arg, struct str key, struct str value, struct fault *why)
{
	const struct living *living = arg;
	struct change change;

	TRY(read_change(key, value, &change, why));
	if (change.is_delete ||
	    map_get(&living->reader->latest, change.row.key) != id_of(&change.row))
		return OK;
	return living->each(living->arg, &change.row, why);
}

enum status database_reader_each(struct database_reader *reader, database_each *each, void *arg,
				 struct fault *why)
{
	struct living living = { .reader = reader, .each = each, .arg = arg };

	return bolt_reader_each(reader->bolt, STR("key"), give_living, &living, why);
}

static enum status give_lease(void *arg, struct str key, struct str value, struct fault *why)
{
	const struct living *living = arg;
	struct proto in = proto_of(value);
	enum proto_wire wire;
	uint64_t id = 0, ttl_s = 0;
	uint32_t number;

	(void)key; /* the same id */
	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_VARINT)
			id = proto_varint(&in);
		else if (number == 2 && wire == PROTO_VARINT)
			ttl_s = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (in.is_bad || id == 0)
		return fault_set(why, CORRUPT, "", "a lease cannot be read");
	return living->lease(living->arg, id, ttl_s, why);
}

enum status database_reader_leases(struct database_reader *reader, database_lease *each, void *arg,
				   struct fault *why)
{
	struct living living = { .reader = reader, .lease = each, .arg = arg };
	enum status status = bolt_reader_each(reader->bolt, STR("lease"), give_lease, &living, why);

	return status == NOT_FOUND ? OK : status;
}
