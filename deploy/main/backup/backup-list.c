#include "deploy/main/backup/backup-list.h"

#include <stdlib.h>

#include "transport/wire/msgpack.h"

#define FIELDS_OF_ROW 4U

static enum status encode_list(const void *body, struct text *out)
{
	const struct backup_list *list = body;

	pack_begin(out, 3 + FIELDS_OF_ROW * list->count);
	pack_u64(out, list->is_scheduled);
	pack_str(out, list->failure);
	pack_u64(out, list->count);
	for (uint32_t i = 0; i < list->count; i++) {
		pack_str(out, list->rows[i].name);
		pack_str(out, list->rows[i].place);
		pack_u64(out, list->rows[i].made_s);
		pack_u64(out, list->rows[i].size_bytes);
	}
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_list(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct backup_list *list = body;
	uint64_t count;

	unpack_begin(&in);
	list->is_scheduled = unpack_u64(&in) != 0;
	list->failure = arena_str(arena, unpack_str(&in));
	count = unpack_u64(&in);
	if (unpack_status(&in) != OK || count > BACKUP_LIST_MAX)
		return CORRUPT;
	list->rows = arena_array(arena, struct backup_list_row, count + 1);
	list->count = (uint32_t)count;
	for (uint32_t i = 0; i < count; i++) {
		list->rows[i].name = arena_str(arena, unpack_str(&in));
		list->rows[i].place = arena_str(arena, unpack_str(&in));
		list->rows[i].made_s = unpack_u64(&in);
		list->rows[i].size_bytes = unpack_u64(&in);
	}
	unpack_end(&in);
	return unpack_status(&in);
}

static void drop_list(void *body)
{
	arena_free(((struct backup_list *)body)->arena);
}

ACT_TYPE(backup_list_ask, .id = 940, .encode = pack_nothing, .decode = unpack_nothing);
ACT_TYPE(backup_list, .id = 941, .drop = drop_list, .encode = encode_list, .decode = decode_list);

const struct act_type *const backup_list_types[] = { &backup_list_ask_type, &backup_list_type };
const uint32_t backup_list_type_count = sizeof backup_list_types / sizeof backup_list_types[0];

/* ---- of several nodes ---------------------------------------------------------------------------------------------- */

static bool is_known(const struct backup_list *list, struct str name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (str_eq(list->rows[i].name, name))
			return true;
	return false;
}

static void take(const struct backup_list *from, struct backup_list *out, struct arena *arena)
{
	out->is_scheduled = out->is_scheduled || from->is_scheduled;
	if (from->failure.len > 0)
		out->failure = arena_str(arena, from->failure);
	for (uint32_t i = 0; i < from->count && out->count < BACKUP_LIST_MAX; i++) {
		const struct backup_list_row *row = &from->rows[i];

		if (is_known(out, row->name))
			continue;
		out->rows[out->count++] =
		    (struct backup_list_row){ .name = arena_str(arena, row->name),
					      .place = arena_str(arena, row->place),
					      .made_s = row->made_s,
					      .size_bytes = row->size_bytes };
	}
}

static int newest_first(const void *a, const void *b)
{
	uint64_t left = ((const struct backup_list_row *)a)->made_s;
	uint64_t right = ((const struct backup_list_row *)b)->made_s;

	return left < right ? 1 : left > right ? -1 : 0;
}

void backup_list_gather(struct act *act, const struct str *nodes, uint32_t count, struct str self,
			struct arena *arena, uint32_t timeout_ms, struct backup_list *out)
{
	struct backup_list_ask ask = { 0 };
	struct act_all *all;

	*out = (struct backup_list){ .failure = STR("") };
	out->rows = arena_array(arena, struct backup_list_row, BACKUP_LIST_MAX);
	all = act_all(act, count); /* a store that is damaged, or opens yet, knows no members */
	for (uint32_t i = 0; i < count; i++)
		act_all_ask(
		    all,
		    act_named(act,
			      str_eq(nodes[i], self)
				  ? "keeper"
				  : arena_printf(arena, "keeper@" STR_FMT, STR_ARG(nodes[i])).at),
		    &backup_list_ask_type, &ask, timeout_ms);
	(void)!act_all_wait(all);
	for (uint32_t i = 0; i < count; i++)
		if (act_all_answer(all, i)->status == OK)
			take(act_all_answer(all, i)->body, out, arena);
	act_all_end(all);
	qsort(out->rows, out->count, sizeof *out->rows, newest_first);
}
