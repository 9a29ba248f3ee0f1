/*
 * The probe: a client that never stops. Ten times a second it writes to every living node and reads from it, it watches what is
 * written, and it changes a Deployment without pods and looks when controllers have noticed.
 *
 * A write that was answered 201 is acknowledged, and has to be there at the end; nothing is tried twice. What is measured is the
 * longest time without a success, less the period in which one tries.
 */
#include <stdio.h>

#include "deploy/main/demo-private.h"

#define ASK_MS 2000U
#define WAITING_MAX 40U /* of one node: two seconds of writes */
#define LOST_PAGE 500U

enum what { WHAT_WRITE = 1, WHAT_READ, WHAT_CHANGE, WHAT_NOTICE, WHAT_WATCH };
#define TAG(what, node, number) ((uint64_t)(what) << 48 | (uint64_t)(node) << 32 | (number))

struct demo_tick {
	char nothing;
};
static const ACT_TYPE(demo_tick, .id = 0);

#define PULSE_PATH "/apis/apps/v1/namespaces/" DEMO_NAMESPACE "/deployments"
#define WRITES_PATH "/api/v1/namespaces/" DEMO_NAMESPACE "/configmaps"

static const char pulse[] =
    "{\"apiVersion\":\"apps/"
    "v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"pulse\"},\"spec\":{"
    "\"replicas\":0,\"selector\":{\"matchLabels\":{\"app\":\"pulse\"}},\"template\":{\"metadata\":{"
    "\"labels\":{\"app\":\"pulse\"}},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"none\"}]"
    "}}}}";

/* ---- gaps --------------------------------------------------------------------------------------------------- */

static void succeeded(const struct demo *demo, struct demo_gap *gap)
{
	struct mono now = act_now(demo->act);
	int64_t waited_ms = (now.ns - gap->last.ns) / TIME_MS;

	if (gap->last.ns != 0 && waited_ms > gap->longest_ms)
		gap->longest_ms = waited_ms;
	gap->last = now;
}

static int64_t waited(const struct demo *demo, const struct demo_gap *gap)
{
	int64_t now_ms = (act_now(demo->act).ns - gap->last.ns) / TIME_MS;
	int64_t longest = now_ms > gap->longest_ms ? now_ms : gap->longest_ms;

	return longest > DEMO_PERIOD_MS ? longest - DEMO_PERIOD_MS : 0;
}

static void restart(const struct demo *demo, struct demo_gap *gap)
{
	*gap = (struct demo_gap){ .last = act_now(demo->act) };
}

void demo_probe_mark(struct demo *demo)
{
	struct demo_probe *probe = &demo->probe;

	for (uint32_t i = 0; i < demo->node_count; i++) {
		restart(demo, &probe->writers[i].writes);
		restart(demo, &probe->writers[i].reads);
	}
	restart(demo, &probe->watched);
	restart(demo, &probe->noticed);
}

void demo_probe_read(struct demo *demo, struct demo_act *act)
{
	const struct demo_probe *probe = &demo->probe;

	for (uint32_t i = 0; i < demo->node_count; i++) {
		int64_t writes_ms = waited(demo, &probe->writers[i].writes);
		int64_t reads_ms = waited(demo, &probe->writers[i].reads);

		if (demo->nodes[i].is_lost)
			continue;
		act->writes_ms = writes_ms > act->writes_ms ? writes_ms : act->writes_ms;
		act->reads_ms = reads_ms > act->reads_ms ? reads_ms : act->reads_ms;
	}
	act->controllers_ms = waited(demo, &probe->noticed);
	act->watch_ms = waited(demo, &probe->watched);
	if (act->watch_ms > demo->watch_gap_ms)
		demo->watch_gap_ms = act->watch_ms;
}

/* ---- tries ------------------------------------------------------------------------------------------------------ */

static bool send(struct demo *demo, uint32_t node, struct http_request request, uint64_t tag)
{
	struct http_header type = { STR("content-type"), STR("application/json") };
	struct http_call *call;

	if (str_is(request.method, "PATCH"))
		type.value = STR("application/merge-patch+json");
	request.headers = (struct http_headers){ &type, request.method.len > 3 };
	if (request.timeout_ms == 0)
		request.timeout_ms = ASK_MS;
	return http_call(demo->act, demo->nodes[node].api, &request, tag, &call) == OK;
}

static void write_one(struct demo *demo, uint32_t node)
{
	struct demo_writer *writer = &demo->probe.writers[node];
	struct text body = text_new(256);
	struct http_request request = { .method = STR("POST"), .path = STR(WRITES_PATH) };

	if (writer->waiting < WAITING_MAX && writer->sent < DEMO_WRITES_MAX) {
		text_printf(&body, "{\"metadata\":{\"name\":\"w-%u-%u\"},\"data\":{\"at\":\"%jd\"}}",
			    node, writer->sent, (intmax_t)act_now(demo->act).ns);
		request.body = HTTP_BYTES(text_str(&body));
		if (send(demo, node, request, TAG(WHAT_WRITE, node, writer->sent))) {
			writer->sent++;
			writer->waiting++;
		}
	}
	text_fini(&body);
}

static void read_one(struct demo *demo, uint32_t node)
{
	struct demo_writer *writer = &demo->probe.writers[node];
	struct http_request request = { .method = STR("GET"), .path = STR(PULSE_PATH "/pulse") };

	if (writer->waiting < WAITING_MAX && send(demo, node, request, TAG(WHAT_READ, node, 0)))
		writer->waiting++;
}

/* By turns on the living nodes, so that one which hangs does not decide. */
static uint32_t next_node(struct demo *demo)
{
	uint32_t node = demo->probe.turn++ % demo->node_count;

	for (uint32_t i = 0; i < demo->node_count && demo->nodes[node].is_lost; i++)
		node = (node + 1) % demo->node_count;
	return node;
}

static void change_pulse(struct demo *demo)
{
	char body[64];
	int len = snprintf(body, sizeof body, "{\"spec\":{\"minReadySeconds\":%u}}",
			   demo->probe.turn % 2);
	struct http_request request = { .method = STR("PATCH"),
					.path = STR(PULSE_PATH "/pulse"),
					.body = HTTP_BYTES(str_of(body, (size_t)len)),
					.timeout_ms = ASK_MS / 4 };
	uint32_t node = next_node(demo);

	if (demo->probe.wanted_generation == 0)
		(void)send(demo, node, request, TAG(WHAT_CHANGE, node, 0));
}

static void watch(struct demo *demo)
{
	struct demo_probe *probe = &demo->probe;
	uint32_t node = next_node(demo);
	struct http_request request = { .method = STR("GET"),
					.path = STR(WRITES_PATH "?watch=true"),
					.is_answer_streamed = true,
					.timeout_ms = ASK_MS };

	if (probe->watch != NULL)
		return;
	probe->watch_node = node;
	if (http_call(demo->act, demo->nodes[node].api, &request, TAG(WHAT_WATCH, node, 0),
		      &probe->watch) != OK)
		probe->watch = NULL;
}

static void unwatch(struct demo_probe *probe)
{
	if (probe->watch != NULL)
		http_call_close(probe->watch);
	probe->watch = NULL;
}

static void tick(struct demo *demo)
{
	struct demo_probe *probe = &demo->probe;

	if (!probe->is_on)
		return;
	for (uint32_t i = 0; i < demo->node_count; i++) {
		if (demo->nodes[i].is_lost)
			continue;
		write_one(demo, i);
		read_one(demo, i);
	}
	change_pulse(demo);
	if (probe->watch != NULL && demo->nodes[probe->watch_node].is_lost)
		unwatch(probe);
	watch(demo);
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void take_pulse(struct demo *demo, const struct http_call *call, bool is_change)
{
	struct demo_probe *probe = &demo->probe;
	struct arena *arena = arena_new(0);
	struct str body = http_call_body(call);
	int64_t number = 0;

	if (is_change && str_to_i64(demo_json(arena, body, "metadata.generation"), &number) == OK)
		probe->wanted_generation = number;
	if (!is_change && probe->wanted_generation != 0 &&
	    str_to_i64(demo_json(arena, body, "status.observedGeneration"), &number) == OK &&
	    number >= probe->wanted_generation) {
		probe->wanted_generation = 0;
		succeeded(demo, &probe->noticed);
		change_pulse(demo);
	}
	arena_free(arena);
}

static void take_answer(struct demo *demo, const struct act_msg *msg, struct http_call *call)
{
	enum what what = (enum what)(msg->tag >> 48);
	uint32_t node = (uint32_t)(msg->tag >> 32 & 0xffff), number = (uint32_t)msg->tag;
	struct demo_writer *writer = &demo->probe.writers[node];
	int code = call != NULL ? http_call_code(call) : 0;

	if (what == WHAT_WRITE || what == WHAT_READ)
		writer->waiting--;
	if (what == WHAT_WRITE && code == 201) {
		demo->probe.acknowledged[node][number / 8] |= (uint8_t)(1U << (number % 8));
		demo->probe.acknowledged_count++;
		succeeded(demo, &writer->writes);
	} else if (what == WHAT_READ && code == 200) {
		succeeded(demo, &writer->reads);
		take_pulse(demo, call, false);
	} else if (what == WHAT_CHANGE && code == 200) {
		take_pulse(demo, call, true);
	}
}

static void take_watch(struct demo *demo, const struct act_msg *msg)
{
	if (msg->status != OK || http_call_code(demo->probe.watch) != 200)
		unwatch(&demo->probe); /* the next tick asks somebody else */
}

static void read_watch(struct demo *demo)
{
	struct demo_probe *probe = &demo->probe;
	char bytes[16 * KIB];
	bool has_ended = false;
	size_t len;

	while (probe->watch != NULL &&
	       (len = http_call_read(probe->watch, bytes, sizeof bytes, &has_ended)) > 0) {
		for (size_t i = 0; i < len; i++)
			probe->events += bytes[i] == '\n';
		succeeded(demo, &probe->watched);
	}
	if (has_ended)
		unwatch(probe);
}

bool demo_probe_receive(struct demo *demo, const struct act_msg *msg)
{
	struct demo_probe *probe = &demo->probe;

	if (ACT_IS(msg, demo_tick)) {
		tick(demo);
	} else if (msg->kind == ACT_ANSWER && msg->tag >> 48 == WHAT_WATCH) {
		if (probe->watch != NULL)
			take_watch(demo, msg);
	} else if (msg->kind == ACT_ANSWER && msg->tag >> 48 >= WHAT_WRITE) {
		struct http_call *call = msg->status == OK ? ACT_AS(msg, http_answered)->call : NULL;

		take_answer(demo, msg, call);
		if (call != NULL)
			http_call_close(call);
	} else if (ACT_IS(msg, http_call_readable)) {
		read_watch(demo);
	} else if (ACT_IS(msg, http_call_broken)) {
		unwatch(probe);
	} else {
		return false;
	}
	return true;
}

/* ---- beginning and end ----------------------------------------------------------------------------------------------- */

bool demo_probe_begin(struct demo *demo)
{
	struct arena *arena = arena_new(0);
	struct str body = STR_NONE;
	int code = 0;
	bool is_made = demo_ask(demo, demo->nodes[0].api, "POST", PULSE_PATH,
				str_of(pulse, sizeof pulse - 1), arena, &code, &body) &&
		       code == 201;

	if (!is_made)
		demo_fail(demo, "the probe's Deployment was refused: %d " STR_FMT, code,
			  STR_ARG(str_slice(body, 0, 200)));
	arena_free(arena);
	demo_probe_mark(demo);
	demo->probe.is_on = is_made;
	act_every(demo->act, DEMO_PERIOD_MS, &demo_tick_type, &(struct demo_tick){ 0 });
	return is_made;
}

void demo_probe_end(struct demo *demo)
{
	demo->probe.is_on = false;
	unwatch(&demo->probe);
	/* Whatever is still under way is answered, or too late, after this. */
	act_sleep(demo->act, ASK_MS + DEMO_PERIOD_MS);
}

struct counting {
	struct demo *demo;
	struct arena *arena;
	uint64_t found;
};

static void count_write(void *arg, struct str item)
{
	struct counting *counting = arg;
	struct str rest = demo_json(counting->arena, item, "metadata.name");
	struct str head = str_cut(&rest, '-'), node = str_cut(&rest, '-');
	uint64_t n = 0, number = 0;

	if (!str_is(head, "w") || str_to_u64(node, &n) != OK || str_to_u64(rest, &number) != OK ||
	    n >= DEMO_NODES_MAX || number >= DEMO_WRITES_MAX)
		return;
	if (counting->demo->probe.acknowledged[n][number / 8] & 1U << (number % 8))
		counting->found++;
}

bool demo_probe_count_lost(struct demo *demo)
{
	struct counting counting = { .demo = demo, .arena = arena_new(0) };
	struct str body, more = STR("");
	int code = 0;

	do {
		struct text path = text_in(counting.arena, 4 * KIB);

		text_printf(&path, WRITES_PATH "?limit=%u%s", LOST_PAGE,
			    more.len ? "&continue=" : "");
		text_add(&path, more);
		text_add_char(&path, '\0');
		if (!demo_ask(demo, demo_living(demo)->api, "GET", path.at, STR_NONE,
			      counting.arena, &code, &body) ||
		    code != 200)
			break;
		demo_json_each(counting.arena, body, "items", count_write, &counting);
		more = demo_json(counting.arena, body, "metadata.continue");
	} while (more.len > 0);
	arena_free(counting.arena);
	if (code != 200)
		return demo_fail(demo, "the writes cannot be counted: %d", code);
	demo->lost_writes = demo->probe.acknowledged_count - counting.found;
	return true;
}
