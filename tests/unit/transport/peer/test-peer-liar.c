/* A peer of the node that keeps the rules until its session is open, and then does not. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/link-side.h"
#include "tests/lib/test.h"
#include "transport/peer/frame.h"

#define PATIENCE_MS 15000
#define LIAR_SESSION 1000U

static const struct seams_peer host_a = { 1, 1, 7 }, liar_host = { 1, 2, 9 };

/* Host 1 is a real one; host 2 is this test, which writes by `out` and reads what comes by `in`. */
struct stage {
	struct link_side a, *sides[1];
	int listener, out, in;
	uint32_t session; /* of a's pipe to us */
};

static struct sockaddr_un socket_of(uint16_t host)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof at.sun_path, "%s/%u.ipc", test_folder(), host);
	return at;
}

/* What a liar says when it does not lie. */
static struct frame honest(const struct stage *stage, enum frame_kind kind)
{
	return (struct frame){ .kind = kind,
			       .from = liar_host,
			       .to = kind == FRAME_HELLO ? (struct seams_peer){ 1, 1, 0 } : host_a,
			       .from_session = LIAR_SESSION,
			       .to_session = stage->session };
}

static void say(const struct stage *stage, struct frame frame, struct str body)
{
	char bytes[FRAME_BYTES + 256];

	frame.body_bytes = body.len;
	frame_encode(&frame, bytes);
	if (body.len > 0)
		memcpy(bytes + FRAME_BYTES, body.at, body.len);
	CHECK_EQ(write(stage->out, bytes, FRAME_BYTES + body.len), FRAME_BYTES + body.len);
}

/* One message, as long as its length says plus `surplus`. */
static struct str message(char out[FRAME_LENGTH_BYTES + ENVELOPE_BYTES + 8], int surplus)
{
	memset(out, 0, FRAME_LENGTH_BYTES + ENVELOPE_BYTES + 8);
	frame_message_encode((uint32_t)((int)ENVELOPE_BYTES + surplus), out);
	return str_of(out, FRAME_LENGTH_BYTES + ENVELOPE_BYTES);
}

static bool has_dialed(void *arg)
{
	struct stage *stage = arg;

	if (stage->in < 0)
		stage->in = accept4(stage->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return stage->in >= 0;
}

static bool has_greeted(void *arg)
{
	struct stage *stage = arg;
	char bytes[FRAME_BYTES];
	struct frame frame = { .kind = FRAME_HELLO };
	uint32_t frame_bytes;
	struct str body;
	char all[FRAME_BYTES + FRAME_HELLO_BODY_MAX];

	if (recv(stage->in, bytes, sizeof bytes, MSG_PEEK) != sizeof bytes)
		return false;
	CHECK_STATUS(frame_length(bytes, &frame_bytes), OK);
	CHECK_EQ(read(stage->in, all, frame_bytes), frame_bytes);
	CHECK_STATUS(frame_decode(str_of(all, frame_bytes), &frame, &body), OK);
	stage->session = frame.from_session;
	return true;
}

static bool is_open(void *arg)
{
	return link_side_state(&((struct stage *)arg)->a, liar_host) == PEER_OPEN;
}

static bool run(struct stage *stage, bool (*until)(void *arg), uint32_t ms)
{
	return link_side_run(stage->sides, 1, until, stage, ms);
}

/* Both pipes stand and a believes that the session is open. */
static struct stage *make_stage(void)
{
	struct stage *stage = arena_new_of(test_arena(), struct stage);
	struct sockaddr_un ours = socket_of(2), theirs = socket_of(1);

	stage->sides[0] = &stage->a;
	stage->in = -1;
	CHECK_STATUS(link_side_open(&stage->a, link_side_config(1, 7), NULL), OK);
	stage->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_EQ(bind(stage->listener, (struct sockaddr *)&ours, sizeof ours), 0);
	CHECK_EQ(listen(stage->listener, 4), 0);
	stage->out = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_EQ(connect(stage->out, (struct sockaddr *)&theirs, sizeof theirs), 0);
	say(stage, honest(stage, FRAME_HELLO), STR("\1x\0"));
	CHECK(run(stage, has_dialed, PATIENCE_MS));
	CHECK(run(stage, has_greeted, PATIENCE_MS));
	say(stage, honest(stage, FRAME_HELLO), STR("\1x\0"));
	CHECK(run(stage, is_open, PATIENCE_MS));
	return stage;
}

static void close_stage(struct stage *stage)
{
	struct sockaddr_un ours = socket_of(2);

	link_side_close(&stage->a);
	close(stage->listener);
	close(stage->out);
	close(stage->in);
	unlink(ours.sun_path);
}

static bool has_lost(void *arg)
{
	return ((struct stage *)arg)->a.losses.len > 0;
}

static bool has_message(void *arg)
{
	return ((struct stage *)arg)->a.messages > 0;
}

enum lie {
	SEQUENCE_SKIPPED,
	SEQUENCE_REPEATED,
	CREDIT_NEVER_SENT,
	MESSAGE_LONGER_THAN_FRAME,
	MESSAGE_SHORTER_THAN_ENVELOPE,
	KIND_UNKNOWN,
	VERSION_UNKNOWN,
	LENGTH_PAST_ALL,
	ANOTHER_HOST,
	ANOTHER_NODE,
	ANOTHER_LIFE,
	HELLO_OF_ANOTHER_SESSION,
	LIES,
};

static void tell(struct stage *stage, enum lie lie)
{
	char bytes[FRAME_LENGTH_BYTES + ENVELOPE_BYTES + 8];
	struct frame frame = honest(stage, FRAME_DATA);
	char raw[FRAME_BYTES];

	frame.sequence = 1;
	switch (lie) {
	case SEQUENCE_SKIPPED: frame.sequence = 2; break;
	case SEQUENCE_REPEATED: say(stage, frame, message(bytes, 0)); break;
	case CREDIT_NEVER_SENT: frame.consumed = 1000000; break;
	case MESSAGE_LONGER_THAN_FRAME: say(stage, frame, message(bytes, 1)); return;
	case MESSAGE_SHORTER_THAN_ENVELOPE: say(stage, frame, message(bytes, -1)); return;
	case ANOTHER_HOST: frame.from.host = 3; break;
	case ANOTHER_NODE: frame.from.node = 2; break;
	case ANOTHER_LIFE: frame.from.epoch = 10; break;
	case HELLO_OF_ANOTHER_SESSION:
		frame = honest(stage, FRAME_HELLO);
		frame.from_session++;
		say(stage, frame, STR("\1x\0"));
		return;
	case KIND_UNKNOWN:
	case VERSION_UNKNOWN:
	case LENGTH_PAST_ALL:
		frame_encode(&frame, raw);
		raw[lie == KIND_UNKNOWN ? 3 : lie == VERSION_UNKNOWN ? 2 : FRAME_BYTES - 1] = 77;
		CHECK_EQ(write(stage->out, raw, sizeof raw), sizeof raw);
		return;
	case LIES: break;
	}
	say(stage, frame, message(bytes, 0));
}

LINK_TEST(a_peer_that_lies_in_its_session_is_counted_and_loses_it)
{
	for (enum lie lie = 0; lie < LIES; lie++) {
		struct stage *stage = make_stage();
		bool is_identity = lie == ANOTHER_HOST || lie == ANOTHER_NODE || lie == ANOTHER_LIFE;
		struct peer_stats stats;

		tell(stage, lie);
		CHECK(run(stage, has_lost, PATIENCE_MS));
		CHECK_EQ(stage->a.losses.len, 1);
		CHECK_EQ(stage->a.losses.at[0].epoch, liar_host.epoch);
		CHECK_EQ(stage->a.messages, lie == SEQUENCE_REPEATED ? 1 : 0);
		stats = link_side_stats(&stage->a);
		CHECK_EQ(stats.bad_frames, is_identity ? 0 : 1);
		CHECK_EQ(stats.bad_identities, is_identity ? 1 : 0);
		close_stage(stage);
	}
}

LINK_TEST(what_is_meant_for_another_life_or_session_is_dropped_and_the_session_goes_on)
{
	char bytes[FRAME_LENGTH_BYTES + ENVELOPE_BYTES + 8];
	struct stage *stage = make_stage();
	struct frame frame = honest(stage, FRAME_DATA);

	frame.sequence = 1;
	frame.to.epoch = 6;
	say(stage, frame, message(bytes, 0));
	frame = honest(stage, FRAME_DATA);
	frame.sequence = 1;
	frame.to_session--;
	say(stage, frame, message(bytes, 0));
	frame = honest(stage, FRAME_DATA);
	frame.sequence = 1;
	frame.from_session--;
	say(stage, frame, message(bytes, 0));
	frame = honest(stage, FRAME_DATA);
	frame.sequence = 1;
	say(stage, frame, message(bytes, 0));
	CHECK(run(stage, has_message, PATIENCE_MS));
	CHECK_EQ(stage->a.messages, 1);
	CHECK_EQ(stage->a.losses.len, 0);
	CHECK_EQ(link_side_stats(&stage->a).old_epochs, 1);
	CHECK_EQ(link_side_stats(&stage->a).old_sessions, 2);
	close_stage(stage);
}

LINK_TEST(whoever_talks_back_on_our_pipe_is_hung_up_on)
{
	struct stage *stage = make_stage();
	char raw[FRAME_BYTES];
	struct frame frame = honest(stage, FRAME_BEAT);

	frame_encode(&frame, raw);
	CHECK_EQ(write(stage->in, raw, sizeof raw), sizeof raw);
	CHECK(run(stage, has_lost, PATIENCE_MS));
	CHECK_EQ(link_side_stats(&stage->a).bad_frames, 1);
	close_stage(stage);
}

/* A peer that trickles its frames is no liar, only slow. */
LINK_TEST(a_frame_may_come_byte_by_byte)
{
	char bytes[FRAME_BYTES + FRAME_LENGTH_BYTES + ENVELOPE_BYTES + 8];
	struct stage *stage = make_stage();
	struct frame frame = honest(stage, FRAME_DATA);
	struct str body = message(bytes + FRAME_BYTES, 0);

	frame.sequence = 1;
	frame.body_bytes = body.len;
	frame_encode(&frame, bytes);
	for (uint32_t i = 0; i < FRAME_BYTES + body.len; i++) {
		CHECK_EQ(stage->a.messages, 0);
		CHECK_EQ(write(stage->out, bytes + i, 1), 1);
		run(stage, has_message, 0);
	}
	CHECK(run(stage, has_message, PATIENCE_MS));
	CHECK_EQ(stage->a.losses.len, 0);
	close_stage(stage);
}
