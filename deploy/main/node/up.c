#include "deploy/main/node/up.h"
#include "deploy/main/node/layout.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "deploy/main/api/api-options.h"
#include "deploy/main/api/serving/service-options.h"
#include "deploy/main/backup/schedule-options.h"
#include "deploy/main/history/history-options.h"
#include "deploy/main/host/farewell.h"
#include "deploy/main/host/process.h"
#include "deploy/main/node/controller-list.h"
#include "deploy/main/node/hosts.h"
#include "deploy/main/node/identity.h"
#include "deploy/main/node/leader.h"
#include "runtime/base/log.h"
#include "transport/http/server.h"

#define HOSTS 4U
#define MOST_DESCRIPTORS (1U << 20)
#define WORDS_MAX (18U + SCHEDULE_WORDS + HISTORY_WORDS + API_OPTIONS_WORDS)
_Static_assert(WORDS_MAX + ROOT_WORDS_ADDED <= ROOT_WORDS_MAX,
	       "every option at once is a command line");
#define SPARE_ROOM 4096U /* what a spare may be called once it is a host */

struct up {
	struct data_dir dir;
	struct node_identity identity;
	struct schedule schedule; /* of backups */
	struct api_options api;
	const char *api_words[API_OPTIONS_WORDS];
	uint32_t api_word_count;
	bool is_isolated;
	struct arena *arena;
	char program[DATA_PATH_MAX];
	char log_prefix[80];
	const char *words[HOSTS][WORDS_MAX];
	struct root_host hosts[HOSTS];
	struct root_spec spec;
	const char *spare_words[6];
	char spare_room[SPARE_ROOM];
};

/*
 * Shells give 1024 descriptors for the sake of programs that count them in a set of bits; a node that serves LIMIT_CONNECTIONS and
 * cannot open its log any more would end. All hosts inherit what the root has.
 */
static void take_all_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < MOST_DESCRIPTORS ? limit.rlim_max : MOST_DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else as many as we were given */
}

/* ---- before anything is started ------------------------------------------------------------------------------ */

static enum status find_program(struct up *up, struct fault *why)
{
	ssize_t len = readlink("/proc/self/exe", up->program, sizeof up->program - 1);

	if (len <= 0)
		return fault_set(why, IO, "", "cannot find this program's file: %s",
				 strerror(errno));
	up->program[len] = '\0';
	return OK;
}

static enum status check_spares(const struct command_line *line, struct fault *why)
{
	int64_t count = command_number(line, "spares");

	if (count >= 0 && count <= ROOT_SPARES_MAX)
		return OK;
	return fault_set(why, INVALID, "--spares", "--spares is 0 to %u", ROOT_SPARES_MAX);
}

static enum status prepare(struct up *up, const struct command_line *line, struct fault *why)
{
	const struct api_options_place place = { .own_issuer = LAYOUT_ISSUER };

	TRY(check_spares(line, why));
	TRY(schedule_options(line, up->arena, &up->schedule, why));
	TRY(schedule_prove(&up->schedule, up->arena, why));
	TRY(history_options(line, up->arena, &(struct store_config){ .folder = NULL }, why));
	TRY(controller_list_check(command_text(line, "controllers"), leader_movable(up->arena),
				  why));
	TRY(api_options_load(line, &place, up->arena, &up->api, why));
	TRY(api_options_words(line, up->arena, up->api_words, &up->api_word_count, why));
	TRY(data_dir_find(command_text(line, "data-dir"), &up->dir, why));
	TRY(data_dir_open(&up->dir, why));
	TRY(find_program(up, why));
	service_options_name(&up->api.services, &up->identity);
	return identity_settle(&up->dir, line, up->arena, &up->identity, why);
}

/* ---- the hosts ------------------------------------------------------------------------------------------------- */

static void add_word(const char **words, uint32_t *count, const char *word)
{
	assert(*count + 1 < WORDS_MAX); /* the last one is NULL */
	words[(*count)++] = word;
}

/* Behind those of the host that was planned last. */
static void add_words(struct up *up, const char *const *more, uint32_t count)
{
	const char **words = up->words[up->spec.host_count - 1];
	uint32_t n = 0;

	while (words[n] != NULL)
		n++;
	for (uint32_t i = 0; i < count; i++)
		add_word(words, &n, more[i]);
	words[n] = NULL;
}

static void add_option(struct up *up, const char *option, const char *value)
{
	add_words(up, (const char *[]){ option, value }, 2);
}

/* `option` with `value`, unless that is NULL. */
static void plan_host(struct up *up, enum process_host host, const char *option, const char *value,
		      bool has_chaos)
{
	uint32_t at = up->spec.host_count++;
	const char **words = up->words[at];
	uint32_t n = 0;

	add_word(words, &n, up->program);
	add_word(words, &n, arena_printf(up->arena, "host-%s", process_host_name(host)).at);
	add_word(words, &n, "--data-dir");
	add_word(words, &n, up->dir.path);
	if (value != NULL) {
		add_word(words, &n, option);
		add_word(words, &n, value);
	}
	if (up->is_isolated) {
		add_word(words, &n, "--layout");
		add_word(words, &n, "isolated");
	}
	if (has_chaos)
		add_word(words, &n, "--chaos");
	words[n] = NULL;
	up->hosts[at] =
	    (struct root_host){ .name = process_host_name(host),
				.argv = words,
				.host = (uint16_t)host,
				.restart = ACT_PERMANENT,
				.movable =
				    host == PROCESS_CONTROL ? leader_movable(up->arena) : NULL,
				.without_option = "--without",
				.only_option = "--only" };
}

static uint32_t shutdown_ms(const struct up *up, const char *first)
{
	const struct farewell_args farewell = { .delay_ms = up->api.serving.shutdown_delay_ms,
						.grace_ms = FAREWELL_GRACE_MS,
						.first = first };

	return LIMIT_SHUTDOWN_MS + farewell_most_ms(&farewell);
}

/* The core host makes the backups and keeps the past. */
static void plan_core(struct up *up, const struct command_line *line)
{
	const char *more[SCHEDULE_WORDS + HISTORY_WORDS];

	plan_host(up, PROCESS_CORE, "--etcd-listen", command_text(line, "etcd-listen"),
		  command_flag(line, "chaos"));
	add_words(up, more, schedule_words(line, &up->schedule, more));
	add_words(up, up->api_words, up->api_word_count);
	add_words(up, more, history_words(line, more));
	add_option(up, "--pods", command_text(line, "pods"));
	add_option(up, "--write-budget-mib", command_text(line, "write-budget-mib"));
	up->hosts[0].shutdown_ms = shutdown_ms(up, up->is_isolated ? "api" : NULL);
}

static void plan_api(struct up *up, const struct command_line *line)
{
	plan_host(up, PROCESS_API, "--pods", command_text(line, "pods"),
		  command_flag(line, "chaos"));
	add_words(up, up->api_words, up->api_word_count);
	up->hosts[1].shutdown_ms = shutdown_ms(up, NULL);
}

/*
 * Listens for the host that serves clients, so that who calls while it is started again waits for it. An address that cannot be had now is left to the
 * host, which says so and tries again.
 */
static void listen_ahead(struct up *up, const struct command_line *line)
{
	const char *addresses[] = {
		[HOSTS_LISTEN_API] =
		    data_dir_address(&up->identity, up->identity.api_port, up->arena).at,
		[HOSTS_LISTEN_DOOR] = up->api.door.listen,
		[HOSTS_LISTEN_ETCD] = command_text(line, "etcd-listen"),
	};
	struct fault why = { 0 };

	if (data_dir_is_witness(&up->identity))
		return; /* it serves nobody but its machine */
	up->spec.listening_count = sizeof addresses / sizeof addresses[0];
	for (uint32_t i = 0; i < up->spec.listening_count; i++)
		if (addresses[i] == NULL ||
		    http_listen_ahead(addresses[i], &up->spec.listening[i], &why) != OK)
			up->spec.listening[i] = -1;
}

/* What a cluster has from its beginning is made there. */
static void plan_control(struct up *up, const struct command_line *line)
{
	const char *range = "service-cluster-ip-range";

	plan_host(up, PROCESS_CONTROL, "--controllers", command_text(line, "controllers"),
		  command_flag(line, "chaos"));
	add_option(up, arena_printf(up->arena, "--%s", range).at, command_text(line, range));
}

static void plan_spares(struct up *up, uint32_t count)
{
	memset(up->spare_room, '.', SPARE_ROOM - 1);
	up->spare_words[0] = up->program;
	up->spare_words[1] = HOSTS_SPARE;
	up->spare_words[2] = "--data-dir";
	up->spare_words[3] = up->dir.path;
	up->spare_words[4] = up->spare_room;
	up->spec.spare_argv = up->spare_words;
	up->spec.spares = count;
}

static int run_root(struct up *up)
{
	struct log_config log = { .level = LOG_INFO, .prefix = up->log_prefix };
	struct act_child child = { .id = "hosts", .class = &root_class, .args = &up->spec };
	struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct loop_config config = { .host = { .name = "root",
						.node = up->identity.node,
						.host = PROCESS_ROOT,
						.epoch = 1,
						.root = &root },
				      .workers = 1 };
	struct loop *loop;
	enum status status;
	enum act_reason reason;

	snprintf(up->log_prefix, sizeof up->log_prefix, "%s/root", up->identity.name);
	log_configure(&log);
	status = loop_open(&config, &loop);
	if (status != OK)
		return command_failed("up: cannot start: %s", status_text(status));
	loop_run(loop);
	reason = act_host_reason(loop_host(loop));
	loop_close(loop);
	if (reason != ACT_SHUTDOWN && reason != ACT_NORMAL)
		return command_failed("up: a host of %s ends again and again; its last words are "
				      "above, the node has stopped",
				      up->identity.name);
	return EXIT_DONE;
}

int up_run(const struct command_line *line)
{
	static struct up up;
	struct fault why = { 0 };
	int code;

	take_all_descriptors();
	up.arena = arena_new(0);
	up.dir.lock = up.dir.lock_hosts = -1;
	if (prepare(&up, line, &why) != OK) {
		data_dir_close(&up.dir);
		return command_failed("up: %s", why.text);
	}
	up.is_isolated = !data_dir_is_witness(&up.identity) &&
			 strcmp(command_text(line, "layout"), "isolated") == 0;
	up.spec = (struct root_spec){ .strategy = ACT_ONE_FOR_ONE,
				      .max_restarts = 30,
				      .within_ms = 60000,
				      .backoff_min_ms = 20,
				      .backoff_max_ms = 2000,
				      .hosts = up.hosts,
				      .exile_first = PROCESS_EXILES,
				      .held_fd = up.dir.lock_hosts,
				      .state_folder = up.dir.path };
	listen_ahead(&up, line);
	plan_core(&up, line);
	if (up.is_isolated)
		plan_api(&up, line);
	if (!data_dir_is_witness(&up.identity))
		plan_control(&up, line);
	if (strcmp(command_text(line, "pods"), "none") != 0 && !data_dir_is_witness(&up.identity))
		plan_host(&up, PROCESS_NODE, "--pods", command_text(line, "pods"),
			  command_flag(line, "chaos"));
	plan_spares(&up, (uint32_t)command_number(line, "spares"));
	code = run_root(&up);
	data_dir_close(&up.dir);
	arena_free(up.arena);
	return code;
}
