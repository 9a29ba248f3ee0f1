#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/peer.h"

#include <nng/nng.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>

#include "transport/peer/frame.h"

#define NNG_BUG "open bug: closing a link may hang in nng or crash"
#define PATIENCE_MS 5000

/* Two hosts of one node in this process. */
struct two {
	struct link_side a, b;
	struct link_side *both[2];
	uint64_t wanted; /* what the conditions below wait for */
};

static const struct seams_peer host_a = { 1, 1, 7 }, host_b = { 1, 2, 9 };

static struct two *make_two(void)
{
	struct two *two = arena_new_of(test_arena(), struct two);

	two->both[0] = &two->a;
	two->both[1] = &two->b;
	CHECK_STATUS(link_side_open(&two->a, link_side_config(1, 7), NULL), OK);
	CHECK_STATUS(link_side_open(&two->b, link_side_config(2, 9), NULL), OK);
	return two;
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

TEST(messages_arrive_in_order_and_share_frames)
{
	SKIP(NNG_BUG);
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

TEST(both_ways_at_once_and_by_name)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
	struct seams_peer found;
	struct peer_entry entry = {
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

TEST(large_messages_pass_whole_in_their_place)
{
	SKIP(NNG_BUG);
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

TEST(a_first_contact_that_does_not_come_about_is_announced)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
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

TEST(the_end_of_a_peer_is_announced_once_before_its_next_life_is_heard)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
	struct seams_peer next = { 1, 2, 10 };

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	restart_b(two, 10);
	CHECK_STATUS(link_side_send(&two->b, host_a, STR("I am new")), OK);
	CHECK(run(two, is_open, 0));
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

TEST(what_waits_for_a_life_that_is_over_is_announced_and_never_delivered)
{
	SKIP(NNG_BUG);
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

TEST(an_earlier_life_is_not_let_in)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
	struct peer_entry entry = { .node = 1, .node_name = STR("node-1"), .host = 2, .epoch = 20 };

	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	CHECK_STATUS(link_side_send(&two->b, host_a, STR("from the past")), OK);
	two->wanted = 1;
	CHECK(!link_side_run(two->both, 2, has_a_lost, two, 400));
	CHECK_EQ(two->a.messages, 0);
	CHECK(link_side_stats(&two->a).old_epochs > 0);
	close_two(two);
}

TEST(a_peer_that_stops_reading_costs_its_credit_and_is_then_lost)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
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

TEST(credit_comes_back_while_a_peer_reads)
{
	SKIP(NNG_BUG);
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

TEST(an_idle_link_stays_open_by_its_heartbeats)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	CHECK(!link_side_run(two->both, 2, never, NULL, 700)); /* three times dead_ms */
	CHECK(is_open(two));
	CHECK_EQ(two->a.losses.len + two->b.losses.len, 0);
	close_two(two);
}

/* ---- liars: a bare socket that says what we choose ---- */

static nng_socket dial_a(void)
{
	nng_socket push;
	char url[256];

	snprintf(url, sizeof url, "ipc://%s/1.ipc", test_folder());
	CHECK_EQ(nng_push0_open(&push), 0);
	CHECK_EQ(nng_dial(push, url, NULL, 0), 0);
	return push;
}

static void say(nng_socket push, const struct frame *frame, struct str body)
{
	char bytes[1024];

	frame_encode(frame, bytes);
	if (body.len > 0)
		memcpy(bytes + FRAME_BYTES, body.at, body.len);
	nng_socket_set_ms(push, NNG_OPT_SENDTIMEO, 1000);
	CHECK_EQ(nng_send(push, bytes, FRAME_BYTES + body.len, 0), 0);
}

static bool has_counted_lies(void *arg)
{
	struct peer_stats stats = link_side_stats(arg);

	return stats.bad_frames + stats.bad_identities > 0;
}

TEST(a_liar_is_counted_and_not_heard)
{
	SKIP(NNG_BUG);
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
		nng_socket push;

		CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
		push = dial_a();
		say(push, &frame, STR("\1x\0"));
		if (cases[i].then_from.node != 0) {
			frame.from = cases[i].then_from;
			say(push, &frame, STR("\1x\0"));
		}
		CHECK(link_side_run(sides, 1, has_counted_lies, &a, PATIENCE_MS));
		CHECK_EQ(link_side_stats(&a).bad_identities, 1);
		CHECK_EQ(a.messages, 0);
		nng_close(push);
		link_side_close(&a);
	}
}

TEST(noise_is_counted_and_not_heard)
{
	SKIP(NNG_BUG);
	struct link_side a, *sides[] = { &a };
	nng_socket push;

	CHECK_STATUS(link_side_open(&a, link_side_config(1, 7), NULL), OK);
	push = dial_a();
	CHECK_EQ(nng_send(push, (void *)(uintptr_t) "noise", 5, 0), 0);
	CHECK(link_side_run(sides, 1, has_counted_lies, &a, PATIENCE_MS));
	CHECK_EQ(link_side_stats(&a).bad_frames, 1);
	nng_close(push);
	link_side_close(&a);
}

/* ---- configuration ---- */

TEST(a_node_is_forgotten_with_its_links)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();

	CHECK_STATUS(link_side_send(&two->a, host_b, STR("one")), OK);
	CHECK(run(two, is_open, 0));
	peer_forget_node(two->a.peer, 1);
	CHECK_EQ(two->a.losses.len, 1);
	CHECK_EQ(link_side_state(&two->a, host_b), PEER_IDLE);
	close_two(two);
}

TEST(two_nodes_cannot_have_one_name)
{
	SKIP(NNG_BUG);
	struct two *two = make_two();
	struct peer_entry entry = { .node = 2, .node_name = STR("other"), .host = 1 };

	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	CHECK_STATUS(peer_learn(two->a.peer, &entry), OK);
	entry.node = 3;
	CHECK_STATUS(peer_learn(two->a.peer, &entry), INVALID);
	entry.node_name = STR_NONE;
	CHECK_STATUS(peer_learn(two->a.peer, &entry), INVALID);
	close_two(two);
}

TEST(an_impossible_configuration_is_refused_in_words)
{
	SKIP(NNG_BUG);
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
