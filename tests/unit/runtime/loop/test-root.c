#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/root.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"

#define WAIT_MS 20000U
#define MAX_RESTARTS 2U

/* A root with one host, a shell that says it is ready, and what was told of it. */
struct yard {
	struct loop *loop;
	struct root_spec spec;
	struct root_host host;
	struct act_ref root, watcher;
	uint32_t readies, ends, given_up;
	int64_t pid;
	uint16_t epoch;
	uint32_t wanted; /* readies */
};

static struct yard *yard_of(void *state)
{
	return *(struct yard **)state;
}

static enum status watch_root(struct act *act, void *state, const void *args)
{
	*(const void **)state = args;
	act_cast(act, yard_of(state)->root, &root_watch_type, &(struct root_watch){ true });
	return OK;
}

static enum act_verdict hear(struct act *act, void *state, const struct act_msg *msg)
{
	struct yard *yard = yard_of(state);

	(void)act;
	if (!ACT_IS(msg, root_change))
		return ACT_UNHANDLED;
	const struct root_change *change = ACT_AS(msg, root_change);
	yard->readies += change->state == ROOT_READY;
	yard->ends += change->state == ROOT_ENDED;
	yard->given_up += change->state == ROOT_GIVEN_UP;
	yard->pid = change->pid;
	yard->epoch = change->epoch;
	return ACT_OK;
}

static const struct act_class watcher_class = {
	.name = "watcher", .state_size = sizeof(struct yard *), .init = watch_root, .receive = hear
};

static void spawn_all(struct act *act, void *state, void *arg)
{
	struct yard *yard = arg;

	(void)state;
	CHECK_STATUS(act_spawn(act, &root_class, &yard->spec, NULL, &yard->root), OK);
	CHECK_STATUS(act_spawn(act, &watcher_class, yard, NULL, &yard->watcher), OK);
}

static const char *const *shell(const char *script)
{
	const char **argv = arena_array(test_arena(), const char *, 4);

	argv[0] = "/bin/sh";
	argv[1] = "-c";
	argv[2] = script;
	return argv;
}

/* `spare` NULL: without one. `listening` 0: no socket. */
static struct yard *make_yard_with(const char *script, const char *spare, int listening)
{
	struct yard *yard = arena_new_of(test_arena(), struct yard);
	const struct loop_config config = {
		.host = { .name = "root", .node = 1, .host = 1, .epoch = 1 }
	};

	yard->host = (struct root_host){
		.name = "shell", .argv = shell(script), .host = 2, .restart = ACT_PERMANENT
	};
	yard->spec = (struct root_spec){ .strategy = ACT_ONE_FOR_ONE,
					 .max_restarts = MAX_RESTARTS,
					 .within_ms = 60000,
					 .backoff_min_ms = 1,
					 .backoff_max_ms = 2,
					 .hosts = &yard->host,
					 .host_count = 1,
					 .spares = spare != NULL,
					 .spare_argv = spare != NULL ? shell(spare) : NULL,
					 .held_fd = -1,
					 .listening = { listening, -1 },
					 .listening_count = listening != 0 ? 2 : 0,
					 .state_folder = test_folder() };
	CHECK_STATUS(loop_open(&config, &yard->loop), OK);
	CHECK(act_host_enter(loop_host(yard->loop), act_host_root(loop_host(yard->loop)), spawn_all,
			     yard));
	return yard;
}

static struct yard *make_yard(const char *script)
{
	return make_yard_with(script, NULL, 0);
}

static bool is_ready_again(void *arg)
{
	const struct yard *yard = arg;

	return yard->readies >= yard->wanted || yard->given_up > 0;
}

static bool is_given_up(void *arg)
{
	return ((const struct yard *)arg)->given_up > 0;
}

TEST(hosts_have_the_sockets_that_the_root_listens_on)
{
	static const char script[] = "test ! -S /proc/self/fd/5 && test -S /proc/self/fd/6 && "
				     "test -c /proc/self/fd/7 && test ! -e /proc/self/fd/8 && "
				     "printf R >&3; exec sleep 60";
	const struct stream_listen_options ahead = { .address = "127.0.0.1" };
	struct yard *yard;
	int fd = -1;

	CHECK_STATUS(stream_listen_ahead(&ahead, &fd, NULL), OK);
	yard = make_yard_with(script, NULL, fd);
	for (uint32_t kills = 0; kills < 3; kills++) {
		yard->wanted = kills + 1;
		CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
		CHECK_EQ(yard->given_up, 0);
		CHECK(kill((pid_t)yard->pid, SIGKILL) == 0);
	}
	loop_close(yard->loop);
	close(fd);
}

/* SIGKILL that the root did not send is somebody's wish or the kernel's need: it says nothing about the host. */
TEST(a_host_that_is_killed_from_outside_comes_back_however_often)
{
	struct yard *yard = make_yard("printf R >&3; exec sleep 60");

	for (uint32_t kills = 0; kills <= 3 * MAX_RESTARTS; kills++) {
		yard->wanted = kills + 1;
		CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
		CHECK_EQ(yard->given_up, 0);
		CHECK(kill((pid_t)yard->pid, SIGKILL) == 0);
	}
	loop_close(yard->loop);
}

static uint16_t epoch_on_disk(void)
{
	const struct seams_files *files = loop_files();
	const char *path = arena_printf(test_arena(), "%s/epoch-shell", test_folder()).at;
	struct seams_file *file;
	uint16_t epoch = 0;
	size_t len;

	CHECK_STATUS(files->open(files->self, path, SEAMS_READ, 0, &file), OK);
	CHECK_STATUS(files->read(files->self, file, &epoch, sizeof epoch, 0, &len), OK);
	files->close(files->self, file);
	return epoch;
}

/* A reference into an earlier life has to be stale, whatever ended it, the machine too. */
TEST(every_life_has_a_later_epoch_than_all_before_and_none_is_later_than_the_disk_says)
{
	uint16_t last = 0; /* the first of all is drawn at random */

	for (uint32_t root = 0; root < 2; root++) {
		struct yard *yard = make_yard("printf R >&3; exec sleep 60");

		for (uint32_t lives = 1; lives <= 3; lives++) {
			yard->wanted = lives;
			CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
			CHECK(last == 0 || (uint16_t)(yard->epoch - last - 1) < 8);
			CHECK((uint16_t)(epoch_on_disk() - yard->epoch) < 8);
			last = yard->epoch;
			CHECK(kill((pid_t)yard->pid, SIGKILL) == 0);
		}
		loop_close(yard->loop);
	}
}

TEST(a_host_that_ends_by_itself_too_often_is_given_up)
{
	struct yard *yard = make_yard("printf R >&3; exit 3");

	CHECK(loop_run_until(yard->loop, is_given_up, yard, WAIT_MS));
	CHECK_EQ(yard->ends, MAX_RESTARTS + 1);
	loop_close(yard->loop);
}

/* ---- spares ---- */

/* What scripts have noted in the test's folder, one line each. */
static struct str noted(void)
{
	const struct seams_files *files = loop_files();
	const char *path = arena_printf(test_arena(), "%s/noted", test_folder()).at;
	struct seams_file *file;
	char *text = arena_zalloc(test_arena(), 256);
	size_t len = 0;

	if (files->open(files->self, path, SEAMS_READ, 0, &file) != OK)
		return STR("");
	CHECK_STATUS(files->read(files->self, file, text, 255, 0, &len), OK);
	files->close(files->self, file);
	return str_of(text, (uint32_t)len);
}

/* Its order is a length and so many bytes, of which it waits for the length alone. */
static const char *spare_script(void)
{
	return arena_printf(
		   test_arena(),
		   "printf W >&3; dd bs=1 count=4 <&3 2>/dev/null >&2; echo $$ >> %s/noted; "
		   "printf R >&3; exec sleep 60",
		   test_folder())
	    .at;
}

static bool has_spare(void *arg)
{
	(void)arg;
	return noted().len > 0;
}

TEST(a_host_that_ends_goes_on_in_a_spare)
{
	struct yard *yard = make_yard_with("printf R >&3; exec sleep 60", spare_script(), 0);
	uint16_t first;

	yard->wanted = 1;
	CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
	first = yard->epoch;
	/* Until a spare is warm hosts start cold. */
	for (yard->wanted = 2; !has_spare(NULL); yard->wanted++) {
		CHECK(kill((pid_t)yard->pid, SIGKILL) == 0);
		CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
		CHECK_EQ(yard->given_up, 0);
	}
	CHECK_STR(noted(), arena_printf(test_arena(), "%d\n", (int)yard->pid).at);
	CHECK((uint16_t)(yard->epoch - first) < 0x8000 && yard->epoch != first);
	loop_close(yard->loop);
}

static bool has_tried_thrice(void *arg)
{
	(void)arg;
	return noted().len == 6;
}

TEST(a_host_whose_spares_never_get_warm_starts_cold_and_they_are_given_up)
{
	struct yard *yard = make_yard_with(
	    "printf R >&3; exec sleep 60",
	    arena_printf(test_arena(), "echo x >> %s/noted; exit 1", test_folder()).at, 0);

	CHECK(loop_run_until(yard->loop, has_tried_thrice, yard, WAIT_MS));
	for (yard->wanted = 2; yard->wanted < 5; yard->wanted++) {
		CHECK(kill((pid_t)yard->pid, SIGKILL) == 0);
		CHECK(loop_run_until(yard->loop, is_ready_again, yard, WAIT_MS));
		CHECK_EQ(yard->given_up, 0);
	}
	CHECK_STR(noted(), "x\nx\nx\n");
	loop_close(yard->loop);
}
