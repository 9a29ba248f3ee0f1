#include "actors/server/proxy/kubelet.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "datastore/object/name.h"
#include "datastore/schema/core.h"
#include "transport/http/url.h"

/*
 * pods/log: what a container has written.
 *
 * One of the hollow runtime writes nothing; all that there is to tell of it is in the pod's status, so the server answers by
 * itself and asks no node: a line for the start of the container, one for its end.
 */

#define LINES_MAX 2U
#define LOOK_MS 500U /* how soon somebody who follows hears of the end */
#define SCHEME STR("hollow://")
#define AT_LEAST_0 "must be greater than or equal to 0"
#define AT_LEAST_1 "must be greater than 0"

struct number {
	bool is_set;
	int64_t value;
};

struct log {
	struct str container;
	bool is_following, is_previous, has_times;
	struct number since_seconds, tail_lines, limit_bytes;
	struct str since_time, stream; /* as they came; absent: not said */
	struct wall since;             /* of both */
	/* Of one who follows. */
	struct str uid, container_id; /* what is followed */
	uint32_t sent;                /* lines */
	int64_t sent_bytes;
	bool is_begun;
};

struct line_of_log {
	struct wall at;
	struct str words;
};

/* ---- what is asked for ---------------------------------------------------------------------------------------- */

static enum status take_number(struct request *r, const char *name, struct number *out,
			       struct fault *why)
{
	struct str value = url_query_get(r->arena, r->asked.query, str_from(name));

	out->is_set = value.len > 0;
	return options_number(value, &out->value, why);
}

static bool take_flag(struct request *r, const char *name)
{
	struct str value = url_query_get(r->arena, r->asked.query, str_from(name));

	return value.at != NULL && options_flag(value);
}

static enum status take_options(struct request *r, struct log *log, struct fault *why)
{
	struct str query = r->asked.query;

	log->container = url_query_get(r->arena, query, STR("container"));
	log->since_time = url_query_get(r->arena, query, STR("sinceTime"));
	log->stream = url_query_get(r->arena, query, STR("stream"));
	log->is_following = take_flag(r, "follow");
	log->is_previous = take_flag(r, "previous");
	log->has_times = take_flag(r, "timestamps");
	TRY(take_number(r, "sinceSeconds", &log->since_seconds, why));
	TRY(take_number(r, "tailLines", &log->tail_lines, why));
	TRY(take_number(r, "limitBytes", &log->limit_bytes, why));
	if (log->since_time.len > 0 && time_parse(log->since_time, &log->since) != OK)
		return fault_set(why, BAD_REQUEST, "",
				 "unable to decode query parameter sinceTime: \"" STR_FMT
				 "\" is no time of RFC 3339",
				 STR_ARG(log->since_time));
	if (log->since_seconds.is_set)
		log->since.ns = act_wall(r->server->act).ns - log->since_seconds.value * TIME_S;
	return OK;
}

static void check_least(struct faults *faults, const char *field, const struct number *number,
			int64_t least, const char *words)
{
	if (number->is_set && number->value < least)
		faults_add(faults, FAULT_INVALID, str_from(field),
			   arena_printf(faults->arena, "%jd", (intmax_t)number->value), "%s", words);
}

static void check_stream(struct faults *faults, const struct log *log)
{
	bool is_all = str_is(log->stream, "All");

	if (log->stream.at == NULL)
		return;
	if (!is_all && !str_is(log->stream, "Stdout") && !str_is(log->stream, "Stderr"))
		faults_add(faults, FAULT_NOT_SUPPORTED, STR("stream"),
			   name_quoted(faults->arena, log->stream),
			   "supported values: \"All\", \"Stderr\", \"Stdout\"");
	else if (!is_all && log->tail_lines.is_set)
		faults_add(faults, FAULT_FORBIDDEN, STR(""), STR_NONE,
			   "`tailLines` and specific `stream` are mutually exclusive for now");
}

static enum next log_decode(struct request *r)
{
	struct log *log = arena_new_of(r->arena, struct log);
	struct faults faults = faults_in(r->arena);
	struct fault why = { 0 };

	if (take_options(r, log, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	r->work = log;
	check_least(&faults, "tailLines", &log->tail_lines, 0, AT_LEAST_0);
	check_least(&faults, "limitBytes", &log->limit_bytes, 1, AT_LEAST_1);
	if (log->since_seconds.is_set && log->since_time.len > 0)
		faults_add(&faults, FAULT_FORBIDDEN, STR("[]"), STR_NONE,
			   "at most one of `sinceTime` or `sinceSeconds` may be specified");
	else
		check_least(&faults, "sinceSeconds", &log->since_seconds, 1, AT_LEAST_1);
	check_stream(&faults, log);
	if (faults.len == 0)
		return NEXT;
	return request_fail(
	    r, failure_invalid(r->arena, STR(""), STR("PodLogOptions"), r->route.name, &faults));
}

/* ---- which run of the container ------------------------------------------------------------------------------- */

static const struct core_container_status *status_of(const struct core_pod *pod, struct str name)
{
	const struct core_container_status_list none = { 0 };
	const struct core_pod_status *status = pod->status;
	const struct core_container_status_list lists[] = {
		status ? status->container_statuses : none,
		status ? status->init_container_statuses : none,
		status ? status->ephemeral_container_statuses : none,
	};

	for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++)
		for (uint32_t i = 0; i < lists[l].len; i++)
			if (str_eq(lists[l].at[i].name, name))
				return &lists[l].at[i];
	return NULL;
}

/* A start and, when it is over, an end. */
struct run {
	struct str id;
	struct wall started;
	const struct core_container_state_terminated *end;
};

static bool take_end(const struct core_container_state *state, struct run *out)
{
	if (state == NULL || state->terminated == NULL || state->terminated->container_id.len == 0)
		return false;
	*out = (struct run){ state->terminated->container_id, state->terminated->started_at,
			     state->terminated };
	return true;
}

/* The kubelet's words when there is nothing to show. */
static const char *why_waiting(const struct core_container_state *state)
{
	if (state == NULL || state->waiting == NULL)
		return "is waiting to start - no logs yet";
	if (str_is(state->waiting->reason, "ErrImagePull"))
		return "is waiting to start: image can't be pulled";
	if (str_is(state->waiting->reason, "ImagePullBackOff"))
		return "is waiting to start: trying and failing to pull image";
	return NULL;
}

/* NULL: the run is found; else why there is none. */
static const char *find_run(const struct core_container_status *status, bool is_previous,
			    struct run *out, struct arena *arena)
{
	const struct core_container_state *state = status ? status->state : NULL;
	const struct core_container_state *last = status ? status->last_state : NULL;
	const char *why;

	if (status == NULL)
		return "is not available";
	if (is_previous)
		return take_end(last, out) ? NULL : "not found";
	if (state != NULL && state->running != NULL) {
		*out = (struct run){ status->container_id, state->running->started_at, NULL };
		return NULL;
	}
	if (take_end(state, out) || take_end(last, out))
		return NULL;
	if (state != NULL && state->terminated != NULL)
		return "is terminated";
	why = why_waiting(state);
	return why ? why
		   : arena_cstr(arena, arena_printf(arena, "is waiting to start: " STR_FMT,
						    STR_ARG(state->waiting->reason)));
}

/* ---- its lines --------------------------------------------------------------------------------------------------- */

static uint32_t lines_of(struct arena *arena, const struct run *run, struct str container,
			 struct str image, struct line_of_log out[LINES_MAX])
{
	out[0] = (struct line_of_log){
		run->started,
		arena_printf(arena,
			     "container " STR_FMT " started: the hollow runtime only pretends, "
			     "nothing of image " STR_FMT " runs",
			     STR_ARG(container), STR_ARG(image)),
	};
	if (run->end == NULL)
		return 1;
	out[1] = (struct line_of_log){
		run->end->finished_at,
		arena_printf(arena, "container " STR_FMT " ended with exit code %d",
			     STR_ARG(container), run->end->exit_code),
	};
	return 2;
}

/* Seconds are all that a status knows. */
static void add_time(struct text *out, struct wall at)
{
	char buffer[TIME_TEXT];
	struct str text = time_print(at, buffer);

	text_add(out, str_slice(text, 0, text.len - 1));
	text_lit(out, ".000000000Z ");
}

/* Those that were not sent yet, as far as they are wanted. */
static struct str print_lines(struct arena *arena, struct log *log, const struct line_of_log *lines,
			      uint32_t count)
{
	struct text out = text_in(arena, LIMIT_RESPONSE_BYTES);
	struct str all;

	if (!log->is_begun && log->tail_lines.is_set && log->tail_lines.value < count)
		log->sent = count - (uint32_t)log->tail_lines.value;
	for (; log->sent < count; log->sent++) {
		if (lines[log->sent].at.ns < log->since.ns)
			continue;
		if (log->has_times)
			add_time(&out, lines[log->sent].at);
		text_add(&out, lines[log->sent].words);
		text_add_char(&out, '\n');
	}
	all = text_str(&out);
	if (log->limit_bytes.is_set && all.len > log->limit_bytes.value - log->sent_bytes)
		all = str_slice(all, 0, (uint32_t)(log->limit_bytes.value - log->sent_bytes));
	log->sent_bytes += all.len;
	return all;
}

/* ---- the steps ------------------------------------------------------------------------------------------------------ */

static enum next no_run(struct request *r, const struct log *log, const char *why)
{
	return request_fail(
	    r, failure_bad_request(r->arena, "%scontainer \"" STR_FMT "\" in pod \"" STR_FMT "\" %s",
				   log->is_previous ? "previous terminated " : "",
				   STR_ARG(log->container), STR_ARG(r->route.name), why));
}

static bool has_room_to_follow(const struct server *server)
{
	uint32_t count = 0;

	list_each (&server->requests, link) {
		const struct request *r = list_item(link, struct request, link);
		const struct log *log = r->steps == &pod_log_steps ? r->work : NULL;

		count += log != NULL && log->is_begun;
	}
	return count < LIMIT_LOG_FOLLOWERS;
}

static enum next look_later(struct request *r)
{
	r->look_at.ns = act_now(r->server->act).ns + LOOK_MS * TIME_MS;
	return WAIT;
}

/* Of the little that there is nothing waits for room. */
static void say(struct request *r, struct str text)
{
	struct outlet to = request_outlet(r);

	(void)r->door->text(&to, text);
}

static enum next end(struct request *r)
{
	struct outlet to = request_outlet(r);

	r->look_at.ns = 0;
	r->door->end(&to, 200);
	r->is_answered = true;
	return DONE;
}

/* It stays until the container ends, and takes no place among the requests under way. */
static enum next begin_following(struct request *r, struct log *log, const struct core_pod *pod,
				 const struct run *run, struct str text)
{
	if (!has_room_to_follow(r->server))
		return request_fail(
		    r, failure_too_many(r->arena, 1, "too many follow the logs of pods already"));
	flight_leave(r);
	log->uid = arena_str(r->arena, pod->metadata->uid);
	log->container_id = arena_str(r->arena, run->id);
	log->is_begun = true;
	measure_stands(r);
	r->deadline.ns = INT64_MAX;
	r->answer.code = 200;
	r->answer.content_type = STR("text/plain");
	r->door->begin(r);
	say(r, text);
	return look_later(r);
}

/* The run that is followed, if it is still known: now, or as the one before. */
static bool is_known_still(const struct core_container_status *status, struct str id,
			   struct run *out, struct arena *arena)
{
	if (find_run(status, false, out, arena) == NULL && str_eq(out->id, id))
		return true;
	return status != NULL && take_end(status->last_state, out) && str_eq(out->id, id);
}

static enum next go_on(struct request *r, struct log *log)
{
	const struct object *object =
	    cache_get(r->resource->cache, r->route.namespace, r->route.name);
	const struct core_pod *pod = object ? object->record : NULL;
	const struct core_container_status *status;
	struct line_of_log lines[LINES_MAX];
	struct arena *arena;
	struct run run = { .end = NULL };
	bool is_known, is_over;

	if (pod == NULL || !str_eq(pod->metadata->uid, log->uid))
		return end(r);
	arena = arena_new(0);
	status = status_of(pod, log->container);
	is_known = is_known_still(status, log->container_id, &run, arena);
	is_over = !is_known || run.end != NULL;
	if (is_known && is_over)
		say(r, print_lines(arena, log, lines,
				   lines_of(arena, &run, log->container, status->image, lines)));
	arena_free(arena);
	return is_over ? end(r) : look_later(r);
}

/* It has what is written there, and words of its own for what is wrong; it is asked for what we were asked, but for the container. */
static enum next ask_kubelet(struct request *r, const struct log *log, const struct core_pod *pod)
{
	struct text out = text_in(r->arena, LIMIT_BODY_BYTES);
	struct url_walk walk = url_walk(r->arena, r->asked.query);
	struct str name, value;

	text_printf(&out, "/containerLogs/" STR_FMT "/" STR_FMT "/" STR_FMT "?stream=" STR_FMT,
		    STR_ARG(r->route.namespace), STR_ARG(r->route.name), STR_ARG(log->container),
		    STR_ARG(log->stream.len > 0 ? log->stream : STR("All")));
	while (url_walk_next(&walk, &name, &value)) {
		if (!str_is_among(
			name,
			"follow|limitBytes|previous|sinceSeconds|sinceTime|tailLines|timestamps",
			'|'))
			continue;
		text_printf(&out, "&" STR_FMT "=", STR_ARG(name));
		url_encode(&out, value, false);
	}
	return kubelet_send(r, pod->spec->node_name, text_str(&out));
}

static enum next log_read(struct request *r)
{
	struct log *log = r->work;
	const struct core_container_status *status;
	struct line_of_log lines[LINES_MAX];
	const struct core_pod *pod;
	struct str text;
	struct run run;
	const char *why;
	enum next next;

	if (r->proxied != NULL)
		return proxy_go_on(r);
	if (log->is_begun)
		return go_on(r, log);
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	pod = r->live->record;
	next = pod_connect_container(r, pod, &log->container);
	if (next != NEXT)
		return next;
	if (pod->spec->node_name.len == 0) {
		r->answer.code = 204;
		r->answer.is_empty = true;
		return DONE;
	}
	if (!kubelet_is_hollow(r->server, pod->spec->node_name))
		return ask_kubelet(r, log, pod);
	status = status_of(pod, log->container);
	why = find_run(status, log->is_previous, &run, r->arena);
	if (why != NULL)
		return no_run(r, log, why);
	if (!str_starts(run.id, SCHEME))
		return request_fail(
		    r, failure_not_implemented(r->arena, "this runtime's logs are not served yet"));
	text = print_lines(r->arena, log, lines,
			   lines_of(r->arena, &run, log->container, status->image, lines));
	if (log->is_following && run.end == NULL && r->door->text != NULL)
		return begin_following(r, log, pod, &run, text);
	return request_answer_body(r, 200, STR("text/plain"), text);
}

const struct verb_steps pod_log_steps = { .name = "log", .decode = log_decode, .read = log_read };
