#include "tests/lib/test.h"
#include "transport/wire/gzip.h"

TEST(accept_encoding_decides_whether_gzip_is_allowed)
{
	static const struct {
		const char *value;
		bool accepted;
	} cases[] = {
		{ "gzip", true },
		{ "GZIP", true },
		{ "deflate, gzip;q=0.5", true },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000", false },
		{ "*", true },
		{ "*;q=0", false },
		{ "gzip;q=0, *", false },
		{ "*;q=0, gzip", true },
		{ "identity", false },
		{ "", false },
		{ "br;q=1, x-gzip", true },
		{ "gzip ; q=0.001", true },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_EQ(gzip_is_accepted(str_from(cases[i].value)), cases[i].accepted);
	CHECK(!gzip_is_accepted(STR_NONE));
}

static struct str make_body(uint32_t size)
{
	struct text text = text_in(test_arena(), size + 64);
	for (uint32_t i = 0; text.len < size; i++)
		text_printf(&text, "{\"name\":\"pod-%u\"},", i * 7919);
	return str_slice(text_str(&text), 0, size);
}

TEST(what_is_packed_unpacks_to_itself)
{
	static const uint32_t sizes[] = { 0, 1, 100, 16384, 16385, 300000 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct str body = make_body(sizes[i]);
		struct text packed = text_in(test_arena(), MIB), out = text_in(test_arena(), MIB);
		CHECK_STATUS(gzip_pack(&packed, body), OK);
		CHECK_STATUS(gzip_unpack(&out, text_str(&packed)), OK);
		CHECK(str_eq(text_str(&out), body));
		if (sizes[i] > 1000)
			CHECK(packed.len < body.len / 3);
	}
}

TEST(each_flushed_piece_can_be_read_at_once)
{
	struct gzip *gzip = gzip_new();
	struct text packed = text_in(test_arena(), MIB);
	CHECK_STATUS(gzip_add(gzip, &packed, STR("first event\n"), true), OK);
	struct text out = text_in(test_arena(), MIB);
	CHECK_STATUS(gzip_unpack(&out, text_str(&packed)), CORRUPT); /* unfinished, yet all there */
	CHECK_STR(text_str(&out), "first event\n");
	CHECK_STATUS(gzip_add(gzip, &packed, STR("second\n"), false), OK);
	CHECK_STATUS(gzip_end(gzip, &packed), OK);
	text_clear(&out);
	CHECK_STATUS(gzip_unpack(&out, text_str(&packed)), OK);
	CHECK_STR(text_str(&out), "first event\nsecond\n");
	gzip_free(gzip);
}

TEST(a_bomb_stops_at_the_limit_and_damage_is_noticed)
{
	struct text packed = text_in(test_arena(), MIB), out = text_in(test_arena(), 64 * KIB);
	char *zeros = arena_zalloc(test_arena(), MIB);
	CHECK_STATUS(gzip_pack(&packed, str_of(zeros, MIB)), OK);
	CHECK_STATUS(gzip_unpack(&out, text_str(&packed)), TOO_LARGE);
	CHECK_EQ(out.len, 64 * KIB);
	struct text room = text_in(test_arena(), 2 * MIB);
	packed.at[packed.len - 6] ^= 1; /* the checksum */
	CHECK_STATUS(gzip_unpack(&room, text_str(&packed)), CORRUPT);
	CHECK_STATUS(gzip_unpack(&room, STR("not gzip at all")), CORRUPT);
	CHECK_STATUS(gzip_unpack(&room, STR("")), CORRUPT);
	struct text small = text_in(test_arena(), 16);
	CHECK_STATUS(gzip_pack(&small, make_body(1000)), TOO_LARGE);
}
