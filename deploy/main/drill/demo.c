#include "deploy/main/drill/demo-private.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/cluster/embedded.h"

#define LOOK_MS 10U
#define SETTLE_MS 1500U /* a gap is seen whole when as much time has passed without one */
#define READY_MS 30000U
#define PODS 8U /* of the Deployment, once it was scaled */
#define PODS_MS 90000U

int64_t demo_ms(struct mono since)
{
	return (loop_clock()->mono(loop_clock()->self).ns - since.ns) / TIME_MS;
}

void demo_say(const struct demo *demo, const char *format, ...)
{
	FILE *out = demo->is_json ? stderr : stdout;
	va_list args;

	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	fputc('\n', out);
	fflush(out);
}

bool demo_fail(struct demo *demo, const char *format, ...)
{
	va_list args;

	if (demo->code != EXIT_DONE)
		return false; /* the first reason is the one to be told */
	fputs("troupe: demo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	demo->code = EXIT_FAILED;
	return false;
}

/* ---- the cluster forms -------------------------------------------------------------------------------------- */

static bool load_keys(struct demo *demo)
{
	struct pki pki;
	struct tls_config config = { .alpn = STR("h2,http/1.1"), .now = loop_clock()->wall };

	if (pki_load(loop_files(), arena_printf(demo->arena, "%s/pki", demo->nodes[0].folder).at,
		     demo->arena, &pki, &demo->why) != OK)
		return demo_fail(demo, "%s", demo->why.text);
	config.certificate_pem = pki.admin.certificate_pem;
	config.key_pem = pki.admin.key_pem;
	config.authorities_pem = pki.ca.certificate_pem;
	if (tls_context_new(&config, &demo->tls, &demo->why) != OK)
		return demo_fail(demo, "%s", demo->why.text);
	return true;
}

static bool first_node(struct demo *demo)
{
	struct demo_node *node = &demo->nodes[0];
	struct mono since = loop_clock()->mono(loop_clock()->self);

	if (!demo_start_node(demo, node, NULL) || !demo_connect(demo, node) ||
	    !demo_wait_ready(demo, node, READY_MS))
		return false;
	demo->ready_ms = demo_ms(since);
	demo_say(demo, "  n1 is a cluster of its own after %jd ms: https://%s:6443",
		 (intmax_t)demo->ready_ms, node->address);
	if (!load_keys(demo))
		return false;
	return demo_connect_api(demo, node);
}

static bool others(struct demo *demo)
{
	uint32_t wanted = demo->node_count < 3 ? 1 : demo->node_count < 7 ? 3 : 5;
	struct mono since = loop_clock()->mono(loop_clock()->self);
	struct arena *arena = arena_new(0);
	struct str token = STR_NONE;
	int code = 0;

	if (demo->node_count > 1 && (!demo_ask(demo, demo->nodes[0].socket, "POST",
					       "/troupe/tokens", STR(""), arena, &code, &token) ||
				     code != 200))
		return demo_fail(demo, "no token: " STR_FMT, STR_ARG(token));
	for (uint32_t i = 1; i < demo->node_count; i++)
		if (!demo_start_node(demo, &demo->nodes[i],
				     arena_cstr(demo->arena, str_trim(token))))
			return false;
	arena_free(arena);
	while (demo_view(demo, &demo->nodes[0]).voters < wanted) {
		if (demo_ms(since) > READY_MS)
			return demo_fail(demo, "there are not %u voters within %u s", wanted,
					 READY_MS / 1000);
		act_sleep(demo->act, LOOK_MS);
	}
	demo->ha_ms = demo_ms(since);
	for (uint32_t i = 1; i < demo->node_count; i++)
		if (!demo_connect(demo, &demo->nodes[i]) ||
		    !demo_wait_ready(demo, &demo->nodes[i], READY_MS))
			return false;
	if (wanted > 1)
		demo_say(
		    demo,
		    "  %u more joined by token; three voters, highly available %jd ms after they "
		    "were started",
		    demo->node_count - 1, (intmax_t)demo->ha_ms);
	return true;
}

/* ---- kubectl works ------------------------------------------------------------------------------------------- */

static bool write_manifest(struct demo *demo, char *path, size_t size)
{
	const char *given = command_text(demo->line, "manifest");
	FILE *file;

	snprintf(path, size, "%s", given ? given : "");
	if (given != NULL)
		return true;
	snprintf(path, size, "%s/ten-objects.yaml", demo->folder);
	file = fopen(path, "we");
	if (file == NULL)
		return demo_fail(demo, "cannot write %s", path);
	fwrite(cluster_demo, 1, cluster_demo_len, file);
	return fclose(file) == 0 || demo_fail(demo, "cannot write %s", path);
}

static bool work(struct demo *demo)
{
	char manifest[1024];
	struct mono since;

	demo_say(demo, "\nkubectl works as with any cluster");
	if (!write_manifest(demo, manifest, sizeof manifest) ||
	    !DEMO_KUBECTL(demo, 1, "create", "namespace", DEMO_NAMESPACE) ||
	    !DEMO_KUBECTL(demo, 12, "apply", "-f", manifest))
		return false;
	since = loop_clock()->mono(loop_clock()->self);
	if (!DEMO_KUBECTL(demo, 2, "rollout", "status", "deployment/web", "--timeout=60s"))
		return false;
	demo->rollout_ms = demo_ms(since);
	return DEMO_KUBECTL(demo, 1, "scale", "deployment/web", "--replicas=8") &&
	       DEMO_KUBECTL(demo, 2, "rollout", "status", "deployment/web", "--timeout=60s") &&
	       DEMO_KUBECTL(demo, 1, "rollout", "restart", "deployment/web") &&
	       DEMO_KUBECTL(demo, 3, "rollout", "status", "deployment/web", "--timeout=60s") &&
	       DEMO_KUBECTL(demo, 9, "describe", "deployment/web") &&
	       DEMO_KUBECTL(demo, 10, "get", "pods", "-o", "wide") &&
	       DEMO_KUBECTL(demo, 8, "get", "nodes,members.troupe.internal");
}

/* ---- things are killed ----------------------------------------------------------------------------------------- */

static bool let_settle(struct demo *demo, struct demo_act *act, uint32_t voters,
		       struct demo_view *out)
{
	struct mono since = loop_clock()->mono(loop_clock()->self);

	act_sleep(demo->act, SETTLE_MS);
	if (!demo_await_voters(demo, voters, out))
		return demo_fail(demo, "there are not %u voters again within %u s", voters,
				 DEMO_HEAL_MS / 1000);
	/* Controllers are the last: what they were asked meanwhile has to have been noticed. */
	while (demo->probe.noticed.last.ns < since.ns && demo_ms(since) < DEMO_HEAL_MS)
		act_sleep(demo->act, LOOK_MS);
	act->outage = probe_outage(&demo->probe);
	if (act->outage.watch_ms > demo->watch_gap_ms)
		demo->watch_gap_ms = act->outage.watch_ms;
	return true;
}

static struct demo_act *begin_act(struct demo *demo, const char *what)
{
	struct demo_act *act = &demo->acts[demo->act_count++];

	act->what = what;
	probe_mark(&demo->probe);
	return act;
}

static bool await_restart(struct demo *demo, struct demo_node *node, const char *host, int64_t old)
{
	struct mono since = loop_clock()->mono(loop_clock()->self);
	int64_t pid = old;

	while ((pid == 0 || pid == old) && demo_ms(since) < DEMO_HEAL_MS) {
		act_sleep(demo->act, LOOK_MS);
		pid = demo_host_pid(demo, node, host);
	}
	return (pid != 0 && pid != old) || demo_fail(demo, "%s has no process %s again within %u s",
						     node->name, host, DEMO_HEAL_MS / 1000);
}

static bool nobody_leads(struct demo *demo)
{
	return demo_fail(demo, "the nodes do not agree upon a leader within %u s",
			 DEMO_HEAL_MS / 1000);
}

static bool kill_host(struct demo *demo, const char *what, const char *host, uint32_t voters)
{
	struct demo_view view;
	struct demo_node *node;
	struct demo_act *act;
	int64_t pid;

	if (!demo_await_voters(demo, voters, &view))
		return nobody_leads(demo);
	node = &demo->nodes[view.leader];
	pid = demo_host_pid(demo, node, host);
	if (pid == 0)
		return demo_fail(demo, "%s has no process %s", node->name, host);
	act = begin_act(demo, what);
	if (!demo_kill(demo, pid) || !await_restart(demo, node, host, pid) ||
	    !let_settle(demo, act, voters, &view))
		return false;
	demo_say(demo,
		 "  kill -9 of %s's process %s (pid %jd): writes paused %jd ms, controllers %jd ms",
		 node->name, host, (intmax_t)pid, (intmax_t)act->outage.writes_ms,
		 (intmax_t)act->outage.controllers_ms);
	return true;
}

struct pods_look {
	struct arena *arena;
	const char *node;
	uint32_t on_node, ready;
};

static void look_at_condition(void *arg, struct str condition)
{
	struct pods_look *look = arg;

	look->ready += str_is(json_look(look->arena, condition, "type"), "Ready") &&
		       str_is(json_look(look->arena, condition, "status"), "True");
}

static void look_at_pod(void *arg, struct str pod)
{
	struct pods_look *look = arg;

	if (json_look(look->arena, pod, "metadata.deletionTimestamp").at != NULL)
		return;
	if (str_is(json_look(look->arena, pod, "spec.nodeName"), look->node))
		look->on_node++;
	else
		json_look_each(look->arena, pod, "status.conditions", look_at_condition, look);
}

static struct pods_look look_at_pods(struct demo *demo, const char *node)
{
	struct pods_look look = { .arena = arena_new(0), .node = node };
	struct str body;
	int code = 0;

	if (demo_ask(demo, demo_living(demo)->api, "GET",
		     "/api/v1/namespaces/" DEMO_NAMESPACE "/pods?labelSelector=app%3Dweb", STR_NONE,
		     look.arena, &code, &body) &&
	    code == 200)
		json_look_each(look.arena, body, "items", look_at_pod, &look);
	arena_free(look.arena);
	return look;
}

/* Its root first, or that would start the others again; they end with it, and are killed all the same. */
static bool kill_whole(struct demo *demo, struct demo_node *node)
{
	int64_t pids[] = { demo_host_pid(demo, node, "core"), demo_host_pid(demo, node, "control"),
			   demo_host_pid(demo, node, "node") };

	node->is_lost = true;
	demo->probe.nodes[node - demo->nodes].is_lost = true;
	if (!demo_kill(demo, node->pid))
		return false;
	for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++)
		if (pids[i] != 0)
			(void)!kill((pid_t)pids[i], SIGKILL);
	return true;
}

static void note_promoted(struct demo *demo, const struct demo_view *before,
			  const struct demo_view *after)
{
	for (uint32_t i = 0; i < demo->node_count; i++)
		if (before->roles[i] == 's' && after->roles[i] == 'v')
			snprintf(demo->promoted, sizeof demo->promoted, "%s", demo->nodes[i].name);
}

static bool await_pods(struct demo *demo, const struct demo_node *lost, struct mono since)
{
	struct pods_look pods;

	do {
		act_sleep(demo->act, 10 * LOOK_MS);
		pods = look_at_pods(demo, lost->name);
	} while ((pods.on_node > 0 || pods.ready < PODS) && demo_ms(since) < PODS_MS);
	return (pods.on_node == 0 && pods.ready >= PODS) ||
	       demo_fail(demo, "%u pods of the lost machine were not replaced within %u s",
			 pods.on_node, PODS_MS / 1000);
}

static bool lose_node(struct demo *demo, uint32_t voters)
{
	struct demo_view before, after;
	struct demo_node *node;
	struct demo_act *act;
	struct mono since;

	if (!demo_await_voters(demo, voters, &before))
		return nobody_leads(demo);
	node = &demo->nodes[before.leader];
	demo->pods_replaced = look_at_pods(demo, node->name).on_node;
	demo->memory_bytes[before.leader] = demo_memory(demo, node);
	act = begin_act(demo, "the leader's whole node");
	since = loop_clock()->mono(loop_clock()->self);
	if (!kill_whole(demo, node))
		return false;
	/* It is taken for dead after a while only; then whoever stands by gets its vote. */
	if (!let_settle(demo, act, demo->node_count > 3 ? voters : voters - 1, &after))
		return false;
	note_promoted(demo, &before, &after);
	demo_say(
	    demo,
	    "  kill -9 of all of %s, root included: writes paused %jd ms, controllers %jd ms%s%s",
	    node->name, (intmax_t)act->outage.writes_ms, (intmax_t)act->outage.controllers_ms,
	    demo->promoted[0] ? "; a voter now: " : "", demo->promoted);
	if (!await_pods(demo, node, since))
		return false;
	demo_say(demo, "  its %ju pods run elsewhere after %jd ms", (uintmax_t)demo->pods_replaced,
		 (intmax_t)demo_ms(since));
	return true;
}

static bool begin_probe(struct demo *demo)
{
	struct probe *probe = &demo->probe;

	probe->act = demo->act;
	probe->namespace = DEMO_NAMESPACE;
	probe->period_ms = DEMO_PERIOD_MS;
	probe->count = demo->node_count;
	for (uint32_t i = 0; i < demo->node_count; i++)
		probe->nodes[i].api = demo->nodes[i].api;
	return probe_begin(probe, &demo->why) || demo_fail(demo, "%s", demo->why.text);
}

static bool hurt(struct demo *demo)
{
	uint32_t voters = demo_view(demo, &demo->nodes[0]).voters;

	demo_say(demo, "\nnow things are killed; a prober writes 10 times a second to every node, "
		       "kubectl get -w "
		       "runs");
	if (!demo_watch_start(demo) || !begin_probe(demo))
		return false;
	act_sleep(demo->act, SETTLE_MS);
	if (!kill_host(demo, "the leader's controllers", "control", voters) ||
	    !kill_host(demo, "the leader's core (API, data)", "core", voters))
		return false;
	if (demo->node_count >= 3 && !lose_node(demo, voters))
		return false;
	probe_end(&demo->probe);
	return probe_count_lost(&demo->probe, (uint32_t)(demo_living(demo) - demo->nodes),
				&demo->lost_writes, &demo->why) ||
	       demo_fail(demo, "%s", demo->why.text);
}

/* ---- the story ----------------------------------------------------------------------------------------------------- */

static void measure_memory(struct demo *demo)
{
	for (uint32_t i = 0; i < demo->node_count; i++)
		if (!demo->nodes[i].is_lost)
			demo->memory_bytes[i] = demo_memory(demo, &demo->nodes[i]);
}

static void story(struct act *act, void *state, void *arg)
{
	struct demo *demo = *(struct demo **)state;

	(void)act;
	(void)arg;
	demo_say(demo, "\n%u nodes, each with its own address and directory (%s)", demo->node_count,
		 demo->folder);
	if (first_node(demo) && others(demo) && work(demo) && hurt(demo)) {
		measure_memory(demo);
		demo_say(demo, "  kubectl get -w saw %u lines of pods and never stopped",
			 demo_watch_lines(demo));
		demo_report(demo);
		if (demo->lost_writes > 0)
			demo_fail(demo, "acknowledged writes were lost");
	}
	if (command_flag(demo->line, "keep") && demo->code == EXIT_DONE)
		demo_say(
		    demo, "\nthe cluster goes on until this program ends (Ctrl-C); KUBECONFIG=%s/admin.kubeconfig",
		    demo_living(demo)->folder);
	while (command_flag(demo->line, "keep") && demo->code == EXIT_DONE && !demo->is_done)
		act_sleep(demo->act, 10 * LOOK_MS);
	demo_stop_all(demo);
	demo->is_done = true;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct demo *demo = *(struct demo **)state;

	(void)act;
	if (probe_receive(&demo->probe, msg))
		return ACT_OK;
	if (ACT_IS(msg, loop_ended))
		demo_ended(demo, msg->body);
	else if (ACT_IS(msg, loop_signal))
		demo->is_done = demo_fail(demo, "interrupted") || true;
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct demo *demo = *(struct demo *const *)args;

	*(struct demo **)state = demo;
	demo->act = act;
	TRY(loop_on_signal(act, SIGINT));
	TRY(loop_on_signal(act, SIGTERM));
	return act_task(act, story, NULL);
}

static const struct act_class demo_class = {
	.name = "demo", .state_size = sizeof(struct demo *), .init = init, .receive = receive
};

/* ---- the verb ------------------------------------------------------------------------------------------------------- */

static bool make_folder(struct demo *demo)
{
	const char *tmp = getenv("TMPDIR"), *given = command_text(demo->line, "data-dir");

	if (given != NULL)
		snprintf(demo->folder, sizeof demo->folder, "%.800s", given);
	else
		snprintf(demo->folder, sizeof demo->folder, "%.800s/troupe-demo-XXXXXX",
			 tmp ? tmp : "/tmp");
	if (given != NULL ? mkdir(demo->folder, 0700) == 0 : mkdtemp(demo->folder) != NULL)
		return true;
	return demo_fail(demo, "cannot make the folder %s", demo->folder);
}

static void name_nodes(struct demo *demo)
{
	for (uint32_t i = 0; i < demo->node_count; i++) {
		struct demo_node *node = &demo->nodes[i];

		snprintf(node->name, sizeof node->name, "n%u", (uint8_t)(i + 1));
		snprintf(node->address, sizeof node->address, "127.0.0.%u", (uint8_t)(11 + i));
		node->folder = arena_printf(demo->arena, "%s/%s", demo->folder, node->name).at;
	}
}

static int run(struct demo *demo)
{
	if (ask_run(&demo_class, &demo, &demo->is_done, 0) != OK)
		return command_failed("demo: cannot start");
	tls_context_unref(demo->tls);
	return demo->code;
}

int demo_run(const struct command_line *line)
{
	static struct demo demo;
	int64_t nodes = command_number(line, "nodes");

	if (nodes < 1 || nodes > DEMO_NODES_MAX)
		return command_failed("demo: --nodes wants 1 to %u", DEMO_NODES_MAX), EXIT_USAGE;
	demo.line = line;
	demo.arena = arena_new(0);
	demo.is_json = command_flag(line, "json");
	demo.node_count = (uint32_t)nodes;
	if (!make_folder(&demo))
		return demo.code;
	name_nodes(&demo);
	return run(&demo);
}
