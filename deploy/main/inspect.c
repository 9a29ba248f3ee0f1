#include "deploy/main/inspect.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/process.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define ROW_FIELDS 13U

/* ---- across borders ------------------------------------------------------------------------------------- */

static enum status encode_nothing(const void *body, struct text *out)
{
	(void)body;
	pack_begin(out, 0);
	return OK;
}

static enum status decode_nothing(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);

	(void)arena;
	(void)body;
	unpack_begin(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

static void encode_row(const struct inspect_row *row, struct text *out)
{
	pack_begin(out, ROW_FIELDS);
	pack_str(out, row->path);
	pack_str(out, row->class_name);
	pack_str(out, row->state);
	pack_str(out, row->last_reason);
	pack_u64(out, row->restarts);
	pack_u64(out, row->mailbox);
	pack_u64(out, row->mailbox_high);
	pack_u64(out, row->messages);
	pack_u64(out, row->run_us);
	pack_u64(out, row->memory_bytes);
	pack_u64(out, row->age_ms);
	pack_u64(out, row->pid);
	pack_bool(out, row->is_supervisor);
}

static enum status encode_rows(const void *body, struct text *out)
{
	const struct inspect_rows *rows = body;

	pack_begin(out, 1);
	pack_list(out, rows->len);
	for (uint32_t i = 0; i < rows->len; i++)
		encode_row(&rows->at[i], out);
	return out->is_cut ? TOO_LARGE : OK;
}

static void decode_row(struct unpack *in, struct arena *arena, struct inspect_row *row)
{
	unpack_begin(in);
	row->path = arena_str(arena, unpack_str(in));
	row->class_name = arena_str(arena, unpack_str(in));
	row->state = arena_str(arena, unpack_str(in));
	row->last_reason = arena_str(arena, unpack_str(in));
	row->restarts = unpack_u64(in);
	row->mailbox = unpack_u64(in);
	row->mailbox_high = unpack_u64(in);
	row->messages = unpack_u64(in);
	row->run_us = unpack_u64(in);
	row->memory_bytes = unpack_u64(in);
	row->age_ms = unpack_u64(in);
	row->pid = unpack_u64(in);
	row->is_supervisor = unpack_bool(in);
	unpack_end(in);
}

static enum status decode_rows(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_rows *rows = body;

	unpack_begin(&in);
	rows->len = unpack_list(&in);
	if (rows->len > INSPECT_ROWS_MAX)
		return CORRUPT;
	rows->at = arena_array(arena, struct inspect_row, rows->len + 1);
	for (uint32_t i = 0; i < rows->len; i++)
		decode_row(&in, arena, &rows->at[i]);
	unpack_end(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

static void drop_rows(void *body)
{
	arena_free(((struct inspect_rows *)body)->arena);
}

static enum status encode_kill(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_str(out, str_from(((const struct inspect_kill *)body)->path));
	return OK;
}

static enum status decode_kill(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_kill *kill = body;
	struct str path;

	(void)arena;
	unpack_begin(&in);
	path = unpack_str(&in);
	snprintf(kill->path, sizeof kill->path, STR_FMT, STR_ARG(path));
	unpack_end(&in);
	return unpack_status(&in);
}

static enum status encode_killed(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_u64(out, ((const struct inspect_killed *)body)->status);
	return OK;
}

static enum status decode_killed(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	uint64_t status;

	(void)arena;
	unpack_begin(&in);
	status = unpack_u64(&in);
	unpack_end(&in);
	if (status >= STATUS_COUNT)
		return CORRUPT;
	((struct inspect_killed *)body)->status = (enum status)status;
	return unpack_status(&in);
}

ACT_TYPE(inspect_ask, .id = 900, .encode = encode_nothing, .decode = decode_nothing);
ACT_TYPE(inspect_rows, .id = 901, .drop = drop_rows, .encode = encode_rows, .decode = decode_rows);
ACT_TYPE(inspect_kill, .id = 902, .encode = encode_kill, .decode = decode_kill);
ACT_TYPE(inspect_killed, .id = 903, .encode = encode_killed, .decode = decode_killed);

const struct act_type *const inspect_types[] = { &inspect_ask_type, &inspect_rows_type,
						 &inspect_kill_type, &inspect_killed_type };
const uint32_t inspect_type_count = sizeof inspect_types / sizeof inspect_types[0];

struct inspect_row inspect_row_copy(const struct inspect_row *row, struct arena *arena)
{
	struct inspect_row copy = *row;

	copy.path = arena_str(arena, row->path);
	copy.class_name = arena_str(arena, row->class_name);
	copy.state = arena_str(arena, row->state);
	copy.last_reason = arena_str(arena, row->last_reason);
	return copy;
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

struct looking {
	struct inspect_rows *rows;
	const char *host;
	uint32_t max;
	struct mono now;
};

/* Below the runtime's own root and the host's one supervisor, which are in every path: nobody has to read them. */
static struct str path_below(const char *path)
{
	struct str rest = str_from(path);

	for (int i = 0; i < 3 && rest.at != NULL;
	     i++) /* what is before the first slash, and those two */
		(void)str_cut(&rest, '/');
	return rest;
}

static struct str path_under(struct looking *looking, const char *path)
{
	struct str below = path_below(path);

	return arena_printf(looking->rows->arena, "%s%s" STR_FMT, looking->host,
			    below.len > 0 ? "/" : "", STR_ARG(below));
}

static void look_at(void *arg, const struct act_info *info)
{
	struct looking *looking = arg;
	struct arena *arena = looking->rows->arena;
	struct inspect_row row = { .path = path_under(looking, info->path),
				   .class_name = arena_str(arena, str_from(info->class_name)),
				   .state = arena_str(arena, str_from(info->state)),
				   .last_reason = arena_str(arena, str_from(info->last_reason)),
				   .restarts = info->restarts,
				   .mailbox = info->mailbox_len,
				   .mailbox_high = info->mailbox_high,
				   .messages = info->messages,
				   .run_us = info->run_ns / 1000,
				   .memory_bytes = info->memory_bytes,
				   .age_ms =
				       (uint64_t)((looking->now.ns - info->started.ns) / TIME_MS),
				   .is_supervisor = info->is_supervisor };

	if (looking->rows->len < looking->max && row.path.len > strlen(looking->host))
		looking->rows->at[looking->rows->len++] = row;
}

/* A line `Pss:  123 kB` of the kernel's. */
static uint64_t kib_of(struct str text, struct str name)
{
	int64_t at = str_find(text, name);
	struct str rest;
	uint64_t kib = 0;

	if (at < 0)
		return 0;
	rest = str_slice(text, (uint32_t)at + name.len, text.len);
	rest = str_trim(str_cut(&rest, 'k'));
	(void)!str_to_u64(rest, &kib);
	return kib;
}

static uint64_t memory_of_process(const struct seams_files *files)
{
	char text[4096];
	struct seams_file *file;
	size_t len = 0;

	if (files->open(files->self, "/proc/self/smaps_rollup", SEAMS_READ, 0, &file) != OK)
		return 0;
	if (files->read(files->self, file, text, sizeof text, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	return kib_of(str_of(text, len), STR("\nPss:")) * KIB;
}

static void answer(struct act *act, const struct act_msg *msg)
{
	struct inspect_rows rows = { .arena = arena_new(0) };
	struct looking looking = { .rows = &rows, .now = act_now(act) };
	struct act_host_stats stats;

	act_host_stats(act_host_of(act), &stats);
	looking.host = act_host_name(act_host_of(act));
	looking.max = stats.actors < INSPECT_ROWS_MAX ? stats.actors + 1 : INSPECT_ROWS_MAX;
	rows.at = arena_array(rows.arena, struct inspect_row, looking.max + 1);
	rows.at[rows.len++] =
	    (struct inspect_row){ .path = str_from(looking.host),
				  .class_name = STR("host"),
				  .state = STR("running"),
				  .last_reason = STR(""),
				  .messages = stats.messages,
				  .memory_bytes = memory_of_process(&act_seams(act)->files),
				  .pid = (uint64_t)getpid(),
				  .is_supervisor = true };
	act_host_each(act_host_of(act), look_at, &looking);
	if (act_reply(act, msg, &inspect_rows_type, &rows) != OK)
		arena_free(rows.arena);
}

/* ---- killing ------------------------------------------------------------------------------------------------- */

struct victim {
	struct str path; /* below the host: "store", "controllers/deployment" */
	struct act_ref ref;
};

static void find_victim(void *arg, const struct act_info *info)
{
	struct victim *victim = arg;

	if (str_eq(path_below(info->path), victim->path) ||
	    (info->name != NULL && str_is(victim->path, info->name)))
		victim->ref = info->ref;
}

static enum status kill_actor(struct act *act, const char *path)
{
	const struct seams_process *process = &act_seams(act)->process;
	struct victim victim = { .path = str_from(path) };

	if (path[0] == '\0') {
		log_warn("inspector", "asked to end this process at once");
		(void)!process->kill(process->self, getpid(), SIGKILL);
	}
	act_host_each(act_host_of(act), find_victim, &victim);
	if (act_ref_is_nil(victim.ref))
		return NOT_FOUND;
	log_warn("inspector", "killing an actor", LOG_CSTR("path", path));
	act_kill(act, victim.ref);
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (ACT_IS(msg, inspect_ask)) {
		answer(act, msg);
	} else if (ACT_IS(msg, inspect_kill)) {
		struct inspect_killed killed = { kill_actor(act, ACT_AS(msg, inspect_kill)->path) };

		(void)act_reply(act, msg, &inspect_killed_type, &killed);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

const struct act_class inspector_class = { .name = "inspector", .receive = receive };
