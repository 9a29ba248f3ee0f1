#include "transport/http/upgrade/websocket.h"

#include "tests/lib/test.h"

#define MAX 200U

/* RFC 6455, section 1.3. */
TEST(the_key_of_a_handshake_is_answered)
{
	const struct http_header asked[] = {
		{ STR("sec-websocket-key"), STR("dGhlIHNhbXBsZSBub25jZQ==") },
		{ STR("sec-websocket-version"), STR("13") },
		{ STR("sec-websocket-protocol"), STR("a.k8s.io , b") },
	};
	struct http_headers out;

	CHECK_STATUS(websocket_answer((struct http_headers){ asked, 2 }, test_arena(), &out, NULL),
		     OK);
	CHECK_EQ(out.count, 1);
	CHECK_STR(http_header_get(out, STR("sec-websocket-accept")),
		  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	CHECK_STATUS(websocket_answer((struct http_headers){ asked, 3 }, test_arena(), &out, NULL),
		     OK);
	CHECK_STR(http_header_get(out, STR("sec-websocket-protocol")), "a.k8s.io");
}

TEST(what_is_no_handshake_is_refused)
{
	static const struct {
		const char *key, *version;
	} cases[] = {
		{ "dGhlIHNhbXBsZSBub25jZQ==", "8" },
		{ "dGhlIHNhbXBsZSBub25jZQ==", NULL },
		{ "c2hvcnQ=", "13" },
		{ "?", "13" },
		{ NULL, "13" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_header asked[] = {
			{ STR("sec-websocket-key"), str_from(cases[i].key) },
			{ STR("sec-websocket-version"), str_from(cases[i].version) },
		};
		struct http_headers out;
		struct fault why = { 0 };

		CHECK_STATUS(
		    websocket_answer((struct http_headers){ asked, 2 }, test_arena(), &out, &why),
		    INVALID);
		CHECK(why.text[0] != '\0');
	}
}

TEST(a_head_says_how_long_the_message_is)
{
	static const struct {
		uint64_t len;
		struct str head;
	} cases[] = {
		{ 0, { "\x81\x00", 2 } },
		{ 125, { "\x81\x7d", 2 } },
		{ 126, { "\x81\x7e\x00\x7e", 4 } },
		{ 65535, { "\x81\x7e\xff\xff", 4 } },
		{ 65536, { "\x81\x7f\0\0\0\0\0\1\0\0", 10 } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t head[WEBSOCKET_HEAD_MAX];
		uint32_t len = websocket_head(WEBSOCKET_TEXT, cases[i].len, head);

		CHECK(str_eq(str_of(head, len), cases[i].head));
	}
}

/* Frames as "KIND:PAYLOAD", `+` before the kind of one that is not the last of its message; ends with `?` and the status of what is none. */
static const char *read(struct str bytes, uint32_t piece)
{
	struct text out = text_in(test_arena(), 4 * KIB);
	struct websocket_reader reader;
	struct websocket_frame frame;
	enum status status = NOT_FOUND;

	websocket_reader_init(&reader, MAX);
	while (bytes.len > 0 && status == NOT_FOUND) {
		uint32_t room = websocket_reader_room(&reader);
		uint32_t len = bytes.len < piece ? bytes.len : piece;

		len = len < room ? len : room;
		CHECK(len > 0);
		websocket_reader_feed(&reader, str_slice(bytes, 0, len));
		bytes = str_slice(bytes, len, bytes.len);
		while ((status = websocket_reader_next(&reader, &frame)) == OK)
			text_printf(&out, "%s%d:" STR_FMT " ", frame.is_final ? "" : "+",
				    frame.kind, STR_ARG(frame.payload));
	}
	if (status != NOT_FOUND) {
		text_printf(&out, "?%s", status_text(status));
		CHECK_STATUS(websocket_reader_next(&reader, &frame), status);
	}
	websocket_reader_fini(&reader);
	return arena_str(test_arena(), text_str(&out)).at;
}

#define MASK "\x37\xfa\x21\x3d"
#define HELLO "\x7f\x9f\x4d\x51\x58" /* masked, as in section 5.7 */
#define RAW(bytes)                       \
	{                                \
		bytes, sizeof(bytes) - 1 \
	}

TEST(frames_are_read_however_they_come)
{
	static const struct {
		struct str bytes;
		const char *frames;
	} cases[] = {
		{ RAW("\x81\x85" MASK HELLO), "1:Hello " },
		{ RAW("\x81\x85" MASK HELLO "\x89\x80" MASK "\x88\x80" MASK), "1:Hello 9: 8: " },
		/* In two, with a ping between them. */
		{ RAW("\x01\x85" MASK HELLO "\x89\x80" MASK "\x80\x85" MASK HELLO),
		  "+1:Hello 9: 0:Hello " },
		{ RAW("\x82\xfe\x00\x05" MASK HELLO), "2:Hello " },
		{ RAW("\x81\x05Hello"), "?breaks its schema" },       /* not masked */
		{ RAW("\xc1\x85" MASK HELLO), "?breaks its schema" }, /* an extension */
		{ RAW("\x83\x80" MASK), "?breaks its schema" },       /* no such kind */
		{ RAW("\x80\x80" MASK), "?breaks its schema" },       /* more of nothing */
		{ RAW("\x01\x80" MASK "\x81\x80" MASK),
		  "+1: ?breaks its schema" },                           /* one within another */
		{ RAW("\x09\x80" MASK), "?breaks its schema" },         /* a ping in two */
		{ RAW("\x89\xfe\x00\x7e" MASK), "?breaks its schema" }, /* a large one */
		{ RAW("\x81\xfe\x00\xc9" MASK), "?larger than the limit" },
		{ RAW("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK), "?larger than the limit" },
		{ RAW("\x81\x85" MASK "\x7f"), "" }, /* the rest is still to come */
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (uint32_t piece = 1; piece < 40; piece += 6)
			CHECK_STR(str_from(read(cases[i].bytes, piece)), cases[i].frames);
}

TEST(the_largest_frame_fits)
{
	struct text out = text_in(test_arena(), KIB);

	text_add_bytes(&out, "\x82\xfe\x00\xc8\0\0\0\0", 8);
	for (uint32_t i = 0; i < MAX; i++)
		text_add_char(&out, 'x');
	CHECK_EQ(str_from(read(text_str(&out), 64)).len, MAX + 3);
}
