#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/drill/demo-private.h"

#define LOOK_MS 5U
#define ASK_MS 5000U
#define KUBECTL_MS 120000U
#define WORDS_MAX 24U

/* ---- processes ------------------------------------------------------------------------------------------- */

static bool spawn(struct demo *demo, const char *const *words, const char *const *env,
		  const char *log, bool is_appending, int64_t *out_pid)
{
	int file =
	    open(log, O_WRONLY | O_CREAT | O_CLOEXEC | (is_appending ? O_APPEND : O_TRUNC), 0600);
	int fds[] = { -1, file, file };
	struct seams_spawn spec = { .argv = words,
				    .env = env,
				    .fds = fds,
				    .fd_count = 3,
				    .is_group_leader = true,
				    .dies_with_us = true };
	enum status status = IO;

	if (file >= 0)
		status = loop_spawn(demo->act, &spec, out_pid, &demo->why);
	if (file >= 0)
		close(file);
	return status == OK || demo_fail(demo, "cannot start %s: %s", words[0],
					 file < 0 ? "its log cannot be written" : demo->why.text);
}

bool demo_start_node(struct demo *demo, struct demo_node *node, const char *token)
{
	char program[1024], log[1100];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	const char *words[WORDS_MAX] = { program,      "up",         "--name",
					 node->name,   "--listen",   node->address,
					 "--data-dir", node->folder, token ? "--join" : NULL,
					 token };

	if (len <= 0)
		return demo_fail(demo, "cannot find this program's file");
	program[len] = '\0';
	snprintf(log, sizeof log, "%s.log", node->folder);
	return spawn(demo, words, NULL, log, true, &node->pid);
}

void demo_ended(struct demo *demo, const struct loop_ended *ended)
{
	struct demo_kubectl *runs[] = { &demo->kubectl, &demo->watcher };

	for (size_t i = 0; i < 2; i++)
		if (runs[i]->pid == ended->pid) {
			runs[i]->has_ended = true;
			runs[i]->code = ended->code;
		}
	for (uint32_t i = 0; i < demo->node_count; i++)
		if (demo->nodes[i].pid == ended->pid)
			demo->nodes[i].pid = 0;
}

static void kill_child(struct demo *demo, int64_t pid)
{
	const struct seams_process *process = &act_seams(demo->act)->process;

	(void)!process->kill(process->self, pid, SIGKILL);
}

/* Not by the process seam: that knows our own children, and hosts are the children of nodes. */
bool demo_kill(struct demo *demo, int64_t pid)
{
	return kill((pid_t)pid, SIGKILL) == 0 ||
	       demo_fail(demo, "cannot kill the process %jd: %s", (intmax_t)pid, strerror(errno));
}

void demo_stop_all(struct demo *demo)
{
	const struct seams_process *process = &act_seams(demo->act)->process;
	uint32_t running = 1;

	if (demo->watcher.pid != 0 && !demo->watcher.has_ended)
		kill_child(demo, demo->watcher.pid);
	for (uint32_t i = 0; i < demo->node_count; i++)
		if (demo->nodes[i].pid != 0)
			(void)!process->kill(process->self, demo->nodes[i].pid, SIGTERM);
	for (uint32_t waited = 0; running > 0 && waited < ASK_MS * 2; waited += LOOK_MS) {
		act_sleep(demo->act, LOOK_MS);
		running = 0;
		for (uint32_t i = 0; i < demo->node_count; i++)
			running += demo->nodes[i].pid != 0;
	}
}

/* ---- asking ------------------------------------------------------------------------------------------------- */

bool demo_ask(struct demo *demo, struct act_ref client, const char *method, const char *path,
	      struct str body, struct arena *arena, int *out_code, struct str *out_body)
{
	return ask_client(demo->act, client, method, path, body, arena, out_code, out_body,
			  &demo->why);
}

static bool connect_to(struct demo *demo, const struct http_client_config *config,
		       struct act_ref *out)
{
	enum status status = act_spawn(demo->act, &http_client_class, config, NULL, out);

	return status == OK || demo_fail(demo, "no client: %s", status_text(status));
}

bool demo_connect_api(struct demo *demo, struct demo_node *node)
{
	struct http_client_config config = {
		.url = arena_printf(demo->arena, "https://%s:6443", node->address).at,
		.tls = demo->tls,
		.connect_ms = 2000
	};

	return connect_to(demo, &config, &node->api);
}

bool demo_connect(struct demo *demo, struct demo_node *node)
{
	struct http_client_config config = {
		.url = arena_printf(demo->arena, "unix:%s/run/api.sock", node->folder).at
	};

	return connect_to(demo, &config, &node->socket) &&
	       (demo->tls == NULL || demo_connect_api(demo, node));
}

/* The last line of its log: a node that cannot start says there why. */
static const char *last_words(struct demo *demo, const struct demo_node *node)
{
	char path[1100], line[512], last[512] = "without a word";
	FILE *file;

	snprintf(path, sizeof path, "%s.log", node->folder);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		memcpy(last, line, sizeof last);
	}
	if (file != NULL)
		fclose(file);
	return arena_printf(demo->arena, "%s", last).at;
}

bool demo_wait_ready(struct demo *demo, struct demo_node *node, uint32_t timeout_ms)
{
	struct mono since = act_now(demo->act);
	struct arena *arena = arena_new(0);
	struct str body;
	int code = 0;

	while (demo_ms(since) < timeout_ms && node->pid != 0 &&
	       !(demo_ask(demo, node->socket, "GET", "/readyz", STR_NONE, arena, &code, &body) &&
		 code == 200)) {
		act_sleep(demo->act, LOOK_MS);
		arena_reset(arena);
	}
	arena_free(arena);
	if (code == 200)
		return true;
	if (node->pid == 0)
		return demo_fail(demo, "%s ended: %s", node->name, last_words(demo, node));
	return demo_fail(demo, "%s is not ready within %u s; see %s.log", node->name,
			 timeout_ms / 1000, node->folder);
}

struct demo_node *demo_living(struct demo *demo)
{
	uint32_t i = 0;

	while (i + 1 < demo->node_count && demo->nodes[i].is_lost)
		i++;
	return &demo->nodes[i];
}

struct demo_view demo_view(struct demo *demo, struct demo_node *node)
{
	struct arena *arena = arena_new(0);
	struct demo_view view = { .leader = demo->node_count };
	struct str body = STR_NONE;
	struct standing standing;
	int code = 0;

	(void)!demo_ask(demo, node->socket, "GET", "/troupe/status?output=json", STR_NONE, arena,
			&code, &body);
	standing = standing_of(arena, body);
	view.voters = standing.voters;
	for (uint32_t i = 0; i < demo->node_count; i++) {
		const struct standing_member *member =
		    standing_member(&standing, str_from(demo->nodes[i].name));

		if (str_is(standing.leader, demo->nodes[i].name))
			view.leader = i;
		if (member != NULL && member->role.len > 0)
			view.roles[i] = member->is_alive ? member->role.at[0] : '-';
	}
	arena_free(arena);
	return view;
}

/* A node that has just come back may still believe what was true before. */
static bool is_agreed(struct demo *demo, uint32_t voters, struct demo_view *out)
{
	bool has_view = false;

	for (uint32_t i = 0; i < demo->node_count; i++) {
		struct demo_view view;

		if (demo->nodes[i].is_lost)
			continue;
		view = demo_view(demo, &demo->nodes[i]);
		if (view.voters < voters || view.leader == demo->node_count ||
		    demo->nodes[view.leader].is_lost || (has_view && view.leader != out->leader))
			return false;
		*out = view;
		has_view = true;
	}
	return has_view;
}

bool demo_await_voters(struct demo *demo, uint32_t voters, struct demo_view *out)
{
	struct mono since = loop_clock()->mono(loop_clock()->self);

	while (!is_agreed(demo, voters, out)) {
		if (demo_ms(since) > DEMO_HEAL_MS)
			return false;
		act_sleep(demo->act, LOOK_MS);
	}
	return true;
}

/* ---- what a node is made of ------------------------------------------------------------------------------------ */

/* The answer to a question about all actors; absent when there is none. */
static struct str ask_tree(struct demo *demo, struct demo_node *node, struct arena *arena)
{
	struct str body = STR_NONE;
	int code = 0;

	(void)!demo_ask(demo, node->socket, "GET", "/troupe/tree?output=json", STR_NONE, arena,
			&code, &body);
	return body;
}

int64_t demo_host_pid(struct demo *demo, struct demo_node *node, const char *host)
{
	struct arena *arena = arena_new(0);
	int64_t pid = standing_pid(arena, ask_tree(demo, node, arena), str_from(node->name), host);

	arena_free(arena);
	return pid;
}

struct memory_look {
	struct arena *arena;
	const char *node;
	uint64_t bytes;
};

static void add_host(void *arg, struct str actor)
{
	struct memory_look *look = arg;

	if (json_look(look->arena, actor, "pid").at != NULL)
		look->bytes += (uint64_t)json_look_i64(look->arena, actor, "memory_bytes");
}

static void add_node(void *arg, struct str node)
{
	struct memory_look *look = arg;

	if (str_is(json_look(look->arena, node, "name"), look->node))
		json_look_each(look->arena, node, "actors", add_host, look);
}

/* The root is no host and measures nothing; the kernel knows it. */
static uint64_t root_memory(int64_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%jd/smaps_rollup", (intmax_t)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		struct str rest = str_from(line), name = str_cut(&rest, ':');
		uint64_t number;

		rest = str_trim(rest);
		if (str_is(name, "Pss") && str_to_u64(str_cut(&rest, ' '), &number) == OK)
			kib = (unsigned long)number;
	}
	if (file != NULL)
		fclose(file);
	return kib * KIB;
}

uint64_t demo_memory(struct demo *demo, struct demo_node *node)
{
	struct memory_look look = { .arena = arena_new(0), .node = node->name };

	json_look_each(look.arena, ask_tree(demo, node, look.arena), "nodes", add_node, &look);
	arena_free(look.arena);
	return look.bytes + root_memory(node->pid);
}

/* ---- kubectl ---------------------------------------------------------------------------------------------------- */

static const char *kubeconfig_word(struct demo *demo)
{
	return arena_printf(demo->arena, "--kubeconfig=%s/admin.kubeconfig",
			    demo_living(demo)->folder)
	    .at;
}

static void show_lines(const struct demo *demo, const char *path, uint32_t lines)
{
	char line[256];
	FILE *file = fopen(path, "re");
	uint32_t shown = 0, all = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		all++;
		line[strcspn(line, "\n")] = '\0';
		if (shown < lines) {
			demo_say(demo, "      %.110s", line);
			shown++;
		}
	}
	if (file != NULL)
		fclose(file);
	if (all > shown && shown > 0)
		demo_say(demo, "      ... %u more lines", all - shown);
}

bool demo_kubectl(struct demo *demo, uint32_t lines, const char *const *words)
{
	const char *all[WORDS_MAX] = { "kubectl", kubeconfig_word(demo), "--namespace",
				       DEMO_NAMESPACE };
	char log[1000], shown[256] = "";
	struct mono since = act_now(demo->act);
	uint32_t n = 4;

	for (uint32_t i = 0; words[i] != NULL && n + 1 < WORDS_MAX; i++) {
		size_t len = strlen(shown);

		all[n++] = words[i];
		snprintf(shown + len, sizeof shown - len, " %s", words[i]);
	}
	demo_say(demo, "    $ kubectl%s", shown);
	snprintf(log, sizeof log, "%s/kubectl.log", demo->folder);
	demo->kubectl = (struct demo_kubectl){ 0 };
	if (!spawn(demo, all, NULL, log, false, &demo->kubectl.pid))
		return demo_fail(demo,
				 "kubectl cannot be run: install it (Debian: kubernetes-client)");
	while (!demo->kubectl.has_ended && demo_ms(since) < KUBECTL_MS)
		act_sleep(demo->act, LOOK_MS);
	if (!demo->kubectl.has_ended)
		kill_child(demo, demo->kubectl.pid);
	show_lines(demo, log, demo->kubectl.code == 0 ? lines : 10);
	if (!demo->kubectl.has_ended || demo->kubectl.code != 0)
		return demo_fail(demo, "kubectl%s failed", shown);
	return true;
}

static const char *watch_log(struct demo *demo)
{
	return arena_printf(demo->arena, "%s/watch.log", demo->folder).at;
}

bool demo_watch_start(struct demo *demo)
{
	const char *words[] = { "kubectl",     kubeconfig_word(demo),
				"--namespace", DEMO_NAMESPACE,
				"get",         "pods",
				"--watch",     NULL };

	demo->watcher = (struct demo_kubectl){ 0 };
	return spawn(demo, words, NULL, watch_log(demo), true, &demo->watcher.pid);
}

uint32_t demo_watch_lines(struct demo *demo)
{
	FILE *file = fopen(watch_log(demo), "re");
	uint32_t lines = 0;
	int c;

	while (file != NULL && (c = fgetc(file)) != EOF)
		lines += c == '\n';
	if (file != NULL)
		fclose(file);
	return lines;
}
