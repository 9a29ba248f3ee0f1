#include "tests/lib/test.h"
#include "transport/peer/frame.h"

static struct frame make_frame(enum frame_kind kind)
{
	return (struct frame){
		.kind = kind,
		.from = { 0x01020304, 0x0506, 0x0708 },
		.to = { 9, 10, 11 },
		.from_session = 12,
		.to_session = kind == FRAME_HELLO ? 0 : 13,
		.sequence = kind == FRAME_DATA ? 14 : 0,
		.consumed = 0x1122334455667788,
	};
}

TEST(a_frame_reads_back_as_it_was_written)
{
	static const enum frame_kind kinds[] = { FRAME_HELLO, FRAME_DATA, FRAME_BEAT };

	for (size_t i = 0; i < 3; i++) {
		struct frame frame = make_frame(kinds[i]), again;
		char bytes[FRAME_BYTES + 3] = "";
		uint32_t extra = kinds[i] == FRAME_BEAT ? 0 : 3;
		struct str body;
		uint32_t length;

		frame.body_bytes = extra;
		frame_encode(&frame, bytes);
		CHECK_STATUS(frame_length(bytes, &length), OK);
		CHECK_EQ(length, FRAME_BYTES + extra);
		CHECK_STATUS(frame_decode(str_of(bytes, FRAME_BYTES + extra), &again, &body), OK);
		CHECK_EQ(body.len, extra);
		CHECK_EQ(again.kind, frame.kind);
		CHECK_EQ(again.from.node, frame.from.node);
		CHECK_EQ(again.from.host, frame.from.host);
		CHECK_EQ(again.from.epoch, frame.from.epoch);
		CHECK_EQ(again.to.node, frame.to.node);
		CHECK_EQ(again.to.epoch, frame.to.epoch);
		CHECK_EQ(again.from_session, frame.from_session);
		CHECK_EQ(again.to_session, frame.to_session);
		CHECK_EQ(again.sequence, frame.sequence);
		CHECK_EQ(again.consumed, frame.consumed);
	}
}

/* Version 1 as it stands on the wire: the day this changes, FRAME_VERSION has to. */
TEST(the_bytes_of_version_1_do_not_change)
{
	static const uint8_t expected[FRAME_BYTES] = {
		'T',  'L',  1,    2,                            /* DATA */
		4,    3,    2,    1,    6,    5,    8,    7,    /* from */
		9,    0,    0,    0,    10,   0,    11,   0,    /* to */
		12,   0,    0,    0,    13,   0,    0,    0,    /* sessions */
		14,   0,    0,    0,    0,    0,    0,    0,    /* sequence */
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* consumed */
		0x15, 0,    0,    0,                            /* bytes of the body */
	};
	struct frame frame = make_frame(FRAME_DATA);
	char bytes[FRAME_BYTES];

	frame.body_bytes = 0x15;
	frame_encode(&frame, bytes);
	CHECK(memcmp(bytes, expected, sizeof expected) == 0);
}

TEST(what_is_no_frame_of_ours_is_refused)
{
	static const struct {
		uint32_t at;
		uint8_t value;
	} changes[] = {
		{ 0, 'X' }, /* mark */
		{ 2, 2 },   /* version */
		{ 3, 0 },   /* kind */
		{ 3, 4 },   /* kind */
		{ 24, 0 },  /* from_session becomes 0 */
		{ 28, 0 },  /* to_session becomes 0 */
		{ 32, 0 },  /* sequence becomes 0 */
		{ 48, 1 },  /* a body that is not there */
	};
	struct frame frame = make_frame(FRAME_DATA), again;
	char bytes[FRAME_BYTES + 1], changed[FRAME_BYTES];
	struct str body;

	/* The numbers above are in one byte each, so one change makes them 0. */
	frame.from_session = frame.to_session = 1;
	frame.sequence = 1;
	frame_encode(&frame, bytes);
	for (uint32_t len = 0; len < FRAME_BYTES; len++)
		CHECK_STATUS(frame_decode(str_of(bytes, len), &again, &body), INVALID);
	for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
		memcpy(changed, bytes, FRAME_BYTES);
		changed[changes[i].at - (changes[i].at >= 24 ? 4 : 0)] = (char)changes[i].value;
		CHECK_STATUS(frame_decode(str_of(changed, FRAME_BYTES), &again, &body), INVALID);
	}
	frame = make_frame(FRAME_BEAT);
	frame.body_bytes = 1;
	frame_encode(&frame, bytes);
	bytes[FRAME_BYTES] = 0;
	CHECK_STATUS(frame_decode(str_of(bytes, FRAME_BYTES + 1), &again, &body), INVALID);
}

TEST(a_hello_carries_a_name_and_an_address)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} bad[] = { { "", 0 },      { "\0\0", 2 },    { "\1a", 2 },     { "\2a", 2 },
		    { "\1a\1", 3 }, { "\1\0\1b", 4 }, { "\1a\1\0", 4 }, { "\377a", 2 } };
	struct frame_hello hello = { STR("node-a"), STR("10.0.0.1:6444") }, again;
	char bytes[FRAME_HELLO_BODY_MAX];
	uint32_t len = frame_hello_encode(&hello, bytes);

	CHECK_STATUS(frame_hello_decode(str_of(bytes, len), &again), OK);
	CHECK_STR(again.node_name, "node-a");
	CHECK_STR(again.address, "10.0.0.1:6444");
	hello.address = STR_NONE;
	len = frame_hello_encode(&hello, bytes);
	CHECK_STATUS(frame_hello_decode(str_of(bytes, len), &again), OK);
	CHECK_EQ(again.address.len, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(frame_hello_decode(str_of(bad[i].bytes, bad[i].len), &again), INVALID);
}

TEST(messages_follow_each_other_and_a_wrong_length_is_noticed)
{
	char bytes[2 * (FRAME_LENGTH_BYTES + ENVELOPE_BYTES) + 1] = "";
	struct str body = str_of(bytes, sizeof bytes), message;

	frame_message_encode(ENVELOPE_BYTES, bytes);
	frame_message_encode(ENVELOPE_BYTES + 1, bytes + FRAME_LENGTH_BYTES + ENVELOPE_BYTES);
	CHECK_STATUS(frame_message_next(&body, &message), OK);
	CHECK_EQ(message.len, ENVELOPE_BYTES);
	CHECK_STATUS(frame_message_next(&body, &message), OK);
	CHECK_EQ(message.len, ENVELOPE_BYTES + 1);
	CHECK_EQ(body.len, 0);
	for (uint32_t len = 0; len < FRAME_LENGTH_BYTES + ENVELOPE_BYTES; len++) {
		body = str_of(bytes, len);
		CHECK_STATUS(frame_message_next(&body, &message), INVALID);
		CHECK_EQ(body.len, len);
	}
	memset(bytes, 0xff, FRAME_LENGTH_BYTES);
	body = str_of(bytes, sizeof bytes);
	CHECK_STATUS(frame_message_next(&body, &message), INVALID);
	frame_message_encode(ENVELOPE_BYTES - 1, bytes); /* not even a header */
	CHECK_STATUS(frame_message_next(&body, &message), INVALID);
}

TEST(how_long_a_frame_is_stands_in_its_header)
{
	struct frame frame = make_frame(FRAME_DATA);
	char bytes[FRAME_BYTES];
	uint32_t length = 7;

	frame.body_bytes = FRAME_MAX - FRAME_BYTES;
	frame_encode(&frame, bytes);
	CHECK_STATUS(frame_length(bytes, &length), OK);
	CHECK_EQ(length, FRAME_MAX);
	frame.body_bytes++; /* more than anybody may send */
	frame_encode(&frame, bytes);
	CHECK_STATUS(frame_length(bytes, &length), INVALID);
	frame_encode(&frame, bytes);
	bytes[1] = 'X';
	CHECK_STATUS(frame_length(bytes, &length), INVALID);
	CHECK_EQ(length, FRAME_MAX);
}
