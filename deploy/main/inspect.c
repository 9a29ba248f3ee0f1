#include "deploy/main/inspect.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/process.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define ROW_FIELDS 12U

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
	pack_bool(out, row->is_supervisor);
}

static enum status encode_rows(const void *body, struct text *out)
{
	const struct inspect_rows *rows = body;

	pack_begin(out, 4);
	pack_u64(out, rows->pid);
	pack_u64(out, rows->rss_bytes);
	pack_u64(out, rows->pss_bytes);
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
	row->is_supervisor = unpack_bool(in);
	unpack_end(in);
}

static enum status decode_rows(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_rows *rows = body;

	unpack_begin(&in);
	rows->pid = unpack_u64(&in);
	rows->rss_bytes = unpack_u64(&in);
	rows->pss_bytes = unpack_u64(&in);
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

	(void)arena;
	unpack_begin(&in);
	snprintf(kill->path, sizeof kill->path, STR_FMT, STR_ARG(unpack_str(&in)));
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

/* ---- looking ------------------------------------------------------------------------------------------------ */

struct looking {
	struct inspect_rows *rows;
	struct mono now;
};

static void look_at(void *arg, const struct act_info *info)
{
	struct looking *looking = arg;
	struct arena *arena = looking->rows->arena;
	struct inspect_row *row;

	if (looking->rows->len == INSPECT_ROWS_MAX)
		return;
	row = &looking->rows->at[looking->rows->len++];
	*row = (struct inspect_row){ .path = arena_str(arena, str_from(info->path)),
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
}

/* "Rss:      1234 kB" in bytes; 0 when the line is another. */
static uint64_t kib_line(struct str line, struct str name)
{
	struct str rest = line;
	uint64_t kib = 0;

	if (!str_eq(str_cut(&rest, ':'), name))
		return 0;
	rest = str_trim(rest);
	return str_to_u64(str_cut(&rest, ' '), &kib) == OK ? kib * KIB : 0;
}

/* `Rss:` and `Pss:` of the process, in bytes. */
static void read_memory(const struct seams_files *files, struct inspect_rows *rows)
{
	char text[4096];
	struct seams_file *file;
	size_t len = 0;
	struct str rest, line;

	if (files->open(files->self, "/proc/self/smaps_rollup", SEAMS_READ, 0, &file) != OK)
		return;
	if (files->read(files->self, file, text, sizeof text, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	rest = str_of(text, len);
	while (rest.at != NULL && rest.len > 0) {
		line = str_cut(&rest, '\n');
		rows->rss_bytes += kib_line(line, STR("Rss"));
		rows->pss_bytes += kib_line(line, STR("Pss"));
	}
}

static void answer(struct act *act, const struct act_msg *msg)
{
	struct inspect_rows rows = { .arena = arena_new(0), .pid = (uint64_t)getpid() };
	struct looking looking = { &rows, act_now(act) };

	rows.at = arena_array(rows.arena, struct inspect_row, INSPECT_ROWS_MAX);
	act_host_each(act_host_of(act), look_at, &looking);
	read_memory(&act_seams(act)->files, &rows);
	if (act_reply(act, msg, &inspect_rows_type, &rows) != OK)
		arena_free(rows.arena);
}

/* ---- killing ------------------------------------------------------------------------------------------------- */

struct victim {
	const char *path;
	struct act_ref ref;
};

static void find_victim(void *arg, const struct act_info *info)
{
	struct victim *victim = arg;

	if (strcmp(info->path, victim->path) == 0 ||
	    strcmp(info->name ? info->name : "", victim->path) == 0)
		victim->ref = info->ref;
}

static enum status kill_actor(struct act *act, const char *path)
{
	struct victim victim = { .path = path };

	if (path[0] == '\0') {
		log_warn("inspector", "asked to end this process at once");
		kill(getpid(), SIGKILL);
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
