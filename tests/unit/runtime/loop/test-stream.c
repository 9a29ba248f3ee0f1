#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/stream.h"
#include "tests/lib/test.h"

#define WAIT_MS 5000U

/* One end of a connection and what it was told. */
struct side {
	struct stream *stream;
	struct text received;
	uint32_t reads, drains, written;
	enum status ended; /* OK: not yet */
	enum status written_as;
};

/* A loop with one actor that owns everything, and the test's window into it. */
struct stage {
	struct loop *loop;
	struct act_ref owner;
	struct stream_listener *listener;
	struct side here, there; /* who connected, who was accepted */
	uint32_t accepted, connected;
	enum status connected_as;
	bool is_told; /* stream_resolve */
};

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	(void)state;
	(void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class owner_class = { .name = "owner", .receive = receive };

struct inside {
	void (*fn)(struct act *act, struct stage *stage, void *arg);
	struct stage *stage;
	void *arg;
};

static void enter(struct act *act, void *state, void *arg)
{
	struct inside *inside = arg;

	(void)state;
	inside->fn(act, inside->stage, inside->arg);
}

static void as_owner(struct stage *stage, void (*fn)(struct act *, struct stage *, void *),
		     void *arg)
{
	struct inside inside = { fn, stage, arg };

	CHECK(act_host_enter(loop_host(stage->loop), stage->owner, enter, &inside));
}

static void spawn_owner(struct act *act, void *state, void *arg)
{
	struct stage *stage = arg;

	(void)state;
	CHECK_STATUS(act_spawn(act, &owner_class, NULL, NULL, &stage->owner), OK);
}

static struct stage *make_stage(void)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);
	const struct loop_config config = {
		.host = { .name = "test", .node = 1, .host = 1, .epoch = 1 }
	};

	CHECK_STATUS(loop_open(&config, &stage->loop), OK);
	CHECK(act_host_enter(loop_host(stage->loop), act_host_root(loop_host(stage->loop)),
			     spawn_owner, stage));
	return stage;
}

static void wait_for(struct stage *stage, bool (*claim)(void *arg))
{
	CHECK(loop_run_until(stage->loop, claim, stage, WAIT_MS));
}

static bool is_never(void *arg)
{
	(void)arg;
	return false;
}

static void settle(struct stage *stage)
{
	(void)loop_run_until(stage->loop, is_never, stage, 20);
}

/* ---- events ---- */

static void on_read(struct act *act, struct stream *stream, struct str bytes, enum status status)
{
	struct side *side = stream_arg(stream);

	(void)act;
	side->reads++;
	if (status != OK)
		side->ended = status;
	text_add(&side->received, bytes);
}

static void on_drain(struct act *act, struct stream *stream)
{
	(void)act;
	((struct side *)stream_arg(stream))->drains++;
}

static void on_written(struct act *act, struct stream *stream, enum status status, void *arg)
{
	struct side *side = arg;

	(void)act;
	(void)stream;
	side->written++;
	side->written_as = status;
}

static void take_side(struct side *side, struct stream *stream)
{
	static const struct stream_events events = { .on_read = on_read, .on_drain = on_drain };

	side->stream = stream;
	side->received = text_in(test_arena(), 64 * MIB);
	stream_set_events(stream, &events, side);
}

static void on_accepted(struct act *act, struct stream *stream, void *arg)
{
	struct stage *stage = arg;

	(void)act;
	stage->accepted++;
	take_side(&stage->there, stream);
}

static void on_connected(struct act *act, struct stream *stream, enum status status, void *arg)
{
	struct stage *stage = arg;

	(void)act;
	stage->connected++;
	stage->connected_as = status;
	CHECK((status == OK) == (stream != NULL));
	if (stream != NULL)
		take_side(&stage->here, stream);
}

/* ---- what the owner does ---- */

static void listen_at(struct act *act, struct stage *stage, void *arg)
{
	const struct stream_listen_options options = { .address = arg };
	struct fault why = { 0 };

	CHECK_STATUS(stream_listen(act, &options, on_accepted, stage, &stage->listener, &why), OK);
}

static void dial(struct act *act, struct stage *stage, void *arg)
{
	CHECK_STATUS(stream_connect(act, arg, stream_listener_port(stage->listener), WAIT_MS,
				    on_connected, stage),
		     OK);
}

static bool are_joined(void *arg)
{
	struct stage *stage = arg;

	return stage->accepted > 0 && stage->connected > 0;
}

static void start_reading(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)stage;
	stream_read_start(((struct side *)arg)->stream);
}

static struct stage *make_pair(const char *address)
{
	struct stage *stage = make_stage();

	as_owner(stage, listen_at, (void *)(uintptr_t)address);
	as_owner(stage, dial, (void *)(uintptr_t)address);
	wait_for(stage, are_joined);
	CHECK_STATUS(stage->connected_as, OK);
	return stage;
}

static void write_text(struct act *act, struct stage *stage, void *arg)
{
	struct str parts[] = { str_from(arg), STR("!"), STR("") };

	(void)act;
	CHECK_STATUS(stream_write(stage->here.stream, parts, 3, NULL, NULL), OK);
}

static void shut_here(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_shutdown(stage->here.stream);
}

static void close_here(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_close(stage->here.stream);
}

static void close_there(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	(void)arg;
	stream_close(stage->there.stream);
}

static bool has_there_ended(void *arg)
{
	return ((struct stage *)arg)->there.ended != OK;
}

static bool has_here_ended(void *arg)
{
	return ((struct stage *)arg)->here.ended != OK;
}

/* ---- bytes and ends ---- */

TEST(bytes_arrive_in_order_and_the_end_of_a_half_is_told_once)
{
	const char *addresses[] = { "127.0.0.1",
				    arena_printf(test_arena(), "unix:%s/s", test_folder()).at };

	for (int i = 0; i < 2; i++) {
		struct stage *stage = make_pair(addresses[i]);

		as_owner(stage, start_reading, &stage->there);
		as_owner(stage, start_reading, &stage->here);
		as_owner(stage, write_text, (void *)(uintptr_t) "one");
		as_owner(stage, write_text, (void *)(uintptr_t) "two");
		as_owner(stage, shut_here, NULL);
		wait_for(stage, has_there_ended);
		CHECK_STR(text_str(&stage->there.received), "one!two!");
		CHECK_STATUS(stage->there.ended, GONE);
		CHECK_STATUS(stage->here.ended, OK); /* the other half goes on */
		as_owner(stage, close_there, NULL);
		wait_for(stage, has_here_ended);
		CHECK_STATUS(stage->here.ended, GONE);
		loop_close(stage->loop);
	}
}

TEST(nothing_is_told_while_reading_is_off)
{
	struct stage *stage = make_pair("127.0.0.1");

	as_owner(stage, write_text, (void *)(uintptr_t) "early");
	settle(stage);
	CHECK_EQ(stage->there.reads, 0);
	as_owner(stage, start_reading, &stage->there);
	as_owner(stage, close_here, NULL);
	wait_for(stage, has_there_ended);
	CHECK_STR(text_str(&stage->there.received), "early!");
	loop_close(stage->loop);
}

static void check_peer(struct act *act, struct stage *stage, void *arg)
{
	uint32_t uid = 0, gid = 0;
	int64_t pid = 0;

	(void)act;
	(void)arg;
	if (strcmp(stream_peer(stage->there.stream), "unix") == 0) {
		CHECK_STATUS(stream_peer_ids(stage->there.stream, &uid, &gid, &pid), OK);
		CHECK_EQ(uid, getuid());
		CHECK_EQ(pid, getpid());
	} else {
		CHECK_STATUS(stream_peer_ids(stage->there.stream, &uid, &gid, &pid), NOT_FOUND);
		CHECK(str_starts(str_from(stream_peer(stage->there.stream)), STR("127.0.0.1:")));
	}
}

TEST(a_stream_knows_who_is_at_the_other_end)
{
	struct stage *tcp = make_pair("127.0.0.1");
	struct stage *pipe = make_pair(arena_printf(test_arena(), "unix:%s/s", test_folder()).at);

	as_owner(tcp, check_peer, NULL);
	as_owner(pipe, check_peer, NULL);
	loop_close(tcp->loop);
	loop_close(pipe->loop);
}

/* ---- back-pressure ---- */

static char piece[100000];

static void write_until_busy(struct act *act, struct stage *stage, void *arg)
{
	struct str bytes = str_of(piece, sizeof piece);
	uint64_t *total = arg;

	(void)act;
	stream_set_marks(stage->here.stream, 200000, 50000);
	while (stream_write(stage->here.stream, &bytes, 1, NULL, NULL) == OK)
		*total += sizeof piece;
	CHECK(stream_queued(stage->here.stream) > 200000);
	CHECK(stream_queued(stage->here.stream) <= 200000 + sizeof piece);
}

static bool has_drained(void *arg)
{
	return ((struct stage *)arg)->here.drains > 0;
}

TEST(a_peer_that_does_not_read_makes_the_writer_busy_until_it_has_read)
{
	struct stage *stage = make_pair("127.0.0.1");
	uint64_t total = 0;

	as_owner(stage, write_until_busy, &total);
	settle(stage);
	CHECK_EQ(stage->here.drains, 0);
	as_owner(stage, start_reading, &stage->there);
	wait_for(stage, has_drained);
	CHECK(stream_queued(stage->here.stream) <= 50000);
	as_owner(stage, shut_here, NULL);
	wait_for(stage, has_there_ended);
	CHECK_EQ(stage->there.received.len, total);
	CHECK_EQ(stage->here.drains, 1);
	loop_close(stage->loop);
}

/* With one mark for both, as a connection of HTTP has it: a single write far above it ends in a drain too. */
static void write_once(struct act *act, struct stage *stage, void *arg)
{
	static char much[16 * 1024 * 1024];
	struct str bytes = str_of(much, sizeof much);

	(void)act;
	(void)arg;
	stream_set_marks(stage->here.stream, 1000, 1000);
	CHECK_STATUS(stream_write(stage->here.stream, &bytes, 1, NULL, NULL), OK);
	CHECK(stream_queued(stage->here.stream) > 1000);
}

TEST(one_large_write_drains_even_if_nobody_was_told_busy)
{
	struct stage *stage = make_pair("127.0.0.1");

	as_owner(stage, write_once, NULL);
	as_owner(stage, start_reading, &stage->there);
	wait_for(stage, has_drained);
	CHECK(stream_queued(stage->here.stream) <= 1000);
	loop_close(stage->loop);
}

static void write_borrowed(struct act *act, struct stage *stage, void *arg)
{
	static char much[8 * 1024 * 1024];
	struct str bytes = str_of(much, sizeof much);

	(void)act;
	(void)arg;
	CHECK_STATUS(stream_write(stage->here.stream, &bytes, 1, on_written, &stage->here), OK);
	CHECK_EQ(stage->here.written, 0); /* never from within the call */
}

static bool is_written(void *arg)
{
	return ((struct stage *)arg)->here.written > 0;
}

TEST(borrowed_bytes_are_given_back_once_sent_or_not)
{
	for (int cut = 0; cut < 2; cut++) {
		struct stage *stage = make_pair("127.0.0.1");

		as_owner(stage, write_borrowed, NULL);
		if (cut != 0)
			as_owner(stage, close_here, NULL);
		else
			as_owner(stage, start_reading, &stage->there);
		wait_for(stage, is_written);
		CHECK_STATUS(stage->here.written_as, cut != 0 ? CANCELLED : OK);
		settle(stage);
		CHECK_EQ(stage->here.written, 1);
		loop_close(stage->loop);
	}
}

static void close_after_writes(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	stream_close_after_writes(stage->here.stream, (uint32_t)(uintptr_t)arg);
}

TEST(what_is_queued_goes_out_before_a_gentle_close_if_the_peer_reads_in_time)
{
	for (int late = 0; late < 2; late++) {
		struct stage *stage = make_pair("127.0.0.1");
		uint64_t total = 0;

		as_owner(stage, write_until_busy, &total);
		as_owner(stage, close_after_writes, (void *)(uintptr_t)(late != 0 ? 1 : WAIT_MS));
		settle(stage);
		as_owner(stage, start_reading, &stage->there);
		wait_for(stage, has_there_ended);
		if (late != 0)
			CHECK(stage->there.received.len < total);
		else
			CHECK_EQ(stage->there.received.len, total);
		loop_close(stage->loop);
	}
}

/* ---- making connections ---- */

static void dial_closed(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	CHECK_STATUS(stream_connect(act, "127.0.0.1", 1, WAIT_MS, on_connected, stage), OK);
}

static bool is_connected(void *arg)
{
	return ((struct stage *)arg)->connected > 0;
}

TEST(a_connection_that_does_not_come_about_is_told_once)
{
	struct stage *stage = make_stage();

	as_owner(stage, dial_closed, NULL);
	wait_for(stage, is_connected);
	CHECK(stage->connected_as != OK);
	settle(stage);
	CHECK_EQ(stage->connected, 1);
	loop_close(stage->loop);
}

static void dial_nonsense(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	CHECK_STATUS(stream_connect(act, "not.an.address", 1, WAIT_MS, on_connected, stage),
		     INVALID);
}

static void listen_twice(struct act *act, struct stage *stage, void *arg)
{
	struct stream_listen_options options = { .address = arg,
						 .port = stream_listener_port(stage->listener) };
	struct stream_listener *second = NULL;
	struct fault why = { 0 };

	CHECK(stream_listen(act, &options, on_accepted, stage, &second, &why) != OK);
	CHECK(why.text[0] != '\0');
}

TEST(addresses_that_cannot_be_used_are_refused_in_words)
{
	const char *path = arena_printf(test_arena(), "unix:%s/s", test_folder()).at;
	const char *addresses[] = { "127.0.0.1", path };
	struct stage *stage = make_stage();

	as_owner(stage, dial_nonsense, NULL);
	for (int i = 0; i < 2; i++) {
		as_owner(stage, listen_at, (void *)(uintptr_t)addresses[i]);
		as_owner(stage, listen_twice, (void *)(uintptr_t)addresses[i]);
	}
	loop_close(stage->loop);
	CHECK(access(path + strlen("unix:"), F_OK) != 0); /* it goes with its listener */
}

static void pause_listener(struct act *act, struct stage *stage, void *arg)
{
	(void)act;
	stream_listener_pause(stage->listener, arg != NULL);
}

TEST(a_paused_listener_lets_connections_wait_and_takes_them_later)
{
	struct stage *stage = make_stage();

	as_owner(stage, listen_at, (void *)(uintptr_t) "127.0.0.1");
	as_owner(stage, pause_listener, stage);
	for (int i = 0; i < 3; i++)
		as_owner(stage, dial, (void *)(uintptr_t) "127.0.0.1");
	settle(stage);
	CHECK_EQ(stage->connected, 3); /* by the kernel */
	CHECK_EQ(stage->accepted, 0);
	as_owner(stage, pause_listener, NULL);
	settle(stage);
	CHECK_EQ(stage->accepted, 3);
	loop_close(stage->loop);
}

static void take_fd(struct act *act, struct stage *stage, void *arg)
{
	struct stream *stream = NULL;

	CHECK_STATUS(stream_open_fd(act, *(int *)arg, &stream), OK);
	take_side(&stage->here, stream);
}

TEST(a_descriptor_that_was_made_elsewhere_becomes_a_stream)
{
	struct stage *stage = make_stage();
	int ends[2];
	char got[8] = "";

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	as_owner(stage, take_fd, &ends[0]);
	as_owner(stage, write_text, (void *)(uintptr_t) "out");
	CHECK_EQ(read(ends[1], got, sizeof got), 4);
	CHECK_STR(str_from(got), "out!");
	close(ends[1]);
	as_owner(stage, start_reading, &stage->here);
	wait_for(stage, has_here_ended);
	loop_close(stage->loop);
}

static void on_found(struct act *act, const char *const *addresses, uint32_t count,
		     enum status status, void *arg)
{
	struct stage *stage = arg;

	(void)act;
	stage->is_told = true;
	CHECK_STATUS(status, OK);
	CHECK(count > 0 && strcmp(addresses[0], "127.0.0.1") == 0);
}

static void resolve(struct act *act, struct stage *stage, void *arg)
{
	CHECK_STATUS(stream_resolve(act, arg, on_found, stage), OK);
}

static bool is_told(void *arg)
{
	return ((struct stage *)arg)->is_told;
}

TEST(a_name_is_looked_up_off_the_loop)
{
	struct stage *stage = make_stage();

	as_owner(stage, resolve, (void *)(uintptr_t) "127.0.0.1");
	wait_for(stage, is_told);
	loop_close(stage->loop);
}

/* ---- the owner's end ---- */

static void end_owner(struct act *act, struct stage *stage, void *arg)
{
	(void)arg;
	act_kill(act, stage->owner);
}

TEST(all_of_an_owner_ends_with_it_and_nobody_is_called)
{
	struct stage *stage = make_pair("127.0.0.1");

	as_owner(stage, start_reading, &stage->there);
	as_owner(stage, write_borrowed, NULL);
	as_owner(stage, dial, (void *)(uintptr_t) "127.0.0.1");
	as_owner(stage, resolve, (void *)(uintptr_t) "127.0.0.1");
	as_owner(stage, end_owner, NULL);
	settle(stage);
	CHECK_EQ(stage->here.written, 0);
	CHECK_EQ(stage->connected, 1);
	CHECK(!stage->is_told);
	loop_close(stage->loop);
}
