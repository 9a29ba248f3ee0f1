/*
 * A node of two hosts for tests and benches of failure: everybody in it answers, and one actor has bugs on order.
 *
 *     chaos-host root DIR SPARES      the root of hosts a and b; DIR has their sockets a.sock and b.sock, epochs and last words
 *     chaos-host a|b DIR [--without CULPRIT] | [--only CULPRIT]      a host of it
 *     chaos-host spare DIR ROOM       one without work
 *
 * A host's server answers each line on its socket with `HOST PID`; a line `bug NAME` it passes on to the actor `culprit`, which does it, and at
 * `stall` it stops answering for good, in a callback.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/root.h"
#include "runtime/loop/stream.h"

#define STUCK_MS 700U
#define RUN_MAX_MS 200U /* of the culprit alone */
#define PATH_BYTES 512
#define BUFFER_BYTES 3000U
#define VICTIM_BYTES 40U /* small enough for the C library to hand it out again at once */

/* ---- bugs ------------------------------------------------------------------------------------------------- */

/* The compiler must not see what is wrong. */
static void *volatile hidden;

static void *hide(void *at)
{
	hidden = at;
	return hidden;
}

static void null_dereference(void)
{
	*(volatile int *)hide(NULL) = 1;
}

/* Writes into what was freed, where the C library keeps what it will hand out next. */
static void dangling_write(void)
{
	char *first = malloc(VICTIM_BYTES), *second = malloc(VICTIM_BYTES);

	free(hide(first));
	free(hide(second));
	memset(hide(second), 0x41, 16);
	for (int i = 0; i < 3; i++)
		hide(malloc(VICTIM_BYTES));
}

/* Over what stands behind it, which the C library looks at when it gets the buffer back. */
static void buffer_overflow(void)
{
	char *at = malloc(BUFFER_BYTES);

	memset(hide(at), 0x41, BUFFER_BYTES + 64);
	free(hide(at));
}

/* Over whatever lies there: nobody may notice until somebody else uses it. */
static void wild_overflow(void)
{
	char *at = malloc(VICTIM_BYTES), *next = malloc(2000);

	memset(hide(at), 0x41, 2000);
	free(hide(next));
	free(hide(at));
}

static void double_free(void)
{
	void *at = malloc(VICTIM_BYTES);

	free(hide(at));
	free(hide(at));
}

static void endless_loop(void)
{
	static char endless_loop_at[1];

	while (hide(endless_loop_at) != NULL)
		;
}

/* A library that holds its lock already. */
static void deadlock(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	pthread_mutex_lock(&lock);
}

static int stack_overflow(int depth)
{
	char room[4096];

	memset(hide(room), 1, sizeof room);
	return depth == INT_MAX ? 0 : stack_overflow(depth + room[0]) + room[1];
}

static void all_stack(void)
{
	hide((void *)(intptr_t)stack_overflow(0));
}

static void in_a_job(void *arg)
{
	(void)arg;
	null_dereference();
}

static const struct {
	const char *name;
	void (*run)(void);
} bugs[] = { { "null", null_dereference },
	     { "dangling", dangling_write },
	     { "overflow", buffer_overflow },
	     { "double-free", double_free },
	     { "wild", wild_overflow },
	     { "loop", endless_loop },
	     { "deadlock", deadlock },
	     { "stack", all_stack },
	     { "abort", abort } };

struct bug {
	char name[24];
};
static ACT_TYPE(bug, .id = 0);

static void do_bug(struct act *act, const char *name)
{
	for (size_t i = 0; i < sizeof bugs / sizeof bugs[0]; i++)
		if (strcmp(bugs[i].name, name) == 0)
			bugs[i].run();
	if (strcmp(name, "job") == 0)
		act_job(act, NULL, in_a_job, NULL, NULL, 0);
	if (strcmp(name, "fail") == 0)
		act_fail(act, "on order");
}

static enum act_verdict culprit_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (!ACT_IS(msg, bug))
		return ACT_UNHANDLED;
	do_bug(act, ACT_AS(msg, bug)->name);
	return ACT_OK;
}

static const struct act_class culprit_class = { .name = "careless",
						.receive = culprit_receive,
						.run_max_ms = RUN_MAX_MS };

/* ---- the server ------------------------------------------------------------------------------------------- */

struct place {
	const char *host, *folder;
};

static void answer(struct act *act, struct stream *stream, struct str line)
{
	const struct place *place = stream_arg(stream);
	char text[64];
	struct str part = { text, 0 };
	struct bug bug = { 0 };

	if (str_is(line, "stall"))
		endless_loop();
	if (str_starts(line, STR("bug "))) {
		line = str_slice(line, 4, line.len);
		snprintf(bug.name, sizeof bug.name, STR_FMT, STR_ARG(line));
		act_cast(act, act_named(act, "culprit"), &bug_type, &bug);
	}
	part.len = (uint32_t)snprintf(text, sizeof text, "%s %d\n", place->host, (int)getpid());
	(void)!stream_write(stream, &part, 1, NULL, NULL);
}

static void heard(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	if (status != OK) {
		stream_close(stream);
		return;
	}
	while (bytes.len > 0)
		answer(act, stream, str_cut(&bytes, '\n'));
}

static void accepted(struct act *act, struct stream *stream, void *arg)
{
	static const struct stream_events events = { .on_read = heard };

	(void)act;
	stream_set_events(stream, &events, arg);
	stream_read_start(stream);
}

static enum status server_init(struct act *act, void *state, const void *args)
{
	const struct place *place = args;
	struct stream_listen_options options = {
		.address =
		    arena_printf(act_arena(act), "unix:%s/%s.sock", place->folder, place->host).at
	};
	struct stream_listener *listener;

	(void)state;
	return stream_listen(act, &options, accepted, (void *)(uintptr_t)place, &listener, NULL);
}

static enum act_verdict server_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class server_class = { .name = "server",
					       .init = server_init,
					       .receive = server_receive };

/* ---- a host ----------------------------------------------------------------------------------------------- */

static int run_host(int argc, char **argv)
{
	bool is_alone = argc > 4 && strcmp(argv[3], "--only") == 0;
	bool is_without = argc > 4 && strcmp(argv[3], "--without") == 0;
	struct place place = { is_alone ? "exile" : argv[1], argv[2] };
	struct root_life life;
	struct act_child children[3];
	struct act_supervisor root = { .children = children };
	struct loop_config config = {
		.host = { .name = argv[1], .node = 1, .host = 2, .root = &root },
		.has_watchdog = true,
		.stuck_ms = STUCK_MS,
		.workers = 1
	};
	struct loop *loop;

	if (root_inherited(&life) != OK)
		return 2;
	children[root.child_count++] =
	    (struct act_child){ .id = "server", .class = &server_class, .args = &place };
	if (!is_without)
		children[root.child_count++] =
		    (struct act_child){ .id = "culprit", .class = &culprit_class };
	children[root.child_count++] =
	    (struct act_child){ .id = "heart", .class = &root_heart_class, .args = &life };
	config.host.epoch = life.epoch;
	config.box = life.box;
	if (loop_open(&config, &loop) != OK)
		return 1;
	loop_run(loop);
	loop_close(loop);
	return 0;
}

/* ---- the root ---------------------------------------------------------------------------------------------- */

static int run_root(const char *program, const char *folder, uint32_t spares)
{
	static char room[256];
	static const char *const movable[] = { "culprit", NULL };
	const char *const words[2][4] = { { program, "a", folder }, { program, "b", folder } };
	const char *const spare_words[] = { program, "spare", folder, room, NULL };
	const struct root_host hosts[] = { { .name = "a",
					     .argv = words[0],
					     .host = 2,
					     .movable = getenv("CHAOS_EXILES") ? movable : NULL,
					     .without_option = "--without",
					     .only_option = "--only" },
					   { .name = "b", .argv = words[1], .host = 3 } };
	const struct root_spec spec = { .max_restarts = 1000000,
					.within_ms = 60000,
					.hosts = hosts,
					.host_count = 2,
					.spares = spares,
					.spare_argv = spare_words,
					.exile_first = 10,
					.held_fd = -1,
					.state_folder = folder };
	const struct act_child child = { .id = "hosts", .class = &root_class, .args = &spec };
	const struct act_supervisor root = { .children = &child, .child_count = 1 };
	const struct loop_config config = {
		.host = { .name = "root", .node = 1, .host = 1, .epoch = 1, .root = &root },
		.workers = 1
	};
	struct loop *loop;

	memset(room, '.', sizeof room - 1);
	if (loop_open(&config, &loop) != OK)
		return 1;
	loop_run(loop);
	loop_close(loop);
	return 0;
}

int main(int argc, char **argv)
{
	struct log_config log = { .level = getenv("CHAOS_LOG") ? LOG_INFO : LOG_ERROR + 1 };
	struct arena *arena = arena_new(0);

	log_configure(&log);
	if (argc == 4 && strcmp(argv[1], "root") == 0)
		return run_root(argv[0], argv[2], argv[3][0] - (uint32_t)'0');
	if (argc == 4 && strcmp(argv[1], "spare") == 0 &&
	    root_spare_wait(arena, argv, &argc, &argv) != OK)
		return 1;
	if (argc >= 3)
		return run_host(argc, argv);
	fprintf(stderr, "chaos-host root DIR SPARES\n");
	return 2;
}
