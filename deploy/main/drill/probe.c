#include "deploy/main/drill/probe.h"

#include <stdio.h>

#include "deploy/main/command/ask.h"
#include "deploy/main/command/json-look.h"

#define ASK_MS 2000U
#define LOST_PAGE 500U

enum what { WHAT_WRITE = 1, WHAT_READ, WHAT_CHANGE, WHAT_NOTICE, WHAT_WATCH };
#define TAG(what, node, number) ((uint64_t)(what) << 48 | (uint64_t)(node) << 32 | (number))

struct probe_tick {
	char nothing;
};
static const ACT_TYPE(probe_tick, .id = 0);

#define PATH_MAX_BYTES 160U

static const char pulse[] =
    "{\"apiVersion\":\"apps/"
    "v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"pulse\"},\"spec\":{"
    "\"replicas\":0,\"selector\":{\"matchLabels\":{\"app\":\"pulse\"}},\"template\":{\"metadata\":{"
    "\"labels\":{\"app\":\"pulse\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"none\"}]"
    "}}}}";

/* ---- gaps --------------------------------------------------------------------------------------------------- */

static void succeeded(const struct probe *probe, struct probe_gap *gap)
{
	struct mono now = act_now(probe->act);
	int64_t waited_ms = (now.ns - gap->last.ns) / TIME_MS;

	if (gap->last.ns != 0 && waited_ms > gap->longest_ms)
		gap->longest_ms = waited_ms;
	gap->last = now;
	gap->count++;
}

static int64_t waited(const struct probe *probe, const struct probe_gap *gap)
{
	int64_t now_ms = (act_now(probe->act).ns - gap->last.ns) / TIME_MS;
	int64_t longest = now_ms > gap->longest_ms ? now_ms : gap->longest_ms;

	return longest > probe->period_ms ? longest - probe->period_ms : 0;
}

static void restart(const struct probe *probe, struct probe_gap *gap)
{
	*gap = (struct probe_gap){ .last = act_now(probe->act) };
}

void probe_mark(struct probe *probe)
{
	for (uint32_t i = 0; i < probe->count; i++) {
		restart(probe, &probe->nodes[i].writes);
		restart(probe, &probe->nodes[i].reads);
	}
	restart(probe, &probe->watched);
	restart(probe, &probe->noticed);
}

static void raise_to(int64_t *longest, int64_t value)
{
	if (value > *longest)
		*longest = value;
}

struct probe_outage probe_outage(const struct probe *probe)
{
	struct probe_outage outage = { .controllers_ms = waited(probe, &probe->noticed),
				       .watch_ms = waited(probe, &probe->watched) };

	for (uint32_t i = 0; i < probe->count; i++) {
		if (probe->nodes[i].is_lost)
			continue;
		raise_to(&outage.writes_ms, waited(probe, &probe->nodes[i].writes));
		raise_to(&outage.reads_ms, waited(probe, &probe->nodes[i].reads));
	}
	return outage;
}

bool probe_has_succeeded(const struct probe *probe, struct mono since)
{
	for (uint32_t i = 0; i < probe->count; i++) {
		const struct probe_node *node = &probe->nodes[i];

		if (!node->is_lost && (node->writes.last.ns <= since.ns || !node->writes.count ||
				       node->reads.last.ns <= since.ns || !node->reads.count))
			return false;
	}
	return probe->noticed.count > 0 && probe->noticed.last.ns > since.ns;
}

/* ---- tries ------------------------------------------------------------------------------------------------------ */

/* A path of the probe's namespace; good until the next one. */
struct probe_path {
	char text[PATH_MAX_BYTES];
};

static struct str path_in(const struct probe *probe, struct probe_path *path, const char *begin,
			  const char *end)
{
	int len = snprintf(path->text, sizeof path->text, "%s/namespaces/%s/%s", begin,
			   probe->namespace, end);

	assert(len > 0 && (size_t)len < sizeof path->text);
	return str_of(path->text, (size_t)len);
}

#define PULSES(probe, path, end) path_in((probe), (path), "/apis/apps/v1", "deployments" end)
#define WRITES(probe, path, end) path_in((probe), (path), "/api/v1", "configmaps" end)

static bool send(struct probe *probe, uint32_t node, struct http_request request, uint64_t tag)
{
	struct http_header type = { STR("content-type"), STR("application/json") };
	struct http_call *call;

	if (str_is(request.method, "PATCH"))
		type.value = STR("application/merge-patch+json");
	request.headers = (struct http_headers){ &type, request.method.len > 3 };
	if (request.timeout_ms == 0)
		request.timeout_ms = ASK_MS;
	return http_call(probe->act, probe->nodes[node].api, &request, tag, &call) == OK;
}

static bool has_room(const struct probe *probe, const struct probe_node *node)
{
	return node->waiting < 2 * ASK_MS / probe->period_ms;
}

static void write_one(struct probe *probe, uint32_t n)
{
	struct probe_node *node = &probe->nodes[n];
	struct text body = text_new(256);
	struct probe_path path;
	struct http_request request = { .method = STR("POST"), .path = WRITES(probe, &path, "") };

	if (has_room(probe, node) && node->sent < PROBE_WRITES_MAX) {
		text_printf(&body, "{\"metadata\":{\"name\":\"w-%u-%u\"},\"data\":{\"at\":\"%jd\"}}",
			    n, node->sent, (intmax_t)act_now(probe->act).ns);
		request.body = HTTP_BYTES(text_str(&body));
		if (send(probe, n, request, TAG(WHAT_WRITE, n, node->sent))) {
			node->sent++;
			node->waiting++;
		}
	}
	text_fini(&body);
}

static void read_one(struct probe *probe, uint32_t n)
{
	struct probe_node *node = &probe->nodes[n];
	struct probe_path path;
	struct http_request request = { .method = STR("GET"),
					.path = PULSES(probe, &path, "/pulse") };

	if (has_room(probe, node) && send(probe, n, request, TAG(WHAT_READ, n, probe->reads++)))
		node->waiting++;
}

/* By turns on the living nodes, so that one which hangs does not decide. */
static uint32_t next_node(struct probe *probe)
{
	uint32_t node = probe->turn++ % probe->count;

	for (uint32_t i = 0; i < probe->count && probe->nodes[node].is_lost; i++)
		node = (node + 1) % probe->count;
	return node;
}

static void change_pulse(struct probe *probe)
{
	char body[64];
	int len =
	    snprintf(body, sizeof body, "{\"spec\":{\"minReadySeconds\":%u}}", probe->turn % 2);
	struct probe_path path;
	struct http_request request = { .method = STR("PATCH"),
					.path = PULSES(probe, &path, "/pulse"),
					.body = HTTP_BYTES(str_of(body, (size_t)len)),
					.timeout_ms = ASK_MS / 4 };
	uint32_t node = next_node(probe);

	if (probe->wanted_generation == 0)
		(void)send(probe, node, request, TAG(WHAT_CHANGE, node, probe->turn));
}

static void watch(struct probe *probe)
{
	uint32_t node = next_node(probe);
	struct probe_path path;
	struct http_request request = { .method = STR("GET"),
					.path = WRITES(probe, &path, "?watch=true"),
					.is_answer_streamed = true,
					.timeout_ms = ASK_MS };

	if (probe->watch != NULL)
		return;
	probe->watch_node = node;
	if (http_call(probe->act, probe->nodes[node].api, &request,
		      TAG(WHAT_WATCH, node, probe->turn), &probe->watch) != OK)
		probe->watch = NULL;
}

static void unwatch(struct probe *probe)
{
	if (probe->watch != NULL)
		http_call_close(probe->watch);
	probe->watch = NULL;
}

static void tick(struct probe *probe)
{
	if (!probe->is_on)
		return;
	for (uint32_t i = 0; i < probe->count; i++) {
		if (probe->nodes[i].is_lost)
			continue;
		write_one(probe, i);
		read_one(probe, i);
	}
	change_pulse(probe);
	if (probe->watch != NULL && probe->nodes[probe->watch_node].is_lost)
		unwatch(probe);
	watch(probe);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void take_pulse(struct probe *probe, const struct http_call *call, bool is_change)
{
	struct arena *arena = arena_new(0);
	struct str body = http_call_body(call);
	int64_t number;

	if (is_change) {
		number = json_look_i64(arena, body, "metadata.generation");
		probe->wanted_generation = number;
	} else if (probe->wanted_generation != 0) {
		number = json_look_i64(arena, body, "status.observedGeneration");
		if (number >= probe->wanted_generation) {
			probe->wanted_generation = 0;
			succeeded(probe, &probe->noticed);
			if (probe->is_on)
				change_pulse(probe);
		}
	}
	arena_free(arena);
}

static void take_answer(struct probe *probe, const struct act_msg *msg, struct http_call *call)
{
	enum what what = (enum what)(msg->tag >> 48);
	uint32_t n = (uint32_t)(msg->tag >> 32 & 0xffff), number = (uint32_t)msg->tag;
	struct probe_node *node = &probe->nodes[n];
	int code = call != NULL ? http_call_code(call) : 0;

	if (what == WHAT_WRITE || what == WHAT_READ)
		node->waiting--;
	if (what == WHAT_WRITE && code == 201) {
		probe->acknowledged[n][number / 8] |= (uint8_t)(1U << (number % 8));
		probe->acknowledged_count++;
		succeeded(probe, &node->writes);
	} else if (what == WHAT_READ && code == 200) {
		succeeded(probe, &node->reads);
		take_pulse(probe, call, false);
	} else if (what == WHAT_CHANGE && code == 200) {
		take_pulse(probe, call, true);
	}
}

static void read_watch(struct probe *probe)
{
	char bytes[16 * KIB];
	bool has_ended = false;

	while (probe->watch != NULL &&
	       http_call_read(probe->watch, bytes, sizeof bytes, &has_ended) > 0)
		succeeded(probe, &probe->watched);
	if (has_ended)
		unwatch(probe);
}

bool probe_receive(struct probe *probe, const struct act_msg *msg)
{
	if (ACT_IS(msg, probe_tick)) {
		tick(probe);
	} else if (msg->kind == ACT_ANSWER && msg->tag >> 48 == WHAT_WATCH) {
		/* Refused or lost: the next tick asks somebody else. */
		if (probe->watch != NULL &&
		    (msg->status != OK || http_call_code(probe->watch) != 200))
			unwatch(probe);
	} else if (msg->kind == ACT_ANSWER && msg->tag >> 48 >= WHAT_WRITE) {
		struct http_call *call = msg->status == OK ? ACT_AS(msg, http_answered)->call : NULL;

		take_answer(probe, msg, call);
		if (call != NULL)
			http_call_close(call);
	} else if (ACT_IS(msg, http_call_readable)) {
		read_watch(probe);
	} else if (ACT_IS(msg, http_call_broken)) {
		unwatch(probe);
	} else {
		return false;
	}
	return true;
}

/* ---- beginning and end ----------------------------------------------------------------------------------------------- */

bool probe_begin(struct probe *probe, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct probe_path path;
	struct str body = STR_NONE;
	int code = 0;
	bool is_made;

	(void)PULSES(probe, &path, "");
	is_made = ask_client(probe->act, probe->nodes[0].api, "POST", path.text,
			     str_of(pulse, sizeof pulse - 1), arena, &code, &body, why);
	if (is_made && code != 201) {
		(void)fault_set(why, INVALID, "", "the probe's Deployment was refused: %d " STR_FMT,
				code, STR_ARG(str_slice(body, 0, 200)));
		is_made = false;
	}
	arena_free(arena);
	probe_mark(probe);
	probe->is_on = is_made;
	act_every(probe->act, probe->period_ms, &probe_tick_type, &(struct probe_tick){ 0 });
	return is_made;
}

void probe_end(struct probe *probe)
{
	uint32_t waiting = 1;

	probe->is_on = false;
	unwatch(probe);
	for (uint32_t waited = 0; waiting > 0 && waited < ASK_MS + probe->period_ms;
	     waited += probe->period_ms) {
		act_sleep(probe->act, probe->period_ms);
		waiting = 0;
		for (uint32_t i = 0; i < probe->count; i++)
			waiting += probe->nodes[i].waiting;
	}
}

struct counting {
	const struct probe *probe;
	struct arena *arena;
	uint64_t found;
};

static void count_write(void *arg, struct str item)
{
	struct counting *counting = arg;
	struct str rest = json_look(counting->arena, item, "metadata.name");
	struct str head = str_cut(&rest, '-'), node = str_cut(&rest, '-');
	uint64_t n = 0, number = 0;

	if (!str_is(head, "w") || str_to_u64(node, &n) != OK || str_to_u64(rest, &number) != OK ||
	    n >= PROBE_NODES_MAX || number >= PROBE_WRITES_MAX)
		return;
	if (counting->probe->acknowledged[n][number / 8] & 1U << (number % 8))
		counting->found++;
}

/* One page of them; false: it was not answered. */
static bool count_page(struct counting *counting, uint32_t node, struct str *more, struct fault *why)
{
	struct text path = text_in(counting->arena, 4 * KIB);
	struct probe_path place;
	struct str body;
	int code = 0;

	text_printf(&path, STR_FMT "?limit=%u%s", STR_ARG(WRITES(counting->probe, &place, "")),
		    LOST_PAGE, more->len ? "&continue=" : "");
	text_add(&path, *more);
	text_add_char(&path, '\0');
	if (!ask_client(counting->probe->act, counting->probe->nodes[node].api, "GET", path.at,
			STR_NONE, counting->arena, &code, &body, why))
		return false;
	if (code != 200)
		return fault_set(why, INVALID, "", "the writes cannot be counted: %d", code) == OK;
	json_look_each(counting->arena, body, "items", count_write, counting);
	*more = json_look(counting->arena, body, "metadata.continue");
	return true;
}

bool probe_count_lost(struct probe *probe, uint32_t node, uint64_t *out_lost, struct fault *why)
{
	struct counting counting = { .probe = probe, .arena = arena_new(0) };
	struct str more = STR("");
	bool is_counted;

	do
		is_counted = count_page(&counting, node, &more, why);
	while (is_counted && more.len > 0);
	arena_free(counting.arena);
	if (is_counted)
		*out_lost = probe->acknowledged_count - counting.found;
	return is_counted;
}
