/* What the loop does for makers that are no actors: streams, and calls at the end of a turn. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"

#define WAIT_MS 5000U

struct talk {
	struct loop *loop;
	struct stream_listener *listener;
	struct stream *here, *there;
	struct loop_soon soon;
	enum status connected_as;
	uint32_t connects, calls;
	char heard[16];
};

static struct loop *open_loop(void)
{
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};
	struct loop *loop;

	CHECK_STATUS(loop_open(&config, &loop), OK);
	return loop;
}

static void hear(struct act *none, struct stream *stream, struct str bytes, enum status status)
{
	struct talk *talk = stream_arg(stream);

	CHECK(none == NULL);
	CHECK_STATUS(status, OK);
	snprintf(talk->heard, sizeof talk->heard, STR_FMT, STR_ARG(bytes));
}

static void accepted(struct act *none, struct stream *stream, void *arg)
{
	static const struct stream_events events = { .on_read = hear };
	struct talk *talk = arg;

	CHECK(none == NULL);
	talk->there = stream;
	stream_set_events(stream, &events, talk);
	stream_read_start(stream);
}

static void connected(struct act *none, struct stream *stream, enum status status, void *arg)
{
	struct talk *talk = arg;

	CHECK(none == NULL);
	talk->here = stream;
	talk->connected_as = status;
	talk->connects++;
}

static bool are_both_there(void *arg)
{
	struct talk *talk = arg;

	return talk->here != NULL && talk->there != NULL;
}

static bool has_heard(void *arg)
{
	return ((struct talk *)arg)->heard[0] != '\0';
}

TEST(streams_of_nobody_carry_bytes_between_turns)
{
	struct talk talk = { .loop = open_loop() };
	char address[STREAM_ADDRESS_MAX];
	const struct stream_listen_options options = { .address = address };
	struct str word = STR("hello");
	size_t taken;

	snprintf(address, sizeof address, "unix:%s/s", test_folder());
	CHECK_STATUS(
	    stream_listen_outside(talk.loop, &options, accepted, &talk, &talk.listener, NULL), OK);
	CHECK_STATUS(stream_connect_outside(talk.loop, address, 0, WAIT_MS, connected, &talk), OK);
	CHECK(loop_run_until(talk.loop, are_both_there, &talk, WAIT_MS));
	CHECK_STATUS(stream_write_some(talk.here, &word, 1, &taken), OK);
	CHECK_EQ(taken, word.len);
	CHECK(loop_run_until(talk.loop, has_heard, &talk, WAIT_MS));
	CHECK_STR(str_from(talk.heard), "hello");
	stream_close(talk.here);
	stream_close(talk.there);
	stream_listener_close(talk.listener);
	loop_close(talk.loop);
}

TEST(only_what_the_kernel_takes_is_written_at_once)
{
	static const char much[4 * MIB];
	struct talk talk = { .loop = open_loop() };
	char address[STREAM_ADDRESS_MAX];
	const struct stream_listen_options options = { .address = address };
	struct str all = str_of(much, sizeof much);
	size_t taken;

	snprintf(address, sizeof address, "unix:%s/s", test_folder());
	CHECK_STATUS(
	    stream_listen_outside(talk.loop, &options, accepted, &talk, &talk.listener, NULL), OK);
	CHECK_STATUS(stream_connect_outside(talk.loop, address, 0, WAIT_MS, connected, &talk), OK);
	CHECK(loop_run_until(talk.loop, are_both_there, &talk, WAIT_MS));
	stream_read_stop(talk.there);
	CHECK_STATUS(stream_write_some(talk.here, &all, 1, &taken), OK);
	CHECK(taken > 0 && taken < sizeof much);
	CHECK_STATUS(stream_write_some(talk.here, &all, 1, &taken), OK);
	CHECK_EQ(taken, 0);
	CHECK_EQ(stream_queued(talk.here), 0);
	stream_close(talk.here);
	stream_close(talk.there);
	stream_listener_close(talk.listener);
	loop_close(talk.loop);
}

TEST(a_connection_that_is_still_being_made_ends_with_its_loop)
{
	struct talk talk = { .loop = open_loop() };

	/* Of TEST-NET-1: nobody answers, or nobody is asked; said when the loop runs at the latest. */
	if (stream_connect_outside(talk.loop, "192.0.2.1", 9, 60000, connected, &talk) != OK)
		SKIP("there is no way to another network here");
	loop_close(talk.loop);
	CHECK_EQ(talk.connects, 1);
	CHECK(talk.connected_as != OK);
}

static int call(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	CHECK_EQ(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static bool is_accepted(void *arg)
{
	return ((struct talk *)arg)->there != NULL;
}

TEST(a_loop_that_can_have_no_descriptor_goes_on_and_accepts_later)
{
	struct talk talk = { .loop = open_loop() };
	struct rlimit before, none;
	char address[STREAM_ADDRESS_MAX];
	const struct stream_listen_options options = { .address = address };
	int fd;

	snprintf(address, sizeof address, "unix:%s/s", test_folder());
	CHECK_STATUS(
	    stream_listen_outside(talk.loop, &options, accepted, &talk, &talk.listener, NULL), OK);
	fd = call(address + strlen("unix:"));
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 0, before.rlim_max };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK(!loop_run_until(talk.loop, is_accepted, &talk, 250));
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK(loop_run_until(talk.loop, is_accepted, &talk, WAIT_MS));
	close(fd);
	stream_close(talk.there);
	stream_listener_close(talk.listener);
	loop_close(talk.loop);
}

static void count_call(void *arg)
{
	struct talk *talk = arg;

	talk->calls++;
	if (talk->calls == 1)
		loop_soon(talk->loop, &talk->soon);
}

TEST(what_is_asked_for_soon_is_called_once_before_the_loop_waits)
{
	struct talk talk = { .loop = open_loop(), .soon = { .fn = count_call } };

	talk.soon.arg = &talk;
	loop_soon(talk.loop, &talk.soon);
	loop_soon(talk.loop, &talk.soon);
	CHECK_EQ(talk.calls, 0);
	loop_step(talk.loop, WAIT_MS / 100);
	CHECK_EQ(talk.calls, 2); /* once, and once more since it asked again */
	loop_soon(talk.loop, &talk.soon);
	loop_soon_never(&talk.soon);
	loop_step(talk.loop, 0);
	CHECK_EQ(talk.calls, 2);
	loop_close(talk.loop);
}

/* Why nobody can listen there; the words must name it. */
static void check_refused(struct talk *talk, const struct stream_listen_options *options,
			  enum status expected, const char *words)
{
	struct fault why = { 0 };

	CHECK_STATUS(
	    stream_listen_outside(talk->loop, options, accepted, talk, &talk->listener, &why),
	    expected);
	CHECK(str_find(str_from(why.text), str_from(words)) >= 0);
	CHECK(talk->listener == NULL);
}

TEST(a_listener_says_why_it_cannot_listen)
{
	struct talk talk = { .loop = open_loop() }, other = { .loop = talk.loop };
	char address[STREAM_ADDRESS_MAX], long_path[STREAM_ADDRESS_MAX + 8] = "unix:/";
	const struct stream_listen_options at = { .address = address };
	const struct stream_listen_options no_folder = { .address = "unix:/nowhere/at/all" };

	check_refused(&talk, &(struct stream_listen_options){ .address = "localhost" }, INVALID,
		      "localhost is no IP address");
	check_refused(&talk, &no_folder, NOT_FOUND, "/nowhere/at/all");
	check_refused(&talk, &(struct stream_listen_options){ .inherited_fd = 9999 }, IO,
		      "the listening socket");
	memset(long_path + 6, 'x', sizeof long_path - 7);
	check_refused(&talk, &(struct stream_listen_options){ .address = long_path }, INVALID,
		      "too long for a socket");
	snprintf(address, sizeof address, "unix:%s/s", test_folder());
	CHECK_STATUS(
	    stream_listen_outside(other.loop, &at, accepted, &other, &other.listener, NULL), OK);
	check_refused(&talk, &at, BUSY, "another process listens on");
	stream_listener_close(other.listener);
	loop_close(talk.loop);
}

/* ---- a socket that was bound ahead ------------------------------------------------------------------------ */

static uint16_t port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	return ntohs(at.sin_port);
}

static bool has_connected(void *arg)
{
	return ((struct talk *)arg)->connects > 0;
}

/* OK, though nobody may be there who takes the call; else why not. */
static enum status dial(struct talk *talk, uint16_t port)
{
	talk->here = NULL;
	talk->connects = 0;
	CHECK_STATUS(
	    stream_connect_outside(talk->loop, "127.0.0.1", port, WAIT_MS, connected, talk), OK);
	CHECK(loop_run_until(talk->loop, has_connected, talk, WAIT_MS));
	return talk->connected_as;
}

static void listen_again(struct talk *talk, int fd)
{
	const struct stream_listen_options options = { .inherited_fd = fd };

	talk->there = NULL;
	CHECK_STATUS(
	    stream_listen_outside(talk->loop, &options, accepted, talk, &talk->listener, NULL), OK);
}

static void meet(struct talk *talk)
{
	CHECK(loop_run_until(talk->loop, are_both_there, talk, WAIT_MS));
	stream_close(talk->here);
	stream_close(talk->there);
}

/* Who called before is taken now. */
static void take_over(struct talk *talk, int fd)
{
	listen_again(talk, fd);
	meet(talk);
}

TEST(who_calls_a_socket_that_was_bound_ahead_waits_until_somebody_listens)
{
	struct talk talk = { .loop = open_loop() };
	const struct stream_listen_options ahead = { .address = "127.0.0.1" };
	int fd = -1;

	CHECK_STATUS(stream_listen_ahead(&ahead, &fd, NULL), OK);
	CHECK_STATUS(dial(&talk, port_of(fd)), OK);
	take_over(&talk, fd);
	stream_listener_close(talk.listener);
	/* The next one may be another process. */
	CHECK_STATUS(dial(&talk, port_of(fd)), OK);
	take_over(&talk, fd);
	stream_listener_close(talk.listener);
	close(fd);
	loop_close(talk.loop);
}

TEST(a_socket_that_is_shut_refuses_callers_until_it_is_listened_on_again)
{
	struct talk talk = { .loop = open_loop() };
	struct stream_listen_options ahead = { .address = "127.0.0.1" };
	uint16_t port;
	int fd = -1;

	/* One that was chosen: the kernel's choice ends with the listening. */
	CHECK_STATUS(stream_listen_ahead(&ahead, &fd, NULL), OK);
	ahead.port = port = port_of(fd);
	close(fd);
	CHECK_STATUS(stream_listen_ahead(&ahead, &fd, NULL), OK);
	CHECK_STATUS(dial(&talk, port), OK);
	take_over(&talk, fd);
	stream_listener_shut(talk.listener);
	CHECK_STATUS(dial(&talk, port), UNAVAILABLE);
	listen_again(&talk, fd);
	CHECK_STATUS(dial(&talk, port), OK);
	meet(&talk);
	stream_listener_close(talk.listener);
	close(fd);
	loop_close(talk.loop);
}

TEST(what_cannot_be_bound_ahead_says_why)
{
	struct stream_listen_options options = { .address = "localhost" };
	struct fault why = { 0 };
	int fd = -1, other = -1;

	CHECK_STATUS(stream_listen_ahead(&options, &fd, &why), INVALID);
	CHECK_STR(str_from(why.text), "localhost is no IP address");
	options.address = "127.0.0.1";
	CHECK_STATUS(stream_listen_ahead(&options, &fd, &why), OK);
	options.port = port_of(fd);
	CHECK(stream_listen_ahead(&options, &other, &why) != OK);
	CHECK(str_find(str_from(why.text), STR("address already in use")) >= 0);
	CHECK_EQ(other, -1);
	close(fd);
}

TEST(a_file_in_the_way_of_a_socket_is_left_alone_and_a_stale_socket_is_replaced)
{
	struct talk talk = { .loop = open_loop() };
	char address[STREAM_ADDRESS_MAX];
	const struct stream_listen_options options = { .address = address };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *file;

	snprintf(address, sizeof address, "unix:%s/s", test_folder());
	file = fopen(address + 5, "w");
	CHECK(file != NULL && fputs("precious", file) >= 0 && fclose(file) == 0);
	check_refused(&talk, &options, BUSY, address + 5);
	CHECK_EQ(access(address + 5, R_OK), 0);
	CHECK_EQ(unlink(address + 5), 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", address + 5);
	CHECK_EQ(bind(stale, (const struct sockaddr *)&at, sizeof at), 0);
	close(stale);
	CHECK_STATUS(
	    stream_listen_outside(talk.loop, &options, accepted, &talk, &talk.listener, NULL), OK);
	stream_listener_close(talk.listener);
	loop_close(talk.loop);
}
