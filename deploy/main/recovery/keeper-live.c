/*
 * Backups as objects of the API: `kubectl get backups` shows what all nodes know of, each once.
 */
#include "actors/server/live/live.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "datastore/schema/troupe.h"
#include "deploy/main/backup/backup-list.h"
#include "deploy/main/recovery/keeper-private.h"

#define OTHERS_MS 3000U

/* Names of files are names of objects but for their length and capitals. */
static struct str name_of(struct str name, struct arena *arena)
{
	struct text out = text_in(arena, SCHEDULE_NAME_MAX);

	for (uint32_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		text_add_char(&out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	return text_str(&out);
}

static struct str uid_of(struct str name, struct arena *arena)
{
	uint64_t high = hash_bytes(1, name.at, name.len), low = hash_bytes(high, name.at, name.len);

	return arena_printf(arena, "%08jx-%04jx-8%03jx-%04jx-%012jx", (uintmax_t)(high >> 32),
			    (uintmax_t)(high >> 16 & 0xffff), (uintmax_t)(high & 0xfff),
			    (uintmax_t)(0x8000 | (low >> 48 & 0x3fff)),
			    (uintmax_t)(low & 0xffffffffffff));
}

static struct object *object_of(const struct backup_list_row *row)
{
	struct object *object = object_new(&troupe_backup_type);
	struct arena *arena = object_arena(object);
	struct troupe_backup *backup = object->record;
	struct meta_object_meta *meta = object_meta(object);
	struct troupe_backup_status *status = MAKE(backup->status, arena);

	meta->name = name_of(row->name, arena);
	meta->uid = uid_of(row->name, arena);
	SET(meta, creation_timestamp, ((struct wall){ (int64_t)row->made_s * TIME_S }));
	status->file = arena_str(arena, row->name);
	status->place = arena_str(arena, row->place);
	SET(status, size_bytes, (int64_t)row->size_bytes);
	record_prune(&troupe_backup_type, backup);
	return object;
}

/* Of the store's members; witnesses have no keeper, and do not answer. */
static uint32_t members_of(struct act *act, struct arena *arena, struct str **out)
{
	struct store_ask_status ask = { .wants_hash = false };
	struct act_all *all = act_all(act, 1);
	const struct store_status *status;
	uint32_t count = 0;

	*out = NULL;
	act_all_ask(all, act_named(act, "store"), &store_ask_status_type, &ask, OTHERS_MS);
	if (act_all_wait(all) == OK) {
		status = act_all_answer(all, 0)->body;
		*out = arena_array(arena, struct str, status->member_count + 1);
		for (; count < status->member_count; count++)
			(*out)[count] = arena_str(arena, status->members[count].name);
	}
	act_all_end(all);
	return count;
}

static void look_task(struct act *act, void *state, void *arg)
{
	struct act_ticket ticket = *(struct act_ticket *)arg;
	struct keeper *keeper = state;
	struct arena *arena = arena_new(0);
	struct live_seen seen = { 0 };
	struct backup_list list;
	struct str *nodes;
	uint32_t count = members_of(act, arena, &nodes);

	backup_list_gather(act, nodes, count, str_from(keeper->process->identity.name), arena,
			   OTHERS_MS, &list);
	for (uint32_t i = 0; i < list.count; i++)
		live_seen_add(&seen, object_of(&list.rows[i]));
	arena_free(arena);
	if (act_answer(act, ticket, &live_seen_type, &seen) != OK)
		live_seen_type.drop(&seen);
}

bool keeper_live_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg)
{
	struct act_ticket ticket;

	(void)keeper;
	if (ACT_IS(msg, live_delete)) {
		act_refuse(act, msg, NOT_IMPLEMENTED);
		return true;
	}
	if (!ACT_IS(msg, live_ask))
		return false;
	ticket = act_ticket(msg);
	if (act_task(act, look_task, &ticket) != OK)
		act_refuse(act, msg, BUSY);
	return true;
}
