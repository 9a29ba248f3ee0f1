#include "transport/wire/msgpack.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

static struct text make_text(struct arena *arena)
{
	return text_in(arena, 64 * KIB);
}

TEST(what_is_packed_is_unpacked_again)
{
	struct arena *arena = arena_new(0);
	struct text out = make_text(arena);

	pack_begin(&out, 9);
	pack_u64(&out, UINT64_MAX);
	pack_i64(&out, INT64_MIN);
	pack_i64(&out, -1);
	pack_bool(&out, true);
	pack_double(&out, 0.25);
	pack_str(&out, STR("key"));
	pack_str(&out, STR_NONE);
	pack_bytes(&out, STR(""));
	pack_list(&out, 2);
	pack_u64(&out, 300);
	pack_u64(&out, 70000);
	CHECK(!out.is_cut);

	struct unpack in = unpack_of(text_str(&out));
	unpack_begin(&in);
	CHECK(unpack_u64(&in) == UINT64_MAX);
	CHECK(unpack_i64(&in) == INT64_MIN);
	CHECK(unpack_i32(&in) == -1);
	CHECK(unpack_bool(&in));
	CHECK(unpack_double(&in) == 0.25);
	CHECK(str_is(unpack_str(&in), "key"));
	CHECK(unpack_str(&in).at == NULL);
	struct str empty = unpack_bytes(&in);
	CHECK(empty.at != NULL && empty.len == 0);
	CHECK(unpack_list(&in) == 2);
	CHECK(unpack_u32(&in) == 300);
	CHECK(unpack_u32(&in) == 70000);
	unpack_end(&in);
	unpack_end(&in);
	CHECK(unpack_status(&in) == OK);
	arena_free(arena);
}

TEST(every_integer_survives_at_the_edges_of_its_width)
{
	static const int64_t edges[] = { 0,      127,    128,         255,         256,
					 65535,  65536,  4294967295,  4294967296,  INT64_MAX,
					 -1,     -32,    -33,         -128,        -129,
					 -32768, -32769, -2147483648, -2147483649, INT64_MIN };
	struct arena *arena = arena_new(0);

	for (uint32_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		struct text out = make_text(arena);
		pack_i64(&out, edges[i]);
		struct unpack in = unpack_of(text_str(&out));
		CHECK(unpack_i64(&in) == edges[i]);
		CHECK(unpack_status(&in) == OK);
	}
	arena_free(arena);
}

TEST(fields_of_a_newer_sender_are_passed_over_and_those_of_an_older_one_are_absent)
{
	struct arena *arena = arena_new(0);
	struct text out = make_text(arena);

	pack_begin(&out, 2);
	pack_begin(&out, 4);
	pack_u64(&out, 1);
	pack_str(&out, STR("unknown"));
	pack_list(&out, 1);
	pack_double(&out, 1);
	text_add_char(&out, (char)0xc0); /* nil */
	pack_begin(&out, 0);

	struct unpack in = unpack_of(text_str(&out));
	unpack_begin(&in);
	unpack_begin(&in);
	CHECK(unpack_u64(&in) == 1);
	unpack_end(&in);
	unpack_begin(&in);
	CHECK(unpack_u64(&in) == 0);
	CHECK(unpack_str(&in).at == NULL);
	CHECK(unpack_list(&in) == 0);
	unpack_end(&in);
	unpack_end(&in);
	unpack_end(&in);
	CHECK(unpack_status(&in) == OK);
	arena_free(arena);
}

TEST(damaged_bodies_are_refused_without_reading_past_them)
{
	static const struct {
		const char *what;
		const char *at;
		uint32_t len;
	} cases[] = {
		{ "nothing", "", 0 },
		{ "a list longer than the body", "\x92\xdd\xff\xff\xff\xff", 6 },
		{ "a string longer than the body", "\x92\xdb\xff\xff\xff\xff", 6 },
		{ "a cut number", "\x92\xcf\x01", 3 },
		{ "a number where a list belongs", "\x92\x01\x01", 3 },
		{ "a byte that means nothing", "\x94\x90\xa0\xc1\xc0", 5 },
		{ "an unknown field that is cut", "\x93\x90\xa0\xc6\x00\x00", 6 },
		{ "bytes left over", "\x92\x90\xa0\x01", 4 },
		{ "an unknown field too deep",
		  "\x93\x90\xa0\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
		  "\xc0",
		  21 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct unpack in = unpack_of(str_of(cases[i].at, cases[i].len));
		unpack_begin(&in);
		(void)unpack_list(&in);
		unpack_end(&in);
		(void)unpack_str(&in);
		unpack_end(&in);
		CHECK(unpack_status(&in) == CORRUPT);
	}
}

TEST(a_number_that_does_not_fit_makes_the_reader_bad)
{
	struct arena *arena = arena_new(0);
	struct text out = make_text(arena);

	pack_u64(&out, 1ULL << 32);
	struct unpack in = unpack_of(text_str(&out));
	CHECK(unpack_u32(&in) == 0);
	CHECK(unpack_status(&in) == CORRUPT);

	out = make_text(arena);
	pack_i64(&out, -1);
	in = unpack_of(text_str(&out));
	CHECK(unpack_u64(&in) == 0);
	CHECK(unpack_status(&in) == CORRUPT);
	arena_free(arena);
}

TEST(a_message_without_fields_is_an_empty_array_and_takes_those_of_a_newer_sender)
{
	struct arena *arena = arena_new(0);
	struct text out = make_text(arena), small = { 0 };

	CHECK(pack_nothing(NULL, &out) == OK);
	CHECK(unpack_nothing(text_str(&out), arena, NULL) == OK);
	CHECK(unpack_nothing(STR("\x91\x01"), arena, NULL) == OK);
	CHECK(unpack_nothing(STR("\x91"), arena, NULL) == CORRUPT);
	CHECK(unpack_nothing(STR_NONE, arena, NULL) == CORRUPT);
	CHECK(pack_nothing(NULL, &small) == TOO_LARGE);
	arena_free(arena);
}
