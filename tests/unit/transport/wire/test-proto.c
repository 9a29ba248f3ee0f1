#include "transport/wire/proto.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(fields_are_written_last_to_first_and_read_first_to_last)
{
	struct proto_out out = proto_out_new(64 * KIB);
	uint32_t number, before;
	enum proto_wire wire;

	proto_out_fixed64(&out, 0x0102030405060708);
	proto_out_tag(&out, 3, PROTO_FIXED64);
	before = proto_out_len(&out);
	proto_out_varint_field(&out, 1, UINT64_MAX);
	proto_out_close(&out, 2, before);
	proto_out_bytes_field(&out, 1, STR("text"));
	CHECK(!out.is_cut);

	struct proto in = proto_of(proto_out_str(&out));
	CHECK(proto_field(&in, &number, &wire) && number == 1 && wire == PROTO_BYTES);
	CHECK_STR(proto_bytes(&in), "text");
	CHECK(proto_field(&in, &number, &wire) && number == 2 && wire == PROTO_BYTES);
	struct proto inner = proto_of(proto_bytes(&in));
	CHECK(proto_field(&inner, &number, &wire) && number == 1 && wire == PROTO_VARINT);
	CHECK(proto_varint(&inner) == UINT64_MAX);
	CHECK(!proto_field(&inner, &number, &wire) && !inner.is_bad);
	CHECK(proto_field(&in, &number, &wire) && number == 3 && wire == PROTO_FIXED64);
	CHECK(proto_fixed64(&in) == 0x0102030405060708);
	CHECK(!proto_field(&in, &number, &wire) && !in.is_bad);
	proto_out_fini(&out);
}

TEST(varints_survive_at_the_edges_of_their_length)
{
	for (uint32_t bit = 0; bit < 64; bit++) {
		for (uint64_t delta = 0; delta < 2; delta++) {
			struct proto_out out = proto_out_new(16);
			proto_out_varint(&out, (1ULL << bit) - delta);
			struct proto in = proto_of(proto_out_str(&out));
			CHECK(proto_varint(&in) == (1ULL << bit) - delta);
			CHECK(in.at == in.end && !in.is_bad);
			proto_out_fini(&out);
		}
	}
}

TEST(damaged_bytes_make_the_reader_bad)
{
	static const struct {
		const char *what, *at;
		uint32_t len;
	} cases[] = {
		{ "a cut varint", "\x08\x80", 2 },
		{ "a varint of eleven bytes", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 },
		{ "a length past the end", "\x0a\x05x", 3 },
		{ "a huge length", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "field number 0", "\x00\x01", 2 },
		{ "a form that is none", "\x0f", 1 },
		{ "a cut fixed number", "\x09\x01\x02", 3 },
		{ "the end of no group", "\x0c", 1 },
		{ "a group that does not end", "\x0b\x08\x01", 3 },
		{ "a group that ends as another", "\x0b\x14", 2 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct proto in = proto_of(str_of(cases[i].at, cases[i].len));
		uint32_t number;
		enum proto_wire wire;
		while (proto_field(&in, &number, &wire))
			proto_skip(&in, number, wire);
		CHECK(in.is_bad);
	}
}

TEST(groups_are_passed_over_as_a_whole)
{
	struct proto in = proto_of(STR("\x0b\x08\x01\x13\x14\x0c\x10\x07"));
	uint32_t number;
	enum proto_wire wire;

	CHECK(proto_field(&in, &number, &wire));
	proto_skip(&in, number, wire);
	CHECK(proto_field(&in, &number, &wire));
	CHECK_EQ(number, 2);
	CHECK_EQ(proto_varint(&in), 7);
	CHECK(!in.is_bad);
}

TEST(output_past_its_maximum_is_cut)
{
	struct proto_out out = proto_out_new(5000);

	for (uint32_t i = 0; i < 2000; i++)
		proto_out_varint_field(&out, 1, 1);
	CHECK(!out.is_cut);
	CHECK_EQ(proto_out_len(&out), 4000);
	for (uint32_t i = 0; i < 2000; i++)
		proto_out_bytes_field(&out, 1, STR("abc"));
	CHECK(out.is_cut);
	CHECK(proto_out_len(&out) <= 5000);
	proto_out_fini(&out);
}
