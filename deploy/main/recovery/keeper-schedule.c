/*
 * Backups by the clock: on the node that leads, if it was given a folder.
 *
 *     every tick: do we lead ─ is one due ─ a copy of the database ─ packed and tried in the folder ─ old ones go
 *
 * What fails is tried again at the next tick, and told once.
 */
#include <stdio.h>

#include "deploy/main/backup/passphrase.h"
#include "deploy/main/recovery/keeper-private.h"
#include "runtime/base/log.h"

#define TICKS 20U /* between two backups; a new leader begins so much late at most */
#define TICK_MIN_MS 1000U
#define TICK_MAX_MS 60000U

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

/* ---- work off the loop ------------------------------------------------------------------------------------------ */

struct looking {
	const struct seams_files *files;
	const struct schedule *schedule;
	struct str cluster;
	struct wall now;
	struct scheduled found;
	struct fault why;
	enum status status;
};

static void run_look(void *arg)
{
	struct looking *look = arg;

	look->status = schedule_look(look->files, look->schedule, look->cluster, look->now,
				     &look->found, &look->why);
}

static struct looking look_of(struct act *act, const struct keeper *keeper)
{
	return (struct looking){ .files = &act_seams(act)->files,
				 .schedule = &keeper->args->schedule,
				 .cluster = str_from(keeper->process->identity.cluster),
				 .now = act_wall(act) };
}

struct writing {
	const struct seams_files *files;
	const struct keeper_args *args;
	const struct keeper_copy *copy;
	struct backup_contents contents;
	char path[BACKUP_PATH_MAX];
	uint32_t gone;
	struct fault why;
	enum status status;
};

static enum status write_one(struct writing *writing, struct arena *arena)
{
	const struct schedule *schedule = &writing->args->schedule;
	struct str passphrase;

	TRY(passphrase_read(schedule->passphrase_file, arena, &passphrase, &writing->why));
	TRY(backup_write(writing->files, writing->path, passphrase, writing->copy->path,
			 &writing->args->process->pki, &writing->contents, &writing->why));
	return schedule_prune(writing->files, schedule, str_from(writing->contents.cluster),
			      writing->contents.made, &writing->gone, &writing->why);
}

static void run_write(void *arg)
{
	struct writing *writing = arg;
	struct arena *arena = arena_new(0);

	writing->status = write_one(writing, arena);
	(void)writing->files->unlink(writing->files->self, writing->copy->path);
	arena_free(arena);
}

/* ---- one of them -------------------------------------------------------------------------------------------------- */

static enum status make(struct act *act, struct keeper *keeper, struct fault *why)
{
	const struct node_identity *identity = &keeper->process->identity;
	struct writing *writing = mem_new(struct writing);
	struct keeper_copy copy = { .revision = 0 };
	char name[SCHEDULE_NAME_MAX];
	enum status status = keeper_make_copy(act, keeper, false, &copy, why);

	*writing = (struct writing){
		.files = &act_seams(act)->files,
		.args = keeper->args,
		.copy = &copy,
		.contents = { .made = act_wall(act), .revision = copy.revision, .keys = copy.keys }
	};
	snprintf(writing->contents.cluster, sizeof writing->contents.cluster, "%s",
		 identity->cluster);
	snprintf(writing->contents.node, sizeof writing->contents.node, "%s", identity->name);
	schedule_name(str_from(identity->cluster), writing->contents.made, name);
	snprintf(writing->path, sizeof writing->path, "%s/%s", keeper->args->schedule.folder, name);
	if (status == OK) {
		act_await(act, NULL, run_write, writing);
		status = writing->status;
		*why = writing->why;
	}
	if (status == OK) {
		keeper->last = writing->contents;
		snprintf(keeper->last_path, sizeof keeper->last_path, "%s", writing->path);
		log_info("keeper", "a backup was made", LOG_CSTR("path", writing->path),
			 LOG_U64("revision", copy.revision), LOG_U64("keys", copy.keys),
			 LOG_U64("removed", writing->gone));
	}
	mem_free(writing);
	return status;
}

static enum status make_if_due(struct act *act, struct keeper *keeper, struct fault *why)
{
	struct looking look = look_of(act, keeper);
	struct store_status status;

	if (!ask_store(act, &status) || !status.is_leader)
		return OK;
	act_await(act, NULL, run_look, &look);
	if (look.status != OK) {
		*why = look.why;
		return look.status;
	}
	return look.found.is_due ? make(act, keeper, why) : OK;
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

bool keeper_schedule_receive(struct act *act, struct keeper *keeper, const struct act_msg *msg)
{
	if (!ACT_IS(msg, keeper_tick))
		return false;
	if (!keeper->is_making) {
		keeper->is_making = true;
		if (act_task(act, schedule_task, NULL) != OK)
			keeper->is_making = false; /* at the next tick */
	}
	return true;
}

void keeper_schedule_start(struct act *act, struct keeper *keeper)
{
	uint64_t tick_ms = keeper->args->schedule.every_ms / TICKS;

	if (keeper->args->schedule.folder == NULL)
		return;
	tick_ms = tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
	act_every(act, tick_ms > TICK_MAX_MS ? TICK_MAX_MS : tick_ms, &keeper_tick_type,
		  &(struct keeper_tick){ 0 });
}

/* ---- telling ------------------------------------------------------------------------------------------------------ */

void keeper_schedule_tell(struct act *act, struct keeper *keeper, struct text *out)
{
	struct looking look = look_of(act, keeper);
	char made[TIME_TEXT];

	if (keeper->args->schedule.folder == NULL) {
		text_lit(out, "no backups are made by the clock (troupe up --backup-dir DIR)\n");
		return;
	}
	act_await(act, NULL, run_look, &look);
	if (look.status != OK)
		text_printf(out, "%s\n", look.why.text);
	else if (look.found.count == 0)
		text_printf(out, "none yet in %s\n", keeper->args->schedule.folder);
	else
		text_printf(out, "%u in %s, the newest %s made at " STR_FMT "\n", look.found.count,
			    keeper->args->schedule.folder, look.found.newest,
			    STR_ARG(time_print(look.found.made, made)));
	if (keeper->last.revision > 0)
		text_printf(out, "last made here: %s, revision %ju, %ju keys\n", keeper->last_path,
			    (uintmax_t)keeper->last.revision, (uintmax_t)keeper->last.keys);
	if (keeper->failure.text[0] != '\0')
		text_printf(out, "the latest try failed: %s\n", keeper->failure.text);
}
