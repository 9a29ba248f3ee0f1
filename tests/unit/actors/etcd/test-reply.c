#include "actors/etcd/reply.h"

#include "tests/lib/test.h"

static struct str filled(uint32_t len, int with)
{
	char *at = arena_alloc(test_arena(), len);

	memset(at, with, len);
	return str_of(at, len);
}

static struct str joined(const struct str *parts, uint32_t count)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	for (uint32_t i = 0; i < count; i++) {
		CHECK(parts[i].len > 0);
		text_add(&out, parts[i]);
	}
	return text_str(&out);
}

TEST(an_answer_in_parts_is_the_answer_byte_for_byte)
{
	const struct store_row rows[] = {
		{ .key = STR("a"), .value = filled(2048, 'a'), .mod_revision = 7, .version = 1 },
		{ .key = STR("b"), .value = STR("short"), .mod_revision = 300, .lease = 5 },
		{ .key = STR("c"), .value = filled(600, 'c'), .mod_revision = 9, .lease = 1ULL << 40 },
		{ .key = STR("d"), .mod_revision = 10 },
		{ .key = STR("e"), .value = filled(20000, 'e'), .create_revision = 1 },
	};
	const struct etcd_header header = { 77, 7, 10, 4 };

	/* Those from i on: the first, the last, both ends and neither have a value that stays where it is. */
	for (uint32_t from = 0; from < 5; from++) {
		for (uint32_t count = 0; from + count <= 5; count++) {
			struct proto_out plain = etcd_reply_new();
			struct etcd_spread spread = { .out = etcd_reply_new() };
			struct str *parts;

			etcd_reply_int(&plain, 4, count);
			etcd_reply_int(&spread.out, 4, count);
			etcd_reply_rows(&plain, 2, rows + from, count);
			etcd_spread_rows(&spread, 2, rows + from, count);
			etcd_reply_header(&plain, &header);
			etcd_reply_header(&spread.out, &header);
			CHECK_EQ(proto_out_len(&spread.out) + spread.beside, proto_out_len(&plain));
			uint32_t parts_count = etcd_spread_parts(&spread, test_arena(), &parts);
			CHECK(str_eq(joined(parts, parts_count), proto_out_str(&plain)));
			proto_out_fini(&plain);
			proto_out_fini(&spread.out);
			vec_fini(&spread.gaps);
		}
	}
}
