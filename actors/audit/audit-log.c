#include "actors/audit/audit-log.h"

#include "runtime/base/collection/vec.h"
#include "runtime/base/log.h"

#define KEPT_BYTES (1U * MIB) /* of a buffer that was larger once */

static void drop_line(void *body)
{
	struct audit_line *line = body;

	arena_free(line->arena);
	line->arena = NULL;
}
ACT_TYPE(audit_line, .drop = drop_line);
ACT_TYPE(audit_kept, .id = 0);

/* What is handed to the worker: it touches nothing else. */
struct writing {
	struct audit_file file;
	struct text lines;
	struct wall now;
	enum status status;
	struct fault why;
};

typedef VEC(struct act_ticket) tickets;

struct audit_log {
	struct act *act; /* of the handler that runs */
	uint32_t events_max;
	struct text waiting;
	uint32_t count;      /* of lines in `waiting` */
	tickets askers, due; /* of lines that wait, and of those that are being written */
	struct writing writing;
	bool is_writing, has_failed;
	struct act_lane *lane;
	struct metrics_counter *dropped, *failed;
};

/* ---- on the worker ------------------------------------------------------------------------------------------ */

static void write_lines(void *arg)
{
	struct writing *writing = arg;

	writing->status = audit_file_write(&writing->file, text_str(&writing->lines), writing->now,
					   &writing->why);
}

/* ---- the actor ------------------------------------------------------------------------------------------------ */

static void begin(struct audit_log *log)
{
	struct text empty = log->writing.lines;
	tickets none = log->due;

	if (log->is_writing || log->count == 0)
		return;
	log->writing.lines = log->waiting;
	log->waiting = empty;
	log->due = log->askers;
	log->askers = none;
	log->count = 0;
	log->writing.now = act_wall(log->act);
	log->is_writing = true;
	act_job(log->act, log->lane, write_lines, &log->writing, NULL, 0);
}

static void written(struct audit_log *log)
{
	enum status status = log->writing.status;

	log->is_writing = false;
	/* Once, not for each line: a full disk stays full. */
	if (status != OK && !log->has_failed)
		log_error("audit", "the log cannot be written", LOG_STATUS(status),
			  LOG_FAULT(&log->writing.why));
	log->has_failed = status != OK;
	if (status != OK && log->failed != NULL)
		metrics_add(log->failed, 1);
	for (uint32_t i = 0; i < log->due.len; i++) {
		struct audit_kept kept = { 0 };

		if (status == OK)
			act_answer(log->act, log->due.at[i], &audit_kept_type, &kept);
		else
			act_answer_status(log->act, log->due.at[i], status);
	}
	vec_clear(&log->due);
	text_clear(&log->writing.lines);
	if (log->writing.lines.cap > KEPT_BYTES) {
		text_fini(&log->writing.lines);
		log->writing.lines = text_new(AUDIT_LOG_BYTES_MAX);
	}
	begin(log);
}

static void take(struct audit_log *log, const struct act_msg *msg)
{
	struct str text = ACT_AS(msg, audit_line)->text;

	if (log->count >= log->events_max || text.len > AUDIT_LOG_LINE_MAX ||
	    log->waiting.len + text.len + 1 > AUDIT_LOG_BYTES_MAX) {
		if (log->dropped != NULL)
			metrics_add(log->dropped, 1);
		if (msg->kind == ACT_REQUEST)
			act_refuse(log->act, msg, BUSY);
		return;
	}
	text_add(&log->waiting, text);
	text_add_char(&log->waiting, '\n');
	log->count++;
	if (msg->kind == ACT_REQUEST)
		vec_push(&log->askers, act_ticket(msg));
	begin(log);
}

/* The last job has ended. What came meanwhile is little, and nobody else would write it. */
static void release(void *arg)
{
	struct audit_log *log = arg;
	struct fault why = { 0 };

	if (log->count > 0 && audit_file_write(&log->writing.file, text_str(&log->waiting),
					       log->writing.now, &why) != OK)
		log_error("audit", "the last lines are lost", LOG_FAULT(&why));
	audit_file_close(&log->writing.file);
	text_fini(&log->writing.lines);
	text_fini(&log->waiting);
	vec_fini(&log->askers);
	vec_fini(&log->due);
}

static enum status init(struct act *act, void *state, const void *from)
{
	const struct audit_log_args *args = from;
	struct audit_log *log = state;

	log->act = act;
	log->writing.now = act_wall(act);
	log->events_max = args->events_max ? args->events_max : AUDIT_LOG_EVENTS_MAX;
	log->waiting = text_new(AUDIT_LOG_BYTES_MAX);
	log->writing.lines = text_new(AUDIT_LOG_BYTES_MAX);
	log->writing.file =
	    (struct audit_file){ .files = &act_seams(act)->files, .options = args->file };
	act_own(act, release, log);
	log->lane = act_lane_open(act, "audit-log");
	if (args->metrics != NULL) {
		log->dropped = metrics_counter(args->metrics, "apiserver_audit_error_total",
					       "Audit events that were not kept.",
					       "plugin=\"log\",reason=\"full\"");
		log->failed = metrics_counter(args->metrics, "apiserver_audit_error_total",
					      "Audit events that were not kept.",
					      "plugin=\"log\",reason=\"write\"");
	}
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct audit_log *log = state;

	log->act = act;
	if (msg->kind == ACT_JOB)
		written(log);
	else if (ACT_IS(msg, audit_line))
		take(log, msg);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

const struct act_class audit_log_class = {
	.name = "audit-log",
	.state_size = sizeof(struct audit_log),
	.init = init,
	.receive = receive,
};
