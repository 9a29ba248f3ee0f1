#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/peer/frame.h"

#define PATIENCE_MS 15000

/* Two hosts of one node in this process. */
struct two {
	struct link_side a, b;
	struct link_side *both[2];
	uint64_t wanted; /* what the conditions below wait for */
};

static const struct seams_peer host_a = { 1, 1, 7 }, host_b = { 1, 2, 9 };

static struct two *make_two_of(struct peer_config a, struct peer_config b)
{
	struct two *two = arena_new_of(test_arena(), struct two);

	two->both[0] = &two->a;
	two->both[1] = &two->b;
	CHECK_STATUS(link_side_open(&two->a, a, NULL), OK);
	CHECK_STATUS(link_side_open(&two->b, b, NULL), OK);
	return two;
}

static struct two *make_two(void)
{
	return make_two_of(link_side_config(1, 7), link_side_config(2, 9));
}

static struct two *make_two_that_lose_each_other(uint32_t dead_ms)
{
	struct peer_config a = link_side_config(1, 7), b = link_side_config(2, 9);

	a.dead_ms = b.dead_ms = dead_ms;
	return make_two_of(a, b);
}

static struct two *make_two_without_patience(void)
{
	struct peer_config a = link_side_config(1, 7), b = link_side_config(2, 9);

	a.connect_ms = b.connect_ms = 300;
	return make_two_of(a, b);
}

static void close_two(struct two *two)
{
	link_side_close(&two->a);
	link_side_close(&two->b);
}

static bool has_b_messages(void *arg)
{
	struct two *two = arg;

	return two->b.messages >= two->wanted;
}

static bool has_a_messages(void *arg)
{
	struct two *two = arg;

	return two->a.messages >= two->wanted;
}

static bool has_a_lost(void *arg)
{
	struct two *two = arg;

	return two->a.losses.len >= two->wanted;
}

static bool is_open(void *arg)
{
	struct two *two = arg;

	return link_side_state(&two->a, host_b) == PEER_OPEN &&
	       link_side_state(&two->b, host_a) == PEER_OPEN;
}

static bool run(struct two *two, bool (*until)(void *arg), uint64_t wanted)
{
	two->wanted = wanted;
	return link_side_run(two->both, 2, until, two, PATIENCE_MS);
}

static struct str numbered(uint32_t i)
{
	return arena_printf(test_arena(), "message %u", i);
}

LINK_TEST(messages_arrive_in_order_and_share_frames)
{
	struct two *two = make_two();
	struct peer_stats stats;

	for (uint32_t i = 0; i < 1000; i++)
		CHECK_STATUS(link_side_send(&two->a, host_b, numbered(i)), OK);
	CHECK(run(two, has_b_messages, 1000));
	for (uint32_t i = 0; i < 1000; i++) {
		CHECK(str_eq(two->b.bodies.at[i], numbered(i)));
		CHECK_EQ(two->b.froms.at[i].host, 1);
		CHECK_EQ(two->b.froms.at[i].epoch, 7);
	}
	stats = link_side_stats(&two->a);
	CHECK_EQ(stats.messages_sent, 1000);
	CHECK(stats.frames_sent <
	      30); /* what gathered while the first contact was made left as a few frames */
	CHECK_EQ(two->a.losses.len + two->b.losses.len, 0);
	close_two(two);
}

LINK_TEST(both_ways_at_once_and_by_name)
{
	struct two *two = make_two();
	struct seams_peer found;
	struct seams_place entry = {
		.node = 1, .node_name = STR("node-1"), .host = 2, .host_name = STR("control")
	};

	CHECK_STATUS(two->a.link.resolve(two->a.link.self, STR("node-1/control"), &found),
		     NOT_FOUND);
	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	CHECK_STATUS(two->a.link.resolve(two->a.link.self, STR("node-1/control"), &found), OK);
	CHECK_EQ(found.host, 2);
	CHECK_STATUS(two->a.link.resolve(two->a.link.self, STR("node-1/2"), &found), OK);
	CHECK_STATUS(two->a.link.resolve(two->a.link.self, STR("node-1"), &found), OK);
	CHECK_STATUS(two->a.link.resolve(two->a.link.self, STR("node-1/3"), &found), NOT_FOUND);
	CHECK_STATUS(link_side_send(&two->a, found, STR("to b")), OK);
	CHECK_STATUS(link_side_send(&two->b, host_a, STR("to a")), OK);
	CHECK(run(two, has_b_messages, 1));
	CHECK(run(two, is_open, 0));
	CHECK_EQ(link_side_stats(&two->a).losses + link_side_stats(&two->b).losses, 0);
	close_two(two);
}

LINK_TEST(large_messages_pass_whole_in_their_place)
{
	static const uint32_t sizes[] = { 0,
					  1,
					  LIMIT_FRAME_ALONE - 100,
					  LIMIT_FRAME_ALONE,
					  65536,
					  0,
					  900000,
					  LIMIT_MESSAGE_BYTES,
					  5 };
	struct two *two = make_two();

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *bytes = arena_zalloc(test_arena(), sizes[i] + 1);

		memset(bytes, 'a' + (int)i, sizes[i]);
		CHECK_STATUS(link_side_send(&two->a, host_b, str_of(bytes, sizes[i])), OK);
	}
	CHECK(run(two, has_b_messages, sizeof sizes / sizeof sizes[0]));
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct str body = two->b.bodies.at[i];

		CHECK_EQ(body.len, sizes[i]);
		for (uint32_t k = 0; k < body.len; k += 997)
			CHECK_EQ(body.at[k], 'a' + (int)i);
	}
	close_two(two);
}

LINK_TEST(a_first_contact_that_does_not_come_about_is_announced)
{
	struct two *two = make_two_without_patience();
	struct seams_peer nobody = { 1, 3, 5 };

	CHECK_STATUS(link_side_send(&two->a, nobody, STR("x")), OK);
	CHECK(run(two, has_a_lost, 1));
	CHECK_EQ(two->a.losses.at[0].host, 3);
	CHECK_EQ(two->a.losses.at[0].epoch, 5);
	CHECK_STATUS(link_side_send(&two->a, nobody, STR("x")), UNAVAILABLE);
	CHECK_EQ(link_side_state(&two->a, nobody), PEER_AWAY);
	CHECK_STATUS(link_side_send(&two->a, (struct seams_peer){ 2, 1, 1 }, STR("x")), UNAVAILABLE);
	close_two(two);
}

/* b goes and comes back as `epoch`. */
static void restart_b(struct two *two, uint16_t epoch)
{
	link_side_close(&two->b);
	CHECK_STATUS(link_side_open(&two->b, link_side_config(2, epoch), NULL), OK);
}

LINK_TEST(the_end_of_a_peer_is_announced_once_before_its_next_life_is_heard)
{
	struct two *two = make_two();
	struct seams_peer next = { 1, 2, 10 };

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	restart_b(two, 10);
	CHECK_STATUS(link_side_send(&two->b, host_a, STR("I am new")), OK);
	CHECK(run(two, has_a_messages, 1));
	CHECK_EQ(two->a.losses.len, 1);
	CHECK_EQ(two->a.losses.at[0].epoch, 9);
	CHECK_EQ(two->a.losses_at, 0);
	CHECK_STATUS(link_side_send(&two->a, host_b, STR("for the old one")), GONE);
	CHECK_STATUS(link_side_send(&two->a, next, STR("for the new one")), OK);
	CHECK_STATUS(link_side_send(&two->a, (struct seams_peer){ 1, 2, 0 }, STR("for any")), OK);
	CHECK(run(two, has_b_messages, 2));
	CHECK_STR(two->b.bodies.at[0], "for the new one");
	CHECK_STR(two->b.bodies.at[1], "for any");
	CHECK_EQ(two->a.froms.at[0].epoch, 10);
	close_two(two);
}

LINK_TEST(what_waits_for_a_life_that_is_over_is_announced_and_never_delivered)
{
	struct two *two = make_two();

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	link_side_close(&two->b);
	two->wanted = 1;
	CHECK(link_side_run(two->both, 1, has_a_lost, two, PATIENCE_MS));
	CHECK_STATUS(link_side_send(&two->a, host_b, STR("too late")), OK);
	CHECK_STATUS(link_side_open(&two->b, link_side_config(2, 10), NULL), OK);
	CHECK(run(two, has_a_lost, 2));
	CHECK_EQ(two->a.losses.at[1].epoch, 9);
	CHECK(run(two, is_open, 0));
	CHECK_STATUS(link_side_send(&two->a, (struct seams_peer){ 1, 2, 10 }, STR("two")), OK);
	CHECK(run(two, has_b_messages, 1));
	CHECK_STR(two->b.bodies.at[0], "two");
	close_two(two);
}

LINK_TEST(an_earlier_life_is_not_let_in)
{
	struct two *two = make_two();
	struct seams_place entry = { .node = 1, .node_name = STR("node-1"), .host = 2, .epoch = 20 };

	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	CHECK_STATUS(link_side_send(&two->b, host_a, STR("from the past")), OK);
	two->wanted = 1;
	CHECK(!link_side_run(two->both, 2, has_a_lost, two, 400));
	CHECK_EQ(two->a.messages, 0);
	CHECK(link_side_stats(&two->a).old_epochs > 0);
	close_two(two);
}

/* The epochs of half of all hosts are such that counting on from them leads to 0 before it leads back. */
LINK_TEST(a_peer_that_is_told_of_again_keeps_its_session)
{
	static const uint16_t epochs[] = { 1, 9, 0x7fff, 0x8000, 0x8001, 60000, 0xffff };
	struct seams_place entry = { .node = 1, .node_name = STR("node-1"), .host = 2 };

	for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
		struct two *two = make_two();

		restart_b(two, epochs[i]);
		CHECK_STATUS(link_side_send(&two->a, (struct seams_peer){ 1, 2, 0 }, STR("one")),
			     OK);
		CHECK(run(two, is_open, 0));
		CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
		CHECK_EQ(two->a.losses.len, 0);
		CHECK_EQ(link_side_state(&two->a, host_b), PEER_OPEN);
		CHECK_STATUS(
		    link_side_send(&two->a, (struct seams_peer){ 1, 2, epochs[i] }, STR("two")), OK);
		CHECK(run(two, has_b_messages, 2));
		close_two(two);
	}
}

LINK_TEST(a_peer_that_stops_reading_costs_its_credit_and_is_then_lost)
{
	struct two *two = make_two_that_lose_each_other(200);
	char body[1000] = "";
	uint32_t accepted = 0;

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	two->wanted = 1;
	/* From here on b has no turns: its nng threads take what there is credit for, nobody handles it. */
	while (link_side_send(&two->a, host_b, str_of(body, sizeof body)) == OK)
		CHECK(++accepted < 20000);
	CHECK(accepted > 16000); /* LIMIT_LINK_OUTBOX_BYTES of them */
	CHECK(link_side_run(two->both, 1, has_a_lost, two, PATIENCE_MS));
	CHECK_STATUS(link_side_send(&two->a, host_b, STR("x")), UNAVAILABLE);
	CHECK(link_side_stats(&two->a).bytes_sent <= LIMIT_LINK_CREDIT_BYTES + LIMIT_FRAME_BYTES);
	/* It wakes up: what it had taken may be heard, then both find each other again. */
	CHECK(run(two, is_open, 0));
	CHECK_STATUS(link_side_send(&two->a, host_b, STR("again")), OK);
	CHECK(run(two, has_b_messages, two->b.messages + 1));
	close_two(two);
}

LINK_TEST(credit_comes_back_while_a_peer_reads)
{
	struct two *two = make_two();
	char body[10000] = "";

	two->b.is_counting = true;
	for (uint32_t i = 0; i < 1000; i++) /* ten times the credit */
		CHECK_STATUS(link_side_send(&two->a, host_b, str_of(body, sizeof body)), OK);
	CHECK(run(two, has_b_messages, 1000));
	CHECK_EQ(two->b.bytes, 1000 * sizeof body);
	close_two(two);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

LINK_TEST(an_idle_link_stays_open_by_its_heartbeats)
{
	struct two *two = make_two_that_lose_each_other(600 / PEER_LOCAL_PATIENCE);

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	CHECK(!link_side_run(two->both, 2, never, NULL, 1900)); /* three times as long */
	CHECK(is_open(two));
	CHECK_EQ(two->a.losses.len + two->b.losses.len, 0);
	close_two(two);
}

/* ---- liars: a bare socket that says what we choose ---- */

/* Like connect. */
static int call_a(int fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s/1.ipc", test_folder());
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int dial_a(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_EQ(call_a(fd), 0);
	return fd;
}

static void say(int fd, struct frame frame, struct str body)
{
	char bytes[1024];

	frame.body_bytes = body.len;
	frame_encode(&frame, bytes);
	if (body.len > 0)
		memcpy(bytes + FRAME_BYTES, body.at, body.len);
	CHECK_EQ(write(fd, bytes, FRAME_BYTES + body.len), FRAME_BYTES + body.len);
}

/* The other end has closed. */
static bool is_hung_up(int fd)
{
	char byte;
	bool is_over = read(fd, &byte, 1) <= 0;

	close(fd);
	return is_over;
}

static bool has_counted_lies(void *arg)
{
	struct peer_stats stats = link_side_stats(arg);

	return stats.bad_frames + stats.bad_identities > 0;
}

LINK_TEST(a_liar_is_counted_and_not_heard)
{
	static const struct {
		const char *what;
		struct seams_peer from, to, then_from;
	} cases[] = {
		{ "another node over the node's own socket", { 2, 1, 1 }, { 1, 1, 0 }, { 0 } },
		{ "our own host", { 1, 1, 1 }, { 1, 1, 0 }, { 0 } },
		{ "for another host", { 1, 5, 1 }, { 1, 2, 0 }, { 0 } },
		{ "somebody else after the hello", { 1, 5, 1 }, { 1, 1, 0 }, { 1, 6, 1 } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct link_side a, *sides[] = { &a };
		struct frame frame = { .kind = FRAME_HELLO,
				       .from = cases[i].from,
				       .to = cases[i].to,
				       .from_session = 1 };
		int fd;

		CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
		fd = dial_a();
		say(fd, frame, STR("\1x\0"));
		if (cases[i].then_from.node != 0) {
			frame.from = cases[i].then_from;
			say(fd, frame, STR("\1x\0"));
		}
		CHECK(link_side_run(sides, 1, has_counted_lies, &a, PATIENCE_MS));
		CHECK_EQ(link_side_stats(&a).bad_identities, 1);
		CHECK_EQ(a.messages, 0);
		CHECK(is_hung_up(fd));
		link_side_close(&a);
	}
}

LINK_TEST(noise_is_counted_and_not_heard)
{
	struct link_side a, *sides[] = { &a };
	char noise[FRAME_BYTES] = "noise";
	int fd;

	CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
	fd = dial_a();
	CHECK_EQ(write(fd, noise, sizeof noise), sizeof noise);
	CHECK(link_side_run(sides, 1, has_counted_lies, &a, PATIENCE_MS));
	CHECK_EQ(link_side_stats(&a).bad_frames, 1);
	CHECK(is_hung_up(fd));
	link_side_close(&a);
}

/* ---- connections that are nobody's ---- */

static bool has_hung_up(void *arg)
{
	char byte;

	return recv(*(int *)arg, &byte, 1, MSG_DONTWAIT) == 0;
}

LINK_TEST(a_connection_that_says_nothing_is_ended)
{
	struct peer_config config = link_side_config(1, 7);
	struct link_side a, *sides[] = { &a };
	int fd;

	config.greet_ms = 100;
	CHECK_STATUS(link_side_open(&a, config, NULL), OK);
	fd = dial_a();
	CHECK(link_side_run(sides, 1, has_hung_up, &fd, PATIENCE_MS));
	close(fd);
	link_side_close(&a);
}

LINK_TEST(strangers_have_a_limit)
{
	struct rlimit files = { 4096, 4096 };
	struct link_side a, *sides[] = { &a };
	int fds[LIMIT_PEERS + 1];

	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		SKIP("4096 descriptors are too many here");
	CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
	for (uint32_t i = 0; i < LIMIT_PEERS + 1; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		while (call_a(fds[i]) != 0) /* the kernel's queue is full */
			link_side_run(sides, 1, never, NULL, 1);
	}
	CHECK(link_side_run(sides, 1, has_hung_up, &fds[LIMIT_PEERS], PATIENCE_MS));
	for (uint32_t i = 0; i < LIMIT_PEERS; i++)
		CHECK(!has_hung_up(&fds[i]));
	link_side_close(&a);
	for (uint32_t i = 0; i < LIMIT_PEERS; i++)
		CHECK(is_hung_up(fds[i]));
	close(fds[LIMIT_PEERS]);
}

static bool has_read(void *arg)
{
	return link_side_stats(arg).frames_received > 0;
}

LINK_TEST(a_host_that_has_run_out_of_descriptors_accepts_again_later)
{
	struct frame frame = {
		.kind = FRAME_HELLO, .from = { 1, 5, 1 }, .to = { 1, 1, 0 }, .from_session = 1
	};
	struct rlimit before, none = { 0 };
	struct link_side a, *sides[] = { &a };
	int fd;

	CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_EQ(call_a(fd), 0);
	say(fd, frame, STR("\1x\0"));
	CHECK(!link_side_run(sides, 1, has_read, &a, 150)); /* five heartbeats */
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
	CHECK(link_side_run(sides, 1, has_read, &a, PATIENCE_MS));
	close(fd);
	link_side_close(&a);
}

/* ---- configuration ---- */

LINK_TEST(a_node_is_forgotten_with_its_links)
{
	struct two *two = make_two();

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	peer_forget_node(two->a.peer, 1);
	CHECK_EQ(two->a.losses.len, 1);
	CHECK_EQ(link_side_state(&two->a, host_b), PEER_IDLE);
	close_two(two);
}

LINK_TEST(two_nodes_cannot_have_one_name)
{
	struct two *two = make_two();
	struct seams_place entry = { .node = 2, .node_name = STR("other"), .host = 1 };

	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	entry.node = 3;
	CHECK_STATUS(peer_learn(two->a.peer, &entry), INVALID);
	entry.node_name = STR_NONE;
	CHECK_STATUS(peer_learn(two->a.peer, &entry), INVALID);
	close_two(two);
}

LINK_TEST(an_impossible_configuration_is_refused_in_words)
{
	struct link_side side;
	struct peer_config config = link_side_config(1, 7);
	struct fault why;

	config.listen = STR("127.0.0.1:0");
	CHECK_STATUS(link_side_open(&side, config, &why), INVALID);
	CHECK(strstr(why.text, "need certificates") != NULL);
	link_side_close(&side);
	config = link_side_config(1, 7);
	config.run_folder = str_of("/a/path/that/is/longer/than/the/name/of/a/unix/socket/can/be/"
				   "because/of/all/its/folders/and/so/on",
				   97);
	CHECK_STATUS(link_side_open(&side, config, &why), INVALID);
	CHECK(strstr(why.text, "too long") != NULL);
	link_side_close(&side);
	config.run_folder = STR("/does/not/exist");
	CHECK(link_side_open(&side, config, &why) != OK);
	link_side_close(&side);
}
