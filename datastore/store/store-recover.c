#include "datastore/store/store-recover.h"

#include <stdio.h>

#include "datastore/store/store-private.h"

/* Log and database of a folder, open. */
struct remains {
	struct table *table;
	struct table_mark mark;
	struct replica *replica;
	struct arena *arena;
};

static void remains_close(struct remains *remains)
{
	table_close(remains->table);
	replica_close(remains->replica);
	arena_free(remains->arena);
}

/* Opening would make what is missing. */
static enum status check_there(const struct store_place *place, const char *path, struct fault *why)
{
	struct seams_stat stat;
	enum status status = place->files->stat(place->files->self, path, &stat);
	if (status == OK)
		return OK;
	return fault_set(why, status, "", "%s: %s", path, status_text(status));
}

static enum status open_both(const struct store_place *place, struct remains *remains,
			     struct fault *why)
{
	char table[STORE_PATH_MAX], log[STORE_PATH_MAX];
	snprintf(table, sizeof table, "%s/table.db", place->folder);
	snprintf(log, sizeof log, "%s/log", place->folder);
	TRY(check_there(place, table, why));
	TRY(check_there(place, log, why));
	TRY(table_open(place->files, place->random, table, remains->arena, &remains->table,
		       &remains->mark, why));
	const struct replica_config config = { .files = place->files,
					       .random = place->random,
					       .folder = log };
	const struct replica_state state = { .index = remains->mark.applied_index,
					     .term = remains->mark.applied_term,
					     .members_index = remains->mark.members_index,
					     .members = remains->mark.members };
	return replica_open(&config, &state, &remains->replica, why);
}

static enum status remains_open(const struct store_place *place, struct remains *out,
				struct fault *why)
{
	struct remains remains = { .arena = arena_new(0) };
	enum status status = open_both(place, &remains, why);
	if (status != OK)
		remains_close(&remains);
	else
		*out = remains;
	return status;
}

static void count_key(void *arg, const struct table_row *row)
{
	(void)row;
	++*(uint64_t *)arg;
}

static void ignore_lease(void *arg, const struct table_lease *lease)
{
	(void)arg;
	(void)lease;
}

static void ignore_request(void *arg, uint64_t request, uint64_t revision, bool is_failure_branch)
{
	(void)arg;
	(void)request;
	(void)revision;
	(void)is_failure_branch;
}

static void fill_members(const struct members *members, struct arena *arena,
			 struct store_remains *out)
{
	out->members = arena_array(arena, struct store_member, members->len + 1);
	out->witnesses = arena_array(arena, bool, members->len + 1);
	out->member_count = members->len;
	for (uint32_t i = 0; i < members->len; i++) {
		const struct member *from = &members->at[i];
		out->witnesses[i] = from->is_witness;
		out->members[i] = (struct store_member){ .id = from->id,
							 .name = arena_str(arena, from->name),
							 .address = arena_str(arena, from->address),
							 .role = store_role_of(from->role) };
	}
}

static enum status examine(struct remains *remains, struct arena *arena, struct store_remains *out,
			   struct fault *why)
{
	struct replica_standing standing;
	uint64_t keys = 0;
	const struct table_loader loader = {
		.arg = &keys, .lease = ignore_lease, .key = count_key, .request = ignore_request
	};
	TRY(replica_standing(remains->replica, &standing, why));
	TRY(table_load(remains->table, &loader, remains->mark.revision, why));
	*out = (struct store_remains){ .id = replica_id(remains->replica),
				       .term = standing.term,
				       .last_index = standing.last_index,
				       .last_term = standing.last_term,
				       .applied_index = remains->mark.applied_index,
				       .revision = remains->mark.revision,
				       .keys = keys };
	fill_members(&standing.members, arena, out);
	return OK;
}

enum status store_examine(const struct store_place *place, struct arena *arena,
			  struct store_remains *out, struct fault *why)
{
	struct remains remains;
	TRY(remains_open(place, &remains, why));
	enum status status = examine(&remains, arena, out, why);
	remains_close(&remains);
	return status;
}

enum status store_recover(const struct store_place *place, uint64_t raise_by, struct fault *why)
{
	const struct command raise = { .kind = COMMAND_RAISE, .raise = { raise_by } };
	struct remains remains;
	TRY(remains_open(place, &remains, why));
	struct text payload = text_new(KIB);
	command_begin(&payload);
	command_pack(&payload, &raise);
	enum status status = replica_recover(remains.replica, text_str(&payload), why);
	text_fini(&payload);
	remains_close(&remains);
	return status;
}
