/*
 * Backups: one copy at a time of this replica's table, for whoever keeps it elsewhere.
 *
 * It is made on the lane of the copies for members, so one waits for the other. A disk that refuses it is the asker's trouble: the
 * store goes on.
 */
#include <stdio.h>

#include "datastore/store/store-private.h"

struct store_backing {
	struct store *store;
	struct act_ticket ticket;
	struct arena *arena; /* becomes the answer's */
	struct store_backup_answer answer;
	struct fault why;
	char path[STORE_PATH_MAX];
};

static void ignore_row(void *arg, const struct table_row *row)
{
	(void)arg;
	(void)row;
}

/* What the copy must have, counted where it was copied from. */
static enum status count_keys(struct store_backing *backing, uint64_t revision)
{
	const struct table_range all = { .from = STR(""),
					 .end = STORE_NO_END,
					 .revision = revision,
					 .max_bytes = LIMIT_LIST_PAGE_BYTES,
					 .is_keys_only = true };
	bool more;
	return table_range(backing->store->copy_view, &all, ignore_row, NULL, &more,
			   &backing->answer.keys);
}

static enum status make_copy(struct store_backing *backing)
{
	const struct seams_files *files = &backing->store->seams->files;
	struct store_backup_answer *answer = &backing->answer;
	struct table_mark mark;
	struct seams_stat stat;
	TRY(table_copy(backing->store->copy_view, backing->path, backing->arena, &mark,
		       &backing->why));
	answer->revision = mark.revision;
	TRY(count_keys(backing, mark.revision));
	TRY(files->stat(files->self, backing->path, &stat));
	answer->size_bytes = stat.size_bytes;
	return OK;
}

static void run_backup(void *arg)
{
	struct store_backing *backing = arg;
	const struct seams_files *files = &backing->store->seams->files;
	backing->answer.status = make_copy(backing);
	if (backing->answer.status != OK)
		(void)files->unlink(files->self, backing->path); /* half a copy is none */
}

static void backing_free(void *arg)
{
	struct store_backing *backing = arg;
	arena_free(backing->arena);
	mem_free(backing);
}

static bool is_path(struct str path)
{
	return path.len > 1 && path.at[0] == '/' && path.len < STORE_PATH_MAX;
}

void store_on_backup(struct store *store, const struct act_msg *msg)
{
	const struct store_backup *ask = ACT_AS(msg, store_backup);
	if (msg->kind != ACT_REQUEST)
		return;
	if (msg->from.node != act_self(store->act).node) {
		act_refuse(store->act, msg,
			   FORBIDDEN); /* what is written here is for this machine to say */
		return;
	}
	if (!is_path(ask->path)) {
		act_refuse(store->act, msg, BAD_REQUEST);
		return;
	}
	bool is_written = store->written_revision >= ask->min_revision;
	if (!is_written)
		store_table_flush(store);
	if (!is_written || store->is_backing_up) {
		act_refuse(store->act, msg, BUSY);
		return;
	}
	struct store_backing *backing = mem_new(struct store_backing);
	backing->store = store;
	backing->ticket = act_ticket(msg);
	backing->arena = arena_new(0);
	snprintf(backing->path, sizeof backing->path, STR_FMT, STR_ARG(ask->path));
	store->is_backing_up = true;
	store_job(store, store->copy_lane, run_backup, backing, backing_free, TAG_BACKED_UP);
}

void store_on_backed_up(struct store *store, struct store_backing *backing)
{
	struct store_backup_answer *answer = &backing->answer;
	store->is_backing_up = false;
	answer->arena = backing->arena;
	if (answer->status != OK) {
		const char *words =
		    backing->why.text[0] ? backing->why.text : status_text(answer->status);
		answer->words = arena_str(backing->arena, str_from(words));
		log_warn("store", "cannot make a backup", LOG_STATUS(answer->status),
			 LOG_FAULT(&backing->why));
	}
	if (act_answer(store->act, backing->ticket, &store_backup_answer_type, answer) != OK)
		arena_free(backing->arena);
	mem_free(backing);
}
