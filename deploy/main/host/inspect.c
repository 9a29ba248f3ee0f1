#include "deploy/main/host/inspect.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/host/exile.h"
#include "deploy/main/host/process.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define KILL_AFTER_MS \
	50U /* who asked has to hear that it will be done, perhaps by way of what is killed */
#define ROW_FIELDS 17U

/* ---- across borders ------------------------------------------------------------------------------------- */

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
	pack_double(out, row->rate);
	pack_u64(out, row->run_p99_ns);
	pack_i64(out, row->started_s);
	pack_u64(out, row->life);
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
	row->rate = unpack_double(in);
	row->run_p99_ns = unpack_u64(in);
	row->started_s = unpack_i64(in);
	row->life = unpack_u64(in);
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
	const struct inspect_kill *kill = body;

	pack_begin(out, 2);
	pack_str(out, str_from(kill->path));
	pack_u64(out, kill->level);
	return OK;
}

static enum status decode_kill(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_kill *kill = body;
	uint64_t level;
	struct str path;

	(void)arena;
	unpack_begin(&in);
	path = unpack_str(&in);
	level = unpack_u64(&in);
	unpack_end(&in);
	if (level > INSPECT_STOP || path.len >= sizeof kill->path)
		return CORRUPT;
	snprintf(kill->path, sizeof kill->path, STR_FMT, STR_ARG(path));
	kill->level = (enum inspect_level)level;
	return unpack_status(&in);
}

static enum status encode_killed(const void *body, struct text *out)
{
	const struct inspect_killed *killed = body;

	pack_begin(out, 2);
	pack_u64(out, killed->status);
	pack_bool(out, killed->comes_back);
	return OK;
}

static enum status decode_killed(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct inspect_killed *killed = body;
	uint64_t status;

	(void)arena;
	unpack_begin(&in);
	status = unpack_u64(&in);
	killed->comes_back = unpack_bool(&in);
	unpack_end(&in);
	if (status >= STATUS_COUNT)
		return CORRUPT;
	killed->status = (enum status)status;
	return unpack_status(&in);
}

ACT_TYPE(inspect_ask, .id = 900, .encode = pack_nothing, .decode = unpack_nothing);
ACT_TYPE(inspect_rows, .id = 901, .drop = drop_rows, .encode = encode_rows, .decode = decode_rows);
ACT_TYPE(inspect_kill, .id = 902, .encode = encode_kill, .decode = decode_kill);
ACT_TYPE(inspect_killed, .id = 903, .encode = encode_killed, .decode = decode_killed);

const struct act_type *const inspect_types[] = { &inspect_ask_type,     &inspect_rows_type,
						 &inspect_kill_type,    &inspect_killed_type,
						 &inspect_pause_type,   &inspect_fault_type,
						 &inspect_faulted_type, &exile_here_type };
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

bool inspect_is_host(const struct inspect_row *row)
{
	return str_find_char(row->path, '/') < 0;
}

/* ---- rates ------------------------------------------------------------------------------------------------- */

/* What each actor had handled at one moment, by its slot and generation. */
struct sample {
	struct map messages; /* the count itself is the value */
	uint64_t total;
	struct mono at;
};

struct inspector {
	const struct process *process;
	struct sample older, newer;
	struct mono began; /* the host, as good as */
	int64_t wall_ahead_ns; /* of the clock of people before ours; as it was at the start, so that times do not move */
};

struct inspect_tick {
	char nothing;
};
static const ACT_TYPE(inspect_tick, .id = 0);

static struct str key_of(const struct act_ref *ref, uint64_t out[1])
{
	out[0] = (uint64_t)ref->slot << 32 | ref->gen;
	return str_of(out, sizeof out[0]);
}

static void count_messages(void *arg, const struct act_info *info)
{
	struct sample *sample = arg;
	uint64_t key[1];

	if (!act_ref_is_nil(info->ref))
		map_put(&sample->messages, key_of(&info->ref, key),
			(void *)(uintptr_t)info->messages);
}

static void take_sample(struct act *act, struct inspector *inspector)
{
	struct act_host_stats stats;
	struct sample now = { .at = act_now(act) };

	act_host_stats(act_host_of(act), &stats);
	now.total = stats.messages;
	act_host_each(act_host_of(act), count_messages, &now);
	map_fini(&inspector->older.messages);
	inspector->older = inspector->newer;
	inspector->newer = now;
}

/* Tenths: more would only be noise. */
static double rate_of(uint64_t messages, int64_t ns)
{
	if (ns <= 0)
		return 0;
	return (double)(uint64_t)((double)messages * 10 * (double)TIME_S / (double)ns + 0.5) / 10;
}

/* Since the older sample; of one that was born later, or before there were two, since it was. */
static double rate_of_actor(const struct inspector *inspector, struct mono now,
			    const struct act_info *info)
{
	const struct sample *older = &inspector->older;
	uint64_t key[1], before;

	if (act_ref_is_nil(info->ref))
		return 0;
	if (older->at.ns == 0 || older->at.ns <= info->started.ns)
		return rate_of(info->messages, now.ns - info->started.ns);
	before = (uint64_t)(uintptr_t)map_get(&older->messages, key_of(&info->ref, key));
	return rate_of(info->messages - before, now.ns - older->at.ns);
}

/* ---- looking ------------------------------------------------------------------------------------------------ */

struct looking {
	const struct inspector *inspector;
	struct inspect_rows *rows;
	const char *host;
	uint16_t epoch;
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

static int64_t started_s(const struct inspector *inspector, struct mono started)
{
	return (started.ns + inspector->wall_ahead_ns) / TIME_S;
}

static uint64_t life_of(uint16_t epoch, const struct act_ref *ref)
{
	uint64_t key[1];
	struct str bytes = key_of(ref, key);

	return act_ref_is_nil(*ref) ? 0 : hash_bytes(epoch, bytes.at, bytes.len) | 1;
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
				   .is_supervisor = info->is_supervisor,
				   .rate = rate_of_actor(looking->inspector, looking->now, info),
				   .run_p99_ns = info->run_p99_ns,
				   .started_s = started_s(looking->inspector, info->started),
				   .life = life_of(looking->epoch, &info->ref) };

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

static struct inspect_row host_row(struct act *act, const struct inspector *inspector,
				   const struct act_host_stats *stats)
{
	struct act_host *host = act_host_of(act);
	const struct root_life *life = &inspector->process->life;
	const struct sample *older = &inspector->older;
	struct mono now = act_now(act), began = inspector->began;

	if (older->at.ns != 0)
		began = older->at;
	return (struct inspect_row){ .path = str_from(act_host_name(host)),
				     .class_name = STR("host"),
				     .state = STR("running"),
				     .last_reason = str_from(life->last_reason),
				     .restarts = life->restarts,
				     .messages = stats->messages,
				     .rate =
					 rate_of(stats->messages - older->total, now.ns - began.ns),
				     .memory_bytes = memory_of_process(&act_seams(act)->files),
				     .age_ms = (uint64_t)((now.ns - inspector->began.ns) / TIME_MS),
				     .started_s = started_s(inspector, inspector->began),
				     .life = act_host_peer(host).epoch,
				     .pid = (uint64_t)getpid(),
				     .is_supervisor = true };
}

static void answer(struct act *act, const struct inspector *inspector, const struct act_msg *msg)
{
	struct inspect_rows rows = { .arena = arena_new(0) };
	struct looking looking = { .inspector = inspector, .rows = &rows, .now = act_now(act) };
	struct act_host_stats stats;

	act_host_stats(act_host_of(act), &stats);
	looking.host = act_host_name(act_host_of(act));
	looking.epoch = act_host_peer(act_host_of(act)).epoch;
	looking.max = stats.actors < INSPECT_ROWS_MAX ? stats.actors + 1 : INSPECT_ROWS_MAX;
	rows.at = arena_array(rows.arena, struct inspect_row, looking.max + 1);
	rows.at[rows.len++] = host_row(act, inspector, &stats);
	act_host_each(act_host_of(act), look_at, &looking);
	if (act_reply(act, msg, &inspect_rows_type, &rows) != OK)
		arena_free(rows.arena);
}

/* ---- killing ------------------------------------------------------------------------------------------------- */

/* It was said that this will be done. */
struct inspect_due {
	struct act_ref who;
	enum inspect_level level;
};
static const ACT_TYPE(inspect_due, .id = 0);

struct victim {
	struct str path; /* below the host: "store", "controllers/deployment" */
	struct act_ref ref;
	bool is_there, comes_back;
};

static void find_victim(void *arg, const struct act_info *info)
{
	struct victim *victim = arg;

	if (!str_eq(path_below(info->path), victim->path) &&
	    (info->name == NULL || !str_is(victim->path, info->name)))
		return;
	victim->is_there = true;
	victim->ref = info->ref;
	victim->comes_back = info->is_supervised;
}

bool inspect_is_on_the_way(struct str path)
{
	static const struct str actors[] = { STR("links"), STR("relay"), STR("inspector"),
					     STR("admin"), STR("api"),   STR("http") };
	struct str actor = str_cut(&path, '/');

	for (size_t i = 0; i < sizeof actors / sizeof actors[0]; i++)
		if (str_eq(actor, actors[i]))
			return true;
	return false;
}

static bool is_delayed(const struct inspect_kill *kill)
{
	return kill->level != INSPECT_ACTOR || inspect_is_on_the_way(str_from(kill->path));
}

static struct inspect_killed kill_soon(struct act *act, const struct inspect_kill *kill)
{
	struct victim victim = { .path = str_from(kill->path) };
	struct inspect_due due = { .level = kill->level };

	if (kill->level == INSPECT_ACTOR) {
		if (kill->path[0] == '\0')
			return (struct inspect_killed){ .status = FORBIDDEN };
		act_host_each(act_host_of(act), find_victim, &victim);
		if (act_ref_is_nil(victim.ref))
			return (struct inspect_killed){ .status = victim.is_there ? CONFLICT
										  : NOT_FOUND };
		due.who = victim.ref;
	}
	if (is_delayed(kill))
		act_after(act, KILL_AFTER_MS, &inspect_due_type, &due);
	else
		act_kill(act, due.who);
	return (struct inspect_killed){ .status = OK,
					.comes_back =
					    victim.comes_back || kill->level != INSPECT_ACTOR };
}

static void kill_now(struct act *act, const struct inspect_due *due)
{
	const struct seams_process *process = &act_seams(act)->process;

	switch (due->level) {
	case INSPECT_ACTOR: act_kill(act, due->who); break;
	case INSPECT_HOST: (void)!process->kill(process->self, SEAMS_SELF, SIGKILL); break;
	case INSPECT_STOP: (void)!process->kill(process->self, SEAMS_SELF, SIGSTOP); break;
	}
}

static void kill_asked(struct act *act, const struct act_msg *msg)
{
	static const char *const levels[] = { "actor", "host", "stop" };
	const struct inspect_kill *kill = ACT_AS(msg, inspect_kill);
	struct inspect_killed killed = kill_soon(act, kill);

	if (killed.status == OK)
		log_warn("inspector", "killing, as asked", LOG_CSTR("level", levels[kill->level]),
			 LOG_CSTR("path", kill->path));
	(void)act_reply(act, msg, &inspect_killed_type, &killed);
}

/* ---- the actor ------------------------------------------------------------------------------------------------ */

static void tick(struct act *act, struct inspector *inspector)
{
	take_sample(act, inspector);
	exile_say(act, inspector->process);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	if (ACT_IS(msg, inspect_ask))
		answer(act, state, msg);
	else if (ACT_IS(msg, inspect_kill))
		kill_asked(act, msg);
	else if (ACT_IS(msg, inspect_due))
		kill_now(act, ACT_AS(msg, inspect_due));
	else if (inspect_pause_receive(act, msg) ||
		 inspect_fault_receive(act, ((struct inspector *)state)->process, msg))
		return ACT_OK;
	else if (ACT_IS(msg, inspect_tick))
		tick(act, state);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void release(void *arg)
{
	struct inspector *inspector = arg;

	map_fini(&inspector->older.messages);
	map_fini(&inspector->newer.messages);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct inspector *inspector = state;

	inspector->process = args;
	inspector->began = act_now(act);
	inspector->wall_ahead_ns = act_wall(act).ns - inspector->began.ns;
	act_own(act, release, inspector);
	act_every(act, INSPECT_SAMPLE_MS, &inspect_tick_type, &(struct inspect_tick){ 0 });
	exile_say(act, inspector->process);
	return OK;
}

const struct act_class inspector_class = { .name = "inspector",
					   .state_size = sizeof(struct inspector),
					   .init = init,
					   .receive = receive };
