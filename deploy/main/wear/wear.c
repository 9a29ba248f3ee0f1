#include "deploy/main/wear/wear.h"

#include "actors/node/events.h"
#include "datastore/schema/core.h"
#include "deploy/main/wear/ledger.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define LOOK_MS 60000U
#define COUNTER "/proc/self/io"
#define COUNTER_LINE "write_bytes: "

/* ---- messages ------------------------------------------------------------------------------------------------- */

static enum status encode_told(const void *body, struct text *out)
{
	const struct wear_told *told = body;

	pack_begin(out, 4);
	pack_u64(out, told->day_bytes);
	pack_u64(out, told->rate_bytes);
	pack_u64(out, told->covers_s);
	pack_u64(out, told->budget_bytes);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status decode_told(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct wear_told *told = body;

	(void)arena;
	unpack_begin(&in);
	told->day_bytes = unpack_u64(&in);
	told->rate_bytes = unpack_u64(&in);
	told->covers_s = unpack_u64(&in);
	told->budget_bytes = unpack_u64(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

ACT_TYPE(wear_ask, .id = 942, .encode = pack_nothing, .decode = unpack_nothing);
ACT_TYPE(wear_told, .id = 943, .encode = encode_told, .decode = decode_told);

const struct act_type *const wear_types[] = { &wear_ask_type, &wear_told_type };
const uint32_t wear_type_count = sizeof wear_types / sizeof wear_types[0];

bool wear_is_over(const struct wear_told *told)
{
	return told->budget_bytes > 0 && told->day_bytes > told->budget_bytes;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

struct wear_look {
	char nothing;
};
static const ACT_TYPE(wear_look, .id = 0);

struct wear {
	const struct wear_args *args;
	struct ledger ledger;
	struct events events;
	bool is_over;
};

/* Whole pages that this process made dirty or wrote, as they go to the disk. False: this kernel does not count. */
static bool read_counter(const struct seams_files *files, uint64_t *out)
{
	char text[1024];
	struct str rest, line;
	struct seams_file *file;
	size_t len = 0;

	if (files->open(files->self, COUNTER, SEAMS_READ, 0, &file) != OK)
		return false;
	if (files->read(files->self, file, text, sizeof text, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	for (rest = str_of(text, len); rest.at != NULL;) {
		line = str_cut(&rest, '\n');
		if (str_starts(line, STR("cancelled_")) || !str_starts(line, STR(COUNTER_LINE)))
			continue;
		return str_to_u64(str_slice(line, (uint32_t)strlen(COUNTER_LINE), line.len), out) ==
		       OK;
	}
	return false;
}

static void collect(void *arg, struct metrics *metrics, struct text *out)
{
	uint64_t count;

	(void)metrics;
	if (!read_counter(arg, &count))
		return;
	metrics_head(out, "troupe_written_bytes_total", "counter",
		     "Bytes that log and database have written to the disk, as the kernel counts "
		     "them, since this process began.");
	metrics_line(out, "troupe_written_bytes_total", NULL, (double)count);
}

void wear_measure(struct metrics *metrics, const struct seams_files *files)
{
	metrics_on_write(metrics, collect, (void *)(uintptr_t)files);
}

static int64_t now_s(struct act *act)
{
	return act_now(act).ns / TIME_S;
}

static struct wear_told told_of(struct act *act, const struct wear *wear)
{
	return (struct wear_told){
		.day_bytes = ledger_day(&wear->ledger, now_s(act)),
		.rate_bytes = ledger_rate(&wear->ledger, now_s(act)),
		.covers_s = (uint64_t)ledger_covers_s(&wear->ledger, now_s(act)),
		.budget_bytes = wear->args->budget_bytes,
	};
}

static void warn(struct act *act, struct wear *wear, const struct wear_told *told)
{
	struct arena *arena = arena_new(0);
	struct str node = str_from(wear->args->process->identity.name);
	/* As upstream's kubelet names a Node: its events are found by that. */
	struct meta_object_meta meta = { .name = node, .uid = node };
	const struct events_about about = { .type = &core_node_type, .meta = &meta };

	log_warn("wear", "more is written to the disk than the budget of a day",
		 LOG_U64("mib", told->day_bytes / MIB),
		 LOG_U64("budget_mib", told->budget_bytes / MIB));
	events_write(&wear->events, act, &about, true, "DiskWriteBudgetExceeded",
		     arena_printf(arena,
				  "log and database have written %ju MiB within the last %ju "
				  "hours, the budget of a day is %ju MiB",
				  (uintmax_t)(told->day_bytes / MIB),
				  (uintmax_t)(told->covers_s / 3600 + 1),
				  (uintmax_t)(told->budget_bytes / MIB)));
	arena_free(arena);
}

static void look(struct act *act, struct wear *wear)
{
	struct wear_told told;
	uint64_t count;

	if (!read_counter(&act_seams(act)->files, &count))
		return;
	ledger_note(&wear->ledger, count, now_s(act));
	told = told_of(act, wear);
	if (wear_is_over(&told) && !wear->is_over)
		warn(act, wear, &told);
	wear->is_over = wear_is_over(&told);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct wear *wear = state;
	struct wear_told told;

	if (msg->kind == ACT_ANSWER)
		return ACT_OK; /* of an event, which is written once */
	if (ACT_IS(msg, wear_look)) {
		look(act, wear);
	} else if (ACT_IS(msg, wear_ask)) {
		look(act, wear);
		told = told_of(act, wear);
		(void)act_reply(act, msg, &wear_told_type, &told);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct wear *wear = state;

	wear->args = args;
	events_init(&wear->events, act, wear->args->process->identity.name,
		    arena_printf(wear->args->process->arena, "system:node:%s",
				 wear->args->process->identity.name)
			.at,
		    process_api_name(wear->args->process));
	look(act, wear);
	act_every(act, LOOK_MS, &wear_look_type, &(struct wear_look){ 0 });
	return OK;
}

const struct act_class wear_class = {
	.name = "wear", .state_size = sizeof(struct wear), .init = init, .receive = receive
};
