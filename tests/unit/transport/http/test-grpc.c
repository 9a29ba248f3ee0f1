#include "tests/lib/test.h"
#include "transport/http/grpc.h"

#define MAX_BYTES 16U

/* "0:abc" is a message of three bytes, "1:..." a compressed one. */
static void add_message(struct text *out, uint8_t flag, struct str bytes)
{
	uint8_t prefix[GRPC_PREFIX_BYTES];

	grpc_prefix(prefix, bytes.len);
	prefix[0] = flag;
	text_add_bytes(out, prefix, sizeof prefix);
	text_add(out, bytes);
}

TEST(a_timeout_is_digits_and_a_unit)
{
	static const struct {
		const char *value;
		uint64_t ms;
	} cases[] = {
		{ "1H", 3600000 },   { "2M", 120000 },
		{ "5S", 5000 },      { "250m", 250 },
		{ "2500u", 2 },      { "1u", 1 },
		{ "1n", 1 },         { "99999999H", 359999996400000 },
		{ "", 0 },           { "S", 0 },
		{ "5", 0 },          { "5s", 0 },
		{ "-5S", 0 },        { "5 S", 0 },
		{ "123456789S", 0 }, { "1.5S", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(grpc_timeout_read(str_from(cases[i].value)), cases[i].ms);
}

TEST(words_of_a_status_are_percent_encoded)
{
	static const struct {
		const char *words, *encoded;
	} cases[] = {
		{ "etcdserver: key not found", "etcdserver: key not found" },
		{ "100%", "100%25" },
		{ "a\nb", "a%0Ab" },
		{ "gr\xc3\xbcn", "gr%C3%BCn" },
		{ "", "" },
		{ " a b ", "%20a b%20" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(grpc_message_encode(str_from(cases[i].words), test_arena()),
			  cases[i].encoded);
}

TEST(words_without_end_are_cut_between_characters)
{
	struct text words = text_in(test_arena(), 4096);

	while (!words.is_cut)
		text_lit(&words, "%");
	struct str encoded = grpc_message_encode(text_str(&words), test_arena());
	CHECK(encoded.len <= 1024);
	CHECK_EQ(encoded.len % 3, 0);
}

TEST(a_collected_body_holds_exactly_one_message)
{
	static const struct {
		const char *body;
		uint32_t len;
		enum grpc_code code;
		const char *message;
	} cases[] = {
		{ "\0\0\0\0\3abc", 8, GRPC_OK, "abc" },
		{ "\0\0\0\0\0", 5, GRPC_OK, "" },
		{ "", 0, GRPC_INTERNAL, NULL },
		{ "\0\0\0\0", 4, GRPC_INTERNAL, NULL },
		{ "\0\0\0\0\3ab", 7, GRPC_INTERNAL, NULL },
		{ "\0\0\0\0\3abcd", 9, GRPC_INTERNAL, NULL },
		{ "\1\0\0\0\3abc", 8, GRPC_UNIMPLEMENTED, NULL },
		{ "\2\0\0\0\3abc", 8, GRPC_INTERNAL, NULL },
		{ "\0\0\0\0\21", 5, GRPC_RESOURCE_EXHAUSTED, NULL },
		{ "\0\377\377\377\377abc", 8, GRPC_RESOURCE_EXHAUSTED, NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str message = STR_NONE;
		struct grpc_fault why = { 0 };
		bool is_read =
		    grpc_only(str_of(cases[i].body, cases[i].len), MAX_BYTES, &message, &why);

		CHECK_EQ(is_read, cases[i].code == GRPC_OK);
		CHECK_EQ(why.code, cases[i].code);
		if (is_read)
			CHECK_STR(message, cases[i].message);
		else
			CHECK(why.words.len > 0);
	}
}

TEST(messages_are_found_wherever_the_body_is_cut)
{
	struct text body = text_in(test_arena(), 256);

	add_message(&body, 0, STR("one"));
	add_message(&body, 0, STR(""));
	add_message(&body, 0, STR("sixteen bytes it"));
	for (uint32_t piece = 1; piece <= body.len; piece++) {
		struct grpc_reader reader = grpc_reader_new(MAX_BYTES);
		struct text heard = text_in(test_arena(), 256);
		struct str message;

		for (uint32_t at = 0; at < body.len; at += piece) {
			grpc_reader_feed(&reader, str_slice(text_str(&body), at, at + piece));
			while (grpc_reader_next(&reader, &message))
				text_printf(&heard, "[" STR_FMT "]", STR_ARG(message));
		}
		CHECK_STR(text_str(&heard), "[one][][sixteen bytes it]");
		CHECK(grpc_reader_is_whole(&reader));
		grpc_reader_fini(&reader);
	}
}

TEST(a_body_that_ends_within_a_message_is_not_whole)
{
	struct grpc_reader reader = grpc_reader_new(MAX_BYTES);
	struct str message;

	CHECK(grpc_reader_is_whole(&reader));
	grpc_reader_feed(&reader, str_of("\0\0\0", 3));
	CHECK(!grpc_reader_next(&reader, &message));
	CHECK(!grpc_reader_is_whole(&reader));
	grpc_reader_fini(&reader);
}

TEST(a_message_that_is_too_large_is_refused_at_its_prefix)
{
	struct grpc_reader reader = grpc_reader_new(MAX_BYTES);
	struct text body = text_in(test_arena(), 256);
	struct str message;

	add_message(&body, 0, STR("good"));
	text_add_bytes(&body, "\0\0\0\0\21", 5);
	grpc_reader_feed(&reader, text_str(&body));
	CHECK(grpc_reader_next(&reader, &message));
	CHECK_STR(message, "good");
	CHECK(!grpc_reader_next(&reader, &message));
	CHECK_EQ(reader.fault.code, GRPC_RESOURCE_EXHAUSTED);
	/* Nothing more is taken in. */
	uint32_t len = reader.bytes.len;
	grpc_reader_feed(&reader, STR("more"));
	CHECK_EQ(reader.bytes.len, len);
	CHECK(!grpc_reader_next(&reader, &message));
	grpc_reader_fini(&reader);
}
