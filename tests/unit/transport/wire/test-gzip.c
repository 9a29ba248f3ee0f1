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

/* ---- pieces -------------------------------------------------------------------------------------------------------- */

/* In this order, separated by a piece that is packed once. */
static struct str join_pieces(const struct str *bodies, const uint32_t *order, uint32_t count)
{
	struct gzip *gzip = gzip_new_pieces();
	struct text out = text_in(test_arena(), MIB), comma = text_in(test_arena(), 100);
	struct gzip_piece separator, piece;
	struct gzip_join join = { 0 };

	CHECK_STATUS(gzip_pack_piece(gzip, &comma, STR(","), &separator), OK);
	CHECK_EQ(separator.packed_bytes, comma.len);
	text_lit(&out, GZIP_JOIN_HEAD);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0) {
			text_add(&out, text_str(&comma));
			gzip_join_add(&join, &separator);
		}
		CHECK_STATUS(gzip_pack_piece(gzip, &out, bodies[order[i]], &piece), OK);
		gzip_join_add(&join, &piece);
	}
	gzip_join_end(&join, &out);
	gzip_free(gzip);
	return text_str(&out);
}

TEST(pieces_that_are_joined_in_any_order_unpack_to_all_of_them)
{
	const struct str bodies[] = { make_body(0), make_body(1), make_body(30000),
				      make_body(100000), STR("x") };
	static const uint32_t orders[][7] = { { 0, 1, 2, 3, 4, 0, 0 },
					      { 4, 3, 3, 3, 2, 1, 0 },
					      { 2, 2, 2, 2, 2, 2, 2 } };

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		for (uint32_t count = 0; count <= 7; count++) {
			struct text plain = text_in(test_arena(), MIB),
				    out = text_in(test_arena(), MIB);

			for (uint32_t n = 0; n < count; n++) {
				text_add(&plain, n > 0 ? STR(",") : STR(""));
				text_add(&plain, bodies[orders[i][n]]);
			}
			CHECK_STATUS(gzip_unpack(&out, join_pieces(bodies, orders[i], count)), OK);
			CHECK(str_eq(text_str(&out), text_str(&plain)));
		}
}

TEST(a_piece_that_is_too_large_when_packed_is_refused)
{
	struct gzip *gzip = gzip_new_pieces();
	struct text out = text_in(test_arena(), 100);
	struct gzip_piece piece;

	CHECK_STATUS(gzip_pack_piece(gzip, &out, make_body(100000), &piece), TOO_LARGE);
	gzip_free(gzip);
}
