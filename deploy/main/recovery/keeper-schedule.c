/*
 * Backups by the clock: on the node that leads, if it was given a place.
 *
 *     every tick: do we lead ─ is one due ─ a copy of the database ─ packed, put there and tried ─ old ones go
 *
 * What fails is tried again at the next tick, and told once. What there is at the place is looked at when somebody asks, and then not again
 * for a while: a store elsewhere is asked over the network, and may want money for it.
 */
#include <stdio.h>

#include "deploy/main/backup/backup-list.h"
#include "deploy/main/recovery/keeper-private.h"
#include "runtime/base/log.h"

#define TICKS 20U /* between two backups; a new leader begins so much late at most */
#define TICK_MIN_MS 1000U
#define TICK_MAX_MS 60000U
#define SEEN_FOLDER_MS 1000
#define SEEN_REMOTE_MS 60000

struct keeper_tick {
	char nothing;
};
static const ACT_TYPE(keeper_tick, .id = 0);

static bool ask_store(struct act *act, struct store_status *out)
{
	struct store_ask_status ask = { .wants_hash = false };
	struct act_all *all = act_all(act, 1);
	const struct act_msg *msg;
	bool has_answered;

	act_all_ask(all, act_named(act, "store"), &store_ask_status_type, &ask, KEEPER_ASK_MS);
	has_answered = act_all_wait(all) == OK;
	msg = act_all_answer(all, 0);
	if (has_answered)
		*out = *(const struct store_status *)msg->body;
	act_all_end(all);
	return has_answered;
}

/* ---- what there is ------------------------------------------------------------------------------------------------ */

static void take_seen(struct act *act, struct keeper *keeper, TAKE struct schedule_list *list)
{
	schedule_list_fini(&keeper->seen);
	keeper->seen = *list;
	keeper->seen_at = act_now(act);
	keeper->has_seen = true;
}

static enum status look(struct act *act, struct keeper *keeper, struct fault *why)
{
	struct schedule_list list;
	enum status status = keeper_place_list(act, keeper, &list, why);

	if (status == OK)
		take_seen(act, keeper, &list);
	else
		schedule_list_fini(&list);
	return status;
}

static enum status look_again(struct act *act, struct keeper *keeper, struct fault *why)
{
	int64_t age_ms = (act_now(act).ns - keeper->seen_at.ns) / TIME_MS;
	int64_t most_ms = keeper->args->schedule.s3 != NULL ? SEEN_REMOTE_MS : SEEN_FOLDER_MS;

	return keeper->has_seen && age_ms < most_ms ? OK : look(act, keeper, why);
}

/* ---- one of them -------------------------------------------------------------------------------------------------- */

static enum status make(struct act *act, struct keeper *keeper, struct fault *why)
{
	const struct node_identity *identity = &keeper->process->identity;
	struct keeper_copy copy = { .revision = 0 };
	struct backup_contents contents = { .made = act_wall(act) };
	char name[SCHEDULE_NAME_MAX];
	uint32_t gone = 0;

	TRY(keeper_make_copy(act, keeper, false, &copy, why));
	contents.revision = copy.revision;
	contents.keys = copy.keys;
	snprintf(contents.cluster, sizeof contents.cluster, "%s", identity->cluster);
	snprintf(contents.node, sizeof contents.node, "%s", identity->name);
	schedule_name(str_from(identity->cluster), contents.made, name);
	TRY(keeper_place_put(act, keeper, &copy, &contents, name, why));
	keeper->last = contents;
	snprintf(keeper->last_path, sizeof keeper->last_path, "%s/%s",
		 keeper->args->schedule.folder, name);
	TRY(look(act, keeper, why));
	TRY(keeper_place_prune(act, keeper, &gone, why));
	log_info("keeper", "a backup was made", LOG_CSTR("path", keeper->last_path),
		 LOG_U64("revision", copy.revision), LOG_U64("keys", copy.keys),
		 LOG_U64("removed", gone));
	return gone > 0 ? look(act, keeper, why) : OK;
}

static enum status make_if_due(struct act *act, struct keeper *keeper, struct fault *why)
{
	struct store_status status;

	if (!ask_store(act, &status) || !status.is_leader)
		return OK;
	TRY(look_again(act, keeper, why));
	if (!schedule_judge(&keeper->args->schedule, &keeper->seen, act_wall(act)).is_due)
		return OK;
	/* Somebody else may have made one since. */
	TRY(look(act, keeper, why));
	return schedule_judge(&keeper->args->schedule, &keeper->seen, act_wall(act)).is_due
		   ? make(act, keeper, why)
		   : OK;
}

static void schedule_task(struct act *act, void *state, void *arg)
{
	struct keeper *keeper = state;
	struct fault why = { 0 };
	enum status status;

	(void)arg;
	status = make_if_due(act, keeper, &why);
	if (status != OK && strcmp(why.text, keeper->failure.text) != 0)
		log_warn("keeper", "a backup that is due cannot be made", LOG_STATUS(status),
			 LOG_FAULT(&why));
	keeper->failure = status == OK ? (struct fault){ 0 } : why;
	keeper->is_making = false;
}

/* ---- telling others ------------------------------------------------------------------------------------------------- */

/* The newest first. */
static void fill(const struct keeper *keeper, struct backup_list *out)
{
	const struct schedule_list *list = &keeper->seen;

	out->rows = arena_array(out->arena, struct backup_list_row, BACKUP_LIST_MAX);
	for (uint32_t i = list->all.len; i > 0 && out->count < BACKUP_LIST_MAX; i--) {
		const struct scheduled_one *one = &list->all.at[i - 1];

		out->rows[out->count++] = (struct backup_list_row){
			.name = arena_str(out->arena, str_from(one->name)),
			.place = arena_str(out->arena, str_from(keeper->args->schedule.folder)),
			.made_s = (uint64_t)(one->made.ns / TIME_S),
			.size_bytes = one->size_bytes,
		};
	}
}

static void list_task(struct act *act, void *state, void *arg)
{
	struct act_ticket ticket = *(struct act_ticket *)arg;
	struct keeper *keeper = state;
	struct backup_list list = { .arena = arena_new(0) };
	struct fault why = { 0 };

	list.is_scheduled = keeper->args->schedule.folder != NULL;
	if (list.is_scheduled && look_again(act, keeper, &why) == OK)
		fill(keeper, &list);
	list.failure =
	    arena_str(list.arena, str_from(why.text[0] != '\0' ? why.text : keeper->failure.text));
	if (act_answer(act, ticket, &backup_list_type, &list) != OK)
		arena_free(list.arena);
}

bool keeper_schedule_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg)
{
	if (ACT_IS(msg, backup_list_ask)) {
		struct act_ticket ticket = act_ticket(msg);

		if (act_task(act, list_task, &ticket) != OK)
			act_refuse(act, msg, BUSY);
		return true;
	}
	if (!ACT_IS(msg, keeper_tick))
		return false;
	if (!keeper->is_making) {
		keeper->is_making = true;
		if (act_task(act, schedule_task, NULL) != OK)
			keeper->is_making = false; /* at the next tick */
	}
	return true;
}

static void forget_seen(void *arg)
{
	schedule_list_fini(&((struct keeper *)arg)->seen);
}

void keeper_schedule_start(struct act *act, struct keeper *keeper)
{
	uint64_t tick_ms = keeper->args->schedule.every_ms / TICKS;

	act_own(act, forget_seen, keeper);
	if (keeper->args->schedule.folder == NULL)
		return;
	tick_ms = tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
	act_after(act, TICK_MIN_MS, &keeper_tick_type, &(struct keeper_tick){ 0 });
	act_every(act, tick_ms > TICK_MAX_MS ? TICK_MAX_MS : tick_ms, &keeper_tick_type,
		  &(struct keeper_tick){ 0 });
}

void keeper_schedule_tell(struct act *act, struct keeper *keeper, struct text *out)
{
	const struct schedule *schedule = &keeper->args->schedule;
	struct scheduled found;
	struct fault why = { 0 };
	char made[TIME_TEXT];

	if (schedule->folder == NULL) {
		text_lit(out, "no backups are made by the clock (troupe up --backup-dir DIR)\n");
		return;
	}
	if (look(act, keeper, &why) != OK) {
		text_printf(out, "%s\n", why.text);
	} else {
		found = schedule_judge(schedule, &keeper->seen, act_wall(act));
		if (found.count == 0)
			text_printf(out, "none yet in %s\n", schedule->folder);
		else
			text_printf(out, "%u in %s, the newest %s made at " STR_FMT "\n",
				    found.count, schedule->folder, found.newest,
				    STR_ARG(time_print(found.made, made)));
	}
	if (keeper->last.revision > 0)
		text_printf(out, "last made here: %s, revision %ju, %ju keys\n", keeper->last_path,
			    (uintmax_t)keeper->last.revision, (uintmax_t)keeper->last.keys);
	if (keeper->failure.text[0] != '\0')
		text_printf(out, "the latest try failed: %s\n", keeper->failure.text);
}
